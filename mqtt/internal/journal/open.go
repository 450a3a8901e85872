package journal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Recovered is what a journal held when it was opened.
type Recovered struct {
	// Session is never nil. Its messages are in the order in which they were added, each with its Key; LastID is the
	// packet identifier of the newest outgoing message in the file, also when that is finished.
	Session *protocol.Session
	// Damage has a sentence for each damaged or incomplete part of the file: where it is, and what is lost.
	Damage []string
}

// Open opens the journal of clientID in the folder dir, makes both if needed, and locks the journal against other
// processes and other calls. The error wraps that of the system.
func Open(dir, clientID string) (*Journal, *Recovered, error) {
	return open(disk{}, dir, clientID)
}

func open(system filesystem, dir, clientID string) (*Journal, *Recovered, error) {
	if err := system.MakeFolder(dir); err != nil {
		return nil, nil, fmt.Errorf("the folder for the journal cannot be used: %w", err)
	}
	base := baseName(dir, clientID)
	lock, err := lockJournal(system, base)
	if err != nil {
		return nil, nil, err
	}
	j := &Journal{lock: lock, store: store{fs: system, folder: filepath.Clean(dir), base: base, index: newIndex()}}
	j.changed.L = &j.mu
	found, err := j.store.open(clientID)
	if err == nil {
		err = j.store.syncFolder()
	}
	if err != nil {
		j.store.closeFile()
		_ = lock.Release()
		return nil, nil, fmt.Errorf("the journal %s cannot be used: %w", base+extJournal, err)
	}
	j.lastKey = j.store.lastKey
	j.notes.live = make(map[uint64]place)
	for _, list := range [...]struct {
		messages []protocol.SavedMessage
		incoming bool
	}{{found.Session.Outgoing, false}, {found.Session.Incoming, true}} {
		for i := range list.messages {
			j.notes.live[list.messages[i].Key] = place{recovered, list.incoming}
		}
	}
	return j, found, nil
}

// ErrInUse says that another component or process has a journal open.
var ErrInUse = errors.New("another component or process uses the journal")

func lockJournal(system filesystem, base string) (fileLock, error) {
	name := base + extLock
	if info, err := system.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the journal cannot be locked: %s is not a file", name)
	}
	lock, err := system.Lock(name)
	switch {
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("%w: %s", ErrInUse, base+extJournal)
	case err != nil:
		return nil, fmt.Errorf("the journal cannot be locked: %w", err)
	}
	return lock, nil
}

// Remove deletes the journal of clientID in the folder dir, if nobody has it open. The copy of a damaged journal stays.
// It is no error if there is no journal.
func Remove(dir, clientID string) error { return remove(disk{}, dir, clientID) }

func remove(system filesystem, dir, clientID string) error {
	base := baseName(dir, clientID)
	info, err := system.Lstat(base + extJournal)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = system.Lstat(base + extLock)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	} else if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a plain file", base+extJournal)
	}
	if err != nil {
		return fmt.Errorf("the journal cannot be removed: %w", err)
	}
	lock, err := lockJournal(system, base)
	if err != nil {
		return err
	}
	for _, extension := range [...]string{extNew, extJournal} {
		if removing := system.Remove(base + extension); err == nil && !errors.Is(removing, fs.ErrNotExist) {
			err = removing
		}
	}
	if unlocking := lock.Remove(); err == nil {
		err = unlocking
	}
	if err == nil {
		err = system.SyncFolder(filepath.Clean(dir))
	}
	if err != nil {
		return fmt.Errorf("the journal cannot be removed: %w", err)
	}
	return nil
}

// open reads the file and repairs it, so that records can be appended.
func (s *store) open(clientID string) (*Recovered, error) {
	if len(clientID) > 65535 {
		return nil, fmt.Errorf("the client identifier has %d bytes", len(clientID))
	}
	name := s.base + extJournal
	info, err := s.fs.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.create(clientID)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a plain file")
	}
	s.moved = true // a process that was killed may have renamed the file without syncing the folder
	if s.file, err = s.fs.Open(name); err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		found, err := s.create(clientID)
		if err == nil {
			found.Damage = append(found.Damage,
				"The file is empty, which no journal ever is: all that it held is lost.")
		}
		return found, err
	}
	r, err := s.read(info.Size(), clientID)
	if err != nil {
		return nil, err
	}
	s.index, s.lastKey, s.lastID, s.sizeAt = r.index, r.lastKey, r.lastID, r.sizeAt
	found := &Recovered{Session: r.session(clientID), Damage: r.damage}
	if r.broken {
		if err := s.keepDamaged(info.Size()); err != nil {
			return nil, fmt.Errorf("it is damaged, and no copy of it could be made: %w", err)
		}
		found.Damage = append(found.Damage, fmt.Sprintf("The damaged file was kept as %s.", s.base+extDamaged))
		return found, s.rewrite()
	}
	if s.written < info.Size() {
		if err := s.file.Truncate(s.written); err != nil {
			return nil, err
		}
	}
	// What an earlier process wrote may not be on disk yet.
	if err := s.file.Sync(); err != nil {
		return nil, err
	}
	s.noteSize(s.written)
	if s.closeRewrites() {
		_ = s.rewrite() // a commit tries again
	}
	return found, nil
}

// read reads the file as far as the end of the last complete record.
func (s *store) read(size int64, clientID string) (*replay, error) {
	r := reader{source: source{file: s.file, size: size}, replay: newReplay()}
	b, err := r.view(0, headerSize(clientID)+maxHeader)
	if err != nil {
		return nil, err
	}
	h, ok, damage, err := readHeader(b, clientID)
	if err != nil {
		return nil, err
	}
	s.header = h
	if damage != "" {
		r.replay.broken, r.replay.damage = true, append(r.replay.damage, damage)
	}
	if !ok {
		s.header = newHeader(clientID)
		return r.replay, nil
	}
	r.salt = h.salt
	s.written, err = r.read(min(int64(2*headerSize(clientID)), size))
	s.synced = s.written
	r.replay.missing(s.written)
	return r.replay, err
}

func newHeader(clientID string) header {
	var salt [4]byte
	_, _ = rand.Read(salt[:]) // never fails
	return header{formatVersion, binary.LittleEndian.Uint32(salt[:]), clientID}
}

// create makes the first file.
func (s *store) create(clientID string) (*Recovered, error) {
	s.header = newHeader(clientID)
	return &Recovered{Session: &protocol.Session{ClientID: clientID}}, s.rewrite()
}

// keepDamaged copies the file as it is.
func (s *store) keepDamaged(size int64) error {
	err := s.writeNew(func(f file) error {
		source := source{file: s.file, size: size}
		for offset := int64(0); offset < size; {
			b, err := source.view(offset, window)
			if err != nil {
				return err
			}
			if _, err := f.WriteAt(b, offset); err != nil {
				return err
			}
			offset += int64(len(b))
		}
		return nil
	})
	if err == nil {
		err = s.fs.Rename(s.base+extNew, s.base+extDamaged)
	}
	if err == nil {
		err = s.fs.SyncFolder(s.folder)
	}
	return err
}
