package transport

import "time"

// Direct is how goroutines that publish and wait use a connection themselves, without the reader and the writer: single
// messages then need no switch of goroutines. It obeys the rule of Conn, that one goroutine reads and one writes at a
// time.
type Direct struct {
	conn   Conn
	socket *trySocket
	layers layered // nil without TLS and WebSocket
	outlet *outlet // below the layers
}

// maxKept bounds what is written without waiting through layers, because all of it might have to be kept.
const maxKept = 128 << 10

// layered is a connection with TLS or WebSocket.
type layered interface {
	// tryWrite writes small segments to the outlet, which does not wait, and reports whether all are in there.
	tryWrite(segments [][]byte) bool
	// readLent is Direct.Read.
	readLent(b []byte) (n int, more bool, err error)
}

// NewDirect returns the direct use of a connection of Dial, nil where there is none: on systems without non-blocking
// writes, with a rate limit, which has to wait, and with renegotiation, which an interrupted read would break.
func NewDirect(conn Conn) *Direct {
	d := &Direct{conn: conn}
	switch c := conn.(type) {
	case *plain:
		if d.socket = newTrySocket(c.Conn); d.socket == nil {
			return nil
		}
		return d
	case *secure:
		d.layers, d.outlet = c, c.outlet
	case *webSocket:
		d.layers, d.outlet = c, c.outlet
	}
	if d.outlet == nil {
		return nil
	}
	return d
}

// TryWrite writes as much of the segments as the system takes now, and reports whether all has left. What it leaves in
// them, which may be nothing or everything, has to be written by WriteSegments: that writes first what has become part
// of a record or a frame and did not leave. An error of the connection is not reported: WriteSegments meets it again.
func (d *Direct) TryWrite(segments [][]byte) bool {
	if d.layers == nil {
		for i, s := range segments {
			n := d.socket.write(s)
			if segments[i] = s[n:]; n < len(s) {
				return false
			}
		}
		return true
	}
	size := 0
	for _, s := range segments {
		size += len(s)
	}
	if size > maxKept || !d.outlet.begin() {
		return false
	}
	if d.layers.tryWrite(segments) {
		for i, s := range segments {
			segments[i] = s[len(s):]
			size -= len(s)
		}
	}
	return d.outlet.end() && size == 0
}

// Plain reports whether there is nothing between the socket and MQTT. d may be nil.
func (d *Direct) Plain() bool { return d != nil && d.layers == nil }

// WriteFor writes the segments to a Plain connection like Conn.WriteSegments, but for no longer than patience, and
// reports whether all has left. What it leaves in them has to be written by WriteSegments. It ends the write deadline.
// An error is not reported, as with TryWrite.
func (d *Direct) WriteFor(segments [][]byte, patience time.Duration, progress func()) bool {
	if patience <= 0 {
		return d.TryWrite(segments)
	}
	_ = d.conn.SetWriteDeadline(time.Now().Add(patience))
	defer func() { _ = d.conn.SetWriteDeadline(time.Time{}) }()
	for i := range segments {
		for len(segments[i]) > 0 {
			n, err := d.conn.Write(segments[i][:min(len(segments[i]), stride)])
			if segments[i] = segments[i][n:]; err != nil {
				return false
			}
			progress()
		}
	}
	return true
}

// Read reads like Conn.Read, but nothing is lost when a read deadline ends it: the connection can be read on after
// os.ErrDeadlineExceeded. Without more the next read has to be one of Conn.Read: what has arrived needs the reader, who
// may answer it and wait.
func (d *Direct) Read(b []byte) (n int, more bool, err error) {
	if d.layers != nil {
		return d.layers.readLent(b)
	}
	n, err = d.conn.Read(b)
	return n, true, err
}
