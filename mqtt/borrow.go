package mqtt

import (
	stderrors "errors"
	"os"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// A goroutine that waits for the server can read from the connection itself. That spares a single message the switch
// from the reader to the goroutine that waits for its answer, which costs more than all the rest of the component's
// work on it. The reader steps back when what it has read woke somebody, and comes back when nobody has read for grace,
// when much arrives, or when the connection ends. The connection has one reader at any time.
//
// The end of the wait needs a read that can be taken back without loss: transport.Direct has it.

const (
	// grace is how long nobody reads after a borrower is done.
	grace = time.Millisecond
	// busyRead is the size of a read from which on reading and delivering had better be done by two goroutines.
	busyRead = 2 << 10
)

// lending is the state of the borrowing of one link. MQTT.mu guards it.
type lending struct {
	back      bool          // the reader has stepped back: its goroutine has ended
	borrowed  bool          // a goroutine reads in its place
	fetched   bool          // that goroutine is being fetched out of its read
	until     protocol.Time // end of the borrower's wait
	forEvents bool          // that goroutine waits for events only
	idleFrom  protocol.Time // when the last borrower was done
}

// stepBackLocked leaves reading to those who wait and were told something, and reports whether there are any.
func (l *link) stepBackLocked() bool {
	m := l.m
	if l.direct == nil || m.arrived.waiters == 0 || m.client.Phase() != protocol.Connected {
		return false
	}
	l.lending.back, l.lending.idleFrom = true, m.now()
	l.scheduleLocked()
	return true
}

// takeBackLocked makes the reader read again.
func (l *link) takeBackLocked() {
	if l.lending.back && !l.lending.borrowed {
		l.lending.back = false
		go l.read() // like begin
	}
}

// fetchBorrowerLocked makes a borrower look at what has changed.
func (m *MQTT) fetchBorrowerLocked() {
	if l := m.link; l != nil && l.lending.borrowed && !l.lending.fetched {
		l.lending.fetched = true
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// mayBorrowLocked reports whether the calling goroutine may read in the reader's place.
func (m *MQTT) mayBorrowLocked() bool {
	l := m.link
	return l != nil && l.lending.back && !l.lending.borrowed && m.client.Phase() == protocol.Connected &&
		m.mustPauseLocked() == protocol.Reading
}

// borrowReleasing reads once in the reader's place, until something arrives, until is over, or fetchBorrowerLocked is
// called.
func (m *MQTT) borrowReleasing(until protocol.Time) {
	l := m.link
	b := &l.lending
	b.borrowed, b.until = true, until
	l.scheduleLocked()
	var n int
	var more bool
	var err error
	m.released(func() { n, more, err = l.direct.Read(l.buffer.space()) })
	now := m.now()
	b.borrowed, b.idleFrom = false, now
	if b.fetched {
		b.fetched = false
		_ = l.conn.SetReadDeadline(l.readBy)
		if stderrors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
	}
	l.arrivedBytesLocked(now, n, err)
	if n >= busyRead || !more || err != nil || m.client.Phase() != protocol.Connected ||
		m.mustPauseLocked() != protocol.Reading {
		l.takeBackLocked()
	}
	l.scheduleLocked()
}

// deadlineLocked is when the timer has to look at the lending.
func (b *lending) deadlineLocked() protocol.Time {
	switch {
	case b.borrowed:
		return b.until
	case b.back:
		return b.idleFrom + grace
	}
	return protocol.Never
}

// tickLendingLocked does what is due at now.
func (l *link) tickLendingLocked(now protocol.Time) {
	if now < l.lending.deadlineLocked() {
		return
	}
	if l.lending.borrowed {
		l.m.fetchBorrowerLocked()
		l.lending.until = protocol.Never // it has been told
		return
	}
	l.takeBackLocked()
}
