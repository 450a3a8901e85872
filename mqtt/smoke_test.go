package mqtt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

func TestSmoke(t *testing.T) {
	host, port := mqtttest.Broker(t)
	for _, v := range []mqtt.MQTTVersions{mqtt.MvV3, mqtt.MvV5} {
		m := mqtt.New()
		var log []string
		in := 0
		out := 0
		note := func(f string, a ...any) { log = append(log, fmt.Sprintf(f, a...)); t.Logf(f, a...) }
		m.OnConnected = func(e *mqtt.ConnectedEventArgs) { note("connected %v", *e) }
		m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { note("disconnected %v", *e) }
		m.OnConnAck = func(e *mqtt.ConnAckEventArgs) { note("connack %v", *e) }
		m.OnReadyToSend = func(e *mqtt.ReadyToSendEventArgs) { note("ready") }
		m.OnConnectionStatus = func(e *mqtt.ConnectionStatusEventArgs) { note("status %v", *e) }
		m.OnBeforeConnect = func(e *mqtt.BeforeConnectEventArgs) { note("before %v", *e) }
		m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { note("subscribed %v", *e) }
		m.OnUnsubscribed = func(e *mqtt.UnsubscribedEventArgs) { note("unsubscribed %v", *e) }
		m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
			in++
			note("in %v %s %d %s", e.PacketId, e.Topic, e.QOS, e.Message)
			if err := m.DoEvents(); err == nil {
				t.Error("nested")
			}
		}
		m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) {
			out++
			note("out %v %s %d %s", e.PacketId, e.Topic, e.QOS, e.Message)
		}
		m.OnMessageAck = func(e *mqtt.MessageAckEventArgs) { note("ack %v", *e) }
		m.OnError = func(e *mqtt.ErrorEventArgs) { note("error %v", *e) }
		m.OnLog = func(e *mqtt.LogEventArgs) { note("log %v", *e) }
		m.OnPing = func(e *mqtt.PingEventArgs) { note("ping %v", *e) }
		if err := m.SetVersion(v); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Config("LogLevel=3"); err != nil {
			t.Fatal(err)
		}
		if err := m.ConnectTo(host, port); err != nil {
			t.Fatal(err)
		}
		if err := m.Subscribe("a/#, b/+", 2); err != nil {
			t.Fatal(err)
		}
		for q := 0; q <= 2; q++ {
			if err := m.PublishMessage("a/x", q, fmt.Sprint("hello ", q)); err != nil {
				t.Fatal(err)
			}
			if err := m.PublishAndWait("b/x", q, []byte("wait")); err != nil {
				t.Fatal(err)
			}
		}
		m.Ping()
		m.Unsubscribe("a/#, b/+")
		for end := time.Now().Add(5 * time.Second); (in < 6 || out < 6) && time.Now().Before(end); {
			if err := m.DoEvents(); err != nil {
				t.Fatal(err)
			}
		}
		s, _ := m.Config("ConnAckProperties")
		t.Log(s)
		if err := m.Disconnect(); err != nil {
			t.Fatal(err)
		}
		if in != 6 || out != 6 {
			t.Errorf("in %d out %d", in, out)
		}
	}
}
