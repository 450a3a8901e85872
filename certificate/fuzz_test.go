package certificate

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	ioterrors "github.com/iotcomponents/iot/errors"
)

// little is a bound of the work that keeps one input from taking seconds. The passwords are those of testdata.
func little(iterations int64) passwords {
	return passwords{store: "storepass", key: "keypass1", work: &work{done: maxWork - iterations}}
}

// seed adds the files of testdata that match the patterns.
func seed(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		names, err := filepath.Glob("testdata/" + pattern)
		if err != nil || len(names) == 0 {
			f.Fatal(pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
}

// check is the oracle of all targets: what was loaded can be searched, shown and used, and what was selected is what
// the search asked for; a key that is given out belongs to its certificate.
func check(t *testing.T, found []entry, err error) {
	t.Helper()
	if err != nil {
		if code := ioterrors.Code(numbered(err)); code <= 0 {
			t.Fatalf("error without a number: %v", err)
		}
		return
	}
	s := newStore(found)
	for _, search := range []string{"*", "a", thumbprintPrefix + "00112233445566778899aabbccddeeff"} {
		match, err := newMatcher(search)
		if err != nil {
			t.Fatal(err)
		}
		c := New()
		if err := c.choose(s, match, search); err != nil {
			if c.X509() != nil || c.Subject() != "" {
				t.Fatalf("%v, and something is selected", err)
			}
			continue
		}
		if c.X509() == nil && c.found.key == nil && c.found.public == nil {
			t.Fatal("success, and nothing is selected")
		}
		if c.X509() != nil && c.Subject() != subjectName(c.X509()) {
			t.Fatalf("Subject is %q", c.Subject())
		}
		for _, text := range []string{c.PublicKey(), c.PrivateKey(), c.Encoded()} {
			if block, rest := pem.Decode([]byte(text)); text != "" && (block == nil || len(rest) > 0) {
				t.Fatalf("no PEM: %q", text)
			}
		}
		_, _, _, _ = c.Fingerprint(), c.PublicKeyLength(), c.PublicKeyAlgorithm(), c.SignatureAlgorithm()
		_, _, _ = c.ExtendedKeyUsage(), c.SubjectAltNames(), c.SerialNumber()
		pair, err := c.TLS()
		if err != nil {
			if ioterrors.Code(err) != ioterrors.ErrCredentials {
				t.Fatal(err)
			}
			continue
		}
		if !samePublic(publicOf(pair.PrivateKey), publicOfCert(pair.Leaf)) {
			t.Fatal("the key does not belong to the certificate")
		}
	}
}

func FuzzAuto(f *testing.F) {
	seed(f, "*.pem", "*.der", "*.p7b", "*.pub", "*.jwk", "*.ppk", "*.xml", "*.jks", "modern.pfx", "ssh-*")
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, ok := existingFile(data); ok {
			return
		}
		found, err := loadAuto(data, little(20_000))
		check(t, found, err)
	})
}

func FuzzPEM(f *testing.F) {
	seed(f, "*.pem", "*.der", "ssh-ed25519", "ssh-ecdsa")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadPEM(data, little(20_000))
		check(t, found, err)
	})
}

func FuzzSSHPublic(f *testing.F) {
	seed(f, "*.pub", "*.rfc4716")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadSSHPublic(data, little(0))
		check(t, found, err)
	})
}

func FuzzPPK(f *testing.F) {
	seed(f, "*.ppk")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadPPK(data, little(100_000))
		check(t, found, err)
	})
}

func FuzzJWK(f *testing.F) {
	seed(f, "*.jwk")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadJWK(data, little(200_000))
		check(t, found, err)
	})
}

func FuzzXML(f *testing.F) {
	seed(f, "*.xml")
	f.Add([]byte("<DSAKeyValue><P>Cw==</P><Q>BQ==</Q><G>Aw==</G><Y>CQ==</Y><X>Ag==</X></DSAKeyValue>"))
	f.Add([]byte("<RSAKeyValue><Modulus>Iw==</Modulus><Exponent>BQ==</Exponent><D>BQ==</D></RSAKeyValue>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadXML(data, little(200_000))
		check(t, found, err)
	})
}

func FuzzP7B(f *testing.F) {
	seed(f, "*.p7b", "*.p7b.pem")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadP7B(data, little(0))
		check(t, found, err)
	})
}

// FuzzBER: what becomes DER stays as it is when it is turned into DER again.
func FuzzBER(f *testing.F) {
	seed(f, "stream.p7b")
	f.Add([]byte{0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		der, err := derOf(data)
		if err != nil {
			return
		}
		again, err := derOf(der)
		if err != nil || string(again) != string(der) {
			t.Fatalf("%x becomes %x, then %x (%v)", data, der, again, err)
		}
	})
}

func FuzzPFX(f *testing.F) {
	seed(f, "*.pfx")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadPFX(data, little(50_000))
		check(t, found, err)
	})
}

// FuzzPFXContents gets behind the MAC.
func FuzzPFXContents(f *testing.F) {
	for _, name := range []string{"plain.pfx", "modern.pfx", "nokeys.pfx", "legacy.pfx"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		var file pfxFile
		var safe []byte
		if unmarshal(data, &file) != nil || unmarshal(file.Safe.Content.Bytes, &safe) != nil {
			f.Fatal(name)
		}
		f.Add(safe)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		pw := little(20_000)
		r := pfxReader{pw: pw, secret: newPBEPassword(pw.store)}
		err := r.contents(data)
		check(t, r.found, err)
	})
}

// FuzzJKS gets behind the digest by writing it.
func FuzzJKS(f *testing.F) {
	seed(f, "java.jks")
	f.Fuzz(func(t *testing.T, data []byte) {
		pw := little(20_000)
		if len(data) > sha1.Size {
			h := sha1.New()
			h.Write(utf16BE(pw.store))
			h.Write([]byte("Mighty Aphrodite"))
			h.Write(data[:len(data)-sha1.Size])
			data = h.Sum(data[: len(data)-sha1.Size : len(data)-sha1.Size])
		}
		found, err := loadJKS(data, pw)
		check(t, found, err)
	})
}

func FuzzBCFKS(f *testing.F) {
	seed(f, "store.bcfks")
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := loadBCFKS(data, little(20_000))
		check(t, found, err)
	})
}

// FuzzBCFKSList gets behind the encryption.
func FuzzBCFKSList(f *testing.F) {
	data, err := os.ReadFile("testdata/dsa.pem")
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		f.Fatal(err)
	}
	null := asn1.RawValue{FullBytes: []byte{5, 0}}
	key, err := asn1.Marshal(bcfksKey{
		Key:   encryptedPrivateKeyInfo{algorithmIdentifier{Algorithm: oidPBES2}, []byte{1}},
		Chain: []asn1.RawValue{{FullBytes: block.Bytes}},
	})
	if err != nil {
		f.Fatal(err)
	}
	list, err := asn1.Marshal(bcfksList{
		Version: 1, MAC: algorithmIdentifier{Algorithm: oidDSA}, Created: null, Modified: null,
		Entries: []bcfksEntry{
			{Type: bcfksCertificate, Alias: "a", Created: null, Modified: null, Data: block.Bytes},
			{Type: bcfksPrivateKey, Alias: "b", Created: null, Modified: null, Data: key},
			{Type: 2, Alias: "c", Created: null, Modified: null, Data: []byte{1}},
		},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list)
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := listBCFKS(data, little(20_000))
		check(t, found, err)
	})
}

// FuzzSubject: a search never fails with anything but 272 and 10022, and finds what it asks for.
func FuzzSubject(f *testing.F) {
	data, err := os.ReadFile("testdata/client.pem")
	if err != nil {
		f.Fatal(err)
	}
	for _, subject := range []string{"*", "CN=Root", "thumbprint=00", "Thumbprint=" + "D3:3E", "", "\xff"} {
		f.Add(subject)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		c, err := FromStoreB(CstPEMKeyBlob, data, "", subject)
		switch ioterrors.Code(err) {
		case 0:
			if subject != "" && c.X509() == nil {
				t.Fatalf("%q finds nothing and reports success", subject)
			}
		case ioterrors.ErrCertificateNotFound, ioterrors.ErrInvalidArgument:
		default:
			t.Fatal(err)
		}
	})
}
