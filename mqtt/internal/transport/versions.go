package transport

import (
	"crypto/tls"
	"slices"

	"github.com/iotcomponents/iot/errors"
)

// The versions of TLS that exist here, with their bits in SSLEnabledProtocols and their names in SSLNegotiatedVersion.
var versions = []struct {
	id   uint16
	bits int
	name string
}{
	{tls.VersionTLS10, ProtocolTLS10, "TLS1"},
	{tls.VersionTLS11, ProtocolTLS11, "TLS1.1"},
	{tls.VersionTLS12, ProtocolTLS12, "TLS1.2"},
	{tls.VersionTLS13, ProtocolTLS13, "TLS1.3"},
}

// enabledVersions are the versions that a value of SSLEnabledProtocols allows, in ascending order.
func enabledVersions(bits int) []uint16 {
	var ids []uint16
	for _, v := range versions {
		if bits&v.bits != 0 {
			ids = append(ids, v.id)
		}
	}
	return ids
}

func versionName(id uint16) string {
	for _, v := range versions {
		if v.id == id {
			return v.name
		}
	}
	return tls.VersionName(id)
}

// chooseVersions takes the versions that SSLEnabledProtocols allows and that have a suite left, so that none is offered
// that could only fail.
func (s *security) chooseVersions(t *TLS, suites *suiteChoice) *errors.Error {
	if t.Protocols&(ProtocolSSL2|ProtocolSSL3) != 0 {
		s.trace.note(NoteVerbose, "SSLEnabledProtocols: SSL 2 and SSL 3 do not exist here.")
	}
	enabled := enabledVersions(t.Protocols)
	if len(enabled) == 0 {
		return errors.New(errors.ErrTLSHandshake, "SSLEnabledProtocols allows no version from TLS 1.0 to TLS 1.3.")
	}
	s.versions = slices.DeleteFunc(enabled, func(v uint16) bool {
		if v == tls.VersionTLS13 {
			return suites.tls13 != nil && len(suites.tls13) == 0
		}
		return suites.tls12 != nil && len(suites.tls12) == 0
	})
	if len(s.versions) == 0 {
		return errors.New(errors.ErrTLSHandshake, "SSLEnabledCipherSuites, OpenSSLCipherList and SSLCipherStrength "+
			"leave no cipher suite for the versions that SSLEnabledProtocols allows.")
	}
	s.config.MinVersion, s.config.MaxVersion = s.versions[0], s.versions[len(s.versions)-1]
	return nil
}
