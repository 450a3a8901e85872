package mqtt_test

import (
	"fmt"
	"log"
	"os"

	"github.com/iotcomponents/iot/mqtt"
)

// With JournalDir a message is on disk when its publish returns. Here a program ends before it was ever connected, and
// the next one sends what it has left, without a call of its own.
func ExampleMQTT_Config_journalDir() {
	host, port, stop := startBroker()
	defer stop()
	folder, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	start := func() *mqtt.MQTT {
		m := mqtt.New()
		m.SetClientId("boiler-7")
		m.SetCleanSession(false)
		m.Config("QueueMessages=True")
		if _, err := m.Config("JournalDir=" + folder); err != nil {
			log.Fatal(err)
		}
		return m
	}
	first := start()
	if err := first.PublishMessage("boiler/7/alarm", 2, "too hot"); err != nil {
		log.Fatal(err)
	}

	next := start() // another process, perhaps
	next.OnMessageOut = func(e *mqtt.MessageOutEventArgs) { fmt.Println("sent:", e.Topic, e.Message) }
	if err := next.ConnectTo(host, port); err != nil {
		log.Fatal(err)
	}
	for next.OutgoingMessages().Count() > 0 {
		next.DoEvents()
	}
	next.Disconnect()
	// Output:
	// sent: boiler/7/alarm too hot
}
