package protocol

import (
	"strings"
	"unsafe"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// UserProperty is one pair of a User Property. Order and repetition are kept.
type UserProperty struct{ Name, Value string }

// ReadUserProperties returns the User Properties of p, with two allocations whatever their number. A server may send
// many that are small, so that the list takes several times the bytes of the packet; see userPropertiesSize.
func ReadUserProperties[P ~struct{ Name, Value string }](p packet.Properties) []P {
	count, size := 0, 0
	for name, value := range p.UserProperties() {
		count++
		size += len(name) + len(value)
	}
	if count == 0 {
		return nil
	}
	var texts strings.Builder
	texts.Grow(size) // so that no text moves any more
	text := func(b []byte) string {
		begin := texts.Len()
		texts.Write(b)
		return texts.String()[begin:]
	}
	list := make([]P, 0, count)
	for name, value := range p.UserProperties() {
		list = append(list, P{Name: text(name), Value: text(value)})
	}
	return list
}

// userPropertiesSize is how many bytes of memory the list of ReadUserProperties takes.
func userPropertiesSize(p packet.Properties) int {
	size := 0
	for name, value := range p.UserProperties() {
		size += int(unsafe.Sizeof(UserProperty{})) + len(name) + len(value)
	}
	return size
}
