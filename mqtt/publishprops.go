package mqtt

import (
	"math"

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
	if err := checkRange("TopicAlias", p.TopicAlias, 0, math.MaxUint16); err != nil {
		return nil, err
	}
	m := packet.MessageProperties[UserProperty]{
		PayloadFormatIndicator: int64(p.PayloadFormatIndicator),
		MessageExpiryInterval:  int64(p.MessageExpInterval),
		ContentType:            p.ContentType,
		ResponseTopic:          p.ResponseTopic,
		CorrelationData:        p.CorrelationData,
		UserProperties:         p.UserProperties,
	}
	if fault := m.Check(); fault != nil {
		return nil, propertyFault(fault)
	}
	return m.Append(dst), nil
}

// publishProperties reads the properties of an inbound message.
func publishProperties(msg *protocol.Message) *PublishProperties {
	m := packet.ReadMessageProperties[UserProperty](msg.Properties)
	properties := &PublishProperties{
		Retain:                 msg.Retain,
		PayloadFormatIndicator: int(m.PayloadFormatIndicator),
		MessageExpInterval:     int(m.MessageExpiryInterval),
		TopicAlias:             int(msg.Alias),
		ResponseTopic:          m.ResponseTopic,
		CorrelationData:        m.CorrelationData,
		ContentType:            m.ContentType,
		UserProperties:         m.UserProperties,
	}
	for _, id := range m.SubscriptionIdentifiers {
		properties.SubscriptionIdentifiers = append(properties.SubscriptionIdentifiers, int(id))
	}
	return properties
}
