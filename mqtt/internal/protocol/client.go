package protocol

import (
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Time is an instant, told as the time since an epoch of the owner's choice. It never runs backwards.
type Time = time.Duration

// Never is later than every instant.
const Never = Time(1<<63 - 1)

// Phase says what the current connection allows.
type Phase uint8

// The phases of a connection.
const (
	Idle       Phase = iota // no connection; commands that send are refused with 212
	Connecting              // CONNECT is written, CONNACK has not come; nothing else may be sent
	Connected               // CONNACK was accepted
	Ended                   // no further packet is read; what is in the outgoing buffer may still be written
)

// Settings are the limits and intervals that the owner may change at any time. A change holds for what comes after it.
type Settings struct {
	// RepublishInterval is how long a PUBLISH waits for PUBACK or PUBREC on a 3.1.1 connection before it is sent
	// again; 0 = never. Version 5.0 forbids it [MQTT5-4.4.0-1].
	RepublishInterval time.Duration
	// PingTimeout is the patience for PINGRESP; 0 = the keep-alive interval in force.
	PingTimeout time.Duration
	// RepublishAttempts and RepublishTimeout say when a PUBLISH that 3.1.1 repeats is given up: after so many
	// repetitions, or so long after it was first sent, on one connection; 0 = never.
	RepublishAttempts int
	RepublishTimeout  time.Duration
	// AckTimeout is how long SUBACK and UNSUBACK may take before EventError reports that they are missing; 0 = for
	// ever.
	AckTimeout time.Duration
	// AutoTopicAlias replaces topics that are published again by topic aliases, as far as the server takes them.
	AutoTopicAlias bool
	// AllowControlCharacters accepts topics and filters with control characters and with what is no character, because
	// of which servers end connections.
	AllowControlCharacters bool
	// AllowReceiveMaximumExceeded takes more messages of QoS 1 and 2 than the server was told to send at a time.
	AllowReceiveMaximumExceeded bool
	// QueueMessages accepts messages without a connection. They are sent by the next one, in the order of the calls.
	QueueMessages bool
	// QueueRequests accepts SUBSCRIBE and UNSUBSCRIBE without a connection, and keeps those that were not answered when
	// one ended: the owner connects again by itself. It calls DropRequests when it does not.
	QueueRequests bool
	// InflightLimit lowers the number of unacknowledged QoS 1 and 2 messages below the server's Receive Maximum; 0 =
	// not.
	InflightLimit int
	// IncomingMemoryLimit bounds what the server can make the client hold, in bytes of memory; 0 = not.
	IncomingMemoryLimit int
}

// Client is the state of one MQTT client, over all its connections. The zero value is not usable: call New.
type Client struct {
	Settings Settings
	Epoch    time.Time // the instant 0 of the owner's clock; for messages that expire and are saved
	now      Time      // as far as is known
	journal  Journal   // nil = none

	phase    Phase
	accepted bool
	version  packet.Version
	options  Options
	limits   Limits
	connAck  *ConnAck
	end      End

	output  output
	events  eventQueue
	traffic Traffic

	lastError error // nil = there was none

	// The session: kept from one connection to the next until a CONNACK or Disconnect says that it is over.
	sessionClientID string
	lostSessionOf   string // the client identifier whose session a server lacked last; see RestoreSession
	hasSession      bool
	ids             idTable // outbound exchanges by packet identifier
	nextID          uint16  // the packet identifier taken last
	lastID          uint16  // of the message published last
	outgoing        List    // in the order of the calls; a message leaves when the pump has told its end
	incoming        List    // in the order of arrival; a message leaves when the pump delivers it
	inbound         idTable
	deferred        int       // inbound messages that are lasting; see defer.go
	deferredBytes   int       // of memory that they take
	waiting         waitQueue // messages that the quota holds back, in order
	subscribed      subscribed
	requests        map[uint16]*Request // SUBSCRIBE and UNSUBSCRIBE without an answer
	asking          uint64              // the sequence of the last one
	lastRequest     uint16              // the packet identifier of the last one that the program has asked for
	words           map[string]*Request // the last one about each topic filter, until its answer was told
	undelivered     []*Message          // inbound messages of a restored session that the next connection delivers
	inFlight        int                 // bytes of memory of outgoing messages whose exchange goes on
	kept            int                 // bytes of memory that wait for packets of the server; see memory.go

	// The rest belongs to one connection.
	connection uint32              // its number, so that an acknowledgment can never go out on another
	asked      timeline            // the requests that AckTimeout watches
	quota      int                 // PUBLISH packets above QoS 0 that may still be written
	window     int                 // quota at the start
	acks       ackOrder            // see defer.go
	unsettled  int                 // inbound QoS 1 and 2 messages that are not settled yet
	published  bool                // a QoS 1 or 2 message of this connection was accepted
	completed  bool                // an inbound QoS 2 message was acknowledged with PUBCOMP
	released   map[uint16]struct{} // identifiers of PUBREL; see noteEarly
	received   map[uint16]struct{} // identifiers of PUBREC; see noteEarly
	aliases    aliases
	keepAlive  keepAlive
	republish  republish
	auth       authentication
	qos0       chain    // QoS 0 messages in the outgoing buffer
	qos0Taken  chain    // those that a write under way covers
	untold     *Message // used anew for each message of publishUntold; nil until the first
	awaited0   int      // QoS 0 messages that are Awaited, over all connections

	store   storage
	topics  topicCache
	scratch packet.Properties
}

// New returns a client without a connection or a session.
func New() *Client {
	return &Client{version: packet.V311}
}

// Phase reports what the current connection allows.
func (c *Client) Phase() Phase { return c.phase }

// Connection returns the number of the current or last connection; 0 before the first.
func (c *Client) Connection() uint32 { return c.connection }

// Version reports the protocol version of the current or last connection.
func (c *Client) Version() packet.Version { return c.version }

// Limits reports what the server of the current or last connection demands.
func (c *Client) Limits() *Limits { return &c.limits }

// Accepted reports whether the server has accepted the current connection, also when it has ended since.
func (c *Client) Accepted() bool { return c.accepted }

// ConnAck reports what the server's last CONNACK said; nil before the first.
func (c *Client) ConnAck() *ConnAck { return c.connAck }

// LastWrite reports when bytes last went out.
func (c *Client) LastWrite() Time { return c.keepAlive.lastWrite }

// LastPacketID reports the packet identifier of the message published last with QoS 1 or 2; 0 if there was none.
func (c *Client) LastPacketID() int { return int(c.lastID) }

// LastRequestID reports the packet identifier of the SUBSCRIBE or UNSUBSCRIBE that was asked for last; 0 if there was
// none.
func (c *Client) LastRequestID() int { return int(c.lastRequest) }

// Outgoing lists the published QoS 1 and 2 messages that are sent and not completely acknowledged.
func (c *Client) Outgoing() *List { return &c.outgoing }

// Incoming lists the received QoS 1 and 2 messages whose acknowledgment is not complete.
func (c *Client) Incoming() *List { return &c.incoming }

// HeldBack reports how many accepted messages wait for a connection, for the server's Receive Maximum or for
// InflightLimit.
func (c *Client) HeldBack() int { return c.waiting.len() }

// Deadline reports when Tick wants to be called next; Never if time alone changes nothing.
func (c *Client) Deadline() Time {
	if c.phase != Connected {
		return Never
	}
	return min(c.keepAlive.deadline(c), c.republish.deadline(c), c.asked.deadline(c, c.Settings.AckTimeout),
		c.waiting.deadline())
}

// Tick does what is due at now.
func (c *Client) Tick(now Time) {
	if c.phase != Connected {
		return
	}
	c.tickKeepAlive(now)
	if c.phase == Connected {
		c.tickRepublish(now)
		c.tickRequests(now)
		c.DropExpired(now)
	}
}

// requireConnection is the check at the head of every command that sends: nothing does before CONNACK
// [MQTT5-3.1.2-30].
func (c *Client) requireConnection(what string) error {
	if c.phase != Connected {
		return errors.New(errors.ErrNotConnected, what)
	}
	return nil
}
