package pkcs11

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

const (
	officerPIN = "so-secret"
	userPIN    = "user-secret"
)

// softHSM returns the file of SoftHSM's module. CI has it; elsewhere the tests that need it are skipped.
func softHSM(t testing.TB) string {
	t.Helper()
	for _, path := range []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib/pkcs11/libsofthsm2.so",
		"/opt/homebrew/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
	} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if os.Getenv("MQTT_REAL_SERVERS") == "required" {
		t.Fatal("SoftHSM (Debian: softhsm2) is not installed")
	}
	t.Skip("SoftHSM (Debian: softhsm2) is not installed")
	return ""
}

// hsm is a module that has tokens of this test alone, and an administrator's access to them.
type hsm struct {
	testing.TB
	path string
	ctx  *pkcs11.Ctx
}

// newHSM starts SoftHSM on an empty directory.
func newHSM(t testing.TB) *hsm {
	t.Helper()
	h := &hsm{t, softHSM(t), nil}
	h.configure(t.TempDir())
	h.ctx = pkcs11.New(h.path)
	t.Cleanup(Close)
	return h
}

// configure tells SoftHSM, when it starts next, where its tokens are.
func (h *hsm) configure(dir string) {
	h.Helper()
	file := filepath.Join(h.TempDir(), "softhsm2.conf")
	h.must(os.WriteFile(file, []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600))
	h.Setenv("SOFTHSM2_CONF", file)
}

func (h *hsm) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// uri returns the URI of what is on a token.
func (h *hsm) uri(path string) string { return "pkcs11:" + path + "?module-path=" + h.path }

// find selects a certificate with the right PIN.
func (h *hsm) find(path, subject string) *certificate.Certificate {
	h.Helper()
	c, err := certificate.FromStore(certificate.CstPKCS11, h.uri(path), userPIN, subject)
	h.must(err)
	return c
}

// alone calls f while nobody else uses SoftHSM, which is started and stopped for it.
func (h *hsm) alone(f func()) {
	h.Helper()
	Close()
	h.must(h.ctx.Initialize())
	f()
	h.must(h.ctx.Finalize())
}

// box is a token, seen by its owner.
type box struct {
	*hsm
	label   string
	slot    uint
	session pkcs11.SessionHandle
}

// token makes one, with a PIN.
func (h *hsm) token(label string) *box {
	h.Helper()
	b := &box{h, label, 0, 0}
	h.alone(func() {
		slots, err := h.ctx.GetSlotList(true)
		h.must(err)
		h.must(h.ctx.InitToken(slots[len(slots)-1], officerPIN, label)) // the last slot is the one that is free
	})
	h.alone(func() { // SoftHSM gives the slot a new number
		slots, err := h.ctx.GetSlotList(true)
		h.must(err)
		for _, slot := range slots {
			if info, err := h.ctx.GetTokenInfo(slot); err == nil && info.Label == label {
				b.slot = slot
			}
		}
	})
	b.do(pkcs11.CKU_SO, officerPIN, func() { h.must(h.ctx.InitPIN(b.session, userPIN)) })
	return b
}

// do calls f while somebody is logged in, who is not afterwards.
func (b *box) do(user uint, pin string, f func()) {
	b.Helper()
	b.alone(func() {
		var err error
		b.session, err = b.ctx.OpenSession(b.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		b.must(err)
		b.must(b.ctx.Login(b.session, user, pin))
		f()
		b.must(b.ctx.CloseSession(b.session))
	})
}

// The kinds of key pairs that tests make.
const (
	kindRSA = iota
	kindP256
	kindEd25519
)

// generate makes a key pair that the token does not give away, with further attributes of the private key.
func (b *box) generate(kind int, id, label string, private ...*pkcs11.Attribute) {
	b.Helper()
	p256, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	b.must(err)
	how := []struct {
		mechanism uint
		public    []*pkcs11.Attribute
	}{
		{pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 2048),
			pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}),
		}},
		{pkcs11.CKM_EC_KEY_PAIR_GEN, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, p256)}},
		{0x1055, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, "\x13\x0cedwards25519")}}, // CKM_EC_EDWARDS_KEY_PAIR_GEN
	}[kind]
	both := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	}
	private = append([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true), pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
	}, private...)
	b.do(pkcs11.CKU_USER, userPIN, func() {
		_, _, err := b.ctx.GenerateKeyPair(b.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(how.mechanism, nil)},
			append(how.public, both...), append(private, both...))
		b.must(err)
	})
}

// put stores a certificate, or what is said to be one.
func (b *box) put(der []byte, id, label string) {
	b.Helper()
	b.do(pkcs11.CKU_USER, userPIN, func() {
		_, err := b.ctx.CreateObject(b.session, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
			pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
			pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, "any"), pkcs11.NewAttribute(pkcs11.CKA_VALUE, der),
			pkcs11.NewAttribute(pkcs11.CKA_ID, id), pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		})
		b.must(err)
	})
}

// remove deletes the objects of a class that have an id.
func (b *box) remove(class uint, id string) {
	b.Helper()
	b.do(pkcs11.CKU_USER, userPIN, func() {
		b.must(b.ctx.FindObjectsInit(b.session, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		}))
		found, _, err := b.ctx.FindObjects(b.session, 10)
		b.must(err)
		b.must(b.ctx.FindObjectsFinal(b.session))
		if len(found) == 0 {
			b.Fatalf("the token %s has no object of class %d with the id %q", b.label, class, id)
		}
		for _, o := range found {
			b.must(b.ctx.DestroyObject(b.session, o))
		}
	})
}

// public returns the public half of a key by its id.
func (b *box) public(id string) crypto.PublicKey {
	b.Helper()
	_, _, keys, err := open(b.uri("token="+b.label+";id="+escape(id)), userPIN)
	b.must(err)
	if len(keys) != 1 {
		b.Fatalf("%d keys with the id %q", len(keys), id)
	}
	return keys[0].Public()
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

var serial atomic.Int64

// issue signs a certificate for a public key; without an authority the key has to be given, and signs its own.
func (a *authority) issue(t testing.TB, name string, public crypto.PublicKey, edit func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if edit != nil {
		edit(c)
	}
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage, c.DNSNames, c.IPAddresses = true, x509.KeyUsageCertSign, nil, nil, nil
}

// wantError checks the number, a part of the text, and that no PIN is shown.
func wantError(t testing.TB, err error, code int, text string) {
	t.Helper()
	if ioterrors.Code(err) != code {
		t.Fatalf("got %v, want number %d", err, code)
	}
	if err == nil {
		return
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("%v does not say %q", err, text)
	}
	if strings.Contains(err.Error(), userPIN) {
		t.Errorf("the error shows the PIN: %v", err)
	}
}
