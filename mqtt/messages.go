package mqtt

import (
	"encoding/hex"
	"iter"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/mqtt/internal/codepage"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// MQTTMessageList is a view of the messages whose exchange is not complete, in order. It is never out of date.
type MQTTMessageList struct {
	m        *MQTT
	incoming bool
}

// listLocked returns what the view shows.
func (l *MQTTMessageList) listLocked() *protocol.List {
	if l.incoming {
		return l.m.client.Incoming()
	}
	return l.m.client.Outgoing()
}

// Count returns the number of messages.
func (l *MQTTMessageList) Count() int {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.listLocked().Len()
}

// Item returns the message at index, from 0, as it is now; nil when the index is out of range.
func (l *MQTTMessageList) Item(index int) *MQTTMessage {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	msg := l.listLocked().At(index)
	if msg == nil {
		return nil
	}
	return &MQTTMessage{*msg, l.m.page.Load()}
}

// All iterates over the messages with their indexes, as they are when it begins.
func (l *MQTTMessageList) All() iter.Seq2[int, *MQTTMessage] {
	return func(yield func(int, *MQTTMessage) bool) {
		l.m.mu.Lock()
		var messages []MQTTMessage
		for msg := range l.listLocked().All() {
			messages = append(messages, MQTTMessage{*msg, l.m.page.Load()})
		}
		l.m.mu.Unlock()
		for i := range messages {
			if !yield(i, &messages[i]) {
				return
			}
		}
	}
}

// MQTTMessage is a message of IncomingMessages or OutgoingMessages as it was when it was asked for.
type MQTTMessage struct {
	msg  protocol.Message
	page *codepage.Page
}

// ContentType returns the v5 Content Type, "" if there is none.
func (m *MQTTMessage) ContentType() string { return m.msg.Properties.Text(packet.PropContentType) }

// CorrelationData returns the v5 Correlation Data as hexadecimal text, "" if there is none.
func (m *MQTTMessage) CorrelationData() string {
	b, _ := m.msg.Properties.Bytes(packet.PropCorrelationData)
	return hex.EncodeToString(b)
}

// Duplicate returns the DUP flag of the last transmission.
func (m *MQTTMessage) Duplicate() bool { return m.msg.Dup }

// Message returns the payload as text, decoded with the setting CodePage as it was when the message was asked for.
func (m *MQTTMessage) Message() string { return decodeText(m.page, m.msg.Payload) }

// MessageB returns the payload; read-only.
func (m *MQTTMessage) MessageB() []byte { return m.msg.Payload }

// MessageExpInterval returns the v5 Message Expiry Interval in seconds, 0 if there is none. Inbound it is what is left.
func (m *MQTTMessage) MessageExpInterval() int { return m.number(packet.PropMessageExpiryInterval) }

// PacketId returns the packet identifier.
func (m *MQTTMessage) PacketId() int { return int(m.msg.ID) }

// PayloadFormatIndicator returns the v5 Payload Format Indicator: 0 bytes, 1 UTF-8 text.
func (m *MQTTMessage) PayloadFormatIndicator() int {
	return m.number(packet.PropPayloadFormatIndicator)
}

// QoS returns 1 or 2.
func (m *MQTTMessage) QoS() int { return int(m.msg.QoS) }

// ResponseTopic returns the v5 Response Topic, "" if there is none.
func (m *MQTTMessage) ResponseTopic() string { return m.msg.Properties.Text(packet.PropResponseTopic) }

// Retained returns the RETAIN flag.
func (m *MQTTMessage) Retained() bool { return m.msg.Retain }

// State returns the step of the exchange. Outgoing: 0 PUBACK awaited, 1 PUBREC awaited, 2 PUBREL being sent, 3 PUBCOMP
// awaited, 4 last acknowledgment received. Incoming: 5 PUBACK being sent, 6 PUBREC being sent, 7 PUBREL awaited, 8
// PUBCOMP being sent, 9 last acknowledgment sent.
func (m *MQTTMessage) State() int { return int(m.msg.State) }

// SubscriptionIdentifiers returns the v5 identifiers of the subscriptions that an inbound message matched, separated by
// commas.
func (m *MQTTMessage) SubscriptionIdentifiers() string {
	var list []string
	for id := range m.msg.Properties.SubscriptionIdentifiers() {
		list = append(list, strconv.FormatUint(uint64(id), 10))
	}
	return strings.Join(list, ",")
}

// Topic returns the topic, never empty because of an alias.
func (m *MQTTMessage) Topic() string { return m.msg.Topic }

// TopicAlias returns the topic alias of the packet, 0 if it had none.
func (m *MQTTMessage) TopicAlias() int { return int(m.msg.Alias) }

// UserProperties returns the v5 User Properties in their order.
func (m *MQTTMessage) UserProperties() []UserProperty {
	return packet.ReadUserProperties[UserProperty](m.msg.Properties)
}

func (m *MQTTMessage) number(id packet.PropertyID) int {
	v, _ := m.msg.Properties.Uint(id)
	return int(v)
}
