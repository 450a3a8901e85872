package codepage

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// A character that a page lacks is named with its place, wherever it stands and whatever state the encoder is in.
func TestEncodeNamesWhatIsMissing(t *testing.T) {
	for _, row := range known {
		present, _, _ := strings.Cut(row.pairs[strings.LastIndex(row.pairs, " ")+1:], "=")
		for _, number := range row.pages {
			missing := "😀"
			switch number {
			case 54936:
				missing = "\uE000"
			case 4, 7, 65000, 65001, 65536, 10, 1200, 1201, 12000, 12001, 0x8c000100, 0x90000100, 0x94000100, 0x98000100, 0x9c000100:
				continue // have every character
			}
			if number == 6 {
				continue // it has no Latin letters
			}
			page := served(t, number)
			char, _ := utf8.DecodeRuneInString(missing)
			name := fmt.Sprintf("Code page %d (%s) lacks %#U", number, page.Name(), char)
			for _, before := range []string{"", present, present + "A", "A" + present + present} {
				_, err := page.Encode(before + missing + present + missing)
				wantError(t, err, name, fmt.Sprintf("at byte %d of the text", len(before)))
			}
			_, err := page.Encode("\uFFFD")
			if number != 54936 {
				wantError(t, err, "lacks U+FFFD '\uFFFD' at byte 0")
			}
		}
	}
}

func TestEncodeInvalidText(t *testing.T) {
	tests := []struct {
		text string
		want string
	}{
		{"\xFF", "not UTF-8 at byte 0"},
		{"A\xC3", "not UTF-8 at byte 1"},
		{"AB\xED\xA0\x80", "not UTF-8 at byte 2"}, // a surrogate
		{"\x80😀", "not UTF-8 at byte 0"},
	}
	for info := range Pages() {
		if info.Status == No {
			continue
		}
		if info.Number == 6 {
			continue // it has no Latin letters
		}
		page := served(t, info.Number)
		for _, test := range tests {
			b, err := page.Encode(test.text)
			if !page.Identity() {
				wantError(t, err, test.want, info.Name)
			} else if err != nil || string(b) != test.text {
				t.Errorf("%d: %q becomes %q, %v", info.Number, test.text, b, err)
			}
		}
	}
	// What comes first is told.
	wantError(t, encodeError(served(t, 1252), "A😀\xFF"), "lacks U+1F600 '😀' at byte 1")
	wantError(t, encodeError(served(t, 1252), "A\uFFFD\xFF"), "lacks U+FFFD")
	wantError(t, encodeError(served(t, 1200), "A\uFFFD\xFF"), "not UTF-8 at byte 4")
}

func TestEmpty(t *testing.T) {
	for info := range Pages() {
		if info.Status == No {
			continue
		}
		page := served(t, info.Number)
		if b, err := page.Encode(""); err != nil || b == nil || len(b) != 0 {
			t.Errorf("%d: no text becomes %X, %v", info.Number, b, err)
		}
		if text := page.Decode(nil); text != "" {
			t.Errorf("%d: no bytes become %q", info.Number, text)
		}
	}
}

func TestIdentityPasses(t *testing.T) {
	for _, number := range []int64{4, 65001} {
		page := served(t, number)
		const text = "A\x00é\xFF\xED\xA0\x80\uFEFF"
		if b, err := page.Encode(text); err != nil || string(b) != text {
			t.Errorf("%q, %v", b, err)
		}
		if got := page.Decode([]byte(text)); got != text {
			t.Errorf("%q", got)
		}
	}
}

// Every character of the Basic Multilingual Plane is refused, or comes back as it was.
func TestEveryCharacterComesBack(t *testing.T) {
	for info := range Pages() {
		if info.Status == No || info.Number < 37 || info.Number > 65000 {
			continue // the Apple numbers stand for the same codecs, but for 10
		}
		page := served(t, info.Number)
		for char := rune(0); char <= 0xFFFF; char++ {
			if !utf8.ValidRune(char) {
				continue
			}
			text := string(char)
			b, n := page.codec.encode(text)
			if n < len(text) {
				continue
			}
			if got := page.Decode(b); got != comesBack(page, text) {
				t.Fatalf("%d: %q becomes %X, which is %q", info.Number, text, b, got)
			}
		}
	}
}

// comesBack returns what text is after Encode and Decode: the same but for halfwidth Katakana.
func comesBack(page *Page, text string) string {
	if page.Number() == 50220 {
		return strings.Map(widen, text)
	}
	return text
}

// Encoders with a state are not shared. The race detector sees it if they are.
func TestConcurrentUse(t *testing.T) {
	var all sync.WaitGroup
	for _, number := range []int64{10, 932, 1252, 50221, 52936, 54936} {
		page := served(t, number)
		for i := range 4 {
			all.Go(func() {
				text := strings.Repeat("A一", 100+i)
				if number == 1252 {
					text = strings.Repeat("Aé", 100+i)
				}
				for range 20 {
					b, err := page.Encode(text)
					if err != nil || page.Decode(b) != text {
						t.Errorf("%d: %v", number, err)
						return
					}
				}
			})
		}
	}
	all.Wait()
}

func TestAllocations(t *testing.T) {
	text := strings.Repeat("é", 1000)
	tests := []struct {
		what string
		most float64
		run  func(page *Page, b []byte)
		page int64
	}{
		// Identity is what lets the caller pass the bytes on; it must cost nothing.
		{"Identity", 0, func(page *Page, _ []byte) { _ = page.Identity() }, 65001},
		{"Encode 1252", 1, func(page *Page, _ []byte) { _, _ = page.Encode(text) }, 1252},
		{"Decode 1252", 2, func(page *Page, b []byte) { _ = page.Decode(b) }, 1252},
	}
	for _, test := range tests {
		page := served(t, test.page)
		b, err := page.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { test.run(page, b) }); got > test.most {
			t.Errorf("%s allocates %v times, more than %v", test.what, got, test.most)
		}
	}
}

// What Encode returns is the caller's.
func TestEncodeResultIsOwned(t *testing.T) {
	for info := range Pages() {
		if info.Status == No {
			continue
		}
		if info.Number == 6 {
			continue // it has no Latin letters
		}
		page := served(t, info.Number)
		first, _ := page.Encode("AB")
		want := bytes.Clone(first)
		clear(first[:cap(first)])
		if second, err := page.Encode("AB"); err != nil || !bytes.Equal(second, want) {
			t.Errorf("%d: %X, %v, want %X", info.Number, second, err, want)
		}
	}
}
