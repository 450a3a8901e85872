package mqtt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// replaceFile writes text to a file that only its owner can read. A file of that name is replaced as a whole: whoever
// opens it, also after a crash, finds the old content or the new one.
func replaceFile(name string, text []byte) (err error) {
	folder := filepath.Dir(name)
	temporary, err := os.CreateTemp(folder, filepath.Base(name)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
		}
	}()
	if _, err = temporary.Write(text); err != nil {
		return err
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), name); err != nil {
		return err
	}
	syncFolder(folder)
	return nil
}

// syncFolder makes the new name last through a crash of the system. Where a folder cannot be synced (Windows, some
// network file systems) the system looks after that itself, so a failure says nothing.
func syncFolder(name string) {
	if folder, err := os.Open(name); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
}

// maxSessionFile bounds what RestoreSession reads: more than any session of sane size, less than what would exhaust the
// memory.
const maxSessionFile = 1 << 30

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	if info.Size() > maxSessionFile {
		return nil, fmt.Errorf("it has %d bytes, and %d are possible", info.Size(), maxSessionFile)
	}
	return io.ReadAll(f)
}
