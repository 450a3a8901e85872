package realservers

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

var (
	//go:embed secure.conf
	secureConf string

	//go:embed securenats.conf
	secureNATSConf string
)

// Way is one way to a real server.
type Way struct {
	Server
	Name       string // for the name of a test
	URL        string // RemoteHost
	Authority  string // PEM of whom to trust; empty without TLS
	ClientCert bool   // the server requires a certificate of the same authority
}

// SecureMosquitto starts mosquitto for this test alone, with a certificate that ca has issued, and returns the ways to
// it: TLS, TLS 1.3 alone, TLS with a certificate of the client, WebSocket, WebSocket over TLS, and a socket in the file
// system. WebSocket over TLS has a process of its own: mosquitto 2.0.11 takes the end of such a connection for an error
// of another client's TLS (docs/servers.md).
func SecureMosquitto(t testing.TB, ca *testpki.Identity) []Way {
	t.Helper()
	start := func() *Process {
		return startProgram(t, &program{
			find: findMosquitto, conf: secureConf, files: files(t, ca),
			open: mosquittoProgram.open,
		})
	}
	p, apart := start(), start()
	way := func(name, scheme, path string, port int) Way {
		return p.way(name, scheme, path, port, ca)
	}
	required := way("client certificate", "ssl", "", 2)
	required.ClientCert = true
	socket := way("socket in the file system", "tcp", "", 0)
	socket.URL, socket.Authority = "unix://"+filepath.Join(filepath.Dir(p.conf), "socket"), ""
	webSocket, secure := way("WebSocket", "ws", "/mqtt", 3), apart.way("WebSocket over TLS", "wss", "/mqtt", 4, ca)
	webSocket.Slow, secure.Slow = true, true
	return []Way{way("TLS", "ssl", "", 0), way("TLS 1.3 only", "mqtts", "", 1), required, webSocket, secure, socket}
}

// SecureNATS starts a nats-server for this test alone, and returns the ways to it: TLS with a certificate of the
// client, WebSocket over TLS.
func SecureNATS(t testing.TB, ca *testpki.Identity) []Way {
	t.Helper()
	p := startProgram(t, &program{find: findNATS, conf: secureNATSConf, files: files(t, ca), open: natsProgram.open})
	required := p.way("client certificate", "ssl", "", 0, ca)
	required.ClientCert = true
	return []Way{required, p.way("WebSocket over TLS", "wss", "/mqtt", 1, ca)}
}

// SecureRabbitMQ returns the ways to the server of MQTT_RABBITMQ_TLS, MQTT_RABBITMQ_WS and MQTT_RABBITMQ_WSS, whose
// certificate is in the file MQTT_RABBITMQ_CA.
func SecureRabbitMQ(t testing.TB) []Way {
	t.Helper()
	var ways []Way
	for _, row := range []struct{ name, variable, scheme, path string }{
		{"TLS", "MQTT_RABBITMQ_TLS", "ssl", ""},
		{"WebSocket", "MQTT_RABBITMQ_WS", "ws", "/ws"},
		{"WebSocket over TLS", "MQTT_RABBITMQ_WSS", "wss", "/ws"},
	} {
		k := kind{Server: rabbitmq.Server, variable: row.variable}
		w := Way{Server: k.get(t), Name: "rabbitmq/" + row.name}
		w.URL = fmt.Sprintf("%s://%s%s", row.scheme, w.Addr(), row.path)
		if row.scheme != "ws" {
			text, err := os.ReadFile(os.Getenv("MQTT_RABBITMQ_CA"))
			if err != nil {
				t.Fatalf("MQTT_RABBITMQ_CA: %v", err)
			}
			w.Authority = string(text)
		}
		ways = append(ways, w)
	}
	return ways
}

// files are those of a server with TLS.
func files(t testing.TB, ca *testpki.Identity) map[string]string {
	t.Helper()
	server := ca.Issue(t, nil)
	return map[string]string{"ca.pem": ca.PEM(), "server.pem": server.PEM(), "server.key": server.KeyPEM(t)}
}

func (p *Process) way(name, scheme, path string, port int, ca *testpki.Identity) Way {
	w := Way{Server: p.Server, Name: p.Server.Name + "/" + name}
	w.Port = p.ports[port]
	w.URL = fmt.Sprintf("%s://%s%s", scheme, w.Addr(), path)
	if scheme != "ws" {
		w.Authority = ca.PEM()
	}
	return w
}
