package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// busy is a connection with exchanges open in both directions: outbound 1 QoS 1, 2 QoS 2, 3 QoS 2 after PUBREC, 4
// SUBSCRIBE, 5 UNSUBSCRIBE; inbound 21 QoS 1 not delivered, 22 QoS 2 after PUBREC, 23 QoS 2 after PUBREL.
func busy(t testing.TB, v packet.Version, change ...option) *trace {
	c := newTrace(t, v)
	c.connect(accepted, append([]option{persistent, func(o *Options) { o.TopicAliasMaximum = 5 }}, change...)...)
	c.publish("a", "1", 1)
	c.publish("a", "2", 2)
	c.publish("a", "3", 2)
	c.subscribe("a")
	if _, err := c.Unsubscribe([]string{"a"}, "", nil); err != nil {
		t.Fatal(err)
	}
	c.in("50 02 00 03; 32 _ L'b 00 15 5:00 'x; 34 _ L'b 00 16 5:00 'y; 34 _ L'b 00 17 5:00 'z; 62 02 00 17")
	c.out()
	c.take()
	return c
}

const (
	busyOutgoing = "1:0 2:1 3:3"
	busyIncoming = "21:5 22:7 23:8"
)

// wantUntouched checks that the packet at fault had no effect on the exchanges of busy, and that a fresh connection
// works with them.
func (c *trace) wantUntouched(why string) {
	c.t.Helper()
	c.wantStates(c.Outgoing(), busyOutgoing, why)
	c.wantStates(c.Incoming(), busyIncoming, why)
	c.held = nil
	c.Closed()
	c.pump()
	c.connectQuietly(resumed, persistent)
	c.wantOut("3A _ L'a 00 01 5:00 '1; 3C _ L'a 00 02 5:00 '2; 62 02 00 03", why+": resumed")
}

func TestMalformed(t *testing.T) {
	const (
		malformed = packet.MalformedPacket
		protocol  = packet.ProtocolError
	)
	type row struct {
		name   string
		in     string
		reason packet.ReasonCode
	}
	rows := []row{
		{"type 0", "00 00", malformed},
		{"MQTT5-3.1.0-2 CONNECT", "10 00", protocol},
		{"MQTT5-3.8.1-1 SUBSCRIBE", "82 00", protocol},
		{"MQTT5-3.10.1-1 UNSUBSCRIBE", "A2 00", protocol},
		{"PINGREQ", "C0 00", protocol},
		{"MQTT5-3.2.0-2 CONNACK again", accepted, protocol},
		{"MQTT5-3.3.1-4 MQTT311-3.3.1-4 PUBLISH QoS 3", "36 _ L'a 00 09 5:00", malformed},
		{"MQTT5-3.3.1-2 MQTT311-3.3.1-2 PUBLISH DUP with QoS 0", "38 _ L'a 5:00", malformed},
		{"MQTT5-1.5.5-1 U311-06 Remaining Length in five bytes", "30 FF FF FF FF", malformed},
		{"MQTT5-1.5.5-1 Remaining Length longer than needed", "D0 80 00", malformed},
		{"U311-07 PINGRESP with a body", "D0 01 00", malformed},
		{"U311-07 PUBACK of one byte", "40 01 00", malformed},
		{"PUBREC of one byte", "50 01 00", malformed},
		{"PUBREL of one byte", "62 01 00", malformed},
		{"PUBCOMP of one byte", "70 01 00", malformed},
		{"empty PUBLISH", "30 00", malformed},
		{"MQTT5-3.3.2-1 MQTT311-3.3.2-1 topic past the end", "30 05 00 09 'abc", malformed},
		{"no identifier", "32 03 00 01 'a", malformed},
		{"MQTT5-2.2.1-4 MQTT311-2.3.1-1 identifier 0, QoS 1", "32 _ L'a 0000 5:00", protocol},
		{"identifier 0, QoS 2", "34 _ L'a 0000 5:00", protocol},
		{"MQTT5-2.2.1-5 PUBACK 0", "40 02 00 00", protocol},
		{"PUBREC 0", "50 02 00 00", protocol},
		{"PUBREL 0", "62 02 00 00", protocol},
		{"PUBCOMP 0", "70 02 00 00", protocol},
		{"SUBACK 0", "90 _ 00 00 5:00 00", protocol},
		{"UNSUBACK 0", "B0 _ 00 00 5:00 5:00", protocol},
		{"MQTT5-1.5.4-1 MQTT311-1.5.3-1 surrogate", "32 _ 0004 'a EDA080 00 09 5:00", malformed},
		{"overlong UTF-8", "32 _ 0002 C080 00 09 5:00", malformed},
		{"stray continuation", "32 _ 0001 80 00 09 5:00", malformed},
		{"MQTT5-1.5.4-2 MQTT311-1.5.3-2 U+0000", "32 _ 0003 'a 00 'b 00 09 5:00", malformed},
		{"MQTT5-3.3.2-2 MQTT311-3.3.2-2 wildcard", "32 _ L'a/+ 00 09 5:00", protocol},
		{"wildcard #", "30 _ L'# 5:00", protocol},
		{"SUBACK without an identifier", "90 01 00", malformed},
		{"UNSUBACK without an identifier", "B0 01 00", malformed},
		{"MQTT5-3.9.3-2 MQTT311-3.9.3-2 SUBACK 03", "90 _ 00 04 5:00 03", protocol},
		{"SUBACK 7F", "90 _ 00 04 5:00 7F", protocol},
	}
	for _, first := range []string{"21", "41", "42", "51", "60", "61", "63", "6A", "71", "91", "B1", "D1"} {
		rows = append(rows, row{"MQTT5-2.1.3-1 MQTT5-3.6.1-1 MQTT311-2.2.2-2 flags " + first, first + " 02 00 01", malformed})
	}
	v311 := []row{
		{"type 15", "F0 00", malformed},
		{"MQTT311-4.7.3-1 empty topic", "30 02 0000", malformed},
		{"PUBACK of three bytes", "40 03 00 01 00", malformed},
		{"UNSUBACK of three bytes", "B0 03 00 05 00", malformed},
		{"SUBACK 87", "90 03 00 04 87", protocol},
		{"DISCONNECT", "E0 00", protocol},
	}
	v5 := []row{
		{"MQTT5-4.12.0-6 AUTH", "F0 _ 18 { 15 L'm }", protocol},
		{"AUTH without a method", "F0 00", protocol},
		{"MQTT5-3.15.2-1 AUTH 19", "F0 _ 19 { 15 L'm }", protocol},
		{"MQTT5-3.15.1-1 AUTH flags", "F1 00", malformed},
		{"MQTT5-3.14.1-1 DISCONNECT flags", "E1 00", malformed},
		{"DISCONNECT flags", "E2 02 00 00", malformed},
		{"U5-10 empty topic", "30 03 0000 00", protocol},
		{"MQTT5-2.2.2-1 PUBLISH without Property Length", "30 03 L'a", malformed},
		{"SUBACK without Property Length", "90 02 00 04", malformed},
		{"Property Length past the end", "30 _ L'a 09 01 00", malformed},
		{"Property Length that cuts a property", "30 _ L'a 03 02 0000 'x", malformed},
		{"Property Length longer than needed", "30 _ L'a 8000", malformed},
		{"a byte left over", "40 _ 00 01 00 00 00", malformed},
		{"U5-06 unknown property", "30 _ L'a { 7F 00 }", malformed},
		{"U5-06 property of another packet", "30 _ L'a { 11 00000001 }", malformed},
		{"U5-06 PUBACK with Content Type", "40 _ 00 01 00 { 03 L't }", malformed},
		{"MQTT5-3.3.2-13 Response Topic not UTF-8", "30 _ L'a { 08 0001 80 }", malformed},
		{"MQTT5-3.3.2-14 Response Topic with a wildcard", "30 _ L'a { 08 L'r/# }", protocol},
		{"MQTT5-3.3.2-19 Content Type not UTF-8", "30 _ L'a { 03 0001 80 }", malformed},
		{"MQTT5-1.5.7-1 name not UTF-8", "30 _ L'a { 26 0001 80 L'v }", malformed},
		{"MQTT5-1.5.7-1 value with U+0000", "30 _ L'a { 26 L'k 0001 00 }", malformed},
		{"Reason String not UTF-8", "90 _ 00 04 { 1F 0001 80 } 00", malformed},
		{"MQTT5-3.3.2-4 U5-08 Payload Format Indicator 2", "30 _ L'a { 01 02 }", protocol},
		{"MQTT5-3.3.4-3 U5-08 Subscription Identifier 0", "30 _ L'a { 0B 00 }", protocol},
		{"Subscription Identifier longer than needed", "30 _ L'a { 0B 8100 }", malformed},
		{"MQTT5-3.4.2-1 PUBACK 92", "40 03 00 01 92", protocol},
		{"MQTT5-3.5.2-1 PUBREC 01", "50 03 00 02 01", protocol},
		{"MQTT5-3.6.2-1 PUBREL 80", "62 03 00 16 80", protocol},
		{"MQTT5-3.7.2-1 PUBCOMP 80", "70 03 00 03 80", protocol},
		{"MQTT5-3.11.3-2 UNSUBACK 01", "B0 04 00 05 00 01", protocol},
		{"UNSUBACK without a code", "B0 03 00 05 00", protocol},
		{"MQTT5-3.14.2-2 DISCONNECT with Session Expiry", "E0 _ 00 { 11 00000001 }", protocol},
		{"MQTT5-3.14.2-1 DISCONNECT 04", "E0 01 04", protocol},
		{"MQTT5-3.3.2-8 alias 0", "30 _ L'a { 23 0000 }", packet.TopicAliasInvalid},
		{"alias 6 of 5", "30 _ L'a { 23 0006 }", packet.TopicAliasInvalid},
		{"alias not mapped", "30 _ 0000 { 23 0005 }", protocol},
	}
	for _, p := range []string{"01 00", "02 00000001", "03 L't", "08 L'r", "09 L'c", "23 0001"} {
		v5 = append(v5, row{"U5-07 twice " + p, "30 _ L'a { " + p + " " + p + " }", protocol})
	}
	for _, p := range []string{"40 _ 00 01 00", "50 _ 00 02 00", "62 _ 00 16 00", "70 _ 00 03 00"} {
		v5 = append(v5, row{"U5-07 MQTT5-3.4.2-2 Reason String twice in " + p, p + " { 1F L'x 1F L'x }", protocol})
	}
	both(t, func(t *testing.T, v packet.Version) {
		all := append(append([]row(nil), rows...), v311...)
		if v == packet.V5 {
			all = append(append([]row(nil), rows...), v5...)
		}
		for _, r := range all {
			t.Run("U5-01 MQTT311-4.8.0-1 "+r.name, func(t *testing.T) {
				c := busy(t, v)
				events := c.held
				c.held = nil
				c.in(r.in + "; 30 _ L'a 5:00 'late; 62 02 00 16")
				c.wantFailed(r.reason, r.name)
				if got, want := c.End().Err.Description, fmt.Sprintf("0x%02X", byte(r.reason)); !strings.Contains(got, want) {
					t.Fatalf("%q does not tell %s", got, want)
				}
				c.held = events
				c.wantUntouched(r.name)
			})
		}
		t.Run("U5-21 short and long forms are accepted", func(t *testing.T) {
			if v == packet.V311 {
				t.Skip()
			}
			for _, form := range []string{"02 %s", "03 %s 00", "04 %s 00 00"} {
				c := busy(t, v)
				c.in(fmt.Sprintf("40 "+form+"; 50 "+form+"; 62 "+form+"; 70 "+form, "0001", "0002", "0016", "0003"))
				c.wantOut("62 02 0002", form)
				c.wantStates(c.Outgoing(), "1:4 2:3 3:4", form)
				c.wantStates(c.Incoming(), "21:5 22:8 23:8", form)
			}
		})
		t.Run("U5-24 U311-05 disallowed code points are accepted (pinned)", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.in("30 _ 0002 'a 01 5:00; 30 _ 0003 EFBFBF 5:00")
			c.wantEvents("both", "in 0 a\x01 ", "in 0 \uFFFF ")
		})
	})
}

func TestMaximumPacketSize(t *testing.T) {
	limit := func(o *Options) { o.MaximumPacketSize = 100 }
	t.Run("MQTT5-3.1.2-24 U5-05 exactly the limit", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, limit)
		b := wire(packet.V5, "30 _ L'a 00 '"+strings.Repeat("x", 94))
		if len(b) != 100 {
			t.Fatal(len(b))
		}
		c.feed(b)
		if n := len(c.pump()); n != 1 {
			t.Fatal(n)
		}
	})
	t.Run("MQTT5-3.1.2-24 one more, decided from the header", func(t *testing.T) {
		for _, in := range []string{"30 63", "90 63 00", "30 FF FF FF 7F"} {
			c := newTrace(t, packet.V5)
			c.connect(accepted, limit)
			c.in(in)
			c.wantFailed(packet.PacketTooLarge, in)
		}
	})
	t.Run("pain 29 the size of what is to come is told", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.connect(accepted)
			for _, in := range [][2]int{{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 268435460}, {9, 268435460}} {
				b := []byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 'a', 0}[:in[0]]
				consumed, next := c.Receive(c.now, b, false)
				if consumed != 0 || next != in[1] {
					t.Fatalf("%d bytes: consumed %d, next %d", in[0], consumed, next)
				}
			}
			consumed, next := c.Receive(c.now, []byte{0xD0, 0, 0x40, 2, 0}, false)
			if consumed != 2 || next != 4 {
				t.Fatal(consumed, next)
			}
		})
	})
}

func TestRequestProblemInformation(t *testing.T) {
	off := func(o *Options) { o.RequestProblemInformation = 0 }
	for _, p := range []string{"1F L'x", "26 L'k L'v"} {
		for _, in := range []string{"40 _ 00 01 00 { %s }", "50 _ 00 02 00 { %s }", "62 _ 00 16 00 { %s }", "70 _ 00 03 00 { %s }", "90 _ 00 04 { %s } 00", "B0 _ 00 05 { %s } 00"} {
			in := fmt.Sprintf(in, p)
			t.Run("MQTT5-3.1.2-29 "+in, func(t *testing.T) {
				c := busy(t, packet.V5, off)
				c.held = nil
				c.in(in)
				c.wantFailed(packet.ProtocolError, in)
				c.wantUntouched(in)
				c = busy(t, packet.V5)
				c.in(in)
				if c.Phase() != Connected {
					t.Fatal("refused although it was not switched off:", c.End().Err)
				}
			})
		}
	}
	t.Run("MQTT5-3.1.2-29 PUBLISH, CONNACK and DISCONNECT may explain", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 1F L'x 26 L'k L'v }", off)
		c.in("30 _ L'a { 26 L'k L'v }; E0 _ 00 { 1F L'x 26 L'k L'v }")
		c.wantEvents("of PUBLISH", "in 0 a ")
		c.wantEnded(0, "DISCONNECT")
	})
}
