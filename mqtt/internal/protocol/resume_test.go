package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestResume(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-4.4.0-1 MQTT5-4.6.0-1 MQTT311-4.4.0-1 MQTT311-4.6.0-1 original order, same identifiers, before anything new", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			for i := range 10 {
				c.publish("a", fmt.Sprint(i), 1+i%2)
			}
			c.out()
			c.in("40 02 00 03; 50 02 00 04; 50 02 00 08; 50 02 00 02; 70 02 00 08; 40 02 00 07")
			c.out()
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.publish("a", "new", 1)
			c.wantOut("3A _ L'a 00 01 5:00 '0; 62 02 00 02; 62 02 00 04; 3A _ L'a 00 05 5:00 '4; 3C _ L'a 00 06 5:00 '5;"+
				"3A _ L'a 00 09 5:00 '8; 3C _ L'a 00 0A 5:00 '9; 32 _ L'a 00 0B 5:00 'new", "MQTT5-3.3.1-1 DUP; MQTT5-4.3.3-6 PUBREL, never PUBLISH")
			c.wantStates(c.Outgoing(), "1:0 2:3 3:4 4:3 5:0 6:1 7:4 8:4 9:0 10:1 11:0", "the list")
		})
		// One message, cut after each packet of its flow, with the server having or not having the session.
		flows := []struct {
			name        string
			qos         int
			lost        bool   // the last packet of ours never left
			in          string // what the server had answered
			again, anew string // what is sent on resume, and without a session
		}{
			{"QoS 1 PUBLISH lost", 1, true, "", "3A _ L'a 00 01 5:00 'x", "32 _ L'a 00 01 5:00 'x"},
			{"QoS 1 after PUBLISH", 1, false, "", "3A _ L'a 00 01 5:00 'x", "32 _ L'a 00 01 5:00 'x"},
			{"QoS 1 after PUBACK", 1, false, "40 02 00 01", "", ""},
			{"QoS 2 after PUBLISH", 2, false, "", "3C _ L'a 00 01 5:00 'x", "34 _ L'a 00 01 5:00 'x"},
			{"QoS 2 after PUBREC, PUBREL lost", 2, true, "50 02 00 01", "62 02 00 01", ""},
			{"QoS 2 after PUBREL", 2, false, "50 02 00 01", "62 02 00 01", ""},
			{"QoS 2 after PUBCOMP", 2, false, "50 02 00 01; 70 02 00 01", "", ""},
		}
		for _, f := range flows {
			for _, present := range []bool{true, false} {
				for _, pumped := range []bool{true, false} {
					t.Run(fmt.Sprintf("MQTT5-3.1.2-23 MQTT5-3.1.2-5 MQTT5-3.1.2-6 MQTT311-3.1.2-4 %s, present %v, pumped %v", f.name, present, pumped), func(t *testing.T) {
						c := newTrace(t, v)
						c.connect(accepted, persistent)
						m := c.publish("a", "x", f.qos)
						m.Awaited = true
						if f.in != "" {
							c.out()
							c.in(f.in)
						}
						if f.lost {
							c.TakeOutput(nil)
						} else {
							c.out()
						}
						if pumped {
							c.pump()
						}
						c.cut()
						connack, want := accepted, f.anew
						if present {
							connack, want = resumed, f.again
						}
						c.connectQuietly(connack, persistent)
						c.wantOut(want, "on the new connection")
						c.pump()
						for n := 0; !m.Done && n < 3; n++ {
							answers := map[State]string{PubackAwaited: "40 02 00 01", PubrecAwaited: "50 02 00 01", PubcompAwaited: "70 02 00 01"}
							c.in(answers[m.State])
							c.pump()
							c.out()
						}
						if !m.Done || m.Refused || c.Outgoing().Len() != 0 {
							t.Fatalf("not complete: %+v", m)
						}
						if got := c.publish("a", "next", 1).ID; got != 2 {
							t.Fatal("identifier", got)
						}
					})
				}
			}
		}
		t.Run("cut again and again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.out()
			for range 3 {
				c.cut()
				c.connectQuietly(resumed, persistent)
				c.wantOut("3A _ L'a 00 01 5:00 '1; 3C _ L'a 00 02 5:00 '2", "again")
			}
			c.cut()
			c.begin(persistent)
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '1; 3C _ L'a 00 02 5:00 '2", "after an attempt that failed")
		})
		t.Run("MQTT5-3.1.2-4 MQTT311-3.1.2-6 a clean start: nothing is a repetition, nothing accepted is lost", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.publish("a", "3", 2)
			c.publish("a", "4", 1)
			c.out()
			c.in("50 02 00 03")
			c.out()
			c.wantEvents("of PUBREC", "pubrec 3 00")
			c.cut()
			c.connectQuietly(accepted)
			c.wantOut("32 _ L'a 00 01 5:00 '1; 34 _ L'a 00 02 5:00 '2; 32 _ L'a 00 04 5:00 '4", "MQTT5-3.3.1-3: sent as new, in order; no PUBREL")
			c.wantEvents("the third was taken over", "connack 00", "connected", "ready", "done 3",
				"session: The server has no session: 3 unacknowledged messages are sent as new ones.")
			c.wantStates(c.Outgoing(), "1:0 2:1 4:0", "the list")
		})
		t.Run("MQTT5-3.1.3-2 MQTT311-3.1.3-2 another client identifier: nothing is resumed", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.in("50 02 00 02; 34 _ L'a 00 05 5:00 'in")
			c.out()
			c.wantEvents("of PUBREC", "pubrec 2 00")
			c.cut()
			other := func(o *Options) { o.ClientID = "other" }
			c.connectQuietly(resumed, persistent, other)
			c.wantOut("32 _ L'a 00 01 5:00 '1", "no DUP, no PUBREL")
			c.in("34 _ L'a 00 05 5:00 'other")
			c.wantOut("50 02 00 05", "a new message under an old identifier")
		})
		t.Run("MQTT311-3.1.2-6 state of a clean session is not resumed by the next one", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "1", 1)
			c.out()
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("32 _ L'a 00 01 5:00 '1", "sent as new")
		})
		t.Run("MQTT5-3.2.2-4 U311-04 session present without state of ours: it goes on (pinned)", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(resumed, persistent)
			c.in("62 02 00 05")
			c.wantOut("70 4:02 5:03 00 05 5:92", "PUBCOMP for what an earlier process received")
		})
		t.Run("U5-26 CleanStart false without an expiry interval: Disconnect drops nothing (pinned)", func(t *testing.T) {
			c := newTrace(t, v)
			kept := func(o *Options) { o.CleanStart = false }
			c.connect(accepted, kept)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.in("50 02 00 02")
			c.out()
			c.pump()
			if err := c.Disconnect(packet.NormalDisconnection, nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("E0 00", "DISCONNECT")
			c.Closed()
			c.connectQuietly(accepted, kept)
			c.wantOut("32 _ L'a 00 01 5:00 '1", "what the server had not taken over is sent as new")
			c.wantEvents("what it had taken over is finished", "connack 00", "connected", "ready", "done 2", "session:")
		})
		t.Run("messages that were held back follow the resumed ones", func(t *testing.T) {
			for _, present := range []bool{true, false} {
				c := newTrace(t, v)
				c.Settings.InflightLimit = 2
				c.connect(accepted, persistent)
				for i := range 5 {
					c.publish("a", fmt.Sprint(i+1), 1)
				}
				c.wantOut("32 _ L'a 00 01 5:00 '1; 32 _ L'a 00 02 5:00 '2", "the limit is 2")
				c.wantStates(c.Outgoing(), "1:0 2:0", "those held back are not in the list")
				c.cut()
				c.Settings.InflightLimit = 3
				connack, first := accepted, "32"
				if present {
					connack, first = resumed, "3A"
				}
				c.connectQuietly(connack, persistent)
				c.publish("a", "6", 1)
				c.wantOut(first+" _ L'a 00 01 5:00 '1; "+first+" _ L'a 00 02 5:00 '2; 32 _ L'a 00 03 5:00 '3", "the first three, the third without DUP")
				c.in("40 02 00 01; 40 02 00 02; 40 02 00 03")
				c.wantOut("32 _ L'a 00 04 5:00 '4; 32 _ L'a 00 05 5:00 '5; 32 _ L'a 00 06 5:00 '6", "the rest")
			}
		})
		t.Run("an answer to the PUBLISH of the last connection does not end what waits to be sent again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.publish("a", "2", 1)
			c.publish("a", "3", 2)
			c.out()
			c.cut()
			c.Settings.InflightLimit = 1
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '1", "one at a time")
			c.in("40 02 00 02; 50 02 00 03")
			c.wantNoOut("the answers are ignored")
			c.in("40 02 00 01")
			c.wantOut("3A _ L'a 00 02 5:00 '2", "the second")
			c.in("40 02 00 02")
			c.wantOut("3C _ L'a 00 03 5:00 '3", "the third")
			c.in("50 02 00 03; 70 02 00 03")
			c.wantOut("62 02 00 03", "PUBREL")
			c.pump()
			c.wantStates(c.Outgoing(), "", "all done")
		})
		t.Run("what waited to be sent again is sent once when the session is lost then", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.out()
			c.cut()
			c.Settings.InflightLimit = 1
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '1", "the second waits")
			c.cut()
			c.Settings.InflightLimit = 0
			c.connectQuietly(accepted, persistent)
			c.wantOut("32 _ L'a 00 01 5:00 '1; 34 _ L'a 00 02 5:00 '2", "each once")
			if c.HeldBack() != 0 {
				t.Fatal(c.HeldBack())
			}
		})
		t.Run("pain 11: an end in between, 65535 to 1", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.nextID = 65533
			for i := range 4 {
				c.publish("a", fmt.Sprint(i), 1)
			}
			c.out()
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a FFFE 5:00 '0; 3A _ L'a FFFF 5:00 '1; 3A _ L'a 0001 5:00 '2; 3A _ L'a 0002 5:00 '3", "pain 11: the order is not the identifiers'")
		})
		t.Run("MQTT5-3.1.0-1 MQTT311-3.1.0-1 what the last connection has not written is no part of the next", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", string(make([]byte, DirectPayload)), 0)
			c.publish("a", "small", 0)
			c.cut()
			if n := c.OutputSize(); n != 0 {
				t.Errorf("%d bytes are left", n)
			}
			c.connectQuietly(resumed, persistent) // CONNECT is first
			c.wantNoOut("nothing else")
		})
		t.Run("a large payload is sent again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			large := strings.Repeat("x", 100000)
			c.publish("a", large, 1)
			c.publish("a", "small", 1)
			c.wantOut("32 _ L'a 00 01 5:00 '"+large+"; 32 _ L'a 00 02 5:00 'small", "first")
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '"+large+"; 3A _ L'a 00 02 5:00 'small", "again")
		})
	})
	t.Run("MQTT5-4.9.0-1 MQTT5-4.9.0-2 a smaller Receive Maximum", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		for i := range 5 {
			c.publish("a", fmt.Sprint(i+1), 1+i%2)
		}
		c.in("50 02 00 04")
		c.out()
		c.cut()
		c.connectQuietly("20 _ 01 00 { 21 0001 }", persistent)
		c.wantOut("3A _ L'a 00 01 00 '1; 62 02 00 04", "one PUBLISH; PUBREL is not held back")
		c.in("70 02 00 04")
		c.wantNoOut("the PUBCOMP of a resumed PUBREL gives nothing back")
		c.in("40 02 00 01")
		c.wantOut("3C _ L'a 00 02 00 '2", "the next")
		c.in("50 02 00 02")
		c.wantOut("62 02 00 02", "PUBREC frees nothing [MQTT5-3.3.4-7]")
		c.in("70 02 00 02")
		c.wantOut("3A _ L'a 00 03 00 '3", "the next")
		c.in("40 02 00 03")
		c.wantOut("3A _ L'a 00 05 00 '5", "the last")
		c.in("40 02 00 05")
		c.pump()
		c.wantIdle("at the end")
	})
	t.Run("MQTT5-3.2.2-11 MQTT5-3.2.2-14 MQTT5-3.2.2-15 pain 18: smaller limits", func(t *testing.T) {
		for _, present := range []string{"00", "01"} {
			c := newTrace(t, packet.V5)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Retain: true}); err != nil {
				t.Fatal(err)
			}
			c.publish("a", strings.Repeat("4", 100), 1)
			c.publish("a", "5", 1)
			c.out()
			c.cut()
			c.connectQuietly("20 _ "+present+" 00 { 24 01 25 00 27 00000064 }", persistent)
			first := "3A"
			if present == "00" {
				first = "32"
			}
			c.wantOut(first+" _ L'a 00 01 00 '1; "+first+" _ L'a 00 05 00 '5", "what the server takes")
			told := strings.Join(c.pump(), "|")
			if want := "error 505|done 2 refused|error 500|done 3 refused|error 10040|done 4 refused"; !strings.Contains(told, want) {
				t.Fatalf("got %q, want %q in it", told, want)
			}
			c.wantStates(c.Outgoing(), "1:0 5:0", "the list")
		}
	})
	t.Run("MQTT5-4.3.3-7 message expiry does not stop a message that was sent", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		p := packet.Properties(nil).AppendUint(packet.PropMessageExpiryInterval, 1)
		if _, err := c.Publish(&Publish{Topic: "a", QoS: 2, Properties: p}); err != nil {
			t.Fatal(err)
		}
		c.out()
		c.cut()
		c.now += 1000 * second
		c.connectQuietly(resumed, persistent)
		c.wantOut("3C _ L'a 00 01 { 02 00000001 }", "identical rest")
	})
	t.Run("another version on the next connection", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 22 0001 }", persistent)
		p := packet.Properties(nil).AppendString(packet.PropContentType, "t")
		if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Alias: 1, Properties: p}); err != nil {
			t.Fatal(err)
		}
		c.wantOut("32 _ L'a 00 01 { 03 L't 23 0001 }", "v5")
		c.cut()
		c.v = packet.V311
		c.connectQuietly(resumed, persistent)
		c.wantOut("3A _ L'a 00 01", "3.1.1")
		c.cut()
		c.v = packet.V5
		c.connectQuietly(resumed, persistent)
		c.wantOut("3A _ L'a 00 01 { 03 L't }", "v5 again")
	})
}

func TestQuota(t *testing.T) {
	t.Run("MQTT5-3.3.4-7 MQTT5-4.9.0-2 Receive Maximum", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0002 }")
		c.publish("a", "1", 2)
		c.publish("a", "2", 1)
		c.publish("a", "3", 1)
		c.publish("a", "4", 2)
		c.publish("a", "5", 0)
		c.wantOut("34 _ L'a 00 01 00 '1; 32 _ L'a 00 02 00 '2; 30 _ L'a 00 '5", "QoS 0 overtakes")
		if c.HeldBack() != 2 {
			t.Fatal(c.HeldBack())
		}
		c.in("50 02 00 01")
		c.wantOut("62 02 00 01", "PUBREC frees nothing")
		c.in("70 02 00 01")
		c.wantOut("32 _ L'a 00 03 00 '3", "PUBCOMP frees one")
		c.in("40 02 00 02; 40 02 00 03")
		c.wantOut("34 _ L'a 00 04 00 '4", "PUBACK frees one")
		c.in("50 03 00 04 80")
		c.publish("a", "6", 1)
		c.publish("a", "7", 1)
		c.publish("a", "8", 1)
		c.wantOut("32 _ L'a 00 05 00 '6; 32 _ L'a 00 06 00 '7", "PUBREC with an error frees one; never more than two")
	})
	t.Run("MQTT5-3.3.4-8 MQTT5-4.9.0-3 nothing else is held back", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0001 }")
		c.publish("a", "", 2)
		c.publish("a", "held", 1)
		c.out()
		if _, err := c.Subscribe([]Subscription{{Filter: "f"}}, 0, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Unsubscribe([]string{"f"}, "f", nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(c.now); err != nil {
			t.Fatal(err)
		}
		c.in("34 _ L'a 00 09 00; 32 _ L'a 00 08 00; 62 02 00 09")
		c.pump()
		if err := c.Disconnect(0, nil); err != nil {
			t.Fatal(err)
		}
		c.wantOut("82 _ 00 03 00 L'f 00; A2 _ 00 04 00 L'f; C0 00; 50 02 00 09; 40 02 00 08; 70 02 00 09; E0 00", "at once")
	})
	t.Run("InflightLimit", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.Settings.InflightLimit = 1
			c.connect("20 _ 00 00 { 21 0005 }")
			c.publish("a", "1", 1)
			c.publish("a", "2", 1)
			c.wantOut("32 _ L'a 00 01 5:00 '1", "one")
			c.Settings.InflightLimit = 9
			c.in("40 02 00 01")
			c.wantOut("32 _ L'a 00 02 5:00 '2", "the next")
			if v == packet.V5 {
				c.cut()
				c.connectQuietly("20 _ 00 00 { 21 0001 }")
				c.out()
				c.publish("a", "3", 1)
				c.wantNoOut("the server's is the smaller")
			}
		})
	})
	t.Run("a long queue keeps its order and its memory", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0001 }")
		next := 0
		for i := range 3000 {
			c.publish("a", fmt.Sprint(i), 1)
			if i%3 != 0 {
				c.in(fmt.Sprintf("40 02 %04X", next+1))
				next++
			}
			c.out()
			c.pump()
		}
		for ; next < 2999; next++ {
			c.in(fmt.Sprintf("40 02 %04X", next+1))
			c.wantOut(fmt.Sprintf("32 _ L'a %04X 00 '%d", next+2, next+1), "in order")
		}
		if cap(c.waiting.messages) > 4096 {
			t.Fatal("the queue holds", cap(c.waiting.messages))
		}
	})
}
