package certificate

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/asn1"
	stderrors "errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/scrypt"
)

// pbes2Params is PBES2-params of RFC 8018.
type pbes2Params struct{ KDF, Cipher algorithmIdentifier }

// pbkdf2Params is PBKDF2-params of RFC 8018; a salt from another source is not defined anywhere.
type pbkdf2Params struct {
	Salt       []byte
	Iterations int64
	KeyLength  int                 `asn1:"optional"`
	PRF        algorithmIdentifier `asn1:"optional"`
}

// scryptParams is scrypt-params of RFC 7914.
type scryptParams struct {
	Salt      []byte
	N, R, P   int64
	KeyLength int `asn1:"optional"`
}

// hmacs are the pseudo-random functions of PBKDF2.
var hmacs = map[string]func() hash.Hash{
	"":                    sha1.New, // the default
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.8":  sha256.New224,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
	"1.2.840.113549.2.12": sha512.New512_224,
	"1.2.840.113549.2.13": sha512.New512_256,
	"1.2.840.113549.2.6":  md5.New,

	"2.16.840.1.101.3.4.2.13": func() hash.Hash { return sha3.New224() },
	"2.16.840.1.101.3.4.2.14": func() hash.Hash { return sha3.New256() },
	"2.16.840.1.101.3.4.2.15": func() hash.Hash { return sha3.New384() },
	"2.16.840.1.101.3.4.2.16": func() hash.Hash { return sha3.New512() },
}

// blockCipher is a cipher in CBC mode.
type blockCipher struct {
	keyLength int
	open      func(key []byte) (cipher.Block, error)
}

// rc2Params is RC2-CBC-Parameter of RFC 8018; the version stands for the number of effective bits.
type rc2Params struct {
	Version int
	IV      []byte
}

// rc2Lengths are the lengths of keys, in bytes, that the versions of RC2 stand for.
var rc2Lengths = map[int]int{160: 5, 120: 8, 58: 16}

const oidRC2 = "1.2.840.113549.3.2"

// pbes2Cipher returns the cipher of PBES2 with its initial vector.
func pbes2Cipher(a algorithmIdentifier) (c blockCipher, iv []byte, err error) {
	id, settings := a.Algorithm.String(), a.Parameters.FullBytes
	if id == oidRC2 {
		var p rc2Params
		err = unmarshal(settings, &p)
		c, iv = blockCipher{rc2Lengths[p.Version], newRC2}, p.IV
		if err == nil && c.keyLength == 0 {
			err = fmt.Errorf("version %d of the RC2 settings is not supported", p.Version)
		}
		return c, iv, err
	}
	c, known := blockCiphers[id]
	if !known {
		return c, nil, fmt.Errorf("the cipher %s is not supported; openssl pkcs8 -topk8 -v2 aes-256-cbc changes it",
			named(a.Algorithm))
	}
	return c, iv, unmarshal(settings, &iv)
}

// missingNames are the names of algorithms that occur and are not supported.
var missingNames = map[string]string{
	"1.2.392.200011.61.1.1.1.2": "camellia-128-cbc",
	"1.2.392.200011.61.1.1.1.3": "camellia-192-cbc",
	"1.2.392.200011.61.1.1.1.4": "camellia-256-cbc",
	"1.2.410.200046.1.1.2":      "aria-128-cbc",
	"1.2.410.200046.1.1.7":      "aria-192-cbc",
	"1.2.410.200046.1.1.12":     "aria-256-cbc",
	"1.2.410.200004.1.4":        "seed-cbc",
	"1.2.156.10197.1.104.2":     "sm4-cbc",
	"1.2.156.10197.1.401":       "sm3",
	"1.3.6.1.4.1.188.7.1.1.2":   "idea-cbc",
	"2.16.840.1.101.3.4.1.3":    "aes-128-ofb",
	"2.16.840.1.101.3.4.1.4":    "aes-128-cfb",
	"2.16.840.1.101.3.4.1.23":   "aes-192-ofb",
	"2.16.840.1.101.3.4.1.24":   "aes-192-cfb",
	"2.16.840.1.101.3.4.1.43":   "aes-256-ofb",
	"2.16.840.1.101.3.4.1.44":   "aes-256-cfb",
	"2.16.840.1.101.3.4.1.6":    "aes-128-gcm",
	"2.16.840.1.101.3.4.1.26":   "aes-192-gcm",
	"2.16.840.1.101.3.4.1.46":   "aes-256-gcm",
	"1.2.840.113549.1.5.1":      "PBE-MD2-DES",
	"1.2.840.113549.1.5.4":      "PBE-MD2-RC2-64",
	"1.3.36.3.2.1":              "ripemd160",
	"1.2.643.7.1.1.5.1.1":       "gost89",
	"1.2.643.7.1.1.2.2":         "gost2012-256",
}

// named is an algorithm for the text of an error: its name, where it is known, and its object identifier.
func named(algorithm asn1.ObjectIdentifier) string {
	id := algorithm.String()
	if name := missingNames[id]; name != "" {
		return name + " (" + id + ")"
	}
	return id
}

var blockCiphers = map[string]blockCipher{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
	oidDES:                    {8, des.NewCipher},
	"1.3.6.1.4.1.3029.1.2":    {16, newBlowfish},
	"1.2.840.113533.7.66.10":  {16, newCAST5}, // with the initial vector alone, as OpenSSL writes it
}

const oidDES = "1.3.14.3.2.7"

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
)

// errPassword is the outcome of decrypting with a wrong password, as far as it can be told.
var errPassword = stderrors.New("the password is wrong, or the data is damaged")

// decryptPBE undoes a password-based encryption: PBES2, or one of the older ones of PKCS#5 and PKCS#12.
func decryptPBE(algorithm algorithmIdentifier, data []byte, password pbePassword, w *work) ([]byte, error) {
	if c, ok := pkcs12Ciphers[algorithm.Algorithm.String()]; ok {
		return decryptPBE12(c, algorithm.Parameters.FullBytes, data, password.bmp, w)
	}
	if length, ok := pkcs12RC4[algorithm.Algorithm.String()]; ok {
		return decryptRC4(length, algorithm.Parameters.FullBytes, data, password.bmp, w)
	}
	if !algorithm.Algorithm.Equal(oidPBES2) {
		return decryptPBES1(algorithm, data, password.utf8, w)
	}
	var p pbes2Params
	if err := unmarshal(algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	c, iv, err := pbes2Cipher(p.Cipher)
	if err != nil {
		return nil, err
	}
	key, err := deriveKey(p.KDF, password.utf8, c.keyLength, w)
	if err != nil {
		return nil, err
	}
	return c.decrypt(key, iv, data)
}

// pbes1Ciphers are the encryptions of RFC 8018, A.3, but those with MD2. All have keys of eight bytes.
var pbes1Ciphers = map[string]struct {
	hash func() hash.Hash
	blockCipher
}{
	"1.2.840.113549.1.5.3":  {md5.New, blockCiphers[oidDES]},
	"1.2.840.113549.1.5.10": {sha1.New, blockCiphers[oidDES]},
	"1.2.840.113549.1.5.6":  {md5.New, blockCipher{8, newRC2}},
	"1.2.840.113549.1.5.11": {sha1.New, blockCipher{8, newRC2}},
}

// decryptPBES1 knows the ciphers that programs before 2010 used by default for private keys.
func decryptPBES1(algorithm algorithmIdentifier, data, password []byte, w *work) ([]byte, error) {
	c, known := pbes1Ciphers[algorithm.Algorithm.String()]
	if !known {
		return nil, fmt.Errorf("the encryption %s is not supported; openssl pkcs8 -topk8 -v2 aes-256-cbc changes it",
			named(algorithm.Algorithm))
	}
	var p pbeParams
	if err := unmarshal(algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	if err := w.add(p.Iterations, 1); err != nil {
		return nil, err
	}
	h := c.hash()
	derived := append(bytes.Clone(password), p.Salt...)
	for range max(1, p.Iterations) {
		h.Reset()
		h.Write(derived)
		derived = h.Sum(derived[:0])
	}
	return c.decrypt(derived[:8], derived[8:16], data)
}

// The lengths that RFC 9579 allows for the key of a MAC, in bytes. With a shorter one the MAC could be guessed.
const (
	minMACKey = 20
	maxMACKey = 64
)

// deriveKey turns a password into a key by PBKDF2 or scrypt. With a length of 0 the settings must say how long it is.
func deriveKey(kdf algorithmIdentifier, password []byte, length int, w *work) ([]byte, error) {
	switch {
	case kdf.Algorithm.Equal(oidPBKDF2):
		var p pbkdf2Params
		if err := unmarshal(kdf.Parameters.FullBytes, &p); err != nil {
			return nil, err
		}
		prf, ok := hmacs[p.PRF.Algorithm.String()]
		if !ok {
			return nil, fmt.Errorf("the hash %s is not supported", named(p.PRF.Algorithm))
		}
		if length == 0 {
			if length = p.KeyLength; length < minMACKey || length > maxMACKey {
				return nil, stderrors.New("the key of the MAC has a wrong length")
			}
		}
		if p.Iterations < 1 || p.KeyLength != 0 && p.KeyLength != length {
			return nil, stderrors.New("the PBKDF2 settings are out of range")
		}
		blocks := (length + prf().Size() - 1) / prf().Size()
		if err := w.add(p.Iterations, int64(blocks)); err != nil {
			return nil, err
		}
		return pbkdf2.Key(prf, string(password), p.Salt, int(p.Iterations), length)
	case kdf.Algorithm.Equal(oidScrypt):
		var p scryptParams
		if err := unmarshal(kdf.Parameters.FullBytes, &p); err != nil {
			return nil, err
		}
		const limit = maxMemory / 128
		if p.N < 2 || p.R < 1 || p.P < 1 || p.N > limit || p.R > limit || p.P > limit || p.N*p.R > limit ||
			p.N*p.R*p.P > 1<<40 {
			return nil, stderrors.New("the scrypt settings are out of range")
		}
		if err := w.add(p.N*p.R*p.P/8+1, scryptKiB); err != nil {
			return nil, err
		}
		return scrypt.Key(password, p.Salt, int(p.N), int(p.R), int(p.P), length)
	}
	return nil, fmt.Errorf("the key derivation %s is not supported", named(kdf.Algorithm))
}

// decrypt undoes CBC with the padding of PKCS#7.
func (c blockCipher) decrypt(key, iv, data []byte) ([]byte, error) {
	block, err := c.open(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, stderrors.New("the encrypted data has a wrong length")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	n := int(plain[len(plain)-1])
	if n == 0 || n > size || !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errPassword
	}
	return plain[:len(plain)-n], nil
}

// unmarshal reads one DER value that fills data completely.
func unmarshal(data []byte, value any) error {
	rest, err := asn1.Unmarshal(data, value)
	if err == nil && len(rest) > 0 {
		err = stderrors.New("asn1: there are bytes behind the end")
	}
	return err
}
