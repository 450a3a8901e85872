//go:build unix

package transport

import (
	"net"
	"syscall"
)

// trySocket writes to a socket without ever waiting. One goroutine uses it at a time.
type trySocket struct {
	raw     syscall.RawConn
	pending []byte
	written int
	err     error
	attempt func(fd uintptr) bool
}

// newTrySocket returns nil for a connection that is more than a socket.
func newTrySocket(conn net.Conn) *trySocket {
	socket, is := conn.(syscall.Conn)
	if !is {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	w := &trySocket{raw: raw}
	w.attempt = func(fd uintptr) bool {
		w.written, w.err = syscall.Write(int(fd), w.pending)
		return true // whatever came of it: this is one attempt
	}
	return w
}

// write writes as much of b as the system takes now, which may be nothing. An error is not reported: the next ordinary
// write meets it again.
func (w *trySocket) write(b []byte) int {
	w.pending = b
	err := w.raw.Write(w.attempt)
	w.pending = nil
	if err != nil || w.err != nil {
		return 0
	}
	return w.written
}
