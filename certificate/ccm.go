package certificate

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	stderrors "errors"
)

// decryptCCM undoes the CCM mode of RFC 3610, which Go lacks: the data is encrypted with a counter and authenticated
// by a CBC-MAC. There is no additional data. The tag is the end of data.
func decryptCCM(block cipher.Block, nonce, data []byte, tagLength int) ([]byte, error) {
	size := 15 - len(nonce) // of the field with the length
	if size < 2 || size > 8 || tagLength < 4 || tagLength > 16 || tagLength%2 != 0 || len(data) < tagLength ||
		size < 8 && uint64(len(data)-tagLength)>>(8*size) > 0 {
		return nil, stderrors.New("the CCM settings are out of range")
	}
	// The first counter encrypts the tag, the following ones the data.
	counter := make([]byte, 16)
	counter[0] = byte(size - 1)
	copy(counter[1:], nonce)
	stream := cipher.NewCTR(block, counter)
	tag := make([]byte, 16)
	copy(tag, data[len(data)-tagLength:])
	stream.XORKeyStream(tag, tag)
	plain := make([]byte, len(data)-tagLength)
	stream.XORKeyStream(plain, data[:len(plain)])

	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(plain)))
	mac := make([]byte, 16)
	mac[0] = byte((tagLength-2)/2<<3 | size - 1)
	copy(mac[1:], nonce)
	copy(mac[16-size:], length[8-size:])
	block.Encrypt(mac, mac)
	for rest := plain; len(rest) > 0; {
		n := min(len(rest), 16)
		subtle.XORBytes(mac[:n], mac[:n], rest[:n])
		block.Encrypt(mac, mac)
		rest = rest[n:]
	}
	if subtle.ConstantTimeCompare(mac[:tagLength], tag[:tagLength]) == 0 {
		return nil, errPassword
	}
	return plain, nil
}
