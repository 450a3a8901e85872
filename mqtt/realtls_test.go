package mqtt_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

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

// The common test of real servers over every way that they have.
func TestRealServersSecure(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	for server, ways := range map[string]func(t testing.TB) []realservers.Way{
		"mosquitto": func(t testing.TB) []realservers.Way { return realservers.SecureMosquitto(t, ca) },
		"nats":      func(t testing.TB) []realservers.Way { return realservers.SecureNATS(t, ca) },
		"rabbitmq":  realservers.SecureRabbitMQ,
	} {
		t.Run(server, func(t *testing.T) {
			for _, w := range ways(t) {
				for _, v := range bothVersions {
					if v == mqtt.MvV5 && !w.V5 {
						continue
					}
					t.Run(w.Name+"/"+versionName(v), func(t *testing.T) {
						realConversation(t, w.Server, v, realWay(t, w, ca))
						realSession(t, w.Server, v, realWay(t, w, ca))
					})
				}
			}
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
				r := realClient(t, w.Server, mqtt.MvV3, fmt.Sprintf("negotiate-%d", time.Now().UnixNano()), realWay(t, w, ca))
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
			r := realClient(t, row.way.Server, mqtt.MvV3, fmt.Sprintf("refused-%d", time.Now().UnixNano()), realWay(t, row.way, ca))
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
					t.Run(fmt.Sprintf("%s/%d/%s/%slocalhost", proxy.Name, kind, name, star), func(t *testing.T) {
						if star != "" && (kind == firewall.FwSOCKS4 || kind == firewall.FwSOCKS4A) {
							return // SOCKS4 has no names, and dante's rules take none from SOCKS4A
						}
						prepare := func(m *mqtt.MQTT) {
							realWay(t, w, ca)(m)
							f := m.Firewall()
							f.FirewallType, f.Host, f.Port, f.User, f.Password = kind, proxy.Host, proxy.Port, proxy.User, proxy.Password
						}
						r := realClient(t, w.Server, mqtt.MvV5, fmt.Sprintf("proxied-%d", time.Now().UnixNano()), prepare)
						must(t, r.M.Connect())
						topic := r.M.ClientId()
						subscribed(t, r, topic, 2)
						payload := make([]byte, 20_000)
						must(t, r.M.PublishAndWait(topic, 2, payload))
						waitMessage(t, r, payload)
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
}

// terminate starts a server in front of another one: it speaks some layers to the client and plain TCP to the server, as
// load balancers do.
func terminate(t testing.TB, address string, layer func(net.Conn) net.Conn) (port int) {
	t.Helper()
	listener := listenOnLoopback()
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { // ends with either connection
				defer conn.Close()
				client := layer(conn)
				server, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer server.Close()
				done := make(chan struct{})
				go func() { // ends with the client's connection, which is closed here
					defer close(done)
					_, _ = io.Copy(server, client)
					_ = server.Close()
				}()
				_, _ = io.Copy(client, server)
				_ = client.Close()
				_ = conn.Close()
				<-done
			}()
		}
	}()
	_, port = hostAndPort(listener)
	return port
}

// Exactly once over TLS and WebSocket: the connection is cut after a random number of its raw bytes, in the middle of
// records and frames, and comes back, until all messages have made their way through the server and back.
func TestExactlyOnceOverCutLayers(t *testing.T) {
	t.Run("server of the tests", func(t *testing.T) {
		server := mqtttest.NewServer(t)
		server.ServeSessions(t)
		exactlyOnceOverCutLayers(t, server.Addr(), 600)
	})
	// No connection is cut before the server can have sent what it owed from the last one: mosquitto 2.0.11 repeats a PUBLISH
	// instead of its PUBREL when two connections in a row end before that (docs/servers.md).
	t.Run("mosquitto", func(t *testing.T) { exactlyOnceOverCutLayers(t, realservers.Mosquitto(t).Addr(), 9000) })
}

// exactlyOnceOverCutLayers cuts no connection before so many bytes.
func exactlyOnceOverCutLayers(t *testing.T, address string, least int64) {
	seed := campaign.Seed(t)
	for _, w := range []way{{}, {tls: true}, {webSocket: true}, {tls: true, webSocket: true}} {
		t.Run(w.String(), func(t *testing.T) {
			watchdog(t)
			rnd := rand.New(rand.NewPCG(seed, 0))
			ca, server := certified(t)
			port := terminate(t, address, w.layers(server))

			m := mqtt.New()
			r := mqtttest.Record(t, m).Silent()
			cuts, subscribed := 0, false
			mqtt.SetDial(m, func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil || cuts == 40 || !subscribed {
					return conn, err
				}
				cuts++
				return mqtttest.NewFaulty(conn, mqtttest.Faults{
					ReadChunk: 1 + rnd.IntN(2000), WriteChunk: 1 + rnd.IntN(2000), CutRead: least*4/3 + rnd.Int64N(12000), CutWrite: least + rnd.Int64N(12000),
				}), nil
			})
			must(t, m.SetVersion(mqtt.MvV5))
			must(t, m.SetClientId(fmt.Sprintf("exactly-%d", time.Now().UnixNano())))
			lasting(t, m)
			trust(t, m, ca)
			config(t, m, "QueueMessages=True")
			got := map[string]int{}
			r.On("MessageIn", func(a any) { got[a.(*mqtt.MessageInEventArgs).Message[:4]]++ })
			must(t, m.SetRemoteHost(w.scheme()+"://localhost/mqtt"))
			must(t, m.SetRemotePort(port))
			must(t, m.Connect())
			r.On("Subscribed", func(any) { subscribed = true }) // a lost SUBSCRIBE is not repeated
			must(t, m.Subscribe(m.ClientId(), 2))
			for !subscribed {
				must(t, m.DoEvents())
			}
			must(t, m.Disconnect())
			const count = 1000
			published := 0
			for deadline := time.Now().Add(time.Minute); len(got) < count; {
				if time.Now().After(deadline) {
					t.Fatalf("%d of %d messages after %d cuts, %d published; outgoing %s; incoming %s; connected %t", len(got), count, cuts, published, states(m.OutgoingMessages()), states(m.IncomingMessages()), m.Connected())
				}
				for published < count && m.Connected() && m.OutgoingMessages().Count() < 10 {
					must(t, m.PublishMessage(m.ClientId(), 2, fmt.Sprintf("%04d%s", published, strings.Repeat("x", 200))))
					published++
				}
				if !m.Connected() {
					_ = m.Connect()
				}
				must(t, m.DoEvents())
			}
			for m.OutgoingMessages().Count()+m.IncomingMessages().Count() > 0 {
				if !m.Connected() {
					_ = m.Connect()
				}
				must(t, m.DoEvents())
			}
			for payload, n := range got {
				if n != 1 {
					t.Errorf("message %s came %d times", payload, n)
				}
			}
			if cuts < 10 {
				t.Errorf("only %d connections were cut", cuts)
			}
			if err := m.Disconnect(); err != nil {
				wantCode(t, err, 201) // a cut may meet DISCONNECT too
			}
		})
	}
}
