package mqtt

import (
	stderrors "errors"
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/journal"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// The pump is a user of the journal from the first message that came through it to the end of the batch, or to the
// Disconnected event, whether the connection still stands or not. So what each delivery changes is written before the
// next handler begins, and a crash repeats no message but the one whose handler was running.

// mayDeliverReleasing makes the pump a user of the journal if msg came through it, and reports whether msg is this
// component's to deliver: another process may have gone on with it since the connection ended.
func (m *MQTT) mayDeliverReleasing(msg *protocol.Message) bool {
	s := m.journal
	if msg.Journaled() && s != nil && m.pump.journal == nil && m.now() >= s.trouble.retryAt {
		used, err := m.useJournalReleasing(s.clientID)
		switch {
		case err == nil:
			m.pump.journal = used
		case stderrors.Is(err, journal.ErrInUse):
			m.forgetJournalLocked(s)
		case errors.Code(err) != errors.ErrInterrupted: // by Reset, which drops the message
			m.journalOutcomeLocked(s, err)
		}
	}
	return !msg.Foreign()
}

// forgetJournalLocked gives up the messages of a suspended journal that somebody else has open. The next use reads the
// file anew.
func (m *MQTT) forgetJournalLocked(s *journaling) {
	if s.users > 0 || s.file == nil {
		return
	}
	m.client.Forget()
	_ = s.file.Close() // which is suspended, so that nothing is written
	s.file = nil
}

// settled ends the delivery of a message whose acknowledgment waits for its handler to return. That is written at once,
// so that the end of the process between two handlers does not deliver a message twice.
func (m *MQTT) settled(msg *protocol.Message) {
	if file := m.settle(msg); file != nil {
		_ = file.Flush() // the commit ahead of its PUBCOMP, or leaveJournal, tells the error
	}
}

// settle returns the journal if there is something to be written.
func (m *MQTT) settle(msg *protocol.Message) *journal.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client.Settle(msg)
	if m.client.OutputSize() > 0 {
		m.wakeWriterLocked()
	}
	return m.journal.unwrittenLocked()
}

// leaveJournal ends the pump's use of the journal. Whoever has taken the pump calls it, without the lock.
func (m *MQTT) leaveJournal() {
	s := m.pump.journal
	if s == nil {
		return
	}
	m.pump.journal = nil
	err := m.leave(s)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.journalOutcomeLocked(s, err)
}

// trouble is what is known of a journal that cannot be written. MQTT.mu guards it.
type trouble struct {
	told    bool          // an Error event has told it
	delay   time.Duration // before the next attempt
	retryAt protocol.Time
}

// The pump tries to note what it has delivered after each of these delays, twice as long each time.
const (
	firstJournalRetry = time.Second
	lastJournalRetry  = time.Minute
)

// journalOutcomeLocked takes note that the journal could be used, or why it could not. A lasting fault is told once,
// and so is its end.
func (m *MQTT) journalOutcomeLocked(s *journaling, err error) {
	t := &s.trouble
	switch {
	case err != nil:
		t.delay = min(max(2*t.delay, firstJournalRetry), lastJournalRetry)
		t.retryAt = m.now() + t.delay
		m.logLocked(logVerbose, logSession, fmt.Sprintf("%v Delivered messages are noted with the next attempt, in %v.",
			err, t.delay))
		if m.member != nil {
			m.member.notifyLocked() // which notes when the pump tries again
		}
		if !t.told {
			t.told = true
			m.client.PushError(errors.FromOS(err))
		}
	case t.told:
		*t = trouble{}
		m.client.PushError(errors.New(errors.ErrFileNotOpened, "JournalDir: the trouble is over; the journal can be "+
			"written again."))
	default:
		return
	}
	m.eventsQueuedLocked()
}

// journalRetryLocked is when the pump tries again to note what it has delivered; Never if nothing waits for that, or
// while somebody pumps, who tries it afterwards.
func (m *MQTT) journalRetryLocked() protocol.Time {
	s := m.journal
	if m.pump.taken || s == nil || !s.trouble.told || s.users > 0 || s.unwrittenLocked() == nil {
		return protocol.Never
	}
	return s.trouble.retryAt
}

// retryJournalReleasing notes what was delivered and could not be noted then, if it is time to try that again.
func (m *MQTT) retryJournalReleasing() {
	if m.now() < m.journalRetryLocked() {
		return
	}
	s := m.journal
	s.trouble.retryAt = protocol.Never // one attempt at a time
	used, err := m.useJournalReleasing(s.clientID)
	if err == nil {
		m.released(func() { err = m.leave(used) })
	}
	if stderrors.Is(err, journal.ErrInUse) {
		m.forgetJournalLocked(s)
		err = nil
	}
	m.journalOutcomeLocked(s, err)
}
