package config

import "strings"

// request is a configuration string taken apart. All texts are views of it.
type request struct {
	name    string
	index   string // between the brackets
	value   string
	indexed bool // brackets were given
	closed  bool // and closed, with nothing behind them
	assign  bool
}

// split takes a configuration string apart. It cannot fail; faults are left for
// the caller to see, who knows the row.
func split(s string) request {
	var q request
	q.name, q.value, q.assign = strings.Cut(s, "=")
	q.name, q.value = trim(q.name), trim(q.value)
	if open := strings.IndexByte(q.name, '['); open >= 0 {
		q.indexed = true
		q.index = q.name[open+1:]
		q.name = trim(q.name[:open])
		if n := len(q.index); n > 0 && q.index[n-1] == ']' {
			q.closed = true
			q.index = trim(q.index[:n-1])
		}
	}
	return q
}

// trim drops what may surround names and values. Other Unicode spaces are part
// of a value, a password for example.
func trim(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// parseBool knows True, False, 0, 1, Yes and No. Only ASCII letters are folded:
// strings.EqualFold would take U+017F for an s.
func parseBool(s string) (value, ok bool) {
	switch {
	case s == "1", equalFold(s, "true"), equalFold(s, "yes"):
		return true, true
	case s == "0", equalFold(s, "false"), equalFold(s, "no"):
		return false, true
	}
	return false, false
}

func formatBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// parseInt reads decimal digits with an optional minus sign, or hexadecimal
// digits after 0x. It does not allocate, not even for an error.
func parseInt(s string) (value int64, ok bool) {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		return parseDigits(s[2:], 16, false)
	}
	if len(s) > 1 && s[0] == '-' {
		return parseDigits(s[1:], 10, true)
	}
	return parseDigits(s, 10, false)
}

func parseDigits(s string, base uint64, negative bool) (value int64, ok bool) {
	if s == "" {
		return 0, false
	}
	limit := uint64(1<<63 - 1)
	if negative {
		limit++
	}
	var v uint64
	for i := range len(s) {
		d := digit(s[i])
		if d >= base || v > (limit-d)/base {
			return 0, false
		}
		v = v*base + d
	}
	if negative {
		return int64(-v), true
	}
	return int64(v), true
}

// digit is the value of a hexadecimal digit, 255 for other bytes.
func digit(c byte) uint64 {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 255
}

// equalFold compares s with a text of lower-case ASCII letters.
func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		if lowerASCII(s[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
