package packet

import "testing"

func TestDisconnect(t *testing.T) {
	runValid(t, []validRow{
		{"MQTT5-3.14.1-1 MQTT5-3.14.2-1 normal", V5, FromClient, Disconnect{}, wire("E0 00")},
		{"MQTT5-3.14.2-1 with Will Message", V5, FromClient, Disconnect{Reason: DisconnectWithWillMessage}, wire("E0 01", "04")},
		{
			"session expiry", V5, FromClient,
			Disconnect{Properties: Properties(nil).AppendUint(PropSessionExpiryInterval, 60)},
			wire(
				"E0 07",          // DISCONNECT, Remaining Length
				"00",             // normal
				"05",             // Property Length
				"11 00 00 00 3C", // Session Expiry Interval
			),
		},
		{
			"server moved", V5, FromServer,
			Disconnect{ServerMoved, Properties(nil).AppendString(PropServerReference, "x").AppendString(PropReasonString, "y")},
			wire(
				"E0 0A",          // DISCONNECT, Remaining Length
				"9D",             // Server moved
				"08",             // Property Length
				"1C 00 01", "'x", // Server Reference
				"1F 00 01", "'y", // Reason String
			),
		},
		{"bad authentication method, listed in one of two tables", V5, FromServer, Disconnect{Reason: BadAuthenticationMethod}, wire("E0 01", "8C")},
		{"MQTT311-3.14.1-1", V311, FromClient, Disconnect{}, wire("E0 00")},
	})
}

func TestDisconnectMalformed(t *testing.T) {
	runMalformed(t, []malformedRow{
		{"MQTT5-3.14.1-1 flags", V5, FromServer, wire("E1 00"), MalformedPacket},
		{"MQTT5-3.14.1-1 flags, long form", V5, FromServer, wire("E2 02 00 00"), MalformedPacket},
		{"MQTT5-3.14.2-1 reason 04 from the server", V5, FromServer, wire("E0 01 04"), ProtocolError},
		{"MQTT5-3.14.2-1 reason 01", V5, FromServer, wire("E0 01 01"), ProtocolError},
		{"MQTT5-3.14.2-1 reason 8D from the client", V5, FromClient, wire("E0 01 8D"), ProtocolError},
		{"MQTT5-3.14.2-2 Session Expiry Interval from the server", V5, FromServer, wire("E0 07 00 05 11 00 00 00 3C"), ProtocolError},
		{"MQTT5-3.14.2-3 Reason String twice", V5, FromServer, wire("E0 08 80 06 1F 00 00 1F 00 00"), ProtocolError},
		{"Server Reference from the client", V5, FromClient, wire("E0 05 80 03 1C 00 00"), ProtocolError},
		{"Property Length past the end", V5, FromServer, wire("E0 02 80 01"), MalformedPacket},
		{"bytes left over", V5, FromServer, wire("E0 03 80 00 00"), MalformedPacket},
		{"MQTT311-3.14.1-1 flags", V311, FromClient, wire("E8 00"), MalformedPacket},
		{"U311-07 with a reason", V311, FromClient, wire("E0 01 00"), MalformedPacket},
		{"DISCONNECT from a server of 3.1.1", V311, FromServer, wire("E0 00"), ProtocolError},
	})
}

func TestDisconnectShortForms(t *testing.T) {
	for _, b := range [][]byte{wire("E0 01 00"), wire("E0 02 00 00"), wire("E0 02 87 00")} {
		t.Run("U5-21 "+string("0123"[b[1]])+" bytes", func(t *testing.T) {
			got, err := decodePoisoned(t, V5, FromServer, b)
			if want := (Disconnect{Reason: ReasonCode(b[2])}); err != nil || !same(got, want) {
				t.Fatalf("got %+v, %v", got, err)
			}
			checkCanonical(t, V5, FromServer, b, got)
		})
	}
}

func TestAuth(t *testing.T) {
	method := Properties(nil).AppendString(PropAuthenticationMethod, "m")
	runValid(t, []validRow{
		{
			"MQTT5-3.15.1-1 MQTT5-3.15.2-1 MQTT5-4.12.0-3 continue", V5, FromClient,
			Auth{ContinueAuthentication, method.AppendBytes(PropAuthenticationData, []byte{0, 0xFF})},
			wire(
				"F0 0B",          // AUTH, Remaining Length
				"18",             // Continue authentication
				"09",             // Property Length
				"15 00 01", "'m", // Authentication Method
				"16 00 02 00 FF", // Authentication Data
			),
		},
		{"MQTT5-3.15.2-1 re-authenticate", V5, FromClient, Auth{ReAuthenticate, method}, wire("F0 06", "19", "04", "15 00 01", "'m")},
		{"MQTT5-3.15.2-1 success", V5, FromServer, Auth{Success, method}, wire("F0 06", "00", "04", "15 00 01", "'m")},
	})
}

func TestAuthMalformed(t *testing.T) {
	runMalformed(t, []malformedRow{
		{"MQTT5-3.15.1-1 flags", V5, FromServer, wire("F1 06 18 04 15 00 01", "'m"), MalformedPacket},
		{"MQTT5-3.15.2-1 reason 19 from the server", V5, FromServer, wire("F0 06 19 04 15 00 01", "'m"), ProtocolError},
		{"MQTT5-3.15.2-1 reason 00 from the client", V5, FromClient, wire("F0 06 00 04 15 00 01", "'m"), ProtocolError},
		{"MQTT5-3.15.2-1 reason 80", V5, FromServer, wire("F0 06 80 04 15 00 01", "'m"), ProtocolError},
		{"MQTT5-3.15.2-2 Reason String twice", V5, FromServer, wire("F0 0C 18 0A 15 00 01", "'m", "1F 00 00 1F 00 00"), ProtocolError},
		{"MQTT5-4.12.0-5 U5-18 no Authentication Method", V5, FromServer, wire("F0 02 18 00"), ProtocolError},
		{"U5-18 no Authentication Method, other properties", V5, FromServer, wire("F0 05 18 03 16 00 00"), ProtocolError},
		{"U5-18 empty", V5, FromServer, wire("F0 00"), ProtocolError},
		{"reason without Property Length", V5, FromServer, wire("F0 01 18"), MalformedPacket},
		{"bytes left over", V5, FromServer, wire("F0 07 18 04 15 00 01", "'m", "00"), MalformedPacket},
		{"AUTH in 3.1.1", V311, FromServer, wire("F0 00"), MalformedPacket},
		{"AUTH of a client in 3.1.1", V311, FromClient, wire("F0 00"), MalformedPacket},
	})
}

func TestPing(t *testing.T) {
	runValid(t, []validRow{
		{"PINGREQ", V5, FromClient, ping(PINGREQ), wire("C0 00")},
		{"PINGRESP", V5, FromServer, ping(PINGRESP), wire("D0 00")},
		{"PINGREQ", V311, FromClient, ping(PINGREQ), wire("C0 00")},
		{"PINGRESP", V311, FromServer, ping(PINGRESP), wire("D0 00")},
	})
	runMalformed(t, []malformedRow{
		{"MQTT5-3.12.4-1 PINGRESP with a body", V5, FromServer, wire("D0 01 00"), MalformedPacket},
		{"PINGRESP with a body, 3.1.1", V311, FromServer, wire("D0 01 00"), MalformedPacket},
		{"PINGREQ with a body", V5, FromClient, wire("C0 01 00"), MalformedPacket},
	})
}
