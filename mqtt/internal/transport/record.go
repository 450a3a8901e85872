package transport

import (
	"fmt"
	"net"
	"time"
)

// recordAlert is the type of a TLS record with an alert.
const recordAlert = 21

var recordTypes = map[byte]string{
	20: "change cipher spec", recordAlert: "alert", 22: "handshake",
	23: "application data", 24: "heartbeat",
}

// records is what TLS runs on. It tells the headers of the records that pass, for LogSSLPackets.
//
// crypto/tls sets deadlines of its own for its last alert. They are ignored, because the owner of the connection has
// said how long writing may take.
type records struct {
	net.Conn
	sent, received recordHeaders
}

func (c *records) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.received.pass("received", b[:n])
	return n, err
}

func (c *records) Write(b []byte) (int, error) {
	c.sent.pass("sent", b)
	return c.Conn.Write(b)
}

func (*records) SetWriteDeadline(time.Time) error { return nil }

// recordHeaders follows one direction.
type recordHeaders struct {
	tell   func(string) // nil = nobody wants to know
	header []byte       // the beginning of one
	skip   int          // what is left of the contents of a record
}

// pass looks at bytes that go by.
func (h *recordHeaders) pass(direction string, b []byte) {
	const size = 5 // type, version, length of the contents
	if h.tell == nil {
		return
	}
	for len(b) > 0 {
		if h.skip > 0 {
			n := min(h.skip, len(b))
			h.skip, b = h.skip-n, b[n:]
			continue
		}
		n := min(size-len(h.header), len(b))
		h.header, b = append(h.header, b[:n]...), b[n:]
		if len(h.header) < size {
			return
		}
		h.skip = int(h.header[3])<<8 | int(h.header[4])
		kind, known := recordTypes[h.header[0]]
		if !known {
			kind = "unknown"
		}
		h.tell(fmt.Sprintf("TLS record %s: type %d (%s), version %d.%d, length %d.", direction, h.header[0], kind,
			h.header[1], h.header[2], h.skip))
		h.header = h.header[:0]
	}
}
