package journal

import "fmt"

// Commit returns when all notes up to upTo are on disk. One of its callers writes and syncs for all: what was noted
// until then goes in one write, what is noted meanwhile in the next one.
//
// After an error the notes that are not on disk stay noted, and the next call tries to write them again; the file is
// cut back to what was committed. The error wraps that of the system.
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
			if err := j.leadReleasing(true); err != nil {
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
			return j.leadReleasing(false)
		}
		j.changed.Wait()
	}
	return j.torn
}

// leadReleasing writes what is noted, and syncs the file. It is called with mu, when nobody leads, and releases mu
// while the disk works. While it syncs, Flush may write more: what that brings is written and not synced when it
// returns.
func (j *Journal) leadReleasing(sync bool) error {
	j.leading = true
	before := len(j.taken)
	j.taken = j.notes.take(j.taken)
	j.reach = j.noted
	var err error
	j.released(func() { err = j.store.write(j.taken[before:]) })
	switch {
	case err != nil && j.syncing:
		j.torn = err // whoever syncs gives the notes back
	case err != nil:
		j.giveBackLocked(err)
	case sync:
		err = j.syncReleasing()
	}
	j.leading = false
	j.changed.Broadcast()
	if err != nil {
		return fmt.Errorf("the journal could not be written: %w", err)
	}
	return nil
}

// syncReleasing brings to the disk what was written. It is called by who leads, with mu, and gives both up on the way.
func (j *Journal) syncReleasing() error {
	n, reach, written := len(j.taken), j.reach, j.store.written
	needed := j.store.unsynced()
	j.leading, j.syncing = false, true
	j.changed.Broadcast()
	var err error
	j.released(func() { err = j.store.sync(needed, written) })
	for j.leading {
		j.changed.Wait()
	}
	j.leading, j.syncing = true, false
	torn := j.torn
	j.torn = nil
	if err != nil {
		j.giveBackLocked(err)
		return err
	}
	j.store.synchronised(j.taken[:n], written)
	j.committed = reach
	j.recycleLocked(n)
	if torn != nil {
		j.giveBackLocked(torn)
	} else if j.store.outgrown() && len(j.taken) == 0 {
		j.changed.Broadcast()                        // the others need not wait for this
		j.released(func() { _ = j.store.rewrite() }) // if it fails, the old file goes on
	}
	return nil
}

// released runs f without mu, which whoever leads or syncs has. When f panics, the journal ends: mu is locked for the
// caller's deferred Unlock, so that the panic surfaces as itself, and nobody waits for a leader that is gone.
func (j *Journal) released(f func()) {
	done := false
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		if !done {
			j.closed, j.leading, j.syncing = true, false, false
			j.changed.Broadcast()
		}
	}()
	f()
	done = true
}

// giveBackLocked makes notes that could not be brought to the disk wait for the next attempt. It is called by who
// leads, while nobody syncs.
func (j *Journal) giveBackLocked(failure error) {
	j.store.cutBack()
	j.notes.putBack(j.taken)
	j.taken = nil
	j.failures, j.failure = j.failures+1, fmt.Errorf("the journal could not be written: %w", failure)
}

const manyNotes = 4 << 10 // that a list may keep memory for

// recycleLocked takes the first n notes out of the list of what was taken.
func (j *Journal) recycleLocked(n int) {
	rest := copy(j.taken, j.taken[n:])
	if rest == 0 && cap(j.taken) > manyNotes {
		j.taken = nil
		return
	}
	clear(j.taken[rest:])
	j.taken = j.taken[:rest]
}
