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
	leading   bool  // a goroutine is the leader: it uses the fields below
	syncing   bool  // a goroutine syncs the file; others may append to it meanwhile, and do nothing else with it
	torn      error // why a write failed while the file was synced
	failures  int   // rounds that failed
	failure   error // why the last of those failed
	closed    bool
	suspended fs.FileInfo // what the file looked like when it was suspended; nil = it is open

	// The leader uses these without mu.
	store store
	taken []note // written, not synced
	reach Mark   // up to where taken goes
}

// Mark is a point in the order of the notes. A later one is greater.
type Mark uint64

var errClosed = errors.New("the journal is closed")

// Add notes a message and returns its key, by which the other notes refer to it. Keys count up from 1. The journal
// keeps what m refers to, but not m.
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

// Step notes the packet that the exchange waits for now; see protocol.SavedMessage.Awaits. It does nothing for a
// message that is not known or that is finished.
func (j *Journal) Step(key uint64, awaits packet.Type) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.notes.step(key, awaits) {
		j.noted++
		j.needed = j.noted
	}
}

// Finish notes that the exchange is over, or that the message was given up.
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

// Needed returns the newest note that must be on disk before a packet that follows from it is written to the network.
// An outgoing Add is not among them, since its caller commits it. The Finish of an outgoing message is not either: if
// it is lost, the exchange repeats its last packets.
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

// Close commits the notes, closes the file and unlocks the journal. Later calls do nothing. The error is that of
// Commit; the journal is closed all the same.
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
