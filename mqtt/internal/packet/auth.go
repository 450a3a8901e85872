package packet

import "slices"

// Auth is the AUTH packet of MQTT 5.0.
type Auth struct {
	Reason     ReasonCode
	Properties Properties // with an Authentication Method, always
}

// AppendAuth appends an AUTH. There is no short form: the properties hold at least the Authentication Method.
func AppendAuth(dst []byte, p *Auth) []byte {
	n := 1 + p.Properties.size(V5)
	dst = slices.Grow(dst, maxHeaderSize+n)
	dst = appendHeader(dst, AUTH, n)
	dst = append(dst, byte(p.Reason))
	return p.Properties.appendTo(dst, V5)
}

// DecodeAuth decodes the body of an AUTH. The standard allows an empty body for success and also makes a
// missing Authentication Method a Protocol Error (0x82); here the latter decides. A reason without Property
// Length is malformed (0x81).
func DecodeAuth(from Role, body []byte) (Auth, error) {
	d := decoder{packet: AUTH, rest: body}
	var p Auth
	if len(body) > 0 {
		p.Reason = ReasonCode(d.byte("reason code"))
		// [MQTT5-3.15.2-1]
		d.reason(from, p.Reason)
		p.Properties = d.properties(V5, inAuth)
	}
	d.end()
	// [MQTT5-4.12.0-5] (U5-18)
	if !d.seen.Has(PropAuthenticationMethod) {
		d.fail(ProtocolError, "Authentication Method is missing")
	}
	if d.err != nil {
		return Auth{}, d.err
	}
	return p, nil
}
