package protocol

import "github.com/iotcomponents/iot/mqtt/internal/packet"

// autoAliases choose topic aliases for topics that have none from the caller, while Settings.AutoTopicAlias is set.
// When all that the server takes are in use, the one that was not used for longest goes to the next topic. The mapping
// that counts is aliases.written: what a caller's own alias overwrites is defined anew when it is needed.
type autoAliases struct {
	of    map[string]uint16
	slots []autoAlias // slot 0 is the ring's anchor, slot n is alias n
}

// autoAlias is one alias in a ring in the order of use.
type autoAlias struct {
	topic          string
	newer, earlier uint16
}

// shortTopic is the length up to which an alias, which costs three bytes, gains nothing.
const shortTopic = aliasPropertySize

// choose returns the alias for a topic, of highest at most.
func (a *autoAliases) choose(topic string, highest uint16) uint16 {
	alias, known := a.of[topic]
	switch {
	case known:
		a.unlink(alias)
	case len(a.slots) <= int(highest):
		if a.of == nil {
			a.of, a.slots = make(map[string]uint16), make([]autoAlias, 1)
		}
		alias = uint16(len(a.slots))
		a.slots = append(a.slots, autoAlias{topic: topic})
		a.of[topic] = alias
	default:
		alias = a.slots[0].newer // the anchor's newer neighbour is the oldest of all
		a.unlink(alias)
		delete(a.of, a.slots[alias].topic)
		a.slots[alias].topic = topic
		a.of[topic] = alias
	}
	a.linkNewest(alias)
	return alias
}

func (a *autoAliases) unlink(alias uint16) {
	s := &a.slots[alias]
	a.slots[s.earlier].newer, a.slots[s.newer].earlier = s.newer, s.earlier
}

func (a *autoAliases) linkNewest(alias uint16) {
	newest := a.slots[0].earlier
	a.slots[alias].earlier, a.slots[alias].newer = newest, 0
	a.slots[newest].newer, a.slots[0].earlier = alias, alias
}

// autoAlias returns the alias that the PUBLISH of m is to carry, 0 for none, and the topic that goes with it.
func (c *Client) autoAlias(m *Message) (alias uint16, topic string) {
	highest := c.limits.TopicAliasMaximum
	if highest == 0 || len(m.Topic) <= shortTopic {
		return 0, m.Topic
	}
	// A definition makes the packet longer than the one that was checked [MQTT5-3.2.2-15].
	size := packet.PublishSize(c.version, m.QoS, len(m.Topic), len(m.Properties)+aliasPropertySize, len(m.Payload))
	if uint64(size) > uint64(c.limits.MaximumPacketSize) {
		return 0, m.Topic
	}
	alias = c.aliases.auto.choose(m.Topic, highest)
	if c.aliases.written[alias] == m.Topic {
		return alias, ""
	}
	c.aliases.write(alias, m.Topic)
	return alias, m.Topic
}
