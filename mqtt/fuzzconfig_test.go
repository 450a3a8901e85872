package mqtt_test

import (
	"bufio"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// allSettings reads every setting of m that needs no index.
func allSettings(t *testing.T, m *mqtt.MQTT) map[string]string {
	t.Helper()
	values := map[string]string{}
	for row := range m.Settings().Rows() {
		if !row.Indexed {
			values[row.Name] = config(t, m, row.Name)
		}
	}
	return values
}

// wantRefusal checks an error of what a program was given: a number, one readable line, and not the secret.
func wantRefusal(t *testing.T, err error, secret string) {
	t.Helper()
	text := err.Error()
	if errors.Code(err) <= 0 || len(text) > 2000 || !utf8.ValidString(text) || strings.ContainsFunc(text, isControl) {
		t.Fatalf("error %q", text)
	}
	if len(secret) > 8 && strings.Contains(text, secret) {
		t.Fatalf("the secret %q is told: %s", secret, text)
	}
}

// FuzzComponentConfig: any string for Config of a component is refused with a number and changes nothing, or reads back as
// a text that can be set again and then changes nothing. Reset takes everything back.
func FuzzComponentConfig(f *testing.F) {
	for _, row := range settingRows {
		for _, values := range [][]string{row.good, row.bad} {
			if len(values) > 0 {
				value, _, _ := strings.Cut(values[0], " -> ")
				f.Add(row.name + "=" + value)
			}
		}
	}
	f.Add("FirewallPassword=a secret\x00")
	f.Add("WebSocketHeaders=Authoriza")
	f.Add("WebSocketHeaders=Authorization: a secret\r\n\r\nGET / HTTP/1.1")
	f.Fuzz(func(t *testing.T, s string) {
		m := recorded(t)
		before := allSettings(t, m)
		name, value, assigned := strings.Cut(s, "=")
		_, err := m.Config(s)
		if err != nil {
			secret := ""
			for row := range m.Settings().Rows() {
				if row.Secret && strings.EqualFold(strings.TrimSpace(name), row.Name) {
					secret = value
				}
			}
			wantRefusal(t, err, secret)
		}
		after := allSettings(t, m)
		if (err != nil || !assigned) && !maps.Equal(before, after) {
			t.Fatalf("%q (%v) changed something", s, err)
		}
		if err == nil && assigned {
			text := config(t, m, name)
			config(t, m, name+"="+text)
			if again := config(t, m, name); again != text {
				t.Fatalf("%q reads %q, and set again %q", s, text, again)
			}
			if again := allSettings(t, m); !maps.Equal(after, again) {
				t.Fatalf("%q: the value, set again, changed something", s)
			}
		}
		must(t, m.Reset())
		if reset := allSettings(t, m); !maps.Equal(before, reset) {
			t.Fatalf("Reset does not take %q back", s)
		}
	})
}

// FuzzComponentHost: any RemoteHost is refused with a number and changes nothing, or reads back as a text that can be set
// again; and what Connect then dials, and asks of a WebSocket, holds nothing but what a host and a path may.
func FuzzComponentHost(f *testing.F) {
	for _, s := range []string{
		"broker.example", "tcp://broker.example:1", "ssl://[::1]", "ws://broker.example/mqtt?a=b", "ws://a/b c", "ws://a/%0D%0AX: y", "ws://a\r\nX: y/",
		"mqtts://u:a secret@h", "ws://user:a secret@h/", "unix:///tmp/x", "wss://[fe80::1%25eth0]:9001/#x", "tcp://h:99999", "h:1883", "//h", "ws://h?x\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 {
			return // Go's errors repeat the whole address
		}
		bubble.Test(t, func(t *testing.T) {
			m := recorded(t)
			if err := m.SetRemoteHost(s); err != nil {
				secret := ""
				if _, rest, ok := strings.Cut(s, "://"); ok {
					if user, _, ok := strings.Cut(rest, "@"); ok {
						_, secret, _ = strings.Cut(user, ":")
					}
				}
				wantRefusal(t, err, secret)
				if m.RemoteHost() != "" {
					t.Fatalf("refused, and RemoteHost is %q", m.RemoteHost())
				}
				return
			}
			text := m.RemoteHost()
			must(t, m.SetRemoteHost(text))
			if again := m.RemoteHost(); again != text {
				t.Fatalf("%q reads %q, and set again %q", s, text, again)
			}
			connectTo(t, m)
		})
	})
}

// connectTo connects with a server that looks at what it is asked and leaves.
func connectTo(t *testing.T, m *mqtt.MQTT) {
	t.Helper()
	s := mqtttest.NewMemoryServer(t)
	d := &noting{dial: s.Dial}
	mqtt.SetDial(m, d.DialContext)
	done := make(chan error, 1)
	go func() { done <- m.Connect() }()
	synctest.Wait()
	if d.address == "" { // refused before, for what only Connect looks at
		wantRefusal(t, <-done, "")
		return
	}
	if host, port, err := net.SplitHostPort(d.address); err == nil && d.address[0] != '/' && (host == "" || port == "" || strings.ContainsFunc(host, isControl)) {
		t.Fatalf("%q was dialed", d.address)
	}
	c := s.Accept(t).NetConn()
	r := bufio.NewReader(c)
	if first, err := r.Peek(1); err == nil && first[0] == 'G' {
		request, err := http.ReadRequest(r)
		if err != nil {
			t.Fatalf("the upgrade to WebSocket is no request: %v", err)
		}
		names := slices.Sorted(maps.Keys(request.Header))
		if want := []string{"Connection", "Sec-Websocket-Key", "Sec-Websocket-Protocol", "Sec-Websocket-Version", "Upgrade", "User-Agent"}; !slices.Equal(names, want) || r.Buffered() > 0 {
			t.Fatalf("%q asks with %v, and %d bytes behind", m.RemoteHost(), names, r.Buffered())
		}
	}
	_ = c.Close()
	wantRefusal(t, <-done, "")
}
