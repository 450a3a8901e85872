package transport

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestBadWebSocketHeaders(t *testing.T) {
	for _, lines := range []string{
		"no colon", ": no name", "two words: a", "A: b\r\nno colon", "Nul: a\x00b", "A\x7f: b", "Upgrade: h2c", "sec-websocket-key: x",
		"Sec-WebSocket-Protocol: mqttv3.1", "content-length: 5", " A: b",
	} {
		o := &Options{Target: Target{Scheme: "ws", Host: serverName, Path: "/"}, WebSocketHeaders: lines}
		if err := refused(t, o, 10022, "WebSocketHeaders"); err != nil && strings.Contains(err.Description, "a\x00b") {
			t.Errorf("%q is in the error", lines)
		}
	}
}

// Whatever the lines are: a header that passes is one line of HTTP, and the same when it is read again.
func FuzzWebSocketHeaders(f *testing.F) {
	f.Add("A: b\r\nC:d\n\n")
	f.Add("Cookie: \t x=y; z\r\nHost: h")
	f.Fuzz(func(t *testing.T, lines string) {
		headers, err := parseHeaders(lines)
		if err != nil {
			if !strings.HasPrefix(strings.TrimPrefix(err.Error(), "the value in "), "line ") {
				t.Error(err)
			}
			return
		}
		var again bytes.Buffer
		if err := headers.Write(&again); err != nil {
			t.Fatal(err)
		}
		same, err := parseHeaders(again.String())
		if err != nil {
			t.Fatalf("%q became %q: %v", lines, again.String(), err)
		}
		for name, values := range headers {
			if !slices.Equal(values, same[name]) {
				t.Errorf("%s: %q became %q", name, values, same[name])
			}
		}
	})
}
