package certificate_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// derOfPEM is the contents of the first block.
func derOfPEM(t *testing.T, name string) []byte {
	t.Helper()
	block, _ := pem.Decode(read(t, name))
	if block == nil {
		t.Fatal(name)
	}
	return block.Bytes
}

// TestPassedOver: one certificate that cannot be used does not spoil the others of its store, whatever is wrong with it
// and whatever the store is. It is named, with the reason.
func TestPassedOver(t *testing.T) {
	negative, curve := string(read(t, "ciphers/negative.pem")), string(read(t, "ciphers/secp256k1.pem"))
	sound := string(read(t, "ciphers/sound.pem"))
	noBase64 := strings.Replace(sound, "\nMII", "\nM?I", 1)
	noDER := inPEM("CERTIFICATE", derOfPEM(t, "ciphers/sound.pem")[:100])
	var ec map[string]any
	if err := json.Unmarshal(read(t, "ec.jwk"), &ec); err != nil {
		t.Fatal(err)
	}
	ec["x5c"] = [][]byte{derOfPEM(t, "ec.pem"), derOfPEM(t, "ciphers/negative.pem")}
	x5c, err := json.Marshal(ec)
	if err != nil {
		t.Fatal(err)
	}
	x509Data := func(name string) string {
		return "<X509Certificate>" + base64.StdEncoding.EncodeToString(derOfPEM(t, name)) + "</X509Certificate>"
	}
	for name, test := range map[string]struct {
		storeType certificate.CertStoreTypes
		store     string
		subject   string // of the other certificate
		words     []string
	}{
		"PEM, negative serial number": {certificate.CstPublicKeyBlob, negative + sound, "Sound", []string{"PEM block 1 (CERTIFICATE)", "CN=negative", "negative serial"}},
		"PEM, a curve":                {certificate.CstPEMKeyBlob, sound + curve, "Sound", []string{"PEM block 2", "CN=other curve", "curve"}},
		"PEM, not DER":                {certificate.CstPEMKeyBlob, noDER + sound, "Sound", []string{"PEM block 1", "x509"}},
		"PEM, not Base64":             {certificate.CstPEMKeyBlob, noBase64 + sound, "Sound", []string{"PEM block 1", "not Base64"}},
		"PEM, no end":                 {certificate.CstPEMKeyBlob, sound[:len(sound)-30] + "\n" + sound, "Sound", []string{"PEM block 1", "no end"}},
		"PEM, TRUSTED":                {certificate.CstPEMKeyBlob, "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n" + sound, "Sound", []string{"TRUSTED"}},
		"DER": {
			certificate.CstPublicKeyBlob, string(derOfPEM(t, "ciphers/negative.pem")) + string(derOfPEM(t, "ciphers/sound.pem")), "Sound",
			[]string{"certificate 1", "CN=negative"},
		},
		"PKCS#7":           {certificate.CstP7BFile, path("ciphers/both.p7b"), "Sound", []string{"certificate 1", "CN=negative"}},
		"PFX":              {certificate.CstPFXFile, path("ciphers/negative.pfx"), "Sound", []string{"certificate", "CN=negative"}},
		"Java key store":   {certificate.CstJKSFile, path("ciphers/both.jks"), "Sound", []string{`entry "negative"`, "CN=negative"}},
		"JSON Web Key":     {certificate.CstJWKBlob, string(x5c), "device-2", []string{"x5c, certificate 2", "CN=negative"}},
		"XML":              {certificate.CstXMLBlob, "<a>" + x509Data("ciphers/negative.pem") + x509Data("ciphers/sound.pem") + "</a>", "Sound", []string{"CN=negative"}},
		"PEM, byte orders": {certificate.CstPEMKeyBlob, "\uFEFF" + negative + "\uFEFF" + sound, "Sound", []string{"PEM block 1", "CN=negative"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(test.storeType, []byte(test.store), test.subject)
			if err != nil || c.X509() == nil || !strings.Contains(c.Subject(), test.subject) {
				t.Fatal(err)
			}
			told := ""
			for _, e := range c.PassedOver() {
				told += e.Error() + "\n"
			}
			for _, word := range test.words {
				if !strings.Contains(told, word) {
					t.Errorf("%q is not in what was passed over: %s", word, told)
				}
			}
			// If nothing else serves, the error names it.
			_, err = load(test.storeType, []byte(test.store), "CN=nobody")
			wantCode(t, err, ioterrors.ErrCertificateNotFound)
			if !strings.Contains(err.Error(), test.words[len(test.words)-1]) || strings.Contains(err.Error(), "damaged") {
				t.Error(err)
			}
		})
	}
	for name, store := range map[string]string{"serial number": negative, "Base64": noBase64, "DER": noDER} {
		_, err := load(certificate.CstPublicKeyBlob, []byte(store), "*")
		wantCode(t, err, ioterrors.ErrCertificateStore)
		if !strings.Contains(err.Error(), "passed over: PEM block 1 (CERTIFICATE)") || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s alone: %v", name, err)
		}
	}
}

// TestPassedOverWithKey: the authority is not selected in the place of a certificate that has a key and cannot be used.
func TestPassedOverWithKey(t *testing.T) {
	inOneFile := append(append(read(t, "ec.key.pem"), read(t, "ciphers/negative.pem")...), read(t, "ciphers/sound.pem")...)
	for name, test := range map[string]struct {
		storeType certificate.CertStoreTypes
		store     []byte
		subject   string
	}{
		"PEM":               {certificate.CstPEMKeyBlob, inOneFile, "*"},
		"PEM, by subject":   {certificate.CstPEMKeyBlob, inOneFile, "CN=negative"},
		"PEM, by hash":      {certificate.CstPEMKeyBlob, inOneFile, "Thumbprint=" + sha1Of(derOfPEM(t, "ciphers/negative.pem"))},
		"PFX":               {certificate.CstPFXFile, []byte(path("ciphers/negative.pfx")), "*"},
		"Java key store":    {certificate.CstJKSFile, []byte(path("ciphers/both.jks")), "*"},
		"PFX, found out":    {certificate.CstAuto, read(t, "ciphers/negative.pfx"), "*"},
		"PEM, by Base64":    {certificate.CstAuto, inBase64(inOneFile), "*"},
		"PEM, other order":  {certificate.CstPEMKeyBlob, append(read(t, "ciphers/sound.pem"), append(read(t, "ciphers/negative.pem"), read(t, "ec.key.pem")...)...), "*"},
		"PEM, without text": {certificate.CstPEMKeyBlob, bytes.ReplaceAll(inOneFile, []byte("\n"), []byte("\r")), "*"},
	} {
		c, err := load(test.storeType, test.store, test.subject)
		if ioterrors.Code(err) != ioterrors.ErrCertificateStore || !strings.Contains(err.Error(), "negative serial number") {
			t.Errorf("%s: %v, selected %q", name, err, c.Subject())
		}
	}
}

// TestAuthorities reads lists of authorities as openssl does: its -CAfile took and refused the same files.
func TestAuthorities(t *testing.T) {
	sound, negative := string(read(t, "ciphers/sound.pem")), string(read(t, "ciphers/negative.pem"))
	root := string(read(t, "root.pem"))
	for name, test := range map[string]struct {
		list             string
		found, passed    int
		word             string
		nothingToBeFound bool
	}{
		"PEM with text around":     {"some text\n" + sound + "# more\n" + root, 2, 0, "", false},
		"byte order mark":          {"\uFEFF" + sound, 1, 0, "", false},
		"byte order mark inside":   {sound + "\uFEFF" + root, 2, 0, "", false},
		"CR LF":                    {strings.ReplaceAll(sound+root, "\n", "\r\n"), 2, 0, "", false},
		"indented":                 {"  " + strings.ReplaceAll(sound, "\n", "\n  "), 1, 0, "", false},
		"X509 CERTIFICATE":         {strings.ReplaceAll(sound, " CERTIFICATE", " X509 CERTIFICATE"), 1, 0, "", false},
		"trusted for servers":      {string(read(t, "ciphers/trusted.servers.pem")), 1, 0, "", false},
		"trusted for clients":      {string(read(t, "ciphers/trusted.clients.pem")) + root, 1, 1, "trust settings", false},
		"rejected for servers":     {string(read(t, "ciphers/rejected.servers.pem")) + root, 1, 1, "trust settings", false},
		"one that x509 refuses":    {sound + negative + root, 2, 1, "CN=negative", false},
		"one that is not Base64":   {strings.Replace(negative, "\nMII", "\nM?I", 1) + root, 1, 1, "not Base64", false},
		"one without an end":       {root + sound[:len(sound)-30], 1, 1, "no end", false},
		"DER":                      {string(derOfPEM(t, "ciphers/sound.pem")), 1, 0, "", false},
		"DER, two":                 {string(derOfPEM(t, "ciphers/negative.pem")) + string(derOfPEM(t, "ciphers/sound.pem")), 1, 1, "CN=negative", false},
		"Base64 of DER":            {base64.StdEncoding.EncodeToString(derOfPEM(t, "ciphers/sound.pem")), 1, 0, "", false},
		"Base64 of DER, two":       {base64.StdEncoding.EncodeToString(append(derOfPEM(t, "ciphers/negative.pem"), derOfPEM(t, "root.pem")...)), 1, 1, "CN=negative", false},
		"PKCS#7":                   {string(read(t, "ciphers/both.p7b")), 1, 1, "CN=negative", false},
		"with a key among them":    {string(read(t, "ec.key.pem")) + sound, 1, 0, "", false},
		"nothing":                  {"", 0, 0, "no certificate", true},
		"only text":                {"only text\n", 0, 0, "no certificate", true},
		"only a key":               {string(read(t, "ec.key.pem")), 0, 0, "no certificate", true},
		"only what x509 refuses":   {negative, 0, 1, "CN=negative", true},
		"only one that is damaged": {strings.Replace(negative, "\nMII", "\nM?I", 1), 0, 1, "not Base64", true},
		"only one, for clients":    {string(read(t, "ciphers/trusted.clients.pem")), 0, 1, "trust settings", true},
	} {
		found, passed, err := certificate.Authorities([]byte(test.list))
		told := ""
		for _, e := range passed {
			told += e.Error()
		}
		if err != nil {
			told += err.Error()
		}
		if len(found) != test.found || len(passed) != test.passed || (err != nil) != test.nothingToBeFound || !strings.Contains(told, test.word) {
			t.Errorf("%s: found %d, passed over %d: %s", name, len(found), len(passed), told)
		}
		if err != nil {
			wantCode(t, err, ioterrors.ErrCertificateStore)
		}
	}
}

func sha1Of(data []byte) string {
	sum := sha1.Sum(data)
	return hex.EncodeToString(sum[:])
}
