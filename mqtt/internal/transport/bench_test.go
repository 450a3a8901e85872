package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// The benchmarks put a connection of Dial beside what it is made of, with the same bytes and the same server. The peer
// discards or repeats in the same process, so that its work is in both.

var benchSizes = []int{64, 1 << 10, 16 << 10, 256 << 10}

// benchWrite writes messages of each size.
func benchWrite(b *testing.B, dial func(testing.TB, func(net.Conn)) io.WriteCloser, wrap func(func(net.Conn)) func(net.Conn)) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			conn := dial(b, wrap(ignore))
			message := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(message); err != nil {
					b.Fatal(err)
				}
			}
			_ = conn.Close()
		})
	}
}

func benchTLS(b *testing.B) (config *tls.Config, o func(net.Addr) *Options, plainConfig *tls.Config) {
	ca := testpki.NewAuthority(b, "Test CA")
	config = &tls.Config{Certificates: []tls.Certificate{ca.Issue(b, nil).TLS()}}
	pool := newPool(nil)
	pool.AddCert(ca.Cert)
	o = func(addr net.Addr) *Options {
		o := toLoopback(addr)
		o.Target.Host, o.TLS.Enabled, o.TLS.ServerCACerts = serverName, true, ca.PEM()
		o.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr.String())
		}
		return o
	}
	return config, o, &tls.Config{ServerName: serverName, RootCAs: pool}
}

func BenchmarkTLSWrite(b *testing.B) {
	config, o, plainConfig := benchTLS(b)
	serve := func(next func(net.Conn)) func(net.Conn) { return overTLS(config, next) }
	b.Run("transport", func(b *testing.B) {
		benchWrite(b, func(t testing.TB, s func(net.Conn)) io.WriteCloser { return connected(t, o(loopback(t, s))) }, serve)
	})
	b.Run("crypto-tls", func(b *testing.B) {
		benchWrite(b, func(t testing.TB, s func(net.Conn)) io.WriteCloser {
			conn, err := tls.Dial("tcp", loopback(t, s).String(), plainConfig)
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}, serve)
	})
}

func BenchmarkTLSHandshake(b *testing.B) {
	config, o, plainConfig := benchTLS(b)
	addr := loopback(b, overTLS(config, ignore))
	b.Run("transport", func(b *testing.B) {
		options := o(addr)
		for b.Loop() {
			_ = connected(b, options).Close()
		}
	})
	b.Run("crypto-tls", func(b *testing.B) {
		for b.Loop() {
			conn, err := tls.Dial("tcp", addr.String(), plainConfig)
			if err != nil {
				b.Fatal(err)
			}
			_ = conn.NetConn().Close()
		}
	})
}

// messages is a writer that makes each write a message of gorilla.
type messages struct{ *websocket.Conn }

func (m messages) Write(b []byte) (int, error) {
	return len(b), m.WriteMessage(websocket.BinaryMessage, b)
}

func discardMessages(ws *websocket.Conn) {
	for {
		_, r, err := ws.NextReader()
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r)
	}
}

func dialGorilla(t testing.TB, addr net.Addr) *websocket.Conn {
	d := websocket.Dialer{Subprotocols: []string{"mqtt"}, ReadBufferSize: webSocketReadBuffer, WriteBufferSize: webSocketWriteBuffer}
	ws, _, err := d.Dial("ws://"+addr.String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func webSocketTo(addr net.Addr) *Options {
	o := toLoopback(addr)
	o.Target.Scheme, o.Target.Path = "ws", "/"
	return o
}

func BenchmarkWebSocketWrite(b *testing.B) {
	serve := func(func(net.Conn)) func(net.Conn) { return overWebSocket(discardMessages) }
	b.Run("transport", func(b *testing.B) {
		benchWrite(b, func(t testing.TB, s func(net.Conn)) io.WriteCloser { return connected(t, webSocketTo(loopback(t, s))) }, serve)
	})
	b.Run("gorilla", func(b *testing.B) {
		benchWrite(b, func(t testing.TB, s func(net.Conn)) io.WriteCloser { return messages{dialGorilla(t, loopback(t, s))} }, serve)
	})
}

// BenchmarkWebSocketRead reads frames of one packet each, as servers send them.
func BenchmarkWebSocketRead(b *testing.B) {
	for _, size := range benchSizes {
		source := func(conn net.Conn) {
			accept(b, conn)
			one := frame(binaryFrame, string(make([]byte, size)))
			batch := []byte(one)
			for len(batch) < 64<<10 {
				batch = append(batch, one...)
			}
			for {
				if _, err := conn.Write(batch); err != nil {
					return
				}
			}
		}
		run := func(b *testing.B, conn io.ReadCloser) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			buffer := make([]byte, 64<<10)
			for b.Loop() {
				for n := 0; n < size; {
					got, err := conn.Read(buffer[:min(len(buffer), size-n)])
					if err != nil {
						b.Fatal(err)
					}
					n += got
				}
			}
			_ = conn.Close()
		}
		b.Run(fmt.Sprintf("transport/%d", size), func(b *testing.B) { run(b, connected(b, webSocketTo(loopback(b, source)))) })
		b.Run(fmt.Sprintf("gorilla/%d", size), func(b *testing.B) { run(b, &gorillaReader{ws: dialGorilla(b, loopback(b, source))}) })
	}
}

// gorillaReader reads the messages of gorilla as a stream, in the shortest way.
type gorillaReader struct {
	ws      *websocket.Conn
	message io.Reader
}

func (r *gorillaReader) Read(b []byte) (int, error) {
	for {
		if r.message == nil {
			_, m, err := r.ws.NextReader()
			if err != nil {
				return 0, err
			}
			r.message = m
		}
		n, err := r.message.Read(b)
		if err == io.EOF {
			r.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (r *gorillaReader) Close() error { return r.ws.Close() }
