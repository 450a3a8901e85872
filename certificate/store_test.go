package certificate_test

import (
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

type storeCase struct {
	file    string
	types   []certificate.CertStoreTypes // as a file, as contents
	search  string
	subject string
	key     bool
	chain   int // the number of certificates in TLS, 0 if TLS refuses
}

// storeCases are stores of every type.
var storeCases = []storeCase{
	{"modern.pfx", pfxTypes, "*", rsaSubject, true, 3},
	{"legacy.pfx", pfxTypes, "*", rsaSubject, true, 3},
	{"legacy3des.pfx", pfxTypes, "*", ecSubject, true, 1},
	{"rc2-128.pfx", pfxTypes, "*", ecSubject, true, 1},
	{"sha512.pfx", pfxTypes, "*", ecSubject, true, 1},
	{"pbmac1.pfx", pfxTypes, "*", ecSubject, true, 1},
	{"nomac.pfx", pfxTypes, "*", ecSubject, true, 1},
	{"plain.pfx", pfxTypes, "*", ecSubject, true, 1},
	{"nss.pfx", pfxTypes, "*", rsaSubject, true, 3},
	{"ed25519.pfx", pfxTypes, "*", "CN=device-3, O=Fixtures", true, 1},
	{"ed448.pfx", pfxTypes, "*", "CN=device-4, O=Fixtures", true, 0},
	{"nokeys.pfx", pfxTypes, "*", "CN=Intermediate, O=Fixtures", false, 0},
	{"java.pfx", pfxTypes, "device-1", rsaSubject, true, 3},
	{"java.pfx", pfxTypes, "device-2", ecSubject, true, 3},
	{"java.jks", jksTypes, "device-1", rsaSubject, true, 3},
	{"java.jks", jksTypes, "device-2", ecSubject, true, 3},
	{"java.jks", jksTypes, "device-5", "CN=device-5, O=Fixtures", false, 0},
	{"java.pfx", jksTypes, "device-2", ecSubject, true, 3}, // since Java 9 a .jks file is mostly PKCS#12
	{"client.pem", pemTypes, "*", rsaSubject, true, 3},
	{"client.pem", pemTypes, "intermediate", "CN=Intermediate, O=Fixtures", false, 0},
	{"ec.both.pem", pemTypes, "*", ecSubject, true, 1},
	{"ec.der", pemTypes, "*", ecSubject, false, 0},
	{"trusted.pem", publicTypes, "*", rsaSubject, false, 0},
	{"client.pem", publicTypes, "*", rsaSubject, false, 0}, // a private key in a file of certificates is none of ours
	{"ec.der", publicTypes, "*", ecSubject, false, 0},
	{"ec.pub.pem", publicTypes, "*", "", false, 0},
	{"rsa.pkcs1.pub.pem", publicTypes, "*", "", false, 0},
	{"bundle.p7b.pem", publicTypes, "device", rsaSubject, false, 0},
	{"bundle.p7b", p7bTypes, "device", rsaSubject, false, 0},
	{"bundle.p7b.pem", p7bTypes, "device", rsaSubject, false, 0},
	{"stream.p7b", p7bTypes, "device", ecSubject, false, 0},
	{"ssh-ed25519.pub", sshTypes, "*", "someone@ed25519", false, 0},
	{"ssh-ecdsa.pub", sshTypes, "*", "someone@ecdsa", false, 0},
	{"ssh-ecdsa-cert.pub", sshTypes, "*", "someone@ecdsa", false, 0},
	{"ssh-ecdsa.rfc4716", sshTypes, "ECDSA, converted", "384-bit ECDSA, converted by someone from OpenSSH", false, 0},
	{"rsa-v3.ppk", ppkTypes, "*", "comment of rsa", true, 0},
	{"rsa-v2.ppk", ppkTypes, "*", "comment of rsa", true, 0},
	{"rsa-v3-plain.ppk", ppkTypes, "*", "comment of rsa", true, 0},
	{"rsa-v2-plain.ppk", ppkTypes, "*", "comment of rsa", true, 0},
	{"ecdsa-argon2i.ppk", ppkTypes, "*", "comment of ecdsa", true, 0},
	{"ed25519.ppk", ppkTypes, "*", "comment of ed25519", true, 0},
	{"ed448.ppk", ppkTypes, "*", "comment of ed448", true, 0},
	{"dsa.ppk", ppkTypes, "*", "comment of dsa", true, 0},
	{"signature.xml", xmlTypes, "*", rsaSubject, false, 0},
	{"set.jwk", jwkTypes, "*", rsaSubject, true, 3},
	{"set.jwk", jwkTypes, "ED25519", "ed25519", true, 0},
	{"ec.jwk", jwkTypes, "*", "ec", true, 0},
	{"store.bcfks", bcfksTypes, "*", rsaSubject, true, 3},
	{"store.bcfks", bcfksTypes, "device-5", "CN=device-5, O=Fixtures", false, 0},
}

var (
	pfxTypes    = []certificate.CertStoreTypes{certificate.CstPFXFile, certificate.CstPFXBlob}
	jksTypes    = []certificate.CertStoreTypes{certificate.CstJKSFile, certificate.CstJKSBlob}
	pemTypes    = []certificate.CertStoreTypes{certificate.CstPEMKeyFile, certificate.CstPEMKeyBlob}
	publicTypes = []certificate.CertStoreTypes{certificate.CstPublicKeyFile, certificate.CstPublicKeyBlob}
	sshTypes    = []certificate.CertStoreTypes{certificate.CstSSHPublicKeyFile, certificate.CstSSHPublicKeyBlob}
	p7bTypes    = []certificate.CertStoreTypes{certificate.CstP7BFile, certificate.CstP7BBlob}
	ppkTypes    = []certificate.CertStoreTypes{certificate.CstPPKFile, certificate.CstPPKBlob}
	xmlTypes    = []certificate.CertStoreTypes{certificate.CstXMLFile, certificate.CstXMLBlob}
	jwkTypes    = []certificate.CertStoreTypes{certificate.CstJWKFile, certificate.CstJWKBlob}
	bcfksTypes  = []certificate.CertStoreTypes{certificate.CstBCFKSFile, certificate.CstBCFKSBlob}
)

// TestStores opens every kind of store by its name, as contents, as contents in Base64, and as CstAuto.
func TestStores(t *testing.T) {
	for _, test := range storeCases {
		data := read(t, test.file)
		for _, form := range []struct {
			name      string
			storeType certificate.CertStoreTypes
			store     []byte
		}{
			{"file", test.types[0], []byte(path(test.file))},
			{"blob", test.types[1], data},
			{"base64", test.types[1], inBase64(data)},
			{"byte order mark", test.types[1], markText(data)},
			{"auto file", certificate.CstAuto, []byte(path(test.file))},
			{"auto blob", certificate.CstAuto, data},
			{"auto base64", certificate.CstAuto, inBase64(data)},
		} {
			name := test.file + " " + test.search + " " + form.name
			if form.storeType == certificate.CstAuto && test.types[0] == certificate.CstPublicKeyFile && test.file == "client.pem" {
				continue // there CstAuto finds the key
			}
			t.Run(name, func(t *testing.T) {
				c, err := load(form.storeType, form.store, test.search)
				if err != nil {
					t.Fatal(err)
				}
				if c.Subject() != test.subject || c.PrivateKeyAvailable() != test.key {
					t.Errorf("got %q with key %v, want %q with key %v", c.Subject(), c.PrivateKeyAvailable(), test.subject, test.key)
				}
				if (c.PrivateKey() != "") != test.key || c.PublicKey() == "" || c.PublicKeyAlgorithm() == "" || c.PublicKeyLength() == 0 {
					t.Error("a field about the key is missing")
				}
				pair, err := c.TLS()
				if test.chain == 0 {
					wantCode(t, err, ioterrors.ErrCredentials)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(pair.Certificate) != test.chain || pair.Leaf != c.X509() {
					t.Errorf("a chain of %d, want %d", len(pair.Certificate), test.chain)
				}
			})
		}
	}
}

// markText puts a byte order mark in front of a text and leaves binary data alone.
func markText(data []byte) []byte {
	if slices.ContainsFunc(data, func(b byte) bool { return b >= 0x80 }) {
		return data
	}
	return append([]byte("\xEF\xBB\xBF"), data...)
}

// TestEveryTypeIsCovered keeps a type from being forgotten in storeCases.
func TestEveryTypeIsCovered(t *testing.T) {
	for storeType := range certificate.CertStoreTypes(100) {
		known := slices.ContainsFunc(storeCases, func(test storeCase) bool { return slices.Contains(test.types, storeType) })
		special := storeType <= certificate.CstMachine || storeType == certificate.CstPKCS11 || storeType == certificate.CstAuto
		_, err := certificate.FromStore(storeType, "", "", "")
		if accepted := err == nil; accepted != (known || special) {
			t.Errorf("type %d: accepted %v, tested %v", storeType, accepted, known)
		}
		if err != nil {
			wantCode(t, err, ioterrors.ErrInvalidArgument)
		}
	}
}

// TestUnreadable opens what cannot be opened.
func TestUnreadable(t *testing.T) {
	for _, test := range []struct {
		name      string
		storeType certificate.CertStoreTypes
		store     string
		code      int
		text      string
	}{
		{"missing file", certificate.CstPFXFile, path("nothing.pfx"), ioterrors.ErrFileNotOpened, "nothing.pfx"},
		{"directory", certificate.CstPEMKeyFile, "testdata", ioterrors.ErrFileNotOpened, "testdata"},
		{"empty name", certificate.CstJWKFile, "", ioterrors.ErrFileNotOpened, ""},
		{"missing file as auto", certificate.CstAuto, path("nothing.pem"), ioterrors.ErrCertificateStore, "existing file"},
		{"directory as auto", certificate.CstAuto, "testdata", ioterrors.ErrFileNotOpened, "testdata"},
		{"nothing as auto", certificate.CstAuto, "", ioterrors.ErrCertificateStore, "empty"},
		{"PKCS#11", certificate.CstPKCS11, "pkcs11:token=x", ioterrors.ErrSSLLibrary, "cgo"},
		{"JCEKS", certificate.CstJKSFile, path("ciphers/secret.jceks"), ioterrors.ErrCertificateStore, "keytool"},
		{"JCEKS as auto", certificate.CstAuto, path("ciphers/secret.jceks"), ioterrors.ErrCertificateStore, "keytool"},
		{"too long", certificate.CstPEMKeyBlob, strings.Repeat("x", 17<<20), ioterrors.ErrCertificateStore, "16 MiB"},
		{"too long as auto", certificate.CstAuto, strings.Repeat("x", 17<<20), ioterrors.ErrCertificateStore, "16 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := certificate.FromStore(test.storeType, test.store, storePassword, "*")
			wantCode(t, err, test.code)
			if !strings.Contains(err.Error(), test.text) {
				t.Errorf("%v does not mention %q", err, test.text)
			}
		})
	}
}

// TestContentsAsName: contents that are assigned with the type of a file, or with no type at all, are not shown, since
// they may be a private key.
func TestContentsAsName(t *testing.T) {
	key := read(t, "ed25519.key.pem")
	block, _ := pem.Decode(key)
	for name, store := range map[string][]byte{
		"PEM": key, "DER": block.Bytes, "Base64": inBase64(block.Bytes), "JWK": read(t, "ed25519.jwk"),
		"JWK in one line": []byte(strings.ReplaceAll(string(read(t, "ed25519.jwk")), "\n", "")),
		"PFX":             read(t, "ed25519.pfx"), "PFX in Base64": inBase64(read(t, "ed25519.pfx")),
	} {
		for storeType, code := range map[certificate.CertStoreTypes]int{
			certificate.CstPEMKeyFile: ioterrors.ErrFileNotOpened, certificate.CstUser: ioterrors.ErrCertificateStore,
		} {
			_, err := load(storeType, store, "*")
			wantCode(t, err, code)
			for part := range slices.Chunk(store, 12) {
				if quoted := strings.Trim(strconv.Quote(string(part)), `"`); len(part) == 12 && strings.Contains(err.Error(), quoted) {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
	}
}

// TestWrongType opens every store as every other type: a numbered error, or the certificate all the same.
func TestWrongType(t *testing.T) {
	files := []string{"modern.pfx", "java.jks", "client.pem", "bundle.p7b", "ssh-ecdsa.pub", "rsa-v3.ppk", "signature.xml", "set.jwk", "store.bcfks"}
	for _, file := range files {
		data := read(t, file)
		for _, types := range [][]certificate.CertStoreTypes{
			pfxTypes, jksTypes, pemTypes, publicTypes, sshTypes, p7bTypes, ppkTypes, xmlTypes, jwkTypes, bcfksTypes,
		} {
			for i, store := range [][]byte{[]byte(path(file)), data} {
				if _, err := load(types[i], store, "*"); err != nil {
					wantCode(t, err, ioterrors.ErrCertificateStore)
				}
			}
		}
	}
}
