package codepage

import (
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// codecOf returns the codec of a page, nil for the identity; ok reports whether the page is served. It is a function
// rather than a table so that nothing is built before a page is asked for.
func codecOf(number int64) (c codec, ok bool) {
	switch number {
	case 4, 65001:
		return nil, true
	case 1, 20127:
		return ascii{}, true

	case 37:
		return single{table: charmap.CodePage037}, true
	case 437:
		return single{table: charmap.CodePage437}, true
	case 850:
		return single{table: charmap.CodePage850}, true
	case 852:
		return single{table: charmap.CodePage852}, true
	case 855:
		return single{table: charmap.CodePage855}, true
	case 858:
		return single{table: charmap.CodePage858}, true
	case 860:
		return single{table: charmap.CodePage860}, true
	case 862:
		return single{table: charmap.CodePage862}, true
	case 863:
		return single{table: charmap.CodePage863}, true
	case 865:
		return single{table: charmap.CodePage865}, true
	case 866:
		return single{table: charmap.CodePage866}, true
	case 874:
		return single{table: charmap.Windows874}, true
	case 1047:
		return single{table: charmap.CodePage1047}, true
	case 1140:
		return single{table: charmap.CodePage1140}, true
	case 15, 1250:
		return single{table: charmap.Windows1250}, true
	case 11, 1251:
		return single{table: charmap.Windows1251}, true
	case 12, 1252:
		return single{table: charmap.Windows1252}, true
	case 13, 1253:
		return single{table: charmap.Windows1253}, true
	case 14, 1254:
		return single{table: charmap.Windows1254}, true
	case 1255:
		return single{table: charmap.Windows1255}, true
	case 1256:
		return single{table: charmap.Windows1256}, true
	case 1257:
		return single{table: charmap.Windows1257}, true
	case 1258:
		return single{table: charmap.Windows1258}, true
	case 30, 10000:
		return single{table: charmap.Macintosh}, true
	case 10007, 10017:
		return single{table: charmap.MacintoshCyrillic}, true
	case 20866:
		return single{table: charmap.KOI8R}, true
	case 21866:
		return single{table: charmap.KOI8U}, true
	case 5, 28591:
		return single{charmap.ISO8859_1, true}, true
	case 9, 28592:
		return single{charmap.ISO8859_2, true}, true
	case 28593:
		return single{charmap.ISO8859_3, true}, true
	case 28594:
		return single{charmap.ISO8859_4, true}, true
	case 28595:
		return single{charmap.ISO8859_5, true}, true
	case 28596:
		return single{charmap.ISO8859_6, true}, true
	case 28597:
		return single{charmap.ISO8859_7, true}, true
	case 28598, 38598:
		return single{charmap.ISO8859_8, true}, true
	case 28599:
		return single{charmap.ISO8859_9, true}, true
	case 28605:
		return single{charmap.ISO8859_15, true}, true

	case 8, 932, 10001:
		return shiftJIS{split{multi{japanese.ShiftJIS}, "\u0080", "\x80", ""}}, true
	case 3, 20932, 51932:
		return multi{japanese.EUCJP}, true
	case 21, 50221, 50222:
		return iso2022JP{}, true
	case 50220:
		return fullwidth{}, true
	case 936, 10008, 20936, 51936:
		return multi{simplifiedchinese.GBK}, true
	case 52936:
		return split{multi{simplifiedchinese.HZGB2312}, "~", "~~", "~}"}, true
	case 54936:
		return gb18030{multi{simplifiedchinese.GB18030}}, true
	case 949, 10003, 51949:
		return multi{korean.EUCKR}, true
	case 950, 10002:
		return multi{traditionalchinese.Big5}, true

	case 1200, 0x94000100:
		return multi{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, true
	case 1201, 0x90000100:
		return multi{unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, true
	case 10:
		return multi{unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}, true
	case 12000, 0x9c000100:
		return multi{utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)}, true
	case 12001, 0x98000100:
		return multi{utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)}, true
	case 0x8c000100:
		return multi{utf32.UTF32(utf32.BigEndian, utf32.UseBOM)}, true
	}
	return nil, false
}
