package certificate

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	stderrors "errors"
	"fmt"

	"github.com/iotcomponents/iot/errors"
)

var errNoKey = stderrors.New("it is neither a certificate nor a key")

// loadDER reads what a DER file of one object may be: certificates one after the other, a private key, or a public
// key.
func loadDER(data []byte, pw passwords) ([]entry, error) {
	if found, err := loadPublicDER(data); err == nil {
		return found, nil
	}
	if e, err := privateEntry(data, pw.work); !stderrors.Is(err, errNoKey) {
		return []entry{e}, err
	}
	if isEncryptedPKCS8(data) {
		return []entry{decryptPKCS8(data, newPBEPassword(pw.key), pw.work)}, nil
	}
	return nil, errNoKey
}

// loadPublicDER reads certificates one after the other, or a public key.
func loadPublicDER(data []byte) ([]entry, error) {
	if isCertificate(data) {
		return derCertificates(data)
	}
	_, err := x509.ParseCertificate(data)
	if public, e := parsePublic(data); e == nil {
		return []entry{{public: public}}, nil
	}
	if public, e := x509.ParsePKCS1PublicKey(data); e == nil {
		return []entry{{public: public}}, nil
	}
	return nil, err
}

// derCertificates reads certificates one after the other.
func derCertificates(data []byte) (found []entry, err error) {
	for rest := data; len(rest) > 0; {
		var one asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			return nil, err
		}
		found = append(found, certEntry(one.FullBytes, fmt.Sprintf("certificate %d", len(found)+1)))
	}
	return found, nil
}

// parsePrivate reads an unencrypted private key in any of its DER forms. Its error is a refusedKey when the outline
// is that of a key.
func parsePrivate(der []byte, w *work) (crypto.PrivateKey, error) {
	if err := w.addKey(len(der)); err != nil {
		return nil, err
	}
	var key crypto.PrivateKey
	var err error
	switch form := outlineOf(der); {
	case form.begins(outlinePKCS8):
		key, err = parsePKCS8(der, w)
	case form.begins(outlineSEC1):
		key, err = x509.ParseECPrivateKey(der)
	case form.isPKCS1():
		key, err = x509.ParsePKCS1PrivateKey(der)
	case form == outlineDSA:
		key, err = parseTraditionalDSA(der, w)
	default:
		return nil, errNoKey
	}
	if err != nil {
		return nil, refusedKey{err}
	}
	return key, nil
}

// A refusedKey is why a private key that is one cannot be used.
type refusedKey struct{ cause error }

func (r refusedKey) Error() string { return r.cause.Error() }
func (r refusedKey) Unwrap() error { return r.cause }

// privateEntry is the entry of a private key in DER. One that is refused is an entry too, so that it does not keep the
// program from the others in its store; an error means that there is no key.
func privateEntry(der []byte, w *work) (entry, error) {
	key, err := parsePrivate(der, w)
	if refused, is := stderrors.AsType[refusedKey](err); is {
		locked := errors.Wrap(errors.ErrCertificateStore, "The private key cannot be used", refused.cause)
		return entry{locked: locked}, nil
	}
	if err != nil {
		return entry{}, err
	}
	return keyEntry(key, ""), nil
}

// encryptedPrivateKeyInfo is EncryptedPrivateKeyInfo of RFC 5958.
type encryptedPrivateKeyInfo struct {
	Algorithm algorithmIdentifier
	Data      []byte
}

func isEncryptedPKCS8(der []byte) bool {
	var info encryptedPrivateKeyInfo
	return unmarshal(der, &info) == nil && len(info.Data) > 0
}

// decryptPKCS8 opens an encrypted PKCS#8 key, or says in the entry why it cannot be opened.
func decryptPKCS8(der []byte, password pbePassword, w *work) entry {
	var info encryptedPrivateKeyInfo
	err := unmarshal(der, &info)
	if err != nil {
		return entry{locked: lockedKey("The private key", err)}
	}
	plain, err := decryptPBE(info.Algorithm, info.Data, password, w)
	if err != nil {
		return entry{locked: lockedKey("The private key", err)}
	}
	e, err := privateEntry(plain, w)
	if err != nil {
		return entry{locked: lockedKey("The private key", errPassword)}
	}
	return e
}
