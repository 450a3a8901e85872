// Agent is a program for Net.MQTT.Client of Caché, ported line by line: a background agent that calls a method for each
// message, which stores it in a table. What stands there is the comment, what stands here follows it.
//
// The table is a file with a line of JSON for each message. A message is acknowledged when it is in the file, so that a
// crash of the agent loses none: that order is the point, and holds for a database as well.
//
//	go run ./examples/porting/agent                          with a broker inside the program
//	go run ./examples/porting/agent mqtt://localhost:1883    with a server of yours
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

// table is what Caché's MessageStore is there.
type table struct {
	file *os.File
}

// row is a message in it.
type row struct {
	Topic   string `json:"topic"`
	QOS     int    `json:"qos"`
	Payload []byte `json:"payload"`
}

// ClassMethod OnMessage(client, topic, content, qos) { Set ... = ##class(MessageStore).%New() ... Do ..%Save() }
func (t *table) onMessage(e *mqtt.MessageInEventArgs) error {
	line, err := json.Marshal(row{e.Topic, e.QOS, e.MessageB})
	if err != nil {
		return err
	}
	if _, err := t.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return t.file.Sync()
}

func main() {
	server, stop := broker.URL()
	defer stop()
	folder, err := os.MkdirTemp("", "agent-example-") // a real one is where data belongs
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file, err := os.OpenFile(filepath.Join(folder, "messages.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	store := &table{file: file}

	// Set client = ##class(Net.MQTT.Client).%New()
	// Set client.Host = "...", client.ClientId = "agent-7", client.CleanSession = 0, client.KeepAliveInterval = 60
	m := mqtt.New()
	for _, err := range []error{
		m.SetRemoteHost(server),
		m.SetClientId("agent-7"),
		m.SetCleanSession(false),
		m.SetKeepAliveInterval(60),
	} {
		if err != nil {
			log.Fatal(err)
		}
	}
	// With a journal the acknowledgment leaves when OnMessageIn has returned; without one when it is called, which
	// could lose a message.
	if _, err := m.Config("JournalDir=" + folder); err != nil {
		log.Fatal(err)
	}
	// Set client.OnMessage = "Store:OnMessage"
	stored := make(chan string)
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		if err := store.onMessage(e); err != nil {
			log.Fatal(err) // the server sends the message again to the next agent
		}
		stored <- e.Topic
	}

	// Do client.Connect()  Do client.StartAgent()
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	ctx, stopAgent := context.WithCancel(context.Background())
	var agent sync.WaitGroup
	agent.Go(func() { m.Run(ctx) })

	// Do client.Subscribe("example/meter/#", 1)
	if err := m.SubscribeAndWait("example/meter/#", 1); err != nil {
		log.Fatal(err)
	}

	// Do client.Publish("example/meter/1", "4711", 1)
	for i := range 3 {
		if err := m.PublishMessage(fmt.Sprintf("example/meter/%d", i+1), 1, fmt.Sprint(4711+i)); err != nil {
			log.Fatal(err)
		}
	}
	for range 3 {
		fmt.Println("stored", <-stored)
	}

	// Do client.StopAgent()
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
	stopAgent()
	agent.Wait()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(text))
}
