package mqtttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Packet is a packet of the client.
type Packet struct {
	packet.Header
	Body  []byte
	Bytes []byte // the whole packet
}

// fill reads more bytes.
func (c *Conn) fill() error {
	_ = c.conn.SetReadDeadline(time.Now().Add(c.patience))
	var b [64 << 10]byte
	n, err := c.conn.Read(b[:])
	c.buf = append(c.buf, b[:n]...)
	c.witness.heard(false, b[:n])
	if n > 0 {
		return nil
	}
	return err
}

// Next reads a packet; the error tells why there is none.
func (c *Conn) Next() (*Packet, error) {
	for {
		h, ok, err := packet.ReadHeader(c.Version, packet.FromClient, c.buf)
		if err != nil {
			return nil, fmt.Errorf("the client sent %w: % X", err, c.buf[:min(len(c.buf), 64)])
		}
		if ok && len(c.buf) >= h.PacketSize() {
			b := c.buf[:h.PacketSize():h.PacketSize()]
			c.buf = c.buf[h.PacketSize():]
			return &Packet{Header: h, Body: b[h.Size:], Bytes: b}, nil
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// ExpectType reads a packet of type t.
func (c *Conn) ExpectType(want packet.Type) *Packet {
	c.t.Helper()
	p, err := c.Next()
	if err != nil {
		c.t.Fatalf("waiting for %v: %v", want, c.explain(err))
	}
	if p.Type() != want {
		c.t.Fatalf("%v came, want %v: % X", p.Type(), want, p.Bytes[:min(len(p.Bytes), 100)])
	}
	return p
}

// ExpectConnect reads CONNECT; its version holds for the connection from then on.
func (c *Conn) ExpectConnect() *packet.Connect {
	c.t.Helper()
	p := c.ExpectType(packet.CONNECT)
	version, connect, err := packet.DecodeConnect(p.Body)
	if err != nil {
		c.t.Fatal("CONNECT: ", err)
	}
	c.Version = version
	return &connect
}

// ExpectPublish reads PUBLISH.
func (c *Conn) ExpectPublish() *packet.Publish {
	c.t.Helper()
	p := c.ExpectType(packet.PUBLISH)
	publish, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
	if err != nil {
		c.t.Fatal("PUBLISH: ", err)
	}
	return &publish
}

// ExpectAck reads PUBACK, PUBREC, PUBREL or PUBCOMP for a packet identifier.
func (c *Conn) ExpectAck(want packet.Type, id uint16) *packet.Ack {
	c.t.Helper()
	p := c.ExpectType(want)
	ack, err := packet.DecodeAck(c.Version, packet.FromClient, want, p.Body)
	if err != nil {
		c.t.Fatalf("%v: %v", want, err)
	}
	if ack.PacketID != id {
		c.t.Fatalf("%v for packet %d, want %d", want, ack.PacketID, id)
	}
	return &ack
}

// Expect reads exactly these bytes, in hexadecimal with spaces as you like.
func (c *Conn) Expect(want string) {
	c.t.Helper()
	b := c.hex(want)
	for len(c.buf) < len(b) && bytes.HasPrefix(b, c.buf) {
		if err := c.fill(); err != nil {
			c.t.Fatalf("waiting for\n% X after\n% X: %v", b, c.buf, c.explain(err))
		}
	}
	if !bytes.HasPrefix(c.buf, b) {
		c.t.Fatalf("the client sent\n% X, want\n% X", c.buf[:min(len(c.buf), len(b)+32)], b)
	}
	c.buf = c.buf[len(b):]
}

// ExpectEOF reads the end of the connection, orderly or not.
func (c *Conn) ExpectEOF() {
	c.t.Helper()
	p, err := c.Next()
	if err == nil {
		c.t.Fatalf("%v came, want the end of the connection: % X", p.Type(), p.Bytes[:min(len(p.Bytes), 100)])
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("the client did not close the connection")
	}
	if len(c.buf) > 0 {
		c.t.Fatalf("the connection ended inside a packet: % X", c.buf[:min(len(c.buf), 100)])
	}
}

// ExpectNothing checks that no byte of the client waits; in memory only, after synctest.Wait.
func (c *Conn) ExpectNothing() {
	c.t.Helper()
	if n := c.Pending(); n > 0 {
		p, err := c.Next()
		c.t.Fatalf("%d bytes came, want none: %+v %v", n, p, err)
	}
}

// Pending reports how many bytes of the client wait; in memory only.
func (c *Conn) Pending() int { return len(c.buf) + c.conn.(*PipeConn).Unread() }

// Drain reads everything until the connection ends, and returns it.
func (c *Conn) Drain() []byte {
	for c.fill() == nil {
	}
	return c.buf
}

func (c *Conn) explain(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("nothing came for %v", c.patience)
	case errors.Is(err, io.EOF):
		return errors.New("the client closed the connection")
	}
	return err
}
