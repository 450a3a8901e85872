package transport

import (
	stderrors "errors"
	"os"
	"sync"
)

// maxAhead is how much is read ahead of gorilla. Larger messages are the reader's.
const maxAhead = 2 << 10

var aheadBuffers = sync.Pool{New: func() any { return new([maxAhead]byte) }}

// room is how much can be read ahead.
func (a *answer) room() int {
	if a.from == a.to {
		return maxAhead
	}
	return maxAhead - a.to
}

// fetch reads once, ahead of gorilla. It returns false, and keeps the error for gorilla, when the connection has
// failed; the end of the time is an error of its own.
func (a *answer) fetch() (bool, error) {
	if a.ahead == nil {
		a.ahead = aheadBuffers.Get().(*[maxAhead]byte)
		a.from, a.to = 0, 0
	}
	n, err := a.Conn.Read(a.ahead[a.to:])
	a.frames.pass(a.ahead[a.to : a.to+n])
	a.to += n
	switch {
	case stderrors.Is(err, os.ErrDeadlineExceeded):
		return true, err
	case err != nil:
		a.aheadErr = err
	}
	return err == nil, nil
}

// takeAhead gives gorilla what was read ahead.
func (a *answer) takeAhead(b []byte) int {
	n := copy(b, a.ahead[a.from:a.to])
	if a.from += n; a.from == a.to {
		aheadBuffers.Put(a.ahead)
		a.ahead, a.from, a.to = nil, 0, 0
	}
	return n
}
