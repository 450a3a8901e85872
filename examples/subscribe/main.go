// Subscribe prints the messages of a server until Ctrl-C.
//
//	go run ./examples/subscribe                          with a broker inside the program
//	go run ./examples/subscribe mqtt://localhost:1883    with a server of yours
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()
	ctx, leave := signal.NotifyContext(context.Background(), os.Interrupt)
	defer leave()

	m := mqtt.New()
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.SetKeepAliveInterval(30) // seconds; without it a dead link is never noticed

	// The connection may come back after a loss, and a server may have forgotten the subscriptions: subscribing in the
	// handler makes them with every connection.
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		if e.StatusCode != 0 {
			return // Connect returns the error
		}
		if err := m.Subscribe("house/#", 1); err != nil {
			log.Print(err)
		}
	}
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) {
		if e.ResponseCode >= 128 {
			log.Fatalf("the server refuses %s with code %d", e.TopicFilter, e.ResponseCode)
		}
		fmt.Printf("subscribed to %s, QoS %d\n", e.TopicFilter, e.QOS)
		if len(os.Args) == 1 {
			talkToOurselves(m)
		}
	}
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		fmt.Printf("%s = %s (QoS %d)\n", e.Topic, e.Message, e.QOS)
		if e.Topic == "house/door" && len(os.Args) == 1 {
			leave() // that was all that the program had to say to itself
		}
	}
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) {
		if e.StatusCode != 0 {
			log.Print(e.Description) // AutoReconnect connects again
		}
	}
	if _, err := m.Config("AutoReconnect=True"); err != nil {
		log.Fatal(err)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	if err := m.Run(ctx); err != nil { // calls the handlers until ctx ends
		log.Fatal(err)
	}
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("disconnected")
}

// talkToOurselves publishes something, since nobody else knows the broker inside the program.
func talkToOurselves(m *mqtt.MQTT) {
	for _, message := range [][2]string{
		{"house/kitchen/temperature", "21.5"},
		{"house/kitchen/light", "off"},
		{"house/door", "closed"},
	} {
		if err := m.PublishMessage(message[0], 1, message[1]); err != nil {
			log.Fatal(err)
		}
	}
}
