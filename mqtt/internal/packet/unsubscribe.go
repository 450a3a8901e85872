package packet

// Unsubscribe is the UNSUBSCRIBE packet.
type Unsubscribe struct {
	PacketID   uint16
	Properties Properties
	Filters    FilterList // at least one, made with AppendFilter
}

// AppendUnsubscribe appends an UNSUBSCRIBE.
func AppendUnsubscribe(dst []byte, v Version, p *Unsubscribe) []byte {
	return appendRequest(dst, v, UNSUBSCRIBE, p.PacketID, p.Properties, p.Filters)
}

// DecodeUnsubscribe decodes the body of an UNSUBSCRIBE. A filter with a wrong structure is refused with 0x8F.
func DecodeUnsubscribe(v Version, body []byte) (Unsubscribe, error) {
	d := decoder{packet: UNSUBSCRIBE, rest: body}
	p := Unsubscribe{PacketID: d.packetID(), Properties: d.properties(v, inUnsubscribe)}
	p.Filters = d.list("topic filters")
	for len(d.rest) > 0 {
		d.filter(v)
	}
	if d.err != nil {
		return Unsubscribe{}, d.err
	}
	return p, nil
}
