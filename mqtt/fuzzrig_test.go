package mqtt_test

import (
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// fuzzed is a whole client in virtual time, whose server is a program of the fuzzer. The Recorder checks its events, duties
// what it writes, and the bubble that nothing of it is left.
type fuzzed struct {
	t       *testing.T
	m       *mqtt.MQTT
	r       *mqtttest.Recorder
	s       *mqtttest.Server
	c       *mqtttest.Conn // the server's end of the connection
	d       *duties
	mode    byte
	joining <-chan error // of Connect; nil = it has returned
	calls   []<-chan error
	left    bool // one side has closed

	mu    sync.Mutex
	wrote []byte // what the client has written since sync looked
	gone  bool   // the client has closed
}

// The bits of a mode.
const (
	modeV5 = 1 << iota
	modeInFlight
	modePumped
	modeLimits
	modeMethod
	modeLog
	modeUnacknowledged // there is no CONNACK before the input
	modeClose          // the server closes behind the input
)

func newFuzzed(t *testing.T, mode byte) *fuzzed {
	v, version := mqtt.MvV3, packet.V311
	if mode&modeV5 != 0 {
		v, version = mqtt.MvV5, packet.V5
	}
	r, s := memory(t, v)
	f := &fuzzed{t: t, m: r.M, r: r, s: s, d: newDuties(t, version), mode: mode}
	must(t, f.m.SetCleanSession(false))
	if mode&modeLimits != 0 {
		config(t, f.m, `ConnectProperties={"ClientTopicAliasMax":2,"ReceiveMaximum":3,"MaximumPacketSize":1000,"SessionExpInterval":100,"RequestProblemInformation":false}`)
	} else {
		config(t, f.m, `ConnectProperties={"SessionExpInterval":100}`)
	}
	if mode&modeMethod != 0 {
		config(t, f.m, `ConnectProperties={"AuthenticationMethod":"m"}`)
	}
	if mode&modeLog != 0 {
		config(t, f.m, "LogLevel=3")
	}
	return f
}

// dial begins a connection, up to CONNECT.
func (f *fuzzed) dial() {
	f.t.Helper()
	f.left, f.gone = false, false
	f.joining = f.r.Start(f.m.Connect)
	f.c = f.s.Accept(f.t)
	f.c.Version = f.d.v
	go f.read(f.c.NetConn())
	f.sync()
	if !f.d.begun {
		f.t.Fatal("no CONNECT came")
	}
}

// read takes what the client writes, and closes when the client does.
func (f *fuzzed) read(conn net.Conn) {
	defer conn.Close()
	var b [4096]byte
	for {
		n, err := conn.Read(b[:])
		f.mu.Lock()
		f.wrote = append(f.wrote, b[:n]...)
		f.gone = err != nil
		f.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// limited is what the server's CONNACK says.
func (f *fuzzed) limited() packet.Properties {
	if f.mode&modeLimits == 0 {
		return nil
	}
	return packet.Properties(nil).AppendUint(packet.PropReceiveMaximum, 2).AppendUint(packet.PropTopicAliasMaximum, 2).AppendUint(packet.PropMaximumPacketSize, 200)
}

// accept answers CONNECT.
func (f *fuzzed) accept(present bool) {
	f.t.Helper()
	p := f.limited()
	if f.mode&modeMethod != 0 {
		p = p.AppendString(packet.PropAuthenticationMethod, "m")
	}
	f.send(f.c.Connack(present, 0, p))
}

// busy puts exchanges of each QoS in flight, both ways, and requests.
func (f *fuzzed) busy() {
	f.t.Helper()
	for qos := range 3 {
		for range qos + 1 {
			f.call(func() error { return f.m.PublishMessage("t", qos, "x") })
		}
	}
	f.call(func() error { return f.m.Subscribe("a,b", 2) })
	f.call(func() error { return f.m.Unsubscribe("c") })
	f.sync()
	for qos := range byte(3) {
		f.send(f.c.Publish("a", qos, 20+uint16(qos), "y"))
	}
	f.send(packet.AppendShortAck(f.c.Publish("a", 2, 23, "z"), packet.PUBREL, 23))
}

// call calls a method that may wait, and whose error must have a number.
func (f *fuzzed) call(method func() error) { f.calls = append(f.calls, f.r.Start(method)) }

// send sends what the client need not take any more.
func (f *fuzzed) send(b []byte) {
	f.t.Helper()
	if f.left {
		return
	}
	f.d.serverSent(b)
	_ = f.c.TrySend(b)
	f.sync()
}

// close is the server's end of the connection.
func (f *fuzzed) close() {
	f.t.Helper()
	f.left = true
	f.c.Close()
	f.sync()
}

// sync lets everything happen that happens by itself, and judges what the client wrote.
func (f *fuzzed) sync() {
	f.t.Helper()
	synctest.Wait()
	f.mu.Lock()
	wrote := f.wrote
	f.wrote = nil
	f.left = f.left || f.gone
	f.mu.Unlock()
	f.d.clientWrote(wrote)
	if f.d.over && !f.left {
		f.left = true
		f.c.Close()
		synctest.Wait()
	}
	if f.joining != nil && f.returned(f.joining, "Connect") {
		f.joining = nil
	}
	open := f.calls[:0]
	for _, done := range f.calls {
		if !f.returned(done, "a method") {
			open = append(open, done)
		}
	}
	f.calls = open
}

func (f *fuzzed) returned(done <-chan error, what string) bool {
	f.t.Helper()
	select {
	case err := <-done:
		if err != nil && errors.Code(err) <= 0 {
			f.t.Fatalf("%s returned %v, which has no number", what, err)
		}
		return true
	default:
		return false
	}
}

// pump delivers what waits.
func (f *fuzzed) pump() {
	f.t.Helper()
	for before := -1; before != len(f.r.Trace()); {
		before = len(f.r.Trace())
		if err := f.m.DoEvents(); err != nil {
			f.t.Fatal(err)
		}
		f.sync()
	}
}

// finish lets the connection end if it has to, and checks how it did: not at all, or once, with a number, and with every
// call returned. Then the component has to work as a new one does.
func (f *fuzzed) finish() {
	f.t.Helper()
	f.pump()
	ended := f.left || f.joining != nil
	if f.joining != nil { // Connect waits for a CONNACK
		advance(2 * 60e9) // beyond Timeout
	}
	f.pump()
	if f.joining != nil {
		f.t.Fatal("Connect does not return")
	}
	if ended && f.m.Connected() {
		f.t.Fatal("connected although the server has closed")
	}
	f.wantEnds()
	f.wantPrintable()
	if f.m.Connected() {
		f.leave()
	}
	f.calls = nil
	f.r.Take()
	f.works()
}

// leave disconnects in order.
func (f *fuzzed) leave() {
	f.t.Helper()
	f.d.leave = true
	f.call(f.m.Disconnect)
	f.sync()
	if !f.d.over {
		f.t.Fatal("no DISCONNECT came")
	}
	f.pump()
	if f.m.Connected() || len(f.calls) > 0 {
		f.t.Fatalf("after Disconnect: connected %t, %d calls wait", f.m.Connected(), len(f.calls))
	}
}

// wantEnds checks that each connection ended once, and with a number when it was not by Disconnect or by the server's will.
func (f *fuzzed) wantEnds() {
	f.t.Helper()
	begun, ended := 0, 0
	for _, e := range f.r.Trace() {
		switch a := e.Args.(type) {
		case *mqtt.ConnectedEventArgs:
			if a.StatusCode == 0 {
				begun++
			}
		case *mqtt.DisconnectedEventArgs:
			ended++
			if a.StatusCode < 0 || a.StatusCode > 0 && errors.Description(a.StatusCode) == "" {
				f.t.Fatalf("Disconnected with %d %q", a.StatusCode, a.Description)
			}
		case *mqtt.ErrorEventArgs:
			if errors.Description(a.ErrorCode) == "" {
				f.t.Fatalf("Error with %d %q", a.ErrorCode, a.Description)
			}
		}
	}
	if open := begun - ended; open < 0 || open > 1 || f.m.Connected() != (open == 1) {
		f.t.Fatalf("%d times Connected, %d times Disconnected; Connected() is %t", begun, ended, f.m.Connected())
	}
}

// wantPrintable checks that no text of an event but the message itself brings control characters from the wire to a log.
func (f *fuzzed) wantPrintable() {
	f.t.Helper()
	for _, e := range f.r.Trace() {
		var text string
		switch a := e.Args.(type) {
		case *mqtt.LogEventArgs:
			checkLines(f.t, []mqtt.LogEventArgs{*a})
		case *mqtt.ConnectedEventArgs:
			text = a.Description
		case *mqtt.DisconnectedEventArgs:
			text = a.Description + a.ReasonName
		case *mqtt.ErrorEventArgs:
			text = a.Description
		}
		if strings.ContainsFunc(text, isControl) {
			f.t.Fatalf("%s has %q", e.Name, text)
		}
	}
}

func isControl(r rune) bool {
	return r < ' ' || r >= 0x7F && r < 0xA0 || r == '\u2028' || r == '\u2029'
}

// works checks that a new connection does what the last one could not spoil.
func (f *fuzzed) works() {
	f.t.Helper()
	f.d.connection(false)
	f.dial()
	f.accept(false)
	f.pump()
	if !f.m.Connected() {
		f.t.Fatalf("the next connection does not stand:\n%s", strings.Join(f.r.Trace().Strings(), "\n"))
	}
	f.call(func() error { return f.m.PublishMessage("last", 1, "x") })
	f.sync()
	for n := 0; f.m.OutgoingMessages().Count() > 0; n++ {
		if n > 1000 {
			f.t.Fatalf("what was accepted does not end: %s", states(f.m.OutgoingMessages()))
		}
		for _, id := range slices.Sorted(maps.Keys(f.d.awaits)) {
			if awaited := f.d.awaits[id]; awaited == packet.PUBACK || awaited == packet.PUBREC || awaited == packet.PUBCOMP {
				f.send(packet.AppendShortAck(nil, awaited, id))
			}
		}
		f.pump()
	}
	if !strings.Contains(strings.Join(f.r.Trace().Only("MessageOut").Strings(), "\n"), "Topic:last ") {
		f.t.Fatal("the message is not out")
	}
	f.leave()
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
