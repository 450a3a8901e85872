// Slog writes what the component does to a logger of the standard library.
//
//	go run ./examples/slog                          with a broker inside the program
//	go run ./examples/slog mqtt://localhost:1883    with a server of yours
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // so that the output is the same every time
			}
			return a
		},
	}))

	m := mqtt.New()
	m.SetClientId("slog-example")
	m.OnLog = mqtt.LogTo(logger.With("client", m.ClientId()))
	// The component should make what the logger writes, and no more.
	level := "0"
	switch ctx := context.Background(); {
	case logger.Enabled(ctx, slog.LevelDebug-4):
		level = "3" // each packet with its fields and bytes; passwords and payloads as ***
	case logger.Enabled(ctx, slog.LevelDebug):
		level = "2" // a line for each packet
	case logger.Enabled(ctx, slog.LevelInfo):
		level = "1" // connections and sessions
	}
	if _, err := m.Config("LogLevel=" + level); err != nil {
		log.Fatal(err)
	}

	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	if err := m.PublishAndWait("example/slog", 1, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
}
