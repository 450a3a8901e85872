package certificate

import (
	"encoding/asn1"
	"strings"
)

// outline is the shape of a value of ASN.1: one letter for each value in a SEQUENCE, with I for INTEGER, O for OCTET
// STRING, B for BIT STRING, D for OBJECT IDENTIFIER, S for SEQUENCE, and _ for everything else. It is "" for anything
// but a SEQUENCE.
//
// The forms of keys differ in their outlines. A parser cannot tell them apart: encoding/asn1 passes over what follows
// the last field of a struct, so that nine numbers of RSA make the six of DSA.
type outline string

var outlineLetters = map[int]byte{
	asn1.TagInteger: 'I', asn1.TagOctetString: 'O', asn1.TagBitString: 'B', asn1.TagOID: 'D', asn1.TagSequence: 'S',
}

// outlineOf returns the outline of the first value in data. What follows that value is left to the parsers.
func outlineOf(data []byte) outline {
	var letters []byte
	for _, child := range children(data) {
		letter, known := outlineLetters[child.Tag]
		if !known || child.Class != asn1.ClassUniversal {
			letter = '_'
		}
		letters = append(letters, letter)
	}
	return outline(letters)
}

// maxChildren bounds what is looked at to tell one form from another.
const maxChildren = 12

// children returns the first values in the SEQUENCE at the front of data.
func children(data []byte) []asn1.RawValue {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(data, &outer); err != nil || outer.Class != asn1.ClassUniversal ||
		outer.Tag != asn1.TagSequence {
		return nil
	}
	var list []asn1.RawValue
	for rest := outer.Bytes; len(rest) > 0 && len(list) < maxChildren; {
		var child asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &child); err != nil {
			return nil
		}
		list = append(list, child)
	}
	return list
}

// The outlines of private keys. Those that end in a star may go on.
const (
	outlinePKCS1 outline = "IIIIIIIII" // RSAPrivateKey of RFC 8017: version, n, e, d, p, q and three that speed it up
	outlineDSA   outline = "IIIIII"    // OpenSSL's own: version, p, q, g, y, x
	outlinePKCS8 outline = "ISO"       // * OneAsymmetricKey of RFC 5958
	outlineSEC1  outline = "IO"        // * ECPrivateKey of RFC 5915
)

func (o outline) begins(with outline) bool { return strings.HasPrefix(string(o), string(with)) }

// isPKCS1 reports whether the outline is that of an RSA key, which with more than two primes has a list at its end.
func (o outline) isPKCS1() bool { return o == outlinePKCS1 || o == outlinePKCS1+"S" }
