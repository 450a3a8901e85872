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

type sent struct {
	message *Message
	id      uint16
	at      Time
}

func (r *republish) reset() { *r = republish{} }

// current reports whether the entry still tells the last transmission of a message that waits for PUBACK or PUBREC. The
// table of identifiers is asked first: a message that has ended may be another client's by now.
func (s *sent) current(ids *idTable) bool {
	m := s.message
	return ids.get(s.id) == m && m.sentAt == s.at && (m.State == PubackAwaited || m.State == PubrecAwaited)
}

// push adds a transmission. With inFlight messages unanswered all other entries are settled; they are dropped when they
// outnumber the rest, so one message that is never answered does not make the queue grow behind it.
func (r *republish) push(ids *idTable, m *Message, inFlight int) {
	if len(r.queue) > 2*inFlight+1024 {
		current := r.queue[:0]
		for i := r.head; i < len(r.queue); i++ {
			if r.queue[i].current(ids) {
				current = append(current, r.queue[i])
			}
		}
		clear(r.queue[len(current):])
		r.queue, r.head = current, 0
	}
	r.queue = append(r.queue, sent{m, m.ID, m.sentAt})
}

// skip drops entries at the head that are settled.
func (r *republish) skip(ids *idTable) {
	for r.head < len(r.queue) && !r.queue[r.head].current(ids) {
		r.queue[r.head] = sent{}
		r.head++
	}
	if r.head == len(r.queue) {
		r.queue, r.head = r.queue[:0], 0
	}
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
	r.skip(&c.ids)
	if r.head == len(r.queue) {
		return Never
	}
	return r.queue[r.head].at + interval
}

// noteSent remembers that the PUBLISH of m went out at now.
func (c *Client) noteSent(now Time, m *Message) {
	m.sentAt = now
	if c.version == packet.V311 {
		c.republish.push(&c.ids, m, c.outgoing.Len())
	}
}

func (c *Client) tickRepublish(now Time) {
	interval := c.republishInterval()
	if interval == 0 {
		return
	}
	r := &c.republish
	for due := len(r.queue) - r.head; due > 0; due-- {
		r.skip(&c.ids)
		if r.head == len(r.queue) || r.queue[r.head].at+interval > now {
			return
		}
		m := r.queue[r.head].message
		r.queue[r.head] = sent{}
		r.head++
		c.writePublish(now, m)
	}
}
