package mqtt_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// A property that refuses a value keeps the one it has.
func ExampleMQTT_SetKeepAliveInterval() {
	m := mqtt.New()
	if err := m.SetKeepAliveInterval(30); err != nil {
		fmt.Println(err)
	}
	err := m.SetKeepAliveInterval(70000)
	fmt.Println("error", errors.Code(err))
	fmt.Println(m.KeepAliveInterval(), "seconds")
	// Output:
	// error 10022
	// 30 seconds
}

// A context bounds the attempt, here to a server that accepts the connection and says nothing.
func ExampleMQTT_ConnectContext() {
	host, port, stop := startSilent()
	defer stop()

	m := mqtt.New()
	m.SetRemoteHost(host)
	m.SetRemotePort(port)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := m.ConnectContext(ctx)
	fmt.Println("error", errors.Code(err))
	fmt.Println("the time was over:", stderrors.Is(err, context.DeadlineExceeded))
	// Output:
	// error 201
	// the time was over: true
}

// Interrupt may come from any goroutine, and ends what another one waits for.
func ExampleMQTT_Interrupt() {
	host, port, stop := startSilent()
	defer stop()

	m := mqtt.New()
	pressed := make(chan bool, 1) // a button
	m.OnConnectionStatus = func(e *mqtt.ConnectionStatusEventArgs) {
		if e.StatusCode == 0 {
			pressed <- true // the user has no patience
		}
	}
	go func() {
		<-pressed
		m.Interrupt()
	}()
	err := m.ConnectTo(host, port)
	fmt.Println("interrupted:", errors.Code(err) == errors.ErrInterrupted)
	// Output: interrupted: true
}

// The server publishes the will when the connection ends in another way than by Disconnect.
func ExampleMQTT_SetWillTopic() {
	host, port, stop := startBroker()
	defer stop()

	watcher := mqtt.New()
	subscribed, told := false, false
	watcher.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { subscribed = true }
	watcher.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		told = true
		fmt.Println(e.Topic, "is", e.Message)
	}
	if err := watcher.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer watcher.Disconnect()
	if err := watcher.Subscribe("house/+/state", 1); err != nil {
		fmt.Println(err)
		return
	}
	for !subscribed && watcher.Connected() {
		watcher.DoEvents()
	}

	door := mqtt.New()
	door.SetWillTopic("house/door/state")
	door.SetWillMessage("gone")
	if _, err := door.Config("WillQOS=1"); err != nil {
		fmt.Println(err)
		return
	}
	if err := door.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	door.Interrupt() // as if the network had failed

	for !told && watcher.Connected() {
		watcher.DoEvents()
	}
	// Output: house/door/state is gone
}

// Version 5: a client may leave in order and have its will published all the same, by reason code 4.
func ExampleMQTT_DisconnectWith() {
	host, port, stop := startBroker()
	defer stop()

	watcher, door := mqtt.New(), mqtt.New()
	subscribed, told := false, false
	watcher.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { subscribed = true }
	watcher.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		told = true
		fmt.Println(e.Topic, "is", e.Message)
	}
	door.SetWillTopic("house/door/state")
	door.SetWillMessage("asleep")
	for _, m := range []*mqtt.MQTT{watcher, door} {
		m.SetVersion(mqtt.MvV5)
		if err := m.ConnectTo(host, port); err != nil {
			fmt.Println(err)
			return
		}
	}
	defer watcher.Disconnect()
	if err := watcher.Subscribe("house/+/state", 1); err != nil {
		fmt.Println(err)
		return
	}
	for !subscribed && watcher.Connected() {
		watcher.DoEvents()
	}

	const withWill = 4
	if err := door.DisconnectWith(withWill, mqtt.DisconnectProperties{ReasonString: "saving the battery"}); err != nil {
		fmt.Println(err)
		return
	}
	for !told && watcher.Connected() {
		watcher.DoEvents()
	}
	// Output: house/door/state is asleep
}

// Reset makes a component as good as new, apart from its handlers.
func ExampleMQTT_Reset() {
	m := mqtt.New()
	m.SetClientId("panel-7")
	m.Config("WillQOS=2")
	m.Reset()
	qos, _ := m.Config("WillQOS")
	fmt.Printf("ClientId %q, WillQOS %s\n", m.ClientId(), qos)
	// Output: ClientId "", WillQOS 0
}

// Ping asks the server for a sign of life.
func ExampleMQTT_Ping() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	answered := false
	m.OnPing = func(e *mqtt.PingEventArgs) {
		answered = true
		fmt.Println("answered within a minute:", e.RoundTrip < time.Minute)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.Ping(); err != nil {
		fmt.Println(err)
		return
	}
	for !answered && m.Connected() {
		m.DoEvents()
	}
	// Output: answered within a minute: true
}
