package packet

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// Publish is the PUBLISH packet.
type Publish struct {
	Dup, Retain bool
	QoS         byte
	Topic       []byte // empty in V5 when a Topic Alias stands for it
	PacketID    uint16 // 0 with QoS 0
	Properties  Properties
	Payload     []byte
}

// The flags of PUBLISH in the first byte.
const (
	flagRetain = 1 << 0
	shiftQoS   = 1
	flagDup    = 1 << 3
)

// maxPublishHeader is what a PUBLISH takes at most beside topic, properties and payload: fixed header, length
// of the topic, packet identifier and Property Length.
const maxPublishHeader = maxHeaderSize + 2 + 2 + 4

// PublishFirst is the first byte of a PUBLISH.
func PublishFirst(dup bool, qos byte, retain bool) byte {
	first := byte(PUBLISH)<<4 | qos<<shiftQoS
	if dup {
		first |= flagDup
	}
	if retain {
		first |= flagRetain
	}
	return first
}

// publishLength is the Remaining Length of a PUBLISH.
func publishLength(v Version, qos byte, topicLen, propsLen, payloadLen int) int {
	n := 2 + topicLen + payloadLen
	if qos > 0 {
		n += 2
	}
	if v == V5 {
		n += varintSize(propsLen) + propsLen
	}
	return n
}

// PublishSize is the size of a whole PUBLISH. When it exceeds MaxPacketSize there is no such packet.
func PublishSize(v Version, qos byte, topicLen, propsLen, payloadLen int) int {
	n := publishLength(v, qos, topicLen, propsLen, payloadLen)
	if n > MaxRemainingLength {
		return maxHeaderSize + n
	}
	return 1 + varintSize(n) + n
}

// AppendPublish appends a PUBLISH. The packet identifier is written when QoS is above 0.
func AppendPublish(dst []byte, v Version, p *Publish) []byte {
	dst = slices.Grow(dst, maxPublishHeader+len(p.Topic)+len(p.Properties)+len(p.Payload))
	dst = appendPublishHeader(dst, v, PublishFirst(p.Dup, p.QoS, p.Retain), p.Topic, p.PacketID, p.Properties,
		len(p.Payload))
	return append(dst, p.Payload...)
}

// AppendPublishHeader appends everything of a PUBLISH but its payload of payloadLen bytes. first is made by
// PublishFirst; packetID is written when its QoS is above 0. dst grows at most once.
func AppendPublishHeader(
	dst []byte, v Version, first byte, topic string, packetID uint16, props Properties, payloadLen int,
) []byte {
	dst = slices.Grow(dst, maxPublishHeader+len(topic)+len(props))
	return appendPublishHeader(dst, v, first, topic, packetID, props, payloadLen)
}

// appendPublishHeader appends to a dst that has the capacity.
func appendPublishHeader[T string | []byte](
	dst []byte, v Version, first byte, topic T, packetID uint16, props Properties, payloadLen int,
) []byte {
	qos := first >> shiftQoS & 3
	dst = appendVarint(append(dst, first), publishLength(v, qos, len(topic), len(props), payloadLen))
	dst = appendBinary(dst, topic)
	// [MQTT5-2.2.1-2] [MQTT311-2.3.1-5]
	if qos > 0 {
		dst = append(dst, byte(packetID>>8), byte(packetID))
	}
	return props.appendTo(dst, v)
}

// DecodePublish decodes the body of a PUBLISH. first is the first byte, which ReadHeader has checked.
//
// Refused are a topic that is not valid text (0x81), holds a wildcard (0x82) or is empty without a Topic Alias
// (0x82; in V311 an empty one is malformed, 0x81), packet identifier 0 (0x82) and Topic Alias 0 (0x94). Whether
// an alias is within its maximum and known is up to the caller.
func DecodePublish(v Version, from Role, first byte, body []byte) (Publish, error) {
	p := Publish{
		Dup:    first&flagDup != 0,
		Retain: first&flagRetain != 0,
		QoS:    first >> shiftQoS & 3,
	}
	if len(body) < 2 {
		return Publish{}, malformed(PUBLISH, "topic name is cut off")
	}
	n := int(binary.BigEndian.Uint16(body))
	rest := body[2:]
	if n > len(rest) {
		return Publish{}, malformed(PUBLISH, "topic name is cut off")
	}
	p.Topic, rest = rest[:n:n], rest[n:]
	if !isPlainTopic(p.Topic) && checkTopic(p.Topic) != "" {
		return Publish{}, checkTopicField(PUBLISH, "topic name"+shown(p.Topic), p.Topic)
	}
	if p.QoS > 0 {
		if len(rest) < 2 {
			return Publish{}, malformed(PUBLISH, "packet identifier is cut off")
		}
		p.PacketID = binary.BigEndian.Uint16(rest)
		// [MQTT5-2.2.1-4] [MQTT311-2.3.1-1]
		if p.PacketID == 0 {
			return Publish{}, violation(PUBLISH, "packet identifier is 0")
		}
		rest = rest[2:]
	}
	hasAlias := false
	if v == V5 {
		if len(rest) > 0 && rest[0] == 0 {
			rest = rest[1:]
		} else {
			at := inPublishOfClient
			if from == FromServer {
				at = inPublishOfServer
			}
			d := decoder{packet: PUBLISH, rest: rest}
			p.Properties = d.properties(v, at)
			if d.err != nil {
				return Publish{}, d.err
			}
			hasAlias = d.seen.Has(PropTopicAlias)
			rest = d.rest
		}
	}
	// [MQTT5-4.7.3-1] [MQTT311-4.7.3-1] (U5-10)
	if n == 0 && !hasAlias {
		return Publish{}, noTopic(v)
	}
	p.Payload = rest[:len(rest):len(rest)]
	return p, nil
}

// shown is a topic that is no text as it can be told, so that somebody can clear what a server has retained under it;
// nothing for other topics.
func shown(topic []byte) string {
	if p := checkText(topic); p == "" {
		return ""
	}
	const most = 1000
	cut := ""
	if len(topic) > most {
		topic, cut = topic[:most], "…"
	}
	return " " + strconv.QuoteToASCII(string(topic)) + cut
}

// noTopic is the error for an empty topic. Only V5 knows packets in which it is right.
func noTopic(v Version) error {
	if v == V5 {
		return violation(PUBLISH, "topic name is empty without a Topic Alias")
	}
	return malformed(PUBLISH, "topic name is empty")
}
