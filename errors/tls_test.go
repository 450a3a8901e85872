package errors_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	stderrors "errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// serverName is the only name in the certificates of these tests.
const serverName = "broker.example"

// authority signs certificates for the servers of these tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes a self-signed authority.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority of the test"},
		NotBefore:             time.Now().Add(-48 * time.Hour),
		NotAfter:              time.Now().Add(48 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue signs a certificate for serverName that ends at notAfter.
func (a *authority) issue(t *testing.T, notAfter time.Time, usage x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: serverName},
		DNSNames:     []string{serverName},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// pool is the trust in this authority alone.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// handshake runs a client against serve over loopback and returns the error of
// the client's handshake, or of its first read if the handshake succeeds: TLS
// 1.3 reports the refusal of a client certificate only there.
func handshake(t *testing.T, client *tls.Config, serve func(net.Conn)) error {
	t.Helper()
	near, far := connect(t)
	limit := time.Now().Add(30 * time.Second)
	near.SetDeadline(limit)
	far.SetDeadline(limit)
	done := make(chan struct{})
	go func() { // ends when serve does; waited for below
		defer close(done)
		defer far.Close()
		serve(far)
	}()
	conn := tls.Client(near, client)
	err := conn.Handshake()
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	near.Close()
	<-done
	return err
}

// serveTLS is a server that accepts, then closes. After a failed handshake it
// waits for the client to leave: closing with bytes unread would reset the
// connection and could overtake the alert.
func serveTLS(config *tls.Config) func(net.Conn) {
	return func(conn net.Conn) {
		server := tls.Server(conn, config)
		if server.Handshake() != nil {
			io.Copy(io.Discard, conn)
			return
		}
		server.Close()
	}
}

func TestFromOSHandshake(t *testing.T) {
	var (
		ca       = newAuthority(t)
		stranger = newAuthority(t)
		tomorrow = time.Now().Add(24 * time.Hour)
		good     = ca.issue(t, tomorrow, x509.ExtKeyUsageServerAuth)
		expired  = ca.issue(t, time.Now().Add(-time.Hour), x509.ExtKeyUsageServerAuth)
		purpose  = ca.issue(t, tomorrow, x509.ExtKeyUsageClientAuth)
	)
	server := func(cert tls.Certificate) func(net.Conn) {
		return serveTLS(&tls.Config{Certificates: []tls.Certificate{cert}})
	}
	trusting := func() *tls.Config { return &tls.Config{RootCAs: ca.pool(), ServerName: serverName} }
	for _, row := range []struct {
		name   string
		client *tls.Config
		serve  func(net.Conn)
		want   int
	}{
		{"all is well until the server closes", trusting(), server(good), 1120},
		{"unknown authority", &tls.Config{RootCAs: stranger.pool(), ServerName: serverName}, server(good), 275},
		{"expired", trusting(), server(expired), 280},
		{"wrong host name", &tls.Config{RootCAs: ca.pool(), ServerName: "other.example"}, server(good), 280},
		{"wrong purpose", trusting(), server(purpose), 280},
		{"plain text server", trusting(), func(conn net.Conn) {
			// Take the whole ClientHello, then answer as MQTT does. What the
			// client says after that is of no interest.
			hello := make([]byte, 5)
			if _, err := io.ReadFull(conn, hello); err != nil {
				return
			}
			if _, err := io.ReadFull(conn, make([]byte, int(hello[3])<<8|int(hello[4]))); err != nil {
				return
			}
			conn.Write([]byte{0x20, 0x02, 0x00, 0x00, 0x00})
			io.Copy(io.Discard, conn)
		}, 276},
		{"no version in common", func() *tls.Config {
			config := trusting()
			config.MaxVersion = tls.VersionTLS12
			return config
		}(), serveTLS(&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS13}), 276},
		{"server without certificate", trusting(), serveTLS(&tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return nil, stderrors.New("none")
			},
		}), 276},
		{"client certificate demanded, TLS 1.3", trusting(), serveTLS(&tls.Config{
			Certificates: []tls.Certificate{good},
			ClientAuth:   tls.RequireAnyClientCert,
		}), 276},
		{"no parameters", &tls.Config{}, func(net.Conn) {}, 276},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := handshake(t, row.client, row.serve)
			if err == nil {
				t.Fatal("no error")
			}
			wantFromOS(t, err, row.want)
		})
	}
}

// TestFromOSHandshakeCause: the error of crypto/x509 stays within reach.
func TestFromOSHandshakeCause(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	cert := ca.issue(t, time.Now().Add(time.Hour), x509.ExtKeyUsageServerAuth)
	err := errors.FromOS(handshake(t,
		&tls.Config{RootCAs: stranger.pool(), ServerName: serverName},
		serveTLS(&tls.Config{Certificates: []tls.Certificate{cert}})))
	verification, ok := stderrors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(verification.UnverifiedCertificates) != 1 {
		t.Errorf("the certificate of the server is not within reach of %v", err)
	}
	if _, ok := stderrors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("x509.UnknownAuthorityError is not within reach of %v", err)
	}
}
