package mqtttest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// Every fault that a connection has on order, seen from both ends.
func TestFaults(t *testing.T) {
	// Three packets of 2, 4 and 131 bytes, and the beginning of a fourth.
	stream := "\xC0\x00" + "\x40\x02\x00\x01" + "\x30\x80\x01" + strings.Repeat("x", 128) + "\x30\x05a"
	for _, row := range []struct {
		name    string
		faults  Faults
		passes  int
		err     error // of a write beyond that; nil = none, or a stall
		stalls  bool
		chunk   int // the largest read; 0 = any
		reading bool
	}{
		{"none", Faults{}, len(stream), nil, false, 0, false},
		{"chunks written", Faults{WriteChunk: 3}, len(stream), nil, false, 0, false},
		{"cut after a byte written", Faults{CutWrite: 5}, 5, io.ErrClosedPipe, false, 0, false},
		{"cut after one packet written", Faults{CutWritePackets: 1}, 2, net.ErrClosed, false, 0, false},
		{"cut after two packets written, in chunks", Faults{CutWritePackets: 2, WriteChunk: 1}, 6, net.ErrClosed, false, 0, false},
		{"cut after three packets written", Faults{CutWritePackets: 3}, 137, net.ErrClosed, false, 0, false},
		{"cut after four packets written", Faults{CutWritePackets: 4}, len(stream), nil, false, 0, false},
		{"write fails", Faults{FailWrite: 7}, 7, ErrWrite, false, 0, false},
		{"write stalls", Faults{StallWrite: 7}, 7, net.ErrClosed, true, 0, false},
		{"chunks read", Faults{ReadChunk: 3}, len(stream), nil, false, 3, true},
		{"cut after a byte read", Faults{CutRead: 5}, 5, io.EOF, false, 0, true},
		{"cut after two packets read", Faults{CutReadPackets: 2}, 6, io.EOF, false, 0, true},
		{"cut after three packets read, in chunks", Faults{CutReadPackets: 3, ReadChunk: 1}, 137, io.EOF, false, 1, true},
		{"read stalls", Faults{StallRead: 7}, 7, net.ErrClosed, true, 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				client, server := Pipe()
				f := NewFaulty(client, row.faults)
				start := time.Now()
				if row.stalls {
					time.AfterFunc(time.Hour, func() { _ = f.Close() })
				}
				from, to := io.Reader(server), io.Writer(f)
				if row.reading {
					from, to = f, server
				}
				written := make(chan error, 1)
				go func() {
					_, err := to.Write([]byte(stream))
					if row.reading {
						_ = server.CloseWrite()
					} else {
						_ = f.Close()
					}
					written <- err
				}()
				var got bytes.Buffer
				var err error
				for b := make([]byte, 64); err == nil; {
					var n int
					n, err = from.Read(b)
					got.Write(b[:n])
					if row.chunk > 0 && n > row.chunk {
						t.Errorf("%d bytes in one read", n)
					}
				}
				if w := <-written; !row.reading {
					err = w
				} else if row.err == nil && err == io.EOF {
					err = nil
				}
				if got.String() != stream[:row.passes] || !errors.Is(err, row.err) {
					t.Errorf("%d bytes passed, then %v; want %d and %v", got.Len(), err, row.passes, row.err)
				}
				if stalled := time.Since(start) == time.Hour; stalled != row.stalls {
					t.Errorf("it took %v", time.Since(start))
				}
			})
		})
	}
}
