package firewall

import (
	"bufio"
	"crypto/md5"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// The examples of the RFCs, and what they leave open.
func TestDigest(t *testing.T) {
	type request struct{ method, uri, user, password, cnonce string }
	index := request{"GET", "/dir/index.html", "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"}
	const rfc7616 = `realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ` +
		`opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
	short := request{"CONNECT", "h:1", "u", "p", "c"}
	for _, row := range []struct {
		name      string
		challenge string
		request
		want []string // parts of the credentials; none = the challenge cannot be met
	}{
		{"RFC 7616, 3.9.1, MD5", `Digest qop="auth, auth-int", algorithm=MD5, ` + rfc7616, index, []string{
			`Digest username="Mufasa", realm="http-auth@example.org", `, `uri="/dir/index.html"`, `algorithm=MD5`,
			`response="8ca523f5e9506fed4657c9700eebdbec"`, `opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			`qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"`,
		}},
		{"RFC 7616, 3.9.1, SHA-256", `Digest qop="auth, auth-int", algorithm=SHA-256, ` + rfc7616, index, []string{
			`algorithm=SHA-256`, `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`,
		}},
		{
			"RFC 2617, 3.5", `Digest realm="testrealm@host.com", qop=auth, nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`,
			request{"GET", "/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b"},
			[]string{`response="6629fae49393a05397450978507c4ef1"`},
		},
		{
			"RFC 2069, 2.4 with its erratum", `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`,
			request{"GET", "/dir/index.html", "Mufasa", "CircleOfLife", "unused"},
			[]string{`nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea"`},
		},
		{"session", `digest Realm=r, NONCE=n, qop=AUTH, algorithm=md5-sess`, short, []string{`response="ce3c097a1ae6380ba9423ccbbf421fcf"`, `algorithm=md5-sess`}},
		{"session without protection", `Digest realm=r, nonce=n, algorithm=MD5-sess`, short, []string{`response="744be30fc9dc6b385d37198e32e1894e"`, `cnonce="c"`}},
		{"text to be quoted", `Digest realm="a\"b\\c", nonce="n` + "\r" + `"`, request{"CONNECT", "h:1", `q"u`, "p", "c"}, []string{
			`username="q\"u", realm="a\"b\\c", nonce="n", uri=`,
		}},
		{"integrity alone", `Digest realm=r, nonce=n, qop="auth-int"`, short, nil},
		{"SHA-512-256, by Python's hashlib", `Digest realm=r, nonce=n, algorithm=SHA-512-256`, short, []string{
			`response="06fdfa83e8628d54e2b0f7e2dc06356819053673eebb027d8ae0f1349f8c4947"`,
		}},
		{"unknown algorithm", `Digest realm=r, nonce=n, algorithm=SHA-1`, short, nil},
		{"no nonce", `Digest realm=r`, short, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			list := parseChallenges([]string{row.challenge})
			if len(list) != 1 {
				t.Fatalf("%d challenges", len(list))
			}
			got, ok := list[0].digest(row.method, row.uri, row.user, row.password, row.cnonce)
			if ok != (row.want != nil) {
				t.Fatalf("%q, %t", got, ok)
			}
			for _, part := range row.want {
				if !strings.Contains(got, part) {
					t.Errorf("%s\nwant in it %s", got, part)
				}
			}
		})
	}
}

func TestParseChallenges(t *testing.T) {
	none := map[string]string{}
	for _, row := range []struct {
		values []string
		want   []challenge
	}{
		{nil, nil},
		{[]string{"", " ,,", "\x00"}, nil},
		{[]string{"Basic"}, []challenge{{"Basic", none}}},
		{[]string{"Negotiate, NTLM"}, []challenge{{"Negotiate", none}, {"NTLM", none}}},
		{[]string{"realm=x"}, nil},
		{[]string{`Basic realm="a, b=\"c\"", Digest  realm = x ,nonce="n"`, "Bearer"}, []challenge{
			{"Basic", map[string]string{"realm": `a, b="c"`}},
			{"Digest", map[string]string{"realm": "x", "nonce": "n"}},
			{"Bearer", none},
		}},
		{[]string{`Digest realm="open`, "Basic"}, []challenge{{"Digest", map[string]string{"realm": ""}}, {"Basic", none}}},
		{[]string{`Digest realm="open\`}, []challenge{{"Digest", map[string]string{"realm": ""}}}},
		// What a token68 becomes has no meaning for us, as long as it is no scheme.
		{[]string{`Negotiate TlRMTVNTUAAC==`}, []challenge{{"Negotiate", map[string]string{"tlrmtvntuaac": ""}}}},
	} {
		got := parseChallenges(row.values)
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%q: %v, want %v", row.values, got, row.want)
		}
	}
}

const digestRequired = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" +
	"Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 4\r\n\r\nbody"

// wantDigest reads a request and computes from its parameters what the response must be.
func wantDigest(t *testing.T, conn net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		t.Error(err)
		return
	}
	list := parseChallenges(r.Header.Values("Proxy-Authorization"))
	if len(list) != 1 || list[0].scheme != "Digest" {
		t.Errorf("credentials %q", r.Header.Values("Proxy-Authorization"))
		return
	}
	p := list[0].params
	hash := func(format string, args ...any) string {
		return fmt.Sprintf("%x", md5.Sum(fmt.Appendf(nil, format, args...)))
	}
	response := hash("%s:n:00000001:%s:auth:%s", hash("me:r:secret"), p["cnonce"], hash("CONNECT:broker.example:1883"))
	if p["username"] != "me" || p["uri"] != "broker.example:1883" || p["response"] != response || len(p["cnonce"]) < 20 {
		t.Errorf("%v, want the response %s", p, response)
	}
}

func TestTunnelWithDigest(t *testing.T) {
	named := Firewall{FirewallType: FwTunnel, Host: "proxy", User: "me", Password: "secret"}
	first := []step{want(connectLines + basicLine + "\r\n"), send(digestRequired), stall}
	data := named
	data.Data = "Proxy-Authorization: Bearer t0ken"
	converse(t, []conversation{
		{
			name: "accepted", firewall: named, dials: "tcp proxy:80,tcp proxy:80",
			scripts: [][]step{first, append([]step{wantDigest}, server("HTTP/1.1 200 OK\r\n\r\n")...)},
		},
		{
			name: "refused, even with a new challenge", firewall: named, never: "secret",
			scripts: [][]step{first, {wantDigest, send(digestRequired), stall}},
			code:    118, text: `with "407 Proxy Authentication Required", which asks for Basic, Digest; check Firewall.User and Firewall.Password.`,
		},
		{
			name: "nobody to answer for", firewall: Firewall{FirewallType: FwTunnel, Host: "proxy"},
			scripts: [][]step{{want(connectLines + "\r\n"), send(digestRequired), stall}},
			code:    118, text: "which asks for Basic, Digest",
		},
		{
			name: "credentials of another scheme", firewall: data,
			scripts: [][]step{{want(connectLines + data.Data + "\r\n\r\n"), send(digestRequired), stall}},
			code:    118, text: "which asks for Basic, Digest",
		},
		{
			name: "challenge of the server", firewall: named,
			scripts: [][]step{{
				want(connectLines + basicLine + "\r\n"),
				send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=r, nonce=n\r\n\r\n"), stall,
			}},
			code: 118, text: `with "401 Unauthorized", which asks for Digest`,
		},
		{
			name: "a challenge that cannot be met", firewall: named,
			scripts: [][]step{{
				want(connectLines + basicLine + "\r\n"),
				send("HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=r, nonce=n, algorithm=X\r\n\r\n"), stall,
			}},
			code: 118, text: `with "407 No", which asks for Digest`,
		},
	})
}
