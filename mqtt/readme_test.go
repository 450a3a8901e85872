package mqtt_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// The program in README.md has the text of Example, which is run.
func TestReadmeProgram(t *testing.T) {
	program := between(t, read(t, "../README.md"), "```go\n", "```\n")
	body := between(t, program, "\thost, port := \"127.0.0.1\", 1883\n\n", "\n}\n") + "\n"
	example := between(t, read(t, "example_test.go"), "\t// README begin\n", "\t// README end\n")
	if body != example {
		t.Errorf("README.md shows\n%s\nand Example is\n%s", body, example)
	}
}

// README.md leads to every page of the reference.
func TestReadmeReference(t *testing.T) {
	pages, err := filepath.Glob("../docs/reference/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("pages %q, error %v", pages, err)
	}
	for _, page := range pages {
		if link := "](docs/reference/" + filepath.Base(page) + ")"; !strings.Contains(read(t, "../README.md"), link) {
			t.Errorf("README.md has no link %s", link)
		}
	}
}

// Every link to a file of this repository leads to one.
func TestReadmeLinks(t *testing.T) {
	pages := []string{"../README.md"}
	for _, pattern := range append([]string{"../docs/reference/*.md"}, pagePatterns...) {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	for _, page := range pages {
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n") // as a checkout on Windows may have it
}

func between(t *testing.T, text, begin, end string) string {
	t.Helper()
	_, text, found := strings.Cut(text, begin)
	if !found {
		t.Fatalf("%q is missing", begin)
	}
	text, _, found = strings.Cut(text, end)
	if !found {
		t.Fatalf("%q is missing", end)
	}
	return text
}

// docs/events.md shows the events in the order in which they come.
func TestReadmeEvents(t *testing.T) {
	page := read(t, "../docs/events.md")
	var blocks [][]string // the name of a scenario, then its events
	for _, block := range regexp.MustCompile("(?s)```text\n(.*?)\n```").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, strings.Split(strings.ReplaceAll(block[1], "\t", ""), "\n"))
	}
	if len(blocks) != len(scenarios) {
		t.Errorf("%d blocks, %d scenarios", len(blocks), len(scenarios))
	}
	for _, version := range []mqtt.MQTTVersions{mqtt.MvV3, mqtt.MvV5} {
		for _, block := range blocks {
			play, known := scenarios[block[0]]
			if !known {
				t.Errorf("no scenario %q", block[0])
				continue
			}
			r := newRecorder(t, version)
			play(r)
			if !slices.Equal(r.events, block[1:]) {
				t.Errorf("version %d, %s:\n%q, the page says\n%q", version, block[0], r.events, block[1:])
			}
			r.m.Disconnect()
		}
	}
}

// recorder notes the events of a component.
type recorder struct {
	t      *testing.T
	m      *mqtt.MQTT
	stop   func() // ends the broker
	host   string
	port   int
	events []string
}

func newRecorder(t *testing.T, version mqtt.MQTTVersions) *recorder {
	r := &recorder{t: t, m: mqtt.New()}
	r.host, r.port, r.stop = startBroker()
	t.Cleanup(r.stop)
	r.check(r.m.SetVersion(version))
	m, note := r.m, func(name string, status int) {
		if status != 0 {
			name += ": not 0"
		}
		r.events = append(r.events, name)
	}
	m.OnBeforeConnect = func(e *mqtt.BeforeConnectEventArgs) { note("BeforeConnect", 0) }
	m.OnConnectionStatus = func(e *mqtt.ConnectionStatusEventArgs) { note("ConnectionStatus", e.StatusCode) }
	m.OnConnAck = func(e *mqtt.ConnAckEventArgs) { note("ConnAck", 0) }
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) { note("Connected", e.StatusCode) }
	m.OnReadyToSend = func(e *mqtt.ReadyToSendEventArgs) { note("ReadyToSend", 0) }
	m.OnSubAck = func(e *mqtt.SubAckEventArgs) { note("SubAck", 0) }
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { note("Subscribed", 0) }
	m.OnUnsubAck = func(e *mqtt.UnsubAckEventArgs) { note("UnsubAck", 0) }
	m.OnUnsubscribed = func(e *mqtt.UnsubscribedEventArgs) { note("Unsubscribed", 0) }
	m.OnPubAck = func(e *mqtt.PubAckEventArgs) { note("PubAck", 0) }
	m.OnPubRec = func(e *mqtt.PubAckEventArgs) { note("PubRec", 0) }
	m.OnPubComp = func(e *mqtt.PubAckEventArgs) { note("PubComp", 0) }
	m.OnMessageAck = func(e *mqtt.MessageAckEventArgs) {
		note("MessageAck", 0)
		list := m.OutgoingMessages()
		if e.Direction == 1 {
			list = m.IncomingMessages()
		}
		if msg := list.Item(e.Index); msg == nil || msg.PacketId() != e.PacketId {
			t.Errorf("MessageAck %+v: the message is not in its list", *e)
		}
	}
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) {
		note("MessageOut", 0)
		if n := m.OutgoingMessages().Count(); n != 0 {
			t.Errorf("MessageOut: %d messages in OutgoingMessages", n)
		}
	}
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		note("MessageIn", 0)
		if n := m.IncomingMessages().Count(); n != 0 {
			t.Errorf("MessageIn: %d messages in IncomingMessages", n)
		}
	}
	m.OnPing = func(e *mqtt.PingEventArgs) { note("Ping", 0) }
	m.OnError = func(e *mqtt.ErrorEventArgs) { note("Error", e.ErrorCode) }
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { note("Disconnected", e.StatusCode) }
	return r
}

func (r *recorder) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// connect connects and forgets the events of it.
func (r *recorder) connect() {
	r.t.Helper()
	r.check(r.m.ConnectTo(r.host, r.port))
	r.events = nil
}

// until pumps until an event has come.
func (r *recorder) until(last string) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !slices.Contains(r.events, last); {
		r.check(r.m.DoEvents())
		if time.Now().After(end) {
			r.t.Fatalf("no %s; there came %q", last, r.events)
		}
	}
}

// receive has another client publish a message that r is subscribed to.
func (r *recorder) receive(qos int) {
	r.t.Helper()
	r.connect()
	r.check(r.m.Subscribe("a", 2))
	r.until("Subscribed")
	r.events = nil
	other := recorded(r.t)
	r.check(other.ConnectTo(r.host, r.port))
	r.check(other.PublishAndWait("a", qos, []byte("x")))
	r.check(other.Disconnect())
	r.until("MessageIn")
}

// connectTo connects to a server that answers CONNECT with some bytes, and closes when it has been sent something more.
func (r *recorder) connectTo(answer3, answer5 []byte) error {
	r.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	r.check(err)
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buffer := make([]byte, 1000)
		_, _ = conn.Read(buffer)
		answer := answer3
		if r.m.Version() == mqtt.MvV5 {
			answer = answer5
		}
		_, _ = conn.Write(answer)
		_, _ = conn.Read(buffer)
	}()
	return r.m.ConnectTo("127.0.0.1", listener.Addr().(*net.TCPAddr).Port)
}

// scenarios are the blocks of docs/events.md by their first lines.
var scenarios = map[string]func(r *recorder){
	"Connect": func(r *recorder) { r.check(r.m.ConnectTo(r.host, r.port)) },
	"Connect to nobody": func(r *recorder) {
		if err := r.m.ConnectTo("127.0.0.1", unusedPort()); err == nil {
			r.t.Error("no error")
		}
	},
	"Connect, refused by the server": func(r *recorder) {
		if err := r.connectTo([]byte{0x20, 2, 0, 5}, []byte{0x20, 3, 0, 0x87, 0}); err == nil {
			r.t.Error("no error")
		}
	},
	"Subscribe to two filters": func(r *recorder) {
		r.connect()
		r.check(r.m.Subscribe("a, b/#", 2))
		r.until("Subscribed")
	},
	"Unsubscribe from two filters": func(r *recorder) {
		r.connect()
		r.check(r.m.Subscribe("a, b/#", 2))
		r.until("Subscribed")
		r.events = nil
		r.check(r.m.Unsubscribe("a, b/#"))
		r.until("Unsubscribed")
	},
	"Publish with QoS 0": func(r *recorder) {
		r.connect()
		r.check(r.m.PublishMessage("a", 0, "x"))
		r.until("MessageOut")
	},
	"Publish with QoS 1": func(r *recorder) {
		r.connect()
		r.check(r.m.PublishMessage("a", 1, "x"))
		r.until("MessageOut")
	},
	"Publish with QoS 2": func(r *recorder) {
		r.connect()
		r.check(r.m.PublishAndWait("a", 2, []byte("x")))
	},
	"Receive with QoS 0": func(r *recorder) { r.receive(0) },
	"Receive with QoS 1": func(r *recorder) { r.receive(1) },
	"Receive with QoS 2": func(r *recorder) { r.receive(2) },
	"Ping": func(r *recorder) {
		r.connect()
		r.check(r.m.Ping())
		r.until("Ping")
	},
	"Disconnect": func(r *recorder) {
		r.connect()
		r.check(r.m.Disconnect())
	},
	"Interrupt": func(r *recorder) {
		r.connect()
		r.check(r.m.Interrupt())
		r.until("Disconnected: not 0")
	},
	"Reset": func(r *recorder) {
		r.connect()
		r.check(r.m.Reset())
	},
	"Connection lost": func(r *recorder) {
		r.check(r.connectTo([]byte{0x20, 2, 0, 0}, []byte{0x20, 3, 0, 0, 0}))
		r.events = nil
		_, err := r.m.Config("SendCustomPacket=C000") // which makes the server hang up
		r.check(err)
		r.until("Disconnected: not 0")
	},
}
