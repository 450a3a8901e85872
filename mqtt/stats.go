package mqtt

import (
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Stats is the state of a component at one moment, for a status page or for metrics. The counts are those since New or
// the last Reset, over all connections.
type Stats struct {
	ConnectedSince time.Time // when the server accepted the connection that stands; zero = none stands
	LastActivity   time.Time // when bytes last came in or went out, or a connection began; zero = there was none yet
	// LastError is what went wrong last: what OnError told, or why a connection or the last server of an attempt was
	// lost. It is an *errors.Error, stays until the next one, and is nil if there was none.
	LastError     error
	Reconnections int // connections that servers have accepted after the first one

	MessagesIn  uint64 // that have arrived; what the server repeats while it is here already does not count
	MessagesOut uint64 // that were sent; repetitions do not count
	BytesIn     uint64 // of MQTT packets; what TLS and WebSocket add does not count
	BytesOut    uint64 // likewise

	InFlight int // QoS 1 and 2 messages that were sent and that the server has not acknowledged in full
	// accepted messages that wait for a connection, for the server's Receive Maximum or for InflightLimit
	Queued      int
	Undelivered int // events that wait for DoEvents
}

// Stats reports what the component does. It may be called from any goroutine and any handler. Nothing is done for it
// until it is called: it reads what the component knows anyway, and plain counters. With very many messages in flight
// it looks at each, so it is for once a second rather than for each message.
func (m *MQTT) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.client
	traffic := c.Traffic()
	events, _ := c.Pending()
	s := Stats{
		LastError: c.LastError(), Reconnections: max(0, m.connections-1),
		MessagesIn: traffic.MessagesIn, MessagesOut: traffic.MessagesOut, BytesIn: traffic.BytesIn,
		BytesOut: traffic.BytesOut,
		InFlight: c.InFlight(), Queued: c.HeldBack(), Undelivered: events,
	}
	if m.connectedLocked() {
		s.ConnectedSince = m.timeOf(m.link.since)
	}
	if at, any := c.LastActivity(); any {
		s.LastActivity = m.timeOf(at)
	}
	return s
}

// timeOf is the clock's time of an instant of the protocol.
func (m *MQTT) timeOf(t protocol.Time) time.Time { return m.epoch.Add(t) }
