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

// Waiting reports how many events wait for the pump, and how many payload bytes they hold.
func Waiting(m *MQTT) (events, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client.Pending()
}

// ReferredTo lists the servers that a Server Reference names, sent by the server of a RemoteHost and RemotePort.
func ReferredTo(reference, remoteHost string, port int) []string {
	m := New()
	m.properties.remoteHost, m.properties.remotePort, m.properties.remotePortSet = remoteHost, port, true
	sender, _ := m.remoteServer()
	return texts(parseReference(reference, sender))
}

// Servers lists the servers that Connect would try.
func Servers(m *MQTT) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	servers, _ := m.servers()
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
