package packet

// Suback is the SUBACK packet: a reason code for each filter of the SUBSCRIBE, in the same order. In V311
// they are return codes: 00, 01, 02 and 80.
type Suback struct {
	PacketID   uint16
	Properties Properties
	Reasons    []byte
}

// AppendSuback appends a SUBACK.
func AppendSuback(dst []byte, v Version, p *Suback) []byte {
	return appendRequest(dst, v, SUBACK, p.PacketID, p.Properties, p.Reasons)
}

// DecodeSuback decodes the body of a SUBACK. A packet without any code is a Protocol Error; that there is one
// for each filter is checked by the caller.
func DecodeSuback(v Version, body []byte) (Suback, error) {
	d := decoder{packet: SUBACK, rest: body}
	p := Suback{PacketID: d.packetID(), Properties: d.properties(v, inAck)}
	p.Reasons = d.reasons(v)
	if d.err != nil {
		return Suback{}, d.err
	}
	return p, nil
}

// reasons reads the rest of the packet as a list of at least one reason code.
func (d *decoder) reasons(v Version) []byte {
	list := d.list("reason codes")
	for ; len(d.rest) > 0; d.byte("reason code") {
		c := ReasonCode(d.rest[0])
		// [MQTT5-3.9.3-2] [MQTT5-3.11.3-2]
		if v == V5 {
			d.reason(FromServer, c)
		} else if c > GrantedQoS2 && c != UnspecifiedError {
			d.fail(ProtocolError, "return code is reserved")
		}
	}
	return list
}
