package packet

import (
	"bytes"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"testing"
)

// propertyList is a place for properties in a packet.
type propertyList struct {
	name    string
	from    Role
	first   byte
	allowed []byte // section 4 of the wire reference
	repeat  []byte
	body    func(list []byte) []byte // a packet body with the list; needs what the ids of the list need
}

// withLength puts a Property Length before a list.
func withLength(list []byte) []byte { return append(appendVarint(nil, len(list)), list...) }

// inBody makes a body of what comes before and after the properties.
func inBody(before, after []byte) func([]byte) []byte {
	return func(list []byte) []byte { return slices.Concat(before, withLength(list), after) }
}

var propertyLists = []propertyList{
	{"CONNECT", FromClient, 0x10, wire("11 15 16 17 19 21 22 26 27"), wire("26"), inBody(wire("00 04", "'MQTT", "05 02 00 00"), wire("00 00"))},
	{"Will", FromClient, 0x10, wire("01 02 03 08 09 18 26"), wire("26"), inBody(wire("00 04", "'MQTT", "05 06 00 00 00 00 00"), wire("00 01", "'w", "00 00"))},
	{"CONNACK", FromServer, 0x20, wire("11 12 13 15 16 1A 1C 1F 21 22 24 25 26 27 28 29 2A"), wire("26"), inBody(wire("00 00"), nil)},
	{"PUBLISH of the client", FromClient, 0x30, wire("01 02 03 08 09 23 26"), wire("26"), inBody(wire("00 01", "'a"), wire("00"))},
	{"PUBLISH of the server", FromServer, 0x30, wire("01 02 03 08 09 0B 23 26"), wire("0B 26"), inBody(wire("00 01", "'a"), wire("00"))},
	{"PUBACK", FromServer, 0x40, wire("1F 26"), wire("26"), inBody(wire("00 01 80"), nil)},
	{"PUBREC", FromServer, 0x50, wire("1F 26"), wire("26"), inBody(wire("00 01 80"), nil)},
	{"PUBREL", FromServer, 0x62, wire("1F 26"), wire("26"), inBody(wire("00 01 92"), nil)},
	{"PUBCOMP", FromServer, 0x70, wire("1F 26"), wire("26"), inBody(wire("00 01 92"), nil)},
	{"SUBSCRIBE", FromClient, 0x82, wire("0B 26"), wire("26"), inBody(wire("00 01"), wire("00 01", "'a", "00"))},
	{"SUBACK", FromServer, 0x90, wire("1F 26"), wire("26"), inBody(wire("00 01"), wire("00"))},
	{"UNSUBSCRIBE", FromClient, 0xA2, wire("26"), wire("26"), inBody(wire("00 01"), wire("00 01", "'a"))},
	{"UNSUBACK", FromServer, 0xB0, wire("1F 26"), wire("26"), inBody(wire("00 01"), wire("00"))},
	{"DISCONNECT of the client", FromClient, 0xE0, wire("11 1F 26"), wire("26"), inBody(wire("80"), nil)},
	{"DISCONNECT of the server", FromServer, 0xE0, wire("1C 1F 26"), wire("26"), inBody(wire("80"), nil)},
	{"AUTH", FromServer, 0xF0, wire("15 16 1F 26"), wire("26"), inBody(wire("18"), nil)},
}

// packet makes the packet with the list, and with an Authentication Method before it where one is needed.
func (l *propertyList) packet(id byte, list []byte) []byte {
	if id != 0x15 && (l.name == "AUTH" || id == 0x16 && slices.Contains(l.allowed, 0x15)) {
		list = append(wire("15 00 01", "'m"), list...)
	}
	return framed(l.first, l.body(list))
}

// samples has each property with a legal value.
var samples = map[byte][]byte{
	0x01: wire("01 01"), 0x02: wire("02 00 00 00 01"), 0x03: wire("03 00 01", "'t"), 0x08: wire("08 00 01", "'r"),
	0x09: wire("09 00 01 FF"), 0x0B: wire("0B 80 01"), 0x11: wire("11 00 00 00 01"), 0x12: wire("12 00 01", "'a"),
	0x13: wire("13 00 01"), 0x15: wire("15 00 01", "'m"), 0x16: wire("16 00 01 FF"), 0x17: wire("17 01"),
	0x18: wire("18 00 00 00 01"), 0x19: wire("19 01"), 0x1A: wire("1A 00 01", "'i"), 0x1C: wire("1C 00 01", "'s"),
	0x1F: wire("1F 00 01", "'s"), 0x21: wire("21 00 01"), 0x22: wire("22 00 01"), 0x23: wire("23 00 01"),
	0x24: wire("24 01"), 0x25: wire("25 01"), 0x26: wire("26 00 01", "'k", "00 01", "'v"), 0x27: wire("27 00 00 00 01"),
	0x28: wire("28 01"), 0x29: wire("29 01"), 0x2A: wire("2A 01"),
}

// outOfRange has the bounded properties with values outside their bounds.
var outOfRange = map[byte][][]byte{
	0x01: {wire("01 02"), wire("01 FF")},
	0x08: {wire("08 00 01", "'+"), wire("08 00 03", "'a/#")},
	0x0B: {wire("0B 00")},
	0x17: {wire("17 02")},
	0x19: {wire("19 02")},
	0x21: {wire("21 00 00")},
	0x23: {wire("23 00 00")},
	0x24: {wire("24 02")},
	0x25: {wire("25 02")},
	0x27: {wire("27 00 00 00 00")},
	0x28: {wire("28 02")},
	0x29: {wire("29 02")},
	0x2A: {wire("2A 02")},
}

// Every identifier in every packet: U5-06 misplaced or unknown, U5-07 repeated, U5-08 out of range, cut off.
func TestPropertyRules(t *testing.T) {
	for _, list := range propertyLists {
		for id := range 256 {
			id := byte(id)
			sample, known := samples[id]
			if !known {
				sample = []byte{id, 0, 0, 0, 0}
			}
			packetType := Type(list.first >> 4)
			check := func(t *testing.T, properties []byte, want ReasonCode) {
				t.Helper()
				b := list.packet(id, properties)
				x, err := decodePoisoned(t, V5, list.from, b)
				if want != Success {
					requireReason(t, err, packetType, want)
					return
				}
				if err != nil {
					t.Fatalf("% X: %v", b, err)
				}
				checkCanonical(t, V5, list.from, b, x)
			}
			if !slices.Contains(list.allowed, id) {
				t.Run(fmt.Sprintf("U5-06 %s with %02X", list.name, id), func(t *testing.T) {
					want := MalformedPacket
					// Allowed in this packet, from the other side.
					switch list.name {
					case "PUBLISH of the client":
						if id == 0x0B {
							want = ProtocolError
						}
					case "DISCONNECT of the client":
						if id == 0x1C {
							want = ProtocolError
						}
					case "DISCONNECT of the server":
						if id == 0x11 {
							want = ProtocolError
						}
					}
					check(t, sample, want)
				})
				continue
			}
			t.Run(fmt.Sprintf("%s with %02X", list.name, id), func(t *testing.T) { check(t, sample, Success) })
			t.Run(fmt.Sprintf("U5-07 %s with %02X twice", list.name, id), func(t *testing.T) {
				want := ProtocolError
				if slices.Contains(list.repeat, id) {
					want = Success
				}
				check(t, append(bytes.Clone(sample), sample...), want)
			})
			for _, bad := range outOfRange[id] {
				t.Run(fmt.Sprintf("U5-08 %s with % X", list.name, bad), func(t *testing.T) {
					if id == 0x23 {
						check(t, bad, TopicAliasInvalid)
					} else {
						check(t, bad, ProtocolError)
					}
				})
			}
			for n := 1; n < len(sample); n++ {
				t.Run(fmt.Sprintf("%s with %02X cut to %d bytes", list.name, id, n), func(t *testing.T) {
					check(t, sample[:n], MalformedPacket)
				})
			}
		}
	}
}

// Every text property in every packet refuses bad text; binary ones take anything.
func TestPropertyText(t *testing.T) {
	text := wire("03 08 12 15 1A 1C 1F")
	for _, list := range propertyLists {
		for _, id := range list.allowed {
			for _, bad := range []string{"\x00", "a\x00", "\x80", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "12345678\xFF", "12345678\x00"} {
				value := appendBinary(nil, bad)
				var lists [][]byte
				switch {
				case id == 0x26:
					lists = [][]byte{slices.Concat([]byte{id}, value, []byte{0, 0}), slices.Concat([]byte{id, 0, 0}, value)}
				case slices.Contains(text, id):
					lists = [][]byte{append([]byte{id}, value...)}
				case id == 0x09 || id == 0x16:
					if _, err := decode(V5, list.from, list.packet(id, append([]byte{id}, value...))); err != nil {
						t.Errorf("%s, %02X with %q: %v", list.name, id, bad, err)
					}
				}
				for _, properties := range lists {
					t.Run(fmt.Sprintf("MQTT5-1.5.4-1 MQTT5-1.5.4-2 MQTT5-1.5.7-1 %s with % X", list.name, properties), func(t *testing.T) {
						_, err := decode(V5, list.from, list.packet(id, properties))
						requireReason(t, err, Type(list.first>>4), MalformedPacket)
					})
				}
			}
		}
	}
}

func TestPropertyTableIsComplete(t *testing.T) {
	for id := range 256 {
		_, known := samples[byte(id)]
		rule := PropertyID(id).rule()
		if (rule.kind != 0) != known || (rule.name != "") != known || (rule.allowed != 0) != known {
			t.Errorf("%02X: %+v", id, rule)
		}
	}
	if n := bits.OnesCount16(uint16(anywhere)); n != 11 {
		t.Errorf("%d places", n)
	}
	if got := PropReasonString.String(); got != "Reason String" {
		t.Error(got)
	}
	for id, want := range map[PropertyID]string{0x04: "property 0x04", 0x7F: "property 0x7F"} {
		if got := id.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// all has one of each property, and two of those that may repeat.
var all = func() Properties {
	var p Properties
	for _, id := range slices.Sorted(maps.Keys(samples)) {
		p = append(p, samples[id]...)
	}
	return p.AppendUserProperty("", "w").AppendUint(PropSubscriptionIdentifier, 7)
}()

func TestPropertiesAccess(t *testing.T) {
	numbers := map[PropertyID]uint32{0x0B: 128}
	for _, id := range wire("01 02 11 13 17 18 19 21 22 23 24 25 27 28 29 2A") {
		numbers[PropertyID(id)] = 1
	}
	values := map[PropertyID]string{0x03: "t", 0x08: "r", 0x09: "\xFF", 0x12: "a", 0x15: "m", 0x16: "\xFF", 0x1A: "i", 0x1C: "s", 0x1F: "s"}
	for i := range 256 {
		id := PropertyID(i)
		n, isNumber := all.Uint(id)
		if want, ok := numbers[id]; isNumber != ok || n != want {
			t.Errorf("%v: got %d, %v", id, n, isNumber)
		}
		b, isBytes := all.Bytes(id)
		if want, ok := values[id]; isBytes != ok || string(b) != want || cap(b) != len(b) {
			t.Errorf("%v: got %q, %v", id, b, isBytes)
		}
		if _, ok := Properties(nil).Uint(id); ok {
			t.Errorf("%v in nil", id)
		}
		if _, ok := Properties(nil).Bytes(id); ok {
			t.Errorf("%v in nil", id)
		}
	}
	if got := slices.Collect(all.SubscriptionIdentifiers()); !slices.Equal(got, []uint32{128, 7}) {
		t.Errorf("subscription identifiers: %v", got)
	}
	for range all.SubscriptionIdentifiers() {
		break
	}
	var pairs []string
	for name, value := range all.UserProperties() {
		pairs = append(pairs, fmt.Sprintf("%s=%s", name, value))
	}
	if !slices.Equal(pairs, []string{"k=v", "=w"}) {
		t.Errorf("user properties: %q", pairs)
	}
	for range all.UserProperties() {
		break
	}
}

func TestPropertiesAppend(t *testing.T) {
	for _, row := range []struct {
		name string
		got  Properties
		want []byte
	}{
		{"byte", Properties(nil).AppendUint(PropMaximumQoS, 1), wire("24 01")},
		{"Two Byte Integer", Properties(nil).AppendUint(PropTopicAlias, 0xFFFE), wire("23 FF FE")},
		{"Four Byte Integer", Properties(nil).AppendUint(PropMaximumPacketSize, 0x01020304), wire("27 01 02 03 04")},
		{"Variable Byte Integer", Properties(nil).AppendUint(PropSubscriptionIdentifier, 128), wire("0B 80 01")},
		{"text", Properties(nil).AppendString(PropReasonString, "ab"), wire("1F 00 02", "'ab")},
		{"text from bytes", Properties(nil).AppendBytes(PropReasonString, []byte("ab")), wire("1F 00 02", "'ab")},
		{"binary", Properties(nil).AppendBytes(PropCorrelationData, nil), wire("09 00 00")},
		{"binary from a string", Properties(nil).AppendString(PropCorrelationData, "\x00"), wire("09 00 01 00")},
		{"pair", Properties(nil).AppendUserProperty("k", ""), wire("26 00 01", "'k", "00 00")},
	} {
		if !bytes.Equal(row.got, row.want) {
			t.Errorf("%s: got % X, want % X", row.name, row.got, row.want)
		}
	}
	for name, wrong := range map[string]func(){
		"text as number":     func() { Properties(nil).AppendUint(PropReasonString, 1) },
		"undefined":          func() { Properties(nil).AppendUint(0x7F, 1) },
		"number as text":     func() { Properties(nil).AppendString(PropTopicAlias, "") },
		"pair as binary":     func() { Properties(nil).AppendBytes(PropUserProperty, nil) },
		"undefined as bytes": func() { Properties(nil).AppendBytes(0x04, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			wrong()
		}()
	}
}

// The size rule of the acknowledgements drops Reason String and User Property, and nothing else.
func TestPropertiesWithout(t *testing.T) {
	for _, ids := range []string{
		"MQTT5-3.4.2-2 MQTT5-3.4.2-3", "MQTT5-3.5.2-2 MQTT5-3.5.2-3", "MQTT5-3.6.2-2 MQTT5-3.6.2-3", "MQTT5-3.7.2-2 MQTT5-3.7.2-3",
		"MQTT5-3.14.2-3 MQTT5-3.14.2-4", "MQTT5-3.15.2-2 MQTT5-3.15.2-3",
	} {
		t.Run(ids+" properties are dropped", func(t *testing.T) {
			p := Properties(nil).AppendUserProperty("a", "b").AppendUint(PropSessionExpiryInterval, 5).
				AppendString(PropReasonString, "r").AppendUserProperty("c", "d")
			if got, want := p.Without(PropReasonString), wire("26 00 01", "'a", "00 01", "'b", "11 00 00 00 05", "26 00 01", "'c", "00 01", "'d"); !bytes.Equal(got, want) {
				t.Errorf("without Reason String: % X", got)
			}
			if got, want := p.Without(PropReasonString, PropUserProperty), wire("11 00 00 00 05"); !bytes.Equal(got, want) {
				t.Errorf("without both: % X", got)
			}
			if got := p.Without(PropReasonString, PropUserProperty, PropSessionExpiryInterval); got != nil {
				t.Errorf("without all: % X", got)
			}
			if got := p.Without(); !bytes.Equal(got, p) || &got[0] == &p[0] {
				t.Errorf("copy: % X", got)
			}
		})
	}
	if got := Properties(nil).Without(PropReasonString); got != nil {
		t.Errorf("of none: % X", got)
	}
}

// What is appended to a decoded list must not run into the body behind it.
func TestViewsDoNotGrowIntoTheBody(t *testing.T) {
	body := wire("00 01", "'a", "02 01 01", "'payload")
	want := bytes.Clone(body)
	p, err := DecodePublish(V5, FromServer, 0x30, body)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Properties.AppendUserProperty("name", "value")
	_ = append(p.Topic, "xx"...)
	if !bytes.Equal(body, want) {
		t.Errorf("body is % X", body)
	}
}
