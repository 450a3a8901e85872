package mqtttest

import (
	"context"
	"io"
	"net"
	"sync"
)

// DialFunc makes a connection; net.Dialer.DialContext is one.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Faults are what a connection does wrong. The zero value is a sound one.
type Faults struct {
	ReadChunk, WriteChunk int   // bytes per call of the connection below at most; 0 = no limit
	CutRead, CutWrite     int64 // after so many bytes the connection ends without a packet; 0 = never
}

// Faulty is a connection that misbehaves on order.
type Faulty struct {
	net.Conn
	faults Faults

	mu         sync.Mutex
	read, sent int64
	stallRead  chan struct{} // closed when the stall ends; nil = none
	stallWrite chan struct{}
	closed     chan struct{}
	once       sync.Once
}

// NewFaulty puts faults on conn.
func NewFaulty(conn net.Conn, f Faults) *Faulty {
	return &Faulty{Conn: conn, faults: f, closed: make(chan struct{})}
}

// FaultyDial puts faults on every connection that dial makes.
func FaultyDial(dial DialFunc, f Faults) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return NewFaulty(conn, f), nil
	}
}

// Stall stops one or both directions until the returned function is called or the connection is closed.
func (f *Faulty) Stall(read, write bool) (release func()) {
	stall := make(chan struct{})
	f.mu.Lock()
	if read {
		f.stallRead = stall
	}
	if write {
		f.stallWrite = stall
	}
	f.mu.Unlock()
	return func() { close(stall) }
}

func (f *Faulty) wait(stall chan struct{}) {
	if stall != nil {
		select {
		case <-stall:
		case <-f.closed:
		}
	}
}

func (f *Faulty) Read(b []byte) (int, error) {
	f.mu.Lock()
	stall, read := f.stallRead, f.read
	f.mu.Unlock()
	f.wait(stall)
	n := limited(len(b), f.faults.ReadChunk, f.faults.CutRead, read)
	if n == 0 && len(b) > 0 {
		f.cut()
		return 0, io.EOF
	}
	n, err := f.Conn.Read(b[:n])
	f.mu.Lock()
	f.read += int64(n)
	f.mu.Unlock()
	return n, err
}

func (f *Faulty) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		f.mu.Lock()
		stall, sent := f.stallWrite, f.sent
		f.mu.Unlock()
		f.wait(stall)
		n := limited(len(b)-written, f.faults.WriteChunk, f.faults.CutWrite, sent)
		if n == 0 {
			f.cut()
			return written, io.ErrClosedPipe
		}
		n, err := f.Conn.Write(b[written : written+n])
		written += n
		f.mu.Lock()
		f.sent += int64(n)
		f.mu.Unlock()
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// limited is how many of n bytes may go in one call when done have gone before.
func limited(n, chunk int, cut, done int64) int {
	if chunk > 0 {
		n = min(n, chunk)
	}
	if cut > 0 {
		n = int(min(int64(n), cut-done))
	}
	return n
}

func (f *Faulty) cut() { _ = f.Close() }

// Close closes the connection below and ends all stalls.
func (f *Faulty) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.Conn.Close()
}
