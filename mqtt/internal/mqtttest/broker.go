// Package mqtttest is what the tests of this module share: an embedded broker, and a server that a test drives packet by
// packet. Programs do not import it.
package mqtttest

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// Broker starts an embedded MQTT 3.1.1 and 5.0 broker on a free loopback port for the time of the test. It takes every
// client.
func Broker(t testing.TB) (host string, port int) {
	t.Helper()
	host, port, stop, err := StartBroker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return host, port
}

// StartBroker is Broker where there is no test; stop ends it.
func StartBroker() (host string, port int, stop func(), err error) {
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		return "", 0, nil, err
	}
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "", 0, nil, err
	}
	listener := &hangUpListener{TCPListener: tcp}
	if err := server.AddListener(listeners.NewNet("test", listener)); err != nil {
		return "", 0, nil, err
	}
	if err := server.Serve(); err != nil {
		return "", 0, nil, err
	}
	address := tcp.Addr().(*net.TCPAddr)
	return address.IP.String(), address.Port, func() {
		// The broker's Close reads its list of clients under a lock that it takes twice, and never returns when one of
		// them leaves at that moment. So all have to be gone before.
		listener.hangUp()
		server.Listeners.ClientsWg.Wait()
		_ = server.Close() // what it could report is that the listener is closed
	}, nil
}

// hangUpListener knows the connections that it has accepted.
type hangUpListener struct {
	*net.TCPListener
	mu       sync.Mutex
	accepted []net.Conn
}

// Accept waits for the next connection.
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
	_ = l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.accepted {
		_ = conn.Close()
	}
}
