package certificate

import (
	"crypto/x509"
	stderrors "errors"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/iotcomponents/iot/errors"
)

// loadSystem reads a certificate store of Windows, for example MY. Its private keys stay in the system.
func loadSystem(name string, machine bool) ([]entry, error) {
	failed := func(cause error) error {
		return errors.Wrap(errors.ErrCertificateStore, "The certificate store "+shownStore(name)+
			" of Windows cannot be opened", cause)
	}
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, failed(err)
	}
	flags := uint32(windows.CERT_SYSTEM_STORE_CURRENT_USER)
	if machine {
		flags = windows.CERT_SYSTEM_STORE_LOCAL_MACHINE
	}
	flags |= windows.CERT_STORE_OPEN_EXISTING_FLAG | windows.CERT_STORE_READONLY_FLAG
	handle, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM, 0, 0, flags, uintptr(unsafe.Pointer(wide)))
	if err != nil {
		return nil, failed(err)
	}
	defer windows.CertCloseStore(handle, 0)
	found, err := readSystem(handle)
	if err != nil {
		return nil, failed(err)
	}
	return found, nil
}

// readSystem reads an open store. A certificate that Go cannot parse is passed over: the program cannot do anything
// about the other contents of the user's store.
func readSystem(handle windows.Handle) ([]entry, error) {
	var found []entry
	var context *windows.CertContext
	for {
		next, err := windows.CertEnumCertificatesInStore(handle, context) // frees the one before it
		if stderrors.Is(err, windows.Errno(windows.CRYPT_E_NOT_FOUND)) || err == nil && next == nil {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		context = next
		der := unsafe.Slice(context.EncodedCert, context.Length)
		cert, err := x509.ParseCertificate(append([]byte(nil), der...))
		if err != nil {
			continue
		}
		e := entry{cert: cert}
		if key := acquireKey(context, cert.PublicKey); key != nil {
			e.key, e.container = key, key.container()
		}
		found = append(found, e)
	}
}
