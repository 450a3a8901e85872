package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"strconv"

	"github.com/iotcomponents/iot/errors"
)

// TLS returns the selected certificate with its private key for crypto/tls, followed by the certificates of the same
// store that continue its chain. Every call makes a new tls.Certificate.
//
// Errors:
//   - [errors.ErrCredentials] (273): nothing is selected, the certificate or the private key is missing, or TLS has no
//     use for such a key: RSA of 1024 bits or more, ECDSA with a NIST curve, and Ed25519 are possible; DSA, Ed448 and
//     X25519 are not
func (c *Certificate) TLS() (*tls.Certificate, error) {
	e := &c.found
	switch {
	case e.cert == nil && e.key == nil && e.public == nil:
		return nil, unusable("No certificate is selected; assign Subject.")
	case e.cert == nil:
		return nil, unusable("Only a key is selected, and its store has no certificate for it.")
	case e.key == nil && c.storeType == CstPKCS11 && c.storePassword == "":
		return nil, unusable("StorePassword, the PIN, is empty, so the token does not show the private key for the " +
			"certificate " +
			strconv.Quote(subjectName(e.cert)) + ".")
	case e.key == nil:
		return nil, unusable("There is no private key for the certificate " + strconv.Quote(subjectName(e.cert)) +
			": its store has none, or only keys that do not match it.")
	}
	signer, ok := e.key.(crypto.Signer)
	if ok {
		switch signer.Public().(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		default:
			ok = false
		}
	}
	if short, is := e.cert.PublicKey.(*rsa.PublicKey); is && short.N.BitLen() < minRSA {
		return nil, unusable("The RSA key of the certificate " + strconv.Quote(subjectName(e.cert)) + " has " +
			strconv.Itoa(short.N.BitLen()) + " bits; TLS needs " + strconv.Itoa(minRSA) + " or more.")
	}
	if !ok {
		return nil, unusable("TLS cannot use a key of the algorithm " + c.PublicKeyAlgorithm() +
			"; it needs RSA, ECDSA or Ed25519.")
	}
	return &tls.Certificate{Certificate: append([][]byte(nil), e.chain...), PrivateKey: e.key, Leaf: e.cert}, nil
}

// minRSA is the shortest RSA key that crypto/rsa signs with, in bits.
const minRSA = 1024

// unusable is the error of credentials that TLS cannot use.
func unusable(detail string) error { return errors.New(errors.ErrCredentials, detail) }
