package certificate_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// slow stores hash passwords so often that many damaged copies would take a minute.
var slow = map[string]bool{"store.bcfks": true, "ec.scrypt.pem": true, "java.pfx": true, "ssh-ecdsa": true, "none.pfx": true, "nss.pfx": true}

// TestDamaged cuts every file of testdata short and damages single bytes. Whatever is left is read or refused with a
// number. The fuzz targets go deeper.
func TestDamaged(t *testing.T) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file.IsDir() {
			continue // more of the same kinds
		}
		data := read(t, file.Name())
		parts := 16
		if slow[file.Name()] {
			parts = 3
		}
		for i := range parts {
			at := i * len(data) / parts
			numbered(t, file.Name(), data[:at])
			damaged := bytes.Clone(data)
			damaged[at] ^= 0x41
			numbered(t, file.Name(), damaged)
		}
	}
}

func numbered(t *testing.T, name string, store []byte) {
	t.Helper()
	c, err := load(certificate.CstAuto, store, "*")
	switch ioterrors.Code(err) {
	case 0:
		if c.X509() == nil && c.PublicKeyAlgorithm() == "" {
			t.Errorf("%s: success without a certificate or a key", name)
		}
		_, _ = c.TLS()
		state(c)
	case ioterrors.ErrCertificateStore, ioterrors.ErrCredentials, ioterrors.ErrCertificateNotFound, ioterrors.ErrFileNotOpened:
	default:
		t.Errorf("%s: %v", name, err)
	}
}

// TestTruncatedIsAnError: a store whose end is missing is refused, not read in part.
func TestTruncatedIsAnError(t *testing.T) {
	for _, test := range storeCases {
		data := bytes.TrimSpace(read(t, test.file))
		if strings.HasSuffix(test.file, ".pub") {
			continue // a line may end anywhere in its comment
		}
		_, err := load(test.types[1], data[:len(data)-3], test.search)
		if code := ioterrors.Code(err); code != ioterrors.ErrCertificateStore {
			t.Errorf("%s: %v", test.file, err)
		}
	}
}

// TestDamagedPEM: encoding/pem skips a damaged block, which would look as if the key were missing.
func TestDamagedPEM(t *testing.T) {
	text := string(read(t, "client.pem"))
	for name, damaged := range map[string]string{
		"first block":   strings.Replace(text, "BEGIN PRIVATE KEY", "BEGIN PRIVAT KEY", 1),
		"Base64":        strings.Replace(text, "\nMII", "\nM?I", 1),
		"contents":      strings.Replace(text, "\nMII", "\nAII", 1),
		"other key":     "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n" + text,
		"encrypted key": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n" + text,
		"OpenSSH key":   "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n" + text,
	} {
		_, err := load(certificate.CstPEMKeyBlob, []byte(damaged), "*")
		if ioterrors.Code(err) != ioterrors.ErrCertificateStore {
			t.Errorf("%s: %v", name, err)
		}
	}
	around := "some text\n" + strings.ReplaceAll(text, "-----END", "-----END") + "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"
	if c, err := load(certificate.CstPEMKeyBlob, []byte(around), "*"); err != nil || !c.PrivateKeyAvailable() {
		t.Errorf("text and other blocks around: %v", err)
	}
}

// TestDamagedPPK: each line of a PuTTY key matters.
func TestDamagedPPK(t *testing.T) {
	for _, test := range []struct {
		file, old, new string
		code           int
	}{
		{"rsa-v3-plain.ppk", "File-3", "File-1", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "File-3", "File-x", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "comment of", "another", ioterrors.ErrCertificateStore}, // the MAC covers it
		{"rsa-v3-plain.ppk", "Encryption: none", "Encryption none", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "Public-Lines: 6", "Public-Lines: 600", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "Public-Lines: 6", "Public-Lines: -6", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "Public-Lines: 6", "Public-Lines: x", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "Private-MAC: ", "Private-MAC: x", ioterrors.ErrCertificateStore},
		{"rsa-v3-plain.ppk", "Private-Lines: 14", "Private-Lines: 13", ioterrors.ErrCertificateStore},
		{"rsa-v3.ppk", "aes256-cbc", "aes128-cbc", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Argon2-Memory: 1024", "Argon2-Memory: 999999999", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Argon2-Passes: 3", "Argon2-Passes: 999999999", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Argon2-Passes: 3", "Argon2-Passes: 0", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Argon2-Parallelism: 1", "Argon2-Parallelism: 256", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Argon2-Parallelism: 1", "Argon2-Parallelism: 2", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Argon2-Salt: ", "Argon2-Salt: x", ioterrors.ErrCredentials},
		{"rsa-v3.ppk", "Private-MAC: ", "Private-MAC: x", ioterrors.ErrCertificateStore},
	} {
		text := string(read(t, test.file))
		damaged := strings.Replace(text, test.old, test.new, 1)
		if damaged == text {
			t.Fatalf("%s has no %q", test.file, test.old)
		}
		_, err := load(certificate.CstPPKBlob, []byte(damaged), "*")
		if ioterrors.Code(err) != test.code {
			t.Errorf("%q for %q: %v", test.new, test.old, err)
		}
	}
	crlf := strings.ReplaceAll(string(read(t, "rsa-v3.ppk")), "\n", "\r\n")
	if _, err := load(certificate.CstPPKBlob, []byte(crlf), "*"); err != nil {
		t.Error(err)
	}
}
