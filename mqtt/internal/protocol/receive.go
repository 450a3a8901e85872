package protocol

import (
	stderrors "errors"
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Receive consumes every whole packet at the start of b, in whichever pieces they come [MQTT5-4.2.0-1]
// [MQTT311-7.1.2-1]. It reports how many bytes they took, and how many bytes the packet that begins behind them has in
// all, as far as that is known (0 = not yet). Replies are in the outgoing buffer afterwards, events in the queue. With
// owned the memory of b is given to the messages in it; otherwise nothing of b is kept.
func (c *Client) Receive(now Time, b []byte, owned bool) (consumed, next int) {
	c.Heard(now)
	c.SetNow(now)
	for c.phase == Connecting || c.phase == Connected {
		rest := b[consumed:]
		h, ok, err := packet.ReadHeader(c.version, packet.FromServer, rest)
		if err != nil {
			c.failOn(err)
			break
		}
		if !ok {
			return c.consumed(now, consumed), 0
		}
		size := h.PacketSize()
		// Decided from the fixed header, before the body is waited for (U5-05) [MQTT5-3.1.2-24].
		if limit, name := c.options.packetLimit(); limit > 0 && int64(size) > limit {
			c.failTooLarge(h.Type(), size, name, limit)
			break
		}
		// [MQTT5-3.2.0-1] [MQTT311-3.2.0-1]; a DISCONNECT tells why there is no CONNACK.
		if t := h.Type(); c.phase == Connecting && t != packet.CONNACK && t != packet.AUTH && t != packet.DISCONNECT {
			c.fail(h.Type(), packet.ProtocolError, "it came before CONNACK")
			break
		}
		if len(rest) < size {
			return c.consumed(now, consumed), size
		}
		c.receivePacket(now, h, rest[h.Size:size:size], owned)
		consumed += size
	}
	return c.consumed(now, len(b)), 0
}

// consumed notes that n bytes of whole packets have come at now.
func (c *Client) consumed(now Time, n int) int {
	if n > 0 {
		c.keepAlive.received(now)
	}
	return n
}

// failTooLarge ends the connection because of a packet that is larger than accepted. A server that was told so breaks a
// rule [MQTT5-3.1.2-24]; 3.1.1 has no way to tell it.
func (c *Client) failTooLarge(t packet.Type, size int, name string, limit int64) {
	if c.version == packet.V5 {
		c.fail(t, packet.PacketTooLarge, fmt.Sprintf("%d bytes, although %s is %d", size, name, limit))
		return
	}
	c.failAs(packet.PacketTooLarge, errors.New(errors.ErrMessageTooLong,
		"The server sent "+tooLong(t, size, name, int(limit))))
}

// failOn ends the connection for an error of the codec.
func (c *Client) failOn(err error) {
	var cause *packet.Error
	if !stderrors.As(err, &cause) {
		cause = &packet.Error{Reason: packet.MalformedPacket, Problem: err.Error()}
	}
	c.failWith(cause)
}

// receivePacket handles one whole packet of a type that a server may send.
func (c *Client) receivePacket(now Time, h packet.Header, body []byte, owned bool) {
	switch t := h.Type(); t {
	case packet.PUBLISH:
		p, err := packet.DecodePublish(c.version, packet.FromServer, h.First, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if c.fits(packet.PUBLISH, p.Properties) {
			c.receivePublish(&p, owned)
		}
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		a, err := packet.DecodeAck(c.version, packet.FromServer, t, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if !c.mayExplain(t, a.Properties) {
			return
		}
		switch t {
		case packet.PUBACK:
			c.receivePuback(&a)
		case packet.PUBREC:
			c.receivePubrec(&a)
		case packet.PUBREL:
			c.receivePubrel(&a)
		case packet.PUBCOMP:
			c.receivePubcomp(&a)
		}
	case packet.SUBACK:
		p, err := packet.DecodeSuback(c.version, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if c.mayExplain(t, p.Properties) {
			c.receiveSuback(t, p.PacketID, p.Reasons, p.Properties)
		}
	case packet.UNSUBACK:
		p, err := packet.DecodeUnsuback(c.version, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if c.mayExplain(t, p.Properties) {
			c.receiveSuback(t, p.PacketID, p.Reasons, p.Properties)
		}
	case packet.CONNACK:
		p, err := packet.DecodeConnack(c.version, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if c.fits(packet.CONNACK, p.Properties) {
			c.receiveConnack(&p)
		}
	case packet.PINGRESP:
		c.receivePingresp(now)
	case packet.DISCONNECT:
		p, err := packet.DecodeDisconnect(c.version, packet.FromServer, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if c.fits(packet.DISCONNECT, p.Properties) {
			c.receiveDisconnect(&p)
		}
	case packet.AUTH:
		p, err := packet.DecodeAuth(packet.FromServer, body)
		if err != nil {
			c.failOn(err)
			return
		}
		if c.fits(packet.AUTH, p.Properties) {
			c.receiveAuth(&p)
		}
	default:
		c.fail(t, packet.ProtocolError, "a server does not send it")
	}
}

// mayExplain checks that a packet explains itself only where Request Problem Information allows it [MQTT5-3.1.2-29],
// and not at too great a length.
func (c *Client) mayExplain(t packet.Type, p packet.Properties) bool {
	if !c.fits(t, p) {
		return false
	}
	if len(p) == 0 || c.options.RequestProblemInformation != 0 || c.version != packet.V5 {
		return true
	}
	c.fail(t, packet.ProtocolError, "a Reason String or User Property, although RequestProblemInformation is false")
	return false
}
