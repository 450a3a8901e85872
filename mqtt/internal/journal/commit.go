package journal

import "fmt"

// Commit returns when all notes up to upTo are on disk. One of its callers writes and syncs for all: what was noted
// until then goes in one write, what is noted meanwhile in the next one.
//
// After an error the notes that are not on disk stay noted, and the next call tries to write them again; the file is cut
// back to what was committed. The error wraps that of the system.
func (j *Journal) Commit(upTo Mark) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	upTo = min(upTo, j.noted)
	failures := j.failures
	for j.committed < upTo {
		switch {
		case j.failures != failures: // while this call waited: no reason to try again for each that did
			return j.failure
		case j.closed:
			return errClosed
		case j.suspended != nil:
			return errSuspended
		case j.leading:
			j.changed.Wait()
		default:
			if err := j.lead(true); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush writes what is noted without waiting until it is on disk, so that it survives the end of the process, though
// not that of the system. While a commit is under way, that does it at its end. The error is that of Commit.
func (j *Journal) Flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.suspended != nil || len(j.notes.list) == 0 {
		return nil
	}
	if j.leading {
		j.flush = true
		return nil
	}
	return j.lead(false)
}

// lead writes what is noted, and syncs the file. It is called with mu, by one goroutine at a time, and gives mu up on
// the way.
func (j *Journal) lead(sync bool) error {
	j.leading = true
	before := len(j.taken)
	j.taken = j.notes.take(j.taken)
	j.reach = j.noted
	j.mu.Unlock()
	err := j.store.write(j.taken[before:])
	if err == nil && sync {
		err = j.store.sync(j.taken)
	}
	if err != nil {
		j.store.cutBack()
	}
	j.mu.Lock()
	switch {
	case err != nil:
		j.notes.putBack(j.taken)
		j.taken = nil
		err = fmt.Errorf("the journal could not be written: %w", err)
		j.failures, j.failure = j.failures+1, err
	case sync:
		j.committed = j.reach
		j.recycle()
		if j.store.outgrown() {
			j.changed.Broadcast() // the others need not wait for this
			j.mu.Unlock()
			_ = j.store.rewrite() // the old file goes on
			j.mu.Lock()
		}
	}
	if j.flush {
		j.flush = false
		if err == nil && len(j.notes.list) > 0 {
			_ = j.lead(false) // the notes stay until a commit tells why
		}
	}
	j.leading = false
	j.changed.Broadcast()
	return err
}

const manyNotes = 4 << 10 // that a list may keep memory for

// recycle empties the list of what was taken, for the next notes.
func (j *Journal) recycle() {
	if cap(j.taken) > manyNotes {
		j.taken = nil
		return
	}
	clear(j.taken)
	j.taken = j.taken[:0]
}
