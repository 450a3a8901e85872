package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// tunnel is an HTTP proxy: it answers CONNECT with status and, when that is 200, leads to serve.
func tunnel(status string, asked chan<- string, serve func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		// The client speaks only after the answer, so the buffer takes nothing of what follows.
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked <- request.RequestURI
		_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\n\r\n")
		if strings.HasPrefix(status, "200") {
			serve(conn)
		}
	}
}

// Through the firewall everything works as without: the name is the server's for TLS and WebSocket.
func TestThroughTheFirewall(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}}
	for url, row := range map[string]struct {
		serve  func(net.Conn)
		stages []string
	}{
		"tcp://broker.example:7":  {echo, nil},
		"ssl://broker.example:7":  {overTLS(config, echo), []string{"TLS handshake"}},
		"ssl://*broker.example:7": {overTLS(config, echo), []string{"TLS handshake"}},
		"ws://broker.example:7":   {overWebSocket(echoMessages), []string{"WebSocket upgrade"}},
		"wss://broker.example:7/": {overTLS(config, overWebSocket(echoMessages)), []string{"TLS handshake", "WebSocket upgrade"}},
	} {
		t.Run(url, func(t *testing.T) {
			asked := make(chan string, 1)
			proxy := loopback(t, tunnel("200 OK", asked, row.serve))
			target, err := Parse(url)
			if err != nil {
				t.Fatal(err)
			}
			o := &Options{Target: target, Port: 7, Socket: DefaultSocket(), TLS: DefaultTLS()}
			o.Firewall = firewall.Firewall{FirewallType: firewall.FwTunnel, Host: "127.0.0.1", Port: proxy.Port}
			o.TLS.ServerCACerts = ca.PEM()
			n := watch(o)
			conn := connected(t, o)
			exchange(t, conn)
			_ = conn.Close()
			if got := <-asked; got != "broker.example:7" {
				t.Errorf("the proxy was asked for %s", got)
			}
			if want := append([]string{"TCP connection", "firewall"}, row.stages...); !slices.Equal(n.stages, want) {
				t.Errorf("stages %q, want %q", n.stages, want)
			}
		})
	}
}

// A failure says whether the proxy could not be reached or did not make the connection.
func TestFirewallFailures(t *testing.T) {
	asked := make(chan string, 1)
	proxy := loopback(t, tunnel("403 Forbidden", asked, nil))
	o := &Options{Target: Target{Host: serverName}, Port: 7}
	o.Firewall = firewall.Firewall{FirewallType: firewall.FwTunnel, Host: "127.0.0.1", Port: proxy.Port}
	n := watch(o)
	refused(t, o, 118, "403 Forbidden")
	<-asked
	o.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	refused(t, o, 118)
	if want := []string{"TCP connection", "firewall failed", "TCP connection failed"}; !slices.Equal(n.stages, want) {
		t.Errorf("stages %q, want %q", n.stages, want)
	}
	// A host on the list of exceptions is reached without the proxy, and no stage is told of one.
	direct := toLoopback(loopback(t, echo))
	direct.Firewall, direct.Firewall.Exceptions = o.Firewall, "127.0.0.0/8"
	n = watch(direct)
	_ = connected(t, direct).Close()
	if want := []string{"TCP connection"}; !slices.Equal(n.stages, want) {
		t.Errorf("stages %q, want %q", n.stages, want)
	}
}

// Digest authentication takes a second connection to the proxy; the stage is told once.
func TestFirewallWithDigest(t *testing.T) {
	var mu sync.Mutex
	connections := 0
	proxy := loopback(t, func(conn net.Conn) {
		mu.Lock()
		connections++
		first := connections == 1
		mu.Unlock()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			t.Error(err)
		}
		if first {
			_, _ = io.WriteString(conn, "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n")
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		echo(conn)
	})
	o := &Options{Target: Target{Host: serverName}, Port: 7}
	o.Firewall = firewall.Firewall{FirewallType: firewall.FwTunnel, Host: "127.0.0.1", Port: proxy.Port, User: "u", Password: "p"}
	n := watch(o)
	conn := connected(t, o)
	exchange(t, conn)
	_ = conn.Close()
	if want := []string{"TCP connection", "firewall"}; !slices.Equal(n.stages, want) || connections != 2 {
		t.Errorf("%d connections, stages %q, want %q", connections, n.stages, want)
	}
}
