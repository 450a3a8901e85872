// Publish sends messages in the four ways that a program needs: without a confirmation, waiting for each one, waiting
// for many at the end, and retained.
//
//	go run ./examples/publish                          with a broker inside the program
//	go run ./examples/publish mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	m := mqtt.New()
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.OnError = func(e *mqtt.ErrorEventArgs) { log.Print(e.ErrorCode, " ", e.Description) } // such as a refused message
	confirmed := 0
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) { // of QoS 1: the server has it
		if e.QOS > 0 {
			confirmed++
		}
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}

	// QoS 0: handed to the network, confirmed by nobody.
	if err := m.PublishMessage("house/kitchen/temperature", 0, "21.5"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("QoS 0: sent")

	// QoS 1, one at a time: the call returns when the server has the message.
	if err := m.PublishAndWait("house/kitchen/window", 1, []byte("open")); err != nil {
		log.Fatal(err)
	}
	fmt.Println("QoS 1: the server has it")

	// QoS 1, many: waiting for each one would cost a round trip a message. Publish all and wait until none is
	// unconfirmed.
	for i := range 1000 {
		if err := m.PublishMessage("house/meter", 1, fmt.Sprint(i)); err != nil {
			log.Fatal(err)
		}
	}
	for confirmed < 1001 && m.Connected() {
		m.DoEvents()
	}
	fmt.Println("QoS 1:", confirmed-1, "messages more, the server has all of them")

	// Retained: the server keeps the last message of the topic for those who subscribe later.
	if err := m.PublishAndWaitWith("house/state", 1, []byte("occupied"),
		mqtt.PublishProperties{Retain: true}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("retained: the server has it, and keeps it")

	// Disconnect writes what was published and not written yet. It does not wait for confirmations.
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("disconnected")
}
