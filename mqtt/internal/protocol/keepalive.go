package protocol

import (
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// keepAlive keeps an idle connection alive and notices a dead one, also one that takes what is written and never
// answers: a system's send buffer swallows megabytes for a peer that is gone. So a PINGREQ goes out when nothing was
// written for the interval, which the specifications demand, and when nothing was received for it, which is our own
// rule. While it is not answered only bytes that arrive are a sign of life, which a long download may bring in front of
// the answer, and the progress of what stands in front of the PINGREQ. A peer that sends and takes nothing is given up
// a little later, and so is one that sends packet after packet and never the answer.
type keepAlive struct {
	interval  time.Duration // in force: CONNECT's, or the Server Keep Alive of CONNACK [MQTT5-3.1.2-21]; 0 = off
	lastWrite Time          // end of the last write, or its last progress
	lastRead  Time
	pinging   bool      // a PINGREQ was queued and no PINGRESP has come since
	where     pingPlace // of the first such PINGREQ
	silent    Time      // when it was queued, or when bytes last left in front of it or with it
	pingSent  Time      // when the last PINGREQ was queued
	overtaken Time      // when the first whole packet came behind a PINGREQ that has left; 0 = none has
	excused   Time      // how long the pump was behind since that PINGREQ has left
	asked     []Time    // PINGREQs that were not answered yet, for the round trip
	pause     Pause
	pausedAt  Time
}

// Pause says whether the owner reads, and why it does not.
type Pause uint8

// The reasons for a pause.
const (
	Reading    Pause = iota
	PumpBehind       // the program does not take what was read, which the peer cannot help
	OutputFull       // the peer does not take the answers to what it sends; see AnswersFull
)

// pingPlace says where a PINGREQ is.
type pingPlace uint8

const (
	pingQueued  pingPlace = iota // in the outgoing buffer
	pingTaken                    // in the write under way
	pingWritten                  // in the hands of the system
)

// progressed notes that bytes have left.
func (k *keepAlive) progressed(now Time) {
	k.lastWrite = max(k.lastWrite, now)
	if k.where != pingWritten {
		k.silent = k.lastWrite
	}
}

// take notes that all that is queued is taken to be written.
func (k *keepAlive) take() {
	if k.where == pingQueued {
		k.where = pingTaken
	}
}

// wrote notes that all that was taken has left.
func (k *keepAlive) wrote(now Time) {
	k.progressed(now)
	if k.where == pingTaken {
		k.where = pingWritten
	}
}

// due is when the next PINGREQ goes out: a little before the interval is over, so that no gap between two packets is
// longer than it [MQTT5-3.1.2-20] [MQTT311-3.1.2-23]. That holds too while PINGRESP is delayed or not read.
func (k *keepAlive) due() Time {
	quiet := k.lastWrite
	if k.pause == Reading {
		quiet = min(quiet, k.lastRead)
	}
	return max(quiet, k.pingSent) + k.interval - k.interval/8
}

func (k *keepAlive) patience(c *Client) time.Duration {
	if c.Settings.PingTimeout > 0 {
		return c.Settings.PingTimeout
	}
	return k.interval
}

func (k *keepAlive) deadline(c *Client) Time {
	if k.interval == 0 {
		return Never
	}
	return min(k.due(), k.verdict(c))
}

// verdict is when the connection is given up (U5-03) (U311-03).
func (k *keepAlive) verdict(c *Client) Time {
	patience := k.patience(c)
	at := Never
	switch k.pause {
	case PumpBehind:
		return Never
	case OutputFull: // nothing is heard, so what counts is whether anything leaves
		at = max(k.lastWrite, k.pausedAt) + k.interval + patience
	case Reading:
		if k.pinging {
			at = max(k.silent, k.lastRead) + patience
		}
	}
	switch {
	case !k.pinging:
	case k.where != pingWritten: // who takes nothing for so long does not live, whatever it sends
		at = min(at, k.silent+k.interval+patience)
	case k.overtaken != 0:
		// The answer may stand behind what the server had queued, and behind the packet that was on its way, however
		// long that takes; not behind all that it ever sends.
		at = min(at, max(k.silent+k.interval, k.overtaken)+patience+k.excused)
	}
	return at
}

func (c *Client) tickKeepAlive(now Time) {
	k := &c.keepAlive
	if now < k.deadline(c) {
		return
	}
	if now >= k.verdict(c) {
		c.endWith(errors.New(errors.ErrTimeout, fmt.Sprintf("No answer to PINGREQ within %v.", k.patience(c))))
		return
	}
	c.sendPing(now)
}

func (c *Client) sendPing(now Time) {
	k := &c.keepAlive
	if !k.pinging {
		k.pinging, k.where, k.silent = true, pingQueued, now
		k.overtaken, k.excused = 0, 0
	}
	k.pingSent = now
	k.asked = append(k.asked, now)
	c.output.tail = packet.AppendPingreq(c.output.tail)
}

// Ping queues a PINGREQ. EventPing tells the answer.
func (c *Client) Ping(now Time) error {
	if err := c.requireConnection("Ping needs a connection."); err != nil {
		return err
	}
	c.sendPing(now)
	return nil
}

// UnansweredPings reports how many PINGREQs wait for their PINGRESP.
func (c *Client) UnansweredPings() int { return len(c.keepAlive.asked) }

func (c *Client) receivePingresp(now Time) {
	k := &c.keepAlive
	k.pinging = false
	if len(k.asked) == 0 {
		return // nobody asked; harmless
	}
	sent := k.asked[0]
	k.asked = k.asked[1:]
	if len(k.asked) == 0 {
		k.asked = nil
	}
	c.pushDetail(EventPing, now-sent, 0)
}

// Heard tells that bytes have arrived, which may be too few for Receive.
func (c *Client) Heard(now Time) { c.keepAlive.lastRead = max(c.keepAlive.lastRead, now) }

// received tells that whole packets have come. If PINGRESP was among them nothing is owed any more.
func (k *keepAlive) received(now Time) {
	if k.pinging && k.where == pingWritten && k.overtaken == 0 {
		k.overtaken = now
	}
}

// SetPaused tells that the owner stops reading, for another reason, or resumes. What was not read is no silence of the
// server. Time in which the pump is behind is not held against it, except that it takes nothing: a pause that is
// shorter than the patience for PINGRESP gives it no reason for that, so that many of them do not excuse it for ever.
func (c *Client) SetPaused(now Time, why Pause) {
	k := &c.keepAlive
	if k.pause == why {
		return
	}
	if k.pause != Reading {
		k.lastRead = max(k.lastRead, now)
	}
	if k.pause == PumpBehind && k.pinging {
		paused := now - max(k.pausedAt, k.silent)
		switch {
		case k.where == pingWritten:
			k.excused += paused
		case now-k.pausedAt >= k.patience(c):
			k.silent += paused
		}
	}
	k.pause, k.pausedAt = why, now
}
