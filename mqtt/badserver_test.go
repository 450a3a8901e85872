package mqtt_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// attempt is a way in which an attempt to connect fails.
type attempt struct {
	name string
	v    []mqtt.MQTTVersions             // nil = both
	play func(c *mqtttest.Conn)          // after CONNECT was read
	code int                             // of Connect and of Connected
	bye  packet.ReasonCode               // of the DISCONNECT that v5 sends; 0 = none
	took time.Duration                   // how long Connect took; 0 = no time
	prep func(m *mqtt.MQTT) (undo error) // before Connect
}

var (
	only3 = []mqtt.MQTTVersions{mqtt.MvV3}
	only5 = []mqtt.MQTTVersions{mqtt.MvV5}
)

func attempts() []attempt {
	send := func(hex string) func(c *mqtttest.Conn) { return func(c *mqtttest.Conn) { c.Send(hex) } }
	rows := []attempt{
		{name: "silence, Timeout (pain 9)", play: func(*mqtttest.Conn) {}, code: 201, took: 60 * time.Second},
		{name: "silence, ConnectionTimeout (pain 9)", play: func(*mqtttest.Conn) {}, code: 201, took: 7 * time.Second, prep: func(m *mqtt.MQTT) error {
			_, err := m.Config("ConnectionTimeout=7")
			return err
		}},
		{name: "half a CONNACK, then silence", play: send("20 02"), code: 201, took: 60 * time.Second},
		{name: "end before CONNACK (pain 33)", play: func(c *mqtttest.Conn) { c.Close() }, code: 1120},
		{name: "end inside CONNACK", play: func(c *mqtttest.Conn) { c.Send("20 02 00"); c.Close() }, code: 1120},
		{name: "reset", play: func(c *mqtttest.Conn) { c.Reset() }, code: 10054},
		{name: "HTTP", play: func(c *mqtttest.Conn) { c.SendBytes([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, code: 151},
		{name: "type 0", play: send("00 00"), code: 500, bye: 0x81},
		{name: "TLS alert", play: send("15 03 01 00 02 02 28"), code: 276},
		{name: "flags of CONNACK", play: send("21 02 00 00"), code: 500, bye: 0x81},
		{name: "long length", play: send("20 FF FF FF FF 01"), code: 500, bye: 0x81},
		{name: "length of CONNACK", v: only3, play: send("20 03 00 00 00"), code: 500},
		{name: "length of CONNACK", v: only5, play: send("20 01 00"), code: 500, bye: 0x81},
		{name: "acknowledge flags", v: only3, play: send("20 02 02 00"), code: 500},
		{name: "acknowledge flags", v: only5, play: send("20 03 02 00 00"), code: 500, bye: 0x81},
		{name: "MQTT311-3.2.2-1 session present after a clean start", v: only3, play: send("20 02 01 00"), code: 500},
		{name: "MQTT5-3.2.2-2 session present after a clean start", v: only5, play: send("20 03 01 00 00"), code: 500, bye: 0x82},
		{name: "property twice", v: only5, play: send("20 09 00 00 06 21 00 01 21 00 01"), code: 500, bye: 0x82},
		{name: "property of another packet", v: only5, play: send("20 05 00 00 02 01 00"), code: 500, bye: 0x81},
		{name: "Receive Maximum 0", v: only5, play: send("20 06 00 00 03 21 00 00"), code: 500, bye: 0x82},
		{name: "reason code that does not exist", v: only5, play: send("20 03 00 7F 00"), code: 500, bye: 0x82},
		{name: "AUTH that nothing asked for", v: only5, play: send("F0 06 18 04 15 00 01 61"), code: 500, bye: 0x82},
		{name: "authentication method that nothing asked for", v: only5, play: send("20 07 00 00 04 15 00 01 61"), code: 500, bye: 0x82},
		{name: "DISCONNECT with a reason", v: only5, play: send("E0 02 8B 00"), code: 500},
	}
	for code := 1; code <= 5; code++ {
		rows = append(rows, attempt{name: fmt.Sprintf("return code %d", code), v: only3, play: send(fmt.Sprintf("20 02 00 %02X", code)), code: 500})
	}
	for code := 128; code < 256; code++ {
		if packet.ReasonAllowed(packet.CONNACK, packet.FromServer, packet.ReasonCode(code)) {
			rows = append(rows, attempt{name: fmt.Sprintf("reason %d", code), v: only5, play: send(fmt.Sprintf("20 03 00 %02X 00", code)), code: 500})
		}
	}
	for _, row := range []struct{ name, hex string }{
		{"PUBLISH", "30 04 00 01 61 62"},
		{"PUBACK", "40 02 00 01"},
		{"PUBREC", "50 02 00 01"},
		{"PUBREL", "62 02 00 01"},
		{"PUBCOMP", "70 02 00 01"},
		{"SUBACK", "90 03 00 01 00"},
		{"UNSUBACK", "B0 04 00 01 00 00"},
		{"PINGRESP", "D0 00"},
		{"CONNECT", "10 0C 00 04 4D 51 54 54 04 02 00 00 00 00"},
		{"SUBSCRIBE", "82 06 00 01 00 01 61 00"},
		{"UNSUBSCRIBE", "A2 05 00 01 00 01 61"},
		{"PINGREQ", "C0 00"},
	} {
		if row.name == "UNSUBACK" { // the length of v5's is malformed in 3.1.1 and the reverse; both are 500
			rows = append(rows, attempt{name: "UNSUBACK before CONNACK", v: only3, play: send("B0 02 00 01"), code: 500})
			rows = append(rows, attempt{name: "UNSUBACK before CONNACK", v: only5, play: send(row.hex), code: 500, bye: 0x82})
			continue
		}
		rows = append(rows, attempt{name: "MQTT5-3.2.0-1 " + row.name + " before CONNACK", play: send(row.hex), code: 500, bye: 0x82})
	}
	return rows
}

// A server that does not accept the connection: Connect returns a number, the event tells the same, nothing is left,
// and the same component connects afterwards.
func TestConnectFails(t *testing.T) {
	for _, row := range attempts() {
		for _, v := range bothVersions {
			if row.v != nil && row.v[0] != v {
				continue
			}
			t.Run(row.name+"/"+versionName(v), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, s := memory(t, v)
					if row.prep != nil {
						must(t, row.prep(r.M))
					}
					start := time.Now()
					done := r.Start(r.M.Connect)
					c := s.Accept(t)
					c.ExpectConnect()
					row.play(c)
					err := r.Join(done)
					wantCode(t, err, row.code)
					if took := time.Since(start); took.Round(time.Second) != row.took {
						t.Errorf("Connect took %v, want %v", took, row.took)
					}
					if a := last[mqtt.ConnectedEventArgs](t, r.Trace()); a.StatusCode != row.code || !strings.Contains(err.Error(), a.Description) {
						t.Errorf("Connected said %+v, Connect %v", a, err)
					}
					if r.Trace().Count("Disconnected") > 0 {
						t.Error("Disconnected fired for a connection that never stood")
					}
					if row.code == 500 {
						if v == mqtt.MvV5 && row.bye != 0 {
							c.Expect(fmt.Sprintf("E0 01 %02X", byte(row.bye)))
						}
						c.ExpectEOF()
					}
					if r.M.Connected() || r.M.ReadyToSend() {
						t.Error("the component thinks that it is connected")
					}
					wantCode(t, r.M.PublishMessage("a", 0, ""), 212)
					r.Take()
					again := r.Connect(s, nil)
					r.Disconnect(again)
				})
			})
		}
	}
}

// Refusals are told by ConnAck with code, name and what else the server said.
func TestRefusal(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		c.ExpectConnect()
		c.Send("20 02 00 05")
		wantCode(t, r.Join(done), 500)
		if a := last[mqtt.ConnAckEventArgs](t, r.Trace()); a.ReasonCode != 5 || a.ReasonName == "" || a.Properties != "" || a.SessionPresent {
			t.Errorf("%+v", a)
		}
		must(t, r.M.SetVersion(mqtt.MvV5))
		r.Take()
		done = r.Start(r.M.Connect)
		c = s.Accept(t)
		c.ExpectConnect()
		c.SendConnack(false, packet.UseAnotherServer, packet.Properties(nil).AppendString(packet.PropServerReference, "b:1884").AppendString(packet.PropReasonString, "moved"))
		err := r.Join(done)
		wantCode(t, err, 500)
		if !strings.Contains(err.Error(), "156") || !strings.Contains(err.Error(), "moved") {
			t.Error(err)
		}
		if a := last[mqtt.ConnAckEventArgs](t, r.Trace()); a.ReasonCode != 156 || a.ReasonName != "Use another server" || !strings.Contains(a.Properties, `"ServerReference":"b:1884"`) {
			t.Errorf("%+v", a)
		}
	})
}

// breach is something that a server must not send on a connection that stands.
type breach struct {
	name string
	v    []mqtt.MQTTVersions
	hex  string
	bye  packet.ReasonCode
}

var breaches = []breach{
	{"MQTT5-3.2.0-2 CONNACK again", only3, "20 02 00 00", 0},
	{"MQTT5-3.2.0-2 CONNACK again", only5, "20 03 00 00 00", 0x82},
	{"CONNECT", nil, "10 0C 00 04 4D 51 54 54 04 02 00 00 00 00", 0x82},
	{"SUBSCRIBE", nil, "82 06 00 01 00 01 61 00", 0x82},
	{"UNSUBSCRIBE", nil, "A2 05 00 01 00 01 61", 0x82},
	{"PINGREQ", nil, "C0 00", 0x82},
	{"DISCONNECT in 3.1.1", only3, "E0 00", 0},
	{"AUTH in 3.1.1", only3, "F0 00", 0},
	{"AUTH that nothing asked for", only5, "F0 06 18 04 15 00 01 61", 0x82},
	{"type 0", nil, "00 00", 0x81},
	{"length of five bytes", nil, "30 FF FF FF FF 01", 0x81},
	{"QoS 3", nil, "36 05 00 01 61 00 01", 0x81},
	{"DUP with QoS 0", nil, "38 03 00 01 61", 0x81},
	{"packet identifier 0", only3, "32 05 00 01 61 00 00", 0},
	{"packet identifier 0", only5, "32 06 00 01 61 00 00 00", 0x82},
	{"topic beyond the packet", nil, "30 03 00 09 61", 0x81},
	{"topic with a wildcard", only3, "30 03 00 01 2B", 0},
	{"topic with a wildcard", only5, "30 04 00 01 2B 00", 0x82},
	{"topic that is not UTF-8", only3, "30 03 00 01 FF", 0},
	{"topic that is not UTF-8", only5, "30 04 00 01 FF 00", 0x81},
	{"empty topic", only3, "30 02 00 00", 0},
	{"empty topic without alias", only5, "30 03 00 00 00", 0x82},
	{"unknown alias", only5, "30 06 00 00 03 23 00 01", 0x94},
	{"properties beyond the packet", only5, "30 04 00 01 61 09", 0x81},
	{"flags of PUBACK", nil, "42 02 00 01", 0x81},
	{"flags of PUBREL", nil, "60 02 00 01", 0x81},
	{"PUBACK without identifier", nil, "40 00", 0x81},
	{"PUBACK of a request", nil, "40 02 00 01", 0x82}, // the test has subscribed with 1
	{"PUBREC of a request", nil, "50 02 00 01", 0x82},
	{"PUBCOMP of a request", nil, "70 02 00 01", 0x82},
	{"UNSUBACK of SUBSCRIBE", only3, "B0 02 00 01", 0},
	{"UNSUBACK of SUBSCRIBE", only5, "B0 04 00 01 00 00", 0x82},
	{"SUBACK with too many codes (pain 8)", only3, "90 04 00 01 00 00", 0},
	{"SUBACK with too many codes (pain 8)", only5, "90 05 00 01 00 00 00", 0x82},
	{"SUBACK without codes", only3, "90 02 00 01", 0},
	{"SUBACK with a code that does not exist", only3, "90 03 00 01 03", 0},
	{"SUBACK with a code that does not exist", only5, "90 04 00 01 00 03", 0x82},
	{"PINGRESP with a body", nil, "D0 01 00", 0x81},
	{"SUBACK of a PUBLISH", only3, "90 03 00 02 00", 0}, // the test has published with 2
	{"SUBACK of a PUBLISH", only5, "90 04 00 02 00 00", 0x82},
	{"PUBCOMP of a QoS 1 message", nil, "70 02 00 02", 0x82},
	{"PUBREC of a QoS 1 message", nil, "50 02 00 02", 0x82},
	{"DISCONNECT with Session Expiry Interval", only5, "E0 07 00 05 11 00 00 00 01", 0x82},
}

// A server that breaks the rules on a standing connection: an Error event, in v5 a DISCONNECT with the reason, and
// Disconnected with 500; the same component connects again.
func TestServerBreaksTheRules(t *testing.T) {
	for _, row := range breaches {
		for _, v := range bothVersions {
			if row.v != nil && row.v[0] != v {
				continue
			}
			t.Run(row.name+"/"+versionName(v), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, s, c := connected(t, v)
					must(t, r.M.Subscribe("a", 0))
					c.ExpectType(packet.SUBSCRIBE)
					must(t, r.M.PublishMessage("a", 1, "x"))
					c.ExpectType(packet.PUBLISH)
					c.Send(row.hex)
					trace := r.WaitFor("Disconnected", 1)
					if a := last[mqtt.DisconnectedEventArgs](t, trace); a.StatusCode != 500 || a.Description == "" {
						t.Errorf("%+v", a)
					}
					if a := trace.Only("Error"); len(a) == 0 || a[0].Args.(*mqtt.ErrorEventArgs).ErrorCode != 500 {
						t.Errorf("Error events: %v", a)
					}
					if v == mqtt.MvV5 {
						c.Expect(fmt.Sprintf("E0 01 %02X", byte(row.bye)))
					}
					c.ExpectEOF()
					r.Take()
					again := r.Connect(s, nil)
					r.Disconnect(again)
				})
			})
		}
	}
}

// Packets that answer nothing do not end the connection: the specifications do not forbid them.
func TestServerSendsStrayAnswers(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		c.SendAck(packet.PUBACK, 7)
		c.SendAck(packet.PUBCOMP, 8)
		c.Send("D0 00")
		c.SendUnsuback(9, 0)
		c.SendAck(packet.PUBREC, 10)
		if v == mqtt.MvV5 {
			c.Expect("62 03 00 0A 92")
		} else {
			c.Expect("62 02 00 0A")
		}
		c.SendAck(packet.PUBREL, 11)
		if v == mqtt.MvV5 {
			c.Expect("70 03 00 0B 92")
		} else {
			c.Expect("70 02 00 0B")
		}
		r.Pump()
		r.Want(nil)
		if !r.M.Connected() {
			t.Error("the connection has ended")
		}
		c.ExpectNothing()
	})
}

// Arguments that are refused: nothing is sent, nothing changes.
func TestBadArguments(t *testing.T) {
	long := strings.Repeat("x", 65536)
	topics := []string{"", "+", "a/#", "#", "a/+/b", "a\x00", "\xff", "a\xed\xa0\x80", long}
	filters := []string{"", "a+", "a/b#", "#/a", "a/#/b", "+a", "a\x00", "\xff", long, "a,,b", "a,"}
	provesInBubble(t, "pain 18", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		m := r.M
		for _, topic := range topics {
			for qos := range 3 {
				wantCode(t, m.PublishMessage(topic, qos, "x"), 502)
				wantCode(t, m.PublishData(topic, qos, nil), 502)
				wantCode(t, m.PublishAndWait(topic, qos, nil), 502)
				_, err := m.PublishWith(topic, qos, nil, mqtt.PublishProperties{})
				wantCode(t, err, 502)
			}
		}
		for _, filter := range filters {
			wantCode(t, m.Subscribe(filter, 0), 503)
			wantCode(t, m.Unsubscribe(filter), 503)
		}
		for _, qos := range []int{-1, 3, 128, 1 << 20} {
			wantCode(t, m.PublishMessage("a", qos, "x"), 505)
			wantCode(t, m.Subscribe("a", qos), 505)
		}
		if v == mqtt.MvV5 {
			for _, filter := range []string{"$share/", "$share/a", "$share//a", "$share/a+/b", "$share/g/"} {
				wantCode(t, m.Subscribe(filter, 0), 503)
			}
			_, err := m.SubscribeWith("$share/g/a", 0, mqtt.SubscribeProperties{NoLocal: true})
			wantCode(t, err, 503)
			_, err = m.SubscribeWith("a", 0, mqtt.SubscribeProperties{RetainHandling: 3})
			wantCode(t, err, 10022)
			for _, id := range []int{-1, 268435456} {
				_, err = m.SubscribeWith("a", 0, mqtt.SubscribeProperties{SubscriptionIdentifier: id})
				wantCode(t, err, 10022)
			}
			_, err = m.PublishWith("a", 0, []byte{0xff}, mqtt.PublishProperties{PayloadFormatIndicator: 1})
			wantCode(t, err, 504)
			_, err = m.PublishWith("a", 0, nil, mqtt.PublishProperties{ResponseTopic: "a/#"})
			wantCode(t, err, 502)
			_, err = m.PublishWith("a", 0, nil, mqtt.PublishProperties{TopicAlias: 1})
			wantCode(t, err, 500)
			_, err = m.PublishWith("", 0, nil, mqtt.PublishProperties{TopicAlias: 1})
			wantCode(t, err, 502)
			for _, p := range []mqtt.PublishProperties{
				{PayloadFormatIndicator: 2},
				{PayloadFormatIndicator: -1},
				{MessageExpInterval: -1},
				{TopicAlias: 65536},
				{TopicAlias: -1},
				{CorrelationData: make([]byte, 65536)},
				{ContentType: long},
				{ContentType: "\xff"},
				{UserProperties: []mqtt.UserProperty{{Name: "a\x00"}}},
				{UserProperties: []mqtt.UserProperty{{Value: "\xff"}}},
			} {
				_, err = m.PublishWith("a", 0, nil, p)
				wantCode(t, err, 10022)
			}
		}
		for _, code := range []int{-1, 1, 2, 132, 142, 146, 154, 256} {
			err := m.DisconnectWith(code, mqtt.DisconnectProperties{})
			wantCode(t, err, 10022)
			if !strings.Contains(err.Error(), "a client may send 0, 4, 128 to 131, 144 and 147 to 153.") {
				t.Errorf("%v", err)
			}
		}
		expiry := -1
		wantCode(t, m.DisconnectWith(0, mqtt.DisconnectProperties{SessionExpInterval: &expiry}), 10022)
		wantCode(t, m.DisconnectWith(0, mqtt.DisconnectProperties{ReasonString: "\xff"}), 10022)
		synctest.Wait()
		c.ExpectNothing()
		r.Pump()
		r.Want(nil)
		if !m.Connected() || m.OutgoingMessages().Count() != 0 {
			t.Error("something changed")
		}
	})
}

// What is larger than MQTT or the server takes is refused with 10040 before anything of it is sent.
func TestTooLarge(t *testing.T) { t.Run("pain 18, pain 29", tooLarge) }

func tooLarge(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		c := r.Connect(s, func(c *mqtttest.Conn) []byte {
			return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropMaximumPacketSize, 20))
		})
		m := r.M
		wantCode(t, m.PublishData("a", 0, make([]byte, 15)), 10040) // 2 + 2+1 + 1 + 15 = 21
		wantCode(t, m.PublishData("a", 1, make([]byte, 13)), 10040)
		wantCode(t, m.Subscribe("0123456789abc", 0), 10040)
		wantCode(t, m.Unsubscribe("0123456789abcd"), 10040)
		_, err := m.Config("SendCustomPacket=30 13 " + strings.Repeat("00", 19))
		wantCode(t, err, 10040)
		must(t, m.PublishData("a", 0, make([]byte, 14)))
		c.ExpectPublish()
		c.ExpectNothing()
		if m.OutgoingMessages().Count() != 0 {
			t.Error("refused messages are in OutgoingMessages")
		}
	})
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		b := make([]byte, packet.MaxRemainingLength) // with the topic 3 bytes too many
		wantCode(t, r.M.PublishData("a", 0, b), 10040)
		c.ExpectNothing()
	})
}

// Methods that need a connection return 212 without one, and nothing happens.
func TestNotConnected(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _ := memory(t, v)
		m := r.M
		for qos := range 3 {
			wantCode(t, m.PublishMessage("a", qos, ""), 212)
			wantCode(t, m.PublishData("a", qos, nil), 212)
			wantCode(t, m.PublishAndWait("a", qos, nil), 212)
		}
		_, err := m.PublishWith("a", 1, nil, mqtt.PublishProperties{})
		wantCode(t, err, 212)
		wantCode(t, m.Subscribe("a", 0), 212)
		_, err = m.SubscribeWith("a", 0, mqtt.SubscribeProperties{})
		wantCode(t, err, 212)
		wantCode(t, m.Unsubscribe("a"), 212)
		_, err = m.UnsubscribeWith("a", mqtt.UnsubscribeProperties{})
		wantCode(t, err, 212)
		wantCode(t, m.Ping(), 212)
		_, err = m.Config("SendCustomPacket=C000")
		wantCode(t, err, 212)
		must(t, m.Disconnect())
		must(t, m.DisconnectWith(4, mqtt.DisconnectProperties{}))
		must(t, m.SetConnected(false))
		must(t, m.Interrupt())
		must(t, m.DoEvents())
		r.Want(nil)
		for _, row := range []struct {
			code int
			set  func() error
		}{
			{102, func() error { return m.SetRemoteHost("") }},
			{116, func() error { return m.ConnectTo("127.0.0.1", 0) }},
			{102, func() error { return m.ConnectTo("0.0.0.0", 1883) }},
			{152, func() error { return m.ConnectTo("mqtt://", 1883) }},
			{153, func() error { return m.ConnectTo("http://a", 1883) }},
			{10022, func() error { return m.ConnectTo("a", 65536) }},
		} {
			err := row.set()
			if err == nil {
				err = m.Connect()
			}
			wantCode(t, err, row.code)
		}
		must(t, m.SetRemoteHost("127.0.0.1"))
		must(t, m.SetRemotePort(1883))
		must(t, m.SetClientId(""))
		must(t, m.SetCleanSession(false))
		if v == mqtt.MvV3 {
			wantCode(t, m.Connect(), 500) // [MQTT311-3.1.3-8]; in version 5 the server assigns one
		}
		must(t, m.SetCleanSession(true))
		must(t, m.SetPassword("secret"))
		if v == mqtt.MvV3 {
			wantCode(t, m.Connect(), 500) // MQTT311-3.1.2-22
		}
	})
}

// 65,535 unacknowledged messages are legal; one more is 501 until one is acknowledged (pain 16).
func TestAllPacketIdentifiersInUse(t *testing.T) {
	provesInBubble(t, "pain 16", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		config(t, r.M, "RepublishInterval=0")
		read := make(chan int)
		go func() {
			n := 0
			for range 65535 {
				if c.ExpectPublish().PacketID == 0 {
					t.Error("packet identifier 0")
				}
				n++
			}
			read <- n
		}()
		for i := range 65535 {
			if err := r.M.PublishData("a", 1+i%2, nil); err != nil {
				t.Fatal(i, err)
			}
		}
		<-read
		wantCode(t, r.M.PublishData("a", 1, nil), 501)
		wantCode(t, r.M.PublishData("a", 2, nil), 501)
		wantCode(t, r.M.Subscribe("a", 0), 501)
		wantCode(t, r.M.Unsubscribe("a"), 501)
		must(t, r.M.PublishData("a", 0, nil))
		if p := c.ExpectPublish(); p.QoS != 0 {
			t.Errorf("%+v", p)
		}
		if n := r.M.OutgoingMessages().Count(); n != 65535 {
			t.Errorf("%d in OutgoingMessages", n)
		}
		c.SendAck(packet.PUBACK, 30001)
		r.Wait("MessageOut", func(tr mqtttest.Trace) bool { return tr.Count("MessageAck") == 1 && tr.Count("MessageOut") == 2 })
		must(t, r.M.PublishData("a", 1, nil))
		if p := c.ExpectPublish(); p.PacketID != 30001 {
			t.Errorf("packet identifier %d, want the free one", p.PacketID)
		}
	})
}

// ConnectContext ends with its context: 301 when it was cancelled, 201 when its deadline passed, wrapping the cause.
func TestConnectContextEnds(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		ctx, cancel := context.WithCancel(t.Context())
		done := r.Start(func() error { return r.M.ConnectContext(ctx) })
		c := s.Accept(t)
		c.ExpectConnect()
		cancel()
		err := r.Join(done)
		wantCode(t, err, 301)
		wantIs(t, err, context.Canceled)
		wantCode(t, r.M.ConnectContext(ctx), 301)

		ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		err = r.M.ConnectContext(ctx)
		wantCode(t, err, 201)
		wantIs(t, err, context.DeadlineExceeded)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		wantCode(t, r.M.ConnectContext(ctx), 201)
		s.Accept(t).ExpectConnect()
		r.Take()
		c = r.Connect(s, nil)
		r.Disconnect(c)
	})
}

// Network errors of the dial become their numbers, and the cause stays.
func TestDialFails(t *testing.T) {
	m := mqtt.New()
	r := mqtttest.Record(t, m)
	s := mqtttest.NewServer(t)
	s.Close()
	wantCode(t, m.ConnectTo("127.0.0.1", s.Port), 10061)
	if a := last[mqtt.ConnectedEventArgs](t, r.Trace()); a.StatusCode != 10061 {
		t.Errorf("%+v", a)
	}
	wantCode(t, m.ConnectTo("wss://127.0.0.1", s.Port), 10061)
	if code := errors.Code(m.ConnectTo("no-such-host.invalid", 1883)); code < 11001 || code > 11004 {
		t.Errorf("%d for a name that does not exist", code)
	}
}
