package mqtt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Every method may be called from inside every handler, the waiting ones too, and from another goroutine while a handler
// waits for it, which shows that no lock is held there: nothing hangs, events stay un-nested and in order, the component
// is in order afterwards. Methods and events come from the exported API. In a short campaign, what both versions have is
// tried in one of them.
func TestEveryMethodInsideEveryHandler(t *testing.T) {
	for _, row := range []struct {
		name      string
		elsewhere bool
	}{{"pain 1: inside", false}, {"pain 2: elsewhere, while the handler waits", true}} {
		t.Run(row.name, func(t *testing.T) {
			shared := matrixEvents(mqtt.MvV3)
			for _, v := range bothVersions {
				for _, event := range matrixEvents(v) {
					for i, method := range allMethods() {
						if n := slices.Index(shared, event); !campaign.Full() && n >= 0 && (n+i+int(v))%2 > 0 {
							continue
						}
						t.Run(fmt.Sprintf("%s inside %s/%s", method.name, event, versionName(v)), func(t *testing.T) {
							bubble.Test(t, func(t *testing.T) { callInside(t, v, event, method, row.elsewhere) })
						})
					}
				}
			}
		})
	}
}

// callInside calls a method when event fires for the first time.
func callInside(t *testing.T, v mqtt.MQTTVersions, event string, method method, elsewhere bool) {
	g := newStageFor(t, v, event)
	if strings.HasPrefix(method.name, "Connect") {
		g.r.Hasty()
	}
	calls, returned := 0, 0
	g.r.On(event, func(any) {
		if calls++; calls > 1 {
			return
		}
		if method.name == "Reset" {
			g.r.Lenient() // which forgets the events of a connection that stood
		}
		// Run and ConnectContext end at last when the second is over.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var err error
		if elsewhere {
			err = <-g.r.Start(func() error { return method.call(ctx, g.r.M) })
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
}

// Every event fires on the stage, or the tests above and below would test nothing.
func TestStageFiresEveryEvent(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		for _, name := range matrixEvents(v) {
			g := newStageFor(t, v, name)
			g.play()
			if g.r.Trace().Count(name) == 0 {
				t.Errorf("%s did not fire", name)
			}
		}
	})
}

// A panic in a handler leaves through the method that pumps, once, and the component goes on with the next event
// (pain 4).
func TestPanicInHandler(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		run := func(t *testing.T, event string) []string {
			var got []string
			bubble.Test(t, func(t *testing.T) {
				g := newStage(t, v)
				g.r.Lenient()
				calls := 0
				g.r.On(event, func(any) {
					if calls++; calls == 1 {
						panic("out of " + event)
					}
				})
				g.play()
				if event != "" && (len(g.panics) != 1 || g.panics[0] != "out of "+event || !strings.Contains(g.stacks[0], "TestPanicInHandler.")) {
					t.Errorf("the panics that came out: %v, from\n%s", g.panics, g.stacks) // with the stack of the handler
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
			t.Run("pain 4: "+event, func(t *testing.T) {
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
	provesInBubble(t, "pain 2, pain 3", func(t *testing.T, v mqtt.MQTTVersions) {
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
