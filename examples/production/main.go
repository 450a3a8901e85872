// Production is the skeleton of a service: settings from a file, a password from the environment, a server that may not
// be there yet, a handler for each topic, a log, and an end in order.
//
//	go run ./examples/production                                       with a broker inside the program
//	MQTT_PASSWORD=secret go run ./examples/production mqtts://broker.example    with a server of yours
package main

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

//go:embed client.conf
var settings string // a service reads /etc/boiler/client.conf instead

func main() {
	server, stop := broker.URL() // of yours: "mqtts://broker.example"
	defer stop()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if err := serve(ctx, server); err != nil {
		slog.Error("the service ends", "error", err)
		os.Exit(1)
	}
	fmt.Println("left in order")
}

// serve runs until ctx ends.
func serve(ctx context.Context, server string) error {
	m := mqtt.New()
	if err := m.LoadConfig(strings.NewReader(settings)); err != nil {
		return err // every faulty line with its number; nothing was applied
	}
	if err := m.SetRemoteHost(server); err != nil {
		return err
	}
	if password := os.Getenv("MQTT_PASSWORD"); password != "" { // secrets are not for files that are copied around
		m.SetUser(m.ClientId())
		m.SetPassword(password)
	}

	m.OnLog = mqtt.LogTo(slog.Default().With("client", m.ClientId())) // connections, losses, attempts, and why
	m.OnError = func(e *mqtt.ErrorEventArgs) {
		slog.Error("mqtt", "number", e.ErrorCode, "text", e.Description)
	}
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) { // every time, also after a loss
		if e.StatusCode != 0 {
			return
		}
		fmt.Println("connected")
		publishState(m, "runs")
		if err := m.Subscribe("example/boiler-7/set/+", 1); err != nil {
			slog.Error("subscribe", "error", err)
		}
	}
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) {
		if e.ResponseCode >= 128 {
			slog.Error("the server refuses a subscription", "filter", e.TopicFilter, "code", e.ResponseCode)
		}
	}
	m.Handle("example/boiler-7/set/temperature", func(e *mqtt.MessageInEventArgs) {
		fmt.Println("somebody wants", e.Message, "degrees")
	})
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { // what no other handler takes
		slog.Warn("nobody handles", "topic", e.Topic)
	}

	if err := connect(ctx, m); err != nil {
		if ctx.Err() != nil {
			return nil // stopped before the server was there
		}
		return err
	}
	var measuring sync.WaitGroup
	measuring.Go(func() { measure(ctx, m) })
	if err := m.Run(ctx); err != nil { // calls the handlers until ctx ends
		return err
	}
	measuring.Wait()

	m.Config("PublishAndWaitTimeout=5") // seconds
	if m.Connected() {
		if err := m.PublishAndWaitWith(m.WillTopic(), 1, []byte("stopped"),
			mqtt.PublishProperties{Retain: true}); err != nil {
			slog.Warn("good-bye", "error", err)
		}
	}
	return m.Disconnect()
}

// connect connects for the first time, for which it waits as long as it takes. AutoReconnect does the rest.
func connect(ctx context.Context, m *mqtt.MQTT) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := m.ConnectContext(ctx)
		switch errors.Code(err) {
		case 0:
			return nil
		case errors.ErrProtocol, errors.ErrCertificateUntrusted, errors.ErrCertificateRejected,
			errors.ErrNoClientCertificate:
			return err // the server is there and refuses us, or we refuse it: that does not become better by waiting
		}
		slog.Warn("no connection yet", "error", err, "next attempt in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// measure publishes a reading every second. It never waits for the connection.
func measure(ctx context.Context, m *mqtt.MQTT) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for reading := 1; ; reading++ {
		if err := m.PublishMessage("example/boiler-7/temperature", 1, fmt.Sprint(60+reading)); err != nil {
			slog.Error("publish", "error", err) // 10035: the queue is full
		} else {
			fmt.Println("published reading", reading)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func publishState(m *mqtt.MQTT, state string) {
	if _, err := m.PublishWith(m.WillTopic(), 1, []byte(state), mqtt.PublishProperties{Retain: true}); err != nil {
		slog.Error("publish", "error", err)
	}
}
