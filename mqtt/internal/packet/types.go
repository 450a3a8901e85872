package packet

import "strconv"

// Version is the protocol level byte of CONNECT.
type Version byte

const (
	V311 Version = 4 // MQTT 3.1.1
	V5   Version = 5 // MQTT 5.0
)

// index is the place of the version in a table of two. Anything but V5 counts as V311.
func (v Version) index() int {
	if v == V5 {
		return 1
	}
	return 0
}

// Role tells who sent a packet. The allowed packet types, properties and reason codes depend on it.
type Role byte

const (
	FromClient Role = iota
	FromServer
)

// Type is the control packet type, the upper half of the first byte.
type Type byte

const (
	CONNECT     Type = 1
	CONNACK     Type = 2
	PUBLISH     Type = 3
	PUBACK      Type = 4
	PUBREC      Type = 5
	PUBREL      Type = 6
	PUBCOMP     Type = 7
	SUBSCRIBE   Type = 8
	SUBACK      Type = 9
	UNSUBSCRIBE Type = 10
	UNSUBACK    Type = 11
	PINGREQ     Type = 12
	PINGRESP    Type = 13
	DISCONNECT  Type = 14
	AUTH        Type = 15
)

// String gives the name the standards print, such as "PUBLISH", and "type 0" for a value without one.
func (t Type) String() string {
	if t >= CONNECT && t <= AUTH {
		return headerRules[t].name
	}
	return "type " + strconv.Itoa(int(t))
}
