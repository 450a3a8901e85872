package protocol

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestAutoTopicAlias(t *testing.T) {
	start := func(t *testing.T, connack string) *trace {
		c := newTrace(t, packet.V5)
		c.Settings.AutoTopicAlias = true
		c.connect(connack, persistent)
		return c
	}
	const two = "20 _ 00 00 { 22 0002 }"
	t.Run("defined, used, and the one used least recently given to the next topic", func(t *testing.T) {
		c := start(t, two)
		for _, row := range []struct{ topic, want string }{
			{"aaaa", "30 _ L'aaaa { 23 0001 }"},
			{"aaaa", "30 _ 0000 { 23 0001 }"},
			{"bbbb", "30 _ L'bbbb { 23 0002 }"},
			{"aaaa", "30 _ 0000 { 23 0001 }"},
			{"cccc", "30 _ L'cccc { 23 0002 }"},
			{"bbbb", "30 _ L'bbbb { 23 0001 }"},
			{"cccc", "30 _ 0000 { 23 0002 }"},
			{"abc", "30 _ L'abc 00"},
		} {
			c.publish(row.topic, "", 0)
			c.wantOut(row.want, row.topic)
		}
	})
	t.Run("every QoS, beside properties, in the order of the wire", func(t *testing.T) {
		c := start(t, "20 _ 00 00 { 22 0002 21 0001 }")
		for qos := range 3 {
			if _, err := c.Publish(&Publish{Topic: "aaaa", QoS: qos, Properties: packet.Properties(nil).AppendString(packet.PropContentType, "t")}); err != nil {
				t.Fatal(err)
			}
		}
		c.wantOut("30 _ L'aaaa { 03 L't 23 0001 }; 32 _ 0000 0001 { 03 L't 23 0001 }", "the quota holds the third")
		c.in("40 02 0001")
		c.wantOut("34 _ 0000 0002 { 03 L't 23 0001 }", "the third")
	})
	t.Run("MQTT5-3.3.2-7 defined anew on the next connection", func(t *testing.T) {
		c := start(t, two)
		c.publish("aaaa", "", 1)
		c.publish("aaaa", "", 1)
		c.out()
		c.cut()
		c.connectQuietly("20 _ 01 00 { 22 0001 }", persistent)
		c.wantOut("3A _ L'aaaa 0001 { 23 0001 }; 3A _ 0000 0002 { 23 0001 }", "resumed")
	})
	t.Run("the caller's own aliases win, and neither takes the other's for its own", func(t *testing.T) {
		c := start(t, two)
		c.publish("aaaa", "", 0)
		c.out()
		own := func(topic string) {
			if _, err := c.Publish(&Publish{Topic: topic, Alias: 1}); err != nil {
				t.Fatal(err)
			}
		}
		own("mine")
		c.wantOut("30 _ L'mine { 23 0001 }", "the caller defines it")
		c.publish("aaaa", "", 0)
		c.wantOut("30 _ L'aaaa { 23 0001 }", "defined anew")
		own("")
		c.wantOut("30 _ L'mine { 23 0001 }", "with the topic, since the mapping was overwritten")
	})
	t.Run("MQTT5-3.2.2-15 MQTT5-3.2.2-17 not beyond the server's limits", func(t *testing.T) {
		c := start(t, accepted)
		c.publish("aaaa", "", 0)
		c.wantOut("30 _ L'aaaa 00", "the server takes none")
		c = start(t, "20 _ 00 00 { 22 0002 27 0000000C }")
		c.publish("aaaa", "x", 0)
		c.publish("aaaa", "x", 0)
		c.wantOut("30 _ L'aaaa 00 'x; 30 _ L'aaaa 00 'x", "a definition would be too large")
		c.publish("aaaa", "", 0)
		c.wantOut("30 _ L'aaaa { 23 0001 }", "this one is not")
	})
	t.Run("never in 3.1.1", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.Settings.AutoTopicAlias = true
		c.connect(accepted)
		c.publish("aaaa", "", 0)
		c.publish("aaaa", "", 0)
		c.wantOut("30 _ L'aaaa; 30 _ L'aaaa", "full topics")
	})
}
