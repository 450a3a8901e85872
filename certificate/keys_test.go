package certificate_test

import (
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/ecdh"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestKeyForms reads one key in all its forms and compares it with the form that openssl made first.
func TestKeyForms(t *testing.T) {
	for want, forms := range map[string][]string{
		"rsa.key.pem": {"rsa.key.pem", "rsa.pkcs1.pem", "rsa.pkcs1.enc.pem", "rsa.jwk", "rsa-short.jwk", "client.pem", "modern.pfx", "legacy.pfx", "set.jwk"},
		"ec.key.pem": {
			"ec.key.pem", "ec.key.der", "ec.sec1.pem", "ec.sec1.enc.pem", "ec.pbes2.pem", "ec.pbes2.der", "ec.sha1.pem", "ec.sha512.pem",
			"ec.des3.pem", "ec.scrypt.pem", "ec.md5des.pem", "ec.sha1des.pem", "ec.sha1des3.pem", "ec.sha1des2.pem", "ec.both.pem", "ec.jwk",
			"rc2-128.pfx", "legacy3des.pfx", "pbmac1.pfx", "plain.pfx",
		},
		"ed25519.key.pem": {"ed25519.key.pem", "ed25519.jwk", "ed25519.pfx"},
		"ed448.key.pem":   {"ed448.key.pem", "ed448.jwk", "ed448.pfx"},
		"p521.key.pem":    {"p521.jwk"},
		"dsa.key.pem":     {"dsa.key.pem", "dsa.trad.pem", "dsa.pfx"},
	} {
		wanted := string(read(t, want))
		for _, form := range forms {
			c, err := load(certificate.CstAuto, []byte(path(form)), "*")
			if err != nil {
				t.Errorf("%s: %v", form, err)
				continue
			}
			if c.PrivateKey() != wanted {
				t.Errorf("%s differs from %s", form, want)
			}
		}
	}
}

// TestSSHKeys compares private keys of SSH programs with the public keys that the same programs wrote.
func TestSSHKeys(t *testing.T) {
	for private, public := range map[string]string{
		"ssh-ed25519": "ssh-ed25519.pub", "ssh-ecdsa": "ssh-ecdsa.pub", "rsa-v3-plain.ppk": "rsa-v3-plain.pub",
	} {
		a, err := load(certificate.CstAuto, []byte(path(private)), "*")
		if err != nil {
			t.Fatal(private, err)
		}
		b, err := load(certificate.CstAuto, []byte(path(public)), "*")
		if err != nil {
			t.Fatal(public, err)
		}
		if !a.PrivateKeyAvailable() || a.PublicKey() != b.PublicKey() || a.Fingerprint() != b.Fingerprint() {
			t.Errorf("%s does not belong to %s", private, public)
		}
		block, _ := pem.Decode([]byte(a.PrivateKey()))
		if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
			t.Error(private, err)
		}
	}
}

// TestSSHWireForm reads a public key without any frame, and as Base64 alone.
func TestSSHWireForm(t *testing.T) {
	fields := strings.Fields(string(read(t, "ssh-ed25519.pub")))
	wire, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range [][]byte{wire, []byte(fields[1])} {
		for _, storeType := range []certificate.CertStoreTypes{certificate.CstSSHPublicKeyBlob, certificate.CstAuto} {
			c, err := load(storeType, store, "*")
			if err != nil || c.PublicKeyAlgorithm() != "Ed25519" {
				t.Errorf("%d: %v", storeType, err)
			}
		}
	}
}

// TestAuthorizedKeys selects one of several lines by its comment.
func TestAuthorizedKeys(t *testing.T) {
	lines := "# keys\n\n" + string(read(t, "ssh-ed25519.pub")) + `command="x" ` + string(read(t, "ssh-ecdsa.pub")) + "# end\n"
	c, err := load(certificate.CstSSHPublicKeyBlob, []byte(lines), "ecdsa")
	if err != nil || c.PublicKeyLength() != 384 {
		t.Errorf("%v", err)
	}
	two := string(read(t, "ssh-ecdsa.rfc4716")) + "\n" + rfc4716(t, "ssh-ed25519.pub", "a long \\\ncomment")
	c, err = load(certificate.CstSSHPublicKeyBlob, []byte(two), "a long")
	if err != nil || c.PublicKeyAlgorithm() != "Ed25519" {
		t.Errorf("%v", err)
	}
}

// rfc4716 frames the key of an authorized_keys line.
func rfc4716(t *testing.T, name, comment string) string {
	key, _, _, _, err := ssh.ParseAuthorizedKey(read(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return "---- BEGIN SSH2 PUBLIC KEY ----\nSubject: x\nComment: " + comment + "\n" +
		base64.StdEncoding.EncodeToString(key.Marshal()) + "\n---- END SSH2 PUBLIC KEY ----\n"
}

// TestXMLKeys reads the form of .NET, with and without the private numbers, and a key of a curve.
func TestXMLKeys(t *testing.T) {
	block, _ := pem.Decode(read(t, "rsa.key.pem"))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	k := parsed.(*rsa.PrivateKey)
	text := base64.StdEncoding.EncodeToString
	public := fmt.Sprintf("<Modulus>\n%s\n</Modulus><Exponent>AQAB</Exponent>", text(k.N.Bytes()))
	primes := fmt.Sprintf("<P>%s</P><Q>%s</Q>", text(k.Primes[0].Bytes()), text(k.Primes[1].Bytes()))
	exponent := fmt.Sprintf("<D>%s</D>", text(k.D.Bytes()))
	point := text(pointOf(t, "ec.pub.pem"))
	dsaPublic, dsaPrivate := dsaNumbers(t)
	for _, test := range []struct {
		name, xml, algorithm string
		key                  string // the file with the private key
	}{
		{"public", "<RSAKeyValue>" + public + "</RSAKeyValue>", "RSA", ""},
		{"private", "<?xml version='1.0'?>\n<RSAKeyValue>" + public + primes + exponent + "</RSAKeyValue>", "RSA", "rsa.key.pem"},
		{"private without primes", "<RSAKeyValue>" + public + exponent + "</RSAKeyValue>", "RSA", "rsa.key.pem"},
		{"namespace", `<a:x xmlns:a="urn:a"><a:RSAKeyValue>` + public + "</a:RSAKeyValue></a:x>", "RSA", ""},
		{"curve", `<ECKeyValue><NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><PublicKey>` + point + "</PublicKey></ECKeyValue>", "ECDSA", ""},
		{"DSA", "<DSAKeyValue>" + dsaPublic + "</DSAKeyValue>", "DSA", ""},
		{"private DSA", "<DSAKeyValue>" + dsaPublic + dsaPrivate + "</DSAKeyValue>", "DSA", "dsa.key.pem"},
	} {
		for _, storeType := range []certificate.CertStoreTypes{certificate.CstXMLBlob, certificate.CstAuto} {
			c, err := load(storeType, []byte(test.xml), "*")
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			want := ""
			if test.key != "" {
				want = string(read(t, test.key))
			}
			if c.PublicKeyAlgorithm() != test.algorithm || c.PrivateKey() != want {
				t.Errorf("%s: another key", test.name)
			}
		}
	}
	for name, xml := range map[string]string{
		"other prime":    "<RSAKeyValue>" + public + exponent + "<P>Aw==</P><Q>BQ==</Q></RSAKeyValue>",
		"other exponent": "<RSAKeyValue>" + public + "<D>Aw==</D></RSAKeyValue>",
		"no exponent":    "<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>",
		"no Base64":      "<RSAKeyValue><Modulus>?</Modulus></RSAKeyValue>",
		"other DSA":      "<DSAKeyValue>" + dsaPublic + "<X>Aw==</X></DSAKeyValue>",
		"half a DSA key": "<DSAKeyValue><P>Aw==</P></DSAKeyValue>",
		"unknown curve":  `<ECKeyValue><NamedCurve URI="urn:oid:1.2"/></ECKeyValue>`,
		"no point":       `<ECKeyValue><NamedCurve URI="urn:oid:1.3.132.0.34"/><PublicKey>AQ==</PublicKey></ECKeyValue>`,
		"no certificate": "<X509Certificate>AQ==</X509Certificate>",
		"not closed":     "<RSAKeyValue>",
		"other document": "<html/>",
	} {
		_, err := load(certificate.CstXMLBlob, []byte(xml), "*")
		if ioterrors.Code(err) != ioterrors.ErrCertificateStore {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pointOf is the point of a public key on P-256, uncompressed.
func pointOf(t *testing.T, name string) []byte {
	block, _ := pem.Decode(read(t, name))
	return block.Bytes[len(block.Bytes)-65:]
}

// dsaNumbers writes the key of dsa.pem as .NET does.
func dsaNumbers(t *testing.T) (public, private string) {
	key, err := ssh.ParseRawPrivateKey(read(t, "dsa.trad.pem"))
	if err != nil {
		t.Fatal(err)
	}
	k := key.(*dsa.PrivateKey)
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("<P>%s</P><Q>%s</Q><G>%s</G><Y>%s</Y>", text(k.P.Bytes()), text(k.Q.Bytes()), text(k.G.Bytes()), text(k.Y.Bytes())),
		fmt.Sprintf("<X>%s</X>", text(k.X.Bytes()))
}

// TestJWKFaults: sets and keys that are damaged, and the key of RFC 8037, appendix A.6.
func TestJWKFaults(t *testing.T) {
	const x25519 = `{"kty":"OKP","crv":"X25519","kid":"Bob","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}`
	c, err := load(certificate.CstJWKBlob, []byte(x25519), "bob")
	if err != nil || c.PublicKeyAlgorithm() != "1.3.101.110" || c.PublicKeyLength() != 256 {
		t.Fatal(err)
	}
	_, err = c.TLS()
	wantCode(t, err, ioterrors.ErrCredentials)
	ec := string(read(t, "ec.jwk"))
	p521 := string(read(t, "p521.jwk"))
	for name, text := range map[string]string{
		"no JSON":           "{",
		"other JSON":        "{}",
		"empty set":         `{"keys":[]}`,
		"only symmetric":    `{"keys":[{"kty":"oct","k":"AA"}]}`,
		"unknown type":      `{"kty":"XYZ"}`,
		"unknown curve":     `{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`,
		"unknown OKP":       `{"kty":"OKP","crv":"X448","x":"AA"}`,
		"short Ed25519":     `{"kty":"OKP","crv":"Ed25519","x":"AA"}`,
		"short X25519":      `{"kty":"OKP","crv":"X25519","x":"AA"}`,
		"point off curve":   `{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`,
		"point too long":    `{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("QUFB", 20) + `","y":"AQ"}`,
		"no base64url":      `{"kty":"RSA","n":"???","e":"AQAB"}`,
		"number, no text":   `{"kty":"RSA","n":1,"e":"AQAB"}`,
		"no modulus":        `{"kty":"RSA","e":"AQAB"}`,
		"bad certificate":   strings.Replace(ec, "{", `{"x5c":["AQID"],`, 1),
		"private of others": strings.Replace(ec, `"d": "`, `"d": "BBBB`, 1),
		"curve of others":   strings.Replace(p521, "P-521", "P-384", 1),
	} {
		_, err := load(certificate.CstJWKBlob, []byte(text), "*")
		if ioterrors.Code(err) != ioterrors.ErrCertificateStore {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestX25519JWK: a private key that loads and is of no use to TLS.
func TestX25519JWK(t *testing.T) {
	wanted := read(t, "x25519.key.pem")
	block, _ := pem.Decode(wanted)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key := parsed.(*ecdh.PrivateKey)
	text := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	form := `{"kty":"OKP","crv":"X25519","x":"%s","d":"%s"}`
	c, err := load(certificate.CstJWKBlob, fmt.Appendf(nil, form, text(key.PublicKey().Bytes()), text(key.Bytes())), "*")
	if err != nil || c.PrivateKey() != string(wanted) {
		t.Errorf("%v", err)
	}
	_, err = load(certificate.CstJWKBlob, fmt.Appendf(nil, form, text(key.PublicKey().Bytes()), "AAAA"), "*")
	wantCode(t, err, ioterrors.ErrCertificateStore)
}

// TestPFXInPEM: CstAuto looks inside a frame of PEM whatever its label says.
func TestPFXInPEM(t *testing.T) {
	framed := pem.EncodeToMemory(&pem.Block{Type: "PKCS12", Bytes: read(t, "modern.pfx")})
	for _, storeType := range []certificate.CertStoreTypes{certificate.CstAuto, certificate.CstPFXBlob} {
		if c, err := load(storeType, framed, "*"); err != nil || c.Subject() != rsaSubject {
			t.Errorf("%d: %v", storeType, err)
		}
	}
}

// TestMismatch: a key and a certificate in one store that do not belong together.
func TestMismatch(t *testing.T) {
	for name, store := range map[string][]byte{
		"PEM":    append(read(t, "rsa.key.pem"), read(t, "ec.pem")...),
		"JWK":    []byte(strings.Replace(string(read(t, "ed25519.jwk")), "{", `{"x5c":["`+string(inBase64(read(t, "ec.der")))+`"],`, 1)),
		"no key": read(t, "ec.pem"),
	} {
		c, err := load(certificate.CstAuto, store, "*")
		if err != nil {
			t.Fatal(name, err)
		}
		if c.Subject() != ecSubject || c.PrivateKeyAvailable() {
			t.Errorf("%s: %q %v", name, c.Subject(), c.PrivateKeyAvailable())
		}
		_, err = c.TLS()
		wantCode(t, err, ioterrors.ErrCredentials)
	}
	_, err := certificate.New().TLS()
	wantCode(t, err, ioterrors.ErrCredentials)
}
