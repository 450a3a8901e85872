package mqtt_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// numbered is a payload of size bytes that begins with a number.
func numbered(n, size int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(n)), make([]byte, size-4)...)
}

// ordered checks that numbered payloads come in order, each once.
type ordered struct {
	t    *testing.T
	next int
}

func (o *ordered) take(b []byte) {
	if n := int(binary.BigEndian.Uint32(b)); n != o.next {
		o.t.Errorf("message %d came, want %d", n, o.next)
	}
	o.next++
}

// wantFloodDelivered checks that a server which sends count numbered messages, and closes sent behind them, has been held
// back on a connection that lives; then it pumps until all have come.
func wantFloodDelivered(t *testing.T, r *mqtttest.Recorder, sent <-chan struct{}, count int) {
	t.Helper()
	select {
	case <-sent:
		t.Error("the server could send everything: the test is too small")
	default:
	}
	if !r.M.Connected() {
		t.Fatal("the connection was lost")
	}
	got := ordered{t: t}
	r.On("MessageIn", func(a any) { got.take(a.(*mqtt.MessageInEventArgs).MessageB) })
	r.Wait("all messages", func(mqtttest.Trace) bool { return got.next == count })
	<-sent
}

// The application does not pump while the server floods it: what waits is bounded, the connection lives, and everything
// is delivered afterwards (pains 3, 14, 22, 28).
func TestFloodWithoutPump(t *testing.T) {
	for _, row := range []struct {
		name        string
		count, size int
	}{{"many small", 60_000, 64}, {"few large", 500, 100_000}} {
		t.Run("pain 3, pain 22, pain 28: "+row.name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				must(t, r.M.SetKeepAliveInterval(20))
				c := r.Connect(s, nil)
				r.Silent()
				pings := make(chan int, 1)
				go func() {
					n := 0
					for {
						if p, err := c.Next(); err != nil || p.Type() != packet.PINGREQ {
							break
						}
						n++ // the answer would have to wait behind the flood
					}
					pings <- n
				}()
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					for i := range row.count {
						p := packet.Publish{Topic: []byte("a"), Payload: numbered(i, row.size)}
						if err := c.TrySend(packet.AppendPublish(nil, c.Version, &p)); err != nil {
							t.Error(i, err)
							return
						}
					}
				}()
				advance(10 * time.Minute)
				events, bytes := mqtt.Waiting(r.M)
				if events > mqtt.MaxEvents+2000 || bytes > memoryLimit/2+200_000 {
					t.Errorf("%d events with %d bytes wait", events, bytes)
				}
				wantFloodDelivered(t, r, sent, row.count)
				must(t, r.M.Interrupt())
				if n := <-pings; n < 25 {
					t.Errorf("%d PINGREQs in ten minutes", n)
				}
			})
		})
	}
}

// A wait inside a handler works while more events wait for the pump than the bound: reading goes on for it.
func TestWaitInsideHandlerBehindFullQueue(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		r.Silent()
		const count = 40_000
		go func() {
			for i := range count {
				p := packet.Publish{Topic: []byte("a"), Payload: numbered(i, 16)}
				if err := c.TrySend(packet.AppendPublish(nil, c.Version, &p)); err != nil {
					t.Error(i, err)
					return
				}
			}
			c.ExpectPublish()
			c.SendAck(packet.PUBACK, 1)
		}()
		synctest.Wait()
		got := ordered{t: t}
		waited := false
		r.On("MessageIn", func(a any) {
			got.take(a.(*mqtt.MessageInEventArgs).MessageB)
			if !waited {
				waited = true
				if err := r.M.PublishAndWait("b", 1, []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
		r.Wait("all messages", func(mqtttest.Trace) bool { return got.next == count })
	})
}

// Publishing without end inside a handler does not wait for the pump that is below it on the stack.
func TestPublishManyInsideHandler(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		r.Silent()
		count := campaign.Pick(50_000, 200_000) // many times what the buffer of outgoing packets takes
		read := make(chan int)
		go func() {
			got := ordered{t: t}
			for got.next < count {
				got.take(c.ExpectPublish().Payload)
			}
			read <- got.next
		}()
		out := ordered{t: t}
		r.On("MessageOut", func(a any) { out.take(a.(*mqtt.MessageOutEventArgs).MessageB) })
		published := false
		r.On("MessageIn", func(any) {
			for i := range count {
				if err := r.M.PublishData("b", 0, numbered(i, 8)); err != nil {
					t.Error(i, err)
					break
				}
			}
			published = true
		})
		c.SendPublish("a", 0, 0, "go")
		r.Wait("MessageIn", func(mqtttest.Trace) bool { return published })
		<-read
		r.Wait("MessageOut", func(mqtttest.Trace) bool { return out.next == count })
	})
}

// A peer that stops reading: publishing fails with 201 after Timeout, or with 10035 at once and ReadyToSend when there is
// room again. What was accepted arrives once and in order; what was refused does not (pain 28).
func TestPeerStopsReading(t *testing.T) {
	for _, timeout := range []int{0, 5} {
		for qos := range 3 {
			t.Run(fmt.Sprintf("pain 28: Timeout %d/QoS %d", timeout, qos), func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, _, c := connected(t, v)
					r.Silent()
					config(t, r.M, "SendQueueSize=0")
					must(t, r.M.SetTimeout(timeout))
					accepted, want := 0, 201
					if timeout == 0 {
						want = 10035
					}
					out := ordered{t: t} // a publish that waits for room fires events too
					r.On("MessageOut", func(a any) { out.take(a.(*mqtt.MessageOutEventArgs).MessageB) })
					var err error
					start := time.Now()
					for err == nil {
						start = time.Now()
						if err = r.M.PublishData("a", qos, numbered(accepted, 1000)); err == nil || timeout == 0 {
							accepted++ // also the one that meets the full buffer
						}
						if accepted > 5000 {
							t.Fatal("publishing goes on for ever")
						}
					}
					wantCode(t, err, want)
					if took := time.Since(start); took != time.Duration(timeout)*time.Second {
						t.Errorf("the refusal took %v", took)
					}
					if timeout == 0 {
						if r.M.ReadyToSend() {
							t.Error("ReadyToSend is true after 10035")
						}
						wantWouldBlock(t, err, "was accepted")
						wantWouldBlock(t, r.M.PublishData("a", qos, numbered(accepted, 1000)), "was not accepted")
					}
					more := 0
					ready := false
					r.On("ReadyToSend", func(any) {
						ready = true
						for range 10 {
							if err := r.M.PublishData("a", qos, numbered(accepted+more, 1000)); err != nil {
								t.Error(err)
								return
							}
							more++
						}
					})
					go func() {
						got := ordered{t: t}
						for p, err := c.Next(); err == nil; p, err = c.Next() {
							switch p.Type() {
							case packet.PUBLISH:
								m, _ := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
								got.take(m.Payload)
								if m.QoS == 1 {
									_ = c.TrySend(packet.AppendShortAck(nil, packet.PUBACK, m.PacketID))
								} else if m.QoS == 2 {
									_ = c.TrySend(packet.AppendShortAck(nil, packet.PUBREC, m.PacketID))
								}
							case packet.PUBREL:
								_ = c.TrySend(packet.AppendShortAck(nil, packet.PUBCOMP, binary.BigEndian.Uint16(p.Body)))
							}
						}
					}()
					r.Wait("the rest", func(mqtttest.Trace) bool {
						return (ready || timeout > 0) && out.next == accepted+more
					})
					if !r.M.ReadyToSend() {
						t.Error("ReadyToSend is false")
					}
					must(t, r.M.Interrupt())
				})
			})
		}
	}
}

// wantWouldBlock checks error 10035 and which of its two meanings the text has.
func wantWouldBlock(t *testing.T, err error, meaning string) {
	t.Helper()
	wantCode(t, err, 10035)
	if !strings.Contains(fmt.Sprint(err), meaning) {
		t.Errorf("the error is %v, want one that says %q", err, meaning)
	}
}

// The documented pattern of a program with Timeout 0: publish until 10035, take that message for sent, and go on when
// ReadyToSend fires. Everything arrives once and in order, at every QoS and through a server that reads in fits.
func TestWouldBlockAsDocumented(t *testing.T) {
	const count = 2000
	for qos := range 3 {
		t.Run(fmt.Sprintf("QoS %d", qos), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				r.Silent()
				config(t, r.M, "SendQueueSize=20")
				config(t, r.M, "InflightLimit=10")
				c := r.Connect(s, nil)
				must(t, r.M.SetTimeout(0))
				served := make(chan struct{})
				go func() {
					defer close(served)
					for p, err := c.Next(); err == nil; p, err = c.Next() {
						switch p.Type() {
						case packet.PUBLISH:
							m, _ := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
							if binary.BigEndian.Uint32(m.Payload)%100 == 0 {
								time.Sleep(time.Second) // of the bubble
							}
							if m.QoS == 1 {
								_ = c.TrySend(packet.AppendShortAck(nil, packet.PUBACK, m.PacketID))
							} else if m.QoS == 2 {
								_ = c.TrySend(packet.AppendShortAck(nil, packet.PUBREC, m.PacketID))
							}
						case packet.PUBREL:
							_ = c.TrySend(packet.AppendShortAck(nil, packet.PUBCOMP, binary.BigEndian.Uint16(p.Body)))
						}
					}
				}()
				out := ordered{t: t}
				r.On("MessageOut", func(a any) { out.take(a.(*mqtt.MessageOutEventArgs).MessageB) })
				next, blocked, fired := 0, 0, 0
				r.On("ReadyToSend", func(any) { fired++ })
				for next < count {
					if !r.M.ReadyToSend() {
						must(t, r.M.DoEvents())
						continue
					}
					err := r.M.PublishData("a", qos, numbered(next, 1000))
					if next++; err != nil { // no action is needed to re-send
						wantWouldBlock(t, err, "was accepted")
						blocked++
					}
				}
				r.Wait("the rest", func(mqtttest.Trace) bool { return out.next == count })
				if blocked == 0 {
					t.Error("the buffer was never full")
				}
				if fired != blocked {
					t.Errorf("ReadyToSend fired %d times after %d times 10035", fired, blocked)
				}
				must(t, r.M.Interrupt())
				<-served
			})
		})
	}
}

// PublishWith and PublishAndWait go on with the message that was accepted.
func TestWouldBlockReturnsTheMessage(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		config(t, r.M, "SendQueueSize=1")
		config(t, r.M, "InflightLimit=1")
		c := r.Connect(s, nil)
		must(t, r.M.SetTimeout(0))
		for range 2 {
			must(t, r.M.PublishMessage("a", 1, "x"))
		}
		id, err := r.M.PublishWith("a", 1, nil, mqtt.PublishProperties{})
		wantWouldBlock(t, err, "was accepted")
		if id != 3 {
			t.Errorf("packet identifier %d", id)
		}
		id, err = r.M.PublishWith("a", 1, nil, mqtt.PublishProperties{})
		wantWouldBlock(t, err, "was not accepted")
		if id != 0 {
			t.Errorf("packet identifier %d", id)
		}
		c.SendAck(packet.PUBACK, 1)
		c.SendAck(packet.PUBACK, 2)
		r.Wait("ReadyToSend", func(mqtttest.Trace) bool { return r.M.ReadyToSend() })
		must(t, r.M.PublishMessage("a", 1, "x"))
		done := r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("waits")) })
		synctest.Wait()
		if r.M.ReadyToSend() {
			t.Error("ReadyToSend is true")
		}
		for id := range uint16(3) {
			c.SendAck(packet.PUBACK, id+3)
			synctest.Wait()
		}
		must(t, r.Join(done))
	})
}

// A writer that is stuck does not delay the end of its connection.
func TestCutWithStuckWriter(t *testing.T) {
	provesInBubble(t, "pain 27", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		mqtt.SetDial(r.M, mqtttest.FaultyDial(s.Dial, mqtttest.Faults{StallWrite: 100}))
		c := r.Connect(s, nil)
		must(t, r.M.PublishData("a", 1, make([]byte, 1000)))
		synctest.Wait()
		start := time.Now()
		c.Reset()
		r.WaitFor("Disconnected", 1)
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// The connection is cut while the queues of both directions are full, with a publisher that waits: everything returns,
// Disconnected comes (pain 27).
func TestCutWithFullQueues(t *testing.T) {
	provesInBubble(t, "pain 27", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, c := connected(t, v)
		r.Silent()
		disconnected := false
		r.On("Disconnected", func(any) { disconnected = true })
		stop := make(chan struct{})
		go func() {
			defer close(stop)
			for i := 0; i < 100_000 && c.TrySend(c.Publish("a", 0, 0, "flood")) == nil; i++ {
			}
		}()
		synctest.Wait()
		published := r.Start(func() error { // delivers the flood while it waits
			for {
				if err := r.M.PublishData("a", 1, make([]byte, 4000)); err != nil {
					return err
				}
			}
		})
		advance(10 * time.Second)
		c.Reset()
		<-stop
		if code := errors.Code(r.Join(published)); code != 212 {
			t.Errorf("the publisher got %d, want 212", code)
		}
		r.Wait("Disconnected", func(mqtttest.Trace) bool { return disconnected })
		must(t, r.M.Disconnect())
		again := r.Connect(s, nil)
		again.Reset()
	})
}

// InflightLimit and the server's Receive Maximum hold messages back, in order, without error; SendQueueSize bounds them
// (pain 16).
func TestQuota(t *testing.T) {
	for _, row := range []struct {
		name           string
		receiveMaximum uint32
		limit          string
		window         int
	}{{"Receive Maximum 3", 3, "0", 3}, {"InflightLimit 2", 10, "2", 2}, {"Receive Maximum 1", 1, "5", 1}} {
		t.Run("pain 16: "+row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				config(t, r.M, "InflightLimit="+row.limit)
				config(t, r.M, "SendQueueSize=50")
				c := r.Connect(s, func(c *mqtttest.Conn) []byte {
					return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropReceiveMaximum, row.receiveMaximum))
				})
				must(t, r.M.SetTimeout(0))
				accepted := 0
				var err error
				for ; err == nil; accepted++ {
					err = r.M.PublishData("a", 1+accepted%2, numbered(accepted, 8))
				}
				wantWouldBlock(t, err, "was accepted")
				wantWouldBlock(t, r.M.PublishData("a", 1, nil), "was not accepted")
				if accepted != row.window+50+1 {
					t.Errorf("%d accepted, want %d in flight, 50 behind them, and the one that found no room", accepted, row.window)
				}
				must(t, r.M.Subscribe("a", 0)) // is not held back
				got := ordered{t: t}
				inFlight := map[uint16]bool{}
				for got.next < accepted {
					synctest.Wait()
					for c.Pending() > 0 {
						switch p, _ := c.Next(); p.Type() {
						case packet.PUBLISH:
							m, _ := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
							got.take(m.Payload)
							inFlight[m.PacketID] = m.QoS == 2
						case packet.PUBREL:
							id := binary.BigEndian.Uint16(p.Body)
							delete(inFlight, id)
							c.SendAck(packet.PUBCOMP, id)
						}
					}
					if len(inFlight) > row.window {
						t.Fatalf("%d in flight", len(inFlight))
					}
					for id, exactly := range inFlight {
						if exactly {
							c.SendAck(packet.PUBREC, id)
						} else {
							delete(inFlight, id)
							c.SendAck(packet.PUBACK, id)
						}
						break
					}
					r.Pump()
				}
				if !r.M.ReadyToSend() {
					t.Error("ReadyToSend did not come back")
				}
			})
		})
	}
}

// ReadyToSend fires also when it is the pump alone that makes room: nothing is written then that could tell it.
func TestReadyToSendAfterPumping(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		r.Silent()
		must(t, r.M.SetTimeout(0))
		drained := make(chan struct{})
		go func() { defer close(drained); c.Drain() }()
		err := error(nil)
		for err == nil {
			err = r.M.PublishMessage("a", 0, "x")
			synctest.Wait()
		}
		wantCode(t, err, 10035)
		fired := 0
		r.On("ReadyToSend", func(any) { fired++ })
		for range 3 {
			must(t, r.M.DoEvents())
		}
		if fired != 1 || !r.M.ReadyToSend() {
			t.Errorf("ReadyToSend fired %d times and is %t", fired, r.M.ReadyToSend())
		}
		must(t, r.M.Interrupt())
		<-drained
	})
}

// A message that is held back is no sign of life: it does not delay PINGREQ.
func TestHeldBackIsNoWrite(t *testing.T) {
	s := mqtttest.NewServer(t)
	r := newRecorded(t, mqtt.MvV3, s)
	config(t, r.M, "InflightLimit=1")
	c := r.Connect(s, nil)
	must(t, r.M.PublishMessage("a", 1, "1"))
	c.ExpectPublish()
	before, idle := mqtt.LastWrite(r.M)
	for !idle {
		runtime.Gosched()
		before, idle = mqtt.LastWrite(r.M)
	}
	must(t, r.M.PublishMessage("a", 1, "2"))
	if after, _ := mqtt.LastWrite(r.M); after != before {
		t.Errorf("the last write was at %v and is at %v", before, after)
	}
}
