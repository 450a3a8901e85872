package certificate_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// missingCiphers are the files of testdata/ciphers that cannot be opened, with the word that the error has to name.
var missingCiphers = map[string]string{
	"dek.camellia128.pem": "CAMELLIA-128-CBC", "dek.aria256.pem": "ARIA-256-CBC", "dek.seed-cbc.pem": "SEED-CBC",
	"dek.aes-128-cfb.pem": "AES-128-CFB", "v2.camellia-128-cbc.pem": "camellia-128-cbc", "v2.aria-256-cbc.pem": "aria-256-cbc",
	"v2.seed-cbc.pem": "seed-cbc", "v2.sm4-cbc.pem": "sm4-cbc", "v2.aes-256-cfb.pem": "aes-256-cfb", "v2.aes-256-ofb.pem": "aes-256-ofb",
	"mac.sm3.pfx": "sm3",
}

// TestEveryCipher opens one key that openssl has encrypted by every cipher, hash and MAC that it has. What is not
// supported is named: to be told that the password is wrong would make somebody look for another one.
func TestEveryCipher(t *testing.T) {
	wanted := string(read(t, "ec.key.pem"))
	opened, missing := 0, 0
	for _, pattern := range []string{"dek.*", "v1.*", "v2.*", "prf.*", "mac.*", "pbe.*"} {
		files, err := filepath.Glob(filepath.Join("testdata", "ciphers", pattern))
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			c, err := load(certificate.CstAuto, []byte(file), "*")
			if word, is := missingCiphers[name]; is {
				missing++
				if err == nil || !strings.Contains(err.Error(), word+" ") && !strings.Contains(err.Error(), `"`+word+`"`) ||
					!strings.Contains(err.Error(), "is not supported") || strings.Contains(err.Error(), "password is wrong") ||
					strings.Contains(err.Error(), "KeyPassword") {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			opened++
			if err != nil || c.PrivateKey() != wanted {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := loadWith(certificate.CstAuto, []byte(file), "", "wrong password", "*"); err == nil ||
				!strings.Contains(err.Error(), "is wrong") {
				t.Errorf("%s with a wrong password: %v", name, err)
			}
		}
	}
	if missing != len(missingCiphers) || opened < 45 {
		t.Errorf("%d files were opened, %d were not", opened, missing)
	}
}

// TestEveryOpenSSHCipher opens keys by every cipher of ssh-keygen, and compares them with their public halves, which
// stand in the file openly.
func TestEveryOpenSSHCipher(t *testing.T) {
	for _, name := range []string{
		"ssh-3des-cbc", "ssh-aes128-cbc", "ssh-aes192-cbc", "ssh-aes256-cbc", "ssh-aes128-ctr", "ssh-aes192-ctr", "ssh-aes256-ctr",
		"ssh-aes128-gcm", "ssh-aes256-gcm", "ssh-chacha20-poly1305", "ssh-rsa", "ssh-ecdsa",
	} {
		file := "ciphers/" + name
		c, err := loadWith(certificate.CstAuto, []byte(path(file)), "", keyPassword, "*")
		if err != nil || !c.PrivateKeyAvailable() {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := loadWith(certificate.CstAuto, []byte(path(file)), "", "wrong password", "*"); err == nil ||
			ioterrors.Code(err) != ioterrors.ErrCredentials || !strings.Contains(err.Error(), "the password is wrong") {
			t.Errorf("%s with a wrong password: %v", name, err)
		}
	}
	for private, password := range map[string]string{"ciphers/ssh-rsa": keyPassword, "ciphers/ssh-ecdsa": keyPassword, "ciphers/ssh-dsa": ""} {
		a, err := loadWith(certificate.CstAuto, []byte(path(private)), "", password, "*")
		if err != nil {
			t.Fatal(private, err)
		}
		b, err := loadWith(certificate.CstAuto, []byte(path(private+".pub")), "", "", "*")
		if err != nil || !a.PrivateKeyAvailable() || a.PublicKey() == "" || a.PublicKey() != b.PublicKey() {
			t.Errorf("%s: %v", private, err)
		}
	}
	text := string(read(t, "ssh-ed25519"))
	if _, err := loadWith(certificate.CstPEMKeyBlob, []byte(text), "", "", "*"); err != nil {
		t.Errorf("without a password: %v", err)
	}
}

// TestLongDSA reads DSA keys of 2048 bits, which puttygen makes and the ssh package refuses.
func TestLongDSA(t *testing.T) {
	private, err := load(certificate.CstAuto, []byte(path("ciphers/dsa2048.ppk")), "*")
	if err != nil || private.PublicKeyLength() != 2048 || !private.PrivateKeyAvailable() {
		t.Fatal(err)
	}
	for _, name := range []string{"ciphers/dsa2048.pub", "ciphers/dsa2048.rfc4716"} {
		public, err := load(certificate.CstAuto, []byte(path(name)), "long dsa")
		if err != nil || public.PublicKey() != private.PublicKey() {
			t.Errorf("%s: %v", name, err)
		}
	}
	lines := string(read(t, "ssh-ed25519.pub")) + string(read(t, "ciphers/dsa2048.pub")) + string(read(t, "ssh-ecdsa.pub"))
	for _, comment := range []string{"long dsa", "someone@ecdsa", "someone@ed25519"} {
		if _, err := load(certificate.CstSSHPublicKeyBlob, []byte(lines), comment); err != nil {
			t.Errorf("%s of three lines: %v", comment, err)
		}
	}
}

// TestJCEKS reads a key store of the type JCEKS. Its secret keys are objects of Java, which are not read.
func TestJCEKS(t *testing.T) {
	c, err := load(certificate.CstJKSFile, []byte(path("ciphers/device.jceks")), "*")
	if err != nil || c.PrivateKey() != string(read(t, "ec.key.pem")) || c.Subject() != ecSubject {
		t.Error(err)
	}
	_, err = loadWith(certificate.CstJKSFile, []byte(path("ciphers/device.jceks")), storePassword, "wrong password", "*")
	wantCode(t, err, ioterrors.ErrCredentials)
	_, err = load(certificate.CstJKSFile, []byte(path("ciphers/secret.jceks")), "*")
	wantCode(t, err, ioterrors.ErrCertificateStore)
	if !strings.Contains(err.Error(), "PKCS12") {
		t.Error(err)
	}
}
