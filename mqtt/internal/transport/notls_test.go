package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// What breaks after the handshake: the layer is named by its number, errors of the socket stay.
func TestBrokenTLS(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	for name, row := range map[string]struct {
		code  int
		serve func(raw net.Conn, c *tls.Conn)
	}{
		"damaged": {284, func(raw net.Conn, _ *tls.Conn) {
			_, _ = raw.Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32)))
		}},
		"plain":    {284, func(raw net.Conn, _ *tls.Conn) { _, _ = raw.Write([]byte("\x20\x02\x00\x00\x00\x00")) }},
		"cut":      {1120, func(raw net.Conn, _ *tls.Conn) { _, _ = raw.Write([]byte("\x17\x03\x03")) }},
		"closed":   {1120, func(_ net.Conn, c *tls.Conn) { _ = c.CloseWrite() }},
		"hung up":  {1120, func(net.Conn, *tls.Conn) {}},
		"reset":    {10054, func(raw net.Conn, _ *tls.Conn) { _ = raw.(*net.TCPConn).SetLinger(0) }},
		"deadline": {201, nil},
	} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}, SessionTicketsDisabled: true}
			o, wait := options("ssl://"+serverName, func(raw net.Conn) {
				c := tls.Server(raw, config)
				if c.Handshake() != nil {
					return
				}
				if row.serve == nil {
					ignore(c)
					return
				}
				_, _ = c.Read(make([]byte, 5)) // all of it, or closing would reset
				row.serve(raw, c)
			})
			defer wait()
			o.TLS.ServerCACerts = ca.PEM()
			conn := connected(t, o)
			defer conn.Close()
			_, _ = conn.Write([]byte("hello"))
			if row.serve == nil {
				_ = conn.SetReadDeadline(time.Now())
			}
			_, err := io.ReadAll(conn)
			if err == nil {
				err = io.EOF
			}
			if got := errors.FromOS(err); got.Code != row.code {
				t.Errorf("got %v, want %d", got, row.code)
			}
		})
	}
}

// Servers that are none of TLS: each is a clear 276 or a clear end.
func TestNoTLS(t *testing.T) {
	for name, row := range map[string]struct {
		serve func(net.Conn)
		code  int
		text  string
	}{
		"closes":      {func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }, 276, "may not speak TLS on this port"},
		"MQTT":        {func(conn net.Conn) { _, _ = conn.Write([]byte{0x20, 2, 0, 0, 0}); ignore(conn) }, 276, `it sent " \x02\x00`},
		"HTTP":        {func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n"); ignore(conn) }, 276, `it sent "HTTP/"`},
		"endless":     {func(conn net.Conn) { flood(conn, "\x16\x03\x03\x3f\xff") }, 276, ""},
		"huge":        {func(conn net.Conn) { _, _ = io.WriteString(conn, "\x16\x03\x03\x00\x04\x02\xff\xff\xff"); ignore(conn) }, 276, ""},
		"old version": {func(conn net.Conn) { _, _ = io.WriteString(conn, "\x15\x03\x00\x00\x02\x02\x46"); ignore(conn) }, 276, "protocol version"},
	} {
		t.Run(name, func(t *testing.T) {
			o, wait := options("ssl://"+serverName, row.serve)
			defer wait()
			refused(t, o, row.code, row.text)
		})
	}
}

func flood(conn net.Conn, text string) {
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

// A server that never goes on costs the time of the context and nothing more.
func TestSilentTLS(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"says nothing": ignore,
		"reads nothing": func(net.Conn) {
			time.Sleep(time.Minute) // in the time of the bubble
		},
		"drips": func(conn net.Conn) {
			go ignore(conn) // ended by the client's Close
			for range 30 {
				if _, err := conn.Write([]byte{0x16}[:1]); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				o := &Options{Target: Target{Scheme: "ssl", Host: serverName}, Port: 8883, TLS: DefaultTLS()}
				o.DialContext = func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					go serve(server) // ended by the client's Close
					return client, nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				begin := time.Now()
				_, err := Dial(ctx, o)
				if name == "drips" {
					if err == nil || err.Code != 276 && err.Code != 201 {
						t.Errorf("got %v", err)
					}
				} else if err == nil || err.Code != 201 || time.Since(begin) != 3*time.Second {
					t.Errorf("after %v: %v", time.Since(begin), err)
				}
				time.Sleep(time.Minute) // until the server is done
			})
		})
	}
}
