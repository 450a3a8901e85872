// Properties shows what MQTT 5 adds to a message and to a subscription.
//
//	go run ./examples/properties                          with a broker inside the program
//	go run ./examples/properties mqtt://localhost:1883    with a server of yours, which has to speak MQTT 5
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

	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	// Properties of CONNECT are a JSON object. 60: the server keeps the session for a minute after the connection.
	m.Config(`ConnectProperties={"SessionExpInterval":60,"UserProperty":"program:properties"}`)
	m.OnConnAck = func(e *mqtt.ConnAckEventArgs) {
		fmt.Println("the server says:", e.ReasonCode, e.ReasonName)
	}
	m.OnSubAck = func(e *mqtt.SubAckEventArgs) {
		fmt.Println("subscribed:", e.TopicFilters, e.ReasonCodes)
	}
	arrived := 0
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		arrived++
		fmt.Println(e.Topic, "=", e.Message)
		p := e.Properties // nil when the message has none
		if p == nil {
			return
		}
		fmt.Println("  content type:", p.ContentType)
		fmt.Println("  is text:", p.PayloadFormatIndicator == 1)
		fmt.Println("  expires in a minute or less:", 0 < p.MessageExpInterval && p.MessageExpInterval <= 60)
		for _, u := range p.UserProperties {
			fmt.Printf("  %s: %s\n", u.Name, u.Value)
		}
		fmt.Println("  of the subscription:", p.SubscriptionIdentifiers)
	}
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) {
		fmt.Println("disconnected:", e.Description)
	}
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}

	// The number 7 comes back with every message of this subscription. RetainHandling 2: no retained messages.
	options := mqtt.SubscribeProperties{SubscriptionIdentifier: 7, RetainHandling: 2}
	if _, err := m.SubscribeWith("example/reports/#", 2, options); err != nil {
		log.Fatal(err)
	}
	_, err := m.PublishWith("example/reports/today", 2, []byte(`{"temperature":21.5}`), mqtt.PublishProperties{
		ContentType:            "application/json",
		PayloadFormatIndicator: 1,  // the payload is text
		MessageExpInterval:     60, // seconds, after which the server drops what it could not deliver
		UserProperties: []mqtt.UserProperty{
			{Name: "building", Value: "north"},
			{Name: "building", Value: "tower"},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for m.Connected() && (arrived < 1 || m.OutgoingMessages().Count() > 0) {
		m.DoEvents()
	}
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
}
