package packet

import "fmt"

// Error tells what is wrong with a received packet.
type Error struct {
	Type    Type       // of the packet at fault
	Reason  ReasonCode // for the DISCONNECT of MQTT 5.0, or CONNACK when Type is CONNECT
	Problem string     // in words, such as "topic name is not valid UTF-8"
}

// Error gives for example "PUBLISH: packet identifier is 0 (0x82 Protocol Error)".
func (e *Error) Error() string {
	return fmt.Sprintf("%v: %s (0x%02X %v)", e.Type, e.Problem, byte(e.Reason), e.Reason)
}

func malformed(t Type, problem string) error {
	return &Error{Type: t, Reason: MalformedPacket, Problem: problem}
}

func violation(t Type, problem string) error {
	return &Error{Type: t, Reason: ProtocolError, Problem: problem}
}
