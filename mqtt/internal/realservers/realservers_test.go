package realservers

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"
)

// Every server that is there answers a CONNECT of MQTT 3.1.1 on the port that it is said to have.
func TestAllAnswerConnect(t *testing.T) {
	for _, s := range All(t) {
		t.Run(s.Name, func(t *testing.T) {
			conn, connack := connect(t, s, 0x02, "realservers-all")
			defer conn.Close()
			if want := []byte{0x20, 0x02, 0x00, 0x00}; !bytes.Equal(connack, want) {
				t.Errorf("CONNACK % x, want % x", connack, want)
			}
		})
	}
}

func TestMosquittoAuthAsksForThePassword(t *testing.T) {
	s := MosquittoAuth(t)
	if s.User == "" || s.Password == "" {
		t.Fatalf("no user or password: %+v", s)
	}
	for _, row := range []struct {
		password string
		code     byte
	}{
		{s.Password, 0x00},
		{"not " + s.Password, 0x05},
	} {
		id := "realservers-auth"
		conn, connack := connect(t, s, 0xC2, id, s.User, row.password)
		conn.Close()
		if want := []byte{0x20, 0x02, 0x00, row.code}; !bytes.Equal(connack, want) {
			t.Errorf("password %q: CONNACK % x, want % x", row.password, connack, want)
		}
	}
}

// A server that is stopped refuses connections; started again, on the same port, it has kept its sessions.
func TestProcessKeepsSessions(t *testing.T) {
	for _, row := range []struct {
		name  string
		start func(testing.TB) *Process
	}{
		{"mosquitto", func(t testing.TB) *Process { return StartMosquitto(t, "max_inflight_messages 0") }},
		{"nats", StartNATS},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := row.start(t)
			const id = "realservers-session"
			session := func(present byte) {
				t.Helper()
				conn, connack := connect(t, p.Server, 0x00, id)
				defer conn.Close()
				if want := []byte{0x20, 0x02, present, 0x00}; !bytes.Equal(connack, want) {
					t.Errorf("CONNACK % x, want % x", connack, want)
				}
			}
			session(0)
			session(1)
			p.Stop()
			if conn, err := net.Dial("tcp", p.Addr()); err == nil {
				conn.Close()
				t.Fatal("stopped, but it accepts a connection")
			}
			p.Start()
			session(1)
			p.Restart()
			session(1)
			p.Kill()
			p.Start()
			session(1)
		})
	}
}

// A port that a test was given is no other's until it ends, while nobody listens on it too.
func TestPortIsKept(t *testing.T) {
	given := map[int]bool{}
	for range 50 {
		port := freePort(t)
		if given[port] {
			t.Errorf("port %d was given twice", port)
		}
		given[port] = true
		if conn, err := net.ListenPacket("udp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			conn.Close()
			t.Errorf("port %d can be given to another process", port)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("MQTT_RABBITMQ", "")
	for _, row := range []struct{ setting, want string }{
		{"", "skip: no rabbitmq: MQTT_RABBITMQ is not set (see .ci/servers)"},
		{"required", "fatal: no rabbitmq: MQTT_RABBITMQ is not set (see .ci/servers)"},
	} {
		t.Setenv("MQTT_REAL_SERVERS", row.setting)
		if got := outcome(func(t testing.TB) { RabbitMQ(t) }); got != row.want {
			t.Errorf("MQTT_REAL_SERVERS=%q: %q, want %q", row.setting, got, row.want)
		}
	}
}

func TestAddressOfTheEnvironment(t *testing.T) {
	for _, row := range []struct{ addr, want string }{
		{"192.0.2.1:1883", "192.0.2.1 1883"},
		{"[2001:db8::1]:8883", "2001:db8::1 8883"},
		{"localhost", "fatal: MQTT_RABBITMQ: address localhost: missing port in address"},
		{"localhost:0", `fatal: MQTT_RABBITMQ: no port number in "localhost:0"`},
		{"localhost:mqtt", `fatal: MQTT_RABBITMQ: no port number in "localhost:mqtt"`},
		{"localhost:65536", `fatal: MQTT_RABBITMQ: no port number in "localhost:65536"`},
	} {
		t.Setenv("MQTT_RABBITMQ", row.addr)
		var s Server
		got := outcome(func(t testing.TB) { s = RabbitMQ(t) })
		if got == "" {
			got = fmt.Sprintf("%s %d", s.Host, s.Port)
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.addr, got, row.want)
		}
	}
}

// connect sends a CONNECT of MQTT 3.1.1 with a keep-alive of a minute and returns the four bytes of the answer.
func connect(t *testing.T, s Server, flags byte, payload ...string) (conn net.Conn, connack []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	body := []byte("\x00\x04MQTT\x04")
	body = append(body, flags, 0, 60)
	for _, field := range payload {
		body = append(body, 0, byte(len(field)))
		body = append(body, field...)
	}
	if _, err := conn.Write(append([]byte{0x10, byte(len(body))}, body...)); err != nil {
		t.Fatal(err)
	}
	connack = make([]byte, 4)
	if _, err := io.ReadFull(conn, connack); err != nil {
		t.Fatalf("no CONNACK: %v", err)
	}
	return conn, connack
}

// outcome runs f with a test of its own and returns how f ended it: "" if it did not.
func outcome(f func(testing.TB)) string {
	tb := &recorder{}
	done := make(chan struct{})
	go func() { // ended by f, or by Fatalf and Skipf inside it
		defer close(done)
		f(tb)
	}()
	<-done
	return tb.ended
}

// recorder is a testing.TB that ends as a test does, and says how. A method that it lacks panics.
type recorder struct {
	testing.TB
	ended string
}

func (*recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.ended = "fatal: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(format string, args ...any) {
	r.ended = "skip: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}
