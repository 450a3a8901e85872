package mqtt_test

import (
	"fmt"

	"github.com/iotcomponents/iot/mqtt"
)

// The handler hands the work to a goroutine; the server keeps the message until that is done.
func ExampleMessageInEventArgs_Defer() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	done := make(chan string)
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		job, delivery := e.Message, e.Defer() // e is the handler's alone
		go func() {
			text := "job " + job + " is done"
			if err := delivery.Ack(); err != nil {
				text = err.Error()
			}
			done <- text
		}()
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.SubscribeAndWait("jobs", 1); err != nil {
		fmt.Println(err)
		return
	}
	if err := m.PublishMessage("jobs", 1, "42"); err != nil {
		fmt.Println(err)
		return
	}
	for m.Connected() {
		select {
		case text := <-done:
			fmt.Println(text)
			return
		case <-m.EventsReady():
			m.DoEvents()
		}
	}
	// Output: job 42 is done
}
