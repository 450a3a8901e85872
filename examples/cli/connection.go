package main

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/mqtt"
)

// connection is the flags that both mosquitto_pub and mosquitto_sub have.
type connection struct {
	Host     string   `short:"h" default:"localhost" help:"Server, or a URL of the component: mqtts://, wss://."`
	Port     int      `short:"p" help:"Port; 1883, or 8883 with TLS."`
	URL      string   `short:"L" name:"url" help:"mqtt(s)://user:password@host:port/topic."`
	ID       string   `short:"i" name:"id" help:"Client identifier."`
	IDPrefix string   `short:"I" name:"id-prefix" help:"Begin of the identifier; the process number follows."`
	Bind     string   `short:"A" name:"bind" help:"Local address."`
	NoClean  bool     `short:"c" name:"disable-clean-session" help:"Keep the session."`
	Keep     int      `short:"k" name:"keepalive" default:"60" help:"Keep-alive in seconds."`
	User     string   `short:"u" name:"username" help:"User name."`
	Password string   `short:"P" name:"pw" help:"Password."`
	Version  string   `short:"V" name:"protocol-version" default:"mqttv311" help:"mqttv311, 311, mqttv5 or 5."`
	Topics   []string `short:"t" name:"topic" sep:"none" help:"Topic, or topic filter."`
	QoS      int      `short:"q" name:"qos" help:"0, 1 or 2."`
	Inflight int      `short:"M" name:"max-inflight" default:"20" help:"Messages under way."`
	Debug    bool     `short:"d" help:"Log to the standard error output."`
	Quiet    bool     `name:"quiet" help:"No errors are printed."`

	WillTopic   string `name:"will-topic" help:"Topic of the will."`
	WillPayload string `name:"will-payload" help:"Payload of the will."`
	WillQoS     int    `name:"will-qos" help:"QoS of the will."`
	WillRetain  bool   `name:"will-retain" help:"The will is retained."`

	CAFile   string `name:"cafile" help:"Certificates that are trusted, PEM."`
	CAPath   string `name:"capath" help:"Folder of such files."`
	SystemCA bool   `name:"tls-use-os-certs" help:"TLS with the certificates that the system trusts."`
	Cert     string `name:"cert" help:"Certificate of the client, PEM."`
	Key      string `name:"key" help:"Key of the client, PEM."`
	TLS      string `name:"tls-version" help:"tlsv1.3 or tlsv1.2: no other version."`
	ALPN     string `name:"tls-alpn" help:"Protocol that TLS agrees on."`
	Ciphers  string `name:"ciphers" help:"Cipher suites, as OpenSSL names them."`
	Insecure bool   `name:"insecure" help:"Accept every certificate."`
	Proxy    string `name:"proxy" help:"socks5h://user:password@host:port."`
	NoDelay  bool   `name:"nodelay" help:"Without effect: the component always sends at once."`

	Expiry     string     `short:"x" name:"session-expiry-interval" help:"Seconds that the session lasts (MQTT 5)."`
	Properties properties `short:"D" name:"property" placeholder:"COMMAND NAME VALUE" help:"Property of a packet."`

	Set []string `name:"set" sep:"none" placeholder:"NAME=VALUE" help:"Any setting; see mqtt settings."`
}

var versions = map[string]mqtt.MQTTVersions{
	"mqttv311": mqtt.MvV3, "311": mqtt.MvV3, "mqttv5": mqtt.MvV5, "5": mqtt.MvV5,
}

// receiveMaximum is what mosquitto's tools announce.
const receiveMaximum = 20

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// component makes the component that the flags ask for. receiveMaximum is announced to an MQTT 5 server.
func (c *connection) component(receiveMaximum int) (*mqtt.MQTT, error) {
	m := mqtt.New()
	version, known := versions[c.Version]
	if !known {
		return nil, fmt.Errorf("invalid protocol version %q", c.Version)
	}
	if c.QoS < 0 || c.QoS > 2 {
		return nil, fmt.Errorf("invalid QoS given: %d", c.QoS)
	}
	if err := c.readURL(); err != nil {
		return nil, err
	}
	if c.NoClean && c.ID == "" && c.IDPrefix == "" {
		return nil, fmt.Errorf("you must provide a client id if you are using the -c option")
	}
	if c.IDPrefix != "" && c.ID == "" {
		c.ID = c.IDPrefix + strconv.Itoa(os.Getpid())
	}
	if version == mqtt.MvV3 && len(c.Properties.list) > 0 {
		return nil, fmt.Errorf("-D needs -V mqttv5")
	}
	if _, known := protocols[c.TLS]; c.TLS != "" && !known {
		return nil, fmt.Errorf("invalid TLS version %q; tlsv1.2 and tlsv1.3 are possible", c.TLS)
	}
	secure := c.CAFile != "" || c.CAPath != "" || c.SystemCA || c.Cert != ""
	port := c.Port
	if port == 0 {
		if port = 1883; secure {
			port = 8883
		}
	}
	err := first(
		m.SetVersion(version), m.SetRemoteHost(c.Host), m.SetClientId(c.ID), m.SetCleanSession(!c.NoClean),
		m.SetKeepAliveInterval(c.Keep), m.SetUser(c.User), m.SetPassword(c.Password), m.SetLocalHost(c.Bind),
		m.SetWillTopic(c.WillTopic), m.SetWillMessage(c.WillPayload),
	)
	if c.Port != 0 || !strings.Contains(c.Host, "://") {
		err = first(err, m.SetRemotePort(port))
	}
	// What the component would announce beyond what mosquitto's tools do is left out.
	settings := []string{
		"WillQOS=" + strconv.Itoa(c.WillQoS), "WillRetain=" + yes(c.WillRetain), "MaxIncomingPacketSize=0",
		"InflightLimit=" + strconv.Itoa(c.Inflight),
	}
	if version == mqtt.MvV5 {
		connect := c.Properties.bag("CONNECT")
		if c.Expiry == "" && c.NoClean || c.Expiry == "-1" || c.Expiry == "∞" {
			c.Expiry = strconv.FormatUint(math.MaxUint32, 10) // it never ends
			if c.ID == "" {
				return nil, errors.New("you must provide a client id if you are using an infinite session expiry " +
					"interval")
			}
		}
		if c.Expiry != "" {
			connect.set("SessionExpInterval", c.Expiry)
		}
		connect.setDefault("ReceiveMaximum", strconv.Itoa(receiveMaximum))
		settings = append(settings, "ConnectProperties="+connect.json(),
			"DisconnectProperties="+c.Properties.bag("DISCONNECT").json(),
			"WillProperties="+c.Properties.bag("WILL").json())
	}
	if secure {
		err = first(err, m.SetSSLEnabled(true), c.secure(m))
		settings = append(settings, c.tlsSettings()...)
	}
	if c.Proxy != "" {
		more, failure := proxySettings(c.Proxy)
		err, settings = first(err, failure), append(settings, more...)
	}
	for _, s := range append(settings, c.Set...) {
		if err == nil {
			_, err = m.Config(s)
		}
	}
	if c.Debug {
		m.OnLog = func(e *mqtt.LogEventArgs) { fmt.Fprintln(os.Stderr, e.LogType, e.Message) }
		_, failure := m.Config("LogLevel=2")
		err = first(err, failure)
	}
	return m, err
}

func yes(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// readURL takes -L apart.
func (c *connection) readURL() error {
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts" {
		return fmt.Errorf("unsupported URL scheme, or no URL: mqtt://host/topic is one")
	}
	c.Host = u.Hostname()
	if c.Port, err = strconv.Atoi(u.Port()); u.Port() != "" && err != nil {
		return err
	}
	c.SystemCA = c.SystemCA || u.Scheme == "mqtts"
	if u.User != nil {
		c.User = u.User.Username()
		c.Password, _ = u.User.Password()
	}
	if topic := strings.TrimPrefix(u.Path, "/"); topic != "" {
		c.Topics = append(c.Topics, topic)
	}
	return nil
}

// secure gives the component the certificate of the client.
func (c *connection) secure(m *mqtt.MQTT) error {
	if c.Cert == "" && c.Key == "" {
		return nil
	}
	cert, err := certificate.FromPEMFiles(c.Cert, c.Key, "")
	if err != nil {
		return err
	}
	return m.SetSSLCert(cert)
}

// protocols are the values of SSLEnabledProtocols.
var protocols = map[string]string{"tlsv1.2": "3072", "tlsv1.3": "12288"}

func (c *connection) tlsSettings() (settings []string) {
	add := func(name, value string) {
		if value != "" {
			settings = append(settings, name+"="+value)
		}
	}
	add("OpenSSLCAFile", c.CAFile)
	add("OpenSSLCADir", c.CAPath)
	add("SSLALPN", c.ALPN)
	add("OpenSSLCipherList", c.Ciphers)
	add("SSLEnabledProtocols", protocols[c.TLS])
	if c.Insecure {
		add("SSLAcceptAnyServerCert", "True")
	}
	return settings
}

// proxySettings are those of a SOCKS 5 proxy.
func proxySettings(proxy string) ([]string, error) {
	u, err := url.Parse(proxy)
	if err != nil || u.Scheme != "socks5h" || u.Host == "" {
		return nil, fmt.Errorf("unsupported proxy: socks5h://host:port is one")
	}
	port := u.Port()
	if port == "" {
		port = "1080"
	}
	password, _ := u.User.Password()
	return []string{
		"FirewallType=3", "FirewallHost=" + u.Hostname(), "FirewallPort=" + port, "FirewallUser=" + u.User.Username(),
		"FirewallPassword=" + password,
	}, nil
}
