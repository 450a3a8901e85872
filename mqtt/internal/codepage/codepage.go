// Package codepage turns text into the bytes of a code page and back, for the setting CodePage. The tables are those of
// golang.org/x/text/encoding; this package adds the numbers, what the pages of Windows have beyond those tables, and
// the pages that are missing there, from the tables of glibc's iconv and perl's Encode (see gen) or from their
// standards.
package codepage

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
)

// Status says how well a code page is served.
type Status uint8

// The states of a code page.
const (
	// No: the page has a number and a name, but nothing serves it; Lookup fails.
	No Status = iota
	// Near: the page is served with the differences that Info.Note tells.
	Near
	// Yes: the page is served.
	Yes
)

// String returns "no", "near" or "yes".
func (s Status) String() string {
	return [...]string{"no", "near", "yes"}[s]
}

// Info describes a code page, served or not.
type Info struct {
	Number int64
	Name   string
	Status Status
	// Note tells in a sentence what to know about the page, usually where it differs; often empty.
	Note string
}

// Pages yields every known code page in the order of the numbers.
func Pages() iter.Seq[Info] {
	return slices.Values(pages[:])
}

// find returns the row of a number, nil if the number is unknown.
func find(number int64) *Info {
	i, ok := slices.BinarySearchFunc(pages[:], number, func(p Info, number int64) int {
		return cmp.Compare(p.Number, number)
	})
	if !ok {
		return nil
	}
	return &pages[i]
}

// Page is a code page that is served. It does not change and may be used from any goroutine.
type Page struct {
	info *Info
	// codec is nil for the identity.
	codec codec
}

// Lookup returns the page with a number of Windows or Apple. Error 434: nothing serves it.
func Lookup(number int64) (*Page, error) {
	info := find(number)
	if info == nil {
		return nil, notServed(fmt.Sprint(number))
	}
	c, ok := codecOf(number)
	if !ok {
		return nil, notServed(fmt.Sprintf("%d (%s)", number, info.Name))
	}
	return &Page{info, c}, nil
}

func notServed(page string) error {
	return errors.New(errors.ErrCodePage,
		"Nothing serves code page "+page+". Set CodePage to one that is served, such as 65001 for UTF-8.")
}

// Number returns the number that Lookup was given.
func (p *Page) Number() int64 { return p.info.Number }

// Name returns the name of the page, such as "Central European".
func (p *Page) Name() string { return p.info.Name }

// Identity reports whether the page is UTF-8, so that text and bytes are the same. The caller then needs neither Encode
// nor Decode, which copy.
func (p *Page) Identity() bool { return p.codec == nil }

// Encode returns text in the bytes of the page; the caller owns them. Empty text gives no bytes, also for a page that
// begins with a byte order mark. What the page cannot hold is never replaced: error 434 names the first such character,
// or the first byte that is not UTF-8, and its place. On the identity any text passes.
func (p *Page) Encode(text string) ([]byte, error) {
	if p.codec == nil {
		return []byte(text), nil
	}
	if text == "" {
		return []byte{}, nil
	}
	valid := validPrefix(text)
	b, n := p.codec.encode(text[:valid])
	switch {
	case n < valid:
		char, _ := utf8.DecodeRuneInString(text[n:])
		return nil, errors.New(errors.ErrCodePage, fmt.Sprintf(
			"Code page %d (%s) lacks %#U at byte %d of the text; remove it or set another CodePage.", p.Number(),
			p.Name(), char, n))
	case valid < len(text):
		return nil, errors.New(errors.ErrCodePage, fmt.Sprintf(
			"The text is not UTF-8 at byte %d; code page %d (%s) takes valid text only.", valid, p.Number(), p.Name()))
	}
	return b, nil
}

// Decode returns the text that b holds in the bytes of the page. It never fails: bytes that the page does not define
// become U+FFFD. On the identity any bytes pass.
func (p *Page) Decode(b []byte) string {
	if p.codec == nil {
		return string(b)
	}
	return p.codec.decode(b)
}

// validPrefix returns how many bytes of text come before the first that is not UTF-8.
func validPrefix(text string) int {
	for i, char := range text {
		if char == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}
