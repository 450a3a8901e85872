package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
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

// negative is the certificate of an authority with a serial number that crypto/x509 refuses, and that of a server which it
// has signed.
func negative(t *testing.T) (authority string, server *testpki.Identity) {
	t.Helper()
	ca := (*testpki.Identity)(nil).Issue(t, func(c *x509.Certificate) {
		testpki.AsAuthority("Negative CA")(c)
		c.SerialNumber = big.NewInt(0x1234567890)
	})
	number := []byte{0x02, 0x05, 0x12, 0x34, 0x56, 0x78, 0x90}
	at := bytes.Index(ca.Cert.Raw, number)
	if at < 0 {
		t.Fatal("the serial number is not where it should be")
	}
	der := bytes.Clone(ca.Cert.Raw)
	der[at+2] |= 0x80
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), ca.Issue(t, nil)
}

// TestRootsPassOver: an authority that cannot be used does not spoil the others, wherever it stands. It is noted, and the
// error of an unknown authority names it.
func TestRootsPassOver(t *testing.T) {
	ca, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	bad, server := negative(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	both := bad + ca.PEM()
	write("1.pem", bad)
	write("2.crt", ca.PEM())
	file, onlyBad := write("both.txt", "\uFEFFText\n"+both), write("bad.txt", bad)
	noBase64 := strings.Replace(ca.PEM(), "\nMII", "\nM?I", 1)
	block, _ := pem.Decode([]byte(bad))
	var notes []string
	o.Trace.Note = func(_ int, text string) { notes = append(notes, text) }
	for name, row := range map[string]struct {
		change func(*TLS)
		word   string
	}{
		"SSLServerCACerts":         {func(s *TLS) { s.ServerCACerts = both }, "SSLServerCACerts passes over PEM block 1"},
		"SSLServerCACerts, Base64": {func(s *TLS) { s.ServerCACerts = base64.StdEncoding.EncodeToString(append(block.Bytes, ca.Cert.Raw...)) }, "certificate 1"},
		"bad Base64":               {func(s *TLS) { s.ServerCACerts = noBase64 + ca.PEM() }, "not Base64"},
		"OpenSSLCAFile":            {func(s *TLS) { s.CAFile = file }, "both.txt, passes over PEM block 1 (CERTIFICATE) \"CN=Negative CA\": x509: negative serial number"},
		"OpenSSLCADir":             {func(s *TLS) { s.CADir = dir }, "1.pem, passes over PEM block 1"},
	} {
		notes = nil
		o.TLS = DefaultTLS()
		row.change(&o.TLS)
		_ = connected(t, o).Close()
		if text := strings.Join(notes, "\n"); !strings.Contains(text, row.word) {
			t.Errorf("%s: noted %q", name, text)
		}
	}
	for setting, change := range map[string]func(*TLS){
		"SSLServerCACerts": func(s *TLS) { s.ServerCACerts = bad }, "OpenSSLCAFile": func(s *TLS) { s.CAFile = onlyBad },
	} {
		o.TLS = DefaultTLS()
		change(&o.TLS)
		err := refused(t, o, 271, setting, "Negative CA", "negative serial number")
		if strings.Count(err.Error(), "[271]") != 1 || strings.Contains(err.Error(), "damaged") {
			t.Error(err)
		}
	}
	o2, wait2 := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{server.TLS()}}, echo))
	defer wait2()
	o2.TLS.ServerCACerts = both
	refused(t, o2, 275, "unknown authority", "Negative CA", "negative serial number")
}
