package mqtttest

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// Main runs the tests of a package, and fails when a goroutine is left behind them.
func Main(m *testing.M) { goleak.VerifyTestMain(unhurried{m}) }

// unhurried gives the goroutines that are ending when the tests are over a minute to end: goleak gives them half a
// second, which a busy machine may take.
type unhurried struct{ tests *testing.M }

func (u unhurried) Run() int {
	code := u.tests.Run()
	for end := time.Now().Add(time.Minute); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
	}
	return code
}

// Versions are the versions of MQTT.
var Versions = []mqtt.MQTTVersions{mqtt.MvV3, mqtt.MvV5}

// VersionName is the name of a version as subtests have it.
func VersionName(v mqtt.MQTTVersions) string {
	if v == mqtt.MvV5 {
		return "5"
	}
	return "3.1.1"
}

// EachVersion runs f as a subtest for both versions.
func EachVersion(t *testing.T, f func(t *testing.T, v mqtt.MQTTVersions)) {
	for _, v := range Versions {
		t.Run(VersionName(v), func(t *testing.T) { f(t, v) })
	}
}

// Must ends the test with err unless it is nil.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// WantCode checks the number of an error.
func WantCode(t testing.TB, err error, code int) {
	t.Helper()
	if got := errors.Code(err); got != code {
		t.Errorf("error %v, want %d", err, code)
	}
}

// Config is m.Config, which has to succeed.
func Config(t testing.TB, m *mqtt.MQTT, s string) string {
	t.Helper()
	got, err := m.Config(s)
	if err != nil {
		t.Fatalf("Config(%q): %v", s, err)
	}
	return got
}

// Lasting makes the session of m outlive its connections.
func Lasting(t testing.TB, m *mqtt.MQTT) {
	t.Helper()
	Must(t, m.SetCleanSession(false))
	Config(t, m, "SessionExpInterval=3600")
	Config(t, m, "RepublishInterval=0")
}

// States lists the messages of a list as id:state.
func States(l *mqtt.MQTTMessageList) string {
	var s []string
	for _, msg := range l.All() {
		s = append(s, fmt.Sprintf("%d:%d", msg.PacketId(), msg.State()))
	}
	return strings.Join(s, " ")
}

// Watchdog ends the program with all stacks when a test in real time hangs: when it does not end within more than a
// hundred times what it needs. Those in virtual time have the watchdog of bubble.Test.
func Watchdog(t testing.TB) { WatchdogAfter(t, 5*time.Minute) }

// WatchdogAfter is Watchdog for a test that takes d at most.
func WatchdogAfter(t testing.TB, d time.Duration) {
	timer := time.AfterFunc(d, func() {
		b := make([]byte, 1<<20)
		panic(fmt.Sprintf("%s hangs:\n%s", t.Name(), b[:runtime.Stack(b, true)]))
	})
	t.Cleanup(func() { timer.Stop() })
}

var lastUnique atomic.Int64

// Unique is an identifier, or a topic, that no other test has, before or beside this one, on a server that keeps what
// it gets.
func Unique(prefix string) string {
	return fmt.Sprintf("%s-%d-%d", prefix, time.Now().UnixNano(), lastUnique.Add(1))
}

// Client makes a recorded component for a server of the real world. prepare sets what the way to it needs.
func Client(
	t *testing.T, host string, port int, v mqtt.MQTTVersions, id string, prepare ...func(m *mqtt.MQTT),
) *Recorder {
	t.Helper()
	m := mqtt.New()
	r := Record(t, m)
	Config(t, m, fmt.Sprintf("PublishAndWaitTimeout=%d", Patience/time.Second))
	Must(t, m.SetVersion(v))
	Must(t, m.SetClientId(id))
	Must(t, m.SetRemoteHost(host))
	Must(t, m.SetRemotePort(port))
	for _, f := range prepare {
		f(m)
	}
	return r
}

// Subscribe subscribes to a filter that has no answer pending, and waits for the answer to this one.
func (r *Recorder) Subscribe(filter string, qos int) {
	r.t.Helper()
	before := len(r.Trace())
	Must(r.t, r.M.Subscribe(filter, qos))
	var answer *mqtt.SubscribedEventArgs
	r.Wait("the answer for "+filter, func(tr Trace) bool {
		for _, e := range tr[before:].Only("Subscribed") {
			if a := e.Args.(*mqtt.SubscribedEventArgs); a.TopicFilter == filter {
				answer = a
			}
		}
		return answer != nil
	})
	if answer.ResponseCode > 2 {
		r.t.Fatalf("%+v", answer)
	}
}

// WaitMessage pumps until a message with this payload has come.
func (r *Recorder) WaitMessage(payload []byte) *mqtt.MessageInEventArgs {
	r.t.Helper()
	var found *mqtt.MessageInEventArgs
	r.Wait("a message", func(tr Trace) bool {
		for _, e := range tr.Only("MessageIn") {
			if a := e.Args.(*mqtt.MessageInEventArgs); bytes.Equal(a.MessageB, payload) {
				found = a
			}
		}
		return found != nil
	})
	return found
}
