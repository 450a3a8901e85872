package mqtt_test

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// duties judges what a client writes, packet by packet, by what its server has sent before. It knows the rules only, and
// nothing of the client's inside. The client has to have worked off what it was sent before it is judged.
type duties struct {
	t      testing.TB
	v      packet.Version
	unread []byte // of the client, less than a packet
	unsent []byte // of the server, less than a packet
	deaf   bool   // the server has sent what is no packet, so nothing behind it counts
	leave  bool   // the application has asked for DISCONNECT

	// One connection.
	begun, accepted, over bool
	unexplained           bool            // the client wants no explanations: Request Problem Information is 0
	room                  int             // Receive Maximum of the server
	quality               uint32          // Maximum QoS
	retain                bool            // Retain Available
	aliases, size         uint32          // Topic Alias Maximum; Maximum Packet Size, 0 = none
	open                  map[uint16]bool // identifiers of PUBLISH packets of this connection whose exchange is not over

	// The session: what each identifier of the client waits for, and whether its PUBLISH may be repeated.
	awaits map[uint16]packet.Type
	repeat map[uint16]bool

	// What the server has sent and the client may answer, one answer for each.
	puback, pubrec, pubrel, pubcomp map[uint16]int
}

func newDuties(t testing.TB, v packet.Version) *duties {
	d := &duties{t: t, v: v, awaits: map[uint16]packet.Type{}}
	d.connection(false)
	return d
}

// connection begins a new one. When the session goes on, every exchange may be taken up again.
func (d *duties) connection(resumed bool) {
	d.unread, d.unsent, d.deaf, d.leave = nil, nil, false, false
	d.begun, d.accepted, d.over, d.unexplained = false, false, false, false
	d.room, d.quality, d.retain, d.aliases, d.size = 65535, 2, true, 0, 0
	d.open, d.repeat = map[uint16]bool{}, map[uint16]bool{}
	d.puback, d.pubrec, d.pubrel, d.pubcomp = map[uint16]int{}, map[uint16]int{}, map[uint16]int{}, map[uint16]int{}
	for id, waits := range d.awaits {
		switch {
		case !resumed || waits == packet.SUBACK || waits == packet.UNSUBACK: // requests are no part of a session
			delete(d.awaits, id)
		case waits == packet.PUBCOMP:
			d.pubrel[id] = 1
		default:
			d.repeat[id] = true
		}
	}
}

// serverSent takes note of what the server sends.
func (d *duties) serverSent(b []byte) {
	d.unsent = append(d.unsent, b...)
	for !d.deaf {
		h, whole, err := packet.ReadHeader(d.v, packet.FromServer, d.unsent)
		if err != nil {
			d.deaf = true
			return
		}
		if !whole || len(d.unsent) < h.PacketSize() {
			return
		}
		body := d.unsent[h.Size:h.PacketSize()]
		d.unsent = d.unsent[h.PacketSize():]
		d.deaf = d.explains(h.Type(), body) || !d.note(h, body)
	}
}

// explains reports whether a packet explains itself although the client has forbidden that [MQTT5-3.1.2-29]: for the client
// it is no packet, and acknowledges nothing.
func (d *duties) explains(t packet.Type, body []byte) bool {
	if !d.unexplained {
		return false
	}
	var p packet.Properties
	switch t {
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		a, _ := packet.DecodeAck(d.v, packet.FromServer, t, body)
		p = a.Properties
	case packet.SUBACK:
		a, _ := packet.DecodeSuback(d.v, body)
		p = a.Properties
	case packet.UNSUBACK:
		a, _ := packet.DecodeUnsuback(d.v, body)
		p = a.Properties
	case packet.AUTH:
		a, _ := packet.DecodeAuth(packet.FromServer, body)
		p = a.Properties
	}
	_, told := p.Bytes(packet.PropReasonString)
	for range p.UserProperties() {
		told = true
	}
	return told
}

// note reports whether the packet is well-formed.
func (d *duties) note(h packet.Header, body []byte) bool {
	var err error
	switch t := h.Type(); t {
	case packet.CONNACK:
		var p packet.Connack
		if p, err = packet.DecodeConnack(d.v, body); err == nil && p.Reason == 0 && !d.accepted {
			d.limits(&p)
		}
	case packet.PUBLISH:
		var p packet.Publish
		if p, err = packet.DecodePublish(d.v, packet.FromServer, h.First, body); err == nil {
			switch p.QoS {
			case 1:
				d.puback[p.PacketID]++
			case 2:
				d.pubrec[p.PacketID]++
			}
		}
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		var p packet.Ack
		if p, err = packet.DecodeAck(d.v, packet.FromServer, t, body); err == nil {
			d.acknowledged(t, &p)
		}
	case packet.SUBACK:
		var p packet.Suback
		if p, err = packet.DecodeSuback(d.v, body); err == nil {
			d.end(p.PacketID, t)
		}
	case packet.UNSUBACK:
		var p packet.Unsuback
		if p, err = packet.DecodeUnsuback(d.v, body); err == nil {
			d.end(p.PacketID, t)
		}
	case packet.DISCONNECT:
		_, err = packet.DecodeDisconnect(d.v, packet.FromServer, body)
	case packet.AUTH:
		_, err = packet.DecodeAuth(packet.FromServer, body)
	}
	return err == nil
}

func (d *duties) limits(p *packet.Connack) {
	d.accepted = true
	for id, to := range map[packet.PropertyID]*uint32{packet.PropMaximumQoS: &d.quality, packet.PropTopicAliasMaximum: &d.aliases, packet.PropMaximumPacketSize: &d.size} {
		if n, given := p.Properties.Uint(id); given {
			*to = n
		}
	}
	if n, given := p.Properties.Uint(packet.PropReceiveMaximum); given {
		d.room = int(n)
	}
	if n, given := p.Properties.Uint(packet.PropRetainAvailable); given {
		d.retain = n == 1
	}
}

func (d *duties) acknowledged(t packet.Type, p *packet.Ack) {
	switch {
	case t == packet.PUBREL:
		d.pubcomp[p.PacketID]++
	case t == packet.PUBREC && !p.Reason.IsError():
		d.pubrel[p.PacketID]++
		if d.awaits[p.PacketID] == packet.PUBREC {
			d.awaits[p.PacketID] = packet.PUBCOMP
			delete(d.repeat, p.PacketID)
		}
	default:
		d.end(p.PacketID, t)
	}
}

// end frees an identifier, if t is what it waits for.
func (d *duties) end(id uint16, t packet.Type) {
	if waits, used := d.awaits[id]; used && waits == t {
		delete(d.awaits, id)
		delete(d.open, id)
		delete(d.repeat, id)
	}
}

// clientWrote judges what the client has written since the last call.
func (d *duties) clientWrote(b []byte) {
	d.t.Helper()
	d.unread = append(d.unread, b...)
	for len(d.unread) > 0 {
		h, whole, err := packet.ReadHeader(d.v, packet.FromClient, d.unread)
		if err != nil {
			d.t.Fatalf("the client wrote % X: %v", d.unread, err)
		}
		if !whole || len(d.unread) < h.PacketSize() {
			return
		}
		b := d.unread[:h.PacketSize()]
		d.unread = d.unread[h.PacketSize():]
		if problem := d.judge(h, b[h.Size:]); problem != "" {
			d.t.Fatalf("the client wrote % X: %s", b, problem)
		}
	}
}

// judge gives the rule that a packet of the client breaks.
func (d *duties) judge(h packet.Header, body []byte) (problem string) {
	t := h.Type()
	switch {
	case d.over:
		return "nothing follows DISCONNECT [MQTT5-3.14.4-1]"
	case d.begun == (t == packet.CONNECT):
		return "CONNECT comes first, and once [MQTT5-3.1.0-1] [MQTT5-3.1.0-2]"
	case !d.accepted && t != packet.CONNECT && t != packet.DISCONNECT && t != packet.AUTH:
		return "the server has not accepted yet"
	case d.size > 0 && h.PacketSize() > int(d.size):
		return "it is larger than the server takes [MQTT5-3.2.2-15]"
	}
	var err error
	switch t {
	case packet.CONNECT:
		d.begun = true
		var p packet.Connect
		if _, p, err = packet.DecodeConnect(body); err == nil {
			wants, given := p.Properties.Uint(packet.PropRequestProblemInformation)
			d.unexplained = given && wants == 0
		}
	case packet.PUBLISH:
		var p packet.Publish
		if p, err = packet.DecodePublish(d.v, packet.FromClient, h.First, body); err == nil {
			problem = d.judgePublish(&p)
		}
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		var p packet.Ack
		if p, err = packet.DecodeAck(d.v, packet.FromClient, t, body); err == nil {
			problem = d.judgeAck(t, p.PacketID)
		}
	case packet.SUBSCRIBE:
		var p packet.Subscribe
		if p, err = packet.DecodeSubscribe(d.v, body); err == nil {
			problem = d.take(p.PacketID, packet.SUBACK)
		}
	case packet.UNSUBSCRIBE:
		var p packet.Unsubscribe
		if p, err = packet.DecodeUnsubscribe(d.v, body); err == nil {
			problem = d.take(p.PacketID, packet.UNSUBACK)
		}
	case packet.PINGREQ:
	case packet.AUTH:
		_, err = packet.DecodeAuth(packet.FromClient, body)
	case packet.DISCONNECT:
		d.over = true
		var p packet.Disconnect
		if p, err = packet.DecodeDisconnect(d.v, packet.FromClient, body); err == nil {
			problem = d.judgeEnd(p.Reason)
		}
	default:
		return "no client sends that"
	}
	if err != nil {
		return err.Error()
	}
	return problem
}

// take gives an identifier to a new exchange.
func (d *duties) take(id uint16, awaited packet.Type) (problem string) {
	if _, used := d.awaits[id]; used {
		return "the packet identifier is in use [MQTT5-2.2.1-3] [MQTT311-2.3.1-2]"
	}
	d.awaits[id] = awaited
	return ""
}

func (d *duties) judgePublish(p *packet.Publish) (problem string) {
	alias, aliased := p.Properties.Uint(packet.PropTopicAlias)
	switch {
	case uint32(p.QoS) > d.quality:
		return "the QoS is above Maximum QoS [MQTT5-3.2.2-11]"
	case p.Retain && !d.retain:
		return "the server does not retain [MQTT5-3.2.2-14]"
	case aliased && alias > d.aliases:
		return "the alias is above Topic Alias Maximum [MQTT5-3.3.2-9]"
	case p.QoS == 0:
		return ""
	case p.Dup != d.repeat[p.PacketID]:
		return "DUP is wrong [MQTT5-3.3.1-1] [MQTT311-3.3.1-1]"
	}
	if p.Dup {
		delete(d.repeat, p.PacketID)
	} else {
		awaited := packet.PUBACK
		if p.QoS == 2 {
			awaited = packet.PUBREC
		}
		problem = d.take(p.PacketID, awaited)
	}
	if d.open[p.PacketID] = true; problem == "" && len(d.open) > d.room {
		return "it is beyond Receive Maximum [MQTT5-3.3.4-9]"
	}
	return problem
}

// judgeAck allows one answer for each packet that asked for it.
func (d *duties) judgeAck(t packet.Type, id uint16) (problem string) {
	asked := map[packet.Type]map[uint16]int{packet.PUBACK: d.puback, packet.PUBREC: d.pubrec, packet.PUBREL: d.pubrel, packet.PUBCOMP: d.pubcomp}[t]
	if asked[id] == 0 {
		return "nothing has asked for it"
	}
	asked[id]--
	return ""
}

// judgeEnd knows the reasons that a client has for an end of its own: what the server did wrong, and what an application
// gives as the reason, which here is always 0.
func (d *duties) judgeEnd(reason packet.ReasonCode) (problem string) {
	switch reason {
	case packet.MalformedPacket, packet.ProtocolError, packet.ReceiveMaximumExceeded, packet.TopicAliasInvalid, packet.PacketTooLarge:
		if d.v == packet.V5 && !d.leave {
			return ""
		}
	case packet.NormalDisconnection:
		if d.leave {
			return ""
		}
	}
	return "that is no reason to end the connection"
}
