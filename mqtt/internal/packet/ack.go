package packet

import (
	"encoding/binary"
	"slices"
)

// Ack is a PUBACK, PUBREC, PUBREL or PUBCOMP. In V311 it is the packet identifier alone.
type Ack struct {
	PacketID   uint16
	Reason     ReasonCode
	Properties Properties
}

// AppendAck appends a packet of type t in its shortest form: reason and properties are left out when the
// reason is Success and there are no properties, the Property Length when there are no properties.
func AppendAck(dst []byte, v Version, t Type, p *Ack) []byte {
	if v != V5 || (p.Reason == Success && len(p.Properties) == 0) {
		return AppendShortAck(dst, t, p.PacketID)
	}
	n := 3
	if len(p.Properties) > 0 {
		n += p.Properties.size(v)
	}
	dst = slices.Grow(dst, maxHeaderSize+n)
	dst = appendHeader(dst, t, n)
	dst = append(dst, byte(p.PacketID>>8), byte(p.PacketID), byte(p.Reason))
	if len(p.Properties) > 0 {
		dst = p.Properties.appendTo(dst, v)
	}
	return dst
}

// AppendShortAck appends the four bytes of a PUBACK, PUBREC, PUBREL or PUBCOMP that reports success, with the
// identifier of what it answers [MQTT5-2.2.1-5] [MQTT311-2.3.1-6].
func AppendShortAck(dst []byte, t Type, packetID uint16) []byte {
	return append(dst, byte(t)<<4|headerRules[t].flags, 2, byte(packetID>>8), byte(packetID))
}

// DecodeAck decodes the body of a PUBACK, PUBREC, PUBREL or PUBCOMP. V5 accepts the short forms (U5-21).
func DecodeAck(v Version, from Role, t Type, body []byte) (Ack, error) {
	if len(body) == 2 {
		if id := binary.BigEndian.Uint16(body); id != 0 {
			return Ack{PacketID: id}, nil
		}
	}
	d := decoder{packet: t, rest: body}
	p := Ack{PacketID: d.packetID()}
	if v == V5 {
		p.Reason = ReasonCode(d.byte("reason code"))
		// [MQTT5-3.4.2-1] [MQTT5-3.5.2-1] [MQTT5-3.6.2-1] [MQTT5-3.7.2-1]
		d.reason(from, p.Reason)
		if len(d.rest) > 0 {
			p.Properties = d.properties(v, inAck)
		}
	}
	d.end()
	if d.err != nil {
		return Ack{}, d.err
	}
	return p, nil
}
