package mqtt

import (
	"strconv"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
)

// propertyRows are the properties of the component, so that one text configures a program. Each has a second name that
// begins with MQTT., and only that one where a documented setting of its name is another thing. LocalHost and LocalPort
// are documented settings and the properties too.
func propertyRows() []config.Row {
	const g = group(config.GroupProperty)
	also := func(name string) config.Option { return config.Alias("MQTT." + name) }
	whenIdle := func(code int, name string) config.Option {
		return config.Before(func(m *MQTT) error { return m.refuseUnlessIdleLocked(code, name) })
	}
	fixed := func(name string) config.Option { return whenIdle(errors.ErrWrongState, name) }
	return []config.Row{
		config.Bool(
			g.doc("CleanSession", "bool",
				"The property CleanSession: whether the next connection begins with an empty session."),
			func(m *MQTT) *bool { return &m.properties.cleanSession },
			also("CleanSession"),
		),
		config.String(
			g.doc("ClientId", "string", "The property ClientId."),
			func(m *MQTT) *string { return &m.properties.clientID },
			also("ClientId"),
			config.Check(func(v string) error { return checkText("ClientId", v) }),
		),
		config.BoolFunc(
			g.doc("Connected", "bool",
				"The property Connected. Assigning True is Connect, False is Disconnect; LoadConfig takes neither."),
			(*MQTT).connectedLocked, (*MQTT).configConnectedReleasing,
			also("Connected"),
			config.Action(),
		),
		config.JSONFunc(
			g.doc("Firewall", "JSON",
				"The property Firewall: the proxy to go through, as JSON. Keys that are left out stay as they are, "+
					"but FirewallType sets the Port; \"\" = none. SaveConfig writes the settings Firewall... "+
					"instead."),
			func(m *MQTT) firewallBag { return firewallFields(m.firewall) },
			(*MQTT).configFirewallLocked,
			newFirewallBag(),
			also("Firewall"),
			fixed("Firewall"),
			config.Assigned(func(*MQTT) (string, bool) { return "", false }),
		),
		config.IntFunc(
			g.doc("MQTT.KeepAliveInterval", "int, s",
				"The property KeepAliveInterval, MQTT's keep-alive: 0 = off; while connected the one in force. The "+
					"setting KeepAliveInterval, without MQTT., is that of TCP."),
			(*MQTT).keepAliveLocked,
			func(m *MQTT, seconds int) error {
				m.properties.keepAliveInterval = seconds
				return nil
			},
			0, 65535,
			fixed("MQTT.KeepAliveInterval"),
			config.Assigned(func(m *MQTT) (string, bool) { return strconv.Itoa(m.properties.keepAliveInterval), true }),
		),
		config.String(
			g.doc("Password", "string", "The property Password."),
			func(m *MQTT) *string { return &m.properties.password },
			also("Password"),
			config.Secret(),
			config.Raw(),
			config.Check(config.CheckMQTTBinary),
		),
		config.Func(
			g.doc("RemoteHost", "string",
				"The property RemoteHost: the server's name, address or URL; while connected the address in use."),
			(*MQTT).remoteHostLocked, (*MQTT).setRemoteHostLocked,
			also("RemoteHost"),
			whenIdle(errors.ErrRemoteHostFixed, "RemoteHost"),
			config.Assigned(func(m *MQTT) (string, bool) { return m.properties.remoteHost, true }),
		),
		config.IntFunc(
			g.doc("RemotePort", "int",
				"The property RemotePort: the server's port. SaveConfig writes it as a comment while nothing was "+
					"assigned, since then the scheme of RemoteHost decides."),
			func(m *MQTT) int { return m.properties.remotePort },
			func(m *MQTT, port int) error {
				m.setRemotePortLocked(port)
				return nil
			},
			0, 65535,
			also("RemotePort"),
			whenIdle(errors.ErrRemotePortFixed, "RemotePort"),
			config.Assigned(func(m *MQTT) (string, bool) {
				return strconv.Itoa(m.properties.remotePort),
					m.properties.remotePortSet
			}),
		),
		config.JSONFunc(
			g.doc("SSLAcceptServerCert", "JSON",
				"The property SSLAcceptServerCert: the certificate that is accepted from the server, as JSON; "+
					"mostly Encoded alone. \"\" = none."),
			func(m *MQTT) certificateBag { return certificateFields(m.settings.tls.AcceptCertificate) },
			func(m *MQTT, b certificateBag) error { return b.assign(&m.settings.tls.AcceptCertificate) },
			newCertificateBag(),
			also("SSLAcceptServerCert"),
			fixed("SSLAcceptServerCert"),
		),
		config.JSONFunc(
			g.doc("SSLCert", "JSON",
				"The property SSLCert: the client's certificate with its key, as JSON such as "+
					"{\"Store\":\"client.pfx\",\"StorePassword\":\"...\"}. Keys that are left out have their "+
					"defaults; \"\" = none. A store that cannot be opened is refused when it is assigned."),
			func(m *MQTT) certificateBag { return certificateFields(m.settings.tls.Certificate) },
			func(m *MQTT, b certificateBag) error { return b.assign(&m.settings.tls.Certificate) },
			newCertificateBag(),
			also("SSLCert"),
			config.Before((*MQTT).refuseSSLCertLocked),
		),
		config.Bool(
			g.doc("SSLEnabled", "bool", "The property SSLEnabled: whether connections use TLS."),
			func(m *MQTT) *bool { return &m.settings.tls.Enabled },
			also("SSLEnabled"),
			fixed("SSLEnabled"),
		),
		config.Int(
			g.doc("SSLProvider", "int",
				"The property SSLProvider, which has no effect: 0 automatic, 1 platform, 2 internal."),
			func(m *MQTT) *MQTTSSLProviders { return &m.sslProvider },
			SslpAutomatic, SslpInternal,
			also("SSLProvider"),
			fixed("SSLProvider"),
		),
		config.Int(
			g.doc("Timeout", "int, s",
				"The property Timeout: how long a blocking method waits; 0 = every method returns at once."),
			func(m *MQTT) *int { return &m.properties.timeout },
			0, maxSeconds,
			also("Timeout"),
		),
		config.String(
			g.doc("User", "string", "The property User."),
			func(m *MQTT) *string { return &m.properties.user },
			also("User"),
			config.Check(func(v string) error { return checkText("User", v) }),
		),
		config.Int(
			g.doc("Version", "int", "The property Version: 0 MQTT 3.1.1, 1 MQTT 5.0."),
			func(m *MQTT) *MQTTVersions { return &m.properties.version },
			MvV3, MvV5,
			also("Version"),
			fixed("Version"),
		),
		config.Func(
			g.doc("WillMessage", "string", "The property WillMessage: the payload of the will."),
			func(m *MQTT) string { return m.properties.willMessage },
			(*MQTT).setWillMessageLocked,
			also("WillMessage"),
			config.Raw(),
			fixed("WillMessage"),
		),
		config.String(
			g.doc("WillTopic", "string", "The property WillTopic: the topic of the will; \"\" = no will."),
			func(m *MQTT) *string { return &m.properties.willTopic },
			also("WillTopic"),
			config.Check(topicOrNone),
			config.Code(errors.ErrInvalidTopicName),
			fixed("WillTopic"),
		),
	}
}

// configConnectedReleasing assigns the property Connected.
func (m *MQTT) configConnectedReleasing(connected bool) error {
	m.mu.Unlock()
	defer m.mu.Lock()
	return m.SetConnected(connected)
}
