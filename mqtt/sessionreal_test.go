package mqtt_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
)

// A process ends somewhere among its QoS 2 messages and the next one takes the session over: every message arrives exactly
// once. NATS is held to that for publishers only, since it repeats to a subscriber half a minute later.
func TestExactlyOnceOverARestart(t *testing.T) {
	server := mqtttest.NewServer(t)
	server.ServeSessions(t)
	exactlyOnceOverARestart(t, realservers.Server{Name: "server of the tests", Host: server.Host, Port: server.Port, V5: true, QoS2: true})
}

func TestRealServersExactlyOnceOverARestart(t *testing.T) {
	for _, s := range realservers.All(t) {
		exactlyOnceOverARestart(t, s)
	}
}

func exactlyOnceOverARestart(t *testing.T, s realservers.Server) {
	// The bytes after which the link of the old process is cut: CONNECT takes some 55, a message some 60.
	var cuts []mqtttest.Faults
	for _, n := range []int64{60, 130, 200, 333, 450} {
		cuts = append(cuts, mqtttest.Faults{CutWrite: n})
	}
	for _, n := range []int64{10, 40, 90, 170} {
		cuts = append(cuts, mqtttest.Faults{CutRead: n})
	}
	campaign.Together(t, 8, func(run func(name string, test func(t *testing.T))) { // they wait for the server
		for _, v := range bothVersions {
			if !s.QoS2 || v == mqtt.MvV5 && !s.V5 {
				continue
			}
			for _, handler := range []bool{false, true} {
				for _, cut := range cuts {
					name := fmt.Sprintf("%s/%s/OnConnected %v/%d written %d read", s.Name, versionName(v), handler, cut.CutWrite, cut.CutRead)
					test := restartTest{t: t, s: s, v: v, handler: handler, publisher: cut}
					if s.Name != "nats" {
						test.subscriber = cut
					}
					run(name, func(t *testing.T) {
						test.t = t
						test.run()
					})
				}
			}
		}
	})
}

type restartTest struct {
	t                     *testing.T
	s                     realservers.Server
	v                     mqtt.MQTTVersions
	handler               bool            // the new processes restore inside OnConnected
	publisher, subscriber mqtttest.Faults // of the old processes; none = the subscriber's goes on
	id                    string
}

// process makes a component with a lasting session. The server has that session when it returns.
func (g *restartTest) process(role string, prepare func(*mqtttest.Recorder)) *mqtttest.Recorder {
	g.t.Helper()
	r := mqtttest.Client(g.t, g.s.Host, g.s.Port, g.v, g.id+role)
	lasting(g.t, r.M)
	must(g.t, r.M.Connect())
	prepare(r)
	must(g.t, r.M.Disconnect())
	return r
}

// next ends a process and returns the one that goes on with its session, connected.
func (g *restartTest) next(old *mqtttest.Recorder) *mqtttest.Recorder {
	g.t.Helper()
	must(g.t, old.M.Interrupt())
	text := saved(g.t, old.M)
	r := mqtttest.Client(g.t, g.s.Host, g.s.Port, g.v, old.M.ClientId())
	lasting(g.t, r.M)
	if g.handler {
		r.On("Connected", func(any) {
			if config(g.t, r.M, "SessionPresent") == "True" {
				must(g.t, r.M.RestoreSession(text))
			}
		})
	} else {
		must(g.t, r.M.RestoreSession(text))
	}
	must(g.t, r.M.Connect())
	if got := config(g.t, r.M, "SessionPresent"); got != "True" {
		g.t.Errorf("SessionPresent is %s", got)
	}
	return r
}

func (g *restartTest) run() {
	t := g.t
	watchdog(t)
	g.id = mqtttest.Unique("restart")
	topic := g.id
	subscriber := g.process("-s", func(r *mqtttest.Recorder) { r.Subscribe(topic, 2) })
	publisher := g.process("-p", func(*mqtttest.Recorder) {})
	dial := new(net.Dialer).DialContext
	mqtt.SetDial(subscriber.M, mqtttest.FaultyDial(dial, g.subscriber))
	mqtt.SetDial(publisher.M, mqtttest.FaultyDial(dial, g.publisher))

	receivers := []*mqtttest.Recorder{subscriber}
	_ = subscriber.M.Connect() // may be cut already
	accepted := map[string]bool{}
	if publisher.M.Connect() == nil {
		for i := range 12 { // mosquitto takes 20 at a time
			payload := fmt.Sprintf("%s %d", strings.Repeat("x", 20), i)
			if publisher.M.PublishMessage(topic, 2, payload) == nil {
				accepted[payload] = true
			}
		}
	}
	for range 3 { // somewhere among the messages
		must(t, subscriber.M.DoEvents())
		must(t, publisher.M.DoEvents())
	}
	publisher = g.next(publisher)
	if g.subscriber != (mqtttest.Faults{}) {
		receivers = append(receivers, g.next(subscriber))
	}
	publisher.Wait("the end of all exchanges", func(mqtttest.Trace) bool { return publisher.M.OutgoingMessages().Count() == 0 })

	got := map[string]int{}
	count := func(mqtttest.Trace) bool {
		clear(got)
		for _, r := range receivers {
			for _, e := range r.Trace().Only("MessageIn") {
				got[e.Args.(*mqtt.MessageInEventArgs).Message]++
			}
		}
		return len(got) >= len(accepted)
	}
	receiver := receivers[len(receivers)-1]
	receiver.Wait("all messages", count)
	// What the server still has to say comes before this.
	must(t, publisher.M.PublishAndWait(topic, 2, []byte("the last one")))
	receiver.WaitMessage([]byte("the last one"))
	count(nil)
	delete(got, "the last one")
	for payload := range accepted {
		if got[payload] != 1 {
			t.Errorf("%q arrived %d times", payload, got[payload])
		}
	}
	if len(got) != len(accepted) {
		t.Errorf("%d messages arrived, %d were accepted", len(got), len(accepted))
	}
}
