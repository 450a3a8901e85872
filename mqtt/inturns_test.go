package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// On real sockets those who wait read themselves and publishers write themselves, over every layer. Whatever comes in
// between - pings, parts of packets, large packets, other publishers - nothing is lost or overtaken in either direction.
func TestReadingAndWritingInTurns(t *testing.T) {
	for _, w := range append([]way{{}}, secureWays...) {
		t.Run(w.scheme(), func(t *testing.T) {
			watchdog(t)
			const rounds = 84 // each size at each QoS and each noise
			r, s := overTCP(t, w)
			r.Silent()
			c := r.Connect(s, nil)
			served := make(chan []string)
			go func() { served <- answerNoisily(t, c) }()
			var in []string
			r.M.OnMessageIn = func(e *mqtt.MessageInEventArgs) { in = append(in, fmt.Sprint(e.Topic, len(e.MessageB))) }
			sizes := []int{10, 3000, 20_000, 150_000}
			publishing := make(chan error)
			for p := range 2 {
				go func() {
					for i := range rounds {
						payload := fmt.Appendf(nil, "%d %d %s", p, i, bytes.Repeat([]byte("x"), sizes[(i/7)%len(sizes)]))
						if err := r.M.PublishAndWait("t", (i+p)%3, payload); err != nil {
							publishing <- fmt.Errorf("publisher %d, round %d: %w", p, i, err)
							return
						}
					}
					publishing <- nil
				}()
			}
			for ended := 0; ended < 2; {
				select {
				case err := <-publishing:
					must(t, err)
					ended++
				default:
					must(t, r.M.DoEvents())
				}
			}
			must(t, r.M.PublishAndWait("last", 1, nil))
			for !slices.Contains(in, "end0") {
				must(t, r.M.DoEvents())
			}
			must(t, r.M.Disconnect())
			sent := <-served
			if !slices.Equal(in, sent) {
				t.Errorf("%d messages were sent, %d came in, or in another order", len(sent), len(in))
			}
		})
	}
}

// overTCP makes a component and a server on the loopback interface with layers.
func overTCP(t *testing.T, w way) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	ca, certificate := certified(t)
	s := mqtttest.NewServer(t)
	s.Host, s.Layer = w.scheme()+"://"+testpki.ServerName+"/mqtt", w.layers(certificate)
	r := newRecorded(t, mqtt.MvV3, s)
	trust(t, r.M, ca)
	return r, s
}

// answerNoisily serves until the client disconnects. Between its answers it sends what an answer can be confused with or
// cut by; it returns the messages among that. It fails the test when a publisher's messages are not in order.
func answerNoisily(t *testing.T, c *mqtttest.Conn) (sent []string) {
	next := map[string]int{}
	round := 0
	c.Serve(func(p *mqtttest.Packet) bool {
		if p.Type() != packet.PUBLISH {
			return true
		}
		publish, err := packet.DecodePublish(packet.V311, packet.FromClient, p.First, p.Body)
		if err != nil {
			t.Errorf("the bytes are not what was written: %v", err)
			return false
		}
		if string(publish.Topic) == "last" {
			sent = append(sent, "end0")
			_ = c.TrySend(c.Publish("end", 0, 0, ""))
			return true
		}
		publisher, rest := string(publish.Payload[:1]), publish.Payload[1:]
		if !bytes.HasPrefix(rest, fmt.Appendf(nil, " %d x", next[publisher])) || len(bytes.TrimRight(rest, "x")) > len(" 00 ") {
			t.Errorf("after %v came %.20q", next, publish.Payload)
		}
		next[publisher]++
		message := func(size int) []byte {
			sent = append(sent, fmt.Sprint("n", size))
			return c.Publish("n", 0, 0, string(make([]byte, size)))
		}
		switch round++; round % 6 {
		case 0:
			if ws, is := c.NetConn().(*mqtttest.ServerSocket); is {
				_ = ws.Socket.WriteControl(websocket.PingMessage, []byte("still there?"), time.Time{})
			}
		case 1:
			_ = c.TrySend(message(round))
		case 2: // a packet in pieces
			whole := message(round)
			for len(whole) > 0 {
				n := min(len(whole), 1+round%50)
				_ = c.TrySend(whole[:n])
				whole = whole[n:]
			}
		case 3:
			_ = c.TrySend(message(1000 * round))
		case 4: // the answer is in the same write as the beginning of another packet
			whole := message(round)
			if publish.QoS != 1 {
				_ = c.TrySend(whole)
				return true
			}
			answer := packet.AppendShortAck(nil, packet.PUBACK, publish.PacketID)
			_ = c.TrySend(append(answer, whole[:3]...))
			_ = c.TrySend(whole[3:])
			return false
		}
		return true
	})
	return sent
}

// countingConn counts how often somebody sets a time limit for reading, which is how a goroutine is woken out of it.
type countingConn struct {
	*net.TCPConn
	limits atomic.Int32
}

func (c *countingConn) SetReadDeadline(t time.Time) error {
	c.limits.Add(1)
	return c.TCPConn.SetReadDeadline(t)
}

// An idle component sleeps: the timer, which looks after the reader, wakes nobody while nothing has changed, and no
// goroutine is there but the one that reads. It had kept waking the goroutine in Run, which armed it again, a thousand
// times a second.
func TestIdleComponentSleeps(t *testing.T) {
	watchdog(t)
	r, s := overTCP(t, way{})
	var conn *countingConn
	mqtt.SetDial(r.M, func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := s.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn = &countingConn{TCPConn: c.(*net.TCPConn)}
		return conn, nil
	})
	c := r.Connect(s, nil)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- r.M.Run(ctx) }()
	// With the answer to a ping it begins to read by itself, if it has not yet.
	untilItReads(r.M, func() {
		must(t, r.M.Ping())
		c.Expect("C0 00")
		c.Send("D0 00")
	})
	before := conn.limits.Load()
	for range 10 {
		mqtt.Tick(r.M)
	}
	if n := conn.limits.Load() - before; n > 0 || !mqtt.ReadsByItself(r.M) {
		t.Errorf("the goroutine in Run was woken %d times with nothing to tell it", n)
	}
	stop()
	must(t, <-ran)
	must(t, r.M.Disconnect())
}

// untilItReads sends something until the goroutine in Run reads by itself, if it does not yet.
func untilItReads(m *mqtt.MQTT, send func()) {
	for !mqtt.ReadsByItself(m) {
		send()
		for range 1000 {
			if runtime.Gosched(); mqtt.ReadsByItself(m) {
				break
			}
		}
	}
}

// However much arrives, the goroutine in Run reads it by itself as long as all of it is QoS 0.
func TestRunReadsMuchByItself(t *testing.T) {
	watchdog(t)
	r, s := overTCP(t, way{})
	c := r.Connect(s, nil)
	got := make(chan struct{})
	r.M.OnMessageIn = func(*mqtt.MessageInEventArgs) { got <- struct{}{} }
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- r.M.Run(ctx) }()
	much := c.Publish("t", 0, 0, string(make([]byte, 20_000)))
	send := func() {
		c.Send(fmt.Sprintf("%x", much))
		<-got
	}
	send()
	untilItReads(r.M, send)
	stop()
	must(t, <-ran)
	must(t, r.M.Disconnect())
}
