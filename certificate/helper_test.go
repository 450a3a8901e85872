package certificate_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// Everything in testdata is made by testdata/make.sh.
const (
	storePassword = "storepass"
	keyPassword   = "keypass1"

	rsaSubject = `CN=device-1, OU="Say ""hi""", O="Fixtures, Ltd.", DC=example, L=Wien, S=Wien, C=AT, E=someone@example.com`
	ecSubject  = "CN=device-2, O=Fixtures"
)

func path(name string) string { return filepath.Join("testdata", name) }

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(path(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func inBase64(data []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(data)) }

// load opens a store with both passwords and selects a certificate.
func load(storeType certificate.CertStoreTypes, store []byte, subject string) (*certificate.Certificate, error) {
	return loadWith(storeType, store, storePassword, keyPassword, subject)
}

func loadWith(storeType certificate.CertStoreTypes, store []byte, password, ofKey, subject string) (*certificate.Certificate, error) {
	c, err := certificate.FromStoreB(storeType, store, password, "")
	if err != nil {
		return nil, err
	}
	if err := c.SetKeyPassword(ofKey); err != nil {
		return nil, err
	}
	return c, c.SetSubject(subject)
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	if ioterrors.Code(err) != code {
		t.Fatalf("got %v, want number %d", err, code)
	}
	if err == nil {
		return
	}
	for _, secret := range []string{storePassword, keyPassword, "wrong password", "PRIVATE KEY"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

// state is everything a Certificate shows.
func state(c *certificate.Certificate) map[string]any {
	return map[string]any{
		"EffectiveDate": c.EffectiveDate(), "Encoded": c.Encoded(), "EncodedB": string(c.EncodedB()),
		"ExpirationDate": c.ExpirationDate(), "ExtendedKeyUsage": c.ExtendedKeyUsage(), "Fingerprint": c.Fingerprint(),
		"FingerprintSHA1": c.FingerprintSHA1(), "FingerprintSHA256": c.FingerprintSHA256(), "Issuer": c.Issuer(),
		"KeyPassword": c.KeyPassword(), "PrivateKey": c.PrivateKey(), "PrivateKeyAvailable": c.PrivateKeyAvailable(),
		"PrivateKeyContainer": c.PrivateKeyContainer(), "PublicKey": c.PublicKey(),
		"PublicKeyAlgorithm": c.PublicKeyAlgorithm(), "PublicKeyLength": c.PublicKeyLength(),
		"SerialNumber": c.SerialNumber(), "SignatureAlgorithm": c.SignatureAlgorithm(), "Store": c.Store(),
		"StoreB": string(c.StoreB()), "StorePassword": c.StorePassword(), "StoreType": int(c.StoreType()),
		"Subject": c.Subject(), "SubjectAltNames": c.SubjectAltNames(), "ThumbprintMD5": c.ThumbprintMD5(),
		"ThumbprintSHA1": c.ThumbprintSHA1(), "ThumbprintSHA256": c.ThumbprintSHA256(), "Usage": c.Usage(),
		"UsageFlags": c.UsageFlags(), "Version": c.Version(),
	}
}
