package mqtt_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		runChild(task)
		return
	}
	goleak.VerifyTestMain(unhurried{m})
}

// unhurried gives the goroutines that are ending when the tests are over a minute to end: goleak gives them half a second,
// which a busy machine may take.
type unhurried struct{ tests *testing.M }

func (u unhurried) Run() int {
	code := u.tests.Run()
	for end := time.Now().Add(time.Minute); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
	}
	return code
}

var bothVersions = []mqtt.MQTTVersions{mqtt.MvV3, mqtt.MvV5}

func versionName(v mqtt.MQTTVersions) string {
	if v == mqtt.MvV5 {
		return "5"
	}
	return "3.1.1"
}

// eachVersion runs f as a subtest for both versions.
func eachVersion(t *testing.T, f func(t *testing.T, v mqtt.MQTTVersions)) {
	for _, v := range bothVersions {
		t.Run(versionName(v), func(t *testing.T) { f(t, v) })
	}
}

// eachVersionInBubble is eachVersion with virtual time.
func eachVersionInBubble(t *testing.T, f func(t *testing.T, v mqtt.MQTTVersions)) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		bubble.Test(t, func(t *testing.T) { f(t, v) })
	})
}

// provesInBubble is eachVersionInBubble for a test whose subtests have to bear a name, such as the rows of
// testdata/pains.tsv that they prove.
func provesInBubble(t *testing.T, name string, f func(t *testing.T, v mqtt.MQTTVersions)) {
	t.Run(name, func(t *testing.T) { eachVersionInBubble(t, f) })
}

// proves is provesInBubble for what needs real time or sockets.
func proves(t *testing.T, name string, f func(t *testing.T, v mqtt.MQTTVersions)) {
	t.Run(name, func(t *testing.T) { eachVersion(t, f) })
}

// recorded makes a component whose events are recorded, so that their grammar is checked, and which is Reset at the end
// of the test.
func recorded(t testing.TB) *mqtt.MQTT {
	t.Helper()
	return mqtttest.Record(t, mqtt.New()).M
}

// newRecorded makes a component that reaches s, with all events recorded.
func newRecorded(t *testing.T, v mqtt.MQTTVersions, s *mqtttest.Server) *mqtttest.Recorder {
	t.Helper()
	m := mqtt.New()
	mqtt.SetDial(m, s.Dial)
	r := mqtttest.Record(t, m)
	r.Patience = s.Patience
	must(t, m.SetVersion(v))
	must(t, m.SetClientId("c"))
	must(t, m.SetRemoteHost(s.Host))
	must(t, m.SetRemotePort(s.Port))
	return r
}

// finish ends whatever m does, without leaving a goroutine.
func finish(t *testing.T, m *mqtt.MQTT) {
	t.Helper()
	must(t, m.Reset())
}

// memory makes a component and a server in memory.
func memory(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	s := mqtttest.NewMemoryServer(t)
	return newRecorded(t, v, s), s
}

// connected is memory with a connection that stands.
func connected(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server, *mqtttest.Conn) {
	t.Helper()
	r, s := memory(t, v)
	c := r.Connect(s, nil)
	r.Take()
	return r, s, c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks the number of an error.
func wantCode(t testing.TB, err error, code int) {
	t.Helper()
	if got := errors.Code(err); got != code {
		t.Errorf("error %v, want %d", err, code)
	}
}

// wantIs checks the cause of an error.
func wantIs(t testing.TB, err, cause error) {
	t.Helper()
	if !stderrors.Is(err, cause) {
		t.Errorf("%v does not wrap %v", err, cause)
	}
}

func config(t testing.TB, m *mqtt.MQTT, s string) string {
	t.Helper()
	got, err := m.Config(s)
	if err != nil {
		t.Fatalf("Config(%q): %v", s, err)
	}
	return got
}

// watchdog ends the program with all stacks when a test in real time hangs: when it does not end within more than a hundred
// times what it needs. Those in virtual time have the watchdog of bubble.Test.
func watchdog(t testing.TB) { watchdogAfter(t, 5*time.Minute) }

// watchdogAfter is watchdog for a test that takes d at most.
func watchdogAfter(t testing.TB, d time.Duration) {
	timer := time.AfterFunc(d, func() {
		b := make([]byte, 1<<20)
		panic(fmt.Sprintf("%s hangs:\n%s", t.Name(), b[:runtime.Stack(b, true)]))
	})
	t.Cleanup(func() { timer.Stop() })
}

// advance lets virtual time pass.
func advance(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

// states lists the messages of a list as id:state.
func states(l *mqtt.MQTTMessageList) string {
	var s []string
	for _, msg := range l.All() {
		s = append(s, fmt.Sprintf("%d:%d", msg.PacketId(), msg.State()))
	}
	return strings.Join(s, " ")
}

// last returns the arguments of the last event of type *T in a trace.
func last[T any](t testing.TB, trace mqtttest.Trace) *T {
	t.Helper()
	for i := len(trace) - 1; i >= 0; i-- {
		if a, is := trace[i].Args.(*T); is {
			return a
		}
	}
	t.Fatalf("no %T in:\n%s", *new(T), strings.Join(trace.Strings(), "\n"))
	return nil
}

// blockedDial never gets a connection before its context ends.
func blockedDial(release <-chan struct{}) mqtttest.DialFunc {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case <-release:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
