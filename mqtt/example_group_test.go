package mqtt_test

import (
	"context"
	"fmt"

	"github.com/iotcomponents/iot/mqtt"
)

// One loop for a boiler and a pump, whose handlers run one at a time, so that they may share what they like.
func ExampleGroup() {
	host, port, stop := startBroker()
	defer stop()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	received := map[string]string{}
	group := mqtt.NewGroup()
	for _, device := range []string{"boiler", "pump"} {
		m := mqtt.New()
		m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
			received[device] = e.Message
			if len(received) == 2 {
				cancel()
			}
		}
		if err := m.ConnectTo(host, port); err != nil {
			fmt.Println(err)
			return
		}
		defer m.Disconnect()
		group.Add(m)
		if err := m.SubscribeAndWait("house/"+device, 1); err != nil {
			fmt.Println(err)
			return
		}
		if err := m.PublishMessage("house/"+device, 1, "on"); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := group.Run(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(received)
	// Output: map[boiler:on pump:on]
}
