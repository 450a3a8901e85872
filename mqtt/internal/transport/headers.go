package transport

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"golang.org/x/net/http/httpguts"
)

// upgradeHeaders make up the upgrade itself and cannot be set.
var upgradeHeaders = []string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
	"Content-Length", "Transfer-Encoding",
}

// parseHeaders reads WebSocketHeaders: lines "Name: value". Values stay out of errors, because they may be secret.
func parseHeaders(lines string) (http.Header, *errors.Error) {
	headers := http.Header{}
	number := 0
	for line := range strings.FieldsFuncSeq(lines, func(r rune) bool { return r == '\r' || r == '\n' }) {
		number++
		name, value, found := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		switch {
		case !found || !httpguts.ValidHeaderFieldName(name):
			return nil, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("Line %d of WebSocketHeaders is not of the form \"Name: value\".", number))
		case !httpguts.ValidHeaderFieldValue(value):
			return nil, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("The value of %s in WebSocketHeaders has control characters.", name))
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if slices.Contains(upgradeHeaders, name) {
			return nil, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("WebSocketHeaders has %s, which the upgrade sets by itself.", name))
		}
		headers.Add(name, value)
	}
	return headers, nil
}
