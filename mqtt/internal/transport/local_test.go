package transport

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func TestLocalAddress(t *testing.T) {
	peers := make(chan net.Addr, 1)
	addr := loopback(t, func(conn net.Conn) {
		peers <- conn.RemoteAddr()
		ignore(conn)
	})
	taken := addr.Port
	free, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Skip("this system has one loopback address only")
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	for _, row := range []struct {
		host string
		port int
		code int
		want string
	}{
		{"", 0, 0, "127.0.0.1:"},
		{"127.0.0.3", 0, 0, "127.0.0.3:"},
		{"127.0.0.3", port, 0, fmt.Sprint("127.0.0.3:", port)},
		{" 127.0.0.3 ", 0, 0, "127.0.0.3:"},
		{fmt.Sprint("127.0.0.3:", port), port, 0, fmt.Sprint("127.0.0.3:", port)},
		{"127.0.0.3:1", 2, 10022, ""},
		{"[::1]", 0, 10049, ""},
		{fmt.Sprint("127.0.0.1:", taken), 0, 10048, ""},
		{"several.example", 0, 0, "127.0.0."},
		{"", taken, 10048, ""},
		{"127.0.0.1", taken, 10048, ""},
		{"192.0.2.1", 0, 10049, ""},
		{"::1", 0, 10049, ""},
		{"nobody.example", 0, 10049, ""},
		{"six.example", 0, 10049, ""},
	} {
		o := toLoopback(addr)
		o.Resolver, o.Socket.LocalHost, o.Socket.LocalPort = resolver(hosts), row.host, row.port
		if row.port != 0 && row.code == 0 {
			o.Socket.Linger = false // so that the port is free again at once
		}
		if row.code != 0 {
			refused(t, o, row.code)
			continue
		}
		conn := connected(t, o)
		if got := (<-peers).String(); !strings.HasPrefix(got, row.want) || got != conn.LocalAddr().String() {
			t.Errorf("%s %d: the server sees %s, LocalAddr is %v", row.host, row.port, got, conn.LocalAddr())
		}
		_ = conn.Close()
	}
}

// The name service ends with the context.
func TestLookUpEndsWithItsContext(t *testing.T) {
	silent := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for _, local := range []string{"", "nobody.example"} {
		o := &Options{Target: Target{Host: "nobody.example"}, Port: 1, Resolver: silent, Socket: Socket{LocalHost: local}}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := Dial(ctx, o); err == nil || err.Code != 301 {
			t.Errorf("LocalHost %q: %v, want 301", local, err)
		}
	}
}
