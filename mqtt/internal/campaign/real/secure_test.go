package real

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// realWay prepares a component for a way to a real server.
func realWay(t *testing.T, w realservers.Way, ca *testpki.Identity) func(m *mqtt.MQTT) {
	return func(m *mqtt.MQTT) {
		must(t, m.SetRemoteHost(w.URL))
		if w.Authority != "" {
			config(t, m, "SSLServerCACerts="+w.Authority)
		}
		if w.ClientCert {
			must(t, m.SetSSLCert(clientCertificate(t, ca.Issue(t, testpki.AsClient("device-1")))))
		}
	}
}

// clientCertificate is an identity as SSLCert.
func clientCertificate(t testing.TB, i *testpki.Identity) *certificate.Certificate {
	t.Helper()
	c, err := certificate.FromStore(certificate.CstPEMKeyBlob, i.PEM()+i.KeyPEM(t), "", "*")
	must(t, err)
	return c
}

// The common test of real servers over every way that they have.
func TestRealServersSecure(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	for server, ways := range map[string]func(t testing.TB) []realservers.Way{
		"mosquitto": func(t testing.TB) []realservers.Way { return realservers.SecureMosquitto(t, ca) },
		"nats":      func(t testing.TB) []realservers.Way { return realservers.SecureNATS(t, ca) },
		"rabbitmq":  realservers.SecureRabbitMQ,
	} {
		t.Run(server, func(t *testing.T) {
			campaign.Together(t, atOnce, func(run func(name string, test func(t *testing.T))) {
				for _, w := range ways(t) {
					for _, v := range mqtttest.Versions {
						if v == mqtt.MvV5 && !w.V5 {
							continue
						}
						run(w.Name+"/"+mqtttest.VersionName(v), func(t *testing.T) {
							realConversation(t, w.Server, v, realWay(t, w, ca))
							realSession(t, w.Server, v, realWay(t, w, ca))
						})
					}
				}
			})
		})
	}
}

// find returns the way with this name.
func find(t *testing.T, ways []realservers.Way, name string) realservers.Way {
	t.Helper()
	for _, w := range ways {
		if strings.HasSuffix(w.Name, "/"+name) {
			return w
		}
	}
	t.Fatalf("there is no way %q", name)
	return realservers.Way{}
}

// What is agreed with the real servers in each version, and a session that is resumed.
func TestRealServersNegotiate(t *testing.T) {
	watchdog(t)
	ca := testpki.NewAuthority(t, "Test CA")
	ways := append(realservers.SecureMosquitto(t, ca), realservers.SecureNATS(t, ca)...)
	ways = append(ways, realservers.SecureRabbitMQ(t)...)
	for _, w := range ways {
		if w.Authority == "" {
			continue
		}
		for protocols, version := range map[int]string{3072: "TLS1.2", 12288: "TLS1.3", 15360: "TLS1.3"} {
			t.Run(fmt.Sprintf("%s/%d", w.Name, protocols), func(t *testing.T) {
				r := realClient(t, w.Server, mqtt.MvV3, mqtttest.Unique("negotiate"), realWay(t, w, ca))
				config(t, r.M, fmt.Sprintf("SSLEnabledProtocols=%d", protocols))
				config(t, r.M, "ReuseSSLSession=True")
				config(t, r.M, "LogLevel=2")
				err := r.M.Connect()
				if strings.HasSuffix(w.Name, "/TLS 1.3 only") && protocols == 3072 {
					wantCode(t, err, 276)
					return
				}
				must(t, err)
				if got := config(t, r.M, "SSLNegotiatedVersion"); got != version {
					t.Errorf("%s is negotiated", got)
				}
				t.Log(config(t, r.M, "SSLNegotiatedCipherSuite"), config(t, r.M, "SSLNegotiatedKeyExchange"))
				must(t, r.M.PublishAndWait("t", 1, []byte("so that the session ticket of TLS 1.3 has come")))
				must(t, r.M.Disconnect())
				must(t, r.M.Connect())
				must(t, r.M.Disconnect())
				t.Logf("resumed: %t", strings.Contains(strings.Join(r.Trace().Only("Log").Strings(), "\n"), ", resumed"))
			})
		}
	}
}

// The mistakes that users make with real servers, and what they are told.
func TestRealServersRefuseTLS(t *testing.T) {
	watchdog(t)
	ca := testpki.NewAuthority(t, "Test CA")
	other := testpki.NewAuthority(t, "Other CA")
	mosquitto, rabbit := realservers.SecureMosquitto(t, ca), realservers.SecureRabbitMQ(t)
	plain := realservers.Mosquitto(t)
	certified := find(t, mosquitto, "client certificate")
	for _, row := range []struct {
		name    string
		way     realservers.Way
		url     string // other than the way's
		mistake func(m *mqtt.MQTT)
		code    int
		words   string
	}{
		{"untrusted", find(t, mosquitto, "TLS"), "", func(m *mqtt.MQTT) { config(t, m, "SSLServerCACerts="+other.PEM()) }, 275, "unknown authority"},
		{"untrusted over WebSocket", find(t, mosquitto, "WebSocket over TLS"), "", func(m *mqtt.MQTT) { config(t, m, "SSLServerCACerts=") }, 275, "unknown authority"},
		{"another name", find(t, mosquitto, "TLS"), fmt.Sprintf("ssl://%s:%d", "127.0.0.2", find(t, mosquitto, "TLS").Port), nil, 10061, ""}, // nobody listens there
		{"no client certificate", certified, "", func(m *mqtt.MQTT) { must(t, m.SetSSLCert(nil)) }, 281, ""},
		{"client certificate of another authority", certified, "", func(m *mqtt.MQTT) {
			must(t, m.SetSSLCert(clientCertificate(t, other.Issue(t, testpki.AsClient("stranger")))))
		}, 276, "may not have accepted the client certificate"},
		{"plain to a TLS port", find(t, mosquitto, "TLS"), "tcp://" + find(t, mosquitto, "TLS").Addr(), nil, 0, "expect"},
		{"TLS to a plain port", find(t, mosquitto, "TLS"), "ssl://" + plain.Addr(), nil, 0, "may not speak TLS"},
		{"WebSocket to an MQTT port", find(t, mosquitto, "TLS"), "ws://" + plain.Addr(), nil, 0, "on this port"},
		{"MQTT to a WebSocket port", find(t, mosquitto, "TLS"), "tcp://" + find(t, mosquitto, "WebSocket").Addr(), nil, 0, ""},
		{"wrong path", find(t, rabbit, "WebSocket"), "ws://" + find(t, rabbit, "WebSocket").Addr() + "/nowhere", nil, 151, "404"},
		{"no TLS for wss", find(t, rabbit, "WebSocket"), "wss://" + find(t, rabbit, "WebSocket").Addr() + "/ws", nil, 276, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := realClient(t, row.way.Server, mqtt.MvV3, mqtttest.Unique("refused"), realWay(t, row.way, ca))
			config(t, r.M, "ConnectionTimeout=10")
			if row.url != "" {
				must(t, r.M.SetRemoteHost(row.url))
			}
			if row.mistake != nil {
				row.mistake(r.M)
			}
			err := r.M.Connect()
			t.Log(err)
			if row.code == 0 && err == nil || row.code != 0 {
				wantCode(t, err, row.code)
			}
			if !strings.Contains(fmt.Sprint(err), row.words) {
				t.Errorf("the error does not say %q: %v", row.words, err)
			}
		})
	}
}

// Real proxies of each kind, with nothing, TLS, and WebSocket over TLS through them, and wrong credentials.
func TestRealServersThroughProxies(t *testing.T) {
	watchdog(t)
	ca := testpki.NewAuthority(t, "Test CA")
	ways := append(realservers.SecureMosquitto(t, ca), realservers.Way{Server: realservers.Mosquitto(t), Name: "mosquitto/plain"})
	last := &ways[len(ways)-1]
	last.URL = "tcp://" + last.Addr()
	campaign.Together(t, atOnce, func(run func(name string, test func(t *testing.T))) {
		for _, row := range []struct {
			start func(testing.TB) realservers.Proxy
			kinds []firewall.FirewallTypes
		}{
			{realservers.StartMicrosocks, []firewall.FirewallTypes{firewall.FwSOCKS5}},
			{realservers.StartDante, []firewall.FirewallTypes{firewall.FwSOCKS4, firewall.FwSOCKS4A, firewall.FwSOCKS5}},
			{realservers.StartTinyproxy, []firewall.FirewallTypes{firewall.FwTunnel}},
			{realservers.StartSquid, []firewall.FirewallTypes{firewall.FwTunnel}},
		} {
			proxy := row.start(t)
			for _, kind := range row.kinds {
				for _, name := range []string{"plain", "TLS", "WebSocket over TLS"} {
					for _, star := range []string{"", "*"} {
						w := find(t, ways, name)
						w.URL = strings.Replace(w.URL, "127.0.0.1", star+"localhost", 1)
						run(fmt.Sprintf("%s/%d/%s/%slocalhost", proxy.Name, kind, name, star), func(t *testing.T) {
							if star != "" && (kind == firewall.FwSOCKS4 || kind == firewall.FwSOCKS4A) {
								return // SOCKS4 has no names, and dante's rules take none from SOCKS4A
							}
							prepare := func(m *mqtt.MQTT) {
								realWay(t, w, ca)(m)
								f := m.Firewall()
								f.FirewallType, f.Host, f.Port, f.User, f.Password = kind, proxy.Host, proxy.Port, proxy.User, proxy.Password
							}
							r := realClient(t, w.Server, mqtt.MvV5, mqtttest.Unique("proxied"), prepare)
							must(t, r.M.Connect())
							topic := r.M.ClientId()
							r.Subscribe(topic, 2)
							payload := make([]byte, 20_000)
							must(t, r.M.PublishAndWait(topic, 2, payload))
							r.WaitMessage(payload)
							must(t, r.M.Disconnect())
							if proxy.User == "" {
								return
							}
							r.M.Firewall().Password = "hush"
							err := r.M.Connect()
							wantCode(t, err, 118)
							if strings.Contains(fmt.Sprint(err), "hush") {
								t.Errorf("the error tells the password: %v", err)
							}
						})
					}
				}
			}
		}
	})
}
