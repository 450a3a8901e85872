package certificate

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"

	"github.com/iotcomponents/iot/errors"
)

// FromFile reads the first certificate of a file, PEM or DER, without a private key. The Certificate has StoreType
// CstPublicKeyFile. A file without certificates may hold a bare public key instead.
//
// Errors:
//   - [errors.ErrFileNotOpened] (302): the file cannot be opened
//   - [errors.ErrCertificateStore] (271): it holds neither
func FromFile(certificateFile string) (*Certificate, error) {
	return FromStore(CstPublicKeyFile, certificateFile, "", "*")
}

// FromEncoded reads the first certificate of encoded, PEM, DER or the Base64 of DER, without a private key. The
// Certificate has StoreType CstPublicKeyBlob. A bare public key will do as well.
//
// Errors:
//   - [errors.ErrCertificateStore] (271): it is neither
func FromEncoded(encoded []byte) (*Certificate, error) {
	return FromStoreB(CstPublicKeyBlob, encoded, "", "*")
}

// FromStore selects a certificate of a store, see [Certificate.SetSubject] for the subject. With the subject "" it
// selects nothing and only prepares the properties, so that KeyPassword can be assigned before Subject.
//
// Errors: as SetSubject, and
//   - [errors.ErrInvalidArgument] (10022): the type is unknown
func FromStore(storeType CertStoreTypes, store, storePassword, subject string) (*Certificate, error) {
	return FromStoreB(storeType, []byte(store), storePassword, subject)
}

// FromStoreB is FromStore with the store as bytes.
func FromStoreB(storeType CertStoreTypes, store []byte, storePassword, subject string) (*Certificate, error) {
	c, err := prepare(storeType, store, storePassword)
	if err != nil {
		return nil, err
	}
	if err := c.SetSubject(subject); err != nil {
		return nil, err
	}
	return c, nil
}

// FromPEMFiles selects the certificate of one file that belongs to the private key in another, with the issuers that
// the first file has besides. Both files may be PEM or DER. keyPassword opens an encrypted key, "" if it is not. The
// Certificate has StoreType CstPEMKeyBlob and the contents of both files as its store.
//
// Errors:
//   - [errors.ErrFileNotOpened] (302): a file cannot be opened
//   - [errors.ErrCertificateStore] (271): there is no certificate in the first file, or no private key in the second,
//     that can be used
//   - [errors.ErrCredentials] (273): the key cannot be decrypted, or belongs to none of the certificates
func FromPEMFiles(certificateFile, keyFile, keyPassword string) (*Certificate, error) {
	certs, err := readFile(certificateFile)
	if err != nil {
		return nil, err
	}
	key, err := readFile(keyFile)
	if err != nil {
		return nil, err
	}
	pw := passwords{store: keyPassword, key: keyPassword, work: new(work)}
	certs, key = trimmed(certs), trimmed(key)
	if err := holds(certificateFile, "certificate", loadPublic, certs, pw,
		func(e entry) bool { return e.cert != nil }); err != nil {
		return nil, err
	}
	if err := holds(keyFile, "private key", loadPEM, key, pw, func(e entry) bool { return e.hasKey() }); err != nil {
		return nil, err
	}
	c, err := prepare(CstPEMKeyBlob, append(inPEM(certs), inPEM(key)...), keyPassword)
	if err != nil {
		return nil, err
	}
	if err := c.SetSubject("*"); err != nil {
		return nil, err
	}
	if c.found.key == nil || c.found.cert == nil {
		return nil, unusable("The private key in " + strconv.Quote(keyFile) +
			" belongs to none of the certificates in " +
			strconv.Quote(certificateFile) + ".")
	}
	return c, nil
}

// trimmed takes away what editors put in front of a text, and Base64.
func trimmed(data []byte) []byte { return unBase64(bytes.TrimPrefix(data, byteOrderMark)) }

// holds checks that a file has what it is for, so that the error says which of two files is at fault.
func holds(
	name, what string, load func([]byte, passwords) ([]entry, error), data []byte, pw passwords, is func(entry) bool,
) error {
	found, err := loader{load: load, what: "file"}.run(data, pw)
	if err == nil && !slices.ContainsFunc(found, is) {
		err = fmt.Errorf("there is no %s in it", what)
	}
	if err != nil {
		return errors.Wrap(errors.ErrCertificateStore, strconv.Quote(name)+" has no usable "+what, err)
	}
	return nil
}

// inPEM returns a file in PEM, whatever it was, with a line end behind it.
func inPEM(data []byte) []byte {
	if bytes.Contains(data, pemMark) {
		return append(bytes.Clone(data), '\n')
	}
	if !isCertificate(data) {
		kind := "PRIVATE KEY"
		if isEncryptedPKCS8(data) {
			kind = "ENCRYPTED PRIVATE KEY"
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
	}
	var text []byte
	for rest := data; len(rest) > 0; {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			return text
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.FullBytes})...)
	}
	return text
}

// FromStoreConfig is FromStoreB with further settings: lines of the form Name=Value, names in any case.
//
//	Thumbprint              selects by this hash, as the subject "Thumbprint=..." does; subject may then be ""
//	PersistPFXKey           True or False; accepted, has no effect here
//	UseInternalSecurityAPI  True or False; accepted, has no effect here
//
// Errors: as FromStore, and
//   - [errors.ErrInvalidArgument] (10022): a setting is unknown or has a bad value
func FromStoreConfig(
	storeType CertStoreTypes, store []byte, storePassword, subject, configurationString string,
) (*Certificate, error) {
	thumbprint, err := parseConfiguration(configurationString)
	if err != nil {
		return nil, err
	}
	if thumbprint != "" {
		subject = thumbprintPrefix + thumbprint
	}
	return FromStoreB(storeType, store, storePassword, subject)
}

// FromStoreEncoded takes a certificate as PEM, DER or Base64 and looks for its private key in a store, see
// [Certificate.SetEncoded].
//
// Errors: as [Certificate.SetEncoded], and
//   - [errors.ErrInvalidArgument] (10022): the type is unknown
func FromStoreEncoded(
	storeType CertStoreTypes, store []byte, storePassword string, encoded []byte,
) (*Certificate, error) {
	c, err := prepare(storeType, store, storePassword)
	if err != nil {
		return nil, err
	}
	if err := c.SetEncodedB(encoded); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare returns a Certificate with a store and nothing selected.
func prepare(storeType CertStoreTypes, store []byte, storePassword string) (*Certificate, error) {
	c := New()
	if err := c.SetStoreType(storeType); err != nil {
		return nil, err
	}
	c.store, c.storePassword = append([]byte{}, store...), storePassword
	return c, nil
}
