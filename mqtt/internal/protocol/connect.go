package protocol

import (
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Absent stands for a numeric v5 property that is not sent.
const Absent = -1

// Options are what CONNECT says. The caller has checked texts and ranges.
type Options struct {
	Version     packet.Version
	ClientID    string
	CleanStart  bool
	KeepAlive   uint16 // seconds; 0 = off
	User        string
	HasUser     bool
	Password    string
	HasPassword bool
	Will        *Will

	// v5 properties; Absent = not sent.
	SessionExpiry              int64
	ReceiveMaximum             int64
	MaximumPacketSize          int64 // Absent = MaxIncomingPacketSize
	TopicAliasMaximum          int64
	RequestProblemInformation  int64
	RequestResponseInformation int64
	AuthenticationMethod       string
	AuthenticationData         []byte
	UserProperties             []packet.UserProperty

	// MaxIncomingPacketSize bounds the packets that are accepted, in both versions; 0 = as MQTT does.
	MaxIncomingPacketSize int

	// Resubscribe makes the subscriptions of the last connection again when the server has no session. What
	// Settings.QueueRequests has kept is sent in any case.
	Resubscribe bool
}

// Will is the message that the server publishes when the connection ends without DISCONNECT.
type Will struct {
	Topic      string
	Payload    []byte
	QoS        uint8
	Retain     bool
	Properties packet.Properties
}

func (o *Options) receiveMaximum() int {
	if o.ReceiveMaximum == Absent {
		return 65535
	}
	return int(o.ReceiveMaximum)
}

// packetLimit is the size of the largest packet that is accepted, and the name that the program knows it by; 0 = no
// limit but MQTT's.
func (o *Options) packetLimit() (limit int64, name string) {
	if o.Version == packet.V5 && o.MaximumPacketSize != Absent {
		return o.MaximumPacketSize, "MaximumPacketSize"
	}
	return int64(o.MaxIncomingPacketSize), "MaxIncomingPacketSize"
}

func (o *Options) topicAliasMaximum() int { return int(max(o.TopicAliasMaximum, 0)) }

// Limits are what the server of this connection takes, from CONNACK or by default.
type Limits struct {
	ReceiveMaximum                   uint16
	MaximumQoS                       uint8
	MaximumPacketSize                uint32
	TopicAliasMaximum                uint16
	KeepAlive                        uint16 // seconds, in force
	SessionExpiry                    uint32 // seconds, in force; 0xFFFFFFFF = never
	RetainAvailable                  bool
	WildcardAvailable                bool
	SharedAvailable                  bool
	SubscriptionIdentifiersAvailable bool
}

// ConnAck is what CONNACK said. Properties is a copy.
type ConnAck struct {
	SessionPresent bool
	Reason         packet.ReasonCode // v3.1.1: the return code
	Version        packet.Version
	Properties     packet.Properties
	ClientID       string // in force: the one that was sent, or the server's
}

// Connect begins a connection: it queues CONNECT, the first packet of every connection [MQTT5-3.1.0-1]
// [MQTT311-3.1.0-1].
func (c *Client) Connect(now Time, o *Options) error {
	p := packet.Connect{
		CleanStart: o.CleanStart, KeepAlive: o.KeepAlive, ClientID: []byte(o.ClientID),
		HasUserName: o.HasUser, UserName: []byte(o.User), HasPassword: o.HasPassword, Password: []byte(o.Password),
	}
	if w := o.Will; w != nil {
		p.HasWill = true
		p.Will = packet.Will{Topic: []byte(w.Topic), Payload: w.Payload, QoS: w.QoS, Retain: w.Retain}
		if o.Version == packet.V5 {
			p.Will.Properties = w.Properties
		}
	}
	if o.Version == packet.V5 {
		p.Properties = o.properties()
	}
	encoded := packet.AppendConnect(nil, o.Version, &p)
	if len(encoded) > packet.MaxRemainingLength {
		return errors.New(errors.ErrMessageTooLong,
			tooLong(packet.CONNECT, len(encoded), "MQTT's limit", packet.MaxRemainingLength))
	}
	c.options, c.version = *o, o.Version
	c.connection++
	c.acks = ackOrder{}
	c.phase, c.accepted, c.end = Connecting, false, End{}
	c.resetAsked()
	c.output.reset()
	c.forgetAliases()
	c.republish.reset()
	c.qos0, c.qos0Taken = chain{}, chain{}
	c.published, c.completed = false, false
	c.auth = authentication{}
	c.keepAlive = keepAlive{lastWrite: now, lastRead: now}
	c.limits = c.defaultLimits()
	c.output.tail = encoded
	return nil
}

func (o *Options) properties() packet.Properties {
	var p packet.Properties
	number := func(id packet.PropertyID, v int64) {
		if v != Absent {
			p = p.AppendUint(id, uint32(v))
		}
	}
	number(packet.PropSessionExpiryInterval, o.SessionExpiry)
	number(packet.PropReceiveMaximum, o.ReceiveMaximum)
	if limit, _ := o.packetLimit(); limit > 0 {
		number(packet.PropMaximumPacketSize, int64(limit))
	}
	number(packet.PropTopicAliasMaximum, o.TopicAliasMaximum)
	number(packet.PropRequestResponseInformation, o.RequestResponseInformation)
	number(packet.PropRequestProblemInformation, o.RequestProblemInformation)
	if o.AuthenticationMethod != "" {
		p = p.AppendString(packet.PropAuthenticationMethod, o.AuthenticationMethod)
		if len(o.AuthenticationData) > 0 { // U5-09
			p = p.AppendBytes(packet.PropAuthenticationData, o.AuthenticationData)
		}
	}
	return packet.AppendUserProperties(p, o.UserProperties)
}

func (c *Client) defaultLimits() Limits {
	return Limits{
		ReceiveMaximum: 65535, MaximumQoS: 2, MaximumPacketSize: packet.MaxPacketSize,
		KeepAlive: c.options.KeepAlive, SessionExpiry: uint32(max(c.options.SessionExpiry, 0)), // U5-26
		RetainAvailable: true, WildcardAvailable: true, SharedAvailable: true, SubscriptionIdentifiersAvailable: true,
	}
}

// negotiate takes over what CONNACK says.
func (c *Client) negotiate(p packet.Properties) {
	l := &c.limits
	number := func(id packet.PropertyID, set func(uint32)) {
		if v, ok := p.Uint(id); ok {
			set(v)
		}
	}
	number(packet.PropReceiveMaximum, func(v uint32) { l.ReceiveMaximum = uint16(v) })
	number(packet.PropMaximumQoS, func(v uint32) { l.MaximumQoS = uint8(v) })
	number(packet.PropMaximumPacketSize, func(v uint32) { l.MaximumPacketSize = min(v, packet.MaxPacketSize) })
	number(packet.PropTopicAliasMaximum, func(v uint32) { l.TopicAliasMaximum = uint16(v) })
	number(packet.PropServerKeepAlive, func(v uint32) { l.KeepAlive = uint16(v) })   // [MQTT5-3.2.2-21]
	number(packet.PropSessionExpiryInterval, func(v uint32) { l.SessionExpiry = v }) // U5-17
	number(packet.PropRetainAvailable, func(v uint32) { l.RetainAvailable = v != 0 })
	number(packet.PropWildcardSubscriptionAvailable, func(v uint32) { l.WildcardAvailable = v != 0 })
	number(packet.PropSharedSubscriptionAvailable, func(v uint32) { l.SharedAvailable = v != 0 })
	number(packet.PropSubscriptionIdentifierAvailable, func(v uint32) { l.SubscriptionIdentifiersAvailable = v != 0 })
}

// receiveConnack decides whether the connection stands.
func (c *Client) receiveConnack(p *packet.Connack) {
	if c.phase != Connecting {
		c.fail(packet.CONNACK, packet.ProtocolError, "a second one on the same connection") // [MQTT5-3.2.0-2]
		return
	}
	ack := &ConnAck{
		SessionPresent: p.SessionPresent, Reason: p.Reason, Version: c.version,
		Properties: append(packet.Properties(nil), p.Properties...), ClientID: c.options.ClientID,
	}
	c.connAck = ack
	if p.Reason != packet.Success {
		c.refused(ack)
		return
	}
	if p.SessionPresent && c.options.CleanStart { // [MQTT5-3.2.2-2] [MQTT311-3.2.2-1]
		c.fail(packet.CONNACK, packet.ProtocolError, "it says that a session is present, although a clean one was "+
			"asked for")
		return
	}
	if assigned, ok := p.Properties.Bytes(packet.PropAssignedClientIdentifier); ok {
		ack.ClientID = string(assigned)
	} else if c.version == packet.V5 && c.options.ClientID == "" { // [MQTT5-3.1.3-7]
		c.fail(packet.CONNACK, packet.ProtocolError, "no client identifier was sent and the server assigned none")
		return
	}
	if problem := c.checkAuthentication(p.Properties); problem != "" {
		c.fail(packet.CONNACK, packet.ProtocolError, problem)
		return
	}
	c.phase, c.accepted = Connected, true
	c.auth = authentication{} // an answer that was not sent is not wanted any more
	c.negotiate(p.Properties)
	c.keepAlive.interval = time.Duration(c.limits.KeepAlive) * time.Second
	c.pushDetail(EventConnAck, ack, len(ack.Properties))
	c.events.push(Event{Kind: EventConnected}, 0)
	c.PushReadyToSend()
	c.openQuota()
	if !p.SessionPresent {
		c.released, c.received, c.lostSessionOf = nil, nil, ack.ClientID
	}
	c.startSubscriptions(p.SessionPresent)
	c.deliverRestored()
	// The state of one client identifier is never replayed as another [MQTT5-3.1.3-2] [MQTT311-3.1.3-2].
	if p.SessionPresent && c.hasSession && c.sessionClientID == ack.ClientID {
		c.resumeSession()
	} else {
		// A server's session that we know nothing of is taken as one without messages of ours: CleanSession false
		// says that the program wants it, and RestoreSession may supply our side (pinned for [MQTT5-3.2.2-4], U311-04).
		c.dropSession()
	}
	c.hasSession, c.sessionClientID = c.lives(), ack.ClientID
}

// refused ends an attempt that the server refuses. The session, if there is one, stays as it is [MQTT5-3.2.2-6]; the
// connection is closed [MQTT5-4.13.2-1].
func (c *Client) refused(ack *ConnAck) {
	text := ""
	if c.version == packet.V311 {
		text = fmt.Sprintf("The server refused the connection: CONNACK with code %d, %s.", ack.Reason,
			packet.ReturnCodeName(byte(ack.Reason)))
	} else {
		text = fmt.Sprintf("The server refused the connection: CONNACK with %s.",
			describeReason(packet.CONNACK, ack.Reason, ack.Properties))
	}
	c.pushDetail(EventConnAck, ack, len(ack.Properties))
	c.endWith(errors.Refused(int(ack.Reason), text))
}
