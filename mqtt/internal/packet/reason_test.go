package packet

import (
	"slices"
	"testing"
)

// The lists below the table in section 5 of the wire reference, and its columns for the server.
func TestReasonAllowed(t *testing.T) {
	publishAck := wire("00 80 83 87 90 91 97 99")
	client := map[Type][]byte{
		PUBACK: publishAck, PUBREC: publishAck, PUBREL: wire("00 92"), PUBCOMP: wire("00 92"),
		DISCONNECT: wire("00 04 80 81 82 83 90 93 94 95 96 97 98 99"),
		AUTH:       wire("18 19"),
	}
	publishAckOfServer := wire("00 10 80 83 87 90 91 97 99")
	server := map[Type][]byte{
		CONNACK: wire("00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F"),
		PUBACK:  publishAckOfServer, PUBREC: publishAckOfServer, PUBREL: wire("00 92"), PUBCOMP: wire("00 92"),
		SUBACK:     wire("00 01 02 80 83 87 8F 91 97 9E A1 A2"),
		UNSUBACK:   wire("00 11 80 83 87 8F 91"),
		DISCONNECT: wire("00 80 81 82 83 87 89 8B 8C 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2"),
		AUTH:       wire("00 18"),
	}
	ids := "MQTT5-3.2.2-8 MQTT5-3.4.2-1 MQTT5-3.5.2-1 MQTT5-3.6.2-1 MQTT5-3.7.2-1 MQTT5-3.9.3-2 MQTT5-3.11.3-2 MQTT5-3.14.2-1 MQTT5-3.15.2-1"
	t.Run(ids+" every code in every packet", func(t *testing.T) {
		for packet := range Type(16) {
			for i := range 256 {
				c := ReasonCode(i)
				byClient, byServer := slices.Contains(client[packet], byte(c)), slices.Contains(server[packet], byte(c))
				if got := ReasonAllowed(packet, FromClient, c); got != byClient {
					t.Errorf("client, %v 0x%02X: got %v", packet, byte(c), got)
				}
				if got := ReasonAllowed(packet, FromServer, c); got != byServer {
					t.Errorf("server, %v 0x%02X: got %v", packet, byte(c), got)
				}
				if got := ReasonName(packet, c); (got != "") != (byClient || byServer) {
					t.Errorf("%v 0x%02X is named %q", packet, byte(c), got)
				}
			}
		}
	})
}

func TestReasonName(t *testing.T) {
	for _, row := range []struct {
		packet Type
		code   ReasonCode
		want   string
	}{
		{DISCONNECT, NormalDisconnection, "Normal disconnection"},
		{DISCONNECT, DisconnectWithWillMessage, "Disconnect with Will Message"},
		{SUBACK, GrantedQoS0, "Granted QoS 0"},
		{SUBACK, GrantedQoS2, "Granted QoS 2"},
		{CONNACK, Success, "Success"},
		{PUBACK, NoMatchingSubscribers, "No matching subscribers"},
		{CONNACK, BadUserNameOrPassword, "Bad User Name or Password"},
		{DISCONNECT, WildcardSubscriptionsNotSupported, "Wildcard Subscriptions not supported"},
		{PUBLISH, Success, ""},
		{CONNACK, 0xFF, ""},
	} {
		if got := ReasonName(row.packet, row.code); got != row.want {
			t.Errorf("%v 0x%02X: got %q, want %q", row.packet, byte(row.code), got, row.want)
		}
	}
}

func TestReasonCode(t *testing.T) {
	for c, want := range map[ReasonCode]string{
		0x00: "Success", 0x03: "reason 0x03", 0x82: "Protocol Error", 0xA2: "Wildcard Subscriptions not supported", 0xA3: "reason 0xA3",
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if GrantedQoS2.IsError() || ReAuthenticate.IsError() || !UnspecifiedError.IsError() || !ReasonCode(0xFF).IsError() {
		t.Error("IsError is wrong")
	}
}

func TestReturnCodeName(t *testing.T) {
	for c := range 256 {
		if name := ReturnCodeName(byte(c)); (name != "") != (c <= 5) {
			t.Errorf("%d: %q", c, name)
		}
	}
}
