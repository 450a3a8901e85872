package transport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// suiteChoice is what SSLEnabledCipherSuites, OpenSSLCipherList and SSLCipherStrength leave.
type suiteChoice struct {
	tls12 []uint16 // of TLS 1.2 and older; nil = the default list of crypto/tls
	tls13 []uint16 // nil = all; which one it becomes can only be checked afterwards
	// ignored are the words that choose nothing.
	ignored []string
}

// chooseSuites reads the three settings. Errors: 276 when a list leaves nothing.
func chooseSuites(t *TLS) (*suiteChoice, *errors.Error) {
	c := &suiteChoice{}
	switch {
	case len(t.CipherSuites) > 0 && !slices.Contains(t.CipherSuites, anySuite):
		c.byNames(t.CipherSuites)
		if len(c.tls12)+len(c.tls13) == 0 {
			return nil, errors.New(errors.ErrTLSHandshake, "SSLEnabledCipherSuites names only suites that do not "+
				"exist here.")
		}
	case t.CipherList != "":
		c.tls12, c.ignored = parseCipherList(t.CipherList)
		if c.tls12 != nil && len(c.tls12) == 0 {
			return nil, errors.New(errors.ErrTLSHandshake,
				fmt.Sprintf("OpenSSLCipherList %.200q leaves no cipher suite.", t.CipherList))
		}
	}
	if t.CipherStrength > 0 {
		c.tls12 = strongEnough(c.tls12, t.CipherStrength, defaultSuites)
		c.tls13 = strongEnough(c.tls13, t.CipherStrength, (*suite).tls13)
	}
	return c, nil
}

// defaultSuites are what crypto/tls offers by itself in TLS 1.2 and older.
func defaultSuites(s *suite) bool { return !s.insecure && !s.tls13() }

// byNames takes the suites of a list of TLS_ and CALG_ names.
func (c *suiteChoice) byNames(names []string) {
	c.tls12, c.tls13 = []uint16{}, []uint16{}
	for _, name := range names {
		chosen := false
		prefix, isCipher := calgCiphers[strings.ToUpper(name)]
		for _, s := range suites {
			if !strings.EqualFold(s.name, name) && !(isCipher && strings.HasPrefix(s.cipher, prefix)) {
				continue
			}
			chosen = true
			if s.tls13() {
				c.tls13 = append(c.tls13, s.id)
			} else {
				c.tls12 = append(c.tls12, s.id)
			}
		}
		if !chosen {
			c.ignored = append(c.ignored, name)
		}
	}
}

// strongEnough keeps the suites with a cipher of so many bits; nil are all those that byDefault tells.
func strongEnough(ids []uint16, bits int, byDefault func(*suite) bool) []uint16 {
	kept := []uint16{}
	for i := range suites {
		s := &suites[i]
		if s.bits >= bits && (ids == nil && byDefault(s) || slices.Contains(ids, s.id)) {
			kept = append(kept, s.id)
		}
	}
	return kept
}
