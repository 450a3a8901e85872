package mqtt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
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
// With AutoReconnect and Resubscribe the program's last word on each topic filter is what counts: Subscribe and
// Unsubscribe are accepted while a lost connection is brought back, too, and what the server has not answered when a
// connection ends is sent again on the next one, under the same packet identifier. When that begins with the
// subscriptions that the server has lost, a call that asks for the same as they do, in OnConnected for example, sends
// nothing more; their answer is its answer. When there will be no connection, OnError tells 212 for each request
// without an answer.
//
// Errors; not sent:
//   - [errors.ErrNotConnected] (212): there is no connection, and none is being brought back
//   - [errors.ErrInvalidTopicFilter] (503): not a topic filter, or of a kind that the server does not take
//   - [errors.ErrInvalidQoS] (505): the QoS does not exist
//   - [errors.ErrProtocol] (500): a subscription identifier, which the server does not take
//   - [errors.ErrPacketIdsExhausted] (501): all packet identifiers are in use
//   - [errors.ErrMessageTooLong] (10040): the packet is larger than the server takes
func (m *MQTT) Subscribe(topicFilter string, qos int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.subscribeBySettingsLocked(topicFilter, qos)
	return err
}

// subscribeBySettingsLocked subscribes with the settings of subscriptions.
func (m *MQTT) subscribeBySettingsLocked(topicFilter string, qos int) (packetID int, err error) {
	s := &m.settings
	filters := m.splitFiltersLocked(topicFilter)
	subscriptions := make([]protocol.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = protocol.Subscription{
			Filter: filter, QoS: at(s.topicQOS, i, qos), NoLocal: at(s.topicNL, i, false),
			RetainAsPublished: at(s.topicRAP, i, false), RetainHandling: at(s.topicRH, i, 0),
		}
	}
	m.client.Settings.QueueRequests = m.returnsLocked()
	identifier := max(s.subscriptionIdentifier, protocol.NoSubscriptionIdentifier)
	packetID, err = m.client.Subscribe(subscriptions, identifier, nil)
	m.wakeWriterLocked()
	return packetID, err
}

// Subscription is one topic filter of SubscribeMany with its options, of which 3.1.1 has the QoS alone.
type Subscription struct {
	TopicFilter       string // one; TopicDelimiter does not count here
	QOS               int    // the highest wanted, 0 to 2
	NoLocal           bool   // v5: not what this client publishes
	RetainAsPublished bool   // v5: keep the RETAIN flag as it was published
	RetainHandling    int    // v5: 0 retained messages are sent, 1 only for a new subscription, 2 never
}

// SubscribeMany asks for several topic filters with one packet, each with options of its own, and returns the packet
// identifier, which SubAck repeats. Of p the identifier and the user properties count, for all filters; the settings do
// not.
//
// Errors; not sent: those of Subscribe, and
//   - [errors.ErrInvalidArgument] (10022): options in p, or an option or identifier that does not exist
func (m *MQTT) SubscribeMany(subscriptions []Subscription, p SubscribeProperties) (packetId int, err error) {
	if p.NoLocal || p.RetainAsPublished || p.RetainHandling != 0 {
		return 0, errors.New(errors.ErrInvalidArgument, "NoLocal, RetainAsPublished and RetainHandling of "+
			"SubscribeProperties are not possible in SubscribeMany; write them into each Subscription.")
	}
	user, err := appendUserProperties(nil, p.UserProperties)
	if err != nil {
		return 0, err
	}
	list := make([]protocol.Subscription, len(subscriptions))
	for i, s := range subscriptions {
		list[i] = protocol.Subscription{
			Filter: s.TopicFilter, QoS: s.QOS, NoLocal: s.NoLocal, RetainAsPublished: s.RetainAsPublished,
			RetainHandling: s.RetainHandling,
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client.Settings.QueueRequests = m.returnsLocked()
	packetId, err = m.client.Subscribe(list, p.SubscriptionIdentifier, user)
	m.wakeWriterLocked()
	return packetId, err
}

// SubscribeAndWait is Subscribe that waits for the server's answer, PublishAndWaitTimeout seconds at most (10 by
// default), firing events meanwhile.
//
// Errors; not sent: those of Subscribe.
//
// Errors; may have been sent:
//   - [errors.ErrProtocol] (500): the server has refused a filter, with its code in errors.Error.ReasonCode; the others
//     of the call are subscribed, and Subscribed tells each
//   - [errors.ErrTimeout] (201): the time is over; the answer may still come
//   - [errors.ErrNotConnected] (212): the connection was lost before the answer
//   - [errors.ErrInterrupted] (301): interrupted while waiting
func (m *MQTT) SubscribeAndWait(topicFilter string, qos int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	start, interrupts, client := m.now(), m.interrupts, m.client // Reset makes another client
	if _, err := m.subscribeBySettingsLocked(topicFilter, qos); err != nil {
		return err
	}
	requests := client.Asked(m.splitFiltersLocked(topicFilter))
	over := func(r *protocol.Request) bool { return r.Answer != nil || client.Request(int(r.ID)) != r }
	l := &limit{start: start, timeout: secondsOf(m.settings.publishAndWaitTimeout), what: "SubscribeAndWait"}
	err := m.awaitReleasing(l, func() bool {
		return m.interrupts != interrupts || !slices.ContainsFunc(requests,
			func(r *protocol.Request) bool { return !over(r) })
	})
	if err != nil {
		return err
	}
	m.firePendingReleasing()
	for _, r := range requests {
		switch {
		case r.Answer != nil:
		case m.interrupts != interrupts:
			return errors.New(errors.ErrInterrupted, "SubscribeAndWait was interrupted.")
		case r.Failure != nil:
			return r.Failure
		default:
			return errors.New(errors.ErrNotConnected,
				"The connection was lost before the server answered "+protocol.Quote(topicFilter)+".")
		}
	}
	return subscriptionRefused(requests)
}

// subscriptionRefused is the error of the filters that the server has refused, nil if there are none.
func subscriptionRefused(requests []*protocol.Request) error {
	var told *errors.Error
	for _, r := range requests {
		for i, reason := range r.Answer.Reasons {
			switch filter := protocol.Quote(r.Filters[i]); {
			case !reason.IsError():
			case told == nil:
				told = refused(packet.SUBACK, reason, filter)
			default:
				told.Description += fmt.Sprintf(" It refused %s too: %d (0x%02X).", filter, reason, uint8(reason))
			}
		}
	}
	if told == nil {
		return nil
	}
	return told
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
	filters := m.splitFiltersLocked(topicFilter)
	subscriptions := make([]protocol.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = protocol.Subscription{
			Filter: filter, QoS: qos, NoLocal: p.NoLocal, RetainAsPublished: p.RetainAsPublished,
			RetainHandling: p.RetainHandling,
		}
	}
	m.client.Settings.QueueRequests = m.returnsLocked()
	packetId, err = m.client.Subscribe(subscriptions, p.SubscriptionIdentifier, user)
	m.wakeWriterLocked()
	return packetId, err
}

// Unsubscribe ends the subscriptions of one topic filter, or of several as in Subscribe. The server compares filters
// character by character. The answer comes as UnsubAck and, once, Unsubscribed. While
// AutoReconnect brings a connection back it is accepted as Subscribe is.
//
// Errors; not sent:
//   - [errors.ErrNotConnected] (212): there is no connection, and none is being brought back
//   - [errors.ErrInvalidTopicFilter] (503): not a topic filter
//   - [errors.ErrPacketIdsExhausted] (501): all packet identifiers are in use
//   - [errors.ErrMessageTooLong] (10040): the packet is larger than the server takes
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
	m.client.Settings.QueueRequests = m.returnsLocked()
	packetId, err = m.client.Unsubscribe(m.splitFiltersLocked(topicFilter), topicFilter, user)
	m.wakeWriterLocked()
	return packetId, err
}

// Ping sends a PINGREQ, whatever KeepAliveInterval says. OnPing tells the answer.
//
// Errors; not sent:
//   - [errors.ErrNotConnected] (212): not connected
//   - [errors.ErrWouldBlock] (10035): a thousand of them wait for their answers
func (m *MQTT) Ping() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client.UnansweredPings() >= maxPings {
		return errors.New(errors.ErrWouldBlock, fmt.Sprintf("%d pings wait for their answers.", maxPings))
	}
	err := m.client.Ping(m.now())
	m.wakeWriterLocked()
	return err
}

// maxPings bounds the PINGREQs that were not answered.
const maxPings = 1000

// splitFiltersLocked splits a list of topic filters at TopicDelimiter. Spaces are dropped only behind a delimiter, so
// that a single filter is never changed.
func (m *MQTT) splitFiltersLocked(list string) []string {
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
