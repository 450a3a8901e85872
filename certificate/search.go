package certificate

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// thumbprintPrefix starts a subject that is the hash of a certificate.
const thumbprintPrefix = "Thumbprint="

// aliasPrefixes start a subject that is the name of an entry: the alias of a Java key store, the friendly name in a
// PFX.
var aliasPrefixes = []string{"Alias=", "FriendlyName="}

// matcher picks one of a list of entries; nil if none of them is meant.
type matcher func([]entry) *entry

// newMatcher returns the search that a subject asks for.
func newMatcher(subject string) (matcher, error) {
	if subject == "*" {
		return anyEntry, nil
	}
	if n := len(thumbprintPrefix); len(subject) >= n && strings.EqualFold(subject[:n], thumbprintPrefix) {
		return newThumbprintMatcher(subject[n:])
	}
	for _, prefix := range aliasPrefixes {
		if n := len(prefix); len(subject) >= n && strings.EqualFold(subject[:n], prefix) {
			return func(list []entry) *entry { return byName(list, subject[n:]) }, nil
		}
	}
	return func(list []entry) *entry { return bySubject(list, subject) }, nil
}

// anyEntry prefers an entry with a key, even one whose key is locked: the search shall say so.
func anyEntry(list []entry) *entry {
	for i := range list {
		if list[i].hasKey() {
			return &list[i]
		}
	}
	if len(list) > 0 {
		return &list[0]
	}
	return nil
}

// hasKey reports whether there is a key, locked or not.
func (e *entry) hasKey() bool { return e.key != nil || e.locked != nil }

// byName finds an entry by what the store calls it.
func byName(list []entry, wanted string) *entry {
	i := slices.IndexFunc(list, func(e entry) bool { return e.name != "" && strings.EqualFold(e.name, wanted) })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// bySubject prefers a subject that equals the wanted one to a name of the store that does, and this to a subject that
// contains it.
func bySubject(list []entry, wanted string) *entry {
	var part *entry
	lower := strings.ToLower(wanted)
	for i := range list {
		subject := list[i].title()
		if strings.EqualFold(subject, wanted) {
			return &list[i]
		}
		if part == nil && strings.Contains(strings.ToLower(subject), lower) {
			part = &list[i]
		}
	}
	if named := byName(list, wanted); named != nil {
		return named
	}
	return part
}

// title is what Subject becomes when the entry is selected.
func (e *entry) title() string {
	switch {
	case e.cert != nil:
		return subjectName(e.cert)
	case e.refused != nil:
		return e.refused.name
	}
	return e.name
}

// newThumbprintMatcher tells the kind of hash by its length.
func newThumbprintMatcher(text string) (matcher, error) {
	wanted, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "", "\t", "").Replace(text))
	var sum func(der []byte) string
	switch len(wanted) {
	case md5.Size:
		sum = func(der []byte) string { h := md5.Sum(der); return string(h[:]) }
	case sha1.Size:
		sum = func(der []byte) string { h := sha1.Sum(der); return string(h[:]) }
	case sha256.Size:
		sum = func(der []byte) string { h := sha256.Sum256(der); return string(h[:]) }
	}
	if err != nil || sum == nil {
		return nil, errors.New(errors.ErrInvalidArgument, "The thumbprint "+strconv.Quote(text)+
			" is not an MD5, SHA-1 or SHA-256 hash of 32, 40 or 64 hexadecimal digits.")
	}
	return func(list []entry) *entry {
		for i := range list {
			if der := list[i].der(); der != nil && sum(der) == string(wanted) {
				return &list[i]
			}
		}
		return nil
	}, nil
}

// der is the encoded certificate, nil if there is none.
func (e *entry) der() []byte {
	switch {
	case e.cert != nil:
		return e.cert.Raw
	case e.refused != nil:
		return e.refused.der
	}
	return nil
}

// choose selects the entry that a search finds: one with a certificate, else a key without one.
func (c *Certificate) choose(s store, match matcher, subject string) error {
	e := match(s.certs)
	if r := match(s.refused); r != nil && (e == nil || subject == "*" && r.hasKey() && !e.hasKey()) {
		c.subject, c.found = "", entry{}
		return unusableCert(r.refused)
	}
	if e == nil {
		e = match(s.keys)
	}
	if e == nil {
		c.subject, c.found = "", entry{}
		if len(s.refused) > 0 {
			return errors.Wrap(errors.ErrCertificateNotFound, "The store has no usable certificate for the subject "+
				strconv.Quote(subject), refusals(s.refused))
		}
		if c.storeType == CstPKCS11 && len(s.certs)+len(s.keys) == 0 {
			return errors.New(errors.ErrCertificateNotFound, "The token has neither a certificate nor a private key "+
				"that the PKCS#11 URI selects; check its object and id.")
		}
		return errors.New(errors.ErrCertificateNotFound, "The store has no certificate for the subject "+
			strconv.Quote(subject)+`; "*" takes any.`)
	}
	if err := c.take(s, *e); err != nil {
		return err
	}
	c.subject = e.title()
	return nil
}

// attach selects a certificate that was given from outside, with the key and the chain that the store has for it.
func (c *Certificate) attach(s store, cert *x509.Certificate) error {
	public := publicOfCert(cert)
	given := entry{cert: cert}
	for _, list := range [][]entry{s.certs, s.keys} {
		for i := range list {
			e := &list[i]
			if given.key == nil && samePublic(public, e.publicKey()) {
				given.key, given.locked, given.container = e.key, e.locked, e.container
			}
		}
	}
	if err := c.take(s, given); err != nil {
		return err
	}
	c.subject = ""
	if given.key != nil {
		c.subject = given.title()
	}
	return nil
}

// take makes e the selected entry, unless a key that it needs is locked.
func (c *Certificate) take(s store, e entry) error {
	if e.key == nil {
		if e.locked == nil {
			e.locked = s.lockedKey()
		}
		if e.locked != nil {
			return e.locked
		}
	}
	e.chain = s.chain(e.cert)
	c.found = e
	return nil
}
