package protocol

import (
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// State is the step of a QoS 1 or 2 exchange. The numbers are the documented ones of MQTTMessage.State.
type State uint8

// The states.
const (
	PubackAwaited   State = 0   // out, QoS 1: PUBLISH sent
	PubrecAwaited   State = 1   // out, QoS 2: PUBLISH sent
	PubrelSending   State = 2   // out, QoS 2: PUBREC received
	PubcompAwaited  State = 3   // out, QoS 2: PUBREL sent
	OutDone         State = 4   // out: the last acknowledgment was received
	PubackSending   State = 5   // in, QoS 1: PUBLISH received
	PubrecSending   State = 6   // in, QoS 2: PUBLISH received
	PubrelAwaited   State = 7   // in, QoS 2: PUBREC sent
	PubcompSending  State = 8   // in, QoS 2: PUBREL received
	InDone          State = 9   // in: the last acknowledgment was sent
	outgoingPending State = 255 // out: PUBLISH was never sent
	outgoingGivenUp State = 254 // out: a placeholder, see giveUp
)

// Message is a message on its way: of QoS 0 until the pump has told it, of QoS 1 and 2 from its acceptance to the end
// of its exchange. The exported fields are read-only outside this package; strings and slices stay valid for ever.
type Message struct {
	Topic      string // always the full name, never empty because of an alias [MQTT5-3.3.2-7]
	Payload    []byte
	Properties packet.Properties // v5; without the alias
	ID         uint16            // 0 for QoS 0
	Alias      uint16            // the topic alias that the packet carries, 0 = none
	QoS        uint8
	State      State
	Retain     bool
	Dup        bool
	Refused    bool // out: the server refused it, or it could not be sent

	written    bool     // out: a PUBLISH of it was put on the wire, so that the next one is a repetition
	holdsQuota bool     // it counts against the receiver's Receive Maximum on this connection
	emptyTopic bool     // out: the caller relies on the alias alone
	settling   bool     // in: Settle will send the acknowledgment
	pubrels    uint8    // in: how many PUBRELs came on its connection, each of which PUBCOMP answers
	foreign    bool     // in: another process has gone on with it
	next       *Message // in a chain
	home       *slab    // that it is part of
	connection uint32   // that of its PUBLISH; 0 = none yet
	order      uint32   // in: of QoS 1, its place among those of its connection
	position   int      // in its List
	sentAt     Time     // out: when PUBLISH was last put on the wire; see republish.go
	firstAt    Time     // out: when that was done first on this connection, if somebody wants to know
	repeats    int      // out: how often it was repeated on this connection
	expires    Time     // out: when its Message Expiry Interval is over; 0 = never, see lifetime.go
	key        uint64   // in the Journal; 0 = it does not know the message
	Done       bool     // out: the exchange is over
	Awaited    bool     // see Publish.Awaited
	lasting    bool     // in: it is deferred, or to be acknowledged after one that is; see defer.go
	handled    bool     // in: its acknowledgment is due
	deferrals  uint16   // in: calls of Defer that Undefer has not taken back
	Tag        any      // out: see Publish.Tag
	Told       bool     // the owner has told the end of the exchange
	Outcome    packet.ReasonCode
	Failure    error // out: why the exchange ended without the server, numbered; nil = with its answer, or written
}

// Connection returns the number of the connection that an inbound message has come on last.
func (m *Message) Connection() uint32 { return m.connection }

// awaitsFirst is the packet that answers the PUBLISH of a QoS 1 or 2 message.
func (m *Message) awaitsFirst() packet.Type {
	if m.QoS == 2 {
		return packet.PUBREC
	}
	return packet.PUBACK
}

const (
	slabSize   = 32        // messages that are allocated together, and used again together
	chunk      = 4 << 10   // payloads that are allocated together
	maxChunked = chunk / 8 // larger payloads get memory of their own, so that keeping one message pins little else
)

// slab is messages that were allocated together. One of them that is in use keeps all of them, so they are used again
// only when all have come back: were they given out one by one, the few that a client keeps would each hold a slab,
// with what is still linked to messages in it that were dropped.
type slab struct {
	messages [slabSize]Message
	given    int // of messages, from the first
	live     int // given out and not released
}

// storage gives out messages and memory for payloads, so that a message costs a fraction of an allocation.
type storage struct {
	current *slab // messages are given out of it
	spare   *slab // all of it was released; or nil
	rest    []byte
}

func (s *storage) message() *Message {
	if s.current == nil || s.current.given == slabSize {
		s.refill()
	}
	l := s.current
	m := &l.messages[l.given]
	if m.home == nil { // else it was given out before; a store of a pointer costs more than a look
		m.home = l
	}
	l.given++
	l.live++
	return m
}

func (s *storage) refill() {
	if s.current, s.spare = s.spare, nil; s.current != nil {
		return
	}
	if s.current, _ = slabPool.Get().(*slab); s.current == nil {
		s.current = new(slab)
	}
}

// release takes back a message that nothing refers to any more.
func (s *storage) release(m *Message) {
	// Not *m = Message{}: that would be one bulk write barrier for the price of several messages.
	m.Topic, m.Payload = "", nil
	if m.Properties != nil { // as few messages have, and still fewer what is looked at below
		m.Properties = nil
	}
	m.ID, m.Alias, m.QoS, m.State = 0, 0, 0, 0
	m.Retain, m.Dup, m.Refused, m.Done, m.Awaited, m.Told = false, false, false, false, false, false
	m.written, m.holdsQuota, m.emptyTopic, m.settling, m.foreign = false, false, false, false, false
	m.lasting, m.handled, m.deferrals, m.order = false, false, 0, 0
	m.pubrels = 0
	m.connection, m.sentAt, m.firstAt, m.repeats, m.Outcome, m.key = 0, 0, 0, 0, 0, 0
	if m.Failure != nil {
		m.Failure = nil
	}
	m.next, m.expires = nil, 0
	if m.Tag != nil {
		m.Tag = nil
	}
	l := m.home
	if l.live--; l.live > 0 {
		return
	}
	switch {
	case l == s.current:
		l.given = 0
	case l.given < slabSize: // of a client that was reset meanwhile
	case s.spare == nil:
		l.given, s.spare = 0, l
	default:
		l.given = 0
		slabPool.Put(l)
	}
}

// keep returns a copy of b that is never written again.
func (s *storage) keep(b []byte) []byte {
	n := len(b)
	if n == 0 {
		return nil
	}
	if n > maxChunked {
		return append([]byte(nil), b...)
	}
	if n > len(s.rest) {
		s.rest = make([]byte, chunk)
	}
	kept := s.rest[:n:n]
	s.rest = s.rest[n:]
	copy(kept, b)
	return kept
}

// topicCache spares an allocation for the topics that come again and again.
type topicCache struct {
	entries *[topicCacheSize]string
}

const (
	topicCacheSize = 64
	maxCachedTopic = 256 // so that the cache holds 16 KiB at most
)

// name returns b as a string.
func (t *topicCache) name(b []byte) string {
	n := len(b)
	if n == 0 || n > maxCachedTopic {
		return string(b)
	}
	if t.entries == nil {
		t.entries = new([topicCacheSize]string)
	}
	// Topics of one application differ mostly near their end and in their length.
	h := uint32(n)
	for _, c := range b[max(0, n-8):] {
		h = h*31 + uint32(c)
	}
	slot := &t.entries[h%topicCacheSize]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}
