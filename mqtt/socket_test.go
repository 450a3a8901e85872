package mqtt_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// tcp makes a component and a server on the loopback interface, with the real dialer between them. It runs till the end.
func tcp(t *testing.T) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	watchdog(t)
	s := mqtttest.NewServer(t)
	r := newRecorded(t, mqtt.MvV5, s)
	mqtt.SetDial(r.M, nil)
	return r, s
}

// LocalHost and LocalPort show what is in use while connected, and what was set before and after. They are fixed then.
func TestLocalAddressInUse(t *testing.T) {
	r, s := tcp(t)
	m := r.M
	if m.LocalHost() != "" || m.LocalPort() != 0 {
		t.Errorf("idle: %s %d", m.LocalHost(), m.LocalPort())
	}
	c := r.Connect(s, nil)
	if got, want := net.JoinHostPort(m.LocalHost(), itoa(m.LocalPort())), c.NetConn().RemoteAddr().String(); got != want {
		t.Errorf("connected: %s, the server sees %s", got, want)
	}
	wantCode(t, m.SetLocalHost("127.0.0.1"), 107)
	wantCode(t, m.SetLocalPort(1), 106)
	_, err := m.Config("LocalHost=127.0.0.1")
	wantCode(t, err, 107)
	_, err = m.Config("LocalPort=1")
	wantCode(t, err, 106)
	r.Disconnect(c)
	if m.LocalHost() != "" || m.LocalPort() != 0 {
		t.Errorf("disconnected: %s %d", m.LocalHost(), m.LocalPort())
	}

	port := unusedPort()
	must(t, m.SetLocalPort(port))
	if runtime.GOOS == "linux" { // where all of 127.0.0.0/8 is there
		must(t, m.SetLocalHost("127.0.0.2"))
	}
	c = r.Connect(s, nil)
	want := net.JoinHostPort("127.0.0.1", itoa(port))
	if runtime.GOOS == "linux" {
		want = net.JoinHostPort("127.0.0.2", itoa(port))
	}
	if got := c.NetConn().RemoteAddr().String(); got != want {
		t.Errorf("the server sees %s, want %s", got, want)
	}
	c.Close() // first, so that the port is not kept by our end
	r.WaitFor("Disconnected", 2)
}

// A local port in use is 10048, an address of another host 10049, both before anything is sent.
func TestLocalAddressRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for _, row := range []struct {
		host string
		port int
		code int
	}{
		{"127.0.0.1", taken.Addr().(*net.TCPAddr).Port, 10048},
		{"192.0.2.1", 0, 10049},
		{"::1", 0, 10049}, // the server has an IPv4 address
		{"nobody.invalid", 0, 10049},
	} {
		t.Run(fmt.Sprintf("%s %t", row.host, row.port > 0), func(t *testing.T) {
			r, _ := tcp(t)
			must(t, r.M.SetLocalHost(row.host))
			must(t, r.M.SetLocalPort(row.port))
			wantCode(t, r.M.Connect(), row.code)
			stage := last[mqtt.ConnectionStatusEventArgs](t, r.Trace())
			if stage.ConnectionEvent != "Remote host connection complete." || stage.StatusCode != row.code {
				t.Errorf("ConnectionStatus says %+v", *stage)
			}
		})
	}
}

// IPv6 by its address, in brackets or not, by a URL, and by a name with UseIPv6.
func TestIPv6(t *testing.T) {
	watchdog(t)
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Logf("this machine has no IPv6: %v", err)
		return
	}
	defer listener.Close()
	ca, server := certified(t)
	for _, row := range []struct {
		host    string
		useIPv6 int
		code    int
	}{
		{"::1", 0, 0},
		{"[::1]", 0, 0},
		{"tcp://[::1]", 0, 0},
		{"ssl://[::1]", 1, 0},
		{"wss://[::1]/mqtt", 1, 0},
		{"localhost", 0, 10061}, // IPv4 only
		{"localhost", 2, 0},
	} {
		t.Run(fmt.Sprint(row.host, row.useIPv6), func(t *testing.T) {
			m := recorded(t)
			trust(t, m, ca)
			config(t, m, fmt.Sprintf("UseIPv6=%d", row.useIPv6))
			if row.host == "localhost" {
				addresses, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip6", row.host)
				if err != nil || !addresses[0].IsLoopback() {
					t.Logf("localhost has no IPv6 address here: %v %v", addresses, err)
					return
				}
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				if row.code != 0 {
					return
				}
				conn, err := listener.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				if strings.HasPrefix(row.host, "ssl:") || strings.HasPrefix(row.host, "wss:") {
					conn = tls.Server(conn, serverConfig(server))
				}
				if strings.HasPrefix(row.host, "wss:") {
					conn = mqtttest.OverWebSocket(nil)(conn)
				}
				serveOne(conn)
			}()
			err := m.ConnectTo(row.host, listener.Addr().(*net.TCPAddr).Port)
			wantCode(t, err, row.code)
			if err == nil {
				if got := m.RemoteHost(); got != "::1" {
					t.Errorf("RemoteHost is %s while connected", got)
				}
				must(t, m.Disconnect())
			}
			<-served
		})
	}
}

// serveOne answers one CONNECT and reads till the end.
func serveOne(conn net.Conn) {
	b := make([]byte, 4096)
	if _, err := conn.Read(b); err == nil {
		_, _ = conn.Write([]byte{0x20, 2, 0, 0})
	}
	for {
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

// MaxTransferRate over every kind of connection: so many bytes a second, and none of them is lost or out of order.
func TestMaxTransferRateOfMessages(t *testing.T) {
	for _, w := range []way{{}, {tls: true}, {webSocket: true}, {tls: true, webSocket: true}} {
		t.Run(w.String(), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := w.open(t, mqtt.MvV5, nil)
				const rate, size, count = 10_000, 1000, 50
				config(t, r.M, fmt.Sprintf("MaxTransferRate=%d", rate))
				c := r.Connect(s, nil)
				begin := time.Now()
				for i := range count {
					must(t, r.M.PublishData("t", 0, fmt.Appendf(nil, "%0*d", size, i)))
				}
				for i := range count {
					if got := string(c.ExpectPublish().Payload); strings.TrimLeft(got, "0") != strings.TrimLeft(fmt.Sprint(i), "0") {
						t.Fatalf("message %d is %q", i, got)
					}
				}
				// A tenth of a second's bytes may leave at once; TLS and frames add a few per cent.
				if took := time.Since(begin); took < 4900*time.Millisecond || took > 5600*time.Millisecond {
					t.Errorf("%d bytes took %v", size*count, took)
				}
			})
		})
	}
}

// Linger False: closing resets the connection. True: it ends in order.
func TestLingerSetting(t *testing.T) {
	for _, linger := range []bool{true, false} {
		t.Run(fmt.Sprint(linger), func(t *testing.T) {
			r, s := tcp(t)
			config(t, r.M, fmt.Sprintf("Linger=%t", linger))
			c := r.Connect(s, nil)
			must(t, r.M.Interrupt())
			_, err := c.Next()
			want := 10054
			if linger {
				want = 0
			}
			if got := errors.FromOS(err).Code; (got == 10054) != (want == 10054) {
				t.Errorf("the server reads %v", err)
			}
		})
	}
}

// A socket in the file system, with what MQTT needs of it: QoS 2, large payloads, the end. RemotePort means nothing.
func TestUnixSocket(t *testing.T) {
	watchdog(t)
	path := t.TempDir() + "/broker"
	listener, err := net.Listen("unix", path)
	must(t, err)
	defer listener.Close()
	s := mqtttest.NewMemoryServer(t)
	s.Host, s.Patience = "unix://"+path, mqtttest.Patience
	r := newRecorded(t, mqtt.MvV5, s)
	mqtt.SetDial(r.M, func(ctx context.Context, network, address string) (net.Conn, error) {
		if network != "unix" || address != path {
			t.Errorf("dialed %s %s", network, address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	served := make(chan struct{})
	got := 0
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		mqtttest.Wrap(t, conn).Serve(func(p *mqtttest.Packet) bool {
			if p.Type() == packet.PUBLISH {
				got += len(p.Body)
			}
			return true
		})
	}()
	must(t, r.M.Connect())
	must(t, r.M.PublishAndWait("t", 2, make([]byte, 1<<20)))
	if host := r.M.RemoteHost(); host != "unix://"+path {
		t.Errorf("RemoteHost is %q", host)
	}
	must(t, r.M.Disconnect())
	<-served
	if got < 1<<20 {
		t.Errorf("%d bytes came", got)
	}
	_ = listener.Close()
	err = r.M.Connect()
	wantCode(t, err, 302)
	if !strings.Contains(fmt.Sprint(err), path) {
		t.Errorf("the error does not name the socket: %v", err)
	}
}

// RemoteHost is the address only while connected.
func TestRemoteHostShowsTheAddress(t *testing.T) {
	r, s := tcp(t)
	s.Host = "localhost"
	must(t, r.M.SetRemoteHost(s.Host))
	r.On("ConnAck", func(any) {
		if got := r.M.RemoteHost(); got != "127.0.0.1" {
			t.Errorf("RemoteHost is %s in OnConnAck", got)
		}
	})
	r.On("BeforeConnect", func(any) {
		if got := r.M.RemoteHost(); got != "localhost" {
			t.Errorf("RemoteHost is %s in OnBeforeConnect", got)
		}
	})
	c := r.Connect(s, nil)
	if got := r.M.RemoteHost(); got != "127.0.0.1" {
		t.Errorf("RemoteHost is %s while connected", got)
	}
	wantCode(t, r.M.SetRemoteHost("x"), 101)
	c.Close()
	r.WaitFor("Disconnected", 1)
	if got := r.M.RemoteHost(); got != "localhost" {
		t.Errorf("RemoteHost is %s afterwards", got)
	}
}

// The other socket settings reach the socket without an error; what they do there is tested in transport.
func TestSocketSettings(t *testing.T) {
	r, s := tcp(t)
	for _, setting := range []string{"TCPKeepAlive=True", "KeepAliveTime=5000", "KeepAliveInterval=1000", "InBufferSize=8192", "OutBufferSize=8192", "TcpNoDelay=False", "LingerTime=3"} {
		config(t, r.M, setting)
	}
	latest := s.ServeAll(t, nil)
	must(t, r.M.Connect())
	must(t, r.M.PublishAndWait("t", 2, make([]byte, 1<<20)))
	if latest() == nil {
		t.Error("nobody was reached")
	}
	must(t, r.M.Disconnect())
}
