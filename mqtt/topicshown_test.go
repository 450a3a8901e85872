package mqtt_test

import (
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
)

// A topic that is no text, perhaps of a retained message, is shown where the end of the connection is told, so that
// somebody can clear it.
func TestBadTopicIsShown(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		c.Send(byVersion(v, "31 05 00 02 61 FF 78", "31 06 00 02 61 FF 00 78"))
		trace := r.WaitFor("Disconnected", 1)
		const want = `topic name "a\xff" is not valid UTF-8`
		for _, name := range []string{"Error", "Disconnected"} {
			if told := trace.Last(name).String(); !strings.Contains(told, want) {
				t.Errorf("%s, want %s in it", told, want)
			}
		}
		logged := strings.Join(trace.Only("Log").Strings(), "\n")
		if !strings.Contains(logged, want) {
			t.Errorf("Log has\n%s\nwant %s in it", logged, want)
		}
	})
}
