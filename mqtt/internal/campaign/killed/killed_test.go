package killed

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
)

var (
	killFor  = flag.Duration("kill.for", campaign.Pick(time.Second, 8*time.Second), "how long each of the twelve subtests of TestKilled kills and restarts, six of them at the same time; for an hour: 30m")
	killWire = flag.Bool("kill.wire", false, "keep what passed on each connection of a test that fails, beside its notes")
	killSeed = flag.Uint64("kill.seed", 0, "seed of the moments at which TestKilled kills; 0 = the campaigns' seed")
)

// TestKilled kills a program that publishes, or one that receives, again and again, without warning (kill -9), restarts
// the server now and then, and ends their connections, by cuts after any byte and by resets, also in front of a backlog
// that handlers of different speed are working on. With JournalDir every message that a publish accepted arrives, and
// every message that was published for the receiver is delivered, in order and QoS 2 exactly once, but for the one whose
// handler a kill has met (judge); order and once as far as the server keeps to them, which mosquitto does not over its
// own restart. No child ends by itself.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the test kills by signal")
	}
	mqtttest.WatchdogAfter(t, 4**killFor+5*time.Minute)
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		campaign.Together(t, 6, func(run func(name string, test func(t *testing.T))) {
			run("pain 12: publishing to mosquitto", func(t *testing.T) {
				// Without the setting messages overtake others: docs/servers.md.
				newKilling(t, v, realservers.StartMosquitto(t, "max_inflight_messages 0")).publishing()
			})
			run("pain 12: publishing to mosquitto that is restarted", func(t *testing.T) {
				g := newKilling(t, v, realservers.StartMosquitto(t))
				g.restarts = true
				g.publishing()
			})
			run("pain 12: receiving from mosquitto", func(t *testing.T) {
				newKilling(t, v, realservers.StartMosquitto(t, "max_inflight_messages 0")).receiving()
			})
			run("pain 12: receiving from mosquitto that is restarted", func(t *testing.T) {
				g := newKilling(t, v, realservers.StartMosquitto(t))
				g.restarts = true
				g.receiving()
			})
			run("pain 12: publishing to a server of the tests", func(t *testing.T) {
				newKilling(t, v, sessionServer(t)).publishing()
			})
			run("pain 12: receiving from a server of the tests", func(t *testing.T) {
				g := newKilling(t, v, sessionServer(t))
				g.cuts = true
				g.receiving()
			})
		})
	})
}

func sessionServer(t *testing.T) *realservers.Process {
	server := mqtttest.NewServer(t)
	server.ServeSessions(t)
	return &realservers.Process{Server: realservers.Server{Host: server.Host, Port: server.Port}}
}

// killing is one run of TestKilled.
type killing struct {
	t        *testing.T
	v        mqtt.MQTTVersions
	server   *realservers.Process
	restarts bool // of the server
	cuts     bool // ends connections: those of a receiver not with mosquitto, docs/servers.md
	random   *rand.Rand
	folder   string // of the notes, the journal and what the children say on stderr; kept if the test fails
	link     *cuttingLink
	kills    int
}

func newKilling(t *testing.T, v mqtt.MQTTVersions, server *realservers.Process) *killing {
	t.Helper()
	seed := *killSeed
	if seed == 0 {
		seed = campaign.Seed(t)
	}
	t.Logf("-kill.seed %d", seed)
	g := &killing{t: t, v: v, server: server, random: rand.New(rand.NewPCG(seed, uint64(v))), folder: keptFolder(t)}
	g.link = startCuttingLink(t, server.Addr(), g.random)
	if *killWire {
		g.link.wire = g.folder
	}
	return g
}

// keptFolder makes a folder that a failed test keeps.
func keptFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "killed-")
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("notes, journal and stderr of the children are kept in %s", folder)
			return
		}
		must(t, os.RemoveAll(folder))
	})
	return folder
}

func (g *killing) command(role string) *exec.Cmd {
	return g.commandWith(role, 0, false)
}

// commandWith is command for a child whose handlers take time, and that connects again at once or when AutoReconnect does.
func (g *killing) commandWith(role string, handler time.Duration, impatient bool) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childTask+"="+strings.Join([]string{
		role, g.link.port, g.folder, strconv.Itoa(int(g.v)), handler.String(), strconv.FormatBool(impatient),
	}, "|"))
	said, err := os.OpenFile(filepath.Join(g.folder, stderr), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	must(g.t, err)
	g.t.Cleanup(func() { _ = said.Close() })
	cmd.Stderr = said
	return cmd
}

// stderr is the file with what the children said there.
const stderr = "stderr"

// said is the beginning of that.
func (g *killing) said() []byte {
	b, _ := os.ReadFile(filepath.Join(g.folder, stderr))
	return b[:min(len(b), 4000)]
}

// start starts a program that is to be killed.
func (g *killing) start(cmd *exec.Cmd) (*exec.Cmd, *bufio.Reader) {
	g.t.Helper()
	out, err := cmd.StdoutPipe()
	must(g.t, err)
	must(g.t, cmd.Start())
	return cmd, bufio.NewReader(out)
}

// kill kills a child, which has to have lived until then.
func (g *killing) kill(cmd *exec.Cmd) {
	g.t.Helper()
	must(g.t, cmd.Process.Kill())
	err := cmd.Wait()
	if status, is := cmd.ProcessState.Sys().(syscall.WaitStatus); !is || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		g.t.Fatalf("a child ended by itself: %v\n%s", err, g.said())
	}
}

// rounds kills children of a role until the time is over, each some time after it has told of its first message: most of
// them within 60 ms, the others within seconds, in which their connections end more than once.
func (g *killing) rounds(role string) {
	g.t.Helper()
	handlers := []time.Duration{0, 0, time.Millisecond, 5 * time.Millisecond}
	lives := []time.Duration{60, 60, 60, 60, 600, 2500} // milliseconds
	for until := time.Now().Add(*killFor); g.kills < 3 || time.Now().Before(until); g.kills++ {
		handler, life := handlers[g.random.IntN(len(handlers))], lives[g.random.IntN(len(lives))]*time.Millisecond
		cmd, out := g.start(g.commandWith(role, handler, g.random.IntN(2) == 0))
		if line, err := out.ReadString('\n'); err != nil {
			g.t.Fatalf("a child ended by itself: %q, %v, %v\n%s", line, err, cmd.Wait(), g.said())
		}
		// Nothing is waited for: any moment will do.
		life = time.Duration(g.random.Int64N(int64(life)))
		for g.cuts && life > 100*time.Millisecond && g.random.IntN(2) == 0 {
			part := time.Duration(g.random.Int64N(int64(life)))
			time.Sleep(part)
			g.link.reset()
			life -= part
		}
		time.Sleep(life)
		g.kill(cmd)
		if g.restarts && g.random.IntN(12) == 0 {
			g.server.Restart()
		}
	}
}

// complete lets a child come to its end.
func (g *killing) complete(role string) {
	g.t.Helper()
	g.link.cut(false)
	cmd, out := g.start(g.command(role))
	rest, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		g.t.Fatalf("the child %q: %v, %s\n%s", role, err, rest, g.said())
	}
}

// peer makes a component on the other side, which is not killed and has a link of its own.
func (g *killing) peer(id string) *mqtttest.Recorder {
	g.t.Helper()
	r := mqtttest.Record(g.t, mqtt.New()).SeveralServers()
	must(g.t, r.M.SetVersion(g.v))
	must(g.t, r.M.SetClientId(id))
	must(g.t, r.M.SetCleanSession(false))
	for _, s := range []string{"AutoReconnect=True", "ReconnectDelayMin=1", "ReconnectDelayMax=1", "QueueMessages=True", "SendQueueSize=0", "InflightLimit=20", "LogLevel=0", "SessionExpInterval=3600"} {
		if g.v == mqtt.MvV5 || !strings.HasPrefix(s, "SessionExp") {
			config(g.t, r.M, s)
		}
	}
	must(g.t, r.M.ConnectTo(g.server.Host, g.server.Port))
	return r
}

// arrivals are the messages that have come to the other side.
type arrivals struct {
	t         *testing.T
	restarted bool

	mu    sync.Mutex
	got   map[string]int
	order [3]int
}

// arrived takes note of a message.
func (a *arrivals) arrived(m string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var qos, n int
	if _, err := fmt.Sscan(m, &qos, &n); err != nil {
		a.t.Errorf("received %q", m)
		return
	}
	if a.got[m]++; a.got[m] > 1 {
		return
	}
	if n < a.order[qos] && !a.restarted {
		a.t.Errorf("%q comes after %d", m, a.order[qos])
	}
	a.order[qos] = n
}

// missing returns which of these have not come.
func (a *arrivals) missing(messages []string) (list []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range messages {
		if a.got[m] == 0 {
			list = append(list, m)
		}
	}
	return list
}

// publishing kills the publisher, and watches what the server passes on.
func (g *killing) publishing() {
	watcher := g.peer("watcher")
	// mosquitto 2.0.11 comes back from a restart with another order, and sends PUBLISH again after PUBREC: docs/servers.md
	a := &arrivals{t: g.t, got: make(map[string]int), restarted: g.restarts}
	watcher.On("MessageIn", func(args any) { a.arrived(keyOf(args.(*mqtt.MessageInEventArgs).Message)) })
	must(g.t, watcher.M.Subscribe("killed/#", 2))
	watcher.WaitFor("Subscribed", 1)
	config(g.t, watcher.M, "BackgroundEvents=True")
	t := g.t
	g.cuts = true
	g.rounds("publish")
	g.complete("drain")
	tried, accepted := readNotes(t, g.folder, "try "), readNotes(t, g.folder, "ok ")
	for until := time.Now().Add(30 * time.Second); len(a.missing(accepted)) > 0 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond) // the server has them, and no event tells that all have come
	}
	if lost := a.missing(accepted); len(lost) > 0 {
		t.Errorf("%d accepted messages were lost: %q", len(lost), lost)
	}
	must(t, watcher.M.Interrupt())
	a.mu.Lock()
	defer a.mu.Unlock()
	again := 0
	for m, n := range a.got {
		if n > 1 && m[0] == '2' && !a.restarted {
			t.Errorf("%q came %d times", m, n)
		}
		again += n - 1
	}
	t.Logf("%d kills, %d connections ended: %d messages tried, %d accepted, %d came; %d repetitions of QoS 1",
		g.kills, g.link.endings(), len(tried), len(accepted), len(a.got), again)
	g.wantWork(len(accepted))
}

// receiving kills the receiver.
func (g *killing) receiving() {
	t := g.t
	g.complete("subscribe")
	g.link.cut(g.cuts)
	source := g.peer("source")
	config(t, source.M, "BackgroundEvents=True")
	arrived := countNotes(t, g.folder)
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for n := 1; ; n++ {
			// As many as a server keeps for a receiver that is away: mosquitto 1000.
			for wait := true; wait; wait = n-arrived.count() > 500 {
				select {
				case <-stop:
					stopped <- n - 1
					return
				case <-ticker.C:
				}
			}
			qos, m := message(n)
			if err := source.M.PublishMessage(fmt.Sprint("killed/", qos), qos, m); err != nil {
				t.Errorf("publishing %d: %v", n, err)
			}
		}
	}()
	g.rounds("receive")
	close(stop)
	last := <-stopped
	g.complete(fmt.Sprint("receive ", last))
	must(t, source.M.Interrupt())

	lines := readNotes(t, g.folder, "")
	v := judge(lines)
	if g.restarts { // mosquitto 2.0.11 comes back with another order, and sends PUBLISH again after PUBREL: docs/servers.md
		t.Logf("the server, restarted, has brought %d messages out of order, or of QoS 2 again", len(v.faults))
	} else if n := len(v.faults); n > 0 {
		t.Errorf("%d faults, such as %q", n, v.faults[:min(n, 20)])
	}
	var lost []string
	for n := 1; n <= last; n++ {
		if _, m := message(n); v.got[keyOf(m)] == 0 {
			lost = append(lost, keyOf(m))
		}
	}
	if n := len(lost); n > 0 {
		t.Errorf("%d messages were lost, such as %q", n, lost[:min(n, 20)])
	}
	t.Logf("%d kills, %d connections ended: %d messages; %d kills met the handler of a QoS 2 message, and %d the moment after it, which came again",
		g.kills, g.link.endings(), len(v.got), v.met, v.justAfter)
	g.wantWork(len(v.got))
}

// wantWork sees that the test has done something.
func (g *killing) wantWork(messages int) {
	if messages < g.kills { // each child has told of its first one
		g.t.Errorf("%d kills and %d messages prove nothing", g.kills, messages)
	}
}
