package firewall

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The first look-up of a process makes a channel that all later ones use, so it may not happen in a bubble.
	if _, err := resolver(hosts).LookupHost(context.Background(), "four.example"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// hangs is a hundred times what the longest test takes on an idle machine.
const hangs = 5 * time.Minute

// inBubble is synctest.Test, but a test that hangs, or that leaves goroutines behind, fails by its name and the others go
// on: by itself synctest ends the program then. It is mqtt/internal/bubble, which this package may not import, without
// what ends a timer that comes again and again: there is none here.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	ended := make(chan any, 1)
	go func() { // ends with the bubble
		defer func() { ended <- recover() }()
		synctest.Test(t, f)
	}()
	limit := time.NewTimer(hangs)
	defer limit.Stop()
	var why any
	select {
	case why = <-ended:
	case <-limit.C:
		why = fmt.Sprintf("it hangs: it is not over after %v of real time", hangs)
	}
	if why != nil {
		stacks := make([]byte, 1<<20)
		t.Fatalf("%v\n%s", why, stacks[:runtime.Stack(stacks, true)])
	}
	if t.Failed() { // synctest.Test has ended its goroutine, not this one
		t.FailNow()
	}
}

// step is one thing that a scripted proxy does.
type step func(t *testing.T, conn net.Conn)

// want reads exactly these bytes.
func want(text string) step {
	return func(t *testing.T, conn net.Conn) {
		got := make([]byte, len(text))
		n, err := io.ReadFull(conn, got)
		if string(got[:n]) != text {
			t.Errorf("the proxy got %q (%v), want %q", got[:n], err, text)
		}
	}
}

// send writes these bytes, or as many as the client reads before it closes.
func send(text string) step {
	return func(_ *testing.T, conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// sendForever repeats these bytes until the client closes.
func sendForever(text string, pause time.Duration) step {
	return func(_ *testing.T, conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
			time.Sleep(pause) // in the time of the bubble
		}
	}
}

// stall does nothing until the client closes, and reports what comes instead.
func stall(t *testing.T, conn net.Conn) {
	if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
		t.Errorf("the proxy got %q (%v), want no more", rest, err)
	}
}

// idle reads nothing, so that the client waits in its write.
func idle(*testing.T, net.Conn) { time.Sleep(time.Hour) } // in the time of the bubble

func hangUp(_ *testing.T, conn net.Conn) { conn.Close() }

// unhex makes bytes of hexadecimal digits; spaces are for the eye.
func unhex(digits string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// wantHex and sendHex are want and send for bytes that are not text.
func wantHex(digits string) step { return want(unhex(digits)) }
func sendHex(digits string) step { return send(unhex(digits)) }

// server is the conversation behind a proxy that made the connection: its first bytes come together with the end of
// the proxy's answer, so that a byte read too far is missed.
func server(answer string) []step {
	return []step{send(answer + "welcome"), want("ping"), send("pong"), stall}
}

// proxies are in-memory connections to scripted proxies, one script for each dial.
type proxies struct {
	t       *testing.T
	scripts [][]step
	dials   []string
	conns   []*watched
	running sync.WaitGroup
}

// watched is a connection that remembers what was done to it.
type watched struct {
	net.Conn
	closed    atomic.Bool
	deadlines atomic.Int32
}

func (w *watched) Close() error {
	w.closed.Store(true)
	return w.Conn.Close()
}

func (w *watched) SetDeadline(t time.Time) error {
	w.deadlines.Add(1)
	return w.Conn.SetDeadline(t)
}

func (w *watched) SetReadDeadline(t time.Time) error {
	w.deadlines.Add(1)
	return w.Conn.SetReadDeadline(t)
}

func (w *watched) SetWriteDeadline(t time.Time) error {
	w.deadlines.Add(1)
	return w.Conn.SetWriteDeadline(t)
}

func (p *proxies) dial(_ context.Context, network, address string) (net.Conn, error) {
	p.dials = append(p.dials, network+" "+address)
	if len(p.dials) > len(p.scripts) {
		p.t.Errorf("dialed %s, which the test does not expect", p.dials)
		return nil, net.ErrClosed
	}
	client, proxy := net.Pipe()
	script := p.scripts[len(p.dials)-1]
	p.running.Go(func() { // ended by the last step, which the client's Close ends
		defer proxy.Close()
		for _, s := range script {
			s(p.t, proxy)
		}
	})
	w := &watched{Conn: client}
	p.conns = append(p.conns, w)
	return w, nil
}

// conversation is a row of the tables about one kind of proxy.
type conversation struct {
	name     string
	firewall Firewall
	address  string   // of the server; "" = "broker.example:1883"
	network  string   // "" = "tcp"
	limit    int      // seconds until the context ends; 0 = none, since a row that hangs is found by the bubble
	scripts  [][]step // one for each connection to the proxy
	dials    string   // networks and addresses, separated by commas; "" = not checked
	code     int      // 0 = the connection is made
	text     string   // part of the error
	never    string   // no part of the error
}

// hosts is what the look-ups of the rows know.
var hosts = map[string][]string{
	"broker.example.": {"2001:db8::7", "192.0.2.7"},
	"four.example.":   {"192.0.2.4"},
	"six.example.":    {"2001:db8::6"},
}

func converse(t *testing.T, rows []conversation) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) { row.run(t) })
		})
	}
}

func (row *conversation) run(t *testing.T) {
	ctx := t.Context()
	if row.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(row.limit)*time.Second)
		defer cancel()
	}
	network, address := row.network, row.address
	if network == "" {
		network = "tcp"
	}
	if address == "" {
		address = "broker.example:1883"
	}
	p := &proxies{t: t, scripts: row.scripts}
	conn, err := row.firewall.dial(ctx, p.dial, resolver(hosts), network, address)
	if got := strings.Join(p.dials, ","); row.dials != "" && got != row.dials {
		t.Errorf("dialed %s, want %s", got, row.dials)
	}
	if len(p.dials) != len(row.scripts) {
		t.Errorf("%d connections, want %d", len(p.dials), len(row.scripts))
	}
	if got := errors.Code(err); got != row.code {
		t.Errorf("error %v, want number %d", err, row.code)
	}
	if err != nil {
		if !strings.Contains(err.Error(), row.text) {
			t.Errorf("error\n%v, want in it\n%s", err, row.text)
		}
		if row.never != "" && strings.Contains(err.Error(), row.never) {
			t.Errorf("error %v shows %q", err, row.never)
		}
	} else {
		ping(t, conn)
		if conn != net.Conn(p.conns[len(p.conns)-1]) {
			t.Error("this is not the connection that was dialed")
		}
		if p.conns[len(p.conns)-1].closed.Load() {
			t.Error("the connection was closed")
		}
		conn.Close()
	}
	for i, c := range p.conns {
		if !c.closed.Load() {
			t.Errorf("connection %d was left open", i+1)
			c.Close()
		}
		if n := c.deadlines.Load(); n > 0 {
			t.Errorf("%d deadlines were set on connection %d", n, i+1)
		}
	}
	p.running.Wait()
}

// ping talks to the server.
func ping(t *testing.T, conn net.Conn) {
	t.Helper()
	for _, s := range []step{want("welcome"), send("ping"), want("pong")} {
		s(t, conn)
	}
}
