package certificate

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"strconv"
	"strings"
	"time"
)

// dateLayout writes dates as the documentation does: 23-Jan-2000 15:00:00.
const dateLayout = "02-Jan-2006 15:04:05"

// text returns a field of the selected certificate, "" if there is none.
func (c *Certificate) text(field func(*x509.Certificate) string) string {
	if c.found.cert == nil {
		return ""
	}
	return field(c.found.cert)
}

// EffectiveDate returns the first moment at which the certificate is valid, in local time: "23-Jan-2000 15:00:00".
func (c *Certificate) EffectiveDate() string {
	return c.text(func(x *x509.Certificate) string { return date(x.NotBefore) })
}

// ExpirationDate returns the last moment at which the certificate is valid, in the form of EffectiveDate.
func (c *Certificate) ExpirationDate() string {
	return c.text(func(x *x509.Certificate) string { return date(x.NotAfter) })
}

func date(t time.Time) string { return t.Local().Format(dateLayout) }

// Encoded returns the certificate in PEM.
func (c *Certificate) Encoded() string {
	return c.text(func(x *x509.Certificate) string { return armor("CERTIFICATE", x.Raw) })
}

// EncodedB returns Encoded as bytes.
func (c *Certificate) EncodedB() []byte { return []byte(c.Encoded()) }

// Issuer returns the distinguished name of the issuer, in the form of Subject.
func (c *Certificate) Issuer() string { return c.text(issuerName) }

// SerialNumber returns the serial number in upper-case hexadecimal digits, two for each byte.
func (c *Certificate) SerialNumber() string {
	return c.text(func(x *x509.Certificate) string {
		number := x.SerialNumber.Bytes()
		if len(number) == 0 {
			number = []byte{0}
		}
		return upperHex(number)
	})
}

// SignatureAlgorithm returns the name of the algorithm the certificate is signed with, such as "SHA256-RSA" or
// "ECDSA-SHA256", or its object identifier if it has no name in Go.
func (c *Certificate) SignatureAlgorithm() string {
	return c.text(func(x *x509.Certificate) string {
		if x.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
			return x.SignatureAlgorithm.String()
		}
		var outer struct {
			Certificate asn1.RawValue
			Algorithm   algorithmIdentifier
			Signature   asn1.BitString
		}
		if _, err := asn1.Unmarshal(x.Raw, &outer); err != nil {
			return ""
		}
		return outer.Algorithm.Algorithm.String()
	})
}

// SubjectAltNames returns the alternative names, joined by commas: DNS names, IP addresses, e-mail addresses, URIs.
func (c *Certificate) SubjectAltNames() string {
	return c.text(func(x *x509.Certificate) string {
		names := append([]string(nil), x.DNSNames...)
		for _, ip := range x.IPAddresses {
			names = append(names, ip.String())
		}
		names = append(names, x.EmailAddresses...)
		for _, uri := range x.URIs {
			names = append(names, uri.String())
		}
		return strings.Join(names, ",")
	})
}

// Version returns the version of the certificate's format: "V1", "V2" or "V3".
func (c *Certificate) Version() string {
	return c.text(func(x *x509.Certificate) string { return "V" + strconv.Itoa(x.Version) })
}

// ThumbprintMD5 returns the MD5 hash of the certificate in upper-case hexadecimal digits.
func (c *Certificate) ThumbprintMD5() string {
	return c.text(func(x *x509.Certificate) string { sum := md5.Sum(x.Raw); return upperHex(sum[:]) })
}

// ThumbprintSHA1 returns the SHA-1 hash of the certificate in upper-case hexadecimal digits.
func (c *Certificate) ThumbprintSHA1() string {
	return c.text(func(x *x509.Certificate) string { sum := sha1.Sum(x.Raw); return upperHex(sum[:]) })
}

// ThumbprintSHA256 returns the SHA-256 hash of the certificate in upper-case hexadecimal digits.
func (c *Certificate) ThumbprintSHA256() string {
	return c.text(func(x *x509.Certificate) string { sum := sha256.Sum256(x.Raw); return upperHex(sum[:]) })
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func armor(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}
