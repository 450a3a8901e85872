package mqtt

import (
	"context"
	"net"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// SetDial replaces the network of m.
func SetDial(m *MQTT, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dial = dial
}

// ForgetBeforeConnect makes a connected component one that was connected without a handler of BeforeConnect.
func ForgetBeforeConnect(m *MQTT) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handlers.asks = false
}

// Waiting reports how many events wait for the pump, and how many bytes of memory they hold.
func Waiting(m *MQTT) (events, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client.Pending()
}

// ReferredTo lists the servers that a Server Reference names, sent by the server of a RemoteHost and RemotePort.
func ReferredTo(reference, remoteHost string, port int) []string {
	m := New()
	m.properties.remoteHost, m.properties.remotePort, m.properties.remotePortSet = remoteHost, port, true
	sender, _ := m.remoteServerLocked()
	return texts(parseReference(reference, sender))
}

// Servers lists the servers that Connect would try.
func Servers(m *MQTT) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	servers, _ := m.serversLocked()
	return texts(servers)
}

func texts(servers []server) []string {
	var list []string
	for _, s := range servers {
		list = append(list, s.String())
	}
	return list
}

// MaxServers is the bound of RemoteHosts and of a Server Reference.
const MaxServers = maxServers

// MaxEvents bounds how many events wait for the pump.
const MaxEvents = maxEvents

// LastWrite reports when bytes last went out, and whether the writer has nothing to do.
func LastWrite(m *MQTT) (at time.Duration, idle bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.wireLocked()
	return m.client.LastWrite(), w != nil && w.WriterIdleLocked()
}

// OweCommit notes an incoming message in the journal of m, which has to be on disk before anything more is written. The
// result tells whether it is.
func OweCommit(m *MQTT) (committed func() bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file := m.journal.file
	file.Add(&protocol.SavedMessage{ID: 1, QoS: 2, Awaits: packet.PUBREL}, true)
	owed := file.Noted()
	return func() bool { return file.Committed() >= owed }
}

// TopicTree is what finds the handlers of Handle, with filters in their place.
type TopicTree struct {
	tree  topicTree
	found *string // where a handler puts its filter
}

// NewTopicTree returns an empty one.
func NewTopicTree() *TopicTree { return &TopicTree{found: new(string)} }

// Set gives a filter a handler or takes it away, and reports whether any is left.
func (t *TopicTree) Set(filter string, on bool) (used bool) {
	if !on {
		return t.tree.set(filter, nil)
	}
	return t.tree.set(filter, func(*MessageInEventArgs) { *t.found = filter })
}

// Match returns the filters whose handlers a topic has, in their order.
func (t *TopicTree) Match(topic string) (filters []string) {
	for _, h := range t.tree.match(nil, topic) {
		h.call(nil)
		filters = append(filters, *t.found)
	}
	return filters
}

// Matcher matches as the pump does, over and over with the same memory.
func (t *TopicTree) Matcher() func(topic string) {
	var taking []topicHandler
	return func(topic string) { taking = t.tree.match(taking[:0], topic) }
}

// Tick is what the timer of the connection does when it fires.
func Tick(m *MQTT) {
	m.mu.Lock()
	l := m.link
	m.mu.Unlock()
	l.wire.Tick()
}

// ReadsByItself reports whether a goroutine that waits for events reads from the connection, and nothing else is going on:
// nothing is written or told, and no PINGRESP is to come.
func ReadsByItself(m *MQTT) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.wireLocked()
	return w != nil && w.BorrowedLocked() && w.WriterIdleLocked() && !m.hasEventsLocked() &&
		m.client.UnansweredPings() == 0
}
