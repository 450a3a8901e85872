package protocol

import (
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestRepublishLimits(t *testing.T) {
	start := func(t *testing.T, s Settings) *trace {
		c := newTrace(t, packet.V311)
		c.Settings = s
		c.connect(accepted, persistent)
		return c
	}
	t.Run("RepublishAttempts", func(t *testing.T) {
		c := start(t, Settings{RepublishInterval: minute, RepublishAttempts: 2})
		m := c.publish("a", "1", 1)
		m.Awaited = true
		c.out()
		for range 2 {
			c.advance(minute)
			c.wantOut("3A _ L'a 00 01 '1", "again")
			c.wantEvents("for the log", "session:")
		}
		c.advance(minute - 1)
		c.wantIdle("the last one has its time too")
		c.advance(1)
		c.wantEvents("of giving up", "error 201", "done 1 refused")
		if !m.Refused || !m.Done {
			t.Errorf("refused %t, done %t", m.Refused, m.Done)
		}
		c.wantNoDeadline("nothing is repeated any more")
		c.wantStates(c.Outgoing(), "", "it has left the list")
	})
	t.Run("RepublishTimeout, shorter and longer than the interval", func(t *testing.T) {
		for _, interval := range []time.Duration{0, 40 * second, time.Hour} {
			c := start(t, Settings{RepublishInterval: interval, RepublishTimeout: minute})
			c.publish("a", "1", 2)
			c.out()
			c.advance(10 * second)
			c.publish("a", "2", 1)
			c.out()
			c.advance(50*second - 1)
			c.out()
			var repeated []string
			if interval == 40*second {
				repeated = []string{"session:", "session:"}
			}
			c.wantEvents("before the time", repeated...)
			c.advance(1)
			c.wantEvents("of the first", "error 201", "done 1 refused")
			c.in("40 02 00 02")
			c.wantEvents("of the second", "done 2 PUBACK 00")
			c.advance(time.Hour)
			c.wantNoOut("nothing is left")
		}
	})
	t.Run("MQTT311-2.3.1-4 the identifier of a given up message is free with its answer only", func(t *testing.T) {
		for _, row := range []struct {
			qos          int
			answer, want string
		}{
			{1, "40 02 00 01", ""},
			{2, "50 02 00 01; 70 02 00 01", "62 02 00 01"},
		} {
			c := start(t, Settings{RepublishTimeout: minute})
			c.publish("a", "1", row.qos)
			c.out()
			c.advance(minute)
			c.pump()
			c.nextID = 0
			if m := c.publish("a", "2", 1); m.ID != 2 {
				t.Errorf("QoS %d: identifier %d was given out", row.qos, m.ID)
			}
			c.out()
			c.in(row.answer)
			c.wantOut(row.want, "the exchange is ended in order")
			c.wantEvents("of a late answer")
			c.nextID = 0
			if m := c.publish("a", "3", 1); m.ID != 1 {
				t.Errorf("QoS %d: identifier %d after the answer, want 1", row.qos, m.ID)
			}
		}
	})
	t.Run("the end of the session frees it too", func(t *testing.T) {
		for _, local := range []bool{false, true} {
			c := newTrace(t, packet.V311)
			c.Settings.RepublishTimeout = minute
			c.connect(accepted)
			c.publish("a", "1", 1)
			c.out()
			c.advance(minute)
			c.pump()
			if local {
				if err := c.Disconnect(0, nil); err != nil {
					t.Fatal(err)
				}
				c.Closed()
			} else {
				c.cut()
				c.connectQuietly(accepted)
			}
			if c.ids.count != 0 {
				t.Errorf("local %t: %d identifiers are in use", local, c.ids.count)
			}
		}
	})
	t.Run("room for the next", func(t *testing.T) {
		c := start(t, Settings{RepublishTimeout: minute, InflightLimit: 1})
		c.publish("a", "1", 1)
		c.publish("a", "2", 1)
		c.out()
		c.advance(minute)
		c.wantOut("32 _ L'a 00 02 '2", "the next one is sent")
	})
	t.Run("counted anew on each connection", func(t *testing.T) {
		c := start(t, Settings{RepublishInterval: minute, RepublishAttempts: 1})
		c.publish("a", "1", 1)
		c.out()
		c.advance(minute)
		c.out()
		c.cut()
		c.connectQuietly(resumed, persistent)
		c.out()
		c.pump()
		c.advance(minute)
		c.wantOut("3A _ L'a 00 01 '1", "once more")
	})
	t.Run("never in v5, and not after PUBREC", func(t *testing.T) {
		for _, v := range []packet.Version{packet.V5, packet.V311} {
			c := newTrace(t, v)
			c.Settings = Settings{RepublishTimeout: minute, RepublishInterval: second, RepublishAttempts: 1}
			c.connect(accepted)
			c.publish("a", "1", 2)
			c.out()
			if v == packet.V311 {
				c.in("50 02 00 01")
				c.out()
				c.pump()
			}
			c.advance(time.Hour)
			c.wantIdle("an hour")
		}
	})
}

// A restored session may have a message under the identifier of one that was given up: there is one of it then.
func TestRestoreOverGivenUp(t *testing.T) {
	c := newTrace(t, packet.V311)
	c.Settings = Settings{RepublishTimeout: minute}
	c.connect(resumed, persistent)
	c.publish("a", "1", 1)
	c.out()
	c.advance(minute)
	c.pump()
	c.cut()
	saved := SavedMessage{Topic: "a", Payload: []byte("1"), ID: 1, QoS: 1, Awaits: packet.PUBACK}
	if err := c.RestoreSession(&Session{ClientID: "c", LastID: 1, Outgoing: []SavedMessage{saved}}); err != nil {
		t.Fatal(err)
	}
	c.connectQuietly(resumed, persistent)
	c.wantOut("3A _ L'a 0001 '1", "the restored one")
	c.in("40 02 00 01")
	if c.ids.count != 0 {
		t.Errorf("%d identifiers are in use", c.ids.count)
	}
}

func TestAckTimeout(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c := newTrace(t, v)
		c.Settings.AckTimeout = minute
		c.connect(accepted)
		for _, filter := range []string{"a", "b"} {
			if _, err := c.Subscribe([]Subscription{{Filter: filter}}, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Unsubscribe([]string{"c"}, "c", nil); err != nil {
			t.Fatal(err)
		}
		c.wantNoDeadline("the time begins with the write")
		c.out()
		c.wantDeadline(minute, "all")
		c.advance(30 * second)
		c.in("90 _ 00 02 5:00 00")
		c.wantEvents("of the second", "subscribed 2 b 00")
		c.advance(30*second - 1)
		c.wantIdle("before the time")
		c.advance(1)
		c.wantEvents("of the others", "error 201", "error 201")
		c.advance(time.Hour)
		c.wantIdle("told once")
		c.in("90 _ 00 01 5:00 01")
		c.wantEvents("of a late answer", "subscribed 1 a 01")
	})
}
