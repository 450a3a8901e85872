package protocol

import (
	"fmt"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestRepublish(t *testing.T) {
	start := func(t *testing.T, v packet.Version, interval time.Duration) *trace {
		c := newTrace(t, v)
		c.Settings.RepublishInterval = interval
		c.connect(accepted, persistent)
		return c
	}
	t.Run("MQTT5-4.4.0-1 pain 13: never in v5", func(t *testing.T) {
		c := start(t, packet.V5, minute)
		c.publish("a", "", 1)
		c.publish("a", "", 2)
		c.out()
		c.wantNoDeadline("v5")
		c.advance(time.Hour)
		c.wantIdle("an hour without an answer")
	})
	t.Run("MQTT311-4.4.0-1 interval, DUP, same identifier, order", func(t *testing.T) {
		c := start(t, packet.V311, minute)
		c.wantNoDeadline("nothing sent")
		c.publish("a", "1", 1)
		c.wantNoDeadline("the time begins with the write")
		c.out()
		c.now += 10 * second
		c.publish("a", "2", 2)
		c.publish("a", "0", 0)
		c.out()
		c.pump()
		c.wantDeadline(50*second, "the first")
		for range 3 {
			c.tick(c.now + 50*second - 1)
			c.wantIdle("not due")
			c.tick(c.now + 1)
			c.wantOut("3A _ L'a 00 01 '1", "the first again")
			c.wantDeadline(10*second, "the second")
			c.tick(c.now + 10*second)
			c.wantOut("3C _ L'a 00 02 '2", "the second again")
			c.pump()
		}
		c.wantStates(c.Outgoing(), "1:0 2:1", "no state changes")
	})
	t.Run("MQTT311-3.14.4-2 due together with the end of the connection: nothing is sent behind it", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.Settings.RepublishInterval, c.Settings.AckTimeout = minute, minute
		c.connect(accepted, persistent, keepAliveOf(60))
		c.publish("a", "", 1)
		c.subscribe("f")
		if err := c.Ping(c.now); err != nil {
			t.Fatal(err)
		}
		c.out()
		c.tick(c.now + 10*minute)
		c.wantEnded(errors.ErrTimeout, "no answer to anything")
	})
	t.Run("both due at once", func(t *testing.T) {
		c := start(t, packet.V311, minute)
		for i := range 3 {
			c.publish("a", fmt.Sprint(i), 1)
		}
		c.out()
		c.in("40 02 00 02")
		c.tick(c.now + 10*minute)
		c.wantOut("3A _ L'a 00 01 '0; 3A _ L'a 00 03 '2", "each once, what is acknowledged not")
		c.wantDeadline(minute, "again after the interval")
	})
	t.Run("MQTT311-4.3.3-1 never after PUBREC", func(t *testing.T) {
		c := start(t, packet.V311, minute)
		c.publish("a", "1", 2)
		c.out()
		c.in("50 02 00 01")
		c.wantOut("62 02 00 01", "PUBREL")
		c.pump()
		c.wantNoDeadline("nothing is repeated")
		c.advance(time.Hour)
		c.wantIdle("an hour without PUBCOMP")
	})
	t.Run("switched off and on", func(t *testing.T) {
		c := start(t, packet.V311, 0)
		c.publish("a", "1", 1)
		c.out()
		c.wantNoDeadline("off")
		c.advance(time.Hour)
		c.wantIdle("off")
		c.Settings.RepublishInterval = 2 * time.Hour
		c.wantDeadline(time.Hour, "on")
	})
	t.Run("together with the keep-alive", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.Settings.RepublishInterval = 60 * second
		c.connect(accepted, keepAliveOf(80))
		c.publish("a", "1", 1)
		c.out()
		c.wantDeadline(60*second, "the repetition is first")
		c.advance(60 * second)
		c.wantOut("3A _ L'a 00 01 '1", "the repetition")
		c.wantDeadline(10*second, "it does not postpone PINGREQ: nothing has come since CONNACK")
		c.in("40 02 00 01")
		c.wantDeadline(70*second, "PINGREQ")
	})
	t.Run("the interval starts anew on the next connection", func(t *testing.T) {
		c := start(t, packet.V311, minute)
		c.publish("a", "1", 1)
		c.out()
		c.now += 50 * second
		c.cut()
		c.wantNoDeadline("without a connection")
		c.now += 50 * second
		c.connectQuietly(resumed, persistent)
		c.wantOut("3A _ L'a 00 01 '1", "resumed")
		c.wantDeadline(minute, "the interval")
	})
	t.Run("what waits for InflightLimit is not repeated", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.Settings = Settings{RepublishInterval: minute, InflightLimit: 1}
		c.connect(accepted)
		c.publish("a", "1", 1)
		c.publish("a", "2", 1)
		c.out()
		c.tick(c.now + minute)
		c.wantOut("3A _ L'a 00 01 '1", "the first only")
		c.in("40 02 00 01")
		c.wantOut("32 _ L'a 00 02 '2", "no DUP")
	})
	t.Run("a message that is never answered does not make memory grow behind it", func(t *testing.T) {
		c := start(t, packet.V311, time.Hour)
		c.publish("a", "stuck", 1)
		c.out()
		due := c.now + time.Hour
		for range 50000 {
			m := c.publish("a", "", 1)
			c.now += second / 100
			c.out()
			c.in(fmt.Sprintf("40 02 %04X", m.ID))
			c.pump()
		}
		if n := cap(c.republish.repeat.queue); n > 8192 {
			t.Fatal("the queue holds", n)
		}
		c.wantDeadline(due-c.now, "it falls due all the same")
		c.tick(due)
		c.wantOut("3A _ L'a 00 01 'stuck", "it is repeated all the same")
		if n := cap(c.outgoing.slots); n > 1024 {
			t.Fatal("the list holds", n)
		}
	})
	t.Run("answers that overtake the end of the write do not hide what is not answered", func(t *testing.T) {
		c := start(t, packet.V311, time.Hour)
		c.publish("a", "stuck", 1)
		c.out()
		due := c.now + time.Hour
		for range 60 {
			var acks []byte
			for range 40 {
				acks = packet.AppendShortAck(acks, packet.PUBACK, c.publish("a", "", 1).ID)
			}
			c.TakeOutput(nil)
			c.now += second
			c.feed(acks)
			c.pump()
			c.feed(packet.AppendShortAck(nil, packet.PUBACK, c.publish("a", "", 1).ID))
			c.pump()
			c.OutputWritten(c.now)
			c.out()
		}
		c.wantDeadline(due-c.now, "the first message")
		c.tick(due)
		c.wantOut("3A _ L'a 00 01 'stuck", "repeated")
	})
	t.Run("a message whose memory is in use again is not taken for the old one", func(t *testing.T) {
		c := start(t, packet.V311, minute)
		c.publish("a", "1", 1)
		c.out()
		c.in("40 02 00 01")
		c.pump() // the message is free
		c.in("32 _ L'in 00 01 'in")
		c.tick(c.now + minute)
		c.wantNoOut("nothing is repeated")
		c.wantEvents("of the inbound message", "in 1 #1 in in")
	})
}
