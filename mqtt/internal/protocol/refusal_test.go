package protocol

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// A PUBREC that refuses asks for no PUBREL, whatever it belongs to [MQTT5-4.3.3-4]. FuzzServerPackets found both rows.
func TestRefusingPubrecIsNotReleased(t *testing.T) {
	t.Run("MQTT5-4.3.3-4 of nothing", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.in("50 03 00 09 97")
		c.wantNoOut("the server keeps nothing that could be released")
		c.wantEvents("a note", "session:")
	})
	t.Run("MQTT5-4.3.3-4 of a message that was released", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.publish("a", "", 2)
		c.in("50 02 00 01")
		c.out()
		c.in("50 03 00 01 97")
		c.wantNoOut("the PUBREL was sent for the first PUBREC")
		c.wantStates(c.Outgoing(), "1:3", "PUBCOMP decides")
		c.in("70 03 00 01 92")
		c.wantStates(c.Outgoing(), "1:4", "and has come")
	})
}
