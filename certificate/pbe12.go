package certificate

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	stderrors "errors"
	"hash"

	"golang.org/x/crypto/ripemd160" //lint:ignore SA1019 old files have it
)

// What a key is for, in the key derivation of PKCS#12.
const (
	pkcs12Key = 1
	pkcs12IV  = 2
	pkcs12MAC = 3
)

// hashes are the hash functions of the MAC in PKCS#12.
var hashes = map[string]func() hash.Hash{
	"1.3.14.3.2.26":          sha1.New,
	"2.16.840.1.101.3.4.2.1": sha256.New,
	"2.16.840.1.101.3.4.2.2": sha512.New384,
	"2.16.840.1.101.3.4.2.3": sha512.New,
	"2.16.840.1.101.3.4.2.4": sha256.New224,
	"2.16.840.1.101.3.4.2.5": sha512.New512_224,
	"2.16.840.1.101.3.4.2.6": sha512.New512_256,
	"1.2.840.113549.2.5":     md5.New,
	"1.3.36.3.2.1":           ripemd160.New,

	"2.16.840.1.101.3.4.2.7":  func() hash.Hash { return sha3.New224() },
	"2.16.840.1.101.3.4.2.8":  func() hash.Hash { return sha3.New256() },
	"2.16.840.1.101.3.4.2.9":  func() hash.Hash { return sha3.New384() },
	"2.16.840.1.101.3.4.2.10": func() hash.Hash { return sha3.New512() },
}

// pkcs12RC4 holds the lengths of the keys of RC4, the one stream cipher of old PKCS#12 files.
var pkcs12RC4 = map[string]int{"1.2.840.113549.1.12.1.1": 16, "1.2.840.113549.1.12.1.2": 5}

// pkcs12Ciphers are the other encryptions of old PKCS#12 files, all with SHA-1 and in CBC mode.
var pkcs12Ciphers = map[string]blockCipher{
	"1.2.840.113549.1.12.1.3": {24, des.NewTripleDESCipher},
	"1.2.840.113549.1.12.1.4": {16, newTripleDES2},
	"1.2.840.113549.1.12.1.5": {16, newRC2},
	"1.2.840.113549.1.12.1.6": {5, newRC2},
}

// newTripleDES2 is triple DES with two keys, of which the first is used twice.
func newTripleDES2(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(bytes.Clone(key), key[:8]...))
}

// pbePassword is a password in both encodings: PBES1 of PKCS#12 wants UTF-16 with a zero at the end, all others UTF-8.
type pbePassword struct{ utf8, bmp []byte }

func newPBEPassword(text string) pbePassword {
	return pbePassword{[]byte(text), utf16BE(text + "\x00")}
}

// pbeParams are the settings of PBES1, here and in RFC 8018.
type pbeParams struct {
	Salt       []byte
	Iterations int64
}

// decryptPBE12 undoes an encryption of old PKCS#12 files.
func decryptPBE12(c blockCipher, parameters, data, bmp []byte, w *work) ([]byte, error) {
	var p pbeParams
	if err := unmarshal(parameters, &p); err != nil {
		return nil, err
	}
	key, err := derivePKCS12(sha1.New, pkcs12Key, bmp, p.Salt, p.Iterations, c.keyLength, w)
	if err != nil {
		return nil, err
	}
	iv, err := derivePKCS12(sha1.New, pkcs12IV, bmp, p.Salt, p.Iterations, 8, w)
	if err != nil {
		return nil, err
	}
	return c.decrypt(key, iv, data)
}

// decryptRC4 undoes RC4. Nothing in it proves the password: what comes out is a key, or it is not.
func decryptRC4(length int, parameters, data, bmp []byte, w *work) ([]byte, error) {
	var p pbeParams
	if err := unmarshal(parameters, &p); err != nil {
		return nil, err
	}
	key, err := derivePKCS12(sha1.New, pkcs12Key, bmp, p.Salt, p.Iterations, length, w)
	if err != nil {
		return nil, err
	}
	c, err := rc4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(data))
	c.XORKeyStream(plain, data)
	return plain, nil
}

// derivePKCS12 is the key derivation of RFC 7292, appendix B.2. The names of the variables are those of the text.
func derivePKCS12(
	newHash func() hash.Hash, id byte, password, salt []byte, iterations int64, length int, w *work,
) ([]byte, error) {
	h := newHash()
	u, v := h.Size(), h.BlockSize()
	if iterations < 1 || len(salt) > v || len(password) > maxPassword {
		return nil, stderrors.New("the password settings are out of range")
	}
	if err := w.add(iterations, int64((length+u-1)/u)); err != nil {
		return nil, err
	}
	d := bytes.Repeat([]byte{id}, v)
	i := append(repeatTo(salt, v), repeatTo(password, v)...)
	var derived []byte
	for len(derived) < length {
		h.Reset()
		h.Write(d)
		h.Write(i)
		a := h.Sum(nil)
		for n := int64(1); n < iterations; n++ {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		derived = append(derived, a...)
		b := repeatTo(a, v)[:v]
		for j := 0; j < len(i); j += v {
			addOne(i[j:j+v], b)
		}
	}
	return derived[:length], nil
}

// maxPassword bounds the length of an encoded password, in bytes: every one is hashed in full for each key.
const maxPassword = 64 << 10

// repeatTo repeats data up to the next multiple of v bytes; nothing stays nothing.
func repeatTo(data []byte, v int) []byte {
	size := (len(data) + v - 1) / v * v
	repeated := make([]byte, 0, size+len(data))
	for len(repeated) < size {
		repeated = append(repeated, data...)
	}
	return repeated[:size]
}

// addOne adds b and 1 to the big-endian number in sum.
func addOne(sum, b []byte) {
	carry := 1
	for k := len(sum) - 1; k >= 0; k-- {
		carry += int(sum[k]) + int(b[k])
		sum[k] = byte(carry)
		carry >>= 8
	}
}
