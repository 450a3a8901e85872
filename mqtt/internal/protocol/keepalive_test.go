package protocol

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

const (
	second = time.Second
	minute = time.Minute
)

// wantVerdict repeats step, which lets a second pass, and checks that the connection is given up after exactly that
// time.
func (c *trace) wantVerdict(after time.Duration, step func()) {
	c.t.Helper()
	start := c.now
	for c.Phase() == Connected && c.now-start <= after {
		step()
	}
	if took := c.now - start; c.Phase() == Connected || took != after {
		c.t.Fatalf("phase %d after %v, want the verdict after %v", c.Phase(), took, after)
	}
}

func TestKeepAlive(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.1.2-20 MQTT311-3.1.2-23 PINGREQ when idle, before the interval is over", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			for range 3 {
				c.wantDeadline(70*second, "a PINGREQ is due seven eighths into the interval")
				c.tick(c.now + 70*second - 1)
				c.wantIdle("not due yet")
				c.wantDeadline(1, "not due yet")
				c.tick(c.now + 1)
				c.wantOut("C0 00", "PINGREQ")
				c.now += 5 * second
				c.in("D0 00")
				c.wantEvents("of PINGRESP", "ping 5s")
				c.wantDeadline(65*second, "seven eighths after the PINGREQ")
				c.now -= 5 * second
			}
		})
		t.Run("MQTT5-3.1.2-20 writes and reads postpone it together, neither does alone", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			c.now += 40 * second
			c.in("30 _ L'a 5:00")
			c.wantDeadline(30*second, "after a read: nothing was written for 40 s")
			c.publish("a", "", 0)
			c.wantDeadline(30*second, "queued is not written")
			c.out()
			c.wantDeadline(70*second, "after both")
			c.now += 40 * second
			c.Heard(c.now)
			c.wantDeadline(30*second, "after a part of a packet was read")
			c.Progress(c.now)
			c.wantDeadline(70*second, "after parts of packets were written and read")
			c.now += 40 * second
			c.publish("a", "", 0)
			c.out()
			c.wantDeadline(30*second, "after a write: nothing was received for 40 s")
			c.advance(30 * second)
			c.wantOut("C0 00", "PINGREQ")
		})
		t.Run("pain 23 a system that swallows what is written is no peer", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 20 * second
			c.connect(accepted, keepAliveOf(80))
			pings := 0
			c.wantVerdict(90*second, func() {
				c.publish("a", "", 0)
				if bytes.Contains(c.out(), []byte{0xC0, 0}) {
					pings++
				}
				c.tick(c.now + second)
				c.pump()
			})
			c.wantEnded(errors.ErrTimeout, "no PINGRESP")
			if pings != 1 {
				t.Fatal(pings, "PINGREQs")
			}
		})
		t.Run("pain 22 acknowledgments are signs of life", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = second
			c.connect(accepted, keepAliveOf(80))
			for range 10 {
				id := c.publish("a", "", 1).ID
				c.wantOut(fmt.Sprintf("32 _ L'a %04X 5:00", id), "no PINGREQ")
				c.in(fmt.Sprintf("40 02 %04X", id))
				c.tick(c.now + 60*second)
			}
			if c.Phase() != Connected {
				t.Fatal(c.End().Err)
			}
		})
		t.Run("pain 23 a PINGREQ by hand counts like one of the interval", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 10 * second
			c.connect(accepted, keepAliveOf(80))
			c.now += 5 * second
			c.wantVerdict(10*second, func() {
				if err := c.Ping(c.now); err != nil {
					t.Fatal(err)
				}
				c.out()
				c.tick(c.now + second)
			})
		})
		t.Run("keep-alive 0 never pings", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.wantNoDeadline("keep-alive 0")
			c.tick(c.now + 1000*time.Hour)
			c.wantIdle("keep-alive 0")
			if err := c.Ping(c.now); err != nil {
				t.Fatal(err)
			}
			c.wantOut("C0 00", "a PINGREQ by hand")
			c.advance(1000 * time.Hour)
			if c.Phase() != Connected || c.UnansweredPings() != 1 {
				t.Fatal("there is no verdict without a keep-alive")
			}
		})
		t.Run("keep-alive 1", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(1))
			c.wantDeadline(875*time.Millisecond, "keep-alive 1")
			c.advance(875 * time.Millisecond)
			c.wantOut("C0 00", "PINGREQ")
			c.in("D0 00")
			c.wantEvents("of PINGRESP", "ping 0s")
		})
		t.Run("U5-03 U311-03 no PINGRESP within the interval", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			c.advance(70 * second)
			c.wantOut("C0 00", "PINGREQ")
			c.advance(80*second - 1)
			if c.Phase() != Connected {
				t.Fatal("given up too early")
			}
			c.out()
			c.advance(1)
			c.wantNoOut("MQTT5-3.1.2-8: no DISCONNECT, so that the will is published")
			c.wantEvents("none; the owner tells the end")
			c.wantEnded(errors.ErrTimeout, "no PINGRESP")
		})
		t.Run("PingTimeout", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 5 * second
			c.connect(accepted, keepAliveOf(80))
			c.tick(c.now + 70*second)
			c.wantOut("C0 00", "PINGREQ")
			c.wantDeadline(5*second, "PingTimeout")
			c.tick(c.now + 5*second - 1)
			c.wantDeadline(1, "PingTimeout")
			c.tick(c.now + 1)
			c.wantEnded(errors.ErrTimeout, "no PINGRESP")
		})
		t.Run("pain 22 PingTimeout ends with PINGRESP, and begins with the next PINGREQ", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 5 * second
			c.connect(accepted, keepAliveOf(80))
			c.tick(c.now + 70*second)
			c.wantOut("C0 00", "PINGREQ")
			c.in("D0 00")
			c.wantEvents("of PINGRESP", "ping 0s")
			c.wantDeadline(70*second, "the next PINGREQ")
			c.tick(c.now + 70*second)
			c.wantOut("C0 00", "PINGREQ, although nothing has arrived for longer than PingTimeout")
			c.wantDeadline(5*second, "PingTimeout")
		})
		t.Run("pain 22: bytes that arrive postpone the verdict", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 5 * second
			c.connect(accepted, keepAliveOf(80))
			c.tick(c.now + 70*second)
			c.wantOut("C0 00", "PINGREQ")
			part := wire(v, "30 FF FF 7F L'a 5:00")
			for range 8 {
				c.now += 4 * second
				c.Receive(c.now, part, false) // a large packet that comes slowly
				c.wantDeadline(5*second, "after bytes")
				c.Tick(c.now)
			}
			c.tick(c.now + 5*second)
			c.wantEnded(errors.ErrTimeout, "silence in the end")
		})
		t.Run("MQTT5-3.1.2-20 PINGREQs go on while a long download delays PINGRESP", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			part := wire(v, "30 FF FF 7F L'a 5:00")
			pings := 0
			last := c.now
			for range 600 {
				c.now += second
				c.Receive(c.now, part, false)
				c.Tick(c.now)
				if len(c.out()) > 0 {
					pings++
					last = c.now
				}
				if c.now-last > 80*second {
					t.Fatal("nothing was written for", c.now-last)
				}
			}
			if pings < 7 || c.Phase() != Connected {
				t.Fatal(pings, "pings; end:", c.End().Err)
			}
		})
		t.Run("pain 3 a pause of our own is not silence, and PINGREQs go on", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			c.SetPaused(c.now, PumpBehind)
			last := c.now
			for range 1000 {
				c.tick(c.now + second)
				if len(c.out()) > 0 {
					last = c.now
				}
				if c.now-last > 80*second {
					t.Fatal("nothing was written for", c.now-last)
				}
			}
			c.SetPaused(c.now, PumpBehind)
			c.SetPaused(c.now, Reading)
			c.tick(c.now + 80*second - 1)
			if c.Phase() != Connected {
				t.Fatal("the pause counted:", c.End().Err)
			}
			c.tick(c.now + 1)
			c.out()
			c.pump()
			c.wantEnded(errors.ErrTimeout, "silence after the pause")
		})
		t.Run("pain 22 a pause of our own asks for no PINGREQ while we write", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			c.SetPaused(c.now, PumpBehind)
			for range 300 {
				c.publish("a", "", 0)
				if b := c.out(); b[0] != 0x30 {
					t.Fatalf("% X was sent", b)
				}
				c.tick(c.now + second)
				c.wantNoOut("paused")
			}
			c.SetPaused(c.now, Reading)
			c.wantDeadline(69*second, "the pause is over")
		})
		t.Run("pain 23 PINGREQs of our own do not postpone the verdict", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 300 * second
			c.connect(accepted, keepAliveOf(80))
			c.wantVerdict(370*second, func() {
				c.advance(second)
				c.out()
			})
		})
		t.Run("a writer that is stuck: the deadline moves on, and ends in the verdict", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			c.publish("a", "", 1)
			c.TakeOutput(nil) // and OutputWritten never comes
			c.advance(150 * second)
			c.out()
			c.wantEnded(errors.ErrTimeout, "no PINGRESP")
		})
		t.Run("an upload that makes progress is no silence", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 5 * second
			c.connect(accepted, keepAliveOf(80))
			c.publish("a", string(make([]byte, 1<<20)), 0)
			c.tick(c.now + 70*second)
			c.TakeOutput(nil) // PINGREQ stands behind the message
			for range 10 {
				c.now += 4 * second
				c.Progress(c.now)
				c.Tick(c.now)
			}
			if c.Phase() != Connected {
				t.Fatal(c.End().Err)
			}
		})
		t.Run("pain 23 progress counts until PINGREQ has left, and not behind it", func(t *testing.T) {
			for name, behind := range map[string]bool{"in front": false, "behind": true} {
				c := newTrace(t, v)
				c.Settings.PingTimeout = 5 * second
				c.connect(accepted, keepAliveOf(80))
				c.publish("a", string(make([]byte, 1<<20)), 0)
				if !behind {
					c.TakeOutput(nil)
				}
				c.tick(c.now + 70*second)
				if behind {
					c.out() // PINGREQ, and with it the message
					c.publish("a", string(make([]byte, 1<<20)), 0)
					c.TakeOutput(nil)
				}
				start := c.now
				for range 4 {
					c.tick(c.now + 4*second)
					c.Progress(c.now)
				}
				if ended := c.Phase() == Ended; ended != behind {
					t.Fatalf("%s: ended %t", name, ended)
				}
				if behind {
					continue
				}
				c.OutputWritten(c.now)
				c.wantDeadline(5*second, "the write in front of PINGREQ has ended")
				c.tick(c.now + 4*second)
				c.wantOut("C0 00", "PINGREQ") // its end is a write too
				c.wantDeadline(5*second, "PINGREQ has left")
				c.tick(c.now + 4*second)
				c.publish("a", "", 0)
				c.out()
				c.Progress(c.now)
				c.wantDeadline(second, "what leaves behind PINGREQ")
				c.pump()
				c.tick(c.now + second)
				c.wantEnded(errors.ErrTimeout, "no PINGRESP")
				if at := c.now - start; at != 25*second {
					t.Fatal("verdict after", at)
				}
			}
		})
		t.Run("pain 23 a peer that sends and does not read", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 5 * second
			c.connect(accepted, keepAliveOf(80))
			c.publish("a", "", 0)
			c.TakeOutput(nil) // and OutputWritten never comes
			c.wantVerdict(155*second, func() {
				c.Heard(c.now)
				c.tick(c.now + second)
			})
		})
		t.Run("pain 22 a peer that neither reads nor is read, because of a pause of our own", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.PingTimeout = 5 * second
			c.connect(accepted, keepAliveOf(80))
			c.publish("a", "", 0)
			c.TakeOutput(nil)
			c.SetPaused(c.now, PumpBehind)
			for range 1000 {
				c.tick(c.now + second)
			}
			c.SetPaused(c.now, Reading)
			c.tick(c.now + 5*second - 1)
			if c.Phase() != Connected {
				t.Fatal("the pause counted:", c.End().Err)
			}
			c.OutputWritten(c.now)
			c.tick(c.now + 1)
			if c.Phase() != Connected {
				t.Fatal(c.End().Err)
			}
		})
		t.Run("round trips of several PINGREQs", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			for range 3 {
				if err := c.Ping(c.now); err != nil {
					t.Fatal(err)
				}
				c.now += second
			}
			c.wantOut("C0 00; C0 00; C0 00", "three by hand")
			c.in("D0 00; D0 00")
			if c.UnansweredPings() != 1 {
				t.Fatal(c.UnansweredPings())
			}
			c.in("D0 00")
			c.wantEvents("of three", "ping 3s", "ping 2s", "ping 1s")
		})
	})
	t.Run("MQTT5-3.1.2-21 Server Keep Alive replaces ours", func(t *testing.T) {
		for in, want := range map[string]time.Duration{"20 _ 00 00 03 13 0008": 7 * second, accepted: 70 * second, "20 _ 00 00 03 13 0000": 0} {
			c := newTrace(t, packet.V5)
			c.connect(in, keepAliveOf(80))
			if want == 0 {
				c.wantNoDeadline(in)
			} else {
				c.wantDeadline(want, in)
			}
		}
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 03 13 0008")
		c.wantDeadline(7*second, "pings start although CONNECT asked for none")
		c.cut()
		c.wantNoDeadline("without a connection")
		c.connect(accepted)
		c.wantNoDeadline("the next connection has none again")
	})
	t.Run("MQTT5-3.3.4-8 PINGREQ is not held back by the quota", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 03 21 0001", keepAliveOf(8))
		c.publish("a", "", 1)
		c.publish("a", "", 1)
		c.out()
		c.advance(7 * second)
		c.wantOut("C0 00", "PINGREQ")
	})
}
