package codepage

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// ascii is the page of the bytes below 80.
type ascii struct{}

func (ascii) encode(text string) ([]byte, int) {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return nil, i
		}
	}
	return []byte(text), len(text)
}

func (ascii) decode(b []byte) string {
	var text strings.Builder
	text.Grow(len(b))
	for _, c := range b {
		char := rune(c)
		if c >= utf8.RuneSelf {
			char = utf8.RuneError
		}
		text.WriteRune(char)
	}
	return text.String()
}

// single is a page with one byte for each character.
type single struct {
	table *charmap.Charmap
	// c1 says that the bytes 80 to 9F are the control characters of the same numbers. The pages of ISO 8859 have them,
	// the tables do not.
	c1 bool
}

func isC1(r rune) bool { return 0x80 <= r && r <= 0x9f }

func (s single) encode(text string) ([]byte, int) {
	b := make([]byte, 0, utf8.RuneCountInString(text))
	for i, char := range text {
		if s.c1 && isC1(char) {
			b = append(b, byte(char))
			continue
		}
		c, ok := s.table.EncodeRune(char)
		if !ok {
			return nil, i
		}
		b = append(b, c)
	}
	return b, len(text)
}

func (s single) decode(b []byte) string {
	var text strings.Builder
	text.Grow(len(b) + len(b)/2)
	for _, c := range b {
		char := rune(c)
		if !s.c1 || !isC1(char) {
			char = s.table.DecodeByte(c)
		}
		text.WriteRune(char)
	}
	return text.String()
}
