package certificate

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"math/big"
	"strings"
)

// jwk is a JSON Web Key of RFC 7517 with the members of RFC 7518 and RFC 8037.
type jwk struct {
	Type  string   `json:"kty"`
	ID    string   `json:"kid"`
	Curve string   `json:"crv"`
	N     jwkBytes `json:"n"`
	E     jwkBytes `json:"e"`
	D     jwkBytes `json:"d"`
	P     jwkBytes `json:"p"`
	Q     jwkBytes `json:"q"`
	X     jwkBytes `json:"x"`
	Y     jwkBytes `json:"y"`
	Chain [][]byte `json:"x5c"` // encoding/json reads the plain Base64 that x5c has
}

// jwkBytes is a number or a string of bytes in base64url.
type jwkBytes []byte

func (b *jwkBytes) UnmarshalJSON(text []byte) error {
	var encoded string
	if err := json.Unmarshal(text, &encoded); err != nil {
		return err
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	*b = decoded
	return err
}

// number returns nil for a member that is absent.
func (b jwkBytes) number() *big.Int {
	if len(b) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

// loadJWK reads a JSON Web Key or a set of them. Symmetric keys in a set are passed over, as a set may hold keys for
// several purposes.
func loadJWK(data []byte, pw passwords) ([]entry, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{data}
	}
	var found []entry
	for i, text := range set.Keys {
		var k jwk
		err := json.Unmarshal(text, &k)
		if err == nil && k.Type == "oct" {
			continue
		}
		var more []entry
		if err == nil {
			more, err = k.entries(pw.work)
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		found = append(found, more...)
	}
	return found, nil
}

// entries makes entries of the key and its certificates.
func (k *jwk) entries(w *work) ([]entry, error) {
	e := entry{name: k.ID}
	var err error
	if e.public, err = k.publicKey(); err != nil {
		return nil, err
	}
	if len(k.D) > 0 {
		if e.key, err = k.privateKey(w); err != nil {
			return nil, err
		}
		if public := publicOf(e.key); public != nil && !samePublic(public, e.public) {
			return nil, errNumbers
		}
	}
	var chain []entry
	for i, der := range k.Chain {
		chain = append(chain, certEntry(der, fmt.Sprintf("x5c, certificate %d", i+1)))
	}
	return withChain(e, chain), nil
}

func (k *jwk) publicKey() (crypto.PublicKey, error) {
	switch k.Type {
	case "RSA":
		return k.rsa().publicKey()
	case "EC":
		curve, err := k.curve()
		if err != nil {
			return nil, err
		}
		return ecXY(curve, k.X, k.Y)
	case "OKP":
		switch k.Curve {
		case "Ed25519":
			return ed25519Public(k.X)
		case "X25519":
			return x25519Public(k.X)
		case "Ed448":
			return ed448Public(k.X), nil
		}
		return nil, fmt.Errorf("the curve %q is not supported", k.Curve)
	case "":
		return nil, stderrors.New("it is no JSON Web Key: kty is missing")
	}
	return nil, fmt.Errorf("the key type %q is not supported", k.Type)
}

func (k *jwk) privateKey(w *work) (crypto.PrivateKey, error) {
	switch {
	case k.Type == "RSA":
		return k.rsa().privateKey(w)
	case k.Type == "EC":
		curve, err := k.curve()
		if err != nil {
			return nil, err
		}
		return ecPrivate(curve, k.D)
	case k.Curve == "Ed25519":
		return ed25519Private(k.D)
	case k.Curve == "X25519":
		return x25519Private(k.D)
	}
	return ed448Private(k.D, ed448Public(k.X)), nil
}

func (k *jwk) rsa() rsaNumbers {
	return rsaNumbers{k.N.number(), k.E.number(), k.D.number(), k.P.number(), k.Q.number()}
}

func (k *jwk) curve() (elliptic.Curve, error) {
	switch k.Curve {
	case "P-256":
		return elliptic.P256(), nil
	case "P-384":
		return elliptic.P384(), nil
	case "P-521":
		return elliptic.P521(), nil
	}
	return nil, fmt.Errorf("the curve %q is not supported", k.Curve)
}
