package mqtt

import (
	"fmt"
	"slices"

	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// inertSettings are the documented settings that cannot have an effect here. They are kept, so that ported programs run
// unchanged, and a Log entry of each connection names those that were set.
type inertSettings struct {
	maxLineLength          int
	prngSeedData           string
	clientCACerts          string
	useInternalSecurityAPI bool
}

func defaultInertSettings() inertSettings { return inertSettings{maxLineLength: 2048} }

// logInertLocked logs the settings that were set and have no effect.
func (m *MQTT) logInertLocked() {
	s, standard := &m.settings.inert, defaultInertSettings()
	for _, row := range []struct {
		name, why string
		set       bool
	}{
		{"MaxLineLength", "this component has no lines", s.maxLineLength != standard.maxLineLength},
		{"OpenSSLPrngSeedData", "the system seeds the random numbers", s.prngSeedData != ""},
		{"SSLClientCACerts", "only servers check clients", s.clientCACerts != ""},
		{
			"TLS13KeyShareGroups", "Go chooses the key shares itself",
			!slices.Equal(m.settings.tls.KeyShares13, transport.DefaultTLS().KeyShares13),
		},
		{"UseInternalSecurityAPI", "crypto/tls is the only implementation", s.useInternalSecurityAPI},
	} {
		if row.set {
			m.logLocked(logVerbose, logInfo, "The setting "+row.name+" has no effect: "+row.why+".")
		}
	}
}

// logKeepAliveLocked warns of a TCP keep-alive that was probably meant to be MQTT's: the setting and the property have
// one name.
func (m *MQTT) logKeepAliveLocked() {
	if ms := m.settings.socket.KeepAliveInterval; ms > 0 && m.properties.keepAliveInterval == 0 {
		m.logLocked(logInformation, logInfo, fmt.Sprintf("The setting KeepAliveInterval=%d is TCP's, in "+
			"milliseconds. MQTT's keep-alive, in seconds, is off; it is the property KeepAliveInterval, for Config "+
			"and LoadConfig MQTT.KeepAliveInterval.", ms))
	}
}
