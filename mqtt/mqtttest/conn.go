package mqtttest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// maxAlias is the highest topic alias that a client may use.
const maxAlias = 16

// conn is a connection of a client.
type conn struct {
	server *Server
	net    net.Conn

	// The reader's.
	version   packet.Version // 0 before CONNECT
	keepAlive time.Duration  // how long it may be silent; 0 = for ever
	aliases   map[uint16]string

	// Server.mu guards the rest.
	session   *session // nil before CONNECT is accepted, and once another connection has taken it over
	will      *message
	willDelay time.Duration
	maxPacket int // of the client, 0 = none
	out       []byte
	ending    bool // the writer closes the connection when out is written
	wake      *sync.Cond
}

// failure ends a connection with the DISCONNECT of 5.0, or just so in 3.1.1.
type failure packet.ReasonCode

func (f failure) Error() string { return packet.ReasonCode(f).String() }

// errLeft is the end of a connection that the client asked for.
var errLeft = errors.New("the client has disconnected")

// read does what the packets ask for until the connection ends.
func (c *conn) read() {
	var err error
	var buffer []byte
	chunk := make([]byte, 64<<10)
	for err == nil {
		var n int
		if c.keepAlive > 0 {
			_ = c.net.SetReadDeadline(time.Now().Add(c.keepAlive))
		}
		if n, err = c.net.Read(chunk); err == nil {
			buffer, err = c.consume(append(buffer, chunk[:n]...))
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = failure(packet.KeepAliveTimeout)
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.end(err)
}

// consume handles the whole packets of b and returns what follows them.
func (c *conn) consume(b []byte) ([]byte, error) {
	whole := b
	for {
		version := c.version
		if version == 0 {
			version = packet.V5
		}
		h, ok, err := packet.ReadHeader(version, packet.FromClient, b)
		if err != nil {
			return nil, err
		}
		if !ok || len(b) < h.PacketSize() {
			if len(b) == len(whole) {
				return b, nil
			}
			return bytes.Clone(b), nil
		}
		c.server.mu.Lock()
		err = c.handle(h, b[h.Size:h.PacketSize()])
		c.server.mu.Unlock()
		if err != nil {
			return nil, err
		}
		b = b[h.PacketSize():]
	}
}

// handle does what a packet asks for. The lock is held.
func (c *conn) handle(h packet.Header, body []byte) error {
	if (h.Type() == packet.CONNECT) != (c.version == 0) { // it comes first and once [MQTT5-3.1.0-1] [MQTT5-3.1.0-2]
		return failure(packet.ProtocolError)
	}
	if h.Type() == packet.CONNECT {
		return c.connect(body)
	}
	if c.session == nil {
		return errLeft // it was taken over
	}
	switch h.Type() {
	case packet.PUBLISH:
		return c.publish(h.First, body)
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		ack, err := packet.DecodeAck(c.version, packet.FromClient, h.Type(), body)
		if err == nil {
			c.acknowledged(h.Type(), &ack)
		}
		return err
	case packet.SUBSCRIBE:
		return c.subscribe(body)
	case packet.UNSUBSCRIBE:
		return c.unsubscribe(body)
	case packet.PINGREQ:
		c.send(packet.AppendPingresp(nil))
	case packet.DISCONNECT:
		return c.disconnect(body)
	default: // AUTH, without a method in CONNECT
		return failure(packet.ProtocolError)
	}
	return nil
}

// disconnect ends a connection in order: the will is forgotten, unless the client asks for it [MQTT5-3.14.4-3].
func (c *conn) disconnect(body []byte) error {
	d, err := packet.DecodeDisconnect(c.version, packet.FromClient, body)
	if err != nil {
		return err
	}
	if expiry, set := d.Properties.Uint(packet.PropSessionExpiryInterval); set {
		if c.session.expiry == 0 && expiry > 0 { // a session that was to end cannot be made to last [MQTT5-3.1.2.11.2]
			return failure(packet.ProtocolError)
		}
		c.session.expiry = expiry
	}
	if d.Reason == packet.NormalDisconnection {
		c.will = nil
	}
	return errLeft
}

// end lets the writer close the connection, and does what the end of one asks for. The lock is held.
func (c *conn) end(err error) {
	var broken *packet.Error
	var failed failure
	if c.version == packet.V5 && c.session != nil {
		switch {
		case errors.As(err, &broken):
			c.send(packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Reason: broken.Reason}))
		case errors.As(err, &failed):
			c.send(packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Reason: packet.ReasonCode(failed)}))
		}
	}
	if !c.ending && !errors.As(err, &broken) && !errors.As(err, &failed) && !errors.Is(err, errLeft) {
		_ = c.net.Close() // nobody reads what the writer has
	}
	c.ending = true
	c.wake.Signal()
	delete(c.server.conns, c)
	if s := c.session; s != nil {
		s.detach(c)
	}
}

// send appends a packet to what the writer writes. The lock is held.
func (c *conn) send(b []byte) {
	c.out = append(c.out, b...)
	c.wake.Signal()
}

// write writes what is there, all at a time, and asks the session for more when it has left.
func (c *conn) write() {
	var spare []byte
	c.server.mu.Lock()
	for {
		for len(c.out) == 0 && !c.ending {
			c.wake.Wait()
		}
		if len(c.out) == 0 {
			break
		}
		b := c.out
		c.out = spare[:0]
		c.server.mu.Unlock()
		_, err := c.net.Write(b)
		if spare = b; cap(spare) > maxUnsent {
			spare = nil
		}
		c.server.mu.Lock()
		if err != nil {
			break
		}
		if c.session != nil {
			c.session.sendMore()
		}
	}
	c.server.mu.Unlock()
	_ = c.net.Close()
}
