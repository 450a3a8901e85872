package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/errors"
)

// key is a private key on a token. It stays there; what it signs goes to the token and back.
type key struct {
	module    *module
	uri       uri // of its token
	pin       pinNumber
	label, id string
	public    crypto.PublicKey
	eachTime  bool   // the token wants the PIN for every signature
	unusable  string // why it cannot be used, "" if it can

	// Guarded by the mutex of the module.
	session *session
	handle  pkcs11.ObjectHandle
}

// Public returns the public half.
func (k *key) Public() crypto.PublicKey { return k.public }

// String returns the label of the key, or its id in hexadecimal digits if it has no label.
func (k *key) String() string {
	if k.label == "" {
		return hex.EncodeToString([]byte(k.id))
	}
	return k.label
}

// Format keeps the PIN out of every text that fmt makes.
func (k *key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// named names the key in the texts of errors.
func (k *key) named() string { return "The private key " + strconv.Quote(k.String()) + " on the token" }

// belongs reports whether the key is the one of a certificate.
func (k *key) belongs(c cert) bool { return same(k.public, c.cert.PublicKey) }

func same(a, b crypto.PublicKey) bool {
	comparer, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparer.Equal(b)
}

// Sign implements crypto.Signer; the token uses its own source of random numbers. Signatures with one module are made
// one after the other. Errors: 273 if the token does not sign, 271 if it is not there any more or nobody can log in.
func (k *key) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	mechanism, data, err := k.mechanism(digest, opts)
	if err != nil {
		return nil, k.failed(err)
	}
	signature, err := k.sign(mechanism, data)
	if public, ok := k.public.(*ecdsa.PublicKey); ok && err == nil {
		signature, err = encodeECDSA(signature, public)
	}
	if err != nil {
		return nil, k.failed(err)
	}
	return signature, nil
}

// failed gives 273 to an error that has no number yet.
func (k *key) failed(cause error) error {
	if errors.Code(cause) > 0 {
		return cause
	}
	return errors.Wrap(errors.ErrCredentials, k.named()+" does not sign", cause)
}

// sign asks the token. If the session is an old one, the token may have been pulled out meanwhile, or Close was called,
// so it is tried again in a new session.
func (k *key) sign(mechanism *pkcs11.Mechanism, data []byte) ([]byte, error) {
	k.module.mu.Lock()
	defer k.module.mu.Unlock()
	for {
		fresh, err := k.reach()
		if err != nil {
			return nil, err
		}
		signature, err := k.try(mechanism, data)
		if err == nil {
			return signature, nil
		}
		k.module.drop(k.session) // and with it, what was begun in it
		if fresh {
			return nil, err
		}
	}
}

func (k *key) try(mechanism *pkcs11.Mechanism, data []byte) ([]byte, error) {
	ctx, session := k.module.ctx, k.session.handle
	if err := ctx.SignInit(session, []*pkcs11.Mechanism{mechanism}, k.handle); err != nil {
		return nil, err
	}
	if k.eachTime {
		if err := ctx.Login(session, pkcs11.CKU_CONTEXT_SPECIFIC, string(k.pin)); err != nil {
			return nil, err
		}
	}
	return ctx.Sign(session, data)
}

// reach makes sure that there is a session for the key. After a new one was opened the key has to be found again.
func (k *key) reach() (fresh bool, err error) {
	if k.module.sessions[k.session.token] == k.session {
		return false, nil
	}
	s, err := k.module.session(k.uri, k.pin, true)
	if err != nil {
		return true, err
	}
	_, keys, err := k.module.read(s)
	if err != nil {
		k.module.drop(s)
		return true, err
	}
	for _, other := range keys {
		if same(k.public, other.public) {
			k.session, k.handle = s, other.handle
			return true, nil
		}
	}
	return true, errors.New(errors.ErrCredentials, k.named()+" is not there any more.")
}
