package mqtt_test

import (
	"slices"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// FuzzServerBytes: whatever bytes a server sends, at whatever moment and in whatever pieces, the client answers what the
// specification allows, allocates in proportion to what came, and stays connected or ends once, with a number; then it
// connects again and works.
func FuzzServerBytes(f *testing.F) {
	for mode := 0; mode < 256; mode += 5 { // odd, so that all pairs of bits occur
		f.Add(byte(mode), byte(mode), wire("20 02 00 00 40 02 00 03 50 02 00 04 62 02 00 16 90 04 00 06 00 00 B0 02 00 07 D0 00"))
		f.Add(byte(mode), byte(0), wire("20 06 00 00 03 21 00 02 40 04 00 03 10 00 70 02 00 04 B0 04 00 07 00 00 F0 06 18 04 15 00 01 6D E0 02 8B 00"))
	}
	for _, text := range []string{"30 FF FF FF 7F 00", "20 FF FF FF 7F 00 00", "32 FF FF FF FF 7F", "40 80 80 80 00", "'HTTP/1.1 400 Bad Request\r\n\r\n", "15 03 01 00 02 02 28"} {
		f.Add(byte(modeV5), byte(1), wire(text))
		f.Add(byte(modeUnacknowledged|modeLog), byte(3), wire(text))
	}
	f.Fuzz(func(t *testing.T, mode, size byte, b []byte) {
		if len(b) > 4096 {
			return
		}
		bubble.Test(t, func(t *testing.T) {
			f := newFuzzed(t, mode)
			f.begin()
			used := allocated(func() {
				for piece := range slices.Chunk(b, max(1, int(size), len(b)/64)) {
					f.send(piece)
				}
				f.pump()
			})
			// The events and their copies, and the log: nothing depends on what a length field says.
			if limit := uint64(1<<20 + 4096*len(b)); used > limit {
				t.Fatalf("%d bytes were allocated for %d bytes of the server", used, len(b))
			}
			if mode&modeClose != 0 {
				f.close()
			}
			f.finish()
		})
	})
}

// FuzzServerPackets: a program of the fuzzer chooses what happens next: a packet that is valid by itself, whether or not
// the state asks for it; a call of the application; the pump; time; the end of the connection and a new one.
func FuzzServerPackets(f *testing.F) {
	for mode := byte(0); mode < 64; mode += 3 {
		f.Add(mode, []byte("\x0B\x01\x0B\x02\x04\x11\x04\x22\x00\x01\x01\x02\x0F\x03\x02\x02\x02\x0F\x13\x13"))
		f.Add(mode, []byte("\x0C\x01\x0D\x01\x05\x01\x06\x02\x0E\x07\x0F\x11\x00\x0B\x05\x13\x10\x09"))
	}
	for op := range byte(operations) {
		f.Add(byte(modeV5|modeInFlight|modeLog), []byte{op, 1, op, 2, op, 3, op, 0x44, op, 0x85, op, 0xC6, 15, op, 7, 19, 19})
		f.Add(byte(modeInFlight|modePumped), []byte{op, 1, op, 2, 17, 1, op, 3, op, 0x44, 15, op, 0x85, 19})
	}
	f.Fuzz(func(t *testing.T, mode byte, program []byte) {
		if len(program) > 200 {
			return
		}
		bubble.Test(t, func(t *testing.T) {
			f := newFuzzed(t, mode&^(modeUnacknowledged|modeClose))
			f.begin()
			p := fuzzProgram{f, program}
			for len(p.rest) > 0 {
				p.step()
			}
			f.finish()
		})
	})
}

// begin connects and makes the state that the mode asks for.
func (f *fuzzed) begin() {
	f.t.Helper()
	f.dial()
	if f.mode&modeUnacknowledged != 0 {
		return
	}
	f.accept(false)
	f.pump()
	if f.mode&modeInFlight != 0 {
		f.busy()
	}
	if f.mode&modePumped != 0 {
		f.pump()
	}
}

// operations is how many there are in step.
const operations = 24

// fuzzProgram is what is left of a program.
type fuzzProgram struct {
	*fuzzed
	rest []byte
}

// next is the next byte of the program, 0 behind its end.
func (p *fuzzProgram) next() byte {
	if len(p.rest) == 0 {
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return b
}

func (p *fuzzProgram) step() {
	switch op := p.next() % operations; op {
	case 0, 1, 2, 3:
		p.ack([]packet.Type{packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP}[op], p.next())
	case 4, 5:
		p.publish(p.next())
	case 6:
		arg := p.next()
		p.send(packet.AppendSuback(nil, p.d.v, &packet.Suback{PacketID: p.id(arg), Reasons: p.reasons(packet.SUBACK, arg)}))
	case 7:
		arg := p.next()
		p.send(packet.AppendUnsuback(nil, p.d.v, &packet.Unsuback{PacketID: p.id(arg), Reasons: p.reasons(packet.UNSUBACK, arg)}))
	case 8:
		p.send(packet.AppendPingresp(nil))
	case 9:
		p.farewell(p.next())
	case 10:
		p.send(p.c.Connack(p.next()&1 != 0, 0, p.limited()))
	case 11, 12:
		arg := p.next()
		p.call(func() error { return p.m.PublishMessage("t", int(arg%3), "x") })
	case 13:
		p.call(func() error { return p.m.Subscribe("a,b", 1) })
	case 14:
		p.call(func() error { return p.m.Unsubscribe("a") })
	case 15:
		p.pump()
	case 16:
		p.call(p.m.Ping)
	case 17:
		p.again(p.next()&1 != 0)
	case 18:
		if !p.left && p.m.Connected() {
			p.leave()
		}
	case 19, 20:
		p.answer(int(p.next()))
	case 21:
		advance(1e9)
	case 22:
		if b := p.c.Publish("t", p.next()%3, 9, "in pieces"); len(b) > 3 {
			p.send(b[:3])
			p.send(b[3:])
		}
	case 23:
		p.reauthenticate(p.next())
	}
	p.sync()
}

// id picks one of few, so that most belong to something.
func (p *fuzzProgram) id(arg byte) uint16 {
	return []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, 23, 24, 256, 65535}[arg&15]
}

// reason picks one that a server may give.
func (p *fuzzProgram) reason(t packet.Type, arg byte) packet.ReasonCode {
	var legal []packet.ReasonCode
	for code := range packet.ReasonCode(255) {
		if packet.ReasonAllowed(t, packet.FromServer, code) {
			legal = append(legal, code)
		}
	}
	return legal[int(arg)%len(legal)]
}

func (p *fuzzProgram) reasons(t packet.Type, arg byte) []byte {
	var list []byte
	for i := range 1 + arg>>6 {
		code := byte(p.reason(t, arg>>4+i))
		if p.d.v == packet.V311 && code > 2 {
			code = 0x80
		}
		list = append(list, code)
	}
	return list
}

// told is what explains a packet, at times.
func (p *fuzzProgram) told(arg byte) packet.Properties {
	if p.d.v == packet.V311 || arg&64 == 0 {
		return nil
	}
	return packet.Properties(nil).AppendString(packet.PropReasonString, "why\r\n\u2028\u0085").AppendUserProperty("n\n", "v")
}

func (p *fuzzProgram) ack(t packet.Type, arg byte) {
	a := packet.Ack{PacketID: p.id(arg)}
	if p.d.v == packet.V5 && arg&128 != 0 {
		a.Reason, a.Properties = p.reason(t, arg>>4), p.told(arg)
	}
	p.send(packet.AppendAck(nil, p.d.v, t, &a))
}

func (p *fuzzProgram) publish(arg byte) {
	flags := p.next()
	b := packet.Publish{QoS: flags % 3, Retain: flags&4 != 0, Topic: []byte("a"), Payload: []byte("y")}
	if b.QoS > 0 {
		b.PacketID, b.Dup = p.id(arg), flags&8 != 0
	}
	if p.d.v == packet.V5 {
		if flags&16 != 0 {
			b.Properties = b.Properties.AppendUint(packet.PropTopicAlias, 1+uint32(flags>>6))
			if flags&32 != 0 {
				b.Topic = nil
			}
		}
		if arg&64 != 0 {
			b.Properties = b.Properties.AppendUint(packet.PropSubscriptionIdentifier, 7).AppendUserProperty("n", "v")
		}
	}
	p.send(packet.AppendPublish(nil, p.d.v, &b))
}

// farewell is the server's DISCONNECT, which only v5 has.
func (p *fuzzProgram) farewell(arg byte) {
	if p.d.v == packet.V5 {
		p.send(packet.AppendDisconnect(nil, p.d.v, &packet.Disconnect{Reason: p.reason(packet.DISCONNECT, arg), Properties: p.told(arg)}))
	}
}

// again ends the connection and makes a new one, whose server has the session or has none.
func (p *fuzzProgram) again(present bool) {
	p.close()
	p.pump()
	p.wantEnds()
	p.calls = nil
	p.d.connection(present)
	p.dial()
	p.accept(present)
	p.pump()
}

// answer answers what has waited, as a server should.
func (p *fuzzProgram) answer(most int) {
	for id := range uint16(32) {
		awaited, open := p.d.awaits[id]
		if !open || most == 0 {
			continue
		}
		most--
		switch awaited {
		case packet.SUBACK:
			p.send(packet.AppendSuback(nil, p.d.v, &packet.Suback{PacketID: id, Reasons: []byte{0, 1}}))
		case packet.UNSUBACK:
			p.send(packet.AppendUnsuback(nil, p.d.v, &packet.Unsuback{PacketID: id, Reasons: []byte{0}}))
		default:
			p.send(packet.AppendShortAck(nil, awaited, id))
		}
	}
}

func (p *fuzzProgram) reauthenticate(arg byte) {
	if p.d.v == packet.V311 {
		return
	}
	p.send(packet.AppendAuth(nil, &packet.Auth{Reason: p.reason(packet.AUTH, arg), Properties: packet.Properties(nil).AppendString(packet.PropAuthenticationMethod, "m")}))
}
