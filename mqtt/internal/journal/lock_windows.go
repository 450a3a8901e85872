package journal

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

type fileRange struct{ file *os.File }

// lockFile locks a file for this call alone, also against others of this process, and makes it if needed.
func lockFile(name string) (fileLock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	switch err {
	case nil:
		return fileRange{f}, nil
	case windows.ERROR_LOCK_VIOLATION, windows.ERROR_IO_PENDING:
		err = errLocked
	default:
		err = &fs.PathError{Op: "lock", Path: name, Err: err}
	}
	_ = f.Close()
	return nil, err
}

func (l fileRange) Release() error { return l.file.Close() }

// Remove unlocks the file first, since Windows deletes no open one, also if somebody else has opened it since.
func (l fileRange) Remove() error {
	if err := l.file.Close(); err != nil {
		return err
	}
	return os.Remove(l.file.Name())
}
