package protocol

import (
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
	EventError                         // Detail: *errors.Error
	EventMessageIn                     // Message: of QoS 0
	EventDeliver                       // Message: of QoS 1 or 2; the pump settles it with Acknowledge and Delivered
	EventMessageOut                    // Message: of QoS 0, written
	EventPublished                     // Message, Reason, Detail: *Answer or nil; a QoS 1 or 2 exchange is over
	EventPubRec                        // Message, Reason, Detail: *Answer or nil; the exchange goes on
	EventSubscribed                    // Detail: *SubAck
	EventUnsubscribed                  // Detail: *SubAck
	EventPing                          // Detail: time.Duration, the round trip
	EventSession                       // Detail: string, for the log
)

// Event is one thing that happened, in the order in which it happened.
type Event struct {
	Kind    EventKind
	Reason  packet.ReasonCode
	Answer  packet.Type // EventPublished: PUBACK, PUBREC or PUBCOMP, the packet that ended the exchange; 0 = the session's end did
	Message *Message
	Detail  any
}

// Answer is what a v5 acknowledgment says beyond its reason code.
type Answer struct {
	ReasonString   string
	UserProperties []UserProperty
}

// UserProperty is one pair of a User Property. Order and repetition are kept.
type UserProperty struct{ Name, Value string }

// eventQueue holds what the pump has not taken yet.
type eventQueue struct {
	queue []Event
	bytes int // payload bytes of inbound messages, which is what a flood of large messages is bounded by
	spare []Event
}

func (q *eventQueue) push(e Event) { q.queue = append(q.queue, e) }

// PushOwner queues an event of the owner's own behind what has happened so far.
func (c *Client) PushOwner(detail any) { c.events.push(Event{Kind: EventOwner, Detail: detail}) }

// PushReadyToSend queues EventReadyToSend.
func (c *Client) PushReadyToSend() { c.events.push(Event{Kind: EventReadyToSend}) }

func (c *Client) pushDetail(kind EventKind, detail any) {
	c.events.push(Event{Kind: kind, Detail: detail})
}

// Pending reports how many events wait for the pump, and how many payload bytes of inbound messages they hold.
func (c *Client) Pending() (events, payloadBytes int) { return len(c.events.queue), c.events.bytes }

// Undelivered reports how many events wait for the pump, with the MessageOut of QoS 0 messages that were not written.
func (c *Client) Undelivered() int { return len(c.events.queue) + len(c.qos0) }

// TakeEvents hands over all queued events. The slice belongs to the caller until it is given to ReturnEvents.
func (c *Client) TakeEvents() []Event {
	taken := c.events.queue
	c.events.queue, c.events.spare = c.events.spare, nil
	c.events.bytes = 0
	return taken
}

// maxSpareEvents bounds the memory that an emptied queue keeps for the next burst.
const maxSpareEvents = 1024

// ReturnEvents gives back a slice of TakeEvents whose events were handled, and with it the messages of QoS 0 in it.
func (c *Client) ReturnEvents(events []Event) {
	for i := range events {
		if e := &events[i]; e.Kind == EventMessageIn || e.Kind == EventMessageOut {
			c.store.release(e.Message)
		}
	}
	clear(events)
	if c.events.spare == nil && cap(events) <= maxSpareEvents {
		c.events.spare = events[:0]
	}
}
