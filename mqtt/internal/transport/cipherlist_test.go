package transport

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
)

func TestCipherList(t *testing.T) {
	every := func(keep func(*suite) bool) []string {
		var names []string
		for i := range suites {
			if s := &suites[i]; !s.tls13() && keep(s) {
				names = append(names, s.name)
			}
		}
		return names
	}
	named := func(parts ...string) []string {
		return every(func(s *suite) bool {
			return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s.name, part) })
		})
	}
	for list, want := range map[string][]string{
		"DEFAULT:!RC4:@STRENGTH":      every(defaultSuites),
		"ALL":                         every(func(*suite) bool { return true }),
		"ALL:COMPLEMENTOFDEFAULT":     every(func(*suite) bool { return true }),
		"HIGH:!aNULL:!MD5:!RC4":       every(func(s *suite) bool { return s.bits >= 128 && s.cipher != "RC4-128" }),
		"MEDIUM":                      named("RC4", "3DES"),
		"AES256":                      named("AES_256"),
		"ECDHE+AESGCM":                every(func(s *suite) bool { return s.exchange == "ECDHE" && strings.HasSuffix(s.cipher, "GCM") }),
		"ECDHE+AESGCM+aECDSA+AES128":  {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		"kRSA,3DES":                   every(func(s *suite) bool { return s.exchange == "RSA" || strings.HasPrefix(s.cipher, "3DES") }),
		"CHACHA20 RC4":                named("CHACHA20", "RC4"),
		"RC4:-RC4:AESGCM:-kRSA":       every(func(s *suite) bool { return strings.HasSuffix(s.cipher, "GCM") && s.exchange != "RSA" }),
		"!RC4:RC4:3DES":               named("3DES"),
		"-RC4:RC4":                    named("RC4"),
		"SHA1+AES128+kRSA":            {"TLS_RSA_WITH_AES_128_CBC_SHA"},
		"SHA384":                      nil,
		"DES-CBC3-SHA":                {"TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
		"RC4-SHA":                     {"TLS_RSA_WITH_RC4_128_SHA"},
		"AES128-SHA256":               {"TLS_RSA_WITH_AES_128_CBC_SHA256"},
		"ECDHE-RSA-AES256-GCM-SHA384": {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		"ECDHE-ECDSA-CHACHA20-POLY1305:TLS_ECDHE_ECDSA_WITH_RC4_128_SHA": {
			"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
		},
		"": nil, ":!:+:-:@": nil, "PSK:NULL": nil,
	} {
		ids, _ := parseCipherList(list)
		var got []string
		for _, id := range ids {
			got = append(got, tls.CipherSuiteName(id))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q chooses %v, want %v", list, got, want)
		}
	}
	for _, list := range []string{"DEFAULT", " DEFAULT:", "DEFAULT:+RC4:@SECLEVEL=2"} {
		if ids, ignored := parseCipherList(list); ids != nil || ignored != nil {
			t.Errorf("%q is %v and %v, want the default", list, ids, ignored)
		}
	}
	if _, ignored := parseCipherList("AES128:nonsense:!WHAT+RC4:DEFAULT"); !slices.Equal(ignored, []string{"nonsense", "WHAT+RC4"}) {
		t.Errorf("ignored %q", ignored)
	}
}

// Whatever the list is, what it chooses exists, and excluding it at the end leaves nothing.
func FuzzCipherList(f *testing.F) {
	f.Add("DEFAULT:!RC4:+3DES:@STRENGTH")
	f.Add("ECDHE+AESGCM:-kRSA ALL,")
	f.Fuzz(func(t *testing.T, list string) {
		ids, ignored := parseCipherList(list)
		for _, id := range ids {
			if s := suiteByID(id); s == nil || s.tls13() {
				t.Errorf("%q chooses %#x", list, id)
			}
		}
		for _, word := range ignored {
			if !strings.Contains(list, word) {
				t.Errorf("%q has no %q", list, word)
			}
		}
		if rest, _ := parseCipherList(list + ":!ALL"); len(rest) != 0 || rest == nil {
			t.Errorf("%q:!ALL leaves %v", list, rest)
		}
	})
}

// Every name of crypto/tls and of the platform's provider is known; a documented suite that crypto/tls lacks is not, since
// it could only fail later. The strength leaves what is strong enough.
func TestChooseSuites(t *testing.T) {
	for _, name := range slices.Concat(calgNames, strings.Split(SuiteNames(), ", "), []string{"*", "tls_aes_128_gcm_sha256"}) {
		if !KnownSuite(name) {
			t.Errorf("%s is not known", name)
		}
	}
	for _, name := range []string{"TLS_FANTASY", "TLS_DHE_RSA_WITH_DES_CBC_SHA", "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_RC4_128_MD5", ""} {
		if KnownSuite(name) {
			t.Errorf("%q is known", name)
		}
	}
	for _, row := range []struct {
		names        []string
		list         string
		strength     int
		tls12, tls13 int // how many; -1 = the default
	}{
		{[]string{"*"}, "DEFAULT", 0, -1, -1},
		{nil, "", 0, -1, -1},
		{[]string{"*"}, "AES128", 0, 9, -1},
		{[]string{"CALG_AES_256"}, "RC4", 0, 6, 1},
		{[]string{"CALG_RC4", "calg_3des"}, "", 0, 5, 0},
		{[]string{"CALG_AES", "CALG_SHA1"}, "", 0, 15, 2},
		{[]string{"*"}, "DEFAULT", 128, 10, 3},
		{[]string{"*"}, "DEFAULT", 129, 6, 2},
		{[]string{"CALG_3DES", "CALG_AES_128"}, "", 128, 9, 1},
	} {
		c, err := chooseSuites(&TLS{CipherSuites: row.names, CipherList: row.list, CipherStrength: row.strength})
		if err != nil {
			t.Fatal(err)
		}
		count := func(ids []uint16) int {
			if ids == nil {
				return -1
			}
			return len(ids)
		}
		if got12, got13 := count(c.tls12), count(c.tls13); got12 != row.tls12 || got13 != row.tls13 {
			t.Errorf("%v %q %d: %d and %d suites, want %d and %d", row.names, row.list, row.strength, got12, got13, row.tls12, row.tls13)
		}
	}
}
