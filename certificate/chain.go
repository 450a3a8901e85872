package certificate

import (
	"bytes"
	"crypto/x509"
)

// maxChain bounds the length of a chain; certificates that sign each other in a circle would never end.
const maxChain = 16

// maxSignatures bounds how many signatures are checked to find a chain, since a hostile store may have any number of
// issuers of one name.
const maxSignatures = 100

// chain returns the DER of a certificate and of the certificates of the store that continue it, each signed by the
// next. It ends with a certificate that signed itself, or where the store has no issuer.
func (s *store) chain(cert *x509.Certificate) [][]byte {
	if cert == nil {
		return nil
	}
	chain, checks := [][]byte{cert.Raw}, maxSignatures
	for len(chain) < maxChain && !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		if cert = s.issuer(cert, &checks); cert == nil {
			break
		}
		chain = append(chain, cert.Raw)
	}
	return chain
}

// issuer finds the certificate that signed cert. Several may have its issuer's name, for example after the authority
// renewed its key, so the signature decides; it is not asked whether the issuer is one that may sign, since that is
// for the server to judge.
func (s *store) issuer(cert *x509.Certificate, checks *int) *x509.Certificate {
	for _, list := range [][]entry{s.certs, s.issuers} {
		for i := range list {
			candidate := list[i].cert
			if !bytes.Equal(candidate.RawSubject, cert.RawIssuer) || keyLength(candidate.PublicKey) > maxRSA {
				continue
			}
			if *checks--; *checks < 0 {
				return nil
			}
			if candidate.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil {
				return candidate
			}
		}
	}
	return nil
}
