package packet

import (
	"bytes"
	"fmt"
	"testing"
)

// Every first byte for every version and sender, from section 1 of the wire reference: '.' for legal, '1' for
// malformed (0x81), '2' for a Protocol Error (0x82).
func TestFirstByte(t *testing.T) {
	const (
		only0 = ".111111111111111" // flags 0000
		only2 = "11.1111111111111" // flags 0010
		qos   = "......11" + "11....11"
		never = "2222222222222222" // wrong direction, whatever the flags
		none  = "1111111111111111" // reserved type
	)
	for _, side := range []struct {
		v    Version
		from Role
		want [16]string
	}{
		{V5, FromClient, [16]string{none, only0, never, qos, only0, only0, only2, only0, only2, never, only2, never, only0, never, only0, only0}},
		{V5, FromServer, [16]string{none, never, only0, qos, only0, only0, only2, only0, never, only0, never, only0, never, only0, only0, only0}},
		{V311, FromClient, [16]string{none, only0, never, qos, only0, only0, only2, only0, only2, never, only2, never, only0, never, only0, none}},
		{V311, FromServer, [16]string{none, never, only0, qos, only0, only0, only2, only0, never, only0, never, only0, never, only0, never, none}},
	} {
		ids := "MQTT5-2.1.3-1 MQTT5-3.3.1-2 MQTT5-3.3.1-4 MQTT5-3.6.1-1 MQTT5-3.8.1-1 MQTT5-3.10.1-1 MQTT5-3.14.1-1 MQTT5-3.15.1-1"
		if side.v == V311 {
			ids = "MQTT311-2.2.2-1 MQTT311-2.2.2-2 MQTT311-3.3.1-2 MQTT311-3.3.1-4 MQTT311-3.6.1-1 MQTT311-3.8.1-1 MQTT311-3.10.1-1 MQTT311-3.14.1-1"
		}
		t.Run(fmt.Sprintf("%s sender %d", ids, side.from), func(t *testing.T) {
			for first := range 256 {
				// The first byte alone decides.
				h, ok, err := ReadHeader(side.v, side.from, []byte{byte(first)})
				if ok || h != (Header{}) {
					t.Fatalf("%02X: got %+v of one byte", first, h)
				}
				switch want := side.want[first>>4][first&15]; want {
				case '.':
					if err != nil {
						t.Errorf("%02X: %v", first, err)
					}
				default:
					requireReason(t, err, Type(first>>4), 0x80+ReasonCode(want-'0'))
				}
			}
		})
	}
}

func TestRemainingLength(t *testing.T) {
	for _, row := range []struct {
		n     int
		bytes []byte
	}{
		{0, wire("00")},
		{127, wire("7F")},
		{128, wire("80 01")},
		{16_383, wire("FF 7F")},
		{16_384, wire("80 80 01")},
		{2_097_151, wire("FF FF 7F")},
		{2_097_152, wire("80 80 80 01")},
		{MaxRemainingLength, wire("FF FF FF 7F")},
	} {
		for _, id := range []string{"MQTT5-1.5.5-1", "U311-06"} {
			t.Run(fmt.Sprintf("%s %d", id, row.n), func(t *testing.T) {
				if got := appendVarint(nil, row.n); !bytes.Equal(got, row.bytes) || varintSize(row.n) != len(got) {
					t.Fatalf("encoded as % X, size %d", got, varintSize(row.n))
				}
				v := V5
				if id == "U311-06" {
					v = V311
				}
				first := byte(0x30)
				if row.n == 0 {
					first = 0xD0
				}
				b := append([]byte{first}, row.bytes...)
				for n := range b {
					if h, ok, err := ReadHeader(v, FromServer, b[:n]); ok || err != nil || h != (Header{}) {
						t.Errorf("%d bytes: got %+v, %v, %v", n, h, ok, err)
					}
				}
				for _, b := range [][]byte{b, append(bytes.Clone(b), 0xFF, 0xFF)} {
					h, ok, err := ReadHeader(v, FromServer, b)
					want := Header{First: first, Length: row.n, Size: 1 + len(row.bytes)}
					if !ok || err != nil || h != want {
						t.Errorf("got %+v, %v, %v", h, ok, err)
					}
					if h.PacketSize() != 1+len(row.bytes)+row.n || h.Type() != Type(first>>4) {
						t.Errorf("got size %d, type %v", h.PacketSize(), h.Type())
					}
				}
			})
		}
	}
	runMalformed(t, []malformedRow{
		{"MQTT5-1.5.5-1 over-long length 80 00", V5, FromServer, wire("D0 80 00"), MalformedPacket},
		{"MQTT5-1.5.5-1 over-long length FF 80 00", V5, FromServer, wire("30 FF 80 00"), MalformedPacket},
		{"MQTT5-1.5.5-1 over-long length FF FF FF 00", V5, FromServer, wire("30 FF FF FF 00"), MalformedPacket},
		{"MQTT5-1.5.5-1 fourth byte goes on, seen without a fifth", V5, FromServer, wire("30 FF FF FF FF"), MalformedPacket},
		{"U311-06 fourth byte goes on", V311, FromServer, wire("30 80 80 80 80 01"), MalformedPacket},
		{"over-long length, 3.1.1", V311, FromServer, wire("D0 80 00"), MalformedPacket},
	})
}

// The Remaining Length that no packet of the type can have is refused before the body is there.
func TestImpossibleLength(t *testing.T) {
	for _, row := range []struct {
		v     Version
		from  Role
		first byte
		n     int  // the lengths below are refused
		fixed bool // and those above
	}{
		{V5, FromClient, 0x10, 12, false},
		{V5, FromServer, 0x20, 2, false},
		{V5, FromServer, 0x30, 3, false},
		{V5, FromServer, 0x32, 5, false},
		{V5, FromServer, 0x35, 5, false},
		{V5, FromServer, 0x40, 2, false},
		{V5, FromServer, 0x50, 2, false},
		{V5, FromServer, 0x62, 2, false},
		{V5, FromServer, 0x70, 2, false},
		{V5, FromClient, 0x82, 3, false},
		{V5, FromServer, 0x90, 3, false},
		{V5, FromClient, 0xA2, 3, false},
		{V5, FromServer, 0xB0, 3, false},
		{V5, FromClient, 0xC0, 0, true},
		{V5, FromServer, 0xD0, 0, true},
		{V5, FromServer, 0xE0, 0, false},
		{V5, FromServer, 0xF0, 0, false},
		{V311, FromClient, 0x10, 12, false},
		{V311, FromServer, 0x20, 2, true},
		{V311, FromServer, 0x30, 2, false},
		{V311, FromServer, 0x33, 4, false},
		{V311, FromServer, 0x40, 2, true},
		{V311, FromServer, 0x50, 2, true},
		{V311, FromServer, 0x62, 2, true},
		{V311, FromServer, 0x70, 2, true},
		{V311, FromClient, 0x82, 2, false},
		{V311, FromServer, 0x90, 3, false},
		{V311, FromClient, 0xA2, 2, false},
		{V311, FromServer, 0xB0, 2, true},
		{V311, FromClient, 0xC0, 0, true},
		{V311, FromServer, 0xD0, 0, true},
		{V311, FromClient, 0xE0, 0, true},
	} {
		t.Run(fmt.Sprintf("U311-07 version %d first byte %02X", row.v, row.first), func(t *testing.T) {
			for n := range 130 {
				_, ok, err := ReadHeader(row.v, row.from, appendVarint([]byte{row.first}, n))
				if n == row.n || (n > row.n && !row.fixed) {
					if !ok || err != nil {
						t.Errorf("length %d: %v", n, err)
					}
					continue
				}
				requireReason(t, err, Type(row.first>>4), MalformedPacket)
			}
		})
	}
}

func TestTypeString(t *testing.T) {
	want := []string{
		"type 0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK",
		"UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH", "type 16",
	}
	for i, name := range want {
		if got := Type(i).String(); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := DecodePublish(V5, FromServer, 0x30, wire("00 01", "'+", "00"))
	if got, want := err.Error(), "PUBLISH: topic name contains the wildcard '+' (0x82 Protocol Error)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
