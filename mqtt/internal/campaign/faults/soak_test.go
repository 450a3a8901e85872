package faults

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
)

var (
	soakTime = flag.Duration("soak", campaign.Pick(3*time.Second, time.Minute), "how long TestSoak runs")
	soakSeed = flag.Uint64("soak.seed", 0, "seed of TestSoak; 0 = the campaigns' seed")
)

// soakHeap is by how much the heap may differ from that of the first round: eight components keep buffers of up to half a
// megabyte each, as the last traffic has left them. A leaked connection would be about 4 KiB and two goroutines, and
// of goroutines there may be none more.
const soakHeap = 8 * (512 << 10)

// Connections, publishes and faults at random, with measurements in the pauses between: the heap after a collection and
// the goroutines do not grow, every accepted message of QoS 1 and 2 arrives, in order for each QoS, and QoS 2 once
// (pains 7, 11, 12, 26, 28). Subscribers are harmed rarely: mosquitto 2.0.11 repeats a PUBLISH instead of its PUBREL when
// two of their connections in a row end early, and lets messages overtake those that wait for a window of 20
// (docs/servers.md).
func TestSoak(t *testing.T) {
	broker := realservers.StartMosquitto(t, "max_inflight_messages 0")
	seed := *soakSeed
	if seed == 0 {
		seed = campaign.Seed(t)
	}
	round := min(time.Minute, *soakTime/3)
	mqtttest.WatchdogAfter(t, *soakTime+*soakTime/2+5*time.Minute)
	t.Logf("seed %d, %v in rounds of %v", seed, *soakTime, round)
	s := soak{t: t, broker: broker.Server}
	for i, v := range mqtttest.Versions {
		for j, background := range []bool{false, true} {
			s.pairs = append(s.pairs, s.pair(v, background, rand.New(rand.NewPCG(seed, uint64(2*i+j)))))
		}
	}
	passing := rand.New(rand.NewPCG(seed, 99))
	first, last := soakFigures{goroutines: math.MaxInt}, soakFigures{}
	start := time.Now()
	for n := 0; time.Since(start) < *soakTime; n++ {
		until := time.Now().Add(round)
		var work sync.WaitGroup
		for _, p := range s.pairs {
			work.Go(func() { p.publish(until) })
			work.Go(func() { p.harm(until) })
		}
		work.Go(func() { s.passers(passing, until) })
		work.Wait()
		for _, p := range s.pairs {
			p.settle()
		}
		last = s.measure(first.goroutines)
		t.Logf("%8v %v", time.Since(start).Round(time.Second), last)
		if n == 0 {
			first = last
		}
		if last.heap > first.heap+soakHeap || last.goroutines > first.goroutines {
			t.Errorf("it grows: %v after %v in the first round", last, first)
		}
	}
	for _, p := range s.pairs {
		p.stop()
	}
}

// soak is what the pairs have in common.
type soak struct {
	t      *testing.T
	broker realservers.Server
	pairs  []*soakPair

	accepted, arrived, repeated, faults, connected, passed atomic.Int64
}

// soakFigures is a measurement.
type soakFigures struct {
	heap                                                   uint64
	goroutines                                             int
	accepted, arrived, repeated, faults, connected, passed int64
}

func (f soakFigures) String() string {
	return fmt.Sprintf("heap %d KiB, %d goroutines, %d accepted, %d arrived, %d of them QoS 1 again, %d faults, %d connections, %d passers-by",
		f.heap>>10, f.goroutines, f.accepted, f.arrived, f.repeated, f.faults, f.connected, f.passed)
}

// measure takes the least number of goroutines in two seconds while everybody is connected: timers have some for a moment,
// and connections that have ended, most of them the relays', go one after the other. It looks half a minute for no more
// than most: a busy machine takes its time, and what has leaked stays.
func (s *soak) measure(most int) soakFigures {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	goroutines := math.MaxInt
	for start := time.Now(); time.Since(start) < 2*time.Second || goroutines > most && time.Since(start) < 30*time.Second; <-tick.C {
		if n := runtime.NumGoroutine(); s.stands() {
			goroutines = min(goroutines, n)
		}
	}
	for range 3 { // what has a finalizer or lies in a sync.Pool goes with a later one
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return soakFigures{
		m.HeapAlloc, goroutines, s.accepted.Load(), s.arrived.Load(), s.repeated.Load(), s.faults.Load(), s.connected.Load(), s.passed.Load(),
	}
}

// stands reports whether everybody is connected.
func (s *soak) stands() bool {
	return !slices.ContainsFunc(s.pairs, func(p *soakPair) bool { return !p.publisher.Connected() || !p.subscriber.Connected() })
}

// client is a component behind r with AutoReconnect; its session outlives its connections.
func (s *soak) client(r *relay, v mqtt.MQTTVersions, id string) *mqtt.MQTT {
	t := s.t
	m := mqtt.New()
	t.Cleanup(func() { must(t, m.Reset()) })
	must(t, m.SetVersion(v))
	must(t, m.SetClientId(id))
	must(t, m.SetRemoteHost("127.0.0.1"))
	must(t, m.SetRemotePort(r.port()))
	mqtttest.Lasting(t, m)
	must(t, m.SetKeepAliveInterval(1))
	for _, setting := range []string{
		"AutoReconnect=True", "ReconnectDelayMax=1", "ConnectionTimeout=2", "QueueMessages=True",
		"SendQueueSize=200", "InflightLimit=20", "RepublishInterval=2", "PingTimeout=4",
	} {
		config(t, m, setting)
	}
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		if e.StatusCode == 0 {
			s.connected.Add(1)
		}
	}
	m.OnError = func(e *mqtt.ErrorEventArgs) { t.Errorf("%s: %+v", id, e) }
	return m
}

// soakPair is a publisher and a subscriber, each behind a relay of its own.
type soakPair struct {
	*soak
	rnd                   *rand.Rand // of publish
	harming               *rand.Rand // of harm
	up, down              *relay
	publisher, subscriber *mqtt.MQTT
	topic                 string
	next                  [3]int          // number of the next message of each QoS
	seen                  [3]atomic.Int64 // that the subscriber waits for
	cancel                context.CancelFunc
	running               sync.WaitGroup
}

func (s *soak) pair(v mqtt.MQTTVersions, background bool, rnd *rand.Rand) *soakPair {
	t := s.t
	p := &soakPair{soak: s, rnd: rnd, harming: rand.New(rand.NewPCG(rnd.Uint64(), 0)), topic: fmt.Sprintf("soak/%d/%t", v, background)}
	p.up, p.down = newRelay(t, s.broker.Addr()), newRelay(t, s.broker.Addr())
	p.publisher, p.subscriber = s.client(p.up, v, p.topic+"/p"), s.client(p.down, v, p.topic+"/s")
	p.subscriber.OnMessageIn = p.arrives
	ready := make(chan struct{})
	p.subscriber.OnSubscribed = func(*mqtt.SubscribedEventArgs) { close(ready) }
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(t.Context())
	for _, m := range []*mqtt.MQTT{p.publisher, p.subscriber} {
		if background {
			config(t, m, "BackgroundEvents=True")
		} else {
			p.running.Go(func() { must(t, m.Run(ctx)) })
		}
		must(t, m.Connect())
	}
	must(t, p.subscriber.Subscribe(p.topic, 2))
	<-ready
	return p
}

// arrives checks that the messages of each QoS come in order. QoS 1 may come again, with all that followed it.
func (p *soakPair) arrives(e *mqtt.MessageInEventArgs) {
	var qos, n int
	if _, err := fmt.Sscanf(e.Message[:min(len(e.Message), 20)], "%d %d", &qos, &n); err != nil {
		p.t.Errorf("%s: %.20q came", p.topic, e.Message)
		return
	}
	p.soak.arrived.Add(1)
	want := int(p.seen[qos].Load())
	switch {
	case qos == 0:
		return
	case qos == 1 && n < want:
		p.repeated.Add(1)
		return
	case n != want:
		p.t.Errorf("%s: message %d of QoS %d came, want %d; the subscriber's packets:\n%s\nthe publisher's:\n%s", p.topic, n, qos, want, p.down.latest(), p.up.latest())
	}
	p.seen[qos].Store(int64(n + 1))
}

// publish publishes at random.
func (p *soakPair) publish(until time.Time) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for time.Now().Before(until) && !p.t.Failed() {
		for range p.rnd.IntN(20) {
			size := p.rnd.IntN(2000)
			if p.rnd.IntN(200) == 0 {
				size = 300_000
			}
			p.one(p.rnd.IntN(3), size)
		}
		if p.rnd.IntN(50) == 0 { // the program's own end of a connection
			_ = p.publisher.Disconnect()
			p.connect()
		}
		<-pause.C
		pause.Reset(time.Duration(p.rnd.IntN(100)) * time.Millisecond)
	}
}

// one publishes a message until it is accepted.
func (p *soakPair) one(qos, size int) {
	text := fmt.Sprintf("%d %d %s", qos, p.next[qos], strings.Repeat("x", size))
	for end := time.Now().Add(time.Minute); ; {
		err := p.publisher.PublishMessage(p.topic, qos, text)
		if err == nil {
			p.next[qos]++
			p.accepted.Add(1)
			return
		}
		if code := errors.Code(err); code != 201 && code != 212 && code != 10035 || time.Now().After(end) {
			attempt, _ := p.publisher.Config("ReconnectAttempt")
			p.t.Errorf("%s: %v; connected %t, attempt %s to reconnect; the publisher's packets:\n%s", p.topic, err, p.publisher.Connected(), attempt, p.up.latest())
			return
		}
	}
}

// connect connects the publisher again after its Disconnect.
func (p *soakPair) connect() {
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if err = p.publisher.Connect(); err == nil {
			return
		}
	}
	p.t.Error(err)
}

// harm harms both connections at random.
func (p *soakPair) harm(until time.Time) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	quiet := time.Now()
	for time.Now().Before(until) {
		<-pause.C
		pause.Reset(time.Duration(200+p.harming.IntN(1800)) * time.Millisecond)
		r := p.up
		if p.harming.IntN(3) == 0 && time.Since(quiet) > 5*time.Second {
			r, quiet = p.down, time.Now()
		}
		p.faults.Add(1)
		switch p.harming.IntN(4) {
		case 0:
			r.end(hangUp)
		case 1:
			r.end(reset)
		case 2:
			r.end(swallow)
		default:
			r.hold(time.Duration(p.harming.IntN(1500)) * time.Millisecond)
		}
	}
}

// settle waits until everything has arrived, and one message more, which shows that both connections live.
func (p *soakPair) settle() {
	p.up.release()
	p.down.release()
	p.one(2, 0)
	done := func() bool {
		return p.publisher.Connected() && p.subscriber.Connected() && p.publisher.OutgoingMessages().Count() == 0 && p.subscriber.IncomingMessages().Count() == 0 &&
			int(p.seen[1].Load()) == p.next[1] && int(p.seen[2].Load()) == p.next[2]
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			p.t.Fatalf("%s: connected %t %t, %d outgoing, %d incoming, %d and %d of %d and %d messages arrived", p.topic, p.publisher.Connected(), p.subscriber.Connected(),
				p.publisher.OutgoingMessages().Count(), p.subscriber.IncomingMessages().Count(), p.seen[1].Load(), p.seen[2].Load(), p.next[1], p.next[2])
		}
	}
}

func (p *soakPair) stop() {
	_ = p.publisher.Disconnect()
	_ = p.subscriber.Disconnect()
	p.cancel()
	p.running.Wait()
}

// passers makes components that connect, publish, and are let go in one way or the other.
func (s *soak) passers(rnd *rand.Rand, until time.Time) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for n := 0; time.Now().Before(until); n++ {
		m := mqtt.New()
		must(s.t, m.SetVersion(mqtttest.Versions[n%2]))
		must(s.t, m.SetRemoteHost("127.0.0.1"))
		must(s.t, m.SetRemotePort(s.broker.Port))
		if err := m.Connect(); err != nil {
			s.t.Error(err)
		}
		for range rnd.IntN(5) {
			if err := m.PublishMessage("soak/passer", rnd.IntN(3), "x"); err != nil {
				s.t.Error(err)
			}
		}
		switch rnd.IntN(3) {
		case 0:
			_ = m.Disconnect()
		case 1:
			_ = m.Interrupt()
		default:
			_ = m.Reset()
		}
		s.passed.Add(1)
		<-pause.C
		pause.Reset(time.Duration(rnd.IntN(200)) * time.Millisecond)
	}
}
