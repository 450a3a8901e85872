package mqtt

import (
	"fmt"
	"math"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// PublishProperties are the properties of one message: of PublishWith, and of MessageIn. Except Retain they are v5's;
// on a 3.1.1 connection they are not sent. The zero value of a field means not sent.
type PublishProperties struct {
	Retain                  bool
	PayloadFormatIndicator  int    // 1 = the payload is UTF-8 text
	MessageExpInterval      int    // seconds, 1 to 4294967295; outgoing they run from the call on
	TopicAlias              int    // 1 to ServerTopicAliasMax
	ResponseTopic           string // a topic name
	CorrelationData         []byte
	ContentType             string
	UserProperties          []UserProperty
	SubscriptionIdentifiers []int // inbound only
	// Tag is the program's own: it is not sent, and comes back in the events of this message: MessageOut, MessageAck,
	// PubAck, PubRec, PubComp and Error. It stays over connections of this component; a session that is saved and a
	// journal do not keep it. QoS 0 has MessageOut alone.
	Tag any
}

// publish is what the protocol is asked to send.
func (p *PublishProperties) publish(topic string, qos int, data []byte) (protocol.Publish, error) {
	properties, err := p.encode(nil)
	return protocol.Publish{
		Topic: topic, Payload: data, QoS: qos, Retain: p.Retain, Alias: uint16(p.TopicAlias), Properties: properties,
		Tag: p.Tag,
	}, err
}

// encode checks the properties and appends them to dst, without the alias.
func (p *PublishProperties) encode(dst packet.Properties) (packet.Properties, error) {
	if err := checkRange("PayloadFormatIndicator", p.PayloadFormatIndicator, 0, 1); err != nil {
		return nil, err
	}
	if v := int64(p.MessageExpInterval); v < 0 || v > math.MaxUint32 {
		return nil, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("MessageExpInterval was given %d; 0 to %d are "+
			"possible.", v, int64(math.MaxUint32)))
	}
	if err := checkRange("TopicAlias", p.TopicAlias, 0, 65535); err != nil {
		return nil, err
	}
	if err := checkBinary("CorrelationData", len(p.CorrelationData)); err != nil {
		return nil, err
	}
	if p.PayloadFormatIndicator != 0 {
		dst = dst.AppendUint(packet.PropPayloadFormatIndicator, uint32(p.PayloadFormatIndicator))
	}
	if p.MessageExpInterval != 0 {
		dst = dst.AppendUint(packet.PropMessageExpiryInterval, uint32(p.MessageExpInterval))
	}
	if p.ContentType != "" {
		if err := checkText("ContentType", p.ContentType); err != nil {
			return nil, err
		}
		dst = dst.AppendString(packet.PropContentType, p.ContentType)
	}
	if p.ResponseTopic != "" {
		if err := checkResponseTopic(p.ResponseTopic); err != nil {
			return nil, err
		}
		dst = dst.AppendString(packet.PropResponseTopic, p.ResponseTopic)
	}
	if len(p.CorrelationData) > 0 {
		dst = dst.AppendBytes(packet.PropCorrelationData, p.CorrelationData)
	}
	return appendUserProperties(dst, p.UserProperties)
}

// checkResponseTopic accepts a topic name [MQTT5-3.3.2-14].
func checkResponseTopic(topic string) error {
	if err := packet.CheckTopicName(topic); err != nil {
		return errors.New(errors.ErrInvalidTopicName, "ResponseTopic "+protocol.Quote(topic)+" "+err.Error()+".")
	}
	return nil
}

// appendExplanation checks what a packet says beside its reason code, and appends it; "" = no Reason String.
func appendExplanation(dst packet.Properties, reason string, pairs []UserProperty) (packet.Properties, error) {
	if reason != "" {
		if err := checkText("ReasonString", reason); err != nil {
			return nil, err
		}
		dst = dst.AppendString(packet.PropReasonString, reason)
	}
	return appendUserProperties(dst, pairs)
}

// appendUserProperties checks the pairs and appends them in their order [MQTT5-3.3.2-18].
func appendUserProperties(dst packet.Properties, pairs []UserProperty) (packet.Properties, error) {
	for _, u := range pairs {
		if err := checkText("The name of a user property", u.Name); err != nil {
			return nil, err
		}
		if err := checkText("The value of user property "+protocol.Quote(u.Name), u.Value); err != nil {
			return nil, err
		}
		dst = dst.AppendUserProperty(u.Name, u.Value)
	}
	return dst, nil
}

// publishProperties reads the properties of an inbound message.
func publishProperties(msg *protocol.Message) *PublishProperties {
	p := msg.Properties
	number := func(id packet.PropertyID) int {
		v, _ := p.Uint(id)
		return int(v)
	}
	text := func(id packet.PropertyID) string {
		b, _ := p.Bytes(id)
		return string(b)
	}
	correlation, _ := p.Bytes(packet.PropCorrelationData)
	properties := &PublishProperties{
		Retain:                 msg.Retain,
		PayloadFormatIndicator: number(packet.PropPayloadFormatIndicator),
		MessageExpInterval:     number(packet.PropMessageExpiryInterval),
		TopicAlias:             int(msg.Alias),
		ResponseTopic:          text(packet.PropResponseTopic),
		CorrelationData:        correlation,
		ContentType:            text(packet.PropContentType),
		UserProperties:         readUserProperties(p),
	}
	for id := range p.SubscriptionIdentifiers() {
		properties.SubscriptionIdentifiers = append(properties.SubscriptionIdentifiers, int(id))
	}
	return properties
}
