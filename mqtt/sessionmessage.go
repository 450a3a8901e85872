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
	if len(m.Properties) > 0 {
		d.describeProperties(m.Properties)
	}
	if !m.Expires.IsZero() {
		at := m.Expires.UTC()
		d.Expires = &at
	}
	return d
}

func (d *savedMessage) describeProperties(p packet.Properties) {
	m := packet.ReadMessageProperties[packet.UserProperty](p)
	number := func(id packet.PropertyID, v int64) *uint32 {
		if !m.Given.Has(id) {
			return nil
		}
		n := uint32(v)
		return &n
	}
	text := func(id packet.PropertyID, s string) *string {
		if !m.Given.Has(id) {
			return nil
		}
		return &s
	}
	d.PayloadFormatIndicator = number(packet.PropPayloadFormatIndicator, m.PayloadFormatIndicator)
	d.MessageExpInterval = number(packet.PropMessageExpiryInterval, m.MessageExpiryInterval)
	if m.Given.Has(packet.PropCorrelationData) {
		correlation := m.CorrelationData
		d.CorrelationData = &correlation
	}
	d.ContentType = text(packet.PropContentType, m.ContentType)
	d.ResponseTopic = text(packet.PropResponseTopic, m.ResponseTopic)
	d.SubscriptionIdentifiers = m.SubscriptionIdentifiers
	for _, u := range m.UserProperties {
		d.UserProperties = append(d.UserProperties, [2]string{u.Name, u.Value})
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

// savedPropertyNames are the names of properties in the text of a session.
var savedPropertyNames = map[packet.PropertyID]string{
	packet.PropPayloadFormatIndicator: "payloadFormatIndicator",
	packet.PropMessageExpiryInterval:  "messageExpInterval",
	packet.PropContentType:            "contentType",
	packet.PropResponseTopic:          "responseTopic",
	packet.PropCorrelationData:        "correlationData",
	packet.PropSubscriptionIdentifier: "subscription identifier",
	packet.PropUserProperty:           "user property",
}

// properties encodes the properties, after checking them.
func (d *savedMessage) properties() (packet.Properties, error) {
	m := packet.MessageProperties[packet.UserProperty]{SubscriptionIdentifiers: d.SubscriptionIdentifiers}
	number := func(id packet.PropertyID, field *uint32) (v int64) {
		if field != nil {
			m.Given.Add(id)
			v = int64(*field)
		}
		return v
	}
	text := func(id packet.PropertyID, field *string) (s string) {
		if field != nil {
			m.Given.Add(id)
			s = *field
		}
		return s
	}
	m.PayloadFormatIndicator = number(packet.PropPayloadFormatIndicator, d.PayloadFormatIndicator)
	m.MessageExpiryInterval = number(packet.PropMessageExpiryInterval, d.MessageExpInterval)
	if d.CorrelationData != nil {
		m.CorrelationData = *d.CorrelationData
		m.Given.Add(packet.PropCorrelationData)
	}
	m.ContentType = text(packet.PropContentType, d.ContentType)
	m.ResponseTopic = text(packet.PropResponseTopic, d.ResponseTopic)
	for _, u := range d.UserProperties {
		m.UserProperties = append(m.UserProperties, packet.UserProperty{Name: u[0], Value: u[1]})
	}
	if fault := m.Check(); fault != nil {
		return nil, fmt.Errorf("%s %s", savedPropertyNames[fault.ID], fault.Problem)
	}
	return m.Append(nil), nil
}
