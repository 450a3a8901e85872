package mqtt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func resume(present bool) func(c *mqtttest.Conn) []byte {
	return func(c *mqtttest.Conn) []byte { return c.Connack(present, 0, nil) }
}

// describe renders a PUBLISH or an acknowledgment as the tests below compare them.
func describe(t testing.TB, c *mqtttest.Conn, p *mqtttest.Packet) string {
	t.Helper()
	switch p.Type() {
	case packet.PUBLISH:
		m, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
		must(t, err)
		dup := ""
		if m.Dup {
			dup = " dup"
		}
		return fmt.Sprintf("%d:%s QoS %d%s", m.PacketID, m.Payload, m.QoS, dup)
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		return fmt.Sprintf("%d:%v", int(p.Body[0])<<8|int(p.Body[1]), p.Type())
	}
	return p.Type().String()
}

func wantPackets(t testing.TB, c *mqtttest.Conn, want ...string) {
	t.Helper()
	synctest.Wait()
	var got []string
	for c.Pending() > 0 {
		p, err := c.Next()
		must(t, err)
		got = append(got, describe(t, c, p))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the client sent\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// interrupted publishes five messages and cuts the connection: a and b QoS 1, b acknowledged; c and d QoS 2, c has its
// PUBREC; e QoS 1.
func interrupted(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	r, s := memory(t, v)
	lasting(t, r.M)
	c := r.Connect(s, nil)
	for i, qos := range []int{1, 1, 2, 2, 1} {
		must(t, r.M.PublishMessage("t", qos, string(rune('a'+i))))
	}
	wantPackets(t, c, "1:a QoS 1", "2:b QoS 1", "3:c QoS 2", "4:d QoS 2", "5:e QoS 1")
	c.SendAck(packet.PUBACK, 2)
	c.SendAck(packet.PUBREC, 3)
	wantPackets(t, c, "3:PUBREL")
	c.Reset()
	r.WaitFor("Disconnected", 1)
	if got, want := states(r.M.OutgoingMessages()), "1:0 3:3 4:1 5:0"; got != want {
		t.Errorf("OutgoingMessages %s, want %s", got, want)
	}
	r.Take()
	return r, s
}

// MQTT5-4.4.0-1, MQTT311-4.4.0-1: what is unacknowledged is sent again in order with DUP and the same identifiers, before
// anything new (pain 11); after PUBREC only the PUBREL (pain 12).
func TestResumeWithSession(t *testing.T) {
	provesInBubble(t, "pain 11, pain 12", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := interrupted(t, v)
		r.On("Connected", func(any) { must(t, r.M.PublishMessage("t", 1, "new")) })
		c := r.Connect(s, resume(true))
		wantPackets(t, c, "1:a QoS 1 dup", "3:PUBREL", "4:d QoS 2 dup", "5:e QoS 1 dup", "6:new QoS 1")
		if got := config(t, r.M, "SessionPresent"); got != "True" {
			t.Errorf("SessionPresent is %s", got)
		}
		for _, id := range []uint16{1, 5, 6} {
			c.SendAck(packet.PUBACK, id)
		}
		c.SendAck(packet.PUBREC, 4)
		c.SendAck(packet.PUBCOMP, 3)
		wantPackets(t, c, "4:PUBREL")
		c.SendAck(packet.PUBCOMP, 4)
		trace := r.WaitFor("MessageOut", 5)
		var out string
		for _, e := range trace.Only("MessageOut") {
			out += e.Args.(*mqtt.MessageOutEventArgs).Message + " "
		}
		if out != "a e new c d " {
			t.Errorf("MessageOut of %s", out)
		}
		if n := r.M.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d left in OutgoingMessages", n)
		}
	})
}

// The server has lost the session: messages that it had not taken over are sent as new ones.
func TestResumeWithoutSession(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := interrupted(t, v)
		c := r.Connect(s, nil)
		synctest.Wait()
		var got []string
		for c.Pending() > 0 {
			p, err := c.Next()
			must(t, err)
			if p.Type() == packet.PUBREL {
				c.SendAck(packet.PUBCOMP, uint16(p.Body[1]))
				continue
			}
			got = append(got, describe(t, c, p))
			m, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
			must(t, err)
			if m.QoS == 1 {
				c.SendAck(packet.PUBACK, m.PacketID)
			} else {
				c.SendAck(packet.PUBREC, m.PacketID)
			}
			synctest.Wait()
		}
		text := strings.Join(got, "|")
		if len(got) != 3 || !strings.Contains(text, ":a QoS 1|") || !strings.Contains(text, ":d QoS 2|") || !strings.Contains(text, ":e QoS 1") || strings.Contains(text, "dup") {
			t.Errorf("the client sent %s", text)
		}
		r.WaitFor("MessageOut", 4) // c too, which the old session had taken over
		if n := r.M.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d left in OutgoingMessages", n)
		}
	})
}

// CleanSession drops what is under way at Disconnect; without it the messages stay and go on.
func TestDisconnectKeepsOrDropsTheSession(t *testing.T) {
	for _, clean := range []bool{false, true} {
		t.Run(fmt.Sprintf("CleanSession %t", clean), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				if !clean {
					lasting(t, r.M)
				}
				c := r.Connect(s, nil)
				must(t, r.M.PublishMessage("t", 1, "a"))
				r.Disconnect(c)
				want := ""
				if !clean {
					want = "1:0"
				}
				if got := states(r.M.OutgoingMessages()); got != want {
					t.Errorf("OutgoingMessages %q, want %q", got, want)
				}
				c = r.Connect(s, resume(!clean))
				if clean {
					wantPackets(t, c)
				} else {
					wantPackets(t, c, "1:a QoS 1 dup")
				}
			})
		})
	}
}

// All that was accepted before Disconnect is written before DISCONNECT (pain 17).
func TestDisconnectSendsWhatWasAccepted(t *testing.T) {
	provesInBubble(t, "pain 17", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		const count = 200
		for i := range count {
			must(t, r.M.PublishData("t", 0, numbered(i, 1000)))
		}
		done := r.Start(r.M.Disconnect)
		got := ordered{t: t}
		for range count {
			got.take(c.ExpectPublish().Payload)
		}
		c.Expect("E0 00")
		c.ExpectEOF()
		c.Close()
		must(t, r.Join(done))
		if n := r.Trace().Count("MessageOut"); n != count {
			t.Errorf("%d MessageOut, want %d", n, count)
		}
	})
}

// What was not delivered is not acknowledged: after Interrupt the server sends it again (pain 5).
func TestUndeliveredIsNotAcknowledged(t *testing.T) {
	provesInBubble(t, "pain 5", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		lasting(t, r.M)
		c := r.Connect(s, nil)
		r.Take()
		c.SendPublish("t", 1, 1, "one")
		c.SendPublish("t", 2, 2, "two")
		c.SendPublish("t", 2, 3, "three")
		c.ExpectAck(packet.PUBREC, 2)
		c.ExpectAck(packet.PUBREC, 3)
		c.SendAck(packet.PUBREL, 2)
		synctest.Wait()
		c.ExpectNothing() // neither PUBACK nor PUBCOMP before the pump
		if got, want := states(r.M.IncomingMessages()), "1:5 2:8 3:7"; got != want {
			t.Errorf("IncomingMessages %s, want %s", got, want)
		}
		must(t, r.M.Interrupt())
		c.ExpectEOF()
		synctest.Wait()

		// What waits is delivered now, and since it belongs to the old connection it is not acknowledged on the new one.
		done := r.Start(r.M.Connect)
		c = s.Accept(t)
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		must(t, r.Join(done))
		dup := func(qos byte, id uint16, payload string) {
			c.SendPublishPacket(&packet.Publish{Dup: true, QoS: qos, Topic: []byte("t"), PacketID: id, Payload: []byte(payload)})
		}
		synctest.Wait()
		c.ExpectNothing()
		dup(1, 1, "one")
		c.SendAck(packet.PUBREL, 2)
		dup(2, 3, "three")
		c.SendAck(packet.PUBREL, 3)
		r.Pump()
		got := map[string]int{}
		for _, e := range r.Trace().Only("MessageIn") {
			got[e.Args.(*mqtt.MessageInEventArgs).Message]++
		}
		if got["one"] < 1 || got["two"] != 1 || got["three"] != 1 {
			t.Errorf("delivered: %v", got)
		}
		acks := map[string]bool{}
		synctest.Wait()
		for c.Pending() > 0 {
			p, err := c.Next()
			must(t, err)
			acks[fmt.Sprintf("%v %d", p.Type(), p.Body[1])] = true
		}
		for _, want := range []string{"PUBACK 1", "PUBREC 3", "PUBCOMP 2", "PUBCOMP 3"} {
			if !acks[want] {
				t.Errorf("no %s; the acknowledgments: %v", want, acks)
			}
		}
		if n := r.M.IncomingMessages().Count(); n != 0 {
			t.Errorf("%d left in IncomingMessages: %s", n, states(r.M.IncomingMessages()))
		}
	})
}

// A QoS 2 message is delivered once, however often its packets are repeated, and cut at each step (pain 12).
func TestQoS2ExactlyOnce(t *testing.T) {
	for cut := range 5 {
		t.Run(fmt.Sprintf("pain 12: cut after step %d", cut), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				lasting(t, r.M)
				c := r.Connect(s, nil)
				steps := []func(){
					func() { c.SendPublish("t", 2, 9, "x") },
					func() { c.ExpectAck(packet.PUBREC, 9) },
					func() { c.SendAck(packet.PUBREL, 9); synctest.Wait() },
					func() { r.WaitFor("MessageIn", 1) },
					func() { c.ExpectAck(packet.PUBCOMP, 9) },
				}
				for _, step := range steps[:cut] {
					step()
				}
				synctest.Wait()
				c.Reset()
				r.WaitFor("Disconnected", 1)
				c = r.Connect(s, resume(true))
				if cut < 2 { // the server has no PUBREC
					c.SendPublishPacket(&packet.Publish{Dup: true, QoS: 2, Topic: []byte("t"), PacketID: 9, Payload: []byte("x")})
					c.ExpectAck(packet.PUBREC, 9)
				}
				c.SendAck(packet.PUBREL, 9)
				r.WaitFor("MessageIn", 1)
				c.ExpectAck(packet.PUBCOMP, 9)
				c.SendPublish("t", 0, 0, "end")
				r.Wait("the end", func(tr mqtttest.Trace) bool {
					a, is := tr.Last("MessageIn").Args.(*mqtt.MessageInEventArgs)
					return is && a.Message == "end"
				})
				if n := r.Trace().Count("MessageIn"); n != 2 {
					t.Errorf("%d MessageIn: %v", n, r.Trace().Only("MessageIn").Strings())
				}
			})
		})
	}
}

// Messages in the same segment as CONNACK, and the last bytes before the end, are delivered, between Connected and
// Disconnected (pain 15).
func TestFirstAndLastBytes(t *testing.T) {
	for _, row := range []struct {
		name    string
		segment func(c *mqtttest.Conn) []byte
		close   bool
		code    int
		v       []mqtt.MQTTVersions
	}{
		{"PUBLISH, end", func(c *mqtttest.Conn) []byte { return c.Publish("t", 0, 0, "x") }, true, 1120, nil},
		{"QoS 1, end", func(c *mqtttest.Conn) []byte { return c.Publish("t", 1, 1, "x") }, true, 1120, nil},
		{"PUBLISH, half a packet, end", func(c *mqtttest.Conn) []byte { return append(c.Publish("t", 0, 0, "x"), 0x30, 9, 0) }, true, 1120, nil},
		{"PUBLISH, garbage", func(c *mqtttest.Conn) []byte { return append(c.Publish("t", 0, 0, "x"), 0, 0) }, false, 500, nil},
		{"PUBLISH, DISCONNECT 0", func(c *mqtttest.Conn) []byte { return append(c.Publish("t", 0, 0, "x"), 0xE0, 0) }, false, 0, only5},
		{"PUBLISH, DISCONNECT 139", func(c *mqtttest.Conn) []byte { return append(c.Publish("t", 0, 0, "x"), 0xE0, 1, 0x8B) }, false, 500, only5},
	} {
		for _, together := range []bool{true, false} {
			for _, v := range bothVersions {
				if row.v != nil && row.v[0] != v {
					continue
				}
				t.Run(fmt.Sprintf("pain 15: %s/with CONNACK %t/%s", row.name, together, versionName(v)), func(t *testing.T) {
					bubble.Test(t, func(t *testing.T) {
						r, s := memory(t, v)
						done := r.Start(r.M.Connect)
						c := s.Accept(t)
						c.ExpectConnect()
						if together {
							c.SendBytes(append(c.Connack(false, 0, nil), row.segment(c)...))
						} else {
							c.SendConnack(false, 0, nil)
							must(t, r.Join(done))
							c.SendBytes(row.segment(c))
						}
						if row.close {
							c.CloseWrite()
						}
						if together {
							must(t, r.Join(done))
						}
						trace := r.WaitFor("Disconnected", 1).Without("Log", "ConnectionStatus", "Error", "MessageAck")
						var names []string
						for _, e := range trace {
							names = append(names, e.Name)
						}
						if got, want := strings.Join(names, " "), "BeforeConnect ConnAck Connected ReadyToSend MessageIn Disconnected"; got != want {
							t.Errorf("events: %s, want %s", got, want)
						}
						if a := last[mqtt.DisconnectedEventArgs](t, trace); a.StatusCode != row.code {
							t.Errorf("%+v, want %d", a, row.code)
						}
						c.Close()
					})
				})
			}
		}
	}
}

// A handler that is nil does not keep a message from being acknowledged (pain 15).
func TestMessageWithoutHandlerIsAcknowledged(t *testing.T) {
	provesInBubble(t, "pain 15", func(t *testing.T, v mqtt.MQTTVersions) {
		s := mqtttest.NewMemoryServer(t)
		m := mqtt.New()
		mqtt.SetDial(m, s.Dial)
		defer finish(t, m)
		must(t, m.SetVersion(v))
		done := make(chan error)
		go func() { done <- m.ConnectTo(s.Host, s.Port) }()
		c := s.AcceptConnected(t)
		must(t, <-done)
		c.SendPublish("t", 1, 1, "x")
		c.SendPublish("t", 2, 2, "x")
		c.ExpectAck(packet.PUBREC, 2)
		c.SendAck(packet.PUBREL, 2)
		synctest.Wait()
		must(t, m.DoEvents())
		c.ExpectAck(packet.PUBACK, 1)
		c.ExpectAck(packet.PUBCOMP, 2)
		if n := m.IncomingMessages().Count(); n != 0 {
			t.Errorf("%d in IncomingMessages", n)
		}
	})
}

// Limits that are lower on the next connection: the message that does not fit fails with an event, the rest goes on
// (pain 18).
func TestLowerLimitsAfterReconnect(t *testing.T) { t.Run("pain 18", lowerLimitsAfterReconnect) }

func lowerLimitsAfterReconnect(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		lasting(t, r.M)
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage("t", 1, strings.Repeat("x", 100)))
		must(t, r.M.PublishMessage("t", 2, "two"))
		must(t, r.M.PublishMessage("t", 1, "one"))
		c.Reset()
		r.WaitFor("Disconnected", 1)
		r.Take()
		c = r.Connect(s, func(c *mqtttest.Conn) []byte {
			return c.Connack(true, 0, packet.Properties(nil).AppendUint(packet.PropMaximumPacketSize, 50).AppendUint(packet.PropMaximumQoS, 1))
		})
		wantPackets(t, c, "3:one QoS 1 dup")
		c.SendAck(packet.PUBACK, 3)
		trace := r.WaitFor("MessageOut", 1)
		if n := trace.Count("Error"); n != 2 {
			t.Errorf("%d Error events: %v", n, trace.Strings())
		}
		if n := r.M.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d left in OutgoingMessages", n)
		}
	})
}

// A topic alias never outlives its connection: what is sent again carries its full topic (pain 19).
func TestAliasEndsWithItsConnection(t *testing.T) { t.Run("pain 19", aliasEndsWithItsConnection) }

func aliasEndsWithItsConnection(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		lasting(t, r.M)
		alias := func(c *mqtttest.Conn) []byte {
			return c.Connack(true, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 3))
		}
		first := func(c *mqtttest.Conn) []byte {
			return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 3))
		}
		c := r.Connect(s, first)
		config(t, r.M, "TopicAlias=3")
		must(t, r.M.PublishMessage("long/topic", 1, "a"))
		must(t, r.M.PublishMessage("", 1, "b"))
		if p := c.ExpectPublish(); string(p.Topic) != "long/topic" {
			t.Errorf("%q", p.Topic)
		}
		if p := c.ExpectPublish(); string(p.Topic) != "" {
			t.Errorf("%q", p.Topic)
		}
		for _, msg := range r.M.OutgoingMessages().All() {
			if msg.Topic() != "long/topic" {
				t.Errorf("OutgoingMessages has topic %q", msg.Topic())
			}
		}
		c.Reset()
		r.WaitFor("Disconnected", 1)
		c = r.Connect(s, alias)
		for range 2 {
			if p := c.ExpectPublish(); string(p.Topic) != "long/topic" || !p.Dup {
				t.Errorf("again: %+v", p)
			}
		}
		wantCode(t, r.M.PublishMessage("", 1, "c"), 502) // this connection knows no alias
	})
}
