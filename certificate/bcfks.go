package certificate

import (
	"crypto/aes"
	"crypto/hmac"
	"encoding/asn1"
	stderrors "errors"
	"fmt"
)

// The structures of a Bouncy Castle FIPS key store: an encrypted list of entries, and a MAC over the encrypted form.
// Each key derives from the password and the name of its purpose.
type (
	bcfksStore struct {
		Data bcfksEncrypted
		MAC  struct {
			Algorithm algorithmIdentifier
			KDF       algorithmIdentifier
			Value     []byte
		}
	}
	bcfksEncrypted struct {
		Raw       asn1.RawContent
		Algorithm algorithmIdentifier
		Data      []byte
	}
	bcfksList struct {
		Version  int
		MAC      algorithmIdentifier
		Created  asn1.RawValue
		Modified asn1.RawValue
		Entries  []bcfksEntry
	}
	bcfksEntry struct {
		Type     int
		Alias    string `asn1:"utf8"`
		Created  asn1.RawValue
		Modified asn1.RawValue
		Data     []byte
	}
	bcfksKey struct {
		Key   encryptedPrivateKeyInfo
		Chain []asn1.RawValue
	}
	ccmParams struct {
		Nonce     []byte
		TagLength int `asn1:"optional,default:12"`
	}
)

// The types of entries; those with secret keys are passed over.
const (
	bcfksCertificate   = 0
	bcfksPrivateKey    = 1
	bcfksProtectedPriv = 3
)

// aesCCM holds the key lengths of the ciphers that Bouncy Castle uses here.
var aesCCM = map[string]int{
	"2.16.840.1.101.3.4.1.7":  16,
	"2.16.840.1.101.3.4.1.27": 24,
	"2.16.840.1.101.3.4.1.47": 32,
}

// loadBCFKS reads a Bouncy Castle FIPS key store.
func loadBCFKS(data []byte, pw passwords) ([]entry, error) {
	var s bcfksStore
	if err := unmarshal(data, &s); err != nil {
		return nil, err
	}
	newHash, ok := hmacs[s.MAC.Algorithm.Algorithm.String()]
	if !ok || len(s.MAC.Algorithm.Algorithm) == 0 {
		return nil, fmt.Errorf("the MAC %s is not supported", named(s.MAC.Algorithm.Algorithm))
	}
	key, err := deriveKey(s.MAC.KDF, bcfksPassword(pw.store, "INTEGRITY_CHECK"), len(s.MAC.Value), pw.work)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(newHash, key)
	mac.Write(s.Data.Raw)
	if !hmac.Equal(mac.Sum(nil), s.MAC.Value) {
		return nil, stderrors.New("StorePassword is wrong, or the key store is damaged")
	}
	plain, err := decryptBCFKS(s.Data.Algorithm, s.Data.Data, bcfksPassword(pw.store, "STORE_ENCRYPTION"), pw.work)
	if err != nil {
		return nil, err
	}
	return listBCFKS(plain, pw)
}

// listBCFKS reads the decrypted list of entries.
func listBCFKS(plain []byte, pw passwords) ([]entry, error) {
	var list bcfksList
	if err := unmarshal(plain, &list); err != nil {
		return nil, err
	}
	var found []entry
	for _, e := range list.Entries {
		more, err := e.entries(pw)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Alias, err)
		}
		found = append(found, more...)
	}
	return found, nil
}

// entries makes entries of one entry of the store.
func (e *bcfksEntry) entries(pw passwords) ([]entry, error) {
	switch e.Type {
	case bcfksCertificate:
		cert := certEntry(e.Data, fmt.Sprintf("entry %q", e.Alias))
		cert.name = e.Alias
		return []entry{cert}, nil
	case bcfksPrivateKey, bcfksProtectedPriv:
	default:
		return nil, nil
	}
	var k bcfksKey
	if err := unmarshal(e.Data, &k); err != nil {
		return nil, err
	}
	var chain []entry
	for i, raw := range k.Chain {
		chain = append(chain, certEntry(raw.FullBytes, fmt.Sprintf("entry %q, certificate %d", e.Alias, i+1)))
	}
	var key entry
	plain, err := decryptBCFKS(k.Key.Algorithm, k.Key.Data, bcfksPassword(pw.key, "PRIVATE_KEY_ENCRYPTION"), pw.work)
	if err != nil {
		key.locked = lockedKey(fmt.Sprintf("The private key %q", e.Alias), err)
	} else if key, err = privateEntry(plain, pw.work); err != nil {
		return nil, err
	}
	key.name = e.Alias
	return withChain(key, chain), nil
}

// decryptBCFKS is PBES2 with AES in CCM mode.
func decryptBCFKS(algorithm algorithmIdentifier, data, password []byte, w *work) ([]byte, error) {
	var p pbes2Params
	if !algorithm.Algorithm.Equal(oidPBES2) {
		return nil, fmt.Errorf("the encryption %s is not supported", named(algorithm.Algorithm))
	}
	if err := unmarshal(algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	length, ok := aesCCM[p.Cipher.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("the cipher %s is not supported; only AES-CCM is", named(p.Cipher.Algorithm))
	}
	var ccm ccmParams
	if err := unmarshal(p.Cipher.Parameters.FullBytes, &ccm); err != nil {
		return nil, err
	}
	key, err := deriveKey(p.KDF, password, length, w)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return decryptCCM(block, ccm.Nonce, data, ccm.TagLength)
}

// bcfksPassword encodes password and purpose as PKCS#12 encodes passwords, with a zero at the end of each.
func bcfksPassword(password, purpose string) []byte {
	return append(utf16BE(password+"\x00"), utf16BE(purpose+"\x00")...)
}
