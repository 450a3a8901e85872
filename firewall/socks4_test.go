package firewall

import (
	"slices"
	"testing"
)

func steps(first step, rest ...[]step) []step {
	return append([]step{first}, slices.Concat(rest...)...)
}

const (
	socks4Request = "04 01 075B C0000207" // version, CONNECT, port 1883, 192.0.2.7
	socks4Answer  = "00 5A 0000 00000000" // granted
)

func TestSOCKS4(t *testing.T) {
	socks4 := Firewall{FirewallType: FwSOCKS4, Host: "proxy"}
	socks4a := Firewall{FirewallType: FwSOCKS4A, Host: "proxy"}
	granted := server(unhex(socks4Answer))
	converse(t, []conversation{
		{
			name: "the client resolves", firewall: socks4, dials: "tcp proxy:1080",
			scripts: [][]step{steps(wantHex(socks4Request+"00"), granted)},
		},
		{
			name: "SOCKS4 has no names, whatever the asterisk says", firewall: socks4, address: "*broker.example:1883",
			scripts: [][]step{steps(wantHex(socks4Request+"00"), granted)},
		},
		{
			name: "IPv4 is taken even where the dialer is to use IPv6", firewall: socks4, network: "tcp6", dials: "tcp6 proxy:1080",
			scripts: [][]step{steps(wantHex(socks4Request+"00"), granted)},
		},
		{
			name: "user id", firewall: Firewall{FirewallType: FwSOCKS4, Host: "proxy", Port: 7, User: "me", Password: "unused"},
			dials: "tcp proxy:7", scripts: [][]step{steps(wantHex(socks4Request+"6D6500"), granted)},
		},
		{
			name: "address", firewall: socks4, address: "198.51.100.1:80",
			scripts: [][]step{steps(wantHex("04 01 0050 C6336401 00"), granted)},
		},
		{
			name: "IPv4 address written as IPv6", firewall: socks4, address: "[::ffff:198.51.100.1]:80",
			scripts: [][]step{steps(wantHex("04 01 0050 C6336401 00"), granted)},
		},
		{
			name: "SOCKS4A, the client resolves", firewall: socks4a, dials: "tcp proxy:1080",
			scripts: [][]step{steps(wantHex(socks4Request+"00"), granted)},
		},
		{
			name: "SOCKS4A, the proxy resolves", address: "*broker.example:1883",
			firewall: Firewall{FirewallType: FwSOCKS4A, Host: "proxy", User: "me"},
			scripts:  [][]step{steps(want(unhex("04 01 075B 00000001 6D6500")+"broker.example\x00"), granted)},
		},
		{
			name: "SOCKS4A, nothing to resolve", firewall: socks4a, address: "*192.0.2.7:1883",
			scripts: [][]step{steps(wantHex(socks4Request+"00"), granted)},
		},
		{
			name: "IPv6 address", firewall: socks4, address: "[2001:db8::7]:1883",
			code: 11004, text: "SOCKS4 leads to IPv4 addresses only, not to 2001:db8::7; use SOCKS5.",
		},
		{name: "name with IPv6 only", firewall: socks4, address: "six.example:1883", code: 11001, text: "six.example"},
		{name: "unknown name", firewall: socks4, address: "nobody.example:1883", code: 11001, text: "nobody.example"},
		{
			name: "refused", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), sendHex("00 5B 0000 00000000"), stall}},
			code: 118, text: "The SOCKS4 proxy proxy:1080 refused to connect to 192.0.2.7:1883 with code 91: rejected or failed.",
		},
		{
			name: "refused for want of identd", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), sendHex("00 5C"), hangUp}},
			code: 118, text: "code 92: it cannot reach the identd of the client.",
		},
		{
			name: "refused by identd", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), sendHex("00 5D"), hangUp}},
			code: 118, text: "code 93: the identd of the client names another user.",
		},
		{
			name: "refused for a name", firewall: socks4a, address: "*broker.example:1883",
			scripts: [][]step{{want(unhex("04 01 075B 00000001 00") + "broker.example\x00"), sendHex("00 5B"), stall}},
			code:    118, text: "refused to connect to broker.example:1883",
		},
		{
			name: "unknown code", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), sendHex("00 00"), stall}},
			code: 118, text: "code 0: a code that SOCKS does not define.",
		},
		{
			name: "wrong version", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), send("HTTP/1.0 400 Bad Request"), hangUp}},
			code: 118, text: "does not speak SOCKS4: its answer has version 72 instead of 0",
		},
		{
			name: "no answer", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), hangUp}},
			code: 118, text: "The SOCKS4 proxy proxy:1080 closed the connection before its answer was complete. EOF",
		},
		{
			name: "truncated answer", firewall: socks4, scripts: [][]step{{wantHex(socks4Request + "00"), sendHex("00 5A 0000 0000"), hangUp}},
			code: 118, text: "closed the connection before its answer was complete",
		},
		{
			name: "slow drip", firewall: socks4, limit: 5,
			scripts: [][]step{{wantHex(socks4Request + "00"), sendHex("00 5A 00"), stall}},
			code:    201, text: "The SOCKS4 proxy proxy:1080 had not yet made the connection. context deadline exceeded",
		},
		{
			name: "a zero byte in the user id", firewall: Firewall{FirewallType: FwSOCKS4A, Host: "proxy", User: "m\x00e"},
			code: 10022, text: "Firewall.User contains a zero byte", never: "m\x00e",
		},
	})
}
