package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	stderrors "errors"
	"fmt"
	"strconv"
)

// Authorities reads the certificates of a list of authorities that servers are checked with, such as a CA bundle:
// PEM, as OpenSSL reads it, DER, Base64 of DER, or PKCS#7. Text and blocks of other kinds are passed over.
//
// One certificate that cannot be used does not spoil the others: it is among passedOver, with the reason. That is one
// that is damaged or that crypto/x509 does not take, and a TRUSTED CERTIFICATE of OpenSSL that is not trusted for
// servers.
//
// Errors:
//   - [errors.ErrCertificateStore] (271): no certificate is left
func Authorities(list []byte) (authorities []*x509.Certificate, passedOver []error, err error) {
	if len(list) > maxStore {
		return nil, nil, numbered(fmt.Errorf("it has more than %d MiB", maxStore>>20))
	}
	list = unBase64(bytes.TrimPrefix(list, byteOrderMark))
	var found []entry
	if bytes.Contains(list, pemMark) {
		found = pemAuthorities(list)
	} else {
		found, err = binaryAuthorities(list)
	}
	var refused []entry
	for _, e := range found {
		if e.cert != nil {
			authorities = append(authorities, e.cert)
		} else if e.refused != nil {
			refused, passedOver = append(refused, e), append(passedOver, e.refused)
		}
	}
	if len(authorities) > 0 {
		return authorities, passedOver, nil
	}
	if len(refused) > 0 {
		err = fmt.Errorf("it has no certificate that can be used; %w", refusals(refused))
	} else if err == nil {
		err = stderrors.New("there is no certificate in it")
	}
	return nil, passedOver, numbered(err)
}

// binaryAuthorities reads certificates one after the other, or PKCS#7.
func binaryAuthorities(list []byte) ([]entry, error) {
	if isCertificate(list) {
		return derCertificates(list)
	}
	if outlineOf(list).begins("D") {
		return loadP7B(list, passwords{})
	}
	return nil, stderrors.New("there is no certificate in it, neither PEM nor DER nor its Base64")
}

func pemAuthorities(text []byte) []entry {
	var found []entry
	for _, b := range pemBlocks(text) {
		switch {
		case b.fault != nil && b.isCertificate():
			found = append(found, entry{refused: &refusedCert{where: b.where(), cause: b.fault}})
		case b.fault != nil:
		case b.isTrusted():
			der, aux := cutTrust(b.block.Bytes)
			e := certEntry(der, b.where())
			if cause := distrust(aux); e.cert != nil && cause != nil {
				e = entry{refused: newRefusedCert(der, b.where(), cause)}
			}
			found = append(found, e)
		default:
			more, err := parsePublicBlock(&b)
			if err != nil {
				more = []entry{{refused: &refusedCert{where: b.where(), cause: err}}}
			}
			found = append(found, more...)
		}
	}
	return found
}

// trustSettings are OpenSSL's opinion about a certificate, X509_CERT_AUX, which stands behind it in a TRUSTED
// CERTIFICATE.
type trustSettings struct {
	Trusted  []asn1.ObjectIdentifier `asn1:"optional"`
	Rejected []asn1.ObjectIdentifier `asn1:"optional,tag:0"`
}

// cutTrust splits a TRUSTED CERTIFICATE. aux is empty if there is no opinion.
func cutTrust(data []byte) (der, aux []byte) {
	var cert asn1.RawValue
	rest, err := asn1.Unmarshal(data, &cert)
	if err != nil {
		return data, nil
	}
	return cert.FullBytes, rest
}

// distrust is why the certificate is no authority for servers, nil if it is one: OpenSSL asks first for what is
// rejected, and takes a list of what is trusted for complete.
func distrust(aux []byte) error {
	var t trustSettings
	if len(aux) == 0 {
		return nil
	}
	if err := unmarshal(aux, &t); err != nil {
		return fmt.Errorf("its trust settings are damaged: %w", err)
	}
	concerns := func(list []asn1.ObjectIdentifier) bool {
		for _, purpose := range list {
			if purpose.Equal(oidServerAuth) || purpose.Equal(oidAnyUsage) {
				return true
			}
		}
		return false
	}
	switch {
	case concerns(t.Rejected):
		return stderrors.New("its trust settings reject it for servers")
	case len(t.Trusted) > 0 && !concerns(t.Trusted):
		return stderrors.New("its trust settings name " + strconv.Itoa(len(t.Trusted)) +
			" other uses and not that for servers")
	}
	return nil
}

var (
	oidServerAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	oidAnyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
)
