package packet

import "slices"

// Connack is the CONNACK packet. In V311 Reason holds the return code.
type Connack struct {
	SessionPresent bool
	Reason         ReasonCode
	Properties     Properties
}

// AppendConnack appends a CONNACK.
func AppendConnack(dst []byte, v Version, p *Connack) []byte {
	n := 2 + p.Properties.size(v)
	dst = slices.Grow(dst, maxHeaderSize+n)
	dst = appendHeader(dst, CONNACK, n)
	var flags byte
	if p.SessionPresent {
		flags = 1
	}
	dst = append(dst, flags, byte(p.Reason))
	return p.Properties.appendTo(dst, v)
}

// DecodeConnack decodes the body of a CONNACK. In V5 the body 00 01 is the refusal by a server that knows
// 3.1.1 only; it is returned as Unsupported Protocol Version without an error. Session Present together with
// a refusal is left to the caller, who fails anyway and has the more useful reason.
func DecodeConnack(v Version, body []byte) (Connack, error) {
	// [MQTT5-3.1.2-2]
	if v == V5 && string(body) == "\x00\x01" {
		return Connack{Reason: UnsupportedProtocolVersion}, nil
	}
	d := decoder{packet: CONNACK, rest: body}
	// [MQTT5-2.2.2-1] Another short one is no CONNACK of V5, whatever its code.
	if v == V5 && len(body) < 3 {
		d.fail(MalformedPacket, "Property Length is missing")
	}
	flags := d.byte("acknowledge flags")
	// [MQTT5-3.2.2-1] (U311-01)
	if flags > 1 {
		d.fail(MalformedPacket, "reserved acknowledge flags are set")
	}
	p := Connack{SessionPresent: flags == 1, Reason: ReasonCode(d.byte("reason code"))}
	// [MQTT5-3.2.2-8] [MQTT311-3.2.2-6]
	if v == V5 {
		d.reason(FromServer, p.Reason)
	} else if int(p.Reason) >= len(returnCodes) {
		d.fail(ProtocolError, "return code is reserved")
	}
	p.Properties = d.properties(v, inConnack)
	if d.seen.Has(PropAuthenticationData) && !d.seen.Has(PropAuthenticationMethod) {
		d.fail(ProtocolError, "Authentication Data without Authentication Method")
	}
	d.end()
	if d.err != nil {
		return Connack{}, d.err
	}
	return p, nil
}
