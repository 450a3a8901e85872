package mqtt_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
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
}

func newStage(t *testing.T, v mqtt.MQTTVersions) *stage {
	t.Helper()
	r, s := memory(t, v)
	r.Patience = time.Hour
	config(t, r.M, `ConnectProperties={"AuthenticationMethod":"m"}`) // v5 only
	return &stage{t: t, r: r, s: s, latest: s.ServeAll(t, authenticate)}
}

// stageEvents lists the events that fire on the stage: it has no TLS, and 3.1.1 has no AUTH.
func stageEvents(v mqtt.MQTTVersions) []string {
	return slices.DeleteFunc(mqtttest.Events(), func(name string) bool {
		return strings.HasPrefix(name, "SSL") || name == "Auth" && v == mqtt.MvV3
	})
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

// method is one exported method with arguments that make sense.
type method struct {
	name string
	call func(ctx context.Context, m *mqtt.MQTT) error
}

// allMethods is made from the exported API, so that a new method cannot be forgotten.
func allMethods() []method {
	typ := reflect.TypeFor[*mqtt.MQTT]()
	var list []method
	for i := range typ.NumMethod() {
		decl := typ.Method(i)
		list = append(list, method{decl.Name, func(ctx context.Context, m *mqtt.MQTT) error {
			in := []reflect.Value{reflect.ValueOf(m)}
			for p := 1; p < decl.Type.NumIn(); p++ {
				in = append(in, argument(ctx, decl, p))
			}
			out := decl.Func.Call(in)
			if n := len(out); n > 0 {
				if err, is := out[n-1].Interface().(error); is {
					return err
				}
			}
			return nil
		}})
	}
	return list
}

func argument(ctx context.Context, decl reflect.Method, p int) reflect.Value {
	typ := decl.Type.In(p)
	switch {
	case typ == reflect.TypeFor[context.Context]():
		return reflect.ValueOf(ctx)
	case decl.Name == "Config":
		return reflect.ValueOf("LogLevel=3")
	case typ.Kind() == reflect.String:
		return reflect.ValueOf("a").Convert(typ)
	case typ.Kind() == reflect.Int && decl.Name == "DisconnectWith":
		return reflect.ValueOf(4)
	case typ.Kind() == reflect.Int:
		return reflect.ValueOf(1).Convert(typ)
	case typ == reflect.TypeFor[[]byte]():
		return reflect.ValueOf([]byte("z"))
	case typ.Kind() == reflect.Bool:
		return reflect.ValueOf(decl.Name != "SetConnected")
	}
	return reflect.Zero(typ)
}

// Every method may be called from inside every handler, the waiting ones too, and from another goroutine while a handler
// waits for it: nothing hangs, events stay un-nested, the component is in order afterwards (pains 1 and 2).
func TestEveryMethodInsideEveryHandler(t *testing.T) {
	watchdog(t, 60*time.Second)
	for _, elsewhere := range []bool{false, true} {
		for _, v := range bothVersions {
			for _, event := range stageEvents(v) {
				for _, method := range allMethods() {
					t.Run(fmt.Sprintf("%s inside %s/elsewhere %t/%s", method.name, event, elsewhere, versionName(v)), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							g := newStage(t, v)
							if method.name == "Reset" || elsewhere {
								g.r.Lenient()
							}
							calls, returned := 0, 0
							g.r.On(event, func(any) {
								if calls++; calls > 1 {
									return
								}
								// Run and ConnectContext end at last when the second is over.
								ctx, cancel := context.WithTimeout(t.Context(), time.Second)
								defer cancel()
								var err error
								if elsewhere {
									done := make(chan error)
									go func() { done <- method.call(ctx, g.r.M) }()
									err = <-done
								} else {
									err = method.call(ctx, g.r.M)
								}
								returned++
								if (method.name == "DoEvents" || method.name == "Run") && !elsewhere && errors.Code(err) != 143 {
									t.Errorf("%s returned %v, want 143", method.name, err)
								}
							})
							g.play()
							if returned == 0 {
								t.Errorf("%s was called %d times and returned %d times", method.name, calls, returned)
							}
							g.works()
						})
					})
				}
			}
		}
	}
}

// Every event fires on the stage, or the tests above and below would test nothing.
func TestStageFiresEveryEvent(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		g := newStage(t, v)
		g.play()
		for _, name := range stageEvents(v) {
			if g.r.Trace().Count(name) == 0 {
				t.Errorf("%s did not fire", name)
			}
		}
	})
}

// A panic in a handler leaves through the method that pumps, once, and the component goes on with the next event
// (pain 4).
func TestPanicInHandler(t *testing.T) {
	watchdog(t, 60*time.Second)
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		run := func(t *testing.T, event string) []string {
			var got []string
			synctest.Test(t, func(t *testing.T) {
				g := newStage(t, v)
				g.r.Lenient()
				calls := 0
				g.r.On(event, func(any) {
					if calls++; calls == 1 {
						panic("out of " + event)
					}
				})
				g.play()
				if event != "" && (len(g.panics) != 1 || g.panics[0] != "out of "+event) {
					t.Errorf("the panics that came out: %v", g.panics)
				}
				if n := g.r.M.IncomingMessages().Count() + g.r.M.OutgoingMessages().Count(); n != 0 {
					t.Errorf("%d messages are left: %s; %s", n, states(g.r.M.IncomingMessages()), states(g.r.M.OutgoingMessages()))
				}
				got = g.r.Trace().Without("Log", "Ping").Strings()
				g.works()
			})
			slices.Sort(got)
			return got
		}
		want := run(t, "")
		for _, event := range stageEvents(v) {
			t.Run(event, func(t *testing.T) {
				want := want
				if event == "BeforeConnect" { // the panic leaves through Connect, which ends the attempt
					want = []string{"BeforeConnect ClientId:c CleanSession:true"}
				}
				if got := run(t, event); !slices.Equal(got, want) {
					t.Errorf("the events were, sorted,\n%s\nwithout the panic\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	})
}

// While a handler runs for ten minutes, other goroutines use the component, and the connection lives on (pains 1 to 3).
func TestOthersGoOnWhileAHandlerRuns(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		must(t, r.M.SetKeepAliveInterval(30))
		pings := 0
		latest := s.ServeAll(t, func(_ *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() == packet.PINGREQ {
				pings++
			}
			return true
		})
		must(t, r.M.Connect())
		var wg sync.WaitGroup
		r.On("MessageIn", func(any) {
			for qos := range 3 {
				wg.Go(func() {
					for range 20 {
						must(t, r.M.PublishMessage("a", qos, "x"))
						config(t, r.M, "Retain")
						r.M.OutgoingMessages().Count()
					}
				})
			}
			wg.Wait()
			advance(10 * time.Minute)
		})
		must(t, latest().TrySend(latest().Publish("a", 0, 0, "x")))
		r.WaitFor("MessageIn", 1)
		if !r.M.Connected() {
			t.Error("the connection was lost")
		}
		if pings < 20 {
			t.Errorf("%d PINGREQs in ten minutes", pings)
		}
		r.WaitFor("MessageOut", 60)
	})
}
