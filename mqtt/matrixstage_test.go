package mqtt_test

import (
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// stage is a run in which every event fires.
type stage struct {
	t      *testing.T
	r      *mqtttest.Recorder
	s      *mqtttest.Server
	latest func() *mqtttest.Conn
	panics []any
	stacks []string // of the panics, as who pumps sees them
}

func newStage(t *testing.T, v mqtt.MQTTVersions) *stage {
	t.Helper()
	r, s := memory(t, v)
	return raise(t, r, s)
}

// newStageFor is a stage on which event fires: over TLS if it needs that.
func newStageFor(t *testing.T, v mqtt.MQTTVersions, event string) *stage {
	t.Helper()
	if !strings.HasPrefix(event, "SSL") {
		return newStage(t, v)
	}
	ca, server := certified(t)
	r, s := secured(t, v, ca, serverConfig(server))
	return raise(t, r, s)
}

func raise(t *testing.T, r *mqtttest.Recorder, s *mqtttest.Server) *stage {
	t.Helper()
	r.Patience = time.Hour
	config(t, r.M, `ConnectProperties={"AuthenticationMethod":"m"}`) // v5 only
	return &stage{t: t, r: r, s: s, latest: s.ServeAll(t, authenticate)}
}

// matrixEvents lists all events that fire in a version, made from the exported API.
func matrixEvents(v mqtt.MQTTVersions) []string {
	return slices.DeleteFunc(mqtttest.Events(), func(name string) bool {
		return name == "Auth" && v == mqtt.MvV3 // 3.1.1 has no AUTH
	})
}

// stageEvents lists the events that fire on the stage without TLS.
func stageEvents(v mqtt.MQTTVersions) []string {
	return slices.DeleteFunc(matrixEvents(v), func(name string) bool { return strings.HasPrefix(name, "SSL") })
}

// authenticate answers CONNECT with an authentication method, and AUTH, with success.
func authenticate(c *mqtttest.Conn, p *mqtttest.Packet) bool {
	switch p.Type() {
	case packet.CONNECT:
		_, connect, _ := packet.DecodeConnect(p.Body)
		if method, given := connect.Properties.Bytes(packet.PropAuthenticationMethod); given {
			_ = c.TrySend(c.Connack(false, 0, packet.Properties(nil).AppendBytes(packet.PropAuthenticationMethod, method)))
			return false
		}
	case packet.AUTH:
		auth, _ := packet.DecodeAuth(packet.FromClient, p.Body)
		_ = c.TrySend(packet.AppendAuth(nil, &packet.Auth{Properties: auth.Properties}))
	}
	return true
}

// call calls a method whose error does not matter, and catches what a handler panics with.
func (g *stage) call(f func() error) {
	defer func() {
		if p := recover(); p != nil {
			g.panics = append(g.panics, p)
			g.stacks = append(g.stacks, string(debug.Stack()))
		}
	}()
	_ = f()
}

// settle lets everything happen that happens by itself, and pumps it, 100 ms of virtual time long.
func (g *stage) settle() {
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		g.call(g.r.M.DoEvents)
		synctest.Wait()
	}
}

func (g *stage) send(b func(c *mqtttest.Conn) []byte) {
	if c := g.latest(); c != nil {
		_ = c.TrySend(b(c))
	}
	g.settle()
}

// play fires all events, most of them through DoEvents.
func (g *stage) play() {
	m := g.r.M
	g.call(func() error { return m.ConnectTo(g.s.Host, g.s.Port) })
	g.settle()
	g.call(func() error { return m.Subscribe("a,b", 2) })
	g.settle()
	g.call(func() error { return m.Unsubscribe("b") })
	g.settle()
	for qos := range 3 {
		g.call(func() error { return m.PublishMessage("a", qos, "x") })
		g.settle()
		g.send(func(c *mqtttest.Conn) []byte { return c.Publish("a", byte(qos), 100, "y") })
	}
	g.send(func(*mqtttest.Conn) []byte { return packet.AppendShortAck(nil, packet.PUBREL, 100) })
	g.call(m.Ping)
	g.settle()
	g.call(func() error { return m.Auth(true, mqtt.AuthProperties{}) })
	g.settle()
	g.send(func(*mqtttest.Conn) []byte { return []byte{0x36, 5, 0, 1, 'a', 0, 1} })
}

// works checks that the component is in order.
func (g *stage) works() {
	g.t.Helper()
	m := g.r.M
	if err := m.Disconnect(); err != nil {
		g.t.Errorf("Disconnect: %v", err)
	}
	g.settle()
	must(g.t, m.SetPassword(""))
	must(g.t, m.SetSSLEnabled(false))
	config(g.t, m, "SSLAcceptAnyServerCert=True") // Reset has forgotten the authority
	g.panics = nil
	if m.Connected() {
		g.t.Error("connected after Disconnect")
	}
	g.r.Take()
	if err := m.ConnectTo(g.s.Host, g.s.Port); err != nil {
		g.t.Fatalf("connecting again: %v", err)
	}
	if err := m.PublishAndWait("a", 2, []byte("x")); err != nil {
		g.t.Errorf("publishing again: %v", err)
	}
	if err := m.Disconnect(); err != nil {
		g.t.Errorf("disconnecting again: %v", err)
	}
}
