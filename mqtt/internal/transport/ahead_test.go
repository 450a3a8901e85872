//go:build unix

package transport

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// What a borrower reads from a WebSocket, and what it leaves to the reader, which then reads the rest.
func TestReadLent(t *testing.T) {
	large := strings.Repeat("l", 2*webSocketReadBuffer) // more than gorilla may have read with the answer to the upgrade
	for name, row := range map[string]struct {
		sent  string
		lent  string // read until a read says that there is no more for it
		rest  string // of the reader
		ended int    // the number of the reader's error, 0 = EOF
	}{
		"messages":          {frame(binaryFrame, "ab") + frame(binaryFrame, "c"), "abc", "", 0},
		"an empty one":      {frame(binaryFrame, "") + frame(binaryFrame, "c"), "c", "", 0},
		"a ping":            {frame(pingFrame, "p") + frame(binaryFrame, "c"), "", "c", 0},
		"a pong":            {frame(pongFrame, "") + frame(binaryFrame, "c"), "", "c", 0},
		"several frames":    {frame(more, "a") + frame(final, "b"), "ab", "", 0},
		"an open message":   {frame(more, "a"), "", "a", 0},
		"a large one":       {frame(binaryFrame, large), "", large, 0},
		"a large beginning": {frame(binaryFrame, large)[:100], "", large[:96], 0},
		"a cut one":         {frame(binaryFrame, "abc")[:4], "", "ab", 0},
		"a close frame":     {closing(1000, ""), "", "", 0},
		"a bad end":         {closing(1002, "why"), "", "", 4003},
		"a text frame":      {frame(textFrame, "x"), "", "", 4003},
		"nonsense":          {"\xff\x00", "", "", 4003},
	} {
		t.Run(name, func(t *testing.T) {
			o, wait := options("ws://"+serverName, upgraded(t, row.sent, nil))
			defer wait()
			conn := connected(t, o)
			defer conn.Close()
			d := NewDirect(conn)
			b := make([]byte, 2*maxAhead)
			lent := ""
			for {
				n, more, err := d.Read(b)
				lent += string(b[:n])
				if err != nil && errors.FromOS(err).Code != row.ended {
					t.Errorf("the borrower got %v", err)
				}
				if !more {
					break
				}
			}
			rest, err := io.ReadAll(conn)
			code := 0
			if err != nil {
				code = errors.FromOS(err).Code
			}
			if lent != row.lent || string(rest) != row.rest || code != row.ended {
				t.Errorf("lent %.20q, then %.20q and %v", lent, rest, err)
			}
		})
	}
}

// After the reader has dealt with what is its own, the connection can be lent again.
func TestLentAgain(t *testing.T) {
	step := make(chan string)
	o, wait := options("ws://"+serverName, func(conn net.Conn) {
		accept(t, conn)
		for text := range step {
			_, _ = io.WriteString(conn, text)
		}
		ignore(conn)
	})
	conn := connected(t, o)
	d := NewDirect(conn)
	b := make([]byte, 100)
	for _, row := range []struct{ readers, read, next, lent string }{
		{frame(pingFrame, "") + frame(binaryFrame, "x"), "x", frame(binaryFrame, "lent"), "lent"},
		{frame(binaryFrame, "y") + frame(pongFrame, "") + frame(binaryFrame, "z"), "yz", frame(binaryFrame, "lent"), "lent"},
		{frame(more, "first"), "first", "", ""},
		{frame(final, "last"), "last", frame(binaryFrame, "lent"), "lent"},
	} {
		step <- row.readers
		if n, more, err := d.Read(b); n > 0 || more || err != nil {
			t.Errorf("%q is the reader's; the borrower read %q, %t, %v", row.readers, b[:n], more, err)
		}
		if _, err := io.ReadFull(conn, b[:len(row.read)]); err != nil || string(b[:len(row.read)]) != row.read {
			t.Errorf("the reader read %q, %v", b, err)
		}
		if row.next == "" {
			continue
		}
		step <- row.next
		if n, more, err := d.Read(b); string(b[:n]) != row.lent || !more || err != nil {
			t.Errorf("after %q: read %q, %t, %v", row.readers, b[:n], more, err)
		}
	}
	close(step)
	_ = conn.Close()
	wait()
}
