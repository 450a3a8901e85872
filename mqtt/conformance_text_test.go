package mqtt_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// badTexts are what no text field of MQTT holds.
var badTexts = map[string]string{
	"over-long form":   "a\xC0\x80",
	"surrogate":        "\xED\xA0\x80",
	"above U+10FFFF":   "\xF5\x80\x80\x80",
	"lone byte":        "a\x80",
	"U+0000":           "a\x00b",
	"65536 bytes long": strings.Repeat("x", 65536),
}

// What a program gives for CONNECT is refused before a connection is asked for, in both versions.
func TestConnectTextsAreRefused(t *testing.T) {
	for _, v := range bothVersions {
		for name, bad := range badTexts {
			t.Run("MQTT5-1.5.4-1 MQTT5-1.5.4-2 MQTT311-1.5.3-1 MQTT311-1.5.3-2 "+name+"/"+versionName(v), func(t *testing.T) {
				m := mqtt.New()
				must(t, m.SetVersion(v))
				for field, err := range map[string]error{
					"MQTT5-3.1.3-4 MQTT311-3.1.3-4 ClientId":                                m.SetClientId(bad),
					"MQTT5-3.1.3-12 MQTT311-3.1.3-11 User":                                  m.SetUser(bad),
					"MQTT5-3.1.3-11 MQTT311-3.1.3-10 MQTT5-4.7.3-2 MQTT5-4.7.3-3 WillTopic": m.SetWillTopic(bad),
				} {
					if err == nil {
						t.Errorf("%s was taken", field)
					}
				}
				if m.ClientId()+m.User()+m.WillTopic() != "" {
					t.Error("it was kept")
				}
			})
		}
		t.Run("MQTT5-3.1.2-12 MQTT311-3.1.2-14 MQTT5-4.7.0-1 MQTT311-4.7.1-1 Will/"+versionName(v), func(t *testing.T) {
			m := mqtt.New()
			must(t, m.SetVersion(v))
			for _, topic := range []string{"a/+", "#"} {
				wantCode(t, m.SetWillTopic(topic), 502)
			}
			for _, qos := range []string{"3", "-1"} {
				if _, err := m.Config("WillQOS=" + qos); err == nil {
					t.Errorf("WillQOS %s was taken", qos)
				}
			}
		})
	}
	// What only the whole of CONNECT shows.
	for _, row := range []struct {
		name string
		set  func(m *mqtt.MQTT) error
	}{
		{"MQTT311-3.1.2-22 a password without a user", func(m *mqtt.MQTT) error { return m.SetPassword("p") }},
		{"MQTT311-3.1.3-7 no client identifier without CleanSession", func(m *mqtt.MQTT) error {
			if err := m.SetClientId(""); err != nil {
				return err
			}
			return m.SetCleanSession(false)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, _ := memory(t, mqtt.MvV3)
				mqtt.SetDial(r.M, blockedDial(nil)) // an attempt would end with 201
				must(t, row.set(r.M))
				wantCode(t, r.M.Connect(), 500)
			})
		})
	}
}

// Topics, filters and texts of a connection that stands: refused with nothing written and no identifier taken.
func TestTextsAreRefused(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		publish := func(p mqtt.PublishProperties) error {
			_, err := r.M.PublishWith("t", 1, nil, p)
			return err
		}
		refused := func(what string, err error) {
			t.Helper()
			if err == nil {
				t.Errorf("%s was taken", what)
			}
			synctest.Wait()
			c.ExpectNothing()
		}
		for name, bad := range badTexts {
			refused("MQTT5-3.3.2-1 MQTT311-3.3.2-1 MQTT5-4.7.3-3 MQTT311-4.7.3-3 topic, "+name, r.M.PublishMessage(bad, 1, ""))
			refused("MQTT5-3.8.3-1 MQTT311-3.8.3-1 MQTT5-4.7.3-2 MQTT311-4.7.3-2 filter, "+name, r.M.Subscribe(bad, 0))
			refused("MQTT5-3.10.3-1 MQTT311-3.10.3-1 filter to end, "+name, r.M.Unsubscribe(bad))
			if v == mqtt.MvV3 {
				continue
			}
			refused("MQTT5-3.3.2-13 response topic, "+name, publish(mqtt.PublishProperties{ResponseTopic: bad}))
			refused("MQTT5-3.3.2-19 content type, "+name, publish(mqtt.PublishProperties{ContentType: bad}))
			refused("MQTT5-1.5.7-1 name, "+name, publish(mqtt.PublishProperties{UserProperties: []mqtt.UserProperty{{Name: bad, Value: "v"}}}))
			refused("MQTT5-1.5.7-1 value, "+name, publish(mqtt.PublishProperties{UserProperties: []mqtt.UserProperty{{Name: "n", Value: bad}}}))
		}
		for _, topic := range []string{"+", "#", "a/+/b", "a#"} {
			refused("MQTT5-3.3.2-2 MQTT311-3.3.2-2 topic "+topic, r.M.PublishMessage(topic, 0, ""))
			if v == mqtt.MvV5 {
				refused("MQTT5-3.3.2-14 response topic "+topic, publish(mqtt.PublishProperties{ResponseTopic: topic}))
			}
		}
		for _, filter := range []string{"a#", "a/#/b", "#/a", "##", "a+", "+a", "a/b+/c", "++"} {
			refused("MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT311-4.7.1-2 MQTT311-4.7.1-3 filter "+filter, r.M.Subscribe(filter, 0))
			refused("filter to end "+filter, r.M.Unsubscribe(filter))
		}
		refused("MQTT5-4.7.3-1 MQTT311-4.7.3-1 empty topic", r.M.PublishMessage("", 1, ""))
		refused("MQTT5-3.8.3-2 MQTT311-3.8.3-3 no filter", r.M.Subscribe("", 0))
		refused("MQTT5-3.10.3-2 MQTT311-3.10.3-2 no filter to end", r.M.Unsubscribe(""))
		for _, qos := range []int{3, -1} {
			refused(fmt.Sprintf("MQTT5-3.3.1-4 MQTT311-3.3.1-4 QoS %d", qos), r.M.PublishMessage("t", qos, ""))
			refused(fmt.Sprintf("U5-14 MQTT311-3.8.3-4 filter with QoS %d", qos), r.M.Subscribe("t", qos))
		}
		if v == mqtt.MvV5 {
			refused("MQTT5-3.3.2-8 alias 0 and below", publish(mqtt.PublishProperties{TopicAlias: -1}))
			for _, filter := range []string{"$share/", "$share//a", "$share/g", "$share/g/", "$share/+/a", "$share/g#/a", "$share/g/a#"} {
				refused("MQTT5-4.8.2-1 MQTT5-4.8.2-2 filter "+filter, r.M.Subscribe(filter, 0))
			}
			_, err := r.M.SubscribeWith("$share/g/a", 0, mqtt.SubscribeProperties{NoLocal: true})
			refused("MQTT5-3.8.3-4 No Local of a shared subscription", err)
		}
		if r.M.OutgoingMessages().Count() > 0 || !r.M.Connected() {
			t.Error("something was kept, or the connection has ended")
		}
		must(t, r.M.PublishMessage("/", 1, ""))
		if p := c.ExpectPublish(); p.PacketID != 1 {
			t.Errorf("the first identifier is %d", p.PacketID)
		}
		if v == mqtt.MvV5 { // as a message that came with them is sent on
			must(t, publish(mqtt.PublishProperties{SubscriptionIdentifiers: []int{1, 2}}))
			if p := c.ExpectPublish(); len(p.Properties) > 0 {
				t.Errorf("MQTT5-3.3.4-6: the PUBLISH of a client has % X", p.Properties)
			}
		}
		must(t, r.M.Subscribe(" ", 0))
		c.ExpectType(packet.SUBSCRIBE)
	})
}

// Session Present is the server's word on whether it had state, and the program is told.
func TestSessionPresentIsTold(t *testing.T) {
	for _, v := range bothVersions {
		for _, present := range []bool{false, true} {
			t.Run(fmt.Sprintf("MQTT5-3.2.2-3 MQTT311-3.2.2-2 MQTT311-3.2.2-3 %t/%s", present, versionName(v)), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, s := memory(t, v)
					lasting(t, r.M)
					r.Connect(s, resume(present))
					if a := last[mqtt.ConnAckEventArgs](t, r.Trace()); a.SessionPresent != present {
						t.Errorf("%+v", a)
					}
					if got := config(t, r.M, "SessionPresent"); got != map[bool]string{false: "False", true: "True"}[present] {
						t.Errorf("SessionPresent is %s", got)
					}
				})
			})
		}
	}
}
