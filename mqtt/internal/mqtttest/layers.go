package mqtttest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// OverTLS is a layer of TLS. The handshake happens when the connection is first read.
func OverTLS(config *tls.Config) func(net.Conn) net.Conn {
	return func(conn net.Conn) net.Conn { return tls.Server(conn, config) }
}

// OverWebSocket is a layer of WebSocket. The upgrade happens when the connection is first read. seen is called with its
// request, and may be nil.
func OverWebSocket(seen func(*http.Request)) func(net.Conn) net.Conn {
	return func(conn net.Conn) net.Conn { return &ServerSocket{Conn: conn, seen: seen} }
}

// Layers puts layers one on the other, the lowest first.
func Layers(layers ...func(net.Conn) net.Conn) func(net.Conn) net.Conn {
	return func(conn net.Conn) net.Conn {
		for _, l := range layers {
			conn = l(conn)
		}
		return conn
	}
}

// ServerSocket is the server's end of a WebSocket: a stream, each Write of which is a binary frame.
type ServerSocket struct {
	net.Conn
	// Socket is the WebSocket itself, nil before the upgrade; for the goroutine that reads.
	Socket *websocket.Conn

	seen     func(*http.Request)
	upgrade  sync.Once
	upgraded atomic.Pointer[websocket.Conn] // Socket, for Close
	err      error
	message  io.Reader
}

func (s *ServerSocket) Read(b []byte) (int, error) {
	s.upgrade.Do(s.accept)
	for s.err == nil {
		if s.message == nil {
			_, s.message, s.err = s.Socket.NextReader()
			continue
		}
		n, err := s.message.Read(b)
		if err == io.EOF {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, s.err
}

func (s *ServerSocket) Write(b []byte) (int, error) {
	if err := s.Socket.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close sends the close frame 1000 and closes the connection.
func (s *ServerSocket) Close() error {
	if socket := s.upgraded.Load(); socket != nil {
		// Another goroutine may be writing.
		_ = socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""),
			time.Now().Add(time.Second))
	}
	return s.Conn.Close()
}

func (s *ServerSocket) accept() {
	reader := bufio.NewReader(s.Conn)
	request, err := http.ReadRequest(reader)
	if err != nil {
		s.err = err
		return
	}
	if s.seen != nil {
		s.seen(request)
	}
	upgrader := websocket.Upgrader{
		Subprotocols: []string{"mqtt"},
		CheckOrigin:  func(*http.Request) bool { return true },
	}
	s.Socket, s.err = upgrader.Upgrade(&hijacked{conn: s.Conn, reader: reader}, request, nil)
	s.upgraded.Store(s.Socket)
}

// hijacked gives the upgrader a connection that no http.Server has.
type hijacked struct {
	http.ResponseWriter
	conn   net.Conn
	reader *bufio.Reader
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(h.reader, bufio.NewWriter(h.conn)), nil
}

// Wrap makes a Conn of any connection, for servers that this package does not have.
func Wrap(t testing.TB, conn net.Conn) *Conn {
	return &Conn{t: t, conn: conn, raw: conn, patience: Patience, Version: packet.V311}
}

// ClientSocket is the client's end of a WebSocket as a stream, for benchmarks beside the component.
type ClientSocket struct {
	net.Conn
	Socket *websocket.Conn

	message io.Reader
}

func (s *ClientSocket) Read(b []byte) (int, error) {
	for {
		if s.message == nil {
			_, message, err := s.Socket.NextReader()
			if err != nil {
				return 0, err
			}
			s.message = message
		}
		n, err := s.message.Read(b)
		if err == io.EOF {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (s *ClientSocket) Write(b []byte) (int, error) {
	if err := s.Socket.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return 0, err
	}
	return len(b), nil
}
