package certificate_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// rsaBlocks are the numbers of an RSA key as PKCS#1 and PKCS#8 have them.
type rsaBlocks struct{ pkcs1, pkcs8 []byte }

// hugeExponent makes the key of rsa.key.pem with the exponent 2^32+1, which openssl makes with
// "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_pubexp:4294967297" and crypto/rsa does not take.
func hugeExponent(t *testing.T) (rsaBlocks, *rsa.PrivateKey) {
	t.Helper()
	block, _ := pem.Decode(read(t, "rsa.key.pem"))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key := parsed.(*rsa.PrivateKey)
	one, e := big.NewInt(1), big.NewInt(1<<32+1)
	p, q := key.Primes[0], key.Primes[1]
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	d := new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
	if d == nil {
		t.Skip("2^32+1 has no inverse for the primes of this rsa.key.pem") // the same in each run: testdata is committed
	}
	pkcs1, err := asn1.Marshal(struct {
		Version                     int
		N, E, D, P, Q, DP, DQ, QInv *big.Int
	}{0, key.N, e, d, p, q, new(big.Int).Mod(d, p1), new(big.Int).Mod(d, q1), new(big.Int).ModInverse(q, p)})
	if err != nil {
		t.Fatal(err)
	}
	var pkcs8 struct {
		Version   int
		Algorithm asn1.RawValue
		Key       []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &pkcs8); err != nil {
		t.Fatal(err)
	}
	pkcs8.Key = pkcs1
	der, err := asn1.Marshal(pkcs8)
	if err != nil {
		t.Fatal(err)
	}
	return rsaBlocks{pkcs1, der}, key
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestRefusedKey: a key that Go does not take is refused with the cause, in whatever form it comes. It once became a
// DSA key with the wrong numbers, because one parser after the other was tried.
func TestRefusedKey(t *testing.T) {
	blocks, key := hugeExponent(t)
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	e := big.NewInt(1<<32 + 1)
	for name, store := range map[string]string{
		"PKCS#1 in PEM":             inPEM("RSA PRIVATE KEY", blocks.pkcs1),
		"PKCS#1 in PEM of DSA":      inPEM("DSA PRIVATE KEY", blocks.pkcs1),
		"PKCS#1 in DER":             string(blocks.pkcs1),
		"PKCS#1 in Base64":          base64.StdEncoding.EncodeToString(blocks.pkcs1),
		"PKCS#8 in PEM":             inPEM("PRIVATE KEY", blocks.pkcs8),
		"PKCS#8 in DER":             string(blocks.pkcs8),
		"behind its certificate":    string(read(t, "rsa.pem")) + inPEM("RSA PRIVATE KEY", blocks.pkcs1),
		"encrypted by openssl":      string(read(t, "ciphers/rsa.e33.enc.pem")),
		"PFX of openssl":            string(read(t, "ciphers/rsa.e33.pfx")),
		"traditional, by openssl":   string(read(t, "ciphers/rsa.e33.trad.pem")),
		"traditional and encrypted": string(read(t, "ciphers/rsa.e33.trad.enc.pem")),
		"JSON Web Key":              fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q}`, number(key.N), number(e)),
	} {
		c, err := load(certificate.CstAuto, []byte(store), "*")
		if ioterrors.Code(err) != ioterrors.ErrCertificateStore || !strings.Contains(err.Error(), "exponent") {
			t.Errorf("%s: %v, algorithm %q", name, err, c.PublicKeyAlgorithm())
		}
	}
	// It does not keep the program from the other keys of its store.
	c, err := load(certificate.CstPEMKeyBlob, []byte(inPEM("RSA PRIVATE KEY", blocks.pkcs1)+string(read(t, "client.pem"))), "*")
	if err != nil || !c.PrivateKeyAvailable() || c.Subject() != rsaSubject {
		t.Errorf("beside another key: %v", err)
	}
}

// TestRefusedPublicKey: numbers that make no key of an algorithm that Go has are an error. A curve that Go lacks is
// shown.
func TestRefusedPublicKey(t *testing.T) {
	block, _ := pem.Decode(read(t, "ec.pub.pem"))
	damaged := append([]byte(nil), block.Bytes...)
	damaged[len(damaged)-1] ^= 1 // the point is not on the curve any more
	c, err := load(certificate.CstPublicKeyBlob, []byte(inPEM("PUBLIC KEY", damaged)), "*")
	if ioterrors.Code(err) != ioterrors.ErrCertificateStore {
		t.Errorf("a point beside the curve: %v, algorithm %q", err, c.PublicKeyAlgorithm())
	}
	c, err = load(certificate.CstPublicKeyBlob, read(t, "ciphers/secp256k1.pub.pem"), "*")
	if err != nil || c.PublicKey() == "" {
		t.Errorf("a curve that Go lacks: %v", err)
	}
	_, err = load(certificate.CstPEMKeyBlob, read(t, "ciphers/secp256k1.key.pem"), "*")
	if ioterrors.Code(err) != ioterrors.ErrCertificateStore || !strings.Contains(err.Error(), "curve") {
		t.Errorf("a private key of a curve that Go lacks: %v", err)
	}
}

// TestTraditionalDSA: the numbers of a DSA key are checked.
func TestTraditionalDSA(t *testing.T) {
	block, _ := pem.Decode(read(t, "dsa.trad.pem"))
	var k struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}
	if _, err := asn1.Unmarshal(block.Bytes, &k); err != nil {
		t.Fatal(err)
	}
	k.Y.Add(k.Y, big.NewInt(1))
	der, err := asn1.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(certificate.CstPEMKeyBlob, []byte(inPEM("DSA PRIVATE KEY", der)), "*"); ioterrors.Code(err) != ioterrors.ErrCertificateStore {
		t.Errorf("%v", err)
	}
}
