package mqtt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The bytes that settings put on the wire.
func TestSettingsOnTheWire(t *testing.T) {
	for _, row := range []struct {
		name     string
		v        []mqtt.MQTTVersions
		settings []string
		do       func(m *mqtt.MQTT) error
		want     string // 3.1.1, or what v says
		want5    string
	}{
		{"Retain", nil, []string{"Retain=True"}, publish(0), "31 04 00 01 74 78", "31 05 00 01 74 00 78"},
		{"Duplicate", nil, []string{"Duplicate=True"}, publish(1), "3A 06 00 01 74 00 01 78", "3A 07 00 01 74 00 01 00 78"},
		{"Duplicate with QoS 0", nil, []string{"Duplicate=True"}, publish(0), "30 04 00 01 74 78", "30 05 00 01 74 00 78"},
		{"ResponseTopic", nil, []string{"ResponseTopic=r"}, publish(0), "30 04 00 01 74 78", "30 09 00 01 74 04 08 00 01 72 78"},
		{"TopicAlias", nil, []string{"TopicAlias=2"}, publish(0), "30 04 00 01 74 78", "30 08 00 01 74 03 23 00 02 78"},
		{"OutgoingUserProp", nil, []string{"OutgoingUserPropCount=2", "OutgoingUserPropName[0]=a", "OutgoingUserPropValue[0]=b", "OutgoingUserPropName[1]=a", "OutgoingUserPropValue[1]=c"}, publish(0), "30 04 00 01 74 78", "30 13 00 01 74 0E 26 00 01 61 00 01 62 26 00 01 61 00 01 63 78"},
		{"OutgoingMessageProperties", nil, []string{`OutgoingMessageProperties={"PayloadFormatIndicator":"1","MessageExpInterval":"9","ContentType":"c","CorrelationData":"ff01","ResponseTopic":"r","UserProperty":"n:v","TopicAlias":"1"}`}, publish(0), "30 04 00 01 74 78", "30 23 00 01 74 1E 01 01 02 00 00 00 09 03 00 01 63 08 00 01 72 09 00 02 FF 01 26 00 01 6E 00 01 76 23 00 01 78"},
		{"TopicDelimiter", nil, []string{"TopicDelimiter=;;"}, subscribe("a;; b,c"), "82 0C 00 01 00 01 61 01 00 03 62 2C 63 01", "82 0D 00 01 00 00 01 61 01 00 03 62 2C 63 01"},
		{"TopicQOSArray", nil, []string{"TopicQOSArray=2,0"}, subscribe("a,b,c"), "82 0E 00 01 00 01 61 02 00 01 62 00 00 01 63 00", "82 0F 00 01 00 00 01 61 02 00 01 62 00 00 01 63 00"},
		{"TopicNLArray, TopicRAPArray, TopicRHArray", nil, []string{"TopicNLArray=True,False", "TopicRAPArray=True", "TopicRHArray=1,2,0"}, subscribe("a,b,c"), "82 0E 00 01 00 01 61 01 00 01 62 01 00 01 63 01", "82 0F 00 01 00 00 01 61 1D 00 01 62 29 00 01 63 09"},
		{"SubscriptionIdentifier", nil, []string{"SubscriptionIdentifier=200"}, subscribe("a"), "82 06 00 01 00 01 61 01", "82 0A 00 01 03 0B C8 01 00 01 61 01"},
		{"SendCustomPacket", nil, nil, func(m *mqtt.MQTT) error { _, err := m.Config("SendCustomPacket=30 03 00 01 7a"); return err }, "30 03 00 01 7A", "30 03 00 01 7A"},
		{"DisconnectReasonCode", nil, []string{"DisconnectReasonCode=4"}, (*mqtt.MQTT).Disconnect, "E0 00", "E0 01 04"},
		{"DisconnectProperties", nil, []string{`DisconnectProperties={"ReasonString":"r","UserProperty":"n:v"}`}, (*mqtt.MQTT).Disconnect, "E0 00", "E0 0D 00 0B 1F 00 01 72 26 00 01 6E 00 01 76"},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				c := r.Connect(s, func(c *mqtttest.Conn) []byte {
					return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 10))
				})
				for _, s := range row.settings {
					config(t, r.M, s)
				}
				done := r.Start(func() error { return row.do(r.M) })
				c.Expect(byVersion(v, row.want, row.want5))
				c.Close()
				if err := r.Join(done); err != nil && !strings.HasPrefix(row.name, "Disconnect") {
					t.Error(err)
				}
			})
		})
	}
}

func publish(qos int) func(*mqtt.MQTT) error {
	return func(m *mqtt.MQTT) error { return m.PublishMessage("t", qos, "x") }
}

func subscribe(filters string) func(*mqtt.MQTT) error {
	return func(m *mqtt.MQTT) error { return m.Subscribe(filters, 1) }
}

// CONNECT with everything that properties and settings put into it.
func TestSettingsOfConnect(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		m := r.M
		for _, err := range []error{
			m.SetUser("u"), m.SetPassword("p"), m.SetKeepAliveInterval(300), m.SetWillTopic("w"), m.SetWillMessage("bye"), m.SetCleanSession(false),
		} {
			must(t, err)
		}
		for _, c := range []string{
			"WillQOS=2", "WillRetain=True", `WillProperties={"WillDelayInterval":"7","ResponseTopic":"r"}`, "SessionExpInterval=16", "ClientTopicAliasMax=5",
			`ConnectProperties={"ReceiveMaximum":"20","MaximumPacketSize":"1000","RequestProblemInformation":"true","RequestResponseInformation":"true","UserProperty":"n:v"}`,
		} {
			config(t, m, c)
		}
		done := r.Start(m.Connect)
		c := s.Accept(t)
		if v == mqtt.MvV3 {
			c.Expect("10 1B 00 04 4D 51 54 54 04 F4 01 2C 00 01 63 00 01 77 00 03 62 79 65 00 01 75 00 01 70")
		} else {
			c.Version = packet.V5
			c.Expect("10 41 00 04 4D 51 54 54 05 F4 01 2C" +
				"1B 11 00 00 00 10 21 00 14 27 00 00 03 E8 22 00 05 19 01 17 01 26 00 01 6E 00 01 76" +
				"00 01 63 09 18 00 00 00 07 08 00 01 72 00 01 77 00 03 62 79 65 00 01 75 00 01 70")
		}
		c.SendConnack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 9).AppendString(packet.PropAssignedClientIdentifier, "given").AppendUserProperty("a", "1").AppendUserProperty("a", "2"))
		must(t, r.Join(done))
		if v == mqtt.MvV5 {
			if got := config(t, m, "ServerTopicAliasMax"); got != "9" {
				t.Errorf("ServerTopicAliasMax is %s", got)
			}
			if got := config(t, m, "ConnAckProperties"); !strings.Contains(got, `"AssignedClientIdentifier":"given"`) || !strings.Contains(got, `"UserProperty":"a:1","UserProperty":"a:2"`) {
				t.Errorf("ConnAckProperties is %s", got)
			}
			if m.ClientId() != "given" {
				t.Errorf("ClientId is %s", m.ClientId())
			}
		}
		c.Close()
	})
}

// The user properties of the message received last, in order and with repetitions (pain 21).
func TestIncomingUserProperties(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		p := packet.Properties(nil).AppendUserProperty("b", "1").AppendUserProperty("a", "2").AppendUserProperty("b", "3").AppendUint(packet.PropSubscriptionIdentifier, 7)
		read := func(any) {
			got := config(t, r.M, "IncomingUserPropCount")
			for i := range 3 {
				got += fmt.Sprintf(" %s=%s", config(t, r.M, fmt.Sprintf("IncomingUserPropName[%d]", i)), config(t, r.M, fmt.Sprintf("IncomingUserPropValue[%d]", i)))
			}
			if got != "3 b=1 a=2 b=3" {
				t.Error(got)
			}
			_, err := r.M.Config("IncomingUserPropName[3]")
			wantCode(t, err, 10022)
		}
		r.On("MessageAck", read)
		r.On("MessageIn", read)
		c.SendPublishPacket(&packet.Publish{QoS: 1, PacketID: 1, Topic: []byte("t"), Properties: p})
		trace := r.WaitFor("MessageIn", 1)
		if a := last[mqtt.MessageInEventArgs](t, trace); len(a.Properties.UserProperties) != 3 || !slices.Equal(a.Properties.SubscriptionIdentifiers, []int{7}) {
			t.Errorf("%+v", a.Properties)
		}
		r.On("MessageIn", nil)
		c.SendPublish("t", 0, 0, "")
		r.WaitFor("MessageIn", 2)
		if got := config(t, r.M, "IncomingUserPropCount"); got != "0" {
			t.Errorf("IncomingUserPropCount is %s after a message without", got)
		}
	})
}

// BackgroundEvents: the handlers run without any DoEvents, on a goroutine that ends with the connection.
func TestBackgroundEvents(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		config(t, r.M, "BackgroundEvents=True")
		for range 2 {
			c := r.Connect(s, nil)
			c.SendPublish("t", 1, 1, "x")
			c.ExpectAck(packet.PUBACK, 1)
			c.Close()
			synctest.Wait()
			if tr := r.Take(); tr.Count("MessageIn") != 1 || tr.Count("Disconnected") != 1 {
				t.Errorf("events: %v", tr.Strings())
			}
		}
	})
}

// CodePage: between text and payload in both directions, also in the lists and in the will; bytes are never converted.
func TestCodePage(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		m := r.M
		config(t, m, "CodePage=1252")
		must(t, m.SetWillTopic("w"))
		must(t, m.SetWillMessage("€"))
		done := r.Start(m.Connect)
		c := s.Accept(t)
		if will := c.ExpectConnect().Will.Payload; string(will) != "\x80" {
			t.Errorf("the will is % X", will)
		}
		c.SendConnack(false, 0, nil)
		must(t, r.Join(done))
		r.Take()

		must(t, m.PublishMessage("ü", 1, "€ü"))
		if p := c.ExpectPublish(); string(p.Payload) != "\x80\xFC" || string(p.Topic) != "ü" {
			t.Errorf("the message is % X, its topic %q", p.Payload, p.Topic)
		}
		if msg := m.OutgoingMessages().Item(0); msg.Message() != "€ü" || string(msg.MessageB()) != "\x80\xFC" {
			t.Errorf("in the list it is %q, % X", msg.Message(), msg.MessageB())
		}
		c.SendAck(packet.PUBACK, 1)
		if out := last[mqtt.MessageOutEventArgs](t, r.WaitFor("MessageOut", 1)); out.Message != "€ü" || string(out.MessageB) != "\x80\xFC" {
			t.Errorf("MessageOut has %q, % X", out.Message, out.MessageB)
		}
		c.SendPublish("t", 0, 0, "\x80\x81")
		if in := last[mqtt.MessageInEventArgs](t, r.WaitFor("MessageIn", 1)); in.Message != "€\ufffd" && in.Message != "€\u0081" || string(in.MessageB) != "\x80\x81" {
			t.Errorf("MessageIn has %q, % X", in.Message, in.MessageB)
		}
		must(t, m.PublishData("t", 0, []byte("€")))
		if p := c.ExpectPublish(); string(p.Payload) != "€" {
			t.Errorf("bytes became % X", p.Payload)
		}
		r.Pump()
		wantFault(t, m.PublishMessage("t", 1, "日"), 434)
		c.ExpectNothing()
		if n := m.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d messages were kept", n)
		}
		config(t, m, "CodePage=65001")
		must(t, m.PublishMessage("t", 0, "日"))
		if p := c.ExpectPublish(); string(p.Payload) != "日" {
			t.Errorf("without a page the message is % X", p.Payload)
		}
		c.Close()
	})
}
