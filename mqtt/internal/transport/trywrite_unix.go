//go:build unix

package transport

import (
	"net"
	"syscall"
)

// TryWriter writes to a connection without ever waiting.
type TryWriter struct {
	raw     syscall.RawConn
	pending []byte
	written int
	err     error
	attempt func(fd uintptr) bool
}

// NewTryWriter returns a TryWriter for a connection of Dial that is nothing but a socket, nil for any other.
func NewTryWriter(conn net.Conn) *TryWriter {
	if p, is := conn.(*plain); is {
		conn = p.Conn
	}
	socket, is := conn.(syscall.Conn)
	if !is {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	w := &TryWriter{raw: raw}
	w.attempt = func(fd uintptr) bool {
		w.written, w.err = syscall.Write(int(fd), w.pending)
		return true // whatever came of it: this is one attempt
	}
	return w
}

// TryWrite writes as much of b as the system takes now, which may be nothing. An error of the connection is not
// reported: the next ordinary write meets it again.
func (w *TryWriter) TryWrite(b []byte) int {
	w.pending = b
	err := w.raw.Write(w.attempt)
	w.pending = nil
	if err != nil || w.err != nil {
		return 0
	}
	return w.written
}
