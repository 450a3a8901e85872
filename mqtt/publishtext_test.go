package mqtt_test

import (
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

// A large text is sent without a copy; nothing may be written into the program's string, neither while it is sent nor
// by a message that is published afterwards.
func TestPublishedTextStaysAsItIs(t *testing.T) {
	server := mqtttest.NewServer(t)
	m := recorded(t)
	must(t, m.ConnectTo(server.Host(), server.Port()))
	text := strings.Repeat("text", 8<<10)
	want := strings.Clone(text)
	for qos := range 3 {
		must(t, m.PublishMessage("text", qos, text))
		must(t, m.PublishAndWait("data", 0, make([]byte, len(text))))
		must(t, m.DoEvents())
		must(t, m.PublishAndWait("data", 0, make([]byte, len(text))))
		if text != want {
			t.Fatalf("QoS %d: the program's string was written to", qos)
		}
	}
}
