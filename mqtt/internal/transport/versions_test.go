package transport

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// noted collects what Trace tells.
type noted struct {
	notes, status []string
	stages        []string
	handshake     *Handshake
}

func watch(o *Options) *noted {
	n := &noted{}
	o.Trace.Note = func(_ int, text string) { n.notes = append(n.notes, text) }
	o.Trace.SSLStatus = func(text string) { n.status = append(n.status, text) }
	o.Trace.Stage = func(s Stage, err *errors.Error) {
		text := s.String()
		if err != nil {
			text += " failed"
		}
		n.stages = append(n.stages, text)
	}
	o.Trace.Handshake = func(h *Handshake) { n.handshake = h }
	return n
}

// Every choice of versions against servers of every version: the highest in common, and 276 without one.
func TestVersions(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	served := ca.Issue(t, nil).TLS()
	for _, server := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		for _, row := range []struct {
			bits    int
			allowed string
		}{
			{DefaultProtocols, "TLS1.2 TLS1.3"},
			{4032, "TLS1 TLS1.1 TLS1.2"},
			{ProtocolTLS13, "TLS1.3"},
			{0x1000, "TLS1.3"},
			{ProtocolTLS12, "TLS1.2"},
			{ProtocolTLS11, "TLS1.1"},
			{ProtocolTLS10 | ProtocolSSL3, "TLS1"},
			{ProtocolTLS13 | ProtocolTLS11, "TLS1.1 TLS1.3"},
			{AllProtocols, "TLS1 TLS1.1 TLS1.2 TLS1.3"},
		} {
			o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{served}, MinVersion: server, MaxVersion: server}, echo))
			o.TLS.ServerCACerts, o.TLS.Protocols = ca.PEM(), row.bits
			n := watch(o)
			if name := versionName(server); !slices.Contains(strings.Fields(row.allowed), name) {
				refused(t, o, 276)
			} else {
				conn := connected(t, o)
				exchange(t, conn)
				_ = conn.Close()
				if got := n.handshake.Negotiated.Version; got != name {
					t.Errorf("bits %#x: %s, want %s", row.bits, got, name)
				}
				warned := slices.ContainsFunc(n.notes, func(s string) bool { return strings.Contains(s, "no longer considered safe") })
				if warned != (server < tls.VersionTLS12) {
					t.Errorf("%s: notes %q", name, n.notes)
				}
			}
			wait()
		}
	}
}

// Settings that leave nothing fail before anything is dialed.
func TestNothingLeft(t *testing.T) {
	for name, change := range map[string]func(*TLS){
		"no version":          func(s *TLS) { s.Protocols = 0 },
		"SSL 2 and 3":         func(s *TLS) { s.Protocols = ProtocolSSL2 | ProtocolSSL3 },
		"missing suites":      func(s *TLS) { s.CipherSuites = []string{"TLS_RSA_WITH_RC4_128_MD5", "CALG_DES"} },
		"suites of 1.3 alone": func(s *TLS) { s.CipherSuites, s.Protocols = []string{"TLS_AES_128_GCM_SHA256"}, ProtocolTLS12 },
		"suites of 1.2 alone": func(s *TLS) {
			s.CipherSuites, s.Protocols = []string{"TLS_RSA_WITH_AES_128_CBC_SHA"}, ProtocolTLS13
		},
		"cipher list":       func(s *TLS) { s.CipherList = "ALL:!ALL:PSK" },
		"strength":          func(s *TLS) { s.CipherStrength = 257 },
		"strength of a few": func(s *TLS) { s.CipherSuites, s.CipherStrength = []string{"CALG_AES_128"}, 256 },
		"groups of TLS 1.3": func(s *TLS) { s.Groups13 = []string{"ffdhe_2048", "ecdhe_x448"} },
		"groups of TLS 1.2": func(s *TLS) { s.Groups12, s.Protocols = []string{"ecdhe_x448"}, ProtocolTLS12 },
	} {
		t.Run(name, func(t *testing.T) {
			o := &Options{Target: Target{Scheme: "ssl", Host: serverName}, TLS: DefaultTLS()} // dialing would fail with 11001
			change(&o.TLS)
			refused(t, o, 276)
		})
	}
}

// What is negotiated has the names and sizes of SSLNegotiated..., for every suite that crypto/tls has.
func TestSuites(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certs := []tls.Certificate{ca.Issue(t, nil).TLS(), ca.Sign(t, key, nil).TLS()}
	strengths := map[string]int{
		"AES-128-GCM": 128, "AES-256-GCM": 256, "AES-128-CBC": 128, "AES-256-CBC": 256, "CHACHA20-POLY1305": 256,
		"3DES-EDE-CBC": 112, "RC4-128": 128,
	}
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			config := &tls.Config{Certificates: certs, CipherSuites: []uint16{s.id}, MinVersion: tls.VersionTLS10}
			if !s.tls13() {
				config.MaxVersion = tls.VersionTLS12
			}
			o, wait := options("ssl://"+serverName, overTLS(config, echo))
			defer wait()
			o.TLS.ServerCACerts, o.TLS.CipherSuites = ca.PEM(), []string{strings.ToLower(s.name)}
			n := watch(o)
			if s.tls13() { // the server chooses, and only one choice is allowed
				conn, err := Dial(t.Context(), o)
				if err == nil {
					_ = conn.Close()
				} else if err.Code != 276 || !strings.Contains(err.Description, "SSLEnabledCipherSuites") {
					t.Error(err)
				}
				if err != nil {
					return
				}
			} else {
				conn := connected(t, o)
				exchange(t, conn)
				_ = conn.Close()
			}
			got := n.handshake.Negotiated
			exchangeName, bits := "ECDHE", 255
			switch {
			case s.exchange == "RSA":
				exchangeName, bits = "RSA", 2048
			case s.tls13():
				exchangeName, bits = "X25519MLKEM768", 768
			}
			if got.CipherSuite != s.name || strengths[got.Cipher] != got.CipherStrength || got.CipherStrength == 0 ||
				got.KeyExchange != exchangeName || !s.tls13() && s.exchange != "RSA" && got.KeyExchangeStrength == 0 ||
				(s.tls13() || s.exchange == "RSA") && got.KeyExchangeStrength != bits {
				t.Errorf("negotiated %+v", got)
			}
		})
	}
}

// TLS 1.3 chooses among suites that cannot be chosen: one that the settings exclude is refused.
func TestSuiteOfTLS13(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}}, echo))
	defer wait()
	o.TLS.ServerCACerts = ca.PEM()
	n := watch(o)
	_ = connected(t, o).Close()
	chosen := n.handshake.Negotiated.CipherSuite
	for _, s := range suites {
		if !s.tls13() {
			continue
		}
		o.TLS.CipherSuites = []string{s.name}
		if s.name == chosen {
			_ = connected(t, o).Close()
		} else {
			refused(t, o, 276, chosen)
		}
	}
	// A list without any of them leaves TLS 1.3 out, rather than failing for sure.
	o.TLS.CipherSuites = []string{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}
	_ = connected(t, o).Close()
	if got := n.handshake.Negotiated; got.Version != "TLS1.2" || got.Cipher != "AES-256-GCM" {
		t.Errorf("negotiated %+v", got)
	}
}

func TestGroups(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	served := ca.Issue(t, nil).TLS()
	for _, row := range []struct {
		protocols  int
		in12, in13 []string
		server     tls.CurveID
		works      bool
	}{
		{ProtocolTLS12, nil, nil, tls.X25519, true},
		{ProtocolTLS12, groups12[:3], nil, tls.X25519, false},
		{ProtocolTLS12, groups12[:3], nil, tls.CurveP384, true},
		{ProtocolTLS13, nil, groups13, tls.X25519MLKEM768, true},
		{ProtocolTLS13, nil, []string{"ECDHE_X25519"}, tls.X25519, true},
		{ProtocolTLS13, nil, []string{"ecdhe_x25519", "ecdhe_x448"}, tls.X25519MLKEM768, false},
		{DefaultProtocols, []string{"ecdhe_secp521r1"}, []string{"ecdhe_x25519"}, tls.CurveP521, true},
		{DefaultProtocols, []string{"ecdhe_secp521r1"}, []string{"ecdhe_x25519"}, tls.CurveP256, false},
	} {
		o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{served}, CurvePreferences: []tls.CurveID{row.server}}, echo))
		o.TLS.ServerCACerts, o.TLS.Protocols, o.TLS.Groups12, o.TLS.Groups13 = ca.PEM(), row.protocols, row.in12, row.in13
		if row.works {
			_ = connected(t, o).Close()
		} else {
			refused(t, o, 276)
		}
		wait()
	}
}

func TestSignatureAlgorithms(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA") // P-256, which signs with SHA-256
	o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}}, echo))
	defer wait()
	for _, row := range []struct {
		protocols int
		words     []string
		works     bool
	}{
		{ProtocolTLS12, signatureAlgorithms12, true},
		{ProtocolTLS12, nil, true},
		{ProtocolTLS12, []string{"sha512-rsa", "SHA256-ecdsa"}, true},
		{ProtocolTLS12, []string{"sha256-rsa"}, false},
		{ProtocolTLS13, signatureAlgorithms13, true},
		{ProtocolTLS13, []string{"ecdsa_secp256r1_sha256"}, true},
		{ProtocolTLS13, []string{"rsa_pss_sha256", "ed25519"}, false},
	} {
		o.TLS.ServerCACerts, o.TLS.Protocols, o.TLS.SignatureAlgorithms12, o.TLS.SignatureAlgorithms13 = ca.PEM(), row.protocols, row.words, row.words
		if row.works {
			_ = connected(t, o).Close()
		} else {
			refused(t, o, 280, "ECDSA-SHA256", "SignatureAlgorithms")
		}
	}
}
