package protocol

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// queue accepts a message without a connection (Settings.QueueMessages). What a server's limits refuse is told by
// EventError when the message is to be sent. Topic aliases belong to a connection, so the full topic is sent.
func (c *Client) queue(p *Publish) (*Message, error) {
	if p.Topic == "" {
		return nil, errors.New(errors.ErrInvalidTopicName, "The topic is empty, and without a connection there is no topic alias to stand for it.")
	}
	m := c.outbound(p)
	m.Properties, m.State, m.connection = p.Properties, outgoingPending, 0
	err := checkFormat(m)
	if size := packet.PublishSize(packet.V5, m.QoS, len(m.Topic), len(m.Properties), len(m.Payload)); err == nil && size > packet.MaxRemainingLength {
		err = errors.New(errors.ErrMessageTooLong, tooLong(packet.PUBLISH, size, "MQTT's limit", packet.MaxRemainingLength))
	}
	if err == nil {
		err = c.take(m, p.Owned)
	}
	if err != nil {
		c.store.release(m)
		return nil, err
	}
	c.waiting.push(m)
	if m.QoS == 0 {
		return c.accepted0(m), nil
	}
	return m, nil
}
