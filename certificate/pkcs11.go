package certificate

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"github.com/iotcomponents/iot/errors"
)

// openToken is what RegisterPKCS11 was given, nil for nothing.
var openToken func(uri, pin string) (certs, issuers []*x509.Certificate, keys []crypto.Signer, err error)

// RegisterPKCS11 makes the type CstPKCS11 work, which this package cannot do by itself because it needs cgo. A program
// does not call it but imports the package that does, which is a module of its own:
//
//	import _ "github.com/iotcomponents/iot/certificate/pkcs11"
//
// Whoever writes another implementation calls it from an init function; the last call counts, and nil takes it back.
// The function open is called for each search. It gets Store, a PKCS#11 URI as in RFC 7512, and StorePassword, the
// PIN, and returns what the URI selects: certificates and the private keys for them, in any order, none if nothing on
// the token is meant; and issuers, the other certificates of the token, which continue chains and are never selected. A
// key whose certificate is not among them is found by its String method, if it has one. Errors of open should have the
// numbers 270, 271, 273 or 10022; one without a number becomes 271.
func RegisterPKCS11(open func(uri, pin string) (certs, issuers []*x509.Certificate, keys []crypto.Signer, err error)) {
	openToken = open
}

// loadToken reads what a URI selects on a PKCS#11 token. The private keys stay there.
func loadToken(uri, pin string) ([]entry, error) {
	if openToken == nil {
		return nil, errors.New(errors.ErrSSLLibrary, "PKCS#11 tokens need cgo and are not part of this build: "+
			"import github.com/iotcomponents/iot/certificate/pkcs11, or use a key that is not on a token.")
	}
	certs, issuers, keys, err := openToken(uri, pin)
	if err != nil {
		return nil, err
	}
	var found []entry
	for _, cert := range certs {
		found = append(found, entry{cert: cert})
	}
	for _, cert := range issuers {
		found = append(found, entry{cert: cert, issuerOnly: true})
	}
	for _, key := range keys {
		name := ""
		if named, ok := key.(fmt.Stringer); ok {
			name = named.String()
		}
		found = append(found, keyEntry(key, name))
	}
	return found, nil
}
