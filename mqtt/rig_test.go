package mqtt_test

import (
	"context"
	stderrors "errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

func TestMain(m *testing.M) { mqtttest.Main(m) }

// What the tests of other packages have too.
var (
	bothVersions = mqtttest.Versions
	versionName  = mqtttest.VersionName
	eachVersion  = mqtttest.EachVersion
	must         = mqtttest.Must
	wantCode     = mqtttest.WantCode
	config       = mqtttest.Config
	lasting      = mqtttest.Lasting
	states       = mqtttest.States
	watchdog     = mqtttest.Watchdog
)

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

// wantIs checks the cause of an error.
func wantIs(t testing.TB, err, cause error) {
	t.Helper()
	if !stderrors.Is(err, cause) {
		t.Errorf("%v does not wrap %v", err, cause)
	}
}

// advance lets virtual time pass.
func advance(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
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
