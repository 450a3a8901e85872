package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"slices"
	"strings"
)

// attributeNames are the short names of the parts of a distinguished name, as the documentation and the usual tools
// write them.
var attributeNames = map[string]string{
	"2.5.4.3":                    "CN",
	"2.5.4.4":                    "SN",
	"2.5.4.5":                    "SERIALNUMBER",
	"2.5.4.6":                    "C",
	"2.5.4.7":                    "L",
	"2.5.4.8":                    "S",
	"2.5.4.9":                    "STREET",
	"2.5.4.10":                   "O",
	"2.5.4.11":                   "OU",
	"2.5.4.12":                   "T",
	"2.5.4.42":                   "G",
	"2.5.4.43":                   "I",
	"0.9.2342.19200300.100.1.1":  "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1":       "E",
}

func subjectName(cert *x509.Certificate) string { return distinguishedName(cert.Subject) }
func issuerName(cert *x509.Certificate) string  { return distinguishedName(cert.Issuer) }

// distinguishedName writes a name in the documented form, the most specific part, which certificates have last, first.
// pkix.Name.String writes another form.
func distinguishedName(name pkix.Name) string {
	parts := make([]string, 0, len(name.Names))
	for _, attribute := range slices.Backward(name.Names) {
		key := attribute.Type.String()
		if short, ok := attributeNames[key]; ok {
			key = short
		}
		parts = append(parts, key+"="+quoteValue(fmt.Sprint(attribute.Value)))
	}
	return strings.Join(parts, ", ")
}

// quoteValue puts a value into double quotes if it could be misread without, and doubles the quotes inside.
func quoteValue(value string) string {
	if value == strings.TrimSpace(value) && !strings.ContainsAny(value, ",\"") {
		return value
	}
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}
