package packet

import "slices"

// Subscribe is the SUBSCRIBE packet.
type Subscribe struct {
	PacketID   uint16
	Properties Properties
	Filters    FilterList // at least one, made with AppendSubscription
}

// AppendSubscribe appends a SUBSCRIBE.
func AppendSubscribe(dst []byte, v Version, p *Subscribe) []byte {
	return appendRequest(dst, v, SUBSCRIBE, p.PacketID, p.Properties, p.Filters)
}

// appendRequest appends a packet of identifier, properties and a list: SUBSCRIBE, UNSUBSCRIBE and their answers.
func appendRequest(dst []byte, v Version, t Type, packetID uint16, props Properties, list []byte) []byte {
	n := 2 + props.size(v) + len(list)
	dst = slices.Grow(dst, maxHeaderSize+n)
	dst = appendHeader(dst, t, n)
	dst = append(dst, byte(packetID>>8), byte(packetID))
	dst = props.appendTo(dst, v)
	return append(dst, list...)
}

// DecodeSubscribe decodes the body of a SUBSCRIBE. A filter with a wrong structure is refused with 0x8F.
func DecodeSubscribe(v Version, body []byte) (Subscribe, error) {
	d := decoder{packet: SUBSCRIBE, rest: body}
	p := Subscribe{PacketID: d.packetID(), Properties: d.properties(v, inSubscribe)}
	p.Filters = d.list("topic filters")
	for len(d.rest) > 0 {
		d.options(v, d.filter(v))
	}
	if d.err != nil {
		return Subscribe{}, d.err
	}
	return p, nil
}

// options reads and checks the options byte behind a filter.
func (d *decoder) options(v Version, filter []byte) {
	o := SubscribeOptions(d.byte("subscription options"))
	switch {
	// [MQTT311-3.8.3-4]
	case v != V5 && o > 2:
		d.fail(MalformedPacket, "reserved bits of the requested QoS are set, or it is 3")
	// [MQTT5-3.8.3-5]
	case o>>6 != 0:
		d.fail(MalformedPacket, "reserved subscription options are set")
	case o.QoS() == 3:
		d.fail(ProtocolError, "maximum QoS is 3")
	case o.RetainHandling() == 3:
		d.fail(ProtocolError, "Retain Handling is 3")
	// [MQTT5-3.8.3-4]
	case o.NoLocal() && hasSharePrefix(filter):
		d.fail(ProtocolError, "No Local is set for a shared subscription")
	}
}
