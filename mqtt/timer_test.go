package mqtt_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// keptAlive connects with a keep-alive interval.
func keptAlive(t *testing.T, v mqtt.MQTTVersions, seconds int) (*mqtttest.Recorder, *mqtttest.Conn) {
	t.Helper()
	r, s := memory(t, v)
	must(t, r.M.SetKeepAliveInterval(seconds))
	config(t, r.M, "RepublishInterval=0")
	c := r.Connect(s, nil)
	r.Take()
	return r, c
}

// MQTT5-3.1.2-20, MQTT311-3.1.2-23: no gap between two packets is longer than the interval, and none is needed while
// other packets go out.
func TestKeepAlive(t *testing.T) {
	for _, seconds := range []int{1, 10, 60, 65535} {
		t.Run(fmt.Sprint("pain 22: ", seconds), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, c := keptAlive(t, v, seconds)
				interval := time.Duration(seconds) * time.Second
				last := time.Now()
				for range 20 {
					c.Expect("C0 00")
					if gap := time.Since(last); gap > interval || gap < interval/2 {
						t.Errorf("a PINGREQ after %v", gap)
					}
					last = time.Now()
					c.Send("D0 00")
				}
				// Publishing puts it off while the server answers, and not when it says nothing.
				for range 10 {
					advance(interval / 2)
					c.ExpectNothing()
					must(t, r.M.PublishMessage("a", 1, ""))
					c.SendAck(packet.PUBACK, c.ExpectPublish().PacketID)
				}
				for range 3 {
					advance(interval / 2)
					must(t, r.M.PublishMessage("a", 0, ""))
					c.ExpectPublish()
					c.Expect("C0 00")
					c.Send("D0 00")
				}
				r.WaitFor("Ping", 23)
				if !r.M.Connected() {
					t.Error("the connection was lost")
				}
			})
		})
	}
}

// KeepAliveInterval 0: no PINGREQ, no check.
func TestKeepAliveOff(t *testing.T) {
	provesInBubble(t, "pain 22", func(t *testing.T, v mqtt.MQTTVersions) {
		r, c := keptAlive(t, v, 0)
		advance(48 * time.Hour)
		c.ExpectNothing()
		if !r.M.Connected() {
			t.Error("the connection was lost")
		}
	})
}

// No PINGRESP: Disconnected with 201, no later than one interval (or PingTimeout) after the PINGREQ (pain 23).
func TestNoPingresp(t *testing.T) {
	for _, row := range []struct {
		pingTimeout string
		patience    time.Duration
	}{{"0", 20 * time.Second}, {"5", 5 * time.Second}, {"100", 100 * time.Second}} {
		t.Run("pain 23: PingTimeout "+row.pingTimeout, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, c := keptAlive(t, v, 20)
				config(t, r.M, "PingTimeout="+row.pingTimeout)
				c.Expect("C0 00")
				asked := time.Now()
				trace := r.WaitFor("Disconnected", 1)
				if took := time.Since(asked); took < row.patience || took > row.patience+time.Second {
					t.Errorf("given up after %v, want %v", took, row.patience)
				}
				if a := last[mqtt.DisconnectedEventArgs](t, trace); a.StatusCode != 201 {
					t.Errorf("%+v", a)
				}
			})
		})
	}
}

// The peer stops reading and writing while a publisher waits for room: 201 within the bound all the same (pain 23).
func TestDeadPeerBehindFullBuffer(t *testing.T) {
	provesInBubble(t, "pain 23", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _ := keptAlive(t, v, 20)
		must(t, r.M.SetTimeout(100_000))
		r.Silent()
		var gone time.Time
		r.On("Disconnected", func(a any) {
			gone = time.Now()
			if code := a.(*mqtt.DisconnectedEventArgs).StatusCode; code != 201 {
				t.Errorf("Disconnected with %d", code)
			}
		})
		start := time.Now()
		done := r.Start(func() error {
			for {
				if err := r.M.PublishData("a", 1, make([]byte, 4000)); err != nil {
					return err
				}
			}
		})
		wantCode(t, r.Join(done), 212)
		r.Wait("Disconnected", func(mqtttest.Trace) bool { return !gone.IsZero() })
		if took := gone.Sub(start); took > 45*time.Second {
			t.Errorf("noticed after %v", took)
		}
	})
}

// No false alarm: bytes that arrive put the verdict off, so does a handler that blocks, and Server Keep Alive replaces
// the interval (pain 22).
func TestNoFalseAlarm(t *testing.T) {
	t.Run("pain 22: bytes arrive", func(t *testing.T) {
		eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
			r, c := keptAlive(t, v, 20)
			large := c.Publish("a", 0, 0, string(make([]byte, 1000)))
			for range 100 { // one packet in pieces, ten seconds apart; no PINGRESP in between
				c.SendBytes(large[:10])
				large = large[10:]
				advance(10 * time.Second)
			}
			if !r.M.Connected() {
				t.Fatal("the connection was lost")
			}
			c.SendBytes(large)
			r.WaitFor("MessageIn", 1)
		})
	})
	t.Run("pain 22: a handler blocks", func(t *testing.T) {
		eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
			r, c := keptAlive(t, v, 20)
			go c.Serve(nil)
			r.On("MessageIn", func(any) { advance(10 * time.Minute) })
			c.SendPublish("a", 0, 0, "x")
			r.WaitFor("MessageIn", 1)
			if !r.M.Connected() {
				t.Error("the connection was lost")
			}
			must(t, r.M.Interrupt())
		})
	})
	t.Run("pain 23: MQTT5-3.1.2-21 Server Keep Alive", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			must(t, r.M.SetKeepAliveInterval(1000))
			c := r.Connect(s, func(c *mqtttest.Conn) []byte {
				return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropServerKeepAlive, 10))
			})
			start := time.Now()
			c.Expect("C0 00")
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("a PINGREQ after %v", took)
			}
			if got := r.M.KeepAliveInterval(); got != 10 {
				t.Errorf("KeepAliveInterval is %d", got)
			}
		})
	})
}

// Ping measures the round trip.
func TestPingRoundTrip(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		must(t, r.M.Ping())
		c.Expect("C0 00")
		advance(1500 * time.Millisecond)
		c.Send("D0 00")
		trace := r.WaitFor("Ping", 1)
		if a := last[mqtt.PingEventArgs](t, trace); a.RoundTrip != 1500*time.Millisecond {
			t.Errorf("%+v", a)
		}
	})
}

// RepublishInterval: 3.1.1 sends again with DUP and the same identifier, in order; v5 never on a living connection; after
// PUBREC nothing is sent again (pain 13).
func TestRepublish(t *testing.T) { t.Run("pain 13", republish) }

func republish(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		config(t, r.M, "RepublishInterval=30")
		for i, qos := range []int{1, 2, 1, 2} {
			must(t, r.M.PublishMessage("t", qos, string(rune('a'+i))))
		}
		wantPackets(t, c, "1:a QoS 1", "2:b QoS 2", "3:c QoS 1", "4:d QoS 2")
		c.SendAck(packet.PUBACK, 3)
		c.SendAck(packet.PUBREC, 4)
		wantPackets(t, c, "4:PUBREL")
		advance(29 * time.Second)
		wantPackets(t, c)
		advance(2 * time.Second)
		wantPackets(t, c, "1:a QoS 1 dup", "2:b QoS 2 dup")
		advance(30 * time.Second)
		wantPackets(t, c, "1:a QoS 1 dup", "2:b QoS 2 dup")
		config(t, r.M, "RepublishInterval=0")
		advance(time.Hour)
		wantPackets(t, c)
		config(t, r.M, "RepublishInterval=10")
		advance(time.Second)
		wantPackets(t, c, "1:a QoS 1 dup", "2:b QoS 2 dup")
		c.SendAck(packet.PUBACK, 1)
		c.SendAck(packet.PUBREC, 2)
		wantPackets(t, c, "2:PUBREL")
		advance(time.Hour)
		wantPackets(t, c)
	})
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		config(t, r.M, "RepublishInterval=1")
		must(t, r.M.PublishMessage("t", 1, "a"))
		must(t, r.M.PublishMessage("t", 2, "b"))
		wantPackets(t, c, "1:a QoS 1", "2:b QoS 2")
		advance(time.Hour)
		wantPackets(t, c)
	})
}

// PublishAndWait returns when the exchange is over, or with 201 exactly at PublishAndWaitTimeout; the message then stays
// in OutgoingMessages and goes on (pain 6).
func TestPublishAndWait(t *testing.T) {
	provesInBubble(t, "pain 6", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		config(t, r.M, "RepublishInterval=0")
		for _, row := range []struct {
			setting string
			want    time.Duration
		}{{"", 10 * time.Second}, {"PublishAndWaitTimeout=3", 3 * time.Second}} {
			if row.setting != "" {
				config(t, r.M, row.setting)
			}
			for qos := 1; qos <= 2; qos++ {
				start := time.Now()
				wantCode(t, r.M.PublishAndWait("t", qos, []byte("x")), 201)
				if took := time.Since(start); took != row.want {
					t.Errorf("it took %v, want %v", took, row.want)
				}
			}
		}
		if got, want := states(r.M.OutgoingMessages()), "1:0 2:1 3:0 4:1"; got != want {
			t.Errorf("OutgoingMessages %s, want %s", got, want)
		}
		wantPackets(t, c, "1:x QoS 1", "2:x QoS 2", "3:x QoS 1", "4:x QoS 2")
		c.SendAck(packet.PUBACK, 1)
		r.WaitFor("MessageOut", 1)
		start := time.Now()
		must(t, r.M.PublishAndWait("t", 0, []byte("x")))
		if took := time.Since(start); took != 0 {
			t.Errorf("QoS 0 took %v", took)
		}
		c.ExpectPublish()
		done := r.Start(func() error { return r.M.PublishAndWait("t", 2, []byte("x")) })
		id := c.ExpectPublish().PacketID
		c.SendAck(packet.PUBREC, id)
		c.ExpectAck(packet.PUBREL, id)
		select {
		case err := <-done:
			t.Errorf("it returned %v before PUBCOMP", err)
		default:
		}
		c.SendAck(packet.PUBCOMP, id)
		must(t, r.Join(done))

		for _, end := range []struct {
			name string
			do   func()
			code int
		}{
			{"Interrupt", func() { must(t, r.M.Interrupt()) }, 301},
			{"Disconnect", func() { go func() { _ = r.M.Disconnect() }() }, 212},
			{"reset", func() { c.Reset() }, 212},
			{"end", func() { c.Close() }, 212},
		} {
			if !r.M.Connected() {
				advance(time.Second)
				s := mqtttest.NewMemoryServer(t)
				mqtt.SetDial(r.M, s.Dial)
				c = r.Connect(s, nil)
			}
			done := r.Start(func() error { return r.M.PublishAndWait("t", 1, []byte("x")) })
			c.ExpectPublish()
			end.do()
			err := r.Join(done)
			if end.code == 212 && end.name == "Disconnect" {
				if err == nil {
					t.Error("Disconnect elsewhere looks like success")
				}
				continue
			}
			wantCode(t, err, end.code)
		}
	})
}

// A server that refuses a message: PublishAndWait returns 500 with the code and its name.
func TestPublishAndWaitRefused(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		for qos := 1; qos <= 2; qos++ {
			done := r.Start(func() error { return r.M.PublishAndWait("t", qos, []byte("x")) })
			id := c.ExpectPublish().PacketID
			ack := packet.PUBACK
			if qos == 2 {
				ack = packet.PUBREC
			}
			c.SendReason(ack, id, packet.QuotaExceeded, nil)
			err := r.Join(done)
			wantCode(t, err, 500)
			r.Pump()
			trace := r.Take()
			if a := last[mqtt.MessageAckEventArgs](t, trace); a.ResponseCode != 151 {
				t.Errorf("%+v", a)
			}
			if trace.Count("MessageOut") != 0 || trace.Count("Error") != 1 {
				t.Errorf("events: %v", trace.Strings())
			}
		}
		if n := r.M.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d in OutgoingMessages", n)
		}
	})
}

// Timeout 0: Connect returns at once, and Connected tells how it ended.
func TestConnectAsynchronously(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		must(t, r.M.SetTimeout(0))
		start := time.Now()
		must(t, r.M.Connect())
		wantCode(t, r.M.Connect(), 1105)
		wantCode(t, r.M.PublishMessage("a", 0, ""), 212)
		wantCode(t, r.M.SetRemotePort(1), 100)
		c := s.Accept(t)
		c.ExpectConnect()
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		c.SendConnack(false, 0, nil)
		trace := r.WaitFor("ReadyToSend", 1)
		if a := last[mqtt.ConnectedEventArgs](t, trace); a.StatusCode != 0 {
			t.Errorf("%+v", a)
		}
		wantCode(t, r.M.Connect(), 104)
		must(t, r.M.Interrupt())
		r.WaitFor("Disconnected", 1)
		synctest.Wait()
		r.Take()

		must(t, r.M.Connect())
		s.Accept(t).ExpectConnect() // and no answer: 60 s is the limit when no setting says another
		start = time.Now()
		trace = r.WaitFor("Connected", 1)
		if a := last[mqtt.ConnectedEventArgs](t, trace); a.StatusCode != 201 {
			t.Errorf("%+v", a)
		}
		if took := time.Since(start); took < 59*time.Second || took > 61*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// Interrupt ends Connect with 301 at each stage, from another goroutine and from a handler, and leaves nothing.
func TestInterruptDuringConnect(t *testing.T) {
	for _, stage := range []string{"BeforeConnect", "dialing", "CONNACK"} {
		t.Run(stage, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				interrupt := func(any) { must(t, r.M.Interrupt()) }
				var release chan struct{}
				switch stage {
				case "BeforeConnect":
					r.On("BeforeConnect", interrupt)
				case "dialing":
					release = make(chan struct{})
					mqtt.SetDial(r.M, blockedDial(release))
				}
				done := r.Start(r.M.Connect)
				switch stage {
				case "dialing":
					synctest.Wait()
					interrupt(nil)
				case "CONNACK":
					c := s.Accept(t)
					c.ExpectConnect()
					interrupt(nil)
					c.ExpectEOF()
				}
				wantCode(t, r.Join(done), 301)
				if r.M.Connected() {
					t.Error("connected")
				}
				r.On("BeforeConnect", nil)
				mqtt.SetDial(r.M, s.Dial)
				synctest.Wait()
				r.Take()
				c := r.Connect(s, nil)
				r.Disconnect(c)
			})
		})
	}
}

// Disconnect from another goroutine ends an attempt too.
func TestDisconnectDuringConnect(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		c.ExpectConnect()
		must(t, r.M.Disconnect())
		wantCode(t, r.Join(done), 301)
		c.ExpectEOF()
		if n := r.Trace().Count("Disconnected"); n != 0 {
			t.Error("Disconnected fired for a connection that never stood")
		}
	})
}

// A message that is given up: PublishAndWait returns the reason, which is no refusal of the server.
func TestPublishAndWaitGivenUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		config(t, r.M, "RepublishTimeout=3")
		start := time.Now()
		done := r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("x")) })
		c.ExpectPublish()
		err := r.Join(done)
		wantCode(t, err, 201)
		if got := time.Since(start); got != 3*time.Second || !strings.Contains(err.Error(), "given up") {
			t.Errorf("after %v: %v", got, err)
		}
	})
}
