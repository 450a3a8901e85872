package protocol

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// wantLegal decodes what the client wrote: whole packets that a client may send, one DISCONNECT at most and nothing
// behind it, with a reason that a client may give.
func (c *trace) wantLegal(b []byte) (packets int) {
	c.t.Helper()
	for len(b) > 0 {
		h, ok, err := packet.ReadHeader(c.v, packet.FromClient, b)
		if err != nil || !ok || len(b) < h.PacketSize() {
			c.t.Fatalf("the client wrote % X: %v", b, err)
		}
		body := b[h.Size:h.PacketSize()]
		b = b[h.PacketSize():]
		packets++
		switch t := h.Type(); t {
		case packet.PUBLISH:
			_, err = packet.DecodePublish(c.v, packet.FromClient, h.First, body)
		case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
			_, err = packet.DecodeAck(c.v, packet.FromClient, t, body)
		case packet.SUBSCRIBE:
			_, err = packet.DecodeSubscribe(c.v, body)
		case packet.UNSUBSCRIBE:
			_, err = packet.DecodeUnsubscribe(c.v, body)
		case packet.CONNECT:
			_, _, err = packet.DecodeConnect(body)
		case packet.DISCONNECT:
			if c.v == packet.V311 || c.Phase() != Ended || len(b) > 0 {
				c.t.Fatalf("DISCONNECT in phase %d with % X behind it", c.Phase(), b)
			}
			var d packet.Disconnect
			if d, err = packet.DecodeDisconnect(c.v, packet.FromClient, body); err == nil {
				switch d.Reason {
				case packet.MalformedPacket, packet.ProtocolError, packet.ReceiveMaximumExceeded, packet.TopicAliasInvalid, packet.PacketTooLarge:
				default:
					c.t.Fatalf("DISCONNECT with %v", d.Reason)
				}
			}
		case packet.PINGREQ:
		case packet.AUTH:
			_, err = packet.DecodeAuth(packet.FromClient, body)
		default:
			c.t.Fatalf("the client wrote a %v", t)
		}
		if err != nil {
			c.t.Fatalf("the client wrote % X: %v", body, err)
		}
	}
	return packets
}

// wantConsistent checks what holds in every state.
func (c *trace) wantConsistent() {
	c.t.Helper()
	if c.quota > c.window || c.quota < 0 && c.Phase() == Connected {
		c.t.Fatalf("quota %d of %d", c.quota, c.window)
	}
	unsettled := 0
	for m := range c.Incoming().All() {
		if m.holdsQuota {
			unsettled++
		}
	}
	if c.Phase() == Connected && c.unsettled != unsettled {
		c.t.Fatalf("%d unsettled, %d in the list", c.unsettled, unsettled)
	}
	open := 0
	for m := range c.Outgoing().All() {
		if m.State != OutDone {
			open++
			if c.ids.get(m.ID) != m {
				c.t.Fatalf("message %d of state %d has no identifier", m.ID, m.State)
			}
		}
	}
	if c.ids.count != open+c.HeldBack()-c.heldAgain() {
		c.t.Fatalf("%d identifiers, %d messages are open, %d wait", c.ids.count, open, c.HeldBack())
	}
	c.wantCounted()
	if n, bytes := c.Pending(); n == 0 && bytes != 0 {
		c.t.Fatalf("%d bytes are pending in no event", bytes)
	}
}

// wantCounted checks the bytes of memory that are counted as they come and go.
func (c *trace) wantCounted() {
	c.t.Helper()
	kept, inFlight, waiting := c.aliases.inBytes, 0, 0
	for m := range c.Incoming().All() {
		if m.State == PubrelAwaited {
			kept += m.size()
		}
	}
	for _, r := range c.requests {
		kept += r.size()
	}
	for m := range c.Outgoing().All() {
		if m.State != OutDone {
			inFlight += m.size()
		}
	}
	for m := range c.waiting.all() {
		if !m.written {
			waiting += m.size()
		}
	}
	if c.kept != kept || c.inFlight != inFlight || c.waiting.bytes != waiting {
		c.t.Fatalf("%d, %d and %d bytes are kept, in flight and waiting; the messages have %d, %d and %d", c.kept, c.inFlight, c.waiting.bytes, kept, inFlight, waiting)
	}
	aliases := 0
	for _, topic := range c.aliases.in {
		aliases += aliasOverhead + len(topic)
	}
	if c.aliases.inBytes != aliases {
		c.t.Fatalf("the topic aliases have %d bytes, want %d", c.aliases.inBytes, aliases)
	}
}

// heldAgain counts the messages that wait to be sent again, which are in the list of outgoing messages too.
func (c *trace) heldAgain() (n int) {
	for m := range c.Outgoing().All() {
		if m.resending() {
			n++
		}
	}
	return n
}

// fuzzed is a client with exchanges open in both directions and a message that waits for the quota.
func fuzzed(t *testing.T, mode byte) *trace {
	v := packet.V311
	if mode&1 != 0 {
		v = packet.V5
	}
	c := busy(t, v, receiveMaximum(5), func(o *Options) {
		if mode&2 != 0 {
			o.RequestProblemInformation = 0
		}
		if mode&4 != 0 {
			o.MaximumPacketSize = 100
		}
	})
	if mode&128 != 0 {
		c.Settings.RepublishInterval = second
	}
	if mode&8 == 0 {
		c.pump()
		c.out()
	}
	if mode&16 != 0 {
		c.cut()
		c.pump()
		c.Settings.InflightLimit = 1
		c.begin(persistent, receiveMaximum(5))
		if mode&32 != 0 {
			c.in(resumed)
			c.publish("a", "waits", 2)
		}
	}
	return c
}

// survive checks that the client is in order after an input, and that it can go on.
func (c *trace) survive() {
	c.t.Helper()
	c.wantLegal(c.out())
	c.wantConsistent()
	c.Tick(c.now + minute)
	c.wantLegal(c.out())
	if c.Phase() == Connecting {
		return
	}
	ended := c.Phase() == Ended
	if ended && c.v == packet.V311 && c.End().Err == nil {
		c.t.Fatal("ended without a reason")
	}
	c.pump()
	if n := c.wantLegal(c.out()); ended && n > 0 {
		c.t.Fatal(n, "packets after the end")
	}
	c.wantConsistent()
	c.cut()
	c.Settings.InflightLimit = 0
	c.begin(persistent)
	c.in(resumed)
	c.wantLegal(c.out())
	c.wantConsistent()
	for n := 0; c.Outgoing().Len() > 0; n++ {
		var b []byte
		for m := range c.Outgoing().All() {
			switch m.State {
			case PubackAwaited:
				b = packet.AppendShortAck(b, packet.PUBACK, m.ID)
			case PubrecAwaited:
				b = packet.AppendShortAck(b, packet.PUBREC, m.ID)
			case PubcompAwaited:
				b = packet.AppendShortAck(b, packet.PUBCOMP, m.ID)
			}
		}
		c.feed(b)
		c.pump()
		if n > 100 {
			c.t.Fatal("what was accepted does not end")
		}
	}
	c.wantLegal(c.out())
	c.wantConsistent()
	if c.Phase() != Connected || c.HeldBack() != 0 {
		c.t.Fatal("the next connection does not work:", c.End().Err)
	}
}

func FuzzReceive(f *testing.F) {
	for mode := range byte(64) {
		f.Add(mode, wire(packet.V311, accepted+"; 40 02 00 01; 62 02 00 16"))
		f.Add(mode, wire(packet.V5, accepted+"; 50 02 00 02; 70 02 00 03; 30 _ L'a { 23 0001 } 'x; 3A _ L'a 00 15 00 'x"))
		f.Add(mode, wire(packet.V5, "90 _ 00 04 00 00; B0 _ 00 05 00 00; D0 00; E0 01 8B"))
		f.Add(mode, wire(packet.V311, "90 _ 00 04 00; B0 02 00 05; 3C _ L'a 00 16 'y; 3C _ L'a 00 17 'z"))
		f.Add(mode, []byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0})
	}
	f.Fuzz(func(t *testing.T, mode byte, data []byte) {
		c := fuzzed(t, mode)
		consumed, next := c.Receive(c.now, data, mode&64 != 0)
		if consumed > len(data) || next != 0 && next <= len(data)-consumed {
			t.Fatalf("consumed %d of %d, next %d", consumed, len(data), next)
		}
		c.survive()
	})
}

// FuzzSequence feeds packets that are valid by themselves in any order, mixed with the owner's doings.
func FuzzSequence(f *testing.F) {
	f.Add(byte(0), []byte("\x00\x01\x10\x21\x32\x43\x54\x65\x76\x87"))
	f.Add(byte(1), []byte("\x00\x01\x10\x21\x32\x43\x54\x65\x76\x87"))
	f.Add(byte(49), []byte("\x11\x22\x33\xA0\xB1\xC2\x01\x02\x03"))
	f.Add(byte(48), []byte("\xD1\x05\x15\x25\xD1\x05\x15\x25\xC0\xC1"))
	f.Fuzz(func(t *testing.T, mode byte, program []byte) {
		if len(program) > 200 {
			return
		}
		c := fuzzed(t, mode)
		c.out()
		ids := []uint16{1, 2, 3, 4, 5, 21, 22, 23, 6, 7}
		for i, op := range program {
			id := ids[int(op&0x0F)%len(ids)]
			ack := func(t packet.Type, reason packet.ReasonCode) {
				c.feed(packet.AppendAck(nil, c.v, t, &packet.Ack{PacketID: id, Reason: reason}))
			}
			publish := func(qos byte, dup bool) {
				p := packet.Publish{QoS: qos, Dup: dup, Topic: []byte("t"), PacketID: id, Payload: []byte{op}}
				if c.v == packet.V5 && i%3 == 0 {
					p.Properties = p.Properties.AppendUint(packet.PropTopicAlias, 1+uint32(op&3))
				}
				c.feed(packet.AppendPublish(nil, c.v, &p))
			}
			switch op >> 4 {
			case 0:
				ack(packet.PUBACK, 0)
			case 1:
				ack(packet.PUBREC, 0)
			case 2:
				ack(packet.PUBREL, 0)
			case 3:
				ack(packet.PUBCOMP, 0)
			case 4:
				ack(packet.PUBACK, packet.QuotaExceeded)
			case 5:
				ack(packet.PUBREC, packet.QuotaExceeded)
			case 6:
				publish(0, false)
			case 7:
				publish(1, op&8 != 0)
			case 8:
				publish(2, op&8 != 0)
			case 9:
				c.feed(packet.AppendSuback(nil, c.v, &packet.Suback{PacketID: id, Reasons: []byte{0}}))
			case 10:
				c.feed(packet.AppendUnsuback(nil, c.v, &packet.Unsuback{PacketID: id, Reasons: []byte{0}}))
			case 11:
				c.pump()
			case 12:
				if c.Phase() == Connected {
					c.publish("a", "more", int(op)%3)
				}
			case 13:
				c.cut()
				c.begin(persistent, receiveMaximum(int64(1+op&3)))
				c.in([]string{accepted, resumed}[op>>2&1])
			case 14:
				c.take()
			case 15:
				c.Tick(c.now + Time(op)*second)
			}
			c.wantLegal(c.out())
			if c.held == nil {
				c.wantConsistent()
			}
		}
		c.survive()
	})
}
