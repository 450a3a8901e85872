package transport

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// upgradeHeaders make up the upgrade itself and cannot be set.
var upgradeHeaders = []string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions",
	"Sec-Websocket-Protocol",
	"Content-Length", "Transfer-Encoding",
}

// CheckHeaders refuses what WebSocketHeaders cannot be. The error has no number, and no part of a value.
func CheckHeaders(lines string) error {
	_, err := parseHeaders(lines)
	return err
}

// parseHeaders reads WebSocketHeaders: lines "Name: value". Values stay out of errors, because they may be secret.
func parseHeaders(lines string) (http.Header, error) {
	headers := http.Header{}
	number := 0
	for line := range strings.FieldsFuncSeq(lines, func(r rune) bool { return r == '\r' || r == '\n' }) {
		number++
		name, value, found := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		switch {
		case !found || !httpguts.ValidHeaderFieldName(name):
			return nil, fmt.Errorf("line %d is not a header; lines such as \"Name: value\" are possible", number)
		case !httpguts.ValidHeaderFieldValue(value):
			return nil, fmt.Errorf("the value in line %d has control characters; none are allowed", number)
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if slices.Contains(upgradeHeaders, name) {
			return nil, fmt.Errorf("line %d has %s, which the upgrade sets by itself; other headers are possible",
				number, name)
		}
		headers.Add(name, value)
	}
	return headers, nil
}
