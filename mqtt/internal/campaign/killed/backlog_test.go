package killed

import (
	"encoding/binary"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

var backlogFor = flag.Duration("backlog.for", campaign.Pick(time.Second, 10*time.Second), "how long each subtest of TestConnectionsEndInFrontOfABacklog ends connections")

// A server sends 100 QoS 2 messages of 2 KB with their PUBRELs and ends the connection, again and again, while the handlers
// still work on them. So the journal is closed while the pump notes what it delivers, with more garbage in the file than it
// leaves there. The process lives, and has each message once.
func TestConnectionsEndInFrontOfABacklog(t *testing.T) {
	for _, handler := range []time.Duration{0, time.Millisecond} {
		t.Run(fmt.Sprint("pain 12: handler of ", handler), func(t *testing.T) {
			eachVersionTogether(t, func(t *testing.T, v mqtt.MQTTVersions) {
				b := &backlogServer{owed: make(map[uint16]bool)}
				server := mqtttest.NewServer(t)
				server.ServeAll(t, b.seen)
				g := &killing{t: t, v: v, folder: keptFolder(t), link: &cuttingLink{port: strconv.Itoa(server.Port)}}
				cmd, _ := g.start(g.commandWith("receive", handler, true))
				ended := make(chan error, 1)
				go func() { ended <- cmd.Wait() }()
				select {
				case err := <-ended:
					t.Fatalf("the child ended by itself after %d messages: %v\n%s", b.sent(), err, g.said())
				case <-time.After(*backlogFor): // the length of the campaign
				}
				sent := b.finish()
				arrived := countNotes(t, g.folder)
				for until := time.Now().Add(time.Minute); arrived.count() < sent && time.Now().Before(until); {
					time.Sleep(10 * time.Millisecond)
				}
				if arrived.count() < sent {
					_ = cmd.Process.Signal(syscall.SIGQUIT) // its goroutines tell what it waits for
				} else {
					must(t, cmd.Process.Kill())
				}
				<-ended
				verdict := judge(readNotes(t, g.folder, ""))
				if len(verdict.faults) > 0 || len(verdict.got) != sent {
					t.Errorf("%d of %d messages came, %d of them not as they should: %q", len(verdict.got), sent, len(verdict.faults), verdict.faults[:min(len(verdict.faults), 20)])
				}
				t.Logf("%d connections, %d messages", sent/backlogSize, sent)
			})
		})
	}
}

// backlogSize is how many messages a backlog has.
const backlogSize = 100

// backlogServer is a server that sends so many messages on each connection and ends it.
type backlogServer struct {
	mu   sync.Mutex
	last int             // number of the last message
	owed map[uint16]bool // identifiers whose PUBCOMP has not come
	over bool
}

// seen takes part in Conn.Serve.
func (b *backlogServer) seen(c *mqtttest.Conn, p *mqtttest.Packet) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch p.Type() {
	case packet.CONNECT:
		out := c.Connack(b.last > 0, 0, nil)
		for _, id := range sortedKeys(b.owed) { // [MQTT5-4.4.0-1] [MQTT311-4.4.0-1]
			out = packet.AppendShortAck(out, packet.PUBREL, id)
		}
		if b.over {
			_ = c.TrySend(out)
			return false
		}
		for range backlogSize {
			b.last++
			id := uint16(b.last%65535 + 1)
			b.owed[id] = true
			out = append(out, c.Publish("killed/2", 2, id, fmt.Sprint("2 ", b.last, " ", strings.Repeat("x", 2000)))...)
			out = packet.AppendShortAck(out, packet.PUBREL, id)
		}
		if c.TrySend(out) == nil {
			c.CloseWrite() // all of it arrives, which a reset may prevent
		}
	case packet.PUBCOMP:
		delete(b.owed, binary.BigEndian.Uint16(p.Body))
	case packet.PINGREQ, packet.DISCONNECT:
		return true
	}
	return false
}

func sortedKeys(set map[uint16]bool) (keys []uint16) {
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (b *backlogServer) sent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// finish makes the server send no more new messages, and reports how many it has sent.
func (b *backlogServer) finish() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	return b.last
}

// Messages have arrived, the handler of each takes 5 ms, the connection ends, more handlers run, and the process is killed:
// the next one delivers what was not delivered, and again only the message whose handler the kill has met. The handlers of
// all messages would take ten seconds, which leaves the test time to kill.
func TestKilledBehindABacklog(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the test kills by signal")
	}
	t.Run("pain 12", func(t *testing.T) { eachVersionTogether(t, killBehindABacklog) })
}

func killBehindABacklog(t *testing.T, v mqtt.MQTTVersions) {
	const count = 2000
	g := newKilling(t, v, sessionServer(t))
	g.link.cut(false)
	g.complete("subscribe")
	source := g.peer("source")
	config(t, source.M, "BackgroundEvents=True")
	for n := range count {
		must(t, source.M.PublishMessage("killed/2", 2, fmt.Sprint("2 ", n+1)))
	}
	cmd, out := g.start(g.commandWith("receive", 5*time.Millisecond, false))
	if line, err := out.ReadString('\n'); err != nil {
		t.Fatalf("the child ended by itself: %q, %v\n%s", line, err, g.said())
	}
	arrived := countNotes(t, g.folder)
	wait := func(begun int) {
		for arrived.count() < begun {
			time.Sleep(time.Millisecond) // the child notes what it does, and tells nobody
		}
	}
	wait(20) // many others have arrived meanwhile
	g.link.reset()
	wait(60)
	g.kill(cmd) // may meet any message
	before := arrived.count()
	g.complete(fmt.Sprint("receive ", count))
	verdict := judge(readNotes(t, g.folder, ""))
	if len(verdict.faults) > 0 {
		t.Errorf("%d faults: %q", len(verdict.faults), verdict.faults)
	}
	if before == count || len(verdict.got) != count {
		t.Errorf("%d messages were begun before the kill and %d in all: of %d", before, len(verdict.got), count)
	}
	must(t, source.M.Interrupt())
}
