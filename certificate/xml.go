package certificate

import (
	"bytes"
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"crypto/elliptic"
	"encoding/base64"
	"encoding/xml"
	stderrors "errors"
	"fmt"
	"io"
	"math/big"
	"strings"
)

// loadXML reads the keys and certificates of an XML document, wherever they stand in it: RSAKeyValue, DSAKeyValue,
// ECKeyValue and X509Certificate of XML Signature, and the private numbers that .NET adds to the first two. Namespaces
// are not looked at.
func loadXML(data []byte, pw passwords) ([]entry, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var found []entry
	for {
		token, err := decoder.Token()
		if stderrors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		e, ok, err := xmlEntry(decoder, start, pw.work)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", start.Name.Local, err)
		}
		if ok {
			found = append(found, e)
		}
	}
}

// xmlEntry reads the element that start begins; false if it is none of the known ones.
func xmlEntry(decoder *xml.Decoder, start xml.StartElement, w *work) (e entry, known bool, err error) {
	switch start.Name.Local {
	case "X509Certificate":
		var der xmlBytes
		if err = decoder.DecodeElement(&der, &start); err == nil {
			e = certEntry(der, "X509Certificate")
		}
	case "RSAKeyValue":
		e, err = decodeXML(decoder, start, new(xmlRSA), w)
	case "DSAKeyValue":
		e, err = decodeXML(decoder, start, new(xmlDSA), w)
	case "ECKeyValue":
		e, err = decodeXML(decoder, start, new(xmlEC), w)
	default:
		return entry{}, false, nil
	}
	return e, true, err
}

// xmlKey is the contents of an element with the numbers of a key; the private key is nil if it has only public ones.
type xmlKey interface {
	keys(w *work) (crypto.PublicKey, crypto.PrivateKey, error)
}

func decodeXML(decoder *xml.Decoder, start xml.StartElement, k xmlKey, w *work) (entry, error) {
	if err := decoder.DecodeElement(k, &start); err != nil {
		return entry{}, err
	}
	public, private, err := k.keys(w)
	return entry{public: public, key: private}, err
}

// xmlBytes is Base64 with white space in it.
type xmlBytes []byte

func (b *xmlBytes) UnmarshalText(text []byte) error {
	decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	*b = decoded
	return err
}

func (b xmlBytes) number() *big.Int {
	if len(b) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

type xmlRSA struct{ Modulus, Exponent, P, Q, D xmlBytes }

func (k *xmlRSA) keys(w *work) (crypto.PublicKey, crypto.PrivateKey, error) {
	numbers := rsaNumbers{k.Modulus.number(), k.Exponent.number(), k.D.number(), k.P.number(), k.Q.number()}
	public, err := numbers.publicKey()
	if err != nil || numbers.d == nil {
		return public, nil, err
	}
	private, err := numbers.privateKey(w)
	return public, private, err
}

type xmlDSA struct{ P, Q, G, Y, X xmlBytes }

func (k *xmlDSA) keys(w *work) (crypto.PublicKey, crypto.PrivateKey, error) {
	public := new(dsa.PublicKey)
	public.P, public.Q, public.G, public.Y = k.P.number(), k.Q.number(), k.G.number(), k.Y.number()
	if public.P == nil || public.Q == nil || public.G == nil || public.Y == nil {
		return nil, nil, errNumbers
	}
	if len(k.X) == 0 {
		return public, nil, nil
	}
	private, err := newDSA(public.P, public.Q, public.G, k.X.number(), w)
	if err == nil && private.Y.Cmp(public.Y) != 0 {
		err = errNumbers
	}
	return public, private, err
}

type xmlEC struct {
	Curve struct {
		URI string `xml:"URI,attr"`
	} `xml:"NamedCurve"`
	PublicKey xmlBytes
}

func (k *xmlEC) keys(_ *work) (crypto.PublicKey, crypto.PrivateKey, error) {
	var curve elliptic.Curve
	switch k.Curve.URI {
	case "urn:oid:1.2.840.10045.3.1.7":
		curve = elliptic.P256()
	case "urn:oid:1.3.132.0.34":
		curve = elliptic.P384()
	case "urn:oid:1.3.132.0.35":
		curve = elliptic.P521()
	default:
		return nil, nil, fmt.Errorf("the curve %q is not supported", k.Curve.URI)
	}
	public, err := ecPoint(curve, k.PublicKey)
	return public, nil, err
}
