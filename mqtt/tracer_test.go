package mqtt_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// wire joins the fields of a packet: hexadecimal bytes, or text after an apostrophe.
func wire(fields ...string) []byte {
	var b []byte
	for _, f := range fields {
		if text, ok := strings.CutPrefix(f, "'"); ok {
			b = append(b, text...)
			continue
		}
		raw, err := hex.DecodeString(strings.ReplaceAll(f, " ", ""))
		if err != nil {
			panic(err)
		}
		b = append(b, raw...)
	}
	return b
}

const (
	out = packet.FromClient
	in  = packet.FromServer
)

// tracedPackets are packets and the lines of the log that tell them.
var tracedPackets = []struct {
	version packet.Version
	from    packet.Role
	bytes   []byte
	verbose string // the line of level 2
	debug   string // what level 3 adds
	open    string // the same with MaskSensitiveData False; "" = no difference
}{
	// CONNECT
	{
		packet.V311, out, wire("10 0E", "00 04", "'MQTT", "04 02 00 3C", "00 02", "'c1"),
		`sent CONNECT, 16 bytes`,
		`; Protocol Name "MQTT", Protocol Level 4, Connect Flags 0x02 (Clean Session), Keep Alive 60, Client Identifier "c1"; hex 10 0E 00 04 4D 51 54 54 04 02 00 3C 00 02 63 31`, "",
	},
	{
		packet.V311, out, wire("10 24", "00 04", "'MQTT", "04 F6 00 00", "00 02", "'c1", "00 01", "'w", "00 04", "'gone", "00 03", "'ann", "00 06", "'secret"),
		`sent CONNECT, 38 bytes`,
		`; Protocol Name "MQTT", Protocol Level 4, Connect Flags 0xF6 (Clean Session, Will, Will QoS 2, Will Retain, User Name, Password), Keep Alive 0, Client Identifier "c1", Will Topic "w", Will Message *** 4 bytes, User Name "ann", Password *** 6 bytes; hex 10 24 00 04 4D 51 54 54 04 F6 00 00 00 02 63 31 00 01 77 00 04 (*** 4 bytes) 00 03 61 6E 6E 00 06 (*** 6 bytes)`,
		`; Protocol Name "MQTT", Protocol Level 4, Connect Flags 0xF6 (Clean Session, Will, Will QoS 2, Will Retain, User Name, Password), Keep Alive 0, Client Identifier "c1", Will Topic "w", Will Message "gone", User Name "ann", Password "secret"; hex 10 24 00 04 4D 51 54 54 04 F6 00 00 00 02 63 31 00 01 77 00 04 67 6F 6E 65 00 03 61 6E 6E 00 06 73 65 63 72 65 74`,
	},
	{
		packet.V5, out, wire("10 0D", "00 04", "'MQTT", "05 02 00 3C", "00", "00 00"),
		`sent CONNECT, 15 bytes`,
		`; Protocol Name "MQTT", Protocol Version 5, Connect Flags 0x02 (Clean Start), Keep Alive 60, Client Identifier ""; hex 10 0D 00 04 4D 51 54 54 05 02 00 3C 00 00 00`, "",
	},
	{
		packet.V5, out, wire("10 58", "00 04", "'MQTT", "05 EE 00 3C", "22", "11 00 00 0E 10", "21 00 14", "15 00 01", "'m", "16 00 05", "'token", "26 00 04", "'name", "00 05", "'value", "00 02", "'c1", "10", "18 00 00 00 05", "09 00 02 AA BB", "01 01", "03 00 01", "'t", "00 01", "'w", "00 04", "'gone", "00 03", "'ann", "00 06", "'secret"),
		`sent CONNECT, 90 bytes`,
		`; Protocol Name "MQTT", Protocol Version 5, Connect Flags 0xEE (Clean Start, Will, Will QoS 1, Will Retain, User Name, Password), Keep Alive 60, Session Expiry Interval 3600, Receive Maximum 20, Authentication Method "m", Authentication Data *** 5 bytes, User Property "name" = "value", Client Identifier "c1", Will Delay Interval 5, Correlation Data *** 2 bytes, Payload Format Indicator 1, Content Type "t", Will Topic "w", Will Payload *** 4 bytes, User Name "ann", Password *** 6 bytes; hex 10 58 00 04 4D 51 54 54 05 EE 00 3C 22 11 00 00 0E 10 21 00 14 15 00 01 6D 16 00 05 (*** 5 bytes) 26 00 04 6E 61 6D 65 00 05 76 61 6C 75 65 00 02 63 31 10 18 00 00 00 05 09 00 02 (*** 2 bytes) 01 01 03 00 01 74 00 01 77 00 04 (*** 4 bytes) 00 03 61 6E 6E 00 06 (*** 6 bytes)`,
		`; Protocol Name "MQTT", Protocol Version 5, Connect Flags 0xEE (Clean Start, Will, Will QoS 1, Will Retain, User Name, Password), Keep Alive 60, Session Expiry Interval 3600, Receive Maximum 20, Authentication Method "m", Authentication Data "token", User Property "name" = "value", Client Identifier "c1", Will Delay Interval 5, Correlation Data "\xaa\xbb", Payload Format Indicator 1, Content Type "t", Will Topic "w", Will Payload "gone", User Name "ann", Password "secret"; hex 10 58 00 04 4D 51 54 54 05 EE 00 3C 22 11 00 00 0E 10 21 00 14 15 00 01 6D 16 00 05 74 6F 6B 65 6E 26 00 04 6E 61 6D 65 00 05 76 61 6C 75 65 00 02 63 31 10 18 00 00 00 05 09 00 02 AA BB 01 01 03 00 01 74 00 01 77 00 04 67 6F 6E 65 00 03 61 6E 6E 00 06 73 65 63 72 65 74`,
	},
	{
		packet.V5, out, wire("10 16", "00 04", "'MQTT", "05 82 00 00", "00", "00 02", "'c1", "00 05", "'token"),
		`sent CONNECT, 24 bytes`,
		`; Protocol Name "MQTT", Protocol Version 5, Connect Flags 0x82 (Clean Start, User Name), Keep Alive 0, Client Identifier "c1", User Name *** 5 bytes; hex 10 16 00 04 4D 51 54 54 05 82 00 00 00 00 02 63 31 00 05 (*** 5 bytes)`,
		`; Protocol Name "MQTT", Protocol Version 5, Connect Flags 0x82 (Clean Start, User Name), Keep Alive 0, Client Identifier "c1", User Name "token"; hex 10 16 00 04 4D 51 54 54 05 82 00 00 00 00 02 63 31 00 05 74 6F 6B 65 6E`,
	},
	// CONNACK
	{
		packet.V311, in, wire("20 02", "01 00"),
		`received CONNACK, 4 bytes`,
		`; Connect Acknowledge Flags 0x01 (Session Present), Connect Return code 0x00 (Connection accepted); hex 20 02 01 00`, "",
	},
	{
		packet.V311, in, wire("20 02", "00 05"),
		`received CONNACK, 4 bytes`,
		`; Connect Acknowledge Flags 0x00, Connect Return code 0x05 (Not authorized); hex 20 02 00 05`, "",
	},
	{
		packet.V5, in, wire("20 03", "01 00", "00"),
		`received CONNACK, 5 bytes`,
		`; Connect Acknowledge Flags 0x01 (Session Present), Reason Code 0x00 (Success); hex 20 03 01 00 00`, "",
	},
	{
		packet.V5, in, wire("20 25", "00 00", "22", "11 00 00 00 3C", "12 00 02", "'c9", "13 00 1E", "21 00 0A", "22 00 05", "24 01", "25 00", "27 00 01 00 00", "28 01", "29 00", "2A 01"),
		`received CONNACK, 39 bytes`,
		`; Connect Acknowledge Flags 0x00, Reason Code 0x00 (Success), Session Expiry Interval 60, Assigned Client Identifier "c9", Server Keep Alive 30, Receive Maximum 10, Topic Alias Maximum 5, Maximum QoS 1, Retain Available 0, Maximum Packet Size 65536, Wildcard Subscription Available 1, Subscription Identifier Available 0, Shared Subscription Available 1; hex 20 25 00 00 22 11 00 00 00 3C 12 00 02 63 39 13 00 1E 21 00 0A 22 00 05 24 01 25 00 27 00 01 00 00 28 01 29 00 2A 01`, "",
	},
	{
		packet.V5, in, wire("20 10", "00 87", "0D", "1F 00 03", "'who", "1C 00 01", "'s", "16 00 00"),
		`received CONNACK, 18 bytes`,
		`; Connect Acknowledge Flags 0x00, Reason Code 0x87 (Not authorized), Reason String "who", Server Reference "s", Authentication Data *** 0 bytes; hex 20 10 00 87 0D 1F 00 03 77 68 6F 1C 00 01 73 16 00 00`,
		`; Connect Acknowledge Flags 0x00, Reason Code 0x87 (Not authorized), Reason String "who", Server Reference "s", Authentication Data ""; hex 20 10 00 87 0D 1F 00 03 77 68 6F 1C 00 01 73 16 00 00`,
	},
	{
		packet.V5, in, wire("20 02", "00 01"),
		`received CONNACK, 4 bytes`,
		`; Connect Acknowledge Flags 0x00, Connect Return code 0x01 (Unacceptable protocol version); hex 20 02 00 01`, "",
	},
	// PUBLISH
	{
		packet.V311, out, wire("30 07", "00 01", "'t", "'21.5"),
		`sent PUBLISH QoS 0, topic "t", 9 bytes`,
		`; Topic Name "t", Payload *** 4 bytes; hex 30 07 00 01 74 (*** 4 bytes)`,
		`; Topic Name "t", Payload "21.5"; hex 30 07 00 01 74 32 31 2E 35`,
	},
	{
		packet.V311, out, wire("3B 0B", "00 03", "'a/b", "00 07", "'21.5"),
		`sent PUBLISH QoS 1, packet 7, DUP, RETAIN, topic "a/b", 13 bytes`,
		`; Topic Name "a/b", Packet Identifier 7, Payload *** 4 bytes; hex 3B 0B 00 03 61 2F 62 00 07 (*** 4 bytes)`,
		`; Topic Name "a/b", Packet Identifier 7, Payload "21.5"; hex 3B 0B 00 03 61 2F 62 00 07 32 31 2E 35`,
	},
	{
		packet.V311, in, wire("35 07", "00 03", "'a/b", "00 07"),
		`received PUBLISH QoS 2, packet 7, RETAIN, topic "a/b", 9 bytes`,
		`; Topic Name "a/b", Packet Identifier 7; hex 35 07 00 03 61 2F 62 00 07`, "",
	},
	{
		packet.V5, out, wire("32 21", "00 01", "'t", "00 01", "17", "01 01", "02 00 00 00 0A", "08 00 01", "'r", "09 00 02 AA BB", "03 00 01", "'t", "23 00 02", "'21.5"),
		`sent PUBLISH QoS 1, packet 1, topic "t", 35 bytes`,
		`; Topic Name "t", Packet Identifier 1, Payload Format Indicator 1, Message Expiry Interval 10, Response Topic "r", Correlation Data *** 2 bytes, Content Type "t", Topic Alias 2, Payload *** 4 bytes; hex 32 21 00 01 74 00 01 17 01 01 02 00 00 00 0A 08 00 01 72 09 00 02 (*** 2 bytes) 03 00 01 74 23 00 02 (*** 4 bytes)`,
		`; Topic Name "t", Packet Identifier 1, Payload Format Indicator 1, Message Expiry Interval 10, Response Topic "r", Correlation Data "\xaa\xbb", Content Type "t", Topic Alias 2, Payload "21.5"; hex 32 21 00 01 74 00 01 17 01 01 02 00 00 00 0A 08 00 01 72 09 00 02 AA BB 03 00 01 74 23 00 02 32 31 2E 35`,
	},
	{
		packet.V5, out, wire("30 0A", "00 00", "03", "23 00 02", "'21.5"),
		`sent PUBLISH QoS 0, topic alias 2, 12 bytes`,
		`; Topic Name "", Topic Alias 2, Payload *** 4 bytes; hex 30 0A 00 00 03 23 00 02 (*** 4 bytes)`,
		`; Topic Name "", Topic Alias 2, Payload "21.5"; hex 30 0A 00 00 03 23 00 02 32 31 2E 35`,
	},
	{
		packet.V5, in, wire("31 13", "00 01", "'t", "0B", "0B 05", "0B 80 01", "26 00 01", "'k", "00 00", "'21.5"),
		`received PUBLISH QoS 0, RETAIN, topic "t", 21 bytes`,
		`; Topic Name "t", Subscription Identifier 5, Subscription Identifier 128, User Property "k" = "", Payload *** 4 bytes; hex 31 13 00 01 74 0B 0B 05 0B 80 01 26 00 01 6B 00 00 (*** 4 bytes)`,
		`; Topic Name "t", Subscription Identifier 5, Subscription Identifier 128, User Property "k" = "", Payload "21.5"; hex 31 13 00 01 74 0B 0B 05 0B 80 01 26 00 01 6B 00 00 32 31 2E 35`,
	},
	// acknowledgments
	{
		packet.V311, in, wire("40 02", "00 01"),
		`received PUBACK, packet 1, 4 bytes`,
		`; Packet Identifier 1; hex 40 02 00 01`, "",
	},
	{
		packet.V311, out, wire("40 02", "00 01"),
		`sent PUBACK, packet 1, 4 bytes`,
		`; Packet Identifier 1; hex 40 02 00 01`, "",
	},
	{
		packet.V5, in, wire("40 02", "00 01"),
		`received PUBACK, packet 1, 4 bytes`,
		`; Packet Identifier 1; hex 40 02 00 01`, "",
	},
	{
		packet.V5, out, wire("40 03", "00 01", "10"),
		`sent PUBACK, packet 1, 5 bytes`,
		`; Packet Identifier 1, Reason Code 0x10 (No matching subscribers); hex 40 03 00 01 10`, "",
	},
	{
		packet.V5, in, wire("40 0D", "00 01", "97", "09", "1F 00 06", "'enough"),
		`received PUBACK, packet 1, 15 bytes`,
		`; Packet Identifier 1, Reason Code 0x97 (Quota exceeded), Reason String "enough"; hex 40 0D 00 01 97 09 1F 00 06 65 6E 6F 75 67 68`, "",
	},
	{
		packet.V311, in, wire("50 02", "00 02"),
		`received PUBREC, packet 2, 4 bytes`,
		`; Packet Identifier 2; hex 50 02 00 02`, "",
	},
	{
		packet.V311, out, wire("50 02", "00 02"),
		`sent PUBREC, packet 2, 4 bytes`,
		`; Packet Identifier 2; hex 50 02 00 02`, "",
	},
	{
		packet.V5, in, wire("50 03", "00 02", "87"),
		`received PUBREC, packet 2, 5 bytes`,
		`; Packet Identifier 2, Reason Code 0x87 (Not authorized); hex 50 03 00 02 87`, "",
	},
	{
		packet.V311, out, wire("62 02", "00 02"),
		`sent PUBREL, packet 2, 4 bytes`,
		`; Packet Identifier 2; hex 62 02 00 02`, "",
	},
	{
		packet.V311, in, wire("62 02", "00 02"),
		`received PUBREL, packet 2, 4 bytes`,
		`; Packet Identifier 2; hex 62 02 00 02`, "",
	},
	{
		packet.V5, in, wire("62 04", "00 02", "92", "00"),
		`received PUBREL, packet 2, 6 bytes`,
		`; Packet Identifier 2, Reason Code 0x92 (Packet Identifier not found); hex 62 04 00 02 92 00`, "",
	},
	{
		packet.V311, in, wire("70 02", "00 02"),
		`received PUBCOMP, packet 2, 4 bytes`,
		`; Packet Identifier 2; hex 70 02 00 02`, "",
	},
	{
		packet.V311, out, wire("70 02", "00 02"),
		`sent PUBCOMP, packet 2, 4 bytes`,
		`; Packet Identifier 2; hex 70 02 00 02`, "",
	},
	{
		packet.V5, out, wire("70 03", "00 02", "92"),
		`sent PUBCOMP, packet 2, 5 bytes`,
		`; Packet Identifier 2, Reason Code 0x92 (Packet Identifier not found); hex 70 03 00 02 92`, "",
	},
	// SUBSCRIBE, UNSUBSCRIBE and their answers
	{
		packet.V311, out, wire("82 0C", "00 03", "00 03", "'a/+", "01", "00 01", "'#", "00"),
		`sent SUBSCRIBE, packet 3, 14 bytes`,
		`; Packet Identifier 3, Topic Filter "a/+", Requested QoS 1, Topic Filter "#", Requested QoS 0; hex 82 0C 00 03 00 03 61 2F 2B 01 00 01 23 00`, "",
	},
	{
		packet.V5, out, wire("82 0B", "00 03", "02", "0B 05", "00 03", "'a/+", "2D"),
		`sent SUBSCRIBE, packet 3, 13 bytes`,
		`; Packet Identifier 3, Subscription Identifier 5, Topic Filter "a/+", Subscription Options 0x2D (QoS 1, No Local, Retain As Published, Retain Handling 2); hex 82 0B 00 03 02 0B 05 00 03 61 2F 2B 2D`, "",
	},
	{
		packet.V311, in, wire("90 04", "00 03", "01 80"),
		`received SUBACK, packet 3, 6 bytes`,
		`; Packet Identifier 3, Return Code 0x01 (Success, Maximum QoS 1), Return Code 0x80 (Failure); hex 90 04 00 03 01 80`, "",
	},
	{
		packet.V5, in, wire("90 06", "00 03", "00", "00 02 8F"),
		`received SUBACK, packet 3, 8 bytes`,
		`; Packet Identifier 3, Reason Code 0x00 (Granted QoS 0), Reason Code 0x02 (Granted QoS 2), Reason Code 0x8F (Topic Filter invalid); hex 90 06 00 03 00 00 02 8F`, "",
	},
	{
		packet.V311, out, wire("A2 0A", "00 04", "00 03", "'a/+", "00 01", "'#"),
		`sent UNSUBSCRIBE, packet 4, 12 bytes`,
		`; Packet Identifier 4, Topic Filter "a/+", Topic Filter "#"; hex A2 0A 00 04 00 03 61 2F 2B 00 01 23`, "",
	},
	{
		packet.V5, out, wire("A2 08", "00 04", "00", "00 03", "'a/+"),
		`sent UNSUBSCRIBE, packet 4, 10 bytes`,
		`; Packet Identifier 4, Topic Filter "a/+"; hex A2 08 00 04 00 00 03 61 2F 2B`, "",
	},
	{
		packet.V311, in, wire("B0 02", "00 04"),
		`received UNSUBACK, packet 4, 4 bytes`,
		`; Packet Identifier 4; hex B0 02 00 04`, "",
	},
	{
		packet.V5, in, wire("B0 05", "00 04", "00", "00 11"),
		`received UNSUBACK, packet 4, 7 bytes`,
		`; Packet Identifier 4, Reason Code 0x00 (Success), Reason Code 0x11 (No subscription existed); hex B0 05 00 04 00 00 11`, "",
	},
	// the rest
	{
		packet.V311, out, wire("C0 00"),
		`sent PINGREQ, 2 bytes`,
		`; hex C0 00`, "",
	},
	{
		packet.V311, in, wire("D0 00"),
		`received PINGRESP, 2 bytes`,
		`; hex D0 00`, "",
	},
	{
		packet.V5, out, wire("C0 00"),
		`sent PINGREQ, 2 bytes`,
		`; hex C0 00`, "",
	},
	{
		packet.V5, in, wire("D0 00"),
		`received PINGRESP, 2 bytes`,
		`; hex D0 00`, "",
	},
	{
		packet.V311, out, wire("E0 00"),
		`sent DISCONNECT, 2 bytes`,
		`; hex E0 00`, "",
	},
	{
		packet.V5, out, wire("E0 00"),
		`sent DISCONNECT, 2 bytes`,
		`; hex E0 00`, "",
	},
	{
		packet.V5, out, wire("E0 07", "04", "05", "11 00 00 00 09"),
		`sent DISCONNECT, 9 bytes`,
		`; Reason Code 0x04 (Disconnect with Will Message), Session Expiry Interval 9; hex E0 07 04 05 11 00 00 00 09`, "",
	},
	{
		packet.V5, in, wire("E0 0F", "8E", "0D", "1F 00 05", "'later", "1C 00 02", "'s2"),
		`received DISCONNECT, 17 bytes`,
		`; Reason Code 0x8E (Session taken over), Reason String "later", Server Reference "s2"; hex E0 0F 8E 0D 1F 00 05 6C 61 74 65 72 1C 00 02 73 32`, "",
	},
	{
		packet.V5, out, wire("F0 0E", "18", "0C", "15 00 01", "'m", "16 00 05", "'token"),
		`sent AUTH, 16 bytes`,
		`; Reason Code 0x18 (Continue authentication), Authentication Method "m", Authentication Data *** 5 bytes; hex F0 0E 18 0C 15 00 01 6D 16 00 05 (*** 5 bytes)`,
		`; Reason Code 0x18 (Continue authentication), Authentication Method "m", Authentication Data "token"; hex F0 0E 18 0C 15 00 01 6D 16 00 05 74 6F 6B 65 6E`,
	},
	{
		packet.V5, in, wire("F0 0E", "18", "0C", "15 00 01", "'m", "16 00 05", "'token"),
		`received AUTH, 16 bytes`,
		`; Reason Code 0x18 (Continue authentication), Authentication Method "m", Authentication Data *** 5 bytes; hex F0 0E 18 0C 15 00 01 6D 16 00 05 (*** 5 bytes)`,
		`; Reason Code 0x18 (Continue authentication), Authentication Method "m", Authentication Data "token"; hex F0 0E 18 0C 15 00 01 6D 16 00 05 74 6F 6B 65 6E`,
	},
	// what SendCustomPacket may send, and what a server may get wrong
	{
		packet.V311, out, wire("00 02", "DE AD"),
		`sent type 0, 4 bytes`,
		`; 2 bytes that are not decoded; hex 00 02 (*** 2 bytes)`,
		`; 2 bytes that are not decoded; hex 00 02 DE AD`,
	},
	{
		packet.V311, out, wire("43 03", "00 01 02"),
		`sent PUBACK, packet 1, 5 bytes`,
		`; Packet Identifier 1, 1 bytes that are not decoded; hex 43 03 00 01 (*** 1 bytes)`,
		`; Packet Identifier 1, 1 bytes that are not decoded; hex 43 03 00 01 02`,
	},
	{
		packet.V5, in, wire("E0 01", "7F"),
		`received DISCONNECT, 3 bytes`,
		`; Reason Code 0x7F; hex E0 01 7F`, "",
	},
	{
		packet.V5, in, wire("30 0F", "00 01", "'t", "04", "03 00 09", "'x", "'payload"),
		`received PUBLISH QoS 0, topic "t", 17 bytes`,
		`; Topic Name "t", 10 bytes that are not decoded; hex 30 0F 00 01 74 04 03 (*** 10 bytes)`,
		`; Topic Name "t", 10 bytes that are not decoded; hex 30 0F 00 01 74 04 03 00 09 78 70 61 79 6C 6F 61 64`,
	},
	{
		packet.V311, out, wire("30 02", "00 00"),
		`sent PUBLISH QoS 0, topic "", 4 bytes`,
		`; Topic Name ""; hex 30 02 00 00`, "",
	},
	// names that would rather be something else
	{
		packet.V311, in, wire("30 0D", "00 0B", "'a", "0A 1B", "'[31mb", "E2 80 AE"),
		`received PUBLISH QoS 0, topic "a\n\x1b[31mb\u202e", 15 bytes`,
		`; Topic Name "a\n\x1b[31mb\u202e"; hex 30 0D 00 0B 61 0A 1B 5B 33 31 6D 62 E2 80 AE`, "",
	},
	{
		packet.V311, in, wire("30 05", "00 02", "'a", "FF", "'x"),
		`received PUBLISH QoS 0, topic "a\xff", 7 bytes`,
		`; Topic Name "a\xff", Payload *** 1 bytes; hex 30 05 00 02 61 FF (*** 1 bytes)`,
		`; Topic Name "a\xff", Payload "x"; hex 30 05 00 02 61 FF 78`,
	},
}

// Each packet is one line: what it is at level 2, and also its fields and bytes at level 3, secrets masked by their kind.
func TestTracer(t *testing.T) {
	for _, p := range tracedPackets {
		lines := []struct {
			level  int
			masked bool
			want   string
		}{{2, true, p.verbose}, {2, false, p.verbose}, {3, true, p.verbose + p.debug}, {3, false, p.verbose + p.debug}}
		if p.open != "" {
			lines[3].want = p.verbose + p.open
		}
		for _, line := range lines {
			want := []mqtt.LogEventArgs{{LogLevel: line.level, LogType: "Packet", Message: line.want}}
			if got := mqtt.Trace(p.version, line.level, line.masked, p.from, p.bytes); !slices.Equal(got, want) {
				t.Errorf("% X, level %d, masked %v:\n got %+v\nwant %+v", p.bytes, line.level, line.masked, got, want)
			}
		}
		for level := range 2 {
			if got := mqtt.Trace(p.version, level, true, p.from, p.bytes); got != nil {
				t.Errorf("% X at level %d: %+v", p.bytes, level, got)
			}
		}
	}
}
