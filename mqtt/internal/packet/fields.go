package packet

import (
	"fmt"
	"strings"
)

// Field is one field of a packet as its bytes tell it, for a log. Nothing of it was checked.
type Field struct {
	Name       string // in the standard
	Form       FieldForm
	Number     uint32 // FieldNumber, FieldCode
	Meaning    string // FieldCode: "" when the code is not defined
	Text       []byte // FieldText: the value; FieldPair: the name. A view, which ends where the given bytes do
	Value      []byte // FieldPair: the value, likewise
	Secret     bool   // the value is not for a log
	Begin, End int    // where in the packet the value is, also as far as it was not given
}

// FieldForm says which parts of a Field are set beside Name, Secret and the place.
type FieldForm byte

const (
	FieldNumber FieldForm = iota
	FieldCode             // a number that stands for something
	FieldText             // text or binary data
	FieldPair             // a User Property
	FieldRest             // all that is left of the packet: it breaks the format here, or the given bytes end
)

// AppendFields appends the fields of a packet to dst. b is the packet, or its beginning with the whole fixed header.
// Unlike the decoders it takes any bytes: where they make no sense the last field is a FieldRest. What no field covers
// is structure, such as the lengths of texts.
//
// Secret by their kind are passwords, Authentication Data, payloads and Correlation Data, a User Name that comes
// without a password, since servers take that for a token, and FieldRest, where anything may be.
func AppendFields(dst []Field, v Version, h Header, b []byte) []Field {
	r := fieldReader{
		fields: dst, packet: h.Type(), version: v, b: b, at: h.Size, end: h.PacketSize(),
		size: h.PacketSize(),
	}
	switch r.packet {
	case CONNECT:
		r.connect()
	case CONNACK:
		if h.Length == 2 { // also how a server that knows 3.1.1 only refuses 5.0
			r.version = V311
		}
		r.code("Connect Acknowledge Flags", ackFlagsMeaning)
		if r.version == V5 {
			r.reason()
		} else {
			r.code("Connect Return code", ReturnCodeName)
		}
		r.properties()
	case PUBLISH:
		r.text("Topic Name", false)
		if h.First>>shiftQoS&3 > 0 {
			r.number("Packet Identifier", 2)
		}
		r.properties()
		r.payload()
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		r.number("Packet Identifier", 2)
		r.explanation()
	case SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK:
		r.number("Packet Identifier", 2)
		r.properties()
		r.elements()
	case DISCONNECT, AUTH:
		r.explanation()
	}
	r.rest()
	return r.fields
}

func (r *fieldReader) reason() {
	r.code("Reason Code", func(c byte) string { return ReasonName(r.packet, ReasonCode(c)) })
}

// explanation reads a reason code and properties, both of which may be left out.
func (r *fieldReader) explanation() {
	if r.version != V5 {
		return
	}
	if r.at < r.end {
		r.reason()
	}
	if r.at < r.end {
		r.properties()
	}
}

// elements reads the list at the end of a packet: filters or codes.
func (r *fieldReader) elements() {
	for r.at < r.end {
		switch {
		case r.packet == SUBSCRIBE && r.version == V5:
			r.text("Topic Filter", false)
			r.code("Subscription Options", optionsMeaning)
		case r.packet == SUBSCRIBE:
			r.text("Topic Filter", false)
			r.number("Requested QoS", 1)
		case r.packet == UNSUBSCRIBE:
			r.text("Topic Filter", false)
		case r.version == V5:
			r.reason()
		case r.packet == SUBACK:
			r.code("Return Code", subackMeaning)
		default:
			r.rest()
		}
	}
}

func (r *fieldReader) connect() {
	r.text("Protocol Name", false)
	names := namesV311
	if r.at < len(r.b) && r.b[r.at] == byte(V5) {
		names, r.version = namesV5, V5
	} else {
		r.version = V311
	}
	r.number(names.version, 1)
	flags := r.code("Connect Flags", names.flagsMeaning)
	r.number("Keep Alive", 2)
	r.properties()
	r.text("Client Identifier", false)
	if flags&flagWill != 0 {
		r.properties()
		r.text("Will Topic", false)
		r.text(names.willPayload, true)
	}
	if flags&flagUserName != 0 {
		r.text("User Name", flags&flagPassword == 0)
	}
	if flags&flagPassword != 0 {
		r.text("Password", true)
	}
}

// connectNames are what the two standards call differently in CONNECT.
type connectNames struct{ version, cleanStart, willPayload string }

var (
	namesV311 = connectNames{"Protocol Level", "Clean Session", "Will Message"}
	namesV5   = connectNames{"Protocol Version", "Clean Start", "Will Payload"}
)

func (n *connectNames) flagsMeaning(flags byte) string {
	var set []string
	if flags&flagCleanStart != 0 {
		set = append(set, n.cleanStart)
	}
	if flags&flagWill != 0 {
		set = append(set, "Will", fmt.Sprintf("Will QoS %d", flags>>shiftWillQoS&3))
	}
	if flags&flagWillRetain != 0 {
		set = append(set, "Will Retain")
	}
	if flags&flagUserName != 0 {
		set = append(set, "User Name")
	}
	if flags&flagPassword != 0 {
		set = append(set, "Password")
	}
	return strings.Join(set, ", ")
}

func ackFlagsMeaning(flags byte) string {
	if flags == 1 {
		return "Session Present"
	}
	return ""
}

func optionsMeaning(b byte) string {
	o := SubscribeOptions(b)
	s := fmt.Sprintf("QoS %d", o.QoS())
	if o.NoLocal() {
		s += ", No Local"
	}
	if o.RetainAsPublished() {
		s += ", Retain As Published"
	}
	return s + fmt.Sprintf(", Retain Handling %d", o.RetainHandling())
}

// subackMeaning names the return codes in the SUBACK of 3.1.1.
func subackMeaning(c byte) string {
	switch {
	case c <= 2:
		return fmt.Sprintf("Success, Maximum QoS %d", c)
	case c == 0x80:
		return "Failure"
	}
	return ""
}
