package firewall

import (
	"strings"
	"testing"
	"time"
)

const (
	connectLines = "CONNECT broker.example:1883 HTTP/1.1\r\nHost: broker.example:1883\r\n"
	basicLine    = "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" // me:secret
)

func TestTunnel(t *testing.T) {
	tunnel := Firewall{FirewallType: FwTunnel, Host: "proxy"}
	named := Firewall{FirewallType: FwTunnel, Host: "proxy", User: "me", Password: "secret"}
	withData := func(f Firewall, data string) Firewall {
		f.Data = data
		return f
	}
	// answered is a proxy that gets the plain request and answers it.
	answered := func(answer string, rest ...step) [][]step {
		return [][]step{append([]step{want(connectLines + "\r\n"), send(answer)}, rest...)}
	}
	granted := func(answer string) [][]step {
		return [][]step{append([]step{want(connectLines + "\r\n")}, server(answer)...)}
	}
	requested := func(request string) [][]step {
		return [][]step{append([]step{want(request)}, server("HTTP/1.1 200 OK\r\n\r\n")...)}
	}
	converse(t, []conversation{
		{
			name: "the proxy resolves", firewall: tunnel, address: "nobody.example:1883", dials: "tcp proxy:80",
			scripts: requested("CONNECT nobody.example:1883 HTTP/1.1\r\nHost: nobody.example:1883\r\n\r\n"),
		},
		{name: "the asterisk is no part of the name", firewall: tunnel, address: "*broker.example:1883", scripts: requested(connectLines + "\r\n")},
		{
			name: "IPv6", firewall: tunnel, address: "[2001:db8::7]:1883",
			scripts: requested("CONNECT [2001:db8::7]:1883 HTTP/1.1\r\nHost: [2001:db8::7]:1883\r\n\r\n"),
		},
		{
			name: "the zone of an address stays here", firewall: tunnel, address: "[fe80::1%eth0]:1883",
			scripts: requested("CONNECT [fe80::1]:1883 HTTP/1.1\r\nHost: [fe80::1]:1883\r\n\r\n"),
		},
		{name: "user and password", firewall: named, scripts: requested(connectLines + basicLine + "\r\n")},
		{
			name: "only a password", firewall: Firewall{FirewallType: FwTunnel, Host: "proxy", Password: "secret"},
			scripts: requested(connectLines + "Proxy-Authorization: Basic OnNlY3JldA==\r\n\r\n"),
		},
		{
			name: "further headers", firewall: withData(named, "User-Agent: iot/1\r\nX-Trace:  a: b \n\nX-Empty:\rX-Last: z\r\n"),
			scripts: requested(connectLines + basicLine + "User-Agent: iot/1\r\nX-Trace: a: b\r\nX-Empty: \r\nX-Last: z\r\n\r\n"),
		},
		{
			name: "headers that replace ours", firewall: withData(named, "host: other\nproxy-authorization: Bearer t0ken"),
			scripts: requested("CONNECT broker.example:1883 HTTP/1.1\r\nhost: other\r\nproxy-authorization: Bearer t0ken\r\n\r\n"),
		},

		{name: "HTTP/1.0", firewall: tunnel, scripts: granted("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n")},
		{name: "no reason", firewall: tunnel, scripts: granted("HTTP/1.1 200\r\n\r\n")},
		{name: "another success", firewall: tunnel, scripts: granted("HTTP/1.1 299 Fine\r\nContent-Length: 7\r\n\r\n")},
		{name: "lines end with LF", firewall: tunnel, scripts: granted("HTTP/1.1 200 OK\nA: b\n\n")},
		{name: "interim answers", firewall: tunnel, scripts: granted("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")},
		{name: "long header", firewall: tunnel, scripts: granted("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", headerLimit-24) + "\r\n\r\n")},

		{
			name: "credentials demanded", firewall: tunnel,
			scripts: answered("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a, b\"\r\n"+
				"Proxy-Authenticate: Negotiate\r\n\r\n", stall),
			code: 118, text: `The HTTP proxy proxy:80 answered CONNECT broker.example:1883 with "407 Proxy Authentication Required",` +
				` which asks for Basic, Negotiate; check Firewall.User and Firewall.Password.`,
		},
		{
			name: "wrong password", firewall: named, never: "secret",
			scripts: [][]step{{want(connectLines + basicLine + "\r\n"), send("HTTP/1.0 401 Unauthorized\r\n\r\n<html>"), hangUp}},
			code:    118, text: `with "401 Unauthorized"; check Firewall.User and Firewall.Password.`,
		},
		{
			name: "the password comes back", firewall: named, never: "secret",
			scripts: [][]step{{want(connectLines + basicLine + "\r\n"), send("HTTP/1.0 403 no me:secret\r\n\r\n"), stall}},
			code:    118, text: `with "403 no me:***".`,
		},
		{
			name: "the password comes back in what is no HTTP", firewall: named, never: "secret",
			scripts: [][]step{{want(connectLines + basicLine + "\r\n"), send("HTTP/2 \x1b[2Jsecret\r\n\r\n"), stall}},
			code:    118, text: `does not speak HTTP/1.1: its answer begins with "HTTP/2 ?[2J***"`,
		},
		{
			name: "the header with it comes back", firewall: named, never: "bWU6c2VjcmV0",
			scripts: [][]step{{want(connectLines + basicLine + "\r\n"), send("HTTP/1.0 403 no bWU6c2VjcmV0\r\n\r\n"), stall}},
			code:    118, text: `with "403 no ***".`,
		},
		{
			name: "a further header comes back", firewall: withData(tunnel, "X-Key: Bearer t0ken"), never: "t0ken",
			scripts: [][]step{{want(connectLines + "X-Key: Bearer t0ken\r\n\r\n"), send("HTTP/1.0 401 t0ken\r\nProxy-Authenticate: t0ken\r\n\r\n"), stall}},
			code:    118, text: `with "401 ***", which asks for ***;`,
		},
		{
			name: "forbidden", firewall: tunnel, scripts: answered("HTTP/1.1 403 broker.example:1883 is forbidden\r\n\r\n", stall),
			code: 118, text: `The HTTP proxy proxy:80 answered CONNECT broker.example:1883 with "403 broker.example:1883 is forbidden".`,
		},
		{
			name: "redirect", firewall: tunnel, scripts: answered("HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n", stall),
			code: 118, text: `with "302 Found", which leads to "http://evil.example/".`,
		},
		{
			name: "schemes that are not known", firewall: tunnel,
			scripts: answered("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n"+
				"Proxy-Authenticate: Digest realm=r, nonce=n, qop=\"auth-int\"\r\n\r\n", stall),
			code: 118, text: `which asks for NTLM, Negotiate, Digest auth-int; of these none is known here, Basic and Digest`,
		},
		{
			name: "a reason of squid", firewall: tunnel, scripts: answered("HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n\r\n", stall),
			code: 118, text: `with "403 Forbidden", for the reason "ERR_ACCESS_DENIED 0".`,
		},
		{
			name: "switch of the protocol", firewall: tunnel, scripts: answered("HTTP/1.1 101 Switching Protocols\r\n\r\n", stall),
			code: 118, text: `with "101 Switching Protocols".`,
		},
		{
			name: "endless reason", firewall: tunnel, scripts: answered("HTTP/1.1 502 "+strings.Repeat("é\x00", 300)+"\r\n\r\n", stall),
			code: 118, text: `with "502 ` + strings.Repeat("é?", 65) + `...".`,
		},
		{
			name: "SSH", firewall: tunnel, scripts: answered("SSH-2.0-OpenSSH_9.2\r\n", stall),
			code: 118, text: `The HTTP proxy proxy:80 does not speak HTTP/1.1: its answer begins with "SSH-2".`,
		},
		{
			name: "TLS alert", firewall: tunnel, scripts: answered("\x15\x03\x01\x00\x02\x02\x28", stall),
			code: 118, text: `does not speak HTTP/1.1: its answer begins with "?????".`,
		},
		{
			name: "empty lines", firewall: tunnel, scripts: answered("\r\n\r\n", stall),
			code: 118, text: `does not speak HTTP/1.1: its answer begins with "".`,
		},
		{
			name: "bad status", firewall: tunnel, scripts: answered("HTTP/1.1 0200 OK\r\n\r\n", stall),
			code: 118, text: `does not speak HTTP/1.1: its answer begins with "HTTP/1.1 0200 OK".`,
		},
		{
			name: "no answer", firewall: tunnel, scripts: [][]step{{want(connectLines + "\r\n"), hangUp}},
			code: 118, text: "The HTTP proxy proxy:80 closed the connection before its answer was complete. EOF",
		},
		{
			name: "truncated answer", firewall: tunnel, scripts: answered("HTTP/1.1 200 OK\r\n\r", hangUp),
			code: 118, text: "closed the connection before its answer was complete",
		},
		{
			name: "endless header", firewall: tunnel, scripts: answered("HTTP/1.1 200 OK\r\n", sendForever("X: y\r\n", 0)),
			code: 118, text: "The HTTP proxy proxy:80 sent an answer with a header of more than 16384 bytes.",
		},
		{
			name: "endless line", firewall: tunnel, scripts: answered("HTTP/1.1 200 ", sendForever("x", 0)),
			code: 118, text: "a header of more than 16384 bytes",
		},
		{
			name: "endless interim answers", firewall: tunnel,
			scripts: [][]step{{want(connectLines + "\r\n"), sendForever("HTTP/1.1 100 Continue\r\n\r\n", 0)}},
			code:    118, text: "a header of more than 16384 bytes",
		},
		{
			name: "slow drip", firewall: tunnel, limit: 60, scripts: answered("HTTP/1.1 200 OK\r\n", sendForever("X", time.Second)),
			code: 201, text: "The HTTP proxy proxy:80 had not yet made the connection. context deadline exceeded",
		},
		{
			name: "a proxy that reads nothing", firewall: tunnel, limit: 60, scripts: [][]step{{idle}},
			code: 201, text: "had not yet made the connection",
		},

		{name: "a line that is no header", firewall: withData(tunnel, "A: b\nsecret"), code: 118, text: "Firewall.Data: line 2 is not a header", never: "secret"},
		{name: "a name with a space", firewall: withData(tunnel, "A b: c"), code: 118, text: "Firewall.Data: line 1"},
		{name: "no name", firewall: withData(tunnel, ": c"), code: 118, text: "Firewall.Data: line 1"},
		{name: "a folded line", firewall: withData(tunnel, "A: b\r\n c"), code: 118, text: "Firewall.Data: line 2"},
		{name: "a control character", firewall: withData(tunnel, "A: b\x00c"), code: 118, text: "Firewall.Data: line 1"},
	})
}

// Further headers concern CONNECT only.
func TestDataWithSOCKS(t *testing.T) {
	converse(t, []conversation{{
		name: "SOCKS4", firewall: Firewall{FirewallType: FwSOCKS4, Host: "proxy", Data: "no header"},
		scripts: [][]step{append([]step{wantHex(socks4Request + "00")}, server(unhex(socks4Answer))...)},
	}})
}
