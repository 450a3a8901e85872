package mqtt

import (
	"crypto/tls"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// MQTTSSLProviders chooses an implementation of TLS. In Go all are crypto/tls.
type MQTTSSLProviders int

// The providers.
const (
	SslpAutomatic MQTTSSLProviders = 0
	SslpPlatform  MQTTSSLProviders = 1
	SslpInternal  MQTTSSLProviders = 2
)

// SetTLSConfig sets a configuration for crypto/tls that reaches what the settings do not. While there is one, TLS goes
// by it alone: SSLCert, SSLAcceptServerCert and the SSL, TLS and OpenSSL settings have no part, but for SSLEnabled or
// the scheme of RemoteHost, which turn TLS on, LogSSLPackets, SSLIncludeCertChain, and the name of the server, which is
// SSLServerName or the host if config.ServerName is "". OnSSLServerAuthentication is asked about servers that the
// configuration has accepted. A copy is kept, so what config becomes later does not matter. nil, the default, returns
// to the settings, and so does Reset.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
func (m *MQTT) SetTLSConfig(config *tls.Config) error {
	return setWhenIdle(m, errors.ErrWrongState, "TLSConfig", &m.settings.tls.Config, config.Clone())
}

// SSLAcceptServerCert returns the certificate that is accepted from the server whatever verification says. Default: an
// empty one, which is none.
func (m *MQTT) SSLAcceptServerCert() *certificate.Certificate {
	return m.certificate(&m.settings.tls.AcceptCertificate)
}

// SetSSLAcceptServerCert sets SSLAcceptServerCert: a server that presents exactly this certificate is accepted. nil
// means none.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
func (m *MQTT) SetSSLAcceptServerCert(c *certificate.Certificate) error {
	return setWhenIdle(m, errors.ErrWrongState, "SSLAcceptServerCert", &m.settings.tls.AcceptCertificate, c)
}

// SSLCert returns the client's certificate. Default: an empty one, which is none.
func (m *MQTT) SSLCert() *certificate.Certificate { return m.certificate(&m.settings.tls.Certificate) }

// SetSSLCert sets the client's certificate for TLS; nil means none. The handler of BeforeConnect may set it too, so
// that a certificate is renewed before AutoReconnect uses it.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
//
// Connect returns errors 271 to 273 when it cannot be used.
func (m *MQTT) SetSSLCert(c *certificate.Certificate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refuseSSLCertLocked(); err != nil {
		return err
	}
	m.settings.tls.Certificate = c
	return nil
}

func (m *MQTT) refuseSSLCertLocked() error {
	if l := m.link; l != nil && !l.begun {
		return nil // BeforeConnect is being asked
	}
	return m.refuseUnlessIdleLocked(errors.ErrWrongState, "SSLCert")
}

// certificate returns the certificate in a field. An empty one is made when it is asked for: most components have none.
func (m *MQTT) certificate(field **certificate.Certificate) *certificate.Certificate {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *field == nil {
		*field = certificate.New()
	}
	return *field
}

// SSLEnabled reports whether connections use TLS. Default false.
func (m *MQTT) SSLEnabled() bool { return get(m, &m.settings.tls.Enabled) }

// SetSSLEnabled switches TLS on or off. A RemoteHost with ssl://, mqtts:// or wss:// uses TLS in any case. RemotePort
// stays as it is; the usual one with TLS is 8883.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
func (m *MQTT) SetSSLEnabled(enabled bool) error {
	return setWhenIdle(m, errors.ErrWrongState, "SSLEnabled", &m.settings.tls.Enabled, enabled)
}

// SSLProvider returns the implementation of TLS that was chosen. Default SslpAutomatic.
func (m *MQTT) SSLProvider() MQTTSSLProviders { return get(m, &m.sslProvider) }

// SetSSLProvider sets SSLProvider, which has no effect: crypto/tls does what each of them is for.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
//   - [errors.ErrInvalidArgument] (10022): another value than the three
func (m *MQTT) SetSSLProvider(provider MQTTSSLProviders) error {
	if err := checkRange("SSLProvider", int(provider), int(SslpAutomatic), int(SslpInternal)); err != nil {
		return err
	}
	return setWhenIdle(m, errors.ErrWrongState, "SSLProvider", &m.sslProvider, provider)
}

// SSLServerCert returns the certificate of the server of the last connection; an empty one without TLS. It is emptied
// when a new attempt begins and kept after a disconnect.
func (m *MQTT) SSLServerCert() *certificate.Certificate { return m.certificate(&m.serverCert) }
