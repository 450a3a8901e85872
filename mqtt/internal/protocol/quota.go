package protocol

import (
	"iter"
	"slices"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// openQuota sets the send quota of a new connection: the server's Receive Maximum or the smaller InflightLimit
// [MQTT5-4.9.0-1] [MQTT5-3.3.4-7]. It does not carry over from the last connection (U5-20).
func (c *Client) openQuota() {
	c.window = int(c.limits.ReceiveMaximum)
	if l := c.Settings.InflightLimit; l > 0 && l < c.window {
		c.window = l
	}
	c.quota = c.window
	for m := range c.outgoing.All() {
		m.holdsQuota = false
	}
	c.unsettled = 0
	for m := range c.inbound.all() {
		m.holdsQuota = false
	}
}

// releaseQuota gives one back when the exchange of m is over. A PUBREL that was sent again took none, so its PUBCOMP
// gives none back and the quota never rises above its start [MQTT5-4.9.0-2].
func (c *Client) releaseQuota(m *Message) {
	if m.holdsQuota {
		m.holdsQuota = false
		c.quota++
	}
}

// sendHeldBack sends what waited for the quota, in order. Nothing but PUBLISH ever waits for it [MQTT5-4.9.0-3].
func (c *Client) sendHeldBack() {
	for c.quota > 0 && c.phase == Connected {
		m := c.waiting.take()
		if m == nil {
			return
		}
		c.sendWaiting(m)
	}
}

// sendWaiting sends a message that was accepted earlier, unless this server does not take it.
func (c *Client) sendWaiting(m *Message) {
	if m.expired(c.now) {
		c.expire(m)
		return
	}
	if err := c.checkPublish(m); err != nil {
		c.abandon(m, err)
		return
	}
	c.writePublish(m)
	if m.QoS == 0 {
		c.qos0.add(m)
	}
}

// receivedOne counts an inbound message of QoS 1 or 2, once on a connection, against the Receive Maximum that we
// announced, and ends the connection if the server exceeds it [MQTT5-3.3.4-9] (U5-12). It reports whether the
// connection goes on. A message whose PUBLISH came on an earlier connection only does not count: the server's quota
// starts anew too.
func (c *Client) receivedOne(m *Message) bool {
	if m.holdsQuota {
		return true
	}
	m.holdsQuota = true
	c.unsettled++
	if c.version == packet.V5 && c.unsettled > c.options.receiveMaximum() {
		if c.Settings.AllowReceiveMaximumExceeded {
			if most := c.options.receiveMaximum(); c.unsettled == most+1 {
				c.note(2, "Message %d exceeds the Receive Maximum of this client, %d; it is taken all the same.",
					m.ID, most)
			}
			return true
		}
		c.fail(packet.PUBLISH, packet.ReceiveMaximumExceeded, "more messages of QoS 1 and 2 than the Receive Maximum "+
			"of this client allows")
		return false
	}
	return true
}

// settledOne gives back what m took of our Receive Maximum.
func (c *Client) settledOne(m *Message) {
	if m.holdsQuota {
		m.holdsQuota = false
		c.unsettled--
	}
}

// waitQueue is a FIFO of messages whose cost does not depend on its length.
type waitQueue struct {
	messages []*Message
	head     int
	bytes    int  // of memory, without the messages that are in flight as well
	earliest Time // no message that was never sent expires before; 0 = none expires
}

func (q *waitQueue) len() int { return len(q.messages) - q.head }

func (q *waitQueue) all() iter.Seq[*Message] { return slices.Values(q.messages[q.head:]) }

func (q *waitQueue) push(m *Message) {
	if q.head > 64 && q.head > len(q.messages)/2 {
		n := copy(q.messages, q.messages[q.head:])
		clear(q.messages[n:])
		q.messages, q.head = q.messages[:n], 0
	}
	q.messages = append(q.messages, m)
	q.noteLife(m)
	if !m.written {
		q.bytes += m.size()
	}
}

func (q *waitQueue) take() *Message {
	if q.len() == 0 {
		return nil
	}
	m := q.messages[q.head]
	q.messages[q.head] = nil
	q.head++
	if !m.written {
		q.bytes -= m.size()
	}
	if q.head == len(q.messages) {
		q.messages, q.head = q.messages[:0], 0
	}
	return m
}
