package transport

import (
	"crypto/x509"
	stderrors "errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// The bits of SSLSecurityFlags that overlook something. The others are about lists that crypto/x509 does not have.
const (
	flagDates  = 0x00000001
	flagIssuer = 0x00000010
	flagUsage  = 0x00000020
	flagName   = 0x80000000
)

// verification checks the certificate of a server.
type verification struct {
	presented []*x509.Certificate // by the server, its own first
	roots     *roots
	name      string
	flags     int64
}

// run returns the verified chains, or the first fault that the flags do not overlook. x509.Certificate.Verify stops at
// its first fault; one that is overlooked is taken out of the question, which is then asked again.
func (v *verification) run() ([][]*x509.Certificate, error) {
	leaf, trusted := v.presented[0], v.roots
	options := x509.VerifyOptions{
		Intermediates: newPool(v.presented[1:]), DNSName: hostOf(v.name), CurrentTime: time.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for overlooked := int64(0); ; {
		chains, err := trusted.verify(leaf, &options)
		if err == nil {
			return chains, nil
		}
		flag, fault := v.explain(err)
		if flag == 0 || v.flags&flag == 0 || overlooked&flag != 0 {
			return nil, fault
		}
		overlooked |= flag
		switch flag {
		case flagDates:
			// The authorities of the system keep their dates: they were valid when the certificate was made.
			options.CurrentTime = leaf.NotBefore
			timeless := withoutDates(v.presented)
			leaf, options.Intermediates = timeless[0], newPool(timeless[1:])
			trusted = &roots{own: withoutDates(v.roots.own)}
		case flagName:
			options.DNSName = ""
		case flagUsage:
			options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		case flagIssuer:
			// Whoever is an authority has a known issuer; everything else is still checked.
			trusted = &roots{own: []*x509.Certificate{leaf}}
		}
	}
}

func newPool(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

// withoutDates returns copies that are valid at any time. Signatures are checked over the encoded form, which stays.
func withoutDates(certs []*x509.Certificate) []*x509.Certificate {
	copies := make([]*x509.Certificate, len(certs))
	for i, c := range certs {
		timeless := *c
		timeless.NotBefore, timeless.NotAfter = time.Time{}, time.Unix(1<<40, 0)
		copies[i] = &timeless
	}
	return copies
}

// explain says which flag overlooks an error of Verify, 0 = none, and tells a weak signature from an unknown issuer:
// Verify does not follow such a signature, and then misses the issuer.
func (v *verification) explain(err error) (flag int64, fault error) {
	if _, is := stderrors.AsType[x509.HostnameError](err); is {
		return flagName, err
	}
	if _, is := stderrors.AsType[x509.UnknownAuthorityError](err); is {
		for _, c := range v.presented {
			if weak(c) {
				detail := fmt.Sprintf("The certificate %q is signed with a weak algorithm.", c.Subject)
				return 0, errors.Wrap(errors.ErrCertificateRejected, detail,
					x509.InsecureAlgorithmError(c.SignatureAlgorithm))
			}
		}
		return flagIssuer, err
	}
	if invalid, is := stderrors.AsType[x509.CertificateInvalidError](err); is {
		switch invalid.Reason {
		case x509.Expired:
			return flagDates, err
		case x509.IncompatibleUsage:
			return flagUsage, err
		}
	}
	return 0, err
}

// weak reports whether a certificate is signed by others with an algorithm that x509 does not accept any more.
func weak(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return string(c.RawIssuer) != string(c.RawSubject)
	}
	return false
}

// reason is the text of a fault without its number.
func reason(fault error) string {
	if e, is := stderrors.AsType[*errors.Error](fault); is {
		return e.Description
	}
	return fault.Error()
}

// hostOf is the name without the zone that an IPv6 address may have: no certificate knows those.
func hostOf(name string) string {
	if a, err := netip.ParseAddr(name); err == nil {
		return a.WithZone("").String()
	}
	return name
}
