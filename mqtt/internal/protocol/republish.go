package protocol

import (
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// republish repeats PUBLISH packets that stay unanswered on a living 3.1.1 connection, and gives them up when the owner
// has set a limit. Version 5.0 allows neither [MQTT5-4.4.0-1].
type republish struct {
	repeat timeline // by the last transmission
	expire timeline // by the first on this connection; of messages published while RepublishTimeout was set
}

func (r *republish) reset() {
	*r = republish{
		repeat: timeline{clock: func(c *Client, id uint16) *Time {
			if m := c.unanswered(id); m != nil {
				return &m.sentAt
			}
			return nil
		}},
		expire: timeline{clock: func(c *Client, id uint16) *Time {
			if m := c.unanswered(id); m != nil {
				return &m.firstAt
			}
			return nil
		}},
	}
}

// unanswered returns the message of an identifier if it still waits for PUBACK or PUBREC.
func (c *Client) unanswered(id uint16) *Message {
	m := c.ids.get(id)
	if m == nil || m.State != PubackAwaited && m.State != PubrecAwaited {
		return nil
	}
	return m
}

// republishing returns the interval and the time limit in force, which version 5.0 has not.
func (c *Client) republishing() (interval, timeout time.Duration) {
	if c.version != packet.V311 {
		return 0, 0
	}
	return c.Settings.RepublishInterval, c.Settings.RepublishTimeout
}

func (r *republish) deadline(c *Client) Time {
	interval, timeout := c.republishing()
	return min(r.repeat.deadline(c, interval), r.expire.deadline(c, timeout))
}

// noteSent remembers that a PUBLISH of m is in the outgoing buffer; first on this connection or once more.
func (c *Client) noteSent(m *Message, first bool) {
	if c.version != packet.V311 {
		return
	}
	m.sentAt = notWritten
	c.republish.repeat.push(c, m.ID)
	if first {
		m.repeats = 0
		if m.firstAt = 0; c.Settings.RepublishTimeout > 0 {
			m.firstAt = notWritten
			c.republish.expire.push(c, m.ID)
		}
	}
}

func (c *Client) tickRepublish(now Time) {
	r := &c.republish
	interval, timeout := c.republishing()
	for timeout > 0 {
		id := r.expire.due(c, now, timeout)
		if id == 0 {
			break
		}
		c.giveUp(c.ids.get(id), fmt.Sprintf("within %v", timeout))
	}
	if interval == 0 {
		return
	}
	var again []uint16
	for waiting := len(r.repeat.queue) - r.repeat.head; waiting > 0; waiting-- {
		id := r.repeat.due(c, now, interval)
		if id == 0 {
			break
		}
		m := c.ids.get(id)
		if most := c.Settings.RepublishAttempts; most > 0 && m.repeats >= most {
			c.giveUp(m, fmt.Sprintf("after %d repetitions", most))
			continue
		}
		m.repeats++
		c.writePublish(m)
		again = append(again, m.ID)
	}
	c.noteEach(2, again, "sent again", "RepublishInterval is over: %d messages without an answer are sent again.")
}

// giveUp ends the exchange of a message that the server does not answer. The server may have it all the same, and its
// answer may still come: a placeholder keeps the identifier until then, or to the end of the session
// [MQTT311-2.3.1-4].
func (c *Client) giveUp(m *Message, when string) {
	id, qos := m.ID, m.QoS
	err := errors.New(errors.ErrTimeout, fmt.Sprintf("PUBLISH %d (topic %s) was not acknowledged %s and is given up.",
		id, Quote(m.Topic), when))
	c.abandon(m, err)
	c.ids.put(id, &Message{ID: id, QoS: qos, State: outgoingGivenUp})
	c.sendHeldBack()
}

// answerGivenUp handles an answer to a message that was given up, and reports whether it was one: the exchange is ended
// in order.
func (c *Client) answerGivenUp(by packet.Type, id uint16) bool {
	m := c.ids.get(id)
	if m == nil || m.State != outgoingGivenUp {
		return false
	}
	if by == packet.PUBREC {
		c.sendAck(packet.PUBREL, id, packet.Success)
	} else {
		c.ids.remove(id)
	}
	return true
}

// forgetGivenUp frees the identifiers of given up messages when their session is over.
func (c *Client) forgetGivenUp() {
	for m := range c.ids.all() {
		if m.State == outgoingGivenUp {
			c.ids.remove(m.ID)
		}
	}
}
