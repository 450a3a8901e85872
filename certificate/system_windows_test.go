package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	ioterrors "github.com/iotcomponents/iot/errors"
)

// TestSystemStore signs with keys that Windows holds, in a store that exists in memory only.
func TestSystemStore(t *testing.T) {
	for _, name := range []string{"legacy.pfx", "legacy3des.pfx"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			password, _ := windows.UTF16PtrFromString("storepass")
			blob := windows.CryptDataBlob{Size: uint32(len(data)), Data: &data[0]}
			const alwaysCNG = 0x200 // PKCS12_ALWAYS_CNG_KSP
			handle, err := windows.PFXImportCertStore(&blob, password, windows.PKCS12_NO_PERSIST_KEY|alwaysCNG)
			if err != nil {
				t.Fatal(err)
			}
			defer windows.CertCloseStore(handle, 0)
			found, err := readSystem(handle)
			if err != nil {
				t.Fatal(err)
			}
			e := anyEntry(newStore(found).certs)
			if e == nil || e.key == nil {
				t.Fatalf("no key in %+v", found)
			}
			signer := e.key.(crypto.Signer)
			digest := sha256.Sum256([]byte("to be signed"))
			switch public := signer.Public().(type) {
			case *rsa.PublicKey:
				signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
				if err != nil {
					t.Fatal(err)
				}
				if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
					t.Error(err)
				}
				for _, salt := range []int{rsa.PSSSaltLengthEqualsHash, rsa.PSSSaltLengthAuto, 20} {
					options := &rsa.PSSOptions{SaltLength: salt, Hash: crypto.SHA256}
					if signature, err = signer.Sign(rand.Reader, digest[:], options); err != nil {
						t.Fatal(err)
					}
					if err := rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, options); err != nil {
						t.Error(salt, err)
					}
				}
			case *ecdsa.PublicKey:
				signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
				if err != nil {
					t.Fatal(err)
				}
				if !ecdsa.VerifyASN1(public, digest[:], signature) {
					t.Error("the signature does not verify")
				}
			}
			if _, err := signer.Sign(rand.Reader, digest[:4], crypto.SHA256); err == nil {
				t.Error("a digest of a wrong length was signed")
			}
		})
	}
}

// TestSystemStoreNames opens stores by name. Only their existence is certain.
func TestSystemStoreNames(t *testing.T) {
	for _, test := range []struct {
		storeType CertStoreTypes
		store     string
		code      int
	}{
		{CstUser, "MY", ioterrors.ErrCertificateNotFound},
		{CstMachine, "ROOT", ioterrors.ErrCertificateNotFound},
		{CstUser, "no such store", ioterrors.ErrCertificateStore},
		{CstUser, "a\x00b", ioterrors.ErrCertificateStore},
	} {
		_, err := FromStore(test.storeType, test.store, "", "CN=certainly nobody")
		if ioterrors.Code(err) != test.code {
			t.Errorf("%d %q: %v, want %d", test.storeType, test.store, err, test.code)
		}
	}
}

// TestSystemStoreOnWindowsIsARealStore keeps a nil pointer from reaching the system.
func TestSystemEmptyMemoryStore(t *testing.T) {
	handle, err := windows.CertOpenStore(windows.CERT_STORE_PROV_MEMORY, 0, 0, 0, uintptr(unsafe.Pointer(nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CertCloseStore(handle, 0)
	if found, err := readSystem(handle); err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
}
