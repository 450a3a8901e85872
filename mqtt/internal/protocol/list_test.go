package protocol

import (
	"math/rand"
	"slices"
	"testing"
)

// naive is a List as a slice.
type naive []*Message

func checkList(t *testing.T, l *List, want naive, probe *rand.Rand) {
	t.Helper()
	if l.Len() != len(want) {
		t.Fatalf("length %d, want %d", l.Len(), len(want))
	}
	if probe == nil || probe.Intn(50) == 0 {
		if got := slices.Collect(l.All()); !slices.Equal(got, want) {
			t.Fatalf("All yields %d messages in another order", len(got))
		}
		for i, m := range want {
			if l.Index(m) != i || l.At(i) != m {
				t.Fatalf("Index %d, At %p of message %d (%p)", l.Index(m), l.At(i), i, m)
			}
		}
	} else if len(want) > 0 {
		i := probe.Intn(len(want))
		if l.Index(want[i]) != i || l.At(i) != want[i] {
			t.Fatalf("Index %d, want %d", l.Index(want[i]), i)
		}
	}
	if l.At(-1) != nil || l.At(len(want)) != nil {
		t.Fatal("At outside of the list")
	}
}

func TestListAgainstModel(t *testing.T) {
	for seed := range int64(30) {
		r := rand.New(rand.NewSource(seed))
		var l List
		var want naive
		gone := &Message{}
		for step := range 3000 {
			// Phases of growing and of shrinking, removals mostly at the head as in practice.
			grow := 40 + 40*((step/500)%2)
			if r.Intn(100) < grow {
				m := &Message{}
				l.add(m)
				want = append(want, m)
			} else if len(want) > 0 {
				i := 0
				if r.Intn(3) == 0 {
					i = r.Intn(len(want))
				}
				gone = want[i]
				l.remove(gone)
				want = slices.Delete(want, i, i+1)
				l.remove(gone) // twice does nothing
			}
			if l.Index(gone) >= 0 {
				t.Fatal("seed", seed, "step", step, "a removed message has a position")
			}
			checkList(t, &l, want, r)
		}
		checkList(t, &l, want, nil)
		for len(want) > 0 {
			l.remove(want[len(want)-1])
			want = want[:len(want)-1]
		}
		checkList(t, &l, want, nil)
	}
}

func TestListCompaction(t *testing.T) {
	var l List
	stuck := &Message{}
	l.add(stuck)
	for range 100000 {
		m := &Message{}
		l.add(m)
		if l.Index(m) != 1 {
			t.Fatal(l.Index(m))
		}
		l.remove(m)
	}
	if len(l.slots) > 128 || len(l.used) > 2 {
		t.Fatal("slots", len(l.slots), "words", len(l.used))
	}
	checkList(t, &l, naive{stuck}, nil)
}

func TestListRemoveWhileIterating(t *testing.T) {
	var l List
	var want naive
	for i := range 200 {
		m := &Message{ID: uint16(i)}
		l.add(m)
		if i%3 == 0 {
			want = append(want, m)
		}
	}
	n := 0
	for m := range l.All() {
		n++
		if m.ID%3 != 0 {
			l.remove(m)
		}
	}
	if n != 200 {
		t.Fatal(n, "messages visited")
	}
	checkList(t, &l, want, nil)
	for m := range l.All() {
		l.remove(m)
		if m.ID == 30 {
			break
		}
	}
	checkList(t, &l, want[11:], nil)
	for m := range l.All() {
		l.remove(m)
	}
	checkList(t, &l, nil, nil)
}

func TestIDTable(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var table idTable
	want := map[uint16]*Message{}
	for step := range 200000 {
		id := uint16(1 + r.Intn(65535))
		if step%2 == 0 {
			id = uint16(1 + r.Intn(600))
		}
		if m := want[id]; m != nil {
			table.remove(id)
			delete(want, id)
		} else {
			m := &Message{}
			table.put(id, m)
			want[id] = m
		}
		probe := uint16(r.Intn(65536))
		if table.get(probe) != want[probe] || table.get(id) != want[id] || table.count != len(want) {
			t.Fatal("step", step)
		}
	}
	for id := range want {
		table.remove(id)
	}
	for i, p := range table.pages {
		if p != nil {
			t.Fatal("page", i, "is kept for nothing")
		}
	}
	var small idTable
	small.put(3, &Message{ID: 3})
	small.put(700, &Message{ID: 700})
	for m := range small.all() {
		small.remove(m.ID)
		break
	}
	if small.get(3) != nil || small.get(700) == nil {
		t.Fatal("one of two was to be removed")
	}
	small.remove(700)
	small.put(3, &Message{})
	if small.get(65535) != nil || small.get(3) == nil || small.full(65535) || small.full(3) {
		t.Fatal("a small table")
	}
}

func TestTakeID(t *testing.T) {
	var c Client
	in := func(id uint16) bool { return c.ids.get(id) != nil || c.requests[id] != nil }
	c.requests = map[uint16]*Request{3: {}, 511: {}, 65535: {}}
	r := rand.New(rand.NewSource(1))
	last := uint16(0)
	for step := range 300000 {
		used := c.ids.count + len(c.requests)
		id := c.takeID()
		if id == 0 {
			if used != 65535 {
				t.Fatal("none left with", used, "in use")
			}
			for range 1000 {
				if id := uint16(r.Intn(65536)); c.ids.get(id) != nil {
					c.ids.remove(id)
				}
			}
			continue
		}
		if in(id) {
			t.Fatal("step", step, "identifier", id, "is in use")
		}
		for between := last + 1; between != id; between++ {
			if between != 0 && !in(between) {
				t.Fatal("step", step, "identifier", between, "was passed over for", id)
			}
		}
		last = id
		c.ids.put(id, &Message{})
	}
}
