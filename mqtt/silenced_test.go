package mqtt_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// After Disconnect inside OnMessageIn has returned, no further message of the ended connection comes, but those of QoS 2
// that the server has handed over: it will not send them again.
func TestNoMessageInAfterDisconnect(t *testing.T) {
	for name, end := range map[string]func(m *mqtt.MQTT) error{
		"Disconnect":          (*mqtt.MQTT).Disconnect,
		"SetConnected(false)": func(m *mqtt.MQTT) error { return m.SetConnected(false) },
	} {
		t.Run(name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				must(t, r.M.SetCleanSession(false))
				c := r.Connect(s, nil)
				r.Take()
				var told []string
				r.On("MessageIn", func(args any) {
					a := args.(*mqtt.MessageInEventArgs)
					told = append(told, a.Message)
					if a.Message == "first" {
						must(t, end(r.M))
					}
				})
				c.SendPublish("a", 2, 1, "taken over")
				c.ExpectType(packet.PUBREC)
				c.SendPublish("a", 0, 0, "first")
				c.SendPublish("a", 0, 0, "no")
				c.SendPublish("a", 1, 2, "no, it comes again")
				c.SendAck(packet.PUBREL, 1)
				synctest.Wait()
				r.WaitFor("Disconnected", 1)
				if want := []string{"first", "taken over"}; !slices.Equal(told, want) {
					t.Errorf("%v, want %v", told, want)
				}
				if n := r.M.IncomingMessages().Count(); n != 0 {
					t.Errorf("%d incoming", n)
				}

				done := r.Start(r.M.Connect) // and the next connection brings what is its own
				c = s.Accept(t)
				c.ExpectConnect()
				c.SendConnack(true, 0, nil)
				must(t, r.Join(done))
				c.SendPublishPacket(&packet.Publish{QoS: 1, Dup: true, Topic: []byte("a"), PacketID: 2, Payload: []byte("again")})
				c.SendPublish("a", 0, 0, "more")
				r.WaitFor("MessageIn", 4)
				c.ExpectAck(packet.PUBACK, 2)
				if want := []string{"first", "taken over", "again", "more"}; !slices.Equal(told, want) {
					t.Errorf("%v, want %v", told, want)
				}
			})
		})
	}
}
