package codepage

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	utf "golang.org/x/text/encoding/unicode"
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
		return multi{utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)}, true
	case 1201, 0x90000100:
		return multi{utf.UTF16(utf.BigEndian, utf.IgnoreBOM)}, true
	case 10:
		return multi{utf.UTF16(utf.BigEndian, utf.UseBOM)}, true
	case 12000, 0x9c000100:
		return multi{utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)}, true
	case 12001, 0x98000100:
		return multi{utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)}, true
	case 0x8c000100:
		return multi{utf32.UTF32(utf32.BigEndian, utf32.UseBOM)}, true

	case 2:
		return tabled("perl nextstep"), true
	case 6:
		return tabled("perl symbol"), true
	case 500:
		return tabled("glibc IBM500"), true
	case 709:
		return asmo449Plus(), true
	case 737:
		return tabled("glibc CP737"), true
	case 775:
		return tabled("glibc CP775"), true
	case 857:
		return tabled("glibc CP857"), true
	case 861:
		return tabled("glibc CP861"), true
	case 864:
		return tabled("glibc CP864"), true
	case 869:
		return tabled("glibc CP869"), true
	case 870:
		return tabled("glibc CP870"), true
	case 875:
		return tabled("glibc CP875"), true
	case 1026:
		return tabled("glibc CP1026"), true
	case 1141:
		return tabled("glibc IBM1141"), true
	case 1142:
		return tabled("glibc IBM1142"), true
	case 1143:
		return tabled("glibc IBM1143"), true
	case 1144:
		return tabled("glibc IBM1144"), true
	case 1145:
		return tabled("glibc IBM1145"), true
	case 1146:
		return tabled("glibc IBM1146"), true
	case 1147:
		return tabled("glibc IBM1147"), true
	case 1148:
		return tabled("glibc IBM1148"), true
	case 1149:
		return tabled("glibc IBM1149"), true
	case 1361:
		return tabled("glibc JOHAB"), true
	case 10004:
		return tabled("perl MacArabic"), true
	case 10005:
		return tabled("perl MacHebrew"), true
	case 10006:
		return tabled("perl MacGreek"), true
	case 10010:
		return tabled("perl MacRomanian"), true
	case 10021:
		return tabled("perl MacThai"), true
	case 10029:
		return tabled("glibc MAC-CENTRALEUROPE"), true
	case 10079:
		return tabled("perl MacIcelandic"), true
	case 10081:
		return tabled("perl MacTurkish"), true
	case 10082:
		return tabled("perl MacCroatian"), true
	case 20106:
		return tabled("glibc DIN_66003"), true
	case 20107:
		return tabled("glibc SEN_850200_C"), true
	case 20108:
		return tabled("glibc NS_4551-1"), true
	case 20261:
		return tabled("glibc T.61-8BIT"), true
	case 20269:
		return tabled("glibc ISO_6937"), true
	case 20273:
		return tabled("glibc IBM273"), true
	case 20277:
		return tabled("glibc IBM277"), true
	case 20278:
		return tabled("glibc IBM278"), true
	case 20280:
		return tabled("glibc IBM280"), true
	case 20284:
		return tabled("glibc IBM284"), true
	case 20285:
		return tabled("glibc IBM285"), true
	case 20290:
		return tabled("glibc IBM290"), true
	case 20297:
		return tabled("glibc IBM297"), true
	case 20420:
		return tabled("glibc IBM420"), true
	case 20423:
		return tabled("glibc IBM423"), true
	case 20424:
		return tabled("glibc IBM424"), true
	case 20871:
		return tabled("glibc IBM871"), true
	case 20880:
		return tabled("glibc IBM880"), true
	case 20905:
		return tabled("glibc IBM905"), true
	case 21025:
		return tabled("glibc IBM1025"), true
	case 51950:
		return tabled("glibc EUC-TW"), true
	case 708:
		return single{charmap.ISO8859_6, true}, true
	case 710, 720:
		return arabic720(), true
	case 20105:
		return irv(), true
	case 20833:
		return singlesOf("glibc IBM933"), true
	case 21027:
		return singlesOf("glibc IBM939"), true
	case 20838:
		return tabled("glibc CP1160", map[string]rune{"\xFE": utf8.RuneError}), true
	case 20924:
		return latin9Open(), true
	case 20000:
		return cns(), true
	case 20001, 20002, 20003, 20004, 20005:
		return multi{traditionalchinese.Big5}, true
	case 29001:
		return single{table: charmap.CodePage850}, true
	case 65536:
		return nil, true
	case 7:
		return nonLossyASCII{}, true
	case 65000:
		return utf7{}, true
	case 50225:
		return iso2022KR(), true
	case 50227:
		return iso2022CN(false), true
	case 50229:
		return iso2022CN(true), true
	case 50930:
		return doubled("glibc IBM930", ""), true
	case 50931:
		return doubled("glibc IBM930", "037"), true
	case 50933:
		return doubled("glibc IBM933", ""), true
	case 50935, 50936:
		return doubled("glibc IBM935", ""), true
	case 50937:
		return doubled("glibc IBM937", ""), true
	case 50939:
		return doubled("glibc IBM939", ""), true
	case 57002:
		return indic("Devanagari", 0x0900, unicode.Devanagari, nil), true
	case 57003:
		return indic("Bengali", 0x0980, unicode.Bengali, nil), true
	case 57004:
		return indic("Tamil", 0x0B80, unicode.Tamil, nil), true
	case 57005:
		return indic("Telugu", 0x0C00, unicode.Telugu, nil), true
	case 57006:
		return indic("Assamese", 0x0980, unicode.Bengali, map[string]rune{"\xCF": 0x09F0, "\xD4": 0x09F1}), true
	case 57007:
		return indic("Oriya", 0x0B00, unicode.Oriya, nil), true
	case 57008:
		return indic("Kannada", 0x0C80, unicode.Kannada, nil), true
	case 57009:
		return indic("Malayalam", 0x0D00, unicode.Malayalam, nil), true
	case 57010:
		return indic("Gujarati", 0x0A80, unicode.Gujarati, nil), true
	case 57011:
		return indic("Punjabi", 0x0A00, unicode.Gurmukhi, nil), true
	}
	return nil, false
}
