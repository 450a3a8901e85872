package firewall

import (
	"fmt"
	"strings"
)

// header is one header line of a request.
type header struct{ name, value string }

type headers []header

// has reports whether a header is there, whatever the case of its letters.
func (h headers) has(name string) bool {
	for _, line := range h {
		if strings.EqualFold(line.name, name) {
			return true
		}
	}
	return false
}

// CheckData refuses what the field Data of a Firewall cannot be. The error holds no part of it, which may be a secret,
// and has no number by itself; for the setting FirewallData it is error 10022.
func CheckData(data string) error {
	_, err := parseHeaders(data)
	return err
}

// parseHeaders reads lines "Name: value" that are separated by CR or LF. A bad line is told by its number alone, since
// it may hold a secret.
func parseHeaders(text string) (headers, error) {
	var h headers
	number := 0
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		for line := range strings.SplitSeq(line, "\r") {
			number++
			if line == "" {
				continue
			}
			name, value, ok := strings.Cut(line, ":")
			value = strings.Trim(value, " \t")
			if !ok || !isToken(name) || strings.ContainsFunc(value, isControl) {
				return nil, fmt.Errorf("line %d is not a header; lines such as \"Name: value\" are possible", number)
			}
			h = append(h, header{name, value})
		}
	}
	return h, nil
}

// isToken reports whether text can be the name of a header or a parameter (RFC 9110, 5.6.2).
func isToken(text string) bool { return text != "" && tokenLength(text) == len(text) }

// tokenLength is the length of the token that text begins with.
func tokenLength(text string) int {
	for i := range len(text) {
		c := text[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return i
		}
	}
	return len(text)
}

// isControl reports whether c may not occur in the value of a header.
func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7F }
