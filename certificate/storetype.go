package certificate

import (
	"strconv"

	"github.com/iotcomponents/iot/errors"
)

// CertStoreTypes says what Store of a [Certificate] is: the name of a system store, the name of a file (the types
// ending in File), or the contents of such a file (the types ending in Blob). Where the contents are binary, their
// Base64 form is accepted too.
type CertStoreTypes int

// The types of stores. Number 20 does not exist.
const (
	CstUser             CertStoreTypes = 0  // Windows: the user's store named by Store, such as MY, CA or ROOT
	CstMachine          CertStoreTypes = 1  // Windows: the machine's store named by Store
	CstPFXFile          CertStoreTypes = 2  // PFX (PKCS#12), opened with StorePassword
	CstPFXBlob          CertStoreTypes = 3  // the contents of a PFX file
	CstJKSFile          CertStoreTypes = 4  // Java key store (JKS, JCEKS): StorePassword, for its keys KeyPassword
	CstJKSBlob          CertStoreTypes = 5  // the contents of a Java key store
	CstPEMKeyFile       CertStoreTypes = 6  // private key and certificates in PEM, the key opened with KeyPassword
	CstPEMKeyBlob       CertStoreTypes = 7  // the contents of such a PEM file
	CstPublicKeyFile    CertStoreTypes = 8  // certificates or public keys, PEM or DER; private keys are passed over
	CstPublicKeyBlob    CertStoreTypes = 9  // the contents of such a file
	CstSSHPublicKeyBlob CertStoreTypes = 10 // SSH public keys: lines as in authorized_keys, or RFC 4716 blocks
	CstP7BFile          CertStoreTypes = 11 // certificates in PKCS#7
	CstP7BBlob          CertStoreTypes = 12 // the contents of a PKCS#7 file
	CstSSHPublicKeyFile CertStoreTypes = 13 // a file with what CstSSHPublicKeyBlob describes
	CstPPKFile          CertStoreTypes = 14 // PuTTY private key, version 2 or 3, opened with KeyPassword
	CstPPKBlob          CertStoreTypes = 15 // the contents of a PuTTY private key file
	CstXMLFile          CertStoreTypes = 16 // XML: KeyValue and X509Data of XML Signature, RSAKeyValue of .NET
	CstXMLBlob          CertStoreTypes = 17 // the contents of such an XML file
	CstJWKFile          CertStoreTypes = 18 // JSON Web Key or key set; x5c gives the certificates
	CstJWKBlob          CertStoreTypes = 19 // the contents of a JSON Web Key file
	CstBCFKSFile        CertStoreTypes = 21 // Bouncy Castle FIPS key store: StorePassword, for its keys KeyPassword
	CstBCFKSBlob        CertStoreTypes = 22 // the contents of a Bouncy Castle FIPS key store
	// PKCS#11 token: its URI, opened with the PIN; error 270 without RegisterPKCS11
	CstPKCS11 CertStoreTypes = 23
	CstAuto   CertStoreTypes = 99 // any of the above but 0, 1 and 23: contents, or the name of a file
)

// check refuses a number that stands for no type.
func (t CertStoreTypes) check() error {
	if _, known := loaders[t]; known || t.system() || t == CstPKCS11 || t == CstAuto {
		return nil
	}
	return errors.New(errors.ErrInvalidArgument, "StoreType cannot be "+strconv.Itoa(int(t))+
		"; allowed: 0 to 19, 21 to 23, and 99 to find out by the contents.")
}

// system reports whether the store belongs to the operating system.
func (t CertStoreTypes) system() bool { return t == CstUser || t == CstMachine }
