package packet

// Unsuback is the UNSUBACK packet: a reason code for each filter of the UNSUBSCRIBE, in the same order. In
// V311 it is the packet identifier alone.
type Unsuback struct {
	PacketID   uint16
	Properties Properties
	Reasons    []byte
}

// AppendUnsuback appends an UNSUBACK.
func AppendUnsuback(dst []byte, v Version, p *Unsuback) []byte {
	if v != V5 {
		return AppendShortAck(dst, UNSUBACK, p.PacketID)
	}
	return appendRequest(dst, v, UNSUBACK, p.PacketID, p.Properties, p.Reasons)
}

// DecodeUnsuback decodes the body of an UNSUBACK. In V5 a packet without any code is a Protocol Error; that
// there is one for each filter is checked by the caller.
func DecodeUnsuback(v Version, body []byte) (Unsuback, error) {
	d := decoder{packet: UNSUBACK, rest: body}
	p := Unsuback{PacketID: d.packetID(), Properties: d.properties(v, inAck)}
	if v == V5 {
		p.Reasons = d.reasons(v)
	} else {
		d.end()
	}
	if d.err != nil {
		return Unsuback{}, d.err
	}
	return p, nil
}
