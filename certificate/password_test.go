package certificate_test

import (
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestPasswords: a wrong password of the store is 271, one of the key is 273.
func TestPasswords(t *testing.T) {
	const wrong = "wrong password"
	for _, test := range []struct {
		file       string
		store, key string
		code       int
	}{
		{"modern.pfx", wrong, "", ioterrors.ErrCertificateStore},
		{"legacy.pfx", "", "", ioterrors.ErrCertificateStore},
		{"pbmac1.pfx", wrong, "", ioterrors.ErrCertificateStore},
		{"nomac.pfx", wrong, "", ioterrors.ErrCredentials}, // without MAC and with open certificates only the key shows it
		{"plain.pfx", wrong, "", 0},                        // nothing in it is encrypted
		{"empty.pfx", "", "", 0},
		{"none.pfx", "", "", 0}, // the other reading of an empty password
		{"modern.pfx", storePassword, wrong, 0},
		{"java.jks", wrong, keyPassword, ioterrors.ErrCertificateStore},
		{"java.jks", storePassword, wrong, ioterrors.ErrCredentials},
		{"java.jks", storePassword, "", ioterrors.ErrCredentials},
		{"java.jks", storePassword, keyPassword, 0},
		{"store.bcfks", wrong, keyPassword, ioterrors.ErrCertificateStore},
		{"store.bcfks", storePassword, wrong, ioterrors.ErrCredentials},
		{"store.bcfks", storePassword, keyPassword, 0},
		{"ec.pbes2.pem", wrong, "", ioterrors.ErrCredentials},
		{"ec.pbes2.pem", "", "", ioterrors.ErrCredentials},
		{"ec.pbes2.pem", keyPassword, "", 0}, // the password of the store holds for its keys
		{"ec.pbes2.pem", wrong, keyPassword, 0},
		{"ec.pbes2.der", wrong, "", ioterrors.ErrCredentials},
		{"ec.scrypt.pem", wrong, "", ioterrors.ErrCredentials},
		{"ec.md5des.pem", wrong, "", ioterrors.ErrCredentials},
		{"ec.sha1des3.pem", wrong, "", ioterrors.ErrCredentials},
		{"ec.both.pem", wrong, "", ioterrors.ErrCredentials},
		{"rsa.pkcs1.enc.pem", wrong, "", ioterrors.ErrCredentials},
		{"ssh-ecdsa", wrong, "", ioterrors.ErrCredentials},
		{"ssh-ecdsa", "", keyPassword, 0},
		{"ssh-ed25519", wrong, "", 0},
		{"rsa-v3.ppk", wrong, "", ioterrors.ErrCredentials},
		{"rsa-v2.ppk", "", wrong, ioterrors.ErrCredentials},
		{"rsa-v2-plain.ppk", wrong, "", 0},
		{"rsa-v3-plain.ppk", wrong, "", 0},
		{"ecdsa-argon2d.ppk", keyPassword, "", ioterrors.ErrCredentials}, // Go has no Argon2d
	} {
		t.Run(test.file+" "+test.store+" "+test.key, func(t *testing.T) {
			_, err := loadWith(certificate.CstAuto, []byte(path(test.file)), test.store, test.key, "*")
			wantCode(t, err, test.code)
		})
	}
}

// TestLockedKeyOfAnother: a certificate that has nothing to do with a locked key can be selected.
func TestLockedKeyOfAnother(t *testing.T) {
	c, err := loadWith(certificate.CstJKSFile, []byte(path("java.jks")), storePassword, "", "device-5")
	if err != nil || c.X509() == nil {
		t.Error(err)
	}
	store := append(read(t, "ssh-ecdsa"), read(t, "ec.pem")...) // shows its public key although it is locked
	c, err = loadWith(certificate.CstPEMKeyBlob, store, "", "", "*")
	if err != nil || c.Subject() != ecSubject {
		t.Error(err)
	}
}
