package certificate

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	stderrors "errors"
	"unicode/utf16"
)

var (
	jksMagic   = []byte{0xFE, 0xED, 0xFE, 0xED}
	jceksMagic = []byte{0xCE, 0xCE, 0xCE, 0xCE}

	// oidJKSKey is Sun's own encryption of private keys.
	oidJKSKey = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}

	errJKS = stderrors.New("the key store is damaged")
)

// loadJKS reads a Java key store. Newer versions of Java write PKCS#12 under the same file name, and read either, so
// this is read as well.
func loadJKS(data []byte, pw passwords) ([]entry, error) {
	switch {
	case bytes.HasPrefix(data, jceksMagic):
		return nil, stderrors.New("it is of type JCEKS; convert it with keytool -importkeystore to PKCS12")
	case !bytes.HasPrefix(data, jksMagic):
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
	r := jksReader{data: body[4:]}
	r.version = r.uint32()
	var found []entry
	for count := r.uint32(); count > 0 && !r.failed; count-- {
		found = append(found, r.entry(pw)...)
	}
	if r.failed || r.err != nil || len(r.data) > 0 {
		return nil, stderrors.Join(r.err, errJKS)
	}
	return found, nil
}

// jksReader reads the parts of a key store. After a failure it returns nothing but zeros.
type jksReader struct {
	data    []byte
	version uint32
	failed  bool
	err     error // of a certificate
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
func (r *jksReader) certificate() *x509.Certificate {
	if r.version == 2 {
		r.text()
	}
	der := r.bytes(r.uint32())
	if r.failed {
		return nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		r.failed, r.err = true, err
	}
	return cert
}

// entry reads one entry: a key with its chain, or a certificate.
func (r *jksReader) entry(pw passwords) []entry {
	kind, alias := r.uint32(), r.text()
	r.bytes(8) // the date
	switch kind {
	case 1:
		encrypted := r.bytes(r.uint32())
		var chain []*x509.Certificate
		for count := r.uint32(); count > 0 && !r.failed; count-- {
			chain = append(chain, r.certificate())
		}
		if r.failed {
			return nil
		}
		key := decryptJKS(encrypted, pw)
		key.name = alias
		return withChain(key, chain)
	case 2:
		return []entry{{cert: r.certificate(), name: alias}}
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
	key, err := parsePrivate(plain, pw.work)
	if err != nil {
		return entry{locked: lockedKey(what, err)}
	}
	return keyEntry(key, "")
}

// withChain makes entries of a key and the chain it is stored with. The first certificate is its own, unless the
// public keys differ.
func withChain(key entry, chain []*x509.Certificate) []entry {
	found := certEntries(chain)
	if len(chain) > 0 && (key.public == nil || samePublic(key.public, publicOfCert(chain[0]))) {
		found[0].key, found[0].locked, found[0].name = key.key, key.locked, key.name
		return found
	}
	return append(found, key)
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
