package wire

import (
	"slices"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// WakeWriterLocked starts the writer unless it is at work.
func (w *Wire) WakeWriterLocked() {
	if w.writerIdle {
		w.beginWritingLocked()
		w.startWriterLocked()
	}
}

// startWriterLocked starts the writer in the place of the calling goroutine, which is the one that writes.
func (w *Wire) startWriterLocked() {
	// Ended by: an empty outgoing buffer, the protocol's end, or a failed write. Waited for by: Read.
	go w.writer()
}

// beginWritingLocked makes the calling goroutine, or the writer that it starts, the one that writes.
func (w *Wire) beginWritingLocked() {
	w.writerIdle = false
	w.writing.Add(1)
}

// endWritingLocked leaves writing to the next one who has something to write.
func (w *Wire) endWritingLocked() {
	w.writerIdle = true
	w.writing.Done()
}

// WriterIdleLocked reports whether nobody writes.
func (w *Wire) WriterIdleLocked() bool { return w.writerIdle }

// HasWrittenLocked reports whether all that was taken from the outgoing buffer has left.
func (w *Wire) HasWrittenLocked() bool { return len(w.taken) == 0 }

// WriteErrLocked is why writing has failed; nil if it has not.
func (w *Wire) WriteErrLocked() error { return w.writeErr }

// SetPatienceLocked says how long the last packets of the connection may take to be written.
func (w *Wire) SetPatienceLocked(d time.Duration) { w.patience = d }

// SingleLocked reports whether the message that was just published had better be written by its publisher: nothing else
// is on its way, so its sender wants the answer, not throughput. The answer to a message of QoS 0 is whatever the
// server sends, so such a message counts if it is the first one after that. One that is held back has written nothing,
// which must not count as a sign of life.
func (w *Wire) SingleLocked(qos int) bool {
	if w.direct == nil || !w.writerIdle || w.client.OutputSize() == 0 {
		return false
	}
	if qos > 0 {
		return w.client.Outgoing().Len() == 1
	}
	heard := w.heard
	w.heard = false
	return heard
}

// WriteDirectReleasing lets the calling goroutine write the outgoing buffer instead of waking the writer, which saves a
// single message the time of a switch to another goroutine. It never waits: what the system does not take now is left
// to the writer. The writer is idle.
func (w *Wire) WriteDirectReleasing() {
	w.writeInPlaceReleasing(func() bool { return w.direct.TryWrite(w.taken) })
}

// MayWriteLargeLocked reports whether the next message can be written out of its caller's memory: there is nothing
// between the socket and MQTT, nothing is before it, and nobody follows its bytes.
func (w *Wire) MayWriteLargeLocked() bool {
	return w.direct.Plain() && w.writerIdle && w.tracer == nil && w.client.OutputSize() == 0
}

// WriteLargeReleasing writes the outgoing buffer, which refers to memory of the caller, for no longer than patience.
// What is left then is copied, and the writer goes on.
func (w *Wire) WriteLargeReleasing(patience time.Duration) {
	w.writeInPlaceReleasing(func() bool {
		if w.direct.WriteFor(w.taken, patience, w.progressed) {
			return true
		}
		for i, rest := range w.taken {
			w.taken[i] = slices.Clone(rest)
		}
		return false
	})
}

// writeInPlaceReleasing takes the outgoing buffer and lets write, which is called without the lock, write it in the
// idle writer's place. What it leaves, in memory that nobody changes any more, is the writer's.
func (w *Wire) writeInPlaceReleasing(write func() bool) {
	w.beginWritingLocked()
	w.takeLocked()
	var complete bool
	w.released(func() { complete = write() })
	if w.ending { // the limit may have been set while write had one of its own
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.patience))
	}
	if complete {
		w.wroteLocked()
	}
	if !complete || w.client.OutputSize() > 0 || w.client.Phase() == protocol.Ended {
		w.startWriterLocked()
		return
	}
	w.endWritingLocked()
}

// takeLocked moves the outgoing buffer to taken.
func (w *Wire) takeLocked() {
	w.taken = w.client.TakeOutput(w.taken[:0])
	w.ResumeLocked()
	if w.tracer != nil {
		w.tracer.SentLocked(w.taken)
	}
}

// wroteLocked takes note that all of taken has left.
func (w *Wire) wroteLocked() {
	clear(w.taken)
	w.taken = w.taken[:0]
	w.client.OutputWritten(w.owner.Now())
	w.owner.WrittenLocked()
	if w.lending.borrowed && w.lending.forEvents && !w.owner.WaitingLocked() && w.client.Phase() == protocol.Connected {
		if events, _ := w.client.Pending(); events == 0 {
			w.ScheduleLocked() // nobody waits for room or for the write
			return
		}
	}
	w.SettleLocked()
}

// write is the writer: it writes the outgoing buffer, all that is there at a time, and ends when nothing is left. When
// the protocol has ended and the buffer is empty it closes our side [MQTT5-3.14.4-2] [MQTT311-3.14.4-1]; nobody writes
// after it.
func (w *Wire) write() {
	w.mu.Lock()
	for w.writeErr == nil {
		if len(w.taken) == 0 {
			if w.client.OutputSize() == 0 {
				if w.client.Phase() == protocol.Ended {
					break
				}
				if flush := w.owner.FlushLocked(); flush != nil && !w.stuck {
					w.mu.Unlock()
					err := flush()
					w.mu.Lock()
					w.stuck = err != nil
					continue
				}
				w.endWritingLocked()
				w.mu.Unlock()
				return
			}
			w.takeLocked()
			w.stuck = false
		}
		commit := w.owner.CommitLocked()
		w.mu.Unlock()
		var err error
		if commit != nil { // the notes that the packets follow from are synced before the server sees them
			err = commit()
		}
		committed := err == nil
		if committed {
			err = w.conn.WriteSegments(w.taken, w.progressed)
		}
		w.mu.Lock()
		if err != nil {
			w.writeErr = err
			if !committed { // nothing is acknowledged that is not on disk [MQTT311-4.8.0-2]
				w.client.Fail(errors.FromOS(err))
				w.SettleLocked()
			}
			break
		}
		w.wroteLocked()
	}
	ended, failed := w.client.Phase() == protocol.Ended, w.writeErr != nil
	// A DISCONNECT of ours, graceful or not, is worth waiting for the server to read it.
	cause := w.client.End().Err
	parting := cause == nil || cause.Code == errors.ErrProtocol
	switch {
	case ended && (failed || !parting):
		_ = w.conn.Close()
	case failed:
		// The reason is more likely to be found by the reader: a DISCONNECT, or how the server closed.
		w.limitReadingLocked(lastWords)
	default:
		w.mu.Unlock()
		err := w.conn.CloseWrite() // which writes, over TLS and WebSocket
		w.mu.Lock()
		if err != nil {
			_ = w.conn.Close()
		}
		// A server that has broken the protocol is told so and left. What it has sent already is read once more, since
		// the system would answer it with a reset, which may cost the server our DISCONNECT.
		d := Farewell / 4
		if cause != nil {
			d = unread
		}
		w.limitReadingLocked(d)
	}
	w.mu.Unlock()
	w.writing.Done()
}

// progress is told of each piece of a large payload that has left, which shows that the link lives.
func (w *Wire) progress() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.client.Progress(w.owner.Now())
}
