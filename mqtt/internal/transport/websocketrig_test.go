package transport

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// overWebSocket upgrades as gorilla's server does and echoes messages.
func overWebSocket(serve func(*websocket.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		served := make(chan struct{})
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(served)
			up := websocket.Upgrader{Subprotocols: []string{"mqtt"}, CheckOrigin: func(*http.Request) bool { return true }}
			ws, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			serve(ws)
			_ = ws.Close()
		})}
		listener := &single{conn: conn}
		_ = server.Serve(listener)
		<-served
		_ = server.Close()
	}
}

// single is a listener with one connection.
type single struct{ conn net.Conn }

func (l *single) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	return nil, io.EOF
}
func (*single) Close() error   { return nil }
func (*single) Addr() net.Addr { return &net.TCPAddr{} }

func echoMessages(ws *websocket.Conn) {
	for {
		kind, message, err := ws.ReadMessage()
		if err != nil || ws.WriteMessage(kind, message) != nil {
			return
		}
	}
}

// accept answers the upgrade by hand.
func accept(t testing.TB, conn net.Conn) *bufio.Reader {
	buffered := bufio.NewReaderSize(conn, 64<<10)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		t.Error(err)
		return buffered
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		acceptKey(r.Header.Get("Sec-Websocket-Key")))
	return buffered
}

// upgraded accepts and then sends bytes as they are; it goes on reading until the client closes, and tells got, unless
// nil, what it read. With nil it ends its direction at once.
func upgraded(t testing.TB, sent string, got chan<- []byte) func(net.Conn) {
	return func(conn net.Conn) {
		buffered := accept(t, conn)
		_, _ = io.WriteString(conn, sent)
		if got == nil {
			_ = closeWrite(conn)
			ignore(conn)
			return
		}
		rest, _ := io.ReadAll(buffered)
		got <- rest
	}
}

func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// inBubble are options for a server on a connection without buffers, for tests of time.
func inBubble(url string, serve func(net.Conn)) *Options {
	target, err := Parse(url)
	if err != nil {
		panic(err)
	}
	return &Options{Target: target, Port: 1, TLS: DefaultTLS(), DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { // ended by the client's Close
			defer server.Close()
			serve(server)
		}()
		return client, nil
	}}
}
