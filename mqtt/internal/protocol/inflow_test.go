package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestReceiveQoS0(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-2.2.1-2 MQTT311-2.3.1-5 delivered, never answered", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("30 _ L'a 5:00 'hi; 31 _ L'a 5:00")
			if n, bytes := c.Pending(); n != 2 || bytes != eventOverhead+2*(messageOverhead+len("a"))+len("hi") {
				t.Fatal(n, bytes)
			}
			c.wantEvents("of both", "in 0 a hi", "in 0 a  retained")
			c.wantIdle("QoS 0 is not acknowledged")
		})
		t.Run("MQTT5-1.5.4-3 MQTT311-1.5.3-3 U+FEFF stays", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("30 _ 0004 EFBBBF 'a 5:00 'hi")
			c.wantEvents("of it", "in 0 \uFEFFa hi")
		})
		t.Run("memory of the reader is not kept unless it is given", func(t *testing.T) {
			for _, owned := range []bool{false, true} {
				c := newTrace(t, v)
				c.connect(accepted)
				long := strings.Repeat("x", 1000)
				b := wire(v, "30 _ L'a 5:00 'short; 32 _ L'a 00 01 { 03 L't } '"+long)
				c.Receive(c.now, b, owned)
				if !owned {
					clear(b)
				}
				c.wantEvents("of both", "in 0 a short", "in 1 #1 a "+long)
			}
		})
		t.Run("topics: cached, long and empty payloads", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			long := strings.Repeat("t", 300)
			for _, topic := range []string{"abc", "abd", "abc", long, long} {
				c.feed(packet.AppendPublish(nil, v, &packet.Publish{Topic: []byte(topic)}))
				c.wantEvents(topic, "in 0 "+topic+" ")
			}
		})
	})
}

func TestReceiveQoS1(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-4.3.2-4 MQTT311-4.3.2-2 acknowledged when the pump delivers it, not before", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("32 _ L'a 00 05 5:00 'hi")
			c.wantNoOut("before the pump")
			c.wantStates(c.Incoming(), "5:5", "PUBACK being sent")
			c.wantEvents("of it", "in 1 #5 a hi")
			c.wantOut("40 02 00 05", "PUBACK")
			c.wantStates(c.Incoming(), "", "delivered")
		})
		t.Run("MQTT5-4.6.0-2 MQTT311-4.6.0-2 PUBACKs in the order of the PUBLISHes", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("32 _ L'a 00 05 5:00; 32 _ L'a 00 03 5:00; 32 _ L'a 00 09 5:00; 32 _ L'a 00 01 5:00")
			c.wantStates(c.Incoming(), "5:5 3:5 9:5 1:5", "in order")
			c.pump()
			c.wantOut("40 02 00 05; 40 02 00 03; 40 02 00 09; 40 02 00 01", "PUBACKs")
		})
		t.Run("MQTT5-4.3.2-5 MQTT311-4.3.2-2 MQTT5-3.3.1-1 after PUBACK the identifier is new, DUP or not", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("32 _ L'a 00 05 5:00 '1")
			c.wantEvents("of the first", "in 1 #5 a 1")
			c.in("32 _ L'a 00 05 5:00 '2")
			c.wantEvents("of the second", "in 1 #5 a 2")
			c.in("3A _ L'a 00 05 5:00 '3")
			c.wantEvents("of the third", "in 1 #5 a 3 dup")
			c.wantOut("40 02 00 05; 40 02 00 05; 40 02 00 05", "PUBACKs")
		})
		t.Run("repeated with DUP before the pump: one delivery, one PUBACK (NATS)", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, receiveMaximum(1))
			for range 5 {
				c.in("32 _ L'a 00 05 5:00; 3A _ L'a 00 05 5:00; 3A _ L'a 00 05 5:00")
				c.wantEvents("of three", "in 1 #5 a ")
				c.wantOut("40 02 00 05", "PUBACK")
			}
		})
		t.Run("MQTT5-2.2.1-4 repeated without DUP before the pump: two messages, one PUBACK, no quota lost (pinned)", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, receiveMaximum(1))
			for range 5 {
				c.in("32 _ L'a 00 05 5:00 '1; 32 _ L'a 00 05 5:00 '2")
				c.wantEvents("of two", "in 1 #5 a 1 -", "in 1 #5 a 2")
				c.wantOut("40 02 00 05", "PUBACK")
			}
		})
		t.Run("pain 5 nothing is acknowledged after the end of the connection, nor on the next", func(t *testing.T) {
			for _, reconnect := range []bool{false, true} {
				c := newTrace(t, v)
				c.connect(accepted, persistent)
				c.in("32 _ L'a 00 05 5:00 'hi")
				c.take()
				c.cut()
				if reconnect {
					c.connectQuietly(resumed, persistent)
				}
				told := c.pump()
				if told[0] != "in 1 #5 a hi -" {
					t.Fatal(told)
				}
				c.wantNoOut("PUBACK on another connection")
				if reconnect {
					c.in("3A _ L'a 00 05 5:00 'hi")
					c.wantEvents("the server repeats it", "in 1 #5 a hi dup")
					c.wantOut("40 02 00 05", "PUBACK of the repetition")
				}
			}
		})
		t.Run("a repetition on the next connection makes the acknowledgment possible there", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent, receiveMaximum(1))
			c.in("32 _ L'a 00 05 5:00 'hi")
			c.cut()
			c.connectQuietly(resumed, persistent, receiveMaximum(1))
			c.in("3A _ L'a 00 05 5:00 'hi")
			c.wantEvents("one delivery", "in 1 #5 a hi", "connack 00", "connected", "ready")
			c.wantOut("40 02 00 05", "PUBACK on the connection that repeated it")
			c.in("32 _ L'a 00 06 5:00 'hi")
			c.wantEvents("the quota is free again", "in 1 #6 a hi")
		})
		t.Run("without a session the same identifier is another message", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("32 _ L'a 00 05 5:00 'old")
			c.cut()
			c.connectQuietly(accepted)
			c.in("3A _ L'a 00 05 5:00 'new")
			c.wantEvents("both", "in 1 #5 a old -", "connack 00", "connected", "ready", "in 1 #5 a new dup")
			c.wantOut("40 02 00 05", "one PUBACK")
		})
	})
}

func TestReceiveQoS2(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-4.3.3-8 MQTT5-4.3.3-11 MQTT311-4.3.3-2 the flow", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("34 _ L'a 00 05 5:00 'hi")
			c.wantOut("50 02 00 05", "PUBREC on receipt")
			c.wantEvents("nothing is delivered yet")
			c.wantStates(c.Incoming(), "5:7", "PUBREL awaited")
			if _, bytes := c.Pending(); bytes != 0 {
				t.Fatal("bytes are counted that the pump cannot take:", bytes)
			}
			c.in("62 02 00 05")
			if _, bytes := c.Pending(); bytes != eventOverhead+messageOverhead+len("a")+len("hi") {
				t.Fatal("bytes:", bytes)
			}
			c.wantNoOut("no PUBCOMP before the pump")
			c.wantStates(c.Incoming(), "5:8", "PUBCOMP being sent")
			c.wantEvents("of it", "in 2 #5 a hi")
			c.wantOut("70 02 00 05", "PUBCOMP")
			c.wantStates(c.Incoming(), "", "delivered")
		})
		const repetition = "session: PUBLISH of QoS 2 without DUP for packet 5, whose exchange is open: taken as a repetition."
		t.Run("MQTT5-4.3.3-10 MQTT311-4.3.3-2 repetitions at each step: PUBREC each time, one delivery", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, receiveMaximum(1))
			c.in("34 _ L'a 00 05 5:00 'hi; 3C _ L'a 00 05 5:00 'hi; 34 _ L'a 00 05 5:00 'hi")
			c.wantOut("50 02 00 05; 50 02 00 05; 50 02 00 05", "PUBRECs")
			c.in("62 02 00 05; 62 02 00 05")
			c.wantNoOut("the pump has it")
			c.in("3C _ L'a 00 05 5:00 'hi")
			c.wantOut("50 02 00 05", "even after PUBREL")
			c.wantEvents("of all", repetition, "in 2 #5 a hi")
			c.wantOut("70 02 00 05; 70 02 00 05", "PUBCOMP for each PUBREL")
			c.in("62 02 00 05")
			c.wantOut("70 4:02 5:03 00 05 5:92", "PUBREL of a finished exchange")
			c.wantIdle("nothing more")
		})
		t.Run("MQTT5-4.3.3-10 MQTT311-4.3.3-2 a repetition without DUP is one all the same: one message in the list", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("34 _ L'a 00 05 5:00 'hi; 34 _ L'a 00 05 5:00 'other")
			c.wantOut("50 02 00 05; 50 02 00 05", "PUBRECs")
			c.wantStates(c.Incoming(), "5:7", "one message")
			c.in("62 02 00 05")
			c.wantEvents("of it", repetition, "in 2 #5 a hi")
			c.wantStates(c.Incoming(), "", "delivered")
		})
		t.Run("MQTT5-4.3.3-11 MQTT311-4.3.3-2 PUBREL for a message of QoS 1 is answered and completes nothing", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("32 _ L'a 00 05 5:00 'hi; 62 02 00 05")
			c.wantOut("70 4:02 5:03 00 05 5:92", "PUBCOMP")
			c.wantStates(c.Incoming(), "5:5", "PUBACK being sent")
			c.wantEvents("of it", "in 1 #5 a hi")
			c.wantOut("40 02 00 05", "PUBACK")
		})
		t.Run("MQTT5-3.6.2-1 PUBREL with 0x92 completes it too", func(t *testing.T) {
			if v == packet.V311 {
				t.Skip()
			}
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("34 _ L'a 00 05 00 'hi; 62 03 00 05 92")
			c.wantEvents("of both", "in 2 #5 a hi")
			c.wantOut("50 02 00 05; 70 02 00 05", "PUBREC, PUBCOMP")
		})
		t.Run("MQTT5-4.3.3-12 after PUBCOMP the identifier is new", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			for range 2 {
				c.in("34 _ L'a 00 05 5:00 'hi; 62 02 00 05")
				c.wantEvents("of it", "in 2 #5 a hi")
				c.wantOut("50 02 00 05; 70 02 00 05", "PUBREC, PUBCOMP")
			}
		})
		t.Run("MQTT5-4.6.0-3 MQTT311-4.6.0-3 PUBRECs in the order of the PUBLISHes", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("34 _ L'a 00 05 5:00; 34 _ L'a 00 03 5:00; 34 _ L'a 00 09 5:00; 62 02 00 09; 62 02 00 05")
			c.wantOut("50 02 00 05; 50 02 00 03; 50 02 00 09", "PUBRECs")
			c.wantEvents("in the order of the PUBRELs", "in 2 #9 a ", "in 2 #5 a ")
			c.wantOut("70 02 00 09; 70 02 00 05", "PUBCOMPs")
		})
		t.Run("MQTT5-2.2.1-4 identifier in use by another QoS", func(t *testing.T) {
			for _, in := range []string{"34 _ L'a 00 05 5:00 'x; 32 _ L'a 00 05 5:00 'y", "32 _ L'a 00 05 5:00 'x; 34 _ L'a 00 05 5:00 'y"} {
				c := newTrace(t, v)
				c.connect(accepted)
				first, second, _ := strings.Cut(in, ";")
				c.in(first)
				c.out()
				c.take()
				c.in(second)
				c.held = nil
				c.wantFailed(packet.ProtocolError, in)
			}
		})
		t.Run("each direction has its own identifiers", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "mine", 2)
			c.in("34 _ L'a 00 01 5:00 'theirs; 50 02 00 01; 62 02 00 01; 70 02 00 01")
			c.wantEvents("of both", "pubrec 1 00", "in 2 #1 a theirs", "done 1 PUBCOMP 00")
			c.wantOut("34 _ L'a 00 01 5:00 'mine; 50 02 00 01; 62 02 00 01; 70 02 00 01", "both flows")
		})
		// The cuts come after each packet of the flow; "pumped" says whether the pump has delivered the message.
		t.Run("MQTT5-3.1.2-23 MQTT311-3.1.2-4 cut after PUBREC: PUBLISH again, PUBREL", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent, receiveMaximum(1))
			c.in("34 _ L'a 00 05 5:00 'hi")
			c.TakeOutput(nil) // PUBREC is lost
			c.cut()
			c.connect(resumed, persistent, receiveMaximum(1))
			c.wantStates(c.Incoming(), "5:7", "kept")
			c.in("3C _ L'a 00 05 5:00 'hi; 62 02 00 05")
			c.wantEvents("one delivery", "in 2 #5 a hi")
			c.wantOut("50 02 00 05; 70 02 00 05", "PUBREC, PUBCOMP")
			c.in("34 _ L'a 00 06 5:00 'hi")
			c.wantOut("50 02 00 06", "the quota is free again")
		})
		t.Run("cut after PUBREL, before the pump: PUBCOMP only for the PUBREL of the new connection", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'hi; 62 02 00 05")
			c.out()
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantEvents("of both", "in 2 #5 a hi -", "connack 00", "connected", "ready")
			c.wantNoOut("an old acknowledgment on a new connection")
			c.in("62 02 00 05")
			c.wantOut("70 4:02 5:03 00 05 5:92", "PUBCOMP for the repeated PUBREL")
			c.wantEvents("no second delivery")
		})
		t.Run("cut after PUBREL, the PUBREL comes again before the pump", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'hi; 62 02 00 05")
			c.out()
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.in("62 02 00 05")
			c.wantNoOut("the pump completes it")
			c.wantEvents("of both", "in 2 #5 a hi", "connack 00", "connected", "ready")
			c.wantOut("70 02 00 05", "PUBCOMP")
		})
		t.Run("MQTT5-4.3.3-11 MQTT311-4.3.3-2 PUBREL comes again on the same connection before the pump: a PUBCOMP for each", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'hi; 62 02 00 05; 62 02 00 05; 62 02 00 05")
			c.wantOut("50 02 00 05", "PUBREC")
			c.wantEvents("one delivery", "in 2 #5 a hi")
			c.wantOut("70 02 00 05; 70 02 00 05; 70 02 00 05", "PUBCOMPs")
			c.in("34 _ L'a 00 05 5:00 'ho; 62 02 00 05")
			c.wantOut("50 02 00 05", "PUBREC of the next message")
			c.wantEvents("the next one", "in 2 #5 a ho")
			c.wantOut("70 02 00 05", "PUBCOMP")
		})
		t.Run("cut, delivered without a connection, PUBREL again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'hi; 62 02 00 05")
			c.cut()
			c.wantEvents("without a connection", "in 2 #5 a hi -")
			c.connect(resumed, persistent)
			c.in("62 02 00 05")
			c.wantOut("70 4:02 5:03 00 05 5:92", "PUBCOMP")
			c.wantIdle("no second delivery")
		})
		t.Run("cut after PUBCOMP: PUBREL again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'hi; 62 02 00 05")
			c.wantEvents("of it", "in 2 #5 a hi")
			c.TakeOutput(nil)
			c.cut()
			c.connect(resumed, persistent)
			c.in("62 02 00 05")
			c.wantOut("70 4:02 5:03 00 05 5:92", "PUBCOMP again")
			c.wantIdle("no second delivery")
		})
		t.Run("MQTT5-3.2.2-5 MQTT311-3.2.2-3 the server has lost the session: what was taken over is delivered, the identifier is new", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'old")
			c.cut()
			c.connectQuietly(accepted, persistent)
			c.in("34 _ L'a 00 05 5:00 'new")
			c.wantOut("50 02 00 05", "PUBREC of the new one")
			c.in("62 02 00 05")
			c.wantEvents("of all", "connack 00", "connected", "ready", "in 2 #5 a old -", "in 2 #5 a new")
			c.wantOut("70 02 00 05", "PUBCOMP of the new one")
		})
	})
}

func TestReceiveMaximum(t *testing.T) {
	t.Run("one too many, from a server that is known for it", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.Settings.AllowReceiveMaximumExceeded = true
		c.connect(accepted, receiveMaximum(1))
		c.in("32 _ L'a 00 01 00 '1; 34 _ L'a 00 02 00 '2; 32 _ L'a 00 03 00 '3")
		c.wantEvents("of all", "in 1 #1 a 1", "session: Message 2 exceeds the Receive Maximum of this client, 1; it is taken all the same.", "in 1 #3 a 3")
		c.wantOut("50 02 00 02; 40 02 00 01; 40 02 00 03", "answers")
	})
	t.Run("U5-12 MQTT5-3.3.4-9 one too many", func(t *testing.T) {
		for _, qos := range []string{"32", "34"} {
			c := newTrace(t, packet.V5)
			c.connect(accepted, receiveMaximum(2))
			c.in("34 _ L'a 00 01 00 'x; 32 _ L'a 00 02 00; 30 _ L'a 00; 3C _ L'a 00 01 00 'x; 3A _ L'a 00 02 00")
			c.out()
			c.take()
			c.in(qos + " _ L'a 00 03 00 'late")
			c.held = nil
			c.wantFailed(packet.ReceiveMaximumExceeded, "third")
			if c.Incoming().Len() != 2 {
				t.Fatal("the packet at fault has an effect")
			}
		}
	})
	t.Run("MQTT5-3.3.4-7 MQTT5-4.9.0-2 the one too many leaves nothing behind in our own quota", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, receiveMaximum(1))
		c.in("32 _ L'a 00 05 00; 32 _ L'a 00 06 00")
		c.wantOut("E0 01 93", "DISCONNECT")
		c.Closed()
		c.pump() // the memory of both is used again
		c.connect("20 _ 00 00 { 21 0002 }")
		for range 3 {
			c.publish("a", "", 1)
		}
		c.wantOut("32 _ L'a 00 01 00; 32 _ L'a 00 02 00", "the server's Receive Maximum is 2")
	})
	t.Run("MQTT5-4.9.0-3 MQTT5-3.3.4-10 everything else is answered meanwhile", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0001 }", receiveMaximum(1))
		c.publish("a", "", 2)
		c.publish("a", "", 1)
		c.in("34 _ L'a 00 01 00; 50 02 00 01")
		c.wantOut("34 _ L'a 00 01 00; 50 02 00 01; 62 02 00 01", "PUBLISH, PUBREC, PUBREL")
		c.in("62 02 00 01; 70 02 00 01; 32 _ L'a 00 02 00")
		c.out()
		if c.Phase() != Ended {
			t.Fatal("PUBCOMP was not sent: the exchange still counts")
		}
	})
	t.Run("given back by PUBACK and PUBCOMP", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, receiveMaximum(1))
		for id := range 20 {
			c.in(fmt.Sprintf("34 _ L'a 00 %02X 00; 62 02 00 %02X", 2*id+1, 2*id+1))
			c.pump()
			c.in(fmt.Sprintf("32 _ L'a 00 %02X 00", 2*id+2))
			c.pump()
		}
		if c.Phase() != Connected {
			t.Fatal(c.End().Err)
		}
	})
	t.Run("MQTT5-4.9.0-2 exchanges resumed with PUBREL do not count: the server's quota starts anew", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent, receiveMaximum(2))
		c.in("34 _ L'a 00 01 00; 34 _ L'a 00 02 00")
		c.out()
		c.cut()
		c.connect(resumed, persistent, receiveMaximum(2))
		c.in("62 02 00 01; 62 02 00 02; 34 _ L'a 00 03 00; 34 _ L'a 00 04 00")
		c.wantOut("50 02 00 03; 50 02 00 04", "two more are within the Receive Maximum")
		c.wantEvents("of the first two", "in 2 #1 a ", "in 2 #2 a ")
		c.wantOut("70 02 00 01; 70 02 00 02", "PUBCOMPs, which give nothing back")
		c.in("32 _ L'a 00 05 00")
		c.wantFailed(packet.ReceiveMaximumExceeded, "the third on this connection")
	})
	t.Run("a repeated PUBLISH counts on its new connection, once", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent, receiveMaximum(2))
		c.in("34 _ L'a 00 01 00; 34 _ L'a 00 02 00")
		c.out()
		c.cut()
		c.connect(resumed, persistent, receiveMaximum(2))
		c.in("3C _ L'a 00 01 00; 3C _ L'a 00 02 00; 3C _ L'a 00 02 00")
		c.wantOut("50 02 00 01; 50 02 00 02; 50 02 00 02", "PUBRECs")
		c.in("34 _ L'a 00 03 00")
		c.wantFailed(packet.ReceiveMaximumExceeded, "the third on this connection")
	})
	t.Run("3.1.1 has no limit", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted, receiveMaximum(1))
		c.in("34 _ L'a 00 01; 34 _ L'a 00 02; 32 _ L'a 00 03")
		if c.Phase() != Connected {
			t.Fatal(c.End().Err)
		}
	})
	t.Run("all 65535 identifiers", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.connect(accepted)
			var b []byte
			for id := 1; id <= 65535; id++ {
				b = packet.AppendPublish(b, v, &packet.Publish{Topic: []byte("a"), QoS: 1, PacketID: uint16(id)})
			}
			c.feed(b)
			if n := c.Incoming().Len(); n != 65535 || c.Phase() != Connected {
				t.Fatal(n, c.End().Err)
			}
			if n := len(c.pump()); n != 65535 || len(c.out()) != 4*65535 {
				t.Fatal(n)
			}
		})
	})
}

func TestAliasIn(t *testing.T) {
	aliases := func(n int64) option { return func(o *Options) { o.TopicAliasMaximum = n } }
	t.Run("MQTT5-3.3.2-10 U5-11 the whole range, redefinition", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, aliases(10))
		c.in("30 _ L'one { 23 0001 }; 30 _ L'ten { 23 000A }; 30 _ 0000 { 23 0001 } 'x; 32 _ 0000 00 07 { 23 000A } 'y; 30 _ L'uno { 23 0001 }; 30 _ 0000 { 23 0001 }")
		c.wantEvents("under their topics", "in 0 one ", "in 0 ten ", "in 0 one x", "in 1 #7 ten y", "in 0 uno ", "in 0 uno ")
	})
	for name, row := range map[string]struct {
		maximum int64
		in      string
		reason  packet.ReasonCode
	}{
		"MQTT5-3.1.2-26 above the maximum":                 {5, "30 _ L'a { 23 0006 }", packet.TopicAliasInvalid},
		"MQTT5-3.1.2-26 above the maximum, empty topic":    {5, "32 _ 0000 00 01 { 23 0006 }", packet.TopicAliasInvalid},
		"MQTT5-3.1.2-27 maximum 0":                         {0, "30 _ L'a { 23 0001 }", packet.TopicAliasInvalid},
		"MQTT5-3.1.2-27 maximum absent":                    {Absent, "30 _ L'a { 23 0001 }", packet.TopicAliasInvalid},
		"MQTT5-3.3.2-8 alias 0":                            {5, "30 _ L'a { 23 0000 }", packet.TopicAliasInvalid},
		"MQTT5-3.3.2-10 not mapped":                        {5, "30 _ 0000 { 23 0002 }", packet.ProtocolError},
		"U5-10 MQTT5-4.7.3-1 empty topic without an alias": {5, "30 _ 0000 00", packet.ProtocolError},
		"MQTT5-3.3.2-11 twice":                             {5, "30 _ L'a { 23 0001 23 0001 }", packet.ProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			c.connect(accepted, aliases(row.maximum))
			c.in(row.in)
			c.wantFailed(row.reason, name)
		})
	}
	t.Run("MQTT5-3.3.2-7 forgotten by the next connection", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent, aliases(5))
		c.in("30 _ L'a { 23 0001 }")
		c.pump()
		c.cut()
		c.connect(resumed, persistent, aliases(5))
		c.in("30 _ 0000 { 23 0001 }")
		c.wantFailed(packet.ProtocolError, "the mapping of the last connection")
	})
}

func TestAliasOut(t *testing.T) {
	publish := func(c *trace, topic string, alias uint16, qos int) {
		c.t.Helper()
		if _, err := c.Publish(&Publish{Topic: topic, Alias: alias, QoS: qos}); err != nil {
			c.t.Fatal(err)
		}
	}
	t.Run("U5-11 as the caller asks", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 22 0003 }")
		publish(c, "one", 1, 0)
		c.wantOut("30 _ L'one { 23 0001 }", "the definition")
		publish(c, "one", 1, 0)
		c.wantOut("30 _ L'one { 23 0001 }", "the topic was given again")
		publish(c, "", 1, 0)
		c.wantOut("30 _ 0000 { 23 0001 }", "the alias alone")
		publish(c, "uno", 1, 1)
		publish(c, "", 1, 1)
		c.wantOut("32 _ L'uno 00 01 { 23 0001 }; 32 _ 0000 00 02 { 23 0001 }", "a new meaning")
		c.pump()
		for m := range c.Outgoing().All() {
			if m.Topic != "uno" {
				t.Fatal("pain 19: the list has an empty topic")
			}
		}
		publish(c, "p", 3, 0)
		c.wantOut("30 _ L'p { 23 0003 }", "the highest alias [MQTT5-3.2.2-17]")
	})
	t.Run("with other properties", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 22 0003 }")
		p := packet.Properties(nil).AppendString(packet.PropContentType, "t")
		if _, err := c.Publish(&Publish{Topic: "a", Alias: 2, Properties: p}); err != nil {
			t.Fatal(err)
		}
		c.wantOut("30 _ L'a { 03 L't 23 0002 }", "PUBLISH")
	})
	t.Run("MQTT5-3.3.2-7 a definition that waits for the quota has not defined anything", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0001 22 0003 }")
		publish(c, "first", 0, 1)
		publish(c, "held", 1, 1)
		publish(c, "", 1, 0)
		c.wantOut("32 _ L'first 00 01 00; 30 _ L'held { 23 0001 }", "QoS 0 overtakes with the full topic")
		publish(c, "", 1, 1)
		c.in("40 02 00 01; 40 02 00 02")
		c.wantOut("32 _ L'held 00 02 { 23 0001 }; 32 _ 0000 00 03 { 23 0001 }", "the held ones")
	})
	t.Run("two meanings, one of them held back", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0001 22 0003 }")
		publish(c, "x", 1, 1)
		publish(c, "held", 1, 1)
		publish(c, "", 1, 1)
		publish(c, "y", 1, 0)
		publish(c, "", 1, 0)
		c.wantOut("32 _ L'x 00 01 { 23 0001 }; 30 _ L'y { 23 0001 }; 30 _ 0000 { 23 0001 }", "x, y, y")
		c.in("40 02 00 01; 40 02 00 02")
		c.wantOut("32 _ L'held 00 02 { 23 0001 }; 32 _ 0000 00 03 { 23 0001 }", "held, held")
	})
	t.Run("MQTT5-3.3.2-7 MQTT5-3.3.2-9 sent again with the full topic and no alias; the table starts empty", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0002 22 0003 }", persistent)
		publish(c, "a", 1, 1)
		publish(c, "", 1, 2)
		publish(c, "", 1, 1)
		c.wantOut("32 _ L'a 00 01 { 23 0001 }; 34 _ 0000 00 02 { 23 0001 }", "the quota is 2")
		c.cut()
		c.connectQuietly("20 _ 01 00 { 22 0001 }", persistent)
		c.wantOut("3A _ L'a 00 01 00; 3C _ L'a 00 02 00; 32 _ L'a 00 03 00", "all with their topic")
		_, err := c.Publish(&Publish{Alias: 1})
		c.wantError(err, errors.ErrInvalidTopicName, "the alias of the last connection")
		_, err = c.Publish(&Publish{Topic: "a", Alias: 2})
		c.wantError(err, errors.ErrProtocol, "the smaller maximum")
		c.wantNoOut("both are refused")
		publish(c, "a", 1, 0)
		c.wantOut("30 _ L'a { 23 0001 }", "a new definition")
	})
	t.Run("MQTT5-3.2.2-18 no maximum, no alias", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		_, err := c.Publish(&Publish{Topic: "a", Alias: 1})
		c.wantError(err, errors.ErrProtocol, "no aliases")
		c.wantIdle("refused")
	})
	t.Run("a refused publish defines nothing", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 22 0001 24 00 }")
		_, err := c.Publish(&Publish{Topic: "a", Alias: 1, QoS: 1})
		c.wantError(err, errors.ErrInvalidQoS, "QoS 1")
		_, err = c.Publish(&Publish{Alias: 1})
		c.wantError(err, errors.ErrInvalidTopicName, "never defined")
	})
}
