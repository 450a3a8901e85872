package codepage

//go:generate go run ./gen

import (
	"bytes"
	"compress/zlib"
	"embed"
	"encoding/binary"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// tables are what gen has written.
//
//go:embed tables
var tables embed.FS

// mapping is a page that a table describes: characters of one or more bytes, without a state.
type mapping struct {
	decoded map[string]rune
	encoded map[rune]string
	longest int // of the byte sequences
}

// newMapping makes the reverse. Of several bytes for a character the shortest and then the lowest are written, which
// are those of the standard; the others are of vendors.
func newMapping(decoded map[string]rune) *mapping {
	m := &mapping{decoded, make(map[rune]string, len(decoded)), 0}
	for b, char := range decoded {
		if other, given := m.encoded[char]; !given || len(b) < len(other) || len(b) == len(other) && b < other {
			m.encoded[char] = b
		}
		m.longest = max(m.longest, len(b))
	}
	return m
}

func (m *mapping) encode(text string) ([]byte, int) {
	b := make([]byte, 0, len(text))
	for i, char := range text {
		out, ok := m.encoded[char]
		if !ok {
			return nil, i
		}
		b = append(b, out...)
	}
	return b, len(text)
}

func (m *mapping) decode(b []byte) string {
	var text strings.Builder
	text.Grow(len(b))
	for len(b) > 0 {
		char, size := m.next(b)
		text.WriteRune(char)
		b = b[size:]
	}
	return text.String()
}

// next reads one character, the longest that fits: in T.61 and ISO 6937 an accent before a letter is one with it.
func (m *mapping) next(b []byte) (rune, int) {
	for size := min(m.longest, len(b)); size > 0; size-- {
		if char, ok := m.decoded[string(b[:size])]; ok {
			return char, size
		}
	}
	return utf8.RuneError, 1
}

// load reads a table of gen.
func load(name string) map[string]rune {
	packed, err := tables.ReadFile("tables/" + strings.ReplaceAll(name, " ", "_"))
	if err != nil {
		panic("codepage: " + err.Error()) // a programming error: the names are ours
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("codepage: " + name + ": " + err.Error())
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		panic("codepage: " + name + ": " + err.Error())
	}
	decoded := make(map[string]rune)
	key, char := uint64(0), int64(0)
	for len(plain) > 0 {
		step, n := binary.Uvarint(plain)
		difference, k := binary.Varint(plain[n:])
		plain = plain[n+k:]
		key, char = key+step, char+difference
		size := 1 // the key is the length, then the bytes
		for key>>(8*size) > 4 {
			size++
		}
		raw := binary.BigEndian.AppendUint64(nil, key)
		decoded[string(raw[8-size:])] = rune(char)
	}
	return decoded
}

// once keeps what was made of tables: a page is looked up seldom, but the large ones take some milliseconds to make.
var once sync.Map // name -> func() codec

func cached(name string, make func() codec) codec {
	f, _ := once.LoadOrStore(name, sync.OnceValue(make))
	return f.(func() codec)()
}

// tabled is the page of a table as it is, with changes: characters of single bytes that the page has in another way.
func tabled(name string, changes ...map[string]rune) codec {
	key := name
	for _, c := range changes {
		for _, b := range slices.Sorted(maps.Keys(c)) {
			key += " " + b + string(c[b])
		}
	}
	return cached(key, func() codec {
		decoded := load(name)
		for _, c := range changes {
			for b, char := range c {
				if decoded[b] = char; char == utf8.RuneError { // the page does not have it
					delete(decoded, b)
				}
			}
		}
		return newMapping(decoded)
	})
}

// ebcdicDouble is an EBCDIC page with characters of two bytes between shift-out and shift-in.
type ebcdicDouble struct{ single, double *mapping }

const (
	shiftOut = 0x0E
	shiftIn  = 0x0F
)

// doubled is the page of a table, or its two-byte characters with the single bytes of another.
func doubled(name, singles string) codec {
	return cached("double "+name+" "+singles, func() codec {
		one, two := make(map[string]rune), make(map[string]rune)
		for b, char := range load(name) {
			if len(b) == 2 {
				two[b] = char
			} else if singles == "" {
				one[b] = char
			}
		}
		if singles != "" {
			one = singleBytes(singles)
		}
		for _, c := range []string{"\x0E", "\x0F"} { // the shifts are no text
			delete(one, c)
		}
		return ebcdicDouble{newMapping(one), newMapping(two)}
	})
}

// singleBytes are the characters of one byte of a page or a table.
func singleBytes(name string) map[string]rune {
	one := make(map[string]rune)
	if name == "037" {
		page, _ := codecOf(37)
		for c := range 256 {
			char, _ := utf8.DecodeRuneInString(page.decode([]byte{byte(c)}))
			if char != utf8.RuneError {
				one[string([]byte{byte(c)})] = char
			}
		}
		return one
	}
	for b, char := range load(name) {
		if len(b) == 1 {
			one[b] = char
		}
	}
	return one
}

func (e ebcdicDouble) encode(text string) ([]byte, int) {
	b := make([]byte, 0, len(text))
	shifted := false
	for i, char := range text {
		out, ok := e.single.encoded[char]
		wide := false
		if !ok {
			if out, wide = e.double.encoded[char]; !wide {
				return nil, i
			}
		}
		if wide != shifted {
			b = append(b, shift(wide))
			shifted = wide
		}
		b = append(b, out...)
	}
	if shifted {
		b = append(b, shiftIn)
	}
	return b, len(text)
}

func shift(wide bool) byte {
	if wide {
		return shiftOut
	}
	return shiftIn
}

func (e ebcdicDouble) decode(b []byte) string {
	var text strings.Builder
	set := e.single
	for len(b) > 0 {
		switch b[0] {
		case shiftOut:
			set, b = e.double, b[1:]
		case shiftIn:
			set, b = e.single, b[1:]
		default:
			char, size := set.next(b)
			text.WriteRune(char)
			if char == utf8.RuneError && set == e.double && len(b) > 1 && b[1] != shiftIn {
				size = 2
			}
			b = b[size:]
		}
	}
	return text.String()
}
