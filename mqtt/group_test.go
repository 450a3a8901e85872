package mqtt_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// membersOf makes connected components, with the server's end of each.
func membersOf(t *testing.T, n int) (members []*mqtttest.Recorder, ends []*mqtttest.Conn) {
	t.Helper()
	for range n {
		r, _, c := connected(t, mqtt.MvV5)
		members, ends = append(members, r), append(ends, c)
	}
	return members, ends
}

// pumpGroup calls DoEvents until done reports true.
func pumpGroup(t *testing.T, g *mqtt.Group, done func() bool) {
	t.Helper()
	for start := time.Now(); !done(); {
		must(t, g.DoEvents())
		if time.Since(start) > time.Hour {
			t.Fatal("nothing more comes")
		}
	}
}

// payloadOf is the payload of MessageIn.
func payloadOf(args any) string { return args.(*mqtt.MessageInEventArgs).Message }

// One DoEvents fires the events of all members, those of each in order, on its own goroutine.
func TestGroup(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		members, ends := membersOf(t, 3)
		g := mqtt.NewGroup(members[0].M)
		g.Add(members[1].M, members[2].M, members[0].M)
		got := make([][]string, len(members))
		for i, r := range members {
			r.On("MessageIn", func(args any) { got[i] = append(got[i], payloadOf(args)) })
		}
		var want []string
		for n := range 5 {
			want = append(want, fmt.Sprint(n))
			for _, c := range ends {
				c.SendPublish("a", 1, uint16(n+1), fmt.Sprint(n))
			}
		}
		pumpGroup(t, g, func() bool { return len(got[0])+len(got[1])+len(got[2]) == 15 })
		for i := range got {
			if !slices.Equal(got[i], want) {
				t.Errorf("member %d got %q", i, got[i])
			}
			for n := range uint16(5) {
				ends[i].ExpectAck(packet.PUBACK, n+1)
			}
		}
	})
}

// DoEvents waits as long as it is told, and no longer than until something comes.
func TestGroupWaits(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		members, ends := membersOf(t, 2)
		g := mqtt.NewGroup(members[0].M, members[1].M)
		pumpGroup(t, g, func() bool {
			select {
			case <-g.EventsReady():
				return false
			default:
				return true
			}
		})
		took := func() time.Duration {
			start := time.Now()
			must(t, g.DoEvents())
			return time.Since(start)
		}
		if d := took(); d != 20*time.Millisecond {
			t.Errorf("DoEvents with nothing to do took %v", d)
		}
		g.SelectWaitMillis = 0
		if d := took(); d != 0 {
			t.Errorf("DoEvents that shall not wait took %v", d)
		}
		g.SelectWaitMillis = 3_600_000
		time.AfterFunc(time.Second, func() { ends[1].SendPublish("a", 0, 0, "x") })
		if d := took(); d != time.Second {
			t.Errorf("DoEvents took %v until a message came after 1s", d)
		}
		if n := members[1].Trace().Count("MessageIn"); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}

// Run and EventsReady need no member of their own: whoever is added takes part, and who is removed does not any more.
func TestGroupRun(t *testing.T) {
	for _, parallel := range []int{1, 4} {
		t.Run(fmt.Sprintf("Parallel %d", parallel), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				members, ends := membersOf(t, 2)
				g := mqtt.NewGroup()
				g.Parallel = parallel
				ctx, cancel := context.WithCancel(t.Context())
				done := members[0].Start(func() error { return g.Run(ctx) })
				synctest.Wait()
				wantCode(t, g.Run(ctx), errors.ErrBusy)
				for i, r := range members {
					ends[i].SendPublish("a", 0, 0, "before")
					synctest.Wait()
					if r.Trace().Count("MessageIn") > 0 {
						t.Errorf("member %d was told something before it was one", i)
					}
					g.Add(r.M)
					synctest.Wait()
					if n := r.Trace().Count("MessageIn"); n != 1 {
						t.Errorf("member %d has %d messages, want 1", i, n)
					}
				}
				g.Remove(members[0].M, recorded(t))
				for _, c := range ends {
					c.SendPublish("a", 0, 0, "after")
				}
				synctest.Wait()
				if a, b := members[0].Trace().Count("MessageIn"), members[1].Trace().Count("MessageIn"); a != 1 || b != 2 {
					t.Errorf("%d and %d messages, want 1 and 2", a, b)
				}
				cancel()
				must(t, members[0].Join(done))
				members[0].WaitFor("MessageIn", 2)
			})
		})
	}
}

// A member that is removed in its handler keeps what was taken from it already, in order, for its own loop or its next
// group.
func TestGroupRemoveInsideHandler(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		members, ends := membersOf(t, 2)
		g := mqtt.NewGroup(members[0].M, members[1].M)
		other := mqtt.NewGroup()
		var got []string
		members[0].On("MessageIn", func(args any) {
			got = append(got, payloadOf(args))
			switch payloadOf(args) {
			case "1":
				g.Remove(members[0].M)
			case "3":
				other.Add(members[0].M)
			}
		})
		for n := range uint16(4) {
			ends[0].SendPublish("a", 1, n+1, fmt.Sprint(n))
		}
		synctest.Wait()
		for range 3 {
			must(t, g.DoEvents())
		}
		if !slices.Equal(got, []string{"0", "1"}) {
			t.Errorf("the group fired %q", got)
		}
		select {
		case <-members[0].M.EventsReady():
		default:
			t.Error("EventsReady of the component does not tell what is left")
		}
		must(t, members[0].M.DoEvents())
		ends[0].SendPublish("a", 0, 0, "4")
		pumpGroup(t, other, func() bool { return len(got) == 5 })
		if !slices.Equal(got, []string{"0", "1", "2", "3", "4"}) {
			t.Errorf("the handler got %q", got)
		}
	})
}

// Inside a handler of one member another one's methods work: the other's events fire there. The group's own loop and
// the member's own return 143.
func TestGroupInsideHandler(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		members, ends := membersOf(t, 2)
		a, b := members[0], members[1]
		g := mqtt.NewGroup(a.M, b.M)
		other := mqtt.NewGroup()
		calls := 0
		a.On("MessageIn", func(any) {
			calls++
			wantCode(t, g.DoEvents(), errors.ErrBusy)
			wantCode(t, g.Run(t.Context()), errors.ErrBusy)
			wantCode(t, a.M.DoEvents(), errors.ErrBusy)
			ends[1].SendPublish("a", 0, 0, "x")
			synctest.Wait()
			must(t, b.M.DoEvents())
			if n := b.Trace().Count("MessageIn"); n != 1 {
				t.Errorf("DoEvents of the other member fired %d MessageIn", n)
			}
			acked := b.Start(func() error {
				ends[1].SendAck(packet.PUBACK, ends[1].ExpectPublish().PacketID)
				return nil
			})
			must(t, b.M.PublishAndWait("a", 1, nil))
			must(t, b.Join(acked))
			if n := b.Trace().Count("MessageOut"); n != 1 {
				t.Errorf("PublishAndWait of the other member fired %d MessageOut", n)
			}
			other.Add(b.M)
			g.Add(b.M)
		})
		ends[0].SendPublish("a", 0, 0, "x")
		pumpGroup(t, g, func() bool { return calls == 1 })
	})
}

// While a handler of one member runs, no method that waits elsewhere fires the events of another; it does so
// afterwards, with nobody in the group's loop.
func TestGroupOneAtATime(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		members, ends := membersOf(t, 2)
		a, b := members[0], members[1]
		g := mqtt.NewGroup(a.M, b.M)
		var running atomic.Bool
		b.On("MessageIn", func(any) {
			if running.Load() {
				t.Error("the handlers of two members run at the same time")
			}
		})
		var waiting <-chan error
		a.On("MessageIn", func(any) {
			running.Store(true)
			defer running.Store(false)
			ends[1].SendPublish("a", 0, 0, "x")
			waiting = b.Start(func() error {
				for b.Trace().Count("MessageIn") == 0 {
					if err := b.M.DoEvents(); err != nil {
						return err
					}
				}
				return b.M.PublishAndWait("a", 0, nil)
			})
			advance(time.Minute)
		})
		ends[0].SendPublish("a", 0, 0, "x")
		pumpGroup(t, g, func() bool { return a.Trace().Count("MessageIn") == 1 })
		must(t, b.Join(waiting))
	})
}

// With Parallel the handler of one member may wait for that of another, by Run and by DoEvents.
func TestGroupParallel(t *testing.T) {
	for _, row := range []struct {
		name string
		pump func(t *testing.T, g *mqtt.Group, done <-chan struct{})
	}{
		{"DoEvents", func(t *testing.T, g *mqtt.Group, done <-chan struct{}) { must(t, g.DoEvents()) }},
		{"Run", func(t *testing.T, g *mqtt.Group, done <-chan struct{}) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-done; cancel() }()
			must(t, g.Run(ctx))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				members, ends := membersOf(t, 3)
				g := mqtt.NewGroup()
				g.Parallel = 3
				var all sync.WaitGroup
				all.Add(len(members))
				for i, r := range members {
					r.On("MessageIn", func(any) {
						all.Done()
						all.Wait()
					})
					ends[i].SendPublish("a", 0, 0, "x")
				}
				synctest.Wait()
				for _, r := range members {
					g.Add(r.M)
				}
				done := make(chan struct{})
				go func() { all.Wait(); close(done) }()
				row.pump(t, g, done)
				<-done
			})
		})
	}
}

// A handler that panics has run; what comes behind it, of this member and of others, is fired by the next DoEvents.
func TestGroupPanic(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		members, ends := membersOf(t, 2)
		g := mqtt.NewGroup(members[0].M, members[1].M)
		var got []string
		for i, r := range members {
			r.On("MessageIn", func(args any) {
				got = append(got, fmt.Sprint(i, payloadOf(args)))
				if payloadOf(args) == "panic" {
					panic("on purpose")
				}
			})
		}
		pumpGroup(t, g, func() bool {
			select {
			case <-g.EventsReady():
				return false
			default:
				return true
			}
		})
		ends[0].SendPublish("a", 0, 0, "panic")
		ends[0].SendPublish("a", 0, 0, "next")
		synctest.Wait()
		ends[1].SendPublish("a", 0, 0, "other")
		synctest.Wait()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not come through")
				}
			}()
			_ = g.DoEvents()
		}()
		pumpGroup(t, g, func() bool { return len(got) == 3 })
		if want := []string{"0panic", "1other", "0next"}; !slices.Equal(got, want) {
			t.Errorf("the handlers got %q, want %q", got, want)
		}
	})
}

// The end of a member's connection is told by the group, and so is BeforeConnect of the attempts that follow it, to
// which the member answers; the others go on.
func TestGroupConnectionEnds(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		r.Lenient()
		other, _, end := connected(t, mqtt.MvV5)
		config(t, r.M, "AutoReconnect=True")
		asked := 0
		r.On("BeforeConnect", func(any) { asked++ })
		c := r.Connect(s, nil)
		g := mqtt.NewGroup(r.M, other.M)
		ctx, cancel := context.WithCancel(t.Context())
		done := r.Start(func() error { return g.Run(ctx) })
		c.Close()
		s.AcceptConnected(t)
		end.SendPublish("a", 0, 0, "x")
		synctest.Wait()
		if n := r.Trace().Count("Disconnected"); n != 1 || asked != 2 || !r.M.Connected() {
			t.Errorf("%d Disconnected, BeforeConnect asked %d times, connected: %v", n, asked, r.M.Connected())
		}
		if n := other.Trace().Count("MessageIn"); n != 1 {
			t.Errorf("the other member got %d messages", n)
		}
		cancel()
		must(t, r.Join(done))
	})
}

// A thousand members cost no goroutine in the loop, and each gets its own messages.
func TestGroupThousand(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const count = 1000
		g := mqtt.NewGroup()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		before := runtime.NumGoroutine()
		go func() { ended <- g.Run(ctx) }()
		s := mqtttest.NewMemoryServer(t)
		s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() == packet.PUBLISH { // comes back
				c.SendBytes(p.Bytes)
			}
			return true
		})
		got := make([]int, count)
		var members []*mqtt.MQTT
		for i := range count {
			r := newRecorded(t, mqtt.MvV5, s)
			r.On("MessageIn", func(args any) {
				if topic := args.(*mqtt.MessageInEventArgs).Topic; topic != fmt.Sprint(i) {
					t.Errorf("member %d got %q", i, topic)
				}
				got[i]++
			})
			must(t, r.M.Connect())
			g.Add(r.M)
			members = append(members, r.M)
		}
		synctest.Wait()
		// Of each member a reader, and the server's end; of Run one.
		if n := runtime.NumGoroutine() - before; n > 2*count+10 {
			t.Errorf("%d goroutines for %d members", n, count)
		}
		for round := range 3 {
			for i, m := range members {
				must(t, m.PublishMessage(fmt.Sprint(i), 0, "x"))
			}
			synctest.Wait()
			for i, n := range got {
				if n != round+1 {
					t.Fatalf("member %d got %d messages in %d rounds", i, n, round+1)
				}
			}
		}
		cancel()
		must(t, <-ended)
	})
}

// Members come and go while messages arrive, and each message is told once, in order.
func TestGroupRace(t *testing.T) {
	watchdog(t)
	const members, messages = 8, 300
	for _, parallel := range []int{0, 3} {
		t.Run(fmt.Sprintf("Parallel %d", parallel), func(t *testing.T) {
			groups := []*mqtt.Group{mqtt.NewGroup(), mqtt.NewGroup()}
			ctx, cancel := context.WithCancel(t.Context())
			var loops, all, movers sync.WaitGroup
			for _, g := range groups {
				g.Parallel = parallel
				loops.Go(func() { _ = g.Run(ctx) })
			}
			for range members {
				r, s := memory(t, mqtt.MvV5)
				var next int
				all.Add(messages)
				r.On("MessageIn", func(args any) {
					if payloadOf(args) != fmt.Sprint(next) {
						t.Errorf("got %s, want %d", payloadOf(args), next)
					}
					next++
					all.Done()
				})
				c := r.Connect(s, nil)
				over := make(chan struct{})
				movers.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-over:
							groups[0].Add(r.M)
							return
						default:
							groups[i%2].Add(r.M)
							if i%5 == 0 {
								groups[i%2].Remove(r.M)
							}
							runtime.Gosched()
						}
					}
				})
				movers.Go(func() {
					defer close(over)
					for n := range messages {
						c.SendPublish("a", 0, 0, fmt.Sprint(n))
					}
				})
			}
			movers.Wait()
			all.Wait()
			cancel()
			loops.Wait()
		})
	}
}
