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
	if !wholePacket(raw) {
		return errors.New(errors.ErrInvalidArgument, "SendCustomPacket takes one whole packet: its length field does "+
			"not fit the bytes given.")
	}
	if err := m.client.SendCustom(raw); err != nil {
		return err
	}
	m.wakeWriterLocked()
	return nil
}

// wholePacket reports whether b is a first byte, a length and as many bytes as that says; anything else would make the
// server misread all that follows.
func wholePacket(b []byte) bool {
	length, shift := 0, 0
	for i := 1; i < len(b) && i <= 4; i++ {
		length |= int(b[i]&0x7F) << shift
		shift += 7
		if b[i] < 0x80 {
			return len(b) == i+1+length
		}
	}
	return false
}
