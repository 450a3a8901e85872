package mqtt_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/iotcomponents/iot/mqtt"
)

// Version 5 without structs, as ported programs have it: properties of messages are settings, as JSON or one by one.
func ExampleMQTT_Config_messageProperties() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	received := false
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		received = true
		name, _ := m.Config("IncomingUserPropName[0]")
		value, _ := m.Config("IncomingUserPropValue[0]")
		fmt.Printf("%s, %s: %s\n", e.Message, name, value)
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.Subscribe("house/temperature", 0); err != nil {
		fmt.Println(err)
		return
	}
	for _, setting := range []string{
		`OutgoingMessageProperties={"ContentType":"text/plain","MessageExpInterval":"60"}`,
		"OutgoingUserPropCount=1",
		"OutgoingUserPropName[0]=unit",
		"OutgoingUserPropValue[0]=degree",
	} {
		if _, err := m.Config(setting); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := m.PublishMessage("house/temperature", 0, "21.5"); err != nil {
		fmt.Println(err)
		return
	}
	for !received && m.Connected() {
		m.DoEvents()
	}
	properties, _ := m.Config("OutgoingMessageProperties")
	fmt.Println(properties)
	// Output:
	// 21.5, unit: degree
	// {"ContentType":"text/plain","MessageExpInterval":"60","UserProperty":"unit:degree"}
}

// The registry describes every setting.
func ExampleMQTT_Settings() {
	row, found := mqtt.New().Settings().Find("willqos")
	fmt.Println(found, row.Name, row.Type, row.Default)
	fmt.Println(row.Doc)
	// Output:
	// true WillQOS int 0
	// QoS of the will.
}

// What the component logs, in the log of the program.
func ExampleLogTo() {
	host, port, stop := startBroker()
	defer stop()

	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // or the output would be another one each time
			}
			return a
		},
	}))
	m := mqtt.New()
	m.SetClientId("panel-7")
	toLog := mqtt.LogTo(logger)
	m.OnLog = func(e *mqtt.LogEventArgs) {
		if e.LogType == "Session" { // most programs have m.OnLog = mqtt.LogTo(logger)
			toLog(e)
		}
	}
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	m.Disconnect()
	// Output: level=INFO msg="Connected as \"panel-7\"; session present: false." type=Session
}
