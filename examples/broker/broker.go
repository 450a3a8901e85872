// Package broker lets the example programs run without a server: it is the small MQTT server of mqtt/mqtttest inside
// the program, behind TLS and WebSocket if wanted. A program of yours needs nothing of it; put the URL of your server
// where an example calls this package.
package broker

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"sync"

	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

// URL is the server that the command line names as its first argument, for example mqtt://localhost:1883. Without an
// argument URL starts a broker inside the program, which stop ends.
func URL() (url string, stop func()) {
	if len(os.Args) > 1 {
		return os.Args[1], func() {}
	}
	server, err := mqtttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	return "mqtt://" + address(server), server.Close
}

func address(s *mqtttest.Server) string { return net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())) }

// Options say what stands between the broker and TCP.
type Options struct {
	TLS       *tls.Config // nil = no TLS
	WebSocket bool
}

// Server is a running broker. It takes every client, and only this computer reaches it.
type Server struct {
	URL string // for MQTT.SetRemoteHost

	broker   *mqtttest.Server
	listener *listener    // of the TCP connections
	above    net.Listener // of what is above them
	relays   sync.WaitGroup
}

// Start starts a broker on a port that the system chooses.
func Start(o Options) (*Server, error) {
	broker, err := mqtttest.Start()
	if err != nil {
		return nil, err
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		broker.Close()
		return nil, err
	}
	s := &Server{broker: broker, listener: &listener{Listener: tcp, standing: map[net.Conn]bool{}}}
	s.above = s.listener
	scheme := "mqtt"
	if o.TLS != nil {
		s.above, scheme = tls.NewListener(s.above, o.TLS), "mqtts"
	}
	if o.WebSocket {
		s.above = serveWebSocket(s.above)
		scheme = map[string]string{"mqtt": "ws", "mqtts": "wss"}[scheme]
	}
	s.URL = scheme + "://" + tcp.Addr().String()
	s.relays.Go(s.serve)
	return s, nil
}

// serve takes what arrives on each connection to the broker, and back, until Stop.
func (s *Server) serve() {
	for {
		conn, err := s.above.Accept()
		if err != nil {
			return
		}
		s.relays.Go(func() {
			defer conn.Close()
			inner, err := net.Dial("tcp", address(s.broker))
			if err != nil {
				return
			}
			defer inner.Close()
			var back sync.WaitGroup
			back.Go(func() {
				_, _ = io.Copy(conn, inner)
				_ = conn.Close() // the broker has ended it
			})
			_, _ = io.Copy(inner, conn)
			_ = inner.Close() // the client has ended it
			back.Wait()
		})
	}
}

// Cut ends all connections without a word, as a failing network does. Clients may come back at once.
func (s *Server) Cut() { s.listener.hangUp() }

// Stop ends the broker.
func (s *Server) Stop() {
	_ = s.above.Close()
	s.broker.Close()
	s.Cut()
	s.relays.Wait()
}

// listener knows the connections that stand.
type listener struct {
	net.Listener

	mu       sync.Mutex
	standing map[net.Conn]bool
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := &connection{Conn: conn, listener: l}
	l.standing[known] = true
	return known, nil
}

func (l *listener) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.standing {
		_ = conn.(*connection).Conn.Close()
	}
}

// connection tells its listener when it ends.
type connection struct {
	net.Conn
	listener *listener
}

func (c *connection) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.standing, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
