package mqtttest_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds each wait. It is a hundred times and more what a wait takes.
const patience = 30 * time.Second

// peer is a client that writes and reads bytes.
type peer struct {
	t    *testing.T
	conn net.Conn
}

func dial(t *testing.T, s *mqtttest.Server) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &peer{t, conn}
}

// connect3 and connect5 connect as a client with a one-letter ClientId; flags and properties are those of CONNECT.
func connect3(t *testing.T, s *mqtttest.Server, id, flags string) *peer {
	t.Helper()
	p := dial(t, s)
	p.send("10 0D 00 04 'MQTT' 04 " + flags + " 00 00 00 01 '" + id + "'")
	return p
}

func connect5(t *testing.T, s *mqtttest.Server, id, flags, properties string) *peer {
	t.Helper()
	p := dial(t, s)
	n := len(p.bytes(properties))
	p.send(fmt.Sprintf("10 %02X 00 04 'MQTT' 05 %s 00 00 %02X %s 00 01 '%s'", 14+n, flags, n, properties, id))
	return p
}

const (
	connack3        = "20 02 00 00"
	connack3Present = "20 02 01 00"
	connack5        = "20 06 00 00 03 22 00 10"
	connack5Present = "20 06 01 00 03 22 00 10"
)

// bytes reads hexadecimal with 'text' in it.
func (p *peer) bytes(s string) []byte {
	p.t.Helper()
	var b []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			b = append(b, part...)
			continue
		}
		more, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			p.t.Fatalf("%q: %v", s, err)
		}
		b = append(b, more...)
	}
	return b
}

func (p *peer) send(s string) {
	p.t.Helper()
	if _, err := p.conn.Write(p.bytes(s)); err != nil {
		p.t.Fatal(err)
	}
}

// expect reads exactly these bytes.
func (p *peer) expect(s string) {
	p.t.Helper()
	want := p.bytes(s)
	got := make([]byte, len(want))
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := io.ReadFull(p.conn, got)
	if err != nil || string(got) != string(want) {
		p.t.Fatalf("% X came (%v), want % X", got[:n], err, want)
	}
}

// expectEnd reads the end of the connection.
func (p *peer) expectEnd() {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 100)
	n, err := p.conn.Read(b)
	if n > 0 || err == nil || os.IsTimeout(err) {
		p.t.Fatalf("% X and %v came, want the end", b[:n], err)
	}
}

// expectNothing shows by an answered PINGREQ that nothing else has come before it.
func (p *peer) expectNothing() {
	p.t.Helper()
	p.send("C0 00")
	p.expect("D0 00")
}

func TestConnect(t *testing.T) {
	s := mqtttest.NewServer(t)
	for _, row := range []struct{ name, send, expect string }{
		{"3.1.1", "10 0D 00 04 'MQTT' 04 02 00 00 00 01 'c'", connack3},
		{"5.0", "10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'd'", connack5},
		{"user and password", "10 13 00 04 'MQTT' 04 C2 00 00 00 01 'e' 00 01 'u' 00 01 'p'", connack3},
		{"3.1.1 without ClientId", "10 0C 00 04 'MQTT' 04 02 00 00 00 00", connack3},
		{"in pieces", "10 0D 00 04 'MQTT' 04 02 00 00 00 01 'f'", connack3},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := dial(t, s)
			if row.name == "in pieces" {
				for _, b := range p.bytes(row.send) {
					p.send(fmt.Sprintf("%02X", b))
				}
			} else {
				p.send(row.send)
			}
			p.expect(row.expect)
			p.expectNothing()
			p.send("E0 00")
			p.expectEnd()
		})
	}
	for _, row := range []struct{ name, send, expect string }{
		{"version 3", "10 0F 00 06 'MQIsdp' 03 02 00 00 00 01 'c'", "20 02 00 01"},
		{"version 6", "10 0D 00 04 'MQTT' 06 02 00 00 00 01 'c'", "20 02 00 01"},
		{"3.1.1 no ClientId for a session", "10 0C 00 04 'MQTT' 04 00 00 00 00 00", "20 02 00 02"},
		{"5.0 malformed", "10 0E 00 04 'MQTT' 05 03 00 00 00 00 01 'd'", "20 03 00 81 00"},
		{"5.0 authentication", "10 12 00 04 'MQTT' 05 02 00 00 04 15 00 01 'x' 00 01 'd'", "20 03 00 8C 00"},
		{"no CONNECT", "C0 00", ""},
		{"no MQTT", "'GET / HTTP/1.1'", ""},
	} {
		t.Run("refused: "+row.name, func(t *testing.T) {
			p := dial(t, s)
			p.send(row.send)
			p.expect(row.expect)
			p.expectEnd()
		})
	}
	t.Run("5.0 without ClientId", func(t *testing.T) {
		p := dial(t, s)
		p.send("10 0D 00 04 'MQTT' 05 02 00 00 00 00 00")
		p.expect("20 2C 00 00 29 12 00 23 'mqtttest-'")
	})
}

// What breaks the rules ends the connection, in 5.0 with the reason.
func TestRulesAreKept(t *testing.T) {
	s := mqtttest.NewServer(t)
	for _, row := range []struct{ name, send, expect string }{
		{"second CONNECT", "10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'd'", "E0 01 82"},
		{"AUTH", "F0 08 18 06 15 00 03 'abc'", "E0 01 82"},
		{"alias above the maximum", "30 07 00 01 'a' 03 23 00 11", "E0 01 94"},
		{"unknown alias", "30 06 00 00 03 23 00 01", "E0 01 82"},
		{"PUBLISH to a wildcard", "30 04 00 01 '#' 00", "E0 01 82"},
		{"No Local on a shared subscription", "82 10 00 01 00 00 0A '$share/g/a' 05", "E0 01 82"},
		{"session that cannot be made to last", "E0 07 00 05 11 00 00 00 01", "E0 01 82"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := connect5(t, s, "c", "02", "")
			p.expect(connack5)
			p.send(row.send)
			p.expect(row.expect)
			p.expectEnd()
		})
	}
}

// Keep-alive is enforced after one and a half times its interval.
func TestKeepAlive(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := dial(t, s)
	p.send("10 0E 00 04 'MQTT' 05 02 00 01 00 00 01 'k'")
	p.expect(connack5)
	p.expect("E0 01 8D")
	p.expectEnd()
}

func TestQoS(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := connect3(t, s, "c", "02")
	p.expect(connack3)
	p.send("82 0E 00 01 00 01 '0' 00 00 01 '2' 02 00 01 '1' 01")
	p.expect("90 05 00 01 00 02 01")
	p.send("30 04 00 01 '0' 'x'")
	p.expect("30 04 00 01 '0' 'x'")
	p.send("34 06 00 01 '1' 00 07 'y'") // published with 2, subscribed with 1
	p.expect("32 06 00 01 '1' 00 01 'y'")
	p.expect("50 02 00 07")
	p.send("40 02 00 01")
	p.send("62 02 00 07")
	p.expect("70 02 00 07")
	p.send("32 06 00 01 '2' 00 08 'z'") // the other way round
	p.expect("32 06 00 01 '2' 00 02 'z'")
	p.expect("40 02 00 08")
	p.send("40 02 00 02")
	p.send("34 06 00 01 '2' 00 09 'w'")
	p.expect("34 06 00 01 '2' 00 03 'w'")
	p.expect("50 02 00 09")
	p.send("3C 06 00 01 '2' 00 09 'w'") // again: it is not passed on twice
	p.expect("50 02 00 09")
	p.send("50 02 00 03")
	p.expect("62 02 00 03")
	p.send("70 02 00 03")
	p.send("62 02 00 09")
	p.expect("70 02 00 09")
	p.send("A2 05 00 02 00 01 '0'")
	p.expect("B0 02 00 02")
	p.send("30 04 00 01 '0' 'x'")
	p.expectNothing()
}

// Reason codes of 5.0 say what became of a packet.
func TestReasons(t *testing.T) {
	s := mqtttest.NewServer(t)
	s.RefuseSubscriptions(func(filter string) bool { return filter == "no" })
	s.LoseMessages(func(topic string) bool { return topic == "lost" })
	p := connect5(t, s, "c", "02", "")
	p.expect(connack5)
	p.send("32 07 00 01 'a' 00 01 00 'x'")
	p.expect("40 03 00 01 10") // no subscription
	p.send("62 02 00 05")
	p.expect("70 03 00 05 92")
	p.send("82 08 00 01 00 00 02 'no' 01")
	p.expect("90 04 00 01 00 87")
	p.send("A2 06 00 02 00 00 01 'a'")
	p.expect("B0 04 00 02 00 11")
	p.send("82 0A 00 03 00 00 04 'lost' 01")
	p.expect("90 04 00 03 00 01")
	p.send("32 0A 00 04 'lost' 00 02 00 'x'")
	p.expect("40 02 00 02")
	p.expectNothing()

	old := connect3(t, s, "d", "02")
	old.expect(connack3)
	old.send("82 07 00 01 00 02 'no' 01")
	old.expect("90 03 00 01 80")
}

// What is retained comes with the subscription, as its Retain Handling says, until it is removed.
func TestRetained(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := connect5(t, s, "c", "02", "")
	p.expect(connack5)
	p.send("31 07 00 03 'r/1' 00 'x'")
	p.send("31 0C 00 03 'r/2' 05 02 00 00 00 00 'y'") // its time is over at once
	subscribe := func(options, answer string) {
		t.Helper()
		p.send("82 09 00 01 00 00 03 'r/+' " + options)
		p.expect("90 04 00 01 00 00")
		p.expect(answer)
		p.expectNothing()
	}
	const kept = "31 07 00 03 'r/1' 00 'x'"
	subscribe("10", kept) // Retain Handling 1: a new subscription
	subscribe("10", "")   // it is not new
	subscribe("20", "")   // 2: never
	subscribe("00", kept) // 0: always
	p.send(kept)
	p.expect("30 07 00 03 'r/1' 00 'x'") // not as published
	subscribe("08", kept)                // Retain As Published
	p.send(kept)
	p.expect(kept)
	p.send("31 06 00 03 'r/1' 00") // removes it
	p.expect("31 06 00 03 'r/1' 00")
	subscribe("00", "")
}

// Properties are passed on; an alias, and what changes on the way, are the server's.
func TestProperties(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := connect5(t, s, "c", "02", "")
	p.expect(connack5)
	p.send("82 09 00 01 02 0B 07 00 01 'a' 00") // with Subscription Identifier 7
	p.expect("90 04 00 01 00 00")
	p.send("82 09 00 02 02 0B 08 00 01 '#' 04") // No Local, with 8
	p.expect("90 04 00 02 00 00")
	p.send("30 13 00 01 'a' 0E 23 00 01 08 00 01 'r' 26 00 01 'n' 00 01 'v' 'x'")
	p.expect("30 12 00 01 'a' 0D 08 00 01 'r' 26 00 01 'n' 00 01 'v' 0B 07 'x'")
	p.send("30 06 00 00 03 23 00 01") // by its alias
	p.expect("30 06 00 01 'a' 02 0B 07")
	other := connect5(t, s, "d", "02", "")
	other.expect(connack5)
	other.send("30 05 00 01 'a' 00 'y'") // both subscriptions, one message
	p.expect("30 09 00 01 'a' 04 0B 07 0B 08 'y'")
	old := connect3(t, s, "e", "02")
	old.expect(connack3)
	old.send("82 06 00 01 00 01 'a' 00")
	old.expect("90 03 00 01 00")
	other.send("30 09 00 01 'a' 04 08 00 01 'r' 'z'")
	old.expect("30 04 00 01 'a' 'z'")
}

// A client takes no more than its Maximum Packet Size and its Receive Maximum.
func TestLimitsOfTheClient(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := connect5(t, s, "c", "02", "27 00 00 00 0A 21 00 01") // 10 bytes, 1 message
	p.expect(connack5)
	p.send("82 07 00 01 00 00 01 'a' 01")
	p.expect("90 04 00 01 00 01")
	p.send("32 0B 00 01 'a' 00 01 00 'large'")
	p.expect("40 02 00 01")
	p.send("32 07 00 01 'a' 00 02 00 '1' 32 07 00 01 'a' 00 03 00 '2'")
	p.expect("32 07 00 01 'a' 00 02 00 '1'") // identifier 1 was the large one's
	p.expect("40 02 00 02 40 02 00 03")
	p.expectNothing()
	p.send("40 02 00 02")
	p.expect("32 07 00 01 'a' 00 03 00 '2'")
}

// A session outlives its connections: what was not acknowledged comes again, in order, then what came meanwhile.
func TestSession(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := connect3(t, s, "c", "00")
	p.expect(connack3)
	p.send("82 06 00 01 00 01 '#' 02")
	p.expect("90 03 00 01 02")
	p.send("34 06 00 01 'a' 00 01 '1' 32 06 00 01 'a' 00 02 '2' 34 06 00 01 'a' 00 03 '3'")
	p.expect("34 06 00 01 'a' 00 01 '1' 50 02 00 01")
	p.expect("32 06 00 01 'a' 00 02 '2' 40 02 00 02")
	p.expect("34 06 00 01 'a' 00 03 '3' 50 02 00 03")
	p.send("50 02 00 01")
	p.expect("62 02 00 01")
	p.conn.Close()

	other := connect3(t, s, "d", "02")
	other.expect(connack3)
	other.send("32 06 00 01 'a' 00 01 '4'")
	other.expect("40 02 00 01")

	p = connect3(t, s, "c", "00")
	p.expect(connack3Present)
	p.expect("62 02 00 01 3A 06 00 01 'a' 00 02 '2' 3C 06 00 01 'a' 00 03 '3' 32 06 00 01 'a' 00 04 '4'")
	p.send("34 06 00 01 'b' 00 03 '3'") // the server has it already
	p.expect("50 02 00 03")

	again := connect3(t, s, "c", "00") // while the first is connected
	again.expect(connack3Present)
	p.expectEnd()
	again.expect("62 02 00 01 3A 06 00 01 'a' 00 02 '2' 3C 06 00 01 'a' 00 03 '3' 3A 06 00 01 'a' 00 04 '4'")
	again.send("E0 00")
	again.expectEnd()

	fresh := connect3(t, s, "c", "02")
	fresh.expect(connack3)
	other.send("32 06 00 01 'a' 00 01 '5'")
	other.expect("40 02 00 01")
	fresh.expectNothing() // its subscriptions are gone
}

// In 5.0 a session lasts as long as its expiry says, and the connection that is taken over is told.
func TestSessionExpiry(t *testing.T) {
	s := mqtttest.NewServer(t)
	p := connect5(t, s, "c", "00", "11 00 00 00 3C")
	p.expect(connack5)
	next := connect5(t, s, "c", "00", "11 00 00 00 3C")
	next.expect(connack5Present)
	p.expect("E0 01 8E")
	p.expectEnd()
	next.send("E0 07 00 05 11 00 00 00 00") // it ends with the connection after all
	next.expectEnd()
	p = connect5(t, s, "c", "00", "")
	p.expect(connack5)
	p.send("E0 00")
	p.expectEnd()
	p = connect5(t, s, "c", "00", "")
	p.expect(connack5)
}

// The members of a shared subscription take turns, those of 3.1.1 too.
func TestSharedSubscription(t *testing.T) {
	s := mqtttest.NewServer(t)
	members := []*peer{connect3(t, s, "a", "02")}
	members[0].expect(connack3) // the order in which they come is that of their turns
	members = append(members, connect5(t, s, "b", "02", ""))
	members[0].send("82 0F 00 01 00 0A '$share/g/t' 00")
	members[0].expect("90 03 00 01 00")
	members[1].expect(connack5)
	members[1].send("82 10 00 01 00 00 0A '$share/g/t' 00")
	members[1].expect("90 04 00 01 00 00")
	publisher := connect5(t, s, "p", "02", "")
	publisher.expect(connack5)
	publisher.send("30 05 00 01 't' 00 '1' 30 05 00 01 't' 00 '2' 30 05 00 01 't' 00 '3'")
	members[1].expect("30 05 00 01 't' 00 '1'")
	members[0].expect("30 04 00 01 't' '2'")
	members[1].expect("30 05 00 01 't' 00 '3'")
	members[0].send("E0 00")
	members[0].expectEnd()
	publisher.send("30 05 00 01 't' 00 '4' 30 05 00 01 't' 00 '5'")
	members[1].expect("30 05 00 01 't' 00 '4' 30 05 00 01 't' 00 '5'")
}

// A will is published when its connection ends without DISCONNECT, or when that asks for it.
func TestWill(t *testing.T) {
	s := mqtttest.NewServer(t)
	watcher := connect5(t, s, "w", "02", "")
	watcher.expect(connack5)
	watcher.send("82 07 00 01 00 00 01 '#' 00")
	watcher.expect("90 04 00 01 00 00")
	const will = "30 08 00 04 'will' 00 'x'"
	// with is a connection with a will; delay and expiry are in seconds.
	with := func(delay, expiry byte, connack string) *peer {
		t.Helper()
		p := dial(t, s)
		p.send(fmt.Sprintf("10 22 00 04 'MQTT' 05 04 00 00 05 11 00 00 00 %02X 00 01 'c'", expiry))
		p.send(fmt.Sprintf("05 18 00 00 00 %02X 00 04 'will' 00 01 'x'", delay))
		p.expect(connack)
		return p
	}
	p := with(0, 0, connack5)
	p.conn.Close()
	watcher.expect(will)

	p = with(0, 0, connack5)
	p.send("E0 00")
	p.expectEnd()
	watcher.expectNothing()

	p = with(0, 0, connack5)
	p.send("E0 01 04")
	watcher.expect(will)
	p.expectEnd()

	p = with(200, 0, connack5) // the session ends before the delay
	p.conn.Close()
	watcher.expect(will)

	p = with(200, 250, connack5)
	p.conn.Close()
	p = with(200, 250, connack5Present) // back in time
	watcher.expectNothing()
	p.conn.Close()
	p = connect5(t, s, "c", "02", "") // the session is ended, and the will not due before
	p.expect(connack5)
	watcher.expect(will)
	p.send("E0 00")
	p.expectEnd()

	p = with(1, 250, connack5)
	p.conn.Close()
	watcher.expect(will) // after a second
}

// Close ends whatever goes on, and is heard by clients as the end of their connections.
func TestClose(t *testing.T) {
	s, err := mqtttest.Start()
	if err != nil {
		t.Fatal(err)
	}
	p := connect3(t, s, "c", "02")
	p.expect(connack3)
	silent := dial(t, s)
	s.Close()
	p.expectEnd()
	silent.expectEnd()
	s.Close() // once more does no harm
}

// Who does not read does not keep others waiting, and gets what is kept for it once it reads.
func TestSlowReader(t *testing.T) {
	s := mqtttest.NewServer(t)
	slow := connect3(t, s, "s", "02")
	slow.expect(connack3)
	slow.send("82 06 00 01 00 01 'a' 01")
	slow.expect("90 03 00 01 01")
	p := connect3(t, s, "p", "02")
	p.expect(connack3)
	payload := strings.Repeat("x", 1<<20)
	const count = 30
	for i := range count {
		p.send(fmt.Sprintf("32 85 80 40 00 01 'a' 00 %02X '%s'", i+1, payload))
		p.expect(fmt.Sprintf("40 02 00 %02X", i+1))
	}
	for i := range count {
		slow.expect(fmt.Sprintf("32 85 80 40 00 01 'a' 00 %02X '%s'", i+1, payload))
	}
}
