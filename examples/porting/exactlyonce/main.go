// Exactlyonce is a program for sgcWebSockets TsgcWSPClient_MQTT, ported line by line: what stands there is the comment,
// what stands here follows it. It publishes with QoS 2 and waits, with properties of MQTT 5, and receives what it has
// published.
//
//	go run ./examples/porting/exactlyonce                          with a broker inside the program
//	go run ./examples/porting/exactlyonce mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL()
	defer stop()

	// Client := TsgcWebSocketClient.Create(nil); Client.Host := ...; Client.Port := ...;
	// MQTT := TsgcWSPClient_MQTT.Create(nil); MQTT.Client := Client; MQTT.MQTTVersion := mqtt5;
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	// MQTT.HeartBeat.Enabled := True; MQTT.HeartBeat.Interval := 60;
	m.SetKeepAliveInterval(60)
	// MQTT.ConnectProperties.Enabled := True; MQTT.ConnectProperties.SessionExpiryInterval := 60;
	if _, err := m.Config(`ConnectProperties={"SessionExpInterval":60}`); err != nil {
		log.Fatal(err)
	}

	// procedure OnMQTTConnect(Connection; const Session: Boolean; const ReasonCode; const ReasonName; const
	// ConnectProperties)
	m.OnConnAck = func(e *mqtt.ConnAckEventArgs) {
		fmt.Printf("connect: session %v, reason %d %s\n", e.SessionPresent, e.ReasonCode, e.ReasonName)
	}
	// procedure OnMQTTSubscribe(Connection; aPacketIdentifier: Word; aCodes: TsgcWSSUBACKS; const SubscribeProperties)
	m.OnSubAck = func(e *mqtt.SubAckEventArgs) { fmt.Println("subscribed:", e.ReasonCodes) }
	// procedure OnMQTTPubComp(Connection; aPacketIdentifier: Word; const ReasonCode; const ReasonName; const
	// PubCompProperties)
	m.OnPubComp = func(e *mqtt.PubAckEventArgs) { fmt.Println("complete:", e.ReasonName) }
	// procedure OnMQTTPublish(Connection; aTopic, aText: string; PublishProperties)
	received := ""
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		received = fmt.Sprintf("%s %s, %s", e.Topic, e.Message, e.Properties.ContentType)
	}

	// Client.Active := True;  { OnMQTTConnect tells when it is done }
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}

	// MQTT.Subscribe('example/orders', mtqsExactlyOnce);
	if err := m.SubscribeAndWait("example/orders", 2); err != nil {
		log.Fatal(err)
	}

	// Properties := TsgcWSMQTTPublish_Properties.Create; Properties.ContentType := 'text/plain';
	// if not MQTT.PublishAndWait('example/orders', '12 screws', mtqsExactlyOnce, False, Properties, 10000) then raise
	// ...
	properties := mqtt.PublishProperties{ContentType: "text/plain"}
	if err := m.PublishAndWaitWith("example/orders", 2, []byte("12 screws"), properties); err != nil {
		log.Fatal(err) // 201 is its False: not within PublishAndWaitTimeout, 10 seconds
	}
	for received == "" && m.Connected() {
		m.DoEvents()
	}
	fmt.Println("received:", received)

	// MQTT.Disconnect(0);
	if err := m.DisconnectWith(0, mqtt.DisconnectProperties{}); err != nil {
		log.Fatal(err)
	}
}
