package hostile

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The settings of all cases.
const (
	memoryLimit = 8 << 20 // IncomingMemoryLimit
	maxPacket   = 1 << 20 // MaxIncomingPacketSize
	interval    = 1       // KeepAliveInterval, s
	pingTimeout = 1       // s
)

// patience is how long a case may take that has to end. docs/faults.md promises 2 I + P, 3 s, and one second for the writer;
// on a machine that does other work it may be longer. The time that it took stands in the table.
const patience = time.Minute

// bound is how much memory a case may take, in bytes: what a program takes that is connected and does nothing (idle), and
// twice what the settings allow, since Go collects when there is as much garbage as there is else. They allow
//
//   - what waits: IncomingMemoryLimit;
//   - as much again while a handler waits for the server, or for each copy of the user properties of one packet, of which
//     five bytes become a pair of texts;
//   - the bytes that were read: a packet, as much again while their buffer grows, and the packet by which the limit may be
//     exceeded;
//   - the answers that wait, and those to one read.
func (f *flood) bound(idle int64) int64 {
	const answers = 1 << 20
	return idle + 2*(int64(1+max(f.copies, 1))*memoryLimit+3*maxPacket+answers)
}

// situation is one way to be flooded.
type situation struct {
	version packet.Version
	peer    peer
	pump    pump
	over    chan struct{} // closed when the child has ended
}

func (c *situation) String() string {
	v := "3.1.1"
	if c.version == packet.V5 {
		v = "5"
	}
	return fmt.Sprintf("%s, peer %s, pump %s", v, c.peer, c.pump)
}

var all = flag.Bool("hostile.all", false, "TestHostileServer: each case in both versions, as for the table of docs/threats.md")

// situations are those in which a flood is tried: each peer with each pump, in one of the versions unless all are asked
// for, or in a short campaign each peer and each pump in turn.
func situations(f *flood, nth int, random *rand.Rand) (list []situation) {
	versions := []packet.Version{packet.V311, packet.V5}
	if f.only != 0 {
		versions = []packet.Version{f.only}
	}
	for _, v := range versions {
		for _, p := range []peer{neverReads, reads, readsSlowly} {
			for _, q := range []pump{runs, away, sleeps, blocks} {
				list = append(list, situation{version: v, peer: p, pump: q})
			}
		}
	}
	switch {
	case *all:
		return list
	case campaign.Full():
		var half []situation // of what 3.1.1 and 5.0 share, one version each
		for i, s := range list {
			if f.only != 0 || (nth+i+i/12)%2 == 0 {
				half = append(half, s)
			}
		}
		return half
	}
	first := list[:1] // what has to end most often
	rest := list[1:]
	return append(first, rest[(nth+random.IntN(len(rest)))%len(rest)])
}

// result is what one case has shown.
type result struct {
	flood *flood
	situation
	report
}

// Whatever a server sends, the memory of the process stays below a bound that the settings give, and the connection ends
// where it has to (pains 3, 9, 28, 29).
func TestHostileServer(t *testing.T) {
	random := rand.New(rand.NewPCG(campaign.Seed(t), 1))
	list := floods()
	idle := flooded(t, &flood{name: "idle", block: raw()}, &situation{version: packet.V311, peer: reads, pump: runs}).Peak
	var mu sync.Mutex
	var results []result
	t.Run("cases", func(t *testing.T) {
		campaign.Together(t, 4, func(run func(name string, test func(t *testing.T))) { // processes that wait and are measured
			for i := range list {
				f := &list[i]
				for _, c := range situations(f, i, random) {
					run(f.name+"/"+c.String(), func(t *testing.T) {
						r := flooded(t, f, &c)
						if limit := f.bound(idle); r.Peak > limit {
							t.Errorf("%s of memory, %s are allowed", mib(r.Peak), mib(limit))
						}
						if f.ends.has(&c) && r.Ended == 0 {
							t.Errorf("the connection stands after %v", patience)
						}
						mu.Lock()
						defer mu.Unlock()
						results = append(results, result{f, c, *r})
					})
				}
			}
		})
	})
	t.Logf("idle %s, bound %s\n%s", mib(idle), mib(list[0].bound(idle)), table(list, results))
}

// flooded runs one case.
func flooded(t *testing.T, f *flood, c *situation) *report {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c.over = make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(served)
		serve(t, listener, f, c)
	}()
	defer func() { <-served }()
	defer close(c.over)
	defer listener.Close()
	o := order{Port: listener.Addr().(*net.TCPAddr).Port, Pump: c.pump, MustEnd: f.ends.has(c), Flooded: time.Second / 2}
	if c.version == packet.V5 {
		o.Version = mqtt.MvV5
	}
	task, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childTask+"="+string(task))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	r := new(report)
	if err == nil {
		err = json.Unmarshal(out, r)
	}
	if err != nil {
		t.Fatalf("the child: %v\n%.4000s", err, said.String())
	}
	return r
}

func mib(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<19)>>20) }

// table is that of docs/threats.md: of each flood the most memory that a case has taken, by what the peer does, and how the
// connection ended that did soonest and latest.
func table(list []flood, results []result) string {
	var b strings.Builder
	b.WriteString("| flood | peer reads | reads slowly | never reads | how it ended |\n|---|---|---|---|---|\n")
	for i := range list {
		f := &list[i]
		fmt.Fprintf(&b, "| %s |", f.name)
		var ends []result
		stood := 0
		for _, p := range []peer{reads, readsSlowly, neverReads} {
			most := int64(0)
			for _, r := range results {
				if r.flood != f || r.peer != p {
					continue
				}
				most = max(most, r.Peak)
				if r.Ended == 0 {
					stood++
				} else {
					ends = append(ends, r)
				}
			}
			if most == 0 {
				b.WriteString(" - |")
				continue
			}
			fmt.Fprintf(&b, " %s |", mib(most))
		}
		fmt.Fprintf(&b, " %s |\n", endings(ends, stood))
	}
	return b.String()
}

// endings says how the cases of a flood ended.
func endings(ends []result, stood int) string {
	if len(ends) == 0 {
		return "stands"
	}
	slices.SortFunc(ends, func(a, b result) int { return cmp.Compare(a.Ended, b.Ended) })
	codes := make(map[int]bool)
	var names []string
	for _, r := range ends {
		if r.Code > 0 && !codes[r.Code] {
			codes[r.Code] = true
			names = append(names, fmt.Sprint(r.Code))
		}
	}
	slices.Sort(names)
	text := fmt.Sprintf("%s after %.1f to %.1f s", strings.Join(names, ", "), ends[0].Ended.Seconds(), ends[len(ends)-1].Ended.Seconds())
	if stood > 0 {
		text += fmt.Sprintf(" in %d of %d cases", len(ends), len(ends)+stood)
	}
	return text
}
