// Journal publishes messages, is killed before any of them was sent, and sends them after its next start: they were on
// disk.
//
// The program plays three parts, each in a process of its own. Without arguments it is the director, which starts the
// other two: a sender that is killed, and a sender that comes after it.
//
//	go run ./examples/journal                          with a broker inside the program
//	go run ./examples/journal mqtt://localhost:1883    with a server of yours
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "send" {
		send(os.Args[2], os.Args[3])
		return
	}
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()
	folder, err := os.MkdirTemp("", "journal-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	// The first sender has no server, so that nothing can leave before it is killed.
	first, output := start("send", "mqtt://127.0.0.1:1", folder)
	fmt.Print(line(output))
	if err := first.Process.Kill(); err != nil { // SIGKILL: it has no chance to save anything
		log.Fatal(err)
	}
	_ = first.Wait() // says that it was killed
	fmt.Println("killed")

	next, output := start("send", server, folder)
	_, _ = io.Copy(os.Stdout, output)
	if err := next.Wait(); err != nil {
		log.Fatal(err)
	}
}

// send is the program as one would write it, but for the standing still in the middle.
func send(server, folder string) {
	m := mqtt.New()
	m.SetClientId("journal-example") // the name of the journal, and of the session
	m.SetCleanSession(false)
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	for _, setting := range []string{"JournalDir=" + folder, "QueueMessages=True"} {
		if _, err := m.Config(setting); err != nil {
			log.Fatal(err)
		}
	}
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) { fmt.Println("the server has", e.Message) }

	if server == "mqtt://127.0.0.1:1" { // nobody listens there
		for i := range 3 {
			// When it returns without an error the message is on disk.
			if err := m.PublishMessage("example/alarm", 1, fmt.Sprintf("alarm %d", i+1)); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println("3 alarms are on disk, none was sent")
		select {} // until the director kills us
	}

	if err := m.Connect(); err != nil { // takes over what the last process has left
		log.Fatal(err)
	}
	for m.Connected() && !finished(m) {
		m.DoEvents()
	}
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("nothing is left")
}

// finished tells whether every message is confirmed: none under way, and none that waits for its turn.
func finished(m *mqtt.MQTT) bool {
	waiting, err := m.Config("QueuedMessages")
	if err != nil {
		log.Fatal(err)
	}
	return m.OutgoingMessages().Count() == 0 && waiting == "0"
}

// start starts this program with other arguments.
func start(arguments ...string) (*exec.Cmd, io.Reader) {
	program, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	command := exec.Command(program, arguments...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := command.Start(); err != nil {
		log.Fatal(err)
	}
	return command, output
}

func line(r io.Reader) string {
	text, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	return text
}
