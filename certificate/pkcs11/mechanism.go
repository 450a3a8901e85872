package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	stderrors "errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"
)

// hashes are those that RSA signatures name.
var hashes = map[crypto.Hash]struct {
	oid            asn1.ObjectIdentifier
	mechanism, mgf uint
}{
	crypto.SHA1:   {asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, pkcs11.CKM_SHA_1, pkcs11.CKG_MGF1_SHA1},
	crypto.SHA256: {asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256},
	crypto.SHA384: {asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384},
	crypto.SHA512: {asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512},
}

// mechanism returns how the token has to sign, and what. digest is the message itself for Ed25519.
func (k *key) mechanism(digest []byte, opts crypto.SignerOpts) (*pkcs11.Mechanism, []byte, error) {
	hash := opts.HashFunc()
	if hash != 0 && len(digest) != hash.Size() {
		return nil, nil, fmt.Errorf("the digest has %d bytes, %v has %d", len(digest), hash, hash.Size())
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		if pss, ok := opts.(*rsa.PSSOptions); ok {
			return pssMechanism(digest, public, hash, pss.SaltLength)
		}
		return pkcs1Mechanism(digest, hash)
	case *ecdsa.PublicKey:
		// FIPS 186-5 takes the leftmost bytes of a digest that is longer than the curve; not every token does it
		// itself.
		if size := (public.Params().N.BitLen() + 7) / 8; len(digest) > size {
			digest = digest[:size]
		}
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), digest, nil
	}
	if hash != 0 {
		return nil, nil, stderrors.New("it signs whole messages, not digests")
	}
	return pkcs11.NewMechanism(mechanismEdwards, nil), digest, nil
}

func pssMechanism(digest []byte, public *rsa.PublicKey, hash crypto.Hash, salt int) (*pkcs11.Mechanism, []byte, error) {
	h, ok := hashes[hash]
	if !ok {
		return nil, nil, fmt.Errorf("the hash %v is not supported", hash)
	}
	switch salt {
	case rsa.PSSSaltLengthEqualsHash:
		salt = hash.Size()
	case rsa.PSSSaltLengthAuto:
		salt = (public.N.BitLen()-1+7)/8 - 2 - hash.Size()
	}
	if salt < 0 {
		return nil, nil, stderrors.New("the salt does not fit")
	}
	params := pkcs11.NewPSSParams(h.mechanism, h.mgf, uint(salt))
	return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, params), digest, nil
}

// pkcs1Mechanism signs a DigestInfo; the hash of TLS 1.1 and no hash at all go without one.
func pkcs1Mechanism(digest []byte, hash crypto.Hash) (*pkcs11.Mechanism, []byte, error) {
	mechanism := pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)
	if hash == 0 || hash == crypto.MD5SHA1 {
		return mechanism, digest, nil
	}
	h, ok := hashes[hash]
	if !ok {
		return nil, nil, fmt.Errorf("the hash %v is not supported", hash)
	}
	info, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: h.oid, Parameters: asn1.NullRawValue}, digest})
	return mechanism, info, err
}

// encodeECDSA puts the two numbers, which the token returns in equal length, into ASN.1.
func encodeECDSA(signature []byte, public *ecdsa.PublicKey) ([]byte, error) {
	half := (public.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*half {
		return nil, fmt.Errorf("the token returned a signature of %d bytes, not %d", len(signature), 2*half)
	}
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]),
	})
}
