package mqtttest

import (
	"encoding/binary"
	"slices"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// ServeSessions makes the server a broker until the end of the test, which keeps sessions in memory and does for them
// exactly what the specifications ask for: it takes a message over before it acknowledges it, passes it on once and in
// the order in which it came, and sends what a client has not acknowledged again on its next connection, in that order
// too. Tests of what a client must do with lost connections need it, since other brokers lose, repeat or reorder
// messages then (docs/servers.md). It knows no wills, retained messages, shared subscriptions, aliases or expiry.
func (s *Server) ServeSessions(t testing.TB) {
	t.Helper()
	b := &broker{t: t, sessions: make(map[string]*session), connected: make(map[*Conn]*session)}
	s.ServeAll(t, b.seen)
}

type broker struct {
	t testing.TB

	mu        sync.Mutex
	sessions  map[string]*session // by ClientId
	connected map[*Conn]*session
}

type session struct {
	conn     *Conn // nil before the first; it may have ended
	lasts    bool  // over the end of conn
	filters  []subscription
	quota    int // PUBLISH packets that may still go out on conn
	out      []*delivery
	lastID   uint16
	received map[uint16]bool // QoS 2 messages of the client before their PUBREL
}

type subscription struct {
	filter string
	qos    byte
}

// delivery is a message of QoS 1 or 2 on its way to a client.
type delivery struct {
	id             uint16
	message        packet.Publish
	here, released bool // sent on this connection; PUBREC has come
}

// seen takes part in Conn.Serve, which answers what it leaves.
func (b *broker) seen(c *Conn, p *Packet) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.Type() == packet.CONNECT {
		b.connect(c, p)
		return false
	}
	s := b.connected[c]
	if s == nil { // another connection has taken the session over
		return false
	}
	switch p.Type() {
	case packet.SUBSCRIBE, packet.UNSUBSCRIBE:
		return b.changeFilters(s, p)
	case packet.PUBLISH:
		return b.publish(s, p)
	case packet.PUBREL:
		delete(s.received, binary.BigEndian.Uint16(p.Body))
	case packet.PUBACK, packet.PUBREC, packet.PUBCOMP:
		b.acknowledged(s, p)
		return false
	case packet.DISCONNECT:
		b.disconnect(s, p)
	}
	return true
}

func (b *broker) connect(c *Conn, p *Packet) {
	_, connect, err := packet.DecodeConnect(p.Body)
	if err != nil {
		b.t.Error(err)
		c.Close()
		return
	}
	s := b.sessions[string(connect.ClientID)]
	if s != nil && s.conn != nil {
		delete(b.connected, s.conn)
		s.conn.Close()
	}
	present := s != nil && s.lasts && !connect.CleanStart
	if !present {
		s = &session{received: make(map[uint16]bool)}
		b.sessions[string(connect.ClientID)] = s
	}
	s.conn, b.connected[c] = c, s
	s.lasts, s.quota = !connect.CleanStart, 65535
	if c.Version == packet.V5 {
		expiry, _ := connect.Properties.Uint(packet.PropSessionExpiryInterval)
		s.lasts = expiry > 0
		if n, set := connect.Properties.Uint(packet.PropReceiveMaximum); set {
			s.quota = int(n)
		}
	}
	s.write(c.Connack(present, 0, nil))
	for _, d := range s.out {
		d.message.Dup, d.here = d.message.Dup || d.here, false
	}
	s.sendNext()
}

func (b *broker) disconnect(s *session, p *Packet) {
	d, err := packet.DecodeDisconnect(s.conn.Version, packet.FromClient, p.Body)
	if err != nil {
		b.t.Error(err)
		return
	}
	if expiry, set := d.Properties.Uint(packet.PropSessionExpiryInterval); set {
		s.lasts = expiry > 0
	}
}

// changeFilters makes a subscription, or takes it away.
func (b *broker) changeFilters(s *session, p *Packet) bool {
	remove := func(filter string) {
		s.filters = slices.DeleteFunc(s.filters, func(f subscription) bool { return f.filter == filter })
	}
	if p.Type() == packet.UNSUBSCRIBE {
		u, err := packet.DecodeUnsubscribe(s.conn.Version, p.Body)
		for filter := range u.Filters.Filters() {
			remove(string(filter))
		}
		return err == nil
	}
	subscribe, err := packet.DecodeSubscribe(s.conn.Version, p.Body)
	for filter, options := range subscribe.Filters.Subscriptions() {
		remove(string(filter))
		s.filters = append(s.filters, subscription{string(filter), options.QoS()})
	}
	return err == nil // Serve decodes it again and reports the error
}

// publish passes a message of s on.
func (b *broker) publish(s *session, p *Packet) bool {
	m, err := packet.DecodePublish(s.conn.Version, packet.FromClient, p.First, p.Body)
	switch {
	case err != nil || m.QoS == 2 && s.received[m.PacketID]:
		return true
	case m.QoS == 2:
		s.received[m.PacketID] = true
	}
	for _, to := range b.sessions {
		if qos, wanted := to.wants(string(m.Topic)); wanted {
			to.deliver(&packet.Publish{Topic: m.Topic, QoS: min(m.QoS, qos), Payload: m.Payload})
		}
	}
	return true
}

// wants returns the greatest QoS of the filters that a topic matches.
func (s *session) wants(topic string) (qos byte, wanted bool) {
	for _, f := range s.filters {
		if packet.Matches(f.filter, topic) {
			qos, wanted = max(qos, f.qos), true
		}
	}
	return qos, wanted
}

func (s *session) deliver(m *packet.Publish) {
	if m.QoS == 0 {
		s.write(packet.AppendPublish(nil, s.conn.Version, m))
		return
	}
	s.lastID++
	for s.lastID == 0 || slices.ContainsFunc(s.out, func(d *delivery) bool { return d.id == s.lastID }) {
		s.lastID++
	}
	s.out = append(s.out, &delivery{id: s.lastID, message: *m})
	s.sendNext()
}

// sendNext sends what was not sent on this connection, as far as the client's Receive Maximum goes. A PUBREL needs no
// quota of its own, but what was received before a lost connection counts on the next one too.
func (s *session) sendNext() {
	for _, d := range s.out {
		if d.here {
			continue
		}
		if s.quota == 0 {
			return
		}
		s.quota--
		d.here = true
		if d.released {
			s.write(packet.AppendShortAck(nil, packet.PUBREL, d.id))
			continue
		}
		d.message.PacketID = d.id
		s.write(packet.AppendPublish(nil, s.conn.Version, &d.message))
	}
}

// acknowledged takes what a client says of a delivery.
func (b *broker) acknowledged(s *session, p *Packet) {
	ack, err := packet.DecodeAck(s.conn.Version, packet.FromClient, p.Type(), p.Body)
	if err != nil {
		b.t.Error(err)
		return
	}
	i := slices.IndexFunc(s.out, func(d *delivery) bool { return d.id == ack.PacketID && d.here })
	want := packet.PUBACK
	if i >= 0 && s.out[i].message.QoS == 2 {
		if want = packet.PUBREC; s.out[i].released {
			want = packet.PUBCOMP
		}
	}
	switch {
	case i < 0 || p.Type() != want:
		b.t.Errorf("%v for %d came, which nothing waits for", p.Type(), ack.PacketID)
	case want == packet.PUBREC && !ack.Reason.IsError():
		s.out[i].released = true
		s.write(packet.AppendShortAck(nil, packet.PUBREL, ack.PacketID))
	default:
		s.out = slices.Delete(s.out, i, i+1)
		s.quota++
		s.sendNext()
	}
}

// write sends b on the session's connection, which may have ended.
func (s *session) write(b []byte) {
	if s.conn.TrySend(b) != nil {
		s.conn.Close()
	}
}
