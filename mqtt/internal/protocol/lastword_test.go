package protocol

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// TestSubscriptionModel subscribes and unsubscribes at random over a link that is cut at any packet, with a server that
// keeps its session or loses it. When all is quiet the server has what the program asked for last, each call has been
// answered once under its identifier, and nothing was asked for twice on a connection.
func TestSubscriptionModel(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		for seed := range campaign.Pick[int64](300, 5000) {
			if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				m := &subscriptionModel{trace: newTrace(t, v), r: rand.New(rand.NewSource(seed)), wanted: map[string]int{}, has: map[string]int{}, open: map[int]int{}, calls: map[string]int{}}
				m.nextID = uint16(65530 + m.r.Intn(8)) // wraps soon
				m.Settings.QueueRequests = true
				m.run()
			}) {
				return
			}
		}
	})
}

type subscriptionModel struct {
	*trace
	r      *rand.Rand
	wanted map[string]int // the QoS of what the program wants; what it does not want is not there
	has    map[string]int // likewise of the server's session
	open   map[int]int    // calls without an answer, by packet identifier
	toS    []byte
	toC    [][]byte
	asked  map[string]int // on this connection, by type and what follows the packet identifier
	calls  map[string]int // likewise, by the program, or left over
}

func (m *subscriptionModel) run() {
	for range 200 {
		m.step()
	}
	if m.Phase() != Connected {
		m.returns()
	}
	for m.settle() {
	}
	if !maps.Equal(m.wanted, m.has) {
		m.t.Fatalf("the server has %v, the program wants %v", m.has, m.wanted)
	}
	if len(m.open) > 0 {
		m.t.Fatalf("calls without an answer: %v", m.open)
	}
	if len(m.requests) > 0 || len(m.words) > 0 || m.kept != 0 {
		m.t.Fatalf("%d requests, %d words and %d bytes are left", len(m.requests), len(m.words), m.kept)
	}
}

func (m *subscriptionModel) step() {
	switch n := m.r.Intn(12); {
	case n < 4:
		m.ask()
	case n < 5 && m.Phase() == Connected:
		m.loseLink()
	case n < 7 && m.Phase() != Connected:
		m.returns()
	default:
		m.deliver()
	}
}

var filters = []string{"a", "b", "c", "d"}

// ask makes one call of the program.
func (m *subscriptionModel) ask() {
	f := filters[m.r.Intn(len(filters))]
	if m.r.Intn(3) == 0 {
		id, err := m.Unsubscribe([]string{f}, f, nil)
		if err != nil {
			m.t.Fatal(err)
		}
		m.open[id]++
		m.calls["U"+f]++
		delete(m.wanted, f)
		return
	}
	m.subscribe(f, m.r.Intn(3))
}

func (m *subscriptionModel) subscribe(f string, qos int) {
	id, err := m.Subscribe([]Subscription{{Filter: f, QoS: qos}}, 0, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	m.open[id]++
	m.calls[fmt.Sprint("S", f, qos)]++
	m.wanted[f] = qos
}

func (m *subscriptionModel) loseLink() {
	m.cut()
	m.toS, m.toC = nil, nil
}

// returns connects again. Half of the time the program subscribes to what it wants in OnConnected.
func (m *subscriptionModel) returns() {
	m.asked, m.calls = map[string]int{}, map[string]int{}
	present := m.r.Intn(2) == 0
	if !present {
		clear(m.has)
	}
	connack := accepted
	if present {
		connack = resumed
	}
	m.connectQuietly(connack, again)
	for _, r := range m.requests {
		for i, f := range r.Filters {
			if r.Type == packet.SUBSCRIBE {
				m.calls[fmt.Sprint("S", f, r.subscriptions[i].QoS)]++
			} else {
				m.calls["U"+f]++
			}
		}
	}
	if m.r.Intn(2) == 0 {
		for _, f := range slices.Sorted(maps.Keys(m.wanted)) {
			before := len(m.requests)
			m.subscribe(f, m.wanted[f])
			if !present && len(m.requests) > before {
				m.t.Fatalf("%s was asked for by the component, and again by the program", f)
			}
		}
	}
}

// deliver moves what is on the link, and lets the pump run now and then.
func (m *subscriptionModel) deliver() bool {
	moved := m.serve()
	for n := m.r.Intn(3); len(m.toC) > 0 && n >= 0; n-- {
		m.feed(m.toC[0])
		m.toC = m.toC[1:]
		moved = true
	}
	if m.r.Intn(2) == 0 {
		moved = m.drain() || moved
	}
	return moved
}

func (m *subscriptionModel) settle() bool {
	moved := m.serve()
	for _, b := range m.toC {
		m.feed(b)
	}
	m.toC = nil
	return m.drain() || moved
}

// drain lets the pump run.
func (m *subscriptionModel) drain() bool {
	batch := m.TakeEvents()
	for i := range batch {
		if a, is := batch[i].Detail.(*SubAck); is {
			m.AnswerTold(a.Request)
			delete(m.open, int(a.Request.ID))
		}
		if batch[i].Kind == EventError {
			m.t.Fatalf("%v", batch[i].Detail)
		}
	}
	m.ReturnEvents(batch)
	return len(batch) > 0
}

// serve lets the server read what was written, and answer.
func (m *subscriptionModel) serve() bool {
	m.toS = append(m.toS, m.out()...)
	moved := len(m.toS) > 0
	for len(m.toS) > 0 {
		size := 2 + int(m.toS[1])
		first, body := m.toS[0], m.toS[2:size]
		m.toS = m.toS[size:]
		id, rest := binary.BigEndian.Uint16(body), body[2:]
		var reply []byte
		if m.v == packet.V5 {
			rest, reply = rest[1:], []byte{0}
		}
		kind := packet.SUBACK
		if first>>4 == byte(packet.UNSUBSCRIBE) {
			kind = packet.UNSUBACK
		}
		for len(rest) > 0 {
			n := 2 + int(binary.BigEndian.Uint16(rest))
			f := string(rest[2:n])
			rest = rest[n:]
			key := "U" + f
			if kind == packet.SUBACK {
				m.has[f] = int(rest[0] & 3)
				key = fmt.Sprint("S", f, m.has[f])
				reply, rest = append(reply, byte(m.has[f])), rest[1:]
			} else {
				delete(m.has, f)
				if m.v == packet.V5 {
					reply = append(reply, 0)
				}
			}
			if m.asked[key]++; m.asked[key] > m.calls[key] {
				m.t.Fatalf("%s was sent %d times for %d calls", key, m.asked[key], m.calls[key])
			}
		}
		m.toC = append(m.toC, frame(byte(kind)<<4, append(binary.BigEndian.AppendUint16(nil, id), reply...)))
	}
	return moved
}
