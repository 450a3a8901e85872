// Package mqtttest is what the tests of this module share: servers that a test drives packet by packet, connections in
// memory, and a recorder of events. Programs do not import it; package mqtt/mqtttest has a server for their tests.
package mqtttest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Patience is how long the other end, and the way to it, may stand still in real time on a machine that is busy. It is
// far more than a hundred times what anything takes on an idle one.
const Patience = time.Minute

// Server is a server that a test drives packet by packet. It does nothing by itself.
type Server struct {
	Host string
	Port int
	// Patience bounds every wait: that of the package on TCP, and 1,000 hours of virtual time in memory.
	Patience time.Duration
	// Layer puts TLS, WebSocket or a proxy on the server's end of each connection; nil = none. See OverTLS,
	// OverWebSocket.
	Layer func(conn net.Conn) net.Conn

	listener *net.TCPListener
	pipes    chan *PipeConn
}

// NewServer listens on a free loopback port until the end of the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Patience: Patience, listener: listener}
}

// NewMemoryServer is reached by Dial only. Inside a synctest bubble its waits take virtual time.
func NewMemoryServer(testing.TB) *Server {
	return &Server{Host: "127.0.0.1", Port: 1883, Patience: 1000 * time.Hour, pipes: make(chan *PipeConn, 64)}
}

// Addr is HOST:PORT.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Close stops listening: who connects is refused.
func (s *Server) Close() { _ = s.listener.Close() }

// Dial connects to the server; what the component's dial hook is set to.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if s.pipes == nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", s.listener.Addr().String())
	}
	client, server := Pipe()
	s.pipes <- server
	return client, nil
}

// Accept waits for the next connection. It is closed at the end of the test.
func (s *Server) Accept(t testing.TB) *Conn {
	t.Helper()
	var conn net.Conn
	if s.pipes != nil {
		limit := time.NewTimer(s.Patience)
		defer limit.Stop()
		select {
		case conn = <-s.pipes:
		case <-limit.C:
			t.Fatal("nobody connected")
		}
	} else {
		_ = s.listener.SetDeadline(time.Now().Add(s.Patience))
		tcp, err := s.listener.AcceptTCP()
		if err != nil {
			t.Fatal("nobody connected: ", err)
		}
		conn = tcp
	}
	t.Cleanup(func() { _ = conn.Close() })
	return s.serverEnd(t, conn)
}

// serverEnd puts the layer on a connection.
func (s *Server) serverEnd(t testing.TB, raw net.Conn) *Conn {
	conn := raw
	if s.Layer != nil {
		conn = s.Layer(raw)
	}
	return &Conn{t: t, conn: conn, raw: raw, patience: s.Patience, Version: packet.V311, witness: newWitness(t)}
}

// AcceptConnected is Accept with the exchange of CONNECT and a plain CONNACK.
func (s *Server) AcceptConnected(t testing.TB) *Conn {
	t.Helper()
	c := s.Accept(t)
	c.ExpectConnect()
	c.SendConnack(false, 0, nil)
	return c
}

// Conn is the server's end of one connection. A wait that fails ends the test.
type Conn struct {
	Version packet.Version // of CONNECT

	t        testing.TB
	conn     net.Conn
	raw      net.Conn // below the layer
	patience time.Duration
	buf      []byte // read and not consumed
	witness  *witness
}

// Packet is a packet of the client.
type Packet struct {
	packet.Header
	Body  []byte
	Bytes []byte // the whole packet
}

// NetConn is the connection itself.
func (c *Conn) NetConn() net.Conn { return c.conn }

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

func (c *Conn) hex(s string) []byte {
	c.t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// Send writes these bytes, in hexadecimal with spaces as you like.
func (c *Conn) Send(s string) {
	c.t.Helper()
	c.SendBytes(c.hex(s))
}

// SendBytes writes b.
func (c *Conn) SendBytes(b []byte) {
	c.t.Helper()
	if err := c.TrySend(b); err != nil {
		c.t.Fatal("sending to the client: ", c.explain(err))
	}
}

// TrySend writes b; the client may have gone.
func (c *Conn) TrySend(b []byte) error {
	c.witness.heard(true, b)
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.patience))
	_, err := c.conn.Write(b)
	return err
}

// Connack encodes CONNACK.
func (c *Conn) Connack(present bool, reason packet.ReasonCode, p packet.Properties) []byte {
	return packet.AppendConnack(nil, c.Version, &packet.Connack{SessionPresent: present, Reason: reason, Properties: p})
}

// SendConnack sends CONNACK.
func (c *Conn) SendConnack(present bool, reason packet.ReasonCode, p packet.Properties) {
	c.t.Helper()
	c.SendBytes(c.Connack(present, reason, p))
}

// Publish encodes PUBLISH; id is ignored with QoS 0.
func (c *Conn) Publish(topic string, qos byte, id uint16, payload string) []byte {
	return packet.AppendPublish(nil, c.Version, &packet.Publish{
		Topic: []byte(topic), QoS: qos, PacketID: id,
		Payload: []byte(payload),
	})
}

// SendPublish sends PUBLISH.
func (c *Conn) SendPublish(topic string, qos byte, id uint16, payload string) {
	c.t.Helper()
	c.SendBytes(c.Publish(topic, qos, id, payload))
}

// SendPublishPacket sends PUBLISH with flags and properties.
func (c *Conn) SendPublishPacket(p *packet.Publish) {
	c.t.Helper()
	c.SendBytes(packet.AppendPublish(nil, c.Version, p))
}

// SendAck sends PUBACK, PUBREC, PUBREL or PUBCOMP with success.
func (c *Conn) SendAck(t packet.Type, id uint16) {
	c.t.Helper()
	c.SendBytes(packet.AppendShortAck(nil, t, id))
}

// SendReason sends a v5 acknowledgment with a reason.
func (c *Conn) SendReason(t packet.Type, id uint16, reason packet.ReasonCode, p packet.Properties) {
	c.t.Helper()
	c.SendBytes(packet.AppendAck(nil, c.Version, t, &packet.Ack{PacketID: id, Reason: reason, Properties: p}))
}

// SendSuback sends SUBACK.
func (c *Conn) SendSuback(id uint16, reasons ...byte) {
	c.t.Helper()
	c.SendBytes(packet.AppendSuback(nil, c.Version, &packet.Suback{PacketID: id, Reasons: reasons}))
}

// SendUnsuback sends UNSUBACK; 3.1.1 has no reasons.
func (c *Conn) SendUnsuback(id uint16, reasons ...byte) {
	c.t.Helper()
	c.SendBytes(packet.AppendUnsuback(nil, c.Version, &packet.Unsuback{PacketID: id, Reasons: reasons}))
}

// SendDisconnect sends a v5 DISCONNECT.
func (c *Conn) SendDisconnect(reason packet.ReasonCode, p packet.Properties) {
	c.t.Helper()
	c.SendBytes(packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Reason: reason, Properties: p}))
}

// Close closes the connection in order.
func (c *Conn) Close() { _ = c.conn.Close() }

// CloseWrite closes our direction: the client reads the end and can still write.
func (c *Conn) CloseWrite() { _ = c.conn.(interface{ CloseWrite() error }).CloseWrite() }

// Reset ends the connection with RST.
func (c *Conn) Reset() {
	switch conn := c.raw.(type) {
	case *net.TCPConn:
		_ = conn.SetLinger(0)
		_ = conn.Close()
	case *PipeConn:
		conn.Reset()
	}
}

// Serve answers CONNECT, PUBLISH of QoS 1 and 2, PUBREL, SUBSCRIBE, UNSUBSCRIBE and PINGREQ, and returns when the
// client disconnects or the connection ends. seen is called for each packet first, and may be nil; when it returns
// false the packet is not answered.
func (c *Conn) Serve(seen func(p *Packet) bool) {
	for {
		p, err := c.Next()
		if err != nil {
			return
		}
		if p.Type() == packet.CONNECT {
			if c.Version, _, err = packet.DecodeConnect(p.Body); err != nil {
				return
			}
		}
		if seen != nil && !seen(p) {
			continue
		}
		var answer []byte
		switch p.Type() {
		case packet.CONNECT:
			answer = c.Connack(false, 0, nil)
		case packet.PUBLISH:
			publish, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
			if err != nil {
				c.t.Error(err)
				return
			}
			switch publish.QoS {
			case 1:
				answer = packet.AppendShortAck(nil, packet.PUBACK, publish.PacketID)
			case 2:
				answer = packet.AppendShortAck(nil, packet.PUBREC, publish.PacketID)
			}
		case packet.PUBREL:
			answer = packet.AppendShortAck(nil, packet.PUBCOMP, uint16(p.Body[0])<<8|uint16(p.Body[1]))
		case packet.SUBSCRIBE:
			s, err := packet.DecodeSubscribe(c.Version, p.Body)
			if err != nil {
				c.t.Error(err)
				return
			}
			var reasons []byte
			for _, o := range s.Filters.Subscriptions() {
				reasons = append(reasons, o.QoS())
			}
			answer = packet.AppendSuback(nil, c.Version, &packet.Suback{PacketID: s.PacketID, Reasons: reasons})
		case packet.UNSUBSCRIBE:
			u, err := packet.DecodeUnsubscribe(c.Version, p.Body)
			if err != nil {
				c.t.Error(err)
				return
			}
			var reasons []byte
			for range u.Filters.Filters() {
				reasons = append(reasons, 0)
			}
			answer = packet.AppendUnsuback(nil, c.Version, &packet.Unsuback{PacketID: u.PacketID, Reasons: reasons})
		case packet.PINGREQ:
			answer = packet.AppendPingresp(nil)
		case packet.DISCONNECT:
			c.Close()
			return
		}
		if len(answer) > 0 && c.TrySend(answer) != nil {
			return
		}
	}
}

// ServeAll serves every connection with Conn.Serve until the end of the test. It returns a function that reports the
// connection whose CONNECT came last, nil before the first: the version of one without CONNECT is not known yet.
func (s *Server) ServeAll(t testing.TB, seen func(c *Conn, p *Packet) bool) (latest func() *Conn) {
	t.Helper()
	var mu sync.Mutex
	var all []*Conn
	var last *Conn
	over := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			var conn net.Conn
			if s.pipes != nil {
				select {
				case conn = <-s.pipes:
				case <-over:
					return
				}
			} else {
				tcp, err := s.listener.AcceptTCP()
				if err != nil {
					return
				}
				conn = tcp
			}
			c := s.serverEnd(t, conn)
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
			serving.Go(func() {
				defer c.Close()
				c.Serve(func(p *Packet) bool {
					if p.Type() == packet.CONNECT {
						mu.Lock()
						last = c
						mu.Unlock()
					}
					return seen == nil || seen(c, p)
				})
			})
		}
	})
	t.Cleanup(func() {
		close(over)
		if s.listener != nil {
			_ = s.listener.Close()
		}
		mu.Lock()
		for _, c := range all {
			c.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return func() *Conn {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}
