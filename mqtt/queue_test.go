package mqtt_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Messages that are published without a connection go out with the next one, in the order of the calls.
func TestQueueMessages(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		wantCode(t, r.M.PublishMessage("a", 1, ""), 212)
		config(t, r.M, "QueueMessages=True")
		for i := range 6 {
			must(t, r.M.PublishMessage("a", i%3, fmt.Sprint(i)))
		}
		if got := config(t, r.M, "QueuedMessages"); got != "6" || r.M.OutgoingMessages().Count() != 0 {
			t.Errorf("%s queued, %d outgoing", got, r.M.OutgoingMessages().Count())
		}
		c := r.Connect(s, nil)
		for i := range 6 {
			if p := c.ExpectPublish(); string(p.Payload) != fmt.Sprint(i) || p.Dup {
				t.Errorf("message %d is %q, DUP %t", i, p.Payload, p.Dup)
			}
		}
		if got := config(t, r.M, "QueuedMessages"); got != "0" {
			t.Errorf("%s queued", got)
		}
		r.WaitFor("MessageOut", 2)
		r.Disconnect(c)
	})
}

// SendQueueSize bounds the queue: QoS 0 is refused at once, QoS 1 and 2 wait for room. Nothing that was accepted is
// dropped.
func TestQueueMessagesBound(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		config(t, r.M, "QueueMessages=True")
		config(t, r.M, "SendQueueSize=2")
		must(t, r.M.SetTimeout(5))
		for i := range 2 {
			must(t, r.M.PublishMessage("a", 1, fmt.Sprint(i)))
		}
		wantCode(t, r.M.PublishMessage("a", 0, "no"), 10035)
		start := time.Now()
		wantCode(t, r.M.PublishMessage("a", 1, "no"), 201)
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("it waited %v", got)
		}
		must(t, r.M.SetTimeout(0))
		wantCode(t, r.M.PublishMessage("a", 2, "no"), 10035)
		wantCode(t, r.M.PublishMessage("#", 2, "no"), 502)

		must(t, r.M.SetTimeout(60))
		done := r.Start(func() error { return r.M.PublishMessage("a", 1, "2") })
		synctest.Wait()
		c := r.Connect(s, nil)
		must(t, r.Join(done))
		for i := range 3 {
			if p := c.ExpectPublish(); string(p.Payload) != fmt.Sprint(i) {
				t.Errorf("message %d is %q", i, p.Payload)
			}
		}
		c.ExpectNothing()
	})
}

// The payloads are bounded too, whatever SendQueueSize says.
func TestQueueMessagesBytes(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _ := memory(t, mqtt.MvV3)
		config(t, r.M, "QueueMessages=True")
		config(t, r.M, "SendQueueSize=0")
		must(t, r.M.SetTimeout(0))
		payload := make([]byte, 16<<20)
		n := 0
		for ; r.M.PublishData("a", 1, payload) == nil; n++ {
		}
		if n != 4 {
			t.Errorf("%d messages of 16 MiB were accepted", n)
		}
		wantCode(t, r.M.PublishData("a", 1, nil), 10035)
	})
}

// PublishAndWait waits over the connection that is still to come, for QoS 0 until it was written.
func TestQueueMessagesPublishAndWait(t *testing.T) {
	for qos := range 3 {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				config(t, r.M, "QueueMessages=True")
				config(t, r.M, "AutoReconnect=True")
				wantCode(t, r.M.PublishAndWait("a", qos, []byte("x")), 201)
				done := r.Start(func() error { return r.M.PublishAndWait("a", qos, []byte("y")) })
				synctest.Wait()
				c := r.Connect(s, nil)
				for range 2 {
					p := c.ExpectPublish()
					switch qos {
					case 1:
						c.SendAck(packet.PUBACK, p.PacketID)
					case 2:
						c.SendAck(packet.PUBREC, p.PacketID)
					}
				}
				if qos == 2 {
					for id := range 2 {
						c.ExpectAck(packet.PUBREL, uint16(id+1))
						c.SendAck(packet.PUBCOMP, uint16(id+1))
					}
				}
				must(t, r.Join(done))
			})
		})
	}
}

// With AutoReconnect a program publishes on while the connection is away.
func TestQueueMessagesWhileReconnecting(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		config(t, r.M, "QueueMessages=True")
		must(t, r.M.PublishMessage("a", 1, "1"))
		c.ExpectPublish()
		c.Reset()
		r.WaitFor("Disconnected", 1)
		must(t, r.M.PublishMessage("a", 1, "2"))
		r.WaitFor("BeforeConnect", 1)
		must(t, r.M.PublishMessage("a", 2, "3"))
		c = d.server.Accept(t)
		c.ExpectConnect()
		must(t, r.M.PublishMessage("a", 1, "4"))
		c.SendConnack(true, 0, nil)
		for i := 1; i <= 4; i++ {
			if p := c.ExpectPublish(); string(p.Payload) != fmt.Sprint(i) || p.Dup != (i == 1) {
				t.Errorf("message %d is %q, DUP %t", i, p.Payload, p.Dup)
			}
		}
		r.WaitFor("ReadyToSend", 1)
	})
}

// PublishAndWait in the middle of connecting waits for that connection.
func TestQueueMessagesPublishAndWaitWhileConnecting(t *testing.T) {
	for qos := range 2 {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV3)
				config(t, r.M, "QueueMessages=True")
				must(t, r.M.SetTimeout(0))
				must(t, r.M.Connect())
				c := s.Accept(t)
				c.ExpectConnect()
				done := r.Start(func() error { return r.M.PublishAndWait("a", qos, nil) })
				synctest.Wait()
				c.SendConnack(false, 0, nil)
				if p := c.ExpectPublish(); qos == 1 {
					c.SendAck(packet.PUBACK, p.PacketID)
				}
				must(t, r.Join(done))
			})
		})
	}
}

// What the server turns out not to take ends the wait with the number that it would have had on a connection.
func TestQueueMessagesNotTaken(t *testing.T) {
	for _, row := range []struct {
		name    string
		qos     int
		setting string
		limit   packet.PropertyID
		code    int
	}{
		{"MaximumQoS", 2, "Retain=False", packet.PropMaximumQoS, 505},
		{"RetainAvailable", 0, "Retain=True", packet.PropRetainAvailable, 500},
		{"RetainAvailable", 1, "Retain=True", packet.PropRetainAvailable, 500},
	} {
		t.Run(fmt.Sprint(row.name, " QoS ", row.qos), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				config(t, r.M, "QueueMessages=True")
				config(t, r.M, row.setting)
				refused := r.Start(func() error { return r.M.PublishAndWait("a", row.qos, []byte("no")) })
				synctest.Wait()
				config(t, r.M, "Retain=False")
				taken := r.Start(func() error { return r.M.PublishAndWait("a", 0, []byte("yes")) })
				synctest.Wait()
				c := r.Connect(s, func(c *mqtttest.Conn) []byte {
					return c.Connack(false, 0, packet.Properties(nil).AppendUint(row.limit, 0))
				})
				wantCode(t, r.Join(refused), row.code)
				must(t, r.Join(taken))
				if p := c.ExpectPublish(); string(p.Payload) != "yes" {
					t.Errorf("%q was sent", p.Payload)
				}
			})
		})
	}
}

// Who waits for room in the queue gets it when SendQueueSize is raised, and hears of Reset.
func TestQueueMessagesRoom(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _ := memory(t, mqtt.MvV5)
		config(t, r.M, "QueueMessages=True")
		config(t, r.M, "SendQueueSize=1")
		must(t, r.M.PublishMessage("a", 1, "1"))
		start := time.Now()
		done := r.Start(func() error { return r.M.PublishMessage("a", 1, "2") })
		synctest.Wait()
		config(t, r.M, "SendQueueSize=2")
		must(t, r.Join(done))
		done = r.Start(func() error { return r.M.PublishMessage("a", 1, "3") })
		synctest.Wait()
		must(t, r.M.Reset())
		wantCode(t, r.Join(done), 301)
		if got := time.Since(start); got != 0 {
			t.Errorf("they waited %v", got)
		}
		if got := config(t, r.M, "QueuedMessages"); got != "0" {
			t.Errorf("%s queued after Reset", got)
		}
	})
}
