// Package packet is the codec of the 15 MQTT control packets, for MQTT 3.1.1 and MQTT 5.0 and for
// both directions. It does no I/O, starts no goroutine and keeps no state between calls.
//
// # Decoding
//
// [ReadHeader] reads a fixed header, a Decode function reads the body that follows. On success nothing
// is allocated: what a decoder returns are views into the given body, valid as long as the body is left
// unchanged. Each view has its capacity cut to its length, so appending to one never writes into the body.
// A decoder never reads past the end of its slice.
//
// A packet that breaks the format or a rule which needs no knowledge of the connection is refused with
// an [*Error] that carries the reason code for the DISCONNECT of MQTT 5.0. In MQTT 3.1.1 the same codes
// are given; the caller just closes the connection. Rules that depend on the connection (the maximum of
// topic aliases, Request Problem Information, the number of codes in a SUBACK, ...) are the caller's.
//
// # Encoding
//
// An Append function appends one whole packet to the caller's slice and always picks the shortest legal
// form. Encoders do not validate: the caller has checked topics, filters and texts ([CheckTopicName],
// [CheckTopicFilter], [CheckText]), keeps strings and binary fields within 65,535 bytes, QoS within 0..2,
// packet identifiers above 0, and the Remaining Length within [MaxRemainingLength]. A packet made from
// anything else is wrong in an undefined way. In MQTT 3.1.1 properties are not written.
//
// # Choices
//
// Where the standards leave the reaction open, this package does the following.
//
//   - Control characters and non-characters ("disallowed code points") are accepted, received or sent: the
//     standard permits it, and refusing them would let a foreign publisher cut off a subscriber.
//   - A Variable Byte Integer that is longer than needed is malformed (0x81).
//   - A reason code or return code that is not defined for the packet and its sender is a Protocol Error (0x82).
//   - A property that the packet type never carries is malformed (0x81); one that it carries in the other
//     direction only (Session Expiry Interval in a DISCONNECT of the server) is a Protocol Error (0x82).
//   - A wildcard in a Topic Name is a Protocol Error (0x82), a misplaced one in a Topic Filter 0x8F.
//   - An empty Response Topic is accepted, on the ground of the first choice.
//   - Bytes that end before a field does, and bytes left over, are malformed (0x81).
package packet
