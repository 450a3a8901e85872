package mqtt_test

import (
	"fmt"
	"slices"

	"github.com/iotcomponents/iot/mqtt"
)

// Of a shared subscription each message goes to one of its members, so that they divide the work.
func ExampleMQTT_Subscribe_shared() {
	host, port, stop := startBroker()
	defer stop()

	var workers [2]*mqtt.MQTT
	var done []string
	subscribed := 0
	for i := range workers {
		m := mqtt.New()
		m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { subscribed++ }
		m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { done = append(done, e.Message) }
		if err := m.ConnectTo(host, port); err != nil {
			fmt.Println(err)
			return
		}
		defer m.Disconnect()
		if err := m.Subscribe("$share/workers/house/jobs", 1); err != nil {
			fmt.Println(err)
			return
		}
		workers[i] = m
	}
	for subscribed < 2 && workers[0].Connected() && workers[1].Connected() {
		workers[0].DoEvents()
		workers[1].DoEvents()
	}

	for _, job := range []string{"cook", "paint", "sweep", "wash"} {
		if err := workers[0].PublishMessage("house/jobs", 1, job); err != nil {
			fmt.Println(err)
			return
		}
	}
	for len(done) < 4 && workers[0].Connected() && workers[1].Connected() {
		workers[0].DoEvents()
		workers[1].DoEvents()
	}
	slices.Sort(done)
	fmt.Println("each once:", done)
	// Output: each once: [cook paint sweep wash]
}

// Version 5: a subscription without the messages of one's own, and with a number that tells which one a message is for.
func ExampleMQTT_SubscribeWith() {
	host, port, stop := startBroker()
	defer stop()

	kitchen, hall := mqtt.New(), mqtt.New()
	for _, m := range []*mqtt.MQTT{kitchen, hall} {
		m.SetVersion(mqtt.MvV5)
		if err := m.ConnectTo(host, port); err != nil {
			fmt.Println(err)
			return
		}
		defer m.Disconnect()
	}
	subscribed, received := false, false
	kitchen.OnSubAck = func(e *mqtt.SubAckEventArgs) { subscribed = true }
	kitchen.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		received = true
		fmt.Println(e.Message, e.Properties.SubscriptionIdentifiers)
	}
	_, err := kitchen.SubscribeWith("house/chat", 1, mqtt.SubscribeProperties{NoLocal: true, SubscriptionIdentifier: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	for !subscribed && kitchen.Connected() {
		kitchen.DoEvents()
	}

	if err := kitchen.PublishAndWait("house/chat", 1, []byte("dinner!")); err != nil {
		fmt.Println(err)
		return
	}
	if err := hall.PublishAndWait("house/chat", 1, []byte("coming")); err != nil {
		fmt.Println(err)
		return
	}
	for !received && kitchen.Connected() {
		kitchen.DoEvents()
	}
	// Output: coming [7]
}

// Unsubscribe takes the filters as Subscribe has got them, and one event answers for all of them.
func ExampleMQTT_Unsubscribe() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	answered := false
	m.OnUnsubscribed = func(e *mqtt.UnsubscribedEventArgs) {
		answered = true
		fmt.Println("no more of", e.TopicFilters)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.Subscribe("house/+/light, house/door", 1); err != nil {
		fmt.Println(err)
		return
	}
	if err := m.Unsubscribe("house/+/light, house/door"); err != nil {
		fmt.Println(err)
		return
	}
	for !answered && m.Connected() {
		m.DoEvents()
	}
	// Output: no more of house/+/light, house/door
}
