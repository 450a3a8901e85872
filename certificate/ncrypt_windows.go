package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	stderrors "errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	ncrypt            = windows.NewLazySystemDLL("ncrypt.dll")
	ncryptSignHash    = ncrypt.NewProc("NCryptSignHash")
	ncryptFreeObject  = ncrypt.NewProc("NCryptFreeObject")
	ncryptGetProperty = ncrypt.NewProc("NCryptGetProperty")
)

const (
	padPKCS1 = 0x2 // BCRYPT_PAD_PKCS1
	padPSS   = 0x8 // BCRYPT_PAD_PSS
)

// ncryptKey is a private key in the keeping of Windows. It is freed when the program has no more use for it.
type ncryptKey struct {
	handle windows.Handle
	public crypto.PublicKey
}

// acquireKey returns the private key of a certificate, nil if there is none that can be used without asking the user.
func acquireKey(context *windows.CertContext, public crypto.PublicKey) *ncryptKey {
	switch public.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	default:
		return nil
	}
	key := &ncryptKey{public: public}
	var spec uint32
	var owned bool
	const flags = windows.CRYPT_ACQUIRE_ONLY_NCRYPT_KEY_FLAG | windows.CRYPT_ACQUIRE_SILENT_FLAG
	err := windows.CryptAcquireCertificatePrivateKey(context, flags, nil, &key.handle, &spec, &owned)
	if err != nil {
		return nil
	}
	if owned {
		runtime.AddCleanup(key, func(h windows.Handle) { ncryptFreeObject.Call(uintptr(h)) }, key.handle)
	} else { // the handle lives as long as the certificate
		runtime.AddCleanup(key, func(c *windows.CertContext) { _ = windows.CertFreeCertificateContext(c) },
			windows.CertDuplicateCertificateContext(context))
	}
	return key
}

// Public returns the public key of the certificate.
func (k *ncryptKey) Public() crypto.PublicKey { return k.public }

// container returns the name under which Windows keeps the key, "" for a key that is not kept.
func (k *ncryptKey) container() string {
	property, _ := windows.UTF16PtrFromString("Name")
	var name [512]uint16
	var size uint32
	status, _, _ := ncryptGetProperty.Call(uintptr(k.handle), uintptr(unsafe.Pointer(property)),
		uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name), uintptr(unsafe.Pointer(&size)), 0)
	runtime.KeepAlive(k)
	if status != 0 {
		return ""
	}
	return windows.UTF16ToString(name[:])
}

// Sign implements crypto.Signer; Windows uses its own source of random numbers.
func (k *ncryptKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	if hash != 0 && len(digest) != hash.Size() {
		return nil, stderrors.New("certificate: the digest has a wrong length")
	}
	if _, ok := k.public.(*ecdsa.PublicKey); ok {
		raw, err := k.sign(nil, digest, 0)
		if err != nil {
			return nil, err
		}
		// Windows returns two numbers of equal length, everybody else wants them in ASN.1.
		half := len(raw) / 2
		return asn1.Marshal(struct{ R, S *big.Int }{
			new(big.Int).SetBytes(raw[:half]),
			new(big.Int).SetBytes(raw[half:]),
		})
	}
	name, err := hashName(hash)
	if err != nil {
		return nil, err
	}
	if pss, ok := opts.(*rsa.PSSOptions); ok {
		salt := pss.SaltLength
		switch salt {
		case rsa.PSSSaltLengthEqualsHash:
			salt = hash.Size()
		case rsa.PSSSaltLengthAuto:
			salt = (k.public.(*rsa.PublicKey).N.BitLen()-1+7)/8 - 2 - hash.Size()
		}
		padding := struct {
			hash *uint16
			salt uint32
		}{name, uint32(salt)}
		return k.sign(unsafe.Pointer(&padding), digest, padPSS)
	}
	padding := struct{ hash *uint16 }{name}
	return k.sign(unsafe.Pointer(&padding), digest, padPKCS1)
}

// hashName returns the name by which Windows knows a hash, nil for none.
func hashName(hash crypto.Hash) (*uint16, error) {
	switch hash {
	case 0, crypto.MD5SHA1:
		return nil, nil
	case crypto.SHA1:
		return windows.UTF16PtrFromString("SHA1")
	case crypto.SHA256:
		return windows.UTF16PtrFromString("SHA256")
	case crypto.SHA384:
		return windows.UTF16PtrFromString("SHA384")
	case crypto.SHA512:
		return windows.UTF16PtrFromString("SHA512")
	}
	return nil, fmt.Errorf("certificate: the hash %v is not supported by Windows", hash)
}

// sign calls NCryptSignHash, first for the length of the signature.
func (k *ncryptKey) sign(padding unsafe.Pointer, digest []byte, flags uintptr) ([]byte, error) {
	defer runtime.KeepAlive(k)
	var size uint32
	call := func(signature *byte, room int) error {
		status, _, _ := ncryptSignHash.Call(uintptr(k.handle), uintptr(padding),
			uintptr(unsafe.Pointer(unsafe.SliceData(digest))), uintptr(len(digest)),
			uintptr(unsafe.Pointer(signature)), uintptr(room), uintptr(unsafe.Pointer(&size)), flags)
		if status != 0 {
			return fmt.Errorf("certificate: Windows does not sign: %w", windows.Errno(status))
		}
		return nil
	}
	if err := call(nil, 0); err != nil {
		return nil, err
	}
	signature := make([]byte, size)
	if err := call(unsafe.SliceData(signature), len(signature)); err != nil {
		return nil, err
	}
	return signature[:size], nil
}
