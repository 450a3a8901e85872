package protocol

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// given feeds PUBLISH packets of a server and returns the messages that the pump gets for them.
func (c *trace) given(line string) (list []*Message) {
	c.t.Helper()
	c.in(line)
	c.take()
	for i := range c.held {
		for m := c.held[i].Message; m != nil; m = c.held[i].Next(m) {
			list = append(list, m)
		}
	}
	return list
}

// A message is taken and answered by its QoS whatever the client has subscribed to, and whether it has subscribed at
// all.
func TestNothingIsExpected(t *testing.T) {
	const all = "30 _ L'x/y 5:00 'zero; 32 _ L'x/y 00 05 5:00 'one; 34 _ L'x/y 00 06 5:00 'two; 62 02 00 06"
	want := []string{"in 0 x/y zero", "in 1 #5 x/y one", "in 2 #6 x/y two"}
	const answers = "50 02 00 06; 40 02 00 05; 70 02 00 06"
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.3.2-3 MQTT311-3.3.2-3 MQTT5-4.5.0-2 MQTT311-4.5.0-2 no subscription", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in(all)
			c.wantEvents("of all", want...)
			c.wantOut(answers, "answered by QoS")
		})
		t.Run("MQTT5-3.3.2-3 MQTT311-3.3.2-3 a topic that no filter matches", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a/+")
			c.out()
			c.in("90 _ 00 01 5:00 01;" + all)
			c.wantEvents("of all", append([]string{"subscribed 1 a/+ 01"}, want...)...)
			c.wantOut(answers, "answered by QoS")
		})
		t.Run("MQTT5-3.10.4-2 MQTT311-3.10.4-2 between UNSUBSCRIBE and UNSUBACK, and late", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			if _, err := c.Unsubscribe([]string{"x/y"}, "", nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("A2 _ 00 01 5:00 L'x/y", "UNSUBSCRIBE")
			c.in(all)
			c.wantEvents("before UNSUBACK", want...)
			c.wantOut(answers, "before UNSUBACK")
			c.in("B0 _ 00 01 5:00 5:00;" + all)
			c.wantEvents("behind it", append([]string{"unsubscribed 1 x/y" + map[packet.Version]string{packet.V5: " 00"}[v]}, want...)...)
			c.wantOut(answers, "behind it")
		})
		t.Run("MQTT5-3.10.4-3 MQTT311-3.10.4-3 a QoS 2 exchange is finished after UNSUBACK", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("34 _ L'x/y 00 06 5:00 'two")
			if _, err := c.Unsubscribe([]string{"x/y"}, "", nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("50 02 00 06; A2 _ 00 01 5:00 L'x/y", "PUBREC, UNSUBSCRIBE")
			c.in("B0 _ 00 01 5:00 5:00; 62 02 00 06")
			if got := c.pump(); len(got) != 2 || got[1] != "in 2 #6 x/y two" {
				t.Fatal(got)
			}
			c.wantOut("70 02 00 06", "PUBCOMP")
		})
		t.Run("MQTT5-3.3.4-2 MQTT311-3.3.5-1 MQTT5-3.8.4-8 MQTT311-3.8.4-6 several copies, each with a QoS of its own", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("x/y", "x/+", "#")
			c.out()
			c.in("90 _ 00 01 5:00 00 01 02; 34 _ L'x/y 00 01 5:00 'c; 32 _ L'x/y 00 02 5:00 'c; 32 _ L'x/y 00 03 5:00 'c; 30 _ L'x/y 5:00 'c; 62 02 00 01")
			c.wantEvents("of all copies", "subscribed 1 x/y,x/+,# 00 01 02", "in 1 #2 x/y c", "in 1 #3 x/y c", "in 0 x/y c", "in 2 #1 x/y c")
			c.wantOut("50 02 00 01; 40 02 00 02; 40 02 00 03; 70 02 00 01", "each is answered by the QoS of its packet")
		})
		t.Run("MQTT5-4.6.0-5 MQTT311-4.6.0-6 in the order of the wire", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			var line, want []string
			for i := range 30 {
				topic := string(rune('a' + i%3))
				line = append(line, fmt.Sprintf("3%d _ L'%s %s 5:00 'm%d", 2*(i%2), topic, []string{"", fmt.Sprintf("00 %02X", i)}[i%2], i))
				want = append(want, []string{"in 0 ", fmt.Sprintf("in 1 #%d ", i)}[i%2]+fmt.Sprintf("%s m%d", topic, i))
			}
			c.in(strings.Join(line, ";"))
			c.wantEvents("in order", want...)
		})
		t.Run("MQTT5-3.3.1-9 MQTT5-3.3.1-12 MQTT5-3.3.1-13 MQTT311-3.3.1-6 MQTT311-3.3.1-8 MQTT311-3.3.1-9 RETAIN is handed on as it came, before SUBACK and behind it", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a")
			c.out()
			c.in("31 _ L'a 5:00 '1; 33 _ L'a 00 01 5:00 '2; 90 _ 00 01 5:00 01; 33 _ L'a 00 02 5:00 '3; 30 _ L'a 5:00 '4; 35 _ L'a 00 03 5:00 '5; 62 02 00 03")
			c.wantEvents("of all", "in 0 a 1 retained", "in 1 #1 a 2 retained", "subscribed 1 a 01", "in 1 #2 a 3 retained", "in 0 a 4", "in 2 #3 a 5 retained")
		})
		t.Run("MQTT5-3.3.1-5 MQTT5-3.3.1-6 MQTT311-3.3.1-5 MQTT311-3.3.1-10 an empty payload, retained: sent and delivered", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Retain: true}); err != nil {
				t.Fatal(err)
			}
			c.wantOut("33 _ L'a 00 01 5:00", "RETAIN, nothing behind the header")
			c.in("31 _ L'a 5:00; 33 _ L'a 00 07 5:00")
			c.wantEvents("of both", "in 0 a  retained", "in 1 #7 a  retained")
		})
		t.Run("MQTT5-4.7.3-4 MQTT5-4.7.2-1 MQTT311-4.7.3-4 MQTT311-4.7.2-1 names and filters are bytes: nothing is normalised or matched here", func(t *testing.T) {
			for _, name := range []string{"A", "a", "/", "//", "a//b", "/a/", " ", "caf\u00E9", "cafe\u0301", "\uFB01", "$SYS/x", "$share"} {
				text := fmt.Sprintf("%04X %X", len(name), name)
				c := newTrace(t, v)
				c.connect(accepted)
				c.publish(name, "p", 0)
				c.subscribe(name, "#", "+/x")
				if _, err := c.Unsubscribe([]string{name}, "", nil); err != nil {
					t.Fatal(err)
				}
				c.wantOut("30 _ "+text+" 5:00 'p; 82 _ 00 01 5:00 "+text+" 01 L'# 01 L'+/x 01; A2 _ 00 02 5:00 "+text, "byte for byte")
				c.in("30 _ " + text + " 5:00 'p")
				c.wantEvents("delivered as it came", "out "+name+" p", "in 0 "+name+" p")
			}
		})
	})
}

// What 5.0 says beside topic and payload reaches the program as it was sent.
func TestPropertiesArriveUnaltered(t *testing.T) {
	t.Run("MQTT5-3.3.2-4 MQTT5-3.3.2-15 MQTT5-3.3.2-16 MQTT5-3.3.2-17 MQTT5-3.3.2-18 MQTT5-3.3.2-20 every other property", func(t *testing.T) {
		const all = "01 01 26 L'n L'2 03 L't/x 08 L'r/y 09 0003 00FF00 26 L'n L'1 26 0000 0000 26 L'n L'2"
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		for _, m := range c.given("30 _ L'a { " + all + " } 'text; 32 _ L'a 00 01 { " + all + " } 'text; 30 _ L'a { 01 00 09 0000 } 'text") {
			want := wire(packet.V5, all)
			if n := len(m.Properties); n == 5 {
				want = wire(packet.V5, "01 00 09 0000")
			}
			if string(m.Properties) != string(want) {
				t.Errorf("% X, want % X", m.Properties, want)
			}
		}
		if n := len(c.pump()); n != 3 {
			t.Fatal(n)
		}
	})
	t.Run("MQTT5-3.3.2-6 Message Expiry Interval", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		for i, m := range c.given("30 _ L'a { 02 00000000 }; 30 _ L'a { 02 0000003C }; 30 _ L'a { 02 FFFFFFFF }") {
			if v, ok := m.Properties.Uint(packet.PropMessageExpiryInterval); !ok || v != []uint32{0, 60, 0xFFFFFFFF}[i] {
				t.Errorf("message %d: %d, %t", i, v, ok)
			}
		}
		c.wantEvents("an interval of 0 does not stop it", "in 0 a ", "in 0 a ", "in 0 a ")
	})
	t.Run("MQTT5-3.3.4-4 MQTT5-3.3.4-5 subscription identifiers, of one copy in any order and of several", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		var got []string
		for _, m := range c.given("30 _ L'a { 0B 07 0B 01 0B FFFFFF7F }; 32 _ L'a 00 01 { 0B 01 0B 07 }; 30 _ L'a { 0B 01 }; 30 _ L'a { 0B 07 }; 30 _ L'a { 0B 07 0B 07 }; 30 _ L'a 00") {
			got = append(got, fmt.Sprint(slices.Collect(m.Properties.SubscriptionIdentifiers())))
		}
		if want := []string{"[7 1 268435455]", "[1 7]", "[1]", "[7]", "[7 7]", "[]"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if n := len(c.pump()); n != 6 {
			t.Errorf("%d deliveries, want one for each copy", n)
		}
	})
}

// A client that takes every message never refuses one: PUBREC is always a success, and the exchange is completed.
func TestNothingIsRefused(t *testing.T) {
	t.Run("MQTT5-4.3.3-9 MQTT5-4.8.2-6 what another client might refuse gets PUBACK, PUBREC and PUBCOMP of success (pinned)", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		for _, m := range []string{
			"{ 01 01 } FF",              // a payload that is not the text that it claims to be
			"{ 02 00000000 } 'late",     // one that has expired
			"{ 08 0000 09 0000 } 'a",    // a request with an empty response topic
			"{ 26 0000 0000 0B 05 } 'x", // an identifier that was never subscribed with
		} {
			for range 2 { // the identifiers are free again
				c.in("32 _ L'a 00 05 " + m + "; 34 _ L'a 00 06 " + m + "; 62 02 00 06")
				if n := len(c.pump()); n != 2 {
					t.Fatalf("%s: %d deliveries", m, n)
				}
				c.wantOut("50 02 00 06; 40 02 00 05; 70 02 00 06", m)
			}
		}
	})
	t.Run("MQTT5-4.3.3-13 expired between PUBREC and PUBREL, and between PUBLISH and the pump", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.in("34 _ L'a 00 06 { 02 00000001 } 'two; 32 _ L'a 00 05 { 02 00000001 } 'one")
		c.wantOut("50 02 00 06", "PUBREC")
		c.advance(time.Hour)
		c.in("62 02 00 06")
		c.wantEvents("both", "in 1 #5 a one", "in 2 #6 a two")
		c.wantOut("40 02 00 05; 70 02 00 06", "PUBACK, PUBCOMP")
	})
	t.Run("MQTT5-4.8.2-4 a delivery of a shared subscription that was cut off is completed on the next connection", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		c.subscribe("$share/g/a/+")
		c.out()
		c.in("90 _ 00 01 00 02; 34 _ L'a/b 00 06 00 'two")
		c.wantOut("50 02 00 06", "PUBREC")
		c.cut()
		c.pump()
		c.connect(resumed, persistent)
		c.in("3C _ L'a/b 00 06 00 'two; 62 02 00 06; 62 02 00 06")
		c.wantEvents("one delivery", "in 2 #6 a/b two")
		c.wantOut("50 02 00 06; 70 02 00 06; 70 02 00 06", "PUBREC, and PUBCOMP for each PUBREL")
	})
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT311-4.8.0-2 what was not handed over is not acknowledged, and comes again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.in("32 _ L'a 00 05 5:00 'one; 34 _ L'a 00 06 5:00 'two; 62 02 00 06")
			c.wantOut("50 02 00 06", "the pump does not run: neither PUBACK nor PUBCOMP")
			c.take()
			c.cut()
			c.held = nil // the program is gone with what it was not told
			c.connectQuietly(resumed, persistent)
			c.in("3A _ L'a 00 05 5:00 'one; 62 02 00 06")
			c.wantNoOut("still not")
		})
		t.Run("MQTT311-4.1.0-2 a clean session lasts as long as its connection", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.in("34 _ L'b 00 06 5:00 'two")
			c.out()
			c.advance(1000 * time.Hour)
			c.wantStates(c.Outgoing(), "1:0 2:1", "after long idleness")
			c.wantStates(c.Incoming(), "6:7", "after long idleness")
			c.in("40 02 00 01; 50 02 00 02; 70 02 00 02; 62 02 00 06")
			if told := strings.Join(c.pump(), "; "); !strings.Contains(told, "in 2 #6 b two") || strings.Count(told, "done") != 2 {
				t.Fatal(told)
			}
			c.wantOut("62 02 00 02; 70 02 00 06", "PUBREL, PUBCOMP")
		})
	})
}
