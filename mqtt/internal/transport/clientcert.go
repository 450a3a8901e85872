package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	stderrors "errors"
	"fmt"
	"slices"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// useClientCertificate makes SSLCert ready, with the chain of SSLCACerts. Errors: 273, 274.
func (s *security) useClientCertificate() *errors.Error {
	own, chain := s.settings.Certificate, s.settings.ClientChain
	if own == nil || own.X509() == nil && !own.PrivateKeyAvailable() {
		s.config.GetClientCertificate = s.noCertificate
		return nil
	}
	cert, err := own.TLS()
	if err != nil {
		return errors.FromOS(err)
	}
	for _, fault := range own.PassedOver() {
		s.trace.note(NoteInformation, "The store of SSLCert passes over "+fault.Error())
	}
	if chain != "" {
		authorities, passedOver, err := certificate.Authorities([]byte(chain))
		for _, fault := range passedOver {
			s.trace.note(NoteInformation, "SSLCACerts passes over "+fault.Error())
		}
		if err != nil {
			return errors.Wrap(errors.ErrCertificateChain, "SSLCACerts cannot be read.", stderrors.Unwrap(err))
		}
		if err := appendChain(cert, authorities); err != nil {
			return err
		}
	}
	subject := own.Subject()
	s.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		s.asked = true
		s.trace.sslStatus("The server asks for a client certificate; it is sent " + subject + ".")
		return cert, nil
	}
	return nil
}

// noCertificate is the answer to a server that asks for a client certificate when there is none.
func (s *security) noCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	s.asked = true
	s.trace.sslStatus("The server asks for a client certificate, and SSLCert is not set.")
	return &tls.Certificate{}, nil // which means none
}

// hasCertificate reports whether a client certificate is there to be sent.
func (s *security) hasCertificate() bool {
	return s.settings.Certificate != nil && s.settings.Certificate.X509() != nil
}

// appendChain continues the chain of a certificate with authorities, in whatever order they are given.
func appendChain(cert *tls.Certificate, authorities []*x509.Certificate) *errors.Error {
	last, err := x509.ParseCertificate(cert.Certificate[len(cert.Certificate)-1])
	if err != nil {
		return errors.Wrap(errors.ErrCredentials, "", err)
	}
	related := slices.ContainsFunc(authorities, func(a *x509.Certificate) bool {
		return slices.ContainsFunc(cert.Certificate, func(der []byte) bool { return bytes.Equal(der, a.Raw) })
	})
	for range authorities { // a chain is not longer than they are many, whatever circles they form
		i := slices.IndexFunc(authorities, func(a *x509.Certificate) bool {
			return !a.Equal(last) && bytes.Equal(a.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(a) == nil
		})
		if i < 0 || bytes.Equal(last.RawSubject, last.RawIssuer) {
			break
		}
		last, related = authorities[i], true
		cert.Certificate = append(cert.Certificate, last.Raw)
	}
	if !related {
		return errors.New(errors.ErrCertificateChain, fmt.Sprintf("SSLCACerts has no issuer of the client "+
			"certificate %q.", cert.Leaf.Subject))
	}
	return nil
}
