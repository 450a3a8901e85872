package transport

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
)

func TestParse(t *testing.T) {
	for _, row := range []struct {
		in            string
		want          Target
		port          int // by default
		tls, webSocks bool
	}{
		{"host", Target{Host: "host"}, 1883, false, false},
		{"", Target{}, 1883, false, false},
		{"127.0.0.1", Target{Host: "127.0.0.1"}, 1883, false, false},
		{"::1", Target{Host: "::1"}, 1883, false, false},
		{"[::1]", Target{Host: "::1"}, 1883, false, false},
		{"tcp://host", Target{Scheme: "tcp", Host: "host"}, 1883, false, false},
		{"MQTT://host:1", Target{Scheme: "mqtt", Host: "host", Port: 1}, 1883, false, false},
		{"ssl://[::1]:65535", Target{Scheme: "ssl", Host: "::1", Port: 65535}, 8883, true, false},
		{"mqtts://host", Target{Scheme: "mqtts", Host: "host"}, 8883, true, false},
		{"ws://host/mqtt?a=b", Target{Scheme: "ws", Host: "host", Path: "/mqtt?a=b"}, 80, false, true},
		{"unix:///run/mqtt.sock", Target{Scheme: "unix", Host: "/run/mqtt.sock"}, 1883, false, false},
		{"*host", Target{Host: "*host"}, 1883, false, false},
		{"wss://host", Target{Scheme: "wss", Host: "host", Path: "/"}, 443, true, true},
		{"127.0.0.1:1884", Target{Host: "127.0.0.1", Port: 1884}, 1883, false, false},
		{"localhost:1884", Target{Host: "localhost", Port: 1884}, 1883, false, false},
		{"[::1]:1884", Target{Host: "::1", Port: 1884}, 1883, false, false},
		{"*host:1884", Target{Host: "*host", Port: 1884}, 1883, false, false},
		{" host ", Target{Host: "host"}, 1883, false, false},
		{"\thost:1884\r\n", Target{Host: "host", Port: 1884}, 1883, false, false},
		{"\u00a0host", Target{Host: "host"}, 1883, false, false},
		{" ssl://host:1 ", Target{Scheme: "ssl", Host: "host", Port: 1}, 8883, true, false},
		{"::1:1883", Target{Host: "::1:1883"}, 1883, false, false}, // which is an address
		{"fe80::1%eth0", Target{Host: "fe80::1%eth0"}, 1883, false, false},
		{"[fe80::1%eth0]:1884", Target{Host: "fe80::1%eth0", Port: 1884}, 1883, false, false},
		{"my_host.example.", Target{Host: "my_host.example."}, 1883, false, false},
		{"0.0.0.0", Target{Host: "0.0.0.0"}, 1883, false, false},
		{"[::]", Target{Host: "::"}, 1883, false, false},
		{"b\u00fccher.example", Target{Host: "xn--bcher-kva.example"}, 1883, false, false},
		{"B\u00dcCHER.example:1884", Target{Host: "xn--bcher-kva.example", Port: 1884}, 1883, false, false},
		{"*b\u00fccher.example", Target{Host: "*xn--bcher-kva.example"}, 1883, false, false},
		{"ssl://b\u00fccher.example:1", Target{Scheme: "ssl", Host: "xn--bcher-kva.example", Port: 1}, 8883, true, false},
		{"ssl://*b\u00fccher.example", Target{Scheme: "ssl", Host: "*xn--bcher-kva.example"}, 8883, true, false},
		{"wss://stra\u00dfe.example/", Target{Scheme: "wss", Host: "xn--strae-oqa.example", Path: "/"}, 443, true, true},
		{"ws://\u4f8b\u3048\u3002\u30c6\u30b9\u30c8/", Target{Scheme: "ws", Host: "xn--r8jz45g.xn--zckzah", Path: "/"}, 80, false, true},
		{"ws://host/p\u00e4th?qu\u00e9ry=\u4f8b a", Target{Scheme: "ws", Host: "host", Path: "/p%C3%A4th?qu%C3%A9ry=%E4%BE%8B%20a"}, 80, false, true},
		{"ws://host/?a=%C3%A4&b=\U0001F600", Target{Scheme: "ws", Host: "host", Path: "/?a=%C3%A4&b=%F0%9F%98%80"}, 80, false, true},
	} {
		got, err := Parse(row.in)
		if err != nil {
			t.Errorf("%q: %v", row.in, err)
			continue
		}
		if row.want.Path == "" {
			got.Path = ""
		}
		if got != row.want || got.DefaultPort() != row.port || got.TLS() != row.tls || got.WebSocket() != row.webSocks {
			t.Errorf("%q is %+v, port %d, TLS %t, WebSocket %t", row.in, got, got.DefaultPort(), got.TLS(), got.WebSocket())
		}
	}
	for in, code := range map[string]int{
		"http://host": 153, "://host": 153, "tcp://": 152, "mqtt:///path": 152, "tcp://:1883": 152, "tcp://host:0": 10022,
		"tcp://host:65536": 10022, "tcp://user@host": 10022, "tcp://user:secret@host": 10022, "user:secret@host": 10022, "user:secret@host:1883": 10022, "tcp://ho st": 10022, "tcp://host:x": 10022,
		"host:": 10022, "host:0": 10022, "host:65536": 10022, "host:mqtt": 10022, "host:1:2": 10022, "[::1": 10022, "[::1]x": 10022,
		"[host]": 10022, ":1883": 10022, "ho st": 10022, "host/path": 10022, "host?query": 10022, "user@host": 10022, "-host": 10022, "...": 10022,
		"*": 10022, "mqtt:host": 10022, "host,other": 10022, "\u00fc\u202e.example": 10022, "ssl://\u00fc\u202e.example": 10022, strings.Repeat("a", 254): 10022,
		"unix://": 10022, "unix://host/path": 10022, "host\x00": 10022, "ho\xffst": 10022, "ho\nst": 10022,
	} {
		_, err := Parse(in)
		if got := errors.Code(err); got != code {
			t.Errorf("%q: %v, want %d", in, err, code)
		}
		if strings.Contains(fmt.Sprint(err), "secret") || code == 10022 && !strings.Contains(in, "@") && !strings.Contains(err.Error(), "possible") && !strings.Contains(err.Error(), "printable") && !strings.Contains(err.Error(), "unix:///") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestName(t *testing.T) {
	for host, want := range map[string]string{"a.example": "a.example", "*a.example": "a.example", "[::1]": "::1", "unix:///s": "localhost"} {
		target, err := Parse(host)
		if err != nil || target.Name() != want {
			t.Errorf("%s: %q (%v), want %q", host, target.Name(), err, want)
		}
	}
}

// The end of the context tells our own limit from an interruption, and the cause stays.
func TestDialEndsWithItsContext(t *testing.T) {
	blocked := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, fmt.Errorf("dial: %w", ctx.Err())
	}
	o := Options{Target: Target{Host: "host"}, Port: 1, DialContext: blocked}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, &o); err == nil || err.Code != 301 || !stderrors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	if _, err := Dial(ctx, &o); err == nil || err.Code != 201 || !stderrors.Is(err, context.DeadlineExceeded) {
		t.Errorf("too late: %v", err)
	}
}

func TestDialUsesIPv4ForNames(t *testing.T) {
	for host, want := range map[string]string{"name": "tcp4 name:7", "::1": "tcp [::1]:7", "127.0.0.1": "tcp 127.0.0.1:7"} {
		var got string
		o := Options{Target: Target{Host: host}, Port: 7, DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			got = network + " " + address
			return nil, net.ErrClosed
		}}
		if _, err := Dial(t.Context(), &o); err == nil || got != want {
			t.Errorf("%s: dialed %s (%v), want %s", host, got, err, want)
		}
	}
	for _, host := range []string{"0.0.0.0", "::"} {
		if _, err := Dial(t.Context(), &Options{Target: Target{Host: host}, Port: 7}); err == nil || err.Code != 102 {
			t.Errorf("%s: %v, want 102", host, err)
		}
	}
}
