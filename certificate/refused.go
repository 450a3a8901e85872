package certificate

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// A refusedCert is a certificate that crypto/x509 does not take, for example because its serial number is negative. A
// store may have one among others that are wanted, so that it is passed over and told.
type refusedCert struct {
	where string // in the store, such as "PEM block 2 (CERTIFICATE)"
	name  string // its subject, "" if not even that can be read
	der   []byte
	spki  []byte // its SubjectPublicKeyInfo, nil if that cannot be read
	cause error
}

func (r *refusedCert) Error() string {
	text := r.where
	if r.name != "" {
		text += " " + strconv.Quote(r.name)
	}
	return text + ": " + r.cause.Error()
}

func (r *refusedCert) Unwrap() error { return r.cause }

// certEntry is the entry of a certificate in DER, which where finds in the store.
func certEntry(der []byte, where string) entry {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return entry{refused: newRefusedCert(der, where, err)}
	}
	return entry{cert: cert}
}

// newRefusedCert reads of a certificate what can be read without crypto/x509.
func newRefusedCert(der []byte, where string, cause error) *refusedCert {
	r := &refusedCert{where: where, der: der, cause: cause}
	outer := children(der)
	if len(outer) == 0 {
		return r
	}
	fields := children(outer[0].FullBytes) // of TBSCertificate, RFC 5280
	if len(fields) > 0 && fields[0].Class == asn1.ClassContextSpecific {
		fields = fields[1:] // the version
	}
	const subject, key = 4, 5
	if len(fields) <= key {
		return r
	}
	var rdn pkix.RDNSequence
	if unmarshal(fields[subject].FullBytes, &rdn) == nil {
		var name pkix.Name
		name.FillFromRDNSequence(&rdn)
		r.name = distinguishedName(name)
	}
	r.spki = fields[key].FullBytes
	return r
}

// isCertificate tells a certificate from other values of ASN.1 by its outline.
func isCertificate(der []byte) bool {
	outer := children(der)
	if outlineOf(der) != "SSB" {
		return false
	}
	const fields outline = "ISSSSS" // serial number, algorithm, issuer, validity, subject and key
	inner := outlineOf(outer[0].FullBytes)
	return inner.begins(fields) || inner.begins("_"+fields)
}

// refusals joins what a search has passed over, for the text of an error.
func refusals(list []entry) error {
	if len(list) == 0 {
		return nil
	}
	const most = 3
	var text []string
	for _, e := range list[:min(len(list), most)] {
		text = append(text, e.refused.Error())
	}
	if more := len(list) - most; more > 0 {
		text = append(text, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("passed over: %s", strings.Join(text, "; "))
}

// PassedOver returns the certificates of the store that the last search could not use because crypto/x509 does not
// take them, for example for a negative serial number. Each error says which certificate it is, and why. It is empty
// in nearly all cases; a component tells them in its Log.
func (c *Certificate) PassedOver() []error { return c.passedOver }

// unusableCert is the error of a search that only a refused certificate answers.
func unusableCert(r *refusedCert) error {
	return errors.Wrap(errors.ErrCertificateStore, "The certificate that is meant cannot be used", r)
}

// owner gives a lone key to the refused certificate that it belongs to.
func (k *entry) owner(refused []entry) *entry {
	if len(refused) == 0 || k.public == nil {
		return nil
	}
	spki := marshalPublic(k.public)
	i := slices.IndexFunc(refused, func(e entry) bool { return len(spki) > 0 && bytes.Equal(spki, e.refused.spki) })
	if i < 0 {
		return nil
	}
	return &refused[i]
}
