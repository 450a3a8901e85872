package mqtt_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// retrying is a component with ConnectRetry whose server is down.
func retrying(t *testing.T) (*mqtttest.Recorder, *switchedDial) {
	t.Helper()
	r, s := memory(t, mqtt.MvV5)
	d := &switchedDial{server: s}
	d.down.Store(true)
	mqtt.SetDial(r.M, d.dial)
	config(t, r.M, "ConnectRetry=True")
	return r, d
}

// Connect goes on until the server is there: with the waits of AutoReconnect, BeforeConnect ahead of each attempt, and one
// Connected.
func TestConnectRetry(t *testing.T) {
	for _, timeout := range []int{60, 0} {
		bubble.Test(t, func(t *testing.T) {
			r, d := retrying(t)
			must(t, r.M.SetTimeout(timeout))
			start := time.Now()
			done := r.Start(r.M.Connect)
			if timeout == 0 {
				must(t, r.Join(done))
			}
			for d.dialed.Load() < 5 {
				advance(time.Second)
				r.Pump()
			}
			if took := time.Since(start); took < 12*time.Second || took > 20*time.Second {
				t.Errorf("the fifth attempt came after %v, want 1 + 2 + 4 + 8 s, each a fifth more or less", took)
			}
			d.down.Store(false)
			d.server.ServeAll(t, func(*mqtttest.Conn, *mqtttest.Packet) bool { return true })
			if timeout > 0 {
				must(t, r.Join(done))
			}
			r.WaitFor("ReadyToSend", 1)
			if n := r.Trace().Count("Connected"); n != 1 {
				t.Errorf("Connected fired %d times: %v", n, r.Trace().Only("Connected").Strings())
			}
			if got := r.Trace().Count("BeforeConnect"); got != len(d.calls) {
				t.Errorf("BeforeConnect fired %d times for %d attempts", got, len(d.calls))
			}
			must(t, r.M.Disconnect())
		})
	}
}

// What ends the attempts: each way leaves an idle component, and Connect says why.
func TestConnectRetryEnds(t *testing.T) {
	refuse := func(code packet.ReasonCode) func(*testing.T, *mqtttest.Recorder, *switchedDial) {
		return func(t *testing.T, _ *mqtttest.Recorder, d *switchedDial) {
			d.down.Store(false)
			c := d.server.Accept(t)
			c.ExpectConnect()
			c.SendConnack(false, code, nil)
		}
	}
	for _, test := range []struct {
		name string
		end  func(t *testing.T, r *mqtttest.Recorder, d *switchedDial)
		code int
		told string
	}{
		{"Interrupt", func(t *testing.T, r *mqtttest.Recorder, _ *switchedDial) { must(t, r.M.Interrupt()) }, 301, ""},
		{"Disconnect", func(t *testing.T, r *mqtttest.Recorder, _ *switchedDial) { must(t, r.M.Disconnect()) }, 10061, ""},
		{"context", nil, 201, ""},
		{"refused for good", refuse(packet.ClientIdentifierNotValid), 500, "ConnectRetry gives up"},
		{"ReconnectAttempts", func(t *testing.T, r *mqtttest.Recorder, _ *switchedDial) { config(t, r.M, "ReconnectAttempts=3") }, 10061, "ConnectRetry gives up after 3 attempts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, d := retrying(t)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if test.end != nil {
					ctx = t.Context()
				}
				done := r.Start(func() error { return r.M.ConnectContext(ctx) })
				for d.dialed.Load() < 2 {
					advance(100 * time.Millisecond)
				}
				if test.end != nil {
					test.end(t, r, d)
				}
				wantCode(t, r.Join(done), test.code)
				synctest.Wait()
				calls := len(d.calls)
				advance(time.Hour)
				r.Pump()
				if len(d.calls) != calls {
					t.Errorf("%d attempts more", len(d.calls)-calls)
				}
				if told := strings.Join(r.Trace().Only("Error").Strings(), " "); (test.told == "") != (told == "") || !strings.Contains(told, test.told) {
					t.Errorf("told %q, want %q", told, test.told)
				}
				d.down.Store(false)
				c := r.Connect(d.server, nil)
				r.Disconnect(c)
			})
		})
	}
}
