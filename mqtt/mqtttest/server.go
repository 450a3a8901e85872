package mqtttest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Server is an MQTT server. Its methods may be called from any goroutine.
type Server struct {
	listener *net.TCPListener
	serving  sync.WaitGroup // every goroutine of the server

	mu       sync.Mutex // guards everything below, and all of conn and session
	closed   bool
	conns    map[*conn]bool
	sessions map[string]*session // by ClientId
	order    []*session          // the same, in the order in which they began
	retained map[string]*message // by topic
	turns    map[string]int      // by shared filter: how many messages it has had
	refused  func(topicFilter string) bool
	lost     func(topic string) bool
}

// NewServer starts a server that ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server where there is no test. It listens on a port of 127.0.0.1 that is free, until Close. The error
// is that of net.ListenTCP.
func Start() (*Server, error) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	s := &Server{
		listener: listener, conns: map[*conn]bool{}, sessions: map[string]*session{}, retained: map[string]*message{},
		turns: map[string]int{},
	}
	// Ended by: Close. Waited for by: Close.
	s.serving.Go(s.accept)
	return s, nil
}

// Host is the address of the server, 127.0.0.1.
func (s *Server) Host() string { return s.listener.Addr().(*net.TCPAddr).IP.String() }

// Port is the port of the server.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Close ends the server and its connections, without DISCONNECT and without wills. It returns when nothing of them is
// left.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		_ = c.net.Close()
	}
	for _, session := range s.order {
		session.forgetWill()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// RefuseSubscriptions makes the server refuse the topic filters for which refused returns true, with 0x87 (Not
// authorized), or 0x80 in 3.1.1. nil refuses none, which is the default.
func (s *Server) RefuseSubscriptions(refused func(topicFilter string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = refused
}

// LoseMessages makes the server acknowledge the messages to topics for which lost returns true, and pass them on to
// nobody. nil loses none, which is the default.
func (s *Server) LoseMessages(lost func(topic string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = lost
}

// accept serves each connection in two goroutines: a reader, which does what the packets ask for, and a writer.
func (s *Server) accept() {
	for {
		tcp, err := s.listener.AcceptTCP()
		if err != nil {
			return
		}
		c := &conn{server: s, net: tcp, aliases: map[uint16]string{}}
		c.wake = sync.NewCond(&s.mu)
		s.mu.Lock()
		if s.closed {
			_ = tcp.Close()
		}
		s.conns[c] = true
		s.mu.Unlock()
		// Ended by: the end of the connection. Waited for by: Close.
		s.serving.Go(c.read)
		s.serving.Go(c.write)
	}
}

// sessionOf returns the session of a client, nil if there is none or its time is over. The lock is held.
func (s *Server) sessionOf(id string) *session {
	found := s.sessions[id]
	if found != nil && found.conn == nil && !found.ends.IsZero() && !time.Now().Before(found.ends) {
		s.drop(found)
		return nil
	}
	return found
}
