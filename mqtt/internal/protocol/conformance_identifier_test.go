package protocol

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// wantIDFree checks whether a new message may take an identifier.
func (c *trace) wantIDFree(id uint16, free bool, why string) {
	c.t.Helper()
	was := c.nextID
	c.nextID = id - 1
	if got := c.takeID() == id; got != free {
		c.t.Fatalf("%s: identifier %d is free: %t, want %t", why, id, got, free)
	}
	c.nextID = was
}

// An identifier is taken until the last acknowledgment of its exchange was processed, over connections, and free right
// then.
func TestIdentifierIsReleased(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("U5-19 MQTT311-2.3.1-3 QoS 1: by PUBACK", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 1)
			c.wantIDFree(1, false, "sent")
			c.cut()
			c.wantIDFree(1, false, "without a connection")
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '1", "the same identifier")
			c.wantIDFree(1, false, "sent again")
			c.in("40 02 00 01")
			c.wantIDFree(1, true, "PUBACK")
		})
		t.Run("U5-19 MQTT311-2.3.1-3 QoS 2: by PUBCOMP, not by PUBREC", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "2", 2)
			c.in("50 02 00 01")
			c.wantIDFree(1, false, "PUBREC")
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("62 02 00 01", "the same identifier")
			c.wantIDFree(1, false, "PUBREL again")
			c.in("70 02 00 01")
			c.wantIDFree(1, true, "PUBCOMP")
		})
		t.Run("U5-19 MQTT311-2.3.1-3 requests: by SUBACK and UNSUBACK", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a")
			if _, err := c.Unsubscribe([]string{"a"}, "", nil); err != nil {
				t.Fatal(err)
			}
			c.wantIDFree(1, false, "SUBSCRIBE")
			c.wantIDFree(2, false, "UNSUBSCRIBE")
			c.in("90 _ 00 01 5:00 01; B0 _ 00 02 5:00 5:00")
			c.wantIDFree(1, true, "SUBACK")
			c.wantIDFree(2, true, "UNSUBACK")
		})
		t.Run("U5-19 requests are no part of the session: the end of the connection frees them", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.subscribe("a")
			c.cut()
			c.wantIDFree(1, true, "the end")
		})
		t.Run("MQTT311-2.3.1-7 MQTT5-2.2.1-6 MQTT311-3.10.4-4 SUBACK and UNSUBACK complete their own request only", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a")
			c.out()
			c.in("90 _ 00 02 5:00 01; B0 _ 00 03 5:00 5:00")
			c.wantEvents("of others", "session:", "session:")
			c.wantIDFree(1, false, "it is not answered")
			c.in("90 _ 00 01 5:00 01")
			c.wantEvents("of its own", "subscribed 1 a 01")

			c = newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a")
			c.out()
			c.in("B0 _ 00 01 5:00 5:00")
			c.wantFailed(packet.ProtocolError, "UNSUBACK for SUBSCRIBE")
		})
	})
	t.Run("U5-19 QoS 2: by PUBREC with 0x80 and above, and QoS 1 by such a PUBACK", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.publish("a", "2", 2)
		c.publish("a", "1", 1)
		c.out()
		c.in("50 03 00 01 97; 40 03 00 02 97")
		c.wantIDFree(1, true, "PUBREC")
		c.wantIDFree(2, true, "PUBACK")
		c.wantNoOut("no PUBREL")
	})
}

// All that a client answers, byte for byte: there is neither Reason String nor User Property that could be too large,
// also when the server takes no more than the largest of these packets.
func TestAcknowledgmentsAreShort(t *testing.T) {
	const names = "MQTT5-3.4.2-2 MQTT5-3.4.2-3 MQTT5-3.5.2-2 MQTT5-3.5.2-3 MQTT5-3.6.2-2 MQTT5-3.6.2-3 MQTT5-3.7.2-2 MQTT5-3.7.2-3 "
	for name, limit := range map[string]string{"no limit": "00", "a limit of 8": "{ 27 00000008 }"} {
		t.Run(names+name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			c.connect("20 _ 00 00 "+limit, func(o *Options) { o.RequestProblemInformation = 1 })
			c.publish("a", "", 2)
			c.wantOut("34 06 0001 'a 00 01 00", "8 bytes")
			c.in("32 _ L'b 00 05 00; 34 _ L'b 00 06 00; 62 02 00 06; 50 _ 00 01 00 { 1F L'why 26 L'n L'v }; 50 02 00 63; 62 02 00 63")
			c.pump()
			c.wantOut("50 02 00 06; 62 02 00 01; 62 03 00 63 92; 70 03 00 63 92; 40 02 00 05; 70 02 00 06", "the answers")
		})
	}
}

// DUP says that this packet is a repetition, and nothing else.
func TestDupIsOfThePacket(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.3.1-1 MQTT311-3.3.1-1 MQTT5-4.3.1-1 MQTT311-4.3.1-1 sent again: DUP, the same identifier, the rest identical; QoS 0 never", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			for qos := range 3 {
				if _, err := c.Publish(&Publish{Topic: "a", Payload: []byte("x"), QoS: qos, Retain: true, Properties: wire(v, "03 L't 26 L'n L'v")}); err != nil {
					t.Fatal(err)
				}
			}
			const rest = " { 03 L't 26 L'n L'v } 'x; "
			c.wantOut("31 _ L'a"+rest+"33 _ L'a 00 01"+rest+"35 _ L'a 00 02"+rest, "for the first time")
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3B _ L'a 00 01"+rest+"3D _ L'a 00 02"+rest, "again")
		})
		t.Run("MQTT5-3.3.1-3 MQTT311-3.3.1-3 a message that came with DUP goes out without", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			m := c.given("3A _ L'a 00 05 5:00 'x")[0]
			if !m.Dup {
				t.Fatal("DUP was not handed on")
			}
			if _, err := c.Publish(&Publish{Topic: m.Topic, Payload: m.Payload, QoS: int(m.QoS)}); err != nil {
				t.Fatal(err)
			}
			c.wantOut("32 _ L'a 00 01 5:00 'x", "the forwarded message")
		})
		t.Run("MQTT5-3.3.1-3 MQTT311-3.3.1-3 the first transmission out of a queue, on whichever connection", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.QueueMessages = true
			c.publish("a", "1", 1)
			c.publish("a", "2", 2)
			c.connectQuietly(resumed, persistent)
			c.wantOut("32 _ L'a 00 01 5:00 '1; 34 _ L'a 00 02 5:00 '2", "both for the first time")
			c.Settings.InflightLimit = 1
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.publish("a", "3", 1)
			c.wantOut("3A _ L'a 00 01 5:00 '1", "one at a time, a repetition")
			c.cut()
			c.Settings.InflightLimit = 0
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '1; 3C _ L'a 00 02 5:00 '2; 32 _ L'a 00 03 5:00 '3", "the third was never sent")
		})
	})
}

// The send quota of section 4.9 begins with the connection and never exceeds where it began.
func TestQuotaOfEachConnection(t *testing.T) {
	t.Run("U5-20 repetitions take it, PUBREL does not, and surplus answers give nothing", func(t *testing.T) {
		const two = "20 _ 01 00 { 21 0002 }"
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0003 }", persistent)
		for _, qos := range []int{2, 1, 1} {
			c.publish("a", "", qos)
		}
		c.in("50 02 00 01")
		c.out()
		c.cut()
		c.connectQuietly(two, persistent)
		c.publish("a", "new", 1)
		c.wantOut("62 02 00 01; 3A _ L'a 00 02 00; 3A _ L'a 00 03 00", "PUBREL, and two of two")
		c.in("70 02 00 01; 70 02 00 01; 40 02 00 63")
		c.wantNoOut("the PUBREL had taken none, and the others are unknown")
		c.in("40 02 00 02")
		c.wantOut("32 _ L'a 00 04 00 'new", "one for one")
		c.in("40 02 00 02")
		c.publish("a", "newer", 1)
		c.wantNoOut("a PUBACK that comes twice gives once")
	})
	t.Run("U5-20 nothing carries over from a connection that used it up", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 21 0001 }", persistent)
		c.publish("a", "", 2)
		c.in("50 02 00 01")
		c.out()
		c.cut()
		c.connectQuietly("20 _ 01 00 00", persistent)
		c.publish("a", "1", 1)
		c.publish("a", "2", 1)
		c.wantOut("62 02 00 01; 32 _ L'a 00 02 00 '1; 32 _ L'a 00 03 00 '2", "the default is 65535")
	})
}
