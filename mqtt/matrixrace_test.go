package mqtt_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// Every method may be called while every other one, or the same, runs on another goroutine, with a pump and traffic
// beside them: nothing hangs, events keep their order, the component is in order afterwards. With -race it shows that
// nothing is shared without a lock. The methods come from the exported API.
func TestEveryMethodBesideEveryMethod(t *testing.T) {
	methods := allMethods()
	for i, one := range methods {
		t.Run("pain 2, pain 26: "+one.name, func(t *testing.T) {
			for j, other := range methods[i:] {
				t.Run("beside "+other.name, func(t *testing.T) {
					bubble.Test(t, func(t *testing.T) {
						g := newStage(t, bothVersions[(i+j)%len(bothVersions)])
						g.beside(one, other)
						g.works()
					})
				})
			}
		})
	}
}

// beside calls two methods twice each on goroutines of their own while a connection stands and messages come.
func (g *stage) beside(both ...method) {
	m := g.r.M
	must(g.t, m.ConnectTo(g.s.Host, g.s.Port))
	must(g.t, m.SetTimeout(1)) // for what waits for a server that is not there
	config(g.t, m, "PublishAndWaitTimeout=1")
	var calls sync.WaitGroup
	for _, method := range both {
		switch {
		case method.name == "Reset":
			g.r.Lenient() // the events of what it ends are forgotten
		case strings.HasPrefix(method.name, "Connect"):
			g.r.Hasty()
		}
		calls.Go(func() {
			for range 2 {
				ctx, cancel := context.WithTimeout(g.t.Context(), time.Second)
				_ = method.call(ctx, m)
				cancel()
			}
		})
	}
	over := make(chan struct{})
	go func() {
		calls.Wait()
		close(over)
	}()
	for n := 1; ; n++ {
		if c := g.latest(); c != nil && n <= 50 { // then time passes, which it does not while there is always something to do
			_ = c.TrySend(c.Publish("a", byte(n%3), uint16(n), fmt.Sprint(n)))
		}
		must(g.t, m.DoEvents())
		select {
		case <-over:
			return
		default:
		}
		if n > 1000 {
			g.t.Fatal("they do not return")
		}
	}
}
