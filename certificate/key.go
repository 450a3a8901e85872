package certificate

import (
	"bytes"
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/x509"
	"encoding/asn1"
	"slices"
)

// An opaqueKey is a private key of an algorithm that the Go libraries lack, Ed448 for example. It can be shown and
// compared, not used.
type opaqueKey struct {
	pkcs8  []byte
	public *opaquePublic // nil if the PKCS#8 does not contain it
}

// An opaquePublic is a public key of such an algorithm.
type opaquePublic struct {
	spki []byte // the DER of the SubjectPublicKeyInfo
}

// algorithm is the object identifier of the key's algorithm, "" if it is damaged.
func (k opaqueKey) algorithm() string {
	var info privateKeyInfo
	if _, err := asn1.Unmarshal(k.pkcs8, &info); err != nil {
		return ""
	}
	return info.Algorithm.Algorithm.String()
}

// algorithm is the object identifier of the key's algorithm, "" if it is damaged.
func (k opaquePublic) algorithm() string {
	var info publicKeyInfo
	if _, err := asn1.Unmarshal(k.spki, &info); err != nil {
		return ""
	}
	return info.Algorithm.Algorithm.String()
}

// publicOf returns the public half of a private key, nil if it is not known.
func publicOf(key crypto.PrivateKey) crypto.PublicKey {
	switch k := key.(type) {
	case *dsa.PrivateKey:
		return &k.PublicKey
	case opaqueKey:
		if k.public == nil {
			return nil
		}
		return *k.public
	case interface{ Public() crypto.PublicKey }:
		return k.Public()
	}
	return nil
}

// publicOfCert returns the public key of a certificate, never nil.
func publicOfCert(cert *x509.Certificate) crypto.PublicKey {
	if cert.PublicKey != nil {
		return cert.PublicKey
	}
	if public, err := parsePublic(cert.RawSubjectPublicKeyInfo); err == nil {
		return public
	}
	return opaquePublic{cert.RawSubjectPublicKeyInfo}
}

// samePublic compares two public keys, whatever encoding they came in.
func samePublic(a, b crypto.PublicKey) bool {
	if a == nil || b == nil {
		return false
	}
	da, db := marshalPublic(a), marshalPublic(b)
	return len(da) > 0 && bytes.Equal(da, db)
}

// parsePublic reads a SubjectPublicKeyInfo of any algorithm. One that Go lacks becomes an opaquePublic; a key of one
// that it has and refuses does not, since it would look like a sound key of another kind.
func parsePublic(der []byte) (crypto.PublicKey, error) {
	public, err := x509.ParsePKIXPublicKey(der)
	if err == nil {
		return public, nil
	}
	var info publicKeyInfo
	if e := unmarshal(der, &info); e != nil || goKnows(info.Algorithm.Algorithm) && !info.otherCurve() {
		return nil, err
	}
	return opaquePublic{der}, nil
}

// otherCurve reports whether the key is one of a named curve that Go lacks.
func (k *publicKeyInfo) otherCurve() bool {
	var curve asn1.ObjectIdentifier
	return k.Algorithm.Algorithm.Equal(oidEC) && unmarshal(k.Algorithm.Parameters.FullBytes, &curve) == nil &&
		!slices.ContainsFunc(goCurves, curve.Equal)
}

var (
	oidEC = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	// goCurves are P-224, P-256, P-384 and P-521.
	goCurves = []asn1.ObjectIdentifier{
		{1, 3, 132, 0, 33},
		{1, 2, 840, 10045, 3, 1, 7},
		{1, 3, 132, 0, 34},
		{1, 3, 132, 0, 35},
	}
)

// publicKeyInfo is SubjectPublicKeyInfo of RFC 5280.
type publicKeyInfo struct {
	Algorithm algorithmIdentifier
	PublicKey asn1.BitString
}

// algorithmIdentifier is AlgorithmIdentifier of RFC 5280.
type algorithmIdentifier struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// marshalPublic returns the SubjectPublicKeyInfo of a public key, nil if there is no such form.
func marshalPublic(public crypto.PublicKey) []byte {
	switch k := public.(type) {
	case opaquePublic:
		return k.spki
	case *dsa.PublicKey:
		return marshalDSAPublic(k)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil
	}
	return der
}

// marshalPrivate returns the PKCS#8 form of a private key, nil if it may not be exported.
func marshalPrivate(key crypto.PrivateKey) []byte {
	switch k := key.(type) {
	case opaqueKey:
		return k.pkcs8
	case *dsa.PrivateKey:
		return marshalDSAPrivate(k)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil
	}
	return der
}
