package mqtt_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// maxLine is more than any line of the log has, whatever the packet.
const maxLine = 5000

// checkLines checks what holds for every entry: one printable line of bounded size.
func checkLines(t testing.TB, entries []mqtt.LogEventArgs) {
	t.Helper()
	for _, e := range entries {
		if len(e.Message) > maxLine || !utf8.ValidString(e.Message) || strings.ContainsFunc(e.Message, func(r rune) bool { return !strconv.IsPrint(r) }) {
			t.Fatalf("a line of %d bytes, or not printable: %q", len(e.Message), e.Message)
		}
	}
}

func long(first byte, fields ...string) []byte {
	body := wire(fields...)
	b := []byte{first}
	for n := len(body); ; n >>= 7 {
		if n < 1<<7 {
			return append(append(b, byte(n)), body...)
		}
		b = append(b, byte(n)|0x80)
	}
}

func sized(n int) string { return fmt.Sprintf("%02X %02X", n>>8, n&0xFF) }

// A line is bounded, whatever the packet, and says where it leaves something out.
func TestTracerBounds(t *testing.T) {
	topic := strings.Repeat("t", 2000)
	for _, row := range []struct {
		name    string
		v       packet.Version
		from    packet.Role
		bytes   []byte
		masked  bool
		level   int
		want    []string // parts of the line
		without string
	}{
		{
			"a long payload", packet.V311, in, long(0x30, "00 01", "'t", "'"+strings.Repeat("p", 5000)), false, 3,
			[]string{`Payload "` + strings.Repeat("p", mqtt.MaxShown) + `"… (5000 bytes); hex 30 8B 27 00 01 74`, " 70 … 4750 bytes more"},
			strings.Repeat("p", mqtt.MaxShown+1),
		},
		{
			"a long payload, masked", packet.V311, in, long(0x30, "00 01", "'t", "'"+strings.Repeat("p", 5000)), true, 3,
			[]string{`Payload *** 5000 bytes; hex 30 8B 27 00 01 74 (*** 5000 bytes)`},
			"70",
		},
		{
			"a long topic", packet.V311, out, long(0x32, sized(len(topic)), "'"+topic, "00 07", "'secret"), true, 3,
			[]string{`sent PUBLISH QoS 1, topic "` + topic[:mqtt.MaxShown] + `"… (2000 bytes), 2013 bytes; Topic Name "` + topic[:mqtt.MaxShown] + `"… (2000 bytes), …; hex 32 DA 0F`, " 74 … 1757 bytes more"},
			"secret",
		},
		{
			"a topic of characters of several bytes", packet.V311, out, long(0x30, sized(301), "'x"+strings.Repeat("é", 150)), true, 3,
			[]string{`Topic Name "x` + strings.Repeat("é", mqtt.MaxShown/2-1) + `"… (301 bytes)`},
			`\x`,
		},
		{
			"a topic of no characters", packet.V311, out, long(0x30, sized(300), "'"+strings.Repeat("\x80", 300)), true, 3,
			[]string{`Topic Name "` + strings.Repeat(`\x80`, mqtt.MaxShown) + `"… (300 bytes)`},
			"secret",
		},
		{
			"a password behind a long will", packet.V311, out, long(0x10, "00 04", "'MQTT", "04 C4 00 00 00 01", "'c", "00 01", "'w", sized(3000), "'"+strings.Repeat("w", 3000), "00 03", "'ann", "00 06", "'secret"), true, 3,
			[]string{`Will Message *** 3000 bytes, …; hex 10 D7 17`, `(*** 3000 bytes) … 13 bytes more`},
			"ann",
		},
		{
			"a secret that begins behind the dump", packet.V311, out, long(0x30, sized(300), "'"+topic[:300], "'secret"), true, 3,
			[]string{`Payload *** 6 bytes; hex`, " 74 … 55 bytes more"},
			"secret",
		},
		{
			"many codes", packet.V5, in, long(0x90, "00 01", "00", strings.Repeat("8F", 5000)), true, 3,
			[]string{`Reason Code 0x8F (Topic Filter invalid), …; hex 90`},
			"\n",
		},
		{
			"many user properties", packet.V5, out, long(0xE0, "00", "E8 07", strings.Repeat("26 00 00 00 00", 200)), true, 3,
			[]string{`User Property "" = "", …; hex E0`},
			"\n",
		},
		{"no packet", packet.V311, in, wire("'HTTP/1.1 400"), true, 2, []string{"received no packet: PUBACK: reserved flags of the first byte are wrong (0x81 Malformed Packet)"}, "hex"},
		{"no packet, with its bytes", packet.V5, in, wire("30 FF FF FF FF 7F"), true, 3, []string{"received no packet: PUBLISH: ", "; hex 30 FF FF FF FF"}, "7F"},
		{"no packet of ours", packet.V5, out, wire("30 FF FF FF FF 7F"), true, 3, []string{"sent no packet: the Remaining Length has more than four bytes; hex 30 FF FF FF FF"}, "7F"},
		{"a Remaining Length in more bytes than needed, of ours", packet.V5, out, wire("40 82 00 00 01"), true, 3, []string{"sent PUBACK, packet 1, 5 bytes; Packet Identifier 1; hex 40 82 00 00 01"}, "…"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := mqtt.Trace(row.v, row.level, row.masked, row.from, row.bytes)
			checkLines(t, got)
			if len(got) != 1 || got[0].LogLevel != row.level {
				t.Fatalf("%d lines: %+v", len(got), got)
			}
			for _, part := range row.want {
				if !strings.Contains(got[0].Message, part) {
					t.Errorf("%s\nlacks %s", got[0].Message, part)
				}
			}
			if strings.Contains(got[0].Message, row.without) {
				t.Errorf("%s\nhas %s", got[0].Message, row.without)
			}
		})
	}
}

// pieces cuts b at the places that cuts tells.
func pieces(b, cuts []byte) [][]byte {
	var list [][]byte
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)]))
		}
		list, b = append(list, b[:n:n]), b[n:]
	}
	return list
}

// FuzzTracer: any bytes give printable lines of bounded size, the same ones however the bytes come in pieces; and with
// masking they do not depend on what is secret.
func FuzzTracer(f *testing.F) {
	for i, p := range tracedPackets {
		f.Add(p.bytes, p.version == packet.V5, p.from == in, i%2 == 0, []byte{byte(i % 3)})
	}
	f.Add(long(0x30, "00 01", "'t", "'"+strings.Repeat("p", 5000)), true, true, true, []byte{200, 0})
	f.Fuzz(func(t *testing.T, b []byte, v5, fromServer, masked bool, cuts []byte) {
		b = b[:min(len(b), 4096)]
		v, from := packet.V311, out
		if v5 {
			v = packet.V5
		}
		if fromServer {
			from = in
		}
		for level := range 4 {
			whole := mqtt.Trace(v, level, masked, from, b)
			checkLines(t, whole)
			if level < 2 && len(whole) > 0 {
				t.Fatalf("level %d: %+v", level, whole)
			}
			if cut := mqtt.Trace(v, level, masked, from, pieces(b, cuts)...); !slices.Equal(whole, cut) {
				t.Fatalf("% X in pieces:\n%+v\nin one:\n%+v", b, cut, whole)
			}
		}
		other := bytes.Clone(b)
		if changeSecrets(v, from, other) {
			if lines, want := mqtt.Trace(v, 3, true, from, other), mqtt.Trace(v, 3, true, from, b); !slices.Equal(lines, want) {
				t.Fatalf("other secrets give other lines:\n%+v\n%+v", lines, want)
			}
		}
	})
}

// changeSecrets changes all that is secret in the packet b, and reports whether it is one that the codec takes.
func changeSecrets(v packet.Version, from packet.Role, b []byte) bool {
	change := func(secret []byte) {
		for i := range secret {
			secret[i]++
		}
	}
	changeProperties := func(p packet.Properties) {
		for _, id := range []packet.PropertyID{packet.PropAuthenticationData, packet.PropCorrelationData} {
			secret, _ := p.Bytes(id)
			change(secret)
		}
	}
	h, ok, err := packet.ReadHeader(v, from, b)
	if err != nil || !ok || len(b) != h.PacketSize() {
		return false
	}
	body := b[h.Size:]
	switch h.Type() {
	case packet.CONNECT:
		_, p, err := packet.DecodeConnect(body)
		if err != nil {
			return false
		}
		changeProperties(p.Properties)
		changeProperties(p.Will.Properties)
		change(p.Will.Payload)
		change(p.Password)
		if !p.HasPassword {
			change(p.UserName)
		}
		return true
	case packet.CONNACK:
		p, err := packet.DecodeConnack(v, body)
		changeProperties(p.Properties)
		return err == nil
	case packet.PUBLISH:
		p, err := packet.DecodePublish(v, from, h.First, body)
		changeProperties(p.Properties)
		change(p.Payload)
		return err == nil
	case packet.AUTH:
		p, err := packet.DecodeAuth(from, body)
		changeProperties(p.Properties)
		return err == nil
	}
	return false
}

func TestChangeSecrets(t *testing.T) {
	changed := 0
	for _, p := range tracedPackets {
		b := bytes.Clone(p.bytes)
		if changeSecrets(p.version, p.from, b) && !bytes.Equal(b, p.bytes) {
			changed++
		}
	}
	if changed < 10 {
		t.Errorf("secrets were found in %d packets", changed)
	}
}
