package transport

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// Something else than MQTT on the port is told from the first bytes.
func TestForeignProtocols(t *testing.T) {
	for sent, row := range map[string]struct {
		code int
		text string
	}{
		"\x15\x03\x01\x00\x02\x02\x46":     {276, "expects TLS on this port"},
		"\x15":                             {276, "expects TLS on this port"},
		"HTTP/1.1 400 Bad Request\r\n\r\n": {151, "speaks HTTP"},
		"H":                                {151, "speaks HTTP"},
		"\x20\x02\x00\x00":                 {0, ""},
		"HTML":                             {0, ""},
	} {
		o, wait := options("tcp://"+serverName, func(conn net.Conn) { _, _ = io.WriteString(conn, sent) })
		conn := connected(t, o)
		got, err := io.ReadAll(conn)
		if _, again := conn.Read(make([]byte, 1)); err != nil && again != err {
			t.Errorf("%q: then %v", sent, again)
		}
		_ = conn.Close()
		wait()
		if code := errors.Code(err); code != row.code || err != nil && !strings.Contains(err.Error(), row.text) {
			t.Errorf("%q: %v", sent, err)
		}
		if err == nil && string(got) != sent {
			t.Errorf("%q became %q", sent, got)
		}
	}
}

// A server that does not understand what it gets mostly resets the connection, because it has not read all of it.
func TestResetAtFirst(t *testing.T) {
	reset := func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	for url, text := range map[string]string{"ssl://broker.example": "may not speak TLS", "ws://broker.example": "may expect TLS, or no WebSocket"} {
		o, wait := options(url, reset)
		refused(t, o, 10054, text)
		wait()
	}
	o, wait := options("tcp://broker.example", reset)
	defer wait()
	conn := connected(t, o)
	defer conn.Close()
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := conn.Read(make([]byte, 1)); errors.Code(err) != 10054 || !strings.Contains(err.Error(), "may expect TLS") {
		t.Errorf("got %v", err)
	}
}
