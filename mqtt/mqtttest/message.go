package mqtttest

import (
	"bytes"
	"strings"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// message is a message that the server has taken. It does not change.
type message struct {
	from       string // ClientId
	topic      string
	payload    []byte
	qos        byte
	retain     bool
	properties packet.Properties // those that are passed on, without what changes on the way
	expires    time.Time         // zero = never
}

func newMessage(from string, p *packet.Publish) *message {
	m := &message{
		from: from, topic: string(p.Topic), payload: bytes.Clone(p.Payload), qos: p.QoS, retain: p.Retain,
		properties: p.Properties.Without(packet.PropTopicAlias, packet.PropMessageExpiryInterval),
	}
	if seconds, set := p.Properties.Uint(packet.PropMessageExpiryInterval); set {
		m.expires = time.Now().Add(time.Duration(seconds) * time.Second)
	}
	return m
}

func (m *message) expired() bool { return !m.expires.IsZero() && !time.Now().Before(m.expires) }

func (m *message) size() int { return len(m.topic) + len(m.payload) + len(m.properties) }

// publish takes PUBLISH. The lock is held.
func (c *conn) publish(first byte, body []byte) error {
	p, err := packet.DecodePublish(c.version, packet.FromClient, first, body)
	if err != nil {
		return err
	}
	if alias, set := p.Properties.Uint(packet.PropTopicAlias); set {
		switch known := c.aliases[uint16(alias)]; {
		case alias > maxAlias: // [MQTT5-3.3.2-9]
			return failure(packet.TopicAliasInvalid)
		case len(p.Topic) > 0:
			c.aliases[uint16(alias)] = string(p.Topic)
		case known == "":
			return failure(packet.ProtocolError)
		default:
			p.Topic = []byte(known)
		}
	}
	n := c.session
	if p.QoS == 2 && n.received[p.PacketID] { // it was taken before [MQTT5-4.3.3-10] [MQTT311-4.3.3-2]
		c.send(packet.AppendShortAck(nil, packet.PUBREC, p.PacketID))
		return nil
	}
	// It is passed on when it arrives, whatever its QoS: the other way of [MQTT5-4.3.3] is at PUBREL.
	reason := packet.Success
	if !c.server.route(newMessage(n.id, &p)) {
		reason = packet.NoMatchingSubscribers
	}
	ack := &packet.Ack{PacketID: p.PacketID, Reason: reason}
	switch p.QoS {
	case 1:
		c.send(packet.AppendAck(nil, c.version, packet.PUBACK, ack))
	case 2:
		n.received[p.PacketID] = true
		c.send(packet.AppendAck(nil, c.version, packet.PUBREC, ack))
	}
	return nil
}

// route keeps a retained message and passes a message on. It reports whether there was a subscription for it. The lock
// is held.
func (s *Server) route(m *message) (wanted bool) {
	if s.lost != nil && s.lost(m.topic) {
		return true
	}
	if m.retain {
		if s.retained[m.topic] = m; len(m.payload) == 0 { // [MQTT5-3.3.1-6] [MQTT311-3.3.1-10]
			delete(s.retained, m.topic)
		}
	}
	shares := map[string][]*session{} // by shared filter: those who take turns
	var filters []string
	for _, n := range append([]*session(nil), s.order...) {
		if s.sessionOf(n.id) != n {
			continue
		}
		d := &delivery{message: m}
		found := false
		for _, sub := range n.subscriptions {
			switch {
			case !packet.Matches(sub.filter, m.topic) || sub.options.NoLocal() && m.from == n.id: // [MQTT5-3.8.3-3]
			case sub.shared:
				if shares[sub.name] == nil {
					filters = append(filters, sub.name)
				}
				shares[sub.name] = append(shares[sub.name], n)
			default:
				found = true
				d.add(sub)
			}
		}
		if found {
			wanted = true
			n.deliver(d)
		}
	}
	for _, name := range filters { // one member of each gets it [MQTT5-4.8.2-4]
		wanted = true
		n := s.turn(name, shares[name])
		d := &delivery{message: m}
		d.add(n.subscription(name))
		n.deliver(d)
	}
	return wanted
}

// add makes a delivery one of a subscription too.
func (d *delivery) add(sub *subscription) {
	d.qos = max(d.qos, min(sub.options.QoS(), d.message.qos))
	d.retain = d.retain || sub.options.RetainAsPublished() && d.message.retain
	if sub.id != 0 {
		d.ids = append(d.ids, sub.id)
	}
}

// turn picks the member of a shared subscription whose turn it is, of those that are connected if there are any.
func (s *Server) turn(name string, members []*session) *session {
	var here []*session
	for _, n := range members {
		if n.conn != nil {
			here = append(here, n)
		}
	}
	if len(here) == 0 {
		here = members
	}
	s.turns[name]++
	return here[s.turns[name]%len(here)]
}

// sharedFilter is the filter inside "$share/NAME/FILTER".
func sharedFilter(name string) string {
	return name[strings.Index(name[len("$share/"):], "/")+len("$share/")+1:]
}
