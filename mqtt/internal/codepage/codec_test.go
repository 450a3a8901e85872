package codepage

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// decodes holds what is read of bytes that are malformed, cut short, or written in an unusual way.
var decodes = []struct {
	page  int64
	bytes string
	text  string
}{
	{20127, "4180FF42", "A\uFFFD\uFFFDB"},
	{932, "A0FDFEFF", "\uFFFD\uFFFD\uFFFD\uFFFD"}, // private use on Windows
	{932, "F040F9FC", "\uFFFD\uFFFD"},             // user-defined area
	{932, "ED40FA5C", "纊纊"},                       // the two places of a character
	{932, "82", "\uFFFD"},
	{932, "8220", "\uFFFD "},
	{936, "80D6", "€\uFFFD"},
	{936, "FF41", "\uFFFDA"},
	{949, "B0", "\uFFFD"},
	{950, "A4", "\uFFFD"},
	{51932, "8E41", "\uFFFDA"},
	{51932, "8FB0", "\uFFFD"},
	{54936, "80", "€"},
	{54936, "81308130", "\u0080"},
	{54936, "813081", "\uFFFD0\uFFFD"},
	{54936, "AAA1", "\uFFFD"}, // private use

	{1200, "41", "\uFFFD"},
	{1200, "3DD8", "\uFFFD"},
	{1200, "00DC4100", "\uFFFDA"},
	{1200, "FFFE4100", "\uFEFFA"}, // the mark is text
	{1200, "FEFF", "\uFFFE"},      // and is not obeyed
	{1201, "FEFF0041", "\uFEFFA"},
	{10, "0041", "A"},
	{10, "FEFF0041", "A"},
	{10, "FFFE4100", "A"},
	{10, "FEFFFEFF", "\uFEFF"},
	{10, "FE", "\uFFFD"},
	{12000, "410000", "\uFFFD"},
	{12000, "00001100", "\uFFFD"}, // beyond U+10FFFF
	{12001, "0000D800", "\uFFFD"},
	{12001, "FFFFFFFF", "\uFFFD"},
	{0x8c000100, "00000041", "A"},
	{0x8c000100, "0000FEFF00000041", "A"},
	{0x8c000100, "FFFE000041000000", "A"},
	{0x8c000100, "0000FE", "\uFFFD"},

	{52936, "7E7B56507E7D7E7E", "中~"},
	{52936, "7E7B5650", "中"}, // not ended
	{52936, "417E0A42", "AB"},
	{52936, "7E", "\uFFFD"},
	{52936, "FF41", "\uFFFDA"},

	{50221, "1B2440467C1B284A41", "日A"},
	{50221, "1B2442467C4B5C", "日本"},
	{50221, "1B2442467C0A467C", "日\nF|"},   // a line ends in ASCII
	{50221, "1B2442461B284241", "\uFFFDA"}, // cut in a character, the escape sequence counts
	{50221, "1B24424620467C", "\uFFFD\uFFFD日"},
	{50221, "1B24427E7E", "\uFFFD"}, // not assigned
	{50221, "1B244246", "\uFFFD"},
	{50221, "1B28493141", "ｱﾁ"},
	{50221, "1B284960", "\uFFFD"},
	{50221, "1B24284430211B2842", "丂"},
	{50221, "1B41", "\uFFFDA"},
	{50221, "1B", "\uFFFD"},
	{50221, "1B2428", "\uFFFD$("},
	{50221, "C6FC", "\uFFFD\uFFFD"},
	{50221, "0E31", "\x0E1"}, // shift-out is not understood
	{50220, "1B284931", "ｱ"},
}

func TestDecode(t *testing.T) {
	for _, test := range decodes {
		b, err := hex.DecodeString(test.bytes)
		if err != nil {
			t.Fatal(test.bytes, err)
		}
		if got := served(t, test.page).Decode(b); got != test.text {
			t.Errorf("%d: %s is %q, want %q", test.page, test.bytes, got, test.text)
		}
	}
}

// The whole of a text ends in the initial state, so that texts can be joined.
func TestEncodeEndsInInitialState(t *testing.T) {
	tests := []struct {
		page int64
		text string
		want string
	}{
		{52936, "中A国", "~{VP~}A~{9z~}"},
		{52936, "中国", "~{VP9z~}"},
		{52936, "~~中~\n", "~~~~~{VP~}~~\n"},
		{50221, "日A", "\x1B$BF|\x1B(BA"},
		{50221, "日ｱ", "\x1B$BF|\x1B(I1\x1B(B"},
		{50221, "日\n日", "\x1B$BF|\x1B(B\n\x1B$BF|\x1B(B"},
		{50220, "ｶﾞｱ｡ﾟ", "\x1B$B%+!+%\"!#!,\x1B(B"}, // as fullwidth カ゛ア。゜
		{50222, "ｱ", "\x1B(I1\x1B(B"},
	}
	for _, test := range tests {
		page := served(t, test.page)
		b, err := page.Encode(test.text)
		if err != nil || string(b) != test.want {
			t.Errorf("%d: %q becomes %q, %v, want %q", test.page, test.text, b, err, test.want)
		}
		if got, want := page.Decode(append(b, b...)), comesBack(page, test.text+test.text); got != want {
			t.Errorf("%d: joined, %q is %q", test.page, test.want, got)
		}
	}
}

// The characters that select a set would, as text, change what follows them.
func TestISO2022JPRefusesControls(t *testing.T) {
	for _, number := range []int64{21, 50220, 50221, 50222} {
		for _, char := range "\x0E\x0F\x1B" {
			wantError(t, encodeError(served(t, number), "日"+string(char)+"$B"), fmt.Sprintf("lacks %U at byte 3", char))
		}
		wantError(t, encodeError(served(t, number), "日😀\x1B"), "lacks U+1F600 '😀' at byte 3")
	}
}

// Rows ED and EE are read but never written.
func TestShiftJISWritesSecondPlace(t *testing.T) {
	page := served(t, 932)
	changed := 0
	for lead := byte(0xED); lead <= 0xEE; lead++ {
		for trail := 0x40; trail <= 0xFC; trail++ {
			char := page.Decode([]byte{lead, byte(trail)})
			if strings.Contains(char, "\uFFFD") {
				continue
			}
			b, err := page.Encode("表" + char + "A") // the trail byte of 表 is a backslash
			if err != nil || len(b) != 5 || b[2] == 0xED || b[2] == 0xEE || page.Decode(b) != "表"+char+"A" {
				t.Errorf("%02X%02X is %q, which becomes %X, %v", lead, trail, char, b, err)
			}
			changed++
		}
	}
	if changed != 374 {
		t.Errorf("%d characters", changed)
	}
}

// GB18030 has private-use characters in two bytes, which the table lacks, and in four, which it has.
func TestGB18030PrivateUse(t *testing.T) {
	page := served(t, 54936)
	refused := 0
	for char := rune(0xE000); char <= 0xF8FF; char++ {
		text := string(char)
		b, err := page.Encode(text)
		if err != nil {
			refused++
			wantError(t, err, fmt.Sprintf("lacks %U at byte 0", char))
		} else if got := page.Decode(b); got != text {
			t.Errorf("%U becomes %X, which is %U", char, b, []rune(got))
		}
	}
	if refused != 2068 {
		t.Errorf("%d characters are refused", refused)
	}
}
