package mqtt_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// A publish followed at once by Disconnect: with DisconnectWait it waits until the server has taken what was accepted.
func TestDisconnectWaitsForAcknowledgments(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		config(t, r.M, "DisconnectWait=1")
		must(t, r.M.PublishMessage("a", 1, "1"))
		must(t, r.M.PublishMessage("a", 2, "2"))
		must(t, r.M.PublishMessage("a", 0, "3"))
		done := r.Start(r.M.Disconnect)
		for range 3 {
			c.ExpectPublish()
		}
		time.Sleep(500 * time.Millisecond)
		if !r.M.Connected() {
			t.Error("it did not wait")
		}
		c.SendAck(packet.PUBACK, 1)
		c.SendAck(packet.PUBREC, 2)
		c.ExpectType(packet.PUBREL)
		time.Sleep(400 * time.Millisecond)
		c.SendAck(packet.PUBCOMP, 2)
		c.ExpectType(packet.DISCONNECT)
		c.Close()
		must(t, r.Join(done))
		trace := r.Take()
		if n := trace.Count("MessageOut"); n != 3 {
			t.Errorf("%d MessageOut: %v", n, trace.Strings())
		}
		if n := trace.Count("Error"); n != 0 {
			t.Errorf("%d errors: %v", n, trace.Strings())
		}
	})
}

// A server that does not acknowledge holds Disconnect up for DisconnectWait; a message that goes with its session is told by
// OnError.
func TestDisconnectWithoutAcknowledgments(t *testing.T) {
	for _, wait := range []int{20, 0} {
		for _, clean := range []bool{true, false} {
			t.Run(map[bool]string{true: "clean", false: "lasting"}[clean], func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, s := memory(t, v)
					must(t, r.M.SetCleanSession(clean))
					c := r.Connect(s, nil)
					r.Take()
					config(t, r.M, fmt.Sprint("DisconnectWait=", wait))
					_, err := r.M.PublishWith("a", 1, nil, mqtt.PublishProperties{Tag: "tag"})
					must(t, err)
					start := time.Now()
					done := r.Start(r.M.Disconnect)
					c.ExpectPublish()
					c.ExpectType(packet.DISCONNECT)
					c.Close()
					must(t, r.Join(done))
					if waited := time.Since(start); waited != time.Duration(wait)*time.Second {
						t.Errorf("it waited %v", waited)
					}
					told := r.Take().Only("Error")
					if clean != (len(told) == 1) {
						t.Errorf("%v", told.Strings())
					}
					for _, e := range told {
						if a := e.Args.(*mqtt.ErrorEventArgs); a.ErrorCode != errors.ErrNotConnected || a.Tag != "tag" {
							t.Errorf("%v", e)
						}
					}
					if n := r.M.OutgoingMessages().Count(); clean != (n == 0) {
						t.Errorf("%d outgoing", n)
					}
				})
			})
		}
	}
}

// Interrupt, and the end of the connection, end the waiting, and no automatic connection follows.
func TestDisconnectStopsWaiting(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, d, c := reconnecting(t, mqtt.MvV5)
		config(t, r.M, "DisconnectWait=60")
		must(t, r.M.PublishMessage("a", 1, "1"))
		done := r.Start(r.M.Disconnect)
		c.ExpectPublish()
		synctest.Wait()
		c.Reset()
		must(t, r.Join(done))
		time.Sleep(time.Hour)
		if n := d.dialed.Load(); n != 1 {
			t.Errorf("it connected %d times", n)
		}
	})
}
