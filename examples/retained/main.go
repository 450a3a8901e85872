// Retained shows state that outlives its sender: the server keeps the last retained message of each topic and gives it
// to everyone who subscribes later. An empty one deletes it.
//
//	go run ./examples/retained                          with a broker inside the program
//	go run ./examples/retained mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"
	"time"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

const topic = "example/house/door"

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	publish(server, "open", true)
	publish(server, "closed", true) // replaces the first
	publish(server, "somebody knocks", false)
	fmt.Println("after three messages:", read(server))

	publish(server, "", true)
	fmt.Println("after an empty one:", read(server))
}

// publish sends one message and leaves.
func publish(server, state string, retain bool) {
	m := connect(server, nil)
	defer m.Disconnect()
	if err := m.PublishAndWaitWith(topic, 1, []byte(state), mqtt.PublishProperties{Retain: retain}); err != nil {
		log.Fatal(err)
	}
}

// read is what somebody sees who comes later.
func read(server string) string {
	state := "nothing is kept"
	m := connect(server, func(e *mqtt.MessageInEventArgs) {
		if e.Retained { // false for a message that is published just now
			state = e.Message
		}
	})
	defer m.Disconnect()
	if err := m.SubscribeAndWait(topic, 1); err != nil {
		log.Fatal(err)
	}
	// The retained message follows the answer to the subscription. That there is none cannot be told by anything but
	// time.
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
		m.DoEvents()
	}
	return state
}

func connect(server string, onMessageIn func(*mqtt.MessageInEventArgs)) *mqtt.MQTT {
	m := mqtt.New()
	m.OnMessageIn = onMessageIn
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	return m
}
