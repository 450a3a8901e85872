package protocol

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// wire makes packets of a line such as "32 _ 00 01 'a 00 07 5:00 'text; D0 00": hexadecimal bytes, or text after an
// apostrophe. "5:" and "4:" begin what only that version has, "_" stands for the Remaining Length, and "L'" puts the
// length of the text before it. Braces hold properties: their length is put before them, and 3.1.1 has neither. Packets
// end with a semicolon.
func wire(v packet.Version, line string) []byte {
	var all []byte
	for p := range strings.SplitSeq(line, ";") {
		all = append(all, wirePacket(v, p)...)
	}
	return all
}

func wirePacket(v packet.Version, line string) []byte {
	var b []byte
	framed, brace := false, -1
	for _, f := range strings.Fields(line) {
		if brace >= 0 && v != packet.V5 && f != "}" {
			continue
		}
		switch f {
		case "{":
			brace = len(b)
			continue
		case "}":
			if v == packet.V5 {
				b = append(b[:brace:brace], frame(0, b[brace:])[1:]...)
			}
			brace = -1
			continue
		}
		if rest, ok := strings.CutPrefix(f, "5:"); ok {
			if v != packet.V5 {
				continue
			}
			f = rest
		}
		if rest, ok := strings.CutPrefix(f, "4:"); ok {
			if v != packet.V311 {
				continue
			}
			f = rest
		}
		if f == "_" {
			framed = true
			continue
		}
		if text, ok := strings.CutPrefix(f, "L'"); ok {
			b = append(append(b, byte(len(text)>>8), byte(len(text))), text...)
			continue
		}
		if text, ok := strings.CutPrefix(f, "'"); ok {
			b = append(b, text...)
			continue
		}
		raw, err := hex.DecodeString(f)
		if err != nil {
			panic(line + ": " + err.Error())
		}
		b = append(b, raw...)
	}
	if !framed {
		return b
	}
	return frame(b[0], b[1:])
}

// frame puts a fixed header before a body.
func frame(first byte, body []byte) []byte {
	b := []byte{first}
	for n := len(body); ; {
		d := byte(n % 128)
		if n /= 128; n == 0 {
			return append(append(b, d), body...)
		}
		b = append(b, d|128)
	}
}

// trace drives a Client: commands and bytes in, bytes and events out, time as a number.
type trace struct {
	*Client
	t    testing.TB
	v    packet.Version
	now  Time
	held []Event // taken and not handled
}

func newTrace(t testing.TB, v packet.Version) *trace {
	return &trace{Client: New(), t: t, v: v, now: 1000 * time.Hour}
}

// both runs a test in both versions.
func both(t *testing.T, f func(t *testing.T, v packet.Version)) {
	t.Helper()
	t.Run("V311", func(t *testing.T) { f(t, packet.V311) })
	t.Run("V5", func(t *testing.T) { f(t, packet.V5) })
}

type option func(*Options)

// options are those of a client "c" that wants a clean session and asks for nothing else.
func options(v packet.Version, change ...option) *Options {
	o := &Options{
		Version: v, ClientID: "c", CleanStart: true,
		SessionExpiry: Absent, ReceiveMaximum: Absent, MaximumPacketSize: Absent, TopicAliasMaximum: Absent,
		RequestProblemInformation: Absent, RequestResponseInformation: Absent,
	}
	for _, f := range change {
		f(o)
	}
	return o
}

// persistent asks for a session that outlives the connection.
func persistent(o *Options) {
	o.CleanStart = false
	if o.Version == packet.V5 {
		o.SessionExpiry = 0xFFFFFFFF
	}
}

func keepAliveOf(seconds uint16) option { return func(o *Options) { o.KeepAlive = seconds } }

func receiveMaximum(n int64) option { return func(o *Options) { o.ReceiveMaximum = n } }

const (
	accepted = "20 _ 00 00 5:00"
	resumed  = "20 _ 01 00 5:00"
)

// connect opens a connection with CONNECT, whose bytes do not matter here, and the CONNACK given.
func (c *trace) connect(connack string, change ...option) {
	c.t.Helper()
	c.begin(change...)
	c.in(connack)
	if c.Phase() != Connected {
		c.t.Fatalf("phase %d after CONNACK, want Connected; end: %v", c.Phase(), c.End().Err)
	}
	c.wantEvents("of connecting", "connack 00", "connected", "ready")
}

// connectQuietly leaves the events, so that those of a resumed session can be looked at.
func (c *trace) connectQuietly(connack string, change ...option) {
	c.t.Helper()
	c.begin(change...)
	c.in(connack)
}

func (c *trace) begin(change ...option) {
	c.t.Helper()
	if err := c.Connect(c.now, options(c.v, change...)); err != nil {
		c.t.Fatal(err)
	}
	if first := c.out(); len(first) == 0 || first[0] != 0x10 {
		c.t.Fatalf("the first packet is % X, want CONNECT", first)
	}
}

// cut ends the connection as the network would.
func (c *trace) cut() {
	c.Fail(errors.New(errors.ErrConnectionReset, "cut"))
	c.Closed()
}

// in feeds packets, all at once, and checks that they were consumed.
func (c *trace) in(line string) {
	c.t.Helper()
	c.feed(wire(c.v, line))
}

func (c *trace) feed(b []byte) {
	c.t.Helper()
	if consumed, next := c.Receive(c.now, b, false); consumed != len(b) || next != 0 {
		c.t.Fatalf("consumed %d of %d bytes, next %d: % X", consumed, len(b), next, b)
	}
}

// out takes the outgoing buffer and tells that it was written.
func (c *trace) out() []byte {
	b := slices.Concat(c.TakeOutput(nil)...)
	if len(b) > 0 {
		c.OutputWritten(c.now)
	}
	return b
}

func (c *trace) wantOut(line, why string) {
	c.t.Helper()
	got, want := c.out(), wire(c.v, line)
	if string(got) != string(want) {
		c.t.Fatalf("%s:\n got % X\nwant % X", why, got, want)
	}
}

func (c *trace) wantNoOut(why string) {
	c.t.Helper()
	c.wantOut("", why)
}

// wantIdle checks that nothing is to be written and nothing to be told.
func (c *trace) wantIdle(why string) {
	c.t.Helper()
	c.wantNoOut(why)
	c.wantEvents(why)
}

// tick calls Tick at an instant.
func (c *trace) tick(at Time) {
	c.now = at
	c.Tick(at)
}

// advance lets time pass and ticks whenever the client wants it.
func (c *trace) advance(d time.Duration) {
	c.t.Helper()
	end := c.now + d
	for n := 0; c.Deadline() <= end; n++ {
		if n > 10000 {
			c.t.Fatalf("the deadline %v does not move", c.Deadline())
		}
		c.tick(max(c.now, c.Deadline()))
	}
	c.tick(end)
}

func (c *trace) wantDeadline(in time.Duration, why string) {
	c.t.Helper()
	if got := c.Deadline(); got != c.now+in {
		if got == Never {
			c.t.Fatalf("%s: the deadline is Never, want in %v", why, in)
		}
		c.t.Fatalf("%s: the deadline is in %v, want %v", why, got-c.now, in)
	}
}

func (c *trace) wantNoDeadline(why string) {
	c.t.Helper()
	if got := c.Deadline(); got != Never {
		c.t.Fatalf("%s: the deadline is in %v, want Never", why, got-c.now)
	}
}

// publish publishes and fails the test if that is refused.
func (c *trace) publish(topic, payload string, qos int) *Message {
	c.t.Helper()
	m, err := c.Publish(&Publish{Topic: topic, Payload: []byte(payload), QoS: qos})
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// await0 publishes with QoS 0 and keeps the message.
func (c *trace) await0(payload string) *Message {
	c.t.Helper()
	m, err := c.Publish(&Publish{Topic: "a", Payload: []byte(payload), Awaited: true})
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// take keeps the events that are queued, without handling them: the pump is slow.
func (c *trace) take() {
	if taken := c.TakeEvents(); len(taken) > 0 {
		c.held = append(c.held, taken...)
	}
}

// pump handles all events in the order in which package mqtt does (dispatch.go), and says what they were.
func (c *trace) pump() []string {
	var told []string
	for {
		batch := c.held
		if c.held = nil; batch == nil {
			if batch = c.TakeEvents(); batch == nil {
				return told
			}
		}
		for i := range batch {
			told = append(told, c.handle(&batch[i])...)
		}
		c.ReturnEvents(batch)
	}
}

// handle does with one event what the mqtt package does. A trailing "-" stands for a delivery without acknowledgment.
func (c *trace) handle(e *Event) (told []string) {
	if e.Message == nil {
		return []string{describeEvent(e, nil)}
	}
	for m := e.Message; m != nil; {
		next := e.Next(m)
		told = append(told, c.handleMessage(e, m))
		m = next
	}
	return told
}

func (c *trace) handleMessage(e *Event, m *Message) string {
	told := describeEvent(e, m)
	switch e.Kind {
	case EventDeliver:
		acknowledged := c.Acknowledge(m)
		if acknowledged && m.State != InDone {
			c.t.Errorf("state %d after the acknowledgment, want 9", m.State)
		}
		if acknowledged && c.Incoming().Index(m) < 0 {
			c.t.Errorf("message %d is not in Incoming when MessageAck fires", m.ID)
		}
		c.Delivered(m)
		c.Settle(m)
		if !acknowledged {
			told += " -"
		}
	case EventPublished:
		if m.State != OutDone || !m.Done {
			c.t.Errorf("message %d: state %d, done %v at its end", m.ID, m.State, m.Done)
		}
		if e.Answer != 0 && c.Outgoing().Index(m) < 0 {
			c.t.Errorf("message %d is not in Outgoing when MessageAck fires", m.ID)
		}
		c.Published(m)
	}
	return told
}

func describeIn(m *Message) string {
	told := fmt.Sprintf("in %d %s %s", m.QoS, m.Topic, m.Payload)
	if m.QoS > 0 {
		told = fmt.Sprintf("in %d #%d %s %s", m.QoS, m.ID, m.Topic, m.Payload)
	}
	if m.Retain {
		told += " retained"
	}
	if m.Dup {
		told += " dup"
	}
	return told
}

// describeEvent tells an event in a few words, without touching the client.
func describeEvent(e *Event, m *Message) string {
	switch e.Kind {
	case EventOwner:
		return fmt.Sprint("owner ", e.Detail)
	case EventConnAck:
		return fmt.Sprintf("connack %02X", byte(e.Detail.(*ConnAck).Reason))
	case EventConnected:
		return "connected"
	case EventReadyToSend:
		return "ready"
	case EventError:
		return fmt.Sprintf("error %d", e.Detail.(*errors.Error).Code)
	case EventMessageIn, EventDeliver:
		return describeIn(m)
	case EventMessageOut:
		return fmt.Sprintf("out %s %s", m.Topic, m.Payload)
	case EventPublished:
		told := fmt.Sprintf("done %d %v %02X", m.ID, e.Answer, byte(e.Reason))
		if e.Answer == 0 {
			told = fmt.Sprintf("done %d", m.ID)
		}
		if m.Refused {
			told += " refused"
		}
		return told
	case EventPubRec:
		return fmt.Sprintf("pubrec %d %02X", m.ID, byte(e.Reason))
	case EventSubscribed, EventUnsubscribed:
		a := e.Detail.(*SubAck)
		name := "subscribed"
		if e.Kind == EventUnsubscribed {
			name = "unsubscribed"
		}
		told := fmt.Sprintf("%s %d %s", name, a.Request.ID, strings.Join(a.Request.Filters, ","))
		for _, r := range a.Reasons {
			told += fmt.Sprintf(" %02X", byte(r))
		}
		return told
	case EventPing:
		return fmt.Sprint("ping ", e.Detail)
	case EventSession:
		return "session: " + e.Detail.(*SessionNote).Text
	case EventAuth:
		a := e.Detail.(*packet.Auth)
		data, _ := a.Properties.Bytes(packet.PropAuthenticationData)
		return strings.TrimSpace(fmt.Sprintf("auth %02X %s", byte(a.Reason), data))
	}
	return fmt.Sprint("event ", e.Kind)
}

// wantEvents pumps and compares; what begins with "session:" or "error" may be shortened.
func (c *trace) wantEvents(why string, want ...string) {
	c.t.Helper()
	got := c.pump()
	same := len(got) == len(want)
	for i := 0; same && i < len(want); i++ {
		same = got[i] == want[i] || want[i] == "session:" && strings.HasPrefix(got[i], want[i])
	}
	if !same {
		c.t.Fatalf("events %s:\n got %s\nwant %s", why, strings.Join(got, " | "), strings.Join(want, " | "))
	}
}

// wantError checks the number of an error.
func (c *trace) wantError(err error, code int, why string) {
	c.t.Helper()
	if got := errors.Code(err); got != code {
		c.t.Fatalf("%s: error %v, want number %d", why, err, code)
	}
}

// wantEnded checks that the connection has ended with an error number, 0 for none, and that the client takes nothing
// more: bytes are ignored, commands refused, time does nothing.
func (c *trace) wantEnded(code int, why string) {
	c.t.Helper()
	if c.Phase() != Ended {
		c.t.Fatalf("%s: phase %d, want Ended", why, c.Phase())
	}
	got := 0
	if c.End().Err != nil {
		got = c.End().Err.Code
	}
	if got != code {
		c.t.Fatalf("%s: ended with %v, want number %d", why, c.End().Err, code)
	}
	c.Receive(c.now, wire(c.v, "30 _ L'late 5:00; 32 _ L'late 00 63 5:00; 62 02 00 63"), false)
	_, err := c.Publish(&Publish{Topic: "late", QoS: 1})
	c.wantError(err, errors.ErrNotConnected, why+": publish after the end")
	c.wantError(c.Ping(c.now), errors.ErrNotConnected, why+": ping after the end")
	c.wantNoDeadline(why)
	c.Tick(c.now + 1000*time.Hour)
	c.wantIdle(why + ": after the end")
}

// wantFailed checks what a malformed packet or a protocol error of the server leads to.
func (c *trace) wantFailed(reason packet.ReasonCode, why string) {
	c.t.Helper()
	if c.Phase() != Ended {
		c.t.Fatalf("%s: phase %d, want Ended", why, c.Phase())
	}
	if c.v == packet.V5 {
		c.wantOut(fmt.Sprintf("E0 01 %02X", byte(reason)), why+": one DISCONNECT with the reason")
	} else {
		c.wantNoOut(why + ": no DISCONNECT in 3.1.1")
	}
	for _, told := range c.pump() {
		if told != "error 500" {
			c.t.Fatalf("%s: event %q, want the error only", why, told)
		}
	}
	c.wantEnded(errors.ErrProtocol, why)
}

// wantStates compares a list with positions: identifier:state.
func (c *trace) wantStates(l *List, want, why string) {
	c.t.Helper()
	var got []string
	for m := range l.All() {
		got = append(got, fmt.Sprintf("%d:%d", m.ID, m.State))
	}
	if s := strings.Join(got, " "); s != want {
		c.t.Fatalf("%s: the list is %q, want %q", why, s, want)
	}
}
