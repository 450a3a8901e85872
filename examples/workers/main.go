// Workers share the messages of one topic: a shared subscription gives each message to one of the workers of a group,
// so that more of them do more work. A job is acknowledged when it is done, which may be long after the handler has
// returned: one of the workers is killed at work here, and its job is done by the next one of its name.
//
//	go run ./examples/workers                          with a broker inside the program
//	go run ./examples/workers mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"
	"slices"
	"sync"
	"time"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

const jobs = 12

func main() {
	server, stop := broker.URL() // of yours: "mqtt://localhost:1883"
	defer stop()

	var mu sync.Mutex
	var done []string
	var all sync.WaitGroup
	all.Add(jobs)
	accident := true
	for n := range 3 { // here in one program, as a rule in three
		name := fmt.Sprintf("example-worker-%d", n+1)
		var work func(m *mqtt.MQTT, e *mqtt.MessageInEventArgs)
		work = func(m *mqtt.MQTT, e *mqtt.MessageInEventArgs) {
			job, delivery := e.Message, e.Defer() // e is the handler's; what outlives it is copied
			go func() {
				time.Sleep(10 * time.Millisecond) // the work
				mu.Lock()
				defer mu.Unlock()
				if n == 0 && accident {
					accident = false
					fmt.Printf("worker %d is killed while it does job %s\n", n+1, job)
					m.Interrupt()                  // as a crash does: nothing more is sent
					go connect(server, name, work) // the supervisor starts it again
					return
				}
				fmt.Printf("worker %d has done job %s\n", n+1, job)
				done = append(done, job)
				if err := delivery.Ack(); err != nil {
					log.Fatal(err)
				}
				all.Done()
			}()
		}
		worker := connect(server, name, work)
		// $share, the name of the group, and the filter.
		if err := worker.SubscribeAndWait("$share/workers/example/jobs", 1); err != nil {
			log.Fatal(err)
		}
	}

	boss := connect(server, "example-boss", nil)
	defer boss.Disconnect()
	for i := range jobs {
		if err := boss.PublishMessage("example/jobs", 1, fmt.Sprintf("%02d", i+1)); err != nil {
			log.Fatal(err)
		}
	}
	all.Wait()
	slices.Sort(done)
	fmt.Println("each job is done, and once:", len(slices.Compact(done)) == jobs)
}

func connect(server, name string, onMessageIn func(*mqtt.MQTT, *mqtt.MessageInEventArgs)) *mqtt.MQTT {
	m := mqtt.New()
	if onMessageIn != nil {
		m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { onMessageIn(m, e) }
	}
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.SetVersion(mqtt.MvV5) // many servers have shared subscriptions in 3.1.1 too
	m.SetKeepAliveInterval(30)
	m.SetClientId(name)
	m.SetCleanSession(false) // the jobs of a worker wait for it
	// for a minute; one at a time
	m.Config(`ConnectProperties={"SessionExpInterval":"60","ReceiveMaximum":"1"}`)
	m.Config("BackgroundEvents=True") // handlers run on a goroutine of the component
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	return m
}
