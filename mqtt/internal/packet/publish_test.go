package packet

import (
	"bytes"
	"testing"
)

func TestPublish(t *testing.T) {
	runValid(t, []validRow{
		{
			"MQTT5-2.2.1-2 MQTT5-2.2.2-1 MQTT5-3.3.2-1 MQTT5-4.3.1-1 QoS 0", V5, FromServer,
			Publish{Topic: []byte("a"), Payload: []byte("hi")},
			wire(
				"30 06",       // PUBLISH QoS 0, Remaining Length
				"00 01", "'a", // topic
				"00",  // no properties
				"'hi", // payload
			),
		},
		{
			"MQTT5-3.3.1-1 MQTT5-3.3.1-5 QoS 2, DUP, RETAIN", V5, FromClient,
			Publish{Dup: true, Retain: true, QoS: 2, Topic: []byte("a/b"), PacketID: 0x1234, Payload: []byte{0}},
			wire(
				"3D 09",         // PUBLISH DUP QoS 2 RETAIN, Remaining Length
				"00 03", "'a/b", // topic
				"12 34", // packet identifier
				"00",    // no properties
				"00",    // payload
			),
		},
		{
			"MQTT5-3.3.1-6 QoS 1 with RETAIN and an empty payload", V5, FromClient,
			Publish{Retain: true, QoS: 1, Topic: []byte("a"), PacketID: 1},
			wire(
				"33 06",       // PUBLISH QoS 1 RETAIN, Remaining Length
				"00 01", "'a", // topic
				"00 01", // packet identifier
				"00",    // no properties
			),
		},
		{
			"MQTT5-3.3.2-4 MQTT5-3.3.2-15 MQTT5-3.3.2-16 MQTT5-3.3.2-17 MQTT5-3.3.2-18 MQTT5-3.3.2-20 MQTT5-3.3.4-3 every property", V5, FromServer,
			Publish{Topic: []byte("a"), Payload: []byte("x"), Properties: Properties(nil).
				AppendUint(PropPayloadFormatIndicator, 1).
				AppendUint(PropMessageExpiryInterval, 10).
				AppendString(PropContentType, "t").
				AppendString(PropResponseTopic, "r").
				AppendBytes(PropCorrelationData, []byte{0, 0xFF}).
				AppendUint(PropSubscriptionIdentifier, 1).
				AppendUint(PropSubscriptionIdentifier, MaxRemainingLength).
				AppendUint(PropSubscriptionIdentifier, 1).
				AppendUint(PropTopicAlias, 7).
				AppendUserProperty("k", "v").
				AppendUserProperty("k", "w")},
			wire(
				"30 33",       // PUBLISH, Remaining Length
				"00 01", "'a", // topic
				"2E",             // Property Length
				"01 01",          // Payload Format Indicator
				"02 00 00 00 0A", // Message Expiry Interval
				"03 00 01", "'t", // Content Type
				"08 00 01", "'r", // Response Topic
				"09 00 02 00 FF",                // Correlation Data
				"0B 01",                         // Subscription Identifier
				"0B FF FF FF 7F",                // the largest one
				"0B 01",                         // an equal one
				"23 00 07",                      // Topic Alias
				"26 00 01", "'k", "00 01", "'v", // User Property
				"26 00 01", "'k", "00 01", "'w", // the same name, order kept
				"'x", // payload
			),
		},
		{
			"MQTT5-3.3.2-10 a Topic Alias in place of the topic", V5, FromServer,
			Publish{Properties: Properties(nil).AppendUint(PropTopicAlias, 1), Payload: []byte("x")},
			wire(
				"30 07",    // PUBLISH, Remaining Length
				"00 00",    // no topic
				"03",       // Property Length
				"23 00 01", // Topic Alias
				"'x",       // payload
			),
		},
		{
			"MQTT5-1.5.4-3 U+FEFF is kept", V5, FromServer,
			Publish{Topic: []byte("\uFEFFa"), Properties: Properties(nil).AppendUserProperty("\uFEFF", "\uFEFFv")},
			wire(
				"30 13",                // PUBLISH, Remaining Length
				"00 04 EF BB BF", "'a", // topic
				"0C",                   // Property Length
				"26 00 03 EF BB BF",    // name
				"00 04 EF BB BF", "'v", // value
			),
		},
		{
			"U5-24 control characters and non-characters are accepted", V5, FromServer,
			Publish{Topic: []byte("\x01\x7F\u0085\uFDD0\uFFFF")},
			wire(
				"30 0D",    // PUBLISH, Remaining Length
				"00 0A",    // length of the topic
				"01 7F",    // U+0001, U+007F
				"C2 85",    // U+0085
				"EF B7 90", // U+FDD0
				"EF BF BF", // U+FFFF
				"00",       // no properties
			),
		},
		{
			"MQTT311-2.3.1-5 MQTT311-4.3.1-1 QoS 0", V311, FromServer,
			Publish{Topic: []byte("a"), Payload: []byte("hi")},
			wire("30 05", "00 01", "'a", "'hi"),
		},
		{
			"MQTT311-3.3.1-1 QoS 1 with DUP", V311, FromServer,
			Publish{Dup: true, QoS: 1, Topic: []byte("a"), PacketID: 0xFFFF},
			wire("3A 05", "00 01", "'a", "FF FF"),
		},
		{
			"MQTT311-1.5.3-3 U+FEFF is kept", V311, FromServer,
			Publish{Topic: []byte("\uFEFF")},
			wire("30 05", "00 03 EF BB BF"),
		},
		{
			"U311-05 control characters are accepted", V311, FromServer,
			Publish{Topic: []byte("\x1F")},
			wire("30 03", "00 01 1F"),
		},
	})
}

func TestPublishMalformed(t *testing.T) {
	// A PUBLISH with QoS 0 and the topic "a".
	props := func(p ...string) []byte {
		list := wire(p...)
		return framed(0x30, append(append(wire("00 01", "'a"), byte(len(list))), list...))
	}
	runMalformed(t, []malformedRow{
		{"MQTT5-3.3.1-4 QoS 3", V5, FromServer, wire("36 06 00 01", "'a", "00 01 00"), MalformedPacket},
		{"MQTT5-3.3.1-2 DUP with QoS 0", V5, FromServer, wire("38 04 00 01", "'a", "00"), MalformedPacket},
		{"MQTT5-3.3.2-1 topic runs past the end", V5, FromServer, wire("30 04 00 05", "'a", "00"), MalformedPacket},
		{"MQTT5-1.5.4-1 topic with over-long form", V5, FromServer, wire("30 05 00 02 C0 80 00"), MalformedPacket},
		{"MQTT5-1.5.4-1 topic with surrogate", V5, FromServer, wire("30 06 00 03 ED A0 80 00"), MalformedPacket},
		{"MQTT5-1.5.4-1 topic above U+10FFFF", V5, FromServer, wire("30 07 00 04 F5 80 80 80 00"), MalformedPacket},
		{"MQTT5-1.5.4-1 topic with lone continuation", V5, FromServer, wire("30 04 00 01 80 00"), MalformedPacket},
		{"MQTT5-1.5.4-2 MQTT5-4.7.3-2 topic with U+0000", V5, FromServer, wire("30 06 00 03 61 00 62 00"), MalformedPacket},
		{"MQTT5-1.5.4-2 topic with U+0000 in the ninth place", V5, FromServer, wire("30 0D 00 0A", "'abcdefgh", "00", "'i", "00"), MalformedPacket},
		{"MQTT5-3.3.2-2 MQTT5-4.7.0-1 topic a/+", V5, FromServer, wire("30 06 00 03", "'a/+", "00"), ProtocolError},
		{"MQTT5-3.3.2-2 topic #", V5, FromServer, wire("30 04 00 01", "'#", "00"), ProtocolError},
		{"MQTT5-3.3.2-2 long topic with wildcard", V5, FromServer, wire("30 0D 00 0A", "'abcdef/+/i", "00"), ProtocolError},
		{"MQTT5-3.3.2-2 topic with wildcard and umlaut", V5, FromServer, wire("30 06 00 03 C3 A4", "'#", "00"), ProtocolError},
		{"MQTT5-4.7.3-1 U5-10 empty topic without alias", V5, FromServer, wire("30 03 00 00 00"), ProtocolError},
		{"MQTT5-4.7.3-1 empty topic with other properties", V5, FromServer, wire("30 05 00 00 02 01 00"), ProtocolError},
		{"MQTT5-2.2.1-4 packet identifier 0, QoS 1", V5, FromServer, wire("32 06 00 01", "'a", "00 00 00"), ProtocolError},
		{"MQTT5-2.2.1-4 packet identifier 0, QoS 2", V5, FromServer, wire("34 06 00 01", "'a", "00 00 00"), ProtocolError},
		{"MQTT5-2.2.1-3 packet identifier 0 from the client", V5, FromClient, wire("32 06 00 01", "'a", "00 00 00"), ProtocolError},
		{"packet identifier cut off", V5, FromServer, wire("32 05 00 02", "'ab", "00"), MalformedPacket},
		{"MQTT5-2.2.2-1 no Property Length", V5, FromServer, wire("30 03 00 01", "'a"), MalformedPacket},
		{"Property Length past the end", V5, FromServer, wire("30 04 00 01", "'a", "01"), MalformedPacket},
		{"MQTT5-1.5.5-1 over-long Property Length", V5, FromServer, wire("30 05 00 01", "'a", "80 00"), MalformedPacket},
		{"MQTT5-1.5.5-1 Property Length of five bytes", V5, FromServer, wire("30 08 00 01", "'a", "FF FF FF FF 7F"), MalformedPacket},
		{"MQTT5-3.3.2-8 U5-11 alias 0", V5, FromServer, props("23 00 00"), TopicAliasInvalid},
		{"MQTT5-3.3.2-11 alias twice", V5, FromServer, props("23 00 01 23 00 02"), ProtocolError},
		{"MQTT5-3.3.2-4 Payload Format Indicator 2", V5, FromServer, props("01 02"), ProtocolError},
		{"MQTT5-3.3.2-4 Payload Format Indicator twice", V5, FromServer, props("01 01 01 01"), ProtocolError},
		{"MQTT5-3.3.2-13 Response Topic not UTF-8", V5, FromServer, props("08 00 01 FF"), MalformedPacket},
		{"MQTT5-3.3.2-13 Response Topic twice", V5, FromServer, props("08 00 01", "'r", "08 00 01", "'r"), ProtocolError},
		{"MQTT5-3.3.2-14 Response Topic r/#", V5, FromServer, props("08 00 03", "'r/#"), ProtocolError},
		{"MQTT5-3.3.2-14 Response Topic +", V5, FromServer, props("08 00 01", "'+"), ProtocolError},
		{"MQTT5-3.3.2-16 Correlation Data twice", V5, FromServer, props("09 00 00 09 00 00"), ProtocolError},
		{"MQTT5-3.3.2-19 Content Type not UTF-8", V5, FromServer, props("03 00 02 C3 28"), MalformedPacket},
		{"MQTT5-3.3.2-19 Content Type twice", V5, FromServer, props("03 00 00 03 00 00"), ProtocolError},
		{"MQTT5-1.5.7-1 name of a User Property not UTF-8", V5, FromServer, props("26 00 01 FF 00 00"), MalformedPacket},
		{"MQTT5-1.5.7-1 value of a User Property not UTF-8", V5, FromServer, props("26 00 00 00 01 FF"), MalformedPacket},
		{"MQTT5-1.5.4-2 value of a User Property with U+0000", V5, FromServer, props("26 00 00 00 01 00"), MalformedPacket},
		{"MQTT5-3.3.4-3 Subscription Identifier 0", V5, FromServer, props("0B 00"), ProtocolError},
		{"MQTT5-1.5.5-1 over-long Subscription Identifier", V5, FromServer, props("0B FF 80 00"), MalformedPacket},
		{"Subscription Identifier of five bytes", V5, FromServer, props("0B FF FF FF FF 01"), MalformedPacket},
		{"MQTT5-3.3.4-6 Subscription Identifier from the client", V5, FromClient, props("0B 01"), ProtocolError},
		{"unknown property", V5, FromServer, props("7E 00"), MalformedPacket},
		{"property identifier of two bytes", V5, FromServer, props("81 01 00"), MalformedPacket},
		{"MQTT311-3.3.1-4 QoS 3", V311, FromServer, wire("3E 05 00 01", "'a", "00 01"), MalformedPacket},
		{"MQTT311-3.3.1-2 DUP with QoS 0", V311, FromServer, wire("39 03 00 01", "'a"), MalformedPacket},
		{"MQTT311-1.5.3-1 topic with surrogate", V311, FromServer, wire("30 05 00 03 ED BF BF"), MalformedPacket},
		{"MQTT311-1.5.3-2 MQTT311-4.7.3-2 topic with U+0000", V311, FromServer, wire("30 04 00 02 61 00"), MalformedPacket},
		{"MQTT311-3.3.2-1 topic runs past the end", V311, FromServer, wire("30 03 00 02", "'a"), MalformedPacket},
		{"MQTT311-3.3.2-2 MQTT311-4.7.1-1 topic with wildcard", V311, FromServer, wire("30 03 00 01", "'+"), ProtocolError},
		{"MQTT311-4.7.3-1 empty topic", V311, FromServer, wire("30 02 00 00"), MalformedPacket},
		{"MQTT311-2.3.1-1 MQTT311-2.3.1-4 packet identifier 0", V311, FromServer, wire("32 05 00 01", "'a", "00 00"), ProtocolError},
		{"packet identifier cut off, 3.1.1", V311, FromServer, wire("32 04 00 01", "'a", "00"), MalformedPacket},
	})
}

// The body as such, which ReadHeader would not have let through.
func TestPublishBodyTooShort(t *testing.T) {
	_, err := DecodePublish(V5, FromServer, 0x30, nil)
	requireReason(t, err, PUBLISH, MalformedPacket)
}

func TestResponseTopicMayBeEmpty(t *testing.T) {
	p, err := DecodePublish(V5, FromServer, 0x30, wire("00 01", "'a", "03 08 00 00"))
	if topic, ok := p.Properties.Bytes(PropResponseTopic); err != nil || !ok || len(topic) != 0 {
		t.Fatalf("got %q, %v, %v", topic, ok, err)
	}
}

func TestPublishSize(t *testing.T) {
	for _, v := range []Version{V311, V5} {
		for qos := range byte(3) {
			for _, size := range []int{0, 1, 120, 127, 128, 16376, 16384, 2097144, 2097152} {
				p := Publish{QoS: qos, Topic: []byte("topic"), PacketID: 1, Payload: make([]byte, size)}
				whole := AppendPublish(nil, v, &p)
				if got := PublishSize(v, qos, 5, 0, size); got != len(whole) {
					t.Errorf("v%d QoS %d payload %d: got %d, want %d", v, qos, size, got, len(whole))
				}
				head := AppendPublishHeader([]byte("x"), v, PublishFirst(false, qos, false), "topic", 1, nil, size)
				if !bytes.Equal(append(head, p.Payload...), append([]byte("x"), whole...)) {
					t.Errorf("v%d QoS %d payload %d: the header differs", v, qos, size)
				}
			}
		}
	}
	for _, size := range []int{0, 122, 123, 124, 16378, 16379, 16380} { // of the property list less 5: its length takes 1 to 3 bytes
		properties := Properties(nil).AppendUserProperty(string(make([]byte, size)), "")
		whole := AppendPublish(nil, V5, &Publish{Topic: []byte("topic"), Properties: properties, Payload: []byte("p")})
		h, ok, err := ReadHeader(V5, FromClient, whole)
		if err != nil || !ok || h.PacketSize() != len(whole) {
			t.Errorf("MQTT5-2.2.2-1 %d bytes of properties: the packet says %d, it has %d", len(properties), h.PacketSize(), len(whole))
		}
		if got := PublishSize(V5, 0, 5, len(properties), 1); got != len(whole) {
			t.Errorf("%d bytes of properties: got %d, want %d", len(properties), got, len(whole))
		}
	}
	if got, most := PublishSize(V5, 1, 1, 0, MaxRemainingLength-6), MaxRemainingLength+5; got != most {
		t.Errorf("largest packet: got %d, want %d", got, most)
	}
	if got, most := PublishSize(V5, 1, 1, 0, MaxRemainingLength-5), MaxRemainingLength+5; got <= most {
		t.Errorf("above the largest packet: got %d", got)
	}
}
