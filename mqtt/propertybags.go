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
