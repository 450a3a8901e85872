package packet

import "testing"

func TestConnect(t *testing.T) {
	runValid(t, []validRow{
		{
			"MQTT5-3.1.2-1 MQTT5-3.1.3-3 MQTT5-2.2.2-1 MQTT5-3.1.2-16 MQTT5-3.1.2-18 the smallest", V5, FromClient,
			connect{V5, Connect{CleanStart: true, KeepAlive: 60}},
			wire(
				"10 0D", // CONNECT, Remaining Length
				"00 04", // length of the protocol name
				"'MQTT", // protocol name
				"05",    // protocol level
				"02",    // flags: Clean Start
				"00 3C", // keep alive
				"00",    // no properties
				"00 00", // client identifier: empty
			),
		},
		{
			"MQTT5-3.1.3-1 MQTT5-3.1.2-9 MQTT5-3.1.2-15 MQTT5-3.1.2-17 MQTT5-3.1.2-19 MQTT5-3.1.3-9 MQTT5-3.1.3-10 every field", V5, FromClient,
			connect{V5, Connect{
				KeepAlive:  300,
				Properties: Properties(nil).AppendUint(PropSessionExpiryInterval, 3600).AppendUint(PropReceiveMaximum, 20),
				ClientID:   []byte("id"),
				HasWill:    true,
				Will: Will{
					Topic: []byte("w"), Payload: []byte{0x00, 0xFF}, QoS: 2, Retain: true,
					Properties: Properties(nil).AppendUint(PropWillDelayInterval, 5).AppendUserProperty("k", "1").AppendUserProperty("k", "0"),
				},
				HasUserName: true, UserName: []byte("u"),
				HasPassword: true, Password: []byte{0x00, 0xC0},
			}},
			wire(
				"10 39",          // CONNECT, Remaining Length
				"00 04", "'MQTT", // protocol name
				"05",             // protocol level
				"F4",             // flags: user name, password, Will Retain, Will QoS 2, Will
				"01 2C",          // keep alive
				"08",             // Property Length
				"11 00 00 0E 10", // Session Expiry Interval 3600
				"21 00 14",       // Receive Maximum 20
				"00 02", "'id",   // client identifier
				"13",                            // Property Length of the Will
				"18 00 00 00 05",                // Will Delay Interval 5
				"26 00 01", "'k", "00 01", "'1", // User Property
				"26 00 01", "'k", "00 01", "'0", // the same name again, order kept
				"00 01", "'w", // Will Topic
				"00 02 00 FF", // Will Payload
				"00 01", "'u", // user name
				"00 02 00 C0", // password: binary
			),
		},
		{
			"MQTT5-3.1.2-16 MQTT5-3.1.2-19 a password without a user name, empty Will payload", V5, FromClient,
			connect{V5, Connect{HasWill: true, Will: Will{Topic: []byte("w")}, HasPassword: true, Password: []byte("p")}},
			wire(
				"10 16",          // CONNECT, Remaining Length
				"00 04", "'MQTT", // protocol name
				"05 44 00 00", // level, flags: password and Will, keep alive
				"00",          // no properties
				"00 00",       // client identifier
				"00",          // no properties of the Will
				"00 01", "'w", // Will Topic
				"00 00",       // Will Payload: empty
				"00 01", "'p", // password
			),
		},
		{
			"MQTT5-3.1.2-17 MQTT5-3.1.3-12 an empty user name", V5, FromClient,
			connect{V5, Connect{HasUserName: true}},
			wire(
				"10 0F",          // CONNECT, Remaining Length
				"00 04", "'MQTT", // protocol name
				"05 80 00 00 00", // level, flags: user name, keep alive, no properties
				"00 00",          // client identifier
				"00 00",          // user name
			),
		},
		{
			"MQTT311-3.1.3-3 MQTT311-3.1.2-18 MQTT311-3.1.2-20 MQTT311-3.1.3-7 the smallest", V311, FromClient,
			connect{V311, Connect{CleanStart: true}},
			wire(
				"10 0C",          // CONNECT, Remaining Length
				"00 04", "'MQTT", // protocol name
				"04 02 00 00", // level, flags: Clean Session, keep alive
				"00 00",       // client identifier
			),
		},
		{
			"MQTT311-3.1.3-1 MQTT311-3.1.2-9 MQTT311-3.1.2-17 MQTT311-3.1.2-19 MQTT311-3.1.2-21 every field", V311, FromClient,
			connect{V311, Connect{
				KeepAlive: 65535, ClientID: []byte("id"), HasWill: true,
				Will:        Will{Topic: []byte("w"), Payload: []byte("bye"), QoS: 1, Retain: true},
				HasUserName: true, UserName: []byte("u"), HasPassword: true, Password: []byte("p"),
			}},
			wire(
				"10 1C",          // CONNECT, Remaining Length
				"00 04", "'MQTT", // protocol name
				"04 EC FF FF",  // level, flags: user name, password, Will Retain, Will QoS 1, Will; keep alive
				"00 02", "'id", // client identifier
				"00 01", "'w", // Will Topic
				"00 03", "'bye", // Will Message
				"00 01", "'u", // user name
				"00 01", "'p", // password
			),
		},
	})
}

func TestConnectMalformed(t *testing.T) {
	// The rest of a CONNECT behind protocol name and level.
	v5 := func(rest ...string) []byte {
		return framed(0x10, append(wire("00 04", "'MQTT", "05"), wire(rest...)...))
	}
	v311 := func(rest ...string) []byte {
		return framed(0x10, append(wire("00 04", "'MQTT", "04"), wire(rest...)...))
	}
	runMalformed(t, []malformedRow{
		{"MQTT5-3.1.2-1 MQTT311-3.1.2-1 protocol name of MQTT 3.1", V5, FromClient, wire("10 0E 00 06", "'MQIsdp", "03 02 00 00 00 00"), UnsupportedProtocolVersion},
		{"MQTT5-3.1.2-1 other protocol name", V5, FromClient, wire("10 0D 00 04", "'MQTS", "05 02 00 00 00 00 00"), UnsupportedProtocolVersion},
		{"MQTT5-3.1.2-2 MQTT311-3.1.2-2 protocol level 6", V5, FromClient, wire("10 0D 00 04", "'MQTT", "06 02 00 00 00 00 00"), UnsupportedProtocolVersion},
		{"protocol name runs past the end", V5, FromClient, wire("10 0D 00 44", "'MQTT", "05 02 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-3 reserved flag", V5, FromClient, v5("03 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-12 Will QoS 3", V5, FromClient, v5("1C 00 00 00 00 00 00 00 01", "'w", "00 00"), MalformedPacket},
		{"MQTT5-3.1.2-11 Will QoS without Will", V5, FromClient, v5("08 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-13 Will Retain without Will", V5, FromClient, v5("20 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-9 Will fields missing", V5, FromClient, v5("04 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-17 user name missing", V5, FromClient, v5("80 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-19 password missing", V5, FromClient, v5("40 00 00 00 00 00"), MalformedPacket},
		{"MQTT5-3.1.2-16 MQTT5-3.1.2-18 user name and password without their flags", V5, FromClient, v5("00 00 00 00 00 00 00 01", "'u", "00 01", "'p"), MalformedPacket},
		{"MQTT5-3.1.3-4 MQTT5-1.5.4-1 client identifier not UTF-8", V5, FromClient, v5("02 00 00 00 00 02 C0 80"), MalformedPacket},
		{"MQTT5-3.1.3-11 Will Topic not UTF-8", V5, FromClient, v5("04 00 00 00 00 00 00 00 01 80 00 00"), MalformedPacket},
		{"MQTT5-4.7.0-1 Will Topic with wildcard", V5, FromClient, v5("04 00 00 00 00 00 00 00 01", "'#", "00 00"), ProtocolError},
		{"MQTT5-4.7.3-1 Will Topic empty", V5, FromClient, v5("04 00 00 00 00 00 00 00 00 00 00"), ProtocolError},
		{"MQTT5-3.1.3-12 user name not UTF-8", V5, FromClient, v5("80 00 00 00 00 00 00 01 FF"), MalformedPacket},
		{"MQTT5-1.5.4-2 user name with U+0000", V5, FromClient, v5("80 00 00 00 00 00 00 01 00"), MalformedPacket},
		{"U5-09 Authentication Data without Authentication Method", V5, FromClient, v5("02 00 00 03 16 00 00 00 00"), ProtocolError},
		{"Property Length past the end", V5, FromClient, v5("02 00 00 20 00 00"), MalformedPacket},
		{"MQTT5-1.5.5-1 over-long Property Length", V5, FromClient, v5("02 00 00 80 00 00 00"), MalformedPacket},
		{"MQTT311-3.1.2-3 reserved flag", V311, FromClient, v311("03 00 00 00 00"), MalformedPacket},
		{"MQTT311-3.1.2-14 Will QoS 3", V311, FromClient, v311("1E 00 00 00 00 00 01", "'w", "00 00"), MalformedPacket},
		{"MQTT311-3.1.2-11 MQTT311-3.1.2-13 Will QoS without Will", V311, FromClient, v311("0A 00 00 00 00"), MalformedPacket},
		{"MQTT311-3.1.2-11 MQTT311-3.1.2-15 Will Retain without Will", V311, FromClient, v311("22 00 00 00 00"), MalformedPacket},
		{"MQTT311-3.1.2-9 Will fields missing", V311, FromClient, v311("06 00 00 00 00"), MalformedPacket},
		{"MQTT311-3.1.2-19 user name missing", V311, FromClient, v311("82 00 00 00 00"), MalformedPacket},
		{"MQTT311-3.1.2-21 password missing", V311, FromClient, v311("C2 00 00 00 00 00 01", "'u"), MalformedPacket},
		{"MQTT311-3.1.2-18 MQTT311-3.1.2-20 fields without their flags", V311, FromClient, v311("02 00 00 00 00 00 01", "'u"), MalformedPacket},
		{"MQTT311-3.1.2-22 password without user name", V311, FromClient, v311("42 00 00 00 00 00 01", "'p"), MalformedPacket},
		{"MQTT311-3.1.3-7 MQTT311-3.1.3-8 empty client identifier without clean session", V311, FromClient, v311("00 00 00 00 00"), ClientIdentifierNotValid},
		{"MQTT311-3.1.3-4 client identifier not UTF-8", V311, FromClient, v311("02 00 00 00 01 FF"), MalformedPacket},
		{"MQTT311-3.1.3-10 Will Topic not UTF-8", V311, FromClient, v311("06 00 00 00 00 00 01 80 00 00"), MalformedPacket},
		{"MQTT311-4.7.1-1 Will Topic with wildcard", V311, FromClient, v311("06 00 00 00 00 00 01", "'+", "00 00"), ProtocolError},
		{"MQTT311-3.1.3-11 user name not UTF-8", V311, FromClient, v311("82 00 00 00 00 00 02 ED A0"), MalformedPacket},
	})
}

// MQTT5-3.1.2-3 MQTT5-3.1.2-11 MQTT5-3.1.2-13: for every combination of options the reserved flag is 0, and the
// flags of the Will are 0 without a Will, whatever the Will holds.
func TestConnectFlags(t *testing.T) {
	for _, name := range []string{"MQTT5-3.1.2-3", "MQTT5-3.1.2-11", "MQTT5-3.1.2-13", "MQTT311-3.1.2-13", "MQTT311-3.1.2-15"} {
		t.Run(name+" all combinations of options", func(t *testing.T) {
			for i := range 32 {
				bit := func(n int) bool { return i>>n&1 != 0 }
				p := Connect{CleanStart: bit(0), HasWill: bit(1), HasUserName: bit(2), HasPassword: bit(3)}
				p.Will = Will{Topic: []byte("w"), QoS: 2, Retain: bit(4)}
				flags := AppendConnect(nil, V5, &p)[9]
				if flags&1 != 0 {
					t.Errorf("%+v: reserved flag is set", p)
				}
				if !p.HasWill && flags&0x3C != 0 {
					t.Errorf("%+v: flags 0x%02X", p, flags)
				}
			}
		})
	}
}
