package mqtt_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// child is the program that TestKilled kills: this test binary with another task.
type child struct {
	m     *mqtt.MQTT
	task  string
	notes *os.File
	last  int    // number of the message that a child has tried to publish last
	line  string // the message that was delivered last
}

// obey is the task of TestJournalDiskFull, which not every system has.
var obey func(*child)

const childTask = "IOT_TEST_CHILD"

// runChild does the task of a child: task|port|folder|version.
func runChild(description string) {
	fields := strings.Split(description, "|")
	c := &child{m: mqtt.New(), task: fields[0]}
	c.open(filepath.Join(fields[2], notes))
	check(c.m.SetVersion(mqtt.MQTTVersions(number(fields[3]))))
	check(c.m.SetClientId("killed"))
	check(c.m.SetCleanSession(false))
	check(c.m.SetRemoteHost("127.0.0.1"))
	check(c.m.SetRemotePort(number(fields[1])))
	check(c.m.SetTimeout(60))
	for _, s := range []string{
		"JournalDir=" + filepath.Join(fields[2], "journal"), "QueueMessages=True", "AutoReconnect=True", "ReconnectDelayMin=1",
		"ReconnectDelayMax=1", "InflightLimit=20", "SendQueueSize=200", "BackgroundEvents=True", "RepublishInterval=0", "LogLevel=0",
	} {
		c.config(s)
	}
	if c.m.Version() == mqtt.MvV5 {
		c.config("SessionExpInterval=3600")
	}
	var delivered atomic.Int32
	c.m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		c.receive(e.Message)
		if delivered.Add(1) == 1 {
			fmt.Println("receiving")
		}
	}
	c.m.OnError = func(e *mqtt.ErrorEventArgs) {
		if e.ErrorCode == 302 || e.ErrorCode == 504 && !strings.Contains(e.Description, "incomplete") {
			check(fmt.Errorf("error %d: %s", e.ErrorCode, e.Description))
		}
	}
	switch what, arguments, _ := strings.Cut(c.task, " "); what {
	case "publish":
		go c.connect()
		c.publish()
	case "drain":
		c.connect()
		for c.m.OutgoingMessages().Count() > 0 || c.config("QueuedMessages") != "0" {
			time.Sleep(time.Millisecond) // the last one is told by an event, the number of them by nothing
		}
	case "subscribe":
		subscribed := make(chan int, 1)
		c.m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { subscribed <- e.ResponseCode }
		c.connect()
		check(c.m.Subscribe("killed/#", 2))
		if code := <-subscribed; code != 2 {
			check(fmt.Errorf("subscribed with code %d", code))
		}
	case "obey":
		obey(c)
	case "receive":
		c.connect()
		if arguments == "" {
			select {} // until it is killed
		}
		// All of them: the last ones may overtake others after a restart of the server. What is missing then was lost.
		for until := time.Now().Add(time.Minute); c.received() < number(arguments) && time.Now().Before(until); {
			time.Sleep(50 * time.Millisecond)
		}
	}
	check(c.m.Disconnect())
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

func (c *child) config(s string) string {
	value, err := c.m.Config(s)
	check(err)
	return value
}

// open opens the notes of the children before.
func (c *child) open(name string) {
	var err error
	c.notes, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	check(err)
	b, err := os.ReadFile(name)
	check(err)
	// A kill tears a write in two where a page of memory ends. What was being noted had no consequences yet.
	whole := bytes.LastIndexByte(b, '\n') + 1
	check(c.notes.Truncate(int64(whole)))
	for line := range strings.Lines(string(b[:whole])) {
		what, m, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch what {
		case "try":
			_, n, _ := strings.Cut(m, " ")
			c.last = number(n)
		case "in":
			c.line = m
		}
	}
}

// received counts the messages that the children have noted, each once.
func (c *child) received() int {
	b, err := os.ReadFile(c.notes.Name())
	check(err)
	noted := make(map[string]bool)
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "in ") {
			noted[line] = true
		}
	}
	return len(noted)
}

// note writes a line. It survives the end of the process.
func (c *child) note(what, m string) {
	_, err := c.notes.WriteString(what + " " + m + "\n")
	check(err)
}

// connect connects, when the server is there.
func (c *child) connect() {
	for c.m.Connect() != nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// publish publishes until it is killed, with or without a connection.
func (c *child) publish() {
	for n := c.last + 1; ; n++ {
		qos := 1 + n%2
		m := fmt.Sprint(qos, " ", n)
		c.note("try", m)
		check(c.m.PublishMessage(fmt.Sprint("killed/", qos), qos, m))
		c.note("ok", m)
		if n == c.last+1 {
			fmt.Println("publishing")
		}
	}
}

// receive notes a message. One that the last child had noted when it was killed, before its handler had returned, comes
// again: that is the only one which a program has to look for.
func (c *child) receive(m string) {
	if m == c.line {
		c.line = ""
		c.note("again", m)
		return
	}
	c.note("in", m)
}
