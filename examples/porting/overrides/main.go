// Overrides is a program for vibe-mqtt, ported line by line: a Settings struct, and a subclass that overrides the
// handlers of packets. What stands there is the comment, what stands here follows it.
//
//	go run ./examples/porting/overrides                          with a broker inside the program
//	go run ./examples/porting/overrides mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

// class Subscriber : MqttClient { this(Settings settings) { super(settings); } ... }
type subscriber struct {
	*mqtt.MQTT
	received int
}

// auto settings = Settings(); settings.host = ...; settings.clientId = "subscriber"; settings.keepAlive = 30;
func newSubscriber(host string) (*subscriber, error) {
	s := &subscriber{MQTT: mqtt.New()}
	for _, err := range []error{
		s.SetRemoteHost(host),
		s.SetClientId("subscriber"),
		s.SetKeepAliveInterval(30),
	} {
		if err != nil {
			return nil, err
		}
	}
	// settings.inflightQueueSize = 10; settings.retryDelay = 10.seconds; settings.reconnect = 1;
	for _, setting := range []string{"InflightLimit=10", "RepublishInterval=10", "AutoReconnect=True"} {
		if _, err := s.Config(setting); err != nil {
			return nil, err
		}
	}
	s.OnConnAck, s.OnSubAck, s.OnMessageIn = s.onConnAck, s.onSubAck, s.onPublish
	return s, nil
}

// override void onConnAck(ConnAck packet) { super.onConnAck(packet); this.subscribe(["example/+/temperature"]); }
// There is no super to call: the component has done its own work before.
func (s *subscriber) onConnAck(e *mqtt.ConnAckEventArgs) {
	fmt.Println("onConnAck", e.ReasonCode)
	if e.ReasonCode != 0 {
		return
	}
	if err := s.Subscribe("example/+/temperature", 1); err != nil {
		log.Fatal(err)
	}
}

// override void onSubAck(SubAck packet) { super.onSubAck(packet); this.publish("example/kitchen/temperature", "21.5",
// QoSLevel.QoS1); }
func (s *subscriber) onSubAck(e *mqtt.SubAckEventArgs) {
	fmt.Println("onSubAck", e.ReasonCodes)
	if err := s.PublishMessage("example/kitchen/temperature", 1, "21.5"); err != nil {
		log.Fatal(err)
	}
}

// override void onPublish(Publish packet) { super.onPublish(packet); writeln(packet.topic, cast(string)packet.payload);
// }
func (s *subscriber) onPublish(e *mqtt.MessageInEventArgs) {
	s.received++
	fmt.Println("onPublish", e.Topic, e.Message)
}

func main() {
	server, stop := broker.URL()
	defer stop()
	// auto client = new Subscriber(settings);
	s, err := newSubscriber(server)
	if err != nil {
		log.Fatal(err)
	}
	// client.connect();
	if err := s.Connect(); err != nil {
		log.Fatal(err)
	}
	// runEventLoop();
	for s.received == 0 && s.Connected() {
		s.DoEvents()
	}
	// client.disconnect();
	if err := s.Disconnect(); err != nil {
		log.Fatal(err)
	}
}
