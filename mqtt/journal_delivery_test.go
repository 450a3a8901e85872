package mqtt_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// backlog is a component whose connection has ended while count QoS 2 messages, numbered from 1, wait for the pump.
func backlog(t *testing.T, v mqtt.MQTTVersions, count int) (*mqtttest.Recorder, *mqtttest.Server, string) {
	t.Helper()
	r, s, folder := journaled(t, v)
	c := r.Connect(s, nil)
	for id := range uint16(count) {
		c.SendPublish("in", 2, id+1, fmt.Sprint(id+1))
		c.SendAck(packet.PUBREL, id+1)
	}
	synctest.Wait()
	c.Close()
	time.Sleep(10 * time.Second) // of the bubble, after which nothing of the connection is left
	return r, s, folder
}

// deliveries connects a later process, to which the server repeats its PUBRELs, and returns what it delivers.
func deliveries(t *testing.T, next *mqtttest.Recorder, s *mqtttest.Server, count int) (payloads []string) {
	t.Helper()
	d := next.Connect(s, resume(true))
	for id := range uint16(count) {
		d.SendAck(packet.PUBREL, id+1)
	}
	synctest.Wait()
	next.Pump()
	for _, e := range next.Trace().Only("MessageIn") {
		payloads = append(payloads, e.Args.(*mqtt.MessageInEventArgs).Message)
	}
	return payloads
}

// What a delivery changes is in the file before the next handler begins, whether the connection that brought it still
// stands or not: a kill repeats the message whose handler was running and no other.
func TestJournalKilledInABacklog(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		const count, last = 20, 12
		r, s, folder := backlog(t, v, count)
		var next *mqtttest.Recorder
		r.On("MessageIn", func(args any) {
			if args.(*mqtt.MessageInEventArgs).Message == fmt.Sprint(last) {
				next = killed(t, v, s, folder)
			}
		})
		r.WaitFor("MessageIn", count)
		r.WaitFor("Disconnected", 1)
		got := deliveries(t, next, s, count)
		if want := count - last + 1; len(got) != want || got[0] != fmt.Sprint(last) {
			t.Errorf("%d messages come again: %q; want %d from %d on", len(got), got, want, last)
		}
		// Whoever is told the end of the connection may hand the journal over.
		if got := deliveries(t, killed(t, v, s, folder), s, count); len(got) != 0 {
			t.Errorf("after the backlog %q come again", got)
		}
	})
}

// The journal is free again when the backlog is delivered, and at the latest when Disconnected fires.
func TestJournalIsFreeBehindABacklog(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s, folder := backlog(t, mqtt.MvV5, 3)
		next := nextProcess(t, mqtt.MvV5, s)
		lasting(t, next.M)
		config(t, next.M, "JournalDir="+folder)
		config(t, next.M, "QueueMessages=True")
		var inside, behind error
		r.On("MessageIn", func(args any) {
			if args.(*mqtt.MessageInEventArgs).Message == "2" {
				inside = next.M.PublishMessage("t", 1, "inside")
			}
		})
		r.On("Disconnected", func(any) { behind = next.M.PublishMessage("t", 1, "behind") })
		r.WaitFor("Disconnected", 1)
		wantCode(t, inside, 302)
		must(t, behind)
	})
}

// Messages with which another process has gone on are its alone: a pump that was late does not deliver them.
func TestJournalBacklogOfAnother(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		for _, standing := range []bool{true, false} {
			t.Run(fmt.Sprintf("the other one has it still %t", standing), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, s, folder := backlog(t, v, 3)
					next := nextProcess(t, v, s)
					lasting(t, next.M)
					config(t, next.M, "JournalDir="+folder)
					if got := deliveries(t, next, s, 3); len(got) != 3 {
						t.Fatalf("the other one got %q", got)
					}
					if !standing {
						must(t, next.M.Disconnect())
					}
					r.WaitFor("Disconnected", 1)
					if n := r.Trace().Count("MessageIn"); n != 0 {
						t.Errorf("%d messages were delivered by both", n)
					}
					if n := r.M.IncomingMessages().Count(); n != 0 {
						t.Errorf("%d stay in IncomingMessages", n)
					}
					must(t, next.M.Interrupt())
					next.Pump()
					c := r.Connect(s, resume(true))
					c.SendPublish("in", 2, 7, "new")
					c.SendAck(packet.PUBREL, 7)
					wantIn(t, r, "new")
					r.Disconnect(c)
				})
			})
		}
	})
}

// A disk on which deliveries cannot be noted is told once, tried again with growing waits, and told when it is over.
func TestJournalUnwritableWhileDelivering(t *testing.T) {
	for _, loop := range []struct {
		name string
		of   func(m *mqtt.MQTT) runner
	}{
		{"of its own", func(m *mqtt.MQTT) runner { return m }},
		{"of a group", func(m *mqtt.MQTT) runner { return mqtt.NewGroup(m) }},
	} {
		t.Run(loop.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) { deliverUnwritable(t, loop.of) })
		})
	}
}

func deliverUnwritable(t *testing.T, loop func(m *mqtt.MQTT) runner) {
	const count = 5
	r, s, folder := backlog(t, mqtt.MvV5, count)
	hidden := folder + "-hidden"
	must(t, os.Rename(folder, hidden))
	must(t, os.WriteFile(folder, nil, 0o600)) // a file, so that nothing can be made or opened below it
	config(t, r.M, "LogLevel=2")
	r.WaitFor("MessageIn", count)
	l := loop(r.M)
	runFor(t, l, 10*time.Minute)
	if told := r.Trace().Only("Error"); len(told) != 1 || !strings.Contains(told[0].String(), "302") {
		t.Errorf("told %q; want one error", told.Strings())
	}
	tries := 0
	for _, line := range r.Trace().Only("Log").Strings() {
		if strings.Contains(line, "JournalDir") {
			tries++
		}
	}
	if tries < 10 || tries > 20 {
		t.Errorf("%d tries in ten minutes: %q", tries, r.Trace().Only("Log").Strings())
	}
	must(t, os.Remove(folder))
	must(t, os.Rename(hidden, folder))
	runFor(t, l, 61*time.Second)
	if told := r.Trace().Only("Error"); len(told) != 2 || !strings.Contains(told[1].String(), "again") {
		t.Errorf("told %q; want the end of the trouble too", told.Strings())
	}
	if got := deliveries(t, killed(t, mqtt.MvV5, s, folder), s, count); len(got) != 0 {
		t.Errorf("after the trouble %q come again", got)
	}
}

// A handler that waits while deliveries cannot be noted sleeps: the next attempt is the pump's, which is below it.
func TestJournalUnwritableInAHandlerThatWaits(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, folder := backlog(t, mqtt.MvV5, 1)
		must(t, os.Rename(folder, folder+"-hidden"))
		must(t, os.WriteFile(folder, nil, 0o600))
		config(t, r.M, "QueueMessages=True")
		var err error
		r.On("Error", func(any) {
			if err == nil {
				err = r.M.PublishAndWait("t", 0, nil)
			}
		})
		r.WaitFor("Disconnected", 1)
		runFor(t, r.M, time.Minute)
		wantCode(t, err, 201)
		must(t, os.Remove(folder))
		must(t, os.Rename(folder+"-hidden", folder))
		runFor(t, r.M, 2*time.Minute)
	})
}

// runner is a component or a group of components.
type runner interface {
	Run(ctx context.Context) error
}

// runFor is Run for a while.
func runFor(t *testing.T, m runner, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	must(t, m.Run(ctx))
}
