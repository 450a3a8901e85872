package mqtt_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
	embedded "github.com/iotcomponents/iot/mqtt/mqtttest"
)

// realClient makes a recorded component for a server. prepare sets what the way to it needs.
func realClient(t *testing.T, s realservers.Server, v mqtt.MQTTVersions, id string, prepare ...func(m *mqtt.MQTT)) *mqtttest.Recorder {
	t.Helper()
	m := mqtt.New()
	r := mqtttest.Record(t, m)
	r.Patience = mqtttest.Patience
	config(t, m, fmt.Sprintf("PublishAndWaitTimeout=%d", mqtttest.Patience/time.Second))
	must(t, m.SetVersion(v))
	must(t, m.SetClientId(id))
	must(t, m.SetRemoteHost(s.Host))
	must(t, m.SetRemotePort(s.Port))
	for _, f := range prepare {
		f(m)
	}
	return r
}

// subscribed subscribes to a filter that has no answer pending, and waits for the answer to this one.
func subscribed(t *testing.T, r *mqtttest.Recorder, filter string, qos int) {
	t.Helper()
	before := len(r.Trace())
	must(t, r.M.Subscribe(filter, qos))
	var answer *mqtt.SubscribedEventArgs
	r.Wait("the answer for "+filter, func(tr mqtttest.Trace) bool {
		for _, e := range tr[before:].Only("Subscribed") {
			if a := e.Args.(*mqtt.SubscribedEventArgs); a.TopicFilter == filter {
				answer = a
			}
		}
		return answer != nil
	})
	if answer.ResponseCode > 2 {
		t.Fatalf("%+v", answer)
	}
}

// waitMessage pumps until a message with this payload has come.
func waitMessage(t *testing.T, r *mqtttest.Recorder, payload []byte) *mqtt.MessageInEventArgs {
	t.Helper()
	var found *mqtt.MessageInEventArgs
	r.Wait("a message", func(tr mqtttest.Trace) bool {
		for _, e := range tr.Only("MessageIn") {
			if a := e.Args.(*mqtt.MessageInEventArgs); bytes.Equal(a.MessageB, payload) {
				found = a
			}
		}
		return found != nil
	})
	return found
}

// The common test against every real server, in each version and QoS that it has.
func TestRealServers(t *testing.T) {
	for _, s := range realservers.All(t) {
		for _, v := range bothVersions {
			if v == mqtt.MvV5 && !s.V5 {
				continue
			}
			t.Run(s.Name+"/"+versionName(v), func(t *testing.T) { realConversation(t, s, v) })
			t.Run(s.Name+"/session/"+versionName(v), func(t *testing.T) { realSession(t, s, v) })
		}
	}
	t.Run("mochi", func(t *testing.T) {
		s := realservers.Mochi(t)
		eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) { realConversation(t, s, v) })
	})
	t.Run("mqtttest", func(t *testing.T) {
		server := embedded.NewServer(t)
		s := realservers.Server{Name: "mqtttest", Host: server.Host(), Port: server.Port(), V5: true, QoS2: true}
		eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
			realConversation(t, s, v)
			realSession(t, s, v)
		})
	})
}

func realConversation(t *testing.T, s realservers.Server, v mqtt.MQTTVersions, prepare ...func(m *mqtt.MQTT)) {
	watchdog(t)
	base := fmt.Sprintf("component-%d-%d", v, time.Now().UnixNano())
	r := realClient(t, s, v, base, prepare...)
	must(t, r.M.Connect())
	highest := 1
	if s.QoS2 {
		highest = 2
	}
	subscribed(t, r, base+"/#", highest)
	for qos := range highest + 1 {
		payload := fmt.Appendf(nil, "%s QoS %d", base, qos)
		must(t, r.M.PublishAndWait(base+"/x", qos, payload))
		if a := waitMessage(t, r, payload); a.QOS != qos || a.Topic != base+"/x" || a.Retained {
			t.Errorf("%+v", a)
		}
	}

	large := bytes.Repeat([]byte("0123456789abcdef"), 32<<10) // 512 KiB
	if s.Slow {
		large = large[:64<<10]
	}
	must(t, r.M.PublishAndWait(base+"/large", 1, large))
	waitMessage(t, r, large)

	must(t, r.M.Ping())
	r.WaitFor("Ping", 1)

	must(t, r.M.Unsubscribe(base+"/#"))
	if a := last[mqtt.UnsubscribedEventArgs](t, r.WaitFor("Unsubscribed", 1)); a.ResponseCode != 0 {
		t.Errorf("%+v", a)
	}

	_, err := r.M.PublishWith(base+"/retained", 1, []byte("kept"), mqtt.PublishProperties{Retain: true})
	must(t, err)
	r.Wait("PUBACK", func(mqtttest.Trace) bool { return r.M.OutgoingMessages().Count() == 0 })
	r.Take()
	// NATS keeps a retained message some time after its PUBACK, so the subscription is repeated until it comes.
	subscribed(t, r, base+"/retained", 1)
	looks := 0
	r.Wait("the retained message", func(tr mqtttest.Trace) bool {
		if looks++; looks%25 == 0 {
			must(t, r.M.Subscribe(base+"/retained", 1))
		}
		for _, e := range tr.Only("MessageIn") {
			if a := e.Args.(*mqtt.MessageInEventArgs); string(a.MessageB) == "kept" {
				return a.Retained
			}
		}
		return false
	})
	_, err = r.M.PublishWith(base+"/retained", 1, nil, mqtt.PublishProperties{Retain: true}) // removes it
	must(t, err)

	subscribed(t, r, base+"/will", 1)
	other := realClient(t, s, v, base+"-2", prepare...)
	must(t, other.M.SetWillTopic(base+"/will"))
	must(t, other.M.SetWillMessage("gone"))
	must(t, other.M.Connect())
	must(t, other.M.Interrupt())
	waitMessage(t, r, []byte("gone"))
	must(t, r.M.Disconnect())
}

func realSession(t *testing.T, s realservers.Server, v mqtt.MQTTVersions, prepare ...func(m *mqtt.MQTT)) {
	watchdog(t)
	base := fmt.Sprintf("session-%d-%d", v, time.Now().UnixNano())
	r := realClient(t, s, v, base, prepare...)
	lasting(t, r.M)
	must(t, r.M.Connect())
	subscribed(t, r, base, 1)
	must(t, r.M.Disconnect())
	other := realClient(t, s, v, base+"-2", prepare...)
	must(t, other.M.Connect())
	must(t, other.M.PublishAndWait(base, 1, []byte("missed")))
	must(t, other.M.Disconnect())
	must(t, r.M.Connect())
	if got := config(t, r.M, "SessionPresent"); got != "True" {
		t.Errorf("SessionPresent is %s", got)
	}
	waitMessage(t, r, []byte("missed"))
	must(t, r.M.Unsubscribe(base))
	r.WaitFor("Unsubscribed", 1)
	must(t, r.M.Disconnect())
	must(t, r.M.SetCleanSession(true)) // the server forgets it
	config(t, r.M, "SessionExpInterval=0")
	must(t, r.M.Connect())
	must(t, r.M.Disconnect())
}

// A real server that asks for a password refuses another one; the error says so without showing it.
func TestRealServerRefuses(t *testing.T) {
	s := realservers.MosquittoAuth(t)
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		m := recorded(t)
		must(t, m.SetVersion(v))
		must(t, m.SetClientId(fmt.Sprintf("auth-%d", time.Now().UnixNano())))
		must(t, m.SetUser(s.User))
		must(t, m.SetPassword("not "+s.Password))
		err := m.ConnectTo(s.Host, s.Port)
		wantCode(t, err, 500)
		if err != nil && strings.Contains(err.Error(), s.Password) {
			t.Error("the error shows the password")
		}
		must(t, m.SetPassword(s.Password))
		must(t, m.Connect())
		must(t, m.Disconnect())
	})
}
