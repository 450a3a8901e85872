package mqtt_test

import (
	"bytes"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// acceptOne connects m to a server that speaks CONNECT only, and returns the server's side.
func acceptOne(t *testing.T, m *mqtt.MQTT) net.Conn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	accepted := make(chan error)
	var conn net.Conn
	go func() {
		var err error
		if conn, err = listener.Accept(); err == nil {
			err = mqtttest.AcceptConnect(conn)
		}
		accepted <- err
	}()
	addr := listener.Addr().(*net.TCPAddr)
	must(t, m.ConnectTo(addr.IP.String(), addr.Port))
	must(t, <-accepted)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A large message of QoS 0 leaves out of the caller's memory while the call lasts. A server that reads nothing makes the
// call end all the same, with what is left copied: the caller changes its memory then, and nobody sees that.
func TestLargeMessageToServerThatReadsLate(t *testing.T) {
	for _, timeout := range []int{0, 60} {
		watchdog(t)
		m := mqtt.New()
		conn := acceptOne(t, m)
		must(t, m.SetTimeout(timeout))
		data := bytes.Repeat([]byte("large"), 4<<20)
		want := bytes.Clone(data)
		must(t, m.PublishData("t", 0, data))
		clear(data)
		if m.PublishMessage("t", 0, "after it") != nil && timeout > 0 {
			t.Error("the message after it was not accepted")
		}
		size := packet.PublishSize(packet.V311, 0, 1, 0, len(want))
		got := make([]byte, size)
		_, err := io.ReadFull(conn, got)
		must(t, err)
		if !bytes.HasSuffix(got, want) {
			t.Errorf("Timeout %d: what the server got is not what was published", timeout)
		}
		must(t, m.Interrupt())
		finish(t, m)
	}
}

// Interrupt ends a call that writes a large message, and what it was in.
func TestInterruptWhileLargeMessageIsWritten(t *testing.T) {
	watchdog(t)
	m := mqtt.New()
	conn := acceptOne(t, m)
	published := make(chan error)
	go func() { published <- m.PublishData("t", 0, make([]byte, 32<<20)) }()
	_, err := io.ReadFull(conn, make([]byte, 10)) // it has begun
	must(t, err)
	must(t, m.Interrupt())
	must(t, <-published)
	finish(t, m)
}

// Whether MessageOut has a handler counts when the message is published, wherever the handler was set: before Connect, after
// it, or inside another handler.
func TestMessageOutHandlerSetLate(t *testing.T) {
	watchdog(t)
	m := mqtt.New()
	conn := acceptOne(t, m)
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	var out []string
	note := func(e *mqtt.MessageOutEventArgs) { out = append(out, e.Topic) }
	must(t, m.PublishMessage("nobody listens", 0, ""))
	m.OnMessageOut = note
	must(t, m.PublishMessage("set after Connect", 0, ""))
	for len(out) < 1 {
		must(t, m.DoEvents())
	}
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) {
		note(e)
		m.OnMessageOut = nil
		must(t, m.PublishMessage("taken away", 0, ""))
		m.OnMessageOut = note
		must(t, m.PublishMessage("set inside a handler", 0, ""))
	}
	must(t, m.PublishMessage("first", 0, ""))
	for len(out) < 4 {
		must(t, m.DoEvents())
	}
	if got, want := out, []string{"set after Connect", "first", "taken away", "set inside a handler"}; !slices.Equal(got, want) {
		t.Errorf("MessageOut of %q, want %q", got, want)
	}
	must(t, m.Interrupt())
	finish(t, m)
}
