package mqtt

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// savedMessage is one message in the text of a session. Its names are the format: they stay as they are.
type savedMessage struct {
	ID     uint16 `json:"id"`
	QoS    uint8  `json:"qos"`
	Awaits string `json:"awaits,omitempty"` // PUBACK, PUBREC, PUBCOMP; PUBREL for incoming; none = not sent yet
	Retain bool   `json:"retain,omitempty"`
	Dup    bool   `json:"dup,omitempty"`
	Topic  string `json:"topic"`
	Text   string `json:"text,omitempty"`   // a payload of valid UTF-8
	Base64 []byte `json:"base64,omitempty"` // any other payload

	PayloadFormatIndicator  *uint32     `json:"payloadFormatIndicator,omitempty"`
	MessageExpInterval      *uint32     `json:"messageExpInterval,omitempty"`
	ContentType             *string     `json:"contentType,omitempty"`
	ResponseTopic           *string     `json:"responseTopic,omitempty"`
	CorrelationData         *[]byte     `json:"correlationData,omitempty"` // Base64
	Expires                 *time.Time  `json:"expires,omitempty"`         // when MessageExpInterval is over
	SubscriptionIdentifiers []uint32    `json:"subscriptionIdentifiers,omitempty"`
	UserProperties          [][2]string `json:"userProperties,omitempty"`
}

func describeSaved(m *protocol.SavedMessage) *savedMessage {
	d := &savedMessage{ID: m.ID, QoS: m.QoS, Retain: m.Retain, Dup: m.Dup, Topic: m.Topic}
	if m.Awaits != 0 {
		d.Awaits = m.Awaits.String()
	}
	if utf8.Valid(m.Payload) {
		d.Text = textOf(m.Payload)
	} else {
		d.Base64 = m.Payload
	}
	d.describeProperties(m.Properties)
	if !m.Expires.IsZero() {
		at := m.Expires.UTC()
		d.Expires = &at
	}
	return d
}

func (d *savedMessage) describeProperties(p packet.Properties) {
	if len(p) == 0 {
		return
	}
	number := func(id packet.PropertyID) *uint32 {
		if v, given := p.Uint(id); given {
			return &v
		}
		return nil
	}
	text := func(id packet.PropertyID) *string {
		if b, given := p.Bytes(id); given {
			s := string(b)
			return &s
		}
		return nil
	}
	d.PayloadFormatIndicator, d.MessageExpInterval = number(packet.PropPayloadFormatIndicator),
		number(packet.PropMessageExpiryInterval)
	d.ContentType, d.ResponseTopic = text(packet.PropContentType), text(packet.PropResponseTopic)
	if b, given := p.Bytes(packet.PropCorrelationData); given {
		d.CorrelationData = &b
	}
	for id := range p.SubscriptionIdentifiers() {
		d.SubscriptionIdentifiers = append(d.SubscriptionIdentifiers, id)
	}
	for name, value := range p.UserProperties() {
		d.UserProperties = append(d.UserProperties, [2]string{string(name), string(value)})
	}
}

// awaited are the packets that an exchange can wait for.
var awaited = map[string]packet.Type{
	"": 0, packet.PUBACK.String(): packet.PUBACK, packet.PUBREC.String(): packet.PUBREC,
	packet.PUBCOMP.String(): packet.PUBCOMP, packet.PUBREL.String(): packet.PUBREL,
}

func readSaved(list []savedMessage) ([]protocol.SavedMessage, error) {
	messages := make([]protocol.SavedMessage, len(list))
	for i := range list {
		d, m := &list[i], &messages[i]
		*m = protocol.SavedMessage{
			Topic: d.Topic, Payload: d.Base64, ID: d.ID, QoS: d.QoS, Retain: d.Retain,
			Dup: d.Dup,
		}
		if d.Text != "" {
			m.Payload = bytesOf(d.Text)
		}
		if d.Expires != nil {
			m.Expires = *d.Expires
		}
		known := false
		if m.Awaits, known = awaited[d.Awaits]; !known {
			return nil, fmt.Errorf("has message %d, which awaits %s", d.ID, protocol.Quote(d.Awaits))
		}
		var err error
		if m.Properties, err = d.properties(); err != nil {
			return nil, fmt.Errorf("has message %d, whose %w", d.ID, err)
		}
	}
	return messages, nil
}

// properties encodes the properties, after checking them.
func (d *savedMessage) properties() (packet.Properties, error) {
	var p packet.Properties
	if v := d.PayloadFormatIndicator; v != nil {
		if *v > 1 {
			return nil, fmt.Errorf("payloadFormatIndicator is %d", *v)
		}
		p = p.AppendUint(packet.PropPayloadFormatIndicator, *v)
	}
	if v := d.MessageExpInterval; v != nil {
		p = p.AppendUint(packet.PropMessageExpiryInterval, *v)
	}
	if s := d.ContentType; s != nil {
		if err := packet.CheckText(*s); err != nil {
			return nil, fmt.Errorf("contentType %w", err)
		}
		p = p.AppendString(packet.PropContentType, *s)
	}
	if s := d.ResponseTopic; s != nil {
		// A server may have sent an empty one.
		if err := packet.CheckTopicName(*s); err != nil && *s != "" {
			return nil, fmt.Errorf("responseTopic %w", err)
		}
		p = p.AppendString(packet.PropResponseTopic, *s)
	}
	if b := d.CorrelationData; b != nil {
		if len(*b) > 65535 {
			return nil, fmt.Errorf("correlationData has %d bytes", len(*b))
		}
		p = p.AppendBytes(packet.PropCorrelationData, *b)
	}
	for _, id := range d.SubscriptionIdentifiers {
		if id == 0 || id > packet.MaxVariableByteInteger {
			return nil, fmt.Errorf("subscription identifier is %d", id)
		}
		p = p.AppendUint(packet.PropSubscriptionIdentifier, id)
	}
	for _, u := range d.UserProperties {
		for _, s := range u {
			if err := packet.CheckText(s); err != nil {
				return nil, fmt.Errorf("user property %w", err)
			}
		}
		p = p.AppendUserProperty(u[0], u[1])
	}
	return p, nil
}
