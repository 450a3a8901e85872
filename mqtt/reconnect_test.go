package mqtt_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// switchedDial reaches the server, or is refused while down. It notes when it was called; dialed may be read
// while it is at work.
type switchedDial struct {
	server *mqtttest.Server
	down   atomic.Bool
	dialed atomic.Int64
	calls  []time.Time
	last   string // the address of the last call
}

func (d *switchedDial) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.calls, d.last = append(d.calls, time.Now()), address
	d.dialed.Add(1)
	if d.down.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return d.server.Dial(ctx, network, address)
}

// reconnecting is a connected component with AutoReconnect.
func reconnecting(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *switchedDial, *mqtttest.Conn) {
	t.Helper()
	r, s := memory(t, v)
	d := &switchedDial{server: s}
	mqtt.SetDial(r.M, d.dial)
	config(t, r.M, "AutoReconnect=True")
	must(t, r.M.SetCleanSession(false))
	c := r.Connect(s, nil)
	r.Take()
	d.calls = nil
	return r, d, c
}

// inTheBackground makes a component with AutoReconnect whose handlers run by themselves.
func inTheBackground(t *testing.T) (*mqtt.MQTT, *mqtttest.Server) {
	t.Helper()
	s := mqtttest.NewMemoryServer(t)
	m := mqtt.New()
	t.Cleanup(func() { finish(t, m) })
	mqtt.SetDial(m, s.Dial)
	must(t, m.SetRemoteHost("host"))
	config(t, m, "AutoReconnect=True")
	config(t, m, "BackgroundEvents=True")
	return m, s
}

// about reports whether got is want within the jitter of a fifth.
func about(got, want time.Duration) bool {
	return got >= want*79/100 && got <= want*121/100
}

// 1, 2, 4, 8, 16, 32, then every 60 seconds; each failure is logged and not told by Connected; then Connected and
// ReadyToSend again. BeforeConnect comes before each attempt.
func TestReconnectSchedule(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		lost := time.Now()
		d.down.Store(true)
		c.Reset()
		for n := 1; len(d.calls) < 9; n++ {
			r.WaitFor("BeforeConnect", n)
			synctest.Wait()
		}
		last := lost
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
			if got := d.calls[i].Sub(last); !about(got, want*time.Second) {
				t.Errorf("attempt %d after %v, want about %d s", i+1, got, want)
			}
			last = d.calls[i]
		}
		d.down.Store(false)
		if got := config(t, r.M, "ReconnectAttempt"); got != "10" {
			t.Errorf("ReconnectAttempt is %s", got)
		}
		r.WaitFor("BeforeConnect", 10)
		c = d.server.Accept(t)
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		trace := r.WaitFor("ReadyToSend", 1)
		if n := trace.Count("Connected"); n != 1 {
			t.Errorf("Connected fired %d times: %q", n, trace.Strings())
		}
		if got := config(t, r.M, "ReconnectAttempt"); got != "0" || !r.M.Connected() {
			t.Errorf("ReconnectAttempt is %s, connected %t", got, r.M.Connected())
		}

		// A connection that has not stood for long does not start the schedule anew; one that has, does.
		lost = time.Now()
		r.Take()
		c.Reset()
		r.WaitFor("BeforeConnect", 1)
		c = d.server.Accept(t)
		if got := time.Since(lost); !about(got, time.Minute) {
			t.Errorf("after a short connection %v", got)
		}
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		r.WaitFor("ReadyToSend", 1)
		advance(time.Minute)
		lost = time.Now()
		r.Take()
		c.Reset()
		r.WaitFor("BeforeConnect", 1)
		c = d.server.Accept(t)
		if got := time.Since(lost); !about(got, time.Second) {
			t.Errorf("after a long connection %v", got)
		}
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		r.WaitFor("ReadyToSend", 1)
	})
}

// A server that ends all connections at once does not get them all back at once.
func TestReconnectJitter(t *testing.T) { t.Run("pain 24", reconnectJitter) }

func reconnectJitter(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const n = 100
		s := mqtttest.NewMemoryServer(t)
		var mu sync.Mutex
		var open []net.Conn
		tenths := make(map[time.Duration]int)
		lost := time.Now()
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := s.Dial(ctx, network, address)
			mu.Lock()
			defer mu.Unlock()
			open = append(open, conn)
			tenths[time.Since(lost)/(100*time.Millisecond)]++
			return conn, err
		}
		s.ServeAll(t, nil)
		for range n {
			m := mqtt.New()
			t.Cleanup(func() { finish(t, m) })
			mqtt.SetDial(m, dial)
			must(t, m.SetRemoteHost("host"))
			config(t, m, "AutoReconnect=True")
			must(t, m.Connect())
		}
		synctest.Wait()
		mu.Lock()
		clear(tenths)
		lost = time.Now()
		for _, conn := range open {
			must(t, conn.Close())
		}
		mu.Unlock()
		advance(1300 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		for tenth := time.Duration(8); tenth < 12; tenth++ { // 25 are to be expected in each; 5 would be five deviations off
			if tenths[tenth] < 5 {
				t.Errorf("the attempts by tenths of a second: %v", tenths)
			}
		}
		if len(open) != 2*n {
			t.Errorf("%d attempts", len(open)-n)
		}
	})
}

// Without a pump and without a handler of BeforeConnect a connection comes back in the background, and its session with
// it: nothing that was accepted is lost, and the order stays.
func TestReconnectWithoutPump(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		s := mqtttest.NewMemoryServer(t)
		m := mqtt.New()
		t.Cleanup(func() { finish(t, m) })
		mqtt.SetDial(m, s.Dial)
		must(t, m.SetVersion(v))
		must(t, m.SetCleanSession(false))
		must(t, m.SetClientId("c"))
		must(t, m.SetRemoteHost("host"))
		config(t, m, "AutoReconnect=Yes")
		must(t, m.SetTimeout(0))
		must(t, m.Connect())
		c := s.AcceptConnected(t)
		synctest.Wait()
		must(t, m.PublishMessage("a", 1, "1"))
		must(t, m.PublishMessage("a", 2, "2"))
		c.ExpectPublish()
		c.Reset()
		c = s.Accept(t)
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		for i, want := range []string{"1", "2"} {
			if p := c.ExpectPublish(); string(p.Payload) != want || !p.Dup || int(p.PacketID) != i+1 {
				t.Errorf("sent %d %q DUP %t", p.PacketID, p.Payload, p.Dup)
			}
		}
		c.SendAck(packet.PUBACK, 1)
		synctest.Wait()
		if !m.Connected() || m.OutgoingMessages().Count() != 2 { // MessageOut waits for the pump
			t.Errorf("connected %t, %d outgoing", m.Connected(), m.OutgoingMessages().Count())
		}
	})
}

// The server has lost the session: the subscriptions are made again before anything else, unless Resubscribe is False.
func TestReconnectResubscribes(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		t.Run(fmt.Sprint("Resubscribe ", wanted), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, d, c := reconnecting(t, v)
				config(t, r.M, fmt.Sprintf("Resubscribe=%t", wanted))
				must(t, r.M.Subscribe("a,b", 1))
				c.ExpectType(packet.SUBSCRIBE)
				c.SendSuback(1, 1, 1)
				r.WaitFor("Subscribed", 2)
				must(t, r.M.PublishMessage("t", 1, "x"))
				c.ExpectPublish()
				r.Take()
				c.Reset()
				r.WaitFor("BeforeConnect", 1)
				c = d.server.Accept(t)
				c.ExpectConnect()
				c.SendConnack(false, 0, nil)
				if wanted {
					p := c.ExpectType(packet.SUBSCRIBE)
					c.SendSuback(uint16(p.Body[0])<<8|uint16(p.Body[1]), 1, 1)
					r.WaitFor("Subscribed", 2)
				}
				if p := c.ExpectPublish(); p.Dup {
					t.Error("DUP, although the server has no session")
				}
				c.ExpectNothing()
			})
		})
	}
}

// ending is what happens to the connection, or to the first attempt to bring it back.
type ending func(t *testing.T, r *mqtttest.Recorder, d *switchedDial, c *mqtttest.Conn)

// What ends it, and says why; and what does not.
func TestReconnectEnds(t *testing.T) {
	refuse := func(code packet.ReasonCode) ending {
		return func(t *testing.T, r *mqtttest.Recorder, d *switchedDial, c *mqtttest.Conn) {
			c.Reset()
			dialed := d.dialed.Load()
			r.Wait("an attempt", func(mqtttest.Trace) bool { return d.dialed.Load() > dialed })
			c = d.server.Accept(t)
			c.ExpectConnect()
			c.SendConnack(false, code, nil)
		}
	}
	goodbye := func(code packet.ReasonCode) ending {
		return func(_ *testing.T, _ *mqtttest.Recorder, _ *switchedDial, c *mqtttest.Conn) {
			c.SendDisconnect(code, nil)
		}
	}
	for _, row := range []struct {
		name    string
		version mqtt.MQTTVersions
		do      ending
		goesOn  bool
		silent  bool
	}{
		{"not authorized", mqtt.MvV5, refuse(packet.NotAuthorized), false, false},
		{"bad password", mqtt.MvV5, refuse(packet.BadUserNameOrPassword), false, false},
		{"use another server", mqtt.MvV5, refuse(packet.UseAnotherServer), true, false},
		{"use another server, said later", mqtt.MvV5, goodbye(packet.UseAnotherServer), true, false},
		{"identifier not valid", mqtt.MvV5, refuse(packet.ClientIdentifierNotValid), false, false},
		{"server busy", mqtt.MvV5, refuse(packet.ServerBusy), true, false},
		{"server unavailable", mqtt.MvV5, refuse(packet.ServerUnavailable), true, false},
		{"3.1.1 server unavailable", mqtt.MvV3, refuse(3), true, false},
		{"3.1.1 bad password", mqtt.MvV3, refuse(4), false, false},
		{"3.1.1 not authorized", mqtt.MvV3, refuse(5), false, false},
		{"session taken over", mqtt.MvV5, goodbye(packet.SessionTakenOver), false, false},
		{"administrative action", mqtt.MvV5, goodbye(packet.AdministrativeAction), false, false},
		{"server moved", mqtt.MvV5, goodbye(packet.ServerMoved), false, false},
		{"shutting down", mqtt.MvV5, goodbye(packet.ServerShuttingDown), true, false},
		{"keep-alive timeout", mqtt.MvV5, goodbye(packet.KeepAliveTimeout), true, false},
		{"disconnected in order", mqtt.MvV5, goodbye(0), false, true},
		{"Disconnect", mqtt.MvV5, func(t *testing.T, r *mqtttest.Recorder, _ *switchedDial, _ *mqtttest.Conn) { must(t, r.M.Disconnect()) }, false, true},
		{"Interrupt", mqtt.MvV5, func(t *testing.T, r *mqtttest.Recorder, _ *switchedDial, _ *mqtttest.Conn) { must(t, r.M.Interrupt()) }, false, true},
		{"closed by the server", mqtt.MvV3, func(_ *testing.T, _ *mqtttest.Recorder, _ *switchedDial, c *mqtttest.Conn) { c.Close() }, true, false},
	} {
		t.Run("pain 24: "+row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, d, c := reconnecting(t, row.version)
				mqtt.ForgetBeforeConnect(r.M) // without it nobody could bring other credentials
				row.do(t, r, d, c)
				if row.goesOn {
					dialed := d.dialed.Load()
					r.Wait("another attempt", func(mqtttest.Trace) bool { return d.dialed.Load() > dialed })
					return
				}
				d.calls = nil
				for range 200 {
					advance(time.Second)
					r.Pump()
				}
				if len(d.calls) > 0 || config(t, r.M, "ReconnectAttempt") != "0" {
					t.Errorf("%d attempts more", len(d.calls))
				}
				told := strings.Contains(strings.Join(r.Trace().Only("Error").Strings(), "\n"), "AutoReconnect gives up")
				if told == row.silent {
					t.Errorf("told %t: %q", told, r.Trace().Strings())
				}
			})
		})
	}
}

// Whoever is refused for its credentials is asked for others before each attempt; ReconnectAttempts bounds that. Inside
// BeforeConnect everything may be assigned that carries them.
func TestCredentialsAreRenewed(t *testing.T) {
	for _, test := range []struct {
		version mqtt.MQTTVersions
		code    packet.ReasonCode
	}{
		{mqtt.MvV3, 4},
		{mqtt.MvV3, 5},
		{mqtt.MvV5, packet.BadUserNameOrPassword},
		{mqtt.MvV5, packet.NotAuthorized},
		{mqtt.MvV5, packet.BadAuthenticationMethod},
	} {
		t.Run(fmt.Sprintf("%s code %d", versionName(test.version), test.code), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, d, c := reconnecting(t, test.version)
				asked := 0
				r.On("BeforeConnect", func(any) {
					asked++
					must(t, r.M.SetUser("u"))
					must(t, r.M.SetPassword(fmt.Sprint("token", asked)))
					must(t, r.M.SetRemoteHost(fmt.Sprintf("host%d", asked)))
					must(t, r.M.SetRemotePort(1883+asked))
					must(t, r.M.SetSSLCert(certificate.New()))
					config(t, r.M, "WebSocketHeaders=Authorization: Bearer x")
					config(t, r.M, `ConnectProperties={"ReceiveMaximum":10}`)
				})
				c.Reset()
				for n := 1; n <= 3; n++ {
					r.Wait("the attempt", func(mqtttest.Trace) bool { return asked == n })
					c = d.server.Accept(t)
					if p := c.ExpectConnect(); string(p.Password) != fmt.Sprint("token", n) {
						t.Errorf("attempt %d: password %q", n, p.Password)
					}
					if got, want := d.last, fmt.Sprintf("host%d:%d", n, 1883+n); got != want {
						t.Errorf("attempt %d went to %s, want %s", n, got, want)
					}
					if n < 3 {
						c.SendConnack(false, test.code, nil)
					} else {
						c.SendConnack(false, packet.Success, nil)
					}
				}
				r.WaitFor("ReadyToSend", 1)
				config(t, r.M, "ReconnectAttempts=2")
				c.Reset()
				for range 2 {
					asked := asked
					r.Wait("the attempt", func(mqtttest.Trace) bool { return len(r.Trace().Only("BeforeConnect")) > asked })
					c = d.server.Accept(t)
					c.ExpectConnect()
					c.SendConnack(false, test.code, nil)
				}
				r.Wait("the end", func(trace mqtttest.Trace) bool {
					return strings.Contains(strings.Join(trace.Only("Error").Strings(), " "), "AutoReconnect gives up")
				})
			})
		})
	}
}

// ReconnectOn overrules what is done after a reason code.
func TestReconnectOn(t *testing.T) {
	for _, test := range []struct {
		code    packet.ReasonCode
		setting string
		goesOn  bool
	}{
		{packet.AdministrativeAction, "152", true},
		{packet.AdministrativeAction, "-136,151", false},
		{packet.ServerShuttingDown, "-139", false},
		{packet.ServerShuttingDown, "139", true},
	} {
		t.Run(fmt.Sprintf("%d, ReconnectOn=%s", test.code, test.setting), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, d, c := reconnecting(t, mqtt.MvV5)
				config(t, r.M, "ReconnectOn="+test.setting)
				c.SendDisconnect(test.code, nil)
				r.WaitFor("Disconnected", 1)
				for range 10 {
					advance(time.Second)
					r.Pump()
				}
				if goesOn := len(d.calls) > 0; goesOn != test.goesOn {
					t.Errorf("another attempt: %t, want %t", goesOn, test.goesOn)
				}
			})
		})
	}
}

// When Connected says false the component is idle for the program: setters and Connect work at once, with no event
// missing.
func TestConnectAfterTheEnd(t *testing.T) {
	for _, end := range []string{"Interrupt", "reset", "reset, and AutoReconnect", "Interrupt of an attempt"} {
		t.Run(end, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				switch end {
				case "Interrupt of an attempt":
					must(t, r.M.SetTimeout(0))
					must(t, r.M.Connect())
					s.Accept(t).ExpectConnect()
					must(t, r.M.Interrupt())
					must(t, r.M.SetTimeout(60))
				case "Interrupt":
					r.Connect(s, nil)
					must(t, r.M.Interrupt())
				default:
					if strings.Contains(end, "AutoReconnect") {
						config(t, r.M, "AutoReconnect=True")
					}
					r.Connect(s, nil).Reset()
					for r.M.Connected() {
						synctest.Wait()
					}
				}
				must(t, r.M.SetUser("another"))
				must(t, r.M.SetKeepAliveInterval(7))
				done := r.Start(func() error { return r.M.ConnectTo(s.Host, s.Port) })
				c := s.Accept(t)
				c.ExpectConnect()
				c.SendConnack(false, packet.Success, nil)
				must(t, r.Join(done))
				r.Disconnect(c)
			})
		})
	}
}

// ReconnectAttempts bounds the attempts; what then ends it is told with the last reason.
func TestReconnectAttempts(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, d, c := reconnecting(t, mqtt.MvV3)
		config(t, r.M, "ReconnectAttempts=3")
		config(t, r.M, "ReconnectDelayMin=2")
		config(t, r.M, "ReconnectDelayMax=3")
		d.down.Store(true)
		start := time.Now()
		c.Reset()
		r.Wait("the end", func(trace mqtttest.Trace) bool {
			return trace.Count("Error") > 0 && strings.Contains(trace.Last("Error").Args.(*mqtt.ErrorEventArgs).Description, "3 attempts")
		})
		if e := last[mqtt.ErrorEventArgs](t, r.Trace()); e.ErrorCode != 10061 {
			t.Errorf("Error %+v", e)
		}
		if got := time.Since(start); len(d.calls) != 3 || !about(got, 8*time.Second) {
			t.Errorf("%d attempts in %v", len(d.calls), got)
		}
		d.down.Store(false)
		r.Take()
		r.Connect(d.server, nil) // the program's own Connect works as ever
	})
}

// A Disconnect that comes while the connection is closed for another reason ends AutoReconnect too.
func TestDisconnectWhileTheConnectionEnds(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		c.Send("00 00") // for which the connection is closed, once the server has closed its side
		synctest.Wait()
		must(t, r.M.Disconnect())
		for range 100 {
			advance(time.Second)
			r.Pump()
		}
		if len(d.calls) > 0 {
			t.Errorf("%d attempts after Disconnect", len(d.calls))
		}
	})
}

// Each of these ends the waiting for the next attempt, and an attempt under way, at once.
func TestReconnectIsEnded(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, m *mqtt.MQTT){
		"Disconnect": func(t *testing.T, m *mqtt.MQTT) { must(t, m.Disconnect()) },
		"Interrupt":  func(t *testing.T, m *mqtt.MQTT) { must(t, m.Interrupt()) },
		"Reset":      func(t *testing.T, m *mqtt.MQTT) { must(t, m.Reset()) },
		"setting":    func(t *testing.T, m *mqtt.MQTT) { config(t, m, "AutoReconnect=False") },
	} {
		for _, stage := range []string{"waiting", "asking", "dialing", "awaiting CONNACK"} {
			t.Run(name+" "+stage, func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, d, c := reconnecting(t, mqtt.MvV5)
					release := make(chan struct{})
					if stage == "dialing" {
						mqtt.SetDial(r.M, blockedDial(release))
					}
					c.Reset()
					r.WaitFor("Disconnected", 1)
					switch stage {
					case "asking":
						advance(2 * time.Second) // the question waits for the pump
					case "dialing", "awaiting CONNACK":
						r.WaitFor("BeforeConnect", 1)
						synctest.Wait()
					}
					if stage == "awaiting CONNACK" {
						d.server.Accept(t).ExpectConnect()
					}
					if name == "Reset" {
						r.WasReset()
					}
					end(t, r.M)
					synctest.Wait()
					if name == "setting" && stage != "waiting" { // what is under way goes on, and is the last
						close(release)
						r.Lenient()
						_ = r.M.Interrupt()
					}
					d.calls = nil
					for range 100 {
						advance(time.Second)
						r.Pump()
					}
					if len(d.calls) > 0 || config(t, r.M, "ReconnectAttempt") != "0" {
						t.Errorf("%d attempts more, ReconnectAttempt %s", len(d.calls), config(t, r.M, "ReconnectAttempt"))
					}
					must(t, r.M.SetRemotePort(1)) // it is idle
				})
			})
		}
	}
}

// While an attempt is waited for the component is idle: the host may be changed, and Connect takes over.
func TestReconnectMeanwhile(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, d, c := reconnecting(t, mqtt.MvV3)
		c.Reset()
		r.WaitFor("Disconnected", 1)
		wantCode(t, r.M.PublishMessage("a", 0, ""), 212)
		must(t, r.M.SetRemoteHost("other"))
		r.Take()
		r.Connect(d.server, nil)
		d.calls = nil
		advance(time.Minute)
		if len(d.calls) > 0 {
			t.Error("an attempt beside the connection")
		}
	})
}

// BeforeConnect may change ClientId and CleanSession for each attempt, and the program its password.
func TestReconnectRenewsCredentials(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, d, c := reconnecting(t, mqtt.MvV5)
		must(t, r.M.SetUser("u"))
		n := 0
		r.On("BeforeConnect", func(any) {
			n++
			must(t, r.M.SetPassword(fmt.Sprint("token", n)))
		})
		for i := 1; i <= 3; i++ {
			c.Reset()
			r.WaitFor("BeforeConnect", i)
			c = d.server.Accept(t)
			if p := c.ExpectConnect(); string(p.Password) != fmt.Sprint("token", i) {
				t.Errorf("attempt %d with %s", i, p.Password)
			}
			c.SendConnack(true, 0, nil)
			r.WaitFor("ReadyToSend", i)
		}
	})
}

// With BackgroundEvents the handlers run by themselves, BeforeConnect of an attempt too.
func TestReconnectInTheBackground(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		m, s := inTheBackground(t)
		connected := make(chan int, 8)
		m.OnBeforeConnect = func(*mqtt.BeforeConnectEventArgs) {}
		m.OnConnected = func(e *mqtt.ConnectedEventArgs) { connected <- e.StatusCode }
		must(t, m.SetTimeout(0))
		done := make(chan error, 1)
		go func() { done <- m.Connect() }()
		for range 5 {
			c := s.AcceptConnected(t)
			if code := <-connected; code != 0 {
				t.Fatal(code)
			}
			c.Reset()
		}
		must(t, <-done)
		synctest.Wait()
	})
}

// PublishAndWait goes on over a reconnection.
func TestPublishAndWaitOverReconnection(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		done := r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("x")) })
		c.ExpectPublish()
		c.Reset()
		c = d.server.Accept(t)
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		c.SendAck(packet.PUBACK, c.ExpectPublish().PacketID)
		must(t, r.Join(done))
	})
}

// ReconnectAttempts holds also when it is lowered below the number of the attempt that is waited for.
func TestReconnectAttemptsLowered(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, d, c := reconnecting(t, mqtt.MvV3)
		d.down.Store(true)
		c.Reset()
		r.WaitFor("BeforeConnect", 4)
		config(t, r.M, "ReconnectAttempts=2")
		synctest.Wait()
		d.calls = nil
		for range 200 {
			advance(time.Second)
			r.Pump()
		}
		if len(d.calls) > 1 {
			t.Errorf("%d attempts more", len(d.calls))
		}
	})
}

// What the program ends begins with the shortest delay the next time.
func TestReconnectDelayAfterDisconnect(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, d, c := reconnecting(t, mqtt.MvV3)
		d.down.Store(true)
		c.Reset()
		r.WaitFor("BeforeConnect", 8)
		must(t, r.M.Disconnect())
		d.down.Store(false)
		r.Take()
		c = r.Connect(d.server, nil)
		r.Take()
		lost := time.Now()
		c.Reset()
		r.WaitFor("BeforeConnect", 1)
		if got := time.Since(lost); !about(got, time.Second) {
			t.Errorf("the first attempt after %v", got)
		}
	})
}

// Giving up is told in the background too, where nothing else is left to tell.
func TestReconnectGivesUpInTheBackground(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		m, s := inTheBackground(t)
		told := make(chan int, 8)
		m.OnError = func(e *mqtt.ErrorEventArgs) { told <- e.ErrorCode }
		done := make(chan error, 1)
		go func() { done <- m.Connect() }()
		c := s.AcceptConnected(t)
		must(t, <-done)
		c.Reset()
		synctest.Wait()
		must(t, m.SetRemoteHost(""))
		if code := <-told; code != 102 {
			t.Errorf("Error %d", code)
		}
	})
}

// What BeforeConnect changes counts for the attempt, the settings of the transport included.
func TestBeforeConnectChangesSettings(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		must(t, r.M.SetRemoteHost("ws://host/mqtt"))
		r.On("BeforeConnect", func(any) { config(t, r.M, "WebSocketHeaders=X-Token: new") })
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		var request [4096]byte
		n, err := c.NetConn().Read(request[:])
		must(t, err)
		if !strings.Contains(string(request[:n]), "X-Token: new") {
			t.Errorf("the request is %s", request[:n])
		}
		c.Close()
		if r.Join(done) == nil {
			t.Error("connected")
		}
	})
}

// A message that is dropped with its session is told to be, whether AutoReconnect would have waited or not.
func TestPublishAndWaitWhileDisconnecting(t *testing.T) {
	for _, wanted := range []string{"False", "True"} {
		bubble.Test(t, func(t *testing.T) {
			r, _, c := connected(t, mqtt.MvV3)
			config(t, r.M, "AutoReconnect="+wanted)
			waits := r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("x")) })
			c.ExpectPublish()
			synctest.Wait()
			r.Disconnect(c)
			wantCode(t, r.Join(waits), 212)
		})
	}
}

// A refusal and a goodbye of the server are told as what they are, once, with the reason code in errors.Error.
func TestRefusalsInWords(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		c.ExpectConnect()
		c.SendConnack(false, packet.BadUserNameOrPassword, nil)
		err := r.Join(done)
		const want = "[500] The server refused the connection: CONNACK with 134 (0x86) Bad User Name or Password."
		if fmt.Sprint(err) != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
		var told *errors.Error
		if !stderrors.As(err, &told) || told.ReasonCode != 134 {
			t.Errorf("ReasonCode of %+v", told)
		}
		config(t, r.M, "AutoReconnect=True")
		c = r.Connect(s, nil)
		c.SendDisconnect(packet.SessionTakenOver, nil)
		r.Wait("the end", func(trace mqtttest.Trace) bool { return trace.Count("Error") == 2 })
		const goodbye = "The server ended the connection: DISCONNECT with 142 (0x8E) Session taken over."
		for i, want := range []string{goodbye, "AutoReconnect gives up. " + goodbye} {
			if got := r.Trace().Only("Error")[i].Args.(*mqtt.ErrorEventArgs).Description; got != want {
				t.Errorf("Error %d says %q, want %q", i, got, want)
			}
		}
	})
}
