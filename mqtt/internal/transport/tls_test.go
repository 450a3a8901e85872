package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

func tlsServer(t *testing.T, config *tls.Config) (ca *authority, o *Options, wait func()) {
	ca = newAuthority(t)
	config.Certificates = []tls.Certificate{ca.issue(t, nil).tls()}
	o, wait = options("ssl://"+serverName, overTLS(config, echo))
	o.TLS.ServerCACerts = ca.pem()
	return ca, o, wait
}

// A server that demands a certificate gets it, with its chain, or tells by 281 that it got none.
func TestClientCertificate(t *testing.T) {
	for _, version := range []int{ProtocolTLS12, ProtocolTLS13} {
		config := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
		ca, o, wait := tlsServer(t, config)
		config.ClientCAs.AddCert(ca.cert)
		between := ca.issue(t, asAuthority("Between CA"))
		last := between.issue(t, asAuthority("Last CA"))
		forClients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
		client := last.issue(t, forClients)
		o.TLS.Protocols = version

		works := func(what string) {
			conn := connected(t, o)
			exchange(t, conn)
			_ = conn.Close()
		}
		fails := func(code int, texts ...string) {
			t.Helper()
			conn, err := Dial(t.Context(), o)
			if err == nil { // TLS 1.3: the client is done before the server has looked
				_, readErr := conn.Read(make([]byte, 1))
				_ = conn.Close()
				err = errors.FromOS(readErr)
			}
			if err == nil || err.Code != code {
				t.Errorf("got %v, want %d", err, code)
				return
			}
			for _, text := range texts {
				if !strings.Contains(err.Description, text) {
					t.Errorf("%v does not say %q", err, text)
				}
			}
		}
		fails(281)
		o.TLS.Certificate = certificate.New()
		fails(281)
		o.TLS.Certificate = client.client(t)
		fails(276, "client certificate", client.client(t).Subject()) // the chain is missing
		o.TLS.ClientChain = ca.pem() + between.pem() + "\r\n" + last.pem()
		works("a chain in any order")
		o.TLS.ClientChain = between.pem()
		refused(t, o, 274, "SSLCACerts has no issuer")
		o.TLS.ClientChain = "nonsense"
		refused(t, o, 274, "SSLCACerts cannot be read")

		o.TLS.ClientChain = ""
		direct := ca.issue(t, forClients)
		o.TLS.Certificate = direct.client(t)
		works("no chain is needed")
		o.TLS.ClientChain = ca.pem() + ca.pem()
		works("the same twice")
		keyless, err := certificate.FromEncoded([]byte(direct.pem()))
		if err != nil {
			t.Fatal(err)
		}
		o.TLS.Certificate = keyless
		refused(t, o, 273)
		wait()
	}
}

// Where trust comes from: each setting for itself, and what a bad one gets.
func TestRoots(t *testing.T) {
	ca, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lines := strings.Split(strings.TrimSpace(ca.pem()), "\n")
	base64 := strings.Join(lines[1:len(lines)-1], "\r\n")
	other := newAuthority(t).pem()
	file := write("ca.txt", "subject: Test CA\n"+ca.pem()+"the end\n")
	for _, name := range []string{"hashed/0a1b2c3d.0", "pem/ca.pem", "crt/ca.crt"} {
		write(name, ca.pem())
	}
	write("pem/nothing.pem", "nothing")
	write("other/ca.txt", ca.pem())
	write("other/ca.0x", ca.pem())
	broken := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

	for name, row := range map[string]struct {
		change func(*TLS)
		code   int
	}{
		"PEM":              {func(s *TLS) { s.ServerCACerts = other + "\r\n" + ca.pem() }, 0},
		"Base64":           {func(s *TLS) { s.ServerCACerts = base64 }, 0},
		"file":             {func(s *TLS) { s.CAFile = file }, 0},
		"directory .0":     {func(s *TLS) { s.CADir = filepath.Join(dir, "hashed") }, 0},
		"directory .pem":   {func(s *TLS) { s.CADir = filepath.Join(dir, "pem") }, 0},
		"directory .crt":   {func(s *TLS) { s.CADir = filepath.Join(dir, "crt") }, 0},
		"other names":      {func(s *TLS) { s.CADir = filepath.Join(dir, "other") }, 275},
		"system":           {func(*TLS) {}, 275},
		"spaces":           {func(s *TLS) { s.ServerCACerts = " \r\n" }, 275},
		"no certificates":  {func(s *TLS) { s.ServerCACerts = "****" }, 271},
		"no PEM":           {func(s *TLS) { s.ServerCACerts = "-----BEGIN" }, 271},
		"broken PEM":       {func(s *TLS) { s.ServerCACerts = broken }, 271},
		"only keys":        {func(s *TLS) { s.ServerCACerts = ca.keyPEM(t) }, 271},
		"no file":          {func(s *TLS) { s.CAFile = filepath.Join(dir, "none") }, 302},
		"file of nothing":  {func(s *TLS) { s.CAFile = write("empty", "") }, 271},
		"no directory":     {func(s *TLS) { s.CADir = filepath.Join(dir, "none") }, 302},
		"no log directory": {func(s *TLS) { s.KeyLogFile = filepath.Join(dir, "none", "keys") }, 302},
	} {
		t.Run(name, func(t *testing.T) {
			o.TLS = DefaultTLS()
			row.change(&o.TLS)
			if row.code != 0 {
				refused(t, o, row.code)
				return
			}
			_ = connected(t, o).Close()
		})
	}
}

// Sessions are resumed by the component that made them, for the same server with the same settings, for 10 hours.
func TestResumption(t *testing.T) {
	for _, version := range []int{ProtocolTLS12, ProtocolTLS13} {
		synctest.Test(t, func(t *testing.T) {
			ca := (*authority)(nil).issue(t, asAuthority("Test CA"))
			served := ca.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(100 * time.Hour) }).tls()
			ca.cert.NotAfter = time.Now().Add(100 * time.Hour)
			config := &tls.Config{Certificates: []tls.Certificate{served}}
			o := &Options{Target: Target{Scheme: "ssl", Host: serverName}, Port: 8883, TLS: DefaultTLS()}
			o.DialContext = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go overTLS(config, echo)(server) // ended by the client's Close
				return client, nil
			}
			o.TLS.ServerCACerts, o.TLS.Protocols, o.TLS.ReuseSession, o.Sessions = ca.pem(), version, true, &Sessions{}
			o.TLS.SecurityFlags = flagDates // of the authority, which lives for an hour
			asked := 0
			o.Authenticate = func(_ context.Context, c *ServerCertificate) bool {
				asked++
				return c.Accept
			}
			n := watch(o)
			connect := func(what string, resumed bool) {
				t.Helper()
				before := asked
				conn := connected(t, o)
				exchange(t, conn) // TLS 1.3 sends its tickets after the handshake
				_ = conn.Close()
				if n.handshake.Resumed != resumed || n.handshake.Server.Subject() != "CN=broker.example" || asked != before+1 {
					t.Errorf("%s: resumed %t, asked %d times", what, n.handshake.Resumed, asked-before)
				}
			}
			connect("first", false)
			connect("second", true)
			time.Sleep(9 * time.Hour)
			connect("later", true)
			o.TLS.CipherStrength = 128
			connect("another setting", false)
			o.Target.Host = "*" + serverName
			connect("another name", false)
			connect("the same again", true)
			time.Sleep(11 * time.Hour)
			connect("too late", false)
			o.TLS.ReuseSession = false
			connect("not wanted", false)
			synctest.Wait()
		})
	}
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

// CloseWrite sends close_notify and leaves reading alone.
func TestCloseNotify(t *testing.T) {
	ca := newAuthority(t)
	o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil).tls()}}, func(conn net.Conn) {
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("the server did not read the end: %v", err)
		}
		_, _ = conn.Write([]byte("last words"))
		_ = conn.Close()
	}))
	defer wait()
	o.TLS.ServerCACerts = ca.pem()
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

// What breaks after the handshake: the layer is named by its number, errors of the socket stay.
func TestBrokenTLS(t *testing.T) {
	ca := newAuthority(t)
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
			config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil).tls()}, SessionTicketsDisabled: true}
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
			o.TLS.ServerCACerts = ca.pem()
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
			synctest.Test(t, func(t *testing.T) {
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

// Several segments arrive in order, however large they are, with progress in between.
func TestSegmentsOverTLS(t *testing.T) {
	_, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	conn := connected(t, o)
	defer conn.Close()
	checkSegments(t, conn)
}

// checkSegments writes segments of all sizes to echo.
func checkSegments(t *testing.T, conn Conn) {
	t.Helper()
	var segments [][]byte
	var sent []byte
	for i, size := range []int{1, 0, 100, fullRecord - 1, 5, fullRecord, fullRecord + 1, 3, 600 << 10, 2, 7 * fullRecord, 9} {
		s := make([]byte, size)
		for j := range s {
			s[j] = byte(i + j)
		}
		segments = append(segments, s)
		sent = append(sent, s...)
	}
	copied := slices.Clone(segments)
	steps := 0
	failed := make(chan error, 1)
	go func() { failed <- conn.WriteSegments(segments, func() { steps++ }) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !slices.Equal(got, sent) {
		t.Errorf("the segments came back changed: %v", err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if want := len(sent)/stride + 1; steps < want {
		t.Errorf("progress was told %d times, want %d", steps, want)
	}
	for i := range segments {
		if len(segments[i]) != len(copied[i]) {
			t.Error("the segments were changed")
		}
	}
	if err := conn.WriteSegments([][]byte{[]byte("again")}, nil); err != nil {
		t.Error(err)
	}
	if err := conn.WriteSegments(nil, nil); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, got[:5]); err != nil || string(got[:5]) != "again" {
		t.Errorf("read %q, %v", got[:5], err)
	}
}
