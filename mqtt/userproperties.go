package mqtt

import (
	"unsafe"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// UserProperty is one pair of a v5 User Property. Names may repeat and the order is kept.
type UserProperty struct{ Name, Value string }

// appendUserProperties checks the pairs and appends them in their order.
func appendUserProperties(dst packet.Properties, pairs []UserProperty) (packet.Properties, error) {
	if fault := packet.CheckUserProperties(pairs); fault != nil {
		return nil, propertyFault(fault)
	}
	return packet.AppendUserProperties(dst, pairs), nil
}

// appendExplanation checks what a packet says beside its reason code, and appends it; "" = no Reason String.
func appendExplanation(dst packet.Properties, reason string, pairs []UserProperty) (packet.Properties, error) {
	if reason != "" {
		if err := checkText("ReasonString", reason); err != nil {
			return nil, err
		}
		dst = dst.AppendString(packet.PropReasonString, reason)
	}
	return appendUserProperties(dst, pairs)
}

// sizeOf is how many bytes of memory a list takes.
func sizeOf(list []UserProperty) int {
	size := len(list) * int(unsafe.Sizeof(UserProperty{}))
	for _, u := range list {
		size += len(u.Name) + len(u.Value)
	}
	return size
}
