package mqtt

import (
	"context"
	"net"
	"time"
)

// SetDial replaces the network of m.
func SetDial(m *MQTT, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dial = dial
}

// Waiting reports how many events wait for the pump, and how many payload bytes they hold.
func Waiting(m *MQTT) (events, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client.Pending()
}

// The bounds of what waits for the pump.
const (
	MaxEvents     = maxEvents
	MaxEventBytes = maxEventBytes
)

// LastWrite reports when bytes last went out, and whether the writer has nothing to do.
func LastWrite(m *MQTT) (at time.Duration, idle bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client.LastWrite(), m.link != nil && m.link.writerIdle
}
