package packet

import "slices"

// Will is the message the server publishes when the connection ends without a normal DISCONNECT.
type Will struct {
	Topic, Payload []byte
	QoS            byte
	Retain         bool
	Properties     Properties
}

// Connect is the CONNECT packet.
type Connect struct {
	CleanStart               bool   // Clean Session in V311
	KeepAlive                uint16 // seconds; 0 is off
	Properties               Properties
	ClientID                 []byte
	HasWill                  bool
	Will                     Will // used when HasWill
	HasUserName, HasPassword bool
	UserName, Password       []byte // used when the flag is set
}

// The flags of CONNECT.
const (
	flagReserved   = 1 << 0
	flagCleanStart = 1 << 1
	flagWill       = 1 << 2
	shiftWillQoS   = 3
	flagWillRetain = 1 << 5
	flagPassword   = 1 << 6
	flagUserName   = 1 << 7
)

const protocolName = "MQTT"

// flags are the connect flags of p. [MQTT5-3.1.2-11] [MQTT5-3.1.2-13] Those of the Will are 0 without one.
func (p *Connect) flags() byte {
	var f byte
	if p.CleanStart {
		f |= flagCleanStart
	}
	// [MQTT5-3.1.2-9] [MQTT311-3.1.2-9] [MQTT311-3.1.2-11]
	if p.HasWill {
		f |= flagWill | p.Will.QoS<<shiftWillQoS
		if p.Will.Retain {
			f |= flagWillRetain
		}
	}
	// [MQTT5-3.1.2-18] [MQTT5-3.1.2-19] [MQTT311-3.1.2-20] [MQTT311-3.1.2-21]
	if p.HasPassword {
		f |= flagPassword
	}
	// [MQTT5-3.1.2-16] [MQTT5-3.1.2-17] [MQTT311-3.1.2-18] [MQTT311-3.1.2-19]
	if p.HasUserName {
		f |= flagUserName
	}
	return f
}

// AppendConnect appends a CONNECT of version v. In V311 a password needs a user name, and an empty client
// identifier needs CleanStart.
func AppendConnect(dst []byte, v Version, p *Connect) []byte {
	n := 2 + len(protocolName) + 1 + 1 + 2 + p.Properties.size(v) + 2 + len(p.ClientID)
	if p.HasWill {
		n += p.Will.Properties.size(v) + 2 + len(p.Will.Topic) + 2 + len(p.Will.Payload)
	}
	if p.HasUserName {
		n += 2 + len(p.UserName)
	}
	if p.HasPassword {
		n += 2 + len(p.Password)
	}
	dst = slices.Grow(dst, maxHeaderSize+n)
	dst = appendHeader(dst, CONNECT, n)
	// [MQTT5-3.1.2-1]
	dst = appendBinary(dst, protocolName)
	dst = append(dst, byte(v), p.flags(), byte(p.KeepAlive>>8), byte(p.KeepAlive))
	dst = p.Properties.appendTo(dst, v)
	// [MQTT5-3.1.3-1] [MQTT5-3.1.3-3] [MQTT311-3.1.3-1] [MQTT311-3.1.3-3]
	dst = appendBinary(dst, p.ClientID)
	if p.HasWill {
		dst = p.Will.Properties.appendTo(dst, v)
		dst = appendBinary(dst, p.Will.Topic)
		dst = appendBinary(dst, p.Will.Payload)
	}
	if p.HasUserName {
		dst = appendBinary(dst, p.UserName)
	}
	if p.HasPassword {
		dst = appendBinary(dst, p.Password)
	}
	return dst
}

// DecodeConnect decodes the body of a CONNECT of either version. Another protocol name or level is refused
// with Unsupported Protocol Version, an empty client identifier without clean session in V311 with Client
// Identifier not valid.
func DecodeConnect(body []byte) (Version, Connect, error) {
	d := decoder{packet: CONNECT, rest: body}
	var p Connect
	name := d.text("protocol name")
	v := Version(d.byte("protocol level"))
	// [MQTT5-3.1.2-1] [MQTT5-3.1.2-2]
	if string(name) != protocolName || (v != V311 && v != V5) {
		d.fail(UnsupportedProtocolVersion, "protocol is neither MQTT 3.1.1 nor 5.0")
	}
	flags := d.byte("connect flags")
	d.connectFlags(v, flags)
	p.CleanStart = flags&flagCleanStart != 0
	p.KeepAlive = d.uint16("keep alive")
	p.Properties = d.properties(v, inConnect)
	if d.seen.Has(PropAuthenticationData) && !d.seen.Has(PropAuthenticationMethod) {
		d.fail(ProtocolError, "Authentication Data without Authentication Method")
	}
	p.ClientID = d.text("client identifier")
	// [MQTT311-3.1.3-7] [MQTT311-3.1.3-8]
	if v == V311 && len(p.ClientID) == 0 && !p.CleanStart {
		d.fail(ClientIdentifierNotValid, "client identifier is empty without clean session")
	}
	if flags&flagWill != 0 {
		p.HasWill = true
		p.Will = d.will(v, flags)
	}
	if flags&flagUserName != 0 {
		p.HasUserName = true
		p.UserName = d.text("user name")
	}
	if flags&flagPassword != 0 {
		p.HasPassword = true
		p.Password = d.binary("password")
	}
	d.end()
	if d.err != nil {
		return 0, Connect{}, d.err
	}
	return v, p, nil
}

// connectFlags checks the combination of flags.
func (d *decoder) connectFlags(v Version, flags byte) {
	switch qos := flags >> shiftWillQoS & 3; {
	// [MQTT5-3.1.2-3]
	case flags&flagReserved != 0:
		d.fail(MalformedPacket, "reserved connect flag is set")
	// [MQTT5-3.1.2-12] [MQTT311-3.1.2-14]
	case qos == 3:
		d.fail(MalformedPacket, "Will QoS is 3")
	// [MQTT5-3.1.2-11] [MQTT5-3.1.2-13] [MQTT311-3.1.2-13] [MQTT311-3.1.2-15]
	case flags&flagWill == 0 && (qos != 0 || flags&flagWillRetain != 0):
		d.fail(MalformedPacket, "Will QoS or Will Retain is set without a Will")
	// [MQTT311-3.1.2-22]
	case v == V311 && flags&flagPassword != 0 && flags&flagUserName == 0:
		d.fail(MalformedPacket, "password without a user name")
	}
}

// will reads the fields of the Will.
func (d *decoder) will(v Version, flags byte) Will {
	w := Will{QoS: flags >> shiftWillQoS & 3, Retain: flags&flagWillRetain != 0}
	w.Properties = d.properties(v, inWill)
	w.Topic = d.binary("Will Topic")
	// [MQTT5-4.7.3-1]
	if len(w.Topic) == 0 {
		d.fail(ProtocolError, "Will Topic is empty")
	}
	if err := checkTopicField(CONNECT, "Will Topic", w.Topic); err != nil && d.err == nil {
		d.err, d.rest = err, nil
	}
	w.Payload = d.binary("Will Payload")
	return w
}
