package firewall

import "testing"

func TestExempt(t *testing.T) {
	for _, row := range []struct {
		list    string
		yes, no []string
	}{
		{"", nil, []string{"", "a.example", "192.0.2.1"}},
		{" ; ;", nil, []string{"", "a.example"}},
		{"Broker.example", []string{"broker.example", "BROKER.EXAMPLE", "broker.example."}, []string{"a.broker.example", "broker.example.org", "broker"}},
		{"broker.example.", []string{"broker.example"}, nil},
		{"x; broker.example ;y", []string{"x", "broker.example", "y"}, []string{"z"}},
		{"*.Example", []string{"a.example", "A.B.EXAMPLE"}, []string{"example", "aexample", "a.example.org"}},
		{".example", []string{"a.example", "a.b.example"}, []string{"example", "aexample"}},
		{"*", []string{"a", "192.0.2.1", "::1"}, nil},
		{"a*c*e", []string{"ace", "abcde", "acce", "acexe"}, []string{"ac", "abcd", "bace", "aec", "abbe"}},
		{"192.0.2.*", []string{"192.0.2.1", "192.0.2.255"}, []string{"192.0.3.1"}},
		{"aa*aa", []string{"aaaa", "aabaa"}, []string{"aaa"}},
		{"<local>", []string{"broker", "localhost"}, []string{"broker.example", "192.0.2.1", "::1"}},
		{"10.0.0.0/8", []string{"10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3"}, []string{"11.0.0.1", "ten.example", "::a00:1"}},
		{"fd00::/8", []string{"fd12::1", "fd12::1%eth0"}, []string{"fe80::1", "10.0.0.1"}},
		{"10.0.0.0/33;10.0.0.0/x", nil, []string{"10.0.0.1"}},
		{"192.0.2.1", []string{"192.0.2.1", "::ffff:192.0.2.1"}, []string{"192.0.2.10", "92.0.2.1"}},
		{"2001:DB8:0::1;[2001:db8::2]", []string{"2001:db8::1", "2001:db8:0:0::2"}, []string{"2001:db8::3"}},
	} {
		for _, host := range row.yes {
			if !exempt(row.list, host) {
				t.Errorf("%q does not have %s", row.list, host)
			}
		}
		for _, host := range row.no {
			if exempt(row.list, host) {
				t.Errorf("%q has %s", row.list, host)
			}
		}
	}
}
