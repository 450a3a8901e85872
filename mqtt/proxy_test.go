package mqtt_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// noting notes what was dialed.
type noting struct {
	dial    mqtttest.DialFunc
	address string
}

func (n *noting) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	n.address = address
	return n.dial(ctx, network, address)
}

// proxied is the server's end of a connection through a proxy, which talks when the connection is first read.
type proxied struct {
	net.Conn
	talk  func(p *proxied) error
	begin sync.Once
	err   error
	noted *request
}

// request is what the proxy was asked for.
type request struct{ destination, user, password, header string }

func (p *proxied) Read(b []byte) (int, error) {
	p.begin.Do(func() { p.err = p.talk(p) })
	if p.err != nil {
		return 0, p.err
	}
	return p.Conn.Read(b)
}

// through is a layer of a scripted proxy, which notes the last request in noted.
func through(kind firewall.FirewallTypes, noted *request) func(net.Conn) net.Conn {
	talk := map[firewall.FirewallTypes]func(p *proxied) error{
		firewall.FwTunnel: (*proxied).tunnel, firewall.FwSOCKS4: (*proxied).socks4, firewall.FwSOCKS4A: (*proxied).socks4, firewall.FwSOCKS5: (*proxied).socks5,
	}[kind]
	return func(conn net.Conn) net.Conn { return &proxied{Conn: conn, talk: talk, noted: noted} }
}

func (p *proxied) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(p.Conn, b); err != nil {
		p.err = err
	}
	return b
}

func (p *proxied) untilZero() string {
	var text []byte
	for p.err == nil {
		b := p.bytes(1)
		if b[0] == 0 {
			break
		}
		text = append(text, b[0])
	}
	return string(text)
}

func (p *proxied) tunnel() error {
	*p.noted = request{}
	var head []byte
	for p.err == nil && !strings.HasSuffix(string(head), "\r\n\r\n") {
		head = append(head, p.bytes(1)...)
	}
	asked, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(head))))
	if err != nil {
		return err
	}
	p.noted.destination, p.noted.header = asked.RequestURI, asked.Header.Get("X-Data")
	if basic, is := strings.CutPrefix(asked.Header.Get("Proxy-Authorization"), "Basic "); is {
		text, _ := base64.StdEncoding.DecodeString(basic)
		p.noted.user, p.noted.password, _ = strings.Cut(string(text), ":")
	}
	if p.noted.password == "wrong" {
		_, err = io.WriteString(p.Conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
		return err
	}
	_, err = io.WriteString(p.Conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	return err
}

func (p *proxied) socks4() error {
	head := p.bytes(8)
	*p.noted = request{user: p.untilZero()}
	host := net.IP(head[4:8]).String()
	if strings.HasPrefix(host, "0.0.0.") {
		host = p.untilZero()
	}
	p.noted.destination = fmt.Sprintf("%s:%d", host, binary.BigEndian.Uint16(head[2:]))
	answer := []byte{0, 90, 0, 0, 0, 0, 0, 0}
	if p.noted.user == "wrong" {
		answer[1] = 93
	}
	_, err := p.Conn.Write(answer)
	return err
}

func (p *proxied) socks5() error {
	*p.noted = request{}
	offered := p.bytes(int(p.bytes(2)[1]))
	if offered[len(offered)-1] == 2 {
		_, _ = p.Conn.Write([]byte{5, 2})
		p.noted.user = string(p.bytes(int(p.bytes(2)[1])))
		p.noted.password = string(p.bytes(int(p.bytes(1)[0])))
		status := byte(0)
		if p.noted.password == "wrong" {
			status = 1
		}
		_, _ = p.Conn.Write([]byte{1, status})
	} else {
		_, _ = p.Conn.Write([]byte{5, 0})
	}
	head := p.bytes(4)
	host := ""
	switch head[3] {
	case 1:
		host = net.IP(p.bytes(4)).String()
	case 3:
		host = string(p.bytes(int(p.bytes(1)[0])))
	}
	p.noted.destination = fmt.Sprintf("%s:%d", host, binary.BigEndian.Uint16(p.bytes(2)))
	_, err := p.Conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}

// way is one way to a server: what lies between MQTT and the socket.
type way struct {
	proxy          firewall.FirewallTypes
	tls, webSocket bool
}

func (w way) String() string {
	name := map[firewall.FirewallTypes]string{
		firewall.FwNone: "direct", firewall.FwTunnel: "tunnel", firewall.FwSOCKS4: "SOCKS4", firewall.FwSOCKS4A: "SOCKS4A", firewall.FwSOCKS5: "SOCKS5",
	}[w.proxy]
	return fmt.Sprintf("%s, %s", name, w.scheme())
}

func (w way) scheme() string {
	return map[way]string{{}: "mqtt", {tls: true}: "mqtts", {webSocket: true}: "ws", {tls: true, webSocket: true}: "wss"}[way{tls: w.tls, webSocket: w.webSocket}]
}

// layers are those of a server with a certificate, above its proxy; none of them without TLS and WebSocket.
func (w way) layers(certificate *testpki.Identity) func(net.Conn) net.Conn {
	var layers []func(net.Conn) net.Conn
	if w.tls {
		layers = append(layers, mqtttest.OverTLS(serverConfig(certificate)))
	}
	if w.webSocket {
		layers = append(layers, mqtttest.OverWebSocket(nil))
	}
	return mqtttest.Layers(layers...)
}

// ways are all combinations.
func ways() []way {
	var all []way
	for _, proxy := range []firewall.FirewallTypes{firewall.FwNone, firewall.FwTunnel, firewall.FwSOCKS4, firewall.FwSOCKS4A, firewall.FwSOCKS5} {
		for _, secure := range []bool{false, true} {
			for _, socket := range []bool{false, true} {
				all = append(all, way{proxy, secure, socket})
			}
		}
	}
	return all
}

// open makes a component and a server in memory with w between them. A star leaves the name to the proxy, since nothing
// can be looked up in a bubble; SOCKS4, which cannot do that, is given an address.
func (w way) open(t *testing.T, v mqtt.MQTTVersions, noted *request) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	host := testpki.ServerName
	if w.proxy != firewall.FwNone {
		host = "*" + host
	}
	if w.proxy == firewall.FwSOCKS4 {
		host = "127.0.0.1"
	}
	ca, server := certified(t)
	layer := w.layers(server)
	if w.proxy != firewall.FwNone {
		layer = mqtttest.Layers(through(w.proxy, noted), layer)
	}
	r, s := layered(t, v, w.scheme()+"://"+host+"/mqtt", layer)
	trust(t, r.M, ca)
	if w.proxy != firewall.FwNone {
		f := r.M.Firewall()
		f.FirewallType, f.Host = w.proxy, "proxy.example"
	}
	return r, s
}

// The events of every way, to the beginning and to the end; a message goes both ways meanwhile.
func TestEventsOfEveryWay(t *testing.T) {
	for _, w := range ways() {
		t.Run("pain 35: "+w.String(), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				noted := &request{}
				r, s := w.open(t, v, noted)
				c := r.Connect(s, nil)
				want := []string{"BeforeConnect ClientId:c CleanSession:true"}
				step := func(use bool, events ...string) {
					if use {
						want = append(want, events...)
					}
				}
				step(w.proxy != firewall.FwNone, "ConnectionStatus ConnectionEvent:Firewall connection complete. Description:OK")
				step(w.tls, "asked", "ConnectionStatus ConnectionEvent:SSL handshake complete. Description:OK")
				step(true, "ConnectionStatus ConnectionEvent:Remote host connection complete. Description:OK")
				step(v == mqtt.MvV3, "ConnAck ReasonName:Connection accepted")
				step(v == mqtt.MvV5, "ConnAck ReasonName:Success")
				step(true, "Connected Description:OK", "ReadyToSend")
				wantWay(t, r, want)
				if w.proxy != firewall.FwNone {
					name := testpki.ServerName
					if w.proxy == firewall.FwSOCKS4 {
						name = "127.0.0.1"
					}
					if want := fmt.Sprintf("%s:%d", name, s.Port); noted.destination != want {
						t.Errorf("the proxy was asked for %s, want %s", noted.destination, want)
					}
				}
				remote := "127.0.0.1" // of the pipe
				if w.proxy != firewall.FwNone {
					remote = s.Host
				}
				if got := r.M.RemoteHost(); got != remote {
					t.Errorf("RemoteHost is %s while connected, want %s", got, remote)
				}

				c.SendPublish("t", 0, 0, "x")
				must(t, r.M.PublishMessage("u", 0, "y"))
				if p := c.ExpectPublish(); string(p.Payload) != "y" {
					t.Errorf("%q came", p.Payload)
				}
				r.WaitFor("MessageIn", 1)
				r.WaitFor("MessageOut", 1)
				r.Take()

				r.Disconnect(c)
				want = []string{"ConnectionStatus ConnectionEvent:Remote host disconnected. Description:OK"}
				step(w.tls, "ConnectionStatus ConnectionEvent:SSL connection broken. Description:OK")
				step(w.proxy != firewall.FwNone, "ConnectionStatus ConnectionEvent:Firewall host disconnected. Description:OK")
				step(true, "Disconnected Description:OK")
				wantWay(t, r, want)
				if got := r.M.RemoteHost(); got != s.Host {
					t.Errorf("RemoteHost is %s afterwards", got)
				}
			})
		})
	}
}

// wantWay compares the events but for SSLStatus, and SSLServerAuthentication as "asked".
func wantWay(t *testing.T, r *mqtttest.Recorder, want []string) {
	t.Helper()
	var got []string
	for _, e := range r.Take().Without("Log", "SSLStatus") {
		if e.Name == "SSLServerAuthentication" {
			got = append(got, "asked")
			continue
		}
		got = append(got, e.String())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the events were\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// Credentials as properties and as settings, and what a proxy says against them, in error 118 and in the event.
func TestProxyCredentials(t *testing.T) {
	for _, row := range []struct {
		kind           firewall.FirewallTypes
		user, password string
		words          string // of the refusal, "" = none
	}{
		{firewall.FwTunnel, "user1", "pass1", ""},
		{firewall.FwTunnel, "user1", "wrong", `"407 Proxy Authentication Required", which asks for Basic`},
		{firewall.FwSOCKS4A, "user1", "", ""},
		{firewall.FwSOCKS4A, "wrong", "", "names another user"},
		{firewall.FwSOCKS5, "user1", "pass1", ""},
		{firewall.FwSOCKS5, "user1", "wrong", "refused User and Password"},
	} {
		for _, bySettings := range []bool{false, true} {
			t.Run(fmt.Sprintf("pain 35: %d/%s/%s/settings %t", row.kind, row.user, row.password, bySettings), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					noted := &request{}
					r, s := way{proxy: row.kind}.open(t, mqtt.MvV5, noted)
					s.ServeAll(t, nil)
					if bySettings {
						must(t, r.M.SetFirewall(nil))
						for _, setting := range []string{
							fmt.Sprintf("FirewallType=%d", row.kind), "FirewallHost=proxy.example", "FirewallUser=" + row.user, "FirewallPassword=" + row.password,
							"FirewallData=X-Data: data7",
						} {
							config(t, r.M, setting)
						}
					} else {
						f := r.M.Firewall()
						f.User, f.Password = row.user, row.password
					}
					d := &noting{dial: s.Dial}
					mqtt.SetDial(r.M, d.DialContext)
					err := r.M.Connect()
					usual := map[firewall.FirewallTypes]string{firewall.FwTunnel: "80", firewall.FwSOCKS4A: "1080", firewall.FwSOCKS5: "1080"}[row.kind]
					if d.address != "proxy.example:"+usual {
						t.Errorf("dialed %s", d.address)
					}
					if noted.user != row.user || row.kind != firewall.FwSOCKS4A && noted.password != row.password {
						t.Errorf("the proxy got %+v", *noted)
					}
					if bySettings && row.kind == firewall.FwTunnel && noted.header != "data7" {
						t.Errorf("FirewallData: %q", noted.header)
					}
					if row.words == "" {
						wantCode(t, err, 0)
						return
					}
					wantCode(t, err, 118)
					stage := last[mqtt.ConnectionStatusEventArgs](t, r.Trace())
					if stage.ConnectionEvent != "Firewall connection complete." || stage.StatusCode != 118 {
						t.Errorf("ConnectionStatus says %+v", *stage)
					}
					for what, text := range map[string]string{"the error": err.Error(), "ConnectionStatus": stage.Description} {
						if !strings.Contains(text, row.words) || strings.Contains(text, "pass1") {
							t.Errorf("%s says %q, not %q", what, text, row.words)
						}
					}
				})
			})
		}
	}
}

// The name of the server is looked up here, or with a star by the proxy; TLS checks it without the star in any case.
func TestProxyResolvesTheName(t *testing.T) {
	watchdog(t)
	ca, server := certified(t)
	for _, row := range []struct {
		kind       firewall.FirewallTypes
		host, want string
	}{
		{firewall.FwSOCKS5, "localhost", "127.0.0.1"},
		{firewall.FwSOCKS5, "*localhost", "localhost"},
		{firewall.FwSOCKS4, "localhost", "127.0.0.1"},
		{firewall.FwSOCKS4A, "*localhost", "localhost"},
		{firewall.FwTunnel, "localhost", "localhost"},
		{firewall.FwTunnel, "*localhost", "localhost"},
	} {
		t.Run(fmt.Sprintf("%d/%s", row.kind, row.host), func(t *testing.T) {
			noted := &request{}
			s := mqtttest.NewServer(t)
			s.Layer = mqtttest.Layers(through(row.kind, noted), mqtttest.OverTLS(serverConfig(server)))
			s.ServeAll(t, nil)
			r := newRecorded(t, mqtt.MvV5, s)
			trust(t, r.M, ca)
			f := r.M.Firewall()
			f.FirewallType, f.Host, f.Port = row.kind, "proxy.example", 1
			must(t, r.M.ConnectTo("ssl://"+row.host, 8883))
			if want := row.want + ":8883"; noted.destination != want {
				t.Errorf("the proxy was asked for %s, want %s", noted.destination, want)
			}
		})
	}
}

// AutoDetect finds the proxy in the environment; ProxyExceptionsList and NO_PROXY leave it out.
func TestProxyAutoDetect(t *testing.T) {
	for _, row := range []struct {
		name, variable, value, exceptions, noProxy string
		dialed, asked                              string
		user, password                             string
	}{
		{"HTTPS_PROXY", "HTTPS_PROXY", "http://user1:pass1@proxy.example:3128", "", "", "proxy.example:3128", "broker.example:1883", "user1", "pass1"},
		{"ALL_PROXY", "ALL_PROXY", "socks5h://proxy.example", "", "", "proxy.example:1080", "broker.example:1883", "", ""},
		{"exceptions", "HTTPS_PROXY", "http://proxy.example:3128", "other.example;*.example", "", "broker.example:1883", "", "", ""},
		{"NO_PROXY", "HTTPS_PROXY", "http://proxy.example:3128", "", "broker.example", "broker.example:1883", "", "", ""},
		{"none", "HTTPS_PROXY", "", "", "", "broker.example:1883", "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, v := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
				t.Setenv(v, "")
			}
			t.Setenv(row.variable, row.value)
			t.Setenv("NO_PROXY", row.noProxy)
			noted := &request{}
			s := mqtttest.NewServer(t)
			kind := firewall.FwTunnel
			if strings.HasPrefix(row.value, "socks5") {
				kind = firewall.FwSOCKS5
			}
			if row.asked != "" {
				s.Layer = through(kind, noted)
			}
			s.ServeAll(t, nil)
			r := newRecorded(t, mqtt.MvV5, s)
			d := &noting{dial: s.Dial}
			mqtt.SetDial(r.M, d.DialContext)
			config(t, r.M, "FirewallAutoDetect=True")
			config(t, r.M, "ProxyExceptionsList="+row.exceptions)
			must(t, r.M.ConnectTo("broker.example", 1883))
			if d.address != row.dialed || *noted != (request{destination: row.asked, user: row.user, password: row.password}) {
				t.Errorf("dialed %s, the proxy got %+v", d.address, *noted)
			}
		})
	}
}

// No secret is in any event at LogLevel 3, in an error or in a setting that is listed: of MQTT, of the proxy, of the
// upgrade, of TLS. The connection stands, then the proxy refuses.
func TestSecretsStayOutOfEvents(t *testing.T) { t.Run("pain 34", secretsStayOutOfEvents) }

func secretsStayOutOfEvents(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		noted := &request{}
		w := way{firewall.FwTunnel, true, true}
		r, s := w.open(t, mqtt.MvV5, noted)
		s.ServeAll(t, nil)
		keys := t.TempDir() + "/keys"
		const secret = "5ec7e7"
		for _, setting := range []string{
			"LogLevel=3", "LogSSLPackets=True", "WebSocketHeaders=Authorization: Bearer " + secret, "FirewallData=X-Data: " + secret, "SSLKeyLogFile=" + keys,
		} {
			config(t, r.M, setting)
		}
		f := r.M.Firewall()
		f.User, f.Password = "user1", secret
		must(t, r.M.SetUser("user2"))
		must(t, r.M.SetPassword(secret))
		must(t, r.M.SetSSLCert(clientCertificate(t, testpki.NewAuthority(t, "Own"))))
		must(t, r.M.Connect())
		must(t, r.M.PublishAndWait("t", 1, []byte("x")))
		must(t, r.M.Disconnect())
		if noted.password != secret || noted.header != secret {
			t.Errorf("the proxy got %+v", *noted)
		}
		f.Password, f.Data = "wrong", "X-Data: "+secret
		wantCode(t, r.M.Connect(), 118)
		r.Pump()
		texts := strings.Join(r.Trace().Strings(), "\n")
		for _, line := range strings.Split(strings.TrimSpace(string(readFile(t, keys))), "\n") {
			words := strings.Fields(line)
			if strings.Contains(texts, words[len(words)-1]) {
				t.Error("a key of the key log is in an event")
			}
		}
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), base64.StdEncoding.EncodeToString([]byte("user1:" + secret)), "PRIVATE KEY"} {
			if i := strings.Index(texts, form); i >= 0 {
				t.Errorf("%q is in an event: %q", form, texts[max(0, i-100):i+20])
			}
		}
	})
}
