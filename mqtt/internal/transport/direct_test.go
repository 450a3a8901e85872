//go:build unix

package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"

	"github.com/gorilla/websocket"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// Without layers there is nothing to keep: what does not leave stays in the segments.
func TestDirectOverTCP(t *testing.T) {
	conn := connected(t, toLoopback(loopback(t, echo)))
	defer conn.Close()
	d := NewDirect(conn)
	if !d.TryWrite([][]byte{[]byte("there "), []byte("and back")}) {
		t.Error("there is room")
	}
	got := make([]byte, 14)
	for n := 0; n < len(got); {
		more, _, err := d.Read(got[n:])
		if n += more; err != nil {
			t.Fatal(err)
		}
	}
	if string(got) != "there and back" {
		t.Errorf("read %q", got)
	}
	_ = conn.Close()
	if segments := [][]byte{[]byte("x"), []byte("y")}; d.TryWrite(segments) || string(segments[0]) != "x" {
		t.Error("writing to a closed connection succeeded")
	}
}

// eachLayer runs a test over TLS and WebSocket. serve is the server's end without the layers, each Write of which is one
// record or frame.
func eachLayer(t *testing.T, serve func(net.Conn), run func(t *testing.T, o *Options)) {
	ca := testpki.NewAuthority(t, "Test CA")
	config := func(version uint16) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}, MaxVersion: version}
	}
	stream := func(ws *websocket.Conn) { serve(&messageStream{Conn: ws.NetConn(), ws: ws}) }
	for name, row := range map[string]struct {
		url   string
		serve func(net.Conn)
	}{
		"TLS 1.2":   {"ssl://" + serverName, overTLS(config(tls.VersionTLS12), serve)},
		"TLS 1.3":   {"ssl://" + serverName, overTLS(config(tls.VersionTLS13), serve)},
		"WebSocket": {"ws://" + serverName, overWebSocket(stream)},
		"both":      {"wss://" + serverName, overTLS(config(tls.VersionTLS13), overWebSocket(stream))},
	} {
		t.Run(name, func(t *testing.T) {
			o, wait := options(row.url, row.serve)
			defer wait()
			o.TLS.ServerCACerts = ca.PEM()
			run(t, o)
		})
	}
}

// messageStream is gorilla's WebSocket as a stream of bytes.
type messageStream struct {
	net.Conn
	ws      *websocket.Conn
	message io.Reader
}

func (s *messageStream) Read(b []byte) (int, error) {
	for {
		if s.message == nil {
			_, message, err := s.ws.NextReader()
			if err != nil {
				return 0, err
			}
			s.message = message
		}
		n, err := s.message.Read(b)
		if err != io.EOF {
			return n, err
		}
		if s.message = nil; n > 0 {
			return n, nil
		}
	}
}

func (s *messageStream) Write(b []byte) (int, error) {
	return len(b), s.ws.WriteMessage(websocket.BinaryMessage, b)
}

// Of a record or a frame the system takes any part: the rest leaves with the next write, before what that writes itself.
func TestTryWriteTakesPart(t *testing.T) {
	eachLayer(t, echo, func(t *testing.T, o *Options) {
		conn := connected(t, o)
		defer conn.Close()
		d := NewDirect(conn)
		whole := false
		for room := 0; !whole; room++ {
			left := room
			d.outlet.now = func(b []byte) int {
				n, _ := d.outlet.Conn.Write(b[:min(left, len(b))])
				left -= n
				return n
			}
			segments := [][]byte{[]byte("one segment, "), []byte("another, ")}
			whole = d.TryWrite(segments)
			if len(segments[0])+len(segments[1]) > 0 {
				t.Fatalf("room for %d: %q is left", room, segments)
			}
			if d.outlet.begin() {
				if !whole {
					t.Fatalf("room for %d: something waits, and the next write overtakes it", room)
				}
				d.outlet.end()
			}
			if room%2 == 0 { // what the writer finds there, or more
				segments = append(segments, []byte("then more"))
			} else if err := conn.WriteSegments(segments, nil); err != nil {
				t.Fatal(err)
			} else if !d.outlet.begin() || !d.outlet.end() {
				t.Fatalf("room for %d: writing nothing does not write the rest", room)
			} else {
				segments = [][]byte{[]byte("then more")}
			}
			if err := conn.WriteSegments(segments, nil); err != nil {
				t.Fatal(err)
			}
			const want = "one segment, another, then more"
			got := make([]byte, len(want))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
				t.Fatalf("room for %d: %q arrived, %v", room, got, err)
			}
		}
	})
}

// TryWrite never waits for a server that does not read, and loses nothing.
func TestTryWriteToAFullSocket(t *testing.T) {
	begin, arrived := make(chan struct{}), make(chan []byte)
	serve := func(conn net.Conn) {
		<-begin
		all, _ := io.ReadAll(conn)
		arrived <- all
	}
	check := func(t *testing.T, o *Options) {
		conn := connected(t, o)
		d := NewDirect(conn)
		var sent []byte
		full := false
		for i := 0; !full; i++ {
			segment := fmt.Appendf(nil, "%06d %s\n", i, bytes.Repeat([]byte("x"), 1000))
			sent = append(sent, segment...)
			segments := [][]byte{segment}
			if full = !d.TryWrite(segments); full {
				if d.TryWrite([][]byte{[]byte("overtaking")}) {
					t.Error("there was room")
				}
				begin <- struct{}{}
				if err := conn.WriteSegments(segments, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := <-arrived; !bytes.Equal(got, sent) {
			t.Errorf("%d bytes arrived, %d were sent", len(got), len(sent))
		}
		_ = conn.Close()
	}
	eachLayer(t, serve, check)
}

// What is large is the writer's, and so is everything while a write waits.
func TestTryWriteRefuses(t *testing.T) {
	eachLayer(t, echo, func(t *testing.T, o *Options) {
		conn := connected(t, o)
		defer conn.Close()
		d := NewDirect(conn)
		d.outlet.now = func([]byte) int { panic("it was tried") }
		large := [][]byte{make([]byte, maxKept+1)}
		if d.TryWrite(large) || len(large[0]) != maxKept+1 {
			t.Error("a large segment was written")
		}
		_ = d.outlet.try(nil) // a write begins
		if small := [][]byte{[]byte("small")}; d.TryWrite(small) || len(small[0]) != 5 {
			t.Error("something was written beside a write that waits")
		}
		d.outlet.waited()
		exchange(t, conn)
	})
}

// Errors are the writer's to find, after TryWrite as before it.
func TestTryWriteToAClosedConnection(t *testing.T) {
	eachLayer(t, echo, func(t *testing.T, o *Options) {
		conn := connected(t, o)
		d := NewDirect(conn)
		_ = conn.Close()
		for range 2 {
			segments := [][]byte{[]byte("x")}
			if d.TryWrite(segments) {
				t.Error("writing to a closed connection succeeded")
			}
			if err := conn.WriteSegments(segments, nil); !stderrors.Is(err, net.ErrClosed) {
				t.Errorf("the writer finds %v", err)
			}
		}
	})
}

func TestOutlet(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // which takes nothing that is not read
		defer far.Close()
		defer near.Close()
		o := &outlet{Conn: near, now: func([]byte) int { return 0 }}
		write := func(text string) {
			if n, err := o.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("writing %q: %d, %v", text, n, err)
			}
		}
		if !o.begin() {
			t.Fatal("nothing waits")
		}
		write("one ")
		write("two ")
		if err := o.flush(); err != nil {
			t.Errorf("flushing waits: %v", err)
		}
		if o.end() {
			t.Error("what was not taken is forgotten")
		}
		go write("three ")
		synctest.Wait() // until it is stuck
		if o.begin() {
			t.Error("the layers may be locked")
		}
		go write("four")
		got := make([]byte, len("one two three four"))
		if _, err := io.ReadFull(far, got); err != nil || string(got) != "one two three four" {
			t.Errorf("%q arrived, %v", got, err)
		}
		synctest.Wait()
		if !o.begin() || !o.end() {
			t.Error("everything has left")
		}
	})
}

// A ping that is read while somebody must not wait is answered without waiting either.
func TestPingWhileTrying(t *testing.T) {
	got := make(chan []byte, 1)
	o, wait := options("ws://"+serverName, upgraded(t, frame(pingFrame, "p")+frame(binaryFrame, "x"), got))
	conn := connected(t, o)
	d := NewDirect(conn)
	d.outlet.now = func([]byte) int { return 0 }
	d.outlet.begin()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	if d.outlet.end() {
		t.Error("the answer is lost")
	}
	if segments := [][]byte{[]byte("y")}; d.TryWrite(segments) || conn.WriteSegments(segments, nil) != nil {
		t.Error("the answer was overtaken, or writing failed")
	}
	conn.(*webSocket).writing.Lock() // as if the reader were answering
	if d.TryWrite([][]byte{[]byte("z")}) {
		t.Error("a frame was written into another")
	}
	conn.(*webSocket).writing.Unlock()
	_ = closeWrite(d.outlet.Conn)
	kind, payload, rest := readFrame(t, <-got)
	if kind != pongFrame || string(payload) != "p" {
		t.Errorf("first came %x %q", kind, payload)
	}
	if kind, payload, rest = readFrame(t, rest); kind != 0x82 || string(payload) != "y" || len(rest) > 0 {
		t.Errorf("then came %x %q and %q", kind, payload, rest)
	}
	_ = conn.Close()
	wait()
}

// A read that renegotiation is part of cannot be interrupted.
func TestNoDirectUse(t *testing.T) {
	_, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	o.TLS.Renegotiation = true
	conn := connected(t, o)
	defer conn.Close()
	if NewDirect(conn) != nil {
		t.Error("the connection is lent")
	}
	exchange(t, conn)
}

// interrupted is a socket whose reads end like at a deadline after a number of bytes.
type interrupted struct {
	*net.TCPConn
	left int // negative = no end
}

func (c *interrupted) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	if c.left < 0 {
		return c.TCPConn.Read(b)
	}
	n, err := c.TCPConn.Read(b[:min(c.left, len(b))])
	c.left -= n
	return n, err
}

// interruptible makes o dial such a socket.
func interruptible(o *Options) func() *interrupted {
	var socket *interrupted
	dial := o.DialContext
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		socket = &interrupted{TCPConn: conn.(*net.TCPConn), left: -1}
		return socket, nil
	}
	return func() *interrupted { return socket }
}

// A read that is interrupted after any byte of a record or a frame loses nothing, whoever reads on.
func TestInterruptedRead(t *testing.T) {
	eachLayer(t, echo, func(t *testing.T, o *Options) {
		dialed := interruptible(o)
		conn := connected(t, o)
		defer conn.Close()
		socket, d := dialed(), NewDirect(conn)
		const text = "in one piece"
		exchange(t, conn) // session tickets come before it
		got := make([]byte, 100)
		for left, whole := 1, false; !whole; left++ {
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			socket.left = left
			n, more, err := d.Read(got)
			for range 2 { // it can be interrupted again
				if stderrors.Is(err, os.ErrDeadlineExceeded) && n == 0 && more {
					n, more, err = d.Read(got)
				}
			}
			socket.left = -1
			switch whole = err == nil; {
			case whole:
			case !stderrors.Is(err, os.ErrDeadlineExceeded) || n > 0 || !more:
				t.Fatalf("after %d bytes: %d, %t, %v", left, n, more, err)
			case left%2 == 0:
				n, _, err = d.Read(got)
			default:
				n, err = io.ReadFull(conn, got[:len(text)]) // the reader takes parts
			}
			if err != nil || string(got[:n]) != text {
				t.Fatalf("after %d bytes: read %q, %v", left, got[:n], err)
			}
		}
	})
}
