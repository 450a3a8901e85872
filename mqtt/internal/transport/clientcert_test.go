package transport

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// A server that demands a certificate gets it, with its chain, or tells by 281 that it got none.
func TestClientCertificate(t *testing.T) {
	for _, version := range []int{ProtocolTLS12, ProtocolTLS13} {
		config := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
		ca, o, wait := tlsServer(t, config)
		config.ClientCAs.AddCert(ca.Cert)
		between := ca.Issue(t, testpki.AsAuthority("Between CA"))
		last := between.Issue(t, testpki.AsAuthority("Last CA"))
		forClients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
		client := last.Issue(t, forClients)
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
		o.TLS.Certificate = clientCertificate(t, client)
		fails(276, "client certificate", clientCertificate(t, client).Subject()) // the chain is missing
		o.TLS.ClientChain = ca.PEM() + between.PEM() + "\r\n" + last.PEM()
		works("a chain in any order")
		o.TLS.ClientChain = between.PEM()
		refused(t, o, 274, "SSLCACerts has no issuer")
		o.TLS.ClientChain = "nonsense"
		refused(t, o, 274, "SSLCACerts cannot be read")

		o.TLS.ClientChain = ""
		direct := ca.Issue(t, forClients)
		o.TLS.Certificate = clientCertificate(t, direct)
		works("no chain is needed")
		o.TLS.ClientChain = ca.PEM() + ca.PEM()
		works("the same twice")
		keyless, err := certificate.FromEncoded([]byte(direct.PEM()))
		if err != nil {
			t.Fatal(err)
		}
		o.TLS.Certificate = keyless
		refused(t, o, 273)
		wait()
	}
}
