package mqtt_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

const webSocketURL = "ws://broker.example/mqtt"

// overSocket makes a component and a server in memory that speak WebSocket.
func overSocket(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	return layered(t, v, webSocketURL, mqtttest.OverWebSocket(nil))
}

// socket is the WebSocket below a connection.
func socket(c *mqtttest.Conn) *websocket.Conn { return c.NetConn().(*mqtttest.ServerSocket).Socket }

// Where frames end means nothing to MQTT [MQTT5-6.0.0-2] [MQTT311-6.0.0-2]: packets that span frames, frames with several
// packets, empty frames, pings in between, fragments.
func TestPacketsInFrames(t *testing.T) {
	provesInBubble(t, "pain 31, MQTT5-6.0.0-2, MQTT311-6.0.0-2", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := overSocket(t, v)
		c := r.Connect(s, nil)
		var want []string
		publish := func(n int) []byte {
			want = append(want, fmt.Sprint(n))
			return c.Publish("topic", byte(n%2), uint16(n), fmt.Sprint(n))
		}
		for _, b := range publish(1) { // a frame for each byte
			c.SendBytes([]byte{b})
			must(t, socket(c).WriteMessage(websocket.PingMessage, []byte("still there?")))
			c.SendBytes(nil)
		}
		c.SendBytes(append(append(publish(2), publish(3)...), publish(4)[:3]...)) // two packets and a half
		want = want[:len(want)-1]
		c.SendBytes(publish(4)[3:])
		w, err := socket(c).NextWriter(websocket.BinaryMessage) // one message in three fragments
		must(t, err)
		large := strings.Repeat("x", 3*4096)
		_, err = w.Write(c.Publish("topic", 0, 0, large))
		must(t, err)
		must(t, w.Close())
		want = append(want, large)
		r.WaitFor("MessageIn", len(want))
		for i, e := range r.Trace().Only("MessageIn") {
			if a := e.Args.(*mqtt.MessageInEventArgs); a.Message != want[i] {
				t.Errorf("MQTT5-6.0.0-2: message %d is %.20q, want %.20q", i, a.Message, want[i])
			}
		}
		c.ExpectAck(packet.PUBACK, 1)
		c.ExpectAck(packet.PUBACK, 3)
		r.Take()
		must(t, r.M.PublishData("topic", 0, make([]byte, 100_000))) // more than a frame
		if p := c.ExpectPublish(); len(p.Payload) != 100_000 {
			t.Errorf("%d bytes came", len(p.Payload))
		}
	})
}

// What leaves together leaves in one binary frame.
func TestOneFrameForEachFlush(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := overSocket(t, mqtt.MvV5)
		c := r.Connect(s, nil)
		for i := range 3 {
			must(t, r.M.PublishMessage("t", 1, fmt.Sprint(i)))
			kind, frame, err := socket(c).ReadMessage()
			must(t, err)
			if want := packet.PublishSize(packet.V5, 1, 1, 0, 1); kind != websocket.BinaryMessage || len(frame) != want {
				t.Errorf("MQTT5-6.0.0-1: frame of type %d with %d bytes, want %d", kind, len(frame), want)
			}
		}
	})
}

// A text frame, a broken frame and a close frame with an error end the connection with 4003; the server is told why.
func TestServerBreaksWebSocket(t *testing.T) {
	for _, row := range []struct {
		name  string
		send  func(t *testing.T, c *mqtttest.Conn)
		code  int
		words string
	}{
		{"MQTT5-6.0.0-1 MQTT311-6.0.0-1 text frame", func(t *testing.T, c *mqtttest.Conn) {
			must(t, socket(c).WriteMessage(websocket.TextMessage, c.Publish("t", 0, 0, "x")))
			_, _, err := socket(c).ReadMessage()
			if !websocket.IsCloseError(err, websocket.CloseUnsupportedData) {
				t.Errorf("the server was told %v", err)
			}
		}, 4003, "text frame"},
		{"reserved bits", func(t *testing.T, c *mqtttest.Conn) {
			_, err := socket(c).NetConn().Write([]byte{0xF2, 1, 0})
			must(t, err)
		}, 4003, "broke the rules"},
		{"masked frame", func(t *testing.T, c *mqtttest.Conn) {
			_, err := socket(c).NetConn().Write([]byte{0x82, 0x81, 1, 2, 3, 4, 5})
			must(t, err)
		}, 4003, "broke the rules"},
		{"close 1008", func(t *testing.T, c *mqtttest.Conn) {
			must(t, socket(c).WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, "token is over")))
		}, 4003, "code 1008 and the reason \"token is over\""},
		{"close 1000", func(t *testing.T, c *mqtttest.Conn) { c.Close() }, 1120, ""},
		{"end without a frame", func(t *testing.T, c *mqtttest.Conn) { must(t, socket(c).NetConn().Close()) }, 1120, ""},
		{"reset", func(_ *testing.T, c *mqtttest.Conn) { c.Reset() }, 10054, ""},
	} {
		t.Run("pain 31: "+row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := overSocket(t, mqtt.MvV5)
				c := r.Connect(s, nil)
				row.send(t, c)
				a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1))
				if a.StatusCode != row.code || !strings.Contains(a.Description, row.words) {
					t.Errorf("Disconnected says %d %q, want %d %q", a.StatusCode, a.Description, row.code, row.words)
				}
			})
		})
	}
}

// Disconnect sends DISCONNECT, then the close frame 1000.
func TestDisconnectClosesTheWebSocket(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := overSocket(t, mqtt.MvV5)
		c := r.Connect(s, nil)
		done := r.Start(r.M.Disconnect)
		c.ExpectType(packet.DISCONNECT)
		if _, _, err := socket(c).ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("after DISCONNECT came %v", err)
		}
		c.Close()
		must(t, r.Join(done))
	})
}

// answering is a layer that answers the upgrade with a text. A server that says nothing holds until it is closed.
func answering(text string) func(net.Conn) net.Conn {
	return func(conn net.Conn) net.Conn { return &answer{Conn: conn, text: text} }
}

type answer struct {
	net.Conn
	text string
}

func (a *answer) Read(b []byte) (int, error) {
	if a.text != "" {
		if _, err := a.Conn.Read(b); err != nil {
			return 0, err
		}
		if _, err := io.WriteString(a.Conn, a.text); err != nil {
			return 0, err
		}
		a.text = ""
	}
	_, _ = io.Copy(io.Discard, a.Conn)
	return 0, io.EOF
}

// A server that does not upgrade: its answer is in the error, in Connected and in ConnectionStatus.
func TestUpgradeRefused(t *testing.T) {
	const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	for _, row := range []struct {
		name, answer string
		code         int
		words        string
	}{
		{"403 with a text", "HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\ntoken expired\n", 151, `"403 Forbidden": "token expired"`},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n", 151, `which leads to "https://elsewhere.example/"`},
		{"no upgrade", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 151, `"200 OK": "hello"`},
		{"wrong key", switched + "Sec-WebSocket-Accept: x\r\n\r\n", 151, "without the headers of WebSocket"},
		{"no HTTP", "220 mail.example ESMTP\r\n\r\n", 151, "not valid"},
		{"MQTT", "\x20\x02\x00\x00", 201, ""},
		{"silence", "", 201, ""},
		{"endless header", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Padding: "+strings.Repeat("x", 1000)+"\r\n", 100), 151, "has no end"},
		{"body without an end", "HTTP/1.1 404 Not Found\r\n\r\nnothing here", 151, `"404 Not Found": "nothing here"`},
	} {
		t.Run("pain 31: "+row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := layered(t, mqtt.MvV5, webSocketURL, answering(row.answer))
				config(t, r.M, "ConnectionTimeout=5")
				s.ServeAll(t, nil)
				begin := time.Now()
				err := r.M.Connect()
				wantCode(t, err, row.code)
				if time.Since(begin) > 5*time.Second {
					t.Errorf("it took %v", time.Since(begin))
				}
				told, stage := last[mqtt.ConnectedEventArgs](t, r.Trace()), last[mqtt.ConnectionStatusEventArgs](t, r.Trace())
				for what, text := range map[string]string{"the error": fmt.Sprint(err), "Connected": told.Description, "ConnectionStatus": stage.Description} {
					if !strings.Contains(text, row.words) {
						t.Errorf("%s says %q, not %q", what, text, row.words)
					}
				}
				if told.StatusCode != row.code || stage.StatusCode != row.code || stage.ConnectionEvent != "Remote host connection complete." {
					t.Errorf("told %+v, %+v", *told, *stage)
				}
			})
		})
	}
}

// What the upgrade asks for: path, query, host with a port that is not the usual one, subprotocol, WebSocketHeaders, no
// cookies; and which address is dialed.
func TestUpgradeRequestOfURLs(t *testing.T) {
	for _, row := range []struct {
		url                 string
		port                int // RemotePort, 0 = not set
		enabled             bool
		dialed, host, asked string
	}{
		{"ws://broker.example", 0, false, "broker.example:80", "broker.example", "/"},
		{"ws://broker.example/mqtt?token=1", 0, false, "broker.example:80", "broker.example", "/mqtt?token=1"},
		{"ws://broker.example:8080/mqtt", 0, false, "broker.example:8080", "broker.example:8080", "/mqtt"},
		{"ws://broker.example/a%20b", 9001, false, "broker.example:9001", "broker.example:9001", "/a%20b"},
		{"ws://broker.example:8080/", 9001, false, "broker.example:8080", "broker.example:8080", "/"},
		{"ws://[::1]/mqtt", 0, false, "[::1]:80", "[::1]", "/mqtt"},
		{"wss://broker.example/mqtt", 0, false, "broker.example:443", "broker.example", "/mqtt"},
		{"wss://broker.example:443/mqtt", 0, false, "broker.example:443", "broker.example", "/mqtt"},
		{"wss://broker.example/mqtt", 8084, false, "broker.example:8084", "broker.example:8084", "/mqtt"},
		{"ws://broker.example/mqtt", 443, true, "broker.example:443", "broker.example", "/mqtt"}, // SSLEnabled
	} {
		t.Run(fmt.Sprintf("MQTT5-6.0.0-3 MQTT311-6.0.0-3 %s %d", row.url, row.port), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				var request *http.Request
				layer := mqtttest.OverWebSocket(func(seen *http.Request) { request = seen })
				if row.enabled || strings.HasPrefix(row.url, "wss:") {
					layer = mqtttest.Layers(mqtttest.OverTLS(serverConfig(server)), layer)
				}
				s := mqtttest.NewMemoryServer(t)
				s.Layer = layer
				s.ServeAll(t, nil)
				m := recorded(t)
				d := &noting{dial: s.Dial}
				mqtt.SetDial(m, d.DialContext)
				trust(t, m, ca)
				must(t, m.SetRemoteHost(row.url))
				if row.port != 0 {
					must(t, m.SetRemotePort(row.port))
				}
				must(t, m.SetSSLEnabled(row.enabled))
				config(t, m, "WebSocketHeaders=Authorization: Bearer abc\r\nX-Device: 7")
				must(t, m.Connect())
				if d.address != row.dialed || request.Host != row.host || request.RequestURI != row.asked {
					t.Errorf("dialed %s, Host %s, path %s", d.address, request.Host, request.RequestURI)
				}
				for name, want := range map[string]string{
					"Sec-Websocket-Protocol": "mqtt", "Authorization": "Bearer abc", "X-Device": "7", "Cookie": "", "Sec-Websocket-Extensions": "",
				} {
					if got := request.Header.Get(name); got != want {
						t.Errorf("%s: %s, want %s", name, got, want)
					}
				}
			})
		})
	}
}

// Another subprotocol is refused, also none, before CONNECT is sent.
func TestSubprotocol(t *testing.T) {
	for _, protocols := range [][]string{nil, {"mqttv3.1"}} {
		t.Run(fmt.Sprint("MQTT5-6.0.0-4 MQTT311-6.0.0-4 the server chose ", protocols), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := layered(t, mqtt.MvV5, webSocketURL, func(conn net.Conn) net.Conn {
					return mqtttest.OverWebSocket(func(request *http.Request) {
						request.Header["Sec-Websocket-Protocol"] = protocols
					})(conn)
				})
				s.ServeAll(t, func(_ *mqtttest.Conn, p *mqtttest.Packet) bool {
					t.Errorf("the client sent % X", p.Bytes)
					return false
				})
				wantCode(t, r.M.Connect(), 4003)
			})
		})
	}
}

// The versions of TLS below a WebSocket, and the frames in records.
func TestSecureWebSocket(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				ca, server := certified(t)
				c := serverConfig(server)
				c.MaxVersion = version
				r, s := layered(t, v, "wss://broker.example/mqtt", mqtttest.Layers(mqtttest.OverTLS(c), mqtttest.OverWebSocket(nil)))
				trust(t, r.M, ca)
				conn := r.Connect(s, nil)
				conn.SendPublish("t", 1, 1, "x")
				r.WaitFor("MessageIn", 1)
				conn.ExpectAck(packet.PUBACK, 1)
				r.Disconnect(conn)
				r.WaitFor("Disconnected", 1)
			})
		})
	}
}
