package certificate_test

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/certificate"
)

// TestDefaults: an empty Certificate, made by New or not, is "MY" of the user and nothing else.
func TestDefaults(t *testing.T) {
	for _, c := range []*certificate.Certificate{certificate.New(), {}} {
		for name, value := range state(c) {
			var want any
			switch value.(type) {
			case string:
				want = ""
			case int:
				want = 0
			case bool:
				want = false
			}
			if name == "Store" || name == "StoreB" {
				want = "MY"
			}
			if value != want {
				t.Errorf("%s is %v, want %v", name, value, want)
			}
		}
		if c.X509() != nil {
			t.Error("an empty Certificate has a certificate")
		}
	}
}

// facts are what openssl says about rsa.pem: lines name=value.
func facts(t *testing.T) map[string]string {
	found := make(map[string]string)
	for line := range strings.Lines(string(read(t, "rsa.facts"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		found[name] = value
	}
	return found
}

// TestFields compares every field of a certificate with what openssl says or what testdata/make.sh asked for.
func TestFields(t *testing.T) {
	c, err := certificate.FromStore(certificate.CstPEMKeyFile, path("client.pem"), "", "*")
	if err != nil {
		t.Fatal(err)
	}
	of := facts(t)
	fingerprint := func(name string) string { return strings.ToLower(of[name+" Fingerprint"]) }
	thumbprint := func(name string) string { return strings.ReplaceAll(of[name+" Fingerprint"], ":", "") }
	date := func(name string) string {
		moment, err := time.Parse("Jan _2 15:04:05 2006 MST", of[name])
		if err != nil {
			t.Fatal(err)
		}
		return moment.Local().Format("02-Jan-2006 15:04:05")
	}
	want := map[string]any{
		"EffectiveDate":       date("notBefore"),
		"ExpirationDate":      date("notAfter"),
		"ExtendedKeyUsage":    "1.3.6.1.5.5.7.3.2,1.3.6.1.5.5.7.3.1,1.3.6.1.4.1.311.10.3.4",
		"Fingerprint":         fingerprint("md5"),
		"FingerprintSHA1":     fingerprint("sha1"),
		"FingerprintSHA256":   fingerprint("sha256"),
		"Issuer":              "CN=Intermediate, O=Fixtures",
		"PrivateKey":          string(read(t, "rsa.key.pem")),
		"PrivateKeyAvailable": true,
		"PrivateKeyContainer": "",
		"PublicKeyAlgorithm":  "RSA",
		"PublicKeyLength":     2048,
		"SerialNumber":        of["serial"],
		"SignatureAlgorithm":  "ECDSA-SHA256",
		"Store":               path("client.pem"),
		"StoreB":              path("client.pem"),
		"StorePassword":       "",
		"KeyPassword":         "",
		"StoreType":           6,
		"Subject":             rsaSubject,
		"SubjectAltNames":     "device-1.example.com,device-1,127.0.0.1,d@example.com,urn:device:1",
		"ThumbprintMD5":       thumbprint("md5"),
		"ThumbprintSHA1":      thumbprint("sha1"),
		"ThumbprintSHA256":    thumbprint("sha256"),
		"Usage":               "Digital Signature",
		"UsageFlags":          0x80,
		"Version":             "V3",
		"Encoded":             string(read(t, "rsa.pem")),
		"EncodedB":            string(read(t, "rsa.pem")),
		"PublicKey":           publicPEM(t, "rsa.pem"),
	}
	got := state(c)
	for name := range maps.Keys(got) {
		if got[name] != want[name] {
			t.Errorf("%s is\n%v, want\n%v", name, got[name], want[name])
		}
	}
}

// publicPEM is the public key of a certificate, by another way than the package takes.
func publicPEM(t *testing.T, name string) string {
	block, _ := pem.Decode(read(t, name))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestUsage(t *testing.T) {
	c, err := certificate.FromFile(path("usage.pem"))
	if err != nil {
		t.Fatal(err)
	}
	const names = "Digital Signature,Non-Repudiation,Key Encipherment,Data Encipherment,Key Agreement,Certificate Signing," +
		"CRL Signing,Encipher Only"
	if c.UsageFlags() != 0xFF || c.Usage() != names {
		t.Errorf("%#x %q", c.UsageFlags(), c.Usage())
	}
}

// TestUnknownAlgorithms: what Go cannot name is shown as object identifier.
func TestUnknownAlgorithms(t *testing.T) {
	for _, test := range []struct {
		file, algorithm, signature string
		bits                       int
	}{
		{"ed448.pem", "1.3.101.113", "ECDSA-SHA256", 456},
		{"ed448.self.pem", "1.3.101.113", "1.3.101.113", 456},
		{"dsa.pem", "DSA", "ECDSA-SHA256", 1024},
		{"ed25519.pem", "Ed25519", "ECDSA-SHA256", 256},
		{"x25519.key.pem", "1.3.101.110", "", 256},
		{"ed448.key.pem", "1.3.101.113", "", 0}, // Go cannot compute the public half, which has the length
		{"p521.key.pem", "ECDSA", "", 521},
		{"p224.key.pem", "ECDSA", "", 224},
	} {
		c, err := certificate.FromStore(certificate.CstPEMKeyFile, path(test.file), "", "*")
		if err != nil {
			t.Fatal(test.file, err)
		}
		if c.PublicKeyAlgorithm() != test.algorithm || c.SignatureAlgorithm() != test.signature || c.PublicKeyLength() != test.bits {
			t.Errorf("%s: %q %q %d", test.file, c.PublicKeyAlgorithm(), c.SignatureAlgorithm(), c.PublicKeyLength())
		}
	}
}

// TestFingerprintOfKeys compares with ssh-keygen, which writes "256 MD5:aa:bb:.. comment (ED25519)".
func TestFingerprintOfKeys(t *testing.T) {
	for _, name := range []string{"ssh-ed25519", "ssh-ecdsa"} {
		c, err := certificate.FromStore(certificate.CstSSHPublicKeyFile, path(name+".pub"), "", "*")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(read(t, name+".facts")), "\n")
		if md5 := strings.TrimPrefix(strings.Fields(lines[0])[1], "MD5:"); c.Fingerprint() != md5 {
			t.Errorf("%s, want %s", c.Fingerprint(), md5)
		}
		if len(c.FingerprintSHA1()) != 20*3-1 || len(c.FingerprintSHA256()) != 32*3-1 {
			t.Errorf("%s %s", c.FingerprintSHA1(), c.FingerprintSHA256())
		}
	}
	c, err := certificate.FromStore(certificate.CstPEMKeyFile, path("x25519.key.pem"), "", "*")
	if err != nil || c.Fingerprint() != "" {
		t.Errorf("SSH has no X25519 keys: %q %v", c.Fingerprint(), err)
	}
}

// TestStoreBIsACopy: neither the assigned bytes nor the returned ones are shared.
func TestStoreBIsACopy(t *testing.T) {
	c := certificate.New()
	store := []byte("abc")
	if err := c.SetStoreB(store); err != nil {
		t.Fatal(err)
	}
	store[0] = 'x'
	c.StoreB()[1] = 'x'
	if c.Store() != "abc" {
		t.Error(c.Store())
	}
	if err := c.SetStore(""); err != nil || c.Store() != "" {
		t.Errorf("%q %v", c.Store(), err)
	}
}

func TestFromEncoded(t *testing.T) {
	pemText := read(t, "ec.pem")
	der := read(t, "ec.der")
	for name, encoded := range map[string][]byte{"PEM": pemText, "DER": der, "Base64": inBase64(der), "Base64 of PEM": inBase64(pemText)} {
		c, err := certificate.FromEncoded(encoded)
		if err != nil {
			t.Fatal(name, err)
		}
		if c.Subject() != ecSubject || c.PrivateKeyAvailable() || c.StoreType() != certificate.CstPublicKeyBlob {
			t.Errorf("%s: %q", name, c.Subject())
		}
	}
	if _, err := certificate.FromEncoded([]byte("nothing")); err == nil {
		t.Error("nothing was accepted")
	}
	if _, err := certificate.FromFile("testdata"); err == nil {
		t.Error("a directory was accepted")
	}
}
