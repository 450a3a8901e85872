package mqtt

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/firewall"
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

// firewallBag is the setting Firewall.
type firewallBag struct {
	autoDetect           config.Tri
	typ                  firewall.FirewallTypes
	host, password, user string
	port                 int
}

// portOfType is Port while it was not given.
const portOfType = -1

func newFirewallBag() *config.Bag[firewallBag] {
	return config.NewBag[firewallBag](
		config.BagBool(
			"AutoDetect",
			func(b *firewallBag) *config.Tri { return &b.autoDetect },
			config.Default("false"),
			config.Doc("Use the proxy of the system."),
		),
		config.BagInt(
			"FirewallType",
			func(b *firewallBag) *firewall.FirewallTypes { return &b.typ },
			0, int64(firewall.FwSOCKS4A), 0,
			config.Default("0"),
			config.Doc("0 none, 1 HTTP tunnel, 2 SOCKS4, 3 SOCKS5, 10 SOCKS4A."),
		),
		config.BagString(
			"Host",
			func(b *firewallBag) *string { return &b.host },
			nil,
			config.Doc("Name or address of the proxy."),
		),
		config.BagInt(
			"Port",
			func(b *firewallBag) *int { return &b.port },
			0, 65535, portOfType,
			config.Doc("Port of the proxy; not set = that of FirewallType."),
		),
		config.BagString(
			"User",
			func(b *firewallBag) *string { return &b.user },
			nil,
			config.Doc("User for the proxy."),
		),
		config.BagString(
			"Password",
			func(b *firewallBag) *string { return &b.password },
			nil,
			config.Secret(),
			config.Doc("Password for the proxy."),
		),
	)
}

func firewallFields(f *firewall.Firewall) firewallBag {
	b := firewallBag{typ: f.FirewallType, host: f.Host, port: f.Port, user: f.User, password: f.Password}
	if f.AutoDetect {
		b.autoDetect = config.TriTrue
	}
	if f.Port == f.FirewallType.DefaultPort() {
		b.port = portOfType
	}
	return b
}

// configFirewallLocked assigns the setting Firewall.
func (m *MQTT) configFirewallLocked(b firewallBag) error {
	if b.typ.DefaultPort() == 0 && b.typ != firewall.FwNone {
		return errors.New(errors.ErrInvalidArgument,
			"FirewallType "+strconv.Itoa(int(b.typ))+" does not exist; 0, 1, 2, 3 and 10 do.")
	}
	f := m.firewall
	f.AutoDetect, f.FirewallType, f.Host, f.User, f.Password = b.autoDetect == config.TriTrue, b.typ, b.host, b.user,
		b.password
	if f.Port = b.port; b.port == portOfType {
		f.Port = b.typ.DefaultPort()
	}
	return nil
}

// certificateBag is SSLCert and SSLAcceptServerCert.
type certificateBag struct {
	storeType                                                     int64
	store, contents, storePassword, keyPassword, subject, encoded string
}

// anyStoreType is StoreType while it was not given: the contents tell.
const anyStoreType = -1

func newCertificateBag() *config.Bag[certificateBag] {
	return config.NewBag[certificateBag](
		config.BagInt(
			"StoreType",
			func(b *certificateBag) *int64 { return &b.storeType },
			0, int64(certificate.CstAuto), anyStoreType,
			config.Doc("A number of CertStoreTypes; not set = Store or StoreB tell it."),
		),
		config.BagString(
			"Store",
			func(b *certificateBag) *string { return &b.store },
			nil,
			config.Doc("Name of the store or of its file."),
		),
		config.BagText(
			"StoreB",
			func(b *certificateBag) *string { return &b.contents },
			config.Secret(),
			config.Doc("Contents of the store instead of its name, as text or as Base64."),
		),
		config.BagString(
			"StorePassword",
			func(b *certificateBag) *string { return &b.storePassword },
			nil,
			config.Secret(),
			config.Doc("Password of the store."),
		),
		config.BagString(
			"KeyPassword",
			func(b *certificateBag) *string { return &b.keyPassword },
			nil,
			config.Secret(),
			config.Doc("Password of the private key; not set = StorePassword."),
		),
		config.BagString(
			"Subject",
			func(b *certificateBag) *string { return &b.subject },
			nil,
			config.Doc(
				"Which certificate of the store, as SetSubject takes it: a subject, a part of it, * or "+
					"Thumbprint=...; not set = any."),
		),
		config.BagText(
			"Encoded",
			func(b *certificateBag) *string { return &b.encoded },
			config.Doc("The certificate itself, PEM or Base64 of DER; its key is looked for in the store."),
		),
	)
}

// isContents reports whether Store of this type is the contents of a store.
func isContents(c *certificate.Certificate) bool {
	switch c.StoreType() {
	case certificate.CstPFXBlob, certificate.CstJKSBlob, certificate.CstPEMKeyBlob, certificate.CstPublicKeyBlob,
		certificate.CstSSHPublicKeyBlob, certificate.CstP7BBlob, certificate.CstPPKBlob, certificate.CstXMLBlob,
		certificate.CstJWKBlob, certificate.CstBCFKSBlob:
		return true
	case certificate.CstAuto:
		name := c.Store() // contents can hardly be taken for one
		return len(name) > math.MaxUint8 || strings.ContainsAny(name, "\n\x00") || !utf8.ValidString(name)
	}
	return false
}

// certificateFields tells how a certificate is found again.
func certificateFields(c *certificate.Certificate) certificateBag {
	b := certificateBag{storeType: anyStoreType}
	if c == nil || c.X509() == nil && !c.PrivateKeyAvailable() {
		return b
	}
	standard := certificate.New()
	inStandard := c.StoreType() == standard.StoreType() && c.Store() == standard.Store()
	if c.X509() != nil && !c.PrivateKeyAvailable() && (isContents(c) || inStandard) {
		b.encoded = c.Encoded() // needs no store, and is no secret
		return b
	}
	b.storeType, b.storePassword = int64(c.StoreType()), c.StorePassword()
	if c.KeyPassword() != c.StorePassword() {
		b.keyPassword = c.KeyPassword()
	}
	if isContents(c) {
		b.contents = base64.StdEncoding.EncodeToString(c.StoreB())
	} else {
		b.store = c.Store()
	}
	if b.subject = c.Subject(); c.X509() != nil {
		b.subject = "Thumbprint=" + c.ThumbprintSHA256()
	}
	return b
}

// assign makes the certificate and puts it into a field; without any key nil.
func (b certificateBag) assign(field **certificate.Certificate) error {
	if b == (certificateBag{storeType: anyStoreType}) {
		*field = nil
		return nil
	}
	c := certificate.New()
	named := b.store != "" || b.contents != ""
	if b.storeType == anyStoreType && named {
		b.storeType = int64(certificate.CstAuto)
	}
	if b.storeType != anyStoreType {
		if err := c.SetStoreType(certificate.CertStoreTypes(b.storeType)); err != nil {
			return err
		}
	}
	switch {
	case b.store != "" && b.contents != "":
		return errors.New(errors.ErrInvalidArgument, "Store and StoreB are given; one of them is possible.")
	case b.store != "":
		_ = c.SetStore(b.store) // cannot fail, nor can the passwords
	case b.contents != "":
		_ = c.SetStore(b.contents)
	}
	_ = c.SetStorePassword(b.storePassword)
	_ = c.SetKeyPassword(b.keyPassword)
	var err error
	switch {
	case b.encoded != "" && b.subject != "":
		err = errors.New(errors.ErrInvalidArgument, "Subject and Encoded are given; one of them is possible.")
	case b.encoded != "":
		err = c.SetEncoded(b.encoded)
	case b.subject != "":
		err = c.SetSubject(b.subject)
	default:
		err = c.SetSubject("*")
	}
	if err == nil {
		*field = c
	}
	return err
}
