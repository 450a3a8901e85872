package mqtt_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// deferring has MessageIn defer the messages for which which reports true, and keeps the deliveries by payload.
func deferring(r *mqtttest.Recorder, which func(payload string) bool) map[string]*mqtt.Delivery {
	deliveries := map[string]*mqtt.Delivery{}
	untoldAcks(r)
	r.On("MessageIn", func(args any) {
		if e := args.(*mqtt.MessageInEventArgs); which(e.Message) {
			deliveries[e.Message] = e.Defer()
		}
	})
	return deliveries
}

// untoldAcks takes the handler of MessageAck away, before which messages are acknowledged.
func untoldAcks(r *mqtttest.Recorder) {
	r.Lenient()
	r.M.OnMessageAck = nil
}

func always(string) bool { return true }

// lastAck is the packet that ends an inbound exchange.
func lastAck(qos byte) packet.Type {
	if qos == 2 {
		return packet.PUBCOMP
	}
	return packet.PUBACK
}

// sendWhole sends a message of QoS 1 or 2, up to PUBREL.
func sendWhole(c *mqtttest.Conn, qos byte, id uint16, payload string) {
	c.SendPublish("a", qos, id, payload)
	if qos == 2 {
		c.ExpectAck(packet.PUBREC, id)
		c.SendAck(packet.PUBREL, id)
	}
}

// A message whose handler has called Defer is acknowledged by Ack, once, from any goroutine; the lists
// are as always.
func TestDefer(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		for _, qos := range []byte{1, 2} {
			r, _, c := connected(t, v)
			deliveries := deferring(r, always)
			sendWhole(c, qos, 7, "x")
			r.WaitFor("MessageIn", 1)
			if n := r.M.IncomingMessages().Count(); n != 0 {
				t.Errorf("QoS %d: %d messages in the list", qos, n)
			}
			advance(time.Hour)
			c.ExpectNothing()
			must(t, r.Join(r.Start(deliveries["x"].Ack)))
			c.ExpectAck(lastAck(qos), 7)
			must(t, deliveries["x"].Ack())
			advance(time.Second)
			c.ExpectNothing()
			sendWhole(c, qos, 7, "again") // the identifier is free
			r.WaitFor("MessageIn", 2)
			must(t, deliveries["again"].Ack())
			c.ExpectAck(lastAck(qos), 7)
		}
	})
}

// PUBACKs leave in the order of the PUBLISHes, whatever the order of Ack, and those of messages that were not deferred
// wait too.
func TestDeferOrder(t *testing.T) {
	// [MQTT5-4.6.0-2] [MQTT311-4.6.0-2]
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		deliveries := deferring(r, func(payload string) bool { return payload != "3" })
		for id := range uint16(5) {
			c.SendPublish("a", 1, id+1, fmt.Sprint(id+1))
		}
		r.WaitFor("MessageIn", 5)
		for _, step := range []struct {
			ack  string
			want []uint16
		}{{"4", nil}, {"2", nil}, {"1", []uint16{1, 2, 3, 4}}, {"5", []uint16{5}}} {
			must(t, deliveries[step.ack].Ack())
			synctest.Wait()
			for _, id := range step.want {
				c.ExpectAck(packet.PUBACK, id)
			}
			c.ExpectNothing()
		}
	})
}

// A delivery that is acknowledged inside its handler leaves when that returns; each call of Defer wants its Ack; QoS 0
// has none; after the handler it is too late.
func TestDeferInsideAndLate(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		untoldAcks(r)
		var kept mqtt.MessageInEventArgs
		r.On("MessageIn", func(args any) {
			e := args.(*mqtt.MessageInEventArgs)
			kept = *e
			a, b := e.Defer(), e.Defer()
			must(t, a.Ack())
			must(t, a.Ack())
			synctest.Wait()
			c.ExpectNothing()
			must(t, b.Ack())
		})
		c.SendPublish("a", 1, 1, "x")
		r.WaitFor("MessageIn", 1)
		c.ExpectAck(packet.PUBACK, 1)
		wantCode(t, kept.Defer().Ack(), errors.ErrInvalidArgument)
		c.SendPublish("a", 0, 0, "x")
		r.WaitFor("MessageIn", 2)
		must(t, new(mqtt.MessageInEventArgs).Defer().Ack())
		c.ExpectNothing()

		told := 0
		r.M.OnMessageAck = func(*mqtt.MessageAckEventArgs) {
			told++
			c.ExpectAck(packet.PUBACK, 2)
		}
		r.On("MessageIn", func(args any) {
			wantCode(t, args.(*mqtt.MessageInEventArgs).Defer().Ack(), errors.ErrInvalidArgument)
		})
		c.SendPublish("a", 1, 2, "x")
		r.WaitFor("MessageIn", 3)
		if told != 1 {
			t.Errorf("MessageAck fired %d times", told)
		}
	})
}

// A handler that calls Disconnect has its message acknowledged ahead of DISCONNECT, unless it was deferred.
func TestDisconnectInsideMessageInAcknowledges(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		for _, defers := range []bool{false, true} {
			r, _, c := connected(t, v)
			untoldAcks(r)
			r.On("MessageIn", func(args any) {
				e := args.(*mqtt.MessageInEventArgs)
				if defers {
					e.Defer()
				}
				must(t, r.M.Disconnect())
				wantCode(t, e.Defer().Ack(), errors.ErrInvalidArgument)
			})
			var got []packet.Type
			read := r.Start(func() error {
				for {
					p, err := c.Next()
					if err != nil {
						c.Close()
						return nil
					}
					got = append(got, p.Type())
				}
			})
			c.SendPublish("a", 1, 1, "x")
			r.WaitFor("Disconnected", 1)
			must(t, r.Join(read))
			want := []packet.Type{packet.PUBACK, packet.DISCONNECT}
			if defers {
				want = want[1:]
			}
			if !slices.Equal(got, want) {
				t.Errorf("deferred %v: the client sent %v, want %v", defers, got, want)
			}
		}
	})
}

// The end of the connection before Ack: the server repeats the message, which is not delivered again, and Ack
// acknowledges it there, whether it came before the repetition or after. If the session has ended, Ack is without
// effect.
func TestDeferOverConnections(t *testing.T) {
	for _, row := range []struct {
		name        string
		present     bool
		ackFirst    bool
		wantMessage int
	}{
		{"Ack after the repetition", true, false, 1},
		{"Ack between the connections", true, true, 1},
		{"the session has ended, Ack later", false, false, 2},
		{"the session has ended, Ack before", false, true, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				for _, qos := range []byte{1, 2} {
					r, s := memory(t, v)
					lasting(t, r.M)
					c := r.Connect(s, nil)
					deliveries := deferring(r, func(payload string) bool { return payload == "first" })
					sendWhole(c, qos, 7, "first")
					if qos == 1 {
						sendWhole(c, qos, 8, "second") // done, and behind the first
					}
					r.WaitFor("MessageIn", int(3-qos))
					c.Close()
					r.WaitFor("Disconnected", 1)
					r.Take()
					if row.ackFirst {
						must(t, deliveries["first"].Ack())
					}
					c = r.Connect(s, resume(row.present))
					switch {
					case !row.present:
						sendWhole(c, qos, 7, "anew")
					case qos == 1:
						for id := range uint16(2) {
							p := packet.Publish{Topic: []byte("a"), QoS: 1, Dup: true, PacketID: 7 + id, Payload: []byte("x")}
							c.SendPublishPacket(&p)
						}
					default:
						c.SendAck(packet.PUBREL, 7)
					}
					synctest.Wait()
					r.Pump()
					if !row.ackFirst {
						if row.present {
							c.ExpectNothing()
						}
						must(t, deliveries["first"].Ack())
					}
					c.ExpectAck(lastAck(qos), 7)
					if row.present && qos == 1 {
						c.ExpectAck(packet.PUBACK, 8)
					}
					if n := r.Trace().Count("MessageIn"); n != row.wantMessage-1 {
						t.Errorf("QoS %d: %d further MessageIn, want %d", qos, n, row.wantMessage-1)
					}
					c.ExpectNothing()
				}
			})
		})
	}
}

// What is never acknowledged is bounded: the server may send as many messages as our Receive Maximum, and without one,
// or beyond the memory, nothing more is read until Ack.
func TestDeferIsBounded(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		config(t, r.M, "IncomingMemoryLimit=100000")
		deliveries := deferring(r, always)
		payload := func(id uint16) string { return fmt.Sprintf("%05d%01000d", id, 0) }
		const count = 300
		sent := r.Start(func() error {
			for id := range uint16(count) {
				if err := c.TrySend(c.Publish("a", 1, id+1, payload(id))); err != nil {
					return err
				}
			}
			return nil
		})
		for before := -1; before != len(deliveries); {
			before = len(deliveries)
			must(t, r.M.DoEvents()) // which waits for more
		}
		held := len(deliveries)
		if held < 50 || held > 200 { // one read may exceed the limit
			t.Errorf("%d messages of 1 kB are deferred with a limit of 100 kB", held)
		}
		for acked := uint16(0); acked < count; acked++ {
			for deliveries[payload(acked)] == nil {
				must(t, r.M.DoEvents())
			}
			must(t, deliveries[payload(acked)].Ack())
			c.ExpectAck(packet.PUBACK, acked+1)
		}
		must(t, r.Join(sent))
	})
}

// With a journal a deferred QoS 2 message comes again after a crash, until Ack has noted that it is done.
func TestDeferJournal(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		for _, acked := range []bool{false, true} {
			r, s, folder := journaled(t, v)
			c := r.Connect(s, nil)
			deferred := deferring(r, always)
			sendWhole(c, 2, 1, "x")
			r.WaitFor("MessageIn", 1)
			want := 1
			if acked {
				must(t, deferred["x"].Ack())
				c.ExpectAck(packet.PUBCOMP, 1)
				want = 0
			}
			if got := deliveries(t, killed(t, v, s, folder), s, 1); len(got) != want {
				t.Errorf("acked %v: %q come again, want %d", acked, got, want)
			}
		}
	})
}

// SaveSession has the QoS 2 messages that are deferred, since only this client knows them.
func TestDeferSaveSession(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		lasting(t, r.M)
		c := r.Connect(s, nil)
		d := deferring(r, always)
		sendWhole(c, 2, 1, "x")
		r.WaitFor("MessageIn", 1)
		c.Close()
		r.WaitFor("Disconnected", 1)
		text, err := r.M.SaveSession()
		must(t, err)
		next := newRecorded(t, mqtt.MvV5, s)
		lasting(t, next.M)
		must(t, next.M.RestoreSession(text))
		if n := len(deliveries(t, next, s, 1)); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		must(t, d["x"].Ack())
	})
}

// A model: random messages, handlers that defer or not, acknowledgments in any order from any goroutine, and cuts. A
// server that keeps the session sees PUBACKs in its order on each connection, and every message is told, and
// acknowledged in the end. None is told again while its Ack is open.
func TestDeferModel(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) { deferModel(t, rand.New(rand.NewPCG(seed, 5))) })
		})
	}
}

func deferModel(t *testing.T, random *rand.Rand) {
	version := bothVersions[random.IntN(2)]
	r, s := memory(t, version)
	untoldAcks(r)
	lasting(t, r.M)
	var mu sync.Mutex
	told := map[string]int{}
	type delivery struct {
		payload string
		*mqtt.Delivery
	}
	var open []delivery
	r.On("MessageIn", func(args any) {
		e := args.(*mqtt.MessageInEventArgs)
		mu.Lock()
		defer mu.Unlock()
		told[e.Message]++
		if slices.ContainsFunc(open, func(d delivery) bool { return d.payload == e.Message }) {
			t.Errorf("message %s was told again before Ack", e.Message)
		}
		if random.IntN(3) > 0 {
			open = append(open, delivery{e.Message, e.Defer()})
		}
	})
	ackSome := func(most int) {
		mu.Lock()
		random.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
		n := min(most, len(open))
		some := open[:n]
		open = slices.Clone(open[n:])
		mu.Unlock()
		var all sync.WaitGroup
		for _, d := range some {
			all.Go(func() { must(t, d.Ack()) })
		}
		all.Wait()
	}
	var unacked []uint16 // in the order of sending
	sent := 0
	payload := map[uint16]string{}
	c := r.Connect(s, resume(false))
	send := func(id uint16, dup bool) {
		p := packet.Publish{Topic: []byte("a"), QoS: 1, Dup: dup, PacketID: id, Payload: []byte(payload[id])}
		_ = c.TrySend(packet.AppendPublish(nil, c.Version, &p))
	}
	readAcks := func() {
		synctest.Wait()
		for c.Pending() > 0 {
			if len(unacked) == 0 {
				t.Fatal("a PUBACK too many")
			}
			c.ExpectAck(packet.PUBACK, unacked[0])
			unacked = unacked[1:]
		}
	}
	for range 60 {
		switch random.IntN(6) {
		case 0, 1:
			for range 1 + random.IntN(5) {
				sent++
				id := uint16(sent)
				payload[id] = fmt.Sprint(sent)
				unacked = append(unacked, id)
				send(id, false)
			}
		case 2, 3:
			synctest.Wait()
			r.Pump()
		case 4:
			ackSome(1 + random.IntN(4))
		case 5:
			if random.IntN(2) == 0 {
				readAcks()
			}
			c.Close() // what was acknowledged and not read is lost
			r.Wait("the end", func(mqtttest.Trace) bool { return !r.M.Connected() })
			if random.IntN(2) == 0 {
				ackSome(2)
			}
			c = r.Connect(s, resume(true))
			for _, id := range unacked {
				send(id, true)
			}
		}
	}
	for range 3 {
		synctest.Wait()
		r.Pump()
		ackSome(1 << 20)
		readAcks()
	}
	if len(unacked) > 0 || len(open) > 0 {
		t.Errorf("not acknowledged in the end: %v, open: %d", unacked, len(open))
	}
	for n := range sent {
		text := fmt.Sprint(n + 1)
		if told[text] == 0 {
			t.Errorf("message %s was not told", text)
		}
	}
}
