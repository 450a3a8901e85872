package mqtt_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
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

// The benchmarks over TLS and WebSocket put the component beside a hand-written loop over crypto/tls and gorilla/websocket
// that moves the same bytes: x-loop is the component's processor time in terms of the loop's, the other end included in
// both.

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
	var layers []func(net.Conn) net.Conn
	if w.tls {
		layers = append(layers, mqtttest.OverTLS(serverConfig(server)))
	}
	if w.webSocket {
		layers = append(layers, mqtttest.OverWebSocket(nil))
	}
	listener := listenOnLoopback()
	b.Cleanup(func() { _ = listener.Close() })
	layer := mqtttest.Layers(layers...)
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
				pair(b, func(b *testing.B) {
					conn := s.dial(b)
					b.ResetTimer()
					buffer := make([]byte, 0, 64<<10)
					for i := range b.N {
						buffer = packet.AppendPublishHeader(buffer, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, len(payload))
						buffer = append(buffer, payload...)
						if len(buffer) > 60<<10 || i == b.N-1 {
							_, err := conn.Write(buffer)
							must(b, err)
							buffer = buffer[:0]
						}
					}
				}, func(b *testing.B) {
					m := s.connect(b)
					out := 0
					m.OnMessageOut = func(*mqtt.MessageOutEventArgs) { out++ }
					b.ResetTimer()
					for i := range b.N {
						must(b, m.PublishData(mqtttest.BenchTopic, 0, payload))
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

func BenchmarkSecureReceive(b *testing.B) {
	for _, w := range secureWays {
		for _, size := range []int{64, 1024, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", w.scheme(), size), func(b *testing.B) {
				one := packet.AppendPublishHeader(nil, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, size)
				one = append(one, make([]byte, size)...)
				inBlock := max(1, 60<<10/len(one))
				var block []byte
				for range inBlock {
					block = append(block, one...)
				}
				var n int
				s := startBench(b, w, func(conn net.Conn) {
					if _, err := conn.Read(make([]byte, 64)); err != nil { // the signal to begin
						return
					}
					for sent := 0; sent < n; {
						more := min(inBlock, n-sent)
						if _, err := conn.Write(block[:more*len(one)]); err != nil {
							return
						}
						sent += more
					}
					readOn(conn)
				})
				pair(b, func(b *testing.B) {
					n = b.N
					conn := s.dial(b)
					b.ResetTimer()
					_, err := conn.Write([]byte{0xC0, 0})
					must(b, err)
					buffer := make([]byte, 64<<10)
					for left := b.N * len(one); left > 0; {
						n, err := conn.Read(buffer)
						must(b, err)
						left -= n
					}
				}, func(b *testing.B) {
					n = b.N
					m := s.connect(b)
					in := 0
					m.OnMessageIn = func(*mqtt.MessageInEventArgs) { in++ }
					b.ResetTimer()
					config(b, m, "SendCustomPacket=C000") // what it is does not matter to the server
					for in < b.N {
						must(b, m.DoEvents())
					}
				})
			})
		}
	}
}

// BenchmarkSecureRoundTrip is an echo of the same bytes: a PUBLISH of QoS 1 there, its PUBACK back.
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
			pair(b, func(b *testing.B) {
				conn := s.dial(b)
				out := packet.AppendPublishHeader(nil, packet.V311, 0x32, mqtttest.BenchTopic, 1, nil, len(payload))
				out = append(out, payload...)
				answer := make([]byte, 4)
				b.ResetTimer()
				for range b.N {
					_, err := conn.Write(out)
					must(b, err)
					_, err = io.ReadFull(conn, answer)
					must(b, err)
				}
			}, func(b *testing.B) {
				m := s.connect(b)
				b.ResetTimer()
				for range b.N {
					must(b, m.PublishAndWait(mqtttest.BenchTopic, 1, payload))
				}
			})
		})
	}
}

// BenchmarkSecureConnect: from the call of Connect to CONNACK, beside dialing and a bare handshake of crypto/tls.
func BenchmarkSecureConnect(b *testing.B) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b.Run(tls.VersionName(version), func(b *testing.B) {
			s := startBench(b, way{tls: true}, readOn)
			var bare, component time.Duration
			b.Run("bare handshake", func(b *testing.B) {
				bare = 0
				pool := s.ca.Pool()
				for range b.N {
					begin := time.Now()
					conn, err := net.Dial("tcp", net.JoinHostPort("localhost", itoa(s.port)))
					must(b, err)
					c := tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: version})
					must(b, c.Handshake())
					bare += time.Since(begin)
					_ = conn.Close()
				}
				bare /= time.Duration(b.N)
				b.ReportMetric(float64(bare.Microseconds()), "µs/connect")
			})
			b.Run("mqtt", func(b *testing.B) {
				component = 0
				m := mqtt.New()
				s.prepare(b, m)
				if version == tls.VersionTLS12 {
					config(b, m, "SSLEnabledProtocols=3072")
				}
				for range b.N {
					begin := time.Now()
					must(b, m.Connect())
					component += time.Since(begin)
					must(b, m.Reset())
					s.prepare(b, m)
					if version == tls.VersionTLS12 {
						config(b, m, "SSLEnabledProtocols=3072")
					}
				}
				component /= time.Duration(b.N)
				b.ReportMetric(float64(component.Microseconds()), "µs/connect")
				b.ReportMetric(float64(component)/float64(bare), "x-bare")
			})
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
