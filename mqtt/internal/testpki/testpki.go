// Package testpki makes certificates for tests: an authority of their own, and whatever it signs, faults included.
package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// ServerName is the name that certificates are for when nothing else is said; they are for localhost, 127.0.0.1 and ::1
// too.
const ServerName = "broker.example"

// Identity is a certificate with its key.
type Identity struct {
	Cert *x509.Certificate
	Key  crypto.Signer
	// Chain are the certificates that a server sends after its own.
	Chain []*x509.Certificate
}

var serial atomic.Int64

// NewAuthority makes an authority that signs itself.
func NewAuthority(t testing.TB, name string) *Identity {
	t.Helper()
	return (*Identity)(nil).Issue(t, AsAuthority(name))
}

// Issue makes a certificate for a server as edit wants it, signed by a; with a nil it signs itself. It is valid from an
// hour before to a day after now, which inside a synctest bubble is the time of the bubble.
func (a *Identity) Issue(t testing.TB, edit func(c *x509.Certificate)) *Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a.Sign(t, key, edit)
}

// Sign is Issue with a key.
func (a *Identity) Sign(t testing.TB, key crypto.Signer, edit func(c *x509.Certificate)) *Identity {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: ServerName},
		DNSNames: []string{ServerName, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if edit != nil {
		edit(c)
	}
	parent, signer := c, key
	if a != nil {
		parent, signer = a.Cert, a.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Identity{Cert: cert, Key: key}
}

// AsAuthority makes Issue make an authority.
func AsAuthority(name string) func(c *x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames, c.IPAddresses = name, nil, nil
		c.IsCA, c.ExtKeyUsage, c.KeyUsage = true, nil, x509.KeyUsageCertSign
	}
}

// AsClient makes Issue make a certificate of a client.
func AsClient(name string) func(c *x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames, c.IPAddresses = name, nil, nil
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
}

// TLS is the certificate for crypto/tls, followed by its chain and by those of others.
func (a *Identity) TLS(others ...*Identity) tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{a.Cert.Raw}, PrivateKey: a.Key, Leaf: a.Cert}
	for _, next := range a.Chain {
		c.Certificate = append(c.Certificate, next.Raw)
	}
	for _, next := range others {
		c.Certificate = append(c.Certificate, next.Cert.Raw)
	}
	return c
}

// Pool has the certificate alone.
func (a *Identity) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Cert)
	return pool
}

// PEM is the certificate, and its chain if it has one.
func (a *Identity) PEM() string {
	text := encode(a.Cert.Raw)
	for _, next := range a.Chain {
		text += encode(next.Raw)
	}
	return text
}

func encode(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// KeyPEM is the key, unencrypted.
func (a *Identity) KeyPEM(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
