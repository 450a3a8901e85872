package journal

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// run is a journal beside what it has to hold.
type run struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	disk    *fakeDisk
	journal *Journal
	state   map[uint64]protocol.SavedMessage   // after all notes
	in      map[uint64]bool                    // the incoming ones of all
	history []map[uint64]protocol.SavedMessage // the states that a crash may lead to, the committed one first
	marks   []Mark                             // of these
	loose   map[uint64]bool                    // added, perhaps not committed, and given up: never of consequence
	newest  uint16
}

func newRun(t *testing.T, seed uint64) *run {
	r := &run{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 2)), disk: newFakeDisk(seed),
		state: map[uint64]protocol.SavedMessage{}, in: map[uint64]bool{}, loose: map[uint64]bool{},
	}
	r.open()
	return r
}

// faults makes one operation of n fail.
func (r *run) faults(n int) {
	r.disk.fail = func(string, string) error {
		if r.disk.rng.IntN(n) == 0 {
			return syscall.ENOSPC
		}
		return nil
	}
}

// open opens the journal and compares what it holds with the states that are possible.
func (r *run) open() {
	r.t.Helper()
	r.disk.remember()
	journal, found, err := open(r.disk, "d", "client")
	for err != nil { // only with faults
		if r.disk.fail == nil {
			r.t.Fatalf("Open: %v", err)
		}
		r.disk.fail = nil
		r.disk.remember()
		journal, found, err = open(r.disk, "d", "client")
	}
	for _, damage := range found.Damage {
		if !strings.Contains(damage, "incomplete") {
			r.t.Fatalf("seed %d: damage: %s", r.seed, damage)
		}
	}
	got := map[uint64]protocol.SavedMessage{}
	for _, m := range append(slices.Clone(found.Session.Outgoing), found.Session.Incoming...) {
		got[m.Key] = m
	}
	if len(r.history) > 0 && !slices.ContainsFunc(r.history, func(state map[uint64]protocol.SavedMessage) bool { return r.possible(state, got) }) {
		r.t.Fatalf("seed %d: found %v,\ncommitted %v,\nnoted %v", r.seed, describe(got), describe(r.history[0]), describe(r.state))
	}
	for _, list := range [][]protocol.SavedMessage{found.Session.Outgoing, found.Session.Incoming} {
		if !slices.IsSortedFunc(list, func(a, b protocol.SavedMessage) int { return int(a.Key) - int(b.Key) }) {
			r.t.Fatalf("not in the order of the calls: %v", list)
		}
	}
	r.journal, r.state = journal, got
	r.loose = map[uint64]bool{}
	r.history, r.marks = []map[uint64]protocol.SavedMessage{maps.Clone(got)}, []Mark{0}
}

func (r *run) possible(state, got map[uint64]protocol.SavedMessage) bool {
	for key, m := range got {
		if want, there := state[key]; !there && !r.loose[key] || there && !equal(want, m) {
			return false
		}
		if _, committed := r.history[0][key]; r.loose[key] && !committed && !r.everIn(key) {
			return false
		}
	}
	for key := range state {
		if _, there := got[key]; !there && !r.loose[key] {
			return false
		}
	}
	return true
}

// everIn reports whether the message is in one of the possible states.
func (r *run) everIn(key uint64) bool {
	return slices.ContainsFunc(r.history, func(state map[uint64]protocol.SavedMessage) bool { _, in := state[key]; return in })
}

func equal(a, b protocol.SavedMessage) bool {
	return a.Topic == b.Topic && string(a.Payload) == string(b.Payload) && string(a.Properties) == string(b.Properties) &&
		a.ID == b.ID && a.QoS == b.QoS && a.Retain == b.Retain && a.Dup == b.Dup && a.Awaits == b.Awaits
}

func describe(state map[uint64]protocol.SavedMessage) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(state)) {
		fmt.Fprintf(&b, "%d:%v(%d) ", key, state[key].Awaits, len(state[key].Payload))
	}
	return b.String()
}

// noted takes the state into the history.
func (r *run) noted() {
	r.history = append(r.history, maps.Clone(r.state))
	r.marks = append(r.marks, r.journal.Noted())
}

func (r *run) add() {
	m := protocol.SavedMessage{Topic: "t", QoS: 1 + uint8(r.rng.IntN(2)), Retain: r.rng.IntN(2) == 0}
	r.newest++
	m.ID = r.newest
	m.Payload = make([]byte, []int{0, 10, 300, direct, 3 * direct}[r.rng.IntN(5)])
	for i := range m.Payload {
		m.Payload[i] = byte(m.ID)
	}
	incoming := r.rng.IntN(3) == 0
	if incoming {
		m.QoS, m.Awaits = 2, packet.PUBREL
	}
	key := r.journal.Add(&m, incoming)
	if _, used := r.state[key]; used || key == 0 {
		r.t.Fatalf("key %d is in use", key)
	}
	r.in[key], r.state[key] = incoming, m
	delete(r.loose, key)
	r.noted()
}

func (r *run) step() {
	key, known := r.any()
	if !known {
		return
	}
	m := r.state[key]
	switch {
	case r.in[key]:
		m.Awaits = 0
	case m.QoS == 1:
		m.Awaits = packet.PUBACK
	case m.Awaits == 0:
		m.Awaits = packet.PUBREC
	default:
		m.Awaits = packet.PUBCOMP
	}
	r.state[key] = m
	r.journal.Step(key, m.Awaits)
	r.noted()
}

func (r *run) finish() {
	if key, known := r.any(); known {
		if _, committed := r.history[0][key]; !committed {
			r.loose[key] = true
		}
		delete(r.state, key)
		r.journal.Finish(key)
		r.noted()
	}
}

func (r *run) any() (uint64, bool) {
	keys := slices.Sorted(maps.Keys(r.state))
	if len(keys) == 0 {
		return 0, false
	}
	return keys[r.rng.IntN(len(keys))], true
}

// forget drops the states that cannot be any more.
func (r *run) forget() {
	committed := r.journal.Committed()
	for len(r.marks) > 1 && r.marks[1] <= committed {
		r.history, r.marks = r.history[1:], r.marks[1:]
	}
	for key := range r.loose {
		if !r.everIn(key) {
			delete(r.loose, key)
		}
	}
}

// whileSyncing makes notes and flushes them while a commit syncs.
func (r *run) whileSyncing() {
	r.disk.onSync = func() {
		r.journal.mu.Lock()
		syncing := r.journal.syncing && !r.journal.leading
		r.journal.mu.Unlock()
		if !syncing {
			return
		}
		r.disk.onSync = nil
		for range r.rng.IntN(3) {
			[]func(){r.add, r.step, r.finish}[r.rng.IntN(3)]()
			_ = r.journal.Flush()
		}
	}
}

func (r *run) commit() {
	if r.rng.IntN(2) == 0 {
		r.whileSyncing()
	}
	defer func() { r.disk.onSync = nil }()
	upTo := r.journal.Noted()
	if err := r.journal.Commit(upTo); err == nil && r.journal.Committed() < upTo {
		r.t.Fatal("Commit did not commit")
	} else if err != nil && r.disk.fail == nil {
		r.t.Fatalf("Commit: %v", err)
	}
	r.forget()
}

// leave closes or suspends the journal, which commits all that is noted, also what is noted meanwhile.
func (r *run) leave(how func(*Journal) error) {
	r.whileSyncing()
	defer func() { r.disk.onSync = nil }()
	if err := how(r.journal); err == nil {
		r.history, r.marks = []map[uint64]protocol.SavedMessage{r.state}, []Mark{0}
	}
}

// Whatever fails and whenever the power is lost: what was committed is there, and what was not is there as far as some
// note, and no further.
func TestCrash(t *testing.T) {
	for seed := range campaign.Pick[uint64](30, 400) {
		crashSeed(t, seed)
	}
}

func crashSeed(t *testing.T, seed uint64) {
	t.Helper()
	r := newRun(t, seed)
	for range 150 {
		switch n := r.rng.IntN(100); {
		case n < 35:
			r.add()
		case n < 55:
			r.step()
		case n < 78:
			r.finish()
		case n < 88:
			r.commit()
		case n < 93:
			if err := r.journal.Flush(); err != nil && r.disk.fail == nil {
				t.Fatalf("Flush: %v", err)
			}
		case n < 95:
			r.leave((*Journal).Close)
			r.open()
		case n < 96:
			r.leave((*Journal).Suspend)
			r.open()
		case n < 98:
			r.disk = r.disk.crash()
			r.open()
		case n < 99:
			r.disk = r.disk.kill()
			r.open()
		case seed%3 == 0: // no faults
		case r.disk.fail == nil:
			r.faults(2 + r.rng.IntN(20))
		default:
			r.disk.fail = nil
		}
	}
	r.disk.fail = nil
	r.commit()
	r.disk = r.disk.crash()
	r.open()
}
