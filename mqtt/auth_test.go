package mqtt_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The exchange of RFC 7677, section 3.
func TestSCRAMVector(t *testing.T) {
	const (
		first     = "n=user,r=rOprNGfwEbeRWgbNEkqO"
		challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
		answer    = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
		last      = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	)
	s := &scram{user: "user", password: "pencil", first: first, nonce: "rOprNGfwEbeRWgbNEkqO"}
	if err := s.verify([]byte("v=")); err == nil {
		t.Error("a server that has proved nothing is verified")
	}
	got, err := s.answer([]byte(challenge))
	if err != nil || string(got) != answer {
		t.Fatalf("the answer is %s, %v", got, err)
	}
	if err := s.verify([]byte("v=AAriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); err == nil {
		t.Error("a wrong signature is verified")
	}
	if err := s.verify([]byte(last)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "r=x,s=AA==,i=4096", strings.Replace(challenge, "i=4096", "i=1", 1), strings.Replace(challenge, "s=W", "s=!", 1), "r=" + s.nonce + ",s=AA==,i=4096"} {
		if _, err := s.answer([]byte(bad)); err == nil {
			t.Errorf("the challenge %q is answered", bad)
		}
	}
}

// login is a component that logs in with SCRAM-SHA-256, as docs/authentication.md shows it, and a server in memory that
// asks for it.
type login struct {
	*mqtttest.Recorder
	s        *mqtttest.Server
	scram    *scram
	server   scramServer
	latest   func() *mqtttest.Conn
	verified int // steps that proved the server
	refused  error
	secrets  [][]byte // what Log must not tell
}

func newLogin(t *testing.T, password string) *login {
	t.Helper()
	r, s := memory(t, mqtt.MvV5)
	r.Patience = time.Hour
	g := &login{Recorder: r, s: s, scram: &scram{user: "user1", password: password}, server: scramServer{user: "user1", password: "pass1"}}
	g.latest = s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
		reply, last := g.server.answer(p.Type(), p.Body)
		if reply == nil {
			return true
		}
		_ = c.TrySend(reply)
		if last {
			c.Close()
		}
		return false
	})
	r.On("BeforeConnect", func(any) { g.begin(t) })
	r.On("Auth", func(a any) { g.step(a.(*mqtt.AuthEventArgs)) })
	r.On("ConnAck", func(a any) {
		e := a.(*mqtt.ConnAckEventArgs)
		if e.ReasonCode != 0 {
			return
		}
		var p struct{ AuthenticationMethod, AuthenticationData string }
		must(t, json.Unmarshal([]byte(e.Properties), &p))
		data, err := hex.DecodeString(p.AuthenticationData)
		if err != nil || p.AuthenticationMethod != "SCRAM-SHA-256" {
			t.Errorf("ConnAck has the properties %s", e.Properties)
		}
		g.verify(data)
	})
	return g
}

func (g *login) begin(t *testing.T) {
	config(t, g.M, fmt.Sprintf(`ConnectProperties={"AuthenticationMethod":"SCRAM-SHA-256","AuthenticationData":"%x"}`, g.secret(g.scram.begin())))
}

func (g *login) secret(b []byte) []byte {
	g.secrets = append(g.secrets, b)
	return b
}

func (g *login) step(e *mqtt.AuthEventArgs) {
	if e.ReasonCode == 0 {
		g.verify(e.AuthData)
		return
	}
	answer, err := g.scram.answer(g.secret(e.AuthData))
	if err == nil {
		err = g.M.Auth(false, mqtt.AuthProperties{AuthData: g.secret(answer)})
	}
	if err != nil {
		g.refused = err
	}
}

func (g *login) verify(data []byte) {
	if err := g.scram.verify(g.secret(data)); err != nil {
		g.refused = err
		_ = g.M.DisconnectWith(128, mqtt.DisconnectProperties{})
		return
	}
	g.verified++
}

func (g *login) again() error {
	return g.M.Auth(true, mqtt.AuthProperties{AuthData: g.secret(g.scram.begin())})
}

// names are the events without Log and without arguments.
func names(trace mqtttest.Trace) string {
	var list []string
	for _, e := range trace.Without("Log") {
		list = append(list, e.Name)
	}
	return strings.Join(list, " ")
}

const loginEvents = "BeforeConnect ConnectionStatus Auth ConnAck Connected ReadyToSend"

// A complete login in each way to connect, then a new authentication with messages meanwhile.
func TestSCRAMLogin(t *testing.T) {
	for name, connect := range map[string]func(t *testing.T, g *login){
		"Connect":        func(t *testing.T, g *login) { must(t, g.M.Connect()) },
		"ConnectContext": func(t *testing.T, g *login) { must(t, g.M.ConnectContext(t.Context())) },
		"Timeout 0": func(t *testing.T, g *login) {
			must(t, g.M.SetTimeout(0))
			must(t, g.M.Connect())
			g.WaitFor("ReadyToSend", 1)
		},
		"Run on another goroutine": func(t *testing.T, g *login) {
			ctx, cancel := context.WithCancel(t.Context())
			done := g.Start(func() error { return g.M.Run(ctx) })
			must(t, g.M.Connect())
			cancel()
			must(t, g.Join(done))
			g.WaitFor("ReadyToSend", 1)
		},
		"inside a handler, Timeout 0": func(t *testing.T, g *login) {
			must(t, g.M.Connect())
			must(t, g.M.SetTimeout(0))
			g.On("BeforeConnect", nil) // it comes too late
			g.On("Disconnected", func(any) {
				g.verified = 0
				g.Take()
				g.begin(t)
				must(t, g.M.Connect())
			})
			must(t, g.M.Disconnect())
			g.WaitFor("ReadyToSend", 1)
			g.On("Disconnected", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				g := newLogin(t, "pass1")
				connect(t, g)
				if got := names(g.Take()); got != loginEvents {
					t.Errorf("the events were %s", got)
				}
				if g.verified != 1 || g.refused != nil || !g.M.Connected() {
					t.Fatalf("verified %d times, refused %v, connected %t", g.verified, g.refused, g.M.Connected())
				}
				must(t, g.again())
				must(t, g.M.PublishMessage("a", 1, "meanwhile"))
				g.WaitFor("Auth", 2)
				trace := g.WaitFor("MessageAck", 1)
				if a := last[mqtt.AuthEventArgs](t, trace); a.ReasonCode != 0 || a.ReasonName != "Success" || a.AuthMethod != "SCRAM-SHA-256" {
					t.Errorf("the last Auth is %+v", a)
				}
				if g.verified != 2 {
					t.Errorf("verified %d times", g.verified)
				}
				must(t, g.again())
				g.Wait("the third", func(mqtttest.Trace) bool { return g.verified == 3 })
				must(t, g.M.Disconnect())
			})
		})
	}
}

func TestSCRAMLoginInBackground(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		g := newLogin(t, "pass1")
		config(t, g.M, "BackgroundEvents=True")
		must(t, g.M.Connect())
		synctest.Wait()
		must(t, g.again())
		synctest.Wait()
		if got := names(g.Take()); got != loginEvents+" Auth Auth" {
			t.Errorf("the events were %s", got)
		}
		if g.verified != 2 {
			t.Errorf("verified %d times", g.verified)
		}
		must(t, g.M.Disconnect())
	})
}

// The server refuses.
func TestSCRAMRejected(t *testing.T) {
	t.Run("MQTT5-4.12.0-4 wrong password", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			g := newLogin(t, "pass2")
			err := g.M.Connect()
			wantCode(t, err, 500)
			if !strings.Contains(err.Error(), "135 (0x87) Not authorized") {
				t.Errorf("error %v", err)
			}
			trace := g.Take()
			if got := names(trace); got != "BeforeConnect ConnectionStatus Auth ConnAck ConnectionStatus Connected" {
				t.Errorf("the events were %s", got)
			}
			if a := last[mqtt.ConnAckEventArgs](t, trace); a.ReasonCode != 135 {
				t.Errorf("%+v", a)
			}
			if a := last[mqtt.ConnectedEventArgs](t, trace); a.StatusCode != 500 {
				t.Errorf("%+v", a)
			}
			if g.verified != 0 {
				t.Error("the server is verified")
			}
			g.scram.password = "pass1"
			must(t, g.M.Connect())
			must(t, g.M.Disconnect())
		})
	})
	t.Run("MQTT5-4.12.0-1 a method that the server does not have", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			g := newLogin(t, "pass1")
			g.On("BeforeConnect", func(any) { config(t, g.M, `ConnectProperties={"AuthenticationMethod":"GS2-KRB5"}`) })
			wantCode(t, g.M.Connect(), 500)
			if a := last[mqtt.ConnAckEventArgs](t, g.Trace()); a.ReasonCode != 140 || a.ReasonName != "Bad authentication method" {
				t.Errorf("%+v", a)
			}
		})
	})
	t.Run("MQTT5-4.12.1-2 wrong password on the standing connection", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			g := newLogin(t, "pass1")
			must(t, g.M.Connect())
			g.Take()
			g.scram.password = "pass2"
			must(t, g.again())
			trace := g.WaitFor("Disconnected", 1)
			if got := names(trace); got != "Auth Error ConnectionStatus Disconnected" {
				t.Errorf("the events were %s", got)
			}
			if a := last[mqtt.DisconnectedEventArgs](t, trace); a.StatusCode != 500 || a.ReasonCode != 135 || a.ReasonName != "Not authorized" {
				t.Errorf("%+v", a)
			}
			if got := config(t, g.M, "DisconnectReasonCode"); got != "135" {
				t.Errorf("DisconnectReasonCode is %s", got)
			}
			wantCode(t, g.again(), 212)
		})
	})
}

// The program refuses the server.
func TestSCRAMForgedServer(t *testing.T) {
	t.Run("in CONNACK", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			g := newLogin(t, "pass1")
			g.server.forge = true
			must(t, g.M.Connect()) // it was accepted; the handler has ended the connection again
			if g.refused == nil || g.verified != 0 || g.M.Connected() {
				t.Errorf("refused %v, verified %d times, connected %t", g.refused, g.verified, g.M.Connected())
			}
			trace := g.WaitFor("Disconnected", 1)
			if a := last[mqtt.DisconnectedEventArgs](t, trace); a.StatusCode != 0 {
				t.Errorf("%+v", a)
			}
		})
	})
	t.Run("MQTT5-4.12.1-2 in AUTH", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			g := newLogin(t, "pass1")
			must(t, g.M.Connect())
			g.server.forge = true
			must(t, g.again())
			g.WaitFor("Disconnected", 1)
			if g.refused == nil || g.verified != 1 {
				t.Errorf("refused %v, verified %d times", g.refused, g.verified)
			}
		})
	})
	t.Run("in the challenge", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			g := newLogin(t, "pass1")
			g.On("Auth", func(any) { must(t, g.M.Disconnect()) })
			wantCode(t, g.M.Connect(), 301)
			if a := last[mqtt.ConnectedEventArgs](t, g.Trace()); a.StatusCode != 301 {
				t.Errorf("%+v", a)
			}
		})
	})
}

// No authentication data is in Log or in an error at any level.
func TestAuthDataIsSecret(t *testing.T) {
	for _, masked := range []bool{true, false} {
		t.Run(fmt.Sprint(masked), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				g := newLogin(t, "pass1")
				config(t, g.M, "LogLevel=3")
				config(t, g.M, fmt.Sprint("MaskSensitiveData=", masked))
				must(t, g.M.Connect())
				must(t, g.again())
				g.Wait("the end", func(mqtttest.Trace) bool { return g.verified == 2 })
				_, err := g.M.Config(`ConnectProperties={"AuthenticationData":"` + hex.EncodeToString(g.secrets[0]) + `0"}`)
				wantCode(t, err, 10022)
				said := err.Error()
				err = g.M.Auth(false, mqtt.AuthProperties{AuthData: g.secrets[0], AuthMethod: "x"})
				said += err.Error()
				must(t, g.M.Disconnect())
				for _, e := range g.Trace().Only("Log", "Error", "Connected", "Disconnected", "ConnectionStatus") {
					said += e.String()
				}
				if len(g.secrets) != 8 {
					t.Fatalf("%d secrets", len(g.secrets))
				}
				told := 0
				said = strings.ToUpper(strings.ReplaceAll(said, " ", ""))
				for _, secret := range g.secrets {
					if strings.Contains(said, strings.ToUpper(hex.EncodeToString(secret))) || strings.Contains(said, strings.ToUpper(string(secret))) {
						told++
					}
				}
				if masked && told != 0 || !masked && told != len(g.secrets) {
					t.Errorf("%d of %d are told in\n%s", told, len(g.secrets), said)
				}
			})
		})
	}
}

// authenticating begins to connect with method m and returns the server's end, which has read CONNECT.
func authenticating(t *testing.T, r *mqtttest.Recorder, s *mqtttest.Server) (*mqtttest.Conn, <-chan error) {
	t.Helper()
	config(t, r.M, `ConnectProperties={"AuthenticationMethod":"m"}`)
	done := r.Start(r.M.Connect)
	c := s.Accept(t)
	c.ExpectConnect()
	return c, done
}

const (
	challengeM = "F0 0A 18 08 15 00 01 6D 16 00 01 63"
	connackM   = "20 07 00 00 04 15 00 01 6D"
)

// Everything that an AUTH carries, both ways.
func TestAuthProperties(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		r.On("Auth", func(any) {
			must(t, r.M.Auth(false, mqtt.AuthProperties{
				AuthMethod: "m", AuthData: []byte{0, 255}, ReasonString: "why", UserProperties: []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}},
			}))
		})
		c, done := authenticating(t, r, s)
		c.Send("F0 1E 18 1C 15 00 01 6D 16 00 01 63 1F 00 03 62 65 63 26 00 01 6B 00 01 32 26 00 01 6B 00 01 31")
		c.Expect("F0 1F 18 1D 15 00 01 6D 16 00 02 00 FF 1F 00 03 77 68 79 26 00 01 61 00 01 31 26 00 01 61 00 01 32")
		r.On("Auth", func(any) { must(t, r.M.Auth(false, mqtt.AuthProperties{AuthData: []byte{}})) })
		c.Send("F0 06 18 04 15 00 01 6D")
		c.Expect("F0 09 18 07 15 00 01 6D 16 00 00")
		c.Send(connackM)
		must(t, r.Join(done))
		trace := r.Trace().Only("Auth").Strings()
		if want := []string{
			"Auth ReasonCode:24 ReasonName:Continue authentication AuthMethod:m AuthData:[99] ReasonString:bec UserProperties:[{k 2} {k 1}]",
			"Auth ReasonCode:24 ReasonName:Continue authentication AuthMethod:m",
		}; !slices.Equal(trace, want) {
			t.Errorf("%q, want %q", trace, want)
		}
	})
}

// Without a handler the program answers all the same.
func TestAuthWithoutHandler(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		r.M.OnAuth = nil
		c, done := authenticating(t, r, s)
		c.Send(challengeM)
		synctest.Wait()
		must(t, r.M.Auth(false, mqtt.AuthProperties{}))
		c.Expect("F0 06 18 04 15 00 01 6D")
		c.Send(connackM)
		must(t, r.Join(done))
	})
}

// The answer may come later, from another goroutine: a person is asked, or a ticket is fetched.
func TestAuthFromAnotherGoroutine(t *testing.T) {
	for _, inside := range []bool{false, true} {
		t.Run(fmt.Sprintf("while the handler waits: %t", inside), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				answered := make(chan error, 1)
				r.On("Auth", func(a any) {
					data := a.(*mqtt.AuthEventArgs).AuthData
					go func() {
						advance(20 * time.Second)
						answered <- r.M.Auth(false, mqtt.AuthProperties{AuthData: append(data, '!')})
					}()
					if inside {
						advance(30 * time.Second)
					}
				})
				c, done := authenticating(t, r, s)
				c.Send(challengeM)
				c.Expect("F0 0B 18 09 15 00 01 6D 16 00 02 63 21")
				must(t, <-answered)
				c.Send(connackM)
				must(t, r.Join(done))
			})
		})
	}
}

// Auth where it is not possible: a number, and not a byte.
func TestAuthInTheWrongState(t *testing.T) {
	long, none := make([]byte, 65536), mqtt.AuthProperties{}
	both := func(t *testing.T, m *mqtt.MQTT, code int) {
		t.Helper()
		wantCode(t, m.Auth(false, none), code)
		wantCode(t, m.Auth(true, none), code)
	}
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		both(t, r.M, 212)
		blocked := make(chan struct{})
		mqtt.SetDial(r.M, blockedDial(blocked))
		done := r.Start(r.M.Connect)
		synctest.Wait()
		both(t, r.M, 212)
		must(t, r.M.Interrupt())
		close(blocked)
		wantCode(t, r.Join(done), 301)
		mqtt.SetDial(r.M, s.Dial)

		// MQTT5-4.12.0-7 without a method, in 3.1.1 also with one
		if v == mqtt.MvV3 {
			config(t, r.M, `ConnectProperties={"AuthenticationMethod":"m"}`)
		}
		c := r.Connect(s, nil)
		both(t, r.M, 211)
		synctest.Wait()
		c.ExpectNothing()
		must(t, r.M.Disconnect())
		both(t, r.M, 212)
	})
	t.Run("with a method", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			c, done := authenticating(t, r, s)
			synctest.Wait()
			both(t, r.M, 211)
			r.On("Auth", func(any) {
				for name, row := range map[string]struct {
					p    mqtt.AuthProperties
					code int
				}{
					"MQTT5-4.12.0-5 another method": {mqtt.AuthProperties{AuthMethod: "x"}, 500},
					"method":                        {mqtt.AuthProperties{AuthMethod: "\xFF"}, 10022},
					"data":                          {mqtt.AuthProperties{AuthData: long}, 10022},
					"reason":                        {mqtt.AuthProperties{ReasonString: "a\x00"}, 10022},
					"name":                          {mqtt.AuthProperties{UserProperties: []mqtt.UserProperty{{Name: "\xFF"}}}, 10022},
					"value":                         {mqtt.AuthProperties{UserProperties: []mqtt.UserProperty{{Value: string(long)}}}, 10022},
				} {
					if got := errors.Code(r.M.Auth(false, row.p)); got != row.code {
						t.Errorf("%s: %d, want %d", name, got, row.code)
					}
				}
				must(t, r.M.Auth(false, mqtt.AuthProperties{AuthData: long[:65535]}))
				both(t, r.M, 211)
			})
			c.Send(challengeM)
			synctest.Wait() // else CONNACK may come while the handler is at its last lines, and change what they get
			if n := len(c.ExpectType(packet.AUTH).Bytes); n != 1+3+1+3+4+3+65535 {
				t.Errorf("AUTH of %d bytes", n)
			}
			c.Send("20 0C 00 00 09 15 00 01 6D 27 00 00 00 0A")
			must(t, r.Join(done))
			wantCode(t, r.M.Auth(false, none), 211)
			wantCode(t, r.M.Auth(true, mqtt.AuthProperties{AuthMethod: "x"}), 500)
			wantCode(t, r.M.Auth(true, mqtt.AuthProperties{AuthData: []byte("x")}), 10040)
			must(t, r.M.Auth(true, mqtt.AuthProperties{ReasonString: "dropped"}))
			c.Expect("F0 06 19 04 15 00 01 6D")
			both(t, r.M, 211)
			r.Pump()
			c.Close()
			r.WaitFor("Disconnected", 1)
			both(t, r.M, 212)
		})
	})
}

// The attempt ends while the handler waits: Auth says 212, Connect why.
func TestConnectEndsWhileOnAuthWaits(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(m *mqtt.MQTT, c *mqtttest.Conn)
		code int
	}{
		{"Interrupt", func(m *mqtt.MQTT, _ *mqtttest.Conn) { _ = m.Interrupt() }, 301},
		{"Disconnect", func(m *mqtt.MQTT, _ *mqtttest.Conn) { _ = m.Disconnect() }, 301},
		{"the server closes", func(_ *mqtt.MQTT, c *mqtttest.Conn) { c.Close() }, 1120},
		{"the server refuses", func(_ *mqtt.MQTT, c *mqtttest.Conn) { c.Send("20 03 00 87 00") }, 500},
		{"a PUBLISH before CONNACK", func(_ *mqtt.MQTT, c *mqtttest.Conn) { c.Send("30 04 00 01 61 00") }, 500},
		{"the time is over", func(*mqtt.MQTT, *mqtttest.Conn) { advance(time.Minute) }, 201},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				entered, leave := make(chan struct{}), make(chan struct{})
				r.On("Auth", func(any) {
					close(entered)
					<-leave
					wantCode(t, r.M.Auth(false, mqtt.AuthProperties{}), 212)
				})
				c, done := authenticating(t, r, s)
				c.Send(challengeM)
				<-entered
				row.end(r.M, c)
				synctest.Wait()
				close(leave)
				wantCode(t, r.Join(done), row.code)
				if row.name == "a PUBLISH before CONNACK" {
					c.Expect("E0 01 82")
				}
				if a := last[mqtt.ConnectedEventArgs](t, r.Trace()); a.StatusCode != row.code {
					t.Errorf("%+v, want %d", a, row.code)
				}
				r.On("Auth", nil)
				c, done = authenticating(t, r, s)
				c.Send(connackM)
				must(t, r.Join(done))
			})
		})
	}
}

// Inside a handler no Auth can fire, so that a Connect there waits in vain for a method that has a challenge.
func TestConnectInsideAHandlerCannotAnswer(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		g := newLogin(t, "pass1")
		must(t, g.M.Connect())
		must(t, g.M.SetTimeout(5))
		var err error
		g.On("MessageOut", func(any) {
			must(t, g.M.Disconnect())
			g.Lenient()
			err = g.M.Connect()
		})
		must(t, g.M.PublishMessage("a", 0, ""))
		g.WaitFor("MessageOut", 1)
		wantCode(t, err, 201)
		g.Pump()
		must(t, g.M.Connect())
		must(t, g.M.Disconnect())
	})
}

// A server that breaks the rules of AUTH.
func TestAuthProtocolErrors(t *testing.T) {
	for name, in := range map[string]string{
		"MQTT5-4.12.0-2 success before CONNACK":     "F0 06 00 04 15 00 01 6D",
		"MQTT5-4.12.0-5 another method":             "F0 06 18 04 15 00 01 6E",
		"MQTT5-4.12.0-5 no method":                  "F0 02 18 00",
		"MQTT5-3.15.2-1 re-authenticate":            "F0 06 19 04 15 00 01 6D",
		"MQTT5-4.12.0-5 CONNACK without a method":   "20 03 00 00 00",
		"4.12.1 a challenge that nothing asked for": connackM + challengeM,
		"4.12.1 success that nothing asked for":     connackM + "F0 06 00 04 15 00 01 6D",
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				c, done := authenticating(t, r, s)
				c.Send(in)
				c.Expect("E0 01 82")
				c.ExpectEOF()
				if err := r.Join(done); strings.HasPrefix(in, connackM) {
					must(t, err)
					if a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1)); a.StatusCode != 500 {
						t.Errorf("%+v", a)
					}
				} else {
					wantCode(t, err, 500)
				}
				if r.Trace().Count("Auth") > 0 {
					t.Error("Auth fired")
				}
			})
		})
	}
}

// Every method may be called inside OnAuth while Connect waits, and elsewhere while it runs.
func TestEveryMethodInsideOnAuthOfConnect(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		for _, method := range allMethods() {
			t.Run(fmt.Sprintf("%s/elsewhere %t", method.name, elsewhere), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					g := newLogin(t, "pass1")
					g.Lenient()
					var returned atomic.Bool
					g.On("Auth", func(a any) {
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						defer cancel()
						call := func() error { return method.call(ctx, g.M) }
						if elsewhere {
							_ = g.Join(g.Start(call))
						} else {
							_ = call()
						}
						returned.Store(true)
						g.On("Auth", func(a any) { g.step(a.(*mqtt.AuthEventArgs)) })
						g.step(a.(*mqtt.AuthEventArgs))
					})
					_ = g.M.Connect()
					g.Pump()
					if !returned.Load() {
						t.Error("it did not return")
					}
					must(t, g.M.Reset())
					must(t, g.M.SetVersion(mqtt.MvV5))
					must(t, g.M.ConnectTo(g.s.Host, g.s.Port))
					must(t, g.M.Disconnect())
				})
			})
		}
	}
}

// docs/authentication.md shows the code of ExampleMQTT_Auth.
func TestAuthenticationPage(t *testing.T) {
	page, source := read(t, "../docs/authentication.md"), read(t, "example_auth_test.go")
	_, blocks, _ := strings.Cut(page, "## SCRAM-SHA-256\n")
	client := between(t, source, "// SCRAM begin\n\n", "\n// SCRAM end\n")
	if shown := between(t, blocks, "```go\n", "```\n"); shown != client {
		t.Errorf("the page shows\n%s\nthe client is\n%s", shown, client)
	}
	program := strings.ReplaceAll("\n"+between(t, source, "\t// program begin\n", "\t// program end\n"), "\n\t", "\n")[1:]
	_, blocks, _ = strings.Cut(blocks, "The program.")
	if shown := between(t, blocks, "```go\n", "```\n"); shown != program {
		t.Errorf("the page shows\n%s\nthe program is\n%s", shown, program)
	}
	output := strings.ReplaceAll(between(t, source, "\t// Output:\n", "}\n"), "\t// ", "")
	if shown := between(t, blocks, "It prints\n\n```text\n", "```\n"); shown != output {
		t.Errorf("the page prints\n%s\nthe example\n%s", shown, output)
	}
}
