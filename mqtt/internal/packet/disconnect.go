package packet

import "slices"

// Disconnect is the DISCONNECT packet. In V311 it is empty and comes from the client only.
type Disconnect struct {
	Reason     ReasonCode
	Properties Properties
}

// AppendDisconnect appends a DISCONNECT in its shortest form: reason and properties are left out when the
// disconnection is normal and there are no properties, the Property Length when there are no properties.
func AppendDisconnect(dst []byte, v Version, p *Disconnect) []byte {
	if v != V5 || (p.Reason == NormalDisconnection && len(p.Properties) == 0) {
		return appendHeader(dst, DISCONNECT, 0)
	}
	n := 1
	if len(p.Properties) > 0 {
		n += p.Properties.size(v)
	}
	dst = slices.Grow(dst, maxHeaderSize+n)
	dst = appendHeader(dst, DISCONNECT, n)
	dst = append(dst, byte(p.Reason))
	if len(p.Properties) > 0 {
		dst = p.Properties.appendTo(dst, v)
	}
	return dst
}

// DecodeDisconnect decodes the body of a DISCONNECT. V5 accepts the short forms (U5-21). Session Expiry Interval
// from a server is a Protocol Error (0x82).
func DecodeDisconnect(v Version, from Role, body []byte) (Disconnect, error) {
	d := decoder{packet: DISCONNECT, rest: body}
	var p Disconnect
	if v == V5 && len(body) > 0 {
		p.Reason = ReasonCode(d.byte("reason code"))
		// [MQTT5-3.14.2-1]
		d.reason(from, p.Reason)
		at := inDisconnectOfClient
		if from == FromServer {
			at = inDisconnectOfServer
		}
		if len(d.rest) > 0 {
			p.Properties = d.properties(v, at)
		}
	}
	d.end()
	if d.err != nil {
		return Disconnect{}, d.err
	}
	return p, nil
}
