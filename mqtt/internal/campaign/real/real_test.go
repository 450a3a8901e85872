package real

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
	embedded "github.com/iotcomponents/iot/mqtt/mqtttest"
)

// atOnce is how many cases run at a time: each of them waits for its server most of the time.
const atOnce = 8

func realClient(t *testing.T, s realservers.Server, v mqtt.MQTTVersions, id string, prepare ...func(m *mqtt.MQTT)) *mqtttest.Recorder {
	t.Helper()
	return mqtttest.Client(t, s.Host, s.Port, v, id, prepare...)
}

// The common test against every real server, in each version and QoS that it has.
func TestRealServers(t *testing.T) {
	for _, s := range realservers.All(t) {
		for _, v := range mqtttest.Versions {
			if v == mqtt.MvV5 && !s.V5 {
				continue
			}
			t.Run(s.Name+"/"+mqtttest.VersionName(v), func(t *testing.T) { realConversation(t, s, v) })
			t.Run(s.Name+"/session/"+mqtttest.VersionName(v), func(t *testing.T) { realSession(t, s, v) })
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
	base := mqtttest.Unique("component")
	r := realClient(t, s, v, base, prepare...)
	must(t, r.M.Connect())
	highest := 1
	if s.QoS2 {
		highest = 2
	}
	r.Subscribe(base+"/#", highest)
	for qos := range highest + 1 {
		payload := fmt.Appendf(nil, "%s QoS %d", base, qos)
		must(t, r.M.PublishAndWait(base+"/x", qos, payload))
		if a := r.WaitMessage(payload); a.QOS != qos || a.Topic != base+"/x" || a.Retained {
			t.Errorf("%+v", a)
		}
	}

	large := bytes.Repeat([]byte("0123456789abcdef"), 32<<10) // 512 KiB
	if s.Slow {
		large = large[:64<<10]
	}
	must(t, r.M.PublishAndWait(base+"/large", 1, large))
	r.WaitMessage(large)

	must(t, r.M.Ping())
	r.WaitFor("Ping", 1)

	must(t, r.M.Unsubscribe(base+"/#"))
	if a := r.WaitFor("Unsubscribed", 1).Last("Unsubscribed").Args.(*mqtt.UnsubscribedEventArgs); a.ResponseCode != 0 {
		t.Errorf("%+v", a)
	}

	_, err := r.M.PublishWith(base+"/retained", 1, []byte("kept"), mqtt.PublishProperties{Retain: true})
	must(t, err)
	r.Wait("PUBACK", func(mqtttest.Trace) bool { return r.M.OutgoingMessages().Count() == 0 })
	r.Take()
	// NATS keeps a retained message some time after its PUBACK, so the subscription is repeated until it comes.
	r.Subscribe(base+"/retained", 1)
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

	r.Subscribe(base+"/will", 1)
	other := realClient(t, s, v, base+"-2", prepare...)
	must(t, other.M.SetWillTopic(base+"/will"))
	must(t, other.M.SetWillMessage("gone"))
	must(t, other.M.Connect())
	must(t, other.M.Interrupt())
	r.WaitMessage([]byte("gone"))
	must(t, r.M.Disconnect())
}

func realSession(t *testing.T, s realservers.Server, v mqtt.MQTTVersions, prepare ...func(m *mqtt.MQTT)) {
	watchdog(t)
	base := mqtttest.Unique("session")
	r := realClient(t, s, v, base, prepare...)
	lasting(t, r.M)
	must(t, r.M.Connect())
	r.Subscribe(base, 1)
	must(t, r.M.Disconnect())
	other := realClient(t, s, v, base+"-2", prepare...)
	must(t, other.M.Connect())
	must(t, other.M.PublishAndWait(base, 1, []byte("missed")))
	must(t, other.M.Disconnect())
	must(t, r.M.Connect())
	if got := config(t, r.M, "SessionPresent"); got != "True" {
		t.Errorf("SessionPresent is %s", got)
	}
	r.WaitMessage([]byte("missed"))
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
		m := mqtttest.Record(t, mqtt.New()).M
		must(t, m.SetVersion(v))
		must(t, m.SetClientId(mqtttest.Unique("auth")))
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
