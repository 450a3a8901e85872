package mqtttest

import (
	"slices"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

const (
	neverExpires = 0xFFFFFFFF
	// maxUnsent is how much waits for the writer of a connection before messages of QoS 1 and 2 wait in the session.
	maxUnsent = 1 << 20
	// maxKept bounds what is kept for one client.
	maxKept = 64 << 20
)

// session is what the server knows of a client, connected or not. Server.mu guards it.
type session struct {
	server *Server
	id     string
	conn   *conn     // nil = away
	expiry uint32    // seconds; 0 = it ends with the connection
	ends   time.Time // while the client is away; zero = never

	subscriptions []*subscription
	received      map[uint16]bool // QoS 2 messages of the client before their PUBREL

	waiting []*delivery // not sent on this connection, in order
	flying  []*delivery // sent on it and not acknowledged, in order
	kept    int         // bytes of both
	quota   int         // PUBLISH packets that may still go out on it: the client's Receive Maximum
	lastID  uint16
	ids     map[uint16]bool // in use

	will     *message    // waits for the end of its Will Delay Interval
	willTime *time.Timer // that end
}

// delivery is a message of QoS 1 or 2 on its way to a client.
type delivery struct {
	message  *message
	id       uint16 // 0 before it is sent
	qos      byte
	retain   bool
	ids      []uint32 // Subscription Identifiers
	released bool     // PUBREC has come
}

func newSession(s *Server, id string) *session {
	n := &session{server: s, id: id, received: map[uint16]bool{}, ids: map[uint16]bool{}}
	s.sessions[id] = n
	s.order = append(s.order, n)
	return n
}

// drop ends a session. A will that waits is published then at the latest [MQTT5-3.1.2-8].
func (s *Server) drop(old *session) {
	delete(s.sessions, old.id)
	s.order = slices.DeleteFunc(s.order, func(n *session) bool { return n == old })
	old.publishWill()
}

// detach is told of the end of the client's connection: the will is published, now or later, and the session may end.
func (n *session) detach(c *conn) {
	if n.conn != c {
		return
	}
	n.will, n.conn, c.session = c.will, nil, nil
	if n.server.closed {
		return
	}
	delay, lasts := c.willDelay, time.Duration(n.expiry)*time.Second
	if n.ends = time.Now().Add(lasts); n.expiry == neverExpires {
		n.ends, lasts = time.Time{}, delay
	}
	delay = min(delay, lasts)
	switch {
	case n.expiry == 0:
		n.server.drop(n)
	case n.will != nil && delay == 0:
		n.publishWill()
	case n.will != nil:
		// Ended by: its time, forgetWill.
		var timer *time.Timer
		timer = time.AfterFunc(delay, func() {
			n.server.mu.Lock()
			defer n.server.mu.Unlock()
			if n.willTime == timer {
				n.publishWill()
			}
		})
		n.willTime = timer
	}
}

// publishWill publishes the will, if it was not forgotten.
func (n *session) publishWill() {
	if will := n.will; will != nil {
		n.forgetWill()
		n.server.route(will)
	}
}

func (n *session) forgetWill() {
	if n.will = nil; n.willTime != nil {
		n.willTime.Stop()
		n.willTime = nil
	}
}

// resume sends again what the last connection has left, in order [MQTT5-4.4.0-1] [MQTT311-4.4.0-1].
func (n *session) resume() {
	n.waiting = append(n.flying, n.waiting...)
	n.flying = nil
	n.sendMore()
}

// deliver brings a message to the client.
func (n *session) deliver(d *delivery) {
	size := d.message.size()
	if d.qos == 0 {
		if n.conn != nil && len(n.conn.out)+size <= maxKept {
			n.publish(d, false)
		}
		return
	}
	if n.kept+size <= maxKept {
		n.kept += size
		n.waiting = append(n.waiting, d)
		n.sendMore()
	}
}

// sendMore sends what waits, as far as the client's Receive Maximum and the writer allow.
func (n *session) sendMore() {
	for n.conn != nil && len(n.waiting) > 0 && n.quota > 0 && len(n.conn.out) < maxUnsent {
		d := n.waiting[0]
		n.waiting = n.waiting[1:]
		again := d.id != 0
		switch {
		case d.released:
			n.conn.send(packet.AppendShortAck(nil, packet.PUBREL, d.id))
		case !again && d.message.expired():
			n.forget(d)
			continue
		default:
			if !again {
				d.id = n.nextID()
			}
			if !n.publish(d, again) {
				n.forget(d)
				continue
			}
		}
		n.quota--
		n.flying = append(n.flying, d)
	}
}

func (n *session) nextID() uint16 {
	for n.lastID++; n.lastID == 0 || n.ids[n.lastID]; n.lastID++ {
	}
	n.ids[n.lastID] = true
	return n.lastID
}

// forget is told that a delivery is over.
func (n *session) forget(d *delivery) {
	n.kept -= d.message.size()
	delete(n.ids, d.id)
}

// publish sends PUBLISH, and reports whether the client takes one of that size [MQTT5-3.1.2-24].
func (n *session) publish(d *delivery, dup bool) bool {
	m := d.message
	p := m.properties
	if !m.expires.IsZero() { // [MQTT5-3.3.2-6]
		left := max(0, time.Until(m.expires)) / time.Second
		p = append(packet.Properties(nil), p...).AppendUint(packet.PropMessageExpiryInterval, uint32(left))
	}
	for _, id := range d.ids {
		p = append(packet.Properties(nil), p...).AppendUint(packet.PropSubscriptionIdentifier, id)
	}
	size := packet.PublishSize(n.conn.version, d.qos, len(m.topic), len(p), len(m.payload))
	if n.conn.maxPacket > 0 && size > n.conn.maxPacket {
		return false
	}
	n.conn.send(packet.AppendPublish(nil, n.conn.version, &packet.Publish{
		Dup: dup, Retain: d.retain, QoS: d.qos, Topic: []byte(m.topic), PacketID: d.id, Properties: p,
		Payload: m.payload,
	}))
	return true
}

// acknowledged takes what a client says of a message of its own or of one for it. The lock is held.
func (c *conn) acknowledged(t packet.Type, ack *packet.Ack) {
	n := c.session
	if t == packet.PUBREL {
		reason := packet.Success
		if !n.received[ack.PacketID] {
			reason = packet.PacketIdentifierNotFound
		}
		delete(n.received, ack.PacketID)
		c.send(packet.AppendAck(nil, c.version, packet.PUBCOMP, &packet.Ack{PacketID: ack.PacketID, Reason: reason}))
		return
	}
	i := slices.IndexFunc(n.flying, func(d *delivery) bool { return d.id == ack.PacketID })
	switch {
	case i < 0 && t == packet.PUBREC:
		unknown := &packet.Ack{PacketID: ack.PacketID, Reason: packet.PacketIdentifierNotFound}
		c.send(packet.AppendAck(nil, c.version, packet.PUBREL, unknown))
	case i < 0:
	case t == packet.PUBREC && !ack.Reason.IsError():
		n.flying[i].released = true
		c.send(packet.AppendShortAck(nil, packet.PUBREL, ack.PacketID))
	default:
		n.forget(n.flying[i])
		n.flying = slices.Delete(n.flying, i, i+1)
		n.quota++
		n.sendMore()
	}
}
