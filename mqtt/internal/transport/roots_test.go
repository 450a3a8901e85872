package transport

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// Where trust comes from: each setting for itself, and what a bad one gets.
func TestRoots(t *testing.T) {
	ca, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lines := strings.Split(strings.TrimSpace(ca.PEM()), "\n")
	base64 := strings.Join(lines[1:len(lines)-1], "\r\n")
	other := testpki.NewAuthority(t, "Test CA").PEM()
	file := write("ca.txt", "subject: Test CA\n"+ca.PEM()+"the end\n")
	for _, name := range []string{"hashed/0a1b2c3d.0", "pem/ca.pem", "crt/ca.crt"} {
		write(name, ca.PEM())
	}
	write("pem/nothing.pem", "nothing")
	write("other/ca.txt", ca.PEM())
	write("other/ca.0x", ca.PEM())
	broken := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

	for name, row := range map[string]struct {
		change func(*TLS)
		code   int
	}{
		"PEM":              {func(s *TLS) { s.ServerCACerts = other + "\r\n" + ca.PEM() }, 0},
		"Base64":           {func(s *TLS) { s.ServerCACerts = base64 }, 0},
		"file":             {func(s *TLS) { s.CAFile = file }, 0},
		"directory .0":     {func(s *TLS) { s.CADir = filepath.Join(dir, "hashed") }, 0},
		"directory .pem":   {func(s *TLS) { s.CADir = filepath.Join(dir, "pem") }, 0},
		"directory .crt":   {func(s *TLS) { s.CADir = filepath.Join(dir, "crt") }, 0},
		"other names":      {func(s *TLS) { s.CADir = filepath.Join(dir, "other") }, 275},
		"system":           {func(*TLS) {}, 275},
		"spaces":           {func(s *TLS) { s.ServerCACerts = " \r\n" }, 275},
		"no certificates":  {func(s *TLS) { s.ServerCACerts = "****" }, 271},
		"no PEM":           {func(s *TLS) { s.ServerCACerts = "-----BEGIN" }, 271},
		"broken PEM":       {func(s *TLS) { s.ServerCACerts = broken }, 271},
		"only keys":        {func(s *TLS) { s.ServerCACerts = ca.KeyPEM(t) }, 271},
		"no file":          {func(s *TLS) { s.CAFile = filepath.Join(dir, "none") }, 302},
		"file of nothing":  {func(s *TLS) { s.CAFile = write("empty", "") }, 271},
		"no directory":     {func(s *TLS) { s.CADir = filepath.Join(dir, "none") }, 302},
		"no log directory": {func(s *TLS) { s.KeyLogFile = filepath.Join(dir, "none", "keys") }, 302},
	} {
		t.Run(name, func(t *testing.T) {
			o.TLS = DefaultTLS()
			row.change(&o.TLS)
			if row.code != 0 {
				refused(t, o, row.code)
				return
			}
			_ = connected(t, o).Close()
		})
	}
}

// Asking two pools finds what one pool of both would, and the more telling of two faults.
func TestTwoPools(t *testing.T) {
	good, unrelated := testpki.NewAuthority(t, "Test CA"), testpki.NewAuthority(t, "Another CA")
	served := good.Issue(t, nil).Cert
	expired := *good.Cert
	expired.NotAfter = time.Now().Add(-time.Minute)
	for name, row := range map[string]struct {
		pools []*x509.Certificate
		fault string // "" = verified
	}{
		"first":                 {[]*x509.Certificate{good.Cert, unrelated.Cert}, ""},
		"second":                {[]*x509.Certificate{unrelated.Cert, good.Cert}, ""},
		"none":                  {[]*x509.Certificate{unrelated.Cert, unrelated.Cert}, "unknown authority"},
		"renewed":               {[]*x509.Certificate{&expired, good.Cert}, ""},
		"expired and unknown":   {[]*x509.Certificate{&expired, unrelated.Cert}, "expired"},
		"unknown and expired":   {[]*x509.Certificate{unrelated.Cert, &expired}, "expired"},
		"only one, and expired": {[]*x509.Certificate{&expired}, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			var pools []*x509.CertPool
			for _, c := range row.pools {
				pools = append(pools, newPool([]*x509.Certificate{c}))
			}
			chains, err := verifyBy(served, &x509.VerifyOptions{CurrentTime: time.Now()}, pools...)
			switch {
			case row.fault == "" && (err != nil || len(chains) != 1):
				t.Errorf("%d chains, %v", len(chains), err)
			case row.fault != "" && (err == nil || !strings.Contains(err.Error(), row.fault)):
				t.Errorf("got %v, want %q", err, row.fault)
			}
		})
	}
}
