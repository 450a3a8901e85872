package mqtttest_test

import (
	"fmt"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

// A program that shows something needs no server of its user's.
func ExampleStart() {
	server, err := mqtttest.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	m := mqtt.New()
	arrived := false
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		fmt.Println(e.Topic, e.Message)
		arrived = true
	}
	if err := m.ConnectTo(server.Host(), server.Port()); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.Subscribe("house/+", 1); err != nil {
		fmt.Println(err)
		return
	}
	if err := m.PublishMessage("house/door", 1, "open"); err != nil {
		fmt.Println(err)
		return
	}
	for !arrived && m.Connected() {
		m.DoEvents()
	}
	// Output: house/door open
}
