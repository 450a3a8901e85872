package mqtt_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// reconnectingStorm is storm with AutoReconnect and QueueMessages, and with time that passes.
func reconnectingStorm(t *testing.T, m *mqtt.MQTT, s *mqtttest.Server, latest func() *mqtttest.Conn, rnd *rand.Rand) func() {
	step := storm(t, m, s, latest, rnd)
	settings := []string{
		"AutoReconnect=True", "AutoReconnect=True", "AutoReconnect=False", "QueueMessages=True", "QueueMessages=False",
		"SendQueueSize=2", "ReconnectAttempts=2", "InflightLimit=1", "Resubscribe=False", "AutoTopicAlias=True",
		"RepublishTimeout=3", "ConnectionTimeout=2", "RemoteHosts=b,c:1884", "RemoteHosts=", "FollowServerReference=True",
	}
	return func() {
		switch n := rnd.IntN(40); {
		case n < 20:
			step()
		case n < 30:
			_, _ = m.Config(settings[rnd.IntN(len(settings))])
		case n < 36:
			advanceAlone(time.Duration(rnd.IntN(3000)) * time.Millisecond)
		case n < 37:
			_ = m.PublishAndWait("t", rnd.IntN(3), []byte("y"))
		case n < 38:
			_, _ = m.Config("ReconnectAttempt")
			_, _ = m.Config("QueuedMessages")
			_, _, _, _ = m.SSLServerCert(), m.KeepAliveInterval(), m.LocalPort(), m.RemoteHost()
		case n < 39:
			if text, err := m.SaveSession(); err == nil && rnd.IntN(2) == 0 {
				_ = m.RestoreSession(text)
			}
		default:
			_ = m.SetRemoteHost([]string{"", s.Host}[rnd.IntN(2)])
		}
	}
}

// moody answers as a server in trouble does: it refuses, forgets, and does not answer, until it is calm.
func moody(calm *atomic.Bool) func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
	return func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
		switch {
		case calm.Load():
			return true
		case p.Type() != packet.CONNECT:
			return rand.IntN(4) > 0
		}
		_, connect, err := packet.DecodeConnect(p.Body)
		if err != nil {
			return true
		}
		present, code := !connect.CleanStart && rand.IntN(2) == 0, packet.Success
		switch n := rand.IntN(20); {
		case n == 0:
			return false
		case n == 1 && c.Version == packet.V5:
			present, code = false, packet.ServerBusy
		case n == 2 && c.Version == packet.V5:
			present, code = false, packet.NotAuthorized
		case n == 3 && c.Version == packet.V5:
			names := packet.Properties(nil).AppendString(packet.PropServerReference, "d e:1884")
			_ = c.TrySend(c.Connack(false, packet.ReasonCode(int(packet.UseAnotherServer)+rand.IntN(2)), names))
			return false
		case n <= 2:
			present, code = false, 3
		}
		_ = c.TrySend(c.Connack(present, code, nil))
		return false
	}
}

// pain 26: random sequences of Connect, cut, Interrupt, Reset, Disconnect and the rest over reconnections, with redirects
// and several servers, from several goroutines and inside handlers, in virtual time: every call returns, what is left
// works, and no goroutine is left, which the end of the bubble checks.
func TestReconnectStorm(t *testing.T) { t.Run("pain 26", reconnectStorms) }

func reconnectStorms(t *testing.T) {
	seed := campaign.Seed(t)
	for round := range campaign.Pick(300, 3000) {
		bubble.Test(t, func(t *testing.T) {
			s := mqtttest.NewMemoryServer(t)
			var calm atomic.Bool
			latest := s.ServeAll(t, moody(&calm))
			m := mqtt.New()
			mqtt.SetDial(m, s.Dial)
			if round%4 > 0 {
				r := mqtttest.Record(t, m)
				r.Lenient().Silent()
				rnd := rand.New(rand.NewPCG(seed, uint64(round)<<32))
				step := reconnectingStorm(t, m, s, latest, rnd)
				for _, name := range []string{"BeforeConnect", "ConnAck", "Connected", "Disconnected", "Error", "ReadyToSend", "MessageOut"} {
					r.On(name, func(any) {
						if round%4 > 1 && !calm.Load() && rnd.IntN(3) == 0 {
							step()
						}
					})
				}
			}
			var workers sync.WaitGroup
			for worker := range 4 {
				rnd := rand.New(rand.NewPCG(seed, uint64(round*4+worker)))
				workers.Go(func() {
					step := reconnectingStorm(t, m, s, latest, rnd)
					for range 15 {
						step()
					}
				})
			}
			workers.Wait()
			calm.Store(true)
			must(t, m.Reset())
			synctest.Wait()
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
		})
	}
}

// ledger is a server that checks what arrives: each publisher's messages of one QoS in order, and those of QoS 2 once.
type ledger struct {
	t        *testing.T
	calm     atomic.Bool
	sessions bool // it keeps some

	mu      sync.Mutex
	known   bool // it has a session
	next    map[string]int
	pending map[uint16]string // QoS 2, until PUBREL
}

func (l *ledger) seen(c *mqtttest.Conn, p *mqtttest.Packet) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch p.Type() {
	case packet.CONNECT:
		if !l.calm.Load() && rand.IntN(8) == 0 {
			c.Reset()
			return false
		}
		present := l.known && l.sessions && rand.IntN(8) > 0
		if !present {
			clear(l.pending)
		}
		l.known = true
		var properties packet.Properties
		if c.Version == packet.V5 {
			properties = properties.AppendUint(packet.PropReceiveMaximum, 5).AppendUint(packet.PropTopicAliasMaximum, 2)
		}
		_ = c.TrySend(c.Connack(present, 0, properties))
		return false
	case packet.PUBLISH:
		publish, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
		if err != nil {
			l.t.Error(err)
			return true
		}
		l.take(&publish)
	case packet.PUBREL:
		delete(l.pending, uint16(p.Body[0])<<8|uint16(p.Body[1]))
	}
	if !l.calm.Load() && rand.IntN(25) == 0 {
		c.Reset()
		return false
	}
	return true
}

func (l *ledger) take(p *packet.Publish) {
	text := string(p.Payload)
	if known := l.pending[p.PacketID]; p.QoS == 2 && known != "" {
		if known != text {
			l.t.Errorf("packet %d is %s and was %s", p.PacketID, text, known)
		}
		return
	}
	var who, qos, n int
	if _, err := fmt.Sscanf(text, "%d/%d/%d", &who, &qos, &n); err != nil {
		l.t.Errorf("payload %q", text)
		return
	}
	switch slot := fmt.Sprintf("%d/%d", who, qos); {
	case n > l.next[slot]:
		l.t.Errorf("message %s came, want %d", text, l.next[slot])
	case n == l.next[slot]:
		l.next[slot]++
	}
	if p.QoS == 2 {
		l.pending[p.PacketID] = text
	}
}

// Over connections that are cut all the time, whatever was accepted arrives, in order, and is told by one MessageOut.
func TestNothingIsLostOverReconnections(t *testing.T) { t.Run("pain 7, pain 11", nothingIsLost) }

func nothingIsLost(t *testing.T) {
	for round := range campaign.Pick(12, 60) {
		bubble.Test(t, func(t *testing.T) {
			const publishers, each = 3, 20
			s := mqtttest.NewMemoryServer(t)
			l := &ledger{t: t, sessions: round%3 != 0, next: make(map[string]int), pending: make(map[uint16]string)}
			latest := s.ServeAll(t, l.seen)
			r := newRecorded(t, mqtt.MQTTVersions(round%2), s)
			r.Lenient().Silent()
			out := make(map[string]int)
			r.On("MessageOut", func(a any) { out[a.(*mqtt.MessageOutEventArgs).Message]++ })
			must(t, r.M.SetCleanSession(false))
			for _, setting := range []string{
				"AutoReconnect=True", "QueueMessages=True", "SendQueueSize=7", "AutoTopicAlias=True", "RepublishInterval=5",
				"SessionExpInterval=1000", "BackgroundEvents=True",
			} {
				config(t, r.M, setting)
			}
			for r.M.Connect() != nil { // which AutoReconnect does not repeat
			}
			var all sync.WaitGroup
			for who := range publishers {
				for qos := 1; qos <= 2; qos++ {
					all.Go(func() {
						for n := range each {
							for r.M.PublishMessage(fmt.Sprint("topic/", who), qos, fmt.Sprintf("%d/%d/%d", who, qos, n)) != nil {
								advanceAlone(time.Second)
							}
							advanceAlone(time.Duration(rand.IntN(400)) * time.Millisecond)
							if _, err := r.M.SaveSession(); err != nil {
								t.Error(err)
							}
							if c := latest(); c != nil && rand.IntN(50) == 0 {
								c.Close()
							}
						}
					})
				}
			}
			all.Wait()
			l.calm.Store(true)
			for range 60 {
				advance(10 * time.Second)
			}
			if n := r.M.OutgoingMessages().Count(); n > 0 || config(t, r.M, "QueuedMessages") != "0" {
				t.Errorf("%d messages are on their way, %s queued", n, config(t, r.M, "QueuedMessages"))
			}
			for who := range publishers {
				for qos := 1; qos <= 2; qos++ {
					slot := fmt.Sprintf("%d/%d", who, qos)
					if l.next[slot] != each {
						t.Errorf("round %d: %d of %s arrived", round, l.next[slot], slot)
					}
					for n := range each {
						if got := out[fmt.Sprintf("%s/%d", slot, n)]; got != 1 {
							t.Errorf("round %d: %d MessageOut of %s/%d", round, got, slot, n)
						}
					}
				}
			}
		})
	}
}

// advanceAlone lets virtual time pass in one of several goroutines, which advance cannot.
func advanceAlone(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}
