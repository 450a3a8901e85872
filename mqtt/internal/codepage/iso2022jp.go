package codepage

import (
	"bytes"
	"strings"

	"golang.org/x/text/encoding/japanese"
)

// iso2022JP is the page whose escape sequences select the character set of what follows.
type iso2022JP struct{}

// encode refuses the three control characters that select a set: as text they would change the meaning of what follows.
func (iso2022JP) encode(text string) ([]byte, int) {
	if i := strings.IndexAny(text, "\x0E\x0F\x1B"); i >= 0 {
		text = text[:i]
	}
	return multi{japanese.ISO2022JP}.encode(text)
}

// jisSet is a character set that an escape sequence selects. EUC-JP holds the same sets: it marks each character rather
// than each change, with a prefix, and with the high bit of all bytes.
type jisSet struct {
	escape string
	// size is the length of a character in bytes, 0 for ASCII.
	size   int
	prefix string
	// last is the highest byte.
	last byte
}

var jisSets = [...]jisSet{
	{escape: "\x1B(B"},
	{escape: "\x1B(J"}, // JIS X 0201, read as ASCII, as is usual
	{escape: "\x1B(I", size: 1, prefix: "\x8E", last: 0x5F},
	{escape: "\x1B$@", size: 2, last: 0x7E},
	{escape: "\x1B$B", size: 2, last: 0x7E},
	{escape: "\x1B$(D", size: 2, prefix: "\x8F", last: 0x7E},
}

// decode goes by way of EUC-JP, as the decoder of golang.org/x/text makes characters of bytes that are none, and loses
// an escape sequence within a character that was cut short.
func (iso2022JP) decode(b []byte) string {
	const undefined = 0xFF // in EUC-JP
	euc := make([]byte, 0, len(b)+len(b)/2)
	set := &jisSets[0]
	for len(b) > 0 {
		if b[0] == '\n' { // a line begins in ASCII
			set = &jisSets[0]
		}
		switch next := selected(b); {
		case next != nil:
			set = next
			b = b[len(set.escape):]
		case set.size == 0 && b[0] < 0x80 && b[0] != 0x1B:
			euc = append(euc, b[0])
			b = b[1:]
		case set.size > 0 && set.begins(b):
			euc = append(euc, set.prefix...)
			for _, c := range b[:set.size] {
				euc = append(euc, c|0x80)
			}
			b = b[set.size:]
		default:
			euc = append(euc, undefined)
			b = b[1:]
		}
	}
	return multi{japanese.EUCJP}.decode(euc)
}

// selected returns the set that the escape sequence at the start of b selects, nil if there is none.
func selected(b []byte) *jisSet {
	if b[0] != 0x1B {
		return nil
	}
	for i := range jisSets {
		if bytes.HasPrefix(b, []byte(jisSets[i].escape)) {
			return &jisSets[i]
		}
	}
	return nil
}

// begins reports whether b begins with the bytes of a character of the set, whether it is defined or not.
func (s *jisSet) begins(b []byte) bool {
	if len(b) < s.size {
		return false
	}
	for _, c := range b[:s.size] {
		if c < 0x21 || c > s.last {
			return false
		}
	}
	return true
}

// fullwidth is iso2022JP without halfwidth Katakana: those of the text become fullwidth ones.
type fullwidth struct {
	iso2022JP
}

func (f fullwidth) encode(text string) ([]byte, int) {
	return f.iso2022JP.encode(strings.Map(widen, text)) // both forms have three bytes, so that positions stay
}

func widen(char rune) rune {
	if char < firstHalfwidth || char > lastHalfwidth {
		return char
	}
	return katakana[char-firstHalfwidth]
}

const (
	firstHalfwidth = '｡'
	lastHalfwidth  = 'ﾟ'
)

// katakana holds the fullwidth forms in the order of the halfwidth ones.
var katakana = [...]rune{
	'。', '「', '」', '、', '・', 'ヲ', 'ァ', 'ィ', 'ゥ', 'ェ', 'ォ', 'ャ', 'ュ', 'ョ', 'ッ', 'ー',
	'ア', 'イ', 'ウ', 'エ', 'オ', 'カ', 'キ', 'ク', 'ケ', 'コ', 'サ', 'シ', 'ス', 'セ', 'ソ', 'タ',
	'チ', 'ツ', 'テ', 'ト', 'ナ', 'ニ', 'ヌ', 'ネ', 'ノ', 'ハ', 'ヒ', 'フ', 'ヘ', 'ホ', 'マ', 'ミ',
	'ム', 'メ', 'モ', 'ヤ', 'ユ', 'ヨ', 'ラ', 'リ', 'ル', 'レ', 'ロ', 'ワ', 'ン', '゛', '゜',
}
