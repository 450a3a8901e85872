package hostile

import (
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// flood is what a peer sends without an end.
type flood struct {
	name string
	only packet.Version // 0 = both versions
	// block makes the packets that are sent again and again; round counts from 0.
	block func(v packet.Version, round int) []byte
	early bool // in place of CONNACK, not after it
	ends  end
	// copies is how often the user properties of a packet are kept beside it: once where nothing else is said.
	copies int
}

// end says which cases of a flood have to end the connection.
type end int

const (
	stands   end = iota // none: it is what a server may do, and nothing has to be answered
	always              // each: a protocol error, or silence
	answered            // those whose peer never reads: each packet is answered at once
	told                // those whose peer never reads, and whose pump runs: each packet is answered when it is delivered
	kept                // those whose pump runs: what the component has to keep reaches its bound
)

// has reports whether a case has to end.
func (e end) has(c *situation) bool {
	switch e {
	case always:
		return true
	case answered:
		return c.peer == neverReads
	case told:
		return c.peer == neverReads && c.pump == runs
	case kept:
		return c.pump == runs
	}
	return false
}

// inBlock is how many packets are put together, so that the peer is faster than the component.
const inBlock = 2000

// id is a packet identifier that differs from those of the last 65,534 packets.
func id(round, i int) uint16 { return uint16((round*inBlock+i)%65535 + 1) }

// each repeats a packet that depends on its identifier.
func each(one func(dst []byte, v packet.Version, id uint16) []byte) func(packet.Version, int) []byte {
	return func(v packet.Version, round int) (b []byte) {
		for i := range inBlock {
			b = one(b, v, id(round, i))
		}
		return b
	}
}

// same repeats these bytes.
func same(one func(v packet.Version) []byte) func(packet.Version, int) []byte {
	block := func(v packet.Version) func() []byte {
		return sync.OnceValue(func() (made []byte) {
			b := one(v)
			for made = b; len(b) > 0 && len(made) < 16<<10; {
				made = append(made, b...)
			}
			return made
		})
	}
	old, latest := block(packet.V311), block(packet.V5)
	return func(v packet.Version, _ int) []byte {
		if v == packet.V5 {
			return latest()
		}
		return old()
	}
}

func raw(b ...byte) func(packet.Version, int) []byte {
	return same(func(packet.Version) []byte { return b })
}

func publish(p packet.Publish) func([]byte, packet.Version, uint16) []byte {
	return func(dst []byte, v packet.Version, id uint16) []byte {
		p := p
		p.PacketID = id
		return packet.AppendPublish(dst, v, &p)
	}
}

func ack(t packet.Type) func([]byte, packet.Version, uint16) []byte {
	return func(dst []byte, _ packet.Version, id uint16) []byte { return packet.AppendShortAck(dst, t, id) }
}

// large is a message that a component with maxPacket just takes.
const large = maxPacket - 100

// pairs are as many user properties as fit into a packet of maxPacket: five bytes each.
func pairs() packet.Properties {
	var p packet.Properties
	for range large / 5 {
		p = p.AppendUserProperty("", "")
	}
	return p
}

var (
	topic = []byte("t")
	long  = []byte(strings.Repeat("t", 60_000))
	few   = []byte("payload")
	much  = make([]byte, large)
)

// anything are random bytes.
func anything(v packet.Version, round int) []byte {
	random := rand.New(rand.NewPCG(uint64(v), uint64(round)))
	b := make([]byte, 64<<10)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// withPairs is a packet of version 5 that is full of user properties.
func withPairs(t packet.Type) func(packet.Version, int) []byte {
	return same(func(v packet.Version) []byte {
		p := pairs()
		switch t {
		case packet.CONNACK:
			return packet.AppendConnack(nil, v, &packet.Connack{Properties: p})
		case packet.PUBLISH:
			return packet.AppendPublish(nil, v, &packet.Publish{Topic: topic, Properties: p})
		case packet.SUBACK:
			return packet.AppendSuback(nil, v, &packet.Suback{PacketID: subscribeID, Properties: p, Reasons: []byte{0}})
		case packet.UNSUBACK:
			return packet.AppendUnsuback(nil, v, &packet.Unsuback{PacketID: unsubscribeID, Properties: p, Reasons: []byte{0}})
		case packet.DISCONNECT:
			return packet.AppendDisconnect(nil, v, &packet.Disconnect{Reason: packet.ServerBusy, Properties: p})
		case packet.AUTH:
			return packet.AppendAuth(nil, &packet.Auth{Reason: packet.ContinueAuthentication, Properties: p})
		}
		which := map[packet.Type]uint16{packet.PUBACK: publishID, packet.PUBREC: publishID + 1, packet.PUBREL: 9, packet.PUBCOMP: publishID + 1}[t]
		return packet.AppendAck(nil, v, t, &packet.Ack{PacketID: which, Properties: p})
	})
}

// floods are all there are.
func floods() []flood {
	list := []flood{
		{name: "nothing after CONNACK", block: raw(), ends: always},
		{name: "QoS 0", block: each(publish(packet.Publish{Topic: topic, Payload: few}))},
		{name: "QoS 0, topics of 60,000 bytes", block: same(func(v packet.Version) []byte { return publish(packet.Publish{Topic: long})(nil, v, 0) })},
		{name: "QoS 0, payloads of 1 MiB", block: same(func(v packet.Version) []byte { return publish(packet.Publish{Topic: topic, Payload: much})(nil, v, 0) })},
		{name: "QoS 1", block: each(publish(packet.Publish{Topic: topic, QoS: 1, Payload: few})), ends: told},
		{name: "QoS 1, one identifier", block: same(func(v packet.Version) []byte { return publish(packet.Publish{Topic: topic, QoS: 1})(nil, v, 7) })},
		{name: "QoS 1, topics of 60,000 bytes", block: func(v packet.Version, round int) []byte {
			return publish(packet.Publish{Topic: long, QoS: 1})(nil, v, uint16(round%65535+1))
		}},
		{name: "QoS 2 and PUBREL", block: each(func(dst []byte, v packet.Version, id uint16) []byte {
			return ack(packet.PUBREL)(publish(packet.Publish{Topic: topic, QoS: 2, Payload: few})(dst, v, id), v, id)
		}), ends: told},
		{name: "QoS 2 without PUBREL", block: each(publish(packet.Publish{Topic: topic, QoS: 2, Payload: few})), ends: answered},
		{name: "QoS 2 without PUBREL, topics of 60,000 bytes", block: func(v packet.Version, round int) []byte {
			return publish(packet.Publish{Topic: long, QoS: 2})(nil, v, uint16(round%65535+1))
		}, ends: kept},
		{name: "QoS 2, one identifier, DUP", block: same(func(v packet.Version) []byte {
			return publish(packet.Publish{Topic: topic, QoS: 2, Dup: true})(nil, v, 7)
		}), ends: answered},
		{name: "PUBREL of nothing", block: each(ack(packet.PUBREL)), ends: answered},
		{name: "PUBREC of nothing", block: each(ack(packet.PUBREC))},
		{name: "PUBACK of nothing", block: each(ack(packet.PUBACK))},
		{name: "PUBCOMP of nothing", block: each(ack(packet.PUBCOMP))},
		{name: "SUBACK of nothing", block: each(func(dst []byte, v packet.Version, id uint16) []byte {
			return packet.AppendSuback(dst, v, &packet.Suback{PacketID: id, Reasons: []byte{0}})
		})},
		{name: "UNSUBACK of nothing", block: each(func(dst []byte, v packet.Version, id uint16) []byte {
			return packet.AppendUnsuback(dst, v, &packet.Unsuback{PacketID: id, Reasons: []byte{0}})
		})},
		{name: "PINGRESP", block: same(func(packet.Version) []byte { return packet.AppendPingresp(nil) })},
		{name: "aliases of topics of 60,000 bytes", only: packet.V5, block: func(v packet.Version, round int) []byte {
			p := packet.Properties(nil).AppendUint(packet.PropTopicAlias, uint32(round%65535+1))
			return publish(packet.Publish{Topic: long, Properties: p})(nil, v, 0)
		}, ends: kept},
		// What no server may send.
		{name: "a second CONNACK", block: same(func(v packet.Version) []byte { return packet.AppendConnack(nil, v, &packet.Connack{}) }), ends: always},
		{name: "PUBLISH in place of CONNACK", early: true, block: each(publish(packet.Publish{Topic: topic, Payload: few})), ends: always},
		{name: "CONNECT", block: same(func(v packet.Version) []byte {
			return packet.AppendConnect(nil, v, &packet.Connect{CleanStart: true, ClientID: topic})
		}), ends: always},
		{name: "SUBSCRIBE", block: raw(0x82, 6, 0, 1, 0, 1, 't', 0), ends: always},
		{name: "UNSUBSCRIBE", block: raw(0xa2, 5, 0, 1, 0, 1, 't'), ends: always},
		{name: "PINGREQ", block: raw(0xc0, 0), ends: always},
		{name: "DISCONNECT", block: raw(0xe0, 0), ends: always},
		{name: "AUTH without a method", block: raw(0xf0, 0), ends: always},
		{name: "packet type 0", block: raw(0, 0), ends: always},
		{name: "QoS 3", block: raw(0x36, 5, 0, 1, 't', 0, 1), ends: always},
		{name: "PUBREL with wrong flags", block: raw(0x60, 2, 0, 1), ends: always},
		{name: "packet identifier 0", block: raw(0x32, 5, 0, 1, 't', 0, 0), ends: always},
		{name: "a length of five bytes", block: raw(0x30, 0xff, 0xff, 0xff, 0xff, 1), ends: always},
		{name: "a packet of 256 MB", block: raw(0x30, 0xff, 0xff, 0xff, 0x7f), ends: always},
		{name: "a topic that is no UTF-8", block: raw(0x30, 4, 0, 2, 0xff, 0xff), ends: always},
		{name: "random bytes", block: anything, ends: always},
	}
	for t := packet.CONNACK; t <= packet.AUTH; t++ {
		f := flood{name: t.String() + " full of user properties", only: packet.V5, block: withPairs(t)}
		switch t {
		case packet.CONNACK:
			f.early, f.ends = true, always // the second one, if the first is taken
		case packet.DISCONNECT:
			f.ends, f.copies = always, 3 // for the end of the connection, for DisconnectProperties and for Disconnected
		case packet.AUTH:
			f.ends = always
		case packet.SUBSCRIBE, packet.UNSUBSCRIBE, packet.PINGREQ, packet.PINGRESP:
			continue // no server sends them, or they have none
		}
		list = append(list, f)
	}
	return list
}
