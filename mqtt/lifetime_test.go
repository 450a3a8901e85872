package mqtt_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// publishFor publishes a message that may live for some seconds, 0 = for ever.
func publishFor(t *testing.T, m *mqtt.MQTT, payload string, qos, seconds int) {
	t.Helper()
	_, err := m.PublishWith("a", qos, []byte(payload), mqtt.PublishProperties{MessageExpInterval: seconds, Tag: payload})
	must(t, err)
}

// wantLeft reads a PUBLISH and checks how long it may still live, 0 = for ever.
func wantLeft(t *testing.T, c *mqtttest.Conn, payload string, seconds uint32) {
	t.Helper()
	p := c.ExpectPublish()
	left, _ := p.Properties.Uint(packet.PropMessageExpiryInterval)
	if string(p.Payload) != payload || left != seconds {
		t.Errorf("%s with %d seconds, want %s with %d", p.Payload, left, payload, seconds)
	}
	if p.QoS == 1 { // one of QoS 2 stays in flight
		c.SendAck(packet.PUBACK, p.PacketID)
	}
}

// wantExpired checks that an error tells the end of a message, with its tag, and nothing else does.
func wantExpired(t *testing.T, r *mqtttest.Recorder, code int, payloads ...string) {
	t.Helper()
	var got []string
	for _, e := range r.WaitFor("Error", len(payloads)).Only("Error") {
		if a := e.Args.(*mqtt.ErrorEventArgs); a.ErrorCode == code && a.Tag != nil {
			got = append(got, a.Tag.(string))
		}
	}
	if !slices.Equal(got, payloads) {
		t.Errorf("given up: %v, want %v", got, payloads)
	}
}

// The time that a message waits for a connection, with and without a journal, is taken from its MessageExpInterval.
func TestLifetimeInTheQueue(t *testing.T) {
	for _, journal := range []bool{false, true} {
		t.Run(fmt.Sprint("journal ", journal), func(t *testing.T) {
			dir := ""
			if journal {
				dir = t.TempDir()
			}
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				config(t, r.M, "QueueMessages=True")
				config(t, r.M, "JournalDir="+dir)
				must(t, r.M.SetCleanSession(false))
				publishFor(t, r.M, "1", 1, 100)
				publishFor(t, r.M, "2", 1, 5)
				publishFor(t, r.M, "3", 1, 0)
				publishFor(t, r.M, "4", 0, 5)
				publishFor(t, r.M, "5", 0, 11)
				time.Sleep(10*time.Second + 400*time.Millisecond)
				c := r.Connect(s, nil)
				wantLeft(t, c, "1", 90)
				wantLeft(t, c, "3", 0)
				wantLeft(t, c, "5", 1)
				wantExpired(t, r, errors.ErrTimeout, "2", "4")
				r.WaitFor("MessageOut", 3)
				if n := r.M.OutgoingMessages().Count(); n != 0 {
					t.Errorf("%d outgoing", n)
				}
				c.ExpectNothing()
			})
		})
	}
}

// A message that waits for the server's Receive Maximum expires meanwhile, and is told at once.
func TestLifetimeBehindReceiveMaximum(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		c := r.Connect(s, func(c *mqtttest.Conn) []byte {
			return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropReceiveMaximum, 1))
		})
		publishFor(t, r.M, "1", 1, 0)
		publishFor(t, r.M, "2", 1, 3)
		publishFor(t, r.M, "3", 1, 60)
		first := c.ExpectPublish()
		start := time.Now()
		wantExpired(t, r, errors.ErrTimeout, "2")
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("told after %v", waited)
		}
		time.Sleep(4500 * time.Millisecond)
		c.SendAck(packet.PUBACK, first.PacketID)
		wantLeft(t, c, "3", 60-7)
		wantCode(t, r.M.PublishAndWaitWith("a", 1, nil, mqtt.PublishProperties{MessageExpInterval: 1}), errors.ErrTimeout)
	})
}

// In a saved session and in a journal the time runs while no process has it. What was sent before is sent again whatever its
// time says [MQTT5-4.3.3-7], with a second at least.
func TestLifetimeOverProcesses(t *testing.T) {
	for _, journal := range []bool{false, true} {
		t.Run(fmt.Sprint("journal ", journal), func(t *testing.T) {
			dir := ""
			if journal {
				dir = t.TempDir()
			}
			bubble.Test(t, func(t *testing.T) {
				start := func() (*mqtttest.Recorder, *mqtttest.Server) {
					r, s := memory(t, mqtt.MvV5)
					config(t, r.M, "QueueMessages=True")
					config(t, r.M, "JournalDir="+dir)
					must(t, r.M.SetCleanSession(false))
					return r, s
				}
				r, s := start()
				c := r.Connect(s, nil)
				publishFor(t, r.M, "sent", 1, 5)
				c.ExpectPublish()
				c.Reset()
				r.WaitFor("Disconnected", 1)
				publishFor(t, r.M, "late", 1, 5)
				publishFor(t, r.M, "queued", 2, 60)
				text, err := r.M.SaveSession()
				must(t, err)
				time.Sleep(20 * time.Second)

				r, s = start()
				if !journal {
					must(t, r.M.RestoreSession(text))
				}
				c = r.Connect(s, func(c *mqtttest.Conn) []byte { return c.Connack(true, 0, nil) })
				wantLeft(t, c, "sent", 1)
				wantLeft(t, c, "queued", 40)
				var told int
				for _, e := range r.WaitFor("Error", 1).Only("Error") {
					if e.Args.(*mqtt.ErrorEventArgs).ErrorCode == errors.ErrTimeout {
						told++
					}
				}
				if told != 1 {
					t.Errorf("%d were told as expired, want 1", told)
				}
				c.ExpectNothing()
			})
		})
	}
}

// 3.1.1 has no MessageExpInterval.
func TestNoLifetime(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		config(t, r.M, "QueueMessages=True")
		publishFor(t, r.M, "1", 1, 1)
		time.Sleep(time.Hour)
		c := r.Connect(s, nil)
		if p := c.ExpectPublish(); string(p.Payload) != "1" {
			t.Errorf("%q", p.Payload)
		}
	})
}

// What has expired makes room for others.
func TestExpiredMakesRoom(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _ := memory(t, mqtt.MvV5)
		config(t, r.M, "QueueMessages=True")
		config(t, r.M, "SendQueueSize=2")
		must(t, r.M.SetTimeout(0))
		publishFor(t, r.M, "1", 1, 5)
		publishFor(t, r.M, "2", 0, 500)
		wantCode(t, r.M.PublishMessage("a", 1, ""), errors.ErrWouldBlock)
		time.Sleep(5 * time.Second)
		publishFor(t, r.M, "3", 1, 0)
		wantExpired(t, r, errors.ErrTimeout, "1")
	})
}

// QueueFullPolicy=DropOldest: a full queue loses its oldest message, which is told, and takes the new one.
func TestDropOldest(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		config(t, r.M, "QueueMessages=True")
		config(t, r.M, "SendQueueSize=2")
		config(t, r.M, "QueueFullPolicy=dropoldest")
		if got := config(t, r.M, "QueueFullPolicy"); got != "DropOldest" {
			t.Errorf("it reads %q", got)
		}
		for i := range 5 {
			publishFor(t, r.M, fmt.Sprint(i), i%2, 0)
		}
		wantExpired(t, r, errors.ErrNoBufferSpace, "0", "1", "2")
		wantCode(t, r.M.PublishMessage("#", 1, ""), errors.ErrInvalidTopicName) // which drops nothing
		waited := r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("waited for")) })
		synctest.Wait()
		publishFor(t, r.M, "5", 1, 0)
		publishFor(t, r.M, "6", 1, 0)
		wantCode(t, r.Join(waited), errors.ErrNoBufferSpace)
		c := r.Connect(s, nil)
		for _, want := range []string{"5", "6"} {
			if p := c.ExpectPublish(); string(p.Payload) != want {
				t.Errorf("%q, want %s", p.Payload, want)
			}
		}
		c.ExpectNothing()
	})
}

// The rest of a queue that is bounded by its bytes; and what waits behind the Receive Maximum. What the server may have is
// never dropped.
func TestDropOldestBehindReceiveMaximum(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		config(t, r.M, "SendQueueSize=0")
		config(t, r.M, "QueueFullPolicy=DropOldest")
		must(t, r.M.SetTimeout(0))
		c := r.Connect(s, func(c *mqtttest.Conn) []byte {
			return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropReceiveMaximum, 1))
		})
		payload := make([]byte, 16<<20)
		for i := range 6 {
			_, err := r.M.PublishWith("a", 1, payload, mqtt.PublishProperties{Tag: fmt.Sprint(i)})
			must(t, err)
			if i == 0 {
				c.ExpectPublish()
			}
			synctest.Wait()
			r.Pump()
		}
		wantExpired(t, r, errors.ErrNoBufferSpace, "1", "2")
	})
}
