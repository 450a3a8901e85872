package firewall

import (
	"strings"
	"testing"
)

const (
	socks5Request = "05 01 00 01 C0000207 075B"  // CONNECT to 192.0.2.7, port 1883
	socks5Answer  = "05 00 00 01 00000000 0000"  // granted
	socks5Hello   = "05 01 00"                   // no authentication is offered
	socks5Named   = "05 02 00 02"                // as well as user and password
	socks5Login   = "01 02 6D65 06 736563726574" // "me", "secret"
)

func TestSOCKS5(t *testing.T) {
	socks5 := Firewall{FirewallType: FwSOCKS5, Host: "proxy"}
	named := Firewall{FirewallType: FwSOCKS5, Host: "proxy", User: "me", Password: "secret"}
	// asked begins all conversations that come to a request.
	asked := func(request string) []step {
		return []step{wantHex(socks5Hello), sendHex("05 00"), want(request)}
	}
	byName := unhex("05 01 00 03 0E") + "broker.example" + unhex("075B")
	granted := server(unhex(socks5Answer))
	then := func(request string, rest ...step) [][]step { return [][]step{append(asked(request), rest...)} }

	converse(t, []conversation{
		{name: "the client resolves", firewall: socks5, dials: "tcp proxy:1080", scripts: then(unhex(socks5Request), granted...)},
		{name: "the proxy resolves", firewall: socks5, address: "*broker.example:1883", scripts: then(byName, granted...)},
		{
			name: "IPv6 only", firewall: socks5, address: "six.example:1883",
			scripts: then(unhex("05 01 00 04 20010DB8000000000000000000000006 075B"), granted...),
		},
		{
			name: "IPv6 wanted", firewall: socks5, network: "tcp6", dials: "tcp6 proxy:1080",
			scripts: then(unhex("05 01 00 04 20010DB8000000000000000000000007 075B"), granted...),
		},
		{name: "IPv6 wanted, none there", firewall: socks5, network: "tcp6", address: "four.example:1883", code: 11001, text: "four.example"},
		{name: "IPv4 wanted, none there", firewall: socks5, network: "tcp4", address: "six.example:1883", code: 11001, text: "six.example"},
		{
			name: "an IPv6 address where names are IPv4", firewall: socks5, network: "tcp4", address: "[2001:db8::1]:443",
			scripts: then(unhex("05 01 00 04 20010DB8000000000000000000000001 01BB"), granted...),
		},
		{
			name: "an address has nothing to resolve", firewall: socks5, address: "*192.0.2.7:1883",
			scripts: then(unhex(socks5Request), granted...),
		},
		{
			name: "the zone of an address stays here", firewall: socks5, address: "[fe80::1%eth0]:1883",
			scripts: then(unhex("05 01 00 04 FE800000000000000000000000000001 075B"), granted...),
		},
		{
			name: "proxy given by address", network: "tcp4", dials: "tcp [2001:db8::99]:1081",
			firewall: Firewall{FirewallType: FwSOCKS5, Host: "[2001:db8::99]", Port: 1081},
			scripts:  then(unhex(socks5Request), granted...),
		},
		{
			name: "answer with a name", firewall: socks5,
			scripts: then(unhex(socks5Request), server(unhex("05 00 00 03 05")+"proxy"+unhex("0438"))...),
		},
		{
			name: "answer with an empty name", firewall: socks5,
			scripts: then(unhex(socks5Request), server(unhex("05 00 00 03 00 0000"))...),
		},
		{
			name: "answer with IPv6", firewall: socks5,
			scripts: then(unhex(socks5Request), server(unhex("05 00 00 04 20010DB8000000000000000000000001 0438"))...),
		},
		{
			name: "user and password", firewall: named, scripts: [][]step{append([]step{
				wantHex(socks5Named), sendHex("05 02"), wantHex(socks5Login), sendHex("01 00"), wantHex(socks5Request),
			}, granted...)},
		},
		{
			name: "user and password offered, not wanted", firewall: named,
			scripts: [][]step{append([]step{wantHex(socks5Named), sendHex("05 00"), wantHex(socks5Request)}, granted...)},
		},
		{
			name: "a user without password", firewall: Firewall{FirewallType: FwSOCKS5, Host: "proxy", User: "me"},
			scripts: [][]step{append([]step{
				wantHex(socks5Named), sendHex("05 02"), wantHex("01 02 6D65 00"), sendHex("01 00"), wantHex(socks5Request),
			}, granted...)},
		},
		{
			name: "longest user and password",
			firewall: Firewall{
				FirewallType: FwSOCKS5, Host: "proxy", User: strings.Repeat("u", 255), Password: strings.Repeat("p", 255),
			},
			scripts: [][]step{append([]step{
				wantHex(socks5Named), sendHex("05 02"),
				want("\x01\xff" + strings.Repeat("u", 255) + "\xff" + strings.Repeat("p", 255)), sendHex("01 00"), wantHex(socks5Request),
			}, granted...)},
		},
		{
			name: "wrong version in the answer about the password", firewall: named, scripts: [][]step{append([]step{
				wantHex(socks5Named), sendHex("05 02"), wantHex(socks5Login), sendHex("05 00"), wantHex(socks5Request),
			}, granted...)},
		},
		{
			name: "wrong password", firewall: named, never: "secret",
			scripts: [][]step{{wantHex(socks5Named), sendHex("05 02"), wantHex(socks5Login), sendHex("01 01"), hangUp}},
			code:    118, text: "The SOCKS5 proxy proxy:1080 refused User and Password with status 1.",
		},
		{
			name: "password demanded", firewall: socks5, scripts: [][]step{{wantHex(socks5Hello), sendHex("05 FF"), stall}},
			code: 118, text: "The SOCKS5 proxy proxy:1080 wants credentials; set Firewall.User and Firewall.Password.",
		},
		{
			name: "another method demanded", firewall: named, scripts: [][]step{{wantHex(socks5Named), sendHex("05 FF"), stall}},
			code: 118, text: "accepts neither User and Password nor a client without them",
		},
		{
			name: "GSSAPI chosen", firewall: named, scripts: [][]step{{wantHex(socks5Named), sendHex("05 01"), stall}},
			code: 118, text: "chose authentication method 1, which was not offered",
		},
		{
			name: "password chosen, not offered", firewall: socks5, scripts: [][]step{{wantHex(socks5Hello), sendHex("05 02"), stall}},
			code: 118, text: "chose authentication method 2, which was not offered",
		},
		{
			name: "no SOCKS", firewall: socks5, scripts: [][]step{{wantHex(socks5Hello), send("HTTP/1.1 400 Bad Request"), stall}},
			code: 118, text: "does not speak SOCKS5: its answer has version 72",
		},
		{
			name: "version changes", firewall: socks5, scripts: then(unhex(socks5Request), sendHex("04 00"), stall),
			code: 118, text: "does not speak SOCKS5: its answer has version 4",
		},
		{
			name: "unknown type of address", firewall: socks5, scripts: then(unhex(socks5Request), sendHex("05 00 00 02"), stall),
			code: 118, text: "does not speak SOCKS5: its answer has an address of type 2",
		},
		{
			name: "no answer", firewall: socks5, scripts: [][]step{{wantHex(socks5Hello), hangUp}},
			code: 118, text: "The SOCKS5 proxy proxy:1080 closed the connection before its answer was complete. EOF",
		},
		{
			name: "no answer to the password", firewall: named, never: "secret",
			scripts: [][]step{{wantHex(socks5Named), sendHex("05 02"), wantHex(socks5Login), hangUp}},
			code:    118, text: "closed the connection before its answer was complete",
		},
		{
			name: "no answer to the request", firewall: socks5, scripts: then(unhex(socks5Request), hangUp),
			code: 118, text: "closed the connection before its answer was complete",
		},
		{
			name: "silent proxy", firewall: socks5, limit: 30, scripts: [][]step{{wantHex(socks5Hello), stall}},
			code: 201, text: "The SOCKS5 proxy proxy:1080 had not yet made the connection. context deadline exceeded",
		},
		{
			name: "a proxy that reads nothing", firewall: socks5, limit: 30, scripts: [][]step{{idle}},
			code: 201, text: "had not yet made the connection",
		},
		{
			name: "user too long", firewall: Firewall{FirewallType: FwSOCKS5, Host: "proxy", User: strings.Repeat("u", 256)},
			code: 10022, text: "longer than the 255 bytes",
		},
		{
			name: "password too long", firewall: Firewall{FirewallType: FwSOCKS5, Host: "proxy", Password: strings.Repeat("p", 256)},
			code: 10022, text: "longer than the 255 bytes", never: "ppp",
		},
	})
}

// Each part of the answer, cut anywhere, is reported as such and not taken for a connection.
func TestSOCKS5Truncated(t *testing.T) {
	var rows []conversation
	for _, answer := range []string{socks5Answer, "05 00 00 03 03 616263 0000", "05 00 00 04 20010DB8000000000000000000000001 0438"} {
		whole := unhex(answer)
		for n := range len(whole) {
			rows = append(rows, conversation{
				name:     answer[:11] + " " + strings.Repeat("x", n),
				firewall: Firewall{FirewallType: FwSOCKS5, Host: "proxy"},
				scripts: [][]step{{
					wantHex(socks5Hello), sendHex("05 00"), wantHex(socks5Request), send(whole[:n]), hangUp,
				}},
				code: 118, text: "closed the connection before its answer was complete",
			})
		}
	}
	converse(t, rows)
}

func TestSOCKS5Codes(t *testing.T) {
	words := map[byte]string{
		1: "general failure of the proxy", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
		5: "connection refused", 6: "TTL expired", 7: "command not supported", 8: "type of address not supported",
		9: "a code that SOCKS does not define", 255: "a code that SOCKS does not define",
	}
	var rows []conversation
	for code, text := range words {
		rows = append(rows, conversation{
			name: text, firewall: Firewall{FirewallType: FwSOCKS5, Host: "proxy"},
			// Some close after the code, others send all of the answer.
			scripts: [][]step{{
				wantHex(socks5Hello), sendHex("05 00"), wantHex(socks5Request), send(string([]byte{5, code})), hangUp,
			}},
			code: 118, text: ": " + text + ".",
		})
	}
	converse(t, rows)
}
