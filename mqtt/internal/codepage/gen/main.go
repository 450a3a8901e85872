// Command gen writes the tables of the code pages that golang.org/x/text lacks, run by go generate in package codepage.
// Its sources are programs of Debian: iconv of glibc, and for pages of Apple that iconv lacks the module Encode of
// perl. Each table is one file, named after the source; a file whose source is not installed stays as it is.
package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// iconvNames are pages as iconv calls them.
var iconvNames = strings.Fields(`
IBM500 ASMO_449 CP737 CP775 CP857 CP861 CP864 CP869 CP870 CP875 CP1026 IBM1141 IBM1142 IBM1143 IBM1144 IBM1145 IBM1146
IBM1147 IBM1148 IBM1149 MAC-UK MAC-CENTRALEUROPE MAC-IS DIN_66003 SEN_850200_C NS_4551-1 T.61-8BIT ISO_6937 IBM273
IBM277 IBM278 IBM280 IBM284 IBM285 IBM290 IBM297 IBM420 IBM423 IBM424 CP1160 IBM871 IBM880 IBM905 IBM1025 JOHAB EUC-TW
IBM930 IBM933 IBM935 IBM937 IBM939`)

// perlNames are single-byte pages as perl calls them.
var perlNames = strings.Fields(`
MacArabic MacHebrew MacGreek MacRomanian MacThai MacTurkish MacCroatian MacIcelandic nextstep symbol`)

func main() {
	log.SetFlags(0)
	for _, name := range iconvNames {
		write("glibc "+name, fromIconv(name))
	}
	for _, name := range perlNames {
		write("perl "+name, fromPerl(name))
	}
}

// table is the bytes of characters, one entry for each sequence of bytes.
type table map[string]rune

// write packs a table: for each entry in the order of the bytes the difference to the last, as variable-length
// integers.
func write(name string, t table) {
	keys := make([]uint64, 0, len(t))
	chars := make(map[uint64]rune, len(t))
	for b, char := range t {
		key := uint64(len(b))
		for i := range len(b) {
			key = key<<8 | uint64(b[i])
		}
		keys = append(keys, key)
		chars[key] = char
	}
	slices.Sort(keys)
	var plain []byte
	last, lastChar := uint64(0), rune(0)
	for _, key := range keys {
		plain = binary.AppendUvarint(plain, key-last)
		plain = binary.AppendVarint(plain, int64(chars[key]-lastChar))
		last, lastChar = key, chars[key]
	}
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	check(err)
	_, err = w.Write(plain)
	check(err)
	check(w.Close())
	check(os.WriteFile(filepath.Join("tables", strings.ReplaceAll(name, " ", "_")), packed.Bytes(), 0o644))
}

// fromIconv asks for the bytes of every character, and then what these bytes are read as. The bytes SO and SI around
// those of two are left out.
func fromIconv(name string) table {
	newline := iconv("UTF-8", name, []byte("\n"))
	var all strings.Builder
	for char := rune(0); char <= 0x2FFFF; char++ {
		if char != '\n' && utf8.ValidRune(char) &&
			(unicode.IsOneOf(unicode.GraphicRanges, char) || unicode.IsControl(char) || unicode.Is(unicode.Cf, char)) {
			all.WriteRune(char)
			all.WriteByte('\n')
		}
	}
	encoded := iconv("UTF-8", name, []byte(all.String()))
	lines := bytes.Split(encoded, newline)
	slices.SortFunc(lines, bytes.Compare)
	lines = slices.CompactFunc(lines, bytes.Equal)
	lines = slices.DeleteFunc(lines, func(b []byte) bool { return len(b) == 0 })
	decoded := strings.Split(string(iconv(name, "UTF-8", bytes.Join(lines, newline))), "\n")
	if len(decoded) != len(lines) {
		log.Fatalf("%s: %d lines of bytes, %d of text", name, len(lines), len(decoded))
	}
	t := table{string(newline): '\n'}
	for i, line := range lines {
		if char, size := utf8.DecodeRuneInString(decoded[i]); size == len(decoded[i]) && size > 0 {
			t[strings.TrimSuffix(strings.TrimPrefix(string(line), "\x0E"), "\x0F")] = char
		}
	}
	if strings.HasPrefix(name, "IBM9") { // SO and SI are no text there
		delete(t, "")
	}
	return t
}

func iconv(from, to string, in []byte) []byte {
	command := exec.Command("iconv", "-c", "-f", from, "-t", to)
	command.Stdin = bytes.NewReader(in)
	out, err := command.Output()
	if _, exit := err.(*exec.ExitError); err != nil && !exit { // with -c it reports what it has left out
		log.Fatal(err)
	}
	return out
}

func fromPerl(name string) table {
	script := fmt.Sprintf(`
		use Encode;
		binmode(STDOUT, ":utf8");
		for (0..255) {
			my $b = chr;
			my $s = decode("%s", $b, sub { "" });
			printf "%%02x %%s\n", $_, unpack("H*", encode("UTF-8", $s)) if length($s) == 1
		}`, name)
	out, err := exec.Command("perl", "-e", script).Output()
	check(err)
	t := table{}
	for line := range strings.Lines(string(out)) {
		b, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		raw, err := hex.DecodeString(b)
		check(err)
		utf, err := hex.DecodeString(text)
		check(err)
		if char, size := utf8.DecodeRune(utf); size == len(utf) && char != utf8.RuneError {
			t[string(raw)] = char
		}
	}
	return t
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
