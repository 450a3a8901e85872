package codepage

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// known holds characters and their bytes as the standards and vendors publish them, not as this code gives them.
var known = []struct {
	pages []int64
	// pairs are characters and bytes: "é=82".
	pairs string
}{
	{[]int64{1, 20127}, "A=41 ~=7E 0=30"},
	{[]int64{37}, "A=C1 a=81 0=F0 !=5A ^=B0 [=BA ¢=4A"},
	{[]int64{437}, "é=82 █=DB π=E3 ±=F1"},
	{[]int64{850}, "é=82 ı=D5 ×=9E ¤=CF"},
	{[]int64{852}, "Ł=9D ł=88 ě=D8 ř=FD"},
	{[]int64{855}, "б=A2 ж=E9 Ж=EA"},
	{[]int64{858}, "€=D5 é=82 ×=9E"},
	{[]int64{860}, "ã=84 Ã=8E õ=94 Õ=99"},
	{[]int64{862}, "א=80 ת=9A £=9C"},
	{[]int64{863}, "é=82 É=90 Ê=92 ¾=AD"},
	{[]int64{865}, "ø=9B Ø=9D Å=8F ¤=AF"},
	{[]int64{866}, "А=80 я=EF Ё=F0 №=FC"},
	{[]int64{874}, "ก=A1 ฿=DF ๙=F9 €=80"},
	{[]int64{8, 932, 10001}, "あ=82A0 日=93FA ｱ=B1 ①=8740 ⅰ=FA40 ＂=FA57 黑=FC4B 髙=FBFC 﨑=FAB1 表=955C ～=8160 －=817C ≒=81E0 纊=FA5C \u0080=80"},
	{[]int64{936, 10008, 20936, 51936}, "中=D6D0 国=B9FA €=80 镕=E946 \u3000=A1A1"},
	{[]int64{949, 10003, 51949}, "가=B0A1 한=C7D1 힝=C8FE 갂=8141 똠=8C63"},
	{[]int64{950, 10002}, "中=A4A4 一=A440 文=A4E5 國=B0EA"},
	{[]int64{1047}, "A=C1 [=AD ]=BD ^=5F"},
	{[]int64{1140}, "A=C1 !=5A €=9F ^=B0"},
	{[]int64{1200, 0x94000100}, "A=4100 €=AC20 😀=3DD800DE \uFEFF=FFFE"},
	{[]int64{1201, 0x90000100}, "A=0041 €=20AC 😀=D83DDE00 \uFEFF=FEFF"},
	{[]int64{10}, "A=FEFF0041 €=FEFF20AC 😀=FEFFD83DDE00 \uFEFF=FEFFFEFF"},
	{[]int64{12000, 0x9c000100}, "A=41000000 €=AC200000 😀=00F60100 \uFEFF=FFFE0000"},
	{[]int64{12001, 0x98000100}, "A=00000041 €=000020AC 😀=0001F600 \uFEFF=0000FEFF"},
	{[]int64{0x8c000100}, "A=0000FEFF00000041 €=0000FEFF000020AC 😀=0000FEFF0001F600"},
	{[]int64{15, 1250}, "ł=B3 Š=8A ő=F5 €=80"},
	{[]int64{11, 1251}, "А=C0 я=FF Ё=A8 №=B9 €=88"},
	{[]int64{12, 1252}, "€=80 é=E9 ž=9E ÿ=FF"},
	{[]int64{13, 1253}, "α=E1 Ω=D9 ΄=B4 ώ=FE"},
	{[]int64{14, 1254}, "ğ=F0 İ=DD ş=FE ı=FD"},
	{[]int64{1255}, "א=E0 ת=FA ₪=A4 \u05BA=CA"},
	{[]int64{1256}, "ا=C7 پ=81 €=80 ے=FF"},
	{[]int64{1257}, "ą=E0 ž=FE ų=F8 Š=D0"},
	{[]int64{1258}, "ơ=F5 ư=FD ₫=FE đ=F0"},
	{[]int64{30, 10000}, "Ä=80 é=8E €=DB ﬁ=DE Ω=BD"},
	{[]int64{10007, 10017}, "А=80 я=DF Ґ=A2 І=A7 №=DC"},
	{[]int64{20866}, "а=C1 Ю=E0 ё=A3 ─=80"},
	{[]int64{21866}, "і=A6 ї=A7 є=A4 ґ=AD ў=AE Ў=BE"},
	{[]int64{5, 28591}, "é=E9 ÿ=FF \u0080=80 \u00A0=A0"},
	{[]int64{9, 28592}, "ł=B3 Š=A9 ő=F5 \u0080=80 \u009F=9F"},
	{[]int64{28593}, "Ħ=A1 ġ=F5 ċ=E5 \u0085=85"},
	{[]int64{28594}, "ą=B1 ŧ=BC ĸ=A2 \u0085=85"},
	{[]int64{28595}, "А=B0 я=EF №=F0 Ё=A1 \u0085=85"},
	{[]int64{28596}, "ا=C7 ي=EA ؟=BF ،=AC \u0085=85"},
	{[]int64{28597}, "α=E1 Ω=D9 €=A4 ‘=A1 \u0085=85"},
	{[]int64{28598, 38598}, "א=E0 ת=FA ×=AA ‗=DF \u0085=85"},
	{[]int64{28599}, "ğ=F0 ş=FE İ=DD \u0085=85"},
	{[]int64{28605}, "€=A4 Š=A6 œ=BD Ÿ=BE \u0085=85"},
	{[]int64{3, 20932, 51932}, "あ=A4A2 日=C6FC ｱ=8EB1 丂=8FB0A1"},
	{[]int64{21, 50221, 50222}, "A=41 あ=1B244224221B2842 日本=1B2442467C4B5C1B2842 ｱ=1B2849311B2842"},
	{[]int64{50220}, "A=41 あ=1B244224221B2842 日本=1B2442467C4B5C1B2842"},
	{[]int64{52936}, "A=41 中=7E7B56507E7D 国=7E7B397A7E7D ~=7E7E 中~国=7E7B56507E7D7E7E7E7B397A7E7D"},
	{[]int64{54936}, "中=D6D0 €=A2E3 😀=9439FC36 \u0080=81308130 \uFFFF=8431A439 \U00010000=90308130 \U0010FFFF=E3329A35"},
	{[]int64{4, 65001}, "A=41 €=E282AC 😀=F09F9880"},
}

func TestKnownCharacters(t *testing.T) {
	seen := map[int64]bool{}
	for _, row := range known {
		pairs := strings.Split(row.pairs, " ")
		if len(pairs) < 3 {
			t.Errorf("%v: %d characters are too few", row.pages, len(pairs))
		}
		for _, number := range row.pages {
			page := served(t, number)
			seen[number] = true
			for _, pair := range pairs {
				text, digits, _ := strings.Cut(pair, "=")
				want, err := hex.DecodeString(digits)
				if err != nil {
					t.Fatal(pair, err)
				}
				if b, err := page.Encode(text); err != nil || !slices.Equal(b, want) {
					t.Errorf("%d: %q becomes %X, %v, want %X", number, text, b, err, want)
				}
				if got := page.Decode(want); got != text {
					t.Errorf("%d: %X becomes %q, want %q", number, want, got, text)
				}
			}
		}
	}
	for info := range Pages() {
		if info.Status != No && !seen[info.Number] {
			t.Errorf("no character of page %d (%s) is checked", info.Number, info.Name)
		}
	}
}
