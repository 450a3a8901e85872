package mqtt

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The bounds of a line, so that one packet cannot fill a log.
const (
	maxDumped    = 256  // bytes of a packet that are shown in hexadecimal
	maxShown     = 128  // bytes of a text
	maxFieldText = 2048 // bytes of a line at which its fields end
)

func direction(from packet.Role) string {
	if from == packet.FromServer {
		return "received"
	}
	return "sent"
}

// appendSummary appends the line of level 2: direction, type, packet identifier and size, for PUBLISH also the flags
// and the topic.
func appendSummary(dst []byte, from packet.Role, h packet.Header, fields []packet.Field) []byte {
	dst = fmt.Appendf(dst, "%s %v", direction(from), h.Type())
	if h.Type() == packet.PUBLISH {
		dst = fmt.Appendf(dst, " QoS %d", h.First>>1&3)
	}
	if id := find(fields, "Packet Identifier"); id != nil {
		dst = fmt.Appendf(dst, ", packet %d", id.Number)
	}
	if h.Type() == packet.PUBLISH {
		dst = appendPublishSummary(dst, h, fields)
	}
	return fmt.Appendf(dst, ", %d bytes", h.PacketSize())
}

func appendPublishSummary(dst []byte, h packet.Header, fields []packet.Field) []byte {
	if h.First&8 != 0 {
		dst = append(dst, ", DUP"...)
	}
	if h.First&1 != 0 {
		dst = append(dst, ", RETAIN"...)
	}
	if topic := find(fields, "Topic Name"); topic != nil && len(topic.Text) > 0 {
		return appendText(append(dst, ", topic "...), topic.Text, topic.End-topic.Begin)
	}
	if alias := find(fields, packet.PropTopicAlias.String()); alias != nil {
		return fmt.Appendf(dst, ", topic alias %d", alias.Number)
	}
	return append(dst, `, topic ""`...)
}

// find returns the first field of that name, nil if there is none.
func find(fields []packet.Field, name string) *packet.Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// appendFields appends what level 3 says in words. cut tells that the packet goes on behind what was looked at.
func appendFields(dst []byte, fields []packet.Field, cut, masked bool) []byte {
	separator := "; "
	for i := range fields {
		dst = append(dst, separator...)
		separator = ", "
		if len(dst) > maxFieldText {
			return append(dst, "…"...)
		}
		dst = appendField(dst, &fields[i], cut, masked)
	}
	return dst
}

func appendField(dst []byte, f *packet.Field, cut, masked bool) []byte {
	switch {
	case f.Form == packet.FieldRest && cut:
		return append(dst, "…"...)
	case f.Form == packet.FieldRest:
		return fmt.Appendf(dst, "%d bytes that are not decoded", f.End-f.Begin)
	case f.Secret && masked:
		return fmt.Appendf(dst, "%s *** %d bytes", f.Name, f.End-f.Begin)
	}
	dst = append(append(dst, f.Name...), ' ')
	switch f.Form {
	case packet.FieldCode:
		dst = fmt.Appendf(dst, "0x%02X", f.Number)
		if f.Meaning != "" {
			dst = fmt.Appendf(dst, " (%s)", f.Meaning)
		}
	case packet.FieldText:
		dst = appendText(dst, f.Text, f.End-f.Begin)
	case packet.FieldPair:
		dst = appendText(dst, f.Text, len(f.Text))
		dst = append(dst, " = "...)
		const lengths = 4 // of the name and of the value
		dst = appendText(dst, f.Value, f.End-f.Begin-lengths-len(f.Text))
	default:
		dst = strconv.AppendUint(dst, uint64(f.Number), 10)
	}
	return dst
}

// appendText appends a text of size bytes, of which b is the beginning, in quotes.
func appendText(dst, b []byte, size int) []byte {
	if len(b) > maxShown {
		b = b[:maxShown]
		for i := 1; i < utf8.UTFMax; i++ { // not in the middle of a character
			if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					b = b[:len(b)-i]
				}
				break
			}
		}
	}
	dst = strconv.AppendQuote(dst, textOf(b))
	if len(b) < size {
		dst = fmt.Appendf(dst, "… (%d bytes)", size)
	}
	return dst
}

// appendDump appends the beginning of a packet of size bytes in hexadecimal. head is what there is of it.
func appendDump(dst, head []byte, size int, fields []packet.Field, masked bool) []byte {
	dst = append(dst, "; hex"...)
	at, limit := 0, min(len(head), maxDumped)
	show := func(end int) {
		for ; at < end; at++ {
			dst = fmt.Appendf(dst, " %02X", head[at])
		}
	}
	for i := range fields {
		if f := &fields[i]; masked && f.Secret && f.Begin < f.End && f.Begin < limit {
			show(f.Begin)
			dst = fmt.Appendf(dst, " (*** %d bytes)", f.End-f.Begin)
			at = f.End
		}
	}
	show(limit)
	if at < size {
		dst = fmt.Appendf(dst, " … %d bytes more", size-at)
	}
	return dst
}
