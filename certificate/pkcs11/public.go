package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"

	"github.com/miekg/pkcs11"
)

// Numbers of PKCS#11 3.0, which miekg/pkcs11 does not have.
const (
	kindEdwards      = 0x40   // CKK_EC_EDWARDS
	mechanismEdwards = 0x1057 // CKM_EDDSA
)

var (
	oidECDSA   = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

// public returns the public half of a private key, nil if it is not known. An RSA key has it inside; for the others
// there is a public key or a certificate with the same id.
func (r *reader) public(o pkcs11.ObjectHandle, id string, certs []cert) crypto.PublicKey {
	kind := ulong(r.value(o, pkcs11.CKA_KEY_TYPE))
	if kind == pkcs11.CKK_RSA {
		if public := r.rsa(o); public != nil {
			return public
		}
	}
	if id == "" {
		return nil
	}
	for _, half := range r.find(
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, kind),
		pkcs11.NewAttribute(pkcs11.CKA_ID, id),
	) {
		var public crypto.PublicKey
		switch kind {
		case pkcs11.CKK_RSA:
			public = r.rsa(half)
		case pkcs11.CKK_EC, kindEdwards:
			public = r.ec(half, kind)
		}
		if public != nil {
			return public
		}
	}
	for _, c := range certs {
		if c.id == id && kindOf(c.cert.PublicKey) == kind {
			return c.cert.PublicKey
		}
	}
	return nil
}

// rsa returns the RSA key whose numbers an object has, nil if it has none.
func (r *reader) rsa(o pkcs11.ObjectHandle) crypto.PublicKey {
	n := new(big.Int).SetBytes(r.value(o, pkcs11.CKA_MODULUS))
	e := new(big.Int).SetBytes(r.value(o, pkcs11.CKA_PUBLIC_EXPONENT))
	if n.Sign() == 0 || e.Sign() == 0 || e.BitLen() > 31 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

// ec returns the key of a public key object with a point on a curve, nil if Go does not know the curve.
func (r *reader) ec(o pkcs11.ObjectHandle, kind uint) crypto.PublicKey {
	point := r.value(o, pkcs11.CKA_EC_POINT)
	var inner []byte
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 {
		point = inner // some modules leave out this OCTET STRING
	}
	algorithm := pkix.AlgorithmIdentifier{Algorithm: oidEd25519}
	if kind == pkcs11.CKK_EC {
		algorithm = pkix.AlgorithmIdentifier{
			Algorithm: oidECDSA, Parameters: asn1.RawValue{FullBytes: r.value(o, pkcs11.CKA_EC_PARAMS)},
		}
	}
	info, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}{algorithm, asn1.BitString{Bytes: point, BitLength: 8 * len(point)}})
	if err != nil {
		return nil
	}
	public, err := x509.ParsePKIXPublicKey(info)
	if err != nil {
		return nil
	}
	return public
}

// noKind is not a kind of keys (the 0 is RSA).
const noKind = ^uint(0)

// kindOf returns the CKA_KEY_TYPE of a public key.
func kindOf(public crypto.PublicKey) uint {
	switch public.(type) {
	case *rsa.PublicKey:
		return pkcs11.CKK_RSA
	case *ecdsa.PublicKey:
		return pkcs11.CKK_EC
	case ed25519.PublicKey:
		return kindEdwards
	}
	return noKind
}

// ulong reads a CK_ULONG, which has the size and the byte order of the system.
func ulong(value []byte) uint {
	switch len(value) {
	case 4:
		return uint(binary.NativeEndian.Uint32(value))
	case 8:
		return uint(binary.NativeEndian.Uint64(value))
	}
	return noKind
}
