package mqtttest

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// connect answers CONNECT. The lock is held.
func (c *conn) connect(body []byte) error {
	version, p, err := packet.DecodeConnect(body)
	if err != nil {
		if len(body) > len("..MQTT") {
			version = packet.Version(body[len("..MQTT")])
		}
		return c.refuse(version, err)
	}
	if _, set := p.Properties.Bytes(packet.PropAuthenticationMethod); set {
		return c.refuse(version, &packet.Error{Type: packet.CONNECT, Reason: packet.BadAuthenticationMethod})
	}
	s, b := c.server, packet.Properties(nil)
	id := string(p.ClientID)
	if id == "" {
		id = "mqtttest-" + rand.Text()
		b = b.AppendString(packet.PropAssignedClientIdentifier, id) // [MQTT5-3.2.2-16]
	}
	b = b.AppendUint(packet.PropTopicAliasMaximum, maxAlias)

	old := s.sessionOf(id)
	if old != nil && old.conn != nil { // [MQTT5-3.1.4-3] [MQTT311-3.1.4-2]
		taken := old.conn
		if taken.version == packet.V5 {
			taken.send(packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Reason: packet.SessionTakenOver}))
		}
		taken.ending = true
		taken.wake.Signal()
		old.detach(taken)
		old = s.sessionOf(id) // it may have ended with its connection
	}
	if old != nil {
		if p.CleanStart {
			s.drop(old)
			old = nil
		} else {
			old.forgetWill() // the client is back in time [MQTT5-3.1.3-9]
		}
	}
	session := old
	if session == nil {
		session = newSession(s, id)
	}

	c.version, c.session, session.conn = version, session, c
	c.keepAlive = time.Duration(p.KeepAlive) * time.Second * 3 / 2 // [MQTT5-3.1.2-22] [MQTT311-3.1.2-24]
	if session.expiry = neverExpires; version == packet.V5 {
		session.expiry, _ = p.Properties.Uint(packet.PropSessionExpiryInterval)
	} else if p.CleanStart {
		session.expiry = 0
	}
	session.quota = 65535
	if n, set := p.Properties.Uint(packet.PropReceiveMaximum); set {
		session.quota = int(n)
	}
	if n, set := p.Properties.Uint(packet.PropMaximumPacketSize); set {
		c.maxPacket = int(n)
	}
	if p.HasWill {
		c.will = newMessage(id, &packet.Publish{
			Topic: p.Will.Topic, Payload: p.Will.Payload, QoS: p.Will.QoS, Retain: p.Will.Retain,
			Properties: p.Will.Properties.Without(packet.PropWillDelayInterval),
		})
		delay, _ := p.Will.Properties.Uint(packet.PropWillDelayInterval)
		c.willDelay = time.Duration(delay) * time.Second
	}
	c.send(packet.AppendConnack(nil, version, &packet.Connack{SessionPresent: old != nil, Properties: b}))
	session.resume()
	return nil
}

// refuse answers a CONNECT that is not accepted. The lock is held.
func (c *conn) refuse(version packet.Version, err error) error {
	var broken *packet.Error
	if !errors.As(err, &broken) {
		return err
	}
	code := broken.Reason
	switch {
	case code == packet.UnsupportedProtocolVersion:
		version, code = packet.V311, 1 // in the form that every client knows
	case version == packet.V311 && code == packet.ClientIdentifierNotValid:
		code = 2
	case version != packet.V5:
		return err // which has no code for what is malformed
	}
	c.send(packet.AppendConnack(nil, version, &packet.Connack{Reason: code}))
	return err
}
