package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
)

// pki is what the tests of handshakes have in common: a server's certificate, and an authority whose intermediate is on
// the token only.
type pki struct {
	root, inter *authority
	server      tls.Certificate
}

func newPKI(t testing.TB) pki {
	t.Helper()
	newKey := func() crypto.Signer {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	root := &authority{key: newKey()}
	root.cert = root.issue(t, "Root", root.key.Public(), asAuthority)
	inter := &authority{key: newKey()}
	inter.cert = root.issue(t, "Intermediate", inter.key.Public(), asAuthority)
	own := newKey()
	return pki{root, inter, tls.Certificate{Certificate: [][]byte{root.issue(t, "server", own.Public(), nil).Raw}, PrivateKey: own}}
}

// config is that of a server that demands a certificate.
func (p pki) config() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{p.server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: p.pool()}
}

func (p pki) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.root.cert)
	return pool
}

// device puts a key, its certificate and the intermediate one on a token.
func (p pki) device(b *box, kind int) {
	b.Helper()
	b.generate(kind, "\x01", "client")
	b.put(p.inter.issue(b, "device-1", b.public("\x01"), nil).Raw, "\x01", "client")
	b.put(p.inter.cert.Raw, "\x02", "intermediate")
}

func TestHandshake(t *testing.T) {
	for _, kind := range []struct {
		number    int
		algorithm string
		length    int
	}{{kindRSA, "RSA", 2048}, {kindP256, "ECDSA", 256}, {kindEd25519, "Ed25519", 256}} {
		t.Run(kind.algorithm, func(t *testing.T) {
			h, p := newHSM(t), newPKI(t)
			p.device(h.token("rig"), kind.number)
			c := h.find("token=rig;object=client", "*")
			if c.Subject() != "CN=device-1" || c.X509() == nil || !c.PrivateKeyAvailable() || c.PrivateKey() != "" {
				t.Errorf("subject %q, certificate %v, key %v %q", c.Subject(), c.X509(), c.PrivateKeyAvailable(), c.PrivateKey())
			}
			if c.PublicKeyAlgorithm() != kind.algorithm || c.PublicKeyLength() != kind.length {
				t.Errorf("%s %d", c.PublicKeyAlgorithm(), c.PublicKeyLength())
			}
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				pair, err := c.TLS()
				h.must(err)
				near, far := net.Pipe()
				defer near.Close()
				defer far.Close()
				config := p.config()
				config.MaxVersion = version
				server := tls.Server(far, config)
				client := tls.Client(near, &tls.Config{Certificates: []tls.Certificate{*pair}, RootCAs: p.pool(), ServerName: "localhost"})
				var atServer error
				var group sync.WaitGroup
				group.Go(func() { atServer = server.HandshakeContext(t.Context()) })
				atClient := client.HandshakeContext(t.Context())
				group.Wait()
				if atServer != nil || atClient != nil {
					t.Fatalf("%s: server: %v, client: %v", tls.VersionName(version), atServer, atClient)
				}
				if got := server.ConnectionState().PeerCertificates; len(got) != 2 || !got[0].Equal(c.X509()) {
					t.Errorf("the server got %d certificates, want 2", len(got))
				}
			}
		})
	}
}

// TestMQTT connects the component with a key on a token, twice, and between the two the token was given up.
func TestMQTT(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	p.device(h.token("rig"), kindP256)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", p.config())
	h.must(err)
	subjects := make(chan string, 2)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if err := acceptMQTT(conn.(*tls.Conn)); err != nil {
				t.Errorf("at the server: %v", err)
				continue
			}
			subjects <- conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.String()
		}
	})
	defer group.Wait()
	defer listener.Close()

	m := mqtt.New()
	_, err = m.Config("SSLServerCACerts=" + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.root.cert.Raw})))
	h.must(err)
	h.must(m.SetSSLCert(h.find("token=rig", "CN=device-1")))
	h.must(m.SetRemoteHost("ssl://127.0.0.1"))
	h.must(m.SetRemotePort(listener.Addr().(*net.TCPAddr).Port))
	h.must(m.SetTimeout(30))
	for range 2 {
		h.must(m.Connect())
		h.must(m.Disconnect())
		if got := <-subjects; got != "CN=device-1" {
			t.Errorf("the server saw %q", got)
		}
		Close()
	}
}

// acceptMQTT answers one CONNECT of MQTT 3.1.1 or 5 and reads what follows, to the end.
func acceptMQTT(conn *tls.Conn) error {
	defer conn.Close()
	start := make([]byte, 9) // a packet of less than 128 bytes, the name of the protocol and its version
	if _, err := io.ReadFull(conn, start); err != nil {
		return err
	}
	if start[0] != 0x10 || binary.BigEndian.Uint16(start[2:]) != 4 || string(start[4:8]) != "MQTT" {
		return fmt.Errorf("%x is no CONNECT", start)
	}
	if _, err := io.CopyN(io.Discard, conn, int64(start[1])-7); err != nil {
		return err
	}
	answer := []byte{0x20, 2, 0, 0}
	if start[8] == 5 {
		answer = []byte{0x20, 3, 0, 0, 0}
	}
	if _, err := conn.Write(answer); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, conn)
	return err
}
