package transport

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	stderrors "errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// TestOldServer: a server of an old version is told with the setting that allows it.
func TestOldServer(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		_, o, wait := tlsServer(t, &tls.Config{MinVersion: version, MaxVersion: version})
		refused(t, o, 276, "SSLEnabledProtocols", "TLS1.2, TLS1.3", "16320 allows TLS 1.0 and 1.1")
		o.TLS.Protocols = ProtocolTLS10 | ProtocolTLS11 | ProtocolTLS12
		_ = connected(t, o).Close()
		wait()
	}
	// Other servers close the connection, and others choose an old version without being offered it.
	for name, answer := range map[string]string{
		"closes": "", "refuses": "\x15\x03\x01\x00\x02\x02\x46", "handshake failure": "\x15\x03\x01\x00\x02\x02\x28",
		"chooses TLS 1.0": "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + string(make([]byte, 32)) + "\x00\x00\x2f\x00",
	} {
		o, wait := options("ssl://"+serverName, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(answer))
			_ = conn.(*net.TCPConn).CloseWrite()
			ignore(conn)
		})
		if err := refused(t, o, 276, "SSLEnabledProtocols"); err == nil {
			t.Error(name)
		}
		wait()
	}
}

// TestSignatureFails: an error of a package below crypto/tls belongs to the handshake; nothing but it tells the cause.
func TestSignatureFails(t *testing.T) {
	ca, o, wait := tlsServer(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	client := ca.Sign(t, key, nil).TLS()
	client.PrivateKey = failingSigner{key}
	o.TLS.Config = &tls.Config{RootCAs: newPool([]*x509.Certificate{ca.Cert}), Certificates: []tls.Certificate{client}}
	refused(t, o, 276, "this key signs nothing")
	wait()
}

type failingSigner struct{ *rsa.PrivateKey }

func (failingSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, stderrors.New("crypto/rsa: this key signs nothing")
}

// TestGivenConfig: a configuration of the program's own takes the place of the settings.
func TestGivenConfig(t *testing.T) {
	ca, other := testpki.NewAuthority(t, "Test CA"), testpki.NewAuthority(t, "Another CA")
	server, client := ca.Issue(t, nil), ca.Issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	roots := newPool([]*x509.Certificate{ca.Cert})
	no := func(*ServerCertificate) bool { return false }
	yes := func(c *ServerCertificate) bool { return c.Status == "OK" && c.Accept }
	demand := func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, roots }
	for name, row := range map[string]struct {
		config *tls.Config
		server func(*tls.Config)
		decide func(*ServerCertificate) bool
		url    string
		code   int
	}{
		"roots":                   {&tls.Config{RootCAs: roots}, nil, nil, "", 0},
		"roots and handler":       {&tls.Config{RootCAs: roots}, nil, yes, "", 0},
		"handler refuses":         {&tls.Config{RootCAs: roots}, nil, no, "", 280},
		"other roots":             {&tls.Config{RootCAs: newPool([]*x509.Certificate{other.Cert})}, nil, yes, "", 275},
		"other name":              {&tls.Config{RootCAs: roots, ServerName: "other.example"}, nil, nil, "", 280},
		"name of its own":         {&tls.Config{RootCAs: roots, ServerName: serverName}, nil, nil, "ssl://elsewhere.example", 0},
		"no verification":         {&tls.Config{InsecureSkipVerify: true}, nil, nil, "", 0},
		"its own verification":    {&tls.Config{RootCAs: roots, VerifyConnection: func(tls.ConnectionState) error { return stderrors.New("not mine") }}, nil, nil, "", 280},
		"its own number":          {&tls.Config{RootCAs: roots, VerifyConnection: func(tls.ConnectionState) error { return errors.New(271, "x") }}, nil, nil, "", 271},
		"client certificate":      {&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{client.TLS()}}, demand, nil, "", 0},
		"client certificate func": {&tls.Config{RootCAs: roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { c := client.TLS(); return &c, nil }}, demand, nil, "", 0},
		"no client certificate":   {&tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS12}, demand, nil, "", 281},
		"version":                 {&tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS12}, func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, nil, "", 276},
		"settings have no part":   {&tls.Config{RootCAs: roots}, nil, nil, "", 0},
		"WebSocket":               {&tls.Config{RootCAs: roots}, nil, yes, "wss://" + serverName, 0},
	} {
		t.Run(name, func(t *testing.T) {
			config := &tls.Config{Certificates: []tls.Certificate{server.TLS()}}
			if row.server != nil {
				row.server(config)
			}
			url, serve := "ssl://"+serverName, echo
			if row.url != "" {
				url = row.url
			}
			if strings.HasPrefix(url, "wss") {
				serve = overWebSocket(echoMessages)
			}
			o, wait := options(url, overTLS(config, serve))
			defer wait()
			o.TLS.Config, o.TLS.CAFile = row.config, "no such file"
			asked := false
			if row.decide != nil {
				o.Authenticate = func(_ context.Context, c *ServerCertificate) bool { asked = true; return row.decide(c) }
			}
			if row.code != 0 {
				refused(t, o, row.code)
				return
			}
			conn := connected(t, o)
			exchange(t, conn)
			_ = conn.Close()
			if asked != (row.decide != nil) {
				t.Errorf("asked %t", asked)
			}
		})
	}
}

// TestUnreadableServerCertificate: crypto/tls parses the certificate before anybody is asked; the error says so.
func TestUnreadableServerCertificate(t *testing.T) {
	bad, _ := negative(t)
	block, _ := pem.Decode([]byte(bad))
	key := testpki.NewAuthority(t, "x").TLS().PrivateKey
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}}, MaxVersion: version}
		o, wait := options("ssl://"+serverName, overTLS(config, echo))
		o.TLS.AcceptAny = true
		refused(t, o, 276, "SSLAcceptAnyServerCert", "negative serial number")
		wait()
	}
}
