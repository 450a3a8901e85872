package certificate

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/ssh"
)

// PublicKey returns the public key in PEM, as a "PUBLIC KEY" block.
func (c *Certificate) PublicKey() string {
	der := c.publicDER()
	if len(der) == 0 {
		return ""
	}
	return armor("PUBLIC KEY", der)
}

func (c *Certificate) publicDER() []byte {
	if c.found.cert != nil {
		return c.found.cert.RawSubjectPublicKeyInfo
	}
	if c.found.public == nil {
		return nil
	}
	return marshalPublic(c.found.public)
}

// PrivateKey returns the private key in PEM, unencrypted, as a "PRIVATE KEY" block (PKCS#8). It is "" if there is none
// or if its store does not let it out.
func (c *Certificate) PrivateKey() string {
	if c.found.key == nil {
		return ""
	}
	der := marshalPrivate(c.found.key)
	if der == nil {
		return ""
	}
	return armor("PRIVATE KEY", der)
}

// PrivateKeyAvailable reports whether there is a private key, of whatever algorithm.
func (c *Certificate) PrivateKeyAvailable() bool { return c.found.key != nil }

// PrivateKeyContainer returns the name of the key's container in a store of Windows, "" for all other stores.
func (c *Certificate) PrivateKeyContainer() string { return c.found.container }

// PublicKeyAlgorithm returns "RSA", "ECDSA", "Ed25519", "DSA", or the object identifier of any other algorithm.
func (c *Certificate) PublicKeyAlgorithm() string {
	switch k := c.found.publicKey().(type) {
	case nil:
		if opaque, ok := c.found.key.(opaqueKey); ok {
			return opaque.algorithm()
		}
		return ""
	case opaquePublic:
		return k.algorithm()
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "ECDSA"
	case ed25519.PublicKey:
		return "Ed25519"
	case *dsa.PublicKey:
		return "DSA"
	}
	return opaquePublic{c.publicDER()}.algorithm() // X25519
}

// PublicKeyLength returns the length of the key in bits: that of the modulus, or of the field of the curve.
func (c *Certificate) PublicKeyLength() int { return keyLength(c.found.publicKey()) }

func keyLength(public crypto.PublicKey) int {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen()
	case *ecdsa.PublicKey:
		return k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return 8 * len(k)
	case *ecdh.PublicKey:
		return 8 * len(k.Bytes())
	case *dsa.PublicKey:
		return k.P.BitLen()
	case opaquePublic:
		if k.algorithm() == oidEd448.String() {
			return 456
		}
	}
	return 0
}

// Fingerprint returns the MD5 hash in lower-case pairs of hexadecimal digits joined by colons: of the certificate, or
// of a key without one as SSH computes it. It is "" for a key that SSH does not know.
func (c *Certificate) Fingerprint() string {
	return c.fingerprint(func(b []byte) []byte { sum := md5.Sum(b); return sum[:] })
}

// FingerprintSHA1 is Fingerprint with SHA-1.
func (c *Certificate) FingerprintSHA1() string {
	return c.fingerprint(func(b []byte) []byte { sum := sha1.Sum(b); return sum[:] })
}

// FingerprintSHA256 is Fingerprint with SHA-256.
func (c *Certificate) FingerprintSHA256() string {
	return c.fingerprint(func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] })
}

func (c *Certificate) fingerprint(hash func([]byte) []byte) string {
	var hashed []byte
	switch {
	case c.found.cert != nil:
		hashed = c.found.cert.Raw
	case c.found.public != nil:
		public, err := ssh.NewPublicKey(c.found.public)
		if err != nil {
			return ""
		}
		hashed = public.Marshal()
	default:
		return ""
	}
	sum := hash(hashed)
	pairs := make([]string, len(sum))
	for i := range sum {
		pairs[i] = hex.EncodeToString(sum[i : i+1])
	}
	return strings.Join(pairs, ":")
}
