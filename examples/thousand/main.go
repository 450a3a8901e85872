// Thousand connects a thousand components in one program, each with its own connection, and has every one receive a
// message of its own.
//
//	go run ./examples/thousand                          with a broker inside the program
//	go run ./examples/thousand mqtt://localhost:1883    with a server of yours
package main

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

const devices = 1000

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	ctx, cancel := context.WithCancel(context.Background())
	var loop, messages sync.WaitGroup
	messages.Add(devices)
	wrong := 0
	group := mqtt.NewGroup() // one loop for all: their handlers run one at a time, so that they may share wrong
	components := make([]*mqtt.MQTT, devices)
	for i := range components {
		m := mqtt.New()
		own := topic(i)
		m.SetKeepAliveInterval(60)
		m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
			if e.Topic != own {
				wrong++
			}
			messages.Done()
		}
		group.Add(m)
		components[i] = m
	}
	loop.Go(func() { group.Run(ctx) }) // calls the handlers until cancel

	// Connecting waits for the server, so several do it at a time; not all at once, which no server likes.
	each(components, 20, func(i int, m *mqtt.MQTT) error {
		if err := m.SetRemoteHost(server); err != nil {
			return err
		}
		if err := m.Connect(); err != nil {
			return err
		}
		return m.SubscribeAndWait(topic(i), 1)
	})
	fmt.Println(devices, "components are connected and subscribed")

	for i := range components {
		if err := components[devices-1-i].PublishMessage(topic(i), 1, "for one of you"); err != nil {
			log.Fatal(err)
		}
	}
	messages.Wait()
	fmt.Println("each has received its message; by the wrong one:", wrong)

	each(components, 20, func(_ int, m *mqtt.MQTT) error { return m.Disconnect() })
	cancel()
	loop.Wait()
	fmt.Println("all disconnected")
}

func topic(i int) string { return fmt.Sprintf("example/thousand/%04d", i) }

// each calls do for all components, up to so many at a time.
func each(components []*mqtt.MQTT, atATime int, do func(i int, m *mqtt.MQTT) error) {
	var all sync.WaitGroup
	room := make(chan struct{}, atATime)
	for i, m := range components {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			if err := do(i, m); err != nil {
				log.Fatal(err)
			}
		})
	}
	all.Wait()
}
