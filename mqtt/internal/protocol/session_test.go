package protocol

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// restart begins a new process that has taken over nothing yet.
func (c *trace) restart() *trace { return newTrace(c.t, c.v) }

func (c *trace) restore(s *Session) {
	c.t.Helper()
	if err := c.RestoreSession(s); err != nil {
		c.t.Fatal(err)
	}
}

// resumeIn restores s and connects, in this order or inside OnConnected, and leaves the events and the bytes.
func (c *trace) resumeIn(s *Session, handler, present bool) {
	c.t.Helper()
	connack := accepted
	if present {
		connack = resumed
	}
	if handler {
		c.connect(connack, persistent)
		c.wantIdle("before RestoreSession")
		c.restore(s)
		return
	}
	c.restore(s)
	c.wantIdle("RestoreSession without a connection")
	c.connectQuietly(connack, persistent)
}

// ways runs a test for RestoreSession before Connect and in OnConnected, with and without a session of the server's.
func ways(t *testing.T, f func(t *testing.T, v packet.Version, handler, present bool)) {
	t.Helper()
	both(t, func(t *testing.T, v packet.Version) {
		for _, handler := range []bool{false, true} {
			for _, present := range []bool{true, false} {
				t.Run(fmt.Sprintf("in OnConnected %v, Session Present %v", handler, present), func(t *testing.T) { f(t, v, handler, present) })
			}
		}
	})
}

// without drops what connecting and the session's notes tell.
func without(told []string) []string {
	var rest []string
	for _, line := range told {
		if line != "connack 00" && line != "connected" && line != "ready" && !strings.HasPrefix(line, "session:") {
			rest = append(rest, line)
		}
	}
	return rest
}

func (c *trace) wantTold(why string, want ...string) {
	c.t.Helper()
	if got := without(c.pump()); !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		c.t.Fatalf("%s: told\n got %s\nwant %s", why, strings.Join(got, " | "), strings.Join(want, " | "))
	}
}

// One message of ours, the process ended at each stage of its exchange.
func TestSessionOutgoing(t *testing.T) {
	stages := []struct {
		name        string
		qos         int
		lost        bool   // our last packet never left
		in          string // what the server had answered
		again, anew string // what goes out after the restart, with and without a session of the server's
		rest        string // the answers that are still to come with a session
		done        string // what is told of the end: with a session, and without one if the server had taken it over
	}{
		{"QoS 1, PUBLISH not written", 1, true, "", "3A _ L'a 00 01 5:00 'x", "32 _ L'a 00 01 5:00 'x", "40 02 00 01", "done 1 PUBACK 00"},
		{"QoS 1, PUBLISH sent", 1, false, "", "3A _ L'a 00 01 5:00 'x", "32 _ L'a 00 01 5:00 'x", "40 02 00 01", "done 1 PUBACK 00"},
		{"QoS 1, PUBACK received and not told", 1, false, "40 02 00 01", "", "", "", ""},
		{"QoS 2, PUBLISH sent", 2, false, "", "3C _ L'a 00 01 5:00 'x", "34 _ L'a 00 01 5:00 'x", "50 02 00 01; 70 02 00 01", "pubrec 1 00|done 1 PUBCOMP 00"},
		{"QoS 2, PUBREC received, PUBREL not written", 2, true, "50 02 00 01", "62 02 00 01", "", "70 02 00 01", "done 1 PUBCOMP 00"},
		{"QoS 2, PUBREL sent", 2, false, "50 02 00 01", "62 02 00 01", "", "70 02 00 01", "done 1 PUBCOMP 00"},
		{"QoS 2, PUBCOMP received and not told", 2, false, "50 02 00 01; 70 02 00 01", "", "", "", ""},
	}
	ways(t, func(t *testing.T, v packet.Version, handler, present bool) {
		for _, g := range stages {
			t.Run("MQTT5-4.1.0-1 MQTT311-4.1.0-1 MQTT5-4.4.0-1 MQTT311-4.4.0-1 "+g.name, func(t *testing.T) {
				c := newTrace(t, v)
				c.connect(accepted, persistent)
				c.publish("a", "x", g.qos)
				if g.in != "" {
					c.out()
					c.in(g.in)
				}
				if g.lost {
					c.TakeOutput(nil)
				} else {
					c.out()
				}
				s := c.Session()
				c = c.restart()
				c.resumeIn(s, handler, present)
				rest, done := g.rest, g.done
				switch {
				case present:
					c.wantOut(g.again, "MQTT5-3.3.1-1 DUP and the same identifier, or PUBREL instead of PUBLISH [MQTT5-4.3.3-6]")
				case g.again != "" && g.anew == "": // the server had taken it over
					c.wantOut("", "nothing of an exchange that the server has forgotten")
					rest, done = "", "done 1"
				default:
					c.wantOut(g.anew, "MQTT5-3.3.1-3 as a new message, without DUP")
				}
				if rest != "" {
					c.in(rest)
				}
				var want []string
				if done != "" {
					want = strings.Split(done, "|")
				}
				c.wantTold("of its end", want...)
				c.wantStates(c.Outgoing(), "", "at the end")
				c.out()
				if id := c.publish("a", "next", 1).ID; id != 2 {
					t.Errorf("the next identifier is %d, want 2 [MQTT5-2.2.1-3]", id)
				}
			})
		}
	})
}

// Messages at all stages at once, with some that the quota held back.
func TestSessionKeepsTheOrder(t *testing.T) {
	ways(t, func(t *testing.T, v packet.Version, handler, present bool) {
		c := newTrace(t, v)
		c.nextID = 65533 // the order is not the identifiers'
		c.Settings.InflightLimit = 5
		c.connect(accepted, persistent)
		for i := range 7 { // 65534 65535 1 2 3, and 4 5 held back
			c.publish("a", fmt.Sprint(i), 1+i%2)
		}
		c.out()
		c.in("50 02 FFFF; 40 02 00 01") // the second is at PUBREL; the third is done, which lets the sixth go
		c.wantOut("62 02 FFFF; 34 _ L'a 00 04 5:00 '5", "PUBREL, the sixth")
		s := c.Session()
		c = c.restart()
		c.Settings.InflightLimit = 3
		c.resumeIn(s, handler, present)
		c.publish("a", "new", 1)
		if present {
			c.wantOut("3A _ L'a FFFE 5:00 '0; 62 02 FFFF; 3C _ L'a 00 02 5:00 '3; 3A _ L'a 00 03 5:00 '4", "MQTT5-4.6.0-1 the first that the quota allows; PUBREL takes none of it")
			c.in("70 02 FFFF")
			c.wantNoOut("the PUBCOMP of a repeated PUBREL gives nothing back")
			c.in("40 02 FFFE; 40 02 00 03")
			c.wantOut("3C _ L'a 00 04 5:00 '5; 32 _ L'a 00 05 5:00 '6", "the rest, what was never sent without DUP")
			c.in("40 02 00 05")
		} else {
			c.wantOut("32 _ L'a FFFE 5:00 '0; 34 _ L'a 00 02 5:00 '3; 32 _ L'a 00 03 5:00 '4", "as new; the server had taken over the second")
			c.in("40 02 FFFE; 40 02 00 03")
			c.wantOut("34 _ L'a 00 04 5:00 '5; 32 _ L'a 00 05 5:00 '6", "the rest")
			c.in("40 02 00 05")
		}
		c.wantOut("32 _ L'a 00 06 5:00 'new", "what is new comes last")
		if c.HeldBack() != 0 {
			t.Errorf("%d are held back", c.HeldBack())
		}
	})
}

// A message that was repeated already, and waited for the quota to be repeated, is one message.
func TestSessionOfARepetitionThatWaits(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c := newTrace(t, v)
		c.connect(accepted, persistent)
		c.publish("a", "1", 1)
		c.publish("a", "2", 2)
		c.out()
		c.cut()
		c.Settings.InflightLimit = 1
		c.connectQuietly(resumed, persistent)
		c.wantOut("3A _ L'a 00 01 5:00 '1", "the second waits")
		s := c.Session()
		c = c.restart()
		c.resumeIn(s, false, true)
		c.wantOut("3A _ L'a 00 01 5:00 '1; 3C _ L'a 00 02 5:00 '2", "each once")
	})
}

func TestSessionKeepsTheMessage(t *testing.T) {
	list := "01 01 02 000000FF 03 L't 08 L'r 09 00 02 00FF 26 L'k L'1 26 L'k L'2"
	ways(t, func(t *testing.T, v packet.Version, handler, present bool) {
		c := newTrace(t, v)
		c.connect("20 _ 00 00 { 22 0003 }", persistent)
		properties := packet.Properties(wirePacket(packet.V5, list))
		for i, topic := range []string{"long/topic", ""} {
			p := Publish{Topic: topic, QoS: 1, Alias: 3, Retain: i == 0, Properties: properties, Payload: []byte("x")}
			if v == packet.V311 {
				p.Topic, p.Alias = "long/topic", 0
			}
			if _, err := c.Publish(&p); err != nil {
				t.Fatal(err)
			}
		}
		c.out()
		s := c.Session()
		c = c.restart()
		c.resumeIn(s, handler, present)
		first, second := "33", "32"
		if present {
			first, second = "3B", "3A"
		}
		c.wantOut(first+" _ L'long/topic 00 01 { "+list+" } 'x; "+second+" _ L'long/topic 00 02 { "+list+" } 'x",
			"MQTT5-3.3.2-7 the topic alias ends with its connection; the rest is identical")
	})
}

// An inbound QoS 2 message, the process ended at each stage.
func TestSessionIncoming(t *testing.T) {
	const sent = "34 _ L'a 00 05 5:00 'x"
	stages := []struct {
		name    string
		in      string
		repeats string // the server's packets after the restart
		out     string // our answers, with a session
	}{
		{"PUBREC sent", sent, "62 02 00 05", "70 02 00 05"},
		{"PUBREC lost", sent, "3C _ L'a 00 05 5:00 'x; 62 02 00 05", "50 02 00 05; 70 02 00 05"},
		{"PUBREL received and not delivered", sent + "; 62 02 00 05", "62 02 00 05", "70 02 00 05"},
	}
	ways(t, func(t *testing.T, v packet.Version, handler, present bool) {
		for _, g := range stages {
			t.Run("MQTT5-4.3.3-10 MQTT311-4.3.3-2 "+g.name, func(t *testing.T) {
				c := newTrace(t, v)
				c.connect(accepted, persistent)
				c.in(g.in)
				c.out()
				s := c.Session()
				c = c.restart()
				c.resumeIn(s, handler, present)
				if !present {
					c.wantTold("the server will not send it again", "in 2 #5 a x -")
					c.wantNoOut("there is nobody to acknowledge it to")
					c.in("34 _ L'a 00 05 5:00 'other; 62 02 00 05")
					c.wantTold("another message under that identifier", "in 2 #5 a other")
					return
				}
				c.wantTold("before PUBREL")
				c.wantNoOut("before PUBREL")
				c.wantStates(c.Incoming(), "5:7", "restored")
				c.in(g.repeats)
				told := without(c.pump())
				if len(told) != 1 || !strings.HasPrefix(told[0], "in 2 #5 a x") {
					t.Errorf("told %q, want the message once", told)
				}
				c.wantOut(g.out, "the answers")
				c.wantStates(c.Incoming(), "", "at the end")
			})
		}
		t.Run("MQTT5-4.3.2-5 MQTT5-4.3.3-12 acknowledged, while the handler of MessageAck runs: not in the session", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'x; 62 02 00 05")
			for _, e := range c.TakeEvents() {
				if !c.Acknowledge(e.Message) {
					t.Fatal("not acknowledged")
				}
			}
			if s := c.Session(); len(s.Incoming) != 0 {
				t.Errorf("%+v", s.Incoming)
			}
		})
		t.Run("delivered: not in the session", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in(sent + "; 62 02 00 05")
			c.pump()
			if s := c.Session(); len(s.Incoming) != 0 {
				t.Errorf("%+v", s.Incoming)
			}
		})
		t.Run("QoS 1 and not delivered: the server repeats it", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("32 _ L'a 00 05 5:00 'x")
			s := c.Session()
			c = c.restart()
			c.resumeIn(s, handler, present)
			c.wantTold("nothing yet")
			c.in("3A _ L'a 00 05 5:00 'x")
			c.wantTold("once", "in 1 #5 a x dup")
		})
	})
}

// What the server has forgotten already and the pump has not delivered is delivered by the next process, in any case.
func TestSessionKeepsWhatOnlyWaitsForItsDelivery(t *testing.T) {
	ways(t, func(t *testing.T, v packet.Version, handler, present bool) {
		c := newTrace(t, v)
		c.connect(accepted, persistent)
		c.in("32 _ L'a 00 05 5:00 'one; 34 _ L'a 00 06 5:00 'two; 62 02 00 06")
		c.take()
		c.cut()
		c.connectQuietly(accepted, persistent) // the server has lost the session
		c.in("32 _ L'a 00 05 5:00 'three; 34 _ L'a 00 06 5:00 'four")
		s := c.Session()
		c = c.restart()
		c.resumeIn(s, handler, present)
		want := []string{"in 1 #5 a one -", "in 2 #6 a two -"}
		if !present {
			want = append(want, "in 2 #6 a four -")
		}
		c.wantTold("delivered", want...)
		if present {
			c.in("62 02 00 06")
			c.wantTold("released", "in 2 #6 a four")
		}
	})
}

// Bytes that came behind CONNACK, before OnConnected ran.
func TestSessionRestoredBehindEarlyPackets(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		incoming := func() *Session {
			return &Session{ClientID: "c", Incoming: []SavedMessage{{Topic: "a", Payload: []byte("x"), ID: 5, QoS: 2, Awaits: packet.PUBREL}}}
		}
		rows := []struct {
			name, connack, early, answer string
			told                         []string // after RestoreSession
			later                        string   // what comes then
			end                          []string
		}{
			{"PUBREL: delivered once", resumed, "62 02 00 05", "70 4:02 5:03 00 05 5:92", []string{"in 2 #5 a x -"}, "62 02 00 05", nil},
			{"PUBLISH repeated: delivered once", resumed, "3C _ L'a 00 05 5:00 'x", "50 02 00 05", nil, "62 02 00 05", []string{"in 2 #5 a x dup"}},
			{"PUBLISH and PUBREL: delivered once", resumed, "3C _ L'a 00 05 5:00 'x; 62 02 00 05", "50 02 00 05", []string{"in 2 #5 a x dup"}, "62 02 00 05", nil},
			{
				"PUBREL, then another message under that identifier: both", resumed, "62 02 00 05; 34 _ L'a 00 05 5:00 'other", "70 4:02 5:03 00 05 5:92; 50 02 00 05",
				[]string{"in 2 #5 a x -"},
				"62 02 00 05",
				[]string{"in 2 #5 a other"},
			},
			{"another message in a new session: both", accepted, "34 _ L'a 00 05 5:00 'other", "50 02 00 05", []string{"in 2 #5 a x -"}, "62 02 00 05", []string{"in 2 #5 a other"}},
			{"a QoS 1 message under that identifier: the exchange is over for the server", resumed, "32 _ L'a 00 05 5:00 'other", "", []string{"in 1 #5 a other"}, "34 _ L'a 00 05 5:00 'new; 62 02 00 05", []string{"in 2 #5 a new"}},
		}
		for _, g := range rows {
			t.Run(g.name, func(t *testing.T) {
				c := newTrace(t, v)
				c.connectQuietly(g.connack, persistent)
				c.in(g.early)
				c.wantOut(g.answer, "the answers before RestoreSession")
				c.restore(incoming())
				c.wantTold("RestoreSession", g.told...)
				c.in(g.later)
				c.wantTold("at the end", g.end...)
				c.wantStates(c.Incoming(), "", "at the end")
				if c.inbound.count != 0 {
					t.Errorf("%d identifiers are in use", c.inbound.count)
				}
			})
		}
		t.Run("PUBLISH and PUBREL, then the server loses the session before OnConnected runs: delivered once", func(t *testing.T) {
			c := newTrace(t, v)
			c.connectQuietly(resumed, persistent)
			c.in("3C _ L'a 00 05 5:00 'x; 62 02 00 05")
			c.take()
			c.cut()
			c.connectQuietly(accepted, persistent)
			c.restore(incoming())
			c.wantTold("of both connections", "in 2 #5 a x dup -")
			c.wantStates(c.Incoming(), "", "at the end")
		})
		t.Run("PUBREC that the server repeats: only PUBREL goes out", func(t *testing.T) {
			c := newTrace(t, v)
			c.connectQuietly(resumed, persistent)
			c.in("50 02 00 07")
			c.wantOut("62 4:02 5:03 00 07 5:92", "the server completes it")
			c.restore(&Session{ClientID: "c", Outgoing: []SavedMessage{{Topic: "a", ID: 7, QoS: 2, Awaits: packet.PUBREC}}})
			c.wantOut("62 02 00 07", "MQTT5-4.3.3-6 never the PUBLISH again")
			c.in("70 4:02 5:03 00 07 5:92")
			c.wantTold("its end", fmt.Sprintf("done 7 PUBCOMP %s", map[packet.Version]string{packet.V311: "00", packet.V5: "92"}[v]))
		})
		t.Run("PUBACK and PUBCOMP complete nothing", func(t *testing.T) {
			c := newTrace(t, v)
			c.connectQuietly(resumed, persistent)
			c.in("40 02 00 07; 70 02 00 08")
			c.restore(&Session{ClientID: "c", Outgoing: []SavedMessage{
				{Topic: "a", ID: 7, QoS: 1, Awaits: packet.PUBACK}, {Topic: "a", ID: 8, QoS: 2, Awaits: packet.PUBCOMP},
			}})
			c.wantOut("3A _ L'a 00 07 5:00; 62 02 00 08", "both again")
		})
	})
}

func TestSessionIdentifiers(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-2.2.1-3 the next one follows the last one that was taken", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			for range 3 {
				c.publish("a", "", 1)
			}
			c.in("40 02 00 03; 40 02 00 02")
			s := c.Session()
			c = c.restart()
			c.restore(s)
			c.connectQuietly(resumed, persistent)
			if id := c.publish("a", "", 1).ID; id != 4 {
				t.Errorf("the next identifier is %d, want 4", id)
			}
		})
		t.Run("MQTT5-2.2.1-3 a request takes one too", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "", 1)
			c.subscribe("f")
			c.in("40 02 00 01; 90 _ 00 02 5:00 00")
			s := c.Session()
			c = c.restart()
			c.restore(s)
			c.connectQuietly(resumed, persistent)
			if id := c.publish("a", "", 1).ID; id != 3 {
				t.Errorf("the next identifier is %d, want 3", id)
			}
		})
		t.Run("MQTT5-2.2.1-3 one that is in use is passed over", func(t *testing.T) {
			c := newTrace(t, v)
			c.restore(&Session{ClientID: "c", LastID: 65534, Outgoing: []SavedMessage{
				{Topic: "a", ID: 65535, QoS: 1, Awaits: packet.PUBACK}, {Topic: "a", ID: 1, QoS: 1, Awaits: packet.PUBACK},
			}})
			c.connectQuietly(resumed, persistent)
			if id := c.publish("a", "", 1).ID; id != 2 {
				t.Errorf("the next identifier is %d, want 2", id)
			}
		})
		t.Run("all 65535", func(t *testing.T) {
			s := &Session{ClientID: "c", LastID: 65535}
			for id := range 65535 {
				s.Outgoing = append(s.Outgoing, SavedMessage{Topic: "a", ID: uint16(id + 1), QoS: 1, Awaits: packet.PUBACK})
			}
			c := newTrace(t, v)
			c.restore(s)
			c.connectQuietly(resumed, persistent)
			_, err := c.Publish(&Publish{Topic: "a", QoS: 1})
			c.wantError(err, errors.ErrPacketIdsExhausted, "one more")
			c.out()
			c.in("40 02 12 34")
			if id := c.publish("a", "", 1).ID; id != 0x1234 {
				t.Errorf("identifier %d, want the free one", id)
			}
		})
		t.Run("a SUBSCRIBE under way keeps its own", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(resumed, persistent)
			if _, err := c.Subscribe([]Subscription{{Filter: "f"}}, 0, nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.wantRefused(&Session{ClientID: "c", Outgoing: []SavedMessage{{Topic: "a", ID: 2, QoS: 1}, {Topic: "a", ID: 1, QoS: 1}}}, errors.ErrWrongState, "the same identifier")
			c.restore(&Session{ClientID: "c", LastID: 2, Outgoing: []SavedMessage{{Topic: "a", ID: 2, QoS: 1, Awaits: packet.PUBACK}}})
			c.in("90 _ 00 01 5:00 00; 40 02 00 02")
			c.wantTold("both are answered", "subscribed 1 f 00", "done 2 PUBACK 00")
		})
	})
}

// wantRefused checks that RestoreSession fails with a number and changes nothing.
func (c *trace) wantRefused(s *Session, code int, why string) {
	c.t.Helper()
	before, next, hasSession := c.Session(), c.nextID, c.hasSession
	err := c.RestoreSession(s)
	c.wantError(err, code, why)
	if after := c.Session(); !reflect.DeepEqual(before, after) || c.nextID != next || c.hasSession != hasSession {
		c.t.Errorf("%s: refused, and the session has become %+v", why, after)
	}
	c.wantIdle(why + ": refused")
}

func TestSessionRefused(t *testing.T) {
	out := func(m ...SavedMessage) *Session { return &Session{ClientID: "c", LastID: 9, Outgoing: m} }
	in := func(m ...SavedMessage) *Session { return &Session{ClientID: "c", LastID: 9, Incoming: m} }
	good := SavedMessage{Topic: "a", ID: 1, QoS: 1, Awaits: packet.PUBACK}
	subscription := packet.Properties(nil).AppendUint(packet.PropSubscriptionIdentifier, 1)
	rows := []struct {
		name string
		s    *Session
	}{
		{"out: identifier 0", out(SavedMessage{Topic: "a", QoS: 1})},
		{"out: an identifier twice", out(good, SavedMessage{Topic: "a", ID: 1, QoS: 2, Awaits: packet.PUBREC})},
		{"out: an identifier twice, never sent", out(good, SavedMessage{Topic: "a", ID: 1, QoS: 2})},
		{"out: QoS 0", out(good, SavedMessage{Topic: "a", ID: 2})},
		{"out: QoS 3", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 3})},
		{"out: QoS 1 awaits PUBREC", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 1, Awaits: packet.PUBREC})},
		{"out: QoS 1 awaits PUBCOMP", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 1, Awaits: packet.PUBCOMP})},
		{"out: QoS 2 awaits PUBACK", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBACK})},
		{"out: awaits PUBREL", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBREL})},
		{"out: awaits SUBACK", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.SUBACK})},
		{"out: no topic", out(good, SavedMessage{ID: 2, QoS: 2})},
		{"out: a wildcard", out(good, SavedMessage{Topic: "a/#", ID: 2, QoS: 2})},
		{"out: U+0000", out(good, SavedMessage{Topic: "a\x00", ID: 2, QoS: 2})},
		{"out: not UTF-8", out(good, SavedMessage{Topic: "\xFF", ID: 2, QoS: 2})},
		{"out: a topic of 65536 bytes", out(good, SavedMessage{Topic: strings.Repeat("a", 65536), ID: 2, QoS: 2})},
		{"out: MQTT5-3.3.4-6 a subscription identifier", out(good, SavedMessage{Topic: "a", ID: 2, QoS: 2, Properties: subscription})},
		{"in: QoS 0", in(SavedMessage{Topic: "a", ID: 2})},
		{"in: QoS 1 awaits PUBREL", in(SavedMessage{Topic: "a", ID: 2, QoS: 1, Awaits: packet.PUBREL})},
		{"in: awaits PUBREC", in(SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBREC})},
		{"in: identifier 0", in(SavedMessage{Topic: "a", QoS: 2, Awaits: packet.PUBREL})},
		{"in: an identifier twice", in(SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBREL}, SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBREL})},
		{"in: no topic", in(SavedMessage{ID: 2, QoS: 2})},
	}
	for _, g := range rows {
		t.Run(g.name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			c.wantRefused(g.s, errors.ErrMalformedMessage, "without a connection")
			c.connect(resumed, persistent)
			c.wantRefused(g.s, errors.ErrMalformedMessage, "connected")
		})
	}
	t.Run("in: what only waits for its delivery may share an identifier", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		waits := SavedMessage{Topic: "a", ID: 2, QoS: 1, Properties: subscription}
		c.resumeIn(in(waits, SavedMessage{Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBREL}, waits), false, true)
		c.wantTold("delivered", "in 1 #2 a  -", "in 1 #2 a  -")
	})
}

func TestSessionTooLate(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		s := &Session{
			ClientID: "c", LastID: 50, Outgoing: []SavedMessage{{Topic: "a", ID: 40, QoS: 1, Awaits: packet.PUBACK}},
			Incoming: []SavedMessage{{Topic: "a", ID: 5, QoS: 2, Awaits: packet.PUBREL}},
		}
		t.Run("a message of this connection is unfinished", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(resumed, persistent)
			c.publish("a", "", 1)
			c.out()
			c.wantRefused(s, errors.ErrWrongState, "connected")
			c.cut()
			c.wantRefused(s, errors.ErrWrongState, "disconnected")
		})
		t.Run("a message of this connection is held back", func(t *testing.T) {
			c := newTrace(t, v)
			c.restore(&Session{ClientID: "c", Outgoing: []SavedMessage{{Topic: "a", ID: 1, QoS: 1}}})
			c.wantRefused(s, errors.ErrWrongState, "a second session")
		})
		t.Run("a message of this connection is finished", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(resumed, persistent)
			c.publish("a", "", 1)
			c.out()
			c.in("40 02 00 01")
			c.pump()
			c.wantRefused(s, errors.ErrWrongState, "connected")
			c.cut()
			c.restore(s)
		})
		t.Run("a QoS 2 message of this connection was delivered, perhaps the session's", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(resumed, persistent)
			c.in("3C _ L'a 00 05 5:00 'x; 62 02 00 05")
			c.pump()
			c.out()
			c.wantRefused(s, errors.ErrWrongState, "its identifier may be another message's soon")
			c.in("34 _ L'a 00 05 5:00 'new; 62 02 00 05")
			c.wantTold("the next message under it", "in 2 #5 a new")
		})
		t.Run("QoS 0 in both directions and inbound QoS 1 do not matter", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(resumed, persistent)
			c.publish("a", "", 0)
			c.in("30 _ L'a 5:00; 32 _ L'a 00 09 5:00")
			c.pump()
			c.out()
			c.restore(s)
			c.wantOut("3A _ L'a 00 28 5:00", "at once")
		})
	})
}

// The server's word that it has no session holds for a session that is restored later in the same process.
func TestSessionThatTheServerHasLost(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		s := &Session{
			ClientID: "c", LastID: 3,
			Outgoing: []SavedMessage{
				{Topic: "a", ID: 1, QoS: 1, Dup: true, Awaits: packet.PUBACK}, {Topic: "a", ID: 2, QoS: 2, Awaits: packet.PUBCOMP}, {Topic: "a", ID: 3, QoS: 2},
			},
			Incoming: []SavedMessage{{Topic: "a", ID: 5, QoS: 2, Awaits: packet.PUBREL}},
		}
		c := newTrace(t, v)
		c.connect(accepted, persistent)
		c.cut()
		c.pump()
		c.resumeIn(s, false, true)
		c.wantOut("62 02 00 02; 32 _ L'a 00 01 5:00; 34 _ L'a 00 03 5:00", "the session that is present is this process's")
		c.in("70 4:02 5:03 00 02 5:92")
		c.wantTold("once", "in 2 #5 a  -", "done 2 PUBCOMP "+map[packet.Version]string{packet.V311: "00", packet.V5: "92"}[v])
		// A clean connection of this process has ended it, so a session that is present then is somebody else's.
		c = newTrace(t, v)
		c.connect(accepted)
		c.cut()
		c.pump()
		c.resumeIn(s, false, true)
		c.wantOut("32 _ L'a 00 01 5:00; 34 _ L'a 00 03 5:00", "behind a clean connection: nothing is repeated")
		// The server knows nothing of it under another identifier either [MQTT5-3.1.3-2].
		c = newTrace(t, v)
		c.restore(s)
		c.connectQuietly(resumed, persistent, func(o *Options) { o.ClientID = "other" })
		c.wantOut("32 _ L'a 00 01 5:00; 34 _ L'a 00 03 5:00", "another client identifier: nothing is repeated")
	})
}

// A session is what it was, whatever happens to the client afterwards, and asking for it changes nothing.
func TestSessionIsASnapshot(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c := newTrace(t, v)
		if s := c.Session(); !reflect.DeepEqual(s, &Session{}) {
			t.Errorf("a new client has %+v", s)
		}
		c.connect(accepted, persistent)
		c.publish("a", "one", 1)
		c.publish("a", "two", 2)
		c.in("34 _ L'b 00 05 5:00 'in")
		c.out()
		s := c.Session()
		want := &Session{
			ClientID: "c", LastID: 2,
			Outgoing: []SavedMessage{
				{Topic: "a", Payload: []byte("one"), ID: 1, QoS: 1, Awaits: packet.PUBACK},
				{Topic: "a", Payload: []byte("two"), ID: 2, QoS: 2, Awaits: packet.PUBREC},
			},
			Incoming: []SavedMessage{{Topic: "b", Payload: []byte("in"), ID: 5, QoS: 2, Awaits: packet.PUBREL}},
		}
		if !reflect.DeepEqual(s, want) {
			t.Fatalf("\n got %+v\nwant %+v", s, want)
		}
		c.in("40 02 00 01; 50 02 00 02; 70 02 00 02; 62 02 00 05")
		c.pump()
		for i := range 100 { // uses the memory of those again
			c.publish("other", fmt.Sprint(i), 1)
			c.in(fmt.Sprintf("32 _ L'other %04X 5:00 'other", i+1))
			c.pump()
		}
		if !reflect.DeepEqual(s, want) {
			t.Errorf("it has become %+v", s)
		}
	})
}
