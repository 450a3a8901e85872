package mqtt

import (
	stderrors "errors"
	"fmt"
	"slices"
	"sync"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/journal"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// journaling is the journal of a component with the setting JournalDir. Its file is open, and locked, only while
// somebody uses it: a connection or an attempt, a publish without a connection, a pump that delivers messages which
// came through it. So an idle component leaves nothing open, and another one may go on with its messages.
//
// The rule that makes it safe: the writer commits what the outgoing buffer follows from before it writes that
// (link.write), and a publish returns when its message is committed.
type journaling struct {
	dir, clientID string

	opening sync.Mutex // held while the file is opened or closed; before MQTT.mu

	// MQTT.mu guards the rest.
	file     *journal.Journal // nil until it was opened. Users, and who holds opening, read it without the lock
	users    int
	accepted []acceptance // messages that wait for their commit, in order
	trouble  trouble
}

// acceptance is a message that is sent when its note is on disk.
type acceptance struct {
	msg  *protocol.Message
	mark journal.Mark
}

// useJournalReleasing opens the journal of clientID, takes over what it holds, and keeps it open until leave; without
// JournalDir it returns nil.
func (m *MQTT) useJournalReleasing(clientID string) (s *journaling, err error) {
	dir := m.settings.journalDir
	if dir == "" {
		return nil, nil
	}
	if m.journal == nil {
		m.journal = &journaling{dir: dir, clientID: clientID}
	}
	s = m.journal
	if s.users == 0 {
		m.mu.Unlock()
		s.opening.Lock()
		defer s.opening.Unlock()
		m.mu.Lock()
	}
	if m.journal != s { // Reset, or another JournalDir
		return nil, errors.New(errors.ErrInterrupted, "The journal was given up while it was being opened.")
	}
	if s.clientID != clientID {
		if s.users > 0 || m.unfinishedLocked() > 0 {
			return nil, errors.New(errors.ErrWrongState, fmt.Sprintf("JournalDir: %d unfinished messages belong to "+
				"ClientId %s, and ClientId is %s; connect as the former, or Reset drops them.",
				m.unfinishedLocked(), protocol.Quote(s.clientID), protocol.Quote(clientID)))
		}
		if s.file != nil {
			_ = s.file.Close() // which is suspended, so that nothing is written
		}
		s.file, s.clientID = nil, clientID
	}
	if s.users == 0 {
		if err := m.openJournalReleasing(s); err != nil {
			return nil, err
		}
	}
	s.users++
	return s, nil
}

// openJournalReleasing opens the file for the first user. s.opening is held as well, and throughout.
func (m *MQTT) openJournalReleasing(s *journaling) error {
	client, file := m.client, s.file
	var opened *journal.Journal
	var found *journal.Recovered
	var err error
	m.released(func() {
		if file != nil {
			if err = file.Resume(); !stderrors.Is(err, journal.ErrChanged) {
				return
			}
		}
		opened, found, err = journal.Open(s.dir, s.clientID)
	})
	if err != nil || opened == nil {
		return journalError(err)
	}
	if m.client != client {
		err = errors.New(errors.ErrInterrupted, "Reset was called while the journal was being opened.")
	} else {
		if file != nil { // somebody else has gone on with our messages
			client.Forget()
			s.file = nil
		}
		err = m.recoverLocked(found)
	}
	if err == nil {
		s.file = opened
		client.SetJournal(opened)
	}
	m.released(func() {
		if file != nil {
			_ = file.Close() // which was suspended, so that nothing is written
		}
		if err != nil {
			_ = opened.Close()
		} else if err = journalError(opened.Commit(opened.Noted())); err != nil { // what the component had before
			_ = opened.Suspend() // there is no user who would
		}
	})
	return err
}

// recoverLocked takes over what the journal holds.
func (m *MQTT) recoverLocked(found *journal.Recovered) error {
	for _, damage := range found.Damage {
		m.client.PushError(errors.New(errors.ErrMalformedMessage, "JournalDir: "+damage))
	}
	if n := len(found.Session.Outgoing) + len(found.Session.Incoming); n > 0 {
		if err := m.client.RestoreSession(found.Session); err != nil {
			return err
		}
		m.logLocked(logInformation, logSession, fmt.Sprintf("The journal holds %s.", describeSession(found.Session)))
	}
	m.eventsQueuedLocked()
	return nil
}

// leave ends the use of the journal: what is noted is brought to the disk, and the last user closes the file. The lock
// is not held.
func (m *MQTT) leave(s *journaling) error {
	if s == nil {
		return nil
	}
	m.mu.Lock()
	if s.users > 1 {
		s.users--
		m.mu.Unlock()
		return nil
	}
	m.mu.Unlock()
	s.opening.Lock()
	defer s.opening.Unlock()
	m.mu.Lock()
	s.users--
	last := s.users == 0 // somebody else may have come
	m.mu.Unlock()
	if !last {
		return nil
	}
	return journalError(s.file.Suspend())
}

// removeJournalReleasing deletes the journal of ClientId.
func (m *MQTT) removeJournalReleasing() error {
	s := m.journal
	if s == nil {
		if s = (&journaling{dir: m.settings.journalDir, clientID: m.properties.clientID}); s.dir == "" ||
			s.clientID == "" {
			return nil
		}
	}
	m.journal = nil
	m.client.SetJournal(nil)
	var err error
	m.released(func() {
		s.opening.Lock()
		defer s.opening.Unlock()
		if s.file != nil {
			_ = s.file.Close() // what is in it goes
		}
		err = journalError(journal.Remove(s.dir, s.clientID))
	})
	return err
}

// errJournalWithoutClientID refuses what needs a journal and has no name for it.
func errJournalWithoutClientID() error {
	return errors.New(errors.ErrProtocol, "ClientId is empty, and with JournalDir messages are kept under it.")
}

// unfinishedLocked counts the messages that a journal has or would have.
func (m *MQTT) unfinishedLocked() int {
	s := m.client.Session()
	return len(s.Outgoing) + len(s.Incoming)
}

func journalError(err error) error {
	if err == nil {
		return nil
	}
	return errors.Wrap(errors.ErrFileNotOpened, "JournalDir: "+err.Error()+".", err)
}

// publishJournaledReleasing accepts a message of QoS 1 or 2, brings it to the disk and sends it. Others do the same
// meanwhile and share the wait.
func (m *MQTT) publishJournaledReleasing(p *protocol.Publish) (*protocol.Message, error) {
	clientID := m.properties.clientID
	if s := m.journal; s != nil && s.users > 0 {
		clientID = s.clientID // BeforeConnect may have chosen another
	} else if err := m.client.MayPublish(p); err != nil { // before a file is made for it
		return nil, err
	}
	if clientID == "" {
		return nil, errJournalWithoutClientID()
	}
	s, err := m.useJournalReleasing(clientID)
	if err != nil {
		return nil, err
	}
	client := m.client
	msg, err := client.Accept(p)
	if err == nil {
		mark := s.file.Noted()
		s.accepted = append(s.accepted, acceptance{msg, mark})
		m.released(func() { err = journalError(s.file.Commit(mark)) })
		if m.client != client {
			err = errors.New(errors.ErrInterrupted, "The message was dropped by Reset.")
		} else {
			if err == nil {
				m.journalOutcomeLocked(s, nil)
			}
			s.sendLocked(client)
			err = s.withdrawLocked(client, msg, err)
		}
	}
	m.released(func() { _ = m.leave(s) }) // what is left to be noted was promised to nobody
	return msg, err
}

// sendLocked sends the messages that are on disk, in the order in which they were accepted.
func (s *journaling) sendLocked(client *protocol.Client) {
	committed, n := s.file.Committed(), 0
	for n < len(s.accepted) && s.accepted[n].mark <= committed {
		client.Send(s.accepted[n].msg)
		n++
	}
	s.accepted = slices.Delete(s.accepted, 0, n)
}

// withdrawLocked takes back a message whose commit has failed, unless somebody else's attempt has brought it to the
// disk meanwhile. It returns the error for its caller.
func (s *journaling) withdrawLocked(client *protocol.Client, msg *protocol.Message, failure error) error {
	i := slices.IndexFunc(s.accepted, func(a acceptance) bool { return a.msg == msg })
	if failure == nil || i < 0 {
		return nil
	}
	s.accepted = slices.Delete(s.accepted, i, i+1)
	client.Withdraw(msg)
	return failure
}

// neededLocked returns the journal if it has notes that have to be on disk before the outgoing buffer may be written,
// and up to where.
func (s *journaling) neededLocked() (file *journal.Journal, upTo journal.Mark) {
	if s == nil || s.file == nil {
		return nil, 0
	}
	if upTo = s.file.Needed(); upTo <= s.file.Committed() {
		return nil, 0
	}
	return s.file, upTo
}

// mustCommitLocked reports whether the outgoing buffer has to wait for the disk.
func (m *MQTT) mustCommitLocked() bool {
	file, _ := m.journal.neededLocked()
	return file != nil
}

// unwrittenLocked returns the journal if it has notes that are not written yet, nil if not.
func (s *journaling) unwrittenLocked() *journal.Journal {
	if s == nil || s.file == nil || !s.file.Unwritten() {
		return nil
	}
	return s.file
}

// checkJournalDirLocked refuses to change JournalDir while messages are in the journal: they would stay there and be
// sent from memory as well.
func (m *MQTT) checkJournalDirLocked() error {
	if err := m.refuseUnlessIdleLocked(errors.ErrWrongState, "JournalDir"); err != nil {
		return err
	}
	s := m.journal
	if s == nil {
		return nil
	}
	if n := m.unfinishedLocked(); n > 0 || s.users > 0 {
		return errors.New(errors.ErrWrongState, fmt.Sprintf("JournalDir cannot be changed while the journal has %d "+
			"unfinished messages; connect until they are acknowledged, or Reset drops them.", n))
	}
	return nil
}

// journalDirChangedLocked is called after JournalDir was assigned.
func (m *MQTT) journalDirChangedLocked() {
	if s := m.journal; s != nil && s.dir != m.settings.journalDir {
		if s.file != nil {
			_ = s.file.Close() // suspended, with nothing left to write
		}
		m.client.SetJournal(nil)
		m.journal = nil
	}
}
