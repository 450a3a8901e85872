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
		case j.leading || j.syncing:
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
// not that of the system. It does not wait for a sync that is under way either. The error is that of Commit.
func (j *Journal) Flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.notes.list) > 0 && !j.closed && j.suspended == nil && j.torn == nil {
		if !j.leading {
			return j.lead(false)
		}
		j.changed.Wait()
	}
	return j.torn
}

// lead writes what is noted, and syncs the file. It is called with mu, when nobody leads, and gives mu up on the way.
// While it syncs, Flush may write more.
func (j *Journal) lead(sync bool) error {
	j.leading = true
	before := len(j.taken)
	j.taken = j.notes.take(j.taken)
	j.reach = j.noted
	j.mu.Unlock()
	err := j.store.write(j.taken[before:])
	j.mu.Lock()
	switch {
	case err != nil && j.syncing:
		j.torn = err // whoever syncs gives the notes back
	case err != nil:
		j.giveBack(err)
	case sync:
		err = j.sync()
	}
	j.leading = false
	j.changed.Broadcast()
	if err != nil {
		return fmt.Errorf("the journal could not be written: %w", err)
	}
	return nil
}

// sync brings to the disk what was written. It is called by who leads, with mu, and gives both up on the way.
func (j *Journal) sync() error {
	n, reach, written := len(j.taken), j.reach, j.store.written
	needed := j.store.unsynced()
	j.leading, j.syncing = false, true
	j.changed.Broadcast()
	j.mu.Unlock()
	err := j.store.sync(needed)
	j.mu.Lock()
	for j.leading {
		j.changed.Wait()
	}
	j.leading, j.syncing = true, false
	torn := j.torn
	j.torn = nil
	switch {
	case err != nil:
		j.giveBack(err)
		return err
	case torn != nil:
		defer j.giveBack(torn)
	}
	j.store.synchronised(j.taken[:n], written)
	j.committed = reach
	j.recycle(n)
	if torn == nil && j.store.outgrown() && len(j.taken) == 0 {
		j.changed.Broadcast() // the others need not wait for this
		j.mu.Unlock()
		_ = j.store.rewrite() // the old file goes on
		j.mu.Lock()
	}
	return nil
}

// giveBack makes notes that could not be brought to the disk wait for the next attempt. It is called by who leads, with
// mu, while nobody syncs.
func (j *Journal) giveBack(failure error) {
	j.store.cutBack()
	j.notes.putBack(j.taken)
	j.taken = nil
	j.failures, j.failure = j.failures+1, fmt.Errorf("the journal could not be written: %w", failure)
}

const manyNotes = 4 << 10 // that a list may keep memory for

// recycle takes the first n notes out of the list of what was taken.
func (j *Journal) recycle(n int) {
	rest := copy(j.taken, j.taken[n:])
	if rest == 0 && cap(j.taken) > manyNotes {
		j.taken = nil
		return
	}
	clear(j.taken[rest:])
	j.taken = j.taken[:rest]
}
