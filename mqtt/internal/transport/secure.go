package transport

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// secure is a TLS connection.
type secure struct {
	*tls.Conn
	below    net.Conn // without the wrapper that TLS is given
	outlet   *outlet  // of Direct, or nil
	security *security
	begun    bool // the server has sent something after the handshake
	scratch  net.Buffers
}

func (c *secure) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		err = c.security.broken(err, errors.ErrDecrypt, !c.begun && n == 0)
	}
	c.begun = c.begun || n > 0
	return n, err
}

func (c *secure) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		err = c.security.broken(err, errors.ErrEncrypt, false)
	}
	return n, err
}

// fullRecord is the most that a record holds.
const fullRecord = 16 << 10

var recordBuffers = sync.Pool{New: func() any { return new([fullRecord]byte) }}

// WriteSegments collects small segments, so that they leave in full records; large ones are not copied.
func (c *secure) WriteSegments(segments [][]byte, progress func()) error {
	if err := c.outlet.flush(); err != nil {
		return err
	}
	return strides(&c.scratch, segments, progress, func(group net.Buffers) error {
		if len(group) == 1 {
			_, err := c.Write(group[0])
			return err
		}
		buffer := recordBuffers.Get().(*[fullRecord]byte)
		defer recordBuffers.Put(buffer)
		pending := buffer[:0]
		for _, s := range group {
			if n := len(pending); n > 0 && n+len(s) > fullRecord {
				s = s[copy(buffer[n:], s):]
				if _, err := c.Write(buffer[:]); err != nil {
					return err
				}
				pending = buffer[:0]
			}
			if len(s) >= fullRecord {
				whole := len(s) - len(s)%fullRecord
				if _, err := c.Write(s[:whole]); err != nil {
					return err
				}
				s = s[whole:]
			}
			pending = append(pending, s...)
		}
		if len(pending) == 0 {
			return nil
		}
		_, err := c.Write(pending)
		return err
	})
}

func (c *secure) tryWrite(segments [][]byte) bool { return c.WriteSegments(segments, nil) == nil }

// readLent needs nothing else: crypto/tls keeps the part of a record that has arrived when a deadline ends a read.
func (c *secure) readLent(b []byte) (n int, more bool, err error) {
	n, err = c.Read(b)
	return n, true, err
}

// The deadlines are those of the connection below: crypto/tls sees a wrapper that keeps its own out.

func (c *secure) SetDeadline(t time.Time) error      { return c.below.SetDeadline(t) }
func (c *secure) SetReadDeadline(t time.Time) error  { return c.below.SetReadDeadline(t) }
func (c *secure) SetWriteDeadline(t time.Time) error { return c.below.SetWriteDeadline(t) }

// Close ends the connection at once. The alert close_notify is CloseWrite's to send: it might have to wait.
func (c *secure) Close() error { return c.below.Close() }
