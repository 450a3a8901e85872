package journal

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Journal is an open journal. Its methods can be called from any goroutine.
type Journal struct {
	lock fileLock

	mu        sync.Mutex
	changed   sync.Cond // on mu; committed, leading, failures
	notes     notes
	lastKey   uint64
	noted     Mark
	needed    Mark
	committed Mark
	leading   bool  // somebody uses what is below
	syncing   bool  // somebody syncs the file; it is written to all the same, and nothing else is done with it
	torn      error // why a write failed meanwhile
	failures  int   // rounds that failed
	failure   error // why the last of them did
	closed    bool
	suspended fs.FileInfo // what the file looked like when it was suspended; nil = it is open

	// Whoever has set leading uses these without mu.
	store store
	taken []note // written, not synced
	reach Mark   // up to where taken goes
}

// Mark is a point in the order of the notes. A later one is greater.
type Mark uint64

var errClosed = errors.New("the journal is closed")

// Add takes note of a message and returns the name that the other notes give for it. The names count up from 1. m is
// not kept, but what it refers to is.
func (j *Journal) Add(m *protocol.SavedMessage, incoming bool) (key uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lastKey++
	j.noted++
	if incoming {
		j.needed = j.noted
	}
	if !j.closed {
		j.notes.add(j.lastKey, m, incoming)
	}
	return j.lastKey
}

// Step takes note of what the exchange waits for now; see protocol.SavedMessage.Awaits. A message that is not known, or
// finished, has no steps.
func (j *Journal) Step(key uint64, awaits packet.Type) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.notes.step(key, awaits) {
		j.noted++
		j.needed = j.noted
	}
}

// Finish takes note that the exchange is over, or that the message was given up.
func (j *Journal) Finish(key uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	incoming, known := j.notes.finish(key)
	if !known {
		return
	}
	j.noted++
	if incoming {
		j.needed = j.noted
	}
}

// Noted returns the newest note.
func (j *Journal) Noted() Mark {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.noted
}

// Needed returns the newest note that must be on disk before the network sees anything that follows from it. An
// outgoing Add is none, since its caller commits it, nor is the Finish of an outgoing message: if that is lost, the
// exchange repeats its last packets.
func (j *Journal) Needed() Mark {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.needed
}

// Committed returns the newest note that is on disk for sure, with all before it.
func (j *Journal) Committed() Mark {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.committed
}

// Close commits what is noted, closes the file and gives the journal free. Later calls are harmless; there is nothing
// that they could commit. The error is that of Commit; the journal is closed all the same.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.suspendReleasing()
	if j.closed {
		return nil
	}
	j.closed, j.notes, j.taken = true, notes{}, nil
	j.failures, j.failure = j.failures+1, errClosed
	j.changed.Broadcast()
	return err
}
