package packet

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// tell renders a field with its place; a secret one has an exclamation mark.
func (f Field) tell() string {
	s := f.Name
	switch f.Form {
	case FieldNumber:
		s += fmt.Sprintf(" %d", f.Number)
	case FieldCode:
		s += fmt.Sprintf(" %02X (%s)", f.Number, f.Meaning)
	case FieldText:
		s += fmt.Sprintf(" %q", f.Text)
	case FieldPair:
		s += fmt.Sprintf(" %q = %q", f.Text, f.Value)
	case FieldRest:
		s = "rest"
	}
	if f.Secret {
		s += " !"
	}
	return fmt.Sprintf("%s @%d-%d", s, f.Begin, f.End)
}

func tellFields(v Version, b []byte) []string {
	var told []string
	h, _ := anyHeader(b)
	for _, f := range AppendFields(nil, v, h, b) {
		told = append(told, f.tell())
	}
	return told
}

// anyHeader reads the fixed header of what need not be a packet.
func anyHeader(b []byte) (h Header, ok bool) {
	if len(b) < 2 {
		return Header{}, false
	}
	n, size := readVarint(b[1:])
	return Header{First: b[0], Length: n, Size: 1 + size}, size > 0
}

var fullConnect = framed(0x10, wire("00 04", "'MQTT", "04 F6 00 3C 00 01", "'c", "00 01", "'w", "00 03", "'bye", "00 01", "'u", "00 02", "'pw"))

func TestFields(t *testing.T) {
	tests := []struct {
		name  string
		v     Version
		bytes []byte
		want  []string
	}{
		{
			"CONNECT 3.1.1 with everything", V311, fullConnect,
			[]string{
				`Protocol Name "MQTT" @4-8`, "Protocol Level 4 @8-9", "Connect Flags F6 (Clean Session, Will, Will QoS 2, Will Retain, User Name, Password) @9-10",
				"Keep Alive 60 @10-12", `Client Identifier "c" @14-15`, `Will Topic "w" @17-18`, `Will Message "bye" ! @20-23`, `User Name "u" @25-26`, `Password "pw" ! @28-30`,
			},
		},
		{
			"CONNECT 5, whatever the version of the connection; a user name alone is a token", V311,
			framed(0x10, wire("00 04", "'MQTT", "05 84 00 00 0B 15 00 01", "'m", "16 00 02 AA BB 17 00", "00 00 02 01 01 00 01", "'w", "00 00 00 01", "'u", "00")),
			[]string{
				`Protocol Name "MQTT" @4-8`, "Protocol Version 5 @8-9", "Connect Flags 84 (Will, Will QoS 0, User Name) @9-10", "Keep Alive 0 @10-12",
				`Authentication Method "m" @16-17`, `Authentication Data "\xaa\xbb" ! @20-22`, "Request Problem Information 0 @23-24",
				`Client Identifier "" @26-26`, "Payload Format Indicator 1 @28-29", `Will Topic "w" @31-32`, `Will Payload "" ! @34-34`, `User Name "u" ! @36-37`, "rest ! @37-38",
			},
		},
		{
			"CONNACK 5", V5, wire("20 0B 01 00 08 21 00 0A 13 00 05 24 01"),
			[]string{"Connect Acknowledge Flags 01 (Session Present) @2-3", "Reason Code 00 (Success) @3-4", "Receive Maximum 10 @6-8", "Server Keep Alive 5 @9-11", "Maximum QoS 1 @12-13"},
		},
		{"CONNACK of a server that knows 3.1.1 only", V5, wire("20 02 00 01"), []string{"Connect Acknowledge Flags 00 () @2-3", "Connect Return code 01 (Unacceptable protocol version) @3-4"}},
		{
			"PUBLISH 5", V5, wire("32 12 00 01", "'t", "00 07 0A 09 00 01 FF 0B 80 01 02 00 00"),
			[]string{`Topic Name "t" @4-5`, "Packet Identifier 7 @5-7", `Correlation Data "\xff" ! @11-12`, "Subscription Identifier 128 @13-15", "rest ! @16-20"},
		},
		{"PUBLISH 3.1.1", V311, wire("30 05 00 01", "'t", "'hi"), []string{`Topic Name "t" @4-5`, `Payload "hi" ! @5-7`}},
		{"PUBLISH without a payload", V311, wire("30 03 00 01", "'t"), []string{`Topic Name "t" @4-5`}},
		{"PUBACK with everything", V5, wire("40 0D 00 01 87 09 1F 00 01", "'r", "26 00 00 00 00"), []string{"Packet Identifier 1 @2-4", "Reason Code 87 (Not authorized) @4-5", `Reason String "r" @9-10`, `User Property "" = "" @11-15`}},
		{"PUBCOMP with a code only", V5, wire("70 03 00 01 92"), []string{"Packet Identifier 1 @2-4", "Reason Code 92 (Packet Identifier not found) @4-5"}},
		{"PUBREL in short", V5, wire("62 02 00 01"), []string{"Packet Identifier 1 @2-4"}},
		{
			"SUBSCRIBE 5", V5, wire("82 0C 00 01 02 0B 05 00 01", "'a", "2D 00 02"),
			[]string{"Packet Identifier 1 @2-4", "Subscription Identifier 5 @6-7", `Topic Filter "a" @9-10`, "Subscription Options 2D (QoS 1, No Local, Retain As Published, Retain Handling 2) @10-11", "rest ! @11-14"},
		},
		{"SUBSCRIBE 3.1.1", V311, wire("82 06 00 01 00 01", "'a", "02"), []string{"Packet Identifier 1 @2-4", `Topic Filter "a" @6-7`, "Requested QoS 2 @7-8"}},
		{"SUBACK 5", V5, wire("90 06 00 01 00 00 8F 7F"), []string{"Packet Identifier 1 @2-4", "Reason Code 00 (Granted QoS 0) @5-6", "Reason Code 8F (Topic Filter invalid) @6-7", "Reason Code 7F () @7-8"}},
		{"SUBACK 3.1.1", V311, wire("90 05 00 01 02 80 81"), []string{"Packet Identifier 1 @2-4", "Return Code 02 (Success, Maximum QoS 2) @4-5", "Return Code 80 (Failure) @5-6", "Return Code 81 () @6-7"}},
		{"UNSUBSCRIBE", V5, wire("A2 06 00 01 00 00 01", "'a"), []string{"Packet Identifier 1 @2-4", `Topic Filter "a" @7-8`}},
		{"UNSUBACK 5", V5, wire("B0 04 00 01 00 11"), []string{"Packet Identifier 1 @2-4", "Reason Code 11 (No subscription existed) @5-6"}},
		{"UNSUBACK 3.1.1 that is too long", V311, wire("B0 03 00 01 00"), []string{"Packet Identifier 1 @2-4", "rest ! @4-5"}},
		{"PINGREQ", V5, wire("C0 00"), nil},
		{"DISCONNECT 3.1.1", V311, wire("E0 00"), nil},
		{"DISCONNECT 5", V5, wire("E0 07 04 05 11 00 00 00 09"), []string{"Reason Code 04 (Disconnect with Will Message) @2-3", "Session Expiry Interval 9 @5-9"}},
		{"AUTH", V5, wire("F0 0A 18 08 15 00 01", "'m", "16 00 01 01"), []string{"Reason Code 18 (Continue authentication) @2-3", `Authentication Method "m" @7-8`, `Authentication Data "\x01" ! @11-12`}},
		{"AUTH in 3.1.1, which has none", V311, wire("F0 02 18 00"), []string{"rest ! @2-4"}},
		{"a type that does not exist", V5, wire("00 02 AA BB"), []string{"rest ! @2-4"}},
		{"a text longer than the packet", V311, wire("30 05 00 09", "'abc"), []string{"rest ! @2-7"}},
		{"a property that does not exist", V5, wire("E0 04 00 02 7F 00"), []string{"Reason Code 00 (Normal disconnection) @2-3", "rest ! @5-6"}},
		{"properties longer than the packet", V5, wire("E0 04 00 09 7F 00"), []string{"Reason Code 00 (Normal disconnection) @2-3", "rest ! @4-6"}},
		{"a property longer than the list", V5, wire("30 0A 00 01", "'t", "03 03 00 02", "'abc"), []string{`Topic Name "t" @4-5`, "rest ! @7-12"}},
		{"a Property Length that is none", V5, wire("E0 06 00 80 80 80 80 01"), []string{"Reason Code 00 (Normal disconnection) @2-3", "rest ! @3-8"}},
		{"a Property Length that ends with the packet", V5, wire("E0 02 00 80"), []string{"Reason Code 00 (Normal disconnection) @2-3", "rest ! @3-4"}},
		{"cut in the topic", V311, wire("30 0A 00 05", "'to"), []string{`Topic Name "to" @4-9`, `Payload "" ! @9-12`}},
		{"cut in the payload", V311, wire("30 0A 00 01", "'tpay"), []string{`Topic Name "t" @4-5`, `Payload "pay" ! @5-12`}},
		{"cut in the name of a User Property", V5, wire("E0 0F 00 0D 26 00 05", "'na"), []string{"Reason Code 00 (Normal disconnection) @2-3", "rest ! @12-17"}},
		{"cut in the value of a User Property", V5, wire("E0 0F 00 0D 26 00 01", "'n", "00 07", "'val"), []string{"Reason Code 00 (Normal disconnection) @2-3", `User Property "n" = "val" @5-17`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := tellFields(test.v, test.bytes); !slices.Equal(got, test.want) {
				t.Errorf("% X:\n got %q\nwant %q", test.bytes, got, test.want)
			}
		})
	}
}

// FuzzFields: fields come in order and overlap nowhere; a packet that the codec accepts has no rest; the fields of the
// beginning of a packet are those of the packet, as far as the beginning goes.
func FuzzFields(f *testing.F) {
	for _, l := range propertyLists {
		for _, id := range l.allowed {
			f.Add(l.packet(id, samples[id]), true, l.from == FromServer)
			f.Add(l.packet(id, samples[id]), false, l.from == FromServer)
		}
	}
	f.Add(wire("82 06 00 01 00 01", "'a", "02"), false, false)
	f.Add(fullConnect, false, false)
	f.Fuzz(func(t *testing.T, b []byte, v5, server bool) {
		h, ok := anyHeader(b)
		if !ok {
			return
		}
		b = b[:min(len(b), h.PacketSize(), 500)]
		v, from := side(v5, server)
		fields := AppendFields(nil, v, h, b)
		at := h.Size
		for i, f := range fields {
			if f.Begin < at || f.End < f.Begin || f.End > h.PacketSize() || f.Form == FieldRest && (i < len(fields)-1 || f.End != h.PacketSize()) {
				t.Fatalf("% X: %s begins before %d or goes too far", b, f.tell(), at)
			}
			at = f.End
		}
		if x, err := decode(v, from, b); err == nil && slices.ContainsFunc(fields, func(f Field) bool { return f.Form == FieldRest }) {
			t.Fatalf("% X is %+v, and its fields end with a rest", b, x)
		}
		for n := h.Size; n < len(b); n++ {
			checkBeginning(t, fields, AppendFields(nil, v, h, b[:n:n]), n)
		}
	})
}

// checkBeginning compares the fields of a packet with those of its first n bytes.
func checkBeginning(t *testing.T, all, begun []Field, n int) {
	t.Helper()
	for i, f := range begun {
		if f.Form == FieldRest {
			return
		}
		if i >= len(all) {
			t.Fatalf("the first %d bytes have %s, the packet has not", n, f.tell())
		}
		g := all[i]
		if f.Name != g.Name || f.Form != g.Form || f.Number != g.Number || f.Meaning != g.Meaning || f.Secret != g.Secret || f.Begin != g.Begin || f.End != g.End ||
			!bytes.HasPrefix(g.Text, f.Text) || !bytes.HasPrefix(g.Value, f.Value) {
			t.Fatalf("the first %d bytes have %s, the packet %s", n, f.tell(), g.tell())
		}
	}
}
