package mqtt_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// A server that does not accept CONNECT: Connect returns an error that names the reason, nothing follows CONNECT on the
// wire, and the client closes the connection although the server leaves it open. Two messages wait meanwhile; they are
// not told as sent and go out on the next connection, for the first time.
func TestConnectIsNotAccepted(t *testing.T) {
	const open, closed = false, true
	for _, row := range []struct {
		name   string
		v      []mqtt.MQTTVersions // nil = both
		answer string
		close  bool // the server closes the connection
		code   int
		words  string
	}{
		{"MQTT5-3.1.4-5 MQTT311-3.1.4-4 U5-02 U311-02 no answer in time", nil, "", open, 201, "in time"},
		{"MQTT5-3.1.4-5 MQTT311-3.1.4-4 U5-02 U311-02 half an answer", nil, "20", open, 201, "in time"},
		{"MQTT5-3.1.4-1 MQTT311-3.1.4-1 MQTT5-3.1.4-2 closed without an answer", nil, "", closed, 1120, "before the server answered"},
		{"MQTT5-3.1.4-1 CONNACK 0x81, and closed", only5, "20 03 00 81 00", closed, 500, "Malformed"},
		{"MQTT5-3.1.4-1 CONNACK 0x82, and closed", only5, "20 03 00 82 00", closed, 500, "Protocol"},
		{"MQTT5-3.1.4-2 MQTT5-3.1.4-6 MQTT5-4.13.2-1 CONNACK 0x86", only5, "20 03 00 86 00", open, 500, "User Name or Password"},
		{"MQTT5-3.1.4-2 MQTT5-3.1.4-6 MQTT5-4.13.2-1 CONNACK 0x87", only5, "20 03 00 87 00", open, 500, "Not authorized"},
		{"MQTT5-3.1.4-2 MQTT5-3.1.4-6 MQTT5-4.13.2-1 CONNACK 0x8A", only5, "20 03 00 8A 00", open, 500, "Banned"},
		{"MQTT5-3.1.3-8 CONNACK 0x85", only5, "20 03 00 85 00", open, 500, "Client Identifier not valid"},
		{"MQTT5-3.2.2-12 CONNACK 0x9B", only5, "20 03 00 9B 00", open, 500, "QoS not supported"},
		{"MQTT5-3.2.2-13 CONNACK 0x9A", only5, "20 03 00 9A 00", open, 500, "Retain not supported"},
		{"MQTT5-3.1.2-2 CONNACK 0x84", only5, "20 03 00 84 00", open, 500, "Unsupported Protocol Version"},
		{"MQTT5-3.1.2-2 CONNACK 1, as of a server of 3.1.1", only5, "20 02 00 01", open, 500, "Unsupported Protocol Version"},
		{"MQTT311-3.1.2-2 CONNACK 1", only3, "20 02 00 01", open, 500, "protocol version"},
		{"MQTT311-3.1.3-8 MQTT311-3.1.3-9 MQTT311-3.1.4-5 CONNACK 2", only3, "20 02 00 02", open, 500, "dentifier"},
		{"MQTT311-3.1.4-5 CONNACK 4", only3, "20 02 00 04", open, 500, "assword"},
		{"MQTT311-3.1.4-5 CONNACK 5", only3, "20 02 00 05", open, 500, "uthorized"},
	} {
		for _, v := range bothVersions {
			if row.v != nil && row.v[0] != v {
				continue
			}
			t.Run(row.name+"/"+versionName(v), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, s := memory(t, v)
					config(t, r.M, "QueueMessages=True")
					must(t, r.M.PublishMessage("q", 0, "zero"))
					must(t, r.M.PublishMessage("q", 1, "one"))
					done := r.Start(r.M.Connect)
					c := s.Accept(t)
					c.ExpectConnect()
					c.Send(row.answer)
					if row.close {
						c.Close()
					}
					err := r.Join(done)
					wantCode(t, err, row.code)
					if !strings.Contains(err.Error(), row.words) {
						t.Errorf("%v does not say %q", err, row.words)
					}
					if b := c.Drain(); len(b) > 0 {
						t.Errorf("behind CONNECT came % X", b)
					}
					advance(time.Hour)
					r.Pump()
					if trace := r.Trace(); trace.Count("MessageOut", "Connected") != 1 || last[mqtt.ConnectedEventArgs](t, trace).StatusCode != row.code {
						t.Errorf("told %q", trace.Strings())
					}
					r.Take()
					c = r.Connect(s, nil)
					wantPackets(t, c, "0:zero QoS 0", "1:one QoS 1")
				})
			})
		}
	}
}

// CONNECT comes first on every connection, also on an automatic one with work waiting, and never twice.
func TestConnectComesFirst(t *testing.T) {
	for _, v := range bothVersions {
		t.Run("MQTT5-3.1.0-1 MQTT311-3.1.0-1 MQTT5-3.1.0-2 MQTT311-3.1.0-2 "+versionName(v), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, v)
				lasting(t, r.M)
				config(t, r.M, "AutoReconnect=True")
				config(t, r.M, "QueueMessages=True")
				must(t, r.M.PublishMessage("q", 1, "queued"))
				c := r.Connect(s, nil)
				wantPackets(t, c, "1:queued QoS 1")
				r.Lenient()
				for range 3 {
					wantCode(t, r.M.Connect(), 104)
					synctest.Wait()
					c.ExpectNothing()
					must(t, r.M.PublishMessage("q", 1, "more"))
					c.Reset()
					r.Take()
					r.WaitFor("BeforeConnect", 1)
					c = s.Accept(t)
					c.ExpectConnect() // first of all
					synctest.Wait()
					c.ExpectNothing() // and alone until CONNACK
					c.SendConnack(true, 0, nil)
					r.WaitFor("ReadyToSend", 1)
					synctest.Wait()
					for c.Pending() > 0 {
						if p := c.ExpectType(packet.PUBLISH); p.First&8 == 0 {
							t.Errorf("% X", p.Bytes)
						}
					}
				}
			})
		})
	}
}

// With nothing set CONNECT has the protocol's name and level, and nothing that is not in the standard or was not asked for.
func TestConnectOfDefaults(t *testing.T) {
	for _, v := range bothVersions {
		t.Run("MQTT311-7.0.0-2 U5-27 MQTT5-3.1.2-1 MQTT311-3.1.2-1 MQTT5-3.1.3-5 MQTT311-3.1.3-5 MQTT311-3.1.3-6 "+versionName(v), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				s := mqtttest.NewMemoryServer(t)
				seen := map[string]bool{}
				for range 20 {
					m := mqtt.New()
					mqtt.SetDial(m, s.Dial)
					must(t, m.SetVersion(v))
					must(t, m.SetRemoteHost("host"))
					r := mqtttest.Record(t, m)
					done := r.Start(m.Connect)
					c := s.Accept(t)
					p := c.ExpectType(packet.CONNECT)
					const id = 23
					level, properties := "\x04", ""
					if v == mqtt.MvV5 {
						level, properties = "\x05", "\x05\x27\x02\x00\x00\x00" // Maximum Packet Size
					}
					head := "\x00\x04MQTT" + level + "\x02\x00\x00" + properties + "\x00\x17"
					body := string(p.Body)
					if !strings.HasPrefix(body, head) || len(body) != len(head)+id {
						t.Fatalf("CONNECT is % X", p.Bytes)
					}
					name := body[len(head):]
					if strings.Trim(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || seen[name] {
						t.Fatalf("client identifier %q", name)
					}
					seen[name] = true
					c.Version = packet.V311
					if v == mqtt.MvV5 {
						c.Version = packet.V5
					}
					c.SendConnack(false, 0, nil)
					must(t, r.Join(done))
					if m.ClientId() != name {
						t.Errorf("ClientId is %q, sent was %q", m.ClientId(), name)
					}
					must(t, m.Reset())
					r.WasReset()
				}
			})
		})
	}
	for name, text := range map[string]string{"longer than 23": strings.Repeat("x", 1000), "not letters": "dev/1 \u00e4\u4e2d:#+"} {
		t.Run("MQTT5-3.1.3-5 MQTT311-3.1.3-5 one of the program's is passed on: "+name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				must(t, r.M.SetClientId(text))
				done := r.Start(r.M.Connect)
				c := s.Accept(t)
				if got := string(c.ExpectConnect().ClientID); got != text {
					t.Errorf("sent was %q", got)
				}
				c.SendConnack(false, 0, nil)
				must(t, r.Join(done))
			})
		})
	}
}

// TCP, TLS and WebSocket deliver the bytes in order and without loss, both ways.
func TestTransports(t *testing.T) {
	large := strings.Repeat("0123456789", 20_000)
	for name, row := range map[string]struct {
		url   string
		layer func(server *testpki.Identity) func(net.Conn) net.Conn
	}{
		"plain":     {"host", func(*testpki.Identity) func(net.Conn) net.Conn { return nil }},
		"TLS":       {"ssl://" + testpki.ServerName, func(server *testpki.Identity) func(net.Conn) net.Conn { return mqtttest.OverTLS(serverConfig(server)) }},
		"WebSocket": {webSocketURL, func(*testpki.Identity) func(net.Conn) net.Conn { return mqtttest.OverWebSocket(nil) }},
	} {
		t.Run("MQTT5-4.2.0-1 MQTT311-7.1.2-1 "+name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				ca, server := certified(t)
				r, s := layered(t, v, row.url, row.layer(server))
				trust(t, r.M, ca)
				c := r.Connect(s, nil)
				must(t, r.M.PublishMessage("a", 2, large))
				must(t, r.M.PublishMessage("a", 0, "behind"))
				if p := c.ExpectPublish(); string(p.Payload) != large {
					t.Errorf("%d bytes came", len(p.Payload))
				}
				if p := c.ExpectPublish(); string(p.Payload) != "behind" {
					t.Errorf("%q came", p.Payload)
				}
				c.SendPublish("b", 1, 7, large)
				c.SendPublish("b", 0, 0, "behind")
				got := r.WaitFor("MessageIn", 2).Only("MessageIn")
				for i, want := range []string{large, "behind"} {
					if a := got[i].Args.(*mqtt.MessageInEventArgs); a.Message != want {
						t.Errorf("%d bytes were delivered", len(a.Message))
					}
				}
				c.ExpectAck(packet.PUBACK, 7)
				r.Disconnect(c)
			})
		})
	}
}
