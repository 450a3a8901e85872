package protocol

import (
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// keepAlive keeps an idle connection alive and notices a dead one.
type keepAlive struct {
	interval  time.Duration // in force: CONNECT's, or the Server Keep Alive of CONNACK [MQTT5-3.1.2-21]; 0 = off
	lastWrite Time          // end of the last write, or its last progress
	lastSign  Time          // the same without writes of nothing but PINGREQs, which a dead link swallows too
	lastRead  Time
	pinging   bool   // PINGREQ was queued by the interval and not answered
	silent    Time   // when the first such PINGREQ was queued
	pingSent  Time   // when the last PINGREQ was queued
	queued    int    // PINGREQs in the outgoing buffer
	only      bool   // the write under way holds nothing but PINGREQs
	asked     []Time // PINGREQs that were not answered yet, for the round trip
	paused    bool   // the owner does not read, so silence means nothing
}

func (k *keepAlive) wrote(now Time) {
	k.lastWrite = max(k.lastWrite, now)
	if !k.only {
		k.lastSign = k.lastWrite
	}
}

// take notes that size bytes are taken to be written.
func (k *keepAlive) take(size int) { k.only, k.queued = size == 2*k.queued, 0 }

// due is when the next PINGREQ goes out: a little before the interval is over, so that no gap between two packets is
// longer than it [MQTT5-3.1.2-20] [MQTT311-3.1.2-23]. That holds too while PINGRESP is delayed or not read.
func (k *keepAlive) due() Time { return max(k.lastWrite, k.pingSent) + k.interval - k.interval/8 }

// silentSince is from when on silence of the server counts. Bytes in either direction show that the link lives: a long
// download delays PINGRESP, and a long upload delays PINGREQ.
func (k *keepAlive) silentSince() Time { return max(k.silent, k.lastRead, k.lastSign) }

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

// verdict is when the connection is given up.
func (k *keepAlive) verdict(c *Client) Time {
	if !k.pinging || k.paused {
		return Never
	}
	return k.silentSince() + k.patience(c)
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
	if !k.pinging {
		k.pinging, k.silent = true, now
	}
	c.sendPing(now)
}

func (c *Client) sendPing(now Time) {
	c.keepAlive.pingSent = now
	c.keepAlive.queued++
	c.keepAlive.asked = append(c.keepAlive.asked, now)
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
	c.pushDetail(EventPing, now-sent)
}

// SetPaused tells that the owner stops or resumes reading, because the pump does not keep up. The pause does not count
// as silence of the server.
func (c *Client) SetPaused(now Time, paused bool) {
	if c.keepAlive.paused && !paused {
		c.keepAlive.lastRead = now
	}
	c.keepAlive.paused = paused
}
