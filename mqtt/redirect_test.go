package mqtt_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// fleet is several servers in memory, by address. An address without one refuses, or never answers if it is silent.
type fleet struct {
	servers map[string]*mqtttest.Server
	silent  map[string]bool

	mu     sync.Mutex
	dialed []string
}

func (f *fleet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	f.mu.Lock()
	f.dialed = append(f.dialed, address)
	f.mu.Unlock()
	switch s := f.servers[address]; {
	case s != nil:
		return s.Dial(ctx, network, address)
	case f.silent[address]:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
}

// took returns the addresses that were dialed since the last call.
func (f *fleet) took() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := strings.Join(f.dialed, " ")
	f.dialed = nil
	return text
}

// wantDialed compares what was dialed since the last call.
func (f *fleet) wantDialed(t *testing.T, want string) {
	t.Helper()
	if got := f.took(); got != want {
		t.Errorf("dialed %q, want %q", got, want)
	}
}

// sailing makes a component whose RemoteHost is a:1883, and servers at these addresses.
func sailing(t *testing.T, v mqtt.MQTTVersions, addresses ...string) (*mqtttest.Recorder, *fleet) {
	t.Helper()
	f := &fleet{servers: make(map[string]*mqtttest.Server), silent: make(map[string]bool)}
	for _, address := range addresses {
		f.servers[address] = mqtttest.NewMemoryServer(t)
	}
	r, _ := memory(t, v)
	r.SeveralServers()
	mqtt.SetDial(r.M, f.dial)
	must(t, r.M.SetRemoteHost("a"))
	must(t, r.M.SetCleanSession(false))
	return r, f
}

// following is sailing with MQTT 5 and FollowServerReference.
func following(t *testing.T, addresses ...string) (*mqtttest.Recorder, *fleet) {
	t.Helper()
	r, f := sailing(t, mqtt.MvV5, addresses...)
	config(t, r.M, "FollowServerReference=True")
	return r, f
}

// reference is the property; "" leaves it out.
func reference(names string) packet.Properties {
	if names == "" {
		return nil
	}
	return packet.Properties(nil).AppendString(packet.PropServerReference, names)
}

// refuse answers the next CONNECT of a server with a reason.
func (f *fleet) refuse(t *testing.T, address string, reason packet.ReasonCode, names string) {
	t.Helper()
	c := f.servers[address].Accept(t)
	c.ExpectConnect()
	c.SendConnack(false, reason, reference(names))
}

// accept accepts the next CONNECT of a server.
func (f *fleet) accept(t *testing.T, address string) *mqtttest.Conn {
	t.Helper()
	return f.servers[address].AcceptConnected(t)
}

// logged reports whether a Log entry of type Reconnect has that text.
func logged(r *mqtttest.Recorder, text string) bool {
	return slices.ContainsFunc(r.Trace(), func(e mqtttest.Event) bool {
		a, is := e.Args.(*mqtt.LogEventArgs)
		return is && a.LogType == "Reconnect" && strings.Contains(a.Message, text)
	})
}

// How long the two ways last, and what forgets them.
func TestServerReferenceOfConnack(t *testing.T) {
	for _, row := range []struct {
		name      string
		reason    packet.ReasonCode
		next      func(t *testing.T, m *mqtt.MQTT)
		afterward string
	}{
		{"U5-22 use another server, for this connection", packet.UseAnotherServer, nil, "a:1883"},
		{"U5-22 server moved, from now on", packet.ServerMoved, nil, "b:1884"},
		{"moved, until RemoteHost is assigned", packet.ServerMoved, func(t *testing.T, m *mqtt.MQTT) { must(t, m.SetRemoteHost("a")) }, "a:1883"},
		{"moved, until RemotePort is assigned", packet.ServerMoved, func(t *testing.T, m *mqtt.MQTT) { must(t, m.SetRemotePort(1883)) }, "a:1883"},
		{"moved, until RemoteHosts is assigned", packet.ServerMoved, func(t *testing.T, m *mqtt.MQTT) { config(t, m, "RemoteHosts=") }, "a:1883"},
		{"moved, while it is followed", packet.ServerMoved, func(t *testing.T, m *mqtt.MQTT) { config(t, m, "FollowServerReference=False") }, "a:1883"},
		{"moved, until Reset", packet.ServerMoved, func(t *testing.T, m *mqtt.MQTT) {
			must(t, m.Reset())
			must(t, m.SetRemoteHost("a"))
			must(t, m.SetVersion(mqtt.MvV5))
			config(t, m, "FollowServerReference=True")
		}, "a:1883"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, f := following(t, "a:1883", "b:1884")
				must(t, r.M.SetUser("u"))
				done := r.Start(r.M.Connect)
				f.refuse(t, "a:1883", row.reason, "b:1884")
				c := f.servers["b:1884"].Accept(t)
				if p := c.ExpectConnect(); string(p.UserName) != "u" || string(p.ClientID) != "c" {
					t.Errorf("%+v", p)
				}
				c.SendConnack(false, 0, nil)
				must(t, r.Join(done))
				f.wantDialed(t, "a:1883 b:1884")
				trace := r.Trace()
				if trace.Count("BeforeConnect") != 1 || trace.Count("ConnAck") != 2 || trace.Count("Connected") != 1 {
					t.Errorf("the events were %q", trace.Strings())
				}
				if !logged(r, fmt.Sprintf(`a:1883 answers with %d`, row.reason)) || !logged(r, "Going on with b:1884.") {
					t.Errorf("the log is %q", trace.Only("Log").Strings())
				}
				r.Disconnect(c)
				if row.next != nil {
					r.Lenient()
					row.next(t, r.M)
					r.WasReset()
				}
				done = r.Start(r.M.Connect)
				f.accept(t, row.afterward)
				must(t, r.Join(done))
				f.wantDialed(t, row.afterward)
			})
		})
	}
}

// Which servers an attempt reaches: each row is answered by those that refuse, with 156, and ends at the one that accepts
// or, without one, with an error.
func TestServerReferenceNames(t *testing.T) {
	for _, row := range []struct {
		name    string
		refuse  []string // address and reference
		accept  string
		dialed  string
		code    int
		because string // in the error or the log
	}{
		{"U5-22 several names, the first that works", []string{"a:1883", "x:1 y:2 b:1884"}, "b:1884", "a:1883 x:1 y:2 b:1884", 0, ""},
		{"U5-22 an IPv6 address with a port", []string{"a:1883", "[2001:db8::1]:1884"}, "[2001:db8::1]:1884", "a:1883 [2001:db8::1]:1884", 0, ""},
		{"U5-22 a name without a port has that of the sender", []string{"a:1883", "b [2001:db8::1]"}, "[2001:db8::1]:1883", "a:1883 b:1883 [2001:db8::1]:1883", 0, ""},
		{"U5-22 a chain", []string{"a:1883", "b:1", "b:1", "c:2"}, "c:2", "a:1883 b:1 c:2", 0, ""},
		{"nobody is there", []string{"a:1883", "x:1 y:2"}, "", "a:1883 x:1 y:2", 10061, "the last of 3 servers that were tried, y:2."},
		{"a loop", []string{"a:1883", "b:1", "b:1", "a:1883"}, "", "a:1883 b:1", 500, "156"},
		{"itself", []string{"a:1883", "a"}, "", "a:1883", 500, "156"},
		{"the longest chain", []string{"a:1883", "s:1", "s:1", "s:2", "s:2", "s:3", "s:3", "s:4", "s:4", "s:5"}, "s:5", "a:1883 s:1 s:2 s:3 s:4 s:5", 0, ""},
		{"a chain that is too long", []string{"a:1883", "s:1", "s:1", "s:2", "s:2", "s:3", "s:3", "s:4", "s:4", "s:5", "s:5", "s:6"}, "", "a:1883 s:1 s:2 s:3 s:4 s:5", 500, "sent this attempt elsewhere 5 times"},
		{"garbage", []string{"a:1883", "http://b b@c [b b:0 \x7f ::"}, "", "a:1883", 500, "no other server that can be connected to"},
		{"garbage beside a name", []string{"a:1883", "mqtt://c b:1"}, "b:1", "a:1883 b:1", 0, ""},
		{"no reference", []string{"a:1883", ""}, "", "a:1883", 500, "names no other server"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, f := following(t, "a:1883")
				for i := 0; i < len(row.refuse); i += 2 {
					f.servers[row.refuse[i]] = mqtttest.NewMemoryServer(t)
				}
				if row.accept != "" {
					f.servers[row.accept] = mqtttest.NewMemoryServer(t)
				}
				done := r.Start(r.M.Connect)
				for i := 0; i < len(row.refuse); i += 2 {
					f.refuse(t, row.refuse[i], packet.UseAnotherServer, row.refuse[i+1])
				}
				if row.accept != "" {
					f.accept(t, row.accept)
				}
				err := r.Join(done)
				wantCode(t, err, row.code)
				f.wantDialed(t, row.dialed)
				if err != nil && !strings.Contains(err.Error(), row.because) && !logged(r, row.because) {
					t.Errorf("%v; the log is %q", err, r.Trace().Only("Log").Strings())
				}
				if r.M.RemoteHost() == "a" != (err != nil) { // the address, while connected
					t.Errorf("RemoteHost is %s", r.M.RemoteHost())
				}
			})
		})
	}
}

// Without the setting the refusal is what it is, and so is the end of a connection.
func TestServerReferenceNotFollowed(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := sailing(t, mqtt.MvV5, "a:1883")
		config(t, r.M, "AutoReconnect=True")
		done := r.Start(r.M.Connect)
		f.refuse(t, "a:1883", packet.ServerMoved, "b:1884")
		err := r.Join(done)
		wantCode(t, err, 500)
		if strings.Contains(err.Error(), "servers") || !logged(r, "FollowServerReference is False") {
			t.Errorf("%v, %q", err, r.Trace().Only("Log").Strings())
		}
		if a := last[mqtt.ConnAckEventArgs](t, r.Trace()); !strings.Contains(a.Properties, `"ServerReference":"b:1884"`) {
			t.Errorf("%+v", a)
		}
		done = r.Start(r.M.Connect)
		c := f.accept(t, "a:1883")
		must(t, r.Join(done))
		f.took()
		c.SendDisconnect(packet.ServerMoved, reference("b:1884"))
		r.Wait("the end", func(trace mqtttest.Trace) bool {
			e, is := trace.Last("Error").Args.(*mqtt.ErrorEventArgs)
			return is && e.ErrorCode == 500 && strings.Contains(e.Description, "AutoReconnect gives up")
		})
		advance(time.Minute)
		f.wantDialed(t, "")
	})
}

// A server that ends the connection and names another: AutoReconnect goes there, after the first delay; the next Connect
// goes there only when the server has moved for good.
func TestServerReferenceOfDisconnect(t *testing.T) {
	for _, row := range []struct {
		name      string
		reason    packet.ReasonCode
		afterward string
	}{
		{"U5-22 use another server", packet.UseAnotherServer, "a:1883"},
		{"U5-22 server moved", packet.ServerMoved, "x:1 b:1884"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, f := following(t, "a:1883", "b:1884")
				config(t, r.M, "AutoReconnect=True")
				done := r.Start(r.M.Connect)
				c := f.accept(t, "a:1883")
				must(t, r.Join(done))
				r.Take()
				f.took()
				c.SendDisconnect(row.reason, reference("x:1 b:1884"))
				if a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1)); a.ServerReference != "x:1 b:1884" {
					t.Errorf("%+v", a)
				}
				start := time.Now()
				r.WaitFor("BeforeConnect", 1)
				c = f.servers["b:1884"].Accept(t)
				if got := time.Since(start); !about(got, time.Second) {
					t.Errorf("after %v", got)
				}
				c.ExpectConnect()
				c.SendConnack(true, 0, nil)
				r.WaitFor("ReadyToSend", 1)
				f.wantDialed(t, "x:1 b:1884")

				// Lost again, AutoReconnect goes on with the server that has the session.
				r.Take()
				c.Reset()
				r.WaitFor("BeforeConnect", 1)
				c = f.accept(t, "b:1884")
				r.WaitFor("ReadyToSend", 1)
				f.wantDialed(t, "b:1884")
				r.Disconnect(c)
				done = r.Start(r.M.Connect)
				f.accept(t, row.afterward[strings.LastIndex(row.afterward, " ")+1:])
				must(t, r.Join(done))
				f.wantDialed(t, row.afterward)
			})
		})
	}
}

// Without AutoReconnect the program's next Connect heeds that the server has moved.
func TestServerMovedWithoutAutoReconnect(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := following(t, "a:1883", "b:1884")
		done := r.Start(r.M.Connect)
		c := f.accept(t, "a:1883")
		must(t, r.Join(done))
		c.SendDisconnect(packet.ServerMoved, reference("b:1884"))
		r.WaitFor("Disconnected", 1)
		advance(time.Minute)
		f.wantDialed(t, "a:1883")
		done = r.Start(r.M.Connect)
		f.accept(t, "b:1884")
		must(t, r.Join(done))
		f.wantDialed(t, "b:1884")
	})
}

// The servers that are named do not answer: each attempt tries them first, and the one that has sent us away last.
func TestServerReferenceUnreachable(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := following(t, "a:1883", "c:1883")
		config(t, r.M, "AutoReconnect=True")
		done := r.Start(r.M.Connect)
		c := f.accept(t, "a:1883")
		must(t, r.Join(done))
		config(t, r.M, "RemoteHosts=c") // which does not make it forget who it is connected to
		a := f.servers["a:1883"]
		delete(f.servers, "a:1883")
		delete(f.servers, "c:1883")
		f.took()
		r.Take()
		c.SendDisconnect(packet.UseAnotherServer, reference("b"))
		r.WaitFor("BeforeConnect", 2)
		synctest.Wait()
		f.wantDialed(t, "b:1883 c:1883 a:1883 b:1883 c:1883 a:1883")
		f.servers["a:1883"] = a
		r.WaitFor("BeforeConnect", 3)
		f.accept(t, "a:1883")
		r.WaitFor("ReadyToSend", 1)
	})
}

// Servers that move in a circle, and one after the other: the last word of each counts.
func TestServersThatMoveOn(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, f := following(t, "a:1883", "b:1883", "c:1883")
		connect := func(want string, moves ...string) {
			t.Helper()
			done := r.Start(r.M.Connect)
			for i := 0; i < len(moves); i += 2 {
				f.refuse(t, moves[i], packet.ServerMoved, moves[i+1])
			}
			c := f.accept(t, want)
			must(t, r.Join(done))
			r.Disconnect(c)
		}
		connect("c:1883", "a:1883", "b", "b:1883", "c")
		f.took()
		connect("c:1883")
		f.wantDialed(t, "c:1883")
		connect("a:1883", "c:1883", "a")
		f.took()
		connect("a:1883")
		f.wantDialed(t, "a:1883")
		if got := mqtt.Servers(r.M); len(got) != 1 || got[0] != "a:1883" {
			t.Errorf("servers %q", got)
		}
		connect("c:1883", "a:1883", "b", "b:1883", "a c") // a is a server again: it was named
		connect("a:1883")
		if got := mqtt.Servers(r.M); len(got) != 1 || got[0] != "a:1883" {
			t.Errorf("servers %q", got)
		}
	})
}

// Each of these ends an attempt that was sent elsewhere, whatever it does, and leaves nothing.
func TestServerReferenceIsEnded(t *testing.T) {
	for name, end := range map[string]func(m *mqtt.MQTT) error{
		"Disconnect": (*mqtt.MQTT).Disconnect, "Interrupt": (*mqtt.MQTT).Interrupt, "Reset": (*mqtt.MQTT).Reset,
	} {
		for _, stage := range []string{"sent away", "dialing", "awaiting CONNACK"} {
			t.Run(name+" "+stage, func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, f := following(t, "a:1883", "b:1884")
					r.Lenient()
					config(t, r.M, "RemoteHosts=d,e")
					if stage == "dialing" {
						delete(f.servers, "b:1884")
						f.silent["b:1884"] = true
					}
					done := r.Start(r.M.Connect)
					f.refuse(t, "a:1883", packet.UseAnotherServer, "b:1884")
					synctest.Wait() // the first connection is being closed
					switch stage {
					case "dialing":
						advance(time.Second)
					case "awaiting CONNACK":
						f.servers["b:1884"].Accept(t).ExpectConnect()
					}
					must(t, end(r.M))
					wantCode(t, r.Join(done), 301)
					synctest.Wait()
					f.took()
					advance(10 * time.Minute)
					f.wantDialed(t, "")
					must(t, r.M.SetRemotePort(1)) // it is idle
				})
			})
		}
	}
}

// What a reference leads to: names with what the sender has, never to less than its TLS.
func TestParseServerReference(t *testing.T) {
	for _, row := range []struct{ reference, sender, want string }{
		{"myserver.xyz.org", "mqtts://a", "mqtts://myserver.xyz.org:8883"}, // the examples of the specification
		{"myserver.xyz.org:8883", "a", "myserver.xyz.org:8883"},
		{"10.10.151.22:8883 [fe80::9610:3eff:fe1c]:1883", "a", "10.10.151.22:8883 [fe80::9610:3eff:fe1c]:1883"},
		{"[fe80::1%eth0]:1 fe80::1%en-1 [fe80::1%a\rb]:1 fe80::1%/", "a", "[fe80::1%eth0]:1 [fe80::1%en-1]:1883"},
		{"fe80::1", "ssl://a:1", "ssl://[fe80::1]:1"},
		{"b c:2", "wss://a/path", "wss://b:443 wss://c:2"},
		{"b", "*a", "*b:1883"},
		{"*b", "a", ""},
		{"tcp://b b/c b?d b#e b%41 b\\c", "mqtts://a", ""},
		{"b:01884", "a", "b:1884"},
		{"b:+1 b:-1 b:0 b:65536 b: : :1 b:1:2", "a", ""},
		{"[b]:1 [::1 ::1] [::1]1 [::1]: [10.0.0.1]:1 []:1 ]", "a", ""},
		{"-b . .. _ -", "a", ""},
		{" b \t c  b ", "a", "b:1883 c:1883"},
		{"b", "unix:///run/mqtt", ""},
		{strings.Repeat("x", 254) + " " + strings.Repeat("y", 2), "a", "yy:1883"},
		{"bücher.example", "a", "xn--bcher-kva.example:1883"},
	} {
		if got := strings.Join(mqtt.ReferredTo(row.reference, row.sender, portOf(row.sender)), " "); got != row.want {
			t.Errorf("%q of %s leads to %q, want %q", row.reference, row.sender, got, row.want)
		}
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprint("h", i))
	}
	if got := mqtt.ReferredTo(strings.Join(many, " "), "a", 1883); len(got) != mqtt.MaxServers {
		t.Errorf("%d servers", len(got))
	}
}

// portOf is the usual port of a RemoteHost.
func portOf(remoteHost string) int {
	switch scheme, _, _ := strings.Cut(remoteHost, "://"); scheme {
	case "mqtts", "ssl":
		return 8883
	case "wss":
		return 443
	}
	return 1883
}

// Whatever a server names: the scheme stays the sender's, a port is one, and the name can do no harm to a resolver, a
// proxy or a header.
func FuzzServerReference(f *testing.F) {
	for _, seed := range []string{"b", "b:1884 c", "[::1]:1883", "::1", "[", "]:1", "a:b:c", "http://x", "*b", "b\r\nX: y", "\x00", "[fe80::1%eth0]:1", "\x98", "bücher.example", "\uFFFD"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		international := strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) // which becomes ASCII
		servers := mqtt.ReferredTo(text, "wss://a/path", 443)
		if len(servers) > mqtt.MaxServers {
			t.Fatalf("%d servers", len(servers))
		}
		for _, s := range servers {
			address, is := strings.CutPrefix(s, "wss://")
			host, port, err := net.SplitHostPort(address)
			if !is || err != nil || port == "0" || host == "" || strings.ContainsAny(host, " \t\r\n/@?#\\*\x00") || !international && !strings.Contains(text, host) {
				t.Fatalf("%q leads to %q", text, s)
			}
			if again := mqtt.ReferredTo(address, "wss://a/path", 443); len(again) != 1 || again[0] != s {
				t.Fatalf("%q leads to %q, and that to %q", text, s, again)
			}
		}
	})
}
