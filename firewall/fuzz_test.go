package firewall

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

// script plays a proxy whose bytes are all there from the start, and takes whatever is written.
type script struct {
	io.Reader
	written bytes.Buffer
}

func (s *script) Write(b []byte) (int, error) { return s.written.Write(b) }

// fuzzTalk holds a conversation with a proxy that sends these bytes. Whatever they are: what follows the answer is left
// unread, little is read, and the error is one that a person can read, without the password.
func fuzzTalk(t *testing.T, r route, answer []byte) {
	in := bytes.NewReader(answer)
	conn := &script{Reader: in}
	again := r
	err := r.talk(conn)
	used := len(answer) - in.Len()
	if used > headerLimit {
		t.Fatalf("%d bytes were read", used)
	}
	if err == errAgain {
		if again.digest || !strings.HasPrefix(r.credentials, "Digest ") || strings.ContainsAny(r.credentials, "\r\n\x00") {
			t.Fatalf("credentials %q", r.credentials)
		}
		return
	}
	if err != nil {
		text := r.fault(err).Error()
		if strings.Contains(text, r.password) || !utf8.ValidString(text) || len(text) > 2000 {
			t.Fatalf("error %q", text)
		}
		var said refusal
		if !errors.As(err, &said) && err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Fatalf("error %v", err)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return
	}
	// The same answer with other bytes behind it ends in the same way, and those bytes stay.
	in = bytes.NewReader(append(bytes.Clone(answer[:used]), "MQTT"...))
	conn = &script{Reader: in}
	second := again.talk(conn)
	if rest, _ := io.ReadAll(in); string(rest) != "MQTT" || (second == nil) != (err == nil) {
		t.Fatalf("%q is left (%v, before %v)", rest, second, err)
	}
}

func FuzzTunnelReply(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\nwelcome", "HTTP/1.0 200\n\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		digestRequired, "HTTP/1.1 401 secret\r\nWWW-Authenticate: Basic realm=\"secret\"\r\n\r\n", "SSH-2.0-x\r\n", "\n\n",
		"HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 407 \xff\r\nproxy-authenticate: digest nonce=\"\\",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		r := route{kind: FwTunnel, proxyHost: "proxy", user: "me", password: "secret", host: "broker.example", port: 1883}
		r.useBasic()
		fuzzTalk(t, r, answer)
	})
}

func FuzzSOCKSReply(f *testing.F) {
	for _, seed := range []string{
		"05 00 05 00 00 01 00000000 0000", "05 02 01 00 05 00 00 03 03 616263 0000", "05 FF", "05 00 05 05", "05 00 05 00 00 02",
		"05 00 05 00 00 04 20010DB8000000000000000000000001 0438 77",
	} {
		f.Add([]byte(unhex(seed)), false)
	}
	f.Add([]byte(unhex(socks4Answer)), true)
	f.Add([]byte(unhex("00 5B 0000 00000000")), true)
	f.Fuzz(func(t *testing.T, answer []byte, four bool) {
		r := route{kind: FwSOCKS5, proxyHost: "proxy", user: "me", password: "secret", addr: netip.MustParseAddr("192.0.2.7"), port: 1883}
		if four {
			r.kind = FwSOCKS4
		}
		fuzzTalk(t, r, answer)
	})
}

// What a challenge makes us send is one header that reads back with the values of the challenge.
func FuzzDigest(f *testing.F) {
	f.Add(`Digest realm="a \"b\"", nonce="n", qop="auth,auth-int", algorithm=SHA-256, opaque=""`, "me")
	f.Add(`Basic realm=x, Digest nonce=n, algorithm=MD5-sess, Negotiate abc==`, `a"b\`)
	f.Fuzz(func(t *testing.T, challenges, user string) {
		credentials, ok := answerDigest([]string{challenges}, "CONNECT", "broker.example:1883", user, "secret")
		if !ok {
			return
		}
		if strings.ContainsFunc(credentials, isControl) || strings.Contains(credentials, "secret") && !strings.Contains(challenges+user, "secret") {
			t.Fatalf("credentials %q", credentials)
		}
		list := parseChallenges([]string{credentials})
		if len(list) != 1 {
			t.Fatalf("%q are %d challenges", credentials, len(list))
		}
		plain := func(s string) string {
			var b []byte
			for i := range len(s) {
				if !isControl(rune(s[i])) {
					b = append(b, s[i])
				}
			}
			return string(b)
		}
		if got := list[0].params["username"]; got != plain(user) {
			t.Fatalf("user %q, want %q", got, user)
		}
		if list[0].params["nonce"] == "" && !strings.ContainsFunc(challenges, isControl) {
			t.Fatalf("no nonce in %q", credentials)
		}
	})
}

// Every line of Data that is taken is one header line of the request.
func FuzzData(f *testing.F) {
	f.Add("A: b\r\nC: d\n\rE:")
	f.Add("A b: c")
	f.Fuzz(func(t *testing.T, data string) {
		h, err := parseHeaders(data)
		if err != nil {
			return
		}
		r := route{kind: FwTunnel, proxyHost: "proxy", host: "broker.example", port: 1883, headers: h}
		if got, want := strings.Count(r.request(), "\n"), len(r.lines())+2; got != want || strings.Count(r.request(), "\r") != want {
			t.Fatalf("%q makes %q", data, r.request())
		}
		again, err := parseHeaders(strings.Join(strings.Split(r.request(), "\r\n")[1:], "\n"))
		if err != nil || len(again) != len(r.lines()) {
			t.Fatalf("%q does not read back: %v", r.request(), err)
		}
	})
}
