package protocol

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// RestoreSession takes over a session that Session returned, of this process or an earlier one. It is possible until a
// connection has carried a QoS 1 or 2 message of ours or completed a QoS 2 message of the server's; on a connection
// that stands, what the session asks for is sent at once.
//
// Errors, after which nothing has changed: 211 too late, 504 a session that cannot be.
func (c *Client) RestoreSession(s *Session) error {
	if err := c.mayRestore(); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	for i := range s.Outgoing {
		if r := c.requests[s.Outgoing[i].ID]; r != nil {
			return errors.New(errors.ErrWrongState, fmt.Sprintf("RestoreSession: packet identifier %d is in use by a "+
				"%v of this connection; restore before subscribing.", r.ID, r.Type))
		}
	}
	// Also when an earlier connection was told so: what the server has now is another session.
	lost := s.ClientID == c.lostSessionOf || c.phase == Connected && !c.connAck.SessionPresent
	sent := sentUpTo(s.Outgoing)
	for i := range s.Outgoing {
		c.restoreOutgoing(&s.Outgoing[i], lost, i < sent)
	}
	freed := c.freed()
	for i := range s.Incoming {
		c.restoreIncoming(&s.Incoming[i], lost, freed)
	}
	if s.LastID != 0 {
		c.nextID = s.LastID
	}
	c.released, c.received = nil, nil
	switch {
	case c.phase != Connected: // CONNACK decides
		if !lost && s.ClientID != "" { // "": its process was never connected
			c.hasSession, c.sessionClientID = true, s.ClientID
		}
	case lost:
		c.deliverRestored()
		c.sendAnew()
	default:
		c.deliverRestored()
		c.resumeSession()
	}
	return nil
}

func (c *Client) mayRestore() error {
	switch {
	case c.phase == Connected && c.published:
		return errors.New(errors.ErrWrongState, "RestoreSession comes too late: this connection has sent QoS 1 or 2 "+
			"messages already.")
	case c.phase == Connected && c.completed:
		// It may have been one of the session's, whose identifier the server uses for another message now.
		return errors.New(errors.ErrWrongState, "RestoreSession comes too late: this connection has delivered QoS 2 "+
			"messages already.")
	case c.outgoing.Len()+c.waiting.len() > 0:
		return errors.New(errors.ErrWrongState, "RestoreSession would mix with the unfinished outgoing messages of "+
			"the session that the component has; Reset drops them.")
	}
	return nil
}

// states are the documented states of what awaits a packet.
var states = map[packet.Type]State{
	packet.PUBACK: PubackAwaited, packet.PUBREC: PubrecAwaited, packet.PUBCOMP: PubcompAwaited,
	packet.PUBREL: PubrelAwaited,
}

func (c *Client) restored(s *SavedMessage) *Message {
	m := c.store.message()
	m.Topic, m.Payload, m.Properties = s.Topic, s.Payload, s.Properties
	m.ID, m.QoS, m.Retain, m.Dup, m.key = s.ID, s.QoS, s.Retain, s.Dup, s.Key
	m.expires = c.ownTime(s.Expires)
	return m
}

// sentUpTo returns how many messages, from the first, count as sent: all that stand ahead of one that may have been, so
// that the order stays. In the notes of a Journal one that was queued without a connection can stand there as unsent.
func sentUpTo(outgoing []SavedMessage) int {
	n := len(outgoing)
	for n > 0 && outgoing[n-1].Awaits == 0 {
		n--
	}
	return n
}

func (c *Client) restoreOutgoing(s *SavedMessage, lost, sent bool) {
	m := c.restored(s)
	if c.ids.get(m.ID) != nil { // what was given up, of the same session: nothing else outgoing is left
		c.ids.remove(m.ID)
	}
	c.ids.put(m.ID, m)
	if !sent || lost && s.Awaits != packet.PUBCOMP {
		m.State, m.Dup = outgoingPending, m.Dup && s.Awaits == 0 // DUP as the program wants it, or as a new message
		c.waiting.push(m)
		return
	}
	awaits := s.Awaits
	if awaits == 0 {
		awaits = m.awaitsFirst()
	}
	m.State, m.written = states[awaits], true
	if _, received := c.received[m.ID]; received && m.State == PubrecAwaited {
		m.State = PubcompAwaited
	}
	c.outgoing.add(m)
	c.inFlight += m.size()
}

// freed returns the identifiers that QoS 2 messages had which wait for the pump, and do not hold them any more since
// the server has lost their session.
func (c *Client) freed() map[uint16]bool {
	ids := make(map[uint16]bool)
	for m := range c.incoming.All() {
		if m.QoS == 2 && c.inbound.get(m.ID) != m {
			ids[m.ID] = true
		}
	}
	return ids
}

// restoreIncoming takes over a message that waits for PUBREL, or for its delivery alone when no PUBREL will come.
func (c *Client) restoreIncoming(s *SavedMessage, lost bool, freed map[uint16]bool) {
	_, released := c.released[s.ID]
	deliver := lost || released || s.Awaits == 0
	if !deliver && c.inbound.get(s.ID) != nil || lost && s.Awaits != 0 && freed[s.ID] {
		// The server has repeated its PUBLISH to this process, so it is here already. Or the identifier is that of
		// another message, for which the server uses it after our PUBCOMP only.
		return
	}
	m := c.restored(s)
	c.incoming.add(m)
	switch {
	case !deliver:
		m.State = PubrelAwaited
		c.kept += m.size()
		c.inbound.put(m.ID, m)
		return
	case m.QoS == 1:
		m.State = PubackSending
	default:
		m.State = PubcompSending
	}
	c.undelivered = append(c.undelivered, m)
}

// deliverRestored hands restored messages to the pump: on a connection, since no program expects one without.
func (c *Client) deliverRestored() {
	for _, m := range c.undelivered {
		c.events.pushMessage(EventDeliver, m)
	}
	c.undelivered = nil
}

// noteEarly remembers the identifier of a PUBREL or PUBREC for a message that is not known, as long as RestoreSession
// may make it known: they can come right behind CONNACK, before OnConnected runs, and are answered.
func (c *Client) noteEarly(set *map[uint16]struct{}, id uint16) {
	if !c.connAck.SessionPresent || c.published {
		return
	}
	if *set == nil {
		*set = make(map[uint16]struct{})
	}
	(*set)[id] = struct{}{}
}
