package protocol

import (
	"fmt"
	"slices"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// A message with a Message Expiry Interval ages from its acceptance, while it waits for a connection, for the quota or,
// saved, for a process: what is sent has the time taken off, and what has expired is never sent for the first time.
// What was sent once is sent again whatever its interval says [MQTT5-4.3.3-7] [MQTT5-4.4.0-1].

// SetNow tells what time it is ahead of a command that begins or looks at the life of a message.
func (c *Client) SetNow(now Time) { c.now = max(c.now, now) }

// beginLife notes when a message that was just accepted expires.
func (c *Client) beginLife(m *Message) {
	if seconds, given := m.Properties.Uint(packet.PropMessageExpiryInterval); given {
		m.expires = c.now + Time(seconds)*time.Second
	}
}

// expired reports whether m may not be sent for the first time any more.
func (m *Message) expired(now Time) bool { return m.expires != 0 && !m.written && m.expires <= now }

// secondsLeft is what is left of the Message Expiry Interval of m, whose life runs: whole seconds that have passed are
// taken off. One that has to be sent all the same says 1, since some servers take 0 for none.
func (c *Client) secondsLeft(m *Message) uint32 {
	return uint32(max(1, (m.expires-c.now+time.Second-1)/time.Second))
}

// expire ends the exchange of a message that was not sent in time.
func (c *Client) expire(m *Message) {
	seconds, _ := m.Properties.Uint(packet.PropMessageExpiryInterval)
	c.abandon(m, errors.New(errors.ErrTimeout,
		fmt.Sprintf("%s has expired before it could be sent: MessageExpInterval is %d s.", m.describe(), seconds)))
}

// describe names a message of ours.
func (m *Message) describe() string {
	if m.QoS == 0 {
		return "A QoS 0 message on the topic " + Quote(m.Topic)
	}
	return fmt.Sprintf("Message %d on the topic %s", m.ID, Quote(m.Topic))
}

// DropExpired gives up the messages that wait to be sent and have expired by now.
func (c *Client) DropExpired(now Time) {
	c.SetNow(now)
	q := &c.waiting
	if q.earliest == 0 || q.earliest > c.now {
		return
	}
	for _, m := range q.remove(func(m *Message) bool { return m.expired(c.now) }) {
		c.expire(m)
	}
}

// DropOldest gives up the message that has waited longest to be sent for the first time, and reports whether there was
// one.
func (c *Client) DropOldest() bool {
	found := false
	dropped := c.waiting.remove(func(m *Message) bool {
		oldest := !found && !m.written
		found = found || oldest
		return oldest
	})
	for _, m := range dropped {
		c.abandon(m, errors.New(errors.ErrNoBufferSpace,
			m.describe()+" was dropped for newer ones: QueueFullPolicy is DropOldest."))
	}
	return found
}

// remove takes the messages that match out of the queue.
func (q *waitQueue) remove(match func(m *Message) bool) (removed []*Message) {
	q.earliest = 0
	rest := q.messages[q.head:]
	rest = slices.DeleteFunc(rest, func(m *Message) bool {
		if !match(m) {
			q.noteLife(m)
			return false
		}
		removed = append(removed, m)
		if !m.written {
			q.bytes -= m.size()
		}
		return true
	})
	if q.messages = q.messages[:q.head+len(rest)]; len(rest) == 0 {
		q.messages, q.head = q.messages[:0], 0
	}
	return removed
}

// noteLife notes when the first message expires.
func (q *waitQueue) noteLife(m *Message) {
	if m.expires != 0 && !m.written && (q.earliest == 0 || m.expires < q.earliest) {
		q.earliest = m.expires
	}
}

// deadline is when the first message expires, or an instant before that.
func (q *waitQueue) deadline() Time {
	if q.earliest == 0 {
		return Never
	}
	return q.earliest
}

// wallTime is an instant of the client's clock as others know it; 0 is none.
func (c *Client) wallTime(at Time) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return c.Epoch.Add(at).Round(0)
}

// ownTime is the reverse of wallTime.
func (c *Client) ownTime(at time.Time) Time {
	if at.IsZero() {
		return 0
	}
	if own := at.Sub(c.Epoch); own != 0 {
		return own
	}
	return -1
}
