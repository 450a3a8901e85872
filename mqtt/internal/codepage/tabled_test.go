package codepage

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// tableNames are the tables that gen has written.
func tableNames(t *testing.T) (names []string) {
	t.Helper()
	files, err := tables.ReadDir("tables")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		source, name, _ := strings.Cut(f.Name(), "_")
		names = append(names, source+" "+name)
	}
	return names
}

// What a table holds is what it held when it was compared with its source, whatever packed it.
func TestTableDigests(t *testing.T) {
	stored, err := os.ReadFile("testdata/tables.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range tableNames(t) {
		decoded := load(strings.ReplaceAll(name, " ", "_"))
		h := sha256.New()
		for _, b := range slices.Sorted(maps.Keys(decoded)) {
			fmt.Fprintf(h, "%X %U\n", b, decoded[b])
		}
		fmt.Fprintf(&got, "%s\t%d\t%x\n", name, len(decoded), h.Sum(nil)[:16])
	}
	if got.String() != string(stored) {
		t.Errorf("the tables are\n%s", &got)
	}
}

// Where iconv is installed, every sequence of a table is what iconv reads it as.
func TestTablesAgreeWithIconv(t *testing.T) {
	iconv, err := exec.LookPath("iconv")
	if err != nil {
		t.Skip("iconv is not installed; TestTableDigests has compared what it gave")
	}
	for _, full := range tableNames(t) {
		source, name, _ := strings.Cut(full, " ")
		if source != "glibc" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			convert := func(from, to string, in []byte) []byte {
				command := exec.Command(iconv, "-f", from, "-t", to)
				command.Stdin = bytes.NewReader(in)
				out, err := command.Output()
				if err != nil {
					t.Skipf("this iconv does not convert it: %v", err)
				}
				return out
			}
			decoded := load("glibc " + name)
			stateful := strings.HasPrefix(name, "IBM93")
			newline := string(convert("UTF-8", name, []byte("\n")))
			var in strings.Builder
			var keys []string
			for _, b := range slices.Sorted(maps.Keys(decoded)) {
				if b == newline || stateful && (b == "\x0E" || b == "\x0F") {
					continue
				}
				keys = append(keys, b)
				if stateful && len(b) == 2 {
					b = "\x0E" + b + "\x0F"
				}
				in.WriteString(b + newline)
			}
			lines := strings.Split(string(convert(name, "UTF-8", []byte(in.String()))), "\n")
			if len(lines) != len(keys)+1 {
				t.Fatalf("%d sequences, %d lines", len(keys), len(lines)-1)
			}
			for i, b := range keys {
				if char, size := utf8.DecodeRuneInString(lines[i]); char != decoded[b] || size != len(lines[i]) {
					t.Errorf("%X is %U, iconv reads %q", b, decoded[b], lines[i])
				}
			}
		})
	}
}

// What is cut short or not defined becomes U+FFFD, and what follows is read again.
func TestDecodeOfCodedPages(t *testing.T) {
	for _, row := range []struct {
		number int64
		bytes  string
		want   string
	}{
		{65000, "a+AOk-b", "aéb"},
		{65000, "+AOk.", "é."},
		{65000, "+", "\uFFFD"},
		{65000, "+A-\xFF", "\uFFFD\uFFFD"},
		{65000, "+2D3eAA-x", "😀x"},
		{7, `\u20ac\351\\\u00`, "€é\\\uFFFDu00"},
		{7, `\ud83dx`, "\uFFFDx"},
		{50225, "\x1B$)C\x0E0!\x0FA\n\x0E0", "가A\n\uFFFD"},
		{50227, "\x1B$)A\x0EVP\x0Fa\nb", "中a\nb"},
		{50229, "\x1B$)G\x0EDc\x1B$*H\x1BN!!\x0F.", "中乂."},
		{50227, "\x0EVP", "\uFFFD\uFFFD"},
		{50930, "\xC1\x0E\x45\x62", "A" + served(t, 50930).Decode([]byte("\x0E\x45\x62\x0F"))},
		{20261, "\xC2e\xC2", "é\uFFFD"},
		{57002, "\xB3\xE8\xD9\xEFx", "क्\u200D\uFFFDx"},
	} {
		if got := served(t, row.number).Decode([]byte(row.bytes)); got != row.want {
			t.Errorf("%d: %q is %q, want %q", row.number, row.bytes, got, row.want)
		}
	}
}
