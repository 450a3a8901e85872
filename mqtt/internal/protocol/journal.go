package protocol

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Journal takes note of every step of the session, so that a later process can go on with it after a crash. The owner
// of the Client sees to it that nothing reaches the network before the notes that it follows from are kept: a PUBREL,
// PUBREC, PUBACK or PUBCOMP before the Step, Add or Finish ahead of it. A lost Finish of an outgoing message only makes
// the exchange repeat its last packets.
type Journal interface {
	// Add begins the notes of a message and returns the name that the others give for it, never 0.
	Add(m *SavedMessage, incoming bool) (key uint64)
	// Step tells what the exchange waits for from now on; see SavedMessage.Awaits.
	Step(key uint64, awaits packet.Type)
	// Finish tells that the exchange is over.
	Finish(key uint64)
}

// SetJournal makes j take note of the session from here on, beginning with the messages that it does not know yet; nil
// = none.
func (c *Client) SetJournal(j Journal) {
	c.journal = j
	c.NoteRestored()
}

// NoteRestored tells the journal, if there is one, of the messages that it does not know yet, as after RestoreSession.
func (c *Client) NoteRestored() {
	j := c.journal
	if j == nil {
		return
	}
	add := func(m *Message, awaits packet.Type, incoming bool) {
		if m.key == 0 {
			saved := c.saved(m, awaits)
			m.key = j.Add(&saved, incoming)
		}
	}
	for m, awaits := range c.unfinishedOut() {
		add(m, awaits, false)
	}
	for m, awaits := range c.unfinishedIn() {
		add(m, awaits, true)
	}
}

// Forget drops the messages that the journal knows, since another process has gone on with them. Those that the pump
// has become foreign: they are not to be delivered. There is no connection.
func (c *Client) Forget() {
	c.journal, c.hasSession = nil, false
	gone := errors.New(errors.ErrNotConnected, "Another component or process has gone on with the message.")
	c.dropExchanges(gone, func(m *Message) bool { return m.key == 0 })
	for m := range c.incoming.All() {
		if m.key != 0 {
			m.key, m.foreign = 0, true
		}
	}
}

// Accept does what Publish does for a message of QoS 1 or 2, short of sending it: Send or Withdraw follows, when the
// owner knows whether the note of the Journal is kept. Messages are sent in the order in which they were accepted.
func (c *Client) Accept(p *Publish) (*Message, error) {
	m, err := c.accept(p)
	if err != nil {
		return nil, err
	}
	saved := c.saved(m, 0)
	if c.phase == Connected {
		// It may wait for the quota first, but a note about that would cost another write to the disk. After a crash
		// the PUBLISH is taken for a repetition then, which DUP does not rule out.
		saved.Awaits = m.awaitsFirst()
	}
	m.key = c.journal.Add(&saved, false)
	return m, nil
}

// Send sends a message that Accept took, or lets it wait for a connection or the quota.
func (c *Client) Send(m *Message) {
	if m.connection != c.connection {
		m.Alias = 0 // [MQTT5-3.3.2-7]
	}
	c.sendOrHold(m)
}

// Withdraw takes back a message that Accept took.
func (c *Client) Withdraw(m *Message) {
	c.ids.remove(m.ID)
	c.noteFinish(m)
	c.store.release(m)
}

// Journaled reports whether the journal knows m.
func (m *Message) Journaled() bool { return m.key != 0 }

// Foreign reports whether another process has gone on with m; see Forget.
func (m *Message) Foreign() bool { return m.foreign }

// noteStep tells the journal, if it knows m, what its exchange waits for now.
func (c *Client) noteStep(m *Message, awaits packet.Type) {
	if m.key != 0 && c.journal != nil {
		c.journal.Step(m.key, awaits)
	}
}

// noteFinish tells the journal, if it knows m, that its exchange is over.
func (c *Client) noteFinish(m *Message) {
	if m.key != 0 && c.journal != nil {
		c.journal.Finish(m.key)
		m.key = 0
	}
}
