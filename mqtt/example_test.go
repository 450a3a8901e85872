package mqtt_test

import (
	"context"
	"fmt"
	"log"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// A first program: it subscribes, publishes, and receives its own message. README.md shows it too.
func Example() {
	host, port, stop := startBroker() // embedded in the test; stop ends it
	defer stop()

	// README begin
	m := mqtt.New()
	arrived := false
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		fmt.Printf("%s = %s\n", e.Topic, e.Message)
		arrived = true
	}
	if err := m.ConnectTo(host, port); err != nil {
		log.Fatal(err) // for example: [10061] Connection refused. ...
	}
	if err := m.Subscribe("house/+/temperature", 1); err != nil {
		log.Fatal(err)
	}
	if err := m.PublishMessage("house/kitchen/temperature", 1, "21.5"); err != nil {
		log.Fatal(err)
	}
	for !arrived && m.Connected() {
		m.DoEvents() // calls the handlers
	}
	m.Disconnect()
	// README end

	// Output: house/kitchen/temperature = 21.5
}

// Settings are read and assigned by their names. An assignment that fails changes nothing.
func ExampleMQTT_Config() {
	m := mqtt.New()
	if _, err := m.Config("WillQOS=1"); err != nil {
		fmt.Println(err)
		return
	}
	qos, _ := m.Config("willqos") // names are read without regard to case
	fmt.Println("WillQOS is", qos)

	_, err := m.Config("WillQOS=3")
	fmt.Println("3: error", errors.Code(err), errors.Description(errors.Code(err)))
	_, err = m.Config("NoSuchSetting=1")
	fmt.Println("unknown name: error", errors.Code(err))
	qos, _ = m.Config("WillQOS")
	fmt.Println("WillQOS is still", qos)

	// Sets of MQTT 5 properties are JSON.
	if _, err := m.Config(`WillProperties={"WillDelayInterval":"30","ContentType":"text/plain"}`); err != nil {
		fmt.Println(err)
	}
	// Output:
	// WillQOS is 1
	// 3: error 505 The quality of service is not valid.
	// unknown name: error 10022
	// WillQOS is still 1
}

// Connect tells by the number of its error what happened.
func ExampleMQTT_Connect() {
	m := mqtt.New()
	m.SetRemoteHost("127.0.0.1")
	m.SetRemotePort(unusedPort())

	err := m.Connect()
	switch code := errors.Code(err); code {
	case 0:
		fmt.Println("connected")
	case errors.ErrConnectionRefused:
		fmt.Println("nothing listens there; is the server running?")
	case errors.ErrHostNotFound, errors.ErrHostNotFoundTryAgain, errors.ErrNameServerFailure, errors.ErrNoAddress:
		fmt.Println("the name of the server leads nowhere")
	case errors.ErrTimeout:
		fmt.Println("no answer in time; try again later")
	case errors.ErrProtocol:
		fmt.Println("the server refused us:", err) // with its reason, such as a wrong password
	case errors.ErrConnectionClosedByPeer:
		fmt.Println("the server hung up; does this port speak this version of MQTT?")
	case errors.ErrInterrupted:
		fmt.Println("given up by Interrupt or by a context")
	default:
		fmt.Println(err)
	}
	// Output: nothing listens there; is the server running?
}

// The loop of a program that does nothing else meanwhile.
func ExampleMQTT_DoEvents() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	received := 0
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		received++
		fmt.Printf("%s %q, QoS %d\n", e.Topic, e.Message, e.QOS)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.Subscribe("house/#", 2); err != nil {
		fmt.Println(err)
		return
	}
	for _, room := range []string{"kitchen", "hall", "attic"} {
		if err := m.PublishMessage("house/"+room, 1, "light on"); err != nil {
			fmt.Println(err)
			return
		}
	}
	for received < 3 && m.Connected() {
		if err := m.DoEvents(); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// house/kitchen "light on", QoS 1
	// house/hall "light on", QoS 1
	// house/attic "light on", QoS 1
}

// A program that has a loop of its own waits for events beside everything else.
func ExampleMQTT_EventsReady() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	received, open := 0, true
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		received++
		fmt.Println("received", e.Message)
	}
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { open = false }
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.Subscribe("house/temperature", 1); err != nil {
		fmt.Println(err)
		return
	}

	readings := make(chan string) // from a sensor
	go func() {
		readings <- "20.9"
		readings <- "21.5"
	}()
	for open && received < 2 {
		select {
		case <-m.EventsReady():
			m.DoEvents()
		case reading := <-readings:
			if err := m.PublishMessage("house/temperature", 1, reading); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	// Output:
	// received 20.9
	// received 21.5
}

// Version 5: a request with properties, and the answer to it.
func ExampleMQTT_PublishWith() {
	host, port, stop := startBroker()
	defer stop()

	window, panel := mqtt.New(), mqtt.New()
	subscribed, answered := 0, false
	for _, m := range []*mqtt.MQTT{window, panel} {
		m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { subscribed++ }
		m.SetVersion(mqtt.MvV5)
		if err := m.ConnectTo(host, port); err != nil {
			fmt.Println(err)
			return
		}
		defer m.Disconnect()
	}

	// The window answers to the topic that the request names, with the data that tells the panel which request it was.
	window.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		fmt.Println("window:", e.Message, e.Properties.ContentType, e.Properties.UserProperties)
		_, err := window.PublishWith(e.Properties.ResponseTopic, 1, []byte("done"), mqtt.PublishProperties{
			CorrelationData: e.Properties.CorrelationData,
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	panel.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		answered = true
		fmt.Printf("panel: %s %s\n", e.Properties.CorrelationData, e.Message)
	}
	if err := window.Subscribe("window/command", 1); err != nil {
		fmt.Println(err)
		return
	}
	if err := panel.Subscribe("panel/7/answers", 1); err != nil {
		fmt.Println(err)
		return
	}
	for subscribed < 2 && window.Connected() && panel.Connected() {
		window.DoEvents()
		panel.DoEvents()
	}

	// QoS 0, because the broker of this example acknowledges a QoS 1 message that has user properties with a reason code
	// that MQTT does not know (1), and the component ends the connection for that.
	_, err := panel.PublishWith("window/command", 0, []byte("open"), mqtt.PublishProperties{
		ContentType:     "text/plain",
		ResponseTopic:   "panel/7/answers",
		CorrelationData: []byte("request 1"),
		UserProperties:  []mqtt.UserProperty{{Name: "angle", Value: "30"}, {Name: "unit", Value: "degree"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for !answered && window.Connected() && panel.Connected() {
		window.DoEvents()
		panel.DoEvents()
	}
	// Output:
	// window: open text/plain [{angle 30} {unit degree}]
	// panel: request 1 done
}

// A program without a loop gives Run a goroutine. All handlers run there; methods may be called from anywhere.
func ExampleMQTT_Run() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	messages := make(chan string, 1)
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { messages <- e.Message }

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()

	if err := m.ConnectTo(host, port); err != nil {
		log.Fatal(err)
	}
	if err := m.Subscribe("house/door", 2); err != nil {
		log.Fatal(err)
	}
	if err := m.PublishAndWait("house/door", 2, []byte("open")); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the server has the message")
	fmt.Println("received", <-messages)
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
	cancel()
	fmt.Println("Run ended:", <-ended)
	// Output:
	// the server has the message
	// received open
	// Run ended: <nil>
}

// Several filters in one packet, each with a QoS of its own. The answers come one by one.
func ExampleMQTT_Subscribe() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	answers := 0
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) {
		answers++
		if e.ResponseCode >= 128 {
			fmt.Println(e.TopicFilter, "was refused")
			return
		}
		fmt.Println(e.TopicFilter, "with QoS", e.QOS)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if _, err := m.Config("TopicQOSArray=0,1,2"); err != nil {
		fmt.Println(err)
		return
	}
	if err := m.Subscribe("house/+/temperature, house/state/#, house/command", 0); err != nil {
		fmt.Println(err)
		return
	}
	for answers < 3 && m.Connected() {
		m.DoEvents()
	}
	// Output:
	// house/+/temperature with QoS 0
	// house/state/# with QoS 1
	// house/command with QoS 2
}
