package packet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// wire joins the fields of a packet: hexadecimal bytes, or text after an apostrophe.
func wire(fields ...string) []byte {
	var b []byte
	for _, f := range fields {
		if text, ok := strings.CutPrefix(f, "'"); ok {
			b = append(b, text...)
			continue
		}
		raw, err := hex.DecodeString(strings.ReplaceAll(f, " ", ""))
		if err != nil {
			panic(err)
		}
		b = append(b, raw...)
	}
	return b
}

// framed puts a fixed header before a body.
func framed(first byte, body []byte) []byte {
	return append(appendVarint([]byte{first}, len(body)), body...)
}

// Packets whose struct alone does not tell everything.
type (
	connect struct {
		Version Version
		Connect
	}
	ack struct {
		Type Type
		Ack
	}
	ping Type
)

func encode(v Version, x any) []byte {
	switch p := x.(type) {
	case connect:
		return AppendConnect(nil, p.Version, &p.Connect)
	case Connack:
		return AppendConnack(nil, v, &p)
	case Publish:
		return AppendPublish(nil, v, &p)
	case ack:
		return AppendAck(nil, v, p.Type, &p.Ack)
	case Subscribe:
		return AppendSubscribe(nil, v, &p)
	case Suback:
		return AppendSuback(nil, v, &p)
	case Unsubscribe:
		return AppendUnsubscribe(nil, v, &p)
	case Unsuback:
		return AppendUnsuback(nil, v, &p)
	case Disconnect:
		return AppendDisconnect(nil, v, &p)
	case Auth:
		return AppendAuth(nil, &p)
	case ping:
		if Type(p) == PINGREQ {
			return AppendPingreq(nil)
		}
		return AppendPingresp(nil)
	}
	panic(fmt.Sprintf("no encoder for %T", x))
}

var errMore = errors.New("more bytes are needed")

// decode decodes the packet at the start of b.
func decode(v Version, from Role, b []byte) (any, error) {
	h, ok, err := ReadHeader(v, from, b)
	switch {
	case err != nil:
		return nil, err
	case !ok || len(b) < h.PacketSize():
		return nil, errMore
	}
	return decodeBody(v, from, h.First, b[h.Size:h.PacketSize():h.PacketSize()])
}

func decodeBody(v Version, from Role, first byte, body []byte) (x any, err error) {
	switch t := Type(first >> 4); t {
	case CONNECT:
		v, p, err := DecodeConnect(body)
		return connect{v, p}, err
	case CONNACK:
		return box(DecodeConnack(v, body))
	case PUBLISH:
		return box(DecodePublish(v, from, first, body))
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		p, err := DecodeAck(v, from, t, body)
		return ack{t, p}, err
	case SUBSCRIBE:
		return box(DecodeSubscribe(v, body))
	case SUBACK:
		return box(DecodeSuback(v, body))
	case UNSUBSCRIBE:
		return box(DecodeUnsubscribe(v, body))
	case UNSUBACK:
		return box(DecodeUnsuback(v, body))
	case DISCONNECT:
		return box(DecodeDisconnect(v, from, body))
	case AUTH:
		return box(DecodeAuth(from, body))
	default:
		return ping(t), nil
	}
}

func box[P any](p P, err error) (any, error) { return p, err }

// same compares packets; an empty field equals an absent one.
func same(a, b any) bool { return fmt.Sprintf("%T%+v", a, a) == fmt.Sprintf("%T%+v", b, b) }

// decodePoisoned decodes the packet b in the middle of other bytes, twice with different ones: the result may
// depend on b alone.
func decodePoisoned(t testing.TB, v Version, from Role, b []byte) (any, error) {
	t.Helper()
	var results [2]any
	var errs [2]error
	for i, poison := range []byte{0x00, 0xFF} {
		buf := append(bytes.Clone(b), bytes.Repeat([]byte{poison}, 64)...)
		results[i], errs[i] = decode(v, from, buf[:len(b):len(b)])
		if !bytes.Equal(buf[:len(b)], b) {
			t.Fatalf("decoding % X changed the bytes", b)
		}
	}
	if !same(results[0], results[1]) || fmt.Sprint(errs[0]) != fmt.Sprint(errs[1]) {
		t.Fatalf("decoding % X depends on the bytes behind it", b)
	}
	return results[0], errs[0]
}

// checkCanonical requires that x, decoded from the packet b, encodes to b again. There are two exceptions, in
// which the encoding differs and decodes to x: a PUBACK, PUBREC, PUBREL, PUBCOMP or DISCONNECT of MQTT 5.0 that
// is not in its shortest form becomes shorter, and the refusal 20 02 00 01 becomes a CONNACK of MQTT 5.0.
func checkCanonical(t testing.TB, v Version, from Role, b []byte, x any) {
	t.Helper()
	again := encode(v, x)
	if bytes.Equal(again, b) {
		return
	}
	switch packet := Type(b[0] >> 4); {
	case v == V5 && bytes.Equal(b, wire("20 02 00 01")):
	case v == V5 && (packet >= PUBACK && packet <= PUBCOMP || packet == DISCONNECT) && len(again) < len(b):
	default:
		t.Fatalf("% X was decoded as %+v and encoded as % X", b, x, again)
	}
	if y, err := decode(v, from, again); err != nil || !same(x, y) {
		t.Fatalf("% X: %+v encodes to % X, which decodes to %+v, %v", b, x, again, y, err)
	}
}

// validRow is a packet in its shortest form.
type validRow struct {
	name   string // with the ids of the statements it shows
	v      Version
	from   Role
	packet any
	bytes  []byte
}

func runValid(t *testing.T, rows []validRow) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := encode(row.v, row.packet); !bytes.Equal(got, row.bytes) {
				t.Fatalf("encoded\ngot  % X\nwant % X", got, row.bytes)
			}
			got, err := decodePoisoned(t, row.v, row.from, row.bytes)
			if err != nil || !same(got, row.packet) {
				t.Fatalf("decoded\ngot  %+v, %v\nwant %+v", got, err, row.packet)
			}
			for n := range row.bytes {
				if x, err := decodePoisoned(t, row.v, row.from, row.bytes[:n]); !errors.Is(err, errMore) {
					t.Errorf("the first %d bytes: got %+v, %v", n, x, err)
				}
			}
			// A shorter body is refused, unless it is a shorter packet that is right: less payload, less filters.
			h, _, _ := ReadHeader(row.v, row.from, row.bytes)
			for n := range h.Length {
				short := framed(h.First, row.bytes[h.Size:h.Size+n])
				x, err := decodePoisoned(t, row.v, row.from, short)
				if err == nil {
					checkCanonical(t, row.v, row.from, short, x)
				} else if e := (*Error)(nil); !errors.As(err, &e) || e.Type != h.Type() {
					t.Errorf("% X: got %v", short, err)
				}
			}
			// One byte more is refused where nothing open-ended comes last.
			switch h.Type() {
			case PUBLISH, SUBACK, UNSUBACK:
			default:
				long := framed(h.First, append(row.bytes[h.Size:len(row.bytes):len(row.bytes)], 0))
				if x, err := decodePoisoned(t, row.v, row.from, long); err == nil {
					checkCanonical(t, row.v, row.from, long, x)
				}
			}
		})
	}
}

// malformedRow is a packet that is refused.
type malformedRow struct {
	name   string // the fault, with the ids of the statements broken
	v      Version
	from   Role
	bytes  []byte
	reason ReasonCode
}

func runMalformed(t *testing.T, rows []malformedRow) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			x, err := decodePoisoned(t, row.v, row.from, row.bytes)
			requireReason(t, err, Type(row.bytes[0]>>4), row.reason)
			if p, ok := x.(ack); ok {
				x = p.Ack
			}
			if x != nil && !reflect.ValueOf(x).IsZero() {
				t.Errorf("got %+v beside the error", x)
			}
		})
	}
}

func requireReason(t testing.TB, err error, packet Type, reason ReasonCode) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want reason 0x%02X", err, byte(reason))
	}
	if e.Type != packet || e.Reason != reason {
		t.Fatalf("got %v, want %v 0x%02X", e, packet, byte(reason))
	}
}
