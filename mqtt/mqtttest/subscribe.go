package mqtttest

import (
	"maps"
	"slices"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// subscription is one topic filter of a client.
type subscription struct {
	name    string // as it was asked for
	filter  string // what topics are compared with
	shared  bool
	options packet.SubscribeOptions
	id      uint32 // Subscription Identifier, 0 = none
}

// subscription returns the one with a name, nil if there is none.
func (n *session) subscription(name string) *subscription {
	if i := slices.IndexFunc(n.subscriptions, func(s *subscription) bool { return s.name == name }); i >= 0 {
		return n.subscriptions[i]
	}
	return nil
}

// subscribe takes SUBSCRIBE: a subscription with a name that there is replaces that one [MQTT5-3.8.4-3]
// [MQTT311-3.8.4-3]. The lock is held.
func (c *conn) subscribe(body []byte) error {
	p, err := packet.DecodeSubscribe(c.version, body)
	if err != nil {
		return err
	}
	id, _ := p.Properties.Uint(packet.PropSubscriptionIdentifier)
	var reasons []byte
	var asking []*subscription // for retained messages
	for filter, options := range p.Filters.Subscriptions() {
		sub := &subscription{name: string(filter), filter: string(filter), options: options, id: id}
		// 3.1.1 knows no shared subscriptions, and its servers have them all the same.
		if sub.shared = packet.IsShared(sub.name) && packet.CheckTopicFilter(packet.V5, sub.name) == nil; sub.shared {
			if options.NoLocal() { // [MQTT5-3.8.3-4]
				return failure(packet.ProtocolError)
			}
			sub.filter = sharedFilter(sub.name)
		}
		if c.server.refused != nil && c.server.refused(sub.name) {
			refusal := packet.NotAuthorized
			if c.version == packet.V311 {
				refusal = packet.UnspecifiedError // 0x80, the only one that it has
			}
			reasons = append(reasons, byte(refusal))
			continue
		}
		old := c.session.subscription(sub.name)
		if old == nil {
			c.session.subscriptions = append(c.session.subscriptions, sub)
		} else {
			*old = *sub
		}
		reasons = append(reasons, options.QoS())
		// [MQTT5-3.3.1-9] [MQTT5-3.3.1-10]
		if rh := options.RetainHandling(); !sub.shared && (rh == 0 || rh == 1 && old == nil) {
			asking = append(asking, sub)
		}
	}
	c.send(packet.AppendSuback(nil, c.version, &packet.Suback{PacketID: p.PacketID, Reasons: reasons}))
	for _, sub := range asking {
		c.sendRetained(sub)
	}
	return nil
}

// sendRetained sends the retained messages of a subscription. The lock is held.
func (c *conn) sendRetained(sub *subscription) {
	s := c.server
	for _, topic := range slices.Sorted(maps.Keys(s.retained)) {
		m := s.retained[topic]
		switch {
		case m.expired():
			delete(s.retained, topic)
		case packet.Matches(sub.filter, topic):
			d := &delivery{message: m}
			d.add(sub)
			d.retain = true // [MQTT5-3.3.1-8] [MQTT311-3.3.1-8]
			c.session.deliver(d)
		}
	}
}

// unsubscribe takes UNSUBSCRIBE. The lock is held.
func (c *conn) unsubscribe(body []byte) error {
	p, err := packet.DecodeUnsubscribe(c.version, body)
	if err != nil {
		return err
	}
	n := c.session
	var reasons []byte
	for filter := range p.Filters.Filters() {
		reason := packet.NoSubscriptionExisted
		if old := n.subscription(string(filter)); old != nil {
			reason = packet.Success
			n.subscriptions = slices.DeleteFunc(n.subscriptions, func(s *subscription) bool { return s == old })
		}
		reasons = append(reasons, byte(reason))
	}
	c.send(packet.AppendUnsuback(nil, c.version, &packet.Unsuback{PacketID: p.PacketID, Reasons: reasons}))
	return nil
}
