package mqtttest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// DialFunc makes a connection; net.Dialer.DialContext is one.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Faults are what a connection does wrong. The zero value is a sound one.
type Faults struct {
	ReadChunk, WriteChunk int   // bytes per call of the connection below at most; 0 = no limit
	CutRead, CutWrite     int64 // after so many bytes the connection ends without a packet; 0 = never
	StallRead, StallWrite int64 // after so many bytes nothing moves in this direction until Close; 0 = never
	FailWrite             int64 // after so many bytes each write fails, while reading goes on; 0 = never
	// After so many packets the connection ends; 0 = never. For connections that carry MQTT and no layer above it.
	CutReadPackets, CutWritePackets int
}

// ErrWrite is what a write fails with after FailWrite bytes.
var ErrWrite = errors.New("the write fails on order")

// Faulty is a connection that misbehaves on order.
type Faulty struct {
	net.Conn
	faults Faults

	mu                          sync.Mutex
	read, sent                  int64
	readPackets, writtenPackets packetCount
	stallRead                   chan struct{} // closed when the stall ends; nil = none
	stallWrite                  chan struct{}
	closed                      chan struct{}
	once                        sync.Once
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
	n := limited(len(b), f.faults.ReadChunk, f.faults.StallRead, read)
	if n == 0 && len(b) > 0 {
		<-f.closed
		return 0, net.ErrClosed
	}
	n = limited(n, 0, f.faults.CutRead, read)
	if n == 0 && len(b) > 0 || f.readPackets.reached(f.faults.CutReadPackets) {
		f.cut()
		return 0, io.EOF
	}
	n, err := f.Conn.Read(b[:n])
	n = f.readPackets.prefix(b[:n], f.faults.CutReadPackets)
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
		n := limited(len(b)-written, f.faults.WriteChunk, f.faults.StallWrite, sent)
		if n == 0 {
			<-f.closed
			return written, net.ErrClosed
		}
		if n = limited(n, 0, f.faults.FailWrite, sent); n == 0 {
			return written, ErrWrite
		}
		if n = limited(n, 0, f.faults.CutWrite, sent); n == 0 {
			f.cut()
			return written, io.ErrClosedPipe
		}
		n = f.writtenPackets.prefix(b[written:written+n], f.faults.CutWritePackets)
		n, err := f.Conn.Write(b[written : written+n])
		written += n
		f.mu.Lock()
		f.sent += int64(n)
		f.mu.Unlock()
		if f.writtenPackets.reached(f.faults.CutWritePackets) {
			f.cut()
		}
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// limited is how many of n bytes may go in one call when done have gone before.
func limited(n, chunk int, end, done int64) int {
	if chunk > 0 {
		n = min(n, chunk)
	}
	if end > 0 {
		n = int(min(int64(n), end-done))
	}
	return n
}

// packetCount counts the packets of a stream as its bytes pass.
type packetCount struct {
	complete int
	inBody   bool
	head     []byte // what has passed of the fixed header
	left     int    // bytes of the body that are to come
}

func (p *packetCount) reached(end int) bool { return end > 0 && p.complete >= end }

// prefix counts b and returns how much of it belongs to the first end packets; 0 = everything, which need not be
// packets.
func (p *packetCount) prefix(b []byte, end int) int {
	if end == 0 {
		return len(b)
	}
	for i := 0; i < len(b); {
		if p.reached(end) {
			return i
		}
		if p.inBody {
			n := min(p.left, len(b)-i)
			i, p.left = i+n, p.left-n
		} else {
			p.head = append(p.head, b[i])
			i++
			h, ok, _ := packet.ReadFrame(p.head)
			p.inBody, p.left = ok, h.Length
		}
		if p.inBody && p.left == 0 {
			*p = packetCount{complete: p.complete + 1, head: p.head[:0]}
		}
	}
	return len(b)
}

func (f *Faulty) cut() { _ = f.Close() }

// Close closes the connection below and ends all stalls.
func (f *Faulty) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.Conn.Close()
}
