package journal

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	direct   = 64 << 10  // a payload of so many bytes or more is written without being copied
	maxChunk = 1 << 20   // bytes of records that one write takes together
	maxKept  = 256 << 10 // the buffer for that is kept for the next write unless it is larger
)

// store is the file of a journal and what is known of its content. Only the leader of a commit uses it.
type store struct {
	fs      filesystem
	folder  string
	base    string // the path of the files without extension
	header  header
	file    file  // nil after a rename behind which it could not be opened again
	synced  int64 // what is in the file for sure; the index knows this part
	written int64 // what was written to it
	dirty   bool  // behind synced the file may have anything
	trimmed bool  // it was cut back and not synced: what was cut off would be back after a loss of power
	moved   bool  // the folder has to be synced: without, a loss of power may undo the renaming of the file
	index   index
	lastKey uint64 // of the newest message in the file
	sizeAt  int64  // where in the file its Size is; 0 = there is none
	sizeBuf []byte
	lastID  uint16 // the packet identifier of the newest outgoing message in the file
	retry   int64  // after a failed rewrite: the garbage that is worth another attempt
	buf     []byte
	offsets []int64 // of the notes that were written and are not synced, in order
}

// write appends the records of notes to the file. After an error the file is dirty.
func (s *store) write(list []note) error {
	if s.dirty {
		if err := s.repair(); err != nil {
			return err
		}
	}
	w := appender{store: s, offset: s.written, buf: s.buf[:0]}
	for i := range list {
		s.offsets = append(s.offsets, w.offset+int64(len(w.buf)))
		w.note(&list[i])
	}
	w.flush()
	if cap(w.buf) <= maxKept {
		s.buf = w.buf
	}
	s.written = w.offset
	s.dirty = w.err != nil
	return w.err
}

// unsynced reports whether the file has to be synced.
func (s *store) unsynced() bool { return s.written > s.synced || s.trimmed }

// sync syncs the folder after a renaming and, if needed, the file, of which written bytes were there before. More may
// be written meanwhile.
func (s *store) sync(needed bool, written int64) error {
	if err := s.syncFolder(); err != nil || !needed {
		return err
	}
	err := s.file.Sync()
	if err == nil {
		s.noteSize(written)
	}
	return err
}

// synchronised tells that the file was synced when it was written up to there. list are the notes of that, for the
// index.
func (s *store) synchronised(list []note, written int64) {
	for i := range list {
		s.learn(&list[i], s.offsets[i])
	}
	rest := copy(s.offsets, s.offsets[len(list):])
	s.synced, s.offsets, s.trimmed = written, s.offsets[:rest], false
}

// syncFolder syncs the folder after the file was renamed.
func (s *store) syncFolder() error {
	if !s.moved {
		return nil
	}
	err := s.fs.SyncFolder(s.folder)
	s.moved = err != nil
	return err
}

// learn updates the index by a note whose record is at offset.
func (s *store) learn(n *note, offset int64) {
	switch n.kind {
	case kindAdd:
		h := n.head()
		s.index.add(n.key, extent{offset: offset, size: h.size(), recorded: h.awaits, awaits: h.awaits})
		s.lastKey = n.key
		if !n.incoming {
			s.lastID = n.message.ID
		}
	case kindStep:
		s.index.step(n.key, n.awaits)
	case kindFinish:
		s.index.drop(n.key)
		s.index.garbage += headSize
	}
}

// cutBack removes what is not synced. If even that fails, the next write tries again.
func (s *store) cutBack() {
	s.written, s.offsets = s.synced, s.offsets[:0]
	_ = s.cut()
}

// repair makes a dirty file end where it is synced: by cutting it, by cutting it after opening it anew, or by writing
// another one. The error is that of the first attempt.
func (s *store) repair() error {
	err := s.cut()
	if err == nil || s.reopen() == nil && s.cut() == nil || s.rewrite() == nil {
		if s.file != nil {
			return nil
		}
	}
	return err
}

// cut cuts off what is not synced.
func (s *store) cut() error {
	s.dirty = true
	if s.file == nil {
		if err := s.reopen(); err != nil {
			return err
		}
	}
	err := s.file.Truncate(s.synced)
	s.dirty, s.trimmed = err != nil, true
	return err
}

// reopen opens the file anew.
func (s *store) reopen() error {
	f, err := s.fs.Open(s.base + extJournal)
	if err != nil {
		return err
	}
	s.closeFile()
	s.file = f
	return nil
}

func (s *store) closeFile() {
	if s.file != nil {
		_ = s.file.Close() // what counts was synced
		s.file = nil
	}
}

// head is that of the note's record.
func (n *note) head() head {
	h := head{kind: n.kind, awaits: n.awaits, key: n.key}
	if n.kind == kindAdd {
		h.awaits = n.message.Awaits
		h.length = addLength(&n.message)
	}
	return h
}

// appender puts records together to few writes.
type appender struct {
	store  *store
	offset int64 // where buf goes to
	buf    []byte
	err    error
}

func (w *appender) note(n *note) {
	if n.kind == dropped {
		return
	}
	h := n.head()
	salt := w.store.header.salt
	w.buf = appendHead(w.buf, salt, h)
	if n.kind == kindAdd {
		m := &n.message
		start := len(w.buf)
		w.buf = appendAdd(w.buf, m, n.incoming)
		w.buf = append(append(w.buf, m.Topic...), m.Properties...)
		crc := crc32.Update(bodySeed(salt, n.key), castagnoli, w.buf[start:])
		crc = crc32.Update(crc, castagnoli, m.Payload)
		if len(m.Payload) < direct {
			w.buf = append(w.buf, m.Payload...)
		} else {
			w.flush()
			w.write(m.Payload)
		}
		w.buf = binary.LittleEndian.AppendUint32(w.buf, crc)
	}
	if len(w.buf) >= maxChunk {
		w.flush()
	}
}

func (w *appender) flush() {
	w.write(w.buf)
	w.buf = w.buf[:0]
}

// write writes b, unless an earlier write failed.
func (w *appender) write(b []byte) {
	if w.err == nil && len(b) > 0 {
		_, w.err = w.store.file.WriteAt(b, w.offset)
	}
	w.offset += int64(len(b))
}
