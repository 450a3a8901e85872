// Publisher is a program for IPWorks IoT MQTT, ported line by line: what stands there is the comment, what stands here
// follows it. It publishes with all three QoS and waits until everything is acknowledged.
//
//	go run ./examples/porting/publisher                          with a broker inside the program
//	go run ./examples/porting/publisher mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

// class Publisher : MQTT { override FireMessageAck, FireMessageOut }
// Go has no subclasses: a struct holds the component, and its methods are the handlers.
type publisher struct {
	component *mqtt.MQTT
	out       int
}

// protected override void OnMessageAck(e): the lists still have the message
func (p *publisher) onMessageAck(e *mqtt.MessageAckEventArgs) {
	if e.Direction == 0 {
		// MQTTMessage message = OutgoingMessages[e.Index];
		message := p.component.OutgoingMessages().Item(e.Index)
		fmt.Printf("acknowledged: QoS %d, %s\n", message.QoS(), message.Topic())
	}
}

// protected override void OnMessageOut(e): it has left the lists
func (p *publisher) onMessageOut(e *mqtt.MessageOutEventArgs) {
	p.out++
	if e.QOS == 0 {
		fmt.Printf("sent: QoS 0, %s\n", e.Topic)
	}
}

func main() {
	server, stop := broker.URL()
	defer stop()
	p := &publisher{component: mqtt.New()}
	m := p.component
	m.OnMessageAck, m.OnMessageOut = p.onMessageAck, p.onMessageOut

	// mqtt.ClientId = "publisher-7"; mqtt.WillTopic = "example/" + mqtt.ClientId + "/will"; mqtt.WillMessage = "gone";
	// mqtt.Timeout = 10;
	for _, err := range []error{
		m.SetRemoteHost(server),
		m.SetClientId("publisher-7"),
		m.SetWillTopic("example/" + m.ClientId() + "/will"),
		m.SetWillMessage("gone"),
		m.SetTimeout(10),
	} {
		if err != nil {
			log.Fatal(err)
		}
	}
	// mqtt.Config("WillQOS=1"); string level = mqtt.Config("LogLevel");
	if _, err := m.Config("WillQOS=1"); err != nil {
		log.Fatal(err)
	}
	level, err := m.Config("LogLevel")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("LogLevel is", level)

	// mqtt.Connect();
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}

	// mqtt.PublishMessage(topic, 0, "text"); mqtt.PublishData(topic, 1, bytes); ...
	if err := m.PublishMessage("example/text", 0, "21.5"); err != nil {
		log.Fatal(err)
	}
	if err := m.PublishData("example/bytes", 1, []byte{0x15, 0x80}); err != nil {
		log.Fatal(err)
	}
	if err := m.PublishMessage("example/command", 2, "open"); err != nil {
		log.Fatal(err)
	}

	// while (out < 3) mqtt.DoEvents();
	for p.out < 3 && m.Connected() {
		m.DoEvents()
	}

	// mqtt.Connected = false;
	if err := m.SetConnected(false); err != nil {
		log.Fatal(err)
	}
	fmt.Println("connected:", m.Connected())
}
