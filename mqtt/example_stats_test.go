package mqtt_test

import (
	"expvar"
	"fmt"

	"github.com/iotcomponents/iot/mqtt"
)

// Stats goes to expvar as it is: http.DefaultServeMux serves it under /debug/vars, and reads it when somebody asks.
func ExampleMQTT_Stats() {
	host, port, stop := startBroker()
	defer stop()

	m := mqtt.New()
	expvar.Publish("mqtt", expvar.Func(func() any { return m.Stats() }))
	if err := m.ConnectTo(host, port); err != nil {
		fmt.Println(err)
		return
	}
	defer m.Disconnect()
	if err := m.PublishAndWait("house/door", 1, []byte("open")); err != nil {
		fmt.Println(err)
		return
	}
	s := m.Stats()
	fmt.Println("connected:", !s.ConnectedSince.IsZero(), "last error:", s.LastError)
	fmt.Println("sent:", s.MessagesOut, "in flight:", s.InFlight, "queued:", s.Queued, "reconnections:", s.Reconnections)
	// Output:
	// connected: true last error: <nil>
	// sent: 1 in flight: 0 queued: 0 reconnections: 0
}
