package transport

import (
	"bufio"
	"bytes"
	"net"
	"sync/atomic"
	"time"
)

const (
	// maxAnswer bounds what a server may send before the WebSocket stands.
	maxAnswer = 64 << 10
	// bodyTime is how long the text of a refusal is waited for.
	bodyTime = time.Second
)

// answer is what gorilla's WebSocket runs on. During the upgrade it bounds the answer, which gorilla and net/http read
// however long it is. Always it keeps gorilla's deadlines out, which know nothing of those that the owner sets, and
// remembers the errors of the connection, which gorilla replaces by texts.
type answer struct {
	net.Conn
	readErr error // of the reader
	// writeErr is set by the writer, and by the reader, which writes the answers to control frames.
	writeErr atomic.Pointer[error]

	frames   frames
	ahead    *[maxAhead]byte // of fetch, or nil
	from, to int             // what gorilla has not yet read of it
	aheadErr error           // what comes after it
	done     bool            // the upgrade is over

	// The rest is of the upgrade only.
	size  int           // of the answer, interim ones excepted
	begun bool          // it was read from
	in    *bufio.Reader // what came with interim answers, nil when nothing is left
	inErr error         // what comes after it
	first byte          // of the answer
	head  []byte        // what came of its header
	body  bool          // the header was complete
}

func (a *answer) Read(b []byte) (int, error) {
	if !a.done && a.size >= maxAnswer {
		a.readErr = errEndless
		return 0, a.readErr
	}
	if a.from < a.to {
		return a.takeAhead(b), nil
	}
	n, err := 0, a.aheadErr
	if err == nil {
		n, err = a.next(b)
	}
	if err != nil {
		a.readErr = err
	}
	if a.done {
		a.frames.pass(b[:n])
	} else {
		a.arrived(b[:n])
	}
	return n, err
}

// next reads from the connection, at first behind interim answers.
func (a *answer) next(b []byte) (int, error) {
	if a.done || a.begun && a.in == nil {
		return a.Conn.Read(b)
	}
	if !a.begun {
		a.begun, a.in = true, bufio.NewReaderSize(a.Conn, interimBuffer)
		a.inErr = skipInterim(a.in)
	}
	if a.inErr == error(errEndless) || a.inErr != nil && a.in.Buffered() == 0 {
		return 0, a.inErr
	}
	n, err := a.in.Read(b)
	if a.in.Buffered() == 0 && a.inErr == nil {
		a.in = nil
	}
	return n, err
}

// arrived looks for the end of the header. A refusal may have a body of unknown length, for which gorilla would wait
// for ever.
func (a *answer) arrived(b []byte) {
	if a.size == 0 && len(b) > 0 {
		a.first = b[0]
	}
	a.size += len(b)
	if a.body {
		return
	}
	unseen := max(0, len(a.head)-len("\r\n\r"))
	a.head = append(a.head, b...)
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(a.head[unseen:], []byte(end)); i >= 0 {
			a.frames.pass(a.head[unseen+i+len(end):]) // if it is a 101
			a.body, a.head = true, nil
			_ = a.Conn.SetReadDeadline(time.Now().Add(bodyTime))
			return
		}
	}
}

// over ends the upgrade.
func (a *answer) over() {
	a.done = true
	_ = a.Conn.SetReadDeadline(time.Time{})
}

func (a *answer) Write(b []byte) (int, error) {
	n, err := a.Conn.Write(b)
	if err != nil {
		a.writeErr.Store(&err)
	}
	return n, err
}

// written is the error that writing has met.
func (a *answer) written() error {
	if err := a.writeErr.Load(); err != nil {
		return *err
	}
	return nil
}

func (*answer) SetDeadline(time.Time) error { return nil }

// SetWriteDeadline takes deadlines for close frames only, which are the last to be written; other frames have none.
func (a *answer) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	return a.Conn.SetWriteDeadline(t)
}
