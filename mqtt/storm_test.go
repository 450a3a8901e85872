package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// 16 goroutines publish with all QoS over TCP while Run pumps and others configure, ping and read the lists. Everything
// arrives once, and each goroutine's messages of one QoS in order (pains 14 and 30).
func TestManyGoroutines(t *testing.T) {
	watchdog(t)
	proves(t, "pain 30", func(t *testing.T, v mqtt.MQTTVersions) {
		const publishers, each = 16, 300
		s := mqtttest.NewServer(t)
		m := mqtt.New()
		must(t, m.SetVersion(v))
		var received [publishers * 3]int
		latest := s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() == packet.PUBLISH {
				publish, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
				if err != nil {
					t.Error(err)
					return true
				}
				var who, n int
				if _, err := fmt.Sscanf(string(publish.Payload), "%d/%d", &who, &n); err != nil {
					t.Errorf("payload %q", publish.Payload)
					return true
				}
				slot := who*3 + int(publish.QoS)
				if received[slot] != n {
					t.Errorf("publisher %d QoS %d: message %d came, want %d", who, publish.QoS, n, received[slot])
				}
				received[slot] = n + 1
			}
			return true
		})
		r := mqtttest.Record(t, m)
		r.Silent()
		var out atomic.Int32
		r.On("MessageOut", func(any) { out.Add(1) })
		must(t, m.ConnectTo(s.Host, s.Port))
		ctx, cancel := context.WithCancel(t.Context())
		var others, pubs sync.WaitGroup
		others.Go(func() { must(t, m.Run(ctx)) })
		for range 2 {
			others.Go(func() {
				for ctx.Err() == nil {
					_, _ = m.Config("Retain")
					_ = m.Ping()
					m.OutgoingMessages().Count()
					for range m.OutgoingMessages().All() {
						break
					}
					_ = m.IncomingMessages().Item(0)
					_, _ = m.Config("InflightLimit=0")
					if c := latest(); c != nil && rand.IntN(10) == 0 {
						_ = c.TrySend(c.Publish("in", 0, 0, "x"))
					}
					runtime.Gosched()
				}
			})
		}
		for who := range publishers {
			pubs.Go(func() {
				var next [3]int
				for i := range each {
					qos := i % 3
					if err := m.PublishMessage("t", qos, fmt.Sprintf("%d/%d", who, next[qos])); err != nil {
						t.Error(err)
						return
					}
					next[qos]++
				}
			})
		}
		pubs.Wait()
		for end := time.Now().Add(mqtttest.Patience); out.Load() < publishers*each && time.Now().Before(end); {
			runtime.Gosched()
		}
		if n := out.Load(); n != publishers*each {
			t.Errorf("%d MessageOut, want %d", n, publishers*each)
		}
		cancel()
		others.Wait()
		if n := m.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d left in OutgoingMessages", n)
		}
		must(t, m.Disconnect())
		for slot, n := range received {
			if n != each/3 {
				t.Errorf("%d of slot %d arrived, want %d", n, slot, each/3)
			}
		}
	})
}

// storm is what the random sequences are made of. The errors do not matter, only that every call returns.
func storm(t *testing.T, m *mqtt.MQTT, s *mqtttest.Server, latest func() *mqtttest.Conn, rnd *rand.Rand) func() {
	t.Helper()
	ignore := func(f func() error) func() { return func() { _ = f() } }
	cut := func(reset bool) func() {
		return func() {
			if c := latest(); c != nil {
				if reset {
					c.Reset()
				} else {
					c.Close()
				}
			}
		}
	}
	steps := []func(){
		ignore(func() error { return m.ConnectTo(s.Host, s.Port) }),
		ignore(func() error { return m.ConnectTo(s.Host, s.Port) }),
		ignore(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(2000))*time.Microsecond)
			defer cancel()
			return m.ConnectContext(ctx)
		}),
		ignore(m.Disconnect), ignore(m.Interrupt), ignore(m.Reset), ignore(m.DoEvents), ignore(m.Ping),
		ignore(func() error { return m.PublishMessage("t", rnd.IntN(3), "x") }),
		ignore(func() error { return m.PublishMessage("t", rnd.IntN(3), strings.Repeat("x", 20_000)) }),
		ignore(func() error { return m.Subscribe("t", 1) }),
		ignore(func() error { _, err := m.Config("BackgroundEvents=True"); return err }),
		ignore(func() error { _, err := m.Config("BackgroundEvents=False"); return err }),
		ignore(func() error { _, err := m.Config("SelectWaitMillis=1"); return err }),
		ignore(func() error { return m.SetCleanSession(rnd.IntN(2) == 0) }),
		ignore(func() error { return m.SetVersion(mqtt.MQTTVersions(rnd.IntN(2))) }),
		ignore(func() error { return m.SetTimeout(rnd.IntN(3)) }),
		ignore(func() error { m.OutgoingMessages().Count(); return nil }),
		cut(false), cut(true),
		func() {
			if c := latest(); c != nil {
				_ = c.TrySend([]byte{0x36, 1, 2})
			}
		},
	}
	return func() { steps[rnd.IntN(len(steps))]() }
}

// Random sequences of everything from several goroutines leave no goroutine and a component that works (pain 26).
func TestStorm(t *testing.T) { t.Run("pain 26", manyStorms) }

func manyStorms(t *testing.T) {
	watchdog(t)
	seed := campaign.Seed(t)
	for round := range campaign.Pick(40, 300) {
		s := mqtttest.NewServer(t)
		latest := s.ServeAll(t, nil)
		m := mqtt.New()
		if round%2 == 1 {
			r := mqtttest.Record(t, m)
			r.Lenient().Silent()
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			rnd := rand.New(rand.NewPCG(seed, uint64(round*4+worker)))
			wg.Go(func() {
				step := storm(t, m, s, latest, rnd)
				for range 12 {
					step()
				}
			})
		}
		wg.Wait()
		must(t, m.Reset())
		if m.Connected() || m.OutgoingMessages().Count()+m.IncomingMessages().Count() != 0 {
			t.Fatal("Reset left something")
		}
		if err := m.ConnectTo(s.Host, s.Port); err != nil {
			t.Fatalf("round %d: connecting afterwards: %v", round, err)
		}
		if err := m.PublishAndWait("t", 2, []byte("x")); err != nil {
			t.Fatalf("round %d: publishing afterwards: %v", round, err)
		}
		must(t, m.Disconnect())
	}
}

// A goroutine that waits for the server, over TCP, while another one disconnects, interrupts or loses the connection:
// both return, also when the server does not close its side (pains 6 and 27).
func TestEndWhileSomebodyWaits(t *testing.T) {
	t.Parallel()
	watchdog(t)
	ends := map[string]func(m *mqtt.MQTT, c *mqtttest.Conn){
		"Disconnect": func(m *mqtt.MQTT, _ *mqtttest.Conn) { _ = m.Disconnect() },
		"Interrupt":  func(m *mqtt.MQTT, _ *mqtttest.Conn) { _ = m.Interrupt() },
		"Reset":      func(m *mqtt.MQTT, _ *mqtttest.Conn) { _ = m.Reset() },
		"cut":        func(_ *mqtt.MQTT, c *mqtttest.Conn) { c.Reset() },
		"end":        func(_ *mqtt.MQTT, c *mqtttest.Conn) { c.Close() },
	}
	for name, end := range ends {
		t.Run("pain 6, pain 27: "+name, func(t *testing.T) {
			rounds := campaign.Pick(20, 60)
			if name == "Disconnect" {
				rounds = campaign.Pick(5, 15) // the server does not close its side: each takes as long as Disconnect waits for it
			}
			for round := range rounds {
				s := mqtttest.NewServer(t)
				m := mqtt.New()
				r := mqtttest.Record(t, m)
				r.Lenient().Silent()
				c := r.Connect(s, nil)
				// Two exchanges make the waiting goroutine read from the connection by itself.
				for range 2 {
					done := r.Start(func() error { return m.PublishAndWait("t", 1, []byte("x")) })
					c.SendAck(packet.PUBACK, c.ExpectPublish().PacketID)
					must(t, r.Join(done))
				}
				waits := r.Start(func() error { return m.PublishAndWait("t", 1, []byte("x")) })
				c.ExpectPublish()
				for range round * 20 {
					runtime.Gosched()
				}
				end(m, c)
				if err := r.Join(waits); err == nil {
					t.Error("the wait ended with success")
				}
				done := r.Start(m.Disconnect)
				if err := r.Join(done); err != nil && errors.Code(err) != 201 {
					t.Error(err)
				}
				if m.Connected() {
					t.Error("connected")
				}
				c.Close()
				s.Close()
			}
		})
	}
}

// 16 MiB both ways, byte for byte.
func TestLargePayload(t *testing.T) {
	watchdog(t)
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		s := mqtttest.NewServer(t)
		m := mqtt.New()
		must(t, m.SetVersion(v))
		large := make([]byte, 16<<20)
		for i := range large {
			large[i] = byte(i * 7 >> 3)
		}
		s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() == packet.PUBLISH {
				publish, _ := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
				if !bytes.Equal(publish.Payload, large) {
					t.Error("the server received something else")
				}
				if err := c.TrySend(packet.AppendPublish(nil, c.Version, &packet.Publish{Topic: []byte("b"), QoS: 1, PacketID: 1, Payload: publish.Payload})); err != nil {
					t.Error(err)
				}
			}
			return true
		})
		got := 0
		r := mqtttest.Record(t, m).Silent()
		r.On("MessageIn", func(a any) {
			if e := a.(*mqtt.MessageInEventArgs); !bytes.Equal(e.MessageB, large) || e.Message != string(large) {
				t.Error("the client received something else")
			}
			got++
		})
		config(t, m, "PublishAndWaitTimeout=60")
		must(t, m.ConnectTo(s.Host, s.Port))
		for qos := range 3 {
			must(t, m.PublishAndWait("a", qos, large))
		}
		for end := time.Now().Add(mqtttest.Patience); got < 3 && time.Now().Before(end); {
			must(t, m.DoEvents())
		}
		if got != 3 {
			t.Errorf("%d came back", got)
		}
		must(t, m.Disconnect())
	})
}

// A header that announces 256 MB, then silence: the memory grows with what has come, not with what is announced
// (pain 29).
func TestAnnouncedSize(t *testing.T) {
	proves(t, "pain 29", func(t *testing.T, v mqtt.MQTTVersions) {
		s := mqtttest.NewServer(t)
		m := mqtt.New()
		must(t, m.SetVersion(v))
		config(t, m, "MaxIncomingPacketSize=0") // which would end the connection before anything is made
		r := mqtttest.Record(t, m)
		c := r.Connect(s, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c.SendPublish("t", 0, 0, "first")
		c.Send("30 FF FF FF 7F 00 01 61 00")
		c.SendBytes(make([]byte, 10_000))
		r.WaitFor("MessageIn", 1)
		for range 5 {
			must(t, m.DoEvents())
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("%d bytes were allocated", n)
		}
		must(t, m.Interrupt())
		c.ExpectEOF()
		r.WaitFor("Disconnected", 1)
	})
}
