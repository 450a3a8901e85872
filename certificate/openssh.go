package certificate

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"encoding/pem"
	stderrors "errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/blowfish" //lint:ignore SA1019 bcrypt is made of it
	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/poly1305" //lint:ignore SA1019 OpenSSH has it outside of an AEAD that x/crypto knows
	"golang.org/x/crypto/ssh"

	"github.com/iotcomponents/iot/errors"
)

// The ssh package opens keys by aes256-ctr and aes256-cbc alone. So a key is decrypted here, and given to the ssh
// package as one that never was encrypted.

const opensshMagic = "openssh-key-v1\x00"

var errOpenSSH = stderrors.New("the OpenSSH key is damaged")

// opensshKey is a file of the form openssh-key-v1 (PROTOCOL.key of OpenSSH).
type opensshKey struct {
	cipher   string
	function string // that makes a key of the password
	salt     []byte
	rounds   uint32
	public   []byte // in its wire form
	private  []byte // encrypted or not
	tag      []byte // of an authenticated cipher
}

// parseOpenSSH reads the first key of a file.
func parseOpenSSH(data []byte) (*opensshKey, error) {
	rest, ok := bytes.CutPrefix(data, []byte(opensshMagic))
	r := sshReader(rest)
	name, ok1 := r.next()
	function, ok2 := r.next()
	settings, ok3 := r.next()
	count, ok4 := r.uint32()
	public, ok5 := r.next()
	private, ok6 := r.next()
	if !(ok && ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || count != 1 {
		return nil, errOpenSSH
	}
	k := &opensshKey{cipher: string(name), function: string(function), public: public, private: private, tag: r}
	if k.function == "bcrypt" {
		s := sshReader(settings)
		var ok1, ok2 bool
		k.salt, ok1 = s.next()
		k.rounds, ok2 = s.uint32()
		if !ok1 || !ok2 || len(s) > 0 {
			return nil, stderrors.New("the settings of the key's password are damaged")
		}
	}
	return k, nil
}

// loadOpenSSH reads a private key in OpenSSH's own form.
func loadOpenSSH(block *pem.Block, pw passwords) (entry, error) {
	if err := pw.work.addKey(len(block.Bytes)); err != nil {
		return entry{}, err
	}
	k, err := parseOpenSSH(block.Bytes)
	if err != nil {
		return entry{}, err
	}
	public, err := parseSSHWire(k.public)
	if err != nil {
		return entry{}, err
	}
	plain, err := k.decrypt(pw)
	switch {
	case err == nil:
	case k.cipher == "none" || stderrors.Is(err, errTooMuchWork):
		return entry{}, err
	default:
		return entry{public: public, locked: lockedKey("The private key", err)}, nil
	}
	key, err := parseOpenSSHPrivate(k.public, plain, pw.work)
	if err != nil {
		locked := errors.Wrap(errors.ErrCertificateStore, "The private key cannot be used", err)
		return entry{public: public, locked: locked}, nil
	}
	return keyEntry(key, ""), nil
}

// opensshCipher is a cipher of OpenSSH for private keys.
type opensshCipher struct {
	key, iv, tag int // lengths in bytes
	block        int // what the length of the data is a multiple of
	open         func(key, iv, data, tag []byte) ([]byte, error)
}

// opensshCiphers are those of "ssh-keygen -Z".
var opensshCiphers = map[string]opensshCipher{
	"3des-cbc":                      {24, 8, 0, 8, opensshCBC(des.NewTripleDESCipher)},
	"aes128-cbc":                    {16, 16, 0, 16, opensshCBC(aes.NewCipher)},
	"aes192-cbc":                    {24, 16, 0, 16, opensshCBC(aes.NewCipher)},
	"aes256-cbc":                    {32, 16, 0, 16, opensshCBC(aes.NewCipher)},
	"rijndael-cbc@lysator.liu.se":   {32, 16, 0, 16, opensshCBC(aes.NewCipher)},
	"aes128-ctr":                    {16, 16, 0, 16, opensshCTR},
	"aes192-ctr":                    {24, 16, 0, 16, opensshCTR},
	"aes256-ctr":                    {32, 16, 0, 16, opensshCTR},
	"aes128-gcm@openssh.com":        {16, 12, 16, 16, opensshGCM},
	"aes256-gcm@openssh.com":        {32, 12, 16, 16, opensshGCM},
	"chacha20-poly1305@openssh.com": {64, 0, 16, 8, opensshChaCha},
}

// decrypt returns the private part.
func (k *opensshKey) decrypt(pw passwords) ([]byte, error) {
	if k.cipher == "none" {
		return k.private, checkOpenSSH(k.private, errOpenSSH)
	}
	c, known := opensshCiphers[k.cipher]
	switch {
	case !known:
		return nil, fmt.Errorf("the cipher %q is not supported; ssh-keygen -p -Z aes256-ctr changes it", k.cipher)
	case k.function != "bcrypt":
		return nil, fmt.Errorf("the key derivation %q is not supported", k.function)
	case len(k.private) == 0 || len(k.private)%c.block != 0 || len(k.tag) != c.tag:
		return nil, errOpenSSH
	}
	if err := pw.work.add(int64(k.rounds), bcryptRound*int64((c.key+c.iv+31)/32)); err != nil {
		return nil, err
	}
	derived, err := bcryptPBKDF([]byte(pw.key), k.salt, int(k.rounds), c.key+c.iv)
	if err != nil {
		return nil, err
	}
	plain, err := c.open(derived[:c.key], derived[c.key:], k.private, k.tag)
	if err != nil {
		return nil, err
	}
	return plain, checkOpenSSH(plain, errPassword)
}

// checkOpenSSH compares the two equal numbers at the front, which prove the password.
func checkOpenSSH(plain []byte, fault error) error {
	if len(plain) < 8 || !bytes.Equal(plain[:4], plain[4:8]) {
		return fault
	}
	return nil
}

func opensshCBC(open func([]byte) (cipher.Block, error)) func(key, iv, data, tag []byte) ([]byte, error) {
	return func(key, iv, data, _ []byte) ([]byte, error) {
		block, err := open(key)
		if err != nil {
			return nil, err
		}
		plain := make([]byte, len(data))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
		return plain, nil
	}
}

func opensshCTR(key, iv, data, _ []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(data))
	cipher.NewCTR(block, iv).XORKeyStream(plain, data)
	return plain, nil
}

func opensshGCM(key, iv, data, tag []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, iv, append(bytes.Clone(data), tag...), nil)
	if err != nil {
		return nil, errPassword
	}
	return plain, nil
}

// opensshChaCha is the construction of OpenSSH's PROTOCOL.chacha20poly1305 for packet number 0. The second half of the
// key, for the lengths of packets, is not used in files.
func opensshChaCha(key, _, data, tag []byte) ([]byte, error) {
	stream, err := chacha20.NewUnauthenticatedCipher(key[:chacha20.KeySize], make([]byte, chacha20.NonceSize))
	if err != nil {
		return nil, err
	}
	var once [64]byte // the first block of the stream is the key of the tag
	stream.XORKeyStream(once[:], once[:])
	if !poly1305.Verify((*[16]byte)(tag), data, (*[32]byte)(once[:32])) {
		return nil, errPassword
	}
	plain := make([]byte, len(data))
	stream.XORKeyStream(plain, data)
	return plain, nil
}

// bcryptPBKDF makes a key of a password, as OpenSSH's bcrypt_pbkdf does: PBKDF2 with a hash made of bcrypt and
// SHA-512, of which the results are spread over the whole key.
func bcryptPBKDF(password, salt []byte, rounds, length int) ([]byte, error) {
	if rounds < 1 || len(password) == 0 || len(salt) == 0 {
		return nil, errPassword
	}
	blocks := (length + blowfishHash - 1) / blowfishHash
	key := make([]byte, blocks*blowfishHash)
	secret := sha512.Sum512(password)
	for i := range blocks {
		sum := sha512.Sum512(binary.BigEndian.AppendUint32(bytes.Clone(salt), uint32(i+1)))
		mixed := make([]byte, blowfishHash)
		for range rounds {
			hash, err := bcryptHash(secret[:], sum[:])
			if err != nil {
				return nil, err
			}
			subtle.XORBytes(mixed, mixed, hash)
			sum = sha512.Sum512(hash)
		}
		for j, b := range mixed {
			key[j*blocks+i] = b
		}
	}
	return key[:length], nil
}

// blowfishHash is the length of what bcryptHash returns.
const blowfishHash = 32

// bcryptHash is bcrypt with 64 expensive rounds, over the text that it is known for.
func bcryptHash(password, salt []byte) ([]byte, error) {
	c, err := blowfish.NewSaltedCipher(password, salt)
	if err != nil {
		return nil, err
	}
	for range 64 {
		blowfish.ExpandKey(salt, c)
		blowfish.ExpandKey(password, c)
	}
	hash := []byte("OxychromaticBlowfishSwatDynamite")
	for i := 0; i < len(hash); i += blowfish.BlockSize {
		for range 64 {
			c.Encrypt(hash[i:], hash[i:])
		}
	}
	for i := 0; i < len(hash); i += 4 { // the words come out in the other order of bytes
		binary.LittleEndian.PutUint32(hash[i:], binary.BigEndian.Uint32(hash[i:]))
	}
	return hash, nil
}

// parseOpenSSHPrivate reads the decrypted private part.
func parseOpenSSHPrivate(public, plain []byte, w *work) (crypto.PrivateKey, error) {
	r := sshReader(plain[8:])
	if kind, _ := r.next(); string(kind) == algorithmDSA {
		return opensshDSA(r, w)
	}
	unencrypted := []byte(opensshMagic)
	for _, s := range []string{"none", "none", ""} {
		unencrypted = appendSSH(unencrypted, []byte(s))
	}
	unencrypted = binary.BigEndian.AppendUint32(unencrypted, 1)
	unencrypted = appendSSH(appendSSH(unencrypted, public), plain)
	key, err := ssh.ParseRawPrivateKey(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: unencrypted}))
	if k, ok := key.(*ed25519.PrivateKey); ok { // all other packages have the value
		return *k, err
	}
	return key, err
}

// opensshDSA reads the numbers of a DSA key, which the ssh package no longer does.
func opensshDSA(r sshReader, w *work) (*dsa.PrivateKey, error) {
	var n [5]*big.Int // p, q, g, y, x
	for i := range n {
		number, ok := r.next()
		if !ok {
			return nil, errOpenSSH
		}
		n[i] = new(big.Int).SetBytes(number)
	}
	key, err := newDSA(n[0], n[1], n[2], n[4], w)
	if err == nil && key.Y.Cmp(n[3]) != 0 {
		err = errNumbers
	}
	return key, err
}
