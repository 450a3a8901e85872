package mqtt_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// What RemoteHosts means beside a RemoteHost.
func TestServers(t *testing.T) {
	for _, row := range []struct {
		remoteHost string
		port       int // 0 = not assigned
		hosts      string
		want       string
	}{
		{"a", 0, "", "a:1883"},
		{"a", 0, "b, c:1884", "a:1883 b:1883 c:1884"},
		{"a", 8883, "b,c:1884", "a:8883 b:8883 c:1884"},
		{"mqtts://a", 0, "b,c:1", "mqtts://a:8883 mqtts://b:8883 mqtts://c:1"}, // the scheme is RemoteHost's: never less than its TLS
		{"wss://a:444/x", 0, "b,ws://c/y", "wss://a:444 wss://b:444 ws://c:80"},
		{"a", 1885, "mqtts://b,unix:///run/mqtt", "a:1885 mqtts://b:8883 unix:///run/mqtt"},
		{"a", 0, "[::1]:1884,::1", "a:1883 [::1]:1884 [::1]:1883"},
		{"*a", 0, "b,*c", "*a:1883 *b:1883 *c:1883"},
		{"unix:///run/mqtt", 0, "b", "unix:///run/mqtt b:1883"},
		{"a", 0, "a:1883,b,b,tcp://a", "a:1883 b:1883 tcp://a:1883"},
	} {
		m := mqtt.New()
		must(t, m.SetRemoteHost(row.remoteHost))
		if row.port != 0 {
			must(t, m.SetRemotePort(row.port))
		}
		config(t, m, "RemoteHosts="+row.hosts)
		if got := strings.Join(mqtt.Servers(m), " "); got != row.want {
			t.Errorf("%s with %q: %q, want %q", row.remoteHost, row.hosts, got, row.want)
		}
	}
}

// trouble is what a server does to a client that connects.
type trouble func(t *testing.T, f *fleet, address string)

func refusing(reason packet.ReasonCode) trouble {
	return func(t *testing.T, f *fleet, address string) { f.refuse(t, address, reason, "") }
}

// Which failures lead to the next server, and which are an answer to the client.
func TestHostsInTurn(t *testing.T) {
	absent := func(_ *testing.T, f *fleet, address string) { delete(f.servers, address) }
	for _, row := range []struct {
		name   string
		v      mqtt.MQTTVersions
		do     trouble
		goesOn bool
	}{
		{"refused by the system", mqtt.MvV3, absent, true},
		{"silent", mqtt.MvV3, func(_ *testing.T, f *fleet, address string) {
			delete(f.servers, address)
			f.silent[address] = true
		}, true},
		{"no CONNACK", mqtt.MvV3, func(t *testing.T, f *fleet, address string) { f.servers[address].Accept(t).ExpectConnect() }, true},
		{"closed before CONNACK", mqtt.MvV5, func(t *testing.T, f *fleet, address string) {
			c := f.servers[address].Accept(t)
			c.ExpectConnect()
			c.Close()
		}, true},
		{"another protocol", mqtt.MvV5, func(t *testing.T, f *fleet, address string) {
			f.servers[address].Accept(t).SendBytes([]byte("SSH-2.0-x\r\n"))
		}, true},
		{"3.1.1 server unavailable", mqtt.MvV3, refusing(3), true},
		{"server unavailable", mqtt.MvV5, refusing(packet.ServerUnavailable), true},
		{"server busy", mqtt.MvV5, refusing(packet.ServerBusy), true},
		{"use another server", mqtt.MvV5, refusing(packet.UseAnotherServer), true},
		{"server moved", mqtt.MvV5, refusing(packet.ServerMoved), true},
		{"3.1.1 identifier", mqtt.MvV3, refusing(2), false},
		{"3.1.1 bad password", mqtt.MvV3, refusing(4), false},
		{"not authorized", mqtt.MvV5, refusing(packet.NotAuthorized), false},
		{"bad password", mqtt.MvV5, refusing(packet.BadUserNameOrPassword), false},
		{"client identifier", mqtt.MvV5, refusing(packet.ClientIdentifierNotValid), false},
		{"banned", mqtt.MvV5, refusing(packet.Banned), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, f := sailing(t, row.v, "a:1883", "b:1884", "c:1883")
				config(t, r.M, "RemoteHosts=b:1884,c")
				absent(t, f, "b:1884")
				if row.name == "refused by the system" || row.name == "silent" {
					row.do(t, f, "a:1883")
				}
				start := time.Now()
				done := r.Start(r.M.Connect)
				if f.servers["a:1883"] != nil {
					row.do(t, f, "a:1883")
				}
				if !row.goesOn {
					wantCode(t, r.Join(done), 500)
					f.wantDialed(t, "a:1883")
					advance(time.Hour)
					f.wantDialed(t, "")
					return
				}
				f.accept(t, "c:1883")
				must(t, r.Join(done))
				f.wantDialed(t, "a:1883 b:1884 c:1883")
				if n := r.Trace().Count("Connected"); n != 1 {
					t.Errorf("%d Connected", n)
				}
				// Each has a third of the 60 seconds, and what refuses takes no time.
				if got := time.Since(start); got > 21*time.Second {
					t.Errorf("it took %v", got)
				}
			})
		})
	}
}

// Nobody answers: the time of the attempt is shared, and it is over when it is.
func TestHostsShareTheTime(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := sailing(t, mqtt.MvV3)
		config(t, r.M, "RemoteHosts=b,c,d")
		config(t, r.M, "ConnectionTimeout=10")
		for _, address := range []string{"b:1883", "c:1883", "d:1883"} {
			f.silent[address] = true
		}
		start := time.Now()
		done := r.Start(r.M.Connect) // a refuses, and leaves its share to the others
		advance(4 * time.Second)
		f.wantDialed(t, "a:1883 b:1883 c:1883")
		err := r.Join(done)
		wantCode(t, err, 201)
		if got := time.Since(start); got < 9*time.Second || got > 11*time.Second || !strings.Contains(err.Error(), "the last of 4 servers that were tried, d:1883.") {
			t.Errorf("after %v: %v", got, err)
		}
		f.wantDialed(t, "d:1883")
		if e := last[mqtt.ConnectedEventArgs](t, r.WaitFor("Connected", 1)); e.StatusCode != 201 {
			t.Errorf("%+v", e)
		}
	})
}

// AutoReconnect tries all servers with each attempt, that of the last connection first, and asks BeforeConnect once for
// each attempt. What was accepted goes to the new server, behind the subscriptions.
func TestHostsWithAutoReconnect(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, f := sailing(t, v, "b:1883")
		config(t, r.M, "AutoReconnect=True")
		config(t, r.M, "RemoteHosts=b,c")
		must(t, r.M.SetUser("u"))
		asked := 0
		r.On("BeforeConnect", func(any) {
			asked++
			must(t, r.M.SetPassword(fmt.Sprint("token", asked)))
		})
		done := r.Start(r.M.Connect)
		c := f.accept(t, "b:1883")
		must(t, r.Join(done))
		f.wantDialed(t, "a:1883 b:1883")
		must(t, r.M.Subscribe("s", 1))
		c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(1, 1)
		r.WaitFor("Subscribed", 1)
		must(t, r.M.PublishMessage("t", 1, "x"))
		c.ExpectPublish()
		delete(f.servers, "b:1883")
		r.Take()
		c.Reset()
		r.WaitFor("BeforeConnect", 2)
		synctest.Wait()
		f.wantDialed(t, "b:1883 a:1883 c:1883 b:1883 a:1883 c:1883")
		f.servers["c:1883"] = mqtttest.NewMemoryServer(t)
		r.WaitFor("BeforeConnect", 3)
		c = f.servers["c:1883"].Accept(t)
		if p := c.ExpectConnect(); string(p.Password) != "token4" {
			t.Errorf("with %s", p.Password)
		}
		c.SendConnack(false, 0, nil) // which has no session
		p := c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(uint16(p.Body[0])<<8|uint16(p.Body[1]), 1)
		if p := c.ExpectPublish(); p.Dup || string(p.Payload) != "x" {
			t.Errorf("%+v", p)
		}
		f.wantDialed(t, "b:1883 a:1883 c:1883")
	})
}

// A server of the list that refuses the credentials ends AutoReconnect; one that sends the client away does not, while
// there are others.
func TestHostsThatRefuseAutoReconnect(t *testing.T) {
	for _, goodbye := range []bool{false, true} {
		bubble.Test(t, func(t *testing.T) {
			r, f := sailing(t, mqtt.MvV5, "a:1883", "b:1883")
			config(t, r.M, "AutoReconnect=True")
			config(t, r.M, "RemoteHosts=b")
			done := r.Start(r.M.Connect)
			c := f.accept(t, "a:1883")
			must(t, r.Join(done))
			r.Take()
			f.took()
			if goodbye {
				c.SendDisconnect(packet.UseAnotherServer, nil)
			} else {
				delete(f.servers, "a:1883")
				c.Reset()
			}
			r.WaitFor("BeforeConnect", 1)
			f.refuse(t, "b:1883", packet.ClientIdentifierNotValid, "")
			r.Wait("the end", func(trace mqtttest.Trace) bool {
				e, is := trace.Last("Error").Args.(*mqtt.ErrorEventArgs)
				return is && strings.Contains(e.Description, "AutoReconnect gives up")
			})
			if f.took() == "" {
				t.Error("nobody was dialed")
			}
			advance(time.Hour)
			f.wantDialed(t, "")
		})
	}
}

// A program that does not wait is told how the last server has answered, and Interrupt ends the whole attempt.
func TestHostsWithoutWaiting(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := sailing(t, mqtt.MvV3, "c:1883")
		config(t, r.M, "RemoteHosts=b,c,d")
		must(t, r.M.SetTimeout(0))
		must(t, r.M.Connect())
		f.accept(t, "c:1883")
		r.WaitFor("ReadyToSend", 1)
		f.wantDialed(t, "a:1883 b:1883 c:1883")
		must(t, r.M.Interrupt())
		r.WaitFor("Disconnected", 1)
		r.Take()
		delete(f.servers, "c:1883")
		f.silent["c:1883"] = true
		must(t, r.M.Connect())
		synctest.Wait()
		must(t, r.M.Interrupt())
		if e := last[mqtt.ConnectedEventArgs](t, r.WaitFor("Connected", 1)); e.StatusCode != 301 {
			t.Errorf("%+v", e)
		}
		advance(time.Hour)
		f.wantDialed(t, "a:1883 b:1883 c:1883")
	})
}

// RemoteHost keeps what was assigned, and shows another server by its name where there is no address of it.
func TestRemoteHostOfAnotherServer(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		mqtt.SetDial(r.M, func(ctx context.Context, network, address string) (net.Conn, error) {
			if network != "unix" {
				return nil, syscall.ECONNREFUSED
			}
			conn, err := s.Dial(ctx, network, address)
			return &socketFile{conn}, err
		})
		must(t, r.M.SetRemoteHost("a"))
		config(t, r.M, "RemoteHosts=unix:///run/mqtt")
		done := r.Start(r.M.Connect)
		c := s.AcceptConnected(t)
		must(t, r.Join(done))
		if got := r.M.RemoteHost(); got != "unix:///run/mqtt" {
			t.Errorf("RemoteHost is %s", got)
		}
		r.Disconnect(c)
		if got := r.M.RemoteHost(); got != "a" {
			t.Errorf("RemoteHost is %s", got)
		}
	})
}

// A server that is named has to prove that it is the one: its certificate is checked for its own name, and nothing is
// sent to it before.
func TestServerReferenceOverTLS(t *testing.T) {
	for _, row := range []struct {
		certificate string
		code        int
	}{{"b.example", 0}, {"a.example", 280}} {
		t.Run("for "+row.certificate, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca := testpki.NewAuthority(t, "Test CA")
				named := func(name string) *tls.Config {
					return serverConfig(ca.Issue(t, func(c *x509.Certificate) { c.DNSNames = []string{name} }))
				}
				r, f := following(t, "a.example:8883", "b.example:8883")
				must(t, r.M.SetRemoteHost("mqtts://a.example"))
				must(t, r.M.SetRemotePort(8883))
				trust(t, r.M, ca)
				f.servers["a.example:8883"].Layer = mqtttest.OverTLS(named("a.example"))
				f.servers["b.example:8883"].Layer = mqtttest.OverTLS(named(row.certificate))
				done := r.Start(r.M.Connect)
				f.refuse(t, "a.example:8883", packet.ServerMoved, "b.example")
				c := f.servers["b.example:8883"].Accept(t)
				if row.code != 0 {
					if p, err := c.Next(); err == nil {
						t.Errorf("%v came", p.Type())
					}
				} else {
					c.ExpectConnect()
					c.SendConnack(false, 0, nil)
				}
				wantCode(t, r.Join(done), row.code)
				if subject := last[mqtt.SSLServerAuthenticationEventArgs](t, r.Trace()).CertSubject; row.code == 0 && subject == "" {
					t.Error("no certificate was shown")
				}
			})
		})
	}
}

// Whatever RemoteHosts is given: what it takes is read back, leads to at most 16 servers more, and to the same ones again.
func FuzzRemoteHosts(f *testing.F) {
	for _, seed := range []string{"b", "b:1884, c", "[::1]:1883,::1", "mqtts://b,ws://c:81/x", "unix:///run/x", ",", "*b", "http://b", "b\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := mqtt.New()
		must(t, m.SetRemoteHost("mqtts://a"))
		if _, err := m.Config("RemoteHosts=" + text); err != nil {
			if got := config(t, m, "RemoteHosts"); got != "" {
				t.Fatalf("after %v it is %q", err, got)
			}
			return
		}
		servers := mqtt.Servers(m)
		if len(servers) == 0 || len(servers) > 1+mqtt.MaxServers || servers[0] != "mqtts://a:8883" {
			t.Fatalf("%q leads to %q", text, servers)
		}
		config(t, m, "RemoteHosts="+config(t, m, "RemoteHosts"))
		if again := mqtt.Servers(m); !slices.Equal(again, servers) {
			t.Fatalf("%q leads to %q, then to %q", text, servers, again)
		}
	})
}

// socketFile is a connection whose addresses are those of a socket in the file system.
type socketFile struct{ net.Conn }

func (*socketFile) RemoteAddr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "/run/mqtt"} }

// HostOrder: each attempt of RoundRobin begins with the next server, also after a connection stood; Random has all of them, in
// several orders; Listed begins with the server of the last connection.
func TestHostOrder(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := sailing(t, mqtt.MvV5, "a:1883", "b:1883", "c:1883")
		config(t, r.M, "RemoteHosts=b,c")
		for _, row := range []struct{ order, servers string }{
			{"Listed", "a a a a"}, {"RoundRobin", "a b c a"},
		} {
			config(t, r.M, "HostOrder="+row.order)
			for _, name := range strings.Fields(row.servers) {
				done := r.Start(r.M.Connect)
				c := f.servers[name+":1883"].AcceptConnected(t)
				must(t, r.Join(done))
				r.Disconnect(c)
			}
		}
		config(t, r.M, "HostOrder=RoundRobin") // begins anew
		config(t, r.M, "AutoReconnect=True")
		done := r.Start(r.M.Connect)
		c := f.servers["a:1883"].AcceptConnected(t)
		must(t, r.Join(done))
		mqtt.ForgetBeforeConnect(r.M)
		c.Close()
		r.WaitFor("Disconnected", 9) // while Connected() is false
		f.servers["b:1883"].AcceptConnected(t)
		r.WaitFor("Connected", 10)
	})
}

func TestHostOrderRandom(t *testing.T) {
	m := recorded(t)
	must(t, m.SetRemoteHost("a"))
	config(t, m, "RemoteHosts=b,c")
	config(t, m, "HostOrder=Random")
	seen := map[string]bool{}
	for range 1000 {
		servers := mqtt.Servers(m)
		seen[strings.Join(servers, " ")] = true
		slices.Sort(servers)
		if want := []string{"a:1883", "b:1883", "c:1883"}; !slices.Equal(servers, want) {
			t.Fatalf("the servers are %q, want %q in some order", servers, want)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d orders of three servers in a thousand attempts, want 6", len(seen))
	}
}
