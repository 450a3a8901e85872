package mqtttest

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// Event is one call of a handler.
type Event struct {
	Name string // of the event, without On
	Args any    // a copy of the arguments: *mqtt.ConnectedEventArgs ...
}

// String gives the event with its arguments, the payload as text only.
func (e Event) String() string {
	v := reflect.ValueOf(e.Args).Elem()
	var fields []string
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && f.Name != "MessageB" && !v.Field(i).IsZero() {
			fields = append(fields, fmt.Sprintf("%s:%v", f.Name, v.Field(i).Interface()))
		}
	}
	return strings.TrimSpace(e.Name + " " + strings.Join(fields, " "))
}

// Trace is a sequence of events.
type Trace []Event

// Count reports how many events have one of the names.
func (t Trace) Count(names ...string) int { return len(t.Only(names...)) }

// Only returns the events that have one of the names.
func (t Trace) Only(names ...string) Trace {
	var found Trace
	for _, e := range t {
		for _, name := range names {
			if e.Name == name {
				found = append(found, e)
			}
		}
	}
	return found
}

// Without returns the events that have none of the names.
func (t Trace) Without(names ...string) Trace {
	var found Trace
	for _, e := range t {
		if t := (Trace{e}); t.Count(names...) == 0 {
			found = append(found, e)
		}
	}
	return found
}

// Strings renders the events.
func (t Trace) Strings() []string {
	var s []string
	for _, e := range t {
		s = append(s, e.String())
	}
	return s
}

// Last returns the last event of that name; its Args are nil if there is none.
func (t Trace) Last(name string) Event {
	if found := t.Only(name); len(found) > 0 {
		return found[len(found)-1]
	}
	return Event{Name: name}
}

// Recorder hooks all events of a component and checks their grammar.
type Recorder struct {
	M *mqtt.MQTT
	// Patience bounds Wait.
	Patience time.Duration

	t testing.TB

	mu        sync.Mutex
	trace     Trace
	calls     int // of handlers
	hooks     map[string]func(args any)
	running   string // the handler that runs
	lenient   bool   // no grammar
	silent    bool   // do not keep the trace
	hasty     bool   // Connected() is not compared
	several   bool   // an attempt may reach several servers
	connack   bool
	connected bool
	ready     bool
	acked     *mqtt.MessageAckEventArgs // the MessageAck whose message comes next
	lost      bool                      // Connected() was false although Disconnected is still to come
	over      bool                      // the test has ended
}

// Record hooks all events of m. At the end of the test the connection is interrupted, its end has to be told, and m is
// Reset: nothing may fire after that.
func Record(t testing.TB, m *mqtt.MQTT) *Recorder {
	r := &Recorder{M: m, Patience: Patience, t: t, hooks: make(map[string]func(any))}
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, is := strings.CutPrefix(field.Name, "On")
		if !is || field.Type.Kind() != reflect.Func {
			continue
		}
		v.Field(i).Set(reflect.MakeFunc(field.Type, func(in []reflect.Value) []reflect.Value {
			r.fired(name, in[0])
			return nil
		}))
	}
	t.Cleanup(r.finish)
	return r
}

// finish ends the connection and checks that its end is told.
func (r *Recorder) finish() {
	r.t.Helper()
	r.mu.Lock()
	clear(r.hooks)
	r.mu.Unlock()
	if err := r.M.Interrupt(); err != nil {
		r.t.Error(err)
	}
	end := time.Now().Add(r.Patience)
	for n := 0; r.owesDisconnected(); n++ {
		if n == 500 || time.Now().After(end) { // Patience may be a thousand hours of virtual time, which take long too
			r.t.Errorf("no Disconnected came for the last Connected; the trace:\n%s",
				strings.Join(r.Trace().Strings(), "\n"))
			break
		}
		if err := r.M.DoEvents(); err != nil {
			r.t.Error(err)
			break
		}
	}
	if err := r.M.Reset(); err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

// owesDisconnected reports whether the end of a connection is still to be told. A test that has failed already, or that
// has no grammar, owes nothing.
func (r *Recorder) owesDisconnected() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.connected && !r.lenient && !r.t.Failed()
}

// Events lists the names of all events that the component has.
func Events() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[mqtt.MQTT]()) {
		if name, is := strings.CutPrefix(f.Name, "On"); is {
			names = append(names, name)
		}
	}
	return names
}

// On calls f inside the handler of an event, with the arguments themselves. One function for each event.
func (r *Recorder) On(name string, f func(args any)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks[name] = f
}

// Lenient switches the grammar off, for tests that Reset or that end connections inside handlers.
func (r *Recorder) Lenient() *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lenient = true
	return r
}

// Hasty is for tests that connect again, inside a handler or on another goroutine, before the end of the last
// connection was told: Connected() may say more than the events have told yet.
func (r *Recorder) Hasty() *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hasty = true
	return r
}

// Silent stops keeping the trace, for long tests. The grammar is checked all the same.
func (r *Recorder) Silent() *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = true
	return r
}

// SeveralServers tells that one attempt may reach several servers, so that a ConnAck which refuses need not be the
// last.
func (r *Recorder) SeveralServers() *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.several = true
	return r
}

// WasReset tells that Reset has ended whatever there was.
func (r *Recorder) WasReset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connack, r.connected, r.ready, r.acked, r.lost = false, false, false, nil, false
}

func (r *Recorder) fired(name string, in reflect.Value) {
	args := reflect.New(in.Type().Elem())
	args.Elem().Set(in.Elem())
	r.mu.Lock()
	if r.running != "" {
		r.t.Errorf("%s fired inside the handler of %s", name, r.running)
	}
	if r.over {
		r.t.Errorf("%s fired after the end", name)
	}
	r.running = name
	r.calls++
	e := Event{name, args.Interface()}
	if !r.silent {
		r.trace = append(r.trace, e)
	}
	if !r.lenient {
		problem := r.check(e)
		if problem == "" && !r.hasty {
			problem = r.agrees(e)
		}
		if problem != "" {
			r.t.Errorf("%v: %s; the trace:\n%s", e, problem, strings.Join(r.trace.Strings(), "\n"))
		}
	}
	hook := r.hooks[name]
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.running = ""
		r.mu.Unlock()
	}()
	if hook != nil {
		hook(in.Interface())
	}
}

// check is the grammar. The lock is held.
func (r *Recorder) check(e Event) (problem string) {
	switch e.Name {
	case "Log", "ConnectionStatus", "SSLStatus", "PubAck", "PubRec", "PubComp":
	default:
		if problem := r.checkAck(e); problem != "" {
			return problem
		}
	}
	switch a := e.Args.(type) {
	case *mqtt.LogEventArgs, *mqtt.ConnectionStatusEventArgs, *mqtt.SSLStatusEventArgs,
		*mqtt.ErrorEventArgs: // AutoReconnect gives up without a connection
		return ""
	case *mqtt.SSLServerAuthenticationEventArgs:
		if r.connack || r.connected {
			return "the TLS handshake comes before everything"
		}
		return ""
	case *mqtt.AuthEventArgs:
		if r.connack {
			return "none comes between ConnAck and Connected"
		}
		return ""
	case *mqtt.BeforeConnectEventArgs:
		if r.connected {
			return "the last connection has not been told to be over"
		}
		r.connack = false
		return ""
	case *mqtt.ConnAckEventArgs:
		if r.connack || r.connected {
			return "it is the second one"
		}
		r.connack = !r.several || a.ReasonCode == 0
		return ""
	case *mqtt.ConnectedEventArgs:
		switch {
		case r.connected:
			return "the component is connected already"
		case a.StatusCode == 0 && !r.connack:
			return "ConnAck comes first"
		case a.StatusCode == 0:
			r.connected = true
		}
		r.connack = false
		return ""
	case *mqtt.DisconnectedEventArgs:
		if !r.connected {
			return "there was no Connected before it"
		}
		r.connected, r.ready = false, false
		return ""
	}
	if !r.connected {
		return "there is no connection"
	}
	switch e.Args.(type) {
	case *mqtt.ReadyToSendEventArgs:
		r.ready = true
	case *mqtt.MessageInEventArgs, *mqtt.MessageOutEventArgs, *mqtt.MessageAckEventArgs:
		if !r.ready {
			return "ReadyToSend comes first"
		}
	}
	return ""
}

// agrees checks that Connected() says what the events do: false once the end was told, true from ConnAck on, unless the
// connection has been lost since and Disconnected is still to come.
func (r *Recorder) agrees(e Event) (problem string) {
	connected := r.M.Connected()
	switch e.Args.(type) {
	case *mqtt.BeforeConnectEventArgs: // comes late when Connect was called inside a handler
		return ""
	case *mqtt.DisconnectedEventArgs:
		r.lost = false
		if connected {
			return "Connected() is true"
		}
		return ""
	case *mqtt.ConnectedEventArgs:
		if connected && !r.connected {
			return "Connected() is true"
		}
	}
	if !r.connected {
		return ""
	}
	if connected && r.lost {
		return "Connected() is true again before Disconnected"
	}
	r.lost = !connected
	return ""
}

// checkAck checks that MessageAck comes right before MessageIn or MessageOut of its message.
func (r *Recorder) checkAck(e Event) (problem string) {
	ack := r.acked
	r.acked = nil
	switch a := e.Args.(type) {
	case *mqtt.MessageAckEventArgs:
		if a.Direction == 1 || a.ResponseCode < 128 {
			r.acked = a
		}
	case *mqtt.MessageInEventArgs:
		if ack != nil && ack.Direction == 1 && ack.PacketId == a.PacketId {
			return ""
		}
	case *mqtt.MessageOutEventArgs:
		if ack != nil && ack.Direction == 0 && ack.PacketId == a.PacketId {
			return ""
		}
	}
	if ack != nil {
		return fmt.Sprintf("the message of %v should have come", Event{"MessageAck", ack})
	}
	return ""
}

// Trace returns what has happened so far.
func (r *Recorder) Trace() Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trace[:len(r.trace):len(r.trace)]
}

// handled counts the calls of handlers so far.
func (r *Recorder) handled() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// Take returns what has happened so far and forgets it.
func (r *Recorder) Take() Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.trace
	r.trace = nil
	return t
}

// Wait pumps until done reports true. Patience may be a thousand hours of virtual time, which DoEvents' steps of 20 ms
// would make minutes of real time: the longer nothing happens, the longer it sleeps until an event is ready, and asks
// done again.
func (r *Recorder) Wait(what string, done func(Trace) bool) Trace {
	r.t.Helper()
	start := time.Now()
	for quiet, before := start, -1; ; {
		trace := r.Trace()
		if done(trace) {
			return trace
		}
		if time.Since(start) > r.Patience {
			r.t.Fatalf("waiting for %s; so far:\n%s", what, strings.Join(trace.Strings(), "\n"))
		}
		if calls := r.handled(); calls != before {
			quiet, before = time.Now(), calls
		}
		if pause := time.Since(quiet) / 10; pause > time.Second {
			sleep := time.NewTimer(pause)
			select {
			case <-r.M.EventsReady():
			case <-sleep.C:
			}
			sleep.Stop()
		}
		if err := r.M.DoEvents(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// WaitFor pumps until n events of that name have happened.
func (r *Recorder) WaitFor(name string, n int) Trace {
	r.t.Helper()
	return r.Wait(fmt.Sprintf("%d %s", n, name), func(t Trace) bool { return t.Count(name) >= n })
}

// Pump pumps until nothing is ready.
func (r *Recorder) Pump() {
	r.t.Helper()
	for before := -1; before != len(r.Trace()); {
		before = len(r.Trace())
		if err := r.M.DoEvents(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// Want compares the events so far, but for Log and those named, and forgets them.
func (r *Recorder) Want(want []string, but ...string) {
	r.t.Helper()
	got := r.Take().Without(append(but, "Log")...).Strings()
	if !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		r.t.Errorf("the events were\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// Start runs a blocking method in a goroutine of its own, so that the test can play the server meanwhile.
func (r *Recorder) Start(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// Join waits for a call of Start and returns its result.
func (r *Recorder) Join(done <-chan error) error {
	r.t.Helper()
	limit := time.NewTimer(r.Patience)
	defer limit.Stop()
	select {
	case err := <-done:
		return err
	case <-limit.C:
		r.t.Fatal("the method did not return")
		return nil
	}
}

// Connect connects to s and returns the server's end, which has sent CONNACK with what connack returns; nil = accepted.
func (r *Recorder) Connect(s *Server, connack func(c *Conn) []byte) *Conn {
	r.t.Helper()
	if r.Patience < s.Patience {
		r.Patience = s.Patience
	}
	done := r.Start(func() error { return r.M.ConnectTo(s.Host, s.Port) })
	c := s.Accept(r.t)
	c.ExpectConnect()
	if connack == nil {
		c.SendConnack(false, 0, nil)
	} else {
		c.SendBytes(connack(c))
	}
	if err := r.Join(done); err != nil {
		r.t.Fatal("connecting: ", err)
	}
	return c
}

// Disconnect disconnects while the server reads DISCONNECT and closes.
func (r *Recorder) Disconnect(c *Conn) {
	r.t.Helper()
	done := r.Start(r.M.Disconnect)
	for {
		p, err := c.Next()
		if err != nil {
			break
		}
		if p.First == 0xE0 {
			break
		}
	}
	c.Close()
	if err := r.Join(done); err != nil {
		r.t.Error("disconnecting: ", err)
	}
}
