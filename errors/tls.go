package errors

import (
	"crypto/tls"
	"crypto/x509"
	stderrors "errors"
	"strings"
)

// Most errors of crypto/tls have no exported type: faults of the handshake are
// plain text, and an alert that arrives or leaves over TCP is a type of the
// package's own. All of them begin with the same word.
const (
	tlsTextPrefix        = "tls: "
	tlsTextNoCertificate = "tls: received empty certificates message"
)

// tlsCode returns the number for an error of crypto/x509 or crypto/tls, and
// whether err holds one. A verdict on the certificate comes before anything
// said about the handshake, because the handshake failed on account of it.
func tlsCode(err error) (int, bool) {
	if code, ok := certificateCode(err); ok {
		return code, true
	}
	if _, ok := stderrors.AsType[tls.AlertError](err); ok {
		return ErrTLSHandshake, true
	}
	if _, ok := stderrors.AsType[tls.RecordHeaderError](err); ok {
		return ErrTLSHandshake, true
	}
	text, ok := tlsText(err)
	if !ok {
		return 0, false
	}
	if text == tlsTextNoCertificate {
		return ErrNoServerCertificate, true
	}
	return ErrTLSHandshake, true
}

// certificateCode returns the number for a refused certificate, and whether
// err says that one was refused: 275 for a chain that leads to no trusted
// authority or goes beyond what its authorities may sign, 280 for any other
// fault.
func certificateCode(err error) (int, bool) {
	if _, ok := stderrors.AsType[x509.UnknownAuthorityError](err); ok {
		return ErrCertificateUntrusted, true
	}
	if _, ok := stderrors.AsType[x509.SystemRootsError](err); ok {
		return ErrCertificateUntrusted, true
	}
	if invalid, ok := stderrors.AsType[x509.CertificateInvalidError](err); ok {
		return invalidCode(invalid.Reason), true
	}
	if _, ok := stderrors.AsType[x509.HostnameError](err); ok {
		return ErrCertificateRejected, true
	}
	if _, ok := stderrors.AsType[x509.InsecureAlgorithmError](err); ok {
		return ErrCertificateRejected, true
	}
	if _, ok := stderrors.AsType[*tls.CertificateVerificationError](err); ok {
		return ErrCertificateRejected, true
	}
	return 0, false
}

// invalidCode sorts the reasons of crypto/x509 into faults of the chain and
// faults of the certificate.
func invalidCode(reason x509.InvalidReason) int {
	switch reason {
	case x509.NotAuthorizedToSign,
		x509.CANotAuthorizedForThisName,
		x509.TooManyIntermediates,
		x509.NameConstraintsWithoutSANs,
		x509.UnconstrainedName,
		x509.TooManyConstraints,
		x509.CANotAuthorizedForExtKeyUsage,
		x509.NoValidChains:
		return ErrCertificateUntrusted
	default:
		return ErrCertificateRejected
	}
}

// tlsText returns the text of the first error in the tree that wraps nothing
// and speaks for crypto/tls, and whether there is one. Errors that wrap others
// are passed over: the prefix may be a word of the caller there, and what is
// wrapped says more.
func tlsText(err error) (string, bool) {
	switch wrapper := err.(type) {
	case nil:
		return "", false
	case interface{ Unwrap() error }:
		return tlsText(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			if text, ok := tlsText(inner); ok {
				return text, true
			}
		}
		return "", false
	}
	text := err.Error()
	return text, strings.HasPrefix(text, tlsTextPrefix)
}
