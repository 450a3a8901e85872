// Large sends a file of several megabytes as one message and checks what arrives.
//
//	go run ./examples/large                          with a broker inside the program
//	go run ./examples/large mqtt://localhost:1883    with a server of yours
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	file := make([]byte, 20<<20)
	rand.Read(file)

	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.Config("PublishAndWaitTimeout=60") // seconds; 10 may be too few for a slow link
	arrived, unchanged := 0, false
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		// MessageB is the payload as it came. Message, the same as text, is not meant for binary data.
		arrived, unchanged = len(e.MessageB), sha256.Sum256(e.MessageB) == sha256.Sum256(file)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	defer m.Disconnect()
	if err := m.SubscribeAndWait("example/file", 1); err != nil {
		log.Fatal(err)
	}

	switch err := m.PublishAndWait("example/file", 1, file); errors.Code(err) {
	case 0:
		fmt.Println("sent", len(file), "bytes")
	case errors.ErrMessageTooLong: // the server has announced a limit; nothing was sent, and the connection stands
		log.Fatal("too large for this server: ", err)
	default:
		log.Fatal(err)
	}
	for arrived == 0 && m.Connected() {
		m.DoEvents()
	}
	fmt.Printf("received %d bytes, unchanged: %v\n", arrived, unchanged)
}
