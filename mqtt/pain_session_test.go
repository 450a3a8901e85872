package mqtt_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// A subscription that was refused is told, and not made again when the server has lost the session; one that was granted
// is, with all its options. With Session Present nothing is subscribed again.
func TestPain8RefusedIsNotRepeated(t *testing.T) {
	provesInBubble(t, "pain 8, pain 20", func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		refusal := byte(0x80)
		if v == mqtt.MvV5 {
			refusal = 0x87
		}
		_, err := r.M.SubscribeWith("yes,no", 2, mqtt.SubscribeProperties{
			SubscriptionIdentifier: 7, NoLocal: true, RetainAsPublished: true, RetainHandling: 2, UserProperties: []mqtt.UserProperty{{Name: "n", Value: "v"}},
		})
		must(t, err)
		first := c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(1, 1, refusal)
		r.WaitFor("Subscribed", 2)
		r.Want([]string{
			fmt.Sprintf("SubAck PacketId:1 TopicFilters:[yes no] ReasonCodes:[1 %d]", refusal),
			"Subscribed TopicFilter:yes QOS:1 ResponseCode:1",
			fmt.Sprintf("Subscribed TopicFilter:no ResponseCode:%d", refusal),
		})
		for n, present := range []bool{true, false} {
			c.Reset()
			r.WaitFor("BeforeConnect", 1)
			c = d.server.Accept(t)
			c.ExpectConnect()
			r.On("Connected", func(any) {
				if got, want := config(t, r.M, "SessionPresent"), map[bool]string{true: "True", false: "False"}[present]; got != want {
					t.Errorf("SessionPresent is %s in Connected, want %s", got, want)
				}
			})
			c.SendBytes(append(c.Connack(present, 0, nil), c.Publish("yes", 0, 0, "x")...))
			names := ""
			r.WaitFor("MessageIn", 1)
			for _, e := range r.Take().Only("Connected", "MessageIn") {
				names += e.Name + " "
			}
			if names != "Connected MessageIn " {
				t.Errorf("connection %d: %s", n, names)
			}
			synctest.Wait()
			if present {
				c.ExpectNothing()
				continue
			}
			again := c.ExpectType(packet.SUBSCRIBE)
			was, err := packet.DecodeSubscribe(c.Version, first.Body)
			must(t, err)
			is, err := packet.DecodeSubscribe(c.Version, again.Body)
			must(t, err)
			if string(is.Properties) != string(was.Properties) {
				t.Errorf("the properties are % X and were % X", is.Properties, was.Properties)
			}
			var filters []string
			for filter, o := range is.Filters.Subscriptions() {
				filters = append(filters, fmt.Sprintf("%s %d", filter, o.QoS()))
			}
			if !slices.Equal(filters, []string{"yes 2"}) {
				t.Errorf("subscribed again: %v", filters)
			}
			c.SendSuback(is.PacketID, 2)
			r.WaitFor("Subscribed", 1)
		}
	})
}

// User properties are lists: repetitions and their order go through the settings, the arguments of every method, every
// event, and a saved session.
func TestPain21UserPropertiesAreLists(t *testing.T) {
	list := []mqtt.UserProperty{{Name: "b", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: "0"}, {Name: "b", Value: "1"}, {Name: "", Value: ""}}
	user := packet.Properties(nil)
	for _, u := range list {
		user = user.AppendUserProperty(u.Name, u.Value)
	}
	const bag = `{"UserProperty":"b:1","UserProperty":"a:2","UserProperty":"b:0","UserProperty":"b:1","UserProperty":":"}`
	same := func(t *testing.T, what string, p packet.Properties) {
		t.Helper()
		var got []mqtt.UserProperty
		for name, value := range p.UserProperties() {
			got = append(got, mqtt.UserProperty{Name: string(name), Value: string(value)})
		}
		if !slices.Equal(got, list) {
			t.Errorf("%s has the user properties %q, want %q", what, got, list)
		}
	}
	t.Run("pain 21: arguments, settings and a saved session", inBubble(func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		lasting(t, r.M)
		config(t, r.M, "ConnectProperties="+bag)
		config(t, r.M, "WillProperties="+bag)
		must(t, r.M.SetWillTopic("will"))
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		connect := c.ExpectConnect()
		same(t, "CONNECT", connect.Properties)
		same(t, "the will", connect.Will.Properties)
		c.SendConnack(false, 0, user)
		must(t, r.Join(done))
		_, err := r.M.PublishWith("t", 1, []byte("1"), mqtt.PublishProperties{UserProperties: list})
		must(t, err)
		same(t, "PUBLISH by arguments", c.ExpectPublish().Properties)
		config(t, r.M, "OutgoingMessageProperties="+bag)
		must(t, r.M.PublishMessage("t", 2, "2"))
		same(t, "PUBLISH by settings", c.ExpectPublish().Properties)
		for _, msg := range r.M.OutgoingMessages().All() {
			if !slices.Equal(msg.UserProperties(), list) {
				t.Errorf("OutgoingMessages has %q", msg.UserProperties())
			}
		}
		_, err = r.M.SubscribeWith("t", 1, mqtt.SubscribeProperties{UserProperties: list})
		must(t, err)
		subscribe, err := packet.DecodeSubscribe(packet.V5, c.ExpectType(packet.SUBSCRIBE).Body)
		must(t, err)
		same(t, "SUBSCRIBE", subscribe.Properties)
		_, err = r.M.UnsubscribeWith("t", mqtt.UnsubscribeProperties{UserProperties: list})
		must(t, err)
		unsubscribe, err := packet.DecodeUnsubscribe(packet.V5, c.ExpectType(packet.UNSUBSCRIBE).Body)
		must(t, err)
		same(t, "UNSUBSCRIBE", unsubscribe.Properties)
		must(t, r.M.Interrupt())
		r.WaitFor("Disconnected", 1)
		next, s := memory(t, mqtt.MvV5)
		lasting(t, next.M)
		must(t, next.M.RestoreSession(saved(t, r.M)))
		c = next.Connect(s, resume(true))
		for range 2 {
			same(t, "PUBLISH of a restored session", c.ExpectPublish().Properties)
		}
		go c.Drain()
		must(t, next.M.DisconnectWith(0, mqtt.DisconnectProperties{UserProperties: list}))
	}))
	t.Run("pain 21: events", inBubble(func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		got := map[string][]mqtt.UserProperty{}
		r.On("MessageIn", func(a any) { got["MessageIn"] = a.(*mqtt.MessageInEventArgs).Properties.UserProperties })
		r.On("PubAck", func(a any) { got["PubAck"] = a.(*mqtt.PubAckEventArgs).UserProperties })
		r.On("PubRec", func(a any) { got["PubRec"] = a.(*mqtt.PubAckEventArgs).UserProperties })
		r.On("PubComp", func(a any) { got["PubComp"] = a.(*mqtt.PubAckEventArgs).UserProperties })
		r.On("SubAck", func(a any) { got["SubAck"] = a.(*mqtt.SubAckEventArgs).UserProperties })
		r.On("UnsubAck", func(a any) { got["UnsubAck"] = a.(*mqtt.UnsubAckEventArgs).UserProperties })
		r.On("Disconnected", func(a any) { got["Disconnected"] = a.(*mqtt.DisconnectedEventArgs).UserProperties })
		c.SendPublishPacket(&packet.Publish{Topic: []byte("t"), Properties: user})
		must(t, r.M.PublishMessage("t", 1, ""))
		c.SendReason(packet.PUBACK, c.ExpectPublish().PacketID, packet.Success, user)
		must(t, r.M.PublishMessage("t", 2, ""))
		id := c.ExpectPublish().PacketID
		c.SendReason(packet.PUBREC, id, packet.Success, user)
		c.ExpectAck(packet.PUBREL, id)
		c.SendReason(packet.PUBCOMP, id, packet.Success, user)
		must(t, r.M.Subscribe("t", 0))
		c.SendBytes(packet.AppendSuback(nil, packet.V5, &packet.Suback{PacketID: 3, Properties: user, Reasons: []byte{0}}))
		must(t, r.M.Unsubscribe("t"))
		c.SendBytes(packet.AppendUnsuback(nil, packet.V5, &packet.Unsuback{PacketID: 4, Properties: user, Reasons: []byte{0}}))
		c.SendDisconnect(packet.ServerShuttingDown, user)
		r.WaitFor("Disconnected", 1)
		for _, name := range []string{"MessageIn", "PubAck", "PubRec", "PubComp", "SubAck", "UnsubAck", "Disconnected"} {
			if !slices.Equal(got[name], list) {
				t.Errorf("%s told %q", name, got[name])
			}
		}
	}))
}

// Topic Alias Maximum 0, 1 and n, with aliases that the client chooses, over connections that are cut: what a server
// resolves is always what was published.
func TestPain19AliasesResolve(t *testing.T) {
	for _, most := range []uint32{0, 1, 2, 5, 65535} {
		t.Run(fmt.Sprintf("pain 19: maximum %d", most), inBubble(func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			lasting(t, r.M)
			config(t, r.M, "AutoTopicAlias=True")
			r.Silent()
			present, disconnected := false, 0
			r.On("Disconnected", func(any) { disconnected++ })
			for connection := range 8 {
				c := r.Connect(s, func(c *mqtttest.Conn) []byte {
					return c.Connack(present, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, most))
				})
				present = true
				for n := range 30 {
					topic := fmt.Sprint("some/long/topic/", (n*n+connection)%7)
					must(t, r.M.PublishMessage(topic, n%3, topic))
				}
				synctest.Wait()
				table := map[uint32]string{} // empty at each CONNECT [MQTT5-3.3.2-7]
				for c.Pending() > 0 {
					p := c.ExpectPublish()
					topic := string(p.Topic)
					alias, given := p.Properties.Uint(packet.PropTopicAlias)
					switch {
					case given && (alias == 0 || alias > most):
						t.Fatalf("alias %d, and the maximum is %d", alias, most)
					case given && topic != "":
						table[alias] = topic
					case given:
						topic = table[alias]
					}
					if topic != string(p.Payload) {
						t.Fatalf("%q came for %s", topic, p.Payload)
					}
				}
				for _, msg := range r.M.OutgoingMessages().All() {
					if msg.Topic() != msg.Message() {
						t.Errorf("OutgoingMessages has the topic %q for %s", msg.Topic(), msg.Message())
					}
				}
				c.Reset()
				r.Wait("the end", func(mqtttest.Trace) bool { return disconnected == connection+1 })
			}
		}))
	}
}

// A journal holds full topics and lists of user properties: what a killed process left goes out so, on a connection whose
// alias table is empty.
func TestPain19Journal(t *testing.T) {
	t.Run("pain 19, pain 21: journal", inBubble(func(t *testing.T) {
		aliases := func(present bool) func(c *mqtttest.Conn) []byte {
			return func(c *mqtttest.Conn) []byte {
				return c.Connack(present, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 3))
			}
		}
		user := []mqtt.UserProperty{{Name: "b", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: "1"}}
		r, s, folder := journaled(t, mqtt.MvV5)
		config(t, r.M, "AutoTopicAlias=True")
		c := r.Connect(s, aliases(false))
		for range 3 {
			_, err := r.M.PublishWith("long/topic", 1, nil, mqtt.PublishProperties{UserProperties: user})
			must(t, err)
		}
		if first, second := c.ExpectPublish(), c.ExpectPublish(); len(first.Topic) == 0 || len(second.Topic) > 0 {
			t.Errorf("%q and %q came: no alias is used", first.Topic, second.Topic)
		}
		next := killed(t, mqtt.MvV5, s, folder)
		c = next.Connect(s, aliases(true))
		for range 3 {
			p := c.ExpectPublish()
			var got []mqtt.UserProperty
			for name, value := range p.Properties.UserProperties() {
				got = append(got, mqtt.UserProperty{Name: string(name), Value: string(value)})
			}
			_, alias := p.Properties.Uint(packet.PropTopicAlias)
			if string(p.Topic) != "long/topic" || alias || !p.Dup || !slices.Equal(got, user) {
				t.Errorf("again: %+v with %v", p, got)
			}
		}
	}))
}
