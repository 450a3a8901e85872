package certificate

import (
	"encoding/asn1"
	stderrors "errors"
	"fmt"
)

// contentInfo and signedData are those of PKCS#7, RFC 2315, down to the certificates; what follows them, revocation
// lists and signatures, is of no interest.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type signedData struct {
	Version      int
	Digests      asn1.RawValue `asn1:"set"`
	Content      asn1.RawValue
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Lists        asn1.RawValue `asn1:"optional,tag:1"`
	Signers      asn1.RawValue `asn1:"set"`
}

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// loadP7B reads the certificates of a PKCS#7 file, PEM or DER or BER.
func loadP7B(data []byte, _ passwords) ([]entry, error) {
	data, err := derOf(unPEM(data))
	if err != nil {
		return nil, err
	}
	var info contentInfo
	if err := unmarshal(data, &info); err != nil {
		return nil, err
	}
	if !info.Type.Equal(oidSignedData) {
		return nil, stderrors.New("the PKCS#7 data has no certificates: its type is " + info.Type.String())
	}
	var signed signedData
	if err := unmarshal(info.Content.Bytes, &signed); err != nil {
		return nil, err
	}
	var found []entry
	for rest := signed.Certificates.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &one); err != nil {
			return nil, err
		}
		if one.Class != asn1.ClassUniversal || one.Tag != asn1.TagSequence {
			continue // an attribute certificate, or one of PKCS#6
		}
		found = append(found, certEntry(one.FullBytes, fmt.Sprintf("certificate %d", len(found)+1)))
	}
	return found, nil
}
