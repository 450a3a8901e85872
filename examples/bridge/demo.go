package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

// demonstrate bridges two brokers inside the program, and shows what arrives at the second.
func demonstrate() {
	slog.SetLogLoggerLevel(slog.LevelError)
	folder, err := os.MkdirTemp("", "bridge-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	var servers [2]*broker.Server
	for i := range servers {
		if servers[i], err = broker.Start(broker.Options{}); err != nil {
			log.Fatal(err)
		}
		defer servers[i].Stop()
	}
	c, err := parse(fmt.Sprintf(`
[server north]
RemoteHost=%s
ClientId=bridge
JournalDir=%[3]s/north
[server south]
RemoteHost=%[2]s
ClientId=bridge
JournalDir=%[3]s/south
[forward]
From=north
To=south
Filter=plant/+/temperature
Remove=plant/
Add=from-north/
`, servers[0].URL, servers[1].URL, folder))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"north", "south"} {
		if err := os.Mkdir(folder+"/"+name, 0o700); err != nil {
			log.Fatal(err)
		}
	}

	south := mqtt.New()
	arrived := 0
	south.OnMessageIn = func(e *mqtt.MessageInEventArgs) { arrived++; fmt.Println("south:", e.Topic, e.Message) }
	north := mqtt.New()
	for i, m := range []*mqtt.MQTT{north, south} {
		if err := m.SetRemoteHost(servers[i].URL); err != nil {
			log.Fatal(err)
		}
		if err := m.Connect(); err != nil {
			log.Fatal(err)
		}
		defer m.Disconnect()
	}
	if err := south.SubscribeAndWait("#", 1); err != nil {
		log.Fatal(err)
	}
	stop := start(context.Background(), c)
	defer stop()
	// The first one is retained, since the bridge may subscribe only now.
	for i, name := range []string{"boiler", "pump"} {
		topic, reading := "plant/"+name+"/temperature", fmt.Sprint(61+i)
		fmt.Println("north:", topic, reading)
		if err := north.PublishAndWaitWith(topic, 1, []byte(reading),
			mqtt.PublishProperties{Retain: i == 0}); err != nil {
			log.Fatal(err)
		}
		for arrived <= i && south.Connected() {
			south.DoEvents()
		}
	}
}
