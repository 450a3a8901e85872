package mqtt_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
)

var (
	killFor  = flag.Duration("kill.for", campaign.Pick(time.Second, 4*time.Second), "how long each of the twelve subtests of TestKilled kills and restarts; for an hour: 5m")
	killSeed = flag.Uint64("kill.seed", 0, "seed of the moments at which TestKilled kills; 0 = the campaigns' seed")
)

// TestKilled kills a program that publishes, or one that receives, again and again, without warning (kill -9), restarts
// the server now and then, and cuts their link after any byte. With JournalDir every message that a publish accepted
// arrives, and every message that was published for the receiver is delivered, in order and QoS 2 exactly once; the latter
// two as far as the server keeps to them, which mosquitto does not over its own restart.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the test kills by signal")
	}
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		t.Run("pain 12: publishing to mosquitto", func(t *testing.T) {
			// Without the setting messages overtake others: docs/servers.md.
			newKilling(t, v, realservers.StartMosquitto(t, "max_inflight_messages 0")).publishing()
		})
		t.Run("pain 12: publishing to mosquitto that is restarted", func(t *testing.T) {
			g := newKilling(t, v, realservers.StartMosquitto(t))
			g.restarts = true
			g.publishing()
		})
		t.Run("pain 12: receiving from mosquitto", func(t *testing.T) {
			newKilling(t, v, realservers.StartMosquitto(t, "max_inflight_messages 0")).receiving()
		})
		t.Run("pain 12: receiving from mosquitto that is restarted", func(t *testing.T) {
			g := newKilling(t, v, realservers.StartMosquitto(t))
			g.restarts = true
			g.receiving()
		})
		t.Run("pain 12: publishing to a server of the tests", func(t *testing.T) {
			newKilling(t, v, sessionServer(t)).publishing()
		})
		t.Run("pain 12: receiving from a server of the tests", func(t *testing.T) {
			g := newKilling(t, v, sessionServer(t))
			g.cutsReceiver = true
			g.receiving()
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
	t            *testing.T
	v            mqtt.MQTTVersions
	server       *realservers.Process
	restarts     bool // of the server
	cutsReceiver bool // cuts the link of a receiver, too: not with mosquitto, docs/servers.md
	random       *rand.Rand
	folder       string
	link         *cuttingLink
	kills        int
}

func newKilling(t *testing.T, v mqtt.MQTTVersions, server *realservers.Process) *killing {
	t.Helper()
	seed := *killSeed
	if seed == 0 {
		seed = campaign.Seed(t)
	}
	t.Logf("-kill.seed %d", seed)
	g := &killing{t: t, v: v, server: server, random: rand.New(rand.NewPCG(seed, uint64(v))), folder: t.TempDir()}
	g.link = startCuttingLink(t, server.Addr(), g.random)
	return g
}

func (g *killing) command(role string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childTask+"="+strings.Join([]string{
		role, g.link.port, g.folder, strconv.Itoa(int(g.v)),
	}, "|"))
	cmd.Stderr = os.Stderr
	return cmd
}

// child starts the program that is to be killed.
func (g *killing) child(role string) (*exec.Cmd, *bufio.Reader) {
	g.t.Helper()
	cmd := g.command(role)
	out, err := cmd.StdoutPipe()
	must(g.t, err)
	must(g.t, cmd.Start())
	return cmd, bufio.NewReader(out)
}

// rounds kills children of a role until the time is over, each a moment after it has told of its first message.
func (g *killing) rounds(role string) {
	g.t.Helper()
	for until := time.Now().Add(*killFor); time.Now().Before(until); g.kills++ {
		cmd, out := g.child(role)
		if line, err := out.ReadString('\n'); err != nil {
			g.t.Fatalf("the child ended: %q, %v, %v", line, err, cmd.Wait())
		}
		time.Sleep(time.Duration(g.random.IntN(60000)) * time.Microsecond) // nothing is waited for: any moment will do
		must(g.t, cmd.Process.Kill())
		_ = cmd.Wait() // which tells of the kill
		if g.restarts && g.random.IntN(12) == 0 {
			g.server.Restart()
		}
	}
}

// complete lets a child come to its end.
func (g *killing) complete(role string) {
	g.t.Helper()
	g.link.cut(false)
	cmd, out := g.child(role)
	rest, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		g.t.Fatalf("the child %q: %v, %s", role, err, rest)
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
	watcher.On("MessageIn", func(args any) { a.arrived(args.(*mqtt.MessageInEventArgs).Message) })
	must(g.t, watcher.M.Subscribe("killed/#", 2))
	watcher.WaitFor("Subscribed", 1)
	config(g.t, watcher.M, "BackgroundEvents=True")
	t := g.t
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
	t.Logf("%d kills: %d messages tried, %d accepted, %d came; %d repetitions of QoS 1", g.kills, len(tried), len(accepted), len(a.got), again)
	g.wantWork(len(accepted))
}

// receiving kills the receiver.
func (g *killing) receiving() {
	t := g.t
	g.complete("subscribe")
	g.link.cut(g.cutsReceiver)
	source := g.peer("source")
	config(t, source.M, "BackgroundEvents=True")
	publish := func(m string) {
		if err := source.M.PublishMessage("killed/"+m[:1], int(m[0]-'0'), m); err != nil {
			t.Errorf("publishing %q: %v", m, err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for n := 1; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			case <-ticker.C:
				publish(fmt.Sprint(1+n%2, " ", n))
			}
		}
	}()
	g.rounds("receive")
	close(stop)
	last := <-stopped
	publish(fmt.Sprint("1 ", last))
	publish(fmt.Sprint("2 ", last+1))
	g.complete(fmt.Sprint("receive ", last+1))
	must(t, source.M.Interrupt())

	got := make(map[string]int)
	var order [3]int
	for _, m := range readNotes(t, g.folder, "in ") {
		var qos, n int
		_, err := fmt.Sscan(m, &qos, &n)
		must(t, err)
		if got[m]++; got[m] == 1 {
			if n < order[qos] && !g.restarts { // mosquitto 2.0.11 comes back with another order: docs/servers.md
				t.Errorf("%q comes after %d", m, order[qos])
			}
			order[qos] = n
		} else if qos == 2 && !g.restarts { // and sends PUBLISH again after PUBREL
			t.Errorf("%q was delivered again", m)
		}
	}
	for n := 1; n < last; n++ {
		if m := fmt.Sprint(1+n%2, " ", n); got[m] == 0 {
			t.Errorf("%q was lost", m)
		}
	}
	t.Logf("%d kills: %d messages; a kill met %d handlers, whose messages came again", g.kills, len(got), len(readNotes(t, g.folder, "again ")))
	g.wantWork(len(got))
}

// wantWork sees that the test has done something.
func (g *killing) wantWork(messages int) {
	if g.kills < 3 || messages < 20 {
		g.t.Errorf("%d kills and %d messages prove nothing", g.kills, messages)
	}
}

// notes is the file that a child writes line by line, and that outlives it.
const notes = "notes"

// readNotes returns the lines that begin with prefix, without it.
func readNotes(t testing.TB, folder, prefix string) (list []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, notes))
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if rest, is := strings.CutPrefix(line, prefix); is {
			list = append(list, strings.TrimSuffix(rest, "\n"))
		}
	}
	return list
}

// cuttingLink passes connections on to the server, and ends each after some bytes.
type cuttingLink struct {
	port     string
	server   string
	listener net.Listener
	random   *rand.Rand

	mu     sync.Mutex
	healed bool
	open   sync.WaitGroup
}

func startCuttingLink(t *testing.T, server string, random *rand.Rand) *cuttingLink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	l := &cuttingLink{port: port, server: server, listener: listener, random: rand.New(rand.NewPCG(random.Uint64(), 0))}
	l.open.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.open.Wait()
	})
	return l
}

// cut tells whether connections that begin from here on are cut; at first they are.
func (l *cuttingLink) cut(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.healed = !on
}

func (l *cuttingLink) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.server)
		if err != nil { // it is being restarted
			_ = client.Close()
			continue
		}
		l.mu.Lock()
		budget := func() int64 {
			if l.healed {
				return 1 << 40
			}
			return 100 + l.random.Int64N(20000)
		}
		there, back := budget(), budget()
		l.mu.Unlock()
		end := func() {
			_ = client.Close()
			_ = server.Close()
		}
		l.open.Go(func() {
			defer end()
			_, _ = io.CopyN(server, client, there)
		})
		l.open.Go(func() {
			defer end()
			_, _ = io.CopyN(client, server, back)
		})
	}
}
