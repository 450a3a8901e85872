package certificate

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	stderrors "errors"
	"fmt"
	"hash"
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

var (
	ppkMark = []byte("PuTTY-User-Key-File-")
	errPPK  = stderrors.New("the PuTTY key is damaged")
)

// ppk is a PuTTY key file, version 2 or 3: lines "Name: value", of which three are followed by lines of Base64.
type ppk struct {
	version   int
	algorithm string
	fields    map[string]string
	public    []byte
	private   []byte // encrypted or not
	mac       []byte
}

// loadPPK reads a PuTTY private key.
func loadPPK(data []byte, pw passwords) ([]entry, error) {
	k, err := parsePPK(string(data))
	if err != nil {
		return nil, err
	}
	public, err := parseSSHWire(k.public)
	if err != nil {
		return nil, err
	}
	e := entry{name: k.fields["Comment"], public: public}
	plain, err := k.decrypt(pw)
	switch {
	case err == nil:
		if e.key, err = k.privateKey(plain, public, pw.work); err != nil {
			return nil, err
		}
	case k.encrypted():
		e.locked = lockedKey("The PuTTY key", err)
	default:
		return nil, err
	}
	return []entry{e}, nil
}

// parsePPK splits the file into its parts.
func parsePPK(text string) (*ppk, error) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), "\n")
	k := &ppk{fields: make(map[string]string)}
	for i := 0; i < len(lines); i++ {
		name, value, ok := strings.Cut(lines[i], ": ")
		if !ok {
			if name, ok = strings.CutSuffix(lines[i], ":"); !ok {
				return nil, errPPK
			}
		}
		if version, ok := strings.CutPrefix(name, string(ppkMark)); ok {
			k.version, _ = strconv.Atoi(version)
			k.algorithm = value
			continue
		}
		k.fields[name] = value
		if name != "Public-Lines" && name != "Private-Lines" {
			continue
		}
		count, err := strconv.Atoi(value)
		if err != nil || count < 0 || count >= len(lines)-i {
			return nil, errPPK
		}
		blob, err := base64.StdEncoding.DecodeString(strings.Join(lines[i+1:i+1+count], ""))
		if err != nil {
			return nil, errPPK
		}
		if name == "Public-Lines" {
			k.public = blob
		} else {
			k.private = blob
		}
		i += count
	}
	if k.version != 2 && k.version != 3 {
		return nil, fmt.Errorf("version %d of PuTTY keys is not supported; save the key again with puttygen", k.version)
	}
	var err error
	if k.mac, err = hex.DecodeString(k.fields["Private-MAC"]); err != nil ||
		k.version == 2 && len(k.mac) != sha1.Size ||
		k.version == 3 && len(k.mac) != sha256.Size {
		return nil, errPPK
	}
	return k, nil
}

func (k *ppk) encrypted() bool { return k.fields["Encryption"] != "none" }

// decrypt returns the private numbers, which the MAC of the file has proved.
func (k *ppk) decrypt(pw passwords) ([]byte, error) {
	var cipherKey, iv, macKey []byte
	newHash, err := sha256.New, error(nil)
	if k.version == 2 {
		newHash = sha1.New
		cipherKey, iv, macKey = k.derive2(pw.key)
	} else if cipherKey, iv, macKey, err = k.derive3(pw); err != nil {
		return nil, err
	}
	plain := k.private
	switch k.fields["Encryption"] {
	case "none":
	case "aes256-cbc":
		if len(plain) == 0 || len(plain)%aes.BlockSize != 0 {
			return nil, errPPK
		}
		block, err := aes.NewCipher(cipherKey)
		if err != nil {
			return nil, err
		}
		plain = make([]byte, len(k.private))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, k.private)
	default:
		return nil, fmt.Errorf("the encryption %q is not supported", k.fields["Encryption"])
	}
	if !hmac.Equal(k.mac, k.sum(newHash, macKey, plain)) {
		if k.encrypted() {
			return nil, errPassword
		}
		return nil, errPPK
	}
	return plain, nil
}

// derive2 makes the keys of version 2.
func (k *ppk) derive2(password string) (cipherKey, iv, macKey []byte) {
	if !k.encrypted() {
		password = ""
	}
	for i := range byte(2) {
		sum := sha1.Sum(append([]byte{0, 0, 0, i}, password...))
		cipherKey = append(cipherKey, sum[:]...)
	}
	mac := sha1.Sum([]byte("putty-private-key-file-mac-key" + password))
	return cipherKey[:32], make([]byte, aes.BlockSize), mac[:]
}

// derive3 makes the keys of version 3 with Argon2.
func (k *ppk) derive3(pw passwords) (cipherKey, iv, macKey []byte, err error) {
	if !k.encrypted() {
		return nil, nil, nil, nil
	}
	const limit = maxMemory >> 10
	memory, err1 := strconv.ParseUint(k.fields["Argon2-Memory"], 10, 32)
	passes, err2 := strconv.ParseUint(k.fields["Argon2-Passes"], 10, 32)
	threads, err3 := strconv.ParseUint(k.fields["Argon2-Parallelism"], 10, 8)
	salt, err4 := hex.DecodeString(k.fields["Argon2-Salt"])
	if err := stderrors.Join(err1, err2, err3, err4); err != nil {
		return nil, nil, nil, err
	}
	if memory > limit || passes < 1 || threads < 1 {
		return nil, nil, nil, stderrors.New("the Argon2 settings are out of range")
	}
	// Argon2 takes at least eight blocks for each thread, whatever the file says.
	if err := pw.work.add(int64(max(memory, 8*threads)), argon2KiB*int64(passes)); err != nil {
		return nil, nil, nil, err
	}
	derive := argon2.IDKey
	switch k.fields["Key-Derivation"] {
	case "Argon2id":
	case "Argon2i":
		derive = argon2.Key
	default:
		return nil, nil, nil, fmt.Errorf("the key derivation %q is not supported; save the key with Argon2id",
			k.fields["Key-Derivation"])
	}
	all := derive([]byte(pw.key), salt, uint32(passes), uint32(memory), uint8(threads), 80)
	return all[:32], all[32:48], all[48:], nil
}

// sum is the MAC over everything that matters in the file.
func (k *ppk) sum(newHash func() hash.Hash, key, plain []byte) []byte {
	h := hmac.New(newHash, key)
	for _, part := range [][]byte{
		[]byte(k.algorithm), []byte(k.fields["Encryption"]), []byte(k.fields["Comment"]), k.public, plain,
	} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

// privateKey makes a key of its private numbers and its public half.
func (k *ppk) privateKey(plain []byte, public crypto.PublicKey, w *work) (crypto.PrivateKey, error) {
	r := sshReader(plain)
	first, ok := r.next()
	if !ok {
		return nil, errPPK
	}
	var key crypto.PrivateKey
	var err error
	switch p := public.(type) {
	case *rsa.PublicKey:
		prime1, _ := r.next()
		prime2, _ := r.next()
		key, err = rsaNumbers{
			n: p.N, e: big.NewInt(int64(p.E)), d: new(big.Int).SetBytes(first),
			p: new(big.Int).SetBytes(prime1), q: new(big.Int).SetBytes(prime2),
		}.privateKey(w)
	case *dsa.PublicKey:
		key, err = newDSA(p.P, p.Q, p.G, new(big.Int).SetBytes(first), w)
	case *ecdsa.PublicKey:
		key, err = ecPrivate(p.Curve, first)
	case ed25519.PublicKey:
		key, err = ed25519Private(first)
	case opaquePublic:
		key = ed448Private(first, p)
	default:
		err = fmt.Errorf("keys of type %q are not supported", k.algorithm)
	}
	if err == nil && !samePublic(publicOf(key), public) {
		err = errNumbers
	}
	return key, err
}
