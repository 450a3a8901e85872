package packet

import (
	"encoding/binary"
	"fmt"
)

// decoder reads the fields of a body one after the other. The first problem sticks: from then on err is set,
// nothing is left and every field reads as zero. The fields of hot packets are read without it.
type decoder struct {
	packet Type
	rest   []byte
	seen   PropertySet // of the last property list
	err    error
}

// fail keeps the first problem.
func (d *decoder) fail(reason ReasonCode, problem string) {
	if d.err == nil {
		d.err = &Error{Type: d.packet, Reason: reason, Problem: problem}
	}
	d.rest = nil
}

// take returns the next n bytes.
func (d *decoder) take(n int, field string) []byte {
	if n > len(d.rest) {
		d.fail(MalformedPacket, field+" is cut off")
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte(field string) byte {
	if b := d.take(1, field); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16(field string) uint16 {
	if b := d.take(2, field); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// packetID reads a packet identifier, which is never 0.
func (d *decoder) packetID() uint16 {
	id := d.uint16("packet identifier")
	// [MQTT5-2.2.1-3] [MQTT5-2.2.1-4] [MQTT311-2.3.1-1]
	if id == 0 {
		d.fail(ProtocolError, "packet identifier is 0")
	}
	return id
}

// binary reads a length and as many bytes.
func (d *decoder) binary(field string) []byte {
	return d.take(int(d.uint16(field)), field)
}

// text reads a UTF-8 string.
func (d *decoder) text(field string) []byte {
	b := d.binary(field)
	if err := checkTextField(d.packet, field, b); err != nil && d.err == nil {
		d.err, d.rest = err, nil
	}
	return b
}

// properties reads a property list with its length; there is none in V311. It returns nil for an empty one.
func (d *decoder) properties(v Version, at place) Properties {
	d.seen = 0
	if v != V5 || d.err != nil {
		return nil
	}
	if len(d.rest) > 0 && d.rest[0] == 0 {
		d.rest = d.rest[1:]
		return nil
	}
	n, size := readVarint(d.rest)
	switch size {
	case varintCut:
		d.fail(MalformedPacket, "Property Length is cut off")
		return nil
	case varintBad:
		d.fail(MalformedPacket, "Property Length has more than four bytes or more than needed")
		return nil
	}
	d.rest = d.rest[size:]
	p := d.take(n, "property list")
	if d.err != nil {
		return nil
	}
	if d.seen, d.err = checkProperties(d.packet, at, p); d.err != nil {
		d.rest = nil
	}
	return p
}

// end requires that nothing is left.
func (d *decoder) end() {
	if len(d.rest) > 0 {
		d.fail(MalformedPacket, "bytes are left over at the end")
	}
}

// reason requires that the code is defined for the packet and its sender.
func (d *decoder) reason(from Role, c ReasonCode) {
	if !ReasonAllowed(d.packet, from, c) {
		d.fail(ProtocolError, fmt.Sprintf("reason code 0x%02X is not defined here", byte(c)))
	}
}
