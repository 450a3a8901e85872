package protocol

import "github.com/iotcomponents/iot/mqtt/internal/packet"

// An inbound message of QoS 1 or 2 may be acknowledged long after its handler has returned, if Defer was called for it.
// Such a message stays in the table of identifiers, so that what the server repeats of it is no second message, and it
// counts against the Receive Maximum. PUBACKs leave in the order of the PUBLISHes [MQTT5-4.6.0-2] [MQTT311-4.6.0-2], so
// one that is due waits for those that are not.
//
// The end of the connection changes nothing of that: the acknowledgment of a message that was deferred, or that has
// waited for one that was, goes out when the server repeats the message.

// ackOrder is the order in which PUBACKs leave on one connection.
type ackOrder struct {
	arrived uint32              // PUBLISHes of QoS 1
	left    uint32              // of which so many are acknowledged, or replaced by others
	due     map[uint32]*Message // acknowledgments that wait for earlier ones, by their order; nil = a replaced one
}

// arrive gives a message its place.
func (o *ackOrder) arrive(m *Message) {
	o.arrived++
	m.order = o.arrived
}

// next reports whether the acknowledgment of m may leave now.
func (o *ackOrder) next(m *Message) bool { return m.order == o.left+1 }

// wait notes that the acknowledgment at a place is due; m is nil if it will not be sent.
func (o *ackOrder) wait(order uint32, m *Message) {
	if o.due == nil {
		o.due = map[uint32]*Message{}
	}
	o.due[order] = m
}

// Defer makes the acknowledgment of a message whose handler is running wait until Undefer was called as often.
func (c *Client) Defer(m *Message) {
	if m.deferrals++; m.deferrals > 1 || m.lasting {
		return
	}
	m.Awaited, m.lasting = true, true
	c.deferred++
	c.deferredBytes += m.size()
}

// Deferred reports how many messages are deferred, or are to be acknowledged after one that is.
func (c *Client) Deferred() int { return c.deferred }

// Undefer takes one Defer back. When the last one is, and the handler has returned, m is acknowledged.
func (c *Client) Undefer(m *Message) {
	if m.deferrals--; m.deferrals == 0 && !m.settling {
		c.finishIn(m)
	}
}

// finishIn ends the delivery of m.
func (c *Client) finishIn(m *Message) {
	c.noteFinish(m) // ahead of the PUBCOMP: the server uses the identifier again after that
	c.acknowledge(m)
}

// letGo ends what Defer has begun, when nothing is left to be done for m.
func (c *Client) letGo(m *Message) {
	if !m.lasting {
		return
	}
	m.lasting = false
	c.deferred--
	c.deferredBytes -= m.size()
	c.Release(m)
}

// sendPuback acknowledges m, or notes that this is due when it is its turn, or when the server repeats the message.
func (c *Client) sendPuback(m *Message) {
	here := c.phase == Connected && m.connection == c.connection
	switch {
	case !here && !m.lasting:
		c.removeInbound(m)
	case !here:
		m.handled = true
	case !c.acks.next(m):
		m.handled = true
		c.acks.wait(m.order, m)
		if !m.lasting {
			m.Awaited, m.lasting = true, true
			c.deferred++
			c.deferredBytes += m.size()
		}
	default:
		c.acks.left++
		c.sendAck(packet.PUBACK, m.ID, packet.Success)
		c.removeInbound(m)
		c.sendDue()
	}
}

// sendDue sends the acknowledgments that have waited for the one that has left last.
func (c *Client) sendDue() {
	o := &c.acks
	for {
		m, due := o.due[o.left+1]
		if !due {
			return
		}
		delete(o.due, o.left+1)
		o.left++
		if m != nil {
			c.sendAck(packet.PUBACK, m.ID, packet.Success)
			c.removeInbound(m)
		}
	}
}

// replaceAck notes that the acknowledgment of m will not be sent: its identifier is another message's now.
func (c *Client) replaceAck(m *Message) {
	if m.connection != c.connection {
		return
	}
	c.acks.wait(m.order, nil)
	c.sendDue()
}

// removeInbound frees the identifier of a message that was acknowledged.
func (c *Client) removeInbound(m *Message) {
	c.inbound.remove(m.ID)
	c.settledOne(m)
	c.letGo(m)
}

// dropInbound forgets all inbound exchanges. What is deferred may still be undeferred, without effect.
func (c *Client) dropInbound() {
	if c.deferred > 0 {
		for m := range c.inbound.all() {
			switch {
			case m.handled:
				c.letGo(m) // the server will not repeat it
			case m.lasting:
				c.noteStep(m, 0)
			}
		}
	}
	c.inbound = idTable{}
}
