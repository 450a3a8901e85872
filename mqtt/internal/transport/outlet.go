package transport

import (
	"net"
	"sync"
)

// outlet is the socket that TLS and WebSocket write to. They can write only whole records and frames, so it keeps what
// the system does not take from a goroutine that must not wait; that leaves before anything else.
type outlet struct {
	net.Conn
	now func(b []byte) int // writes as much of b as the system takes now

	mu      sync.Mutex
	trying  bool // nobody waits who writes now
	waiting int  // writes that may wait, never while trying

	turn sync.Mutex // of the writes that may wait
	rest []byte     // what the system did not take; guarded by mu while trying, else by turn
}

// newOutlet returns nil where nothing can be written without waiting.
func newOutlet(conn net.Conn) *outlet {
	socket := newTrySocket(conn)
	if socket == nil {
		return nil
	}
	return &outlet{Conn: conn, now: socket.write}
}

// begin makes writes not wait until end is called. It returns false when a write that may wait is under way: the layer
// above might be locked until it is done.
func (o *outlet) begin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trying = o.waiting == 0 && len(o.rest) == 0
	return o.trying
}

// end reports whether everything has left; if not, someone has to flush.
func (o *outlet) end() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trying = false
	return len(o.rest) == 0
}

// Write waits unless it is called between begin and end, by whomever: the reader too writes, to answer a ping or a
// change of keys.
func (o *outlet) Write(b []byte) (int, error) {
	if o.try(b) {
		return len(b), nil
	}
	defer o.waited()
	o.turn.Lock()
	defer o.turn.Unlock()
	if err := o.flushRest(); err != nil {
		return 0, err
	}
	return o.Conn.Write(b)
}

// try writes without waiting. It returns false when the write may wait; waited has to be called after that.
func (o *outlet) try(b []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.trying {
		o.waiting++
		return false
	}
	if len(o.rest) == 0 {
		b = b[o.now(b):]
	}
	o.rest = append(o.rest, b...)
	return true
}

func (o *outlet) waited() {
	o.mu.Lock()
	o.waiting--
	o.mu.Unlock()
}

// flush writes what was kept. o may be nil.
func (o *outlet) flush() error {
	if o == nil || o.try(nil) {
		return nil
	}
	defer o.waited()
	o.turn.Lock()
	defer o.turn.Unlock()
	return o.flushRest()
}

func (o *outlet) flushRest() error {
	if len(o.rest) == 0 {
		return nil
	}
	n, err := o.Conn.Write(o.rest)
	if o.rest = o.rest[n:]; len(o.rest) == 0 {
		o.rest = nil
	}
	return err
}
