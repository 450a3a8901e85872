package protocol

import (
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestQueueMessages(t *testing.T) {
	start := func(t *testing.T, v packet.Version) *trace {
		c := newTrace(t, v)
		c.Settings.QueueMessages = true
		return c
	}
	publishAll := func(c *trace) {
		for _, p := range []struct {
			payload string
			qos     int
		}{{"1", 1}, {"2", 0}, {"3", 2}, {"4", 0}, {"5", 1}} {
			c.publish("a", p.payload, p.qos)
		}
	}
	const all = "32 _ L'a 0001 5:00 '1; 30 _ L'a 5:00 '2; 34 _ L'a 0002 5:00 '3; 30 _ L'a 5:00 '4; 32 _ L'a 0003 5:00 '5"
	t.Run("before the first connection, and while connecting, in the order of the calls", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			for _, connack := range []string{accepted, resumed} {
				c := start(t, v)
				publishAll(c)
				if n, bytes := c.HeldBack(), c.AcceptedBytes(); n != 5 || bytes != 5*(messageOverhead+len("a1")) {
					t.Errorf("%d messages of %d bytes wait", n, bytes)
				}
				c.wantStates(c.Outgoing(), "", "nothing was sent")
				c.begin(persistent)
				c.publish("a", "6", 1)
				c.in(connack)
				c.wantOut(all+"; 32 _ L'a 0004 5:00 '6", "all")
				c.wantStates(c.Outgoing(), "1:0 2:1 3:0 4:0", "sent")
				c.wantEvents("of connecting", "connack 00", "connected", "ready", "out a 2", "out a 4")
			}
		})
	})
	t.Run("behind what is sent again", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := start(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "0", 1)
			c.out()
			c.cut()
			c.publish("a", "1", 1)
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 0001 5:00 '0; 32 _ L'a 0002 5:00 '1", "resumed")
			c.cut()
			c.publish("a", "2", 1)
			c.connectQuietly(accepted, persistent)
			c.wantOut("32 _ L'a 0001 5:00 '0; 32 _ L'a 0002 5:00 '1; 32 _ L'a 0003 5:00 '2", "as new")
		})
	})
	t.Run("MQTT5-4.9.0-1 the quota holds back QoS 1 and 2, not QoS 0", func(t *testing.T) {
		c := start(t, packet.V5)
		publishAll(c)
		c.connectQuietly("20 _ 00 00 { 21 0001 }", persistent)
		c.wantOut("32 _ L'a 0001 00 '1; 30 _ L'a 00 '2; 30 _ L'a 00 '4", "the quota is 1")
		c.in("40 02 0001")
		c.wantOut("34 _ L'a 0002 00 '3", "the next")
	})
	t.Run("properties go with it in v5, aliases never", func(t *testing.T) {
		for _, v := range []packet.Version{packet.V311, packet.V5} {
			c := start(t, v)
			if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Alias: 1, Properties: packet.Properties(nil).AppendString(packet.PropContentType, "t")}); err != nil {
				t.Fatal(err)
			}
			c.connectQuietly("20 _ 00 00 { 22 0005 }", persistent)
			c.wantOut("32 _ L'a 0001 { 03 L't }", "with its properties")
		}
	})
	t.Run("MQTT5-3.2.2-11 MQTT5-3.2.2-14 MQTT5-3.2.2-15 what this server does not take is told", func(t *testing.T) {
		c := start(t, packet.V5)
		c.publish("a", "x", 2)
		c.publish("a", "0123456789", 0)
		if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
		c.publish("a", "y", 1)
		c.connectQuietly("20 _ 00 00 { 24 01 25 00 27 0000000C }", persistent)
		c.wantOut("32 _ L'a 0003 00 'y", "the one that it takes")
		c.wantEvents("of all", "connack 00", "connected", "ready", "error 505", "done 1 refused", "error 10040", "done 0 refused", "error 500", "done 2 refused")
		if c.ids.count != 1 || c.waiting.bytes != 0 {
			t.Errorf("%d identifiers, %d bytes", c.ids.count, c.waiting.bytes)
		}
	})
	t.Run("refused at once, with nothing kept", func(t *testing.T) {
		c := start(t, packet.V5)
		utf8 := packet.Properties(nil).AppendUint(packet.PropPayloadFormatIndicator, 1)
		for _, row := range []struct {
			p    Publish
			code int
		}{
			{Publish{Topic: "a#", QoS: 1}, errors.ErrInvalidTopicName},
			{Publish{Topic: "", Alias: 1, QoS: 1}, errors.ErrInvalidTopicName},
			{Publish{Topic: "a", QoS: 3}, errors.ErrInvalidQoS},
			{Publish{Topic: "a", QoS: 1, Payload: []byte{0xFF}, Properties: utf8}, errors.ErrMalformedMessage},
			{Publish{Topic: "a", QoS: 1, Payload: make([]byte, packet.MaxRemainingLength), Owned: true}, errors.ErrMessageTooLong},
		} {
			_, err := c.Publish(&row.p)
			c.wantError(err, row.code, row.p.Topic)
		}
		for range maxIDs {
			c.publish("a", "", 1)
		}
		_, err := c.Publish(&Publish{Topic: "a", QoS: 1})
		c.wantError(err, errors.ErrPacketIdsExhausted, "all are taken")
		if c.HeldBack() != maxIDs {
			t.Error(c.HeldBack())
		}
	})
	t.Run("not without the setting; what was accepted stays", func(t *testing.T) {
		c := start(t, packet.V311)
		c.publish("a", "1", 1)
		c.Settings.QueueMessages = false
		_, err := c.Publish(&Publish{Topic: "a", QoS: 1})
		c.wantError(err, errors.ErrNotConnected, "switched off")
		c.connectQuietly(accepted)
		c.wantOut("32 _ L'a 0001 '1", "accepted earlier")
	})
	t.Run("Session keeps QoS 1 and 2", func(t *testing.T) {
		c := start(t, packet.V311)
		publishAll(c)
		if s := c.Session(); len(s.Outgoing) != 3 {
			t.Errorf("%d messages", len(s.Outgoing))
		}
	})
}
