package pkcs11

import (
	"encoding/asn1"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestReader: an attribute that is not there or secret is nil, everything else is an error that stays.
func TestReader(t *testing.T) {
	h := newHSM(t)
	h.token("rig").generate(kindP256, "\x01", "client")
	_, _, keys, err := open(h.uri("token=rig"), userPIN)
	h.must(err)
	k := keys[0].(*key)
	r := reader{module: k.module, session: k.session}
	for name, attribute := range map[string]uint{"missing": pkcs11.CKA_MODULUS, "secret": pkcs11.CKA_VALUE} {
		if got := r.value(k.handle, attribute); got != nil || r.err != nil {
			t.Errorf("%s: %x, %v", name, got, r.err)
		}
	}
	if got := string(r.value(k.handle, pkcs11.CKA_LABEL)); got != "client" {
		t.Errorf("label %q", got)
	}
	if !r.flag(k.handle, pkcs11.CKA_SIGN, false) || !r.flag(k.handle, pkcs11.CKA_MODULUS, true) {
		t.Error("a flag is wrong")
	}
	if r.value(k.handle+1000, pkcs11.CKA_LABEL); r.err != pkcs11.Error(pkcs11.CKR_OBJECT_HANDLE_INVALID) {
		t.Errorf("no such object: %v", r.err)
	}
	if r.value(k.handle, pkcs11.CKA_LABEL) != nil || r.find() != nil || r.err != pkcs11.Error(pkcs11.CKR_OBJECT_HANDLE_INVALID) {
		t.Errorf("went on after an error, %v", r.err)
	}
	if _, _, err := k.module.read(&session{handle: 1 << 20}); err != pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID) {
		t.Errorf("no such session: %v", err)
	}
}

func TestKinds(t *testing.T) {
	for _, row := range []struct {
		value []byte
		want  bool
	}{{nil, false}, {[]byte{0}, false}, {make([]byte, 4), true}, {make([]byte, 8), true}} {
		if got := ulong(row.value) == pkcs11.CKK_RSA; got != row.want {
			t.Errorf("ulong(%x) is %d", row.value, ulong(row.value))
		}
	}
	if kindOf(nil) != noKind {
		t.Error("no key has a kind")
	}
}

// TestUnknownCurve: Go has no secp256k1.
func TestUnknownCurve(t *testing.T) {
	h := newHSM(t)
	b := h.token("rig")
	curve, err := asn1.Marshal(asn1.ObjectIdentifier{1, 3, 132, 0, 10})
	h.must(err)
	b.do(pkcs11.CKU_USER, userPIN, func() {
		both := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_ID, "k")}
		_, _, err := b.ctx.GenerateKeyPair(b.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)},
			append(both, pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, curve)), both)
		h.must(err)
	})
	_, err = certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig"), userPIN, "*")
	wantError(t, err, ioterrors.ErrCredentials, "unknown kind")
}

// TestOtherUsers: another part of the program uses the module, and keeps its session after Close.
func TestOtherUsers(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	p.device(b, kindP256)
	h.alone(func() {
		theirs, err := h.ctx.OpenSession(b.slot, pkcs11.CKF_SERIAL_SESSION)
		h.must(err)
		h.must(h.ctx.Login(theirs, pkcs11.CKU_USER, userPIN))
		c := h.find("token=rig;object=client", "*")
		sign(t, c)
		Close()
		if info, err := h.ctx.GetSessionInfo(theirs); err != nil || info.State != pkcs11.CKS_RO_USER_FUNCTIONS {
			t.Errorf("the other session: %+v, %v", info, err)
		}
		sign(t, c)
		Close()
	})
}

// TestNoUserPIN: a token whose owner has not given it a PIN yet.
func TestNoUserPIN(t *testing.T) {
	h := newHSM(t)
	h.alone(func() {
		slots, err := h.ctx.GetSlotList(true)
		h.must(err)
		h.must(h.ctx.InitToken(slots[0], officerPIN, "new"))
	})
	_, err := certificate.FromStore(certificate.CstPKCS11, h.uri("token=new"), userPIN, "*")
	wantError(t, err, ioterrors.ErrCertificateStore, "CKR_USER_PIN_NOT_INITIALIZED")
}
