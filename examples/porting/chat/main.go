// Chat is a program for IPWorks IoT MQTT, ported line by line: what stands there is the comment, what stands here
// follows it. It sends the lines that are typed, and shows what everybody types; DoEvents is in its loop, as in that of
// a window.
//
//	go run ./examples/porting/chat                          with a broker inside the program, which types two lines
//	go run ./examples/porting/chat mqtt://localhost:1883    with a server of yours; an empty line ends it
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL()
	defer stop()
	keyboard := io.Reader(os.Stdin)
	if len(os.Args) == 1 {
		keyboard = strings.NewReader("Hello!\nIs anybody there?\n\n")
	}

	// MQTT mqtt = new MQTT();
	m := mqtt.New()

	// mqtt.OnConnected += (s, e) => { if (e.StatusCode == 0) Show("connected"); };
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		if e.StatusCode == 0 {
			fmt.Println("connected")
		}
	}

	// mqtt.OnSubscribed += (s, e) => Show(e.ResponseCode <= 2 ? "joined" : "refused");
	joined := false
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) {
		joined = e.ResponseCode <= 2
		if joined {
			fmt.Println("joined", e.TopicFilter)
		} else {
			fmt.Println("refused with", e.ResponseCode)
		}
	}

	// mqtt.OnMessageIn += (s, e) => Show(e.Topic + ": " + e.Message);
	shown := 0
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		shown++
		fmt.Printf("%s: %s\n", e.Topic, e.Message)
	}

	// mqtt.OnDisconnected += (s, e) => Show(e.Description);
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { fmt.Println("disconnected:", e.Description) }

	// try { mqtt.ClientId = ""; mqtt.CleanSession = true; mqtt.KeepAliveInterval = 30; mqtt.RemoteHost = server;
	// mqtt.Connect(); } catch (IPWorksIoTException e) { Show(e.Code + e.Message); return; }
	for _, err := range []error{
		m.SetCleanSession(true),
		m.SetKeepAliveInterval(30),
		m.SetRemoteHost(server),
		m.Connect(),
	} {
		if err != nil {
			log.Fatal(errors.Code(err), " ", err)
		}
	}

	// mqtt.Subscribe("example/chat", 2);
	if err := m.Subscribe("example/chat", 2); err != nil {
		log.Fatal(err)
	}
	for !joined && m.Connected() {
		m.DoEvents()
	}

	// while (window is open) { if (a line was typed) mqtt.PublishMessage("example/chat", 2, line); mqtt.DoEvents(); }
	lines := typed(keyboard)
	said := 0
	for open := true; (open || shown < said) && m.Connected(); m.DoEvents() {
		select {
		case line := <-lines:
			if open = line != ""; !open {
				break
			}
			said++
			if err := m.PublishMessage("example/chat", 2, line); err != nil {
				log.Fatal(err)
			}
		default:
		}
	}

	// mqtt.Disconnect(); mqtt.Dispose();
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
}

// typed reads lines, so that the loop does not wait for the keyboard. An empty line is the last.
func typed(keyboard io.Reader) <-chan string {
	lines := make(chan string)
	go func() { // until the program ends, or the input
		for s := bufio.NewScanner(keyboard); s.Scan(); {
			lines <- s.Text()
		}
		close(lines) // receives "" from then on
	}()
	return lines
}
