package mqtt

import (
	stderrors "errors"
	"os"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// A goroutine that waits for the server can read from the connection itself. That spares a single message the switch from
// the reader to the goroutine that waits for its answer, which costs more than all the rest of the component's work on
// it. The reader steps back when what it has read woke somebody, and comes back when nobody has read for grace, when much
// arrives, or when the connection ends. The connection has one reader at any time.
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

// stepBack leaves reading to those who wait and were told something, and reports whether there are any. The lock is held.
func (l *link) stepBack() bool {
	m := l.m
	if l.direct == nil || m.arrived.waiters == 0 || m.client.Phase() != protocol.Connected {
		return false
	}
	l.lending.back, l.lending.idleFrom = true, m.now()
	l.schedule()
	return true
}

// takeBack makes the reader read again. The lock is held.
func (l *link) takeBack() {
	if l.lending.back && !l.lending.borrowed {
		l.lending.back = false
		go l.read() // like begin
	}
}

// fetchBorrower makes a borrower look at what has changed. The lock is held.
func (m *MQTT) fetchBorrower() {
	if l := m.link; l != nil && l.lending.borrowed && !l.lending.fetched {
		l.lending.fetched = true
		_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// mayBorrow reports whether the calling goroutine may read in the reader's place. The lock is held.
func (m *MQTT) mayBorrow() bool {
	l := m.link
	return l != nil && l.lending.back && !l.lending.borrowed && m.client.Phase() == protocol.Connected && m.mustPause() == protocol.Reading
}

// borrow reads once in the reader's place, until something arrives, until is over, or fetchBorrower is called. The lock
// is held, and released meanwhile.
func (m *MQTT) borrow(until protocol.Time) {
	l := m.link
	b := &l.lending
	b.borrowed, b.until = true, until
	l.schedule()
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
	l.arrivedBytes(now, n, err)
	if n >= busyRead || !more || err != nil || m.client.Phase() != protocol.Connected || m.mustPause() != protocol.Reading {
		l.takeBack()
	}
	l.schedule()
}

// deadline is when the timer has to look at the lending. The lock is held.
func (b *lending) deadline() protocol.Time {
	switch {
	case b.borrowed:
		return b.until
	case b.back:
		return b.idleFrom + grace
	}
	return protocol.Never
}

// tickLending does what is due at now. The lock is held.
func (l *link) tickLending(now protocol.Time) {
	if now < l.lending.deadline() {
		return
	}
	if l.lending.borrowed {
		l.m.fetchBorrower()
		l.lending.until = protocol.Never // it has been told
		return
	}
	l.takeBack()
}
