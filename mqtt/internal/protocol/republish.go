package protocol

import (
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// republish repeats PUBLISH packets that stay unanswered on a living 3.1.1 connection. All messages have the same
// interval, so the order in which they were sent is the order in which they fall due; what was acknowledged meanwhile
// is skipped when it comes to the head. The cost per message is one step in and one step out.
type republish struct {
	queue   []sent
	head    int
	stamped int // entries before it have their time
	taken   int // entries before it are in what the writer has taken
}

// sent is one transmission. It has no pointer, since there may be very many.
type sent struct {
	id uint16
	at Time // when it was written; notWritten until then
}

const notWritten = Time(-1)

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
		current, stamped, taken := r.queue[:0], 0, 0
		for i := r.head; i < len(r.queue); i++ {
			if s := r.queue[i]; c.unanswered(&s) != nil {
				current = append(current, s)
				if i < r.stamped {
					stamped++
				}
				if i < r.taken {
					taken++
				}
			}
		}
		r.queue, r.head, r.stamped, r.taken = current, 0, stamped, taken
	}
	r.queue = append(r.queue, sent{m.ID, m.sentAt})
}

// stamp gives the transmissions that the writer had taken their time.
func (r *republish) stamp(c *Client, now Time) {
	for ; r.stamped < r.taken; r.stamped++ {
		s := &r.queue[r.stamped]
		if m := c.ids.get(s.id); m != nil && m.sentAt == notWritten {
			m.sentAt = now
		}
		s.at = now
	}
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
	r.queue, r.head, r.stamped, r.taken = r.queue[:0], 0, 0, 0
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
	if m == nil || at == notWritten {
		return Never
	}
	return at + interval
}

// noteSent remembers that the PUBLISH of m is in the outgoing buffer. Its time begins when that has been written, so that
// publishing need not read the clock.
func (c *Client) noteSent(m *Message) {
	if c.version == packet.V311 {
		m.sentAt = notWritten
		c.republish.push(c, m)
	}
}

func (c *Client) tickRepublish(now Time) {
	interval := c.republishInterval()
	if interval == 0 {
		return
	}
	r := &c.republish
	var again []uint16
	for due := len(r.queue) - r.head; due > 0; due-- {
		m, at := r.next(c)
		if m == nil || at == notWritten || at+interval > now {
			break
		}
		r.head++
		c.writePublish(m)
		again = append(again, m.ID)
	}
	c.noteEach(2, again, "sent again", "RepublishInterval is over: %d messages without an answer are sent again.")
}
