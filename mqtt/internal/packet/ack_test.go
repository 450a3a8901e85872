package packet

import (
	"fmt"
	"testing"
)

func TestAck(t *testing.T) {
	reasonString := Properties(nil).AppendString(PropReasonString, "no")
	runValid(t, []validRow{
		{"MQTT5-3.4.2-1 PUBACK", V5, FromClient, ack{PUBACK, Ack{PacketID: 0x1234}}, wire("40 02", "12 34")},
		{"MQTT5-3.4.2-1 PUBACK with reason", V5, FromServer, ack{PUBACK, Ack{PacketID: 1, Reason: NoMatchingSubscribers}}, wire("40 03", "00 01", "10")},
		{
			"PUBACK with properties", V5, FromServer,
			ack{PUBACK, Ack{1, QuotaExceeded, reasonString.AppendUserProperty("k", "v")}},
			wire(
				"40 10",           // PUBACK, Remaining Length
				"00 01",           // packet identifier
				"97",              // Quota exceeded
				"0C",              // Property Length
				"1F 00 02", "'no", // Reason String
				"26 00 01", "'k", "00 01", "'v", // User Property
			),
		},
		{"success with properties", V5, FromServer, ack{PUBREC, Ack{1, Success, reasonString}}, wire("50 09", "00 01", "00", "05", "1F 00 02", "'no")},
		{"MQTT5-3.5.2-1 PUBREC", V5, FromServer, ack{PUBREC, Ack{PacketID: 1}}, wire("50 02", "00 01")},
		{"MQTT5-3.6.1-1 MQTT5-3.6.2-1 PUBREL", V5, FromClient, ack{PUBREL, Ack{PacketID: 1}}, wire("62 02", "00 01")},
		{"MQTT5-3.6.2-1 PUBREL with reason", V5, FromServer, ack{PUBREL, Ack{PacketID: 1, Reason: PacketIdentifierNotFound}}, wire("62 03", "00 01", "92")},
		{"MQTT5-3.7.2-1 PUBCOMP", V5, FromServer, ack{PUBCOMP, Ack{PacketID: 0xFFFF}}, wire("70 02", "FF FF")},
		{"PUBACK", V311, FromServer, ack{PUBACK, Ack{PacketID: 1}}, wire("40 02", "00 01")},
		{"PUBREC", V311, FromClient, ack{PUBREC, Ack{PacketID: 1}}, wire("50 02", "00 01")},
		{"MQTT311-3.6.1-1 PUBREL", V311, FromServer, ack{PUBREL, Ack{PacketID: 1}}, wire("62 02", "00 01")},
		{"PUBCOMP", V311, FromClient, ack{PUBCOMP, Ack{PacketID: 1}}, wire("70 02", "00 01")},
	})
}

func TestAckMalformed(t *testing.T) {
	rows := []malformedRow{
		{"MQTT5-3.4.2-1 PUBACK reason 01", V5, FromServer, wire("40 03 00 01 01"), ProtocolError},
		{"MQTT5-3.4.2-1 PUBACK reason 92", V5, FromServer, wire("40 03 00 01 92"), ProtocolError},
		{"MQTT5-3.4.2-1 PUBACK reason 10 from the client", V5, FromClient, wire("40 03 00 01 10"), ProtocolError},
		{"MQTT5-3.5.2-1 PUBREC reason 92", V5, FromServer, wire("50 03 00 01 92"), ProtocolError},
		{"MQTT5-3.6.2-1 PUBREL reason 80", V5, FromServer, wire("62 03 00 01 80"), ProtocolError},
		{"MQTT5-3.7.2-1 PUBCOMP reason 10", V5, FromServer, wire("70 03 00 01 10"), ProtocolError},
		{"MQTT5-3.4.2-2 PUBACK Reason String twice", V5, FromServer, wire("40 0A 00 01 80 06 1F 00 00 1F 00 00"), ProtocolError},
		{"MQTT5-3.5.2-2 PUBREC Reason String twice", V5, FromServer, wire("50 0A 00 01 80 06 1F 00 00 1F 00 00"), ProtocolError},
		{"MQTT5-3.6.2-2 PUBREL Reason String twice", V5, FromServer, wire("62 0A 00 01 92 06 1F 00 00 1F 00 00"), ProtocolError},
		{"MQTT5-3.7.2-2 PUBCOMP Reason String twice", V5, FromServer, wire("70 0A 00 01 92 06 1F 00 00 1F 00 00"), ProtocolError},
		{"MQTT5-1.5.4-1 Reason String not UTF-8", V5, FromServer, wire("40 08 00 01 80 04 1F 00 01 FF"), MalformedPacket},
		{"Property Length past the end", V5, FromServer, wire("40 04 00 01 80 01"), MalformedPacket},
		{"bytes left over", V5, FromServer, wire("40 05 00 01 80 00 00"), MalformedPacket},
		{"U311-07 bytes left over", V311, FromServer, wire("40 03 00 01 00"), MalformedPacket},
		{"U311-07 too short", V311, FromServer, wire("40 01 00"), MalformedPacket},
	}
	for _, first := range []byte{0x40, 0x50, 0x62, 0x70} {
		name := Type(first >> 4).String()
		rows = append(rows,
			malformedRow{"MQTT5-2.2.1-5 " + name + " identifier 0", V5, FromServer, []byte{first, 2, 0, 0}, ProtocolError},
			malformedRow{name + " identifier 0 with reason", V5, FromServer, []byte{first, 3, 0, 0, 0}, ProtocolError},
			malformedRow{"MQTT311-2.3.1-6 " + name + " identifier 0", V311, FromServer, []byte{first, 2, 0, 0}, ProtocolError},
		)
	}
	runMalformed(t, rows)
}

func TestAckShortForms(t *testing.T) {
	for _, first := range []byte{0x40, 0x50, 0x62, 0x70} {
		for _, body := range [][]byte{{0, 9}, {0, 9, 0}, {0, 9, 0, 0}} {
			t.Run(fmt.Sprintf("U5-21 %02X with %d bytes", first, len(body)), func(t *testing.T) {
				b := framed(first, body)
				got, err := decodePoisoned(t, V5, FromServer, b)
				if want := (ack{Type(first >> 4), Ack{PacketID: 9}}); err != nil || !same(got, want) {
					t.Fatalf("got %+v, %v", got, err)
				}
				checkCanonical(t, V5, FromServer, b, got)
			})
		}
	}
}

// The body as such, which ReadHeader would not have let through.
func TestAckBodyTooShort(t *testing.T) {
	for n := range 2 {
		_, err := DecodeAck(V311, FromServer, PUBACK, make([]byte, n))
		requireReason(t, err, PUBACK, MalformedPacket)
	}
}
