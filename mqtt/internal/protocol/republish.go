package protocol

import (
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// republish repeats PUBLISH packets that stay unanswered on a living 3.1.1 connection. All messages have the same
// interval, so the order in which they were sent is the order in which they fall due; what was acknowledged meanwhile
// is skipped when it comes to the head. The cost per message is one step in and one step out.
type republish struct {
	queue []sent
	head  int
}

// sent is one transmission. It has no pointer, since there may be very many.
type sent struct {
	id uint16
	at Time
}

func (r *republish) reset() { *r = republish{} }

// unanswered returns the message whose last transmission s tells, if it still waits for PUBACK or PUBREC.
func (c *Client) unanswered(s *sent) *Message {
	m := c.ids.get(s.id)
	if m == nil || m.sentAt != s.at || m.State != PubackAwaited && m.State != PubrecAwaited {
		return nil
	}
	return m
}

// push adds a transmission. Beside the messages in flight all other entries are settled; they are dropped when they
// outnumber the rest, so one message that is never answered does not make the queue grow behind it.
func (r *republish) push(c *Client, m *Message) {
	if len(r.queue) > 2*c.outgoing.Len()+1024 {
		current := r.queue[:0]
		for _, s := range r.queue[r.head:] {
			if c.unanswered(&s) != nil {
				current = append(current, s)
			}
		}
		r.queue, r.head = current, 0
	}
	r.queue = append(r.queue, sent{m.ID, m.sentAt})
}

// next returns the message at the head, after dropping what is settled; nil if there is none.
func (r *republish) next(c *Client) (*Message, Time) {
	for r.head < len(r.queue) {
		s := &r.queue[r.head]
		if m := c.unanswered(s); m != nil {
			return m, s.at
		}
		r.head++
	}
	r.queue, r.head = r.queue[:0], 0
	return nil, 0
}

func (c *Client) republishInterval() time.Duration {
	if c.version != packet.V311 {
		return 0 // [MQTT5-4.4.0-1]
	}
	return c.Settings.RepublishInterval
}

func (r *republish) deadline(c *Client) Time {
	interval := c.republishInterval()
	if interval == 0 {
		return Never
	}
	m, at := r.next(c)
	if m == nil {
		return Never
	}
	return at + interval
}

// noteSent remembers that the PUBLISH of m went out at now.
func (c *Client) noteSent(now Time, m *Message) {
	m.sentAt = now
	if c.version == packet.V311 {
		c.republish.push(c, m)
	}
}

func (c *Client) tickRepublish(now Time) {
	interval := c.republishInterval()
	if interval == 0 {
		return
	}
	r := &c.republish
	for due := len(r.queue) - r.head; due > 0; due-- {
		m, at := r.next(c)
		if m == nil || at+interval > now {
			return
		}
		r.head++
		c.writePublish(now, m)
	}
}
