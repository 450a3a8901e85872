// Request asks a question over MQTT 5 and waits for the answer: the question carries the topic for the answer and a
// number that the answer repeats.
//
//	go run ./examples/request                          with a broker inside the program
//	go run ./examples/request mqtt://localhost:1883    with a server of yours
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	upper := answer(server, "example/upper", strings.ToUpper)
	defer upper.Disconnect()

	c := newCaller(server)
	defer c.m.Disconnect()
	for _, question := range []string{"hello", "how are you?"} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		text, err := c.call(ctx, "example/upper", question)
		cancel()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s -> %s\n", question, text)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := c.call(ctx, "example/nobody", "is anybody there?")
	fmt.Println("is anybody there? ->", err)
}

// connect connects a component whose handlers run on a goroutine of its own, and subscribes.
func connect(m *mqtt.MQTT, server, filter string) {
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.SetVersion(mqtt.MvV5)
	m.SetKeepAliveInterval(30)
	m.Config("BackgroundEvents=True")
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	if err := m.SubscribeAndWait(filter, 1); err != nil { // waits, so that no message is missed afterwards
		log.Fatal(err)
	}
}

// answer answers the questions of a topic.
func answer(server, topic string, with func(string) string) *mqtt.MQTT {
	m := mqtt.New()
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		if e.Properties == nil || e.Properties.ResponseTopic == "" {
			return // nobody waits for an answer
		}
		properties := mqtt.PublishProperties{CorrelationData: e.Properties.CorrelationData}
		if _, err := m.PublishWith(e.Properties.ResponseTopic, 1, []byte(with(e.Message)), properties); err != nil {
			log.Print(err)
		}
	}
	connect(m, server, topic)
	return m
}

// caller asks questions. Its methods may be called from any goroutine.
type caller struct {
	m     *mqtt.MQTT
	topic string // for the answers; nobody else knows it

	mu      sync.Mutex
	last    int
	waiting map[string]chan string // by correlation data
}

func newCaller(server string) *caller {
	c := &caller{m: mqtt.New(), topic: "example/answers/" + rand.Text(), waiting: map[string]chan string{}}
	c.m.OnMessageIn = c.arrived
	connect(c.m, server, c.topic)
	return c
}

// call asks and waits for the answer until ctx ends.
func (c *caller) call(ctx context.Context, topic, question string) (string, error) {
	answer := make(chan string, 1)
	c.mu.Lock()
	c.last++
	number := strconv.Itoa(c.last)
	c.waiting[number] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, number)
		c.mu.Unlock()
	}()
	properties := mqtt.PublishProperties{ResponseTopic: c.topic, CorrelationData: []byte(number)}
	if _, err := c.m.PublishWith(topic, 1, []byte(question), properties); err != nil {
		return "", err
	}
	select {
	case text := <-answer:
		return text, nil
	case <-ctx.Done():
		return "", errors.New("no answer in time")
	}
}

// arrived takes an answer to who waits for it. An answer that comes too late, or twice, waits for nobody.
func (c *caller) arrived(e *mqtt.MessageInEventArgs) {
	if e.Properties == nil {
		return
	}
	number := string(e.Properties.CorrelationData)
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer := c.waiting[number]; answer != nil {
		answer <- e.Message // it has room for one
		delete(c.waiting, number)
	}
}
