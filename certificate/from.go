package certificate

// FromFile reads the first certificate of a file, PEM or DER, without a private key. The Certificate has StoreType
// CstPublicKeyFile. A file without certificates may hold a bare public key instead. Errors: 302 if the file cannot be
// opened, 271 if it holds neither.
func FromFile(certificateFile string) (*Certificate, error) {
	return FromStore(CstPublicKeyFile, certificateFile, "", "*")
}

// FromEncoded reads the first certificate of encoded, PEM, DER or the Base64 of DER, without a private key. The
// Certificate has StoreType CstPublicKeyBlob. A bare public key will do as well. Errors: 271 if it is neither.
func FromEncoded(encoded []byte) (*Certificate, error) {
	return FromStoreB(CstPublicKeyBlob, encoded, "", "*")
}

// FromStore selects a certificate of a store, see [Certificate.SetSubject] for the subject. With the subject "" it
// selects nothing and only prepares the properties, so that KeyPassword can be assigned before Subject. Errors: as
// SetSubject, and 10022 for an unknown type.
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

// FromStoreConfig is FromStoreB with further settings: lines of the form Name=Value, names in any case.
//
//	Thumbprint              selects by this hash, as the subject "Thumbprint=..." does; subject may then be ""
//	PersistPFXKey           True or False; accepted, has no effect here
//	UseInternalSecurityAPI  True or False; accepted, has no effect here
//
// Errors: as FromStore, and 10022 for an unknown setting or a bad value.
func FromStoreConfig(storeType CertStoreTypes, store []byte, storePassword, subject, configurationString string) (*Certificate, error) {
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
// [Certificate.SetEncoded]. Errors: as there, and 10022 for an unknown type.
func FromStoreEncoded(storeType CertStoreTypes, store []byte, storePassword string, encoded []byte) (*Certificate, error) {
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
