package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// memoryLimit is the default of IncomingMemoryLimit.
const memoryLimit = 64 << 20

// flood is what a hostile server sends without end: the n-th packet.
type flood func(c *mqtttest.Conn, n int) []byte

func ackFlood(t packet.Type) flood {
	return func(_ *mqtttest.Conn, n int) []byte { return packet.AppendShortAck(nil, t, uint16(n%65_535+1)) }
}

func publishFlood(qos byte) flood {
	return func(c *mqtttest.Conn, n int) []byte {
		p := packet.Publish{Topic: []byte("a"), QoS: qos}
		if qos > 0 {
			p.PacketID = uint16(n%65_535 + 1)
		}
		return packet.AppendPublish(nil, c.Version, &p)
	}
}

// flooded is what a flood has done.
type flooded struct{ sent, peak int }

// send sends it while the connection stands, in portions, most bytes at most. The result tells how much was sent and how
// much the heap grew meanwhile, looked at each time that another tenth of most bytes has been read, while looking is held.
func (f flood) send(r *mqtttest.Recorder, c *mqtttest.Conn, looking sync.Locker, portion, most int) <-chan flooded {
	before := heapInUse()
	done := make(chan flooded, 1)
	go func() {
		var total flooded
		looked := 0
		var b []byte
		for n := 0; r.M.Connected() && total.sent < most; {
			for b = b[:0]; len(b) < portion; n++ {
				b = append(b, f(c, n)...)
			}
			if _, err := c.NetConn().Write(b); err != nil {
				break
			}
			if total.sent += len(b); total.sent-looked >= most/10 {
				looked = total.sent
				looking.Lock()
				grown := heapInUse()
				// What is allocated while the collector runs, which takes long on a busy machine, counts until it runs again.
				for range 4 {
					if grown-before <= total.peak {
						break
					}
					grown = min(grown, heapInUse())
				}
				total.peak = max(total.peak, grown-before)
				looking.Unlock()
			}
		}
		done <- total
	}()
	return done
}

// A server that never reads and sends without end what is answered: reading pauses while the answers wait, so that they
// take 512 KiB, twice while the writer has some, and keep-alive ends the connection within the documented time. The goroutine
// that pumps reads by itself when little comes at a time.
func TestAnswersThatNobodyReads(t *testing.T) {
	for _, row := range []struct {
		name  string
		flood flood
		other int // KiB of what else waits
	}{
		{"PUBREC for nothing that is known", ackFlood(packet.PUBREC), 0},
		{"PUBLISH QoS 1", publishFlood(1), 2 * mqtt.MaxEvents * 2 / 4}, // two batches of events, and a read more
		{"PUBLISH QoS 2", publishFlood(2), 65_535 / 4},                 // each identifier a message
	} {
		if raceEnabled { // under which sync.Pool forgets at random what it was given to be used again
			row.other += row.other / 2
		}
		for _, portion := range []int{8, 1000, 64 << 10} {
			t.Run(fmt.Sprintf("%s/%d bytes at a time", row.name, portion), func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, c := halfOpen(t, v, way{})
					start := time.Now()
					done := row.flood.send(r, c, new(sync.Mutex), portion, 4<<20)
					wantGivenUp(t, r, start, halfOpenInterval+halfOpenBound+halfOpenWriter)
					if got := <-done; got.sent >= 4<<20 || got.peak>>10 > row.other+2<<10 {
						t.Errorf("%d KiB were read, the heap grew by %d KiB", got.sent>>10, got.peak>>10)
					}
				})
			})
		}
	}
}

// PUBREL is answered with the reason code in v5, and 3.1.1 has none: the pause is the same, and what was sent before it is
// delivered when the server reads again, in order and with every answer.
func TestPauseForAnswersEnds(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, c := halfOpen(t, v, way{})
		const count = 300_000
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			var b []byte
			for n := range count {
				b = append(b, 0x62, 2, byte(n>>8), byte(n)|1)
			}
			b = append(b, c.Publish("a", 0, 0, "behind it")...)
			if _, err := c.NetConn().Write(b); err != nil {
				t.Error(err)
			}
		}()
		advance(time.Second)
		select {
		case <-sent:
			t.Fatal("the client has read everything: the test is too small")
		default:
		}
		read := make(chan []byte)
		go func() {
			each := 4
			if c.Version == packet.V5 {
				each++ // with the reason code
			}
			b := make([]byte, count*each)
			if _, err := io.ReadFull(c.NetConn(), b); err != nil {
				t.Error(err)
			}
			read <- b
		}()
		answers := <-read
		told := false
		r.On("MessageIn", func(any) { told = true })
		r.Wait("MessageIn", func(mqtttest.Trace) bool { return told })
		<-sent
		for n, each := 0, len(answers)/count; n < count; n++ {
			if b := answers[n*each:]; b[0] != 0x70 || b[2] != byte(n>>8) || b[3] != byte(n)|1 {
				t.Fatalf("answer %d is % X", n, b[:each])
			}
		}
		must(t, r.M.Interrupt())
	})
}

// floods are those that fill memory with other bytes than payloads.
var floods = []struct {
	name  string
	v5    bool // only there
	flood flood
	most  int  // bytes that are sent, MiB
	ends  bool // with a pump the connection ends with 10055, since a pause would not help
}{
	{"topics of 60,000 bytes", false, func(c *mqtttest.Conn, n int) []byte {
		return packet.AppendPublish(nil, c.Version, &packet.Publish{Topic: longTopic(n)})
	}, 32, false},
	{"topics of 60,000 bytes with QoS 1", false, func(c *mqtttest.Conn, n int) []byte {
		return packet.AppendPublish(nil, c.Version, &packet.Publish{Topic: longTopic(n), QoS: 1, PacketID: uint16(n%65_535 + 1)})
	}, 32, false},
	{"QoS 2 without PUBREL", false, func(c *mqtttest.Conn, n int) []byte {
		return packet.AppendPublish(nil, c.Version, &packet.Publish{Topic: longTopic(n), QoS: 2, PacketID: uint16(n%65_535 + 1)})
	}, 32, true},
	{"100,000 user properties", true, manyPairs(0), 32, false},
	{"100,000 user properties with QoS 1", true, manyPairs(1), 32, false},
	{"topic aliases", true, func(c *mqtttest.Conn, n int) []byte {
		p := packet.Publish{Topic: longTopic(n), Properties: packet.Properties(nil).AppendUint(packet.PropTopicAlias, uint32(n%65_535+1))}
		return packet.AppendPublish(nil, c.Version, &p)
	}, 32, true},
	{"empty messages", false, publishFlood(0), 2, false},
	{"acknowledgments of nothing", false, ackFlood(packet.PUBACK), 2, false},
}

// longTopic is another topic of 60,000 bytes for each n.
func longTopic(n int) []byte {
	topic := bytes.Repeat([]byte("t"), 60_000)
	copy(topic, fmt.Sprintf("%08d/", n))
	return topic
}

// manyPairs is a flood of messages that have 100,000 user properties each.
func manyPairs(qos byte) flood {
	var pairs packet.Properties
	for range 100_000 {
		pairs = pairs.AppendUserProperty("", "")
	}
	return func(c *mqtttest.Conn, n int) []byte {
		p := packet.Publish{Topic: []byte("a"), QoS: qos, Properties: pairs}
		if qos > 0 {
			p.PacketID = uint16(n%65_535 + 1)
		}
		return packet.AppendPublish(nil, c.Version, &p)
	}
}

// reading lets the server read whatever comes, so that nothing but memory holds it up.
func reading(c *mqtttest.Conn) { go func() { _, _ = io.Copy(io.Discard, c.NetConn()) }() }

// Whatever a server floods with, what the component holds stays within IncomingMemoryLimit: with nobody pumping, with a pump,
// and with a handler that waits for the server, for which it may be twice as much. Beside it there is what is being read
// and delivered: a read and a packet, and the user properties of one message as a list.
func TestMemoryOfFloods(t *testing.T) {
	const limit, beside = 4 << 20, 9 << 20
	for _, row := range floods {
		for _, pump := range []string{"none", "Run", "a handler that waits"} {
			t.Run(row.name+"/"+pump, func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					if row.v5 && v != mqtt.MvV5 {
						return
					}
					r, s := memory(t, v)
					config(t, r.M, fmt.Sprintf("IncomingMemoryLimit=%d", limit))
					if v == mqtt.MvV5 {
						config(t, r.M, "ClientTopicAliasMax=65535")
					}
					c := r.Connect(s, nil)
					r.Silent()
					reading(c)
					ended, code := false, 0
					r.On("Disconnected", func(a any) { ended, code = true, a.(*mqtt.DisconnectedEventArgs).StatusCode })
					waited := error(nil)
					bound := limit + beside
					if pump == "a handler that waits" {
						bound += limit
						r.On("MessageIn", func(any) {
							if waited == nil {
								waited = r.M.PublishAndWait("b", 1, nil)
							}
						})
					}
					before := heapInUse()
					var looking sync.Mutex // held while the heap is looked at, so that the pump makes no garbage then
					if pump == "Run" {
						r.On("MessageIn", func(any) { looking.Lock(); defer looking.Unlock() })
					}
					done := row.flood.send(r, c, &looking, 16<<10, row.most<<20)
					if pump == "none" {
						advance(10 * time.Minute)
						if grown := heapInUse() - before; grown > bound {
							t.Errorf("%d KiB wait for the pump", grown>>10)
						}
					} else {
						ctx, cancel := context.WithCancel(t.Context())
						running := r.Start(func() error { return r.M.Run(ctx) })
						advance(time.Minute)
						cancel()
						must(t, r.Join(running))
					}
					ends := row.ends && (pump != "none" || row.name == "QoS 2 without PUBREL")
					if ends == r.M.Connected() {
						t.Errorf("connected: %t", !ends)
					}
					must(t, r.M.Interrupt())
					r.Wait("Disconnected", func(mqtttest.Trace) bool { return ended })
					if ends && code != 10055 {
						t.Errorf("ended with %d", code)
					}
					got := <-done
					if got.peak > bound {
						t.Errorf("the heap grew by %d KiB", got.peak>>10)
					}
					if all := got.sent >= row.most<<20; pump == "none" && all || pump == "Run" && !all && !ends {
						t.Errorf("the client has read %d KiB", got.sent>>10)
					}
				})
			})
		}
	}
}

// MaxIncomingPacketSize bounds a packet in both versions, from its header on; 5.0 tells the server, unless ConnectProperties
// has a Maximum Packet Size of its own, which holds then.
func TestIncomingPacketSize(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		config(t, r.M, "MaxIncomingPacketSize=1000")
		connect := func() *mqtttest.Conn {
			done := r.Start(r.M.Connect)
			c := s.Accept(t)
			p := c.ExpectConnect()
			c.SendConnack(false, 0, nil)
			must(t, r.Join(done))
			if size, given := p.Properties.Uint(packet.PropMaximumPacketSize); given != (v == mqtt.MvV5) || given && size != 1000 {
				t.Errorf("Maximum Packet Size %d, given: %t", size, given)
			}
			return c
		}
		c := connect()
		c.SendPublish("a", 0, 0, string(make([]byte, 900)))
		r.WaitFor("MessageIn", 1)
		c.SendBytes([]byte{0x30, 0xE6, 0x07}) // 1,001 bytes in all
		r.WaitFor("Disconnected", 1)
		a := last[mqtt.DisconnectedEventArgs](t, r.Take())
		want := 10040
		if v == mqtt.MvV5 {
			want = 500
			c.Expect("E0 01 95")
		}
		c.ExpectEOF()
		if a.StatusCode != want || !strings.Contains(a.Description, "1001 bytes") || !strings.Contains(a.Description, "MaxIncomingPacketSize is 1000") {
			t.Errorf("ended with %d %s", a.StatusCode, a.Description)
		}
		c = connect() // the next connection works
		if v == mqtt.MvV5 {
			r.Disconnect(c)
			config(t, r.M, `ConnectProperties={"MaximumPacketSize":5000}`)
			done := r.Start(r.M.Connect)
			c = s.Accept(t)
			if size, _ := c.ExpectConnect().Properties.Uint(packet.PropMaximumPacketSize); size != 5000 {
				t.Errorf("Maximum Packet Size %d", size)
			}
			c.SendConnack(false, 0, nil)
			must(t, r.Join(done))
			c.SendPublish("a", 0, 0, string(make([]byte, 4000)))
			r.WaitFor("MessageIn", 1)
		}
		r.Disconnect(c)
	})
}

// A server that reads everything and acknowledges nothing: what is accepted is 64 MiB, whatever it consists of, and the
// rest goes on when it acknowledges.
func TestInFlightIsBounded(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		c := r.Connect(s, nil)
		r.Silent()
		must(t, r.M.SetTimeout(0))
		topic := strings.Repeat("t", 60_000)
		ids := make(chan uint16, 65_535)
		go func() {
			for p, err := c.Next(); err == nil; p, err = c.Next() {
				m, _ := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
				ids <- m.PacketID
			}
		}()
		accepted := 0
		var err error
		for ; err == nil && accepted < 2000; accepted++ {
			synctest.Wait() // so that the outgoing buffer is not what is full
			err = r.M.PublishData(topic, 1, make([]byte, 40_000))
		}
		wantCode(t, err, 10035)
		if want := 64<<20/100_256 + 2; accepted != want { // the last one with 10035
			t.Errorf("%d messages were accepted, want %d", accepted, want)
		}
		ready := false
		r.On("ReadyToSend", func(any) { ready = true })
		for range 2 {
			c.SendAck(packet.PUBACK, <-ids)
		}
		r.Wait("ReadyToSend", func(mqtttest.Trace) bool { return ready })
		must(t, r.M.PublishData(topic, 1, nil))
		must(t, r.M.Interrupt())
	})
}

// Attempts to connect again add events, for ever while nobody pumps: beyond twice the bound of events they wait for the pump.
func TestReconnectWaitsForPump(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		config(t, r.M, "AutoReconnect=True")
		config(t, r.M, "ReconnectDelayMax=1")
		r.M.OnBeforeConnect = nil // whose answer an attempt would wait for
		c := r.Connect(s, nil)
		r.Silent()
		var attempts atomic.Int32
		var accept atomic.Bool
		mqtt.SetDial(r.M, func(ctx context.Context, network, address string) (net.Conn, error) {
			attempts.Add(1)
			if !accept.Load() {
				return nil, io.ErrUnexpectedEOF
			}
			return s.Dial(ctx, network, address)
		})
		c.Reset()
		advance(10 * 24 * time.Hour)
		if n, _ := mqtt.Waiting(r.M); n < mqtt.MaxEvents || n > 2*mqtt.MaxEvents+100 {
			t.Errorf("%d events wait after %d attempts", n, attempts.Load())
		}
		before := attempts.Load()
		advance(24 * time.Hour)
		if more := attempts.Load() - before; more != 0 {
			t.Errorf("%d attempts although nobody pumps", more)
		}
		accept.Store(true)
		connected := false
		r.On("Connected", func(any) { connected = true })
		served := make(chan struct{})
		go func() {
			defer close(served)
			again := s.Accept(t)
			again.ExpectConnect()
			again.SendConnack(false, 0, nil)
		}()
		r.Wait("Connected", func(mqtttest.Trace) bool { return connected })
		<-served
		must(t, r.M.Interrupt())
	})
}
