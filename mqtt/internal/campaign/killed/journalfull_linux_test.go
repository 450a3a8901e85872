package killed

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/journal"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func init() { obey = (*child).obey }

// obey is the task of a child that does what its parent tells it line by line, and answers each line with one.
func (c *child) obey() {
	signal.Ignore(unix.SIGXFSZ) // writing behind the limit fails instead
	c.config("AutoReconnect=False")
	c.m.OnError = nil // 302 is what this is about
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		what, argument, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "limit": // how large a file may become: what a full disk is to a program
			limit := unix.Rlimit{Cur: uint64(number(argument)), Max: unix.RLIM_INFINITY}
			fmt.Println(unix.Setrlimit(unix.RLIMIT_FSIZE, &limit))
		case "publish":
			qos, text, _ := strings.Cut(argument, " ")
			fmt.Println(errors.Code(c.m.PublishMessage("t", number(qos), text)))
		case "connect":
			fmt.Println(errors.Code(c.m.Connect()))
		case "end": // waits for the end of the connection
			ended := make(chan int, 1)
			c.m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { ended <- e.StatusCode }
			fmt.Println("waiting")
			fmt.Println(<-ended)
		case "state":
			fmt.Println(c.m.Connected(), c.m.OutgoingMessages().Count(), c.config("QueuedMessages"))
		}
	}
}

// pain 32: a disk that is full refuses what needs it with a number, and nothing else: the connection stands, what was
// accepted stays, and when there is room again everything goes on.
func TestJournalDiskFull(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		server := mqtttest.NewServer(t)
		g := &killing{t: t, v: v, folder: t.TempDir(), random: rand.New(rand.NewPCG(1, 1))}
		g.link = startCuttingLink(t, fmt.Sprintf("%s:%d", server.Host, server.Port), g.random)
		g.link.cut(false)
		cmd := g.command("obey")
		in, err := cmd.StdinPipe()
		must(t, err)
		pipe, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		out := bufio.NewReader(pipe)
		read := func() string {
			line, err := out.ReadString('\n')
			must(t, err)
			return strings.TrimSuffix(line, "\n")
		}
		send := func(format string, a ...any) {
			_, err := fmt.Fprintf(in, format+"\n", a...)
			must(t, err)
		}
		tell := func(want, format string, a ...any) {
			t.Helper()
			send(format, a...)
			if got := read(); got != want {
				t.Fatalf("%s: %q, want %q", fmt.Sprintf(format, a...), got, want)
			}
		}
		size := func() int64 {
			files, err := filepath.Glob(filepath.Join(g.folder, "journal", "*.journal"))
			must(t, err)
			info, err := os.Stat(files[0])
			must(t, err)
			return info.Size()
		}

		send("connect")
		c := server.Accept(t)
		c.ExpectConnect()
		c.SendConnack(false, 0, nil)
		if got := read(); got != "0" {
			t.Fatalf("Connect: %s", got)
		}
		tell("0", "publish 1 a")
		c.ExpectPublish()
		tell("<nil>", "limit %d", size()+10)
		tell("302", "publish 1 no")
		tell("302", "publish 2 no")
		tell("0", "publish 0 b")
		if p := c.ExpectPublish(); string(p.Payload) != "b" {
			t.Errorf("%q was sent", p.Payload)
		}
		tell("true 1 0", "state")
		tell("<nil>", "limit %d", 1<<30)
		tell("0", "publish 2 c")
		if p := c.ExpectPublish(); string(p.Payload) != "c" {
			t.Errorf("%q was sent", p.Payload)
		}

		// An incoming message needs the disk too: it is not acknowledged, the connection ends, and the next one goes on.
		tell("<nil>", "limit %d", size()+10)
		tell("waiting", "end")
		c.SendPublish("killed/in", 2, 7, "2 1")
		c.ExpectEOF()
		if got := read(); got != "302" {
			t.Errorf("the connection ended with %s", got)
		}
		tell("<nil>", "limit %d", 1<<30)
		send("connect")
		c = server.Accept(t)
		c.ExpectConnect()
		c.SendConnack(true, 0, nil)
		if got := read(); got != "0" {
			t.Fatalf("Connect: %s", got)
		}
		for _, want := range []string{"a", "c"} {
			if p := c.ExpectPublish(); string(p.Payload) != want || !p.Dup {
				t.Errorf("%q was sent again", p.Payload)
			}
		}
		c.SendPublish("killed/in", 2, 7, "2 1")
		c.ExpectAck(packet.PUBREC, 7)
		c.SendAck(packet.PUBREL, 7)
		c.ExpectAck(packet.PUBCOMP, 7)
		must(t, in.Close())
		_, _ = io.Copy(io.Discard, out)
		must(t, cmd.Wait())
		if got := readNotes(t, g.folder, "in "); !slices.Equal(got, []string{"2 1"}) {
			t.Errorf("delivered %q", got)
		}
		kept, found, err := journal.Open(filepath.Join(g.folder, "journal"), "killed")
		must(t, err)
		defer func() { _ = kept.Close() }()
		var payloads []string
		for _, m := range found.Session.Outgoing {
			payloads = append(payloads, string(m.Payload))
		}
		if !slices.Equal(payloads, []string{"a", "c"}) {
			t.Errorf("the journal has %q; what was refused with 302 is not to be sent later", payloads)
		}
	})
}
