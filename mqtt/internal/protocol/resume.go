package protocol

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// resumeSession sends again what was not acknowledged before the last connection ended, in the original order and
// before anything new [MQTT5-4.4.0-1] [MQTT311-4.4.0-1] [MQTT5-4.6.0-1] [MQTT311-4.6.0-1], whatever its expiry interval
// says [MQTT5-4.3.3-7]. What exceeds the server's Receive Maximum waits at the head of the queue.
func (c *Client) resumeSession() {
	later := c.neverSent()
	var again []uint16
	for m := range c.outgoing.All() {
		switch m.State {
		case PubackAwaited, PubrecAwaited:
			again = append(again, m.ID)
			m.Alias = 0 // [MQTT5-3.3.2-7]
			if err := c.checkPublish(m); err != nil {
				c.abandon(m, err)
			} else if c.quota > 0 && c.waiting.len() == 0 {
				c.writePublish(m)
			} else {
				c.waiting.push(m)
			}
		case PubrelSending, PubcompAwaited:
			again = append(again, m.ID)
			c.sendPubrel(m) // never the PUBLISH again [MQTT5-4.3.3-5]
		}
	}
	c.sendLater(later)
	c.noteEach(2, again, "sent again", "Session resumed: %d packets sent again.")
}

// dropSession forgets a session that the server does not have [MQTT5-3.2.2-5] [MQTT5-3.1.2-4] [MQTT311-3.1.2-6]. No
// message is lost by that: what the server had not taken over is sent as new, what it had taken over is finished, and
// an inbound message that we took over with PUBREC is delivered.
func (c *Client) dropSession() {
	for m := range c.incoming.All() {
		if m.QoS != 2 || c.inbound.get(m.ID) != m {
			continue
		}
		c.noteStep(m, 0)
		if m.State == PubrelAwaited {
			c.kept -= m.size()
			m.State = PubcompSending
			c.events.pushMessage(EventDeliver, m)
		}
	}
	c.dropInbound()
	c.forgetGivenUp()
	c.sendAnew()
}

// sendAnew sends the messages of ours that the server had not taken over as new ones, under their numbers, and ends the
// exchanges of the others.
func (c *Client) sendAnew() {
	later := c.neverSent()
	var anew []*Message
	for m := range c.outgoing.All() {
		switch m.State {
		case PubackAwaited, PubrecAwaited:
			c.outgoing.remove(m)
			c.landed(m)
			m.written, m.Dup, m.Alias = false, false, 0
			m.State = outgoingPending
			anew = append(anew, m)
		case PubrelSending, PubcompAwaited:
			c.closeExchange(m, packet.Success, 0, nil)
		}
	}
	for _, m := range anew {
		c.sendOrHold(m)
	}
	c.sendLater(later)
	c.noteEach(2, ids(anew), "sent as a new message", "The server has no session: %d unacknowledged messages are "+
		"sent as new ones.")
}

// neverSent empties the queue of what waited for the quota of the last connection, or for a connection. It returns the
// messages that were never sent; those that waited to be sent again are in the list.
func (c *Client) neverSent() []*Message {
	var never []*Message
	for m := c.waiting.take(); m != nil; m = c.waiting.take() {
		if m.State == outgoingPending {
			never = append(never, m)
		}
	}
	return never
}

// sendLater puts the messages that were never sent behind those that wait to be sent again.
func (c *Client) sendLater(later []*Message) {
	for _, m := range later {
		m.Alias = 0
		c.sendOrHold(m)
	}
}

// sendOrHold sends a message, or puts it behind the others that wait for the quota. QoS 0 needs none.
func (c *Client) sendOrHold(m *Message) {
	if c.phase != Connected || m.QoS > 0 && (c.quota == 0 || c.waiting.len() > 0) {
		c.waiting.push(m)
		return
	}
	c.sendWaiting(m)
}

// endSession drops the exchanges of a session that ends with its connection. With a Journal nothing is dropped: the
// next connection treats what is left as it does after the server has lost a session.
func (c *Client) endSession() {
	if c.journal != nil {
		c.hasSession = false
		return
	}
	const why = "was dropped, since its session was ended before it was acknowledged."
	for m := range c.unfinishedOut() {
		c.pushMessageError(m, errors.New(errors.ErrNotConnected, m.describe()+" "+why))
	}
	ended := errors.New(errors.ErrNotConnected, "The message "+why)
	dropped := c.dropExchanges(ended, func(*Message) bool { return false })
	c.forgetGivenUp()
	c.hasSession = false
	c.noteEach(1, dropped, "dropped", "Session ended: %d messages whose exchange was not complete are dropped.")
}

// dropExchanges drops the exchanges that are not complete, and returns their identifiers. Messages that wait to be sent
// for the first time may stay.
func (c *Client) dropExchanges(why error, stays func(m *Message) bool) (dropped []uint16) {
	for m := range c.outgoing.All() {
		if m.State != OutDone {
			dropped = append(dropped, m.ID)
			c.outgoing.remove(m)
			c.forget(m, why)
		}
	}
	for _, m := range c.neverSent() {
		if stays(m) {
			c.waiting.push(m)
			continue
		}
		dropped = append(dropped, m.ID)
		c.forget(m, why)
	}
	for m := range c.incoming.All() {
		if m.State == PubrelAwaited {
			dropped = append(dropped, m.ID)
			c.kept -= m.size()
			c.incoming.remove(m)
		}
	}
	c.dropInbound()
	return dropped
}

func ids(messages []*Message) []uint16 {
	var list []uint16
	for _, m := range messages {
		list = append(list, m.ID)
	}
	return list
}

// forget ends the exchange of an outbound message without an event.
func (c *Client) forget(m *Message, why error) {
	if c.ids.get(m.ID) == m {
		c.ids.remove(m.ID)
	}
	c.landed(m)
	m.State, m.Done, m.Refused, m.Outcome, m.Failure = OutDone, true, true, packet.UnspecifiedError, why
}

// lives reports whether the session of the current connection outlives it [MQTT5-3.1.2-23] [MQTT311-3.1.2-4] (U5-26);
// it lasts as long as the connection in any case [MQTT311-4.1.0-2].
func (c *Client) lives() bool {
	if c.version == packet.V5 {
		return !c.options.CleanStart || c.limits.SessionExpiry > 0
	}
	return !c.options.CleanStart
}
