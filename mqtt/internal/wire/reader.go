package wire

import (
	stderrors "errors"
	"io"
	"os"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Read is the reader: it reads until the connection ends, then closes it, or until others read in its place.
func (w *Wire) Read() {
	if w.receive() {
		return
	}
	w.writing.Wait()
	_ = w.conn.Close()
	w.owner.Ended()
}

// receive reads until the connection ends, or until others read in the reader's place: that is what lent reports.
func (w *Wire) receive() (lent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		w.pauseReleasing()
		var n int
		var err error
		w.released(func() { n, err = w.conn.Read(w.buffer.space()) })
		told := w.arrivedLocked(w.owner.Now(), n, err)
		switch {
		case err != nil:
			return false
		case told && !w.busyLocked(n) && w.stepBackLocked():
			return true
		}
	}
}

// arrivedLocked gives what a read has brought to the protocol, and reports whether those who wait were told: nothing
// has changed for them while a packet is not complete.
func (w *Wire) arrivedLocked(now protocol.Time, n int, err error) (told bool) {
	w.heard = w.heard || n > 0
	if n > 0 && w.client.Phase() != protocol.Ended {
		if w.tracer != nil {
			w.tracer.ReceivedLocked(w.buffer.added(n))
		}
		w.client.Heard(now)
		w.client.BytesArrived(n)
		consumed := 0
		if whole, owned := w.buffer.add(n); len(whole) > 0 {
			var next int
			consumed, next = w.client.Receive(now, whole, owned)
			w.buffer.consume(consumed, next)
		}
		if told = consumed > 0 || w.client.Phase() == protocol.Ended; told {
			w.SettleLocked()
		}
	}
	if err != nil {
		w.lostLocked(err)
	}
	return told
}

// lostLocked ends the protocol when reading fails. The first cause counts: a failed write before a read that only ran
// out of time or found the end.
func (w *Wire) lostLocked(err error) {
	if w.client.Phase() != protocol.Ended {
		if w.writeErr != nil && (stderrors.Is(err, io.EOF) || stderrors.Is(err, os.ErrDeadlineExceeded)) {
			err = w.writeErr
		}
		cause := errors.FromOS(err)
		if stderrors.Is(err, io.EOF) && w.client.Phase() == protocol.Connecting {
			hint := "It happened before the server answered CONNECT"
			if !w.heard { // else it has spoken this version of MQTT
				hint += ": it may not speak this protocol version"
				if !w.secure {
					hint += ", or expect TLS on this port"
				}
			}
			cause = errors.Wrap(errors.ErrConnectionClosedByPeer, hint+".", err)
		}
		w.client.Fail(cause)
		_ = w.conn.Close() // releases a writer that is stuck
	}
	w.SettleLocked()
}

// limitReadingLocked makes reading fail after d.
func (w *Wire) limitReadingLocked(d time.Duration) {
	w.readBy = time.Now().Add(d)
	_ = w.conn.SetReadDeadline(w.readBy)
}

// pauseReleasing stops reading while what has arrived cannot be taken further, so that TCP pushes back on the server.
func (w *Wire) pauseReleasing() {
	before := protocol.Reading
	for w.client.Phase() != protocol.Ended {
		why := w.owner.MustPauseLocked()
		if why != before {
			w.client.SetPaused(w.owner.Now(), why)
			w.ScheduleLocked()
			w.owner.PausedLocked(why)
		}
		if before = why; why == protocol.Reading {
			return
		}
		w.room.Wait() // the end of the connection is told there too
	}
}

// ResumeLocked makes a reader that pauses look whether it may go on.
func (w *Wire) ResumeLocked() { w.room.Broadcast() }
