package journal

import "fmt"

// Commit returns when all notes up to upTo are on disk. When several goroutines call it, one of them, the leader,
// writes all notes in one write and syncs the file. Notes that are made meanwhile go with the next write.
//
// After an error the notes that are not on disk are kept, and the next call tries to write them again. The file is cut
// back to what was committed. The error wraps that of the system.
func (j *Journal) Commit(upTo Mark) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	upTo = min(upTo, j.noted)
	failures := j.failures
	for j.committed < upTo {
		switch {
		case j.failures != failures: // the leader failed while this call waited: one attempt serves all
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

// Flush writes the notes to the file and does not sync it: they survive the end of the process, but not a loss of
// power. It does not wait for a sync that is under way. The error is that of Commit.
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

// leadReleasing makes the caller the leader: it writes the notes and syncs the file. It is called with mu, when nobody
// leads, and releases mu while the disk works. Flush may write more notes while the file is synced; those are written
// but not synced when it returns.
func (j *Journal) leadReleasing(sync bool) error {
	j.leading = true
	before := len(j.taken)
	j.taken = j.notes.take(j.taken)
	j.reach = j.noted
	var err error
	j.released(func() { err = j.store.write(j.taken[before:]) })
	switch {
	case err != nil && j.syncing:
		j.torn = err // the goroutine that syncs puts the notes back
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

// syncReleasing syncs the file. The leader calls it with mu; it gives up the lead and mu while the disk works.
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
	} else if j.store.commitRewrites() && len(j.taken) == 0 {
		j.changed.Broadcast()                        // the others need not wait for this
		j.released(func() { _ = j.store.rewrite() }) // if it fails, the old file goes on
	}
	return nil
}

// released runs f without mu, which its caller has. When f panics, the journal ends: released locks mu for the caller's
// deferred Unlock, so that the panic surfaces as itself, and nobody waits for a leader that is gone.
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

// giveBackLocked puts notes that could not be written or synced back into the queue, for the next attempt. The leader
// calls it while nobody syncs.
func (j *Journal) giveBackLocked(failure error) {
	j.store.cutBack()
	j.notes.putBack(j.taken)
	j.taken = nil
	j.failures, j.failure = j.failures+1, fmt.Errorf("the journal could not be written: %w", failure)
}

const manyNotes = 4 << 10 // a list that had more gives its memory back

// recycleLocked removes the first n notes from the list of those that were written.
func (j *Journal) recycleLocked(n int) {
	rest := copy(j.taken, j.taken[n:])
	if rest == 0 && cap(j.taken) > manyNotes {
		j.taken = nil
		return
	}
	clear(j.taken[rest:])
	j.taken = j.taken[:rest]
}
