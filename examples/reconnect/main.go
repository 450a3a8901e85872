// Reconnect goes on publishing while the connection is lost: the messages wait in the component, which connects again
// by itself and then sends them in their order.
//
//	go run ./examples/reconnect                          with a broker inside the program, whose connections it cuts
//	go run ./examples/reconnect mqtt://localhost:1883    with a server of yours: stop it, wait, and start it again
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, cut := "", func() {}
	if len(os.Args) > 1 {
		server = os.Args[1]
	} else {
		b, err := broker.Start(broker.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer b.Stop()
		server, cut = b.URL, b.Cut
	}

	m := mqtt.New()
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.SetClientId("reconnect-example") // with CleanSession false the server knows us again by this name
	m.SetCleanSession(false)
	m.SetKeepAliveInterval(10) // a link that dies without a word is noticed after 20 seconds at the latest
	for _, setting := range []string{
		"AutoReconnect=True", // after 1, 2, 4, ... 60 seconds, for ever
		"QueueMessages=True", // publishing works meanwhile; SendQueueSize says how many messages may wait
	} {
		if _, err := m.Config(setting); err != nil {
			log.Fatal(err)
		}
	}
	lost, confirmed := 0, 0
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		if e.StatusCode == 0 {
			fmt.Println("connected")
		}
	}
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) {
		if e.StatusCode != 0 { // 0 is our own Disconnect
			lost++
			fmt.Println("connection lost")
		}
	}
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) { // QoS 1: the server has it
		confirmed++
		fmt.Println("the server has reading", e.Message)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}

	publish := func(from, to int) {
		for reading := from; reading <= to; reading++ {
			if err := m.PublishMessage("example/reading", 1, fmt.Sprint(reading)); err != nil {
				log.Fatal(err)
			}
		}
	}
	publish(1, 3)
	await(m, func() bool { return confirmed == 3 })

	fmt.Println("now the server goes away")
	cut()
	await(m, func() bool { return lost == 1 })
	publish(4, 6)
	waiting, err := m.Config("QueuedMessages")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("published meanwhile, and waiting:", waiting)

	await(m, func() bool { return confirmed == 6 })
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
}

// await calls the handlers until something has happened.
func await(m *mqtt.MQTT, happened func() bool) {
	for end := time.Now().Add(time.Minute); !happened(); {
		if time.Now().After(end) {
			log.Fatal("not within a minute")
		}
		m.DoEvents()
	}
}
