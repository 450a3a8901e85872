package certificate_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestSubjectSearch tries the rules one by one on a store with three certificates, of which the first has a key.
func TestSubjectSearch(t *testing.T) {
	of := facts(t)
	root := "CN=Root, O=Fixtures"
	for _, test := range []struct {
		name, search, want string
		code               int
	}{
		{"whole subject", root, root, 0},
		{"whole subject in another case", strings.ToUpper(root), root, 0},
		{"part", "intermed", "CN=Intermediate, O=Fixtures", 0},
		{"part that several have: the first", "o=fixtures", "CN=Intermediate, O=Fixtures", 0},
		{"part with quotes", `OU="Say ""hi"""`, rsaSubject, 0},
		{"any", "*", rsaSubject, 0},
		{"MD5", "Thumbprint=" + of["md5 Fingerprint"], rsaSubject, 0},
		{"SHA-1", "thumbprint=" + strings.ToLower(of["sha1 Fingerprint"]), rsaSubject, 0},
		{"SHA-256", "THUMBPRINT= " + strings.ReplaceAll(of["sha256 Fingerprint"], ":", " "), rsaSubject, 0},
		{"unknown", "CN=nobody", "", ioterrors.ErrCertificateNotFound},
		{"star with more", "*.example.com", "", ioterrors.ErrCertificateNotFound},
		{"unknown hash", "Thumbprint=" + strings.Repeat("00", 20), "", ioterrors.ErrCertificateNotFound},
		{"hash of a wrong length", "Thumbprint=00", rsaSubject, ioterrors.ErrInvalidArgument},
		{"no hash", "Thumbprint=" + strings.Repeat("xy", 20), rsaSubject, ioterrors.ErrInvalidArgument},
		{"empty hash", "Thumbprint=", rsaSubject, ioterrors.ErrInvalidArgument},
		{"nothing", "", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := certificate.FromStore(certificate.CstPEMKeyFile, path("client.pem"), "", "*")
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, c.SetSubject(test.search), test.code)
			if c.Subject() != test.want || (c.X509() != nil) != (test.want != "") {
				t.Errorf("Subject is %q, want %q", c.Subject(), test.want)
			}
			if test.want == "" && (c.PrivateKeyAvailable() || c.Issuer() != "" || c.Encoded() != "") {
				t.Error("fields remain after a search without success")
			}
		})
	}
}

// TestWholeSubjectFirst: a subject that equals the value wins over an earlier one that contains it.
func TestWholeSubjectFirst(t *testing.T) {
	store := append(read(t, "ec.pem"), read(t, "ed448.self.pem")...)
	for search, want := range map[string]string{"CN=device-4": "CN=device-4", "cn=DEVICE": ecSubject} {
		c, err := certificate.FromStoreB(certificate.CstPEMKeyBlob, store, "", search)
		if err != nil {
			t.Fatal(err)
		}
		if c.Subject() != want {
			t.Errorf("%q finds %q, want %q", search, c.Subject(), want)
		}
	}
}

// TestFailureChangesNothing: after any error but 272 everything is as before.
func TestFailureChangesNothing(t *testing.T) {
	prepared := func() *certificate.Certificate {
		c, err := load(certificate.CstPEMKeyFile, []byte(path("client.pem")), "*")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, test := range []struct {
		name string
		code int
		prep func(c *certificate.Certificate) // may change store and passwords
		set  func(c *certificate.Certificate) error
	}{
		{"unknown type", ioterrors.ErrInvalidArgument, nil, func(c *certificate.Certificate) error { return c.SetStoreType(20) }},
		{"negative type", ioterrors.ErrInvalidArgument, nil, func(c *certificate.Certificate) error { return c.SetStoreType(-1) }},
		{"no certificate", ioterrors.ErrInvalidArgument, nil, func(c *certificate.Certificate) error { return c.SetEncoded("x") }},
		{"a key as certificate", ioterrors.ErrInvalidArgument, nil, func(c *certificate.Certificate) error {
			return c.SetEncodedB(read(t, "ec.pub.pem"))
		}},
		{"bad thumbprint", ioterrors.ErrInvalidArgument, nil, func(c *certificate.Certificate) error { return c.SetSubject("Thumbprint=1") }},
		{
			"missing file", ioterrors.ErrFileNotOpened,
			func(c *certificate.Certificate) { _ = c.SetStore("nothing") },
			func(c *certificate.Certificate) error { return c.SetSubject("*") },
		},
		{
			"missing file for Encoded", ioterrors.ErrFileNotOpened,
			func(c *certificate.Certificate) { _ = c.SetStore("nothing") },
			func(c *certificate.Certificate) error { return c.SetEncodedB(read(t, "ec.pem")) },
		},
		{
			"wrong store password", ioterrors.ErrCertificateStore,
			func(c *certificate.Certificate) {
				_, _, _ = c.SetStoreType(certificate.CstJKSFile), c.SetStore(path("java.jks")), c.SetStorePassword("wrong password")
			},
			func(c *certificate.Certificate) error { return c.SetSubject("*") },
		},
		{
			"wrong key password", ioterrors.ErrCredentials,
			func(c *certificate.Certificate) {
				_, _, _, _ = c.SetStoreType(certificate.CstJKSFile), c.SetStore(path("java.jks")), c.SetStorePassword(storePassword), c.SetKeyPassword("")
			},
			func(c *certificate.Certificate) error { return c.SetSubject("*") },
		},
		{
			"wrong key password for Encoded", ioterrors.ErrCredentials,
			func(c *certificate.Certificate) {
				_, _, _ = c.SetStore(path("ec.pbes2.pem")), c.SetKeyPassword(""), c.SetStorePassword("")
			},
			func(c *certificate.Certificate) error { return c.SetEncodedB(read(t, "ec.pem")) },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := prepared()
			if test.prep != nil {
				test.prep(c)
			}
			before := state(c)
			wantCode(t, test.set(c), test.code)
			if after := state(c); !maps.Equal(before, after) {
				t.Errorf("%v became %v", before, after)
			}
		})
	}
}

// TestSettersDoNotSearch: the selection survives a change of the store.
func TestSettersDoNotSearch(t *testing.T) {
	c, err := load(certificate.CstPEMKeyFile, []byte(path("client.pem")), "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{c.SetStore("nothing"), c.SetStoreType(certificate.CstAuto), c.SetStorePassword("p"), c.SetKeyPassword("")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if c.Subject() != rsaSubject || c.Store() != "nothing" || c.StoreType() != certificate.CstAuto || c.KeyPassword() != "p" {
		t.Errorf("%v", state(c))
	}
	if _, err := c.TLS(); err != nil {
		t.Error(err)
	}
}

// TestEncoded finds the key of a certificate that is given apart from it.
func TestEncoded(t *testing.T) {
	ec, der := read(t, "ec.pem"), read(t, "ec.der")
	for _, test := range []struct {
		name      string
		storeType certificate.CertStoreTypes
		store     string
		encoded   []byte
		subject   string
		chain     int
	}{
		{"bare key", certificate.CstPEMKeyFile, "ec.key.pem", ec, ecSubject, 1},
		{"encrypted key", certificate.CstPEMKeyFile, "ec.pbes2.pem", ec, ecSubject, 1},
		{"DER", certificate.CstPEMKeyFile, "ec.key.der", der, ecSubject, 1},
		{"Base64", certificate.CstPEMKeyFile, "ec.key.pem", inBase64(der), ecSubject, 1},
		{"in a store, with chain", certificate.CstJKSFile, "java.jks", ec, ecSubject, 3},
		{"JWK", certificate.CstJWKFile, "ec.jwk", ec, ecSubject, 1},
		{"another key", certificate.CstPEMKeyFile, "rsa.key.pem", ec, "", 0},
		{"no key", certificate.CstP7BFile, "bundle.p7b", ec, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := load(test.storeType, []byte(path(test.store)), "")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.SetEncodedB(test.encoded); err != nil {
				t.Fatal(err)
			}
			if c.Subject() != test.subject || c.PrivateKeyAvailable() != (test.chain > 0) {
				t.Errorf("Subject %q, key %v", c.Subject(), c.PrivateKeyAvailable())
			}
			if c.Encoded() != string(ec) || c.Issuer() == "" || c.X509() == nil {
				t.Error("the certificate is not filled in")
			}
			pair, err := c.TLS()
			if test.chain == 0 {
				wantCode(t, err, ioterrors.ErrCredentials)
			} else if err != nil || len(pair.Certificate) != test.chain {
				t.Errorf("%v %v", pair, err)
			}
			if err := c.SetEncoded(" "); err != nil || c.X509() != nil || c.PrivateKeyAvailable() {
				t.Error("an empty value does not give up the certificate")
			}
		})
	}
}

// TestEncodedWithDefaultStore: a certificate without a key needs no store, so the default one need not exist. One
// that was asked for must.
func TestEncodedWithDefaultStore(t *testing.T) {
	c := certificate.New()
	if err := c.SetEncodedB(read(t, "ec.pem")); err != nil {
		t.Fatal(err)
	}
	if c.X509() == nil || c.Subject() != "" {
		t.Error(c.Subject())
	}
	_, err := certificate.FromStoreEncoded(certificate.CstUser, []byte("no such store"), "", read(t, "ec.pem"))
	wantCode(t, err, ioterrors.ErrCertificateStore)
	_, err = certificate.FromStoreEncoded(20, nil, "", nil)
	wantCode(t, err, ioterrors.ErrInvalidArgument)
	c, err = certificate.FromStoreEncoded(certificate.CstPEMKeyBlob, read(t, "ec.key.pem"), "", read(t, "ec.der"))
	if err != nil || c.Subject() != ecSubject {
		t.Error(err)
	}
}

func TestConfiguration(t *testing.T) {
	store := []byte(path("client.pem"))
	sha1 := facts(t)["sha1 Fingerprint"]
	for _, test := range []struct {
		name, subject, configuration, want string
		code                               int
	}{
		{"empty", "Root", "", "CN=Root, O=Fixtures", 0},
		{"no effect", "Root", "PersistPFXKey=False\r\n\r\nuseinternalsecurityapi = TRUE", "CN=Root, O=Fixtures", 0},
		{"thumbprint", "", "Thumbprint=" + sha1, rsaSubject, 0},
		{"thumbprint before subject", "Root", "PersistPFXKey=1\nthumbprint = " + sha1, rsaSubject, 0},
		{"unknown thumbprint", "", "Thumbprint=" + strings.Repeat("0", 40), "", ioterrors.ErrCertificateNotFound},
		{"unknown setting", "*", "Thumb=1", "", ioterrors.ErrInvalidArgument},
		{"no value", "*", "PersistPFXKey", "", ioterrors.ErrInvalidArgument},
		{"bad value", "*", "PersistPFXKey=maybe", "", ioterrors.ErrInvalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := certificate.FromStoreConfig(certificate.CstPEMKeyFile, store, "", test.subject, test.configuration)
			wantCode(t, err, test.code)
			if err == nil && c.Subject() != test.want {
				t.Errorf("%q, want %q", c.Subject(), test.want)
			}
		})
	}
}
