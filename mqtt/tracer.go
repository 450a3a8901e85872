package mqtt

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// tracer writes one Log line for each packet of a connection: at LogLevel 2 its direction, type, identifier and size, at
// 3 its bytes too. It follows the two byte streams by itself, so that the protocol does no work for it.
type tracer struct {
	m       *MQTT
	version packet.Version
	out, in tracedStream
}

// tracedStream cuts one direction into packets.
type tracedStream struct {
	head []byte // the packet so far, maxTraced bytes of it at most
	size int    // of the packet; 0 = not known yet
	seen int    // bytes of it that went by
}

// maxTraced is how much of a packet is looked at: enough for all but a long topic.
const maxTraced = 1024

func newTracer(m *MQTT, v packet.Version) *tracer { return &tracer{m: m, version: v} }

// sent and received take bytes in their order. The component's lock is held.
func (t *tracer) sent(segments [][]byte) {
	for _, s := range segments {
		t.follow(&t.out, packet.FromClient, s)
	}
}

func (t *tracer) received(b []byte) { t.follow(&t.in, packet.FromServer, b) }

func (t *tracer) follow(s *tracedStream, from packet.Role, b []byte) {
	for len(b) > 0 {
		if s.size == 0 {
			s.head = append(s.head, b[0])
			s.seen++
			b = b[1:]
			h, complete, err := packet.ReadHeader(t.version, from, s.head)
			if err != nil {
				s.head, s.seen = s.head[:0], 0 // the protocol ends the connection
				return
			}
			if complete {
				s.size = h.PacketSize()
			}
		} else {
			n := min(len(b), s.size-s.seen)
			s.head = append(s.head, b[:min(n, max(0, maxTraced-len(s.head)))]...)
			s.seen += n
			b = b[n:]
		}
		if s.size > 0 && s.seen == s.size {
			t.line(from, s)
			*s = tracedStream{head: s.head[:0]}
		}
	}
}

func (t *tracer) line(from packet.Role, s *tracedStream) {
	h, _, _ := packet.ReadHeader(t.version, from, s.head)
	direction := "sent"
	if from == packet.FromServer {
		direction = "received"
	}
	line := fmt.Sprintf("%s %v", direction, h.Type())
	shown := len(s.head)
	body := s.head[h.Size:]
	switch h.Type() {
	case packet.PUBLISH:
		topic, id, payload := t.splitPublish(h, body)
		line += fmt.Sprintf(" QoS %d", h.First>>1&3)
		if id != 0 {
			line += fmt.Sprintf(", packet %d", id)
		}
		if h.First&8 != 0 {
			line += ", DUP"
		}
		if h.First&1 != 0 {
			line += ", RETAIN"
		}
		line += ", topic " + protocol.Quote(topic)
		if t.m.settings.maskSensitiveData {
			shown = min(shown, h.Size+payload)
		}
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP, packet.SUBSCRIBE, packet.SUBACK, packet.UNSUBSCRIBE, packet.UNSUBACK:
		if len(body) >= 2 {
			line += fmt.Sprintf(", packet %d", binary.BigEndian.Uint16(body))
		}
	case packet.CONNECT, packet.AUTH:
		if t.m.settings.maskSensitiveData {
			shown = h.Size
		}
	}
	line += fmt.Sprintf(", %d bytes", s.size)
	if t.m.settings.logLevel < logDebug {
		t.m.log(logVerbose, logPacket, line)
		return
	}
	line += ": " + strings.ToUpper(hex.EncodeToString(s.head[:shown]))
	if hidden := s.size - shown; hidden > 0 {
		line += fmt.Sprintf(" and %d bytes that are not shown", hidden)
	}
	t.m.log(logDebug, logPacket, line)
}

// splitPublish finds the topic, the packet identifier and where the payload begins, as far as the traced bytes tell.
func (t *tracer) splitPublish(h packet.Header, body []byte) (topic string, id uint16, payload int) {
	if len(body) < 2 {
		return "", 0, len(body)
	}
	at := 2 + int(binary.BigEndian.Uint16(body))
	if at > len(body) {
		return string(body[2:]), 0, len(body)
	}
	topic = string(body[2:at])
	if h.First>>1&3 > 0 && at+2 <= len(body) {
		id = binary.BigEndian.Uint16(body[at:])
		at += 2
	}
	if t.version == packet.V5 {
		length, shift := 0, 0
		for at < len(body) && shift < 28 {
			b := body[at]
			at++
			length |= int(b&0x7F) << shift
			shift += 7
			if b < 0x80 {
				break
			}
		}
		at += length
	}
	return topic, id, min(at, len(body))
}
