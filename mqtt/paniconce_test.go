package mqtt_test

import (
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// A handler that panics has run: a message is delivered once and told as acknowledged once, of whatever QoS, with and
// without a journal.
func TestPanicInMessageHandlers(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server){
		"memory": memory,
		"journal": func(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server) {
			r, s, _ := journaled(t, v)
			return r, s
		},
	} {
		for event, want := range map[string]int{"MessageIn": 3, "MessageAck": 2} {
			provesInBubble(t, "pain 4: "+event+", "+name, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := make(t, v)
				r.Lenient()
				c := r.Connect(s, nil)
				calls := 0
				r.On(event, func(any) {
					calls++
					panic("out of " + event)
				})
				c.SendPublish("in", 0, 0, "x")
				c.SendPublish("in", 1, 8, "y")
				c.SendPublish("in", 2, 7, "z")
				c.SendAck(packet.PUBREL, 7)
				for range 10 {
					synctest.Wait()
					func() {
						defer func() { _ = recover() }()
						_ = r.M.DoEvents()
					}()
				}
				if calls != want {
					t.Errorf("%d calls, want %d", calls, want)
				}
				wantPackets(t, c, "7:PUBREC", "8:PUBACK", "7:PUBCOMP")
			})
		}
	}
}
