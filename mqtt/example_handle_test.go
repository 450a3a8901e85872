package mqtt_test

import (
	stderrors "errors"
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// A handler for each kind of message, instead of one that takes topics apart.
func ExampleMQTT_Handle() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	received := 0
	m.Handle("house/+/temperature", func(e *mqtt.MessageInEventArgs) {
		received++
		fmt.Println("temperature", e.Message)
	})
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { // what no handler takes
		received++
		fmt.Println("other", e.Topic)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.SubscribeAndWait("house/#", 1); err != nil {
		fmt.Println(err)
		return
	}
	for _, topic := range []string{"house/kitchen/temperature", "house/door"} {
		if err := m.PublishMessage(topic, 1, "21.5"); err != nil {
			fmt.Println(err)
			return
		}
	}
	for received < 2 && m.Connected() {
		m.DoEvents()
	}
	// Output:
	// temperature 21.5
	// other house/door
}

// SubscribeAndWait returns with the server's answer; why it has refused is a number.
func ExampleMQTT_SubscribeAndWait() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	err := m.SubscribeAndWait("house/#", 1)
	var refusal *errors.Error
	switch {
	case err == nil:
		fmt.Println("subscribed")
	case stderrors.As(err, &refusal) && refusal.ReasonCode == 0x87:
		fmt.Println("not authorized")
	default:
		fmt.Println(err)
	}
	// Output: subscribed
}

// Several filters in one packet, each with a QoS and options of its own.
func ExampleMQTT_SubscribeMany() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	asked, answered := 0, false
	m.OnSubAck = func(e *mqtt.SubAckEventArgs) {
		answered = true
		fmt.Println(e.PacketId == asked, e.TopicFilters, e.ReasonCodes)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	var err error
	asked, err = m.SubscribeMany([]mqtt.Subscription{
		{TopicFilter: "house/door", QOS: 2, NoLocal: true},
		{TopicFilter: "house/+/temperature", QOS: 0, RetainHandling: 2},
	}, mqtt.SubscribeProperties{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for !answered && m.Connected() {
		m.DoEvents()
	}
	// Output: true [house/door house/+/temperature] [2 0]
}

// A tag leads from an event back to what the program has published, at QoS 0 too.
func ExamplePublishProperties() {
	host, port, stop := startBroker()
	defer stop()

	type order struct{ number int }
	m := mqtt.New()
	out := 0
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) {
		out++
		fmt.Println("order", e.Tag.(*order).number, "is out")
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	for i := range 2 {
		if _, err := m.PublishWith("orders", i, []byte("..."), mqtt.PublishProperties{Tag: &order{1000 + i}}); err != nil {
			fmt.Println(err)
			return
		}
	}
	for out < 2 && m.Connected() {
		m.DoEvents()
	}
	// Output:
	// order 1000 is out
	// order 1001 is out
}

// PublishAndWaitWith returns when the server has a message with properties of its own.
func ExampleMQTT_PublishAndWaitWith() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	fmt.Println(m.PublishAndWaitWith("house/door", 1, []byte("open"), mqtt.PublishProperties{ContentType: "text/plain"}))
	// Output: <nil>
}
