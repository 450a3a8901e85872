package protocol

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The ways in which a peer can be silent, second by second. The interval I is 80 s and PingTimeout P is 20 s; whatever
// the peer does, it is given up 2 I + P = 180 s after the last byte that it took or answered, at the latest. Without
// the bound of an own row nothing of it is silence.
func TestWaysToBeSilent(t *testing.T) {
	const interval, patience = 80 * second, 20 * second
	const whole = "30 _ L'a 5:00"
	large := func(v packet.Version) []byte { return wire(v, "30 FF FF 7F L'a 5:00") } // of 2 MB
	many := bytes.Repeat([]byte{0x62, 2, 0, 7}, 10_000)                               // PUBRELs, whose answers are counted
	// A peer that reads takes what is written, one that does not leaves it with the writer.
	reads := func(c *trace) []byte { return c.out() }
	stuck := func(c *trace) []byte { return bytes.Join(c.TakeOutput(nil), nil) }
	for _, row := range []struct {
		name   string
		each   func(c *trace, n int) // in the n-th second
		within time.Duration         // given up after so long at most; 0 = it lives
	}{
		{"never sends and reads", func(c *trace, _ int) { reads(c) }, interval + patience},
		{"never sends and never reads", func(c *trace, _ int) { stuck(c) }, interval + patience},
		{"floods and never reads", func(c *trace, n int) {
			c.in(whole)
			if n == 0 {
				stuck(c)
			}
		}, 2*interval + patience},
		{"floods and never reads, while the pump is behind now and then", func(c *trace, n int) {
			if n%10 == 3 {
				c.SetPaused(c.now, PumpBehind)
			}
			if n%10 == 9 {
				c.SetPaused(c.now, Reading)
				c.in(whole)
			}
			if n == 0 {
				stuck(c)
			}
		}, 2*interval + patience},
		{"floods with what is answered and never reads", func(c *trace, n int) {
			if n == 0 {
				c.in("62 02 0007")
				stuck(c)
			}
			for n == 30 && !c.AnswersFull() {
				c.feed(many)
			}
			if n == 30 {
				c.SetPaused(c.now, OutputFull)
			}
		}, 2*interval + patience},
		{"floods with what is answered after it has taken PINGREQ, and never reads", func(c *trace, n int) {
			switch {
			case n < 75:
				reads(c)
			case n == 76:
				for !c.AnswersFull() {
					c.feed(many)
				}
				stuck(c)
				c.SetPaused(c.now, OutputFull)
			}
		}, 2*interval + patience},
		{"floods, and the system takes all for it", func(c *trace, _ int) {
			c.in(whole)
			reads(c)
		}, 2*interval + patience},
		{"floods in packets that are cut, and the system takes all for it", func(c *trace, _ int) {
			b := wire(c.v, whole+";"+whole+";"+whole)
			n, _ := c.Receive(c.now, b[:len(b)-1], false)
			c.Receive(c.now, b[n:], false)
			reads(c)
		}, 2*interval + patience},
		{"sends now and then, takes all and never answers PINGREQ", func(c *trace, n int) {
			if n%15 == 0 {
				c.in(whole)
			}
			reads(c)
		}, 2*interval + patience},
		{"half a packet, then nothing", func(c *trace, n int) {
			if n < 10 {
				c.Heard(c.now)
			}
			reads(c)
		}, 10*second + interval + patience},
		{"half a packet, then nothing, and reads nothing", func(c *trace, n int) {
			if n < 10 {
				c.Receive(c.now, large(c.v), false)
			}
			stuck(c)
		}, 10*second + interval + patience},
		{"a large packet in small pieces, reading nothing", func(c *trace, n int) {
			c.Receive(c.now, large(c.v), false)
			if n == 0 {
				stuck(c)
			}
		}, 2*interval + patience},
		{"a large packet in small pieces, behind which PINGRESP stands", func(c *trace, n int) {
			c.Receive(c.now, large(c.v), false)
			reads(c)
		}, 0},
		{"reads slowly and answers", func(c *trace, n int) {
			c.publish("a", "", 0)
			if n%19 != 0 {
				return
			}
			if bytes.Contains(reads(c), []byte{0xC0, 0}) {
				c.in("D0 00")
			}
		}, 0},
		{"reads slowly what it has made us answer", func(c *trace, n int) {
			for !c.AnswersFull() {
				c.feed(many)
			}
			c.SetPaused(c.now, OutputFull)
			if n%19 != 0 {
				return
			}
			pings := bytes.Count(reads(c), []byte{0xC0, 0})
			c.SetPaused(c.now, Reading)
			for range pings {
				c.in("D0 00")
			}
		}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			both(t, func(t *testing.T, v packet.Version) {
				c := newTrace(t, v)
				c.Settings.PingTimeout = patience
				c.connect(accepted, keepAliveOf(uint16(interval/second)))
				start := c.now
				for n := 0; c.Phase() == Connected && c.now-start <= 10*time.Minute; n++ {
					row.each(c, n)
					c.pump()
					c.advance(second)
				}
				took := c.now - start
				switch {
				case row.within == 0 && c.Phase() != Connected:
					t.Fatalf("given up after %v", took)
				case row.within != 0 && (c.Phase() == Connected || took > row.within):
					t.Fatalf("phase %d after %v, want the end after %v at most", c.Phase(), took, row.within)
				case row.within != 0:
					c.out() // what it has not taken
					c.wantEnded(errors.ErrTimeout, row.name)
				}
			})
		})
	}
}

// What the program holds up is not held against the peer: while the pump is behind for as long as the patience for
// PINGRESP or longer, the time stands still.
func TestSlowPumpExcuses(t *testing.T) {
	for _, row := range []struct {
		name  string
		stuck bool
	}{{"the peer cannot write, so it does not read", true}, {"the answer stands behind what is not read", false}} {
		t.Run(row.name, func(t *testing.T) {
			both(t, func(t *testing.T, v packet.Version) {
				c := newTrace(t, v)
				c.Settings.PingTimeout = 20 * second
				c.connect(accepted, keepAliveOf(80))
				c.publish("a", "", 0)
				for n := range 100 { // 3000 s, 100 of them with reading
					c.TakeOutput(nil)
					if !row.stuck {
						c.OutputWritten(c.now)
					}
					c.SetPaused(c.now, PumpBehind)
					c.advance(29 * second)
					c.SetPaused(c.now, Reading)
					c.in("30 _ L'a 5:00")
					c.advance(second)
					if c.Phase() != Connected {
						t.Fatal(n, c.End().Err)
					}
					c.pump()
				}
			})
		})
	}
}

// Answers that wait are counted, whatever they answer, and what is taken or dropped counts no more.
func TestAnswersAreCounted(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		for _, row := range []struct {
			name, in string // "%04X" is the packet identifier
			each     int    // bytes of the answer
		}{
			{"PUBREC of nothing that is known", "50 02 %04X", map[packet.Version]int{packet.V311: 4, packet.V5: 5}[v]},
			{"PUBREL of nothing that is known", "62 02 %04X", map[packet.Version]int{packet.V311: 4, packet.V5: 5}[v]},
			{"PUBLISH QoS 1", "32 _ L'a %04X 5:00", 4},
			{"PUBLISH QoS 2", "34 _ L'a %04X 5:00", 4},
		} {
			c := newTrace(t, v)
			c.connect(accepted)
			want := (maxAnswers + row.each - 1) / row.each
			n := 0
			for ; !c.AnswersFull() && n <= want; n++ {
				c.in(fmt.Sprintf(row.in, n%65_000+1))
				c.pump()
			}
			if n != want {
				t.Errorf("%s: full after %d, want %d", row.name, n, want)
			}
			c.TakeOutput(nil)
			if c.AnswersFull() {
				t.Errorf("%s: full after the writer has taken everything", row.name)
			}
		}
		c := newTrace(t, v)
		c.connect(accepted)
		c.publish("a", string(make([]byte, 2*maxAnswers)), 0)
		if c.AnswersFull() {
			t.Error("a message of ours counts")
		}
	})
}
