// Package broker lets the example programs run without a server: it is a small MQTT server inside the program. A program of
// yours needs nothing of it; put the URL of your server where an example calls this package.
package broker

import (
	"crypto/tls"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// URL is the server that the command line names as its first argument, for example mqtt://localhost:1883. Without an
// argument URL starts a broker inside the program, which stop ends.
func URL() (url string, stop func()) {
	if len(os.Args) > 1 {
		return os.Args[1], func() {}
	}
	server, err := Start(Options{})
	if err != nil {
		log.Fatal(err)
	}
	return server.URL, server.Stop
}

// Options say what stands between the broker and TCP.
type Options struct {
	TLS       *tls.Config // nil = no TLS
	WebSocket bool
}

// Server is a running broker. It takes every client, and only this computer reaches it.
type Server struct {
	URL string // for MQTT.SetRemoteHost

	broker   *mochi.Server
	listener *listener
}

// Start starts a broker on a port that the system chooses.
func Start(o Options) (*Server, error) {
	broker := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, err
	}
	if err := broker.AddHook(new(aliases), nil); err != nil {
		return nil, err
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &Server{broker: broker, listener: &listener{Listener: tcp, standing: map[net.Conn]bool{}}}
	above := net.Listener(server.listener)
	scheme := "mqtt"
	if o.TLS != nil {
		above, scheme = tls.NewListener(above, o.TLS), "mqtts"
	}
	if o.WebSocket {
		above = serveWebSocket(above)
		scheme = map[string]string{"mqtt": "ws", "mqtts": "wss"}[scheme]
	}
	server.URL = scheme + "://" + tcp.Addr().String()
	if err := broker.AddListener(listeners.NewNet("example", above)); err != nil {
		return nil, err
	}
	return server, broker.Serve()
}

// Cut ends all connections without a word, as a failing network does. Clients may come back at once.
func (s *Server) Cut() { s.listener.hangUp() }

// Stop ends the broker.
func (s *Server) Stop() {
	_ = s.listener.Close()
	s.Cut()
	s.broker.Listeners.ClientsWg.Wait() // its Close hangs when a client leaves at that moment
	_ = s.broker.Close()                // what it could report is that the listener is closed
}

// aliases says that the broker takes topic aliases. It does, and keeps it to itself.
type aliases struct{ mochi.HookBase }

func (*aliases) Provides(b byte) bool { return b == mochi.OnPacketEncode }

func (*aliases) OnPacketEncode(_ *mochi.Client, p packets.Packet) packets.Packet {
	if p.FixedHeader.Type == packets.Connack && p.ProtocolVersion == 5 {
		p.Properties.TopicAliasMaximum = mochi.NewDefaultServerCapabilities().TopicAliasMaximum
	}
	return p
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
