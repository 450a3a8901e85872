// Presence lets everybody know whether a device is there: it says "online" itself, and the server says "offline" for it
// when its connection ends without a word. That message is the will. Both are retained, so that late-comers know too.
//
//	go run ./examples/presence                          with a broker inside the program
//	go run ./examples/presence mqtt://localhost:1883    with a server of yours
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

	watcher := mqtt.New()
	state := ""
	watcher.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		if e.Message == state || e.Message == "" { // the same from the store of the server; deleted
			return
		}
		state = e.Message
		fmt.Println(e.Topic, "is", e.Message)
	}
	connect(watcher, server)
	defer watcher.Disconnect()
	if err := watcher.SubscribeAndWait("example/+/presence", 1); err != nil {
		log.Fatal(err)
	}
	await := func(want string) {
		for state != want && watcher.Connected() {
			watcher.DoEvents()
		}
	}

	d := start(server, "boiler-7")
	await("online")

	fmt.Println("the device crashes")
	d.Interrupt() // ends the connection without DISCONNECT, as a crash does
	await("offline")

	d = start(server, "boiler-7")
	await("online")

	fmt.Println("the device leaves")
	leave(d, "boiler-7")
	await("left")

	// A retained message stays until somebody deletes it.
	if err := watcher.PublishAndWaitWith("example/boiler-7/presence", 1, nil,
		mqtt.PublishProperties{Retain: true}); err != nil {
		log.Fatal(err)
	}
}

// start connects a device and says that it is there.
func start(server, name string) *mqtt.MQTT {
	m := mqtt.New()
	topic := "example/" + name + "/presence"
	m.SetClientId(name)
	m.SetWillTopic(topic) // the will goes to the server with CONNECT, so it is set before
	m.SetWillMessage("offline")
	m.Config("WillRetain=True")
	m.Config("WillQOS=1")
	// The server notices a dead link by itself after one and a half of these intervals. 0, the default, is never.
	m.SetKeepAliveInterval(20)
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) { // also after AutoReconnect: the will has been published then
		if e.StatusCode != 0 {
			return
		}
		if _, err := m.PublishWith(topic, 1, []byte("online"), mqtt.PublishProperties{Retain: true}); err != nil {
			log.Print(err)
		}
	}
	connect(m, server)
	return m
}

// leave says good-bye. After Disconnect the server forgets the will.
func leave(m *mqtt.MQTT, name string) {
	properties := mqtt.PublishProperties{Retain: true}
	if err := m.PublishAndWaitWith("example/"+name+"/presence", 1, []byte("left"), properties); err != nil {
		log.Print(err)
	}
	if err := m.Disconnect(); err != nil {
		log.Print(err)
	}
}

func connect(m *mqtt.MQTT, server string) {
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
}
