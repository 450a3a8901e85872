package journal

import "io"

const window = 256 << 10 // bytes of a file that are read together

// source reads a file from front to back through a window. No length in the file makes it allocate more than the file
// has.
type source struct {
	file io.ReaderAt
	size int64
	buf  []byte
	at   int64 // where buf is from
}

// view returns the n bytes at offset, or as many as there are. They are valid until the next call.
func (s *source) view(offset int64, n int) ([]byte, error) {
	n = int(min(int64(n), s.size-offset))
	if offset < s.at || offset+int64(n) > s.at+int64(len(s.buf)) {
		whole := int(min(int64(max(n, window)), s.size-offset))
		if cap(s.buf) < whole {
			s.buf = make([]byte, whole)
		}
		s.buf, s.at = s.buf[:whole], offset
		if err := readFull(s.file, s.buf, offset); err != nil {
			s.buf = s.buf[:0]
			return nil, err
		}
	}
	return s.buf[offset-s.at:][:n], nil
}

// rest returns what is there from offset on: least bytes or more, fewer only at the end of the file. They are valid
// until the next call.
func (s *source) rest(offset int64, least int) ([]byte, error) {
	if _, err := s.view(offset, least); err != nil {
		return nil, err
	}
	return s.buf[offset-s.at:], nil
}

// keep returns the n bytes at offset, which are there, in memory of their own.
func (s *source) keep(offset int64, n int) ([]byte, error) {
	own := make([]byte, n)
	if n > window {
		return own, readFull(s.file, own, offset)
	}
	b, err := s.view(offset, n)
	copy(own, b)
	return own, err
}

// readFull reads len(b) bytes. io.EOF beside the last of them is none.
func readFull(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // somebody has cut the file meanwhile
	}
	return err
}
