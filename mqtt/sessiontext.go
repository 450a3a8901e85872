package mqtt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// The text of a saved session: JSON with one message a line.
//
//	{"format": "iotcomponents MQTT session",
//	"version": 1,
//	"sha256": "…",
//	"session": {"clientId":"c","lastPacketId":7,"outgoing":[
//	{"id":6,"qos":1,"awaits":"PUBACK","topic":"a/b","text":"payload"},
//	{"id":7,"qos":2,"awaits":"PUBREC","topic":"a/b","base64":"/w=="}],"incoming":[]}}
//
// The checksum is that of the session without insignificant spaces, so that an editor may lay the text out anew but not
// change it. A later layout gets another version number; this one stays readable.
const (
	sessionFormat  = "iotcomponents MQTT session"
	sessionVersion = 1
)

// savedMessage is one message in the text. Its names are the format: they stay as they are.
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
	CorrelationData         []byte      `json:"correlationData,omitempty"` // Base64
	SubscriptionIdentifiers []uint32    `json:"subscriptionIdentifiers,omitempty"`
	UserProperties          [][2]string `json:"userProperties,omitempty"`
}

// appendSession appends the text of s to dst.
func appendSession(dst []byte, s *protocol.Session) []byte {
	session := sessionBody(s)
	sum := sha256.Sum256(compact(session))
	dst = fmt.Appendf(dst, "{\"format\": %q,\n\"version\": %d,\n\"sha256\": %q,\n\"session\": ", sessionFormat, sessionVersion, hex.EncodeToString(sum[:]))
	dst = append(dst, session...)
	return append(dst, '}', '\n')
}

func sessionBody(s *protocol.Session) []byte {
	b := append([]byte(`{"clientId":`), quoteJSON(s.ClientID)...)
	b = fmt.Appendf(b, `,"lastPacketId":%d,"outgoing":[`, s.LastID)
	b = appendSaved(b, s.Outgoing)
	b = append(b, `],"incoming":[`...)
	b = appendSaved(b, s.Incoming)
	return append(b, ']', '}')
}

func quoteJSON(s string) []byte {
	b, _ := json.Marshal(s) // cannot fail for a string
	return b
}

func appendSaved(b []byte, list []protocol.SavedMessage) []byte {
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		line, _ := json.Marshal(describeSaved(&list[i])) // numbers and texts only
		b = append(append(b, '\n'), line...)
	}
	return b
}

// compact drops what is insignificant in a JSON text that was parsed or made here.
func compact(b []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(b))
	_ = json.Compact(&out, b)
	return out.Bytes()
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
	number := func(id packet.PropertyID) *uint32 {
		if v, given := m.Properties.Uint(id); given {
			return &v
		}
		return nil
	}
	text := func(id packet.PropertyID) *string {
		if b, given := m.Properties.Bytes(id); given {
			s := string(b)
			return &s
		}
		return nil
	}
	d.PayloadFormatIndicator, d.MessageExpInterval = number(packet.PropPayloadFormatIndicator), number(packet.PropMessageExpiryInterval)
	d.ContentType, d.ResponseTopic = text(packet.PropContentType), text(packet.PropResponseTopic)
	d.CorrelationData, _ = m.Properties.Bytes(packet.PropCorrelationData)
	for id := range m.Properties.SubscriptionIdentifiers() {
		d.SubscriptionIdentifiers = append(d.SubscriptionIdentifiers, id)
	}
	for name, value := range m.Properties.UserProperties() {
		d.UserProperties = append(d.UserProperties, [2]string{string(name), string(value)})
	}
	return d
}

// parseSession reads the text of a session. Error 504: it is none, is damaged, or of another version.
func parseSession(text []byte) (*protocol.Session, error) {
	damaged := func(problem string, cause error) (*protocol.Session, error) {
		return nil, errors.Wrap(errors.ErrMalformedMessage, "The session data "+problem+".", cause)
	}
	var envelope struct {
		Format  string          `json:"format"`
		Version int             `json:"version"`
		SHA256  string          `json:"sha256"`
		Session json.RawMessage `json:"session"`
	}
	if len(text) == 0 {
		return damaged("is empty", nil)
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return damaged("is damaged, cut short, or not what SaveSession returned", err)
	}
	if envelope.Format != sessionFormat {
		return damaged("is not what SaveSession returned", nil)
	}
	if envelope.Version != sessionVersion {
		return damaged(fmt.Sprintf("has version %d; this component reads version %d", envelope.Version, sessionVersion), nil)
	}
	sum := sha256.Sum256(compact(envelope.Session))
	if envelope.SHA256 != hex.EncodeToString(sum[:]) {
		return damaged("is damaged: its checksum does not fit", nil)
	}
	var session struct {
		ClientID string         `json:"clientId"`
		LastID   uint16         `json:"lastPacketId"`
		Outgoing []savedMessage `json:"outgoing"`
		Incoming []savedMessage `json:"incoming"`
	}
	decoder := json.NewDecoder(bytes.NewReader(envelope.Session))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&session); err != nil {
		return damaged("has another layout than its version says", err)
	}
	if err := packet.CheckText(session.ClientID); err != nil {
		return damaged("has a client identifier that "+err.Error(), nil)
	}
	s := &protocol.Session{ClientID: session.ClientID, LastID: session.LastID}
	var err error
	if s.Outgoing, err = readSaved(session.Outgoing); err != nil {
		return damaged(err.Error(), nil)
	}
	if s.Incoming, err = readSaved(session.Incoming); err != nil {
		return damaged(err.Error(), nil)
	}
	return s, nil
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
		*m = protocol.SavedMessage{Topic: d.Topic, Payload: d.Base64, ID: d.ID, QoS: d.QoS, Retain: d.Retain, Dup: d.Dup}
		if d.Text != "" {
			m.Payload = bytesOf(d.Text)
		}
		known := false
		if m.Awaits, known = awaited[d.Awaits]; !known {
			return nil, fmt.Errorf("has message %d, which awaits %s", d.ID, protocol.Quote(d.Awaits))
		}
		var err error
		if m.Properties, err = d.properties(); err != nil {
			return nil, fmt.Errorf("has message %d, whose properties cannot be: %w", d.ID, err)
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
		if err := packet.CheckTopicName(*s); err != nil {
			return nil, fmt.Errorf("responseTopic %w", err)
		}
		p = p.AppendString(packet.PropResponseTopic, *s)
	}
	if n := len(d.CorrelationData); n > 65535 {
		return nil, fmt.Errorf("correlationData has %d bytes", n)
	} else if n > 0 {
		p = p.AppendBytes(packet.PropCorrelationData, d.CorrelationData)
	}
	for _, id := range d.SubscriptionIdentifiers {
		if id == 0 || id > 268435455 {
			return nil, fmt.Errorf("a subscription identifier is %d", id)
		}
		p = p.AppendUint(packet.PropSubscriptionIdentifier, id)
	}
	for _, u := range d.UserProperties {
		for _, s := range u {
			if err := packet.CheckText(s); err != nil {
				return nil, fmt.Errorf("a user property %w", err)
			}
		}
		p = p.AppendUserProperty(u[0], u[1])
	}
	return p, nil
}
