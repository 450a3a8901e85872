package protocol

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Publish is what the caller of Client.Publish wants sent. Nothing of it is kept: what the exchange needs is copied,
// except a Payload that is Owned.
type Publish struct {
	Topic      string // may be empty with an Alias that was given a topic before
	Payload    []byte
	Owned      bool // nobody changes Payload any more
	QoS        int
	Retain     bool
	Dup        bool              // sets DUP on the first transmission too; without effect on QoS 0
	Alias      uint16            // v5; 0 = none
	Properties packet.Properties // v5; without the alias
	// Awaited makes Publish return a message of QoS 0 too. It is the caller's then until Release, also when it is Done.
	Awaited bool
	// Untold says that nobody wants EventMessageOut of this message of QoS 0. On a connection no message is made for it
	// then, and its payload is not copied but to the outgoing buffer; one of DirectPayload and more has to be Owned.
	Untold bool
	// Ages says that the Message Expiry Interval among Properties runs from now on, which SetNow has told.
	Ages bool
	// Tag is the caller's own; the message has it until its end is told. It is no part of a session or a journal.
	Tag any
}

// CheckPublish refuses what can be refused without looking at the connection.
func CheckPublish(p *Publish) error {
	if p.QoS < 0 || p.QoS > 2 {
		return errors.New(errors.ErrInvalidQoS, "QoS "+strconv.Itoa(p.QoS)+" was given; 0, 1 and 2 exist.")
	}
	if p.Topic == "" && p.Alias != 0 {
		return nil // decided when the connection's mapping is known
	}
	if err := packet.CheckTopicName(p.Topic); err != nil {
		return errors.New(errors.ErrInvalidTopicName, fmt.Sprintf("The topic %s %v.", Quote(p.Topic), err))
	}
	return nil
}

// MayPublish refuses what can be refused without looking at the server's limits.
func (c *Client) MayPublish(p *Publish) error {
	if err := CheckPublish(p); err != nil {
		return err
	}
	if err := c.checkControl(errors.ErrInvalidTopicName, "The topic", p.Topic); err != nil {
		return err
	}
	if c.phase != Connected && !c.Settings.QueueMessages {
		return errors.New(errors.ErrNotConnected, "Publishing to "+Quote(p.Topic)+" needs a connection.")
	}
	return nil
}

// checkControl refuses a topic or a filter with control characters: a server may end the connection because of one, and
// would do so each time that the message is sent again.
func (c *Client) checkControl(code int, what, text string) error {
	if c.Settings.AllowControlCharacters {
		return nil
	}
	if err := packet.CheckNoControl(text); err != nil {
		return errors.New(code, fmt.Sprintf("%s %s %v, because of which servers end connections; "+
			"AllowControlCharacters=True sends it all the same.", what, Quote(text), err))
	}
	return nil
}

// Publish accepts a message: it goes to the outgoing buffer or, while the quota is used up, behind the other messages
// that wait for it. On success the message is returned, for QoS 0 only if it is Awaited. On an error nothing was
// accepted.
func (c *Client) Publish(p *Publish) (*Message, error) {
	if p.Untold && p.QoS == 0 && !p.Awaited && c.phase == Connected {
		return nil, c.publishUntold(p)
	}
	m, err := c.accept(p)
	if err != nil {
		return nil, err
	}
	switch {
	case c.phase != Connected:
		c.waiting.push(m)
	case m.QoS == 0:
		c.writePublish(m)
		c.qos0.add(m)
	case c.quota > 0 && c.waiting.len() == 0:
		c.writePublish(m)
	default:
		c.waiting.push(m)
	}
	if m.QoS == 0 {
		return c.accepted0(m), nil
	}
	return m, nil
}

// publishUntold puts a message of QoS 0 into the outgoing buffer and is done with it.
func (c *Client) publishUntold(p *Publish) error {
	if err := CheckPublish(p); err != nil {
		return err
	}
	if c.untold == nil {
		c.untold = new(Message)
	}
	m := c.untold
	c.fill(m, p)
	err := c.check(m, p)
	if err == nil {
		c.noteAlias(m)
		c.writePublish(m)
	}
	m.Topic, m.Payload, m.Properties = "", nil, nil // which are the caller's
	m.Alias, m.emptyTopic = 0, false
	return err
}

// accept makes a message that may be sent. On an error nothing was accepted.
func (c *Client) accept(p *Publish) (*Message, error) {
	if err := c.MayPublish(p); err != nil {
		return nil, err
	}
	m := c.outbound(p)
	if err := c.prepare(m, p); err != nil {
		c.store.release(m)
		return nil, err
	}
	return m, nil
}

// prepare checks the message, gives it its identifier, and copies what the caller owns.
func (c *Client) prepare(m *Message, p *Publish) error {
	if c.phase != Connected {
		if err := checkQueued(m, p); err != nil {
			return err
		}
		m.connection = 0
	} else if err := c.check(m, p); err != nil {
		return err
	}
	if err := c.take(m, p.Owned); err != nil {
		return err
	}
	if p.Ages {
		c.beginLife(m)
	}
	if c.phase == Connected {
		c.noteAlias(m)
	}
	return nil
}

// check gives the message what version 5.0 has, and refuses what this connection does not take.
func (c *Client) check(m *Message, p *Publish) error {
	if c.version == packet.V5 {
		m.Properties, m.Alias = p.Properties, p.Alias
		if err := c.resolveAlias(m); err != nil {
			return err
		}
	}
	return c.checkPublish(m)
}

// noteAlias notes the topic that the alias of an accepted message stands for from now on.
func (c *Client) noteAlias(m *Message) {
	if m.Alias != 0 {
		c.aliases.choose(m.Alias, m.Topic)
	}
}

// accepted0 returns what Publish returns for a message of QoS 0.
func (c *Client) accepted0(m *Message) *Message {
	if !m.Awaited {
		return nil
	}
	c.awaited0++
	return m
}

// outbound makes the message, with views of what the caller owns.
func (c *Client) outbound(p *Publish) *Message {
	m := c.store.message()
	c.fill(m, p)
	if p.Tag != nil {
		m.Tag = p.Tag
	}
	return m
}

// fill gives a message what the caller wants sent, as views of what the caller owns.
func (c *Client) fill(m *Message, p *Publish) {
	// [MQTT5-4.3.1-1] [MQTT311-4.3.1-1]
	m.Topic, m.QoS, m.Retain, m.Dup = p.Topic, uint8(p.QoS), p.Retain, p.Dup && p.QoS > 0
	m.Payload, m.connection, m.Awaited, m.State = p.Payload, c.connection, p.Awaited, outgoingPending
}

// take gives the message its identifier [MQTT5-4.3.2-1] [MQTT5-4.3.3-1] and copies what the caller owns. It is the last
// step that can fail.
func (c *Client) take(m *Message, owned bool) error {
	if m.QoS > 0 {
		id := c.takeID()
		if id == 0 {
			return errors.New(errors.ErrPacketIdsExhausted, "All 65535 are in use by messages and requests that the "+
				"server has not acknowledged.")
		}
		m.ID, c.lastID = id, id
		c.published, c.released, c.received = true, nil, nil
		c.ids.put(id, m)
	}
	if !owned {
		m.Payload = c.store.keep(m.Payload)
	}
	if len(m.Properties) > 0 {
		m.Properties = c.store.keep(m.Properties)
	}
	return nil
}

// resolveAlias gives a message whose caller relies on an alias its full topic, so that it can be sent again on a
// connection that does not know the alias.
func (c *Client) resolveAlias(m *Message) error {
	if m.Alias == 0 || m.Topic != "" {
		return nil
	}
	topic, known := c.aliases.chosen[m.Alias]
	if !known {
		return errors.New(errors.ErrInvalidTopicName, fmt.Sprintf("The topic is empty and topic alias %d was not "+
			"given one on this connection.", m.Alias))
	}
	m.Topic, m.emptyTopic = topic, true
	return nil
}

// checkPublish refuses what the server of this connection said it does not take, and what MQTT cannot express.
func (c *Client) checkPublish(m *Message) error {
	if c.version == packet.V5 {
		if m.QoS > c.limits.MaximumQoS { // [MQTT5-3.2.2-11] (U5-15)
			return errors.New(errors.ErrInvalidQoS, fmt.Sprintf("QoS %d, but the server takes %d at most "+
				"(MaximumQoS).", m.QoS, c.limits.MaximumQoS))
		}
		if m.Retain && !c.limits.RetainAvailable { // [MQTT5-3.2.2-14]
			return errors.New(errors.ErrProtocol, "PUBLISH with Retain, but the server keeps no retained messages "+
				"(RetainAvailable is false).")
		}
		if m.Alias > c.limits.TopicAliasMaximum { // [MQTT5-3.2.2-17] [MQTT5-3.2.2-18] [MQTT5-3.3.2-9]
			return errors.New(errors.ErrProtocol, fmt.Sprintf("PUBLISH with topic alias %d, but the server takes %d "+
				"at most (ServerTopicAliasMax).", m.Alias, c.limits.TopicAliasMaximum))
		}
		if err := checkFormat(m); err != nil {
			return err
		}
	}
	properties := len(m.Properties)
	if m.Alias != 0 {
		properties += aliasPropertySize
	}
	size := packet.PublishSize(c.version, m.QoS, len(m.Topic), properties, len(m.Payload))
	if uint64(size) > uint64(c.limits.MaximumPacketSize) {
		return c.checkSize(packet.PUBLISH, size)
	}
	return nil
}

// checkFormat refuses a payload that is not what Payload Format Indicator says (U5-23).
func checkFormat(m *Message) error {
	if len(m.Properties) == 0 {
		return nil
	}
	if v, _ := m.Properties.Uint(packet.PropPayloadFormatIndicator); v == 1 && !utf8.Valid(m.Payload) {
		return errors.New(errors.ErrMalformedMessage,
			"PayloadFormatIndicator is 1, but the payload is not valid UTF-8.")
	}
	return nil
}

const aliasPropertySize = 3

// writePublish puts the PUBLISH of m into the outgoing buffer, with its identifier [MQTT5-4.3.2-2] [MQTT5-4.3.3-2]
// [MQTT311-4.3.2-1], as a repetition if it was there before.
func (c *Client) writePublish(m *Message) {
	if m.written {
		m.Dup = true // [MQTT5-3.3.1-1] [MQTT5-3.3.1-3] [MQTT311-3.3.1-1] [MQTT311-3.3.1-3]
	}
	first := packet.PublishFirst(m.Dup, m.QoS, m.Retain)
	topic, properties, alias := m.Topic, m.Properties, m.Alias
	if m.expires != 0 && len(properties) > 0 {
		c.scratch = append(c.scratch[:0], properties...)
		c.scratch.SetUint(packet.PropMessageExpiryInterval, c.secondsLeft(m))
		properties = c.scratch
	}
	if alias != 0 {
		topic = c.aliases.wireTopic(m)
	} else if c.Settings.AutoTopicAlias {
		alias, topic = c.autoAlias(m)
	}
	if alias != 0 {
		c.scratch = append(c.scratch[:0], properties...)
		c.scratch = c.scratch.AppendUint(packet.PropTopicAlias, uint32(alias))
		properties = c.scratch
	}
	o := &c.output
	o.room(packet.PublishSize(c.version, m.QoS, len(topic), len(properties), min(len(m.Payload), DirectPayload)))
	o.tail = packet.AppendPublishHeader(o.tail, c.version, first, topic, m.ID, properties, len(m.Payload))
	if len(m.Payload) >= DirectPayload {
		o.appendDirect(m.Payload)
	} else {
		o.tail = append(o.tail, m.Payload...)
	}
	if !m.written {
		c.traffic.MessagesOut++
	}
	queued := m.connection == 0 && !m.written
	m.connection = c.connection
	if m.QoS == 0 {
		return
	}
	if m.State = PubackAwaited; m.QoS == 2 {
		m.State = PubrecAwaited
	}
	if queued {
		c.noteStep(m, m.awaitsFirst())
	}
	if !m.written {
		m.written = true
		c.outgoing.add(m)
		c.inFlight += m.size()
	}
	again := m.holdsQuota
	if !again {
		m.holdsQuota = true
		c.quota--
	}
	c.noteSent(m, !again)
}

// landed tells that m is not in flight any more, if it was.
func (c *Client) landed(m *Message) {
	if m.written {
		c.inFlight -= m.size()
	}
}

// Quote renders a name for an error text, without letting a hostile one fill the log.
func Quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

func tooLong(t packet.Type, size int, what string, limit int) string {
	return fmt.Sprintf("%v of %d bytes; %s is %d.", t, size, what, limit)
}
