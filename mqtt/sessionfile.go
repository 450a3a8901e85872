package mqtt

import (
	stderrors "errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes text to a file that only its owner can read. A file of that name is replaced as a whole: whoever
// opens it, also after a crash, finds the old content or the new one.
func replaceFile(name string, text []byte) error {
	if err := checkFile(name, true); err != nil && !stderrors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := checkFileSize(int64(len(text))); err != nil {
		return err
	}
	folder := filepath.Dir(name)
	temporary, err := os.CreateTemp(folder, filepath.Base(name)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
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

// readFile reads a file that replaceFile could have written.
func readFile(name string) ([]byte, error) {
	if err := checkFile(name, false); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// checkFile refuses what is no plain file: a link or a device would be replaced by a file, a pipe would block who reads
// it. Renaming over a read-only file is possible on most systems; who made it so does not want it replaced.
func checkFile(name string, write bool) error {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return stderrors.New("it is a symbolic link; name the file itself")
	case !info.Mode().IsRegular():
		return stderrors.New("it is not a file")
	case write && info.Mode()&0o200 == 0:
		return stderrors.New("it is read-only")
	case write:
		return nil
	}
	return checkFileSize(info.Size())
}

// maxSessionFile is more than a session of sane size has, and less than what would exhaust the memory.
const maxSessionFile = 1 << 30

func checkFileSize(n int64) error {
	if n > maxSessionFile {
		return fmt.Errorf("%d bytes are more than the %d that are possible", n, maxSessionFile)
	}
	return nil
}
