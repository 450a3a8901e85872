package mqtt_test

import (
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// inExample stands for a test where there is none.
type inExample struct {
	testing.TB
	cleanups []func()
}

func (*inExample) Helper()            {}
func (e *inExample) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }
func (*inExample) Fatal(args ...any)  { log.Fatal(args...) }
func (e *inExample) stop() {
	for _, f := range e.cleanups {
		f()
	}
}

// secureBroker is an embedded broker behind TLS, and perhaps WebSocket or a proxy; stop ends it.
type secureBroker struct {
	*inExample
	ca, server, client *testpki.Identity
	port               int
}

// startSecureBroker starts one. lower lies below TLS, upper above; nil = nothing.
func startSecureBroker(clientCert bool, lower, upper func(net.Conn) net.Conn) *secureBroker {
	e := &inExample{}
	host, port, stop := startBroker()
	e.Cleanup(stop)
	s := &secureBroker{inExample: e, ca: testpki.NewAuthority(e, "Our CA")}
	s.server, s.client = s.ca.Issue(e, nil), s.ca.Issue(e, testpki.AsClient("boiler-7"))
	c := &tls.Config{Certificates: []tls.Certificate{s.server.TLS()}}
	if clientCert {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, s.ca.Pool()
	}
	var layers []func(net.Conn) net.Conn
	for _, l := range []func(net.Conn) net.Conn{lower, mqtttest.OverTLS(c), upper} {
		if l != nil {
			layers = append(layers, l)
		}
	}
	s.port = terminate(e, net.JoinHostPort(host, itoa(port)), mqtttest.Layers(layers...))
	return s
}

// TLS to a server whose authority is not one of the system's.
func ExampleMQTT_Connect_tls() {
	broker := startSecureBroker(false, nil, nil) // embedded in the test; stop ends it
	defer broker.stop()

	m := mqtt.New()
	m.OnConnectionStatus = func(e *mqtt.ConnectionStatusEventArgs) { fmt.Println(e.ConnectionEvent) }
	m.Config("SSLServerCACerts=" + broker.ca.PEM()) // or OpenSSLCAFile=/etc/mqtt/ca.pem
	if err := m.ConnectTo("ssl://localhost", broker.port); err != nil {
		log.Fatal(err)
	}
	version, _ := m.Config("SSLNegotiatedVersion")
	fmt.Println(version, "with", m.SSLServerCert().Subject())
	m.Disconnect()
	// Output:
	// SSL handshake complete.
	// Remote host connection complete.
	// TLS1.3 with CN=broker.example
	// Remote host disconnected.
	// SSL connection broken.
}

// What the settings do not reach is in a configuration of crypto/tls: here a pool of authorities that the program has already.
func ExampleMQTT_SetTLSConfig() {
	broker := startSecureBroker(false, nil, nil) // embedded in the test; stop ends it
	defer broker.stop()

	m := mqtt.New()
	if err := m.SetTLSConfig(&tls.Config{RootCAs: broker.ca.Pool(), MinVersion: tls.VersionTLS13}); err != nil {
		log.Fatal(err)
	}
	if err := m.ConnectTo("ssl://localhost", broker.port); err != nil {
		log.Fatal(err)
	}
	version, _ := m.Config("SSLNegotiatedVersion")
	fmt.Println(version, "with", m.SSLServerCert().Subject())
	m.Disconnect()
	// Output: TLS1.3 with CN=broker.example
}

// The program decides about a certificate that cannot be verified: here it knows its fingerprint.
func ExampleMQTT_pinnedCertificate() {
	broker := startSecureBroker(false, nil, nil) // embedded in the test; stop ends it
	defer broker.stop()
	known, err := certificate.FromEncoded(broker.server.Cert.Raw)
	if err != nil {
		log.Fatal(err)
	}
	fingerprint := known.FingerprintSHA256() // written down when the broker was set up

	m := mqtt.New()
	m.OnSSLServerAuthentication = func(e *mqtt.SSLServerAuthenticationEventArgs) {
		fmt.Println(e.CertSubject, "-", e.Status)
		shown, err := certificate.FromEncoded(e.CertEncodedB)
		e.Accept = err == nil && shown.FingerprintSHA256() == fingerprint
	}
	if err := m.ConnectTo("ssl://localhost", broker.port); err != nil {
		log.Fatal(err)
	}
	fmt.Println("connected:", m.Connected())
	m.Disconnect()
	// Output:
	// CN=broker.example - x509: certificate signed by unknown authority
	// connected: true
}

// A client certificate with its key from PEM; a PFX file, a Java key store and others work in the same way.
func ExampleMQTT_SetSSLCert() {
	broker := startSecureBroker(true, nil, nil) // embedded in the test; it requires a certificate
	defer broker.stop()
	pem := broker.client.PEM() + broker.client.KeyPEM(broker)

	cert, err := certificate.FromStore(certificate.CstPEMKeyBlob, pem, "", "CN=boiler-7")
	if err != nil {
		log.Fatal(err)
	}
	m := mqtt.New()
	m.Config("SSLServerCACerts=" + broker.ca.PEM())
	m.SetRemoteHost("ssl://localhost")
	m.SetRemotePort(broker.port)
	fmt.Println("without it:", strings.Contains(fmt.Sprint(m.Connect()), "[281]"))
	m.SetSSLCert(cert)
	fmt.Println("with it:", m.Connect())
	m.Disconnect()
	// Output:
	// without it: true
	// with it: <nil>
}

// WebSocket over TLS, with a header that the server asks for.
func ExampleMQTT_SetRemoteHost_webSocket() {
	broker := startSecureBroker(false, nil, mqtttest.OverWebSocket(nil)) // embedded in the test; stop ends it
	defer broker.stop()

	m := mqtt.New()
	m.Config("SSLServerCACerts=" + broker.ca.PEM())
	m.Config("WebSocketHeaders=Authorization: Bearer abc")
	m.SetRemoteHost("wss://localhost/mqtt")
	m.SetRemotePort(broker.port) // 443 by default; a port in the URL outranks it
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.PublishAndWait("house/boiler", 2, []byte("61.5")))
	m.Disconnect()
	// Output:
	// <nil>
}

// TLS through an HTTP proxy.
func ExampleMQTT_Firewall() {
	asked := &request{}
	broker := startSecureBroker(false, through(firewall.FwTunnel, asked), nil) // embedded in the test; stop ends it
	defer broker.stop()

	m := mqtt.New()
	m.Config("SSLServerCACerts=" + broker.ca.PEM())
	m.Firewall().FirewallType = firewall.FwTunnel
	m.Firewall().Host = "127.0.0.1"
	m.Firewall().Port = broker.port
	m.Firewall().User = "user1"
	m.Firewall().Password = "pass1"
	if err := m.ConnectTo("mqtts://broker.example", 8883); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the proxy has connected", asked.user, "to", asked.destination)
	m.Disconnect()
	// Output:
	// the proxy has connected user1 to broker.example:8883
}
