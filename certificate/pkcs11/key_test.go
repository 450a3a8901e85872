package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// signer returns the key that TLS would use.
func signer(t testing.TB, c *certificate.Certificate) crypto.Signer {
	t.Helper()
	pair, err := c.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return pair.PrivateKey.(crypto.Signer)
}

// sign has the ECDSA key of a certificate sign, and verifies that.
func sign(t testing.TB, c *certificate.Certificate) {
	t.Helper()
	if err := signed(signer(t, c)); err != nil {
		t.Fatal(err)
	}
}

func signed(k crypto.Signer) error {
	digest := sha256.Sum256([]byte("message"))
	signature, err := k.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest[:], signature) {
		return fmt.Errorf("a wrong signature: %x", signature)
	}
	return nil
}

func TestSignatures(t *testing.T) {
	h := newHSM(t)
	b := h.token("rig")
	for i, name := range []string{"rsa", "ec", "ed"} {
		b.generate(i, string(rune('a'+i)), name)
	}
	byName := map[string]crypto.Signer{}
	_, _, keys, err := open(h.uri("token=rig"), userPIN)
	h.must(err)
	for _, k := range keys {
		byName[fmt.Sprint(k)] = k
	}
	digest := func(hash crypto.Hash) []byte {
		if hash == crypto.MD5SHA1 {
			return make([]byte, hash.Size())
		}
		d := hash.New()
		d.Write([]byte("message"))
		return d.Sum(nil)
	}
	pkcs1 := func(hash crypto.Hash) error {
		signature, err := byName["rsa"].Sign(rand.Reader, digest(hash), hash)
		if err != nil {
			return err
		}
		return rsa.VerifyPKCS1v15(byName["rsa"].Public().(*rsa.PublicKey), hash, digest(hash), signature)
	}
	pss := func(hash crypto.Hash, salt int) error {
		signature, err := byName["rsa"].Sign(rand.Reader, digest(hash), &rsa.PSSOptions{Hash: hash, SaltLength: salt})
		if err != nil {
			return err
		}
		if salt == rsa.PSSSaltLengthAuto {
			salt = 256 - 2 - hash.Size() // for 2048 bits
		}
		return rsa.VerifyPSS(byName["rsa"].Public().(*rsa.PublicKey), hash, digest(hash), signature, &rsa.PSSOptions{SaltLength: salt})
	}
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if err := pkcs1(hash); err != nil {
			t.Errorf("PKCS#1 with %v: %v", hash, err)
		}
		for _, salt := range []int{rsa.PSSSaltLengthEqualsHash, rsa.PSSSaltLengthAuto, 11} {
			if err := pss(hash, salt); err != nil {
				t.Errorf("PSS with %v and salt %d: %v", hash, salt, err)
			}
		}
		signature, err := byName["ec"].Sign(rand.Reader, digest(hash), hash)
		if err != nil || !ecdsa.VerifyASN1(byName["ec"].Public().(*ecdsa.PublicKey), digest(hash), signature) {
			t.Errorf("ECDSA with %v: %x, %v", hash, signature, err)
		}
	}
	if err := pkcs1(crypto.MD5SHA1); err != nil {
		t.Errorf("TLS 1.1: %v", err)
	}
	for _, message := range []string{"", "message"} {
		signature, err := byName["ed"].Sign(nil, []byte(message), crypto.Hash(0))
		if err != nil || !ed25519.Verify(byName["ed"].Public().(ed25519.PublicKey), []byte(message), signature) {
			t.Errorf("Ed25519: %x, %v", signature, err)
		}
	}

	for _, row := range []struct {
		key    string
		digest []byte
		opts   crypto.SignerOpts
		says   string
	}{
		{"rsa", make([]byte, 31), crypto.SHA256, "31 bytes"},
		{"ec", nil, crypto.SHA256, "0 bytes"},
		{"rsa", make([]byte, 16), crypto.MD5, "MD5"},
		{"rsa", make([]byte, 16), &rsa.PSSOptions{Hash: crypto.MD5}, "MD5"},
		{"rsa", make([]byte, 32), &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: -2}, "salt"},
		{"rsa", make([]byte, 32), &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 1000}, "CKR_"},
		{"rsa", make([]byte, 300), crypto.Hash(0), "CKR_"}, // longer than the modulus
		{"ed", make([]byte, 64), crypto.SHA512, "whole messages"},
	} {
		_, err := byName[row.key].Sign(nil, row.digest, row.opts)
		wantError(t, err, ioterrors.ErrCredentials, row.says)
	}
	if err := pkcs1(crypto.SHA256); err != nil {
		t.Errorf("after failures: %v", err)
	}
}

func TestEncodeECDSA(t *testing.T) {
	h := newHSM(t)
	b := h.token("rig")
	b.generate(kindP256, "\x01", "")
	public := b.public("\x01").(*ecdsa.PublicKey)
	if got, err := encodeECDSA(make([]byte, 64), public); err != nil || fmt.Sprintf("%x", got) != "3006020100020100" {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := encodeECDSA(make([]byte, 63), public); err == nil {
		t.Error("63 bytes were taken for a signature with P-256")
	}
}

// TestAgain: what is done to the token while a key is in use.
func TestAgain(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	p.device(b, kindP256)
	b.generate(kindP256, "\x05", "second")
	c := h.find("token=rig;object=client", "*")

	sign(t, c)
	Close()
	sign(t, c) // in a new session
	h.must(h.ctx.CloseAllSessions(b.slot))
	sign(t, c) // its session is not one any more, and the key does not know
	h.must(h.ctx.CloseAllSessions(b.slot))
	sign(t, h.find("token=rig;object=client", "*")) // neither does the search
	logout := func() {
		theirs, err := h.ctx.OpenSession(b.slot, pkcs11.CKF_SERIAL_SESSION)
		h.must(err)
		h.must(h.ctx.Logout(theirs))
		h.must(h.ctx.CloseSession(theirs))
	}
	logout()
	sign(t, c)
	logout()
	sign(t, h.find("token=rig;object=client", "*"))
	_, err := certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig"), "", "*")
	h.must(err)
	sign(t, c) // a search without a PIN has ended the session

	k := signer(t, c)
	b.remove(pkcs11.CKO_PRIVATE_KEY, "\x01")
	wantError(t, signed(k), ioterrors.ErrCredentials, "not there any more")

	// The PIN is changed by somebody else. It is tried once, not once for each connection: the token would lock itself.
	_, _, keys, err := open(h.uri("token=rig;object=second"), userPIN)
	h.must(err)
	const newPIN = "user-secret-2"
	b.do(pkcs11.CKU_USER, userPIN, func() { h.must(h.ctx.SetPIN(b.session, userPIN, newPIN)) })
	wantError(t, signed(keys[0]), ioterrors.ErrCertificateStore, "CKR_PIN_INCORRECT")
	for range 3 {
		wantError(t, signed(keys[0]), ioterrors.ErrCertificateStore, "not asked again")
	}
	_, _, renewed, err := open(h.uri("token=rig;object=second"), newPIN)
	h.must(err)
	h.must(signed(renewed[0]))
	b.do(pkcs11.CKU_USER, newPIN, func() { h.must(h.ctx.SetPIN(b.session, newPIN, userPIN)) })
	_, _, _, err = open(h.uri("token=rig"), userPIN) // a search asks
	h.must(err)
	h.must(signed(keys[0]))

	// The token is gone altogether.
	Close()
	h.configure(t.TempDir())
	wantError(t, signed(keys[0]), ioterrors.ErrCertificateStore, "no token")
}

// TestConcurrent: several connections begin at once while the program gives up the token.
func TestConcurrent(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	p.device(h.token("rig"), kindP256)
	c := h.find("token=rig;object=client", "*")
	var group sync.WaitGroup
	for range 4 {
		k := signer(t, c)
		group.Go(func() {
			for range 20 {
				if err := signed(k); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range 5 {
				Close()
				if _, _, _, err := open(h.uri("token=rig"), userPIN); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// TestLoneKey: the certificate of a key on a token may be in a file.
func TestLoneKey(t *testing.T) {
	for kind, algorithm := range []string{"RSA", "ECDSA", "Ed25519"} {
		t.Run(algorithm, func(t *testing.T) {
			h, p := newHSM(t), newPKI(t)
			b := h.token("rig")
			b.generate(kind, "\x01\xfe", "")
			c := h.find("token=rig", "01fe") // the id stands in for the label
			if c.Subject() != "01fe" || c.PublicKeyAlgorithm() != algorithm || c.PrivateKey() != "" || !c.PrivateKeyAvailable() {
				t.Errorf("%q %s, key %v", c.Subject(), c.PublicKeyAlgorithm(), c.PrivateKeyAvailable())
			}
			x := p.inter.issue(t, "device-1", b.public("\x01\xfe"), nil)
			h.must(c.SetEncoded(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw}))))
			if c.Subject() != "CN=device-1" {
				t.Errorf("subject %q", c.Subject())
			}
			signer(t, c)
		})
	}
}

// TestPublicHalf: where the public half of a key comes from.
func TestPublicHalf(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	for id, kind := range map[string]int{"\x01": kindRSA, "\x02": kindP256, "\x03": kindEd25519} {
		b.generate(kind, id, "key "+id)
		b.put(p.inter.issue(t, "device"+id, b.public(id), nil).Raw, id, "cert")
		b.remove(pkcs11.CKO_PUBLIC_KEY, id)
		signer(t, h.find("token=rig;id="+escape(id), "*")) // from the certificate of the same id, or the key itself
	}
}

// TestEachTime: a key that wants the PIN for every signature, as those of the PIV slot 9c do.
func TestEachTime(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	b.generate(kindP256, "\x01", "client", pkcs11.NewAttribute(pkcs11.CKA_ALWAYS_AUTHENTICATE, true))
	b.put(p.inter.issue(t, "device-1", b.public("\x01"), nil).Raw, "\x01", "client")
	c := h.find("token=rig;object=client", "*")
	sign(t, c)
	sign(t, c)
}

// TestSecretText: no verb of fmt shows the PIN that a key keeps.
func TestSecretText(t *testing.T) {
	k := &key{label: "client", pin: userPIN}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if text := fmt.Sprintf(verb, k); strings.Contains(text, userPIN) || !strings.Contains(text, "client") {
			t.Errorf("%s: %s", verb, text)
		}
	}
}
