package codepage

import (
	"strings"
	"testing"
)

// undefined lists the bytes that the single-byte pages do not define, in ranges; the other pages define all.
var undefined = map[int64]string{
	1: "80-FF", 20127: "80-FF",
	874: "81-84 86-90 98-9F DB-DE FC-FF",
	15:  "81 83 88 90 98", 1250: "81 83 88 90 98",
	11: "98", 1251: "98",
	12: "81 8D 8F 90 9D", 1252: "81 8D 8F 90 9D",
	13: "81 88 8A 8C-90 98 9A 9C-9F AA D2 FF", 1253: "81 88 8A 8C-90 98 9A 9C-9F AA D2 FF",
	14: "81 8D-90 9D 9E", 1254: "81 8D-90 9D 9E",
	1255:  "81 8A 8C-90 9A 9C-9F D9-DF FB FC FF",
	1257:  "81 83 88 8A 8C 90 98 9A 9C 9F A1 A5",
	1258:  "81 8A 8D-90 9A 9D 9E",
	28593: "A5 AE BE C3 D0 E3 F0",
	28596: "A1-A3 A5-AB AE-BA BC-BE C0 DB-DF F3-FF", 708: "A1-A3 A5-AB AE-BA BC-BE C0 DB-DF F3-FF",
	28597: "AE D2 FF",
	28598: "A1 BF-DE FB FC FF", 38598: "A1 BF-DE FB FC FF",
}

// inRanges reports whether the ranges contain b.
func inRanges(ranges string, b byte) bool {
	const digits = "0123456789ABCDEF"
	hex := string(digits[b>>4]) + string(digits[b&15])
	for _, r := range strings.Fields(ranges) {
		first, last, ok := strings.Cut(r, "-")
		if !ok {
			last = first
		}
		if first <= hex && hex <= last {
			return true
		}
	}
	return false
}

func TestEveryByte(t *testing.T) {
	pages := 0
	for info := range Pages() {
		c, _ := codecOf(info.Number)
		switch c.(type) {
		case ascii, single:
		default:
			continue
		}
		pages++
		page := served(t, info.Number)
		chars := map[string]byte{}
		for i := range 256 {
			b := byte(i)
			text := page.Decode([]byte{b})
			if text == "\uFFFD" != inRanges(undefined[info.Number], b) {
				t.Errorf("%d: %02X is %q", info.Number, b, text)
				continue
			}
			if text == "\uFFFD" {
				continue
			}
			if other, ok := chars[text]; ok {
				t.Errorf("%d: %02X and %02X are both %q", info.Number, other, b, text)
			}
			chars[text] = b
			if got, err := page.Encode(text); err != nil || len(got) != 1 || got[0] != b {
				t.Errorf("%d: %02X is %q, which becomes %X, %v", info.Number, b, text, got, err)
			}
		}
	}
	if pages != 39+10+2 {
		t.Errorf("%d single-byte pages", pages)
	}
}

// The tables of golang.org/x/text lack these control characters in most pages of ISO 8859.
func TestControlCharacters(t *testing.T) {
	for _, number := range []int64{
		5, 9, 28591, 28592, 28593, 28594, 28595, 28596, 28597, 28598, 28599, 28605, 38598,
	} {
		page := served(t, number)
		for b := byte(0x80); b <= 0x9F; b++ {
			if text := page.Decode([]byte{b}); text != string(rune(b)) {
				t.Errorf("%d: %02X is %q", number, b, text)
			}
			if got, err := page.Encode(string(rune(b))); err != nil || string(got) != string([]byte{b}) {
				t.Errorf("%d: %02X becomes %X, %v", number, b, got, err)
			}
		}
	}
	wantError(t, encodeError(served(t, 1252), "\u0081"), "lacks U+0081 at byte 0")
}

func encodeError(page *Page, text string) error {
	_, err := page.Encode(text)
	return err
}
