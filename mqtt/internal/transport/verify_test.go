package transport

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// fault is a server whose certificate has something wrong with it.
type fault struct {
	name  string
	code  int
	text  string // of the reason
	flag  int64  // of SSLSecurityFlags that overlooks it, 0 = none
	serve tls.Certificate
}

// faults makes one of each, from an authority that is trusted.
func faults(t *testing.T, ca *testpki.Identity) []fault {
	edited := func(edit func(*x509.Certificate)) tls.Certificate { return ca.Issue(t, edit).TLS() }
	stranger := testpki.NewAuthority(t, "Test CA")
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	oldIntermediate := ca.Issue(t, func(c *x509.Certificate) {
		testpki.AsAuthority("Old CA")(c)
		expired(c)
	})
	noAuthority := ca.Issue(t, nil)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return []fault{
		{"expired", 280, "has expired", flagDates, edited(expired)},
		{"not yet valid", 280, "not yet valid", flagDates, edited(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })},
		{"expired intermediate", 280, "has expired", flagDates, oldIntermediate.Issue(t, func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(-36 * time.Hour)
		}).TLS(oldIntermediate)},
		{"another host", 280, "other.example", flagName, edited(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} })},
		{"no host", 280, "Common Name", flagName, edited(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil })},
		{"for clients", 280, "usage", flagUsage, edited(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })},
		{"unknown authority", 275, "unknown authority", flagIssuer, stranger.Issue(t, nil).TLS()},
		{"signed by itself", 275, "unknown authority", flagIssuer, (*testpki.Identity)(nil).Issue(t, nil).TLS()},
		{"signed by no authority", 275, "authority", flagIssuer, noAuthority.Issue(t, nil).TLS(noAuthority)},
		{"intermediate missing", 275, "unknown authority", flagIssuer, ca.Issue(t, testpki.AsAuthority("Absent CA")).Issue(t, nil).TLS()},
		{"weak signature", 280, "insecure algorithm", 0, ca.Sign(t, rsaKey, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }).TLS()},
	}
}

// verifying dials a server with a certificate, trusting ca.
func verifying(ca *testpki.Identity, served tls.Certificate) (*Options, func()) {
	o, wait := options("ssl://"+serverName, overTLS(&tls.Config{Certificates: []tls.Certificate{served}}, echo))
	o.TLS.ServerCACerts = ca.PEM()
	return o, wait
}

// Every fault is refused with its own number and reason, its flag alone overlooks it, and the handler is told.
func TestFaultsOfTheServersCertificate(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	const all = flagDates | flagIssuer | flagUsage | flagName
	for _, f := range faults(t, ca) {
		t.Run(f.name, func(t *testing.T) {
			o, wait := verifying(ca, f.serve)
			defer wait()
			refused(t, o, f.code, f.text)
			o.TLS.SecurityFlags = all &^ f.flag
			refused(t, o, f.code, f.text)
			if f.flag != 0 {
				o.TLS.SecurityFlags = f.flag
				conn := connected(t, o)
				exchange(t, conn)
				_ = conn.Close()
			}
			o.TLS.SecurityFlags, o.TLS.AcceptAny = 0, true
			o.Authenticate = func(_ context.Context, c *ServerCertificate) bool {
				if !strings.Contains(c.Status, f.text) || !c.Accept {
					t.Errorf("Accept %t, Status %q, want %q", c.Accept, c.Status, f.text)
				}
				return c.Accept
			}
			_ = connected(t, o).Close()
		})
	}
}

// The flags take faults away one by one; what remains gives the number.
func TestFlagsWithSeveralFaults(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	served := testpki.NewAuthority(t, "Test CA").Issue(t, func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"other.example"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		c.NotAfter = time.Now().Add(-time.Minute)
	}).TLS()
	o, wait := verifying(ca, served)
	defer wait()
	for _, row := range []struct {
		flags int64
		code  int
		text  string
	}{
		{0, 280, "expired"},
		{flagDates, 280, "other.example"},
		{flagDates | flagName, 275, "unknown authority"},
		{flagDates | flagName | flagIssuer, 280, "usage"},
		{flagName | flagIssuer | flagUsage, 280, "expired"},
		{AllSecurityFlags &^ flagIssuer, 275, "unknown authority"},
	} {
		o.TLS.SecurityFlags = row.flags
		refused(t, o, row.code, row.text)
	}
	o.TLS.SecurityFlags = flagDates | flagName | flagIssuer | flagUsage
	_ = connected(t, o).Close()
}

func TestNamesOfTheServer(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	served := ca.Issue(t, func(c *x509.Certificate) {
		c.DNSNames = []string{"broker.example", "*.wild.example"}
		c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1), net.ParseIP("2001:db8::1"), net.ParseIP("fe80::1")}
	}).TLS()
	for name, fits := range map[string]bool{
		"broker.example": true, "BROKER.example": true, "a.wild.example": true, "*broker.example": true,
		"192.0.2.1": true, "[2001:db8::1]": true, "[fe80::1%25eth0]": true,
		"wild.example": false, "a.b.wild.example": false, "192.0.2.2": false, "[2001:db8::2]": false, "example": false,
	} {
		o, wait := options("mqtts://"+name, overTLS(&tls.Config{Certificates: []tls.Certificate{served}}, echo))
		o.TLS.ServerCACerts = ca.PEM()
		if fits {
			_ = connected(t, o).Close()
		} else {
			refused(t, o, 280)
		}
		wait()
	}
}

// The handler decides, whatever the verification says, and sees what it needs for that.
func TestAuthenticate(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	between := ca.Issue(t, testpki.AsAuthority("Between CA"))
	served := between.Issue(t, nil)
	o, wait := verifying(ca, served.TLS(between))
	defer wait()
	var seen *ServerCertificate
	answer := true
	o.Authenticate = func(_ context.Context, c *ServerCertificate) bool {
		seen = c
		return answer
	}
	_ = connected(t, o).Close()
	if seen.Subject != "CN=broker.example" || seen.Issuer != "CN=Between CA" || seen.Status != "OK" || !seen.Accept ||
		string(seen.Encoded) != served.PEM() || seen.Certificate.X509() == nil {
		t.Errorf("the handler saw %+v", seen)
	}
	answer = false
	refused(t, o, 280, "SSLServerAuthentication", "CN=broker.example")

	o.TLS.IncludeChain, answer = true, true
	_ = connected(t, o).Close()
	if string(seen.Encoded) != served.PEM()+between.PEM()+ca.PEM() {
		t.Error("the chain is not complete")
	}

	o.TLS.ServerCACerts = ""
	_ = connected(t, o).Close()
	if seen.Accept || !strings.Contains(seen.Status, "unknown authority") || string(seen.Encoded) != served.PEM()+between.PEM() {
		t.Errorf("without an authority the handler saw %+v", seen)
	}
	answer = false
	refused(t, o, 275, "unknown authority")
}

// SSLAcceptServerCert accepts the one certificate, not others with the same name.
func TestAcceptCertificate(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	served, other := testpki.NewAuthority(t, "Test CA").Issue(t, nil), testpki.NewAuthority(t, "Test CA").Issue(t, nil)
	o, wait := verifying(ca, served.TLS())
	defer wait()
	for _, row := range []struct {
		pem      string
		accepted bool
	}{{served.PEM(), true}, {other.PEM(), false}} {
		c, err := certificate.FromEncoded([]byte(row.pem))
		if err != nil {
			t.Fatal(err)
		}
		o.TLS.AcceptCertificate = c
		if row.accepted {
			_ = connected(t, o).Close()
		} else {
			refused(t, o, 275)
		}
	}
}

// A handler that waits is told of the end of the time.
func TestAuthenticateEndsWithItsContext(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	o, wait := verifying(ca, ca.Issue(t, nil).TLS())
	defer wait()
	ctx, cancel := context.WithCancel(t.Context())
	o.Authenticate = func(ctx context.Context, _ *ServerCertificate) bool {
		cancel()
		<-ctx.Done()
		return true
	}
	if _, err := Dial(ctx, o); err == nil || err.Code != 301 {
		t.Errorf("got %v, want 301", err)
	}
}
