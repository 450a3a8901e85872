package packet

import (
	"encoding/binary"
	"iter"
)

// Properties is an encoded list of properties without its length; nil stands for none. The list of a decoded
// packet was validated: identifiers known, allowed in that packet and not repeated, values in range, text
// valid. Other lists are made with the Append methods. The methods require one or the other.
type Properties []byte

// next splits off the first property. The value of a text, a binary or a pair begins with its length.
func (p Properties) next() (id PropertyID, value []byte, rest Properties) {
	id = PropertyID(p[0])
	n := 1 + valueSize(id.rule().kind, p[1:])
	return id, p[1:n:n], p[n:]
}

// valueSize is the size of the value at the start of b, which may end before it does. 0 is a varint that does
// not end in b, or in four bytes.
func valueSize(k kind, b []byte) int {
	switch k {
	case kindFlag:
		return 1
	case kindTwo:
		return 2
	case kindFour:
		return 4
	case kindVarint:
		_, size := readVarint(b)
		return max(size, 0)
	case kindPair:
		n := binarySize(b)
		return n + binarySize(b[min(n, len(b)):])
	default:
		return binarySize(b)
	}
}

// binarySize is the size of the text or binary at the start of b, with its length.
func binarySize(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	return 2 + int(binary.BigEndian.Uint16(b))
}

// number decodes the value of a numeric property.
func number(k kind, value []byte) uint32 {
	switch k {
	case kindFlag:
		return uint32(value[0])
	case kindTwo:
		return uint32(binary.BigEndian.Uint16(value))
	case kindFour:
		return binary.BigEndian.Uint32(value)
	default:
		n, _ := readVarint(value)
		return uint32(n)
	}
}

// find returns the value of the first property id.
func (p Properties) find(id PropertyID) ([]byte, bool) {
	for len(p) > 0 {
		next, value, rest := p.next()
		if next == id {
			return value, true
		}
		p = rest
	}
	return nil, false
}

// Uint returns the value of a numeric property (byte, Two Byte, Four Byte or Variable Byte Integer), the
// first one if there are several. It is false when the property is absent.
func (p Properties) Uint(id PropertyID) (uint32, bool) {
	if k := id.rule().kind; k <= kindVarint {
		if value, ok := p.find(id); ok {
			return number(k, value), true
		}
	}
	return 0, false
}

// Bytes returns the value of a text or binary property, a view into p. It is false when the property is absent.
func (p Properties) Bytes(id PropertyID) ([]byte, bool) {
	if k := id.rule().kind; k == kindText || k == kindBinary {
		if value, ok := p.find(id); ok {
			return value[2:], true
		}
	}
	return nil, false
}

// Text is Bytes as text, "" when the property is absent.
func (p Properties) Text(id PropertyID) string {
	b, _ := p.Bytes(id)
	return string(b)
}

// UserProperties yields name and value of each User Property in their order, views into p.
func (p Properties) UserProperties() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for len(p) > 0 {
			id, pair, rest := p.next()
			if id == PropUserProperty {
				n := binarySize(pair)
				if !yield(pair[2:n:n], pair[n+2:]) {
					return
				}
			}
			p = rest
		}
	}
}

// SubscriptionIdentifiers yields each Subscription Identifier in their order.
func (p Properties) SubscriptionIdentifiers() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for len(p) > 0 {
			id, value, rest := p.next()
			if id == PropSubscriptionIdentifier && !yield(number(kindVarint, value)) {
				return
			}
			p = rest
		}
	}
}

// SetUint changes the value of a Four Byte Integer property, in place, if there is one.
func (p Properties) SetUint(id PropertyID, v uint32) {
	if value, ok := p.find(id); ok {
		binary.BigEndian.PutUint32(value, v)
	}
}

// AppendUint appends a numeric property, encoded by its type, which v has to fit. Any other id panics.
func (p Properties) AppendUint(id PropertyID, v uint32) Properties {
	p = append(p, byte(id))
	switch id.rule().kind {
	case kindFlag:
		return append(p, byte(v))
	case kindTwo:
		return binary.BigEndian.AppendUint16(p, uint16(v))
	case kindFour:
		return binary.BigEndian.AppendUint32(p, v)
	case kindVarint:
		return appendVarint(p, int(v))
	}
	panic("packet: " + id.String() + " is no number")
}

// AppendString appends a text or binary property. Any other id panics.
func (p Properties) AppendString(id PropertyID, s string) Properties {
	mustBeBinary(id)
	return appendBinary(append(p, byte(id)), s)
}

// AppendBytes appends a text or binary property. Any other id panics.
func (p Properties) AppendBytes(id PropertyID, b []byte) Properties {
	mustBeBinary(id)
	return appendBinary(append(p, byte(id)), b)
}

func mustBeBinary(id PropertyID) {
	if k := id.rule().kind; k != kindText && k != kindBinary {
		panic("packet: " + id.String() + " is neither text nor binary")
	}
}

// AppendUserProperty appends a User Property. Names may repeat and the order is kept.
func (p Properties) AppendUserProperty(name, value string) Properties {
	return appendBinary(appendBinary(append(p, byte(PropUserProperty)), name), value)
}

// Without returns a copy that lacks the properties with one of the ids, nil when nothing is left.
func (p Properties) Without(ids ...PropertyID) Properties {
	var without PropertySet
	for _, id := range ids {
		without.Add(id)
	}
	var left Properties
	for len(p) > 0 {
		id, value, rest := p.next()
		if !without.Has(id) {
			left = append(append(left, byte(id)), value...)
		}
		p = rest
	}
	return left
}

// size is the number of bytes p takes in a packet, with its length. There are none in V311.
func (p Properties) size(v Version) int {
	if v != V5 {
		return 0
	}
	return varintSize(len(p)) + len(p)
}

// appendTo appends p with its length. [MQTT5-2.2.2-1] The length is there also when p is empty.
func (p Properties) appendTo(dst []byte, v Version) []byte {
	if v != V5 {
		return dst
	}
	return append(appendVarint(dst, len(p)), p...)
}
