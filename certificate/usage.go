package certificate

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
)

// usages are the purposes of a key with the documented names and flags, in the order of the flags.
var usages = []struct {
	usage x509.KeyUsage
	flag  int
	name  string
}{
	{x509.KeyUsageDigitalSignature, 0x80, "Digital Signature"},
	{x509.KeyUsageContentCommitment, 0x40, "Non-Repudiation"},
	{x509.KeyUsageKeyEncipherment, 0x20, "Key Encipherment"},
	{x509.KeyUsageDataEncipherment, 0x10, "Data Encipherment"},
	{x509.KeyUsageKeyAgreement, 0x08, "Key Agreement"},
	{x509.KeyUsageCertSign, 0x04, "Certificate Signing"},
	{x509.KeyUsageCRLSign, 0x02, "CRL Signing"},
	{x509.KeyUsageEncipherOnly, 0x01, "Encipher Only"},
}

// Usage returns the names of the purposes that UsageFlags tells, joined by commas.
func (c *Certificate) Usage() string {
	flags := c.UsageFlags()
	var names []string
	for _, u := range usages {
		if flags&u.flag != 0 {
			names = append(names, u.name)
		}
	}
	return strings.Join(names, ",")
}

// UsageFlags returns what the key may be used for, the sum of
//
//	0x80 Digital Signature   0x08 Key Agreement
//	0x40 Non-Repudiation     0x04 Certificate Signing
//	0x20 Key Encipherment    0x02 CRL Signing
//	0x10 Data Encipherment   0x01 Encipher Only
//
// It is 0 if the certificate does not restrict the use. "Decipher only" has no flag.
func (c *Certificate) UsageFlags() int {
	flags := 0
	if x := c.found.cert; x != nil {
		for _, u := range usages {
			if x.KeyUsage&u.usage != 0 {
				flags |= u.flag
			}
		}
	}
	return flags
}

// ExtendedKeyUsage returns the object identifiers of the extended key usage, joined by commas, such as
// "1.3.6.1.5.5.7.3.2" for the authentication of clients.
func (c *Certificate) ExtendedKeyUsage() string {
	return c.text(func(x *x509.Certificate) string {
		var names []string
		for _, extension := range x.Extensions {
			var identifiers []asn1.ObjectIdentifier
			if !extension.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) {
				continue
			}
			if _, err := asn1.Unmarshal(extension.Value, &identifiers); err != nil {
				continue
			}
			for _, identifier := range identifiers {
				names = append(names, identifier.String())
			}
		}
		return strings.Join(names, ",")
	})
}
