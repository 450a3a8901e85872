package protocol

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// TestAllocations bounds what a message costs on a client that has been busy for a while.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and sync.Pool drops at random under it")
	}
	both(t, func(t *testing.T, v packet.Version) {
		const batch = 100
		payload := make([]byte, 64)
		drain := func(c *trace) {
			var segments [4][]byte
			if len(c.TakeOutput(segments[:0])) > 0 {
				c.OutputWritten(c.now)
			}
			events := c.TakeEvents()
			for i := range events {
				e := &events[i]
				for m := e.Message; m != nil; {
					next := e.Next(m)
					switch e.Kind {
					case EventDeliver:
						c.Acknowledge(m)
						c.Delivered(m)
					case EventPublished:
						c.Published(m)
					}
					m = next
				}
			}
			c.ReturnEvents(events)
		}
		measure := func(name string, f func(c *trace)) {
			t.Run(name, func(t *testing.T) {
				c := newTrace(t, v)
				c.connect(accepted)
				for range 20 {
					f(c)
				}
				perMessage := testing.AllocsPerRun(50, func() { f(c) }) / batch
				t.Logf("%.3f allocations per message", perMessage)
				if perMessage > 1 {
					t.Errorf("%.2f allocations per message, 1 is the limit", perMessage)
				}
			})
		}
		publish := func(c *trace, qos int) {
			p := Publish{Topic: "a/b/c", Payload: payload, QoS: qos}
			for range batch {
				if _, err := c.Publish(&p); err != nil {
					c.t.Fatal(err)
				}
			}
		}
		measure("publish QoS 0", func(c *trace) {
			publish(c, 0)
			drain(c)
		})
		acks := make([]byte, 0, 8*batch)
		measure("publish QoS 1", func(c *trace) {
			publish(c, 1)
			acks = acks[:0]
			for m := range c.Outgoing().All() {
				acks = packet.AppendShortAck(acks, packet.PUBACK, m.ID)
			}
			c.Receive(c.now, acks, false)
			drain(c)
		})
		measure("publish QoS 2", func(c *trace) {
			publish(c, 2)
			for _, answer := range []packet.Type{packet.PUBREC, packet.PUBCOMP} {
				acks = acks[:0]
				for m := range c.Outgoing().All() {
					acks = packet.AppendShortAck(acks, answer, m.ID)
				}
				c.Receive(c.now, acks, false)
			}
			drain(c)
		})
		for qos := range byte(2) {
			var in []byte
			for i := range batch {
				in = packet.AppendPublish(in, v, &packet.Publish{Topic: []byte("a/b/c"), QoS: qos, PacketID: uint16(i + 1), Payload: payload})
			}
			measure(string("receive QoS "+string('0'+qos)), func(c *trace) {
				c.Receive(c.now, in, false)
				drain(c)
			})
		}
	})
}
