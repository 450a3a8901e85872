package certificate_test

import (
	"fmt"
	"os"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// A client certificate for TLS, from a PFX file that holds just one.
func Example() {
	cert, err := certificate.FromStore(certificate.CstPFXFile, "testdata/legacy3des.pfx", "storepass", "*")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.Subject())
	fmt.Println(cert.Issuer())
	fmt.Println(cert.PublicKeyAlgorithm(), cert.PublicKeyLength(), cert.PrivateKeyAvailable())
	// Output:
	// CN=device-2, O=Fixtures
	// CN=Intermediate, O=Fixtures
	// ECDSA 256 true
}

// Every outcome of opening a store, told apart by number.
func ExampleFromStore() {
	for _, try := range []struct{ store, password, subject string }{
		{"testdata/java.pfx", "storepass", "CN=device-2"},
		{"testdata/java.pfx", "storepass", "CN=device-9"},
		{"testdata/java.pfx", "guessed", "CN=device-2"},
		{"testdata/moved.pfx", "storepass", "CN=device-2"},
		{"testdata/ec.pbes2.pem", "guessed", "*"},
	} {
		cert, err := certificate.FromStore(certificate.CstAuto, try.store, try.password, try.subject)
		switch errors.Code(err) {
		case 0:
			fmt.Println("found", cert.Subject())
		case errors.ErrCertificateNotFound:
			fmt.Println("not in the store")
		case errors.ErrCertificateStore, errors.ErrFileNotOpened:
			fmt.Println("wrong password, damaged, or no such file")
		case errors.ErrCredentials:
			fmt.Println("the private key has another password")
		default:
			fmt.Println(err)
		}
	}
	// Output:
	// found CN=device-2, O=Fixtures
	// not in the store
	// wrong password, damaged, or no such file
	// wrong password, damaged, or no such file
	// the private key has another password
}

// The certificate of a server, to compare with what it presents.
func ExampleFromFile() {
	cert, err := certificate.FromFile("testdata/usage.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.Version(), cert.Subject())
	fmt.Printf("%#x %s\n", cert.UsageFlags(), cert.Usage()[:17])
	// Output:
	// V3 CN=usage
	// 0xff Digital Signature
}

// Contents instead of a file, and a selection by hash.
func ExampleFromStoreConfig() {
	contents, err := os.ReadFile("testdata/bundle.p7b")
	if err != nil {
		fmt.Println(err)
		return
	}
	root, err := certificate.FromStoreB(certificate.CstP7BBlob, contents, "", "CN=Root")
	if err != nil {
		fmt.Println(err)
		return
	}
	setting := "Thumbprint=" + root.ThumbprintSHA256()
	same, err := certificate.FromStoreConfig(certificate.CstP7BBlob, contents, "", "", setting)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(same.Subject())
	// Output: CN=Root, O=Fixtures
}

// A Java key store whose key has a password of its own.
func ExampleCertificate_SetKeyPassword() {
	cert, err := certificate.FromStore(certificate.CstJKSFile, "testdata/java.jks", "storepass", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(errors.Code(cert.SetSubject("CN=device-2")))
	_ = cert.SetKeyPassword("keypass1") // never fails
	if err := cert.SetSubject("CN=device-2"); err != nil {
		fmt.Println(err)
		return
	}
	pair, err := cert.TLS()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.Subject(), "with", len(pair.Certificate), "certificates")
	// Output:
	// 273
	// CN=device-2, O=Fixtures with 3 certificates
}

// A certificate and its key in two places.
func ExampleCertificate_SetEncoded() {
	encoded, err := os.ReadFile("testdata/ec.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	cert, err := certificate.FromStore(certificate.CstPEMKeyFile, "testdata/ec.key.pem", "", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := cert.SetEncoded(string(encoded)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cert.Subject(), cert.PrivateKeyAvailable())
	// Output: CN=device-2, O=Fixtures true
}

// TLS explains what is wrong with credentials that it cannot use.
func ExampleCertificate_TLS() {
	cert, err := certificate.FromStore(certificate.CstPFXFile, "testdata/dsa.pfx", "storepass", "*")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = cert.TLS()
	fmt.Println(err)
	// Output: [273] The certificate and its private key cannot be used. TLS cannot use a key of the algorithm DSA; it needs RSA, ECDSA or Ed25519.
}

// A certificate and its key are in two files, as servers and cert-manager have them.
func ExampleFromPEMFiles() {
	cert, err := certificate.FromPEMFiles("testdata/ec.pem", "testdata/ec.pbes2.pem", "keypass1")
	if err != nil {
		fmt.Println(err) // 302 no such file, 271 no certificate or no key, 273 the password, or the key of another certificate
		return
	}
	fmt.Println(cert.Subject(), cert.PrivateKeyAvailable())
	// Output: CN=device-2, O=Fixtures true
}
