package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The first look-up of a process makes a channel that all later ones use, so it may not happen in a bubble.
	if _, err := resolver(nil).LookupHost(context.Background(), "nobody.example"); err == nil {
		panic("nobody has an address")
	}
	goleak.VerifyTestMain(m)
}

const serverName = testpki.ServerName

// clientCertificate is an identity as SSLCert.
func clientCertificate(t testing.TB, a *testpki.Identity) *certificate.Certificate {
	t.Helper()
	c, err := certificate.FromStore(certificate.CstPEMKeyBlob, a.PEM()+a.KeyPEM(t), "", "*")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// options are those of a client of serve.
func options(url string, serve func(net.Conn)) (o *Options, wait func()) {
	target, err := Parse(url)
	if err != nil {
		panic(err)
	}
	var running sync.WaitGroup
	o = &Options{Target: target, Port: target.Port, Socket: DefaultSocket(), TLS: DefaultTLS()}
	if o.Port == 0 {
		o.Port = target.DefaultPort()
	}
	o.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := pair()
		running.Go(func() {
			defer server.Close()
			serve(server)
		})
		return client, nil
	}
	return o, running.Wait
}

// pair is a TCP connection with both its ends.
func pair() (client, server net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		panic(err)
	}
	if server, err = listener.Accept(); err != nil {
		panic(err)
	}
	return client, server
}

// overTLS serves TLS connections.
func overTLS(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		c := tls.Server(conn, config)
		if c.Handshake() == nil {
			serve(c)
		}
		ignore(conn) // closing with something unread would reset the connection, and the last alert be lost
	}
}

// echo gives back what it reads.
func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

// ignore reads until the client closes.
func ignore(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// exchange sends a text through a connection to echo.
func exchange(t testing.TB, conn net.Conn) {
	t.Helper()
	const text = "what goes out comes back"
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Write([]byte(text))
		failed <- err
	}()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Errorf("read %q, %v", got, err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

// refused dials and wants an error with a number and a text.
func refused(t testing.TB, o *Options, code int, texts ...string) *errors.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := Dial(ctx, o)
	if err == nil {
		_ = conn.Close()
		t.Errorf("connected, want %d", code)
		return nil
	}
	if conn != nil {
		t.Errorf("a connection comes with %v", err)
	}
	if err.Code != code {
		t.Errorf("got %v, want %d", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Description, text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
	return err
}

// connected dials.
func connected(t testing.TB, o *Options) Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// loopback serves on a port of the loopback interface until the test ends.
func loopback(t testing.TB, serve func(net.Conn)) *net.TCPAddr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return listener.Addr().(*net.TCPAddr)
}

// toLoopback are the options for a server on the loopback interface.
func toLoopback(addr net.Addr) *Options {
	a := netip.MustParseAddrPort(addr.String())
	return &Options{Target: Target{Host: a.Addr().String()}, Port: int(a.Port()), Socket: DefaultSocket(), TLS: DefaultTLS()}
}
