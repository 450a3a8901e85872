package transport

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// ServerCertificate is what a server has shown in the TLS handshake, for Options.Authenticate.
type ServerCertificate struct {
	Certificate *certificate.Certificate // the server's own
	Encoded     []byte                   // PEM of Certificate, with TLS.IncludeChain of the whole chain
	Subject     string
	Issuer      string
	Status      string // "OK", or why the verification failed
	// Accept is true when the verification succeeded, with TLS.AcceptAny, and for TLS.AcceptCertificate.
	Accept bool
}

// authenticate decides whether the server is accepted. fault is what the verification has found.
func (s *security) authenticate(
	ctx context.Context, presented []*x509.Certificate, chains [][]*x509.Certificate, fault error,
) *errors.Error {
	shown := presented
	if s.settings.IncludeChain && len(chains) > 0 {
		shown = withRoot(presented, chains[0])
	}
	if !s.settings.IncludeChain {
		shown = presented[:1]
	}
	leaf, err := certificate.FromEncoded(presented[0].Raw)
	if err != nil {
		return errors.FromOS(err)
	}
	s.server = leaf
	c := &ServerCertificate{
		Certificate: leaf, Encoded: encode(shown), Subject: leaf.Subject(), Issuer: leaf.Issuer(), Status: "OK",
		Accept: fault == nil || s.settings.AcceptAny || s.isAccepted(presented[0]),
	}
	if fault != nil {
		c.Status = reason(fault)
	}
	s.trace.sslStatus("The server's certificate is " + c.Subject + ", issued by " + c.Issuer + "; verification: " +
		c.Status)
	accepted := c.Accept
	if s.decide != nil {
		accepted = s.decide(ctx, c)
	}
	switch {
	case accepted:
		return nil
	case fault == nil:
		return errors.New(errors.ErrCertificateRejected,
			"SSLServerAuthentication did not accept the certificate of "+c.Subject+".")
	default:
		return errors.FromOS(s.roots.explain(fault))
	}
}

// isAccepted reports whether leaf is SSLAcceptServerCert.
func (s *security) isAccepted(leaf *x509.Certificate) bool {
	known := s.settings.AcceptCertificate
	return known != nil && known.X509() != nil && bytes.Equal(known.X509().Raw, leaf.Raw)
}

// withRoot adds the end of the verified chain to what the server has sent, unless it has sent that too.
func withRoot(presented, chain []*x509.Certificate) []*x509.Certificate {
	root := chain[len(chain)-1]
	for _, c := range presented {
		if c.Equal(root) {
			return presented
		}
	}
	return append(presented[:len(presented):len(presented)], root)
}

func encode(certs []*x509.Certificate) []byte {
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}
