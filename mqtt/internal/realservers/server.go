// Package realservers gives tests the real MQTT servers of this machine: those that .ci/servers started, or ones that
// it starts itself.
//
// A server that was found may be in use by other tests at the same time, and keeps what they left on it. Client
// identifiers and topics have to be the test's own, for example with t.Name() in them. A test that stops its server,
// or that must be alone on it, starts one with [StartMosquitto] or [StartNATS].
//
// What is not there is skipped with a message, unless the environment says MQTT_REAL_SERVERS=required, as CI does:
// then it fails the test.
package realservers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
)

// Server is a real MQTT server that tests run against. It listens without TLS.
type Server struct {
	Name           string // "mosquitto", "nats", "rabbitmq" or "mochi"
	Host           string
	Port           int
	User, Password string // empty where anyone may connect
	V5             bool   // speaks MQTT 5 besides 3.1.1
	QoS2           bool   // grants QoS 2; RabbitMQ answers a QoS 2 PUBLISH with PUBACK
	Slow           bool   // mosquitto 2.0 sends 40 KB a second over WebSocket, whatever the client
}

// Addr is the server's host:port, for net.Dial.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// kind is a row of the table of servers: what it can do, and the ways to one.
type kind struct {
	Server
	variable string   // environment variable with the host:port of a running one
	program  *program // what to start when the variable is not set; nil where that takes too long
	auth     bool     // the program's listener with a password
}

var (
	mosquitto     = kind{Server: mosquittoProgram.open, variable: "MQTT_MOSQUITTO", program: &mosquittoProgram}
	mosquittoAuth = kind{
		Server: mosquittoProgram.auth, variable: "MQTT_MOSQUITTO_AUTH", program: &mosquittoProgram,
		auth: true,
	}
	nats     = kind{Server: natsProgram.open, variable: "MQTT_NATS", program: &natsProgram}
	rabbitmq = kind{Server: Server{Name: "rabbitmq"}, variable: "MQTT_RABBITMQ"}
	mochi    = kind{Server: Server{Name: "mochi", V5: true, QoS2: true}, variable: "MQTT_MOCHI"}
)

// All returns the servers that are there, each once and open to anyone: those named by MQTT_MOSQUITTO, MQTT_NATS and
// MQTT_RABBITMQ (host:port), and for a variable that is not set one that runs until the end of this test, if the
// program is installed (mosquitto; nats-server 2.10 or newer, from PATH or from the cache of .ci/servers). RabbitMQ
// takes 15 seconds to start and is used only when its variable is set. The test is skipped when there are none.
func All(t testing.TB) []Server {
	t.Helper()
	var servers []Server
	for _, k := range []kind{mosquitto, nats, rabbitmq} {
		s, err := k.find(t)
		switch {
		case err == nil:
			servers = append(servers, s)
		case required():
			t.Fatalf("no %s: %v", k.Name, err)
		default:
			t.Logf("without %s: %v", k.Name, err)
		}
	}
	if len(servers) == 0 {
		t.Skip("no real server on this machine")
	}
	return servers
}

// Mosquitto returns the server of MQTT_MOSQUITTO, or one that runs until the end of this test.
func Mosquitto(t testing.TB) Server {
	t.Helper()
	return mosquitto.get(t)
}

// MosquittoAuth returns a mosquitto that refuses clients without User and Password: that of MQTT_MOSQUITTO_AUTH, or
// one that runs until the end of this test.
func MosquittoAuth(t testing.TB) Server {
	t.Helper()
	return mosquittoAuth.get(t)
}

// NATS returns the server of MQTT_NATS, or one that runs until the end of this test.
func NATS(t testing.TB) Server {
	t.Helper()
	return nats.get(t)
}

// RabbitMQ returns the server of MQTT_RABBITMQ.
func RabbitMQ(t testing.TB) Server {
	t.Helper()
	return rabbitmq.get(t)
}

// Mochi returns the server of MQTT_MOCHI. It is not among All: what it does with sessions, docs/servers.md tells.
func Mochi(t testing.TB) Server {
	t.Helper()
	return mochi.get(t)
}

func (k kind) get(t testing.TB) Server {
	t.Helper()
	s, err := k.find(t)
	if err != nil {
		missing(t, k.Name, err)
	}
	return s
}

// find returns an error when there is no such server here. A server that is there and does not work ends the test.
func (k kind) find(t testing.TB) (Server, error) {
	t.Helper()
	if addr := os.Getenv(k.variable); addr != "" {
		host, port, err := splitAddr(addr)
		if err != nil {
			t.Fatalf("%s: %v", k.variable, err)
		}
		s := k.Server
		s.Host, s.Port = host, port
		return s, nil
	}
	if k.program == nil {
		return Server{}, errors.New(k.variable + " is not set (see .ci/servers)")
	}
	p, err := launch(t, k.program)
	if err != nil {
		return Server{}, err
	}
	if k.auth {
		return p.Auth, nil
	}
	return p.Server, nil
}

func splitAddr(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("no port number in %q", addr)
	}
	return host, int(n), nil
}

// required says that a missing server is a failure.
func required() bool { return os.Getenv("MQTT_REAL_SERVERS") == "required" }

// missing ends a test that cannot run for want of a server.
func missing(t testing.TB, name string, err error) {
	t.Helper()
	if required() {
		t.Fatalf("no %s: %v", name, err)
	}
	t.Skipf("no %s: %v", name, err)
}
