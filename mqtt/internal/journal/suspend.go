package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrChanged says that somebody else has used a journal while it was suspended.
var ErrChanged = errors.New("another component or process has used the journal meanwhile")

var errSuspended = errors.New("the journal is suspended")

// Suspend commits what is noted, closes the file and gives the journal free until Resume. Notes are taken meanwhile,
// and stay in memory. The error is that of Commit; the journal is suspended all the same.
func (j *Journal) Suspend() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.suspendReleasing()
}

// suspendReleasing is Suspend for who has locked mu, which is released meanwhile.
func (j *Journal) suspendReleasing() error {
	var failure error
	for !j.closed && j.suspended == nil {
		switch {
		case j.leading || j.syncing:
			j.changed.Wait()
		case failure == nil && (j.committed < j.noted || len(j.taken) > 0):
			// Once more as long as Flush has written something during the sync: the file is left, and perhaps
			// rewritten, below, for which nothing in it may wait for a sync.
			failure = j.leadReleasing(true)
		default:
			unlocking := j.leaveReleasing(failure == nil)
			if failure == nil {
				failure = unlocking
			}
		}
	}
	return failure
}

// leaveReleasing tidies the file up, closes it, and gives the journal free. All that was written is synced, and nobody
// leads.
func (j *Journal) leaveReleasing(tidyUp bool) (err error) {
	j.leading = true
	var info fs.FileInfo
	j.released(func() {
		if tidyUp && j.store.closeRewrites() {
			_ = j.store.rewrite() // the next commit tries again
		}
		info, err = j.leave()
	})
	j.leading, j.suspended = false, info
	j.changed.Broadcast()
	return err
}

// leave closes the file, gives the journal free, and returns what the file looks like.
func (j *Journal) leave() (fs.FileInfo, error) {
	info, err := j.store.fs.Lstat(j.store.base + extJournal)
	if err != nil {
		info = unknown{}
	}
	j.store.closeFile()
	if unlocking := j.lock.Release(); unlocking != nil {
		return info, fmt.Errorf("the journal could not be unlocked: %w", unlocking)
	}
	return info, nil
}

// unknown is what a file looks like that cannot be looked at.
type unknown struct{ fs.FileInfo }

// Resume opens a suspended journal again for this call's user alone. ErrChanged: somebody else has used it meanwhile;
// the journal stays suspended, and only Close makes sense for it.
func (j *Journal) Resume() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errClosed
	}
	if j.suspended == nil {
		return nil
	}
	lock, err := lockJournal(j.store.fs, j.store.base)
	if err != nil {
		return err
	}
	if err = j.resumeLocked(); err != nil {
		j.store.closeFile()
		_ = lock.Release()
		return err
	}
	j.lock, j.suspended = lock, nil
	return nil
}

func (j *Journal) resumeLocked() error {
	info, err := j.store.fs.Lstat(j.store.base + extJournal)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrChanged
	case err != nil:
		return err
	case !same(info, j.suspended):
		return ErrChanged
	}
	return j.store.reopen()
}

// same reports whether nobody has written to a file, or put another one in its place.
func same(now, then fs.FileInfo) bool {
	if _, unknown := then.(unknown); unknown {
		return false
	}
	return os.SameFile(now, then) && now.Size() == then.Size() && now.ModTime().Equal(then.ModTime())
}

// Unwritten reports whether there are notes that Flush or Commit would write.
func (j *Journal) Unwritten() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.closed && len(j.notes.list) > 0
}
