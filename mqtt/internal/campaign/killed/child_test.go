package killed

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
	m       *mqtt.MQTT
	task    string
	handler time.Duration // how long MessageIn works on a message
	notes   *os.File
	done    atomic.Bool // it is about to end
	last    int         // number of the message that a child has tried to publish last
}

// obey is the task of TestJournalDiskFull, which not every system has.
var obey func(*child)

const childTask = "IOT_TEST_CHILD"

// runChild does the task of a child: task|port|folder|version|time of a handler|whether it connects again at once, and not
// when AutoReconnect would.
func runChild(description string) {
	fields := strings.Split(description, "|")
	handler, err := time.ParseDuration(fields[4])
	check(err)
	c := &child{m: mqtt.New(), task: fields[0], handler: handler}
	c.open(filepath.Join(fields[2], notes))
	c.note("start", c.task)
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
		m := keyOf(e.Message)
		c.note("in", m)
		if delivered.Add(1) == 1 {
			fmt.Println("receiving")
		}
		time.Sleep(c.handler) // nothing is waited for: it is what a program does with a message
		c.note("out", m)
	}
	c.m.OnError = func(e *mqtt.ErrorEventArgs) {
		if e.ErrorCode == 302 || e.ErrorCode == 504 && !strings.Contains(e.Description, "incomplete") {
			check(fmt.Errorf("error %d: %s", e.ErrorCode, e.Description))
		}
	}
	if fields[5] == "true" {
		c.impatient()
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
	c.done.Store(true)
	check(c.m.Disconnect())
	c.note("end", c.task)
}

// impatient makes the child connect at once, and again when a connection has ended, while its messages are still being
// delivered: AutoReconnect waits for most of a second, in which a child is killed or has delivered all. All handlers are
// set before it: messages that come before OnMessageIn is set are delivered to nobody.
func (c *child) impatient() {
	c.config("AutoReconnect=False")
	go func() {
		for ; !c.done.Load(); time.Sleep(time.Millisecond) { // the event of the end waits behind the messages
			if !c.m.Connected() {
				_ = c.m.Connect()
			}
		}
	}()
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
		if what == "try" {
			_, n, _ := strings.Cut(m, " ")
			c.last = number(n)
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
	for !c.m.Connected() && c.m.Connect() != nil {
		time.Sleep(20 * time.Millisecond)
	}
}

// publish publishes until it is killed, with or without a connection.
func (c *child) publish() {
	for n := c.last + 1; ; n++ {
		qos, m := message(n)
		c.note("try", keyOf(m))
		check(c.m.PublishMessage(fmt.Sprint("killed/", qos), qos, m))
		c.note("ok", keyOf(m))
		if n == c.last+1 {
			fmt.Println("publishing")
		}
	}
}

// message is that with a number: its QoS, the number, and as much behind it that a journal soon has more garbage than it
// leaves in its file (64 KiB).
func message(n int) (qos int, text string) {
	qos = 1 + n%2
	return qos, fmt.Sprint(qos, " ", n, " ", strings.Repeat("x", n*997%2000))
}

// keyOf is what the notes have of a message: QoS and number.
func keyOf(text string) string {
	fields := strings.SplitN(text, " ", 3)
	return strings.Join(fields[:min(len(fields), 2)], " ")
}
