package certificate_test

import (
	"crypto"
	"crypto/x509"
	stderrors "errors"
	"io"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// tokenKey is a key that does not show more than a token does.
type tokenKey struct{ crypto.Signer }

func (k tokenKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(random, digest, opts)
}

type namedKey struct{ tokenKey }

func (k namedKey) String() string { return "label" }

// register makes open the implementation of PKCS#11 for the time of a test.
func register(t *testing.T, open func(uri, pin string) ([]*x509.Certificate, []*x509.Certificate, []crypto.Signer, error)) {
	t.Helper()
	certificate.RegisterPKCS11(open)
	t.Cleanup(func() { certificate.RegisterPKCS11(nil) })
}

func fromToken(pin, subject string) (*certificate.Certificate, error) {
	return certificate.FromStore(certificate.CstPKCS11, "pkcs11:token=x", pin, subject)
}

func TestPKCS11(t *testing.T) {
	ofFile := func(name string) *x509.Certificate {
		c, err := certificate.FromFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		return c.X509()
	}
	client, err := load(certificate.CstPFXFile, []byte(path("modern.pfx")), "*")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := client.TLS()
	if err != nil {
		t.Fatal(err)
	}
	signer := tokenKey{pair.PrivateKey.(crypto.Signer)}
	var key crypto.Signer = signer
	certs := []*x509.Certificate{ofFile("usage.pem"), client.X509()}
	register(t, func(uri, pin string) ([]*x509.Certificate, []*x509.Certificate, []crypto.Signer, error) {
		if uri != "pkcs11:token=x" || pin != storePassword && pin != "" {
			t.Errorf("open got %q, %q", uri, pin)
		}
		var keys []crypto.Signer
		if pin != "" {
			keys = append(keys, key)
		}
		return certs, []*x509.Certificate{ofFile("inter.pem"), ofFile("root.pem")}, keys, nil
	})

	c, err := fromToken(storePassword, "*")
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject() != rsaSubject || !c.PrivateKeyAvailable() || c.PrivateKey() != "" {
		t.Errorf("%q, key %v %q", c.Subject(), c.PrivateKeyAvailable(), c.PrivateKey())
	}
	got, err := c.TLS()
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Certificate) != 3 || got.PrivateKey != crypto.PrivateKey(key) {
		t.Errorf("%d certificates, key %T", len(got.Certificate), got.PrivateKey)
	}

	// What continues chains is not found itself.
	_, err = fromToken(storePassword, "Intermediate")
	wantCode(t, err, ioterrors.ErrCertificateNotFound)

	c, err = fromToken("", "device-1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.TLS()
	wantCode(t, err, ioterrors.ErrCredentials)
	if !strings.Contains(err.Error(), "PIN") {
		t.Errorf("%v does not say that the PIN is missing", err)
	}

	// A key alone has a name, or none; SetEncoded finds it.
	certs = nil
	for name, k := range map[string]crypto.Signer{"label": namedKey{signer}, "": signer} {
		key = k
		c, err := fromToken(storePassword, "*")
		if err != nil {
			t.Fatal(err)
		}
		if c.Subject() != name || c.PublicKeyAlgorithm() != "RSA" || !c.PrivateKeyAvailable() {
			t.Errorf("%q %s, key %v", c.Subject(), c.PublicKeyAlgorithm(), c.PrivateKeyAvailable())
		}
		if err := c.SetEncoded(client.Encoded()); err != nil || c.Subject() != rsaSubject {
			t.Errorf("with the certificate: %q, %v", c.Subject(), err)
		}
	}
}

func TestPKCS11Errors(t *testing.T) {
	var reason error
	register(t, func(string, string) ([]*x509.Certificate, []*x509.Certificate, []crypto.Signer, error) {
		return nil, nil, nil, reason
	})
	for _, row := range []struct {
		reason error
		code   int
		says   string
	}{
		{nil, ioterrors.ErrCertificateNotFound, "PKCS#11 URI"},
		{ioterrors.New(ioterrors.ErrCredentials, "It does not sign."), ioterrors.ErrCredentials, "It does not sign."},
		{stderrors.New("no power"), ioterrors.ErrCertificateStore, "no power"},
	} {
		reason = row.reason
		_, err := fromToken(storePassword, "*")
		wantCode(t, err, row.code)
		if !strings.Contains(err.Error(), row.says) {
			t.Errorf("%v does not say %q", err, row.says)
		}
	}
	certificate.RegisterPKCS11(nil)
	_, err := fromToken(storePassword, "*")
	wantCode(t, err, ioterrors.ErrSSLLibrary)
	if !strings.Contains(err.Error(), "import github.com/iotcomponents/iot/certificate/pkcs11") {
		t.Errorf("%v does not say what to import", err)
	}
}
