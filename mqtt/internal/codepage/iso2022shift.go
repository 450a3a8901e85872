package codepage

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// iso2022Shift is ISO 2022 with a set of two-byte characters behind shift-out: Korean (RFC 1557) and Chinese (RFC
// 1922).
type iso2022Shift struct {
	sets []doubleSet
	// once says that the set is named once, in front of the text; else in each line that has its characters.
	once bool
}

// doubleSet is a set of characters of two bytes from 21 to 7E.
type doubleSet struct {
	escape string // names it
	before string // in front of each character, instead of shift-out; "" = shift-out
	// wide is what the page of the same characters has around them: a prefix, and the high bits of both bytes.
	prefix string
	page   codec
}

// pair returns the two bytes of a character.
func (s *doubleSet) pair(char rune) (pair [2]byte, ok bool) {
	b, n := s.page.encode(string(char))
	b, prefixed := bytes.CutPrefix(b, []byte(s.prefix))
	if n == 0 || !prefixed || len(b) != 2 || b[0] < 0xA1 || b[1] < 0xA1 {
		return pair, false
	}
	return [2]byte{b[0] & 0x7F, b[1] & 0x7F}, true
}

// char returns the character of two bytes.
func (s *doubleSet) char(b []byte) rune {
	if len(b) < 2 || b[0] < 0x21 || b[0] > 0x7E || b[1] < 0x21 || b[1] > 0x7E {
		return utf8.RuneError
	}
	text := s.page.decode(append([]byte(s.prefix), b[0]|0x80, b[1]|0x80))
	char, size := utf8.DecodeRuneInString(text)
	if size != len(text) {
		return utf8.RuneError
	}
	return char
}

func iso2022KR() codec {
	return &iso2022Shift{[]doubleSet{{escape: "\x1B$)C", page: multi{korean.EUCKR}}}, true}
}

// iso2022CN is the page whose first set is of the simplified or of the traditional form.
func iso2022CN(traditional bool) codec {
	simplified := doubleSet{escape: "\x1B$)A", page: multi{simplifiedchinese.GBK}}
	taiwan := tabled("glibc EUC-TW")
	sets := []doubleSet{
		simplified,
		{escape: "\x1B$)G", page: taiwan},
		{escape: "\x1B$*H", before: "\x1BN", prefix: "\x8E\xA2", page: taiwan},
	}
	if traditional {
		sets[0], sets[1] = sets[1], sets[0]
	}
	return &iso2022Shift{sets, false}
}

func (s *iso2022Shift) encode(text string) ([]byte, int) {
	var b []byte
	var in *doubleSet // that shift-out has begun
	var named [2]*doubleSet
	for i, char := range text {
		if char < utf8.RuneSelf {
			if strings.ContainsRune("\x0E\x0F\x1B", char) {
				return nil, i // as text they would change the meaning of what follows
			}
			if in != nil {
				b, in = append(b, shiftIn), nil
			}
			if b = append(b, byte(char)); char == '\n' && !s.once {
				named = [2]*doubleSet{}
			}
			continue
		}
		set, pair := s.find(char)
		if set == nil {
			return nil, i
		}
		if place := &named[min(len(set.before), 1)]; *place != set {
			if *place = set; s.once {
				b = append([]byte(set.escape), b...)
			} else {
				b = append(b, set.escape...)
			}
		}
		switch {
		case set.before != "":
			b = append(b, set.before...)
		case in == nil:
			b = append(b, shiftOut)
			fallthrough
		default:
			in = set
		}
		b = append(b, pair[:]...)
	}
	if in != nil {
		b = append(b, shiftIn)
	}
	return b, len(text)
}

func (s *iso2022Shift) find(char rune) (*doubleSet, [2]byte) {
	for i := range s.sets {
		if pair, ok := s.sets[i].pair(char); ok {
			return &s.sets[i], pair
		}
	}
	return nil, [2]byte{}
}

func (s *iso2022Shift) decode(b []byte) string {
	var text strings.Builder
	var named [2]*doubleSet
	shifted := false
	for len(b) > 0 {
		set := s.named(b)
		switch c := b[0]; {
		case set != nil:
			named[min(len(set.before), 1)] = set
			b = b[len(set.escape):]
		case named[1] != nil && bytes.HasPrefix(b, []byte(named[1].before)):
			b = b[len(named[1].before):]
			text.WriteRune(named[1].char(b))
			b = b[min(2, len(b)):]
		case c == shiftOut || c == shiftIn:
			shifted, b = c == shiftOut, b[1:]
		case c == '\n':
			if b = b[1:]; !s.once {
				named = [2]*doubleSet{}
			}
			shifted = false
			text.WriteByte('\n')
		case c >= utf8.RuneSelf || c == 0x1B || shifted && named[0] == nil:
			b = b[1:]
			text.WriteRune(utf8.RuneError)
		case shifted && c > ' ':
			text.WriteRune(named[0].char(b))
			b = b[min(2, len(b)):]
		default:
			b = b[1:]
			text.WriteByte(c)
		}
	}
	return text.String()
}

// named returns the set that the escape sequence at the start of b names, nil if there is none.
func (s *iso2022Shift) named(b []byte) *doubleSet {
	for i := range s.sets {
		if bytes.HasPrefix(b, []byte(s.sets[i].escape)) {
			return &s.sets[i]
		}
	}
	return nil
}
