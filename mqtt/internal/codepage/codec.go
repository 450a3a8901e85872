package codepage

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// codec converts between text and the bytes of a page. Its methods may be called from any goroutine.
type codec interface {
	// encode returns the bytes of text, which is valid UTF-8, and its length; if the page lacks a character, n is the
	// position of the first such character.
	encode(text string) (b []byte, n int)
	// decode returns the text of b, with U+FFFD in the place of undefined bytes.
	decode(b []byte) string
}

// multi is a page that an encoding of golang.org/x/text serves as it is. Encoders and decoders are made for each call,
// because some have a state.
type multi struct {
	encoding.Encoding
}

func (m multi) encode(text string) ([]byte, int) {
	b, n, _ := transform.Append(m.NewEncoder(), nil, []byte(text)) // an encoder stops before what it lacks
	return b, n
}

func (m multi) decode(b []byte) string {
	text, _, err := transform.Append(m.NewDecoder(), nil, b)
	if err != nil { // b ends within a byte order mark of four bytes
		text = utf8.AppendRune(text, utf8.RuneError)
	}
	return string(text)
}

// split is a page with one character that its encoding does not write, or writes wrongly.
type split struct {
	multi
	char  string
	bytes string
	// leave is what ends the state in which characters beyond ASCII stand. The encoding omits it at the end of a text.
	leave string
}

func (s split) encode(text string) ([]byte, int) {
	var b []byte
	for start := 0; ; {
		part, _, more := strings.Cut(text[start:], s.char)
		out, n := s.multi.encode(part)
		if n < len(part) {
			return nil, start + n
		}
		b = append(b, out...)
		if part != "" && part[len(part)-1] >= utf8.RuneSelf {
			b = append(b, s.leave...)
		}
		if !more {
			return b, len(text)
		}
		b = append(b, s.bytes...)
		start += len(part) + len(s.char)
	}
}

// gb18030 is the page of that name. Its encoding gives some private-use characters the bytes of others.
type gb18030 struct {
	multi
}

func (g gb18030) encode(text string) ([]byte, int) {
	for i, char := range text {
		if char < firstPrivate || char > lastPrivate {
			continue
		}
		private := string(char)
		if b, _ := g.multi.encode(private); g.decode(b) != private {
			return nil, i
		}
	}
	return g.multi.encode(text)
}

// The private-use characters that GB18030 writes partly with two bytes, which the encoding does not have.
const (
	firstPrivate = 0xE000
	lastPrivate  = 0xE864
)
