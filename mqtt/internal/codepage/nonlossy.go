package codepage

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// nonLossyASCII is Apple's: a backslash is doubled, a character below 256 is a backslash and three octal digits, any
// other \u and four hexadecimal digits for each unit of UTF-16.
type nonLossyASCII struct{}

func (nonLossyASCII) encode(text string) ([]byte, int) {
	b := make([]byte, 0, len(text))
	for _, char := range text {
		switch {
		case char == '\\':
			b = append(b, `\\`...)
		case char < utf8.RuneSelf:
			b = append(b, byte(char))
		case char < 0x100:
			b = fmt.Appendf(b, `\%03o`, char)
		default:
			for _, u := range utf16.Encode([]rune{char}) {
				b = fmt.Appendf(b, `\u%04x`, u)
			}
		}
	}
	return b, len(text)
}

func (nonLossyASCII) decode(b []byte) string {
	var text strings.Builder
	for len(b) > 0 {
		char, size := escaped(b)
		if high := char; utf16.IsSurrogate(char) {
			low, more := escaped(b[size:])
			if char = utf16.DecodeRune(high, low); char != utf8.RuneError {
				size += more
			}
		}
		text.WriteRune(char)
		b = b[size:]
	}
	return text.String()
}

// escaped reads a character, or half of one.
func escaped(b []byte) (rune, int) {
	switch {
	case len(b) == 0 || b[0] >= utf8.RuneSelf:
		return utf8.RuneError, 1
	case b[0] != '\\':
		return rune(b[0]), 1
	case len(b) > 1 && b[1] == '\\':
		return '\\', 2
	}
	for _, form := range []struct {
		prefix       string
		digits, base int
	}{{`\u`, 4, 16}, {`\`, 3, 8}} {
		if end := len(form.prefix) + form.digits; len(b) >= end && strings.HasPrefix(string(b[:2]), form.prefix) {
			if n, err := strconv.ParseUint(string(b[len(form.prefix):end]), form.base, 16); err == nil && n < 0x10000 &&
				(form.base == 16 || n < 0x100) {
				return rune(n), end
			}
		}
	}
	return utf8.RuneError, 1
}
