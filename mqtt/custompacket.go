package mqtt

import (
	"encoding/hex"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// sendCustomPacketLocked sends bytes of the program's own making, between two packets.
func (m *MQTT) sendCustomPacketLocked(value string) error {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(value), ""))
	if err != nil {
		return errors.New(errors.ErrInvalidArgument, "SendCustomPacket takes pairs of hexadecimal digits.")
	}
	if err := m.client.SendCustom(raw); err != nil {
		return err
	}
	m.wakeWriterLocked()
	return nil
}
