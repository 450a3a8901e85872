package packet

import "testing"

func TestConnack(t *testing.T) {
	runValid(t, []validRow{
		{
			"accepted", V5, FromServer,
			Connack{},
			wire(
				"20 03", // CONNACK, Remaining Length
				"00",    // flags
				"00",    // Success
				"00",    // no properties
			),
		},
		{
			"MQTT5-3.2.2-3 every property", V5, FromServer,
			Connack{SessionPresent: true, Properties: Properties(nil).
				AppendUint(PropSessionExpiryInterval, 1).
				AppendString(PropAssignedClientIdentifier, "a").
				AppendUint(PropServerKeepAlive, 5).
				AppendString(PropAuthenticationMethod, "m").
				AppendBytes(PropAuthenticationData, []byte{0, 0xFF}).
				AppendString(PropResponseInformation, "i").
				AppendString(PropServerReference, "r").
				AppendString(PropReasonString, "s").
				AppendUint(PropReceiveMaximum, 2).
				AppendUint(PropTopicAliasMaximum, 3).
				AppendUint(PropMaximumQoS, 1).
				AppendUint(PropRetainAvailable, 0).
				AppendUserProperty("", "").
				AppendUint(PropMaximumPacketSize, 0xFFFFFFFF).
				AppendUint(PropWildcardSubscriptionAvailable, 0).
				AppendUint(PropSubscriptionIdentifierAvailable, 1).
				AppendUint(PropSharedSubscriptionAvailable, 0)},
			wire(
				"20 3E",          // CONNACK, Remaining Length
				"01 00",          // Session Present, Success
				"3B",             // Property Length
				"11 00 00 00 01", // Session Expiry Interval
				"12 00 01", "'a", // Assigned Client Identifier
				"13 00 05",       // Server Keep Alive
				"15 00 01", "'m", // Authentication Method
				"16 00 02 00 FF", // Authentication Data
				"1A 00 01", "'i", // Response Information
				"1C 00 01", "'r", // Server Reference
				"1F 00 01", "'s", // Reason String
				"21 00 02",       // Receive Maximum
				"22 00 03",       // Topic Alias Maximum
				"24 01",          // Maximum QoS
				"25 00",          // Retain Available
				"26 00 00 00 00", // User Property: empty name and value
				"27 FF FF FF FF", // Maximum Packet Size
				"28 00",          // Wildcard Subscription Available
				"29 01",          // Subscription Identifier Available
				"2A 00",          // Shared Subscription Available
			),
		},
		{
			"refused, unsupported version", V5, FromServer,
			Connack{Reason: UnsupportedProtocolVersion},
			wire(
				"20 03", // CONNACK, Remaining Length
				"00 84", // flags, Unsupported Protocol Version
				"00",    // no properties
			),
		},
		{"MQTT311-3.2.2-2 accepted, Session Present", V311, FromServer, Connack{SessionPresent: true}, wire("20 02", "01", "00")},
		{"MQTT311-3.2.2-4 return code 5", V311, FromServer, Connack{Reason: 5}, wire("20 02", "00", "05")},
	})
}

func TestConnackMalformed(t *testing.T) {
	runMalformed(t, []malformedRow{
		{"MQTT5-3.2.2-1 flags 02", V5, FromServer, wire("20 03 02 00 00"), MalformedPacket},
		{"MQTT5-3.2.2-1 flags 80", V5, FromServer, wire("20 03 80 00 00"), MalformedPacket},
		{"MQTT5-3.2.2-1 flags FF", V5, FromServer, wire("20 03 FF 00 00"), MalformedPacket},
		{"MQTT5-3.2.2-8 reason 01", V5, FromServer, wire("20 03 00 01 00"), ProtocolError},
		{"MQTT5-3.2.2-8 reason 18", V5, FromServer, wire("20 03 00 18 00"), ProtocolError},
		{"MQTT5-3.2.2-8 reason 7F", V5, FromServer, wire("20 03 00 7F 00"), ProtocolError},
		{"MQTT5-3.2.2-8 reason 92", V5, FromServer, wire("20 03 00 92 00"), ProtocolError},
		{"MQTT5-3.2.2-8 reason FF", V5, FromServer, wire("20 03 00 FF 00"), ProtocolError},
		{"MQTT5-2.2.2-1 no Property Length", V5, FromServer, wire("20 02 00 00"), MalformedPacket},
		{"return code of 3.1.1 other than 1", V5, FromServer, wire("20 02 00 05"), MalformedPacket},
		{"Property Length past the end", V5, FromServer, wire("20 03 00 00 05"), MalformedPacket},
		{"Property Length cutting a property", V5, FromServer, wire("20 06 00 00 02 21 00 14"), MalformedPacket},
		{"Property Length cut off", V5, FromServer, wire("20 03 00 00 80"), MalformedPacket},
		{"bytes left over", V5, FromServer, wire("20 04 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.2.2-9 Maximum QoS 2", V5, FromServer, wire("20 05 00 00 02 24 02"), ProtocolError},
		{"MQTT5-3.2.2-9 Maximum QoS twice", V5, FromServer, wire("20 07 00 00 04 24 00 24 00"), ProtocolError},
		{"MQTT5-3.2.2-14 Retain Available 2", V5, FromServer, wire("20 05 00 00 02 25 02"), ProtocolError},
		{"MQTT5-3.2.2-15 Maximum Packet Size 0", V5, FromServer, wire("20 08 00 00 05 27 00 00 00 00"), ProtocolError},
		{"MQTT5-3.2.2-16 Assigned Client Identifier twice", V5, FromServer, wire("20 09 00 00 06 12 00 00 12 00 00"), ProtocolError},
		{"MQTT5-3.2.2-19 Reason String twice", V5, FromServer, wire("20 09 00 00 06 1F 00 00 1F 00 00"), ProtocolError},
		{"MQTT5-3.2.2-21 Server Keep Alive twice", V5, FromServer, wire("20 09 00 00 06 13 00 01 13 00 01"), ProtocolError},
		{"MQTT5-3.3.4-7 Receive Maximum 0", V5, FromServer, wire("20 06 00 00 03 21 00 00"), ProtocolError},
		{"Authentication Data without Authentication Method", V5, FromServer, wire("20 06 00 00 03 16 00 00"), ProtocolError},
		{"U311-01 flags 02", V311, FromServer, wire("20 02 02 00"), MalformedPacket},
		{"return code 6", V311, FromServer, wire("20 02 00 06"), ProtocolError},
		{"U311-07 Remaining Length 3", V311, FromServer, wire("20 03 00 00 00"), MalformedPacket},
		{"U311-07 Remaining Length 1", V311, FromServer, wire("20 01 00"), MalformedPacket},
	})
}

func TestConnackOfOldServer(t *testing.T) {
	t.Run("MQTT5-3.1.2-2 a server of 3.1.1 refuses level 5", func(t *testing.T) {
		got, err := decode(V5, FromServer, wire("20 02 00 01"))
		if want := (Connack{Reason: UnsupportedProtocolVersion}); err != nil || !same(got, want) {
			t.Fatalf("got %+v, %v", got, err)
		}
		checkCanonical(t, V5, FromServer, wire("20 02 00 01"), got)
	})
	t.Run("MQTT5-3.2.2-6 Session Present with a refusal keeps the reason", func(t *testing.T) {
		got, err := DecodeConnack(V5, wire("01 87 00"))
		if err != nil || got.Reason != NotAuthorized || !got.SessionPresent {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
}
