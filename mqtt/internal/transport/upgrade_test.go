package transport

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// The request is what servers and proxies on the way look at.
func TestUpgradeRequest(t *testing.T) {
	for _, row := range []struct{ url, headers, request, host string }{
		{"ws://broker.example", "", "/", "broker.example"},
		{"ws://broker.example:80/mqtt?a=b", "", "/mqtt?a=b", "broker.example"},
		{"ws://broker.example:8080/mqtt", "X-Token: a:b \r\nX-Token:c\ncookie: d=e\r\n\r\n", "/mqtt", "broker.example:8080"},
		{"ws://[::1]:9001", "Host: other.example", "/", "other.example"},
		{"ws://[fe80::1%25eth0]:9001", "", "/", "[fe80::1]:9001"},
	} {
		t.Run(row.url, func(t *testing.T) {
			seen := make(chan *http.Request, 1)
			o, wait := options(row.url, func(conn net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					t.Error(err)
				}
				seen <- r
			})
			defer wait()
			o.WebSocketHeaders = row.headers
			refused(t, o, 1120, "closed the connection instead of answering")
			r := <-seen
			if r.RequestURI != row.request || r.Host != row.host || r.Method != "GET" {
				t.Errorf("%s %s, Host %s", r.Method, r.RequestURI, r.Host)
			}
			for name, want := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-Websocket-Protocol": "mqtt", "Sec-Websocket-Version": "13", "Sec-Websocket-Extensions": ""} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			if strings.Contains(row.headers, "X-Token") && (!slices.Equal(r.Header["X-Token"], []string{"a:b", "c"}) || r.Header.Get("Cookie") != "d=e") {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
}

// What is no correct 101: 151 with what the server said, 4003 when only MQTT is missing.
func TestRefusedUpgrade(t *testing.T) {
	respond := func(status, headers, body string) string {
		return "HTTP/1.1 " + status + "\r\n" + headers + "\r\n" + body
	}
	const ok = "Upgrade: websocket\r\nConnection: upgrade\r\n"
	long := strings.Repeat("x", 2000)
	for name, row := range map[string]struct {
		answer string
		code   int
		texts  []string
	}{
		"not found":      {respond("404 Not Found", "Content-Length: 9\r\n", "no mqtt\r\n"), 151, []string{`"404 Not Found"`, `"no mqtt"`}},
		"redirect":       {respond("302 Found", "Location: http://else.example/\r\nContent-Length: 0\r\n", ""), 151, []string{"302", "else.example"}},
		"unauthorized":   {respond("401 Unauthorized", "Set-Cookie: a=b\r\nContent-Length: 0\r\n", ""), 151, []string{"401"}},
		"long":           {respond("500 No", "Content-Length: 2000\r\n", long), 151, []string{`"500 No"`}},
		"control":        {respond("400 \x1b[31m", "Content-Length: 1\r\n", "\x07"), 151, []string{`\x1b`, `\a`}},
		"no headers":     {respond("101 Switching Protocols", "", ""), 151, []string{"101", "without the headers"}},
		"wrong accept":   {respond("101 Switching Protocols", ok+"Sec-WebSocket-Accept: AAAA\r\n", ""), 151, nil},
		"no subprotocol": {respond("101 Switching Protocols", ok+"Sec-WebSocket-Accept: KEY\r\n", ""), 4003, []string{`subprotocol ""`}},
		"old subprotocol": {
			respond("101 Switching Protocols", ok+"Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: mqttv3.1\r\n", ""), 4003, []string{"mqttv3.1"},
		},
		"compression": {
			respond("101 Switching Protocols", ok+"Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n", ""),
			4003,
			[]string{"extensions", "permessage-deflate"},
		},
		"half of a compression": {
			respond("101 Switching Protocols", ok+"Sec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", ""),
			4003,
			[]string{"extensions", "permessage-deflate"},
		},
		"early hints, then no": {
			"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 102 Processing\n\n" + respond("403 Forbidden", "Content-Length: 4\r\n", "nope"), 151, []string{`"403 Forbidden"`, `"nope"`},
		},
		"endless early hints": {strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: "+long+"\r\n\r\n", 100), 151, []string{"no end"}},
		"half an early hint":  {"HTTP/1.1 103 Early Hints\r\nLink", 1120, []string{"EOF"}},
		"half a status":       {"HTTP/1.1 10", 151, []string{`"10"`}},
		"version":             {"HTTP/9.9 101 Switching\r\n\r\n", 151, nil},
		"no HTTP":             {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 151, []string{"SSH-2.0"}},
		"MQTT":                {"\x20\x02\x00\x00\r\n", 151, nil},
		"TLS":                 {"\x15\x03\x01\x00\x02\x02\x46", 276, []string{"expects TLS on this port"}},
		"truncated":           {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: web", 151, []string{"EOF"}},
		"bad line":            {"HTTP/1.1 101 Switching Protocols\r\nUpgrade websocket\r\n\r\n", 151, nil},
		"endless":             {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Header: "+long+"\r\n", 100), 151, []string{"no end"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, wait := options("ws://"+serverName, func(conn net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, strings.Replace(row.answer, "KEY", acceptKey(r.Header.Get("Sec-Websocket-Key")), 1))
				_ = conn.(*net.TCPConn).CloseWrite()
				ignore(conn)
			})
			defer wait()
			err := refused(t, o, row.code, row.texts...)
			if err != nil && len(err.Description) > 1500 {
				t.Errorf("the error has %d bytes", len(err.Description))
			}
		})
	}
}

// A server that holds its answer back costs the time of the context; the text of a refusal costs a second at most.
func TestSlowUpgrade(t *testing.T) {
	read := func(conn net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(conn)) }
	for name, row := range map[string]struct {
		serve func(net.Conn)
		code  int
		after time.Duration
	}{
		"silent": {ignore, 201, time.Minute},
		"drips": {func(conn net.Conn) {
			read(conn)
			for {
				if _, err := io.WriteString(conn, "H"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, 201, time.Minute},
		"body without end": {func(conn net.Conn) {
			read(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\n\r\nbecause")
			ignore(conn)
		}, 151, bodyTime},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begin := time.Now()
				_, err := Dial(ctx, inBubble("ws://"+serverName, row.serve))
				if err == nil || err.Code != row.code || time.Since(begin) != row.after {
					t.Errorf("after %v: %v", time.Since(begin), err)
				}
				time.Sleep(time.Minute) // until the server is done
			})
		})
	}
	bubble.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := Dial(ctx, inBubble("ws://"+serverName, ignore)); err == nil || err.Code != 301 {
			t.Errorf("cancelled: %v", err)
		}
		synctest.Wait()
	})
}

// TestAnySubprotocol: with WebSocketAnyProtocol the server may agree to whatever it likes.
func TestAnySubprotocol(t *testing.T) {
	for _, agreed := range []string{"", "Sec-WebSocket-Protocol: mqttv3.1\r\n", "Sec-WebSocket-Protocol: mqtt\r\n", "Sec-WebSocket-Protocol: other\r\n"} {
		for _, hints := range []string{"", "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"} {
			o, wait := options("ws://"+serverName, func(conn net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					t.Error(err)
					return
				}
				if offered := r.Header.Get("Sec-Websocket-Protocol"); offered != "mqtt, mqttv3.1" {
					t.Errorf("offered %q", offered)
				}
				accept := "Sec-WebSocket-Accept: " + acceptKey(r.Header.Get("Sec-Websocket-Key")) + "\r\n"
				frame := "\x82\x02hi"
				_, _ = io.WriteString(conn, hints+"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"+accept+agreed+"\r\n"+frame)
				ignore(conn)
			})
			o.AnySubprotocol = true
			conn := connected(t, o)
			got := make([]byte, 2)
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hi" {
				t.Errorf("%q behind %q: %q, %v", agreed, hints, got, err)
			}
			_ = conn.Close()
			wait()
		}
	}
}
