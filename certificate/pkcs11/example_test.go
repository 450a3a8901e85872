package pkcs11_test

import (
	"fmt"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/certificate/pkcs11"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// A connection with a key on a token, and what can be wrong with the token.
func Example() {
	cert, err := certificate.FromStore(certificate.CstPKCS11,
		"pkcs11:token=rig;object=client?module-path=/nowhere/libpkcs11.so", "the PIN", "*")
	switch errors.Code(err) {
	case 0:
	case errors.ErrSSLLibrary:
		fmt.Println("the module is missing")
		return
	case errors.ErrCertificateStore:
		fmt.Println("no such token, or the PIN is wrong")
		return
	case errors.ErrCertificateNotFound:
		fmt.Println("neither certificate nor key with this name")
		return
	default:
		fmt.Println(err)
		return
	}
	m := mqtt.New()
	_ = m.SetSSLCert(cert)
	fmt.Println(m.ConnectTo("ssl://broker.example", 8883))
	// Output: the module is missing
}

// Logging out of the token before the program goes on without it.
func ExampleClose() {
	defer pkcs11.Close()
	_, err := certificate.FromStore(certificate.CstPKCS11, "pkcs11:token=rig", "the PIN", "*")
	fmt.Println(errors.Code(err) == errors.ErrSSLLibrary)
	// Output: true
}
