package mqtt

import "github.com/iotcomponents/iot/mqtt/internal/packet"

// Trace gives chunks of one direction of a connection to a tracer and returns what it logs.
func Trace(v packet.Version, logLevel int, masked bool, from packet.Role, chunks ...[]byte) []LogEventArgs {
	m := New()
	m.settings.logLevel, m.settings.maskSensitiveData = logLevel, masked
	var entries []LogEventArgs
	m.OnLog = func(e *LogEventArgs) { entries = append(entries, *e) }
	m.mu.Lock()
	defer m.mu.Unlock()
	t := newTracer(m, v)
	for _, c := range chunks {
		if from == packet.FromServer {
			t.ReceivedLocked(c)
		} else {
			t.SentLocked([][]byte{c})
		}
	}
	m.firePendingReleasing()
	return entries
}

// The bounds of a line of the log.
const (
	MaxTraced = maxTraced
	MaxDumped = maxDumped
	MaxShown  = maxShown
)
