package certificate

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/md5"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/blowfish" //lint:ignore SA1019 old keys are encrypted with it
	"golang.org/x/crypto/cast5"    //lint:ignore SA1019 old keys are encrypted with it
)

// dekCiphers are the ciphers of the header DEK-Info, with which OpenSSL encrypts keys in their traditional forms.
var dekCiphers = map[string]blockCipher{
	"DES-CBC":      {8, des.NewCipher},
	"DES-EDE-CBC":  {16, newTripleDES2},
	"DES-EDE3-CBC": {24, des.NewTripleDESCipher},
	"AES-128-CBC":  {16, aes.NewCipher},
	"AES-192-CBC":  {24, aes.NewCipher},
	"AES-256-CBC":  {32, aes.NewCipher},
	"BF-CBC":       {16, newBlowfish},
	"CAST5-CBC":    {16, newCAST5},
	"RC2-CBC":      {16, newRC2},
	"RC2-64-CBC":   {8, newRC2},
	"RC2-40-CBC":   {5, newRC2},
}

func newBlowfish(key []byte) (cipher.Block, error) { return blowfish.NewCipher(key) }
func newCAST5(key []byte) (cipher.Block, error)    { return cast5.NewCipher(key) }

// decryptDEK opens a key with the header DEK-Info (RFC 1421, 4.6.1.3): the name of a cipher and its initial vector,
// of which the first half is the salt of the password. Nothing but the padding proves the password.
func decryptDEK(block *pem.Block, pw passwords) (entry, error) {
	const what = "The private key"
	name, digits, _ := strings.Cut(block.Headers["DEK-Info"], ",")
	name = strings.ToUpper(strings.TrimSpace(name))
	c, known := dekCiphers[name]
	if !known {
		return entry{locked: lockedKey(what, fmt.Errorf("the cipher %q is not supported; openssl pkcs8 -topk8 "+
			"changes it", name))}, nil
	}
	iv, err := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil || len(iv) < 8 {
		return entry{}, fmt.Errorf("the header DEK-Info has no initial vector for %q", name)
	}
	plain, err := c.decrypt(deriveDEK([]byte(pw.key), iv[:8], c.keyLength), iv, block.Bytes)
	if err != nil {
		return entry{locked: lockedKey(what, err)}, nil
	}
	e, err := privateEntry(plain, pw.work)
	if err != nil {
		return entry{locked: lockedKey(what, errPassword)}, nil
	}
	return e, nil
}

// deriveDEK makes a key of a password: EVP_BytesToKey of OpenSSL, with MD5 once for each block.
func deriveDEK(password, salt []byte, length int) []byte {
	var key, sum []byte
	for len(key) < length {
		h := md5.New()
		h.Write(sum)
		h.Write(password)
		h.Write(salt)
		sum = h.Sum(nil)
		key = append(key, sum...)
	}
	return key[:length]
}
