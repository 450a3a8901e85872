package firewall

import (
	"context"
	stderrors "errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
)

var errPlain = stderrors.New("plain")

// A dial that fails: directly it has the number of its own, on the way to a proxy 118; the end of the context decides.
func TestDialFails(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	timeout := &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	own := errors.New(errors.ErrAddressNotAvailable, "LocalHost is 192.0.2.1.")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, row := range []struct {
		name          string
		ctx           context.Context
		err           error
		direct, proxy int
		is            error
	}{
		{"refused", t.Context(), refused, 10061, 118, syscall.ECONNREFUSED},
		{"limit of the dialer", t.Context(), timeout, 201, 201, os.ErrDeadlineExceeded},
		{"unknown name", t.Context(), &net.DNSError{Err: "no such host", IsNotFound: true}, 11001, 118, nil},
		{"numbered", t.Context(), own, 10049, 118, own},
		{"plain", t.Context(), errPlain, 10053, 118, errPlain},
		{"cancelled", cancelled, context.Canceled, 301, 301, context.Canceled},
		{"cancelled, not said", cancelled, errPlain, 301, 301, context.Canceled},
		{"late", late, context.DeadlineExceeded, 201, 201, context.DeadlineExceeded},
		{"late, not said", late, errPlain, 201, 201, context.DeadlineExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			dial := func(context.Context, string, string) (net.Conn, error) { return nil, row.err }
			check := func(conn net.Conn, err error, code int) {
				t.Helper()
				if conn != nil || errors.Code(err) != code || !strings.Contains(err.Error(), row.err.Error()) {
					t.Errorf("%v, want %d and the text of %v", err, code, row.err)
				}
				if row.is != nil && !stderrors.Is(err, row.is) {
					t.Errorf("%v does not wrap %v", err, row.is)
				}
			}
			conn, err := New().DialWith(row.ctx, dial, "tcp", "broker.example:1883")
			check(conn, err, row.direct)
			f := Firewall{FirewallType: FwTunnel, Host: "proxy"}
			conn, err = f.DialWith(row.ctx, dial, "tcp", "broker.example:1883")
			check(conn, err, row.proxy)
			if err != nil && !strings.Contains(err.Error(), "The HTTP proxy proxy:80 cannot be reached.") {
				t.Errorf("%v does not name the proxy", err)
			}
		})
	}
}

// Without a proxy the dial function gets what the caller gave, except for the asterisk.
func TestDirect(t *testing.T) {
	for _, f := range []*Firewall{
		New(),
		{Host: "proxy", User: "me", Data: "no header"},
		{FirewallType: FwSOCKS5, Host: "proxy", Exceptions: "a;*.example"},
	} {
		for given, want := range map[string]string{"broker.example:mqtt": "tcp6 broker.example:mqtt", "*broker.example:1": "tcp6 broker.example:1"} {
			client, server := net.Pipe()
			var got string
			conn, err := f.DialWith(t.Context(), func(_ context.Context, network, address string) (net.Conn, error) {
				got = network + " " + address
				return client, nil
			}, "tcp6", given)
			if err != nil || got != want || conn != client {
				t.Errorf("%+v: dialed %s (%v), want %s", f, got, err, want)
			}
			client.Close()
			server.Close()
		}
	}
}

// The end of a look-up by the context is no failure of the name.
func TestLookUpEnds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		silent := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f := Firewall{FirewallType: FwSOCKS5, Host: "proxy"}
		_, err := f.dial(ctx, nil, silent, "tcp", "broker.example:1883")
		if errors.Code(err) != 201 || !stderrors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// Interrupting at any moment of the handshake ends it at once.
func TestCancelDuringHandshake(t *testing.T) {
	answers := []string{unhex("05 02"), unhex("01 00"), unhex(socks5Answer)}
	f := Firewall{FirewallType: FwSOCKS5, Host: "proxy", User: "me", Password: "secret"}
	for after := range answers {
		inBubble(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			script := []step{wantHex(socks5Named)}
			for i, request := range []string{socks5Login, socks5Request} {
				if i < after {
					script = append(script, send(answers[i]), wantHex(request))
				}
			}
			script = append(script, send(answers[after][:1]), func(*testing.T, net.Conn) { cancel() }, stall)
			p := &proxies{t: t, scripts: [][]step{script}}
			start := time.Now()
			conn, err := f.DialWith(ctx, p.dial, "tcp", "192.0.2.7:1883")
			if conn != nil || errors.Code(err) != 301 || !stderrors.Is(err, context.Canceled) || strings.Contains(err.Error(), "secret") {
				t.Errorf("after %d answers: %v", after, err)
			}
			if time.Since(start) > 0 {
				t.Errorf("it took %v", time.Since(start))
			}
			p.running.Wait()
		})
	}
}

// Once made, the connection is the caller's: neither the end of the context nor its deadline touches it.
func TestContextEndsLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		p := &proxies{t: t, scripts: [][]step{append([]step{want(connectLines + "\r\n")}, server("HTTP/1.1 200 OK\r\n\r\n")...)}}
		f := Firewall{FirewallType: FwTunnel, Host: "proxy"}
		conn, err := f.DialWith(ctx, p.dial, "tcp", "broker.example:1883")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		cancel()
		synctest.Wait()
		ping(t, conn)
		conn.Close()
		p.running.Wait()
	})
}

// A cancellation that races with the last byte of the answer leaves either a connection that works or a closed one.
func TestCancelRaces(t *testing.T) {
	made := 0
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		p := &proxies{t: t, scripts: [][]step{{
			want(connectLines + "\r\n"), send("HTTP/1.1 200 OK\r\n\r"),
			func(*testing.T, net.Conn) { go cancel() }, // ended by itself
			send("\n"), send("welcome"), func(_ *testing.T, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) },
		}}}
		f := Firewall{FirewallType: FwTunnel, Host: "proxy"}
		conn, err := f.DialWith(ctx, p.dial, "tcp", "broker.example:1883")
		if err == nil {
			made++
			<-ctx.Done()
			want("welcome")(t, conn)
			conn.Close()
		} else if errors.Code(err) != 301 || !p.conns[0].closed.Load() {
			t.Errorf("%v, closed %t", err, p.conns[0].closed.Load())
		}
		cancel()
		p.running.Wait()
	}
	t.Logf("%d of 300 connections were made", made)
}

// broken is a connection whose reads and writes fail.
type broken struct {
	net.Conn
	err error
}

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestConnectionBreaks(t *testing.T) {
	for _, row := range []struct {
		err  error
		code int
		text string
	}{
		{syscall.ECONNRESET, 118, "The connection to the SOCKS5 proxy proxy:1080 broke. connection reset by peer"},
		{io.ErrClosedPipe, 118, "The connection to the SOCKS5 proxy proxy:1080 broke. io: read/write on closed pipe"},
		{os.ErrDeadlineExceeded, 201, ""}, // the dial function had set a deadline
	} {
		client, server := net.Pipe()
		defer server.Close()
		f := Firewall{FirewallType: FwSOCKS5, Host: "proxy"}
		_, err := f.DialWith(t.Context(), func(context.Context, string, string) (net.Conn, error) {
			return broken{client, row.err}, nil
		}, "tcp", "192.0.2.7:1883")
		if errors.Code(err) != row.code || !stderrors.Is(err, row.err) {
			t.Errorf("%v, want %d", err, row.code)
		}
		if row.err != syscall.ECONNRESET && !strings.Contains(err.Error(), row.text) { // the system's words differ
			t.Errorf("%v, want in it %s", err, row.text)
		}
		if _, err := client.Write(nil); err != io.ErrClosedPipe {
			t.Errorf("left open: %v", err)
		}
	}
}

// listen runs a scripted proxy on TCP for one connection and returns its port.
func listen(t *testing.T, script ...step) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // ended by the last step or by Close, waited for in Cleanup
		defer close(ended)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for _, s := range script {
			s(t, conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().(*net.TCPAddr).Port
}

// The method that stands in for net.Dialer's: its resolver, its limits, and its connection come through.
func TestDialContext(t *testing.T) {
	request := wantHex("05 01 00 01 C0000204 075B")
	port := listen(t, append([]step{wantHex(socks5Hello), sendHex("05 00"), request}, server(unhex(socks5Answer))...)...)
	f := &Firewall{FirewallType: FwSOCKS5, Host: "127.0.0.1", Port: port}
	d := &net.Dialer{Resolver: resolver(hosts), Timeout: time.Minute, Deadline: time.Now().Add(time.Minute)}
	conn, err := f.DialContext(t.Context(), d, "tcp", "four.example:1883")
	if err != nil {
		t.Fatal(err)
	}
	ping(t, conn)
	if _, is := conn.(*net.TCPConn); !is {
		t.Errorf("the connection is a %T", conn)
	}
	conn.Close()

	f.Port = listen(t, append([]step{want(connectLines + "\r\n")}, server("HTTP/1.1 200 OK\r\n\r\n")...)...)
	f.FirewallType = FwTunnel
	conn, err = f.DialContext(t.Context(), nil, "tcp", "broker.example:1883")
	if err != nil {
		t.Fatal(err)
	}
	ping(t, conn)
	conn.Close()
}

func TestDialContextLimits(t *testing.T) {
	const limit = 50 * time.Millisecond // of real time, enough to get to the proxy, which stays silent
	for name, dialer := range map[string]func() *net.Dialer{
		"timeout":  func() *net.Dialer { return &net.Dialer{Timeout: limit} },
		"deadline": func() *net.Dialer { return &net.Dialer{Deadline: time.Now().Add(limit)} },
	} {
		f := &Firewall{FirewallType: FwTunnel, Host: "127.0.0.1", Port: listen(t, func(_ *testing.T, conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })}
		conn, err := f.DialContext(t.Context(), dialer(), "tcp", "broker.example:1883")
		if conn != nil || errors.Code(err) != 201 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreachableProxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	f := &Firewall{FirewallType: FwSOCKS4A, Host: "127.0.0.1", Port: port, User: "me"}
	_, err = f.DialContext(t.Context(), nil, "tcp", "*broker.example:1883")
	if errors.Code(err) != 118 || !strings.Contains(err.Error(), "The SOCKS4A proxy 127.0.0.1:"+strconv.Itoa(port)+" cannot be reached.") {
		t.Error(err)
	}
	if inner := stderrors.Unwrap(err); errors.FromOS(inner).Code != 10061 {
		t.Errorf("it wraps %v", inner)
	}
}

func TestDefaultPort(t *testing.T) {
	for kind, want := range map[FirewallTypes]int{FwNone: 0, FwTunnel: 80, FwSOCKS4: 1080, FwSOCKS5: 1080, FwSOCKS4A: 1080, 4: 0} {
		if got := kind.DefaultPort(); got != want {
			t.Errorf("type %d has port %d, want %d", kind, got, want)
		}
	}
}
