package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// loadPEM reads the certificates and keys of a PEM file. A file in DER is taken as well.
func loadPEM(data []byte, pw passwords) ([]entry, error) {
	if !bytes.Contains(data, pemMark) {
		return loadDER(data, pw)
	}
	return eachBlock(data, func(b *pemBlock) ([]entry, error) {
		if strings.HasSuffix(b.kind, "PRIVATE KEY") {
			e, err := parseKeyBlock(b.block, pw)
			return []entry{e}, err
		}
		return parsePublicBlock(b)
	})
}

// loadPublic reads certificates and public keys, PEM or DER.
func loadPublic(data []byte, _ passwords) ([]entry, error) {
	if !bytes.Contains(data, pemMark) {
		return loadPublicDER(data)
	}
	return eachBlock(data, parsePublicBlock)
}

// eachBlock collects what parse makes of the PEM blocks. A certificate that is damaged is passed over, like one that
// crypto/x509 does not take; any other damaged block is an error, and so is a text that ends in a block, since more
// may be missing.
func eachBlock(data []byte, parse func(*pemBlock) ([]entry, error)) ([]entry, error) {
	var found []entry
	for _, b := range pemBlocks(data) {
		if b.fault != nil {
			if b.last || !b.isCertificate() {
				return nil, fmt.Errorf("%s is damaged: %w", b.where(), b.fault)
			}
			found = append(found, entry{refused: &refusedCert{where: b.where(), cause: b.fault}})
			continue
		}
		more, err := parse(&b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.where(), err)
		}
		found = append(found, more...)
	}
	return found, nil
}

// parsePublicBlock reads a block that needs no password. Blocks of other kinds, private keys among them, are passed
// over.
func parsePublicBlock(b *pemBlock) ([]entry, error) {
	der := b.block.Bytes
	switch {
	case b.isTrusted():
		der, _ = cutTrust(der)
		return []entry{certEntry(der, b.where())}, nil
	case b.isCertificate():
		return []entry{certEntry(der, b.where())}, nil
	case b.kind == "PKCS7" || b.kind == "CMS":
		return loadP7B(der, passwords{})
	case b.kind == "PUBLIC KEY":
		public, err := parsePublic(der)
		return []entry{{public: public}}, err
	case b.kind == "RSA PUBLIC KEY":
		public, err := x509.ParsePKCS1PublicKey(der)
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
	case block.Type == "OPENSSH PRIVATE KEY":
		return loadOpenSSH(block, pw)
	case block.Headers["DEK-Info"] != "":
		return decryptDEK(block, pw)
	}
	return privateEntry(block.Bytes, pw.work)
}
