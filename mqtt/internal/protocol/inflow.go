package protocol

import (
	"fmt"
	"math"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// receivePublish takes an inbound message, whether the program has asked for it or not [MQTT5-4.5.0-2]
// [MQTT311-4.5.0-2], and answers by its QoS [MQTT5-3.3.4-1] [MQTT311-3.3.4-1]. QoS 0 goes to the pump. QoS 1 goes to
// the pump and is acknowledged by it, in the order of arrival [MQTT5-4.6.0-2] [MQTT311-4.6.0-2]. QoS 2 is answered with
// PUBREC and kept; it goes to the pump with PUBREL (method A of MQTT311-4.3.3), so that a repetition of the PUBLISH
// finds it here and nothing is delivered twice. With owned the packet's memory is the message's for good; otherwise it
// is copied.
func (c *Client) receivePublish(p *packet.Publish, owned bool) {
	topic, alias, ok := c.resolveTopic(p)
	if !ok {
		return
	}
	if p.QoS > 0 {
		if known := c.inbound.get(p.PacketID); known != nil && !c.receiveAgain(p, known) {
			return
		}
	}
	m := c.store.message()
	m.Topic, m.Alias, m.ID = topic, alias, p.PacketID
	m.QoS, m.Retain, m.Dup = p.QoS, p.Retain, p.Dup
	m.connection = c.connection
	if owned {
		m.Payload, m.Properties = p.Payload, p.Properties
	} else {
		m.Payload = c.store.keep(p.Payload)
		if len(p.Properties) > 0 {
			m.Properties = c.store.keep(p.Properties)
		}
	}
	c.traffic.MessagesIn++
	if p.QoS == 0 {
		c.events.pushMessage(EventMessageIn, m)
		return
	}
	if !c.receivedOne(m) || p.QoS == 2 && !c.keep(packet.PUBLISH, m.size(), "QoS 2") {
		c.store.release(m)
		return
	}
	c.incoming.add(m)
	c.inbound.put(m.ID, m)
	if p.QoS == 1 {
		c.acks.arrive(m)
		m.State = PubackSending
		c.events.pushMessage(EventDeliver, m)
		return
	}
	m.State = PubrecSending
	if c.journal != nil {
		saved := c.saved(m, packet.PUBREL)
		m.key = c.journal.Add(&saved, true)
	}
	c.sendPubrec(m)
}

// receiveAgain handles a PUBLISH whose identifier has an unfinished exchange, and reports whether it is a new message
// all the same.
func (c *Client) receiveAgain(p *packet.Publish, known *Message) bool {
	if known.QoS != p.QoS {
		// [MQTT5-2.2.1-4]: pinned as a protocol error, since either answer would complete the wrong exchange.
		c.fail(packet.PUBLISH, packet.ProtocolError,
			fmt.Sprintf("packet identifier %d is in use by a message of QoS %d", p.PacketID, known.QoS))
		return false
	}
	if p.QoS == 2 {
		// a new message would be lost here: a server that uses identifiers too early is hard to find otherwise
		if !p.Dup {
			c.note(2, "PUBLISH of QoS 2 without DUP for packet %d, whose exchange is open: taken as a repetition.",
				p.PacketID)
		}
		if c.receivedOne(known) {
			// once more, without delivering once more [MQTT5-4.3.3-10] [MQTT311-4.3.3-2]
			c.sendAck(packet.PUBREC, known.ID, packet.Success)
		}
		return false
	}
	if p.Dup {
		// It still waits for the pump, which will acknowledge it: on this connection, since it came on this one too.
		// A session that resumes repeats it, and NATS does on a living connection.
		if known.connection != c.connection {
			known.connection = c.connection
			c.acks.arrive(known)
		}
		if c.receivedOne(known) && known.handled && c.acks.next(known) {
			c.sendPuback(known)
		} else if known.handled {
			c.acks.wait(known.order, known)
		}
		return false
	}
	// A new message: the old one's acknowledgment is not ours to send any more.
	c.inbound.remove(p.PacketID)
	c.settledOne(known)
	c.replaceAck(known)
	if known.handled {
		c.letGo(known)
	}
	return true
}

// sendPubrec answers on receipt [MQTT5-4.3.3-8], so in the order of arrival [MQTT5-4.6.0-3] [MQTT311-4.6.0-3].
func (c *Client) sendPubrec(m *Message) {
	c.sendAck(packet.PUBREC, m.ID, packet.Success)
	m.State = PubrelAwaited
}

// receivePubrel releases a QoS 2 message to the pump, which answers with PUBCOMP when it delivers it.
func (c *Client) receivePubrel(a *packet.Ack) {
	m := c.inbound.get(a.PacketID)
	if m == nil || m.QoS != 2 {
		c.noteEarly(&c.released, a.PacketID)
		// Normal when a session resumes: the exchange was finished here and PUBCOMP was lost [MQTT5-4.3.3-11].
		c.sendAck(packet.PUBCOMP, a.PacketID, packet.PacketIdentifierNotFound)
		return
	}
	if m.connection != c.connection || m.State == PubrelAwaited {
		m.pubrels = 0
	}
	m.connection = c.connection
	if m.pubrels < math.MaxUint8 { // what comes beyond that is a flood, which needs no answer
		m.pubrels++
	}
	if m.State != PubrelAwaited {
		return // the pump has it already, and answers this PUBREL too [MQTT5-4.3.3-11] [MQTT311-4.3.3-2]
	}
	c.kept -= m.size()
	m.State = PubcompSending
	c.events.pushMessage(EventDeliver, m)
}

// Acknowledge queues PUBACK or PUBCOMP of a message that the pump is about to deliver, and reports whether it did: on
// another connection than the message's it must not. Identifier and quota are free from then on. With a Journal all
// that is left to Settle, so that a crash inside the handler does not lose the message.
func (c *Client) Acknowledge(m *Message) bool {
	acknowledged := c.mayAcknowledge(m)
	m.State = InDone
	if c.journal != nil {
		m.settling = true
		return acknowledged
	}
	c.acknowledge(m)
	return acknowledged
}

// AcknowledgeLater is Acknowledge that leaves the acknowledgment to Settle in any case.
func (c *Client) AcknowledgeLater(m *Message) bool {
	m.State, m.settling = InDone, true
	return c.mayAcknowledge(m)
}

// mayAcknowledge reports whether the acknowledgment of m can go out on this connection.
func (c *Client) mayAcknowledge(m *Message) bool {
	return c.inbound.get(m.ID) == m && c.phase == Connected && m.connection == c.connection
}

// acknowledge ends the exchange of m, also when it has expired meanwhile [MQTT5-4.3.3-13]: with PUBACK [MQTT5-4.3.2-4]
// [MQTT311-4.3.2-2], or with PUBCOMP. The same identifier is another message from then on [MQTT5-4.3.2-5]
// [MQTT5-4.3.3-12] [MQTT311-4.3.3-2].
func (c *Client) acknowledge(m *Message) {
	switch {
	case c.inbound.get(m.ID) != m:
		c.letGo(m)
	case m.QoS == 1:
		c.sendPuback(m)
	default:
		if c.mayAcknowledge(m) {
			c.completed = true
			for range max(1, m.pubrels) {
				c.sendAck(packet.PUBCOMP, m.ID, packet.Success)
			}
		}
		c.removeInbound(m)
	}
}

// Settling reports whether Settle has to follow the delivery of m.
func (m *Message) Settling() bool { return m.settling }

// Settle tells that the handlers of m have returned.
func (c *Client) Settle(m *Message) {
	if !m.settling {
		return
	}
	if m.settling = false; m.deferrals == 0 {
		c.finishIn(m)
	}
}

// Delivered tells that MessageAck of m was fired: m leaves the list.
func (c *Client) Delivered(m *Message) { c.incoming.remove(m) }

// Lost reports whether the connection that an outbound message was given to last has ended.
func (c *Client) Lost(m *Message) bool {
	return m.connection != 0 && (m.connection != c.connection || c.phase != Connected)
}

// Release gives back a message that was Awaited.
func (c *Client) Release(m *Message) {
	if m.QoS == 0 {
		c.awaited0--
	}
	if m.Awaited = false; m.Told {
		c.store.release(m)
	}
}
