package mqtt

import (
	"fmt"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// SubscribeProperties are the v5 options of SubscribeWith.
type SubscribeProperties struct {
	SubscriptionIdentifier int // 1 to 268435455; 0 = not sent
	NoLocal                bool
	RetainAsPublished      bool
	RetainHandling         int // 0 retained messages are sent, 1 only for a new subscription, 2 never
	UserProperties         []UserProperty
}

// UnsubscribeProperties are the v5 properties of UnsubscribeWith.
type UnsubscribeProperties struct{ UserProperties []UserProperty }

// Subscribe asks the server for the messages of one topic filter, or of several that are separated by TopicDelimiter (a
// comma by default; spaces that follow one are dropped). qos is the highest QoS wanted, for each filter its own with
// TopicQOSArray; in v5 TopicNLArray, TopicRAPArray, TopicRHArray and SubscriptionIdentifier shape the subscription. It
// returns when the packet is accepted for sending. The answer comes as SubAck and, once per filter, Subscribed, a
// refusal too; messages may come before it.
//
// Errors; nothing is sent: 212 not connected, 503 not a topic filter or of a kind that the server does not take, 505
// QoS, 500 an identifier that the server does not take, 501 all packet identifiers in use, 10040 too large.
func (m *MQTT) Subscribe(topicFilter string, qos int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &m.settings
	filters := m.splitFilters(topicFilter)
	subscriptions := make([]protocol.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = protocol.Subscription{
			Filter: filter, QoS: at(s.topicQOS, i, qos), NoLocal: at(s.topicNL, i, false),
			RetainAsPublished: at(s.topicRAP, i, false), RetainHandling: at(s.topicRH, i, 0),
		}
	}
	_, err := m.client.Subscribe(subscriptions, max(s.subscriptionIdentifier, protocol.NoSubscriptionIdentifier), nil)
	m.wakeWriter()
	return err
}

// SubscribeWith is Subscribe with options of its own, for all filters, instead of the settings. It returns the packet
// identifier, which SubAck repeats.
func (m *MQTT) SubscribeWith(topicFilter string, qos int, p SubscribeProperties) (packetId int, err error) {
	user, err := appendUserProperties(nil, p.UserProperties)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	filters := m.splitFilters(topicFilter)
	subscriptions := make([]protocol.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = protocol.Subscription{
			Filter: filter, QoS: qos, NoLocal: p.NoLocal, RetainAsPublished: p.RetainAsPublished, RetainHandling: p.RetainHandling,
		}
	}
	packetId, err = m.client.Subscribe(subscriptions, p.SubscriptionIdentifier, user)
	m.wakeWriter()
	return packetId, err
}

// Unsubscribe ends the subscriptions of one topic filter, or of several as in Subscribe. The server compares filters
// character by character. The answer comes as UnsubAck and, once, Unsubscribed. Errors: 212, 503, 501, 10040.
func (m *MQTT) Unsubscribe(topicFilter string) error {
	_, err := m.UnsubscribeWith(topicFilter, UnsubscribeProperties{})
	return err
}

// UnsubscribeWith is Unsubscribe with v5 properties. It returns the packet identifier, which UnsubAck repeats.
func (m *MQTT) UnsubscribeWith(topicFilter string, p UnsubscribeProperties) (packetId int, err error) {
	user, err := appendUserProperties(nil, p.UserProperties)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	packetId, err = m.client.Unsubscribe(m.splitFilters(topicFilter), topicFilter, user)
	m.wakeWriter()
	return packetId, err
}

// Ping sends a PINGREQ, whatever KeepAliveInterval says. OnPing tells the answer. Error: 212 not connected.
func (m *MQTT) Ping() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client.UnansweredPings() >= maxPings {
		return errors.New(errors.ErrWouldBlock, fmt.Sprintf("%d pings wait for their answers.", maxPings))
	}
	err := m.client.Ping(m.now())
	m.wakeWriter()
	return err
}

// maxPings bounds the PINGREQs that were not answered.
const maxPings = 1000

// splitFilters splits a list of topic filters at TopicDelimiter. Spaces are dropped only behind a delimiter, so that a
// single filter is never changed. The lock is held.
func (m *MQTT) splitFilters(list string) []string {
	filters := strings.Split(list, m.settings.topicDelimiter)
	for i := 1; i < len(filters); i++ {
		filters[i] = strings.TrimLeft(filters[i], " ")
	}
	return filters
}

// at is the element of a list setting for filter i: its last value holds for the filters beyond it, and other for all
// when the list is empty.
func at[T any](list []T, i int, other T) T {
	switch {
	case len(list) == 0:
		return other
	case i < len(list):
		return list[i]
	}
	return list[len(list)-1]
}
