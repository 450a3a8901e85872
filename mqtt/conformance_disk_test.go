package mqtt_test

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// A message that cannot be stored is not taken over: the connection ends without PUBREC, and without a DISCONNECT that would
// discard the will, so that the server repeats it.
func TestMessageThatCannotBeStored(t *testing.T) {
	for _, v := range bothVersions {
		t.Run("MQTT311-4.8.0-2 "+versionName(v), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s, _ := journaled(t, v)
				c := r.Connect(s, nil)
				must(t, mqtt.BreakJournal(r.M))
				c.SendPublish("t", 2, 7, "x")
				c.ExpectEOF()
				if a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1)); a.StatusCode != 302 {
					t.Errorf("%+v", a)
				}
				if r.Trace().Count("MessageIn") > 0 {
					t.Error("it was delivered")
				}
			})
		})
	}
}
