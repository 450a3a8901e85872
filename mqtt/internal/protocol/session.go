package protocol

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Session is the client's side of a session [MQTT5-4.1.0-1], apart from any connection.
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
}

// state returns the documented state that a message with this Awaits has.
func (s *SavedMessage) state() State {
	switch s.Awaits {
	case packet.PUBACK:
		return PubackAwaited
	case packet.PUBREC:
		return PubrecAwaited
	case packet.PUBCOMP:
		return PubcompAwaited
	case packet.PUBREL:
		return PubrelAwaited
	}
	return outgoingPending
}

func (m *Message) saved(awaits packet.Type) SavedMessage {
	return SavedMessage{
		Topic: m.Topic, Payload: m.Payload, Properties: m.Properties, ID: m.ID, QoS: m.QoS, Retain: m.Retain, Dup: m.Dup, Awaits: awaits,
	}
}

// Session returns the session as it is now. What it refers to is never written again.
func (c *Client) Session() *Session {
	s := &Session{ClientID: c.sessionClientID, LastID: c.nextID}
	for m := range c.outgoing.All() {
		switch m.State {
		case PubackAwaited:
			s.Outgoing = append(s.Outgoing, m.saved(packet.PUBACK))
		case PubrecAwaited:
			s.Outgoing = append(s.Outgoing, m.saved(packet.PUBREC))
		case PubrelSending, PubcompAwaited:
			s.Outgoing = append(s.Outgoing, m.saved(packet.PUBCOMP))
		}
	}
	for m := range c.waiting.all() {
		if m.State == outgoingPending {
			s.Outgoing = append(s.Outgoing, m.saved(0))
		}
	}
	for m := range c.incoming.All() {
		switch {
		case m.State == InDone:
		case c.inbound.get(m.ID) != m:
			s.Incoming = append(s.Incoming, m.saved(0)) // the server will not send it again
		case m.QoS == 2:
			// What PUBREL has released and the pump has not delivered counts as not released: the server repeats
			// PUBREL until it sees PUBCOMP, which goes out with the delivery.
			s.Incoming = append(s.Incoming, m.saved(packet.PUBREL))
		}
	}
	return s
}

// RestoreSession takes over a session that Session returned, of this process or an earlier one. It is possible until a
// connection has sent a QoS 1 or 2 message; on a connection that stands, what the session asks for is sent at once. Errors, after which nothing has changed: 211 too late, 504 a session that cannot be.
func (c *Client) RestoreSession(s *Session) error {
	if err := c.mayRestore(); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	for i := range s.Outgoing {
		if r := c.requests[s.Outgoing[i].ID]; r != nil {
			return errors.New(errors.ErrWrongState, fmt.Sprintf("RestoreSession: packet identifier %d is in use by a %v of this connection; restore before subscribing.", r.ID, r.Type))
		}
	}
	// Also when an earlier connection was told so: what the server has now is another session.
	lost := s.ClientID == c.lostSessionOf || c.phase == Connected && !c.connAck.SessionPresent
	for i := range s.Outgoing {
		c.restoreOutgoing(&s.Outgoing[i])
	}
	repeated := make(map[uint16]bool) // by the server, to this process
	for m := range c.incoming.All() {
		repeated[m.ID] = m.QoS == 2
	}
	for i := range s.Incoming {
		m := &s.Incoming[i]
		_, released := c.released[m.ID]
		// Without a PUBREL to come it is delivered now.
		if deliver := lost || released || m.Awaits == 0; released || m.Awaits == 0 || !repeated[m.ID] {
			c.restoreIncoming(m, deliver)
		}
	}
	if s.LastID != 0 {
		c.nextID = s.LastID
	}
	if c.phase != Connected && s.ClientID != "" { // "": it never was connected
		c.hasSession, c.sessionClientID = true, s.ClientID
	}
	switch {
	case lost:
		c.sendAnew()
	case c.phase == Connected:
		c.resumeSession()
	}
	c.released = nil
	return nil
}

func (c *Client) mayRestore() error {
	switch {
	case c.phase == Connected && c.published:
		return errors.New(errors.ErrWrongState, "RestoreSession comes too late: this connection has sent QoS 1 or 2 messages already.")
	case c.outgoing.Len()+c.waiting.len() > 0:
		return errors.New(errors.ErrWrongState, "RestoreSession would mix with the unfinished outgoing messages of the session that the component has; Reset drops them.")
	}
	return nil
}

// check refuses what no session can be, so that a file from elsewhere does not make one.
func (s *Session) check() error {
	if err := checkSaved(s.Outgoing, true, func(m *SavedMessage) bool {
		return m.Awaits == 0 || m.QoS == 1 && m.Awaits == packet.PUBACK || m.QoS == 2 && (m.Awaits == packet.PUBREC || m.Awaits == packet.PUBCOMP)
	}); err != nil {
		return err
	}
	return checkSaved(s.Incoming, false, func(m *SavedMessage) bool { return m.Awaits == 0 || m.QoS == 2 && m.Awaits == packet.PUBREL })
}

// checkSaved checks one list. An incoming message that only waits for its delivery may share its identifier, which the
// server uses again.
func checkSaved(list []SavedMessage, ours bool, possible func(*SavedMessage) bool) error {
	seen := make(map[uint16]bool, len(list))
	for i := range list {
		m := &list[i]
		problem := ""
		if err := packet.CheckTopicName(m.Topic); err != nil {
			problem = "has the topic " + Quote(m.Topic) + ", which " + err.Error()
		}
		if m.QoS < 1 || m.QoS > 2 || !possible(m) {
			problem = fmt.Sprintf("of QoS %d cannot wait for %v", m.QoS, m.Awaits)
		}
		holds := ours || m.Awaits != 0
		if m.ID == 0 || holds && seen[m.ID] {
			problem = "has no packet identifier of its own"
		}
		if problem != "" {
			return errors.New(errors.ErrMalformedMessage, fmt.Sprintf("Session: message %d %s.", m.ID, problem))
		}
		seen[m.ID] = seen[m.ID] || holds
	}
	return nil
}

func (c *Client) restored(s *SavedMessage) *Message {
	m := c.store.message()
	m.Topic, m.Payload, m.Properties = s.Topic, s.Payload, s.Properties
	m.ID, m.QoS, m.Retain, m.Dup, m.State = s.ID, s.QoS, s.Retain, s.Dup, s.state()
	return m
}

func (c *Client) restoreOutgoing(s *SavedMessage) {
	m := c.restored(s)
	c.ids.put(m.ID, m)
	if m.State == outgoingPending {
		c.waiting.push(m)
		return
	}
	m.written = true
	c.outgoing.add(m)
}

// restoreIncoming takes over a QoS 2 message that was answered with PUBREC.
func (c *Client) restoreIncoming(s *SavedMessage, deliver bool) {
	m := c.restored(s)
	c.incoming.add(m)
	if deliver {
		m.State = PubcompSending
		c.events.pushMessage(EventDeliver, m)
		return
	}
	c.inbound.put(m.ID, m)
}

// noteReleased remembers a PUBREL for a message that is not known, as long as RestoreSession may make it known: PUBREL
// comes right behind CONNACK, before OnConnected runs.
func (c *Client) noteReleased(id uint16) {
	if !c.connAck.SessionPresent || c.published {
		return
	}
	if c.released == nil {
		c.released = make(map[uint16]struct{})
	}
	c.released[id] = struct{}{}
}
