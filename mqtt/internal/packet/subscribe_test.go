package packet

import (
	"slices"
	"testing"
)

func TestSubscribe(t *testing.T) {
	runValid(t, []validRow{
		{
			"MQTT5-3.8.1-1 MQTT5-3.8.3-1 MQTT5-3.8.3-3 MQTT5-3.3.1-9 MQTT5-3.3.1-12 MQTT5-3.3.1-13 two filters", V5, FromClient,
			Subscribe{
				PacketID:   10,
				Properties: Properties(nil).AppendUint(PropSubscriptionIdentifier, 300),
				Filters: FilterList(nil).
					AppendSubscription("a/+", MakeSubscribeOptions(2, true, true, 1)).
					AppendSubscription("$share/g/#", MakeSubscribeOptions(1, false, false, 2)),
			},
			wire(
				"82 19",         // SUBSCRIBE, Remaining Length
				"00 0A",         // packet identifier
				"03",            // Property Length
				"0B AC 02",      // Subscription Identifier 300
				"00 03", "'a/+", // filter
				"1E",                   // Retain Handling 1, Retain As Published, No Local, QoS 2
				"00 0A", "'$share/g/#", // filter
				"21", // Retain Handling 2, QoS 1
			),
		},
		{
			"MQTT311-3.8.1-1 MQTT311-3.8.3-1 two filters", V311, FromClient,
			Subscribe{PacketID: 10, Filters: FilterList(nil).AppendSubscription("a", 0).AppendSubscription("$share", 2)},
			wire(
				"82 0F",       // SUBSCRIBE, Remaining Length
				"00 0A",       // packet identifier
				"00 01", "'a", // filter
				"00",               // QoS 0
				"00 06", "'$share", // filter
				"02", // QoS 2
			),
		},
		{
			"MQTT5-4.8.2-1 $share is an ordinary filter in 3.1.1", V311, FromClient,
			Subscribe{PacketID: 1, Filters: FilterList(nil).AppendSubscription("$share//a", 1)},
			wire("82 0E", "00 01", "00 09", "'$share//a", "01"),
		},
	})
	runValid(t, []validRow{
		{
			"MQTT5-3.10.1-1 MQTT5-3.10.3-1 two filters", V5, FromClient,
			Unsubscribe{
				PacketID:   0xFFFF,
				Properties: Properties(nil).AppendUserProperty("k", "v"),
				Filters:    FilterList(nil).AppendFilter("a").AppendFilter("b/#"),
			},
			wire(
				"A2 12",                         // UNSUBSCRIBE, Remaining Length
				"FF FF",                         // packet identifier
				"07",                            // Property Length
				"26 00 01", "'k", "00 01", "'v", // User Property
				"00 01", "'a", // filter
				"00 03", "'b/#", // filter
			),
		},
		{
			"MQTT311-3.10.1-1 MQTT311-3.10.3-1 two filters", V311, FromClient,
			Unsubscribe{PacketID: 1, Filters: FilterList(nil).AppendFilter("a").AppendFilter("b")},
			wire("A2 08", "00 01", "00 01", "'a", "00 01", "'b"),
		},
	})
}

func TestSubscribeMalformed(t *testing.T) {
	// A list of one filter "a" with these options, or of these filters.
	v5 := func(list ...string) []byte { return framed(0x82, append(wire("00 01 00"), wire(list...)...)) }
	v311 := func(list ...string) []byte { return framed(0x82, append(wire("00 01"), wire(list...)...)) }
	un5 := func(list ...string) []byte { return framed(0xA2, append(wire("00 01 00"), wire(list...)...)) }
	un311 := func(list ...string) []byte { return framed(0xA2, append(wire("00 01"), wire(list...)...)) }
	runMalformed(t, []malformedRow{
		{"MQTT5-3.8.3-2 no filter", V5, FromClient, v5(), ProtocolError},
		{"MQTT5-2.2.1-3 packet identifier 0", V5, FromClient, wire("82 07 00 00 00 00 01", "'a", "00"), ProtocolError},
		{"MQTT5-3.8.3-1 filter not UTF-8", V5, FromClient, v5("00 01 FF 00"), MalformedPacket},
		{"MQTT5-4.7.3-2 filter with U+0000", V5, FromClient, v5("00 02 61 00 00"), MalformedPacket},
		{"MQTT5-3.8.3-2 filter without options", V5, FromClient, v5("00 01", "'a"), MalformedPacket},
		{"filter runs past the end", V5, FromClient, v5("00 05", "'a", "00"), MalformedPacket},
		{"MQTT5-3.8.3-5 reserved option 40", V5, FromClient, v5("00 01", "'a", "40"), MalformedPacket},
		{"MQTT5-3.8.3-5 reserved option 80", V5, FromClient, v5("00 01", "'a", "80"), MalformedPacket},
		{"QoS 3", V5, FromClient, v5("00 01", "'a", "03"), ProtocolError},
		{"MQTT5-3.3.1-11 Retain Handling 3", V5, FromClient, v5("00 01", "'a", "30"), ProtocolError},
		{"MQTT5-3.8.3-4 No Local with a shared subscription", V5, FromClient, v5("00 0A", "'$share/g/a", "04"), ProtocolError},
		{"MQTT5-4.7.3-1 empty filter", V5, FromClient, v5("00 00 00"), TopicFilterInvalid},
		{"MQTT5-4.7.1-1 filter a#", V5, FromClient, v5("00 02", "'a#", "00"), TopicFilterInvalid},
		{"MQTT5-4.7.1-2 second filter a+", V5, FromClient, v5("00 01", "'a", "00", "00 02", "'a+", "00"), TopicFilterInvalid},
		{"MQTT5-4.8.2-1 filter $share//a", V5, FromClient, v5("00 09", "'$share//a", "00"), TopicFilterInvalid},
		{"MQTT5-4.8.2-2 filter $share/g", V5, FromClient, v5("00 08", "'$share/g", "00"), TopicFilterInvalid},
		{"U5-13 Subscription Identifier 0", V5, FromClient, wire("82 09 00 01 02 0B 00 00 01", "'a", "00"), ProtocolError},
		{"U5-13 Subscription Identifier twice", V5, FromClient, wire("82 0B 00 01 04 0B 01 0B 02 00 01", "'a", "00"), ProtocolError},
		{"MQTT311-3.8.3-3 no filter", V311, FromClient, v311(), ProtocolError},
		{"MQTT311-3.8.3-1 filter not UTF-8", V311, FromClient, v311("00 01 80 00"), MalformedPacket},
		{"MQTT311-3.8.3-4 reserved bits", V311, FromClient, v311("00 01", "'a", "04"), MalformedPacket},
		{"MQTT311-3.8.3-4 QoS 3", V311, FromClient, v311("00 01", "'a", "03"), MalformedPacket},
		{"MQTT311-4.7.1-2 filter #/a", V311, FromClient, v311("00 03", "'#/a", "00"), TopicFilterInvalid},
		{"MQTT311-4.7.1-3 filter +a", V311, FromClient, v311("00 02", "'+a", "00"), TopicFilterInvalid},
		{"MQTT311-2.3.1-1 packet identifier 0", V311, FromClient, wire("82 06 00 00 00 01", "'a", "00"), ProtocolError},

		{"MQTT5-3.10.3-2 UNSUBSCRIBE no filter", V5, FromClient, un5(), ProtocolError},
		{"MQTT5-3.10.3-1 UNSUBSCRIBE filter not UTF-8", V5, FromClient, un5("00 01 FF"), MalformedPacket},
		{"UNSUBSCRIBE filter runs past the end", V5, FromClient, un5("00 02", "'a"), MalformedPacket},
		{"UNSUBSCRIBE packet identifier 0", V5, FromClient, wire("A2 06 00 00 00 00 01", "'a"), ProtocolError},
		{"MQTT5-4.7.1-1 UNSUBSCRIBE filter ##", V5, FromClient, un5("00 02", "'##"), TopicFilterInvalid},
		{"MQTT311-3.10.3-2 UNSUBSCRIBE no filter", V311, FromClient, un311(), ProtocolError},
		{"MQTT311-3.10.3-1 UNSUBSCRIBE filter not UTF-8", V311, FromClient, un311("00 01 FF"), MalformedPacket},
	})
}

func TestSuback(t *testing.T) {
	runValid(t, []validRow{
		{
			"MQTT5-3.9.3-1 codes in the order of the filters", V5, FromServer,
			Suback{PacketID: 1, Reasons: wire("00 87 02")},
			wire(
				"90 06",    // SUBACK, Remaining Length
				"00 01",    // packet identifier
				"00",       // no properties
				"00 87 02", // codes
			),
		},
		{
			"MQTT5-3.9.3-2 MQTT5-3.9.2-2 all codes, User Properties", V5, FromServer,
			Suback{
				PacketID:   1,
				Properties: Properties(nil).AppendUserProperty("k", "v").AppendUserProperty("k", "w"),
				Reasons:    wire("00 01 02 80 83 87 8F 91 97 9E A1 A2"),
			},
			wire(
				"90 1D", // SUBACK, Remaining Length
				"00 01", // packet identifier
				"0E",    // Property Length
				"26 00 01", "'k", "00 01", "'v",
				"26 00 01", "'k", "00 01", "'w",
				"00 01 02 80 83 87 8F 91 97 9E A1 A2", // codes
			),
		},
		{
			"MQTT5-3.11.3-1 MQTT5-3.11.3-2 UNSUBACK all codes", V5, FromServer,
			Unsuback{PacketID: 2, Reasons: wire("00 11 80 83 87 8F 91")},
			wire("B0 0A", "00 02", "00", "00 11 80 83 87 8F 91"),
		},
		{
			"MQTT311-3.9.3-1 MQTT311-3.9.3-2 codes in the order of the filters", V311, FromServer,
			Suback{PacketID: 1, Reasons: wire("02 80 01 00")},
			wire("90 06", "00 01", "02 80 01 00"),
		},
		{"MQTT311-3.10.4-4 UNSUBACK", V311, FromServer, Unsuback{PacketID: 1}, wire("B0 02", "00 01")},
	})
}

func TestSubackMalformed(t *testing.T) {
	runMalformed(t, []malformedRow{
		{"MQTT5-3.8.4-6 no code", V5, FromServer, wire("90 03 00 01 00"), ProtocolError},
		{"MQTT5-3.9.3-2 code 03", V5, FromServer, wire("90 04 00 01 00 03"), ProtocolError},
		{"MQTT5-3.9.3-2 code 11 in second place", V5, FromServer, wire("90 05 00 01 00 00 11"), ProtocolError},
		{"MQTT5-3.9.3-2 code 7F", V5, FromServer, wire("90 04 00 01 00 7F"), ProtocolError},
		{"MQTT5-3.9.2-1 Reason String twice", V5, FromServer, wire("90 0A 00 01 06 1F 00 00 1F 00 00 00"), ProtocolError},
		{"MQTT5-1.5.4-1 Reason String not UTF-8", V5, FromServer, wire("90 08 00 01 04 1F 00 01 FF 00"), MalformedPacket},
		{"MQTT5-2.2.2-1 cut before the Property Length", V5, FromServer, wire("90 02 00 01"), MalformedPacket},
		{"packet identifier 0", V5, FromServer, wire("90 04 00 00 00 00"), ProtocolError},
		{"MQTT311-3.8.4-5 no code", V311, FromServer, wire("90 02 00 01"), MalformedPacket},
		{"MQTT311-3.9.3-2 code 03", V311, FromServer, wire("90 03 00 01 03"), ProtocolError},
		{"MQTT311-3.9.3-2 code 87", V311, FromServer, wire("90 03 00 01 87"), ProtocolError},
		{"packet identifier 0, 3.1.1", V311, FromServer, wire("90 03 00 00 00"), ProtocolError},

		{"UNSUBACK no code", V5, FromServer, wire("B0 03 00 01 00"), ProtocolError},
		{"MQTT5-3.11.3-2 UNSUBACK code 01", V5, FromServer, wire("B0 04 00 01 00 01"), ProtocolError},
		{"MQTT5-3.11.3-2 UNSUBACK code 97", V5, FromServer, wire("B0 04 00 01 00 97"), ProtocolError},
		{"MQTT5-3.11.2-1 UNSUBACK Reason String twice", V5, FromServer, wire("B0 0A 00 01 06 1F 00 00 1F 00 00 00"), ProtocolError},
		{"UNSUBACK packet identifier 0", V5, FromServer, wire("B0 04 00 00 00 00"), ProtocolError},
		{"U311-07 UNSUBACK with codes", V311, FromServer, wire("B0 03 00 01 00"), MalformedPacket},
		{"UNSUBACK packet identifier 0, 3.1.1", V311, FromServer, wire("B0 02 00 00"), ProtocolError},
	})
	_, err := DecodeSuback(V311, wire("00 01"))
	requireReason(t, err, SUBACK, ProtocolError)
}

func TestSubscribeOptions(t *testing.T) {
	for _, name := range []string{
		"MQTT5-3.8.3-3", "MQTT5-3.8.3-5", "MQTT5-3.3.1-9", "MQTT5-3.3.1-10", "MQTT5-3.3.1-11", "MQTT5-3.3.1-12", "MQTT5-3.3.1-13",
	} {
		t.Run(name+" each option has its bits", func(t *testing.T) {
			for i := range 36 {
				qos, noLocal, rap, rh := byte(i%3), i/3%2 == 1, i/6%2 == 1, byte(i/12)
				o := MakeSubscribeOptions(qos, noLocal, rap, rh)
				if o.QoS() != qos || o.NoLocal() != noLocal || o.RetainAsPublished() != rap || o.RetainHandling() != rh || o>>6 != 0 {
					t.Errorf("%d %v %v %d: %08b", qos, noLocal, rap, rh, o)
				}
			}
		})
	}
}

func TestFilterList(t *testing.T) {
	subs := FilterList(nil).AppendSubscription("a", 1).AppendSubscription("b", 2).AppendSubscription("c", 0)
	var got []string
	for f, o := range subs.Subscriptions() {
		if got = append(got, string(f)+string('0'+o)); string(f) == "b" {
			break
		}
	}
	if !slices.Equal(got, []string{"a1", "b2"}) {
		t.Errorf("subscriptions: %q", got)
	}
	got = nil
	for f := range FilterList(nil).AppendFilter("a").AppendFilter("b").AppendFilter("c").Filters() {
		if got = append(got, string(f)); string(f) == "b" {
			break
		}
	}
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("filters: %q", got)
	}
}
