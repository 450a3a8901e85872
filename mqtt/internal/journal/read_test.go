package journal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

const testSalt = 0x5a17c0de

var someProperties = packet.Properties(nil).AppendString(packet.PropContentType, "x").
	AppendUserProperty("a", "1").AppendUserProperty("a", "1").AppendUserProperty("A", "0")

// script is a file record by record, with what is there after it.
var script = []struct {
	note note
	want string // the messages that are not finished: key, direction, what they await
}{
	{note{kind: kindAdd, key: 1, message: protocol.SavedMessage{Topic: "a/b", Payload: []byte("hello"), ID: 7, QoS: 1, Retain: true}}, "1>type 0"},
	{note{kind: kindStep, key: 1, awaits: packet.PUBACK}, "1>PUBACK"},
	{note{kind: kindAdd, key: 2, incoming: true, message: protocol.SavedMessage{Topic: "c", Properties: someProperties, ID: 7, QoS: 2, Dup: true, Awaits: packet.PUBREL}}, "1>PUBACK 2<PUBREL"},
	{note{kind: kindAdd, key: 3, message: protocol.SavedMessage{Topic: "d", Payload: []byte{0, 0xAB, 0xF1, 1}, ID: 8, QoS: 2, Awaits: packet.PUBREC}}, "1>PUBACK 2<PUBREL 3>PUBREC"},
	{note{kind: kindFinish, key: 1}, "2<PUBREL 3>PUBREC"},
	{note{kind: kindStep, key: 3, awaits: packet.PUBCOMP}, "2<PUBREL 3>PUBCOMP"},
	{note{kind: kindStep, key: 2}, "2<type 0 3>PUBCOMP"},
	{note{kind: kindAdd, key: 4, message: protocol.SavedMessage{Topic: "e", ID: 9, QoS: 1, Awaits: packet.PUBACK}}, "2<type 0 3>PUBCOMP 4>PUBACK"},
	{note{kind: kindFinish, key: 2}, "3>PUBCOMP 4>PUBACK"},
}

// records is the file of the script, and where its records end, beginning with the end of the header.
func records(notes []note) (b []byte, ends []int) {
	d := newFakeDisk(1)
	f, _ := d.Create("records")
	s := &store{header: header{formatVersion, testSalt, "id"}, file: f}
	w := appender{store: s, buf: appendHeader(appendHeader(nil, s.header), s.header)}
	w.flush()
	ends = append(ends, int(w.offset))
	for i := range notes {
		w.note(&notes[i])
		w.flush()
		ends = append(ends, int(w.offset))
	}
	return d.names["records"].data, ends
}

func scriptNotes(without int) []note {
	var list []note
	for i := range script {
		if i != without {
			list = append(list, script[i].note)
		}
	}
	return list
}

// summary is what a session holds, in the words of the script.
func summary(s *protocol.Session) string {
	words := make([]string, 10)
	for _, m := range s.Outgoing {
		words[m.Key] = string('0'+byte(m.Key)) + ">" + m.Awaits.String()
	}
	for _, m := range s.Incoming {
		words[m.Key] = string('0'+byte(m.Key)) + "<" + m.Awaits.String()
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// readBytes opens a journal of these bytes.
func readBytes(t *testing.T, b []byte) (*fakeDisk, *Recovered, error) {
	t.Helper()
	d := newFakeDisk(1)
	name := baseName("d", "id") + extJournal
	d.names[name] = &inode{data: slices.Clone(b), durable: slices.Clone(b)}
	d.durable[name] = d.names[name]
	j, found, err := open(d, "d", "id")
	if err != nil {
		return d, nil, err
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return d, found, nil
}

// lasts checks that a journal, once opened, is sound and holds the same.
func lasts(t *testing.T, d *fakeDisk, want *Recovered) {
	t.Helper()
	j, again, err := open(d, "d", "id")
	if err != nil || again.Damage != nil {
		t.Fatalf("opened again: %v, %+v", err, again)
	}
	if summary(again.Session) != summary(want.Session) || again.Session.LastID != want.Session.LastID {
		t.Fatalf("opened again it holds %q, last id %d; before %q, %d",
			summary(again.Session), again.Session.LastID, summary(want.Session), want.Session.LastID)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// The bytes of the format stay as they are: files of earlier versions are read with it.
func TestFormat(t *testing.T) {
	b, _ := records(scriptNotes(-1)[:3])
	golden, err := os.ReadFile("testdata/format1.hex")
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	for line := range strings.Lines(string(golden)) {
		code, _, _ := strings.Cut(line, "#")
		part, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(code), " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		want = append(want, part...)
	}
	if !bytes.Equal(b, want) {
		t.Errorf("the format has changed:\n%s\nwas\n%s", hex.Dump(b), hex.Dump(want))
	}
}

func TestReadMessages(t *testing.T) {
	b, ends := records(scriptNotes(-1))
	_, found, err := readBytes(t, b[:ends[4]])
	if err != nil || found.Damage != nil {
		t.Fatal(err, found)
	}
	if got := found.Session; got.ClientID != "id" || got.LastID != 8 || len(got.Outgoing) != 2 || len(got.Incoming) != 1 {
		t.Fatalf("got %+v", got)
	}
	for i, m := range append(found.Session.Outgoing, found.Session.Incoming...) {
		at := []int{0, 3, 2}[i]
		want := script[at].note.message
		if at == 0 {
			want.Awaits = packet.PUBACK
		}
		if !equal(m, want) || m.Key != script[at].note.key {
			t.Errorf("got %+v, want %+v", m, want)
		}
	}
}

// Wherever a file ends: what was complete is there, and the rest is reported and cut off.
func TestCutAnywhere(t *testing.T) {
	b, ends := records(scriptNotes(-1))
	for size := ends[0]; size <= len(b); size++ {
		complete, _ := slices.BinarySearch(ends, size+1)
		complete-- // records before the cut
		want := ""
		if complete > 0 {
			want = script[complete-1].want
		}
		d, found, err := readBytes(t, b[:size])
		if err != nil {
			t.Fatal(err)
		}
		if got := summary(found.Session); got != want {
			t.Errorf("cut at %d: %q, want %q", size, got, want)
		}
		whole := ends[complete] == size
		if whole != (found.Damage == nil) || !whole && (len(found.Damage) != 1 || !strings.Contains(found.Damage[0], "incomplete")) {
			t.Errorf("cut at %d: damage %q", size, found.Damage)
		}
		lasts(t, d, found)
	}
}

// Whichever byte is damaged: it costs the record that it is in, and what the others say is there. The file is kept.
func TestFlipAnywhere(t *testing.T) {
	b, ends := records(scriptNotes(-1))
	for at := range b {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			broken := slices.Clone(b)
			broken[at] ^= mask
			d, found, err := readBytes(t, broken)
			if err != nil {
				t.Fatalf("byte %d: %v", at, err)
			}
			hit := -1 // the header
			if at >= ends[0] {
				hit, _ = slices.BinarySearch(ends, at+1)
				hit--
			}
			want := expect(scriptNotes(hit))
			if got := summary(found.Session); got != want {
				t.Errorf("byte %d, in record %d: %q, want %q; damage %q", at, hit, got, want, found.Damage)
			}
			if len(found.Damage) != 2 {
				t.Errorf("byte %d: damage %q", at, found.Damage)
			}
			if kept := d.names[baseName("d", "id")+extDamaged]; kept == nil || !bytes.Equal(kept.durable, broken) {
				t.Errorf("byte %d: the damaged file was not kept", at)
			}
			lasts(t, d, found)
		}
	}
}

// expect is what notes leave, without the journal's own code.
func expect(list []note) string {
	words := map[uint64]string{}
	for _, n := range list {
		old := words[n.key]
		switch {
		case n.kind == kindAdd && n.incoming:
			words[n.key] = string('0'+byte(n.key)) + "<" + n.message.Awaits.String()
		case n.kind == kindAdd:
			words[n.key] = string('0'+byte(n.key)) + ">" + n.message.Awaits.String()
		case n.kind == kindStep && old != "":
			words[n.key] = old[:2] + n.awaits.String()
		case n.kind == kindFinish:
			delete(words, n.key)
		}
	}
	var all []string
	for key := range uint64(10) {
		if words[key] != "" {
			all = append(all, words[key])
		}
	}
	return strings.Join(all, " ")
}

// TestReadOdd reads sound records that do not fit each other, or that no message can be.
func TestReadOdd(t *testing.T) {
	out := func(key uint64, id uint16, awaits packet.Type) note {
		return note{kind: kindAdd, key: key, message: protocol.SavedMessage{Topic: "t", ID: id, QoS: 1, Awaits: awaits}}
	}
	in := func(key uint64, id uint16, awaits packet.Type) note {
		return note{kind: kindAdd, key: key, incoming: true, message: protocol.SavedMessage{Topic: "t", ID: id, QoS: 2, Awaits: awaits}}
	}
	message := func(m protocol.SavedMessage) []note {
		return []note{{kind: kindAdd, key: 1, message: m}, out(2, 2, 0)}
	}
	for _, test := range []struct {
		name   string
		notes  []note
		want   string
		damage string // "" = none
	}{
		{"an identifier used again, so the first message has ended", []note{out(1, 5, packet.PUBACK), out(2, 5, 0)}, "2>type 0", ""},
		{"also when the second one has ended since", []note{out(1, 5, packet.PUBACK), out(2, 5, 0), {kind: kindFinish, key: 2}}, "", ""},
		{"incoming", []note{in(1, 5, packet.PUBREL), in(2, 5, packet.PUBREL)}, "2<PUBREL", ""},
		{"incoming, where the first waits for its delivery alone", []note{in(1, 5, packet.PUBREL), {kind: kindStep, key: 1}, in(2, 5, packet.PUBREL)}, "1<type 0 2<PUBREL", ""},
		{"one identifier both ways", []note{in(1, 5, packet.PUBREL), out(2, 5, 0)}, "1<PUBREL 2>type 0", ""},
		{"a step of nothing", []note{out(1, 1, 0), {kind: kindStep, key: 9, awaits: packet.PUBACK}}, "1>type 0", "does not hold the message 9"},
		{"the end of nothing", []note{out(1, 1, 0), {kind: kindFinish, key: 9}}, "1>type 0", "does not hold the message 9"},
		{"a step that cannot be", []note{out(1, 1, 0), {kind: kindStep, key: 1, awaits: packet.PUBCOMP}}, "1>type 0", "QoS 1 does not await PUBCOMP"},
		{"a message that cannot await that", []note{in(1, 1, packet.PUBACK), out(2, 2, 0)}, "2>type 0", "QoS 2 does not await PUBACK"},
		{"keys that do not count up", []note{out(2, 1, 0), out(1, 2, 0)}, "2>type 0", "comes after"},
		{"an unknown kind", []note{out(1, 1, 0), {kind: 9, key: 1}}, "1>type 0", "kind 9"},
		{"no topic", message(protocol.SavedMessage{ID: 1, QoS: 1}), "2>type 0", "the topic is empty"},
		{"a wildcard", message(protocol.SavedMessage{Topic: "a/#", ID: 1, QoS: 1}), "2>type 0", "wildcard"},
		{"QoS 0", message(protocol.SavedMessage{Topic: "t", ID: 1}), "2>type 0", "QoS 0"},
		{"no packet identifier", message(protocol.SavedMessage{Topic: "t", QoS: 1}), "2>type 0", "no packet identifier"},
		{"broken properties", message(protocol.SavedMessage{Topic: "t", ID: 1, QoS: 1, Properties: packet.Properties{38, 0, 9, 1}}), "2>type 0", "cannot be"},
		{"a subscription identifier [MQTT5-3.3.4-6]", message(protocol.SavedMessage{Topic: "t", ID: 1, QoS: 1, Properties: packet.Properties(nil).AppendUint(packet.PropSubscriptionIdentifier, 1)}), "2>type 0", "not allowed"},
		{"a topic alias [MQTT5-3.3.2-7]", message(protocol.SavedMessage{Topic: "t", ID: 1, QoS: 1, Properties: packet.Properties(nil).AppendUint(packet.PropTopicAlias, 1)}), "2>type 0", "topic alias"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, _ := records(test.notes)
			d, found, err := readBytes(t, b)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(found.Session); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if damage := strings.Join(found.Damage, "\n"); (damage == "") != (test.damage == "") || !strings.Contains(damage, test.damage) {
				t.Errorf("damage %q, want %q", damage, test.damage)
			}
			lasts(t, d, found)
		})
	}
}

// A damaged record whose payload is a record of its own: that one is not taken for one, since nobody knows the salt.
func TestForgedRecord(t *testing.T) {
	forged, ends := records(scriptNotes(-1)[:1])
	forged = forged[ends[0]:]
	s := &store{header: header{formatVersion, testSalt + 1, "id"}}
	w := appender{store: s, buf: appendHeader(appendHeader(nil, s.header), s.header)}
	start := len(w.buf)
	w.note(&note{kind: kindAdd, key: 5, message: protocol.SavedMessage{Topic: "t", ID: 1, QoS: 1, Payload: bytes.Repeat(forged, 50)}})
	w.buf[start] ^= 1
	_, found, err := readBytes(t, w.buf)
	if err != nil || len(found.Damage) != 2 || len(found.Session.Outgoing) != 0 {
		t.Errorf("%v, %+v", err, found)
	}
}

// After a loss of power, a file may end with zeros where the last call wrote.
func TestZerosAtTheEnd(t *testing.T) {
	b, _ := records(scriptNotes(-1))
	d, found, err := readBytes(t, append(b, make([]byte, 2*window)...))
	if err != nil || len(found.Damage) != 1 || !strings.Contains(found.Damage[0], "incomplete") || summary(found.Session) != script[len(script)-1].want {
		t.Fatal(err, found)
	}
	lasts(t, d, found)
}

// A damaged head costs nothing behind it, also when the next sound one is far away, or split by the reader's window.
func TestLargeDamage(t *testing.T) {
	for _, size := range []int{2 * window, 3*window - 200} {
		for shift := range headSize + 2 {
			large := note{kind: kindAdd, key: 1, message: protocol.SavedMessage{Topic: "t", ID: 1, QoS: 1, Payload: bytes.Repeat([]byte{sync0}, size+shift)}}
			b, ends := records([]note{large, {kind: kindAdd, key: 2, message: protocol.SavedMessage{Topic: "t", ID: 2, QoS: 1}}})
			for at, want := range map[int]string{ends[0] + 2: "bytes from offset", ends[0] + headSize + 50: "the message that it held is lost", ends[1] - 1: "the message that it held is lost"} {
				broken := slices.Clone(b)
				broken[at] ^= 4
				_, found, err := readBytes(t, broken)
				if err != nil || summary(found.Session) != "2>type 0" || !strings.Contains(found.Damage[0], want) {
					t.Fatalf("size %d, byte %d: %v, %+v", size+shift, at, err, found)
				}
			}
		}
	}
}

// Both copies of the header gone, the salt with them: nothing can be read, and that is said.
func TestHeaderLost(t *testing.T) {
	b, ends := records(scriptNotes(-1))
	b[12] ^= 1
	b[ends[0]/2+12] ^= 1
	d, found, err := readBytes(t, b)
	if err != nil || len(found.Damage) != 2 || !strings.Contains(found.Damage[0], "all that the file held is lost") {
		t.Fatal(err, found)
	}
	lasts(t, d, found)
	for size := 1; size < ends[0]; size++ {
		if _, found, err := readBytes(t, b[:size]); err != nil || len(found.Damage) != 2 {
			t.Errorf("%d bytes: %v, %+v", size, err, found)
		}
	}
}

func TestForeignFile(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"text", "Dear diary, today I have written to a file of that name.", "no journal"},
		{"another client identifier", string(appendHeader(nil, header{formatVersion, 1, "other"})), `belongs to the client identifier "other"`},
		{"a later format", string(appendHeader(nil, header{2, 1, "id"})), "format version 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, _, err := readBytes(t, []byte(test.content))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if got := d.names[baseName("d", "id")+extJournal]; string(got.data) != test.content {
				t.Error("the file was touched")
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	b, ends := records(scriptNotes(-1))
	f.Add(b)
	f.Add(b[:ends[3]+5])
	f.Add(append(slices.Clone(b[:ends[2]]), b[ends[3]:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, found, err := readBytes(t, b)
		if err != nil {
			if errors.Is(err, errLocked) || d.locked[baseName("d", "id")+extLock] {
				t.Fatal("still locked")
			}
			return
		}
		for i := range found.Session.Outgoing {
			if err := check(&found.Session.Outgoing[i], false); err != nil {
				t.Fatal(err)
			}
		}
		for i := range found.Session.Incoming {
			if err := check(&found.Session.Incoming[i], true); err != nil {
				t.Fatal(err)
			}
		}
		j, again, err := open(d, "d", "id")
		if err != nil || again.Damage != nil || len(again.Session.Outgoing) != len(found.Session.Outgoing) || len(again.Session.Incoming) != len(found.Session.Incoming) {
			t.Fatalf("%v: %+v, then %+v", err, found, again)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
