//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

type flock struct{ file *os.File }

// lockFile locks a file for this call alone, also against others of this process, and makes it if needed.
func lockFile(name string) (fileLock, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, err
		}
		for {
			if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
				break
			}
		}
		if err == nil {
			var there bool
			if there, err = isAt(f, name); there {
				return flock{f}, nil
			}
		} else if err == unix.EWOULDBLOCK {
			err = errLocked
		} else {
			err = &fs.PathError{Op: "lock", Path: name, Err: err}
		}
		_ = f.Close()
		if err != nil {
			return nil, err
		}
	}
}

// isAt reports whether f is the file of that name, and not one that was removed before it was locked.
func isAt(f *os.File, name string) (bool, error) {
	locked, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(locked, named), err
}

func (l flock) Release() error { return l.file.Close() }

// Remove deletes the file while it is locked, so that nobody locks a file which is about to vanish; see isAt.
func (l flock) Remove() error {
	err := os.Remove(l.file.Name())
	if closing := l.file.Close(); err == nil {
		err = closing
	}
	return err
}
