package mqtt_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/iotcomponents/iot/mqtt"
)

// A program that is configured by a file. os.Open gives the reader there.
func ExampleMQTT_LoadConfig() {
	m := mqtt.New()
	err := m.LoadConfig(strings.NewReader(`
# where to
RemoteHost=mqtts://broker.example
ClientId=boiler-7
User=boiler
Password="a secret with a space at its end "
Version=1

# MQTT's keep-alive in seconds; KeepAliveInterval alone is that of TCP
MQTT.KeepAliveInterval=30
AutoReconnect=True
ConnectProperties={"SessionExpInterval":"3600"}
`))
	fmt.Println(err, m.RemoteHost(), m.ClientId(), m.KeepAliveInterval())

	// All faults are told at once, and nothing of the text is applied.
	err = m.LoadConfig(strings.NewReader("ClientId=boiler-8\nWillQOS=3\nRemotHost=other\n"))
	fmt.Println(err)
	fmt.Println(m.ClientId())
	// Output:
	// <nil> mqtts://broker.example boiler-7 30
	// [505] 2 of the lines cannot be applied, so none was.
	// Line 2: The quality of service is not valid. WillQOS cannot be "3"; allowed: an integer from 0 to 2
	// Line 3: Invalid argument. There is no setting "RemotHost"; did you mean RemoteHost?
	// boiler-7
}

// A component written down, here only what says where it connects to.
func ExampleMQTT_SaveConfig() {
	m := mqtt.New()
	m.SetRemoteHost("broker.example")
	m.SetPassword("secret")
	var text strings.Builder
	if err := m.SaveConfig(&text, false); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(text.String()) {
		if strings.Contains(line, "Remote") || strings.Contains(line, "Password") {
			fmt.Fprint(os.Stdout, line)
		}
	}
	// Output:
	// FirewallPassword=
	// RemoteHosts=
	// # Password is a secret and was left out
	// RemoteHost=broker.example
	// # RemotePort=1883
}
