// Package mqtttest is what the tests of this module share: an embedded broker, and a server that a test drives packet by
// packet. Programs do not import it.
package mqtttest

import (
	"io"
	"log/slog"
	"net"
	"strconv"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// Broker starts an embedded MQTT 3.1.1 and 5.0 broker on a free loopback port for the time of the test. It takes every
// client.
func Broker(t testing.TB) (host string, port int) {
	t.Helper()
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.AddListener(listeners.NewNet("test", listener)); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	host, text, _ := net.SplitHostPort(listener.Addr().String())
	port, _ = strconv.Atoi(text)
	return host, port
}
