package protocol

import (
	"fmt"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// aliases are the topic aliases of one connection, both ways; they end with it [MQTT5-3.3.2-7].
type aliases struct {
	in      map[uint16]string // as the server defined them
	inBytes int               // of memory that those take
	written map[uint16]string // as our PUBLISH packets on the wire defined them
	chosen  map[uint16]string // as the caller's publishes define them, those included that wait for the quota
	auto    autoAliases
}

func (c *Client) forgetAliases() {
	c.kept -= c.aliases.inBytes
	c.aliases = aliases{}
}

// aliasOverhead is about what a topic alias takes beside its topic.
const aliasOverhead = 64

func (a *aliases) choose(alias uint16, topic string) {
	if a.chosen == nil {
		a.chosen = make(map[uint16]string)
	}
	a.chosen[alias] = topic
}

// wireTopic returns the topic that the PUBLISH of m carries beside its alias. It is empty only if the caller asked for
// that and the wire has seen the mapping: a definition that waits for the quota has not defined anything yet.
func (a *aliases) wireTopic(m *Message) string {
	if m.emptyTopic && a.written[m.Alias] == m.Topic {
		return ""
	}
	a.write(m.Alias, m.Topic)
	return m.Topic
}

func (a *aliases) write(alias uint16, topic string) {
	if a.written == nil {
		a.written = make(map[uint16]string)
	}
	a.written[alias] = topic
}

// mapAlias takes over a topic alias of the server. Without ok the connection has been ended.
func (c *Client) mapAlias(alias uint16, topic string) (ok bool) {
	a := &c.aliases
	before, known := a.in[alias]
	if known && before == topic {
		return true
	}
	more := len(topic) - len(before)
	if !known {
		more += aliasOverhead
	}
	if !c.keep(packet.PUBLISH, more, fmt.Sprintf("topic alias %d", alias)) {
		return false
	}
	if a.in == nil {
		a.in = make(map[uint16]string)
	}
	a.in[alias] = topic
	a.inBytes += more
	return true
}

// resolveTopic returns the full topic of an inbound PUBLISH, and sets or uses its alias. Without ok the connection has
// been ended.
func (c *Client) resolveTopic(p *packet.Publish) (topic string, alias uint16, ok bool) {
	value, given := p.Properties.Uint(packet.PropTopicAlias)
	if !given {
		return c.topics.name(p.Topic), 0, true
	}
	alias = uint16(value)
	// [MQTT5-3.1.2-26] [MQTT5-3.1.2-27] [MQTT5-3.3.2-10] (U5-11)
	if highest := c.options.topicAliasMaximum(); int(alias) > highest {
		c.fail(packet.PUBLISH, packet.TopicAliasInvalid,
			fmt.Sprintf("topic alias %d, although ClientTopicAliasMax is %d", alias, highest))
		return "", 0, false
	}
	if len(p.Topic) > 0 {
		topic = c.topics.name(p.Topic)
		if !c.mapAlias(alias, topic) {
			return "", 0, false
		}
		return topic, alias, true
	}
	topic, known := c.aliases.in[alias]
	if !known {
		c.fail(packet.PUBLISH, packet.ProtocolError,
			fmt.Sprintf("topic alias %d without a topic, and none was given before", alias))
		return "", 0, false
	}
	return topic, alias, true
}
