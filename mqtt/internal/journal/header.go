package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

const (
	magic         = "MQTTJRNL"
	formatVersion = 1
	headerFixed   = len(magic) + 2 + 2 + 4 // without the client identifier and the checksum
)

// header is what a file begins with, twice, so that one damaged byte does not cost the salt and with it all records.
type header struct {
	version  uint16
	salt     uint32
	clientID string
}

func headerSize(clientID string) int { return headerFixed + len(clientID) + 4 }

// appendHeader appends one copy.
func appendHeader(dst []byte, h header) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint16(dst, h.version)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(h.clientID)))
	dst = binary.LittleEndian.AppendUint32(dst, h.salt)
	dst = append(dst, h.clientID...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseHeader reads a copy at the start of b. It is false when there is no undamaged one.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerFixed || string(b[:len(magic)]) != magic {
		return header{}, false
	}
	end := headerFixed + int(binary.LittleEndian.Uint16(b[10:]))
	if len(b) < end+4 || binary.LittleEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return header{}, false
	}
	return header{
		version: binary.LittleEndian.Uint16(b[8:]), salt: binary.LittleEndian.Uint32(b[12:]),
		clientID: string(b[headerFixed:end]),
	}, true
}

const maxHeader = headerFixed + 65535 + 4

// readHeader finds the header of clientID's journal at the start of a file. damage says what is wrong with it, "" =
// nothing; without ok, nothing of the file can be read. The error is for a file that is not that journal.
func readHeader(b []byte, clientID string) (h header, ok bool, damage string, err error) {
	size := headerSize(clientID)
	first, ok := parseHeader(b)
	if ok {
		switch {
		case first.version != formatVersion:
			return header{}, false, "", fmt.Errorf("it has format version %d; this program reads version %d",
				first.version, formatVersion)
		case first.clientID != clientID:
			return header{}, false, "", fmt.Errorf("it belongs to the client identifier %s",
				protocol.Quote(first.clientID))
		}
	}
	copied := b[min(size, len(b)):]
	second, twice := parseHeader(copied)
	twice = twice && second.version == formatVersion && second.clientID == clientID && (!ok || second == first)
	switch {
	case ok && twice:
		return first, true, "", nil
	case ok:
		return first, true, fmt.Sprintf("The second copy of the header, at offset %d, is damaged; nothing is lost.",
			size), nil
	case twice:
		return second, true, "The header, at offset 0, is damaged; nothing is lost, since there is a second copy.", nil
	case bytes.HasPrefix(b, []byte(magic)), bytes.HasPrefix([]byte(magic), b), bytes.HasPrefix(copied, []byte(magic)):
		return header{}, false, fmt.Sprintf("The header and its second copy, at offset 0 and %d, are damaged: all "+
			"that the file held is lost.", size), nil
	}
	return header{}, false, "", fmt.Errorf("it is no journal")
}
