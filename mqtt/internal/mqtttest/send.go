package mqtttest

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func (c *Conn) hex(s string) []byte {
	c.t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// Send writes these bytes, in hexadecimal with spaces as you like.
func (c *Conn) Send(s string) {
	c.t.Helper()
	c.SendBytes(c.hex(s))
}

// SendBytes writes b.
func (c *Conn) SendBytes(b []byte) {
	c.t.Helper()
	if err := c.TrySend(b); err != nil {
		c.t.Fatal("sending to the client: ", c.explain(err))
	}
}

// TrySend writes b; the client may have gone.
func (c *Conn) TrySend(b []byte) error {
	c.witness.heard(true, b)
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.patience))
	_, err := c.conn.Write(b)
	return err
}

// Connack encodes CONNACK.
func (c *Conn) Connack(present bool, reason packet.ReasonCode, p packet.Properties) []byte {
	return packet.AppendConnack(nil, c.Version, &packet.Connack{SessionPresent: present, Reason: reason, Properties: p})
}

// SendConnack sends CONNACK.
func (c *Conn) SendConnack(present bool, reason packet.ReasonCode, p packet.Properties) {
	c.t.Helper()
	c.SendBytes(c.Connack(present, reason, p))
}

// Publish encodes PUBLISH; id is ignored with QoS 0.
func (c *Conn) Publish(topic string, qos byte, id uint16, payload string) []byte {
	return packet.AppendPublish(nil, c.Version, &packet.Publish{
		Topic: []byte(topic), QoS: qos, PacketID: id,
		Payload: []byte(payload),
	})
}

// SendPublish sends PUBLISH.
func (c *Conn) SendPublish(topic string, qos byte, id uint16, payload string) {
	c.t.Helper()
	c.SendBytes(c.Publish(topic, qos, id, payload))
}

// SendPublishPacket sends PUBLISH with flags and properties.
func (c *Conn) SendPublishPacket(p *packet.Publish) {
	c.t.Helper()
	c.SendBytes(packet.AppendPublish(nil, c.Version, p))
}

// SendAck sends PUBACK, PUBREC, PUBREL or PUBCOMP with success.
func (c *Conn) SendAck(t packet.Type, id uint16) {
	c.t.Helper()
	c.SendBytes(packet.AppendShortAck(nil, t, id))
}

// SendReason sends a v5 acknowledgment with a reason.
func (c *Conn) SendReason(t packet.Type, id uint16, reason packet.ReasonCode, p packet.Properties) {
	c.t.Helper()
	c.SendBytes(packet.AppendAck(nil, c.Version, t, &packet.Ack{PacketID: id, Reason: reason, Properties: p}))
}

// SendSuback sends SUBACK.
func (c *Conn) SendSuback(id uint16, reasons ...byte) {
	c.t.Helper()
	c.SendBytes(packet.AppendSuback(nil, c.Version, &packet.Suback{PacketID: id, Reasons: reasons}))
}

// SendUnsuback sends UNSUBACK; 3.1.1 has no reasons.
func (c *Conn) SendUnsuback(id uint16, reasons ...byte) {
	c.t.Helper()
	c.SendBytes(packet.AppendUnsuback(nil, c.Version, &packet.Unsuback{PacketID: id, Reasons: reasons}))
}

// SendDisconnect sends a v5 DISCONNECT.
func (c *Conn) SendDisconnect(reason packet.ReasonCode, p packet.Properties) {
	c.t.Helper()
	c.SendBytes(packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Reason: reason, Properties: p}))
}
