package mqtt_test

import (
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Stats tells each thing as it is at the moment of the call, over two connections and Reset.
func TestStats(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		m := r.M
		want := func(when string, want mqtt.Stats) {
			t.Helper()
			got := m.Stats()
			if errors.Code(got.LastError) != errors.Code(want.LastError) {
				t.Errorf("%s: last error %v, want %v", when, got.LastError, want.LastError)
			}
			if got.LastError = want.LastError; got != want {
				t.Errorf("%s:\n%+v, want\n%+v", when, got, want)
			}
		}
		want("new", mqtt.Stats{})

		begin := time.Now()
		c := r.Connect(s, nil)
		now := mqtt.Stats{ConnectedSince: begin, LastActivity: begin}
		connect, connack := m.Stats().BytesOut, m.Stats().BytesIn
		if connect == 0 || connack == 0 {
			t.Fatalf("CONNECT has %d bytes, CONNACK %d", connect, connack)
		}
		now.BytesOut, now.BytesIn = connect, connack
		want("connected", now)

		advance(time.Second)
		publish := func(qos int) *packet.Publish {
			must(t, m.PublishData("a", qos, []byte("x")))
			return c.ExpectPublish()
		}
		publish(0)
		p := publish(1)
		publish(2)
		size := func(qos byte) uint64 {
			return uint64(packet.PublishSize(c.Version, qos, len("a"), 0, len("x")))
		}
		now.LastActivity, now.MessagesOut, now.InFlight = time.Now(), 3, 2
		now.BytesOut += size(0) + size(1) + size(2)
		r.WaitFor("MessageOut", 1)
		want("published", now)

		c.SendAck(packet.PUBACK, p.PacketID)
		c.SendPublish("b", 0, 0, "x")
		c.SendPublish("b", 1, 9, "x")
		c.SendPublish("b", 2, 10, "x")
		c.SendPublish("b", 2, 10, "x") // again: it is here already
		c.ExpectAck(packet.PUBREC, 10)
		c.ExpectAck(packet.PUBREC, 10)
		r.WaitFor("MessageIn", 2)
		c.ExpectAck(packet.PUBACK, 9)
		now.InFlight, now.MessagesIn = 1, 3
		now.BytesIn += 4 + size(0) + size(1) + 2*size(2)
		now.BytesOut += 3 * 4
		want("received", now)
	})
}

// What fails is the last error until something else does, told by an event or by the end of an attempt.
func TestStatsLastError(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s, c := connected(t, mqtt.MvV5)
		r.Lenient()
		m := r.M
		c.Close()
		r.WaitFor("Disconnected", 1)
		wantCode(t, m.Stats().LastError, errors.ErrConnectionClosedByPeer)
		if got := m.Stats(); !got.ConnectedSince.IsZero() || got.Reconnections != 0 {
			t.Errorf("after the end: %+v", got)
		}
		c = r.Connect(s, nil)
		wantCode(t, m.Stats().LastError, errors.ErrConnectionClosedByPeer)
		if n := m.Stats().Reconnections; n != 1 {
			t.Errorf("%d reconnections, want 1", n)
		}
		must(t, m.PublishData("a", 1, nil))
		c.SendReason(packet.PUBACK, c.ExpectPublish().PacketID, packet.NotAuthorized, nil)
		r.WaitFor("Error", 1)
		wantCode(t, m.Stats().LastError, errors.ErrProtocol)
		must(t, m.Reset())
		r.WasReset()
		if got := m.Stats(); got != (mqtt.Stats{}) {
			t.Errorf("after Reset: %+v", got)
		}
	})
}

// What waits is counted where it waits.
func TestStatsQueued(t *testing.T) {
	m := recorded(t)
	config(t, m, "QueueMessages=True")
	for range 3 {
		must(t, m.PublishData("a", 1, nil))
	}
	if got := m.Stats(); got.Queued != 3 || got.InFlight != 0 || got.MessagesOut != 0 {
		t.Errorf("three messages without a connection: %+v", got)
	}
}
