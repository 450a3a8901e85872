package mqtt

import "time"

// The argument structs of the events. A struct belongs to the handler only while it runs; strings and byte slices in it
// may be kept, and byte slices must not be changed. Fields that are not said to be changeable are ignored when changed.

// ConnectedEventArgs are the arguments of OnConnected: an attempt to connect has ended.
type ConnectedEventArgs struct {
	StatusCode  int    // 0 = connected; else the error number
	Description string // "OK", or the text of the error
}

// ConnectionStatusEventArgs are the arguments of OnConnectionStatus: a step of building or ending a connection.
type ConnectionStatusEventArgs struct {
	ConnectionEvent string // which step; for people, not to be compared
	StatusCode      int    // 0, or the error number that the step ended with
	Description     string // "OK", or the text of the error
}

// DisconnectedEventArgs are the arguments of OnDisconnected: a connection that stood has ended, whoever ended it. It
// fires exactly once for each OnConnected with StatusCode 0, after all messages that were received before.
type DisconnectedEventArgs struct {
	StatusCode  int    // 0 = an orderly end; else the error number
	Description string // "OK", or the text of the error
	// v5, from the server's DISCONNECT; zero if there was none.
	ReasonCode      int
	ReasonName      string
	ReasonString    string
	ServerReference string
	UserProperties  []UserProperty
}

// ErrorEventArgs are the arguments of OnError: something failed that no return value could tell.
type ErrorEventArgs struct {
	ErrorCode   int
	Description string
	ReasonCode  int // the server's reason code, if that is what it tells; else 0
	Tag         any // PublishProperties.Tag of the message that it is about
}

// LogEventArgs are the arguments of OnLog.
type LogEventArgs struct {
	LogLevel int    // 1 information, 2 verbose, 3 debug
	Message  string // secrets are masked, see the setting MaskSensitiveData
	LogType  string // "Info", "Packet", "Reconnect" or "Session"
}

// MessageAckEventArgs are the arguments of OnMessageAck: all acknowledgments of a QoS 1 or 2 message are done. The
// message is still in its list.
type MessageAckEventArgs struct {
	PacketId     int
	Direction    int // 0 = sent by this client, in OutgoingMessages; 1 = sent by the server, in IncomingMessages
	Index        int // position in that list while the handler runs
	ResponseCode int // v5 reason code of the exchange; 0 in 3.1.1
	Tag          any // PublishProperties.Tag of a message of this client
}

// MessageInEventArgs are the arguments of OnMessageIn: a message has arrived. A QoS 1 or 2 message is acknowledged when
// its handlers have returned, or call Disconnect; Defer puts that off. If OnMessageAck has a handler the acknowledgment
// is queued before that is called, unless JournalDir is set.
type MessageInEventArgs struct {
	PacketId   int    // -1 for QoS 0
	Topic      string // the full name, also when the server used a topic alias
	QOS        int
	Message    string             // the payload as text
	MessageB   []byte             // the payload; read-only, stays valid
	Retained   bool               // a stored message, sent because of a subscription
	Duplicate  bool               // the server's DUP flag
	Properties *PublishProperties // v5; nil when the packet had none

	from     *MQTT  // for Defer
	delivery uint64 // pump.deliveries
}

// MessageOutEventArgs are the arguments of OnMessageOut: a QoS 0 message was sent, or the exchange of a QoS 1 or 2
// message is complete. It does not fire for a message that the server has refused: OnError tells that, and OnMessageAck
// with a ResponseCode of 128 or more ends it. A program that counts what is under way counts OnMessageAck.
type MessageOutEventArgs struct {
	PacketId  int // -1 for QoS 0
	Topic     string
	QOS       int
	Message   string
	MessageB  []byte // read-only, stays valid
	Retained  bool
	Duplicate bool
	Tag       any // PublishProperties.Tag
}

// ReadyToSendEventArgs are the arguments of OnReadyToSend: sending is possible, after connecting or after error 10035.
type ReadyToSendEventArgs struct{}

// SSLServerAuthenticationEventArgs are the arguments of OnSSLServerAuthentication: the server's certificate was
// checked, also when all is well. Nothing has been sent over TLS yet.
type SSLServerAuthenticationEventArgs struct {
	CertEncoded  string // the server's certificate in PEM; with SSLIncludeCertChain the whole chain
	CertEncodedB []byte // the same
	CertSubject  string
	CertIssuer   string
	Status       string // "OK", or why verification failed
	// Accept may be changed. It is true when verification succeeded, with SSLAcceptAnyServerCert, and for
	// SSLAcceptServerCert; false ends the attempt with 280 or the number of the fault.
	Accept bool
}

// SSLStatusEventArgs are the arguments of OnSSLStatus: progress of the TLS handshake.
type SSLStatusEventArgs struct{ Message string }

// SubscribedEventArgs are the arguments of OnSubscribed: the server has answered for one topic filter. It fires once
// per filter, in the order of the filters.
type SubscribedEventArgs struct {
	TopicFilter  string
	QOS          int // granted; 0 when refused
	ResponseCode int // SUBACK code; 128 and above = refused
}

// UnsubscribedEventArgs are the arguments of OnUnsubscribed, which fires once per call of Unsubscribe.
type UnsubscribedEventArgs struct {
	TopicFilters string // the argument of Unsubscribe
	ResponseCode int    // the first failure, else the first code that is not 0, else 0; 0 in 3.1.1
}

// BeforeConnectEventArgs are the arguments of OnBeforeConnect. Both fields may be changed; they replace the properties.
type BeforeConnectEventArgs struct {
	ClientId     string
	CleanSession bool
}

// ConnAckEventArgs are the arguments of OnConnAck: the server has answered CONNECT.
type ConnAckEventArgs struct {
	SessionPresent bool
	ReasonCode     int // v3.1.1: the return code
	ReasonName     string
	Properties     string // JSON with the keys of the setting ConnAckProperties; "" in 3.1.1
}

// SubAckEventArgs are the arguments of OnSubAck, which comes before the OnSubscribed events of the packet.
type SubAckEventArgs struct {
	PacketId       int
	TopicFilters   []string
	ReasonCodes    []int // one per filter
	ReasonString   string
	UserProperties []UserProperty
}

// UnsubAckEventArgs are the arguments of OnUnsubAck, which comes before OnUnsubscribed.
type UnsubAckEventArgs struct {
	PacketId       int
	TopicFilters   []string
	ReasonCodes    []int // one per filter; empty in 3.1.1
	ReasonString   string
	UserProperties []UserProperty
}

// PubAckEventArgs are the arguments of OnPubAck, OnPubRec and OnPubComp, which come before the OnMessageAck that they
// may cause.
type PubAckEventArgs struct {
	PacketId       int
	ReasonCode     int // 0 in 3.1.1
	ReasonName     string
	ReasonString   string
	UserProperties []UserProperty
	Tag            any // PublishProperties.Tag
}

// PingEventArgs are the arguments of OnPing: a PINGRESP has arrived.
type PingEventArgs struct {
	RoundTrip time.Duration
}

// AuthEventArgs are the arguments of OnAuth: the server has taken a step of an enhanced authentication. The last one of
// Connect comes as ConnAck, with AuthenticationData in its Properties.
type AuthEventArgs struct {
	ReasonCode     int // 24 = it waits for Auth, 0 = the new authentication that Auth began is over
	ReasonName     string
	AuthMethod     string // that of CONNECT
	AuthData       []byte // nil = none
	ReasonString   string
	UserProperties []UserProperty
}
