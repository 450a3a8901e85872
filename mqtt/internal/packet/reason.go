package packet

import "fmt"

// ReasonCode is the result of an operation in MQTT 5.0. Below 0x80 it is a success.
type ReasonCode byte

const (
	Success                             ReasonCode = 0x00
	NormalDisconnection                 ReasonCode = 0x00
	GrantedQoS0                         ReasonCode = 0x00
	GrantedQoS1                         ReasonCode = 0x01
	GrantedQoS2                         ReasonCode = 0x02
	DisconnectWithWillMessage           ReasonCode = 0x04
	NoMatchingSubscribers               ReasonCode = 0x10
	NoSubscriptionExisted               ReasonCode = 0x11
	ContinueAuthentication              ReasonCode = 0x18
	ReAuthenticate                      ReasonCode = 0x19
	UnspecifiedError                    ReasonCode = 0x80
	MalformedPacket                     ReasonCode = 0x81
	ProtocolError                       ReasonCode = 0x82
	ImplementationSpecificError         ReasonCode = 0x83
	UnsupportedProtocolVersion          ReasonCode = 0x84
	ClientIdentifierNotValid            ReasonCode = 0x85
	BadUserNameOrPassword               ReasonCode = 0x86
	NotAuthorized                       ReasonCode = 0x87
	ServerUnavailable                   ReasonCode = 0x88
	ServerBusy                          ReasonCode = 0x89
	Banned                              ReasonCode = 0x8A
	ServerShuttingDown                  ReasonCode = 0x8B
	BadAuthenticationMethod             ReasonCode = 0x8C
	KeepAliveTimeout                    ReasonCode = 0x8D
	SessionTakenOver                    ReasonCode = 0x8E
	TopicFilterInvalid                  ReasonCode = 0x8F
	TopicNameInvalid                    ReasonCode = 0x90
	PacketIdentifierInUse               ReasonCode = 0x91
	PacketIdentifierNotFound            ReasonCode = 0x92
	ReceiveMaximumExceeded              ReasonCode = 0x93
	TopicAliasInvalid                   ReasonCode = 0x94
	PacketTooLarge                      ReasonCode = 0x95
	MessageRateTooHigh                  ReasonCode = 0x96
	QuotaExceeded                       ReasonCode = 0x97
	AdministrativeAction                ReasonCode = 0x98
	PayloadFormatInvalid                ReasonCode = 0x99
	RetainNotSupported                  ReasonCode = 0x9A
	QoSNotSupported                     ReasonCode = 0x9B
	UseAnotherServer                    ReasonCode = 0x9C
	ServerMoved                         ReasonCode = 0x9D
	SharedSubscriptionsNotSupported     ReasonCode = 0x9E
	ConnectionRateExceeded              ReasonCode = 0x9F
	MaximumConnectTime                  ReasonCode = 0xA0
	SubscriptionIdentifiersNotSupported ReasonCode = 0xA1
	WildcardSubscriptionsNotSupported   ReasonCode = 0xA2
)

// IsError reports whether the code stands for a failure.
func (c ReasonCode) IsError() bool { return c >= 0x80 }

// String gives the name in the standard, "Success" for 0x00 whatever the packet (see ReasonName), and
// "reason 0x7F" for a code that is not defined.
func (c ReasonCode) String() string {
	if int(c) < len(reasons) && reasons[c].name != "" {
		return reasons[c].name
	}
	return fmt.Sprintf("reason 0x%02X", byte(c))
}

// packets is a set of packet types, a bit for each.
type packets uint16

const (
	onConnack    packets = 1 << CONNACK
	onPublishAck packets = 1<<PUBACK | 1<<PUBREC
	onReleaseAck packets = 1<<PUBREL | 1<<PUBCOMP
	onSuback     packets = 1 << SUBACK
	onUnsuback   packets = 1 << UNSUBACK
	onDisconnect packets = 1 << DISCONNECT
	onAuth       packets = 1 << AUTH
)

// reasonRule is a reason code with the packets in which the client and the server may send it.
type reasonRule struct {
	name           string
	client, server packets
}

// Bad authentication method in a DISCONNECT: section 2.4 of the standard lists it, 3.14.2.1 does not. It is
// accepted from a server and not meant for sending.
var reasons = [...]reasonRule{
	Success: {
		"Success", onPublishAck | onReleaseAck | onDisconnect,
		onConnack | onPublishAck | onReleaseAck | onSuback | onUnsuback | onDisconnect | onAuth,
	},
	GrantedQoS1:               {"Granted QoS 1", 0, onSuback},
	GrantedQoS2:               {"Granted QoS 2", 0, onSuback},
	DisconnectWithWillMessage: {"Disconnect with Will Message", onDisconnect, 0},
	NoMatchingSubscribers:     {"No matching subscribers", 0, onPublishAck},
	NoSubscriptionExisted:     {"No subscription existed", 0, onUnsuback},
	ContinueAuthentication:    {"Continue authentication", onAuth, onAuth},
	ReAuthenticate:            {"Re-authenticate", onAuth, 0},
	UnspecifiedError: {
		"Unspecified error", onPublishAck | onDisconnect,
		onConnack | onPublishAck | onSuback | onUnsuback | onDisconnect,
	},
	MalformedPacket: {"Malformed Packet", onDisconnect, onConnack | onDisconnect},
	ProtocolError:   {"Protocol Error", onDisconnect, onConnack | onDisconnect},
	ImplementationSpecificError: {
		"Implementation specific error", onPublishAck | onDisconnect,
		onConnack | onPublishAck | onSuback | onUnsuback | onDisconnect,
	},
	UnsupportedProtocolVersion: {"Unsupported Protocol Version", 0, onConnack},
	ClientIdentifierNotValid:   {"Client Identifier not valid", 0, onConnack},
	BadUserNameOrPassword:      {"Bad User Name or Password", 0, onConnack},
	NotAuthorized: {
		"Not authorized", onPublishAck,
		onConnack | onPublishAck | onSuback | onUnsuback | onDisconnect,
	},
	ServerUnavailable:       {"Server unavailable", 0, onConnack},
	ServerBusy:              {"Server busy", 0, onConnack | onDisconnect},
	Banned:                  {"Banned", 0, onConnack},
	ServerShuttingDown:      {"Server shutting down", 0, onDisconnect},
	BadAuthenticationMethod: {"Bad authentication method", 0, onConnack | onDisconnect},
	KeepAliveTimeout:        {"Keep Alive timeout", 0, onDisconnect},
	SessionTakenOver:        {"Session taken over", 0, onDisconnect},
	TopicFilterInvalid:      {"Topic Filter invalid", 0, onSuback | onUnsuback | onDisconnect},
	TopicNameInvalid: {
		"Topic Name invalid", onPublishAck | onDisconnect,
		onConnack | onPublishAck | onDisconnect,
	},
	PacketIdentifierInUse: {
		"Packet Identifier in use", onPublishAck,
		onPublishAck | onSuback | onUnsuback,
	},
	PacketIdentifierNotFound: {"Packet Identifier not found", onReleaseAck, onReleaseAck},
	ReceiveMaximumExceeded:   {"Receive Maximum exceeded", onDisconnect, onDisconnect},
	TopicAliasInvalid:        {"Topic Alias invalid", onDisconnect, onDisconnect},
	PacketTooLarge:           {"Packet too large", onDisconnect, onConnack | onDisconnect},
	MessageRateTooHigh:       {"Message rate too high", onDisconnect, onDisconnect},
	QuotaExceeded: {
		"Quota exceeded", onPublishAck | onDisconnect,
		onConnack | onPublishAck | onSuback | onDisconnect,
	},
	AdministrativeAction: {"Administrative action", onDisconnect, onDisconnect},
	PayloadFormatInvalid: {
		"Payload format invalid", onPublishAck | onDisconnect,
		onConnack | onPublishAck | onDisconnect,
	},
	RetainNotSupported:                  {"Retain not supported", 0, onConnack | onDisconnect},
	QoSNotSupported:                     {"QoS not supported", 0, onConnack | onDisconnect},
	UseAnotherServer:                    {"Use another server", 0, onConnack | onDisconnect},
	ServerMoved:                         {"Server moved", 0, onConnack | onDisconnect},
	SharedSubscriptionsNotSupported:     {"Shared Subscriptions not supported", 0, onSuback | onDisconnect},
	ConnectionRateExceeded:              {"Connection rate exceeded", 0, onConnack | onDisconnect},
	MaximumConnectTime:                  {"Maximum connect time", 0, onDisconnect},
	SubscriptionIdentifiersNotSupported: {"Subscription Identifiers not supported", 0, onSuback | onDisconnect},
	WildcardSubscriptionsNotSupported:   {"Wildcard Subscriptions not supported", 0, onSuback | onDisconnect},
}

// ReasonAllowed reports whether MQTT 5.0 defines the code for packet type t when sent by from.
func ReasonAllowed(t Type, from Role, c ReasonCode) bool {
	if int(c) >= len(reasons) {
		return false
	}
	allowed := reasons[c].client
	if from == FromServer {
		allowed = reasons[c].server
	}
	return allowed>>t&1 != 0
}

// Reasons returns the reason codes that MQTT 5.0 defines for packet type t when sent by from, in ascending order.
func Reasons(t Type, from Role) []ReasonCode {
	var codes []ReasonCode
	for c := range reasons {
		if ReasonAllowed(t, from, ReasonCode(c)) {
			codes = append(codes, ReasonCode(c))
		}
	}
	return codes
}

// ReasonName gives the name of the code in packet type t of MQTT 5.0, such as "Normal disconnection" for
// 0x00 in DISCONNECT, and "" when the code is not defined for the packet.
func ReasonName(t Type, c ReasonCode) string {
	if !ReasonAllowed(t, FromClient, c) && !ReasonAllowed(t, FromServer, c) {
		return ""
	}
	if c == Success {
		switch t {
		case DISCONNECT:
			return "Normal disconnection"
		case SUBACK:
			return "Granted QoS 0"
		}
	}
	return reasons[c].name
}

// returnCodes are those of the CONNACK of MQTT 3.1.1.
var returnCodes = [...]struct {
	name   string
	retry  Retry
	ground string
}{
	0: {"Connection accepted", Passing, "it was none"},
	1: {"Unacceptable protocol version", Final, "the version stays the same"},
	2: {"Identifier rejected", Final, "the identifier stays the same"},
	3: {"Server unavailable", Passing, "it is about the server's state"},
	4: {"Bad user name or password", WithCredentials, "another password may be right"},
	5: {"Not authorized", WithCredentials, "an expired token is the usual reason"},
}

// ReturnCodeName gives the name of a return code in the CONNACK of MQTT 3.1.1, and "" for a reserved one.
func ReturnCodeName(c byte) string {
	if int(c) < len(returnCodes) {
		return returnCodes[c].name
	}
	return ""
}
