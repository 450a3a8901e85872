package mqtt_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	ioterrors "github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// The messages that were not acknowledged when a program ended go out when it runs again.
func ExampleMQTT_SaveSession() {
	host, port, stop := startBroker() // embedded in the test; stop ends it
	defer stop()

	first := mqtt.New()
	first.SetClientId("boiler-7")
	first.SetCleanSession(false)
	if err := first.ConnectTo(host, port); err != nil {
		log.Fatal(err)
	}
	if err := first.PublishMessage("house/boiler", 1, "61.5"); err != nil {
		log.Fatal(err)
	}
	first.Interrupt() // perhaps before the server has acknowledged it
	state, err := first.SaveSession()
	if err != nil {
		log.Fatal(err)
	}

	// In the next run of the program:
	next := mqtt.New()
	if err := next.RestoreSession(state); err != nil {
		log.Fatal(err)
	}
	fmt.Println(next.ClientId(), next.CleanSession())
	if err := next.ConnectTo(host, port); err != nil {
		log.Fatal(err)
	}
	for next.OutgoingMessages().Count() > 0 {
		next.DoEvents()
	}
	fmt.Println("all acknowledged")
	next.Disconnect()
	// Output:
	// boiler-7 false
	// all acknowledged
}

// With SessionStateFile the session is in a file. A program restores it when it starts, if there is one, and saves it
// when it ends.
func ExampleMQTT_RestoreSession() {
	folder, err := os.MkdirTemp("", "session")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	start := func() *mqtt.MQTT {
		m := mqtt.New()
		m.SetClientId("boiler-7")
		m.SetCleanSession(false)
		m.Config("SessionExpInterval=86400") // with MQTT 5.0 the server keeps its side for a day
		m.Config("SessionStateFile=" + filepath.Join(folder, "state.json"))
		switch err := m.RestoreSession(""); {
		case err == nil:
			fmt.Println("restored")
		case errors.Is(err, fs.ErrNotExist):
			fmt.Println("the first run")
		default:
			fmt.Println("not usable:", ioterrors.Code(err)) // 504, for example; the component is as it was
		}
		return m
	}
	m := start()
	if _, err := m.SaveSession(); err != nil {
		log.Fatal(err)
	}
	start()
	if err := os.WriteFile(filepath.Join(folder, "state.json"), []byte("{"), 0o600); err != nil {
		log.Fatal(err)
	}
	start()
	// Output:
	// the first run
	// restored
	// not usable: 504
}

// A program that connects first and restores when the server says that it has the session.
func ExampleMQTT_RestoreSession_onConnected() {
	host, port, stop := startBroker()
	defer stop()

	state := "" // what SaveSession returned in the last run; none here
	m := mqtt.New()
	m.SetClientId("boiler-7")
	m.SetCleanSession(false)
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		if e.StatusCode != 0 {
			return
		}
		present, _ := m.Config("SessionPresent")
		fmt.Println("session present:", present)
		if present == "True" {
			if err := m.RestoreSession(state); err != nil {
				fmt.Println(err)
			}
		}
	}
	if err := m.ConnectTo(host, port); err != nil {
		log.Fatal(err)
	}
	m.Disconnect()
	// Output: session present: False
}
