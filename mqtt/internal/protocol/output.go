package protocol

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

const (
	// maxOutput is how many bytes may wait for the writer before publishing has to wait too. It is enough for a
	// thousand small packets in one write, and little enough to stay in the processor's cache.
	maxOutput = 256 << 10
	// DirectPayload is the size from which a payload is handed to the writer as it is instead of being copied.
	DirectPayload = 16 << 10
	// maxAnswers is how many bytes of answers may wait for the writer before nothing more is read. A server that keeps
	// to the protocol cannot make so many without reading: it has 65,535 packet identifiers to send messages under, we
	// have as many, and an answer takes four bytes. So a server that reads only when all it has to send has left is
	// never kept from that. Messages of ours do not count: reading goes on while they leave, since their answers make
	// room.
	maxAnswers = 512 << 10
)

// output is the outgoing buffer: packets as a sequence of segments, the last of which grows.
type output struct {
	segments [][]byte // complete, in order; large payloads stand by themselves
	tails    [][]byte // those of the segments that are buffers of ours
	taken    [][]byte // the same of the segments that were taken
	tail     []byte
	size     int // bytes in all
	answers  int // bytes of the acknowledgments among them
	leaving  int // bytes that were taken and are not written yet
	tailSize int // bytes of the tail that size counts already
	spare    []byte
}

// measure brings size up to date after something was appended to tail.
func (o *output) measure() {
	o.size += len(o.tail) - o.tailSize
	o.tailSize = len(o.tail)
}

// appendDirect queues b itself; nobody may change it any more.
func (o *output) appendDirect(b []byte) {
	o.measure()
	if len(o.tail) > 0 {
		o.endTail(&o.segments)
	}
	o.segments = append(o.segments, b)
	o.size += len(b)
}

// endTail makes the growing segment the last one of dst.
func (o *output) endTail(dst *[][]byte) {
	*dst = append(*dst, o.tail)
	o.tails = append(o.tails, o.tail)
	o.tail, o.tailSize, o.spare = o.spare, 0, nil
}

// room makes room for n more bytes in tail. Small packets may do without: append grows tail too.
func (o *output) room(n int) {
	if cap(o.tail)-len(o.tail) < n {
		o.tail = growOutput(o.tail, n)
	}
}

func (o *output) reset() { *o = output{} }

// OutputSize reports the bytes that wait to be written.
func (c *Client) OutputSize() int {
	c.output.measure()
	return c.output.size
}

// OutputFull reports whether publishing has to wait for the writer.
func (c *Client) OutputFull() bool { return c.OutputSize() >= maxOutput }

// AnswersFull reports whether nothing more may be read until the writer has taken what is to be written, since that
// would be answered.
func (c *Client) AnswersFull() bool { return c.output.answers >= maxAnswers }

// TakeOutput moves all that is to be written to dst, in order. The segments belong to the caller until it calls
// OutputWritten; there is one taker at a time.
func (c *Client) TakeOutput(dst [][]byte) [][]byte {
	o := &c.output
	o.measure()
	c.keepAlive.take()
	dst = append(dst, o.segments...)
	clear(o.segments)
	o.segments = o.segments[:0]
	if len(o.tail) > 0 {
		o.endTail(&dst)
	}
	o.leaving = o.size
	o.size, o.tailSize, o.answers = 0, 0, 0
	o.taken, o.tails = o.tails, o.taken[:0]
	c.qos0, c.qos0Taken = chain{}, c.qos0
	c.republish.repeat.take()
	c.republish.expire.take()
	c.asked.take()
	return dst
}

// OutputWritten tells that everything taken last has left at now. It fires MessageOut of the QoS 0 messages in it.
func (c *Client) OutputWritten(now Time) {
	c.keepAlive.wrote(now)
	c.republish.repeat.stamp(c, now)
	c.republish.expire.stamp(c, now)
	c.asked.stamp(c, now)
	c.settleQoS0(&c.qos0Taken, nil)
	c.events.pushChain(EventMessageOut, 0, 0, c.qos0Taken)
	c.qos0Taken = chain{}
	o := &c.output
	c.traffic.BytesOut += uint64(o.leaving)
	o.leaving = 0
	for i, b := range o.taken {
		o.taken[i] = nil
		if kept := freeOutput(b); kept != nil {
			o.spare = kept
		}
	}
	o.taken = o.taken[:0]
}

// settleQoS0 tells those who await QoS 0 messages of h, if anybody awaits any, that they were written or lost.
func (c *Client) settleQoS0(h *chain, failure error) {
	if c.awaited0 == 0 || h.first == nil {
		return
	}
	for m := h.first; ; m = m.next {
		m.Done, m.Failure = true, failure
		if m == h.last {
			return
		}
	}
}

// Progress tells that the writer got bytes out at now, although not yet everything it took.
func (c *Client) Progress(now Time) { c.keepAlive.progressed(now) }

// SendCustom queues bytes of the caller's own making as one packet, which is whole: anything else would make the server
// misread all that follows. Nothing is expected in answer to it.
func (c *Client) SendCustom(b []byte) error {
	h, ok, _ := packet.ReadFrame(b)
	if !ok || len(b) != h.PacketSize() {
		return errors.New(errors.ErrInvalidArgument, "SendCustomPacket takes one whole packet: its length field does "+
			"not fit the bytes given.")
	}
	if err := c.requireConnection("SendCustomPacket needs a connection."); err != nil {
		return err
	}
	if err := c.checkSize(h.Type(), len(b)); err != nil {
		return err
	}
	c.output.tail = append(c.output.tail, b...)
	return nil
}

// checkSize refuses a packet that the server would not take [MQTT5-3.2.2-15] or that MQTT cannot express.
func (c *Client) checkSize(t packet.Type, size int) error {
	if uint64(size) > uint64(c.limits.MaximumPacketSize) {
		return errors.New(errors.ErrMessageTooLong,
			tooLong(t, size, "the server's Maximum Packet Size", int(c.limits.MaximumPacketSize)))
	}
	return nil
}
