package mqtt_test

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// A publish returns when the message is accepted for sending; MessageOut tells that the server has it.
func ExampleMQTT_PublishMessage() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	arrived := 0
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) {
		arrived++
		fmt.Printf("the server has %q on %s\n", e.Message, e.Topic)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	for _, reading := range []string{"20.9", "21.5"} {
		if err := m.PublishMessage("house/temperature", 1, reading); err != nil {
			fmt.Println(err)
			return
		}
	}
	for arrived < 2 && m.Connected() {
		m.DoEvents()
	}
	// Output:
	// the server has "20.9" on house/temperature
	// the server has "21.5" on house/temperature
}

// Any bytes can be published. The setting Retain has the server keep them for whoever subscribes later.
func ExampleMQTT_PublishData() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	received := false
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		received = true
		fmt.Printf("% x, retained: %t\n", e.MessageB, e.Retained)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if _, err := m.Config("Retain=True"); err != nil {
		fmt.Println(err)
		return
	}
	if err := m.PublishData("house/picture", 1, []byte{0x89, 'P', 'N', 'G', 0}); err != nil {
		fmt.Println(err)
		return
	}
	if err := m.Subscribe("house/picture", 1); err != nil {
		fmt.Println(err)
		return
	}
	for !received && m.Connected() {
		m.DoEvents()
	}
	// Output: 89 50 4e 47 00, retained: true
}

// PublishAndWait returns when the server has the message, or says why not.
func ExampleMQTT_PublishAndWait() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if _, err := m.Config("PublishAndWaitTimeout=5"); err != nil { // seconds
		fmt.Println(err)
		return
	}

	err := m.PublishAndWait("house/door", 2, []byte("open"))
	switch errors.Code(err) {
	case 0:
		fmt.Println("the server has the message")
	case errors.ErrTimeout, errors.ErrNotConnected:
		fmt.Println("not yet:", err) // if it was accepted it is in OutgoingMessages and goes on
	case errors.ErrProtocol:
		fmt.Println("refused:", err)
	default:
		fmt.Println("not sent:", err)
	}
	// Output: the server has the message
}

// OutgoingMessages has what the server has not acknowledged, as far as the program was told.
func ExampleMQTT_OutgoingMessages() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	m.OnMessageAck = func(e *mqtt.MessageAckEventArgs) {
		if e.Direction == 0 {
			fmt.Println("acknowledged:", m.OutgoingMessages().Item(e.Index).Message())
		}
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	for qos, text := range []string{"not kept", "kept until PUBACK", "kept until PUBCOMP"} {
		if err := m.PublishMessage("house/log", qos, text); err != nil {
			fmt.Println(err)
			return
		}
	}
	for i, message := range m.OutgoingMessages().All() {
		fmt.Println(i, message.Topic(), message.QoS(), message.Message())
	}
	for m.OutgoingMessages().Count() > 0 && m.Connected() {
		m.DoEvents()
	}
	// Output:
	// 0 house/log 1 kept until PUBACK
	// 1 house/log 2 kept until PUBCOMP
	// acknowledged: kept until PUBACK
	// acknowledged: kept until PUBCOMP
}
