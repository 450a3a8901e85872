package mqtt

import "github.com/iotcomponents/iot/mqtt/internal/packet"

// tracer writes one Log line for each packet of a connection. It follows the two byte streams by itself, so that the
// protocol does no work for it, and exists only while LogLevel is 2 or 3.
type tracer struct {
	m       *MQTT
	version packet.Version
	out, in tracedStream
	fields  []packet.Field // of the packet that is logged; the next packet uses its memory, and that of line, again
	line    []byte
}

// tracedStream cuts one direction into packets.
type tracedStream struct {
	header packet.Header
	known  bool   // the header is complete
	head   []byte // the packet so far, maxTraced bytes of it at most
	seen   int    // bytes of it that went by
	broken bool   // what came is no packet, so nothing behind it can be told
}

// maxTraced is how much of a packet is looked at.
const maxTraced = 1024

func newTracer(m *MQTT, v packet.Version) *tracer { return &tracer{m: m, version: v} }

// traceLocked logs packets from now on if LogLevel asks for it, and else no more.
func (l *link) traceLocked() {
	switch wanted := l.m.logsLocked(logVerbose); {
	case !wanted:
		l.wire.TraceLocked(nil)
	case !l.wire.TracedLocked():
		l.wire.TraceLocked(newTracer(l.m, l.m.client.Version()))
	}
}

// traceChangedLocked follows a change of LogLevel.
func (m *MQTT) traceChangedLocked() {
	if l := m.link; l != nil && l.wire != nil {
		l.traceLocked()
	}
}

// SentLocked and ReceivedLocked take bytes in their order.
func (t *tracer) SentLocked(segments [][]byte) {
	for _, s := range segments {
		t.followLocked(&t.out, packet.FromClient, s)
	}
}

func (t *tracer) ReceivedLocked(b []byte) { t.followLocked(&t.in, packet.FromServer, b) }

func (t *tracer) followLocked(s *tracedStream, from packet.Role, b []byte) {
	for len(b) > 0 && !s.broken {
		if !s.known {
			s.head, b = append(s.head, b[0]), b[1:]
			var err error
			if s.header, s.known, err = t.readHeader(from, s.head); err != nil {
				s.broken = true
				t.writeBrokenLocked(from, s, err)
			}
			s.seen = len(s.head)
		} else {
			n := min(len(b), s.header.PacketSize()-s.seen)
			s.head = append(s.head, b[:min(n, max(0, maxTraced-len(s.head)))]...)
			s.seen += n
			b = b[n:]
		}
		if s.known && s.seen == s.header.PacketSize() {
			t.writePacketLocked(from, s)
			*s = tracedStream{head: s.head[:0]}
		}
	}
}

// readHeader reads a fixed header as the protocol does. Of what is sent only the length counts: SendCustomPacket may
// have made the rest.
func (t *tracer) readHeader(from packet.Role, b []byte) (h packet.Header, complete bool, err error) {
	if from == packet.FromServer {
		return packet.ReadHeader(t.version, from, b)
	}
	return packet.ReadFrame(b)
}

// writePacketLocked logs the packet that s holds the beginning of.
func (t *tracer) writePacketLocked(from packet.Role, s *tracedStream) {
	level, masked := logVerbose, t.m.settings.maskSensitiveData
	t.fields = packet.AppendFields(t.fields[:0], t.version, s.header, s.head)
	t.line = appendSummary(t.line[:0], from, s.header, t.fields)
	if t.m.logsLocked(logDebug) {
		level = logDebug
		t.line = appendFields(t.line, t.fields, len(s.head) < s.header.PacketSize(), masked)
		t.line = appendDump(t.line, s.head, s.header.PacketSize(), t.fields, masked)
	}
	t.m.logLocked(level, logPacket, string(t.line))
}

// writeBrokenLocked logs bytes that no packet begins with.
func (t *tracer) writeBrokenLocked(from packet.Role, s *tracedStream, err error) {
	level := logVerbose
	t.line = append(append(t.line[:0], direction(from)...), " no packet: "...)
	t.line = append(t.line, err.Error()...)
	if t.m.logsLocked(logDebug) {
		level = logDebug
		t.line = appendDump(t.line, s.head, len(s.head), nil, false)
	}
	t.m.logLocked(level, logPacket, string(t.line))
}
