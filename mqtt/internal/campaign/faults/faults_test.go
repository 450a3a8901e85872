package faults

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
)

// faultSteps are the packets of each flow, by the role whose link is harmed.
var faultSteps = []struct {
	publisher  bool
	fromClient bool
	kind       packet.Type
}{
	{true, true, packet.CONNECT},
	{true, false, packet.CONNACK},
	{true, true, packet.PUBLISH},
	{true, false, packet.PUBACK},
	{true, false, packet.PUBREC},
	{true, true, packet.PUBREL},
	{true, false, packet.PUBCOMP},
	{true, true, packet.DISCONNECT},
	{false, true, packet.CONNECT},
	{false, false, packet.CONNACK},
	{false, true, packet.SUBSCRIBE},
	{false, false, packet.SUBACK},
	{false, false, packet.PUBLISH},
	{false, true, packet.PUBACK},
	{false, true, packet.PUBREC},
	{false, false, packet.PUBREL},
	{false, true, packet.PUBCOMP},
	{false, true, packet.UNSUBSCRIBE},
	{false, false, packet.UNSUBACK},
	{false, true, packet.DISCONNECT},
}

// The link ends before, inside and behind each packet of each flow, by the end of the connection, by a reset, and by
// silence, in both roles: with AutoReconnect and a lasting session every accepted message arrives, in order for each
// QoS, and QoS 2 once (pains 7, 11, 12, 23). Each run has one fault: mosquitto 2.0.11 repeats a PUBLISH when two
// connections in a row end before its PUBREL (docs/servers.md).
func TestFaultsAtEachStep(t *testing.T) {
	mqtttest.Watchdog(t)
	campaign.Together(t, 2, func(run func(name string, test func(t *testing.T))) {
		run("server of the tests", func(t *testing.T) {
			server := mqtttest.NewServer(t)
			server.ServeSessions(t)
			faultsAtEachStep(t, server.Addr())
		})
		run("mosquitto", func(t *testing.T) { faultsAtEachStep(t, realservers.Mosquitto(t).Addr()) })
	})
}

func faultsAtEachStep(t *testing.T, server string) {
	const atOnce = 32 // each of them waits most of the time
	campaign.Together(t, atOnce, func(run func(name string, test func(t *testing.T))) {
		for _, f := range faultRuns() {
			run(f.String(), func(t *testing.T) {
				f.t = t
				f.run(server)
			})
		}
	})
}

// faultRuns are those of a campaign.
func faultRuns() (runs []*faultRun) {
	n := 0
	for _, v := range mqtttest.Versions {
		for _, step := range faultSteps {
			for _, pass := range []int{0, 1, wholePacket} {
				for _, how := range []linkEnd{hangUp, reset, swallow} {
					if how == swallow && pass == 1 {
						continue
					}
					if n++; !campaign.Full() && n%5 > 0 { // each step has its turn, and each way to end it somewhere
						continue
					}
					runs = append(runs, &faultRun{
						v: v, publisherHarmed: step.publisher, fault: fault{step.fromClient, step.kind, pass, how},
					})
				}
			}
		}
	}
	return runs
}

// faultRun is a publisher and a subscriber, one of which is harmed at one step.
type faultRun struct {
	t               *testing.T
	v               mqtt.MQTTVersions
	publisherHarmed bool
	fault           fault

	up, down              *relay
	publisher, subscriber *faultClient
	published             [3]int

	mu  sync.Mutex
	got [3][]int // the numbers of the messages that came, as they came
}

func (f *faultRun) String() string {
	role, pass := "subscriber", strconv.Itoa(f.fault.pass)+" bytes"
	if f.publisherHarmed {
		role = "publisher"
	}
	if f.fault.pass == wholePacket {
		pass = "whole"
	}
	return fmt.Sprintf("%s/%s/%v/%s/%s", mqtttest.VersionName(f.v), role, f.fault.kind, pass, f.fault.ending)
}

func (f *faultRun) run(server string) {
	t := f.t
	f.up, f.down = newRelay(t, server), newRelay(t, server)
	id := fmt.Sprintf("faults-%d-%s", time.Now().UnixNano(), strings.NewReplacer("/", "-", " ", "", ".", "").Replace(f.String()))
	f.publisher = newFaultClient(t, f.v, id+"-p", f.up, f.fault.ending == swallow && f.publisherHarmed)
	f.subscriber = newFaultClient(t, f.v, id+"-s", f.down, f.fault.ending == swallow && !f.publisherHarmed)
	f.subscriber.m.OnMessageIn = f.arrives
	f.subscriber.request(func() error { return f.subscriber.m.Subscribe(id+"/#", 2) })

	f.publish(id, 4) // before the fault
	harmed, relay := f.subscriber, f.down
	if f.publisherHarmed {
		harmed, relay = f.publisher, f.up
	}
	relay.arm(f.fault)
	switch f.fault.kind {
	case packet.CONNECT, packet.CONNACK:
		relay.end(hangUp)
	case packet.SUBSCRIBE, packet.SUBACK:
		harmed.request(func() error { return harmed.m.Subscribe(id+"/more", 1) })
	case packet.UNSUBSCRIBE, packet.UNSUBACK:
		harmed.request(func() error { return harmed.m.Unsubscribe(id + "/other") })
	case packet.DISCONNECT:
		_ = harmed.m.Disconnect() // an error tells that the farewell failed
		harmed.connect()
	}
	f.publish(id, 8)
	f.wait("the fault", relay.done)
	f.publish(id, 4) // after it
	f.wait("all messages", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.distinct(1)) == f.published[1] && len(f.distinct(2)) == f.published[2] && f.publisher.m.OutgoingMessages().Count() == 0
	})
	f.check()
	_ = f.publisher.m.Disconnect()
	_ = f.subscriber.m.Disconnect()
}

// publish publishes n messages of each QoS; QueueMessages accepts them without a connection too.
func (f *faultRun) publish(topic string, n int) {
	for range n {
		for qos := range 3 {
			if err := f.publisher.m.PublishMessage(topic, qos, fmt.Sprintf("%d %d", qos, f.published[qos])); err != nil {
				f.t.Error(err)
				return
			}
			f.published[qos]++
		}
	}
}

func (f *faultRun) arrives(e *mqtt.MessageInEventArgs) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var qos, n int
	if _, err := fmt.Sscanf(e.Message, "%d %d", &qos, &n); err != nil || e.QOS != qos {
		f.t.Errorf("%q came with QoS %d", e.Message, e.QOS)
		return
	}
	f.got[qos] = append(f.got[qos], n)
}

// distinct is the messages of a QoS in the order in which they came first. The lock is held.
func (f *faultRun) distinct(qos int) []int {
	var first []int
	seen := make(map[int]bool)
	for _, n := range f.got[qos] {
		if !seen[n] {
			seen[n] = true
			first = append(first, n)
		}
	}
	return first
}

// check compares what came with what was published.
func (f *faultRun) check() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for qos := 1; qos <= 2; qos++ {
		again := qos == 2 && len(f.got[2]) != f.published[2]
		if again || !slices.IsSorted(f.distinct(qos)) {
			f.t.Errorf("QoS %d: %v came, want 0 to %d in order\npublisher:\n%s\nsubscriber:\n%s", qos, f.got[qos], f.published[qos]-1, f.up.latest(), f.down.latest())
		}
	}
}

// wait waits for real servers.
func (f *faultRun) wait(what string, done func() bool) {
	f.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !done(); <-tick.C {
		if time.Now().After(end) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.t.Fatalf("no %s; %v published, %v came, outgoing %s\npublisher:\n%s\nsubscriber:\n%s",
				what, f.published, f.got, mqtttest.States(f.publisher.m.OutgoingMessages()), f.up.latest(), f.down.latest())
		}
	}
}

// faultClient is a component behind a relay that comes back by itself.
type faultClient struct {
	t        *testing.T
	m        *mqtt.MQTT
	answered chan struct{} // SUBACK or UNSUBACK
	lost     chan struct{} // the connection ended
}

// newFaultClient connects a component. One that is to notice silence has little patience; the others may stand still for
// long on a busy machine.
func newFaultClient(t *testing.T, v mqtt.MQTTVersions, id string, r *relay, impatient bool) *faultClient {
	c := &faultClient{t: t, m: mqtt.New(), answered: make(chan struct{}, 16), lost: make(chan struct{}, 16)}
	t.Cleanup(func() { must(t, c.m.Reset()) })
	must(t, c.m.SetVersion(v))
	must(t, c.m.SetClientId(id))
	must(t, c.m.SetRemoteHost("127.0.0.1"))
	must(t, c.m.SetRemotePort(r.port()))
	mqtttest.Lasting(t, c.m)
	must(t, c.m.SetKeepAliveInterval(60))
	if impatient {
		must(t, c.m.SetKeepAliveInterval(1))
		config(t, c.m, "PingTimeout=4")
	}
	for _, setting := range []string{
		"AutoReconnect=True", "ReconnectDelayMax=1", "ConnectionTimeout=4", "QueueMessages=True", "InflightLimit=20", "BackgroundEvents=True",
	} {
		config(t, c.m, setting)
	}
	c.m.OnSubscribed = func(*mqtt.SubscribedEventArgs) { c.answered <- struct{}{} }
	c.m.OnUnsubscribed = func(*mqtt.UnsubscribedEventArgs) { c.answered <- struct{}{} }
	c.m.OnDisconnected = func(*mqtt.DisconnectedEventArgs) { c.lost <- struct{}{} }
	c.connect()
	return c
}

// connect connects, which may meet the end of the last connection.
func (c *faultClient) connect() {
	c.t.Helper()
	var err error
	for range 5 {
		if err = c.m.Connect(); err == nil {
			return
		}
	}
	c.t.Fatal(err)
}

// request sends a SUBSCRIBE or UNSUBSCRIBE, again after each lost connection, until it is answered: a request that is lost
// is told by OnError and not repeated.
func (c *faultClient) request(send func() error) {
	c.t.Helper()
	for range 100 {
		for len(c.lost) > 0 {
			<-c.lost
		}
		if err := send(); err != nil {
			mqtttest.WantCode(c.t, err, 212)
			timer := time.NewTimer(100 * time.Millisecond)
			<-timer.C
			continue
		}
		select {
		case <-c.answered:
			return
		case <-c.lost:
		}
	}
	c.t.Fatal("the request was never answered")
}
