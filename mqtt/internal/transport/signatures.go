package transport

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// signatureWords are the words of TLS12SignatureAlgorithms and TLS13SignatureAlgorithms for the algorithms that a
// certificate can be signed with. An algorithm that has none is not allowed by any list.
var signatureWords = map[x509.SignatureAlgorithm]struct{ tls12, tls13 string }{
	x509.SHA1WithRSA:      {"sha1-rsa", ""},
	x509.SHA256WithRSA:    {"sha256-rsa", "rsa_pkcs1_sha256"},
	x509.SHA384WithRSA:    {"sha384-rsa", "rsa_pkcs1_sha384"},
	x509.SHA512WithRSA:    {"sha512-rsa", "rsa_pkcs1_sha512"},
	x509.SHA256WithRSAPSS: {"sha256-rsa", "rsa_pss_sha256"},
	x509.SHA384WithRSAPSS: {"sha384-rsa", "rsa_pss_sha384"},
	x509.SHA512WithRSAPSS: {"sha512-rsa", "rsa_pss_sha512"},
	x509.DSAWithSHA1:      {"sha1-dsa", ""},
	x509.DSAWithSHA256:    {"sha256-dsa", ""},
	x509.ECDSAWithSHA1:    {"sha1-ecdsa", ""},
	x509.ECDSAWithSHA256:  {"sha256-ecdsa", "ecdsa_secp256r1_sha256"},
	x509.ECDSAWithSHA384:  {"sha384-ecdsa", "ecdsa_secp384r1_sha384"},
	x509.ECDSAWithSHA512:  {"sha512-ecdsa", "ecdsa_secp521r1_sha512"},
	x509.PureEd25519:      {"", "ed25519"},
}

// checkSignature compares how the server's certificate is signed with the setting for the version. A setting that is
// empty or has its default restricts nothing: what crypto/tls cannot verify is refused anyway.
func checkSignature(t *TLS, version uint16, leaf *x509.Certificate) error {
	words := signatureWords[leaf.SignatureAlgorithm]
	setting, allowed, all, word := "TLS12SignatureAlgorithms", t.SignatureAlgorithms12, signatureAlgorithms12,
		words.tls12
	if version == tls.VersionTLS13 {
		setting, allowed, all, word = "TLS13SignatureAlgorithms", t.SignatureAlgorithms13, signatureAlgorithms13,
			words.tls13
	}
	if len(allowed) == 0 || slices.Equal(allowed, all) {
		return nil
	}
	if slices.ContainsFunc(allowed, func(w string) bool { return word != "" && strings.EqualFold(w, word) }) {
		return nil
	}
	return errors.New(errors.ErrCertificateRejected, fmt.Sprintf("The certificate is signed with %v, which %s does "+
		"not allow.", leaf.SignatureAlgorithm, setting))
}
