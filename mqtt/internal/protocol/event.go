package protocol

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// EventKind says what an Event tells and which of its fields are set.
type EventKind uint8

// The events, with the fields that each sets beside Kind.
const (
	EventOwner        EventKind = iota // Detail: the owner's own, queued with PushOwner
	EventConnAck                       // Detail: *ConnAck
	EventConnected                     // CONNACK was accepted
	EventReadyToSend                   // sending is possible (again)
	EventError                         // Detail: *errors.Error; Message: that it is about, if it is about one
	EventMessageIn                     // Messages: of QoS 0
	EventDeliver                       // Messages: of QoS 1 or 2; the pump settles each with Acknowledge and Delivered
	EventMessageOut                    // Messages: of QoS 0, written
	EventPublished                     // Messages, Reason, Detail: *Answer or nil; a QoS 1 or 2 exchange is over
	EventPubRec                        // Message, Reason, Detail: *Answer or nil; the exchange goes on
	EventSubscribed                    // Detail: *SubAck
	EventUnsubscribed                  // Detail: *SubAck
	EventPing                          // Detail: time.Duration, the round trip
	EventSession                       // Detail: *SessionNote
	EventAuth                          // Detail: *packet.Auth, the server's
)

// Event is one thing that happened, or the same thing that happened to several messages in a row, in the order in which
// it happened.
type Event struct {
	Kind   EventKind
	Reason packet.ReasonCode
	// Answer is of EventPublished: PUBACK, PUBREC or PUBCOMP, the packet that ended the exchange; 0 = the end of the
	// session did.
	Answer  packet.Type
	Message *Message // the first; the others follow by Next
	last    *Message
	Detail  any
}

// Next returns the message that the event tells of after m, nil if m is the last. It is asked before m is released.
func (e *Event) Next(m *Message) *Message {
	if e.last == nil || m == e.last {
		return nil // behind m may be what another event tells of
	}
	return m.next
}

// Answer is what a v5 acknowledgment says beyond its reason code.
type Answer struct {
	ReasonString   string
	UserProperties []packet.UserProperty
}

// SessionNote is what happened to the session, for the log.
type SessionNote struct {
	Level int // 1 information, 2 verbose
	Text  string
	IDs   []uint16 // the packet identifiers of the messages that Text tells of, if it tells of messages
	Each  string   // what happened to each
}

// chain is a list of messages that are linked by Next. A message is in one chain at a time.
type chain struct {
	first, last *Message
	count       int
	bytes       int // of memory, see Message.size
}

// one is the chain of a single message.
func one(m *Message) chain { return chain{m, m, 1, m.size()} }

func (h *chain) add(m *Message) {
	if h.first == nil {
		h.first = m
	} else {
		h.last.next = m
	}
	h.last = m
	h.count++
	h.bytes += m.size()
}

// eventQueue holds what the pump has not taken yet.
type eventQueue struct {
	queue []Event
	count int // things that happened, which are more than events
	bytes int // of memory that they hold
	taken int // the same of the events that the pump has taken and not returned
	spare []Event
}

// eventOverhead is about what an event takes beside the texts and lists that it tells.
const eventOverhead = 128

// push queues an event of size bytes.
func (q *eventQueue) push(e Event, size int) {
	if len(q.queue) == cap(q.queue) {
		q.queue = growEvents(q.queue)
	}
	q.queue = append(q.queue, e)
	q.count++
	q.bytes += eventOverhead + size
}

// pushChain tells the same of all messages of a chain. Like follows like in a busy queue, so that one event serves
// many.
func (q *eventQueue) pushChain(kind EventKind, reason packet.ReasonCode, answer packet.Type, h chain) {
	if h.first == nil {
		return
	}
	if n := len(q.queue); n > 0 {
		if e := &q.queue[n-1]; e.Kind == kind && e.Reason == reason && e.Answer == answer && e.Detail == nil {
			e.last.next, e.last = h.first, h.last
			q.count += h.count
			q.bytes += h.bytes
			return
		}
	}
	q.push(Event{Kind: kind, Reason: reason, Answer: answer, Message: h.first, last: h.last}, h.bytes)
	q.count += h.count - 1
}

// pushMessage hands an inbound message to the pump.
func (q *eventQueue) pushMessage(kind EventKind, m *Message) {
	q.pushChain(kind, 0, 0, one(m))
}

// PushOwner queues an event of the owner's own behind what has happened so far. size is how many bytes its texts have.
func (c *Client) PushOwner(detail any, size int) { c.pushDetail(EventOwner, detail, size) }

// PushError queues EventError.
func (c *Client) PushError(err *errors.Error) {
	c.lastError = err
	c.pushDetail(EventError, err, len(err.Description))
}

// pushMessageError queues EventError for a message whose end EventPublished tells later, so that it is there until
// then.
func (c *Client) pushMessageError(m *Message, err error) {
	c.lastError = err
	c.events.push(Event{Kind: EventError, Message: m, Detail: err}, len(err.Error()))
}

// PushReadyToSend queues EventReadyToSend.
func (c *Client) PushReadyToSend() { c.events.push(Event{Kind: EventReadyToSend}, 0) }

func (c *Client) note(level int, format string, args ...any) {
	c.pushNote(&SessionNote{Level: level, Text: fmt.Sprintf(format, args...)})
}

// noteEach notes what happened to messages, if there are any. format has a place for their number.
func (c *Client) noteEach(level int, ids []uint16, each, format string) {
	if len(ids) > 0 {
		c.pushNote(&SessionNote{Level: level, Text: fmt.Sprintf(format, len(ids)), IDs: ids, Each: each})
	}
}

func (c *Client) pushNote(n *SessionNote) { c.pushDetail(EventSession, n, len(n.Text)+2*len(n.IDs)) }

func (c *Client) pushDetail(kind EventKind, detail any, size int) {
	c.events.push(Event{Kind: kind, Detail: detail}, size)
}

// Pending reports how many events wait for the pump, and how many bytes of memory they hold.
func (c *Client) Pending() (events, bytes int) { return c.events.count, c.events.bytes }

// Undelivered reports how many events wait for the pump, with the MessageOut of QoS 0 messages that were not written.
func (c *Client) Undelivered() int { return c.events.count + c.qos0.count + c.qos0Taken.count }

// TakeEvents hands over all queued events. The slice belongs to the caller until it is given to ReturnEvents.
func (c *Client) TakeEvents() []Event {
	taken := c.events.queue
	if len(taken) == 0 {
		return nil
	}
	c.events.queue, c.events.spare = c.events.spare, nil
	c.events.taken += c.events.bytes
	c.events.bytes, c.events.count = 0, 0
	return taken
}

// ReturnEvents gives back all that TakeEvents has handed over, whose events were handled, and with it the messages
// whose way they end.
func (c *Client) ReturnEvents(events []Event) {
	c.events.taken = 0
	for i := range events {
		switch e := &events[i]; e.Kind {
		case EventMessageIn, EventMessageOut, EventDeliver, EventPublished:
			for m := e.Message; m != nil; {
				next := e.Next(m)
				if m.Told = true; !m.Awaited {
					c.store.release(m)
				}
				m = next
			}
		}
	}
	clear(events)
	if rest := freeEvents(events); c.events.spare == nil {
		c.events.spare = rest
	}
}
