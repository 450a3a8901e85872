package certificate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestFromPEMFiles: a certificate and its key in two files, as openssl, cert-manager and most servers have them.
func TestFromPEMFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, parts ...[]byte) string {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, all, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	chain := write("chain.pem", []byte("\uFEFF"), read(t, "inter.pem"), read(t, "ec.pem"), read(t, "root.pem"))
	for _, row := range []struct {
		certificate, key, password string
		code                       int
		word                       string
		issuers                    int
	}{
		{path("ec.pem"), path("ec.key.pem"), "", 0, "", 0},
		{path("ec.pem"), path("ec.pbes2.pem"), keyPassword, 0, "", 0},
		{path("ec.pem"), path("ec.sec1.enc.pem"), keyPassword, 0, "", 0},
		{path("ec.der"), path("ec.key.der"), "", 0, "", 0},
		{path("ec.der"), path("ec.pbes2.der"), keyPassword, 0, "", 0},
		{chain, path("ec.key.pem"), "", 0, "", 2},
		{path("ec.both.pem"), path("ec.both.pem"), keyPassword, 0, "", 0},
		{path("ec.pem"), write("crlf.pem", []byte(strings.ReplaceAll(string(read(t, "ec.key.pem")), "\n", "\r\n"))), "", 0, "", 0},
		{path("ec.pem"), path("ec.pbes2.pem"), "wrong password", 273, "check KeyPassword", 0},
		{path("ec.pem"), path("ec.pbes2.pem"), "", 273, "check KeyPassword", 0},
		{path("ec.pem"), path("rsa.key.pem"), "", 273, "rsa.key.pem\" belongs to none of the certificates in", 0},
		{path("ec.pem"), path("nothing"), "", 302, "nothing", 0},
		{path("nothing"), path("ec.key.pem"), "", 302, "nothing", 0},
		{path("ec.key.pem"), path("ec.pem"), "", 271, "ec.key.pem\" has no usable certificate", 0},
		{path("ec.pem"), path("ec.pem"), "", 271, "ec.pem\" has no usable private key", 0},
		{write("empty", nil), path("ec.key.pem"), "", 271, "empty", 0},
		{path("ciphers/negative.pem"), path("ec.key.pem"), "", 271, "negative serial number", 0},
		{write("two.pem", read(t, "ciphers/negative.pem"), read(t, "ciphers/sound.pem")), path("ec.key.pem"), "", 271, "negative serial number", 0},
		{path("rsa.pem"), path("ciphers/rsa.e33.trad.pem"), "", 271, "exponent", 0},
	} {
		c, err := certificate.FromPEMFiles(row.certificate, row.key, row.password)
		if ioterrors.Code(err) != row.code || err != nil && !strings.Contains(err.Error(), row.word) {
			t.Errorf("%s and %s: %v", row.certificate, row.key, err)
		}
		if err != nil {
			wantCode(t, err, row.code)
			continue
		}
		pair, err := c.TLS()
		if err != nil || c.Subject() != ecSubject || c.PrivateKey() != string(read(t, "ec.key.pem")) || len(pair.Certificate) != 1+row.issuers {
			t.Errorf("%s and %s: %v, subject %s", row.certificate, row.key, err, c.Subject())
		}
		if err := c.SetSubject("device-2"); err != nil || !c.PrivateKeyAvailable() {
			t.Errorf("%s and %s, selected again: %v", row.certificate, row.key, err)
		}
	}
}

// TestAlias: the name that a store has for an entry selects among certificates of one subject.
func TestAlias(t *testing.T) {
	for _, name := range []string{"same.jks", "same.pkcs12", "same.jceks", "same.openssl"} {
		wanted := derOfPEM(t, "ciphers/"+name+".new.pem")
		for _, subject := range []string{"new", "NEW", "Alias=new", "alias=New", "FriendlyName=new", "Thumbprint=" + sha1Of(wanted)} {
			c, err := loadWith(certificate.CstAuto, []byte(path("ciphers/"+name)), storePassword, "", subject)
			if err != nil || !c.PrivateKeyAvailable() || string(c.X509().Raw) != string(wanted) || c.Subject() != "CN=same, O=Fixtures" {
				t.Errorf("%s of %s: %v", subject, name, err)
			}
		}
		c, err := loadWith(certificate.CstAuto, []byte(path("ciphers/"+name)), storePassword, "", "old")
		if err != nil || string(c.X509().Raw) == string(wanted) {
			t.Errorf("old of %s: %v", name, err)
		}
		_, err = loadWith(certificate.CstAuto, []byte(path("ciphers/"+name)), storePassword, "", "Alias=none")
		wantCode(t, err, ioterrors.ErrCertificateNotFound)
	}
	// A part of a subject comes after a name.
	c, err := load(certificate.CstJKSFile, []byte(path("java.jks")), "ec")
	if err != nil || c.Subject() != ecSubject {
		t.Error(err)
	}
}
