package transport

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

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
