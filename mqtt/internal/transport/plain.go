package transport

import (
	stderrors "errors"
	"net"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// errNoHalves is the answer of CloseWrite where only the whole connection can be closed.
var errNoHalves = stderrors.New("transport: the connection cannot be closed in one direction")

// plain is a connection without TLS and WebSocket.
type plain struct {
	net.Conn
	begun   bool        // something was read
	foreign error       // what was read is not MQTT
	scratch net.Buffers // of the writer
}

// Read finds out at the first bytes whether something else than MQTT is spoken on the port.
func (c *plain) Read(b []byte) (int, error) {
	if c.foreign != nil {
		return 0, c.foreign
	}
	n, err := c.Conn.Read(b)
	if c.begun {
		return n, err
	}
	if n > 0 {
		c.begun = true
		if c.foreign = recognize(b[:n]); c.foreign != nil {
			return 0, c.foreign
		}
	}
	return n, unexpectedReset(err, "the server had sent anything: it may expect TLS, or something else than MQTT, on "+
		"this port.")
}

// unexpectedReset adds to the error of a reset what it came before and what that may mean. Others stay as they are.
func unexpectedReset(err error, before string) error {
	if err == nil || errors.FromOS(err).Code != errors.ErrConnectionReset {
		return err
	}
	return errors.Wrap(errors.ErrConnectionReset, "It happened before "+before, err)
}

// recognize tells protocols that begin with what no MQTT server does: the alert record of TLS, and HTTP.
func recognize(b []byte) error {
	const http = "HTTP/"
	switch {
	case b[0] == recordAlert:
		return errors.New(errors.ErrTLSHandshake, "The server answered with an alert of TLS: it expects TLS on this "+
			"port. Set SSLEnabled, use ssl:// or wss://, or connect to its port without TLS.")
	case strings.HasPrefix(http, string(b[:min(len(b), len(http))])):
		return errors.New(errors.ErrHTTPAnswer, "The server speaks HTTP on this port; for MQTT over WebSocket use "+
			"ws:// or wss://.")
	}
	return nil
}

func (c *plain) CloseWrite() error { return closeWrite(c.Conn) }

func (c *plain) WriteSegments(segments [][]byte, progress func()) error {
	if len(segments) == 1 && len(segments[0]) <= stride { // nearly always
		_, err := c.Conn.Write(segments[0])
		return err
	}
	return strides(&c.scratch, segments, progress, func(group net.Buffers) error {
		_, err := group.WriteTo(c.Conn) // writev, where there is one
		return err
	})
}
