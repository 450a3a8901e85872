package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
)

// The log of a component goes where the rest of the program's does, as much of it as the logger takes.
func ExampleLogTo_enabled() {
	host, port, stop := startBroker() // embedded in the test; stop ends it
	defer stop()

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level:       slog.LevelInfo,
		ReplaceAttr: steady(port), // for this example only
	}))

	m := mqtt.New()
	m.SetClientId("sensor-7")
	m.OnLog = mqtt.LogTo(logger.With("client", "sensor-7"))
	// What the logger would throw away need not be made.
	switch ctx := context.Background(); {
	case logger.Enabled(ctx, slog.LevelDebug-4):
		m.Config("LogLevel=3")
	case logger.Enabled(ctx, slog.LevelDebug):
		m.Config("LogLevel=2")
	case logger.Enabled(ctx, slog.LevelInfo):
		m.Config("LogLevel=1")
	default:
		m.Config("LogLevel=0")
	}

	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	m.PublishMessage("house/kitchen/temperature", 0, "21.5") // level 2 would tell of it
	m.Disconnect()
	// Output:
	// level=INFO msg="Connecting to 127.0.0.1, port 1883." client=sensor-7 type=Info
	// level=INFO msg="Connected to 127.0.0.1:1883." client=sensor-7 type=Info
	// level=INFO msg="Connected as \"sensor-7\"; session present: false." client=sensor-7 type=Session
	// level=INFO msg="Disconnected: OK" client=sensor-7 type=Info
}

// steady keeps what changes from run to run out of the output: the time and the port.
func steady(port int) func([]string, slog.Attr) slog.Attr {
	return func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case slog.MessageKey:
			return slog.String(a.Key, strings.ReplaceAll(a.Value.String(), strconv.Itoa(port), "1883"))
		}
		return a
	}
}

// The levels of Log and those of slog, and the attribute.
func TestLogTo(t *testing.T) {
	var b bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug - 4, ReplaceAttr: steady(1883)}))
	log := mqtt.LogTo(logger.With("client", "c"))
	for level := 1; level <= 3; level++ {
		log(&mqtt.LogEventArgs{LogLevel: level, Message: fmt.Sprintf("entry %d", level), LogType: "Info"})
	}
	want := strings.Join([]string{`level=INFO msg="entry 1" client=c type=Info`, `level=DEBUG msg="entry 2" client=c type=Info`, `level=DEBUG-4 msg="entry 3" client=c type=Info`, ""}, "\n")
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
