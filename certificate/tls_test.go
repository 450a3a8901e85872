package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestHandshake lets a server verify each kind of key that TLS can use, by the root alone: the intermediate
// certificate must come from the client's store.
func TestHandshake(t *testing.T) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(t, "root.pem")) {
		t.Fatal("no root")
	}
	chain := append(read(t, "inter.pem"), read(t, "root.pem")...)
	for _, test := range []struct {
		name      string
		storeType certificate.CertStoreTypes
		store     []byte
		search    string
		chain     int
	}{
		{"RSA in PFX", certificate.CstPFXFile, []byte(path("modern.pfx")), "*", 3},
		{"ECDSA in JKS", certificate.CstJKSFile, []byte(path("java.jks")), "device-2", 3},
		{"RSA in BCFKS", certificate.CstBCFKSFile, []byte(path("store.bcfks")), "*", 3},
		{"RSA in JWK", certificate.CstJWKFile, []byte(path("set.jwk")), "*", 3},
		{"Ed25519 in PEM", certificate.CstPEMKeyBlob, append(append(read(t, "ed25519.pem"), read(t, "ed25519.key.pem")...), chain...), "*", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := load(test.storeType, test.store, test.search)
			if err != nil {
				t.Fatal(err)
			}
			pair, err := c.TLS()
			if err != nil {
				t.Fatal(err)
			}
			presented := handshake(t, pair, roots)
			if len(presented) != test.chain || !presented[0].Equal(c.X509()) {
				t.Errorf("the server got %d certificates, want %d", len(presented), test.chain)
			}
		})
	}
}

// handshake connects over a pipe and returns what the client presented to a server that demands a certificate.
func handshake(t *testing.T, pair *tls.Certificate, roots *x509.CertPool) []*x509.Certificate {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	serverPair, err := certificate.FromStore(certificate.CstPEMKeyFile, path("client.pem"), "", "*")
	if err != nil {
		t.Fatal(err)
	}
	own, err := serverPair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{*own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots})
	client := tls.Client(near, &tls.Config{Certificates: []tls.Certificate{*pair}, RootCAs: roots, ServerName: "device-1.example.com"})
	var atServer error
	var group sync.WaitGroup
	group.Go(func() { atServer = server.HandshakeContext(t.Context()) })
	atClient := client.HandshakeContext(t.Context())
	group.Wait()
	if atServer != nil || atClient != nil {
		t.Fatalf("server: %v, client: %v", atServer, atClient)
	}
	return server.ConnectionState().PeerCertificates
}

// TestChainOfARenewedAuthority: two issuers of one name, of which only one signed.
func TestChainOfARenewedAuthority(t *testing.T) {
	c, err := load(certificate.CstPEMKeyBlob, append(append(read(t, "renewed.pem"), read(t, "client.pem")...), '\n'), "device-1")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := c.TLS()
	if err != nil || len(pair.Certificate) != 3 {
		t.Fatalf("%v %v", pair, err)
	}
}

// TestTLSIsACopy: what a program does to the result has no effect on the next one.
func TestTLSIsACopy(t *testing.T) {
	c, err := load(certificate.CstPEMKeyFile, []byte(path("client.pem")), "*")
	if err != nil {
		t.Fatal(err)
	}
	first, _ := c.TLS()
	first.Certificate = append(first.Certificate[:1], nil)
	second, err := c.TLS()
	if err != nil || len(second.Certificate) != 3 || second.Certificate[1] == nil {
		t.Error("the results share their chain")
	}
}

// TestGettersConcurrently is for the race detector.
func TestGettersConcurrently(t *testing.T) {
	c, err := load(certificate.CstPFXFile, []byte(path("modern.pfx")), "*")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			state(c)
			if _, err := c.TLS(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestShortRSA: crypto/rsa signs with no key of 512 bits, which would be found out in the middle of a handshake.
func TestShortRSA(t *testing.T) {
	c, err := load(certificate.CstPEMKeyFile, []byte(path("ciphers/rsa512.pem")), "*")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.TLS()
	wantCode(t, err, ioterrors.ErrCredentials)
	if !strings.Contains(err.Error(), "512 bits") {
		t.Error(err)
	}
}
