// Workers share the messages of one topic: a shared subscription gives each message to one of the workers of a group,
// so that more of them do more work.
//
//	go run ./examples/workers                          with a broker inside the program
//	go run ./examples/workers mqtt://localhost:1883    with a server of yours
package main

import (
	"fmt"
	"log"
	"slices"
	"sync"

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
	for n := range 3 { // here in one program, as a rule in three
		worker := connect(server, func(e *mqtt.MessageInEventArgs) {
			// An acknowledgment leaves when the delivery begins. With JournalDir it leaves when this handler has
			// returned, so that a job whose worker is killed goes to another.
			fmt.Printf("worker %d does job %s\n", n+1, e.Message)
			mu.Lock()
			done = append(done, e.Message)
			mu.Unlock()
			all.Done()
		})
		defer worker.Disconnect()
		// $share, the name of the group, and the filter.
		if err := worker.SubscribeAndWait("$share/workers/example/jobs", 1); err != nil {
			log.Fatal(err)
		}
	}

	boss := connect(server, nil)
	defer boss.Disconnect()
	for i := range jobs {
		if err := boss.PublishMessage("example/jobs", 1, fmt.Sprintf("%02d", i+1)); err != nil {
			log.Fatal(err)
		}
	}
	all.Wait()
	slices.Sort(done)
	fmt.Println("each job once:", len(slices.Compact(done)) == jobs)
}

func connect(server string, onMessageIn func(*mqtt.MessageInEventArgs)) *mqtt.MQTT {
	m := mqtt.New()
	m.OnMessageIn = onMessageIn
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	m.SetVersion(mqtt.MvV5) // many servers have shared subscriptions in 3.1.1 too
	m.SetKeepAliveInterval(30)
	m.Config("BackgroundEvents=True") // handlers run on a goroutine of the component
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	return m
}
