// Scram logs in with SCRAM-SHA-256, an enhanced authentication of MQTT 5: the password never leaves the program, and
// the server has to prove that it knows it too.
//
//	go run ./examples/scram    with a server inside the program
package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server := startServer("user1", "secret", false) // server.go; of yours: "mqtts://broker.example"
	defer server.stop()

	m, err := logIn(server.url, "user1", "secret")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in, and so has the server")
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}

	_, err = logIn(server.url, "user1", "wrong")
	fmt.Println("with a wrong password:", err)

	forger := startServer("user1", "secret", true)
	defer forger.stop()
	_, err = logIn(forger.url, "user1", "secret")
	fmt.Println("a server that does not know the password:", err)
}

// logIn connects by SCRAM-SHA-256. The component carries the data of each step; scram.go makes and checks them.
func logIn(server, user, password string) (*mqtt.MQTT, error) {
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	m.SetKeepAliveInterval(30)
	if err := m.SetRemoteHost(server); err != nil {
		return nil, err
	}
	login := &scram{user: user, password: password}
	var refused error // by us
	refuse := func(err error) {
		refused = err
		_ = m.DisconnectWith(128, mqtt.DisconnectProperties{})
	}

	// Every attempt to connect, also one of AutoReconnect, begins a login of its own.
	m.OnBeforeConnect = func(*mqtt.BeforeConnectEventArgs) {
		properties := fmt.Sprintf(`{"AuthenticationMethod":"SCRAM-SHA-256","AuthenticationData":"%x"}`, login.begin())
		if _, err := m.Config("ConnectProperties=" + properties); err != nil {
			log.Print(err)
		}
	}
	m.OnAuth = func(e *mqtt.AuthEventArgs) {
		if e.ReasonCode != 24 { // 24: the server waits for an answer
			return
		}
		answer, err := login.answer(e.AuthData)
		if err == nil {
			err = m.Auth(false, mqtt.AuthProperties{AuthData: answer})
		}
		if err != nil {
			refuse(err)
		}
	}
	m.OnConnAck = func(e *mqtt.ConnAckEventArgs) {
		if e.ReasonCode != 0 {
			return // Connect returns it as an error
		}
		var properties struct{ AuthenticationData string }
		err := json.Unmarshal([]byte(e.Properties), &properties)
		if err == nil {
			var proof []byte
			if proof, err = hex.DecodeString(properties.AuthenticationData); err == nil {
				err = login.verify(proof) // also when there is none
			}
		}
		if err != nil {
			refuse(err)
		}
	}
	return m, errors.Join(m.Connect(), refused)
}
