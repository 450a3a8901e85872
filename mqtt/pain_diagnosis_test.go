package mqtt_test

import (
	"context"
	"crypto/x509"
	stderrors "errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// The first cause of a failed Connect is kept below its number: errors.Is and errors.As find it.
func TestPain33FirstCauseIsKept(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for _, row := range []struct {
		name  string
		code  int
		cause func(err error) bool
		play  func(t *testing.T) error
	}{
		{"pain 33: dial", 10061, func(err error) bool {
			var op *net.OpError
			return stderrors.Is(err, syscall.ECONNREFUSED) && stderrors.As(err, &op) && op.Op == "dial"
		}, func(t *testing.T) error {
			m := recorded(t)
			mqtt.SetDial(m, func(context.Context, string, string) (net.Conn, error) { return nil, refused })
			return m.ConnectTo("broker", 1883)
		}},
		{"pain 33: certificate", 275, func(err error) bool {
			var unknown x509.UnknownAuthorityError
			return stderrors.As(err, &unknown)
		}, func(t *testing.T) error {
			_, server := certified(t)
			r, s := secured(t, mqtt.MvV5, testpki.NewAuthority(t, "Other CA"), serverConfig(server))
			s.ServeAll(t, nil)
			return r.M.Connect()
		}},
		{"pain 33: reset before CONNACK", 10054, func(err error) bool { return stderrors.Is(err, syscall.ECONNRESET) }, func(t *testing.T) error {
			r, s := memory(t, mqtt.MvV5)
			done := r.Start(r.M.Connect)
			c := s.Accept(t)
			c.ExpectConnect()
			c.Reset()
			return r.Join(done)
		}},
		{"pain 33: end before CONNACK", 1120, func(err error) bool { return stderrors.Is(err, io.EOF) }, func(t *testing.T) error {
			r, s := memory(t, mqtt.MvV5)
			done := r.Start(r.M.Connect)
			c := s.Accept(t)
			c.ExpectConnect()
			c.Close()
			return r.Join(done)
		}},
		{"pain 33: a context", 301, func(err error) bool { return stderrors.Is(err, context.Canceled) }, func(t *testing.T) error {
			r, s := memory(t, mqtt.MvV5)
			ctx, cancel := context.WithCancel(t.Context())
			done := r.Start(func() error { return r.M.ConnectContext(ctx) })
			s.Accept(t)
			synctest.Wait()
			cancel()
			return r.Join(done)
		}},
	} {
		t.Run(row.name, inBubble(func(t *testing.T) {
			err := row.play(t)
			wantCode(t, err, row.code)
			if !row.cause(err) {
				t.Errorf("the cause is lost in %#v", err)
			}
		}))
	}
}

// When the server says nothing more, a failed write is the reason, and not how reading ended after it.
func TestPain33WriteErrorBeforeTheEnd(t *testing.T) {
	for name, end := range map[string]func(c *mqtttest.Conn){
		"closed": func(c *mqtttest.Conn) { c.Close() },
		"silent": func(*mqtttest.Conn) {}, // until the patience of the reader ends
	} {
		t.Run("pain 33: "+name, inBubble(func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			mqtt.SetDial(r.M, mqtttest.FaultyDial(s.Dial, mqtttest.Faults{FailWrite: 30}))
			c := r.Connect(s, nil)
			must(t, r.M.PublishMessage("a", 1, "more than is left of thirty bytes"))
			synctest.Wait()
			end(c)
			a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1))
			if !strings.Contains(a.Description, mqtttest.ErrWrite.Error()) {
				t.Errorf("%+v", a)
			}
		}))
	}
}

// A write that fails is not the last word: what the server said before it closed is what Disconnected tells.
func TestPain33ServersReasonBeforeTheWriteError(t *testing.T) {
	t.Run("pain 33", inBubble(func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		mqtt.SetDial(r.M, mqtttest.FaultyDial(s.Dial, mqtttest.Faults{FailWrite: 30}))
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage("a", 1, "more than is left of thirty bytes"))
		synctest.Wait()
		c.Send("E0 01 8B")
		a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1))
		if a.StatusCode != 500 || a.ReasonCode != 0x8B {
			t.Errorf("%+v", a)
		}
	}))
}
