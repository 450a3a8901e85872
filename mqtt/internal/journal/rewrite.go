package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
)

const (
	muchGarbage = 1 << 20  // how much larger than the unfinished messages the garbage may be after a commit, in bytes
	someGarbage = 64 << 10 // how much garbage Open and Close leave in any case, in bytes
)

// commitRewrites reports whether a commit should rewrite the file: when its garbage exceeds the unfinished messages by
// muchGarbage. A rewrite writes the unfinished messages, so it costs no more than the commits since the last one, and
// the cost of a message does not depend on how many there are.
func (s *store) commitRewrites() bool {
	return s.index.garbage > max(s.index.live+muchGarbage, s.retry)
}

// closeRewrites is commitRewrites for Open and Close. The file may stay as it is for a long time then, so less garbage
// is left in it.
func (s *store) closeRewrites() bool {
	return s.index.garbage > max(s.index.live, someGarbage)
}

// rewrite writes the unfinished messages to a new file, and replaces the file by it. After an error the file is as it
// was. The first file of a journal is made like this too.
func (s *store) rewrite() error {
	var moved index
	var size, sizeAt int64
	err := s.writeNew(func(f file) (err error) {
		moved, size, sizeAt, err = s.copyTo(f)
		return err
	})
	if err == nil {
		err = s.replace()
	}
	if err != nil {
		s.retry = 2 * s.index.garbage
		return err
	}
	s.index, s.retry = moved, 0
	s.synced, s.written, s.sizeAt, s.offsets = size, size, sizeAt, s.offsets[:0]
	return nil
}

// writeNew makes the new file, which replace gives its final name.
func (s *store) writeNew(content func(file) error) error {
	name := s.base + extNew
	if err := s.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := s.fs.Create(name)
	if err != nil {
		return err
	}
	err = content(f)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		_ = s.fs.Remove(name)
	}
	return err
}

// replace renames the new file. Windows wants both to be closed for that. If what has the name then cannot be opened,
// the next write tries again.
func (s *store) replace() error {
	s.closeFile()
	err := s.fs.Rename(s.base+extNew, s.base+extJournal)
	if err == nil {
		s.moved, s.dirty = true, false
	} else {
		_ = s.fs.Remove(s.base + extNew)
	}
	if s.reopen() != nil {
		s.dirty = true
	}
	return err
}

// copyTo writes the file anew to f. It returns where the messages are there, and its Size.
func (s *store) copyTo(f file) (moved index, size, sizeAt int64, err error) {
	if s.file == nil && len(s.index.messages) > 0 {
		if err := s.reopen(); err != nil {
			return index{}, 0, 0, err
		}
	}
	moved = newIndex()
	c := copier{to: f, buf: make([]byte, 0, window)}
	c.buf = appendHeader(appendHeader(c.buf, s.header), s.header)
	sizeAt = c.size()
	c.buf = appendSize(c.buf, s.header.salt, 0) // overwritten below
	moved.garbage = c.size() - sizeAt
	for _, key := range s.index.keys() {
		e := s.index.messages[key]
		at := c.size()
		c.record(s, key, e)
		moved.add(key, extent{offset: at, size: e.size, recorded: e.awaits, awaits: e.awaits})
	}
	if s.lastKey > 0 {
		h := head{kind: kindLast, length: lastSize, key: s.lastKey}
		c.buf = appendHead(c.buf, s.header.salt, h)
		body := len(c.buf)
		c.buf = binary.LittleEndian.AppendUint16(c.buf, s.lastID)
		c.buf = binary.LittleEndian.AppendUint32(c.buf,
			crc32.Update(bodySeed(s.header.salt, h.key), castagnoli, c.buf[body:]))
		moved.garbage += h.size()
	}
	c.flush()
	size = c.offset
	c.buf, c.offset = appendSize(c.buf, s.header.salt, size), sizeAt
	c.flush()
	return moved, size, sizeAt, c.err
}

// copier collects what goes to the new file.
type copier struct {
	to     io.WriterAt
	offset int64
	buf    []byte
	err    error
}

func (c *copier) size() int64 { return c.offset + int64(len(c.buf)) }

// record copies an Add as it is, with the checksum of its body, so that what the disk damages on the way is noticed.
// Its head gets what the steps since have changed.
func (c *copier) record(s *store, key uint64, e extent) {
	h := head{kind: kindAdd, awaits: e.awaits, length: int(e.size - headSize - bodyCRCSize), key: key}
	if len(c.buf)+headSize > cap(c.buf) {
		c.flush()
	}
	c.buf = appendHead(c.buf, s.header.salt, h)
	for from, end := e.offset+headSize, e.offset+e.size; from < end && c.err == nil; {
		if len(c.buf) == cap(c.buf) {
			c.flush()
		}
		n := int(min(end-from, int64(cap(c.buf)-len(c.buf))))
		part := c.buf[len(c.buf) : len(c.buf)+n]
		if c.err == nil {
			c.err = readFull(s.file, part, from)
		}
		c.buf = c.buf[:len(c.buf)+n]
		from += int64(n)
	}
}

func (c *copier) flush() {
	if c.err == nil {
		_, c.err = c.to.WriteAt(c.buf, c.offset)
	}
	c.offset += int64(len(c.buf))
	c.buf = c.buf[:0]
}
