package packet

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxText is the size of the largest UTF-8 string and of the largest binary field, whose length takes two bytes.
const MaxText = 65535

// problem is what is wrong with a text, worded to follow the name of the text. "" is no problem.
type problem string

const (
	textEmpty   problem = "is empty"
	textTooLong problem = "is longer than 65535 bytes"
	textNotUTF8 problem = "is not valid UTF-8"
	textNUL     problem = "contains U+0000"
)

func (p problem) Error() string { return string(p) }

// asError keeps "" from becoming an error that is not nil.
func (p problem) asError() error {
	if p == "" {
		return nil
	}
	return p
}

// CheckText checks the text fields of both versions: valid UTF-8 without surrogates, no U+0000, at most
// 65,535 bytes. The error is one of "is longer than 65535 bytes", "is not valid UTF-8" and "contains U+0000",
// to be put behind the name of the field. The empty text is fine, and so are control characters,
// non-characters and U+FEFF, which stays where it is [MQTT5-1.5.4-3] [MQTT311-1.5.3-3] (U5-24) (U311-05).
func CheckText(s string) error {
	if len(s) > MaxText {
		return textTooLong
	}
	return checkText([]byte(s)).asError()
}

// checkText is CheckText without the length, which no encoded text exceeds. All texts come here: client identifier
// [MQTT5-3.1.3-4] [MQTT311-3.1.3-4], user name [MQTT5-3.1.3-12] [MQTT311-3.1.3-11], Content Type [MQTT5-3.3.2-19],
// topic filters [MQTT5-3.8.3-1] [MQTT5-3.10.3-1] [MQTT311-3.8.3-1] [MQTT311-3.10.3-1] and those of topic.go.
func checkText(b []byte) problem {
	if isPlain(b) {
		return ""
	}
	// [MQTT5-1.5.4-1] [MQTT311-1.5.3-1]; surrogates are invalid UTF-8.
	if !utf8.Valid(b) {
		return textNotUTF8
	}
	// [MQTT5-1.5.4-2] [MQTT311-1.5.3-2]
	for _, c := range b {
		if c == 0 {
			return textNUL
		}
	}
	return ""
}

// A character repeated in all eight bytes of a word.
const (
	each01   = 0x0101010101010101
	each80   = 0x80 * each01
	eachPlus = '+' * each01
	eachHash = '#' * each01
)

// isPlain reports whether b is ASCII without U+0000, which most texts are. It takes eight bytes at a time;
// the last eight may overlap with those before.
func isPlain(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c-1 >= 0x7F {
				return false
			}
		}
		return true
	}
	var odd uint64
	for i := 0; i < len(b)-8; i += 8 {
		odd |= oddText(binary.LittleEndian.Uint64(b[i:]))
	}
	return (odd|oddText(binary.LittleEndian.Uint64(b[len(b)-8:])))&each80 == 0
}

// isPlainTopic reports whether b is ASCII without U+0000, '+' and '#'.
func isPlainTopic(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c-1 >= 0x7F || c == '+' || c == '#' {
				return false
			}
		}
		return true
	}
	var odd uint64
	for i := 0; i < len(b)-8; i += 8 {
		odd |= oddTopic(binary.LittleEndian.Uint64(b[i:]))
	}
	return (odd|oddTopic(binary.LittleEndian.Uint64(b[len(b)-8:])))&each80 == 0
}

// oddText has the top bit of a byte set if w holds a zero byte or one above 7F: subtracting 1 turns zero into
// FF and leaves the top bit of any other ASCII byte 0. Bits above a zero byte may be set too.
func oddText(w uint64) uint64 { return w | (w - each01) }

// oddTopic does the same for the wildcards also, which become zero bytes.
func oddTopic(w uint64) uint64 {
	return oddText(w) | ((w ^ eachPlus) - each01) | ((w ^ eachHash) - each01)
}

// appendBinary appends the length of s, at most 65,535, and s.
func appendBinary[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, byte(len(s)>>8), byte(len(s)))
	return append(dst, s...)
}
