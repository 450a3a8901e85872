package mqtt

import (
	"math"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// The JSON property bags: what each holds, its keys, and how it becomes properties of a packet. An integer that is not
// sent is -1, or 0 where 0 means the same on the wire.

// connectBag is ConnectProperties.
type connectBag struct {
	topicAliasMaximum   int64
	maximumPacketSize   int64
	receiveMaximum      int64
	problemInformation  config.Tri
	responseInformation config.Tri
	sessionExpiry       int64
	method              string
	data                []byte
	user                []config.Pair
}

func (b *connectBag) reset() {
	*b = connectBag{maximumPacketSize: protocol.Absent, receiveMaximum: protocol.Absent}
}

// normalise makes -1, which means not sent, the 0 that means the same.
func (b *connectBag) normalise() {
	b.sessionExpiry, b.topicAliasMaximum = max(b.sessionExpiry, 0), max(b.topicAliasMaximum, 0)
}

func newConnectBag() *config.Bag[connectBag] {
	return config.NewBag[connectBag](
		config.BagInt(
			"ClientTopicAliasMax",
			func(b *connectBag) *int64 { return &b.topicAliasMaximum },
			0, 65535, 0,
			config.Alias("TopicAliasMaximum"),
			config.Default("0"),
			config.Spec(byte(packet.PropTopicAliasMaximum)),
			config.Doc("Highest topic alias accepted from the server; the setting of this name."),
		),
		config.BagInt(
			"MaximumPacketSize",
			func(b *connectBag) *int64 { return &b.maximumPacketSize },
			1, math.MaxUint32, protocol.Absent,
			config.Spec(byte(packet.PropMaximumPacketSize)),
			config.Doc("Largest packet accepted from the server, in bytes."),
		),
		config.BagInt(
			"ReceiveMaximum",
			func(b *connectBag) *int64 { return &b.receiveMaximum },
			1, 65535, protocol.Absent,
			config.Default("65535"),
			config.Spec(byte(packet.PropReceiveMaximum)),
			config.Doc("How many QoS 1 and 2 messages the server may have unacknowledged."),
		),
		config.BagBool(
			"RequestProblemInformation",
			func(b *connectBag) *config.Tri { return &b.problemInformation },
			config.Default("true"),
			config.Spec(byte(packet.PropRequestProblemInformation)),
			config.Doc("False: reason strings and user properties only where they cannot be left out."),
		),
		config.BagBool(
			"RequestResponseInformation",
			func(b *connectBag) *config.Tri { return &b.responseInformation },
			config.Default("false"),
			config.Spec(byte(packet.PropRequestResponseInformation)),
			config.Doc("Ask for ResponseInformation in CONNACK."),
		),
		config.BagInt(
			"SessionExpInterval",
			func(b *connectBag) *int64 { return &b.sessionExpiry },
			0, math.MaxUint32, 0,
			config.Alias("SessionExpiryInterval"),
			config.Default("0"),
			config.Spec(byte(packet.PropSessionExpiryInterval)),
			config.Doc("How long the server keeps the session, in seconds; the setting of this name."),
		),
		config.BagString(
			"AuthenticationMethod",
			func(b *connectBag) *string { return &b.method },
			nil,
			config.Spec(byte(packet.PropAuthenticationMethod)),
			config.Doc("Method of an enhanced authentication."),
		),
		config.BagHex(
			"AuthenticationData",
			func(b *connectBag) *[]byte { return &b.data },
			packet.MaxText,
			config.Secret(),
			config.Spec(byte(packet.PropAuthenticationData)),
			config.Doc("First data of an enhanced authentication; needs AuthenticationMethod."),
		),
		config.BagPairs(
			"UserProperty",
			func(b *connectBag) *[]config.Pair { return &b.user },
			config.Alias("UserProperties"),
			config.Spec(byte(packet.PropUserProperty)),
			config.Doc("User property; may occur several times."),
		),
	)
}

// fill puts the properties into what CONNECT will say.
func (b *connectBag) fill(o *protocol.Options) {
	unlessZero := func(v int64) int64 {
		if v == 0 {
			return protocol.Absent
		}
		return v
	}
	o.TopicAliasMaximum, o.SessionExpiry = unlessZero(b.topicAliasMaximum), unlessZero(b.sessionExpiry)
	o.MaximumPacketSize, o.ReceiveMaximum = b.maximumPacketSize, b.receiveMaximum
	o.RequestProblemInformation, o.RequestResponseInformation = number(b.problemInformation),
		number(b.responseInformation)
	o.AuthenticationMethod, o.AuthenticationData = b.method, b.data
	o.UserProperties = packet.ConvertUserProperties[packet.UserProperty](b.user)
}

func number(t config.Tri) int64 {
	switch t {
	case config.TriFalse:
		return 0
	case config.TriTrue:
		return 1
	}
	return protocol.Absent
}

// messageBag is what the properties of a message and of a will have in common.
type messageBag struct {
	contentType   string
	correlation   []byte
	expiry        int64
	format        int64
	responseTopic string
	user          []config.Pair
}

func (b *messageBag) reset() { *b = messageBag{expiry: protocol.Absent} }

// messageKeys are the keys of a messageBag that is in a B.
func messageKeys[B any](in func(*B) *messageBag, responseTopicAlias ...string) []config.Key {
	return []config.Key{
		config.BagString(
			"ContentType",
			func(b *B) *string { return &in(b).contentType },
			nil,
			config.Spec(byte(packet.PropContentType)),
			config.Doc("Type of the payload."),
		),
		config.BagHex(
			"CorrelationData",
			func(b *B) *[]byte { return &in(b).correlation },
			packet.MaxText,
			config.Spec(byte(packet.PropCorrelationData)),
			config.Doc("Data that an answer repeats."),
		),
		config.BagInt(
			"MessageExpInterval",
			func(b *B) *int64 { return &in(b).expiry },
			0, math.MaxUint32, protocol.Absent,
			config.Alias("MessageExpiryInterval"),
			config.Spec(byte(packet.PropMessageExpiryInterval)),
			config.Doc("Lifetime of the message in seconds; not set = it does not expire."),
		),
		config.BagInt(
			"PayloadFormatIndicator",
			func(b *B) *int64 { return &in(b).format },
			0, 1, 0,
			config.Default("0"),
			config.Spec(byte(packet.PropPayloadFormatIndicator)),
			config.Doc("1: the payload is UTF-8 text."),
		),
		config.BagString(
			"ResponseTopic",
			func(b *B) *string { return &in(b).responseTopic },
			topicOrNone,
			append(
				aliases(responseTopicAlias),
				config.Code(errors.ErrInvalidTopicName),
				config.Spec(byte(packet.PropResponseTopic)),
				config.Doc("Topic for an answer."),
			)...,
		),
		config.BagPairs(
			"UserProperty",
			func(b *B) *[]config.Pair { return &in(b).user },
			config.Alias("UserProperties"),
			config.Spec(byte(packet.PropUserProperty)),
			config.Doc("User property; may occur several times."),
		),
	}
}

func aliases(names []string) []config.Option {
	if len(names) == 0 {
		return nil
	}
	return []config.Option{config.Alias(names...)}
}

func (b *messageBag) append(p packet.Properties) packet.Properties {
	m := packet.MessageProperties[config.Pair]{
		PayloadFormatIndicator: b.format,
		ContentType:            b.contentType,
		ResponseTopic:          b.responseTopic,
		CorrelationData:        b.correlation,
		UserProperties:         b.user,
	}
	if b.expiry != protocol.Absent {
		m.MessageExpiryInterval = b.expiry
		m.Given.Add(packet.PropMessageExpiryInterval)
	}
	return m.Append(p)
}

// outgoingBag is OutgoingMessageProperties, and the settings that are keys of it too.
type outgoingBag struct {
	messageBag
	topicAlias int64
	cached     packet.Properties // encoded; nil = to be encoded anew, since publishing is more frequent than changing
}

func (b *outgoingBag) reset() {
	b.messageBag.reset()
	b.topicAlias, b.cached = protocol.Absent, nil
}

func newOutgoingBag() *config.Bag[outgoingBag] {
	return config.NewBag[outgoingBag](append(
		messageKeys(func(b *outgoingBag) *messageBag { return &b.messageBag }),
		config.BagInt(
			"TopicAlias",
			func(b *outgoingBag) *int64 { return &b.topicAlias },
			1, 65535, protocol.Absent,
			config.Spec(byte(packet.PropTopicAlias)),
			config.Doc("Topic alias; the setting of this name."),
		),
	)...)
}

func (b *outgoingBag) changed() { b.cached = nil }

func (b *outgoingBag) encoded() packet.Properties {
	if b.cached == nil {
		b.cached = b.append(make(packet.Properties, 0, 1))
	}
	return b.cached
}

func (b *outgoingBag) alias() uint16 { return uint16(max(b.topicAlias, 0)) }

// resize is OutgoingUserPropCount.
func (b *outgoingBag) resize(n int) error {
	// Always a new array: a publish may have been made of the old one.
	pairs := make([]config.Pair, n)
	copy(pairs, b.user)
	b.user = pairs
	return nil
}

// willBag is WillProperties.
type willBag struct {
	messageBag
	delay int64
}

func (b *willBag) reset() {
	b.messageBag.reset()
	b.delay = 0
}

func newWillBag() *config.Bag[willBag] {
	// The documentation's table writes ReponseTopic, its example ResponseTopic.
	return config.NewBag[willBag](append(
		messageKeys(func(b *willBag) *messageBag { return &b.messageBag }, "ReponseTopic"),
		config.BagInt(
			"WillDelayInterval",
			func(b *willBag) *int64 { return &b.delay },
			0, math.MaxUint32, 0,
			config.Default("0"),
			config.Spec(byte(packet.PropWillDelayInterval)),
			config.Doc("How long the server waits before it publishes the will, in seconds."),
		),
	)...)
}

func (b *willBag) encode() packet.Properties {
	var p packet.Properties
	if b.delay > 0 {
		p = p.AppendUint(packet.PropWillDelayInterval, uint32(b.delay))
	}
	return b.append(p)
}

// disconnectBag is DisconnectProperties.
type disconnectBag struct {
	sessionExpiry   int64
	reasonString    string
	serverReference string
	user            []config.Pair
}

func (b *disconnectBag) reset() { *b = disconnectBag{sessionExpiry: protocol.Absent} }

func newDisconnectBag() *config.Bag[disconnectBag] {
	return config.NewBag[disconnectBag](
		config.BagInt(
			"SessionExpInterval",
			func(b *disconnectBag) *int64 { return &b.sessionExpiry },
			0, math.MaxUint32, protocol.Absent,
			config.Alias("SessionExpiryInterval"),
			config.Spec(byte(packet.PropSessionExpiryInterval)),
			config.Doc("How long the server keeps the session, in seconds; not set = what CONNECT and CONNACK agreed."),
		),
		config.BagString(
			"ReasonString",
			func(b *disconnectBag) *string { return &b.reasonString },
			nil,
			config.Spec(byte(packet.PropReasonString)),
			config.Doc("Text for people."),
		),
		config.BagString(
			"ServerReference",
			func(b *disconnectBag) *string { return &b.serverReference },
			nil,
			config.Spec(byte(packet.PropServerReference)),
			config.Doc("Another server to use; only the server sends it."),
		),
		config.BagPairs(
			"UserProperty",
			func(b *disconnectBag) *[]config.Pair { return &b.user },
			config.Alias("UserProperties"),
			config.Spec(byte(packet.PropUserProperty)),
			config.Doc("User property; may occur several times."),
		),
	)
}

func (b *disconnectBag) encode() packet.Properties {
	var p packet.Properties
	if b.sessionExpiry != protocol.Absent {
		p = p.AppendUint(packet.PropSessionExpiryInterval, uint32(b.sessionExpiry))
	}
	if b.reasonString != "" {
		p = p.AppendString(packet.PropReasonString, b.reasonString)
	}
	return packet.AppendUserProperties(p, b.user)
}

// noteServerDisconnect shows what the server's DISCONNECT said in the two settings.
func (s *settings) noteServerDisconnect(d *protocol.ServerGoodbye) {
	s.disconnectIsServers = true
	s.disconnectReasonCode = int(d.Reason)
	s.disconnect.reset()
	s.disconnect.reasonString, s.disconnect.serverReference = d.ReasonString, d.ServerReference
	s.disconnect.user = packet.ConvertUserProperties[config.Pair](d.UserProperties)
}

// forgetConnection drops what was said on the last connection.
func (s *settings) forgetConnection() {
	s.sessionPresent, s.connAck, s.serverTopicAliasMax = false, nil, 0
}

// noteConnAck shows what CONNACK said, and makes the settings of DISCONNECT ours again.
func (s *settings) noteConnAck(ack *protocol.ConnAck, limits *protocol.Limits) {
	s.sessionPresent, s.serverTopicAliasMax = ack.SessionPresent, int(limits.TopicAliasMaximum)
	s.connAck = nil
	if ack.Version == packet.V5 {
		s.connAck = append(make(packet.Properties, 0, 1), ack.Properties...)
	}
	if s.disconnectIsServers {
		s.disconnect.reset()
	}
	s.disconnectIsServers, s.disconnectReasonCode = false, 0
}
