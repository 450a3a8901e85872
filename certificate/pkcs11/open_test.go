package pkcs11

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestSelection has a token with two pairs whose objects do not have equal names, a key without a certificate, and what
// Go cannot read.
func TestSelection(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	h.token("other")
	b.generate(kindP256, "\x01", "key one")
	b.generate(kindRSA, "\x02", "key two")
	b.generate(kindEd25519, "\x03", "lone")
	b.put(p.inter.issue(t, "one", b.public("\x01"), nil).Raw, "\x0a", "cert one")
	b.put(p.inter.issue(t, "two", b.public("\x02"), nil).Raw, "\x0b", "cert two")
	b.put(p.inter.cert.Raw, "\x0c", "intermediate")
	b.put([]byte("no certificate"), "\x0d", "damaged")
	var info pkcs11.TokenInfo
	var slot pkcs11.SlotInfo
	var library pkcs11.Info
	h.alone(func() {
		var errs [3]error
		info, errs[0] = h.ctx.GetTokenInfo(b.slot)
		slot, errs[1] = h.ctx.GetSlotInfo(b.slot)
		library, errs[2] = h.ctx.GetInfo()
		h.must(errors.Join(errs[:]...))
	})

	one, two := []string{"CN=one", "key one"}, []string{"CN=two", "key two"}
	all := []string{"CN=Intermediate", "CN=one", "CN=two", "key one", "key two", "lone"}
	for _, row := range []struct {
		path string
		want []string // the subjects of certificates and the names of keys, sorted
	}{
		{"token=rig", all},
		{"token=rig;object=cert%20one", one},
		{"token=rig;object=key%20one", one},
		{"token=rig;id=%02", two},
		{"token=rig;id=%0B", two},
		{"token=rig;id=%0b;object=key%20two", nil}, // one object has to have both
		{"token=rig;id=%0b;object=cert%20two", two},
		{"token=rig;object=cert%20one;type=cert", one},
		{"token=rig;object=cert%20one;type=private", nil},
		{"token=rig;object=key%20one;type=private", one},
		{"token=rig;object=key%20one;type=cert", nil},
		{"token=rig;type=private", []string{"CN=one", "CN=two", "key one", "key two", "lone"}},
		{"token=rig;type=cert", []string{"CN=Intermediate", "CN=one", "CN=two", "key one", "key two"}},
		{"token=rig;object=lone", []string{"lone"}},
		{"token=rig;object=damaged", nil},
		{"token=rig;object=Cert%20one", nil},
		{"token=other", nil},
		{"serial=" + info.SerialNumber + ";id=%01", one},
		{"slot-id=" + strconv.Itoa(int(b.slot)) + ";id=%01", one},
		{"model=" + escape(info.Model) + ";manufacturer=" + escape(info.ManufacturerID) + ";token=rig;id=%01", one},
		{"slot-description=" + escape(slot.SlotDescription) + ";slot-manufacturer=" + escape(slot.ManufacturerID) + ";token=rig;id=%01", one},
		{
			"library-version=" + showVersion(library.LibraryVersion.Major, library.LibraryVersion.Minor) + ";library-description=" +
				escape(library.LibraryDescription) + ";library-manufacturer=" + escape(library.ManufacturerID) + ";token=rig;id=%01", one,
		},
	} {
		certs, issuers, keys, err := open(h.uri(row.path), userPIN)
		if err != nil {
			t.Errorf("%s: %v", row.path, err)
			continue
		}
		var got []string
		for _, c := range certs {
			got = append(got, c.Subject.String())
		}
		for _, k := range keys {
			got = append(got, k.(*key).String())
		}
		slices.Sort(got)
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.path, got, row.want)
		}
		if total := len(certs) + len(issuers); total != 3 && row.path != "token=other" {
			t.Errorf("%s: %d certificates and issuers, want 3", row.path, total)
		}
	}

	// The subject selects among what the URI selects.
	for _, row := range []struct {
		path, subject, want string
		code                int
	}{
		{"token=rig", "CN=two", "CN=two", 0},
		{"token=rig;id=%01", "*", "CN=one", 0},
		{"token=rig;id=%01", "CN=two", "", ioterrors.ErrCertificateNotFound},
		{"token=rig;id=%01", "Intermediate", "", ioterrors.ErrCertificateNotFound},
		{"token=rig", "lone", "lone", 0},
		{"token=rig;object=nothing", "*", "", ioterrors.ErrCertificateNotFound},
	} {
		c, err := certificate.FromStore(certificate.CstPKCS11, h.uri(row.path), userPIN, row.subject)
		wantError(t, err, row.code, "")
		if err == nil && c.Subject() != row.want {
			t.Errorf("%s, %s: got %q, want %q", row.path, row.subject, c.Subject(), row.want)
		}
	}
}

// TestErrors has every number, but 273, which has tests of its own.
func TestErrors(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	p.device(h.token("rig"), kindP256)
	h.token("twin")
	h.token("twin")
	text := filepath.Join(t.TempDir(), "text.so")
	h.must(os.WriteFile(text, []byte("no library"), 0o600))
	for _, row := range []struct {
		name, store, pin string
		code             int
		says             string
	}{
		{"no URI", h.path, userPIN, ioterrors.ErrInvalidArgument, "pkcs11:"},
		{"PIN in the URI", h.uri("token=rig") + "&pin-value=" + userPIN, userPIN, ioterrors.ErrInvalidArgument, "StorePassword"},
		{"no module", "pkcs11:token=rig", userPIN, ioterrors.ErrSSLLibrary, "module-path"},
		{"missing module", "pkcs11:token=rig?module-path=/nowhere/m.so", userPIN, ioterrors.ErrSSLLibrary, `"/nowhere/m.so"`},
		{"no library", "pkcs11:token=rig?module-path=" + text, userPIN, ioterrors.ErrSSLLibrary, "text.so"},
		{"another library", "pkcs11:token=rig?module-path=libc.so.6", userPIN, ioterrors.ErrSSLLibrary, "libc"},
		{"missing token", h.uri("token=rag"), userPIN, ioterrors.ErrCertificateStore, "no token for pkcs11:token=rag"},
		{"another module", h.uri("token=rig;library-version=99"), userPIN, ioterrors.ErrCertificateStore, "library-version=99.0"},
		{"two tokens", h.uri("token=twin"), userPIN, ioterrors.ErrCertificateStore, "2 tokens"},
		{"wrong PIN", h.uri("token=rig"), "1111", ioterrors.ErrCertificateStore, "CKR_PIN_INCORRECT"},
		{"short PIN", h.uri("token=rig"), "1", ioterrors.ErrCertificateStore, "PIN"},
		{"missing object", h.uri("token=rig;object=nothing"), userPIN, ioterrors.ErrCertificateNotFound, "object"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := certificate.FromStore(certificate.CstPKCS11, row.store, row.pin, "*")
			wantError(t, err, row.code, row.says)
		})
	}

	// Whoever is logged in already does not lend his login to a wrong PIN, and does not lose it.
	c := h.find("token=rig;id=%01", "*")
	_, err := certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig"), "1111", "*")
	wantError(t, err, ioterrors.ErrCertificateStore, "refuses the PIN")
	sign(t, c)
}

// TestNoPIN: certificates are public, private keys are not.
func TestNoPIN(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	p.device(b, kindP256)
	c, err := certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig"), "", "CN=device-1")
	h.must(err)
	if c.X509() == nil || c.PrivateKeyAvailable() {
		t.Errorf("certificate %v, key %v", c.X509(), c.PrivateKeyAvailable())
	}
	_, err = c.TLS()
	wantError(t, err, ioterrors.ErrCredentials, "PIN")

	// A key that is not private needs no PIN.
	b.generate(kindP256, "\x05", "open", pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false))
	b.put(p.inter.issue(t, "open", b.public("\x05"), nil).Raw, "\x05", "open")
	c, err = certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig;object=open"), "", "*")
	h.must(err)
	sign(t, c)
}

func TestUnusableKeys(t *testing.T) {
	h, p := newHSM(t), newPKI(t)
	b := h.token("rig")
	b.generate(kindP256, "\x01", "silent", pkcs11.NewAttribute(pkcs11.CKA_SIGN, false))
	b.generate(kindP256, "\x02", "half")
	b.remove(pkcs11.CKO_PUBLIC_KEY, "\x02")
	for object, says := range map[string]string{"silent": "CKA_SIGN", "half": "same id"} {
		_, err := certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig;object="+object), userPIN, "*")
		wantError(t, err, ioterrors.ErrCredentials, says)
	}
	// With a certificate there is something to select, but nothing for TLS.
	own := &authority{key: p.root.key}
	b.put(own.issue(t, "stranger", p.root.key.Public(), nil).Raw, "\x07", "stranger")
	_, err := h.find("token=rig", "CN=stranger").TLS()
	wantError(t, err, ioterrors.ErrCredentials, "no private key")
}

// TestModuleDoesNotStart: SoftHSM does not without a directory for its tokens.
func TestModuleDoesNotStart(t *testing.T) {
	h := newHSM(t)
	h.configure(filepath.Join(t.TempDir(), "missing"))
	_, err := certificate.FromStore(certificate.CstPKCS11, h.uri("token=rig"), userPIN, "*")
	wantError(t, err, ioterrors.ErrSSLLibrary, strconv.Quote(h.path))
	if !strings.Contains(err.Error(), "does not start") {
		t.Error(err)
	}
}
