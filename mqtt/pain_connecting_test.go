package mqtt_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// mute is a layer that takes what comes and never answers.
func mute(conn net.Conn) net.Conn { return &muteConn{conn} }

type muteConn struct{ net.Conn }

func (c *muteConn) Read([]byte) (int, error) {
	_, err := io.Copy(io.Discard, c.Conn)
	if err == nil {
		err = io.EOF
	}
	return 0, err
}

// silences are the points at which a server, or a proxy before it, may fall silent on a way: in the reply of the proxy, in
// the TLS handshake, in the upgrade, after CONNECT.
func (w way) silences() []string {
	var list []string
	if w.proxy != firewall.FwNone {
		list = append(list, "proxy")
	}
	if w.tls {
		list = append(list, "TLS")
	}
	if w.webSocket {
		list = append(list, "upgrade")
	}
	return append(list, "CONNACK")
}

// openMute is open with a server that is silent from a point on.
func (w way) openMute(t *testing.T, v mqtt.MQTTVersions, point string) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	r, s := w.open(t, v, &request{})
	_, server := certified(t)
	var layers []func(net.Conn) net.Conn
	for _, layer := range []struct {
		point string
		used  bool
		on    func(net.Conn) net.Conn
	}{
		{"proxy", w.proxy != firewall.FwNone, through(w.proxy, &request{})},
		{"TLS", w.tls, mqtttest.OverTLS(serverConfig(server))},
		{"upgrade", w.webSocket, mqtttest.OverWebSocket(nil)},
		{"CONNACK", true, nil},
	} {
		if layer.point == point {
			layers = append(layers, mute)
			break
		}
		if layer.used {
			layers = append(layers, layer.on)
		}
	}
	s.Layer = mqtttest.Layers(layers...)
	config(t, r.M, "SSLAcceptAnyServerCert=True")
	return r, s
}

// A server that falls silent at any point of any way: error 201 exactly at Timeout, and Interrupt ends it at once; either
// way the socket is closed. A proxy's silence is its own (pain 35).
func TestPain9SilenceAtEachStep(t *testing.T) {
	for _, w := range ways() {
		for _, point := range w.silences() {
			for _, interrupt := range []bool{false, true} {
				name := fmt.Sprintf("pain 9: %s, silent in %s, interrupted %t", w, point, interrupt)
				if point == "proxy" {
					name += ", pain 35"
				}
				provesInBubble(t, name, func(t *testing.T, v mqtt.MQTTVersions) {
					r, s := w.openMute(t, v, point)
					must(t, r.M.SetTimeout(9))
					start := time.Now()
					done := r.Start(r.M.Connect)
					c := s.Accept(t)
					ended := make(chan struct{})
					go func() {
						c.Drain()
						close(ended)
					}()
					code, took := 201, 9*time.Second
					if interrupt {
						code, took = 301, 4*time.Second
						advance(took)
						must(t, r.M.Interrupt())
					}
					wantCode(t, r.Join(done), code)
					if got := time.Since(start); got != took {
						t.Errorf("it took %v, want %v", got, took)
					}
					<-ended // the socket is closed
				})
			}
		}
	}
}

// refusals are what a proxy answers with, and the words of it that the error repeats.
var refusals = map[firewall.FirewallTypes]struct{ answer, words string }{
	firewall.FwTunnel:  {"HTTP/1.1 503 No route to broker\r\nContent-Length: 0\r\n\r\n", "503 No route to broker"},
	firewall.FwSOCKS4:  {"\x00\x5B\x00\x00\x00\x00\x00\x00", "refused"},
	firewall.FwSOCKS4A: {"\x00\x5B\x00\x00\x00\x00\x00\x00", "refused"},
	firewall.FwSOCKS5:  {"\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", "refused"},
}

// A proxy that refuses the way: its own number, its words in the description, over every layer that would have followed.
func TestPain35ProxyRefuses(t *testing.T) {
	for _, w := range ways() {
		if w.proxy == firewall.FwNone {
			continue
		}
		t.Run("pain 35: "+w.String(), inBubble(func(t *testing.T) {
			r, s := w.open(t, mqtt.MvV5, &request{})
			refusal := refusals[w.proxy]
			s.Layer = func(conn net.Conn) net.Conn {
				go func() {
					b := make([]byte, 1024)
					for _, answer := range stepwise(w.proxy, refusal.answer) {
						if _, err := conn.Read(b); err != nil {
							return
						}
						_, _ = io.WriteString(conn, answer)
					}
				}()
				return conn
			}
			done := r.Start(r.M.Connect)
			s.Accept(t)
			err := r.Join(done)
			wantCode(t, err, 118)
			if !strings.Contains(err.Error(), refusal.words) {
				t.Errorf("%v does not say %q", err, refusal.words)
			}
		}))
	}
}

// stepwise splits an answer into those of the steps: SOCKS5 has two.
func stepwise(kind firewall.FirewallTypes, answer string) []string {
	if kind == firewall.FwSOCKS5 {
		return []string{answer[:2], answer[2:]}
	}
	return []string{answer}
}

// What was accepted before Disconnect and cannot be written within Timeout: 201 then, and the messages of QoS 1 and 2 stay
// in OutgoingMessages.
func TestPain17DisconnectWithoutRoom(t *testing.T) {
	provesInBubble(t, "pain 17", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		lasting(t, r.M)
		c := r.Connect(s, nil)
		const count = 100
		for range count {
			must(t, r.M.PublishData("a", 1, make([]byte, 2000)))
		}
		synctest.Wait()
		must(t, r.M.SetTimeout(5))
		start := time.Now()
		wantCode(t, r.M.Disconnect(), 201)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		r.WaitFor("Disconnected", 1)
		if n := r.M.OutgoingMessages().Count(); n != count {
			t.Errorf("%d in OutgoingMessages, want %d", n, count)
		}
		c.Close()
		c = r.Connect(s, resume(true))
		for i := range count {
			if p := c.ExpectPublish(); int(p.PacketID) != i+1 {
				t.Errorf("packet %d came, want %d", p.PacketID, i+1)
			}
		}
	})
}
