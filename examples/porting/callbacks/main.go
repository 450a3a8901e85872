// Callbacks is a program for the MqttClient of the DL-7450, ported line by line: connect options, callbacks with a
// return code, and a mid for each call. What stands there is the comment, what stands here follows it.
//
//	go run ./examples/porting/callbacks                          with a broker inside the program
//	go run ./examples/porting/callbacks mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL()
	defer stop()
	m := mqtt.New()

	// const client = mqtt.connect({ broker_url: 'mqtt://...', client_id: 'dl-7450', keep_alive: 60,
	//                               will_topic: 'example/will', will_message: 'gone', will_qos: 1 });
	for _, err := range []error{
		m.SetRemoteHost(server),
		m.SetClientId("dl-7450"),
		m.SetKeepAliveInterval(60),
		m.SetWillTopic("example/will"),
		m.SetWillMessage("gone"),
		m.SetCleanSession(false), // there it is always so
		m.SetTimeout(0),          // every call returns at once, as there
	} {
		if err != nil {
			log.Fatal(err)
		}
	}
	for _, setting := range []string{
		"WillQOS=1",
		"AutoReconnect=True", // there it is always so, after 1, 2, 4, ... 32 and then every 60 seconds
		"QueueMessages=True", // publish before the connection stands
	} {
		if _, err := m.Config(setting); err != nil {
			log.Fatal(err)
		}
	}

	// client.on_connect = (flags, rc) => { if (rc !== 0) { log(mqtt.ErrorDescription(rc)); return; } mid =
	// client.subscribe([['example/#', 1]]); };
	subscribeMid, publishMid := 0, 0
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		fmt.Println("on_connect rc", e.StatusCode)
		if e.StatusCode != 0 {
			log.Fatal(errors.Description(e.StatusCode))
		}
		var err error
		if subscribeMid, err = m.SubscribeWith("example/#", 1, mqtt.SubscribeProperties{}); err != nil {
			log.Fatal(err)
		}
	}

	// client.on_subscribe = (mid, granted_qos) => { ... };
	m.OnSubAck = func(e *mqtt.SubAckEventArgs) {
		fmt.Println("on_subscribe: my mid", e.PacketId == subscribeMid, "granted", e.ReasonCodes)
		// mid = client.publish('example/state', 'on', 1);
		var err error
		if publishMid, err = m.PublishWith("example/state", 1, []byte("on"), mqtt.PublishProperties{}); err != nil {
			log.Fatal(err)
		}
	}

	// client.on_publish = mid => { ... };  client.on_message = (topic, payload) => { ... };
	published, message := "", ""
	m.OnPubAck = func(e *mqtt.PubAckEventArgs) {
		published = fmt.Sprint("on_publish: my mid ",
			e.PacketId == publishMid)
	}
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { message = fmt.Sprint("on_message ", e.Topic, " ", e.Message) }

	// There the connection begins with mqtt.connect, and the events come from the system. Here Connect has only begun
	// it, Timeout being 0.
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	for published == "" || message == "" {
		m.DoEvents()
	}
	fmt.Println(published)
	fmt.Println(message)
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
}
