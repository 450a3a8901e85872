package mqtt_test

import (
	"io"
	"log/slog"
	"net"
	"sync"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// The servers of the examples.

// startBroker starts an embedded broker on a free loopback port; stop ends it.
func startBroker() (host string, port int, stop func()) {
	server := broker.New(&broker.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		panic(err)
	}
	listener := &hangUpListener{TCPListener: listenOnLoopback()}
	if err := server.AddListener(listeners.NewNet("example", listener)); err != nil {
		panic(err)
	}
	if err := server.Serve(); err != nil {
		panic(err)
	}
	host, port = hostAndPort(listener)
	return host, port, func() {
		// The broker's Close reads its list of clients under a lock that it takes twice, and never returns when one of
		// them leaves at that moment. So all have to be gone before.
		listener.hangUp()
		server.Listeners.ClientsWg.Wait()
		server.Close()
	}
}

// hangUpListener knows the connections that it has accepted.
type hangUpListener struct {
	*net.TCPListener
	mu       sync.Mutex
	accepted []net.Conn
}

func (l *hangUpListener) Accept() (net.Conn, error) {
	conn, err := l.TCPListener.Accept()
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.accepted = append(l.accepted, conn)
	}
	return conn, err
}

// hangUp ends the listener and its connections.
func (l *hangUpListener) hangUp() {
	l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.accepted {
		conn.Close()
	}
}

// startSilent starts a server on a free loopback port that accepts connections and says nothing; stop ends it.
func startSilent() (host string, port int, stop func()) {
	listener := listenOnLoopback()
	host, port = hostAndPort(listener)
	return host, port, func() { listener.Close() } // the system accepts
}

// unusedPort is a loopback port that refuses connections.
func unusedPort() int {
	listener := listenOnLoopback()
	defer listener.Close()
	_, port := hostAndPort(listener)
	return port
}

func listenOnLoopback() *net.TCPListener {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	return listener
}

func hostAndPort(listener net.Listener) (host string, port int) {
	address := listener.Addr().(*net.TCPAddr)
	return address.IP.String(), address.Port
}
