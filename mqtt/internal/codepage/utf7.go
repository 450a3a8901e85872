package codepage

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// utf7 is RFC 2152: what is not plain stands as UTF-16 in Base64 between + and -.
type utf7 struct{}

// plain7 are the characters that stand for themselves: those of set D and rule 3. Those of set O may, but not
// everywhere.
const plain7 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'(),-./:? \t\r\n"

func (utf7) encode(text string) ([]byte, int) {
	var b []byte
	length := len(text)
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(plain7, r) })
		if end < 0 {
			end = len(text)
		}
		b = append(b, text[:end]...)
		text = text[end:]
		if strings.HasPrefix(text, "+") {
			b, text = append(b, "+-"...), text[1:]
			continue
		}
		end = strings.IndexFunc(text, func(r rune) bool { return r == '+' || strings.ContainsRune(plain7, r) })
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			continue
		}
		var units []byte
		for _, u := range utf16.Encode([]rune(text[:end])) {
			units = binary.BigEndian.AppendUint16(units, u)
		}
		b = append(b, '+')
		b = base64.RawStdEncoding.AppendEncode(b, units)
		b = append(b, '-')
		text = text[end:]
	}
	return b, length
}

func (utf7) decode(b []byte) string {
	var text strings.Builder
	for len(b) > 0 {
		c := b[0]
		b = b[1:]
		switch {
		case c >= utf8.RuneSelf:
			text.WriteRune(utf8.RuneError)
		case c != '+':
			text.WriteByte(c)
		case len(b) > 0 && b[0] == '-':
			text.WriteByte('+')
			b = b[1:]
		default:
			n := 0
			for n < len(b) && isBase64(b[n]) {
				n++
			}
			text.WriteString(units(b[:n]))
			if b = b[n:]; len(b) > 0 && b[0] == '-' {
				b = b[1:]
			}
		}
	}
	return text.String()
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}

// units reads UTF-16 in Base64. What is no whole unit at its end must be padding, that is 0, and fewer than six bits.
func units(digits []byte) string {
	if len(digits) == 0 {
		return string(utf8.RuneError)
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, err := base64.RawStdEncoding.Decode(raw, digits)
	var list []uint16
	for i := 0; i+1 < n; i += 2 {
		list = append(list, binary.BigEndian.Uint16(raw[i:]))
	}
	text := string(utf16.Decode(list))
	if err != nil || n%2 == 1 {
		text += string(utf8.RuneError)
	}
	return text
}
