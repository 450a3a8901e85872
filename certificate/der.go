package certificate

import (
	"crypto"
	"crypto/x509"
	stderrors "errors"

	"golang.org/x/crypto/ssh"
)

var errNoKey = stderrors.New("it is neither a certificate nor a key")

// loadDER reads what a DER file of one object may be: certificates one after the other, a private key, or a public
// key.
func loadDER(data []byte, pw passwords) ([]entry, error) {
	if found, err := loadPublicDER(data); err == nil {
		return found, nil
	}
	if key, err := parsePrivate(data, pw.work); err == nil {
		return []entry{keyEntry(key, "")}, nil
	}
	if isEncryptedPKCS8(data) {
		return []entry{decryptPKCS8(data, newPBEPassword(pw.key), pw.work)}, nil
	}
	return nil, errNoKey
}

// loadPublicDER reads certificates one after the other, or a public key.
func loadPublicDER(data []byte) ([]entry, error) {
	certs, err := x509.ParseCertificates(data)
	if err == nil && len(certs) > 0 {
		return certEntries(certs), nil
	}
	if public, e := parsePublic(data); e == nil {
		return []entry{{public: public}}, nil
	}
	if public, e := x509.ParsePKCS1PublicKey(data); e == nil {
		return []entry{{public: public}}, nil
	}
	return nil, err
}

func certEntries(certs []*x509.Certificate) []entry {
	found := make([]entry, len(certs))
	for i, cert := range certs {
		found[i].cert = cert
	}
	return found
}

// parsePrivate reads an unencrypted private key in any of its DER forms.
func parsePrivate(der []byte, w *work) (crypto.PrivateKey, error) {
	if err := w.addKey(len(der)); err != nil {
		return nil, err
	}
	key, err := parsePKCS8(der, w)
	if err == nil {
		return key, nil
	}
	if key, e := x509.ParsePKCS1PrivateKey(der); e == nil {
		return key, nil
	}
	if key, e := x509.ParseECPrivateKey(der); e == nil {
		return key, nil
	}
	if key, e := ssh.ParseDSAPrivateKey(der); e == nil {
		return key, nil
	}
	return nil, err
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
	key, err := parsePrivate(plain, w)
	if err != nil {
		return entry{locked: lockedKey("The private key", errPassword)}
	}
	return keyEntry(key, "")
}
