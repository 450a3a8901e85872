package certificate

import (
	"bytes"
	"crypto/x509"
)

// defaultStore is the name of a new Certificate's store: the personal certificates on Windows.
const defaultStore = "MY"

// Certificate is a certificate, with or without its private key, and the store it comes from. [New] returns an empty
// one that stands for "none"; the From functions return one that is selected already.
//
// The getters may be called from several goroutines; a setter must not run together with any other method.
type Certificate struct {
	storeType     CertStoreTypes
	store         []byte // nil stands for defaultStore
	assigned      bool   // Store or StoreType was assigned; a default store need not exist
	storePassword string
	keyPassword   string // "" stands for storePassword

	subject string // of the last successful search, "" if there was none
	found   entry  // what is selected; the zero entry if nothing is
	// passedOver are the certificates of the store that crypto/x509 does not take, of the last search.
	passedOver []error
}

// New returns an empty Certificate: StoreType CstUser, Store "MY", nothing selected. Used as a property of a
// component it means that there is no certificate; it can be told by X509 being nil and PrivateKeyAvailable false.
func New() *Certificate { return &Certificate{} }

// X509 returns the selected certificate, nil if there is none or if only a key is selected. It is shared: do not
// change it.
func (c *Certificate) X509() *x509.Certificate { return c.found.cert }

// Store returns the name of the store or of its file, or its contents, whichever StoreType asks for. The default is
// "MY".
func (c *Certificate) Store() string {
	if c.store == nil {
		return defaultStore
	}
	return string(c.store)
}

// StoreB returns a copy of Store as bytes.
func (c *Certificate) StoreB() []byte { return []byte(c.Store()) }

// StoreType returns the type of the store. The default is CstUser.
func (c *Certificate) StoreType() CertStoreTypes { return c.storeType }

// StorePassword returns the password of the store. The default is "".
func (c *Certificate) StorePassword() string { return c.storePassword }

// KeyPassword returns the password of the private key: the one assigned by SetKeyPassword, otherwise the password of
// the store.
func (c *Certificate) KeyPassword() string {
	if c.keyPassword == "" {
		return c.storePassword
	}
	return c.keyPassword
}

// Subject returns the distinguished name of the selected certificate, such as "CN=www.server.com, OU=test, C=US": the
// most specific part first, values with a comma in double quotes. For a key without a certificate it is the comment
// or key id that is stored with the key. It is "" while nothing is selected, and for a certificate that was assigned
// by SetEncoded and whose key is not in the store.
func (c *Certificate) Subject() string { return c.subject }

// SetStore assigns Store: the name of the store or of its file, or its contents. It starts no search; what was
// selected stays selected. The error is always nil.
func (c *Certificate) SetStore(store string) error { return c.SetStoreB([]byte(store)) }

// SetStoreB is SetStore for bytes, of which it keeps a copy. The error is always nil.
func (c *Certificate) SetStoreB(store []byte) error {
	c.store, c.assigned = append([]byte{}, store...), true
	return nil
}

// SetStoreType assigns the type of the store. It starts no search.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): there is no such type
func (c *Certificate) SetStoreType(storeType CertStoreTypes) error {
	if err := storeType.check(); err != nil {
		return err
	}
	c.storeType, c.assigned = storeType, true
	return nil
}

// SetStorePassword assigns the password of the store. It starts no search. The error is always nil.
func (c *Certificate) SetStorePassword(password string) error {
	c.storePassword = password
	return nil
}

// SetKeyPassword assigns the password of the private key alone, for stores whose keys are encrypted with another
// password than the store. It must be assigned before Subject; "" clears it, so that StorePassword holds for the keys
// too. The error is always nil.
func (c *Certificate) SetKeyPassword(password string) error {
	c.keyPassword = password
	return nil
}

// SetSubject searches the store and selects a certificate. It must be assigned after the other properties. The value
// is one of
//
//	the whole subject, as Subject returns it
//	a part of the subject: the first certificate whose subject contains it
//	*                      any certificate: the first that has a private key, else the first
//	Thumbprint=value       the MD5, SHA-1 or SHA-256 hash of the certificate in hexadecimal digits
//	Alias=value            the name of the entry: the alias in a Java key store, the friendly name in a PFX
//	FriendlyName=value     the same
//	""                     nothing: what was selected is given up, without a look into the store
//
// in any mixture of upper and lower case. A subject that equals the value is preferred to an alias or a friendly name
// that does, and this to a subject that contains it; so a name tells certificates apart whose subjects are equal.
// Spaces and colons in a thumbprint do not matter. Keys without a certificate are looked at last; they are found by
// their name. On success Subject becomes the full name and all fields are filled.
//
// Errors:
//   - [errors.ErrSSLLibrary] (270), [errors.ErrCertificateStore] (271), [errors.ErrFileNotOpened] (302): the store
//     cannot be opened
//   - [errors.ErrCertificateNotFound] (272): there is no such certificate; then nothing is selected any more
//   - [errors.ErrCredentials] (273): the private key cannot be decrypted, which is mostly a wrong KeyPassword
//   - [errors.ErrInvalidArgument] (10022): a thumbprint that is none, or a Store that is no PKCS#11 URI where one is
//     needed
func (c *Certificate) SetSubject(subject string) error {
	if subject == "" {
		c.subject, c.found = "", entry{}
		return nil
	}
	match, err := newMatcher(subject)
	if err != nil {
		return err
	}
	s, err := c.open()
	if err != nil {
		return err
	}
	return c.choose(s, match, subject)
}

// SetEncoded assigns a certificate as PEM or as the Base64 of its DER, and searches the store for the private key
// that belongs to it. If the key is found, all fields are filled. If not, the certificate has no private key and
// Subject is "", which is no error; neither is a default store that this system does not have. "" gives up what was
// selected.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): the value is no certificate
//   - [errors.ErrSSLLibrary] (270), [errors.ErrCertificateStore] (271), [errors.ErrFileNotOpened] (302): the store
//     cannot be opened
//   - [errors.ErrCredentials] (273): the private key cannot be decrypted
func (c *Certificate) SetEncoded(encoded string) error { return c.SetEncodedB([]byte(encoded)) }

// SetEncodedB is SetEncoded for bytes; it accepts DER as well.
func (c *Certificate) SetEncodedB(encoded []byte) error {
	if len(bytes.TrimSpace(encoded)) == 0 {
		c.subject, c.found = "", entry{}
		return nil
	}
	cert, err := parseEncoded(encoded)
	if err != nil {
		return err
	}
	s, err := c.open()
	if err != nil {
		if c.assigned {
			return err
		}
		s = store{}
	}
	return c.attach(s, cert)
}
