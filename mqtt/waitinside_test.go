package mqtt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// DoEvents inside a handler waits before it refuses, so that a loop around it does not spin (issue 14, 28).
func TestDoEventsInsideHandlerWaits(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		config(t, r.M, "SelectWaitMillis=50")
		waited := time.Duration(0)
		r.On("Connected", func(any) {
			start := time.Now()
			wantCode(t, r.M.DoEvents(), 143)
			waited = time.Since(start)
		})
		c := r.Connect(s, nil)
		if waited != 50*time.Millisecond {
			t.Errorf("it took %v", waited)
		}
		r.Disconnect(c)
	})
}

// The handler of BeforeConnect sees the ClientId that is made of an empty one, and CONNECT has it (issue 14, 26).
func TestBeforeConnectShowsClientId(t *testing.T) {
	r, s := memory(t, mqtt.MvV5)
	must(t, r.M.SetClientId(""))
	seen := ""
	r.On("BeforeConnect", func(e any) { seen = e.(*mqtt.BeforeConnectEventArgs).ClientId })
	done := r.Start(r.M.Connect)
	c := s.Accept(t)
	if sent := c.ExpectConnect().ClientID; seen == "" || string(sent) != seen || r.M.ClientId() != seen {
		t.Errorf("the handler saw %q, CONNECT has %q, ClientId is %q", seen, sent, r.M.ClientId())
	}
	c.SendConnack(false, 0, nil)
	must(t, r.Join(done))
}

// An error says what it is about once.
func TestErrorsOfFixedPropertiesSayItOnce(t *testing.T) {
	r, _, _ := connected(t, mqtt.MvV5)
	for name, err := range map[string]error{
		"RemotePort": r.M.SetRemotePort(1), "RemoteHost": r.M.SetRemoteHost("a"), "LocalPort": r.M.SetLocalPort(1), "LocalHost": r.M.SetLocalHost("a"),
		"Version": r.M.SetVersion(mqtt.MvV3),
	} {
		if n := strings.Count(err.Error(), "cannot be changed"); n != 1 || !strings.Contains(err.Error(), name) || !strings.HasSuffix(err.Error(), "Disconnect first.") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
