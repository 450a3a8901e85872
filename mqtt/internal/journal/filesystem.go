package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// filesystem is what a journal needs of the system. Errors name the file and what was tried, as those of os do.
type filesystem interface {
	Lstat(name string) (fs.FileInfo, error)
	Open(name string) (file, error)   // an existing one, to read and write
	Create(name string) (file, error) // a new one that only its owner can read; it is an error if there is one
	Rename(from, to string) error
	Remove(name string) error
	MakeFolder(name string) error       // with those above it; nothing if it is there
	SyncFolder(name string) error       // makes files that were created and renamed in it survive a loss of power
	Lock(name string) (fileLock, error) // errLocked: somebody else has it
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// fileLock is held until one of its methods is called.
type fileLock interface {
	Release() error
	Remove() error // and deletes the file
}

var errLocked = errors.New("somebody else has it locked")

// disk is the filesystem of the system.
type disk struct{}

func (disk) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }
func (disk) Rename(from, to string) error           { return os.Rename(from, to) }
func (disk) Remove(name string) error               { return os.Remove(name) }

func (disk) Open(name string) (file, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

func (disk) Create(name string) (file, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d disk) MakeFolder(name string) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(name)
	if above != name {
		if err := d.MakeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.SyncFolder(above)
}

// SyncFolder does nothing where a folder cannot be synced (Windows, some network file systems): the system does that by
// itself there.
func (disk) SyncFolder(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if closing := folder.Close(); err == nil {
		err = closing
	}
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

func (disk) Lock(name string) (fileLock, error) { return lockFile(name) }
