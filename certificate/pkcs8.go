package certificate

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/x509"
	"encoding/asn1"
	stderrors "errors"
	"math/big"
)

var (
	oidDSA   = asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}
	oidEd448 = asn1.ObjectIdentifier{1, 3, 101, 113}
)

// privateKeyInfo is OneAsymmetricKey of RFC 5958, of which PrivateKeyInfo of PKCS#8 is version 0.
type privateKeyInfo struct {
	Version    int
	Algorithm  algorithmIdentifier
	PrivateKey []byte
	Attributes asn1.RawValue  `asn1:"optional,tag:0"`
	PublicKey  asn1.BitString `asn1:"optional,tag:1"`
}

// dsaParameters is Dss-Parms of RFC 3279.
type dsaParameters struct{ P, Q, G *big.Int }

// parsePKCS8 reads a PKCS#8 key of any algorithm. Those that Go cannot use become an opaqueKey.
func parsePKCS8(der []byte, w *work) (crypto.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err == nil {
		return key, nil
	}
	var info privateKeyInfo
	if rest, e := asn1.Unmarshal(der, &info); e != nil || len(rest) > 0 {
		return nil, err
	}
	if info.Algorithm.Algorithm.Equal(oidDSA) {
		return parseDSA(info, w)
	}
	if goKnows(info.Algorithm.Algorithm) {
		return nil, err // a damaged key, or a curve that Go lacks
	}
	opaque := opaqueKey{pkcs8: der}
	if info.PublicKey.BitLength > 0 {
		spki, err := asn1.Marshal(publicKeyInfo{Algorithm: info.Algorithm, PublicKey: info.PublicKey})
		if err != nil {
			return nil, err
		}
		opaque.public = &opaquePublic{spki}
	}
	return opaque, nil
}

// goKnows reports whether crypto/x509 reads keys of an algorithm: RSA, EC, X25519, Ed25519.
func goKnows(algorithm asn1.ObjectIdentifier) bool {
	for _, oid := range []asn1.ObjectIdentifier{
		{1, 2, 840, 113549, 1, 1, 1}, oidEC, {1, 3, 101, 110}, {1, 3, 101, 112},
	} {
		if oid.Equal(algorithm) {
			return true
		}
	}
	return false
}

// parseDSA reads a DSA key, whose PKCS#8 form Go does not know.
func parseDSA(info privateKeyInfo, w *work) (*dsa.PrivateKey, error) {
	var p dsaParameters
	var x *big.Int
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	if _, err := asn1.Unmarshal(info.PrivateKey, &x); err != nil {
		return nil, err
	}
	return newDSA(p.P, p.Q, p.G, x, w)
}

// parseTraditionalDSA reads the form that OpenSSL used before PKCS#8.
func parseTraditionalDSA(der []byte, w *work) (*dsa.PrivateKey, error) {
	var k struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}
	if err := unmarshal(der, &k); err != nil {
		return nil, err
	}
	key, err := newDSA(k.P, k.Q, k.G, k.X, w)
	if err == nil && key.Y.Cmp(k.Y) != 0 {
		err = errNumbers
	}
	return key, err
}

// maxDSABits bounds the work of computing the public key; longer keys than 3072 bits are not defined.
const maxDSABits = 3072

// newDSA makes a private key and computes its public half.
func newDSA(p, q, g, x *big.Int, w *work) (*dsa.PrivateKey, error) {
	if p.Sign() <= 0 || q.Sign() <= 0 || p.BitLen() > maxDSABits || q.Cmp(p) >= 0 || g.Sign() <= 0 || g.Cmp(p) >= 0 ||
		x.Sign() <= 0 || x.Cmp(q) >= 0 {
		return nil, stderrors.New("the numbers of the DSA key are out of range")
	}
	if err := w.add(1, dsaKey); err != nil {
		return nil, err
	}
	key := &dsa.PrivateKey{X: x}
	key.P, key.Q, key.G = p, q, g
	key.Y = new(big.Int).Exp(g, x, p)
	return key, nil
}

// marshalDSAPublic is x509.MarshalPKIXPublicKey for DSA; nil if the key is incomplete.
func marshalDSAPublic(k *dsa.PublicKey) []byte {
	y, err := asn1.Marshal(k.Y)
	if err != nil {
		return nil
	}
	algorithm, err := dsaAlgorithm(k)
	if err != nil {
		return nil
	}
	der, err := asn1.Marshal(publicKeyInfo{
		Algorithm: algorithm,
		PublicKey: asn1.BitString{Bytes: y, BitLength: 8 * len(y)},
	})
	if err != nil {
		return nil
	}
	return der
}

// marshalDSAPrivate is x509.MarshalPKCS8PrivateKey for DSA.
func marshalDSAPrivate(k *dsa.PrivateKey) []byte {
	x, err := asn1.Marshal(k.X)
	if err != nil {
		return nil
	}
	algorithm, err := dsaAlgorithm(&k.PublicKey)
	if err != nil {
		return nil
	}
	return marshalPKCS8(algorithm, x)
}

func dsaAlgorithm(k *dsa.PublicKey) (algorithmIdentifier, error) {
	parameters, err := asn1.Marshal(dsaParameters{k.P, k.Q, k.G})
	return algorithmIdentifier{oidDSA, asn1.RawValue{FullBytes: parameters}}, err
}

// marshalPKCS8 returns a PrivateKeyInfo, nil if an identifier in it is no valid one.
func marshalPKCS8(algorithm algorithmIdentifier, key []byte) []byte {
	der, err := asn1.Marshal(struct {
		Version    int
		Algorithm  algorithmIdentifier
		PrivateKey []byte
	}{0, algorithm, key})
	if err != nil {
		return nil
	}
	return der
}
