package protocol

import (
	"fmt"
	"iter"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Session is the client's side of a session [MQTT5-4.1.0-1] [MQTT311-4.1.0-1], apart from any connection.
type Session struct {
	ClientID string
	LastID   uint16         // the packet identifier taken last; 0 = none yet
	Outgoing []SavedMessage // QoS 1 and 2, in the order of the calls
	Incoming []SavedMessage // in the order of arrival
}

// SavedMessage is a message whose exchange is not complete.
type SavedMessage struct {
	Topic      string
	Payload    []byte
	Properties packet.Properties
	ID         uint16
	QoS        uint8
	Retain     bool
	Dup        bool
	// Awaits is the packet that the exchange waits for: PUBACK, PUBREC or PUBCOMP outgoing, PUBREL incoming; 0 = none:
	// outgoing the PUBLISH was never sent, incoming the server has forgotten the message and only the delivery is left.
	Awaits packet.Type
	Key    uint64 // the owner's name for it in a Journal; 0 = none
	// Expires is when the message may not be sent for the first time any more; zero = never.
	Expires time.Time
}

// Session returns the session as it is now. What it refers to is never written again.
func (c *Client) Session() *Session {
	s := &Session{ClientID: c.sessionClientID, LastID: c.nextID}
	for m, awaits := range c.unfinishedOut() {
		s.Outgoing = append(s.Outgoing, c.saved(m, awaits))
	}
	for m, awaits := range c.unfinishedIn() {
		s.Incoming = append(s.Incoming, c.saved(m, awaits))
	}
	return s
}

// unfinishedOut yields the messages of ours whose exchange is not over, in the order of the calls, with what each
// awaits.
func (c *Client) unfinishedOut() iter.Seq2[*Message, packet.Type] {
	return func(yield func(*Message, packet.Type) bool) {
		for m := range c.outgoing.All() {
			var awaits packet.Type
			switch m.State {
			case PubackAwaited:
				awaits = packet.PUBACK
			case PubrecAwaited:
				awaits = packet.PUBREC
			case PubrelSending, PubcompAwaited:
				awaits = packet.PUBCOMP
			default:
				continue
			}
			if !yield(m, awaits) {
				return
			}
		}
		for m := range c.waiting.all() {
			if m.State == outgoingPending && m.QoS > 0 && !yield(m, 0) {
				return
			}
		}
	}
}

// unfinishedIn yields the server's messages whose exchange is not over, in the order of arrival, with what each awaits:
// PUBREL, or 0 for those that only have to be delivered.
func (c *Client) unfinishedIn() iter.Seq2[*Message, packet.Type] {
	return func(yield func(*Message, packet.Type) bool) {
		if c.deferred > 0 {
			for m := range c.inbound.all() {
				if m.deferrals > 0 && m.QoS == 2 && !yield(m, packet.PUBREL) {
					return
				}
			}
		}
		for m := range c.incoming.All() {
			var awaits packet.Type
			switch {
			case m.State == InDone:
				continue
			case c.inbound.get(m.ID) != m: // the server will not send it again
			case m.QoS == 2:
				// What PUBREL has released and the pump has not delivered counts as not released: the server repeats
				// PUBREL until it sees PUBCOMP, which goes out with the delivery.
				awaits = packet.PUBREL
			default:
				continue // QoS 1: the server sends it again
			}
			if !yield(m, awaits) {
				return
			}
		}
	}
}

// saved is m as it is kept for another process.
func (c *Client) saved(m *Message, awaits packet.Type) SavedMessage {
	return SavedMessage{
		Topic: m.Topic, Payload: m.Payload, Properties: m.Properties, ID: m.ID, QoS: m.QoS, Retain: m.Retain,
		Dup: m.Dup, Awaits: awaits, Key: m.key,
		Expires: c.wallTime(m.expires),
	}
}

// check refuses what no session can be, so that a file from elsewhere does not make one.
func (s *Session) check() error {
	outgoing, incoming := make(map[uint16]bool, len(s.Outgoing)), make(map[uint16]bool, len(s.Incoming))
	for i := range s.Outgoing {
		m := &s.Outgoing[i]
		problem := m.problem(m.QoS == 1 && m.Awaits == packet.PUBACK ||
			m.QoS == 2 && (m.Awaits == packet.PUBREC || m.Awaits == packet.PUBCOMP))
		if _, inbound := m.Properties.Uint(packet.PropSubscriptionIdentifier); inbound { // [MQTT5-3.3.4-6]
			problem = "has a subscription identifier, which only incoming ones have"
		}
		if problem == "" && outgoing[m.ID] {
			problem = sharedID
		}
		if problem != "" {
			return errors.New(errors.ErrMalformedMessage,
				fmt.Sprintf("The session has outgoing message %d, which %s.", m.ID, problem))
		}
		outgoing[m.ID] = true
	}
	for i := range s.Incoming {
		m := &s.Incoming[i]
		problem := m.problem(m.QoS == 2 && m.Awaits == packet.PUBREL)
		// What only waits for its delivery may share its identifier, which the server uses again.
		if problem == "" && m.Awaits != 0 && incoming[m.ID] {
			problem = sharedID
		}
		if problem != "" {
			return errors.New(errors.ErrMalformedMessage,
				fmt.Sprintf("The session has incoming message %d, which %s.", m.ID, problem))
		}
		incoming[m.ID] = incoming[m.ID] || m.Awaits != 0
	}
	return nil
}

const sharedID = "has the packet identifier of another one"

// problem says why a message cannot be in a session, "" if it can. fits tells whether its QoS fits what it awaits; it
// may always await nothing.
func (s *SavedMessage) problem(fits bool) string {
	switch err := packet.CheckTopicName(s.Topic); {
	case err != nil:
		return "has the topic " + Quote(s.Topic) + ", which " + err.Error()
	case s.QoS < 1 || s.QoS > 2:
		return fmt.Sprintf("has QoS %d", s.QoS)
	case s.Awaits != 0 && !fits:
		return fmt.Sprintf("has QoS %d and awaits %v", s.QoS, s.Awaits)
	case s.ID == 0:
		return "has no packet identifier"
	}
	return ""
}
