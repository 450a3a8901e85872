package broker

import (
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// serveWebSocket is a listener whose connections are WebSockets that came through another listener.
func serveWebSocket(below net.Listener) net.Listener {
	l := &webSocketListener{Listener: below, accepted: make(chan net.Conn), closed: make(chan struct{})}
	upgrader := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	l.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		select {
		case l.accepted <- &webSocketConn{Conn: conn.NetConn(), frames: conn}:
		case <-l.closed:
			_ = conn.Close()
		}
	})
	go func() { _ = l.server.Serve(below) }() // Close ends it
	return l
}

type webSocketListener struct {
	net.Listener
	server    http.Server
	accepted  chan net.Conn
	closed    chan struct{}
	closeOnce sync.Once
}

func (l *webSocketListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *webSocketListener) Close() error {
	l.closeOnce.Do(func() { close(l.closed) })
	return l.server.Close()
}

// webSocketConn is a stream of bytes over the frames of a WebSocket: MQTT does not care where a frame ends.
type webSocketConn struct {
	net.Conn
	frames *websocket.Conn
	frame  io.Reader // what is left of the current one
}

func (c *webSocketConn) Read(p []byte) (int, error) {
	for {
		if c.frame == nil {
			_, frame, err := c.frames.NextReader()
			if err != nil {
				return 0, err
			}
			c.frame = frame
		}
		n, err := c.frame.Read(p)
		if err != io.EOF {
			return n, err
		}
		if c.frame = nil; n > 0 {
			return n, nil
		}
	}
}

func (c *webSocketConn) Write(p []byte) (int, error) {
	if err := c.frames.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
