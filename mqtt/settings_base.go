package mqtt

import (
	"math"

	"github.com/iotcomponents/iot/config"
)

// baseRows is the group Base.
func (m *MQTT) baseRows() []config.Row {
	const g = group(config.GroupBase)
	s := &m.settings
	return []config.Row{
		config.ReadOnly(g.doc("BuildInfo", "string", "What the component was built from."), buildInfo),
		config.Int64(g.doc("CodePage", "int", "Code page between text and payload: PublishMessage, WillMessage, and Message of the events and message lists. 65001 = UTF-8, where bytes pass unchanged. MessageB is never converted."), &s.codePage, 0, maxUint32, config.Check(checkCodePage), config.After(m.codePageChanged)),
		config.ReadOnly(g.doc("LicenseInfo", "string", "What is needed as a license: nothing."), licenseInfo),
		config.Bool(g.doc("MaskSensitiveData", "bool", "Keep passwords, authentication data and payloads out of Log."), &s.maskSensitiveData),
		config.Bool(g.doc("UseInternalSecurityAPI", "bool", "No effect: crypto/tls is the only implementation."), &s.inert.useInternalSecurityAPI),
	}
}

// componentRows are the settings that the documented component does not have.
func (m *MQTT) componentRows() []config.Row {
	const g = group(config.GroupComponent)
	s := &m.settings
	apply := config.After(m.applySettings)
	return []config.Row{
		config.Int(g.doc("PublishAndWaitTimeout", "int, s", "How long PublishAndWait waits."), &s.publishAndWaitTimeout, 1, maxSeconds),
		config.Bool(g.doc("BackgroundEvents", "bool", "True: a goroutine of the component calls the event handlers, for programs that have no loop."), &m.background.wanted, config.After(m.backgroundChanged)),
		config.Int(g.doc("PingTimeout", "int, s", "How long a PINGRESP may take; 0 = KeepAliveInterval."), &s.pingTimeout, 0, maxSeconds, apply),
		config.Int(g.doc("SendQueueSize", "int, messages", "How many accepted messages may wait for the server's Receive Maximum; 0 = no bound."), &s.sendQueueSize, 0, math.MaxInt32, apply),
		config.Int(g.doc("InflightLimit", "int", "How many QoS 1 and 2 messages may be unacknowledged; 0 = the server's Receive Maximum. Counts from the next connection on."), &s.inflightLimit, 0, 65535, apply),
		config.Int(g.doc("RepublishAttempts", "int", "3.1.1: how often a PUBLISH is sent again on one connection before it is given up with Error 201; 0 = no limit."), &s.republishAttempts, 0, math.MaxInt32, apply),
		config.Int(g.doc("RepublishTimeout", "int, s", "3.1.1: how long after it was first sent on a connection a PUBLISH without PUBACK or PUBREC is given up with Error 201; 0 = no limit."), &s.republishTimeout, 0, maxSeconds, apply),
		config.Int(g.doc("AckTimeout", "int, s", "How long SUBACK and UNSUBACK may take before Error 201 reports that they are missing; 0 = for ever."), &s.ackTimeout, 0, maxSeconds, apply),
		config.Bool(g.v5("AutoTopicAlias", "bool", "True: topics that are published again are replaced by topic aliases, as far as the server takes them. Messages that name an alias themselves keep theirs."), &s.autoTopicAlias, apply),
		config.String(g.doc("SSLALPN", "string", "Application protocols offered in the TLS handshake, separated by commas; \"\" = none."), &s.tls.ALPN),
		config.String(g.doc("WebSocketHeaders", "string", "Further header lines \"Name: value\" of the WebSocket upgrade, separated by CR LF."), &s.webSocketHeaders, config.Secret()),
		config.Int(g.doc("SelectWaitMillis", "int, ms", "How long DoEvents waits for an event when none is ready."), &s.selectWaitMillis, 0, maxSeconds),
	}
}

func (m *MQTT) backgroundChanged() {
	if m.background.wanted {
		m.background.ensure(m)
		return
	}
	m.background.stop(m)
}
