package certificate

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	stderrors "errors"
	"fmt"
	"math/big"
)

// The formats without ASN.1 (JWK, XML, PPK) give a key as the numbers it consists of. The functions here make keys
// from numbers that may be anything.

// errNumbers is the error of numbers that do not make a key.
var errNumbers = stderrors.New("the numbers of the key do not fit together")

// rsaNumbers are the numbers of an RSA key; d is nil for a public key, p and q may be nil.
type rsaNumbers struct{ n, e, d, p, q *big.Int }

func (k rsaNumbers) publicKey() (*rsa.PublicKey, error) {
	switch {
	case k.n == nil || k.e == nil || k.n.Sign() <= 0 || k.e.Cmp(big.NewInt(3)) < 0:
		return nil, errNumbers
	case k.n.BitLen() > maxRSA:
		return nil, fmt.Errorf("the RSA key has %d bits; %d are possible", k.n.BitLen(), maxRSA)
	case k.e.BitLen() > 31: // the most that crypto/rsa takes
		return nil, fmt.Errorf("the public exponent of the RSA key has %d bits; 31 are possible", k.e.BitLen())
	}
	return &rsa.PublicKey{N: k.n, E: int(k.e.Int64())}, nil
}

func (k rsaNumbers) privateKey(w *work) (*rsa.PrivateKey, error) {
	public, err := k.publicKey()
	if err != nil {
		return nil, err
	}
	if k.d == nil || k.d.Sign() <= 0 || k.d.Cmp(k.n) >= 0 {
		return nil, errNumbers
	}
	if err := w.addKey(k.n.BitLen() / 2); err != nil { // the DER of the key would have about this length
		return nil, err
	}
	if k.p == nil || k.q == nil {
		if k.p, k.q, err = factor(k.n, k.e, k.d, w); err != nil {
			return nil, err
		}
	}
	if k.p.Cmp(big.NewInt(1)) <= 0 || k.q.Cmp(big.NewInt(1)) <= 0 || new(big.Int).Mul(k.p, k.q).Cmp(k.n) != 0 {
		return nil, errNumbers
	}
	key := &rsa.PrivateKey{PublicKey: *public, D: k.d, Primes: []*big.Int{k.p, k.q}}
	if err := key.Validate(); err != nil {
		return nil, err
	}
	key.Precompute()
	return key, nil
}

// factor finds the primes of n, given both exponents: e*d-1 is a multiple of the order of the group, so that square
// roots of 1 are at hand, and every second one shares a factor with n. It fails if d is not the inverse of e.
func factor(n, e, d *big.Int, w *work) (p, q *big.Int, err error) {
	one := big.NewInt(1)
	order := new(big.Int).Mul(e, d)
	order.Sub(order, one)
	if order.Sign() <= 0 || n.Bit(0) == 0 {
		return nil, nil, errNumbers
	}
	twos := order.TrailingZeroBits()
	odd := new(big.Int).Rsh(order, twos)
	last := new(big.Int).Sub(n, one)
	for base := int64(2); base < 100; base++ {
		if err := w.addFactor(n.BitLen()); err != nil {
			return nil, nil, err
		}
		root := new(big.Int).Exp(big.NewInt(base), odd, n)
		for range twos {
			square := new(big.Int).Mod(new(big.Int).Mul(root, root), n)
			if square.Cmp(one) == 0 && root.Cmp(one) != 0 && root.Cmp(last) != 0 {
				p = new(big.Int).GCD(nil, nil, new(big.Int).Sub(root, one), n)
				q = new(big.Int).Div(n, p)
				if p.Cmp(q) < 0 { // the usual order
					p, q = q, p
				}
				return p, q, nil
			}
			root = square
		}
	}
	return nil, nil, errNumbers
}

// ecPoint makes a public key of an uncompressed point.
func ecPoint(curve elliptic.Curve, point []byte) (*ecdsa.PublicKey, error) {
	return ecdsa.ParseUncompressedPublicKey(curve, point)
}

// ecXY makes a public key of two coordinates, shortened or not.
func ecXY(curve elliptic.Curve, x, y []byte) (*ecdsa.PublicKey, error) {
	size := (curve.Params().BitSize + 7) / 8
	point := append([]byte{4}, make([]byte, 2*size)...)
	if !fill(point[1:1+size], x) || !fill(point[1+size:], y) {
		return nil, errNumbers
	}
	return ecPoint(curve, point)
}

// ecPrivate makes a private key of its number, shortened or not.
func ecPrivate(curve elliptic.Curve, d []byte) (*ecdsa.PrivateKey, error) {
	scalar := make([]byte, (curve.Params().BitSize+7)/8)
	if !fill(scalar, d) {
		return nil, errNumbers
	}
	return ecdsa.ParseRawPrivateKey(curve, scalar)
}

// fill writes a number right-aligned into dst; false if it is too long.
func fill(dst, number []byte) bool {
	for len(number) > len(dst) && number[0] == 0 {
		number = number[1:]
	}
	if len(number) > len(dst) {
		return false
	}
	copy(dst[len(dst)-len(number):], number)
	return true
}

func ed25519Private(seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, errNumbers
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func ed25519Public(point []byte) (ed25519.PublicKey, error) {
	if len(point) != ed25519.PublicKeySize {
		return nil, errNumbers
	}
	return ed25519.PublicKey(point), nil
}

func x25519Private(d []byte) (*ecdh.PrivateKey, error) { return ecdh.X25519().NewPrivateKey(d) }
func x25519Public(x []byte) (*ecdh.PublicKey, error)   { return ecdh.X25519().NewPublicKey(x) }
