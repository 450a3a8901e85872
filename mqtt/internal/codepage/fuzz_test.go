package codepage

import (
	"encoding/hex"
	"testing"
	"unicode/utf8"
)

// servedPages are the pages that the fuzz targets choose from.
func servedPages(t testing.TB) []*Page {
	var all []*Page
	for info := range Pages() {
		if info.Status != No {
			all = append(all, served(t, info.Number))
		}
	}
	return all
}

// place returns the index of a page in all.
func place(all []*Page, number int64) uint8 {
	for i, page := range all {
		if page.Number() == number {
			return uint8(i)
		}
	}
	return 0
}

// Bytes of any kind become text, of bounded length; what can be encoded again is the same text when it is read again.
func FuzzDecode(f *testing.F) {
	all := servedPages(f)
	for _, seed := range decodes {
		b, _ := hex.DecodeString(seed.bytes)
		f.Add(place(all, seed.page), b)
	}
	f.Fuzz(func(t *testing.T, i uint8, b []byte) {
		page := all[int(i)%len(all)]
		text := page.Decode(b)
		if page.Identity() {
			if text != string(b) {
				t.Fatalf("%d: %X became %q", page.Number(), b, text)
			}
			return
		}
		if !utf8.ValidString(text) || len(text) > 4*len(b) {
			t.Fatalf("%d: %X became %q", page.Number(), b, text)
		}
		check(t, page, text)
	})
}

// Text of any kind is refused with 434 or can be read again.
func FuzzEncode(f *testing.F) {
	all := servedPages(f)
	for _, row := range known {
		for _, number := range row.pages {
			f.Add(place(all, number), row.pairs)
			f.Add(place(all, number), row.pairs+"~\x1B😀\xFF")
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, text string) { check(t, all[int(i)%len(all)], text) })
}

func check(t *testing.T, page *Page, text string) {
	t.Helper()
	b, err := page.Encode(text)
	if err != nil {
		wantError(t, err, page.Name())
		return
	}
	if got := page.Decode(b); got != comesBack(page, text) {
		t.Fatalf("%d: %q became %X, which is %q", page.Number(), text, b, got)
	}
}
