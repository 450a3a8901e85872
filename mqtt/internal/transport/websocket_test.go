package transport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/iotcomponents/iot/errors"
)

// overWebSocket upgrades as gorilla's server does and echoes messages.
func overWebSocket(serve func(*websocket.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		served := make(chan struct{})
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(served)
			up := websocket.Upgrader{Subprotocols: []string{"mqtt"}, CheckOrigin: func(*http.Request) bool { return true }}
			ws, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			serve(ws)
			_ = ws.Close()
		})}
		listener := &single{conn: conn}
		_ = server.Serve(listener)
		<-served
		_ = server.Close()
	}
}

// single is a listener with one connection.
type single struct{ conn net.Conn }

func (l *single) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	return nil, io.EOF
}
func (*single) Close() error   { return nil }
func (*single) Addr() net.Addr { return &net.TCPAddr{} }

func echoMessages(ws *websocket.Conn) {
	for {
		kind, message, err := ws.ReadMessage()
		if err != nil || ws.WriteMessage(kind, message) != nil {
			return
		}
	}
}

// accept answers the upgrade by hand.
func accept(t testing.TB, conn net.Conn) *bufio.Reader {
	buffered := bufio.NewReaderSize(conn, 64<<10)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		t.Error(err)
		return buffered
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		acceptKey(r.Header.Get("Sec-Websocket-Key")))
	return buffered
}

// upgraded accepts and then sends bytes as they are; it goes on reading until the client closes, and tells got, unless
// nil, what it read. With nil it ends its direction at once.
func upgraded(t testing.TB, sent string, got chan<- []byte) func(net.Conn) {
	return func(conn net.Conn) {
		buffered := accept(t, conn)
		_, _ = io.WriteString(conn, sent)
		if got == nil {
			_ = closeWrite(conn)
			ignore(conn)
			return
		}
		rest, _ := io.ReadAll(buffered)
		got <- rest
	}
}

func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestWebSocket(t *testing.T) {
	ca := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil).tls()}}
	for url, serve := range map[string]func(net.Conn){
		"ws://" + serverName:            overWebSocket(echoMessages),
		"wss://" + serverName + "/mqtt": overTLS(config, overWebSocket(echoMessages)),
	} {
		t.Run(url, func(t *testing.T) {
			o, wait := options(url, serve)
			defer wait()
			o.TLS.ServerCACerts = ca.pem()
			n := watch(o)
			conn := connected(t, o)
			exchange(t, conn)
			checkSegments(t, conn)
			if err := conn.CloseWrite(); err != nil {
				t.Error(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("after both close frames: %v, want EOF", err)
			}
			if _, err := conn.Write([]byte("x")); errors.Code(err) != 4001 {
				t.Errorf("writing after CloseWrite: %v, want 4001", err)
			}
			if err := conn.CloseWrite(); errors.Code(err) != 4002 {
				t.Errorf("closing twice: %v, want 4002", err)
			}
			_ = conn.Close()
			if last := n.stages[len(n.stages)-1]; last != "WebSocket upgrade" {
				t.Errorf("stages %q", n.stages)
			}
		})
	}
}

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
			if err.Code != 10022 {
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
			151,
			[]string{"compression"},
		},
		"version":   {"HTTP/9.9 101 Switching\r\n\r\n", 151, nil},
		"no HTTP":   {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 151, []string{"SSH-2.0"}},
		"MQTT":      {"\x20\x02\x00\x00\r\n", 151, nil},
		"TLS":       {"\x15\x03\x01\x00\x02\x02\x46", 276, []string{"expects TLS on this port"}},
		"truncated": {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: web", 151, []string{"EOF"}},
		"bad line":  {"HTTP/1.1 101 Switching Protocols\r\nUpgrade websocket\r\n\r\n", 151, nil},
		"endless":   {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Header: "+long+"\r\n", 100), 151, []string{"no end"}},
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

// inBubble are options for a server on a connection without buffers, for tests of time.
func inBubble(url string, serve func(net.Conn)) *Options {
	target, err := Parse(url)
	if err != nil {
		panic(err)
	}
	return &Options{Target: target, Port: 1, TLS: DefaultTLS(), DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { // ended by the client's Close
			defer server.Close()
			serve(server)
		}()
		return client, nil
	}}
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
			synctest.Test(t, func(t *testing.T) {
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
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := Dial(ctx, inBubble("ws://"+serverName, ignore)); err == nil || err.Code != 301 {
			t.Errorf("cancelled: %v", err)
		}
		synctest.Wait()
	})
}

// frame is one frame of a server.
func frame(first byte, payload string) string {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return string(b) + payload
}

const (
	final, binaryFrame, textFrame, more            = 0x80, 0x82, 0x81, 0x02
	continuation, closeFrame, pingFrame, pongFrame = 0x00, 0x88, 0x89, 0x8A
)

func closing(code int, text string) string {
	return frame(closeFrame, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+text)
}

// What frames of RFC 6455 make of the stream of bytes.
func TestFrames(t *testing.T) {
	long := strings.Repeat("0123456789", 20000)
	for name, row := range map[string]struct {
		sent, read string
		code       int // of the end, 0 = io.EOF
		text       string
	}{
		"RFC6455-5.2 short":                          {frame(binaryFrame, "abc") + closing(1000, ""), "abc", 0, ""},
		"RFC6455-5.2 two bytes of length":            {frame(binaryFrame, long[:300]) + closing(1000, ""), long[:300], 0, ""},
		"RFC6455-5.2 eight bytes of length":          {frame(binaryFrame, long) + closing(1001, "going"), long, 0, ""},
		"RFC6455-5.2 empty":                          {frame(binaryFrame, "") + frame(binaryFrame, "a") + closing(1000, ""), "a", 0, ""},
		"MQTT-6.0.0-2 packets over frames":           {frame(binaryFrame, "ab") + frame(binaryFrame, "cde") + closing(1000, ""), "abcde", 0, ""},
		"RFC6455-5.4 fragments":                      {frame(more, "ab") + frame(continuation, "") + frame(continuation, "c") + frame(final, "d") + closing(1000, ""), "abcd", 0, ""},
		"RFC6455-5.4 control frames in between":      {frame(more, "ab") + frame(pingFrame, "x") + frame(pongFrame, "") + frame(final, "c") + closing(1000, ""), "abc", 0, ""},
		"RFC6455-5.5.1 close without code":           {frame(binaryFrame, "a") + frame(closeFrame, ""), "a", 0, ""},
		"RFC6455-7.4.1 close 1002":                   {closing(1002, "bad frame"), "", 4003, `code 1002 and the reason "bad frame"`},
		"RFC6455-7.4.1 close 1009":                   {closing(1009, ""), "", 4003, "1009"},
		"RFC6455-7.4.1 close 4000":                   {closing(4000, "ours"), "", 4003, "4000"},
		"RFC6455-7.4.1 close 1005 is not sent":       {closing(1005, ""), "", 4003, "bad close code 1005"},
		"RFC6455-7.4.1 close 999":                    {closing(999, ""), "", 4003, "bad close code"},
		"RFC6455-5.5.1 close with half a code":       {frame(closeFrame, "\x03"), "", 0, ""},
		"RFC6455-5.5.1 reason is not UTF-8":          {closing(1000, "\xff"), "", 4003, "utf8"},
		"MQTT-6.0.0-1 text":                          {frame(binaryFrame, "a") + frame(textFrame, "b"), "a", 4003, "text frame"},
		"RFC6455-5.1 masked":                         {"\x82\x81\x01\x02\x03\x04a", "", 4003, "MASK"},
		"RFC6455-5.2 reserved bits":                  {frame(binaryFrame|0x40, "a"), "", 4003, "RSV1"},
		"RFC6455-5.2 unknown kind":                   {frame(0x83, "a"), "", 4003, "opcode"},
		"RFC6455-5.2 length with the highest bit":    {"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00a", "", 4003, "limit"},
		"RFC6455-5.4 continuation of nothing":        {frame(final, "a"), "", 4003, "continuation"},
		"RFC6455-5.4 new message within another":     {frame(more, "a") + frame(binaryFrame, "b"), "a", 4003, "FIN"},
		"RFC6455-5.5 control frame too long":         {frame(pingFrame, long[:126]), "", 4003, "125"},
		"RFC6455-5.5 control frame in fragments":     {frame(0x09, "a"), "", 4003, "FIN"},
		"the connection ends between frames":         {frame(binaryFrame, "a"), "a", 0, ""},
		"the connection ends in a frame":             {frame(binaryFrame, "abc")[:3], "a", 0, ""},
		"the connection ends in a header":            {"\x82", "", 0, ""},
		"RFC6455-5.5.1 nothing counts after a close": {closing(1000, "") + frame(binaryFrame, "late"), "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, wait := options("ws://"+serverName, upgraded(t, row.sent, nil))
			defer wait()
			conn := connected(t, o)
			defer conn.Close()
			got, err := io.ReadAll(conn)
			if string(got) != row.read {
				t.Errorf("read %.60q, want %.60q", got, row.read)
			}
			if code := errors.Code(err); code != row.code {
				t.Errorf("the end is %v, want %d", err, row.code)
			}
			if err != nil && !strings.Contains(err.Error(), row.text) {
				t.Errorf("%v does not say %q", err, row.text)
			}
			for range 2000 { // gorilla panics when its errors are ignored
				if _, again := conn.Read(make([]byte, 1)); again == nil || err != nil && again != err {
					t.Fatalf("then: %v", again)
				}
			}
		})
	}
}

// Each of our frames is masked and binary, one for each flush, however many segments; pings are answered.
func TestWrittenFrames(t *testing.T) {
	got := make(chan []byte, 1)
	o, wait := options("ws://"+serverName, upgraded(t, frame(pingFrame, "are you there")+frame(binaryFrame, "a"), got))
	conn := connected(t, o)
	if _, err := conn.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	segments := [][]byte{[]byte("one "), bytes.Repeat([]byte("x"), 50000), []byte(" three")}
	if err := conn.WriteSegments(segments, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("single")); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*webSocket).below.Conn.(*net.TCPConn).CloseWrite()
	frames := <-got
	_ = conn.Close()
	wait()
	var seen []string
	for len(frames) > 0 {
		kind, payload, rest := readFrame(t, frames)
		seen, frames = append(seen, fmt.Sprintf("%02x %.20s %d", kind, payload, len(payload))), rest
	}
	want := []string{"8a are you there 13", "82 one xxxxxxxxxxxxxxxx 50010", "82 single 6", "88 \x03\xe8 2"}
	if !slices.Equal(seen, want) {
		t.Errorf("frames %q, want %q", seen, want)
	}
}

// readFrame takes one masked frame apart.
func readFrame(t *testing.T, b []byte) (kind byte, payload, rest []byte) {
	t.Helper()
	kind, n := b[0], int(b[1]&0x7f)
	if b[1]&0x80 == 0 {
		t.Fatal("a frame is not masked")
	}
	b = b[2:]
	switch n {
	case 126:
		n, b = int(binary.BigEndian.Uint16(b)), b[2:]
	case 127:
		n, b = int(binary.BigEndian.Uint64(b)), b[8:]
	}
	key := b[:4]
	payload = slices.Clone(b[4 : 4+n])
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return kind, payload, b[4+n:]
}

// A ping that comes while a frame is being written is answered after it, and the reader does not wait for that.
func TestPingWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var after []byte
		o := inBubble("ws://"+serverName, func(conn net.Conn) {
			buffered := accept(t, conn)
			synctest.Wait() // until the client is stuck in its write
			_, _ = io.WriteString(conn, frame(pingFrame, "1")+frame(pingFrame, "2")+frame(binaryFrame, "still read"))
			<-release
			after, _ = io.ReadAll(buffered)
		})
		conn := connected(t, o)
		written := make(chan error)
		go func() {
			_, err := conn.Write(make([]byte, 10))
			written <- err
		}()
		got := make([]byte, 20)
		if n, err := conn.Read(got); string(got[:n]) != "still read" {
			t.Errorf("read %q, %v", got[:n], err)
		}
		close(release)
		if err := <-written; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		_ = conn.Close()
		synctest.Wait()
		_, _, rest := readFrame(t, after)
		if kind, payload, rest := readFrame(t, rest); kind != pongFrame || string(payload) != "2" || len(rest) > 0 {
			t.Errorf("after the message came %x %q and %q", kind, payload, rest)
		}
	})
}

// Deadlines and errors of the socket come through as they are.
func TestWebSocketErrorsOfTheSocket(t *testing.T) {
	got := make(chan []byte, 1)
	o, wait := options("ws://"+serverName, upgraded(t, "", got))
	conn := connected(t, o)
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); errors.FromOS(err).Code != 201 {
		t.Errorf("after the deadline: %v", err)
	}
	if err := conn.SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("x")); errors.FromOS(err).Code != 201 {
		t.Errorf("after the deadline: %v", err)
	}
	if conn.LocalAddr().String() == "" || conn.RemoteAddr().String() == "" {
		t.Error("the addresses are missing")
	}
	_ = conn.Close()
	<-got
	wait()

	o, wait = options("ws://"+serverName, func(conn net.Conn) {
		accept(t, conn)
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	defer wait()
	conn = connected(t, o)
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); errors.FromOS(err).Code != 10054 {
		t.Errorf("after a reset: %v", err)
	}
}

// Any bytes after the upgrade end in bytes, an end or a numbered error.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(more, "ab") + frame(pingFrame, "x") + frame(final, "c") + closing(1000, "")))
	f.Add([]byte(frame(textFrame, "x")))
	f.Add([]byte("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		o, wait := options("ws://"+serverName, upgraded(t, string(sent), nil))
		defer wait()
		conn := connected(t, o)
		defer conn.Close()
		got, err := io.ReadAll(conn)
		if len(got) > len(sent) {
			t.Errorf("%d bytes became %d", len(sent), len(got))
		}
		if err != nil && errors.FromOS(err).Code == 10053 {
			t.Errorf("no number for %v", err)
		}
	})
}
