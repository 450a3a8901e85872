package certificate

import (
	"bytes"
	stderrors "errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/iotcomponents/iot/errors"
)

// maxStore bounds what is read of a file and taken as a store, in bytes. The largest stores in use, with all public
// authorities of the world, have a few hundred kilobytes.
const maxStore = 16 << 20

// byteOrderMark is what some editors of Windows put in front of a text.
var byteOrderMark = []byte("\xEF\xBB\xBF")

// passwords open a store and the keys in it; work bounds what that may cost.
type passwords struct {
	store, key string
	work       *work
}

// loader reads one format.
type loader struct {
	load func(data []byte, pw passwords) ([]entry, error)
	file bool   // Store is the name of a file
	what string // of the format, for the texts of errors
}

// loaders holds the types that are files and contents.
var loaders = map[CertStoreTypes]loader{
	CstPFXFile:          {loadPFX, true, "PFX file"},
	CstPFXBlob:          {loadPFX, false, "PFX data"},
	CstJKSFile:          {loadJKS, true, "Java key store"},
	CstJKSBlob:          {loadJKS, false, "Java key store"},
	CstPEMKeyFile:       {loadPEM, true, "PEM file"},
	CstPEMKeyBlob:       {loadPEM, false, "PEM text"},
	CstPublicKeyFile:    {loadPublic, true, "certificate file"},
	CstPublicKeyBlob:    {loadPublic, false, "certificate"},
	CstSSHPublicKeyFile: {loadSSHPublic, true, "file of SSH public keys"},
	CstSSHPublicKeyBlob: {loadSSHPublic, false, "SSH public key"},
	CstP7BFile:          {loadP7B, true, "PKCS#7 file"},
	CstP7BBlob:          {loadP7B, false, "PKCS#7 data"},
	CstPPKFile:          {loadPPK, true, "PuTTY key file"},
	CstPPKBlob:          {loadPPK, false, "PuTTY key"},
	CstXMLFile:          {loadXML, true, "XML file"},
	CstXMLBlob:          {loadXML, false, "XML text"},
	CstJWKFile:          {loadJWK, true, "JWK file"},
	CstJWKBlob:          {loadJWK, false, "JSON Web Key"},
	CstBCFKSFile:        {loadBCFKS, true, "BCFKS key store"},
	CstBCFKSBlob:        {loadBCFKS, false, "BCFKS key store"},
}

// open reads the whole store.
func (c *Certificate) open() (store, error) {
	pw := passwords{store: c.storePassword, key: c.KeyPassword(), work: new(work)}
	found, err := c.read(pw)
	if err != nil {
		return store{}, numbered(err)
	}
	s := newStore(found)
	c.passedOver = nil
	for _, e := range s.refused {
		c.passedOver = append(c.passedOver, e.refused)
	}
	return s, nil
}

// read returns what the store holds. Errors without a number mean that the contents are unusable.
func (c *Certificate) read(pw passwords) ([]entry, error) {
	if c.storeType.system() {
		return loadSystem(c.Store(), c.storeType == CstMachine)
	}
	if c.storeType == CstPKCS11 {
		return loadToken(c.Store(), c.storePassword)
	}
	if c.storeType == CstAuto {
		return loadAuto(c.StoreB(), pw)
	}
	l := loaders[c.storeType]
	data := c.StoreB()
	if l.file {
		var err error
		if data, err = readFile(c.Store()); err != nil {
			return nil, err
		}
	}
	found, err := l.run(data, pw)
	if err != nil && l.file && errors.Code(err) < 0 {
		err = errors.Wrap(errors.ErrCertificateStore, strconv.Quote(c.Store())+" is no readable "+l.what, err)
	}
	return found, err
}

// run applies a loader to contents, which may be in Base64.
func (l loader) run(data []byte, pw passwords) ([]entry, error) {
	if len(data) > maxStore {
		return nil, stderrors.New("it has more than " + strconv.Itoa(maxStore>>20) + " MiB")
	}
	found, err := l.load(unBase64(bytes.TrimPrefix(data, byteOrderMark)), pw)
	if err == nil && !slices.ContainsFunc(found, func(e entry) bool { return e.refused == nil }) {
		none := stderrors.New("there is neither a certificate nor a key in the " + l.what)
		if len(found) > 0 {
			none = fmt.Errorf("there is neither a usable certificate nor a key in the %s; %w", l.what, refusals(found))
		}
		return nil, none
	}
	return found, err
}

// numbered gives 271 to an error that has no number yet.
func numbered(err error) error {
	if errors.Code(err) > 0 {
		return err
	}
	return errors.Wrap(errors.ErrCertificateStore, "The store cannot be read", err)
}

// lockedKey is the error of a private key that cannot be opened, with its password or at all.
func lockedKey(what string, cause error) error {
	if stderrors.Is(cause, errPassword) {
		what += " cannot be decrypted; check KeyPassword"
	} else {
		what += " cannot be decrypted"
	}
	return errors.Wrap(errors.ErrCredentials, what, cause)
}
