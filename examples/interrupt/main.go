// Interrupt ends in order when Ctrl-C is pressed, or when the system stops the service: the last state is published
// and confirmed, and DISCONNECT tells the server that no will is needed.
//
//	go run ./examples/interrupt                          with a broker inside the program
//	go run ./examples/interrupt mqtt://localhost:1883    with a server of yours
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	// ctx ends with the first signal. SIGTERM is how systemd, Docker and Kubernetes stop a program.
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()

	m := mqtt.New()
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.SetKeepAliveInterval(30)
	m.SetWillTopic("example/service/state")
	m.SetWillMessage("died")
	m.Config("WillRetain=True")
	if err := m.ConnectContext(ctx); err != nil { // Ctrl-C ends the waiting too, with error 301
		log.Fatal(err)
	}
	if err := publishState(m, "runs"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("running, press Ctrl-C")

	if err := m.Run(ctx); err != nil { // calls the handlers until ctx ends
		log.Fatal(err)
	}
	release() // a second Ctrl-C ends the program at once

	fmt.Println("leaving")
	m.Config("PublishAndWaitTimeout=5") // seconds, since those who stop services do not wait for long
	if err := publishState(m, "stopped"); err != nil {
		log.Print(err)
	}
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("disconnected")
}

func publishState(m *mqtt.MQTT, state string) error {
	return m.PublishAndWaitWith("example/service/state", 1, []byte(state), mqtt.PublishProperties{Retain: true})
}
