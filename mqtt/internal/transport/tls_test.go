package transport

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

func tlsServer(t *testing.T, config *tls.Config) (ca *testpki.Identity, o *Options, wait func()) {
	ca = testpki.NewAuthority(t, "Test CA")
	config.Certificates = []tls.Certificate{ca.Issue(t, nil).TLS()}
	o, wait = options("ssl://"+serverName, overTLS(config, echo))
	o.TLS.ServerCACerts = ca.PEM()
	return ca, o, wait
}

// Each line of the log is in the format that Wireshark reads, and new connections are appended.
func TestKeyLog(t *testing.T) {
	_, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	o.TLS.KeyLogFile = filepath.Join(t.TempDir(), "keys")
	lines := 0
	for range 2 {
		conn := connected(t, o)
		exchange(t, conn)
		_ = conn.Close()
		text, err := os.ReadFile(o.TLS.KeyLogFile)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) != 3 || len(fields[1]) != 64 {
				t.Errorf("line %q", line)
			}
		}
		now := strings.Count(string(text), "CLIENT_TRAFFIC_SECRET_0")
		if now != lines+1 {
			t.Errorf("%d connections are logged", now)
		}
		lines = now
	}
	if info, err := os.Stat(o.TLS.KeyLogFile); err != nil || info.Mode().Perm() != 0o600 && os.PathSeparator == '/' {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestALPN(t *testing.T) {
	_, o, wait := tlsServer(t, &tls.Config{NextProtos: []string{"mqtt", "h2"}})
	defer wait()
	n := watch(o)
	for alpn, want := range map[string]string{"": "", "x-amzn-mqtt-ca, mqtt": "mqtt", "h2": "h2"} {
		o.TLS.ALPN = alpn
		_ = connected(t, o).Close()
		if n.handshake.ALPN != want {
			t.Errorf("%q: agreed to %q, want %q", alpn, n.handshake.ALPN, want)
		}
	}
	o.TLS.ALPN = "other"
	refused(t, o, 276, "no application protocol")
}

// The stages and the progress are told, with LogSSLPackets each record.
func TestProgressOfTLS(t *testing.T) {
	_, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	n := watch(o)
	o.TLS.LogPackets = true
	conn := connected(t, o)
	exchange(t, conn)
	_ = conn.Close()
	for _, want := range []string{
		"Starting the TLS handshake with broker.example.",
		"TLS record sent: type 22 (handshake), version 3.1, length ",
		"TLS record received: type 22 (handshake), version 3.3, length ",
		"TLS record received: type 23 (application data), version 3.3, length ",
		"The server's certificate is CN=broker.example, issued by CN=Test CA; verification: OK",
		"TLS handshake complete: TLS1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768.",
	} {
		if !slices.ContainsFunc(n.status, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("SSLStatus lacks %q:\n%s", want, strings.Join(n.status, "\n"))
		}
	}
	if want := []string{"TCP connection", "TLS handshake"}; !slices.Equal(n.stages, want) {
		t.Errorf("stages %q, want %q", n.stages, want)
	}
	o.TLS.ServerCACerts = ""
	n.stages = nil
	refused(t, o, 275)
	if want := []string{"TCP connection", "TLS handshake failed"}; !slices.Equal(n.stages, want) {
		t.Errorf("stages %q, want %q", n.stages, want)
	}
}

// SSLEnableRenegotiation lets the server begin a new handshake; crypto/tls has no server that would.
func TestRenegotiation(t *testing.T) {
	for wanted, support := range map[bool]tls.RenegotiationSupport{false: tls.RenegotiateNever, true: tls.RenegotiateFreelyAsClient} {
		o := &Options{Target: Target{Scheme: "ssl", Host: serverName}, TLS: DefaultTLS()}
		o.TLS.Renegotiation = wanted
		if s, err := newSecurity(o); err != nil || s.config.Renegotiation != support {
			t.Errorf("%t: %v, %v", wanted, s.config.Renegotiation, err)
		}
	}
}

// CloseWrite sends close_notify and leaves reading alone.
func TestCloseNotify(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}}, func(conn net.Conn) {
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("the server did not read the end: %v", err)
		}
		_, _ = conn.Write([]byte("last words"))
		_ = conn.Close()
	}))
	defer wait()
	o.TLS.ServerCACerts = ca.PEM()
	conn := connected(t, o)
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("x")); errors.Code(err) != 283 {
		t.Errorf("writing after CloseWrite: %v, want 283", err)
	}
	if text, err := io.ReadAll(conn); string(text) != "last words" || err != nil {
		t.Errorf("read %q, %v", text, err)
	}
	_ = conn.Close()
}

// TestServerName: SSLServerName is what is sent and checked, whatever the connection was made to.
func TestServerName(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	server := ca.Issue(t, func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = []string{"inner.example", "xn--bcher-kva.example"}, []net.IP{net.IPv4(192, 0, 2, 1)}
	})
	var asked string
	config := &tls.Config{
		Certificates:       []tls.Certificate{server.TLS()},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) { asked = h.ServerName; return nil, nil },
	}
	for _, row := range []struct {
		url, name, sni string
		code           int
	}{
		{"ssl://outer.example", "", "outer.example", 280},
		{"ssl://outer.example", "inner.example", "inner.example", 0},
		{"ssl://127.0.0.1", "inner.example", "inner.example", 0},
		{"wss://outer.example", "INNER.example", "INNER.example", 0},
		{"ssl://outer.example", "b\u00fccher.example", "xn--bcher-kva.example", 0},
		{"ssl://outer.example", "192.0.2.1", "", 0},
		{"ssl://inner.example", "other.example", "other.example", 280},
	} {
		serve := overTLS(config, echo)
		if row.url[:3] == "wss" {
			serve = overTLS(config, overWebSocket(echoMessages))
		}
		o, wait := options(row.url, serve)
		o.TLS.ServerCACerts, o.TLS.ServerName = ca.PEM(), row.name
		if row.code != 0 {
			refused(t, o, row.code)
		} else {
			_ = connected(t, o).Close()
		}
		wait()
		if asked != row.sni {
			t.Errorf("%s as %q: the server was asked for %q", row.url, row.name, asked)
		}
	}
	for name, good := range map[string]bool{"": true, "a.example": true, "::1": true, "a:1": false, "a b": false, "ssl://a": false, "*a": false} {
		if err := CheckServerName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
