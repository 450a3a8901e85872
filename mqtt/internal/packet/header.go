package packet

// The largest Remaining Length, and the size of a packet that has it.
const (
	MaxRemainingLength = MaxVariableByteInteger
	MaxPacketSize      = maxHeaderSize + MaxRemainingLength
)

// maxHeaderSize is the largest fixed header: the first byte and a Remaining Length of 4 bytes.
const maxHeaderSize = 5

// Header is the fixed header of a packet.
type Header struct {
	First  byte // type in the upper half, flags in the lower
	Length int  // Remaining Length: size of the body
	Size   int  // size of the fixed header itself, 2..5
}

// Type is the packet type.
func (h Header) Type() Type { return typeOf(h.First) }

// typeOf is the packet type in the first byte of a packet.
func typeOf(first byte) Type { return Type(first >> 4) }

// PacketSize is the size of the whole packet, the value that Maximum Packet Size limits.
func (h Header) PacketSize() int { return h.Size + h.Length }

// senders has one bit for each version and role, see senderBit.
type senders byte

const (
	c311, s311 senders = 1 << 0, 1 << 1
	c5, s5     senders = 1 << 2, 1 << 3

	fromClients = c311 | c5
	fromServers = s311 | s5
	fromBoth    = fromClients | fromServers
)

// headerRule is what a fixed header has to obey. The pairs hold the value for 3.1.1 and for 5.0 (U311-07).
type headerRule struct {
	name    string
	senders senders
	flags   byte    // PUBLISH: has its own check
	min     [2]byte // smallest Remaining Length, of QoS 0 for PUBLISH
	fixed   [2]bool // min is the only one
}

// The version of a CONNECT is not known before its body is read, hence one minimum for both. An empty
// list of filters or codes passes here: it is a Protocol Error, found with the body.
var headerRules = [16]headerRule{
	CONNECT:     {"CONNECT", fromClients, 0, [2]byte{12, 12}, [2]bool{}},
	CONNACK:     {"CONNACK", fromServers, 0, [2]byte{2, 2}, [2]bool{true, false}},
	PUBLISH:     {"PUBLISH", fromBoth, 0, [2]byte{2, 3}, [2]bool{}},
	PUBACK:      {"PUBACK", fromBoth, 0, [2]byte{2, 2}, [2]bool{true, false}},
	PUBREC:      {"PUBREC", fromBoth, 0, [2]byte{2, 2}, [2]bool{true, false}},
	PUBREL:      {"PUBREL", fromBoth, 2, [2]byte{2, 2}, [2]bool{true, false}}, // [MQTT5-3.6.1-1] [MQTT311-3.6.1-1]
	PUBCOMP:     {"PUBCOMP", fromBoth, 0, [2]byte{2, 2}, [2]bool{true, false}},
	SUBSCRIBE:   {"SUBSCRIBE", fromClients, 2, [2]byte{2, 3}, [2]bool{}}, // [MQTT5-3.8.1-1] [MQTT311-3.8.1-1]
	SUBACK:      {"SUBACK", fromServers, 0, [2]byte{3, 3}, [2]bool{}},
	UNSUBSCRIBE: {"UNSUBSCRIBE", fromClients, 2, [2]byte{2, 3}, [2]bool{}}, // [MQTT5-3.10.1-1] [MQTT311-3.10.1-1]
	UNSUBACK:    {"UNSUBACK", fromServers, 0, [2]byte{2, 3}, [2]bool{true, false}},
	PINGREQ:     {"PINGREQ", fromClients, 0, [2]byte{0, 0}, [2]bool{true, true}},
	PINGRESP:    {"PINGRESP", fromServers, 0, [2]byte{0, 0}, [2]bool{true, true}},
	DISCONNECT:  {"DISCONNECT", fromClients | s5, 0, [2]byte{0, 0}, [2]bool{true, false}}, // [MQTT5-3.14.1-1]
	AUTH:        {"AUTH", c5 | s5, 0, [2]byte{0, 0}, [2]bool{}},                           // [MQTT5-3.15.1-1]
}

// ReadHeader reads the fixed header at the start of b, which may hold less than a packet or more than one.
// When ok is false and err is nil, b ends before the header does.
//
// It refuses, at the first byte that shows it: a packet type that does not exist (0x81) or that the sender
// may never send (0x82), wrong flags, QoS 3, DUP with QoS 0, a Remaining Length of more than four bytes or
// in more bytes than needed, and one that no packet of the type can have (all 0x81). The direction is
// checked before the flags.
func ReadHeader(v Version, from Role, b []byte) (h Header, ok bool, err error) {
	if len(b) == 0 {
		return Header{}, false, nil
	}
	first := b[0]
	rule := &headerRules[first>>4]
	if err := checkFirst(v, from, first, rule); err != nil {
		return Header{}, false, err
	}
	n, size := readVarint(b[1:])
	switch size {
	case varintCut:
		return Header{}, false, nil
	case varintBad:
		return Header{}, false, malformed(typeOf(first),
			"Remaining Length has more than four bytes or more than needed")
	}
	least := int(rule.min[v.index()])
	if typeOf(first) == PUBLISH && first&0x06 != 0 {
		least += 2 // packet identifier
	}
	if n < least {
		return Header{}, false, malformed(typeOf(first), "Remaining Length is too small")
	}
	if n > least && rule.fixed[v.index()] {
		return Header{}, false, malformed(typeOf(first), "Remaining Length is too large")
	}
	return Header{First: first, Length: n, Size: 1 + size}, true, nil
}

const errLongLength problem = "the Remaining Length has more than four bytes"

// ReadFrame reads the fixed header at the start of b for its size alone: any first byte will do, and a Remaining Length
// in more bytes than needed. It is for bytes that a program has made itself. When ok is false and err is nil, b ends
// before the header does.
func ReadFrame(b []byte) (h Header, ok bool, err error) {
	if len(b) == 0 {
		return Header{}, false, nil
	}
	n, size := readGroups(b[1:])
	switch size {
	case varintCut:
		return Header{}, false, nil
	case varintBad:
		return Header{}, false, errLongLength
	}
	return Header{First: b[0], Length: n, Size: 1 + size}, true, nil
}

// checkFirst checks the first byte of a packet.
func checkFirst(v Version, from Role, first byte, rule *headerRule) error {
	t := typeOf(first)
	possible := rule.senders >> (2 * v.index()) & 3
	if possible == 0 {
		return malformed(t, "packet type is reserved")
	}
	if possible>>from&1 == 0 {
		if from == FromServer {
			return violation(t, "a server never sends this packet")
		}
		return violation(t, "a client never sends this packet")
	}
	if t == PUBLISH {
		switch {
		// [MQTT5-3.3.1-4] [MQTT311-3.3.1-4]
		case first&0x06 == 0x06:
			return malformed(t, "QoS is 3")
		// [MQTT5-3.3.1-2] [MQTT311-3.3.1-2]
		case first&0x0E == 0x08:
			return malformed(t, "DUP is set with QoS 0")
		}
		return nil
	}
	// [MQTT5-2.1.3-1] [MQTT311-2.2.2-1] [MQTT311-2.2.2-2]
	if first&0x0F != rule.flags {
		return malformed(t, "reserved flags of the first byte are wrong")
	}
	return nil
}

// appendHeader appends the fixed header of a packet that is no PUBLISH.
func appendHeader(dst []byte, t Type, length int) []byte {
	return appendVarint(append(dst, byte(t)<<4|headerRules[t].flags), length)
}
