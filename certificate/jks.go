package certificate

import (
	"bytes"
	"crypto/des"
	"crypto/md5"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/asn1"
	"encoding/binary"
	stderrors "errors"
	"fmt"
	"unicode/utf16"
)

var (
	jksMagic   = []byte{0xFE, 0xED, 0xFE, 0xED}
	jceksMagic = []byte{0xCE, 0xCE, 0xCE, 0xCE}

	// oidJKSKey and oidJCEKSKey are Sun's own encryptions of private keys.
	oidJKSKey   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}
	oidJCEKSKey = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 19, 1}

	errJKS = stderrors.New("the key store is damaged")
)

// loadJKS reads a Java key store of type JKS or JCEKS. Newer versions of Java write PKCS#12 under the same file name,
// and read either, so this is read as well.
func loadJKS(data []byte, pw passwords) ([]entry, error) {
	switch {
	case !bytes.HasPrefix(data, jksMagic) && !bytes.HasPrefix(data, jceksMagic):
		return loadPFX(data, pw)
	case len(data) < 12+sha1.Size:
		return nil, errJKS
	}
	body, digest := data[:len(data)-sha1.Size], data[len(data)-sha1.Size:]
	password := utf16BE(pw.store)
	sum := sha1.Sum(bytes.Join([][]byte{password, []byte("Mighty Aphrodite"), body}, nil))
	if subtle.ConstantTimeCompare(sum[:], digest) == 0 {
		return nil, stderrors.New("StorePassword is wrong, or the key store is damaged")
	}
	r := jksReader{data: body[4:], secrets: bytes.HasPrefix(data, jceksMagic)}
	r.version = r.uint32()
	var found []entry
	for count := r.uint32(); count > 0 && !r.failed; count-- {
		found = append(found, r.entry(pw)...)
	}
	if r.secret {
		return nil, stderrors.New("it has a secret key, which is an object of Java; keytool -importkeystore with " +
			"-srcalias copies the private key alone to a store of type PKCS12")
	}
	if r.failed || len(r.data) > 0 {
		return nil, errJKS
	}
	return found, nil
}

// jksReader reads the parts of a key store. After a failure it returns nothing but zeros.
type jksReader struct {
	data    []byte
	version uint32
	failed  bool
	secrets bool // a store of type JCEKS, which may have secret keys
	secret  bool // there is one; what is behind it cannot be found
}

func (r *jksReader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.data)) {
		r.failed, r.data = true, nil
		return nil
	}
	value := r.data[:n]
	r.data = r.data[n:]
	return value
}

func (r *jksReader) uint32() uint32 {
	if b := r.bytes(4); len(b) == 4 {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *jksReader) text() string {
	if b := r.bytes(2); len(b) == 2 {
		return string(r.bytes(uint32(binary.BigEndian.Uint16(b))))
	}
	return ""
}

// certificate reads one certificate; version 1 does not name its type.
func (r *jksReader) certificate(where string) entry {
	if r.version == 2 {
		r.text()
	}
	return certEntry(r.bytes(r.uint32()), where)
}

// entry reads one entry: a key with its chain, or a certificate.
func (r *jksReader) entry(pw passwords) []entry {
	kind, alias := r.uint32(), r.text()
	r.bytes(8) // the date
	switch kind {
	case 1:
		encrypted := r.bytes(r.uint32())
		var chain []entry
		for count := r.uint32(); count > 0 && !r.failed; count-- {
			chain = append(chain, r.certificate(fmt.Sprintf("entry %q, certificate %d", alias, len(chain)+1)))
		}
		if r.failed {
			return nil
		}
		key := decryptJKS(encrypted, pw)
		key.name = alias
		return withChain(key, chain)
	case 2:
		cert := r.certificate(fmt.Sprintf("entry %q", alias))
		cert.name = alias
		return []entry{cert}
	case 3:
		r.secret = r.secrets
	}
	r.failed = true
	return nil
}

// decryptJKS opens a private key: its bytes are combined with a stream of SHA-1 sums, each of the password and the sum
// before it, and a last sum proves the password.
func decryptJKS(der []byte, pw passwords) entry {
	const what = "The private key of the Java key store"
	var info encryptedPrivateKeyInfo
	if err := unmarshal(der, &info); err != nil {
		return entry{locked: lockedKey(what, err)}
	}
	if info.Algorithm.Algorithm.Equal(oidJCEKSKey) {
		return decryptJCEKS(what, info, pw)
	}
	if !info.Algorithm.Algorithm.Equal(oidJKSKey) {
		return decryptPKCS8(der, newPBEPassword(pw.key), pw.work)
	}
	if len(info.Data) < 2*sha1.Size {
		return entry{locked: lockedKey(what, errJKS)}
	}
	password := utf16BE(pw.key)
	sum := info.Data[:sha1.Size]
	secret, check := info.Data[sha1.Size:len(info.Data)-sha1.Size], info.Data[len(info.Data)-sha1.Size:]
	plain := make([]byte, len(secret))
	for i := range secret {
		if i%sha1.Size == 0 {
			next := sha1.Sum(append(bytes.Clone(password), sum...))
			sum = next[:]
		}
		plain[i] = secret[i] ^ sum[i%sha1.Size]
	}
	proof := sha1.Sum(append(bytes.Clone(password), plain...))
	if subtle.ConstantTimeCompare(proof[:], check) == 0 {
		return entry{locked: lockedKey(what, errPassword)}
	}
	e, err := privateEntry(plain, pw.work)
	if err != nil {
		return entry{locked: lockedKey(what, err)}
	}
	return e
}

// decryptJCEKS opens a private key that Sun's triple DES with MD5 has encrypted. Each half of the salt is hashed
// together with the password again and again, and the two results are key and initial vector.
func decryptJCEKS(what string, info encryptedPrivateKeyInfo, pw passwords) entry {
	locked := func(err error) entry { return entry{locked: lockedKey(what, err)} }
	var p pbeParams
	if err := unmarshal(info.Algorithm.Parameters.FullBytes, &p); err != nil {
		return locked(err)
	}
	// equal halves would be turned around first; none are made
	if len(p.Salt) != 8 || bytes.Equal(p.Salt[:4], p.Salt[4:]) {
		return locked(errJKS)
	}
	if err := pw.work.add(p.Iterations, 2); err != nil {
		return locked(err)
	}
	var derived []byte
	for _, sum := range [][]byte{p.Salt[:4], p.Salt[4:]} {
		for range p.Iterations {
			next := md5.Sum(append(bytes.Clone(sum), pw.key...))
			sum = next[:]
		}
		derived = append(derived, sum...)
	}
	if len(derived) != 2*md5.Size {
		return locked(errJKS)
	}
	plain, err := blockCipher{24, des.NewTripleDESCipher}.decrypt(derived[:24], derived[24:], info.Data)
	if err != nil {
		return locked(err)
	}
	e, err := privateEntry(plain, pw.work)
	if err != nil {
		return locked(errPassword)
	}
	return e
}

// withChain makes entries of a key and the chain it is stored with. The first certificate is its own, unless the
// public keys differ.
func withChain(key entry, chain []entry) []entry {
	if len(chain) > 0 {
		first := &chain[0]
		if first.refused != nil && key.public == nil ||
			first.cert != nil && (key.public == nil || samePublic(key.public, publicOfCert(first.cert))) {
			first.key, first.locked, first.name = key.key, key.locked, key.name
			return chain
		}
	}
	return append(chain, key)
}

// utf16BE encodes a password as Java and PKCS#12 do.
func utf16BE(text string) []byte {
	units := utf16.Encode([]rune(text))
	encoded := make([]byte, 0, 2*len(units))
	for _, u := range units {
		encoded = binary.BigEndian.AppendUint16(encoded, u)
	}
	return encoded
}
