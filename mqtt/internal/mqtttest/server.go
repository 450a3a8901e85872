// Package mqtttest is what the tests of this module share: servers that a test drives packet by packet, connections in
// memory, and a recorder of events. Programs do not import it; package mqtt/mqtttest has a server for their tests.
package mqtttest

import (
	"context"
	"net"
	"strconv"
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

// NetConn is the connection itself.
func (c *Conn) NetConn() net.Conn { return c.conn }

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
