package mqtttest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// PipeConn is one end of a connection in memory: a pair of bounded buffers with everything of a TCP connection that
// tests need, half-close and reset included. Waiting on it is durable blocking, so it works inside a synctest bubble.
type PipeConn struct {
	in, out             *pipeHalf
	local, remote       net.Addr
	readLimit, writeEnd deadline
}

// PipeBuffer is how many bytes each direction of a Pipe holds, like a small socket buffer.
const PipeBuffer = 64 << 10

// Pipe returns the two ends of a connection in memory.
func Pipe() (client, server *PipeConn) {
	up, down := newPipeHalf(), newPipeHalf()
	a := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000}
	b := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1883}
	client = &PipeConn{in: down, out: up, local: a, remote: b}
	server = &PipeConn{in: up, out: down, local: b, remote: a}
	for _, c := range []*PipeConn{client, server} {
		c.readLimit.passed, c.writeEnd.passed = make(chan struct{}), make(chan struct{})
	}
	return client, server
}

// pipeHalf is one direction.
type pipeHalf struct {
	mu      sync.Mutex
	buf     []byte
	eof     bool  // the writer has closed
	gone    bool  // the reader has closed: writes are reset
	err     error // reset: both sides get it at once
	changed chan struct{}
}

func newPipeHalf() *pipeHalf { return &pipeHalf{changed: make(chan struct{})} }

// broadcast wakes all who wait. The lock is held.
func (h *pipeHalf) broadcast() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *pipeHalf) end(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	h.broadcast()
}

func (c *PipeConn) Read(b []byte) (int, error) {
	h := c.in
	for {
		h.mu.Lock()
		switch {
		case c.readLimit.isPassed():
			h.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case h.gone:
			h.mu.Unlock()
			return 0, net.ErrClosed
		case h.err != nil:
			err := h.err
			h.mu.Unlock()
			return 0, err
		case len(h.buf) > 0:
			n := copy(b, h.buf)
			h.buf = h.buf[n:]
			if len(h.buf) == 0 {
				h.buf = nil
			}
			h.broadcast()
			h.mu.Unlock()
			return n, nil
		case h.eof:
			h.mu.Unlock()
			return 0, io.EOF
		}
		changed := h.changed
		h.mu.Unlock()
		select {
		case <-changed:
		case <-c.readLimit.wait():
		}
	}
}

func (c *PipeConn) Write(b []byte) (int, error) {
	h := c.out
	written := 0
	for {
		h.mu.Lock()
		switch {
		case c.writeEnd.isPassed():
			h.mu.Unlock()
			return written, os.ErrDeadlineExceeded
		case h.eof:
			h.mu.Unlock()
			return written, net.ErrClosed
		case h.err != nil:
			err := h.err
			h.mu.Unlock()
			return written, err
		case h.gone:
			h.mu.Unlock()
			return written, &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}
		}
		if n := min(len(b)-written, PipeBuffer-len(h.buf)); n > 0 {
			h.buf = append(h.buf, b[written:written+n]...)
			written += n
			h.broadcast()
		}
		if written == len(b) {
			h.mu.Unlock()
			return written, nil
		}
		changed := h.changed
		h.mu.Unlock()
		select {
		case <-changed:
		case <-c.writeEnd.wait():
		}
	}
}

// Close closes both directions. The other end reads what is buffered, then io.EOF.
func (c *PipeConn) Close() error {
	c.out.end(func() { c.out.eof = true })
	c.in.end(func() { c.in.gone, c.in.buf = true, nil })
	return nil
}

// CloseWrite closes our direction only.
func (c *PipeConn) CloseWrite() error {
	c.out.end(func() { c.out.eof = true })
	return nil
}

// Reset ends the connection as an RST does: what is buffered is lost, and the other end gets ECONNRESET.
func (c *PipeConn) Reset() {
	for _, h := range []*pipeHalf{c.out, c.in} {
		h.end(func() {
			h.buf = nil
			h.err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		})
	}
}

// Unread reports how many bytes the other end has written that were not read here.
func (c *PipeConn) Unread() int {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return len(c.in.buf)
}

func (c *PipeConn) LocalAddr() net.Addr  { return c.local }
func (c *PipeConn) RemoteAddr() net.Addr { return c.remote }

func (c *PipeConn) SetDeadline(t time.Time) error {
	c.readLimit.set(t)
	c.writeEnd.set(t)
	return nil
}

func (c *PipeConn) SetReadDeadline(t time.Time) error {
	c.readLimit.set(t)
	return nil
}

func (c *PipeConn) SetWriteDeadline(t time.Time) error {
	c.writeEnd.set(t)
	return nil
}

// deadline is a point in time that may move; its channel is closed while it is over.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{}
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.passed // the function of the timer has run or is about to
	}
	d.timer = nil
	over := isClosed(d.passed)
	if t.IsZero() {
		if over {
			d.passed = make(chan struct{})
		}
		return
	}
	if rest := time.Until(t); rest > 0 {
		if over {
			d.passed = make(chan struct{})
		}
		passed := d.passed
		d.timer = time.AfterFunc(rest, func() { close(passed) })
		return
	}
	if !over {
		close(d.passed)
	}
}

func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

func (d *deadline) isPassed() bool { return isClosed(d.wait()) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
