package certificate

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	stderrors "errors"
)

// unPEM returns the bytes of the first PEM block, or data itself if it is not in PEM.
func unPEM(data []byte) []byte {
	if !bytes.Contains(data, pemMark) {
		return data
	}
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes
	}
	return data
}

// maxDepth bounds the nesting of BER, which a reader has to follow by recursion. PKCS#12 has about 15 levels.
const maxDepth = 64

var errBER = stderrors.New("the ASN.1 data is damaged")

// derOf turns BER, as older programs write PKCS#7 and PKCS#12, into DER, the only form that Go reads: it counts out
// indefinite lengths and joins strings that are in pieces. DER is returned as it is.
func derOf(data []byte) ([]byte, error) {
	if !isBER(data, 0) {
		return data, nil
	}
	der, rest, err := appendDER(nil, data, 0)
	if err == nil && len(rest) > 0 {
		err = errBER
	}
	return der, err
}

// isBER reports whether there is an indefinite length or a string in pieces. It looks only where these can stand.
func isBER(data []byte, depth int) bool {
	for len(data) > 0 {
		h, ok := readHeader(data)
		if !ok || depth > maxDepth {
			return false
		}
		if h.indefinite || h.pieces() {
			return true
		}
		content := data[h.size : h.size+h.length]
		if h.constructed() && isBER(content, depth+1) {
			return true
		}
		data = data[h.size+h.length:]
	}
	return false
}

// header is the start of a value.
type header struct {
	first      byte // class, form and tag
	size       int  // of the header itself
	length     int  // of the contents, 0 if indefinite
	indefinite bool
}

func (h header) constructed() bool { return h.first&0x20 != 0 }

// pieces reports whether the value is an OCTET STRING in pieces; no other string has them in the formats of interest.
func (h header) pieces() bool { return h.first == 0x20|asn1.TagOctetString }

// readHeader reads the tag, which has one byte in all formats of interest, and the length; false if data is no value
// or not all of it.
func readHeader(data []byte) (header, bool) {
	if len(data) < 2 || data[0]&0x1F == 0x1F {
		return header{}, false
	}
	h := header{first: data[0], size: 2, length: int(data[1])}
	if n := h.length - 0x80; n == 0 {
		h.indefinite, h.length = true, 0
		return h, h.constructed()
	} else if n > 0 {
		if n > 4 || len(data) < 2+n {
			return header{}, false
		}
		length := uint64(0)
		for _, b := range data[2 : 2+n] {
			length = length<<8 | uint64(b)
		}
		if length > maxStore {
			return header{}, false
		}
		h.size, h.length = 2+n, int(length)
	}
	return h, h.length <= len(data)-h.size
}

// appendDER appends the value at the front of data to dst and returns what is behind it.
func appendDER(dst, data []byte, depth int) (der, rest []byte, err error) {
	h, ok := readHeader(data)
	if !ok || depth > maxDepth {
		return nil, nil, errBER
	}
	content, rest := data[h.size:], []byte(nil)
	if !h.indefinite {
		content, rest = content[:h.length], content[h.length:]
	}
	if !h.constructed() {
		return append(dst, data[:h.size+h.length]...), rest, nil
	}
	var inner []byte
	for {
		if h.indefinite && len(content) >= 2 && content[0] == 0 && content[1] == 0 {
			rest = content[2:]
			break
		}
		if len(content) == 0 {
			if h.indefinite {
				return nil, nil, errBER
			}
			break
		}
		start := len(inner)
		if inner, content, err = appendDER(inner, content, depth+1); err != nil {
			return nil, nil, err
		}
		if h.pieces() { // of a piece only the contents are kept
			piece, ok := readHeader(inner[start:])
			if !ok || piece.first != asn1.TagOctetString {
				return nil, nil, errBER
			}
			inner = append(inner[:start], inner[start+piece.size:]...)
		}
	}
	first := h.first
	if h.pieces() {
		first = asn1.TagOctetString
	}
	return append(appendHeader(dst, first, len(inner)), inner...), rest, nil
}

// appendHeader appends a tag and a length in the form of DER.
func appendHeader(dst []byte, first byte, length int) []byte {
	dst = append(dst, first)
	if length < 0x80 {
		return append(dst, byte(length))
	}
	n := 1
	for length>>(8*n) > 0 {
		n++
	}
	dst = append(dst, 0x80|byte(n))
	for n--; n >= 0; n-- {
		dst = append(dst, byte(length>>(8*n)))
	}
	return dst
}
