package packet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// FuzzReadHeader: a header is read from its own bytes only, and its verdict comes with the byte that decides it.
func FuzzReadHeader(f *testing.F) {
	for _, b := range [][]byte{wire("30 FF FF FF 7F"), wire("D0 00"), wire("D0 80 00"), wire("40 80 80 80 80"), wire("F0")} {
		f.Add(b, true, true)
		f.Add(b, false, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, v5, server bool) {
		v, from := side(v5, server)
		h, ok, err := ReadHeader(v, from, b)
		switch {
		case err != nil:
			requireError(t, err)
			if ok || h != (Header{}) {
				t.Fatalf("got %+v, %v beside %v", h, ok, err)
			}
		case ok:
			if h.Size < 2 || h.Size > 5 || h.Size > len(b) || h.Length < 0 || h.Length > MaxRemainingLength || h.First != b[0] {
				t.Fatalf("% X: got %+v", b, h)
			}
			if again := appendVarint([]byte{h.First}, h.Length); string(again) != string(b[:h.Size]) {
				t.Fatalf("% X is encoded as % X", b[:h.Size], again)
			}
		default:
			if len(b) > 4 {
				t.Fatalf("% X is not enough", b)
			}
		}
		// Every shorter piece is either too short or gives the same.
		for n := range len(b) {
			h2, ok2, err2 := ReadHeader(v, from, b[:n:n])
			if (ok2 || err2 != nil) && (h2 != h || ok2 != ok || fmt.Sprint(err2) != fmt.Sprint(err)) {
				t.Fatalf("% X gives %+v %v, its first %d bytes %+v %v", b, h, err, n, h2, err2)
			}
		}
	})
}

// FuzzDecode: bytes of any kind are refused with an Error that has a reason for their type, or decoded to a
// packet that encodes to the same bytes, apart from the exceptions of checkCanonical. The bytes behind the
// packet do not matter.
func FuzzDecode(f *testing.F) {
	for _, l := range propertyLists {
		for _, id := range l.allowed {
			f.Add(l.packet(id, samples[id]), true, l.from == FromServer)
			f.Add(l.packet(id, samples[id]), false, l.from == FromServer)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, v5, server bool) {
		v, from := side(v5, server)
		x, err := decodePoisoned(t, v, from, b)
		switch {
		case errors.Is(err, errMore):
		case err != nil:
			requireError(t, err)
		default:
			h, _, _ := ReadHeader(v, from, b)
			checkCanonical(t, v, from, b[:h.PacketSize()], x)
			checkViews(t, x)
		}
	})
}

// side turns two bits of the fuzzer into a version and a role.
func side(v5, server bool) (Version, Role) {
	v, from := V311, FromClient
	if v5 {
		v = V5
	}
	if server {
		from = FromServer
	}
	return v, from
}

func requireError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !e.Reason.IsError() || e.Problem == "" {
		t.Fatalf("got %#v", err)
	}
	// CONNECT is refused with a CONNACK, all else with a DISCONNECT.
	answer := DISCONNECT
	if e.Type == CONNECT {
		answer = CONNACK
	}
	if !ReasonAllowed(answer, FromServer, e.Reason) && !ReasonAllowed(answer, FromClient, e.Reason) {
		t.Fatalf("%v: no reason for %v", err, answer)
	}
}

// checkViews walks through everything that was validated for it.
func checkViews(t *testing.T, x any) {
	t.Helper()
	var lists []Properties
	switch p := x.(type) {
	case connect:
		lists = []Properties{p.Properties, p.Will.Properties}
	case Connack:
		lists = []Properties{p.Properties}
	case Publish:
		lists = []Properties{p.Properties}
	case ack:
		lists = []Properties{p.Properties}
	case Subscribe:
		lists = []Properties{p.Properties}
		var again FilterList
		for filter, o := range p.Filters.Subscriptions() {
			again = again.AppendSubscription(string(filter), o)
		}
		if string(again) != string(p.Filters) {
			t.Fatalf("filters % X are walked as % X", p.Filters, again)
		}
	case Unsubscribe:
		lists = []Properties{p.Properties}
		var again FilterList
		for filter := range p.Filters.Filters() {
			again = again.AppendFilter(string(filter))
		}
		if string(again) != string(p.Filters) {
			t.Fatalf("filters % X are walked as % X", p.Filters, again)
		}
	}
	for _, p := range lists {
		if string(p.Without()) != string(p) {
			t.Fatalf("properties % X are walked as % X", p, p.Without())
		}
		for id := range PropertyID(len(propertyRules)) {
			p.Uint(id)
			p.Bytes(id)
		}
		for name, value := range p.UserProperties() {
			if CheckText(string(name)) != nil || CheckText(string(value)) != nil {
				t.Fatalf("user property %q: %q", name, value)
			}
		}
		for n := range p.SubscriptionIdentifiers() {
			if n == 0 {
				t.Fatal("subscription identifier 0")
			}
		}
	}
}

// FuzzRoundTrip: a packet made of legal values decodes to itself.
func FuzzRoundTrip(f *testing.F) {
	for t := range byte(16) {
		f.Add([]byte{t, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, true, true)
		f.Add([]byte(strings.Repeat(string('a'+rune(t)), 64)), true, false)
		f.Add([]byte{t, 0, 0, 0, 1}, false, t%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, v5, server bool) {
		v, from := side(v5, server)
		g := generator{data, v, from}
		x := g.packet()
		b := encode(v, x)
		got, err := decodePoisoned(t, v, from, b)
		if err != nil || !same(got, x) {
			t.Fatalf("% X\ngot  %+v, %v\nwant %+v", b, got, err, x)
		}
		if p, ok := x.(Publish); ok && len(b) != PublishSize(v, p.QoS, len(p.Topic), len(p.Properties), len(p.Payload)) {
			t.Fatalf("PublishSize differs from %d", len(b))
		}
		// An encoder appends, whatever the capacity.
		roomy := append(make([]byte, 0, 1000), "before"...)
		if p, ok := x.(Publish); ok {
			roomy = AppendPublish(roomy, v, &p)
			if string(roomy) != "before"+string(b) {
				t.Fatalf("appended % X", roomy)
			}
		}
	})
}

// generator makes legal values of the bytes of the fuzzer, and zeros when there are no more.
type generator struct {
	data []byte
	v    Version
	from Role
}

func (g *generator) byte() byte {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return b
}

func (g *generator) bool() bool     { return g.byte()&1 != 0 }
func (g *generator) uint16() uint16 { return uint16(g.byte())<<8 | uint16(g.byte()) }
func (g *generator) id() uint16     { return max(1, g.uint16()) }

func (g *generator) bytes() []byte {
	n := min(int(g.byte()), len(g.data))
	b := g.data[:n:n]
	g.data = g.data[n:]
	return b
}

func (g *generator) text() string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(g.bytes()), "?"), "\x00", "0")
}

// topic makes a Topic Name, which also is a filter.
func (g *generator) topic() string {
	return "t" + strings.NewReplacer("+", "p", "#", "h").Replace(g.text())
}

func (g *generator) properties(at place) Properties {
	if g.v != V5 {
		return nil
	}
	var p Properties
	for id := range PropertyID(len(propertyRules)) {
		rule := id.rule()
		if rule.allowed&at == 0 {
			continue
		}
		times := int(g.byte() & 1)
		if rule.repeat&at != 0 {
			times = int(g.byte() & 3)
		}
		if at == inAuth && id == PropAuthenticationMethod {
			times = 1
		}
		if _, ok := p.Bytes(PropAuthenticationMethod); id == PropAuthenticationData && !ok {
			times = 0
		}
		for range times {
			p = g.property(p, id)
		}
	}
	return p
}

func (g *generator) property(p Properties, id PropertyID) Properties {
	switch id.rule().kind {
	case kindFlag:
		return p.AppendUint(id, uint32(g.byte()&1))
	case kindTwo:
		return p.AppendUint(id, uint32(g.id()))
	case kindFour:
		return p.AppendUint(id, uint32(g.id())<<16|uint32(g.uint16()))
	case kindVarint:
		return p.AppendUint(id, uint32(g.id())<<(g.byte()%13))
	case kindText:
		if id == PropResponseTopic {
			return p.AppendString(id, g.topic())
		}
		return p.AppendString(id, g.text())
	case kindBinary:
		return p.AppendBytes(id, g.bytes())
	default:
		return p.AppendUserProperty(g.text(), g.text())
	}
}

// reason picks a code that the sender may use.
func (g *generator) reason(t Type) ReasonCode {
	for c := ReasonCode(g.byte()); ; c++ {
		if ReasonAllowed(t, g.from, c) {
			return c
		}
	}
}

func (g *generator) reasons(t Type) []byte {
	codes := []byte{byte(g.reason(t))}
	for range g.byte() & 3 {
		codes = append(codes, byte(g.reason(t)))
	}
	if g.v != V5 {
		for i, c := range codes {
			if c > 2 {
				codes[i] = 0x80
			}
		}
	}
	return codes
}

// packet makes a packet of a type that the sender may send.
func (g *generator) packet() any {
	t := Type(g.byte() & 15)
	for headerRules[t].senders>>(2*g.v.index())>>g.from&1 == 0 {
		t = (t + 1) & 15
	}
	byServer := g.from == FromServer
	switch t {
	case CONNECT:
		return g.connect()
	case CONNACK:
		p := Connack{SessionPresent: g.bool(), Properties: g.properties(inConnack)}
		if g.v == V5 {
			p.Reason = g.reason(CONNACK)
		} else {
			p.Reason = ReasonCode(g.byte() % 6)
		}
		return p
	case PUBLISH:
		return g.publish(byServer)
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		p := ack{t, Ack{PacketID: g.id()}}
		if g.v == V5 {
			p.Reason, p.Properties = g.reason(t), g.properties(inAck)
		}
		return p
	case SUBSCRIBE:
		p := Subscribe{PacketID: g.id(), Properties: g.properties(inSubscribe)}
		for range 1 + g.byte()&3 {
			o := MakeSubscribeOptions(g.byte()%3, g.v == V5 && g.bool(), g.v == V5 && g.bool(), 0)
			if g.v == V5 {
				o |= MakeSubscribeOptions(0, false, false, g.byte()%3)
			}
			p.Filters = p.Filters.AppendSubscription(g.topic(), o)
		}
		return p
	case SUBACK:
		return Suback{g.id(), g.properties(inAck), g.reasons(SUBACK)}
	case UNSUBSCRIBE:
		p := Unsubscribe{PacketID: g.id(), Properties: g.properties(inUnsubscribe)}
		for range 1 + g.byte()&3 {
			p.Filters = p.Filters.AppendFilter(g.topic())
		}
		return p
	case UNSUBACK:
		p := Unsuback{PacketID: g.id(), Properties: g.properties(inAck)}
		if g.v == V5 {
			p.Reasons = g.reasons(UNSUBACK)
		}
		return p
	case DISCONNECT:
		if g.v != V5 {
			return Disconnect{}
		}
		if byServer {
			return Disconnect{g.reason(t), g.properties(inDisconnectOfServer)}
		}
		return Disconnect{g.reason(t), g.properties(inDisconnectOfClient)}
	case AUTH:
		return Auth{g.reason(t), g.properties(inAuth)}
	default:
		return ping(t)
	}
}

func (g *generator) connect() any {
	p := Connect{
		CleanStart: g.bool(), KeepAlive: g.uint16(), Properties: g.properties(inConnect), ClientID: []byte("c" + g.text()),
		HasUserName: g.bool(), HasPassword: g.bool(),
	}
	if g.bool() {
		p.HasWill = true
		p.Will = Will{[]byte(g.topic()), g.bytes(), g.byte() % 3, g.bool(), g.properties(inWill)}
	}
	if g.v != V5 {
		p.HasPassword = p.HasPassword && p.HasUserName
	}
	if p.HasUserName {
		p.UserName = []byte(g.text())
	}
	if p.HasPassword {
		p.Password = g.bytes()
	}
	return connect{g.v, p}
}

func (g *generator) publish(byServer bool) Publish {
	at := inPublishOfClient
	if byServer {
		at = inPublishOfServer
	}
	p := Publish{QoS: g.byte() % 3, Retain: g.bool(), Properties: g.properties(at), Topic: []byte(g.topic())}
	if p.QoS > 0 {
		p.Dup, p.PacketID = g.bool(), g.id()
	}
	if _, alias := p.Properties.Uint(PropTopicAlias); alias && g.bool() {
		p.Topic = nil
	}
	p.Payload = g.data
	return p
}
