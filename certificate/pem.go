package certificate

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	stderrors "errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

var pemMark = []byte("-----BEGIN ")

// loadPEM reads the certificates and keys of a PEM file. A file in DER is taken as well.
func loadPEM(data []byte, pw passwords) ([]entry, error) {
	if !bytes.Contains(data, pemMark) {
		return loadDER(data, pw)
	}
	return eachBlock(data, func(block *pem.Block) ([]entry, error) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			e, err := parseKeyBlock(block, pw)
			return []entry{e}, err
		}
		return parsePublicBlock(block)
	})
}

// loadPublic reads certificates and public keys, PEM or DER.
func loadPublic(data []byte, _ passwords) ([]entry, error) {
	if !bytes.Contains(data, pemMark) {
		return loadPublicDER(data)
	}
	return eachBlock(data, parsePublicBlock)
}

// eachBlock collects what parse makes of the PEM blocks. encoding/pem passes over damaged blocks in silence; here
// they are an error, or else a certificate would seem to be missing.
func eachBlock(data []byte, parse func(*pem.Block) ([]entry, error)) ([]entry, error) {
	marks := bytes.Count(data, append([]byte{'\n'}, pemMark...))
	if bytes.HasPrefix(data, pemMark) {
		marks++
	}
	var found []entry
	for number := 1; ; number++ {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			if number <= marks {
				return nil, fmt.Errorf("one of its %d PEM blocks is damaged", marks)
			}
			return found, nil
		}
		more, err := parse(block)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d (%s): %w", number, block.Type, err)
		}
		found = append(found, more...)
	}
}

// parsePublicBlock reads a block that needs no password. Blocks of other kinds, private keys among them, are passed
// over.
func parsePublicBlock(block *pem.Block) ([]entry, error) {
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		var first asn1.RawValue // OpenSSL's TRUSTED CERTIFICATE has its opinion about it behind the certificate
		if _, err := asn1.Unmarshal(block.Bytes, &first); err != nil {
			return nil, err
		}
		cert, err := x509.ParseCertificate(first.FullBytes)
		return []entry{{cert: cert}}, err
	case "PKCS7", "CMS":
		return loadP7B(block.Bytes, passwords{})
	case "PUBLIC KEY":
		public, err := parsePublic(block.Bytes)
		return []entry{{public: public}}, err
	case "RSA PUBLIC KEY":
		public, err := x509.ParsePKCS1PublicKey(block.Bytes)
		return []entry{{public: public}}, err
	}
	return nil, nil
}

// parseKeyBlock reads a private key. A key that is there but cannot be opened is an entry too; an error means damage.
func parseKeyBlock(block *pem.Block, pw passwords) (entry, error) {
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		if !isEncryptedPKCS8(block.Bytes) {
			return entry{}, errNoKey
		}
		return decryptPKCS8(block.Bytes, newPBEPassword(pw.key), pw.work), nil
	case block.Type == "OPENSSH PRIVATE KEY", block.Headers["DEK-Info"] != "":
		return parseSSHPrivate(block, pw)
	}
	key, err := parsePrivate(block.Bytes, pw.work)
	if err != nil {
		return entry{}, err
	}
	return keyEntry(key, ""), nil
}

// parseSSHPrivate reads what the ssh package knows better: OpenSSH's own form, and the encryption of old PEM files,
// which has no salt to speak of and no check of the password.
func parseSSHPrivate(block *pem.Block, pw passwords) (entry, error) {
	if err := stderrors.Join(pw.work.addKey(len(block.Bytes)), pw.work.addBcrypt(block)); err != nil {
		return entry{}, err
	}
	text := pem.EncodeToMemory(block)
	key, err := ssh.ParseRawPrivateKey(text)
	var missing *ssh.PassphraseMissingError
	if stderrors.As(err, &missing) {
		if key, err = ssh.ParseRawPrivateKeyWithPassphrase(text, []byte(pw.key)); err != nil {
			return entry{public: sshCrypto(missing.PublicKey), locked: lockedKey("The private key", errPassword)}, nil
		}
	}
	if err != nil {
		return entry{}, err
	}
	return keyEntry(plainKey(key), ""), nil
}

// plainKey makes the one pointer that the ssh package returns a value, as all other packages have it.
func plainKey(key crypto.PrivateKey) crypto.PrivateKey {
	if k, ok := key.(*ed25519.PrivateKey); ok {
		return *k
	}
	return key
}

// addBcrypt accounts for the rounds that an OpenSSH key asks for: magic, cipher, function, then its settings, which
// are salt and rounds.
func (w *work) addBcrypt(block *pem.Block) error {
	r := sshReader(bytes.TrimPrefix(block.Bytes, []byte("openssh-key-v1\x00")))
	if block.Type != "OPENSSH PRIVATE KEY" {
		return nil
	}
	r.next()
	if function, _ := r.next(); string(function) != "bcrypt" {
		return nil
	}
	settings, _ := r.next()
	inner := sshReader(settings)
	inner.next()
	if len(inner) != 4 {
		return stderrors.New("the settings of the key's password are damaged")
	}
	return w.add(int64(binary.BigEndian.Uint32(inner)), bcryptRound)
}
