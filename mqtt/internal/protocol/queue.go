package protocol

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// checkQueued refuses what cannot be accepted without a connection (Settings.QueueMessages). What a server's limits
// refuse is told by EventError when the message is to be sent. Topic aliases belong to a connection, so the full topic
// is sent.
func checkQueued(m *Message, p *Publish) error {
	if p.Topic == "" {
		return errors.New(errors.ErrInvalidTopicName, "The topic is empty, and without a connection there is no "+
			"topic alias to stand for it.")
	}
	m.Properties = p.Properties
	if err := checkFormat(m); err != nil {
		return err
	}
	if size := packet.PublishSize(packet.V5, m.QoS, len(m.Topic), len(m.Properties),
		len(m.Payload)); size > packet.MaxRemainingLength {
		return errors.New(errors.ErrMessageTooLong,
			tooLong(packet.PUBLISH, size, "MQTT's limit", packet.MaxRemainingLength))
	}
	return nil
}
