package packet

import (
	"fmt"
	"strings"
	"testing"
)

// Each character alone, and at each place of a text that is checked eight bytes at a time.
func TestCheckNoControl(t *testing.T) {
	for r := range rune(0x110000) {
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		want := ""
		switch {
		case r < 0x20, r >= 0x7F && r < 0xA0:
			want = fmt.Sprintf("contains the control character U+%04X", r)
		case r >= 0xFDD0 && r < 0xFDF0, r%0x10000 >= 0xFFFE:
			want = fmt.Sprintf("contains U+%04X, which is no character", r)
		}
		texts := []string{string(r)}
		if r < 0x100 {
			for at := range 20 {
				texts = append(texts, strings.Repeat("a", at)+string(r)+strings.Repeat("~", 19-at))
			}
		}
		for _, text := range texts {
			got := ""
			if err := CheckNoControl(text); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Fatalf("%q: %q, want %q", text, got, want)
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = CheckNoControl("house/kitchen/temperature") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
