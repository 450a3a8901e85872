package codepage

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Pages that are made of others, since no source has them.

// singlesOf is the page of the single bytes of another.
func singlesOf(name string) codec {
	return cached("singles "+name, func() codec { return newMapping(singleBytes(name)) })
}

// asmo449Plus is ASCII with the Arabic letters of the 7-bit set ASMO 449 in the upper half.
func asmo449Plus() codec {
	return cached("709", func() codec {
		decoded := make(map[string]rune)
		for b, char := range load("glibc ASMO_449") {
			if char >= utf8.RuneSelf {
				decoded[string([]byte{b[0] | 0x80})] = char
			}
		}
		for c := range rune(utf8.RuneSelf) {
			decoded[string(c)] = c
		}
		return newMapping(decoded)
	})
}

// irv is the International Reference Version of IA5 as it was before 1991.
func irv() codec {
	return cached("IRV", func() codec {
		decoded := map[string]rune{"\x24": '¤', "\x7E": '‾'}
		for c := range rune(utf8.RuneSelf) {
			if b := string(c); decoded[b] == 0 {
				decoded[b] = c
			}
		}
		decoded["\x00"] = 0
		return newMapping(decoded)
	})
}

// latin9Open is page 1047 with the characters of ISO 8859-15 in the places of those of ISO 8859-1.
func latin9Open() codec {
	return cached("20924", func() codec {
		decoded := make(map[string]rune)
		for c := range 256 {
			char := charmap.CodePage1047.DecodeByte(byte(c))
			if latin9 := charmap.ISO8859_15.DecodeByte(byte(char)); char >= 0xA0 && char <= 0xFF {
				char = latin9
			}
			decoded[string([]byte{byte(c)})] = char
		}
		return newMapping(decoded)
	})
}

// cns is Microsoft's form of CNS 11643: plane 1 with both bytes from A1, plane 2 with the second from 21 to 7E.
func cns() codec {
	return cached("20000", func() codec {
		decoded := make(map[string]rune)
		for b, char := range load("glibc EUC-TW") {
			switch {
			case len(b) < 4:
				decoded[b] = char
			case b[1] == 0xA2:
				decoded[string([]byte{b[2], b[3] & 0x7F})] = char
			}
		}
		return newMapping(decoded)
	})
}

// arabic720 is Microsoft's page 720, of which ICU and .NET have the same table: Arabic, French letters and the lines of
// 437.
func arabic720() codec {
	const high = "\uFFFD\uFFFDéâ\uFFFDà\uFFFDçêëèïî\uFFFD\uFFFD\uFFFD\uFFFD\u0651\u0652ô¤ـûùءآأؤ£إئابةتثجحخدذرزسشص«»" +
		"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
		"ضطظعغفµقكلمنهوىي≡\u064B\u064C\u064D\u064E\u064F\u0650≈°∙·√ⁿ²■\u00A0"
	return cached("720", func() codec {
		decoded := make(map[string]rune)
		for c := range rune(utf8.RuneSelf) {
			decoded[string(c)] = c
		}
		c := byte(0x80)
		for _, char := range high {
			if char != utf8.RuneError {
				decoded[string([]byte{c})] = char
			}
			c++
		}
		return newMapping(decoded)
	})
}
