package mqtt_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// The benchmarks over TLS and WebSocket put the component beside hand-written loops over crypto/tls and gorilla/websocket
// that move the same bytes and parse nothing, with the other end included in both:
//
//   - x-loop of an echo and a round trip is the component's processor time in terms of a loop that does the same with one
//     Write, which is one record or one frame, for each message. There is no other way when each waits for the one before.
//   - x-loop of a stream is against a loop that fills 60 KiB before it writes, so that it needs the fewest records, frames
//     and system calls that there can be. That is the hardest to stand beside: what a message costs besides its bytes is
//     all the component's.
//   - x-each of a stream is against a loop with one Write for each message, which is what a program without a buffer of its
//     own does, and what servers do. Where the server sends, it sends like that to the component too.

// secureWays are the layers of the benchmarks.
var secureWays = []way{{tls: true}, {webSocket: true}, {tls: true, webSocket: true}}

// bench is a server with layers.
type bench struct {
	w      way
	ca     *testpki.Identity
	server *testpki.Identity
	port   int
}

// startBench serves connections with serve after the CONNECT.
func startBench(b *testing.B, w way, serve func(conn net.Conn)) *bench {
	ca, server := certified(b)
	listener := listenOnLoopback()
	b.Cleanup(func() { _ = listener.Close() })
	layer := w.layers(server)
	go func() { // ends with the listener
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the client's connection
				defer raw.Close()
				conn := layer(raw)
				packet := make([]byte, 1024)
				if _, err := conn.Read(packet); err != nil {
					return
				}
				if _, err := conn.Write([]byte{0x20, 2, 0, 0}); err == nil {
					serve(conn)
				}
			}()
		}
	}()
	_, port := hostAndPort(listener)
	return &bench{w: w, ca: ca, server: server, port: port}
}

// dial is the loop's way in.
func (s *bench) dial(b *testing.B) net.Conn {
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", itoa(s.port)))
	must(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	if s.w.tls {
		conn = tls.Client(conn, &tls.Config{RootCAs: s.ca.Pool(), ServerName: "localhost"})
	}
	if s.w.webSocket {
		d := websocket.Dialer{
			NetDial: func(string, string) (net.Conn, error) { return conn, nil }, Subprotocols: []string{"mqtt"},
			ReadBufferSize: 64 << 10, WriteBufferSize: 64 << 10,
		}
		socket, _, err := d.Dial("ws://localhost/mqtt", http.Header{})
		must(b, err)
		conn = &mqtttest.ClientSocket{Conn: conn, Socket: socket}
	}
	_, err = conn.Write(packet.AppendConnect(nil, packet.V311, &packet.Connect{CleanStart: true, ClientID: []byte("loop")}))
	must(b, err)
	_, err = io.ReadFull(conn, make([]byte, 4))
	must(b, err)
	return conn
}

func (s *bench) connect(b *testing.B) *mqtt.MQTT {
	m := mqtt.New()
	s.prepare(b, m)
	must(b, m.Connect())
	b.Cleanup(func() { _ = m.Interrupt() })
	return m
}

func (s *bench) prepare(b *testing.B, m *mqtt.MQTT) {
	for _, setting := range []string{"LogLevel=0", "SelectWaitMillis=1000", "SSLServerCACerts=" + s.ca.PEM()} {
		config(b, m, setting)
	}
	must(b, m.SetRemoteHost(s.w.scheme()+"://localhost/mqtt"))
	must(b, m.SetRemotePort(s.port))
}

// measured is one way to do a benchmark's work, and what the component's processor time in terms of its is called.
type measured struct {
	name, ratio string
	run         func(b *testing.B)
}

// beside runs the loops and then the component, and reports the ratios.
func beside(b *testing.B, loops []measured, component func(b *testing.B)) {
	cpu := make([]float64, len(loops))
	for i, l := range loops {
		b.Run(l.name, func(b *testing.B) {
			m := startMeter()
			l.run(b)
			cpu[i] = m.stop(b)
		})
	}
	b.Run("mqtt", func(b *testing.B) {
		b.ReportAllocs()
		m := startMeter()
		component(b)
		whole := m.stop(b)
		for i, l := range loops {
			if cpu[i] > 0 {
				b.ReportMetric(whole/cpu[i], l.ratio)
			}
		}
	})
}

func readOn(conn net.Conn) {
	b := make([]byte, 64<<10)
	for {
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

func BenchmarkSecurePublish(b *testing.B) {
	for _, w := range secureWays {
		for _, size := range []int{64, 1024, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", w.scheme(), size), func(b *testing.B) {
				payload := make([]byte, size)
				s := startBench(b, w, readOn)
				loop := func(full int) func(b *testing.B) {
					return func(b *testing.B) { s.publishLoop(b, payload, full) }
				}
				beside(b, []measured{{"loop", "x-loop", loop(60 << 10)}, {"each", "x-each", loop(0)}}, func(b *testing.B) {
					m := s.connect(b)
					out := 0
					m.OnMessageOut = func(*mqtt.MessageOutEventArgs) { out++ }
					b.ResetTimer()
					for i := range b.N {
						if err := m.PublishData(mqtttest.BenchTopic, 0, payload); err != nil {
							b.Fatal(err)
						}
						if i%1024 == 1023 {
							must(b, m.DoEvents())
						}
					}
					for out < b.N {
						must(b, m.DoEvents())
					}
				})
			})
		}
	}
}

// publishLoop writes b.N messages, as soon as more than full bytes are there.
func (s *bench) publishLoop(b *testing.B, payload []byte, full int) {
	conn := s.dial(b)
	b.ResetTimer()
	buffer := make([]byte, 0, 64<<10)
	for i := range b.N {
		buffer = packet.AppendPublishHeader(buffer, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, len(payload))
		buffer = append(buffer, payload...)
		if len(buffer) > full || i == b.N-1 {
			if _, err := conn.Write(buffer); err != nil {
				b.Fatal(err)
			}
			buffer = buffer[:0]
		}
	}
}

func BenchmarkSecureReceive(b *testing.B) {
	for _, w := range secureWays {
		for _, size := range []int{64, 1024, 64 << 10} {
			for _, sends := range []struct {
				name, ratio string
				bytes       int
			}{{"blocks", "x-loop", 60 << 10}, {"each", "x-each", 1}} {
				b.Run(fmt.Sprintf("%s/%dB/%s", w.scheme(), size, sends.name), func(b *testing.B) {
					s := startSource(b, w, size, sends.bytes)
					beside(b, []measured{{"loop", sends.ratio, s.receiveLoop}}, s.receive)
				})
			}
		}
	}
}

// source is a server that sends messages when it is told to begin.
type source struct {
	*bench
	one     []byte // message
	block   []byte // what is sent by one Write
	inBlock int    // messages
	n       int    // messages to send
}

func startSource(b *testing.B, w way, size, atOnce int) *source {
	s := &source{one: packet.AppendPublishHeader(nil, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, size)}
	s.one = append(s.one, make([]byte, size)...)
	s.inBlock = max(1, atOnce/len(s.one))
	s.block = bytes.Repeat(s.one, s.inBlock)
	s.bench = startBench(b, w, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 64)); err != nil { // the signal to begin
			return
		}
		for sent := 0; sent < s.n; {
			more := min(s.inBlock, s.n-sent)
			if _, err := conn.Write(s.block[:more*len(s.one)]); err != nil {
				return
			}
			sent += more
		}
		readOn(conn)
	})
	return s
}

func (s *source) receiveLoop(b *testing.B) {
	s.n = b.N
	conn := s.dial(b)
	b.ResetTimer()
	_, err := conn.Write([]byte{0xC0, 0})
	must(b, err)
	buffer := make([]byte, 64<<10)
	for left := b.N * len(s.one); left > 0; {
		n, err := conn.Read(buffer)
		if err != nil {
			b.Fatal(err)
		}
		left -= n
	}
}

func (s *source) receive(b *testing.B) {
	s.n = b.N
	m := s.connect(b)
	in := 0
	m.OnMessageIn = func(*mqtt.MessageInEventArgs) { in++ }
	b.ResetTimer()
	config(b, m, "SendCustomPacket=C000") // what it is does not matter to the server
	for in < b.N {
		if err := m.DoEvents(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSecureEcho publishes and receives: the server sends back what it reads, which is a PUBLISH in both directions.
func BenchmarkSecureEcho(b *testing.B) {
	for _, w := range secureWays {
		for _, size := range []int{64, 1024, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", w.scheme(), size), func(b *testing.B) {
				payload := make([]byte, size)
				s := startBench(b, w, func(conn net.Conn) {
					buffer := make([]byte, 64<<10)
					for {
						n, err := conn.Read(buffer)
						if err != nil {
							return
						}
						if _, err := conn.Write(buffer[:n]); err != nil {
							return
						}
					}
				})
				loop := func(b *testing.B) {
					conn := s.dial(b)
					out := packet.AppendPublishHeader(nil, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, size)
					out = append(out, payload...)
					in := make([]byte, len(out))
					b.ResetTimer()
					for range b.N {
						if _, err := conn.Write(out); err != nil {
							b.Fatal(err)
						}
						if _, err := io.ReadFull(conn, in); err != nil {
							b.Fatal(err)
						}
					}
				}
				beside(b, []measured{{"loop", "x-loop", loop}}, func(b *testing.B) {
					m := s.connect(b)
					in := 0
					m.OnMessageIn = func(*mqtt.MessageInEventArgs) { in++ }
					b.ResetTimer()
					for i := range b.N {
						if err := m.PublishData(mqtttest.BenchTopic, 0, payload); err != nil {
							b.Fatal(err)
						}
						for in <= i {
							if err := m.DoEvents(); err != nil {
								b.Fatal(err)
							}
						}
					}
				})
			})
		}
	}
}

// BenchmarkSecureRoundTrip is a PUBLISH of QoS 1 there and its PUBACK back.
func BenchmarkSecureRoundTrip(b *testing.B) {
	for _, w := range secureWays {
		b.Run(w.scheme(), func(b *testing.B) {
			payload := make([]byte, 64)
			whole := packet.PublishSize(packet.V311, 1, len(mqtttest.BenchTopic), 0, len(payload))
			s := startBench(b, w, func(conn net.Conn) {
				in := make([]byte, whole)
				for {
					if _, err := io.ReadFull(conn, in); err != nil {
						return
					}
					id := in[4+len(mqtttest.BenchTopic):]
					if _, err := conn.Write([]byte{0x40, 2, id[0], id[1]}); err != nil {
						return
					}
				}
			})
			loop := func(b *testing.B) {
				conn := s.dial(b)
				out := packet.AppendPublishHeader(nil, packet.V311, 0x32, mqtttest.BenchTopic, 1, nil, len(payload))
				out = append(out, payload...)
				answer := make([]byte, 4)
				b.ResetTimer()
				for range b.N {
					if _, err := conn.Write(out); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(conn, answer); err != nil {
						b.Fatal(err)
					}
				}
			}
			beside(b, []measured{{"loop", "x-loop", loop}}, func(b *testing.B) {
				m := s.connect(b)
				b.ResetTimer()
				for range b.N {
					if err := m.PublishAndWait(mqtttest.BenchTopic, 1, payload); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkSecureConnect: from the call of Connect to CONNACK. x-bare is beside dialing and a bare handshake of crypto/tls,
// which with TLS 1.3 ends for the client before the server has finished its own; x-loop is beside the same with CONNECT
// written and CONNACK read. All are medians.
func BenchmarkSecureConnect(b *testing.B) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b.Run(tls.VersionName(version), func(b *testing.B) {
			s := startBench(b, way{tls: true}, readOn)
			pool := s.ca.Pool()
			byHand := func(exchange bool) time.Duration {
				begin := time.Now()
				conn, err := net.Dial("tcp", net.JoinHostPort("localhost", itoa(s.port)))
				must(b, err)
				c := tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: version})
				must(b, c.Handshake())
				if exchange {
					_, err = c.Write(packet.AppendConnect(nil, packet.V311, &packet.Connect{CleanStart: true, ClientID: []byte("loop")}))
					must(b, err)
					_, err = io.ReadFull(c, make([]byte, 4))
					must(b, err)
				}
				took := time.Since(begin)
				_ = conn.Close()
				return took
			}
			m := mqtt.New()
			component := func() time.Duration {
				s.prepare(b, m)
				if version == tls.VersionTLS12 {
					config(b, m, "SSLEnabledProtocols=3072")
				}
				begin := time.Now()
				must(b, m.Connect())
				took := time.Since(begin)
				must(b, m.Reset())
				return took
			}
			// Turn by turn, so that what else the machine does is in all three.
			var bare, loop, whole []time.Duration
			for range b.N {
				bare = append(bare, byHand(false))
				loop = append(loop, byHand(true))
				whole = append(whole, component())
			}
			median := func(all []time.Duration) float64 {
				slices.Sort(all)
				return float64(all[len(all)/2].Nanoseconds()) / 1000
			}
			b.ReportMetric(median(whole), "µs/connect")
			b.ReportMetric(median(whole)/median(bare), "x-bare")
			b.ReportMetric(median(whole)/median(loop), "x-loop")
		})
	}
}

// BenchmarkSecureIdle reports the memory and the goroutines of a connected component that has nothing to do. The server is
// mosquitto, since one in this process would be counted too.
func BenchmarkSecureIdle(b *testing.B) {
	ca := testpki.NewAuthority(b, "Test CA")
	const n = 100
	for _, w := range realservers.SecureMosquitto(b, ca) {
		if w.ClientCert || strings.HasSuffix(w.Name, "/TLS 1.3 only") {
			continue
		}
		b.Run(w.Name, func(b *testing.B) {
			for range b.N {
				all := make([]*mqtt.MQTT, 0, n)
				connect := func() {
					m := mqtt.New() // no setting is touched: the first call of Config costs memory of its own
					m.OnSSLServerAuthentication = func(e *mqtt.SSLServerAuthenticationEventArgs) { e.Accept = true }
					must(b, m.SetRemoteHost(w.URL))
					must(b, m.Connect())
					all = append(all, m)
				}
				connect() // what is made once for all does not count
				before, goroutines := inUse()
				for range n - 1 {
					connect()
				}
				after, more := inUse()
				b.ReportMetric(float64(after-before)/(n-1), "B/component")
				b.ReportMetric(float64(more-goroutines)/(n-1), "goroutines/component")
				for _, m := range all {
					must(b, m.Reset())
				}
			}
		})
	}
}

// inUse is the memory in use, stacks included, and the number of goroutines.
func inUse() (bytes uint64, goroutines int) {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc + s.StackInuse, runtime.NumGoroutine()
}
