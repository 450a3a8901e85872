package firewall

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// echo runs a server that sends back what it gets, and returns its port. A proxy that resolves localhost may try ::1
// alone, where the system has that.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveEcho(t, l)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if six, err := net.Listen("tcp", "[::1]:"+port); err == nil {
		serveEcho(t, six)
	}
	return port
}

func serveEcho(t *testing.T, l net.Listener) {
	var running sync.WaitGroup
	running.Go(func() { // ended by the end of the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { // ended by the proxy
				defer conn.Close()
				_, _ = conn.Write([]byte("welcome"))
				_, _ = io.Copy(conn, conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
}

// Every kind of proxy as it really is, with right, wrong and no credentials, up to the server and to a port that nobody
// listens on.
func TestRealProxies(t *testing.T) {
	type attempt struct {
		kind           FirewallTypes
		user, password string
		host           string
		code           int
		text           string
	}
	const closed = "127.0.0.1:1"
	for _, row := range []struct {
		proxy    realProxy
		attempts []attempt
	}{
		{microsocks, []attempt{
			{FwSOCKS5, "", "", "127.0.0.1", 0, ""},
			{FwSOCKS5, "", "", "localhost", 0, ""},
			{FwSOCKS5, "", "", "*localhost", 0, ""},
			{FwSOCKS5, "user1", "pass1", "127.0.0.1", 0, ""}, // not asked for
			{FwSOCKS5, "", "", closed, 118, "connection refused"},
			{FwTunnel, "", "", "127.0.0.1", 118, "The HTTP proxy 127.0.0.1"}, // it is none, and closes
			{FwSOCKS4, "", "", "127.0.0.1", 118, "The SOCKS4 proxy 127.0.0.1"},
		}},
		{microsocksAuth, []attempt{
			{FwSOCKS5, "user1", "pass1", "*localhost", 0, ""},
			{FwSOCKS5, "user1", "hush", "127.0.0.1", 118, "refused User and Password"},
			{FwSOCKS5, "", "", "127.0.0.1", 118, "wants credentials"},
		}},
		{dante, []attempt{
			{FwSOCKS4, "me", "", "127.0.0.1", 0, ""},
			{FwSOCKS4, "", "", "localhost", 0, ""},
			{FwSOCKS4A, "", "", "localhost", 0, ""},
			{FwSOCKS5, "", "", "127.0.0.1", 0, ""},
			{FwSOCKS5, "", "", "*localhost", 0, ""},
			{FwSOCKS4, "", "", "198.51.100.1:1", 118, "rejected or failed"},
			{FwSOCKS5, "", "", "198.51.100.1:1", 118, "not allowed by its rules"},
			{FwSOCKS4, "", "", closed, 118, "rejected or failed"},
			{FwSOCKS5, "", "", closed, 118, "connection refused"},
		}},
		{openSSH, []attempt{
			{FwSOCKS4, "", "", "localhost", 0, ""},
			{FwSOCKS4A, "", "", "localhost", 0, ""},
			{FwSOCKS4A, "", "", "*localhost", 0, ""},
			{FwSOCKS4A, "me", "", "*127.0.0.1", 0, ""},
			{FwSOCKS5, "", "", "*localhost", 0, ""},
		}},
		{tinyproxy, []attempt{
			{FwTunnel, "user1", "pass1", "127.0.0.1", 0, ""},
			{FwTunnel, "user1", "pass1", "localhost", 0, ""},
			{FwTunnel, "user1", "hush", "127.0.0.1", 118, `"401 Unauthorized"`},
			{FwTunnel, "", "", "127.0.0.1", 118, `"407 Proxy Authentication Required", which asks for Basic`},
			{FwTunnel, "user1", "pass1", closed, 118, `with "50`},
		}},
		{squid, []attempt{
			{FwTunnel, "user1", "pass1", "127.0.0.1", 0, ""},
			{FwTunnel, "user1", "hush", "127.0.0.1", 118, `"407 Proxy Authentication Required", which asks for Basic`},
			{FwTunnel, "", "", "127.0.0.1", 118, `"407 Proxy Authentication Required", which asks for Basic`},
			{FwTunnel, "user1", "pass1", closed, 118, `with "503 Service Unavailable"`},
		}},
		{squidWithDigest, []attempt{
			{FwTunnel, "user1", "pass1", "127.0.0.1", 0, ""},
			{FwTunnel, "user1", "hush", "127.0.0.1", 118, `"407 Proxy Authentication Required", which asks for Digest`},
			{FwTunnel, "", "", "127.0.0.1", 118, `"407 Proxy Authentication Required", which asks for Digest`},
		}},
	} {
		t.Run(row.proxy.name, func(t *testing.T) {
			server := echo(t)
			port := row.proxy.start(t)
			for _, a := range row.attempts {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				f := Firewall{FirewallType: a.kind, Host: "127.0.0.1", Port: port, User: a.user, Password: a.password}
				address := a.host
				if !strings.Contains(address, ":") {
					address += ":" + server
				}
				conn, err := f.DialContext(ctx, nil, "tcp", address)
				if errors.Code(err) != a.code {
					t.Errorf("%+v: %v", a, err)
				} else if err != nil && (!strings.Contains(err.Error(), a.text) || strings.Contains(err.Error(), "hush")) {
					t.Errorf("%+v: %v", a, err)
				}
				if err == nil {
					for _, s := range []step{want("welcome"), send("ping"), want("ping")} {
						s(t, conn)
					}
					conn.Close()
				}
				cancel()
			}
		})
	}
}
