package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// kind is what a record or a note tells.
type kind uint8

const (
	dropped    kind = 0 // a note that is not written any more; no record
	kindAdd    kind = 1
	kindStep   kind = 2
	kindFinish kind = 3
	kindLast   kind = 4
	kindSize   kind = 5
)

const (
	headSize    = 20         // of a record
	bodyCRCSize = 4          // behind a body
	addSize     = 9          // of the body of an Add, without topic, properties and payload
	expiresSize = 8          // what flagExpires adds to that
	lastSize    = 2          // of the body of a Last
	sync0       = byte(0xAB) // how each record begins: no text, and the same nowhere in a head
	sync1       = byte(0xF1)
)

// The flags of an Add.
const (
	flagIncoming = 1 << 0
	flagRetain   = 1 << 1
	flagDup      = 1 << 2
	shiftQoS     = 3
	flagExpires  = 1 << 5 // eight bytes more: when, in nanoseconds of Unix time
	flagsUsed    = 1<<6 - 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is what all records begin with.
type head struct {
	kind   kind
	awaits packet.Type // Add, Step
	length int         // of the body, without its checksum
	key    uint64
}

// appendHead appends a record as far as its head.
func appendHead(dst []byte, salt uint32, h head) []byte {
	start := len(dst)
	dst = append(dst, sync0, sync1, byte(h.kind), byte(h.awaits))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.length))
	dst = binary.LittleEndian.AppendUint64(dst, h.key)
	return binary.LittleEndian.AppendUint32(dst, crc32.Update(salt, castagnoli, dst[start:]))
}

// parseHead reads the head of a record. It is false when there is none: b is too short, or its checksum does not fit.
func parseHead(b []byte, salt uint32) (h head, ok bool) {
	if len(b) < headSize || b[0] != sync0 || b[1] != sync1 {
		return head{}, false
	}
	if binary.LittleEndian.Uint32(b[16:]) != crc32.Update(salt, castagnoli, b[:16]) {
		return head{}, false
	}
	length := binary.LittleEndian.Uint32(b[4:])
	h = head{kind: kind(b[2]), awaits: packet.Type(b[3]), length: int(length), key: binary.LittleEndian.Uint64(b[8:])}
	return h, length <= math.MaxInt32-headSize-bodyCRCSize
}

// size is that of the whole record.
func (h *head) size() int64 {
	if h.length == 0 {
		return headSize
	}
	return headSize + int64(h.length) + bodyCRCSize
}

// bodySeed starts the checksum of a body, so that it fits one record only.
func bodySeed(salt uint32, key uint64) uint32 { return salt ^ uint32(key) ^ uint32(key>>32) }

// appendAdd appends the fixed part of the body of an Add.
func appendAdd(dst []byte, m *protocol.SavedMessage, incoming bool) []byte {
	flags := m.QoS & 3 << shiftQoS
	for _, f := range [...]struct {
		set bool
		bit byte
	}{{incoming, flagIncoming}, {m.Retain, flagRetain}, {m.Dup, flagDup}, {!m.Expires.IsZero(), flagExpires}} {
		if f.set {
			flags |= f.bit
		}
	}
	dst = binary.LittleEndian.AppendUint16(append(dst, flags), m.ID)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(m.Topic)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m.Properties)))
	if !m.Expires.IsZero() {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(m.Expires.UnixNano()))
	}
	return dst
}

// addLength is the length of the body of an Add.
func addLength(m *protocol.SavedMessage) int {
	n := addSize + len(m.Topic) + len(m.Properties) + len(m.Payload)
	if !m.Expires.IsZero() {
		n += expiresSize
	}
	return n
}

// parseAdd reads an Add whose checksums fit. The message refers to body. The error says what no message can be.
func parseAdd(h head, body []byte) (m protocol.SavedMessage, incoming bool, err error) {
	if len(body) < addSize || body[0]&^flagsUsed != 0 {
		return m, false, errLayout
	}
	flags, rest := body[0], body[addSize:]
	topic, properties := int64(binary.LittleEndian.Uint16(body[3:])), int64(binary.LittleEndian.Uint32(body[5:]))
	var expires time.Time
	if flags&flagExpires != 0 {
		if len(rest) < expiresSize {
			return m, false, errLayout
		}
		expires, rest = time.Unix(0, int64(binary.LittleEndian.Uint64(rest))), rest[expiresSize:]
	}
	if topic+properties > int64(len(rest)) {
		return m, false, errLayout
	}
	m = protocol.SavedMessage{
		Topic: string(rest[:topic]), ID: binary.LittleEndian.Uint16(body[1:]), QoS: flags >> shiftQoS & 3,
		Retain: flags&flagRetain != 0, Dup: flags&flagDup != 0, Awaits: h.awaits, Key: h.key,
		Expires: expires,
	}
	if properties > 0 {
		m.Properties = rest[topic : topic+properties : topic+properties]
	}
	if rest = rest[topic+properties:]; len(rest) > 0 {
		m.Payload = rest
	}
	incoming = flags&flagIncoming != 0
	return m, incoming, check(&m, incoming)
}

var errLayout = errors.New("it has another layout than its kind")

// check refuses what no session takes, so that one such record does not cost the others.
func check(m *protocol.SavedMessage, incoming bool) error {
	from := packet.FromClient
	if incoming {
		from = packet.FromServer
	}
	if err := packet.CheckTopicName(m.Topic); err != nil {
		return fmt.Errorf("the topic %w", err)
	}
	if m.ID == 0 {
		return errors.New("there is no packet identifier")
	}
	if !fits(m.QoS, incoming, m.Awaits) {
		return fmt.Errorf("QoS %d does not await %v", m.QoS, m.Awaits)
	}
	// The rules for properties are those of the packet that brings or takes the message.
	first := packet.PublishFirst(m.Dup, m.QoS, m.Retain)
	whole := packet.AppendPublishHeader(nil, packet.V5, first, m.Topic, m.ID, m.Properties, 0)
	h, _, err := packet.ReadHeader(packet.V5, from, whole)
	if err == nil {
		_, err = packet.DecodePublish(packet.V5, from, first, whole[h.Size:])
	}
	if err != nil {
		return err
	}
	if _, aliased := m.Properties.Uint(packet.PropTopicAlias); aliased {
		return errors.New("there is a topic alias")
	}
	return nil
}

// fits tells whether a message of that QoS can wait for that packet.
func fits(qos uint8, incoming bool, awaits packet.Type) bool {
	switch {
	case qos != 1 && qos != 2:
		return false
	case awaits == 0:
		return true
	case incoming:
		return qos == 2 && awaits == packet.PUBREL
	case qos == 1:
		return awaits == packet.PUBACK
	}
	return awaits == packet.PUBREC || awaits == packet.PUBCOMP
}
