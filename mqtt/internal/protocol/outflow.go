package protocol

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// receivePuback ends a QoS 1 exchange.
func (c *Client) receivePuback(a *packet.Ack) {
	m := c.ids.get(a.PacketID)
	switch {
	case c.answerGivenUp(packet.PUBACK, a.PacketID):
	case m == nil || m.resending():
		// The specifications do not say what an unknown identifier means here; a duplicate is the usual cause.
		c.unknownAck(packet.PUBACK, a.PacketID)
	case m.State == PubackAwaited:
		c.finishPublish(m, packet.PUBACK, a)
	case m.State == PubrecAwaited && c.version == packet.V311:
		// RabbitMQ has no QoS 2 and takes such a message with a PUBACK. It is the only answer that will come.
		c.finishPublish(m, packet.PUBACK, a)
	default:
		c.wrongAck(packet.PUBACK, m)
	}
}

// receivePubrec is the server's receipt for a QoS 2 message: from here on only PUBREL is sent [MQTT5-4.3.3-6]
// [MQTT311-4.3.3-1], or it is the server's refusal, which ends the exchange.
func (c *Client) receivePubrec(a *packet.Ack) {
	m := c.ids.get(a.PacketID)
	switch {
	case c.answerGivenUp(packet.PUBREC, a.PacketID):
	case m != nil && m.resending():
		c.unknownAck(packet.PUBREC, a.PacketID)
	case a.Reason.IsError() && (m == nil || m.State == PubcompAwaited):
		// A refusal has left nothing at the server that a PUBREL could release [MQTT5-4.3.3-4].
		c.unknownAck(packet.PUBREC, a.PacketID)
	case m == nil:
		if c.requests[a.PacketID] != nil {
			c.unknownAck(packet.PUBREC, a.PacketID)
			return
		}
		c.noteEarly(&c.received, a.PacketID)
		// The server completes with this PUBREL what we know nothing of [MQTT5-4.3.3-4].
		c.sendAck(packet.PUBREL, a.PacketID, packet.PacketIdentifierNotFound)
	case m.State == PubrecAwaited && a.Reason.IsError():
		c.finishPublish(m, packet.PUBREC, a)
	case m.State == PubrecAwaited:
		// [MQTT5-4.3.3-3], at once and so in the order of the PUBRECs [MQTT5-4.6.0-4] [MQTT311-4.6.0-4].
		m.State = PubrelSending
		c.noteStep(m, packet.PUBCOMP)
		detail, size := answer(a.Properties)
		c.events.push(Event{Kind: EventPubRec, Reason: a.Reason, Message: m, Detail: detail}, size)
		c.sendPubrel(m)
	case m.State == PubcompAwaited:
		// A repetition of the server's [MQTT311-4.3.3-1]: the PUBREL again, never the PUBLISH.
		c.sendPubrel(m)
	default:
		c.wrongAck(packet.PUBREC, m)
	}
}

// resending reports whether m waits to be sent again on this connection. An answer to the PUBLISH of the last one is
// ignored: the repetition will be answered too.
func (m *Message) resending() bool {
	return (m.State == PubackAwaited || m.State == PubrecAwaited) && !m.holdsQuota
}

func (c *Client) sendPubrel(m *Message) {
	c.sendAck(packet.PUBREL, m.ID, packet.Success)
	m.State = PubcompAwaited
}

// receivePubcomp ends a QoS 2 exchange.
func (c *Client) receivePubcomp(a *packet.Ack) {
	m := c.ids.get(a.PacketID)
	switch {
	case c.answerGivenUp(packet.PUBCOMP, a.PacketID):
	case m == nil:
		c.unknownAck(packet.PUBCOMP, a.PacketID)
	case m.State == PubcompAwaited:
		c.finishPublish(m, packet.PUBCOMP, a)
	default:
		c.wrongAck(packet.PUBCOMP, m)
	}
}

// finishPublish ends the exchange of m: its identifier and its share of the quota are free [MQTT5-4.3.2-3]
// [MQTT5-4.4.0-2] [MQTT311-2.3.1-3] (U5-19), and the pump is told.
func (c *Client) finishPublish(m *Message, by packet.Type, a *packet.Ack) {
	m.Outcome = a.Reason
	// A PUBCOMP with 0x92 says that the server had the message already; only PUBACK and PUBREC can refuse it.
	m.Refused = a.Reason.IsError() && by != packet.PUBCOMP
	if m.Refused {
		c.pushMessageError(m, errors.Refused(int(a.Reason), fmt.Sprintf("The server refused message %d on the topic "+
			"%s: %v with %s.", m.ID, Quote(m.Topic), by, describeReason(by, a.Reason, a.Properties))))
	}
	c.closeExchange(m, a.Reason, by, a.Properties)
	c.sendHeldBack()
}

// closeExchange frees what the exchange of m holds and queues the event that tells its end.
func (c *Client) closeExchange(m *Message, reason packet.ReasonCode, by packet.Type, said packet.Properties) {
	if m.QoS > 0 {
		c.ids.remove(m.ID)
	}
	c.landed(m)
	c.releaseQuota(m)
	c.noteFinish(m)
	m.State, m.Done = OutDone, true
	if detail, size := answer(said); detail != nil {
		c.events.push(Event{Kind: EventPublished, Answer: by, Reason: reason, Message: m, Detail: detail},
			m.size()+size)
		return
	}
	c.events.pushChain(EventPublished, reason, by, one(m))
}

// abandon ends the exchange of a message that was accepted earlier and that this server does not take.
func (c *Client) abandon(m *Message, err error) {
	m.Refused, m.Outcome, m.Failure = true, packet.UnspecifiedError, err
	c.pushMessageError(m, err)
	c.closeExchange(m, packet.UnspecifiedError, 0, nil)
}

// Published tells that the pump has told the end of the exchange of m, or is about to: m leaves the list.
func (c *Client) Published(m *Message) { c.outgoing.remove(m) }

// sendAck queues an acknowledgment in its shortest form.
func (c *Client) sendAck(t packet.Type, id uint16, reason packet.ReasonCode) {
	o := &c.output
	before := len(o.tail)
	if reason == packet.Success || c.version == packet.V311 {
		o.tail = packet.AppendShortAck(o.tail, t, id)
	} else {
		o.tail = packet.AppendAck(o.tail, c.version, t, &packet.Ack{PacketID: id, Reason: reason})
	}
	o.answers += len(o.tail) - before
}

// wrongAck ends the connection after an answer of the wrong kind for its identifier [MQTT5-3.3.4-1].
func (c *Client) wrongAck(t packet.Type, m *Message) {
	c.fail(t, packet.ProtocolError, fmt.Sprintf("packet identifier %d belongs to a PUBLISH of QoS %d that awaits "+
		"another answer", m.ID, m.QoS))
}

// unknownAck handles an answer whose identifier no PUBLISH uses. One that belongs to a request is of the wrong kind;
// any other completes nothing and is noted.
func (c *Client) unknownAck(t packet.Type, id uint16) {
	if r := c.requests[id]; r != nil {
		c.fail(t, packet.ProtocolError, fmt.Sprintf("packet identifier %d belongs to %v", id, r.Type))
		return
	}
	c.note(2, "%v for packet %d, which nothing waits for; ignored.", t, id)
}

// answer copies what an acknowledgment says beyond its code, which takes size bytes; nil if that is nothing.
func answer(p packet.Properties) (detail any, size int) {
	if len(p) == 0 {
		return nil, 0
	}
	reason := p.Text(packet.PropReasonString)
	return &Answer{ReasonString: reason, UserProperties: packet.ReadUserProperties[packet.UserProperty](p)},
		len(reason) + userPropertiesSize(p)
}

// describeReason renders a reason code with its name and what the server said about it.
func describeReason(t packet.Type, r packet.ReasonCode, p packet.Properties) string {
	s := fmt.Sprintf("%d (0x%02X) %s", r, uint8(r), packet.ReasonName(t, r))
	if text, ok := p.Bytes(packet.PropReasonString); ok {
		s += ", " + Quote(string(text))
	}
	return s
}
