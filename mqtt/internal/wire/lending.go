package wire

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
	// busyRead is the size of a read from which on two goroutines had better read and deliver, see busyLocked.
	busyRead = 2 << 10
)

// lending is the state of the borrowing of a Wire. The owner's lock guards it.
type lending struct {
	back      bool          // the reader has stepped back: its goroutine has ended
	borrowed  bool          // a goroutine reads in its place
	fetched   bool          // that goroutine is being fetched out of its read
	until     protocol.Time // end of the borrower's wait
	forEvents bool          // that goroutine waits for events only
	idleFrom  protocol.Time // when the last borrower was done
}

// stepBackLocked leaves reading to those who wait and were told something, and reports whether there are any.
func (w *Wire) stepBackLocked() bool {
	if w.direct == nil || !w.owner.WaitingLocked() || w.client.Phase() != protocol.Connected {
		return false
	}
	w.lending.back, w.lending.idleFrom = true, w.owner.Now()
	w.ScheduleLocked()
	return true
}

// busyLocked reports whether reading, after a read of n bytes, and delivering had better be done by two goroutines:
// while much arrives and there is something to acknowledge, on which more that the other side sends depends. Messages
// of QoS 0 alone take less processor time when one goroutine reads and delivers them, since they stay in its cache.
func (w *Wire) busyLocked(n int) bool {
	return n >= busyRead && (w.client.Outgoing().Len() > 0 || w.client.Incoming().Len() > 0)
}

// takeBackLocked makes the reader read again.
func (w *Wire) takeBackLocked() {
	if w.lending.back && !w.lending.borrowed {
		w.lending.back = false
		// Ended by: the end of the connection, or stepBackLocked. Waited for by: whoever waits for Ended.
		go w.Read()
	}
}

// FetchBorrowerLocked makes a borrower look at what has changed.
func (w *Wire) FetchBorrowerLocked() {
	if w.lending.borrowed && !w.lending.fetched {
		w.lending.fetched = true
		_ = w.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// BorrowedLocked reports whether a goroutine reads in the reader's place, and goes on with it.
func (w *Wire) BorrowedLocked() bool { return w.lending.borrowed && !w.lending.fetched }

// MayBorrowLocked reports whether the calling goroutine may read in the reader's place.
func (w *Wire) MayBorrowLocked() bool {
	return w.lending.back && !w.lending.borrowed && w.mayReadLocked()
}

// mayReadLocked reports whether the connection stands and reading need not pause.
func (w *Wire) mayReadLocked() bool {
	return w.client.Phase() == protocol.Connected && w.owner.MustPauseLocked() == protocol.Reading
}

// BorrowReleasing reads once in the reader's place, until something arrives, until is over, or FetchBorrowerLocked is
// called. With forEvents the caller waits for events and nothing else.
func (w *Wire) BorrowReleasing(until protocol.Time, forEvents bool) {
	b := &w.lending
	b.borrowed, b.until, b.forEvents = true, until, forEvents
	w.ScheduleLocked()
	var n int
	var more bool
	var err error
	w.released(func() { n, more, err = w.direct.Read(w.buffer.space()) })
	now := w.owner.Now()
	b.borrowed, b.idleFrom = false, now
	if b.fetched {
		b.fetched = false
		_ = w.conn.SetReadDeadline(w.readBy)
		if stderrors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
	}
	w.arrivedLocked(now, n, err)
	if w.busyLocked(n) || !more || err != nil || !w.mayReadLocked() {
		w.takeBackLocked()
	}
	w.ScheduleLocked()
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
func (w *Wire) tickLendingLocked(now protocol.Time) {
	if now < w.lending.deadlineLocked() {
		return
	}
	if w.lending.borrowed {
		w.FetchBorrowerLocked()
		w.lending.until = protocol.Never // it has been told
		return
	}
	w.takeBackLocked()
}
