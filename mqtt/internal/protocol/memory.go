package protocol

import (
	"fmt"
	"unsafe"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Settings.IncomingMemoryLimit is one budget for all that a server can make a client hold, in bytes of memory: topics,
// properties, texts and what surrounds them, not payloads alone. There are two kinds of it:
//
//   - what waits for the pump: the event queue, the events that the pump has taken, and what is deferred. The owner
//     stops reading while there is too much of it (MemoryFull), which pushes back on the server.
//   - what waits for a packet of the server (kept): messages of QoS 2 without PUBREL, topic aliases, SUBSCRIBE and
//     UNSUBSCRIBE without their acknowledgment. Not to read would never free it, so the connection ends, or the request
//     is refused, where it alone takes up the budget.
//
// What is published is bounded by the owner (AcceptedBytes). Tables of packet identifiers are bounded by their number.

// messageOverhead is about what a message takes beside topic, payload and properties: itself and its places in lists.
const messageOverhead = 256

// size is how many bytes of memory m takes. It stays the same from its acceptance or arrival to its end.
func (m *Message) size() int {
	return messageOverhead + len(m.Topic) + len(m.Payload) + len(m.Properties)
}

// MemoryFull reports whether reading has to pause until the pump has delivered. The queue alone gets half of the
// budget, since the pump may have taken as much, which need not be delivered before more is read. While the pump cannot
// run because a handler waits for the server (waiting), reading goes on up to twice the budget.
func (c *Client) MemoryFull(waiting bool) bool {
	limit := int64(c.Settings.IncomingMemoryLimit)
	if limit == 0 {
		return false
	}
	if waiting {
		limit *= 2
	}
	events := int64(c.events.bytes + c.events.taken + c.deferredBytes)
	return int64(c.events.bytes) >= limit/2 || events > 0 && events+int64(c.kept) >= limit
}

// keptFull reports whether what waits for packets of the server takes up the budget.
func (c *Client) keptFull() bool {
	limit := c.Settings.IncomingMemoryLimit
	return limit > 0 && c.kept >= limit
}

// keep counts n more bytes that wait for a packet of the server. If there are too many already, which one packet may
// cause by itself, it ends the connection instead and reports false.
func (c *Client) keep(t packet.Type, n int, what string) bool {
	if c.keptFull() {
		c.failMemory(t, fmt.Sprintf("%s, and what waits for packets of the server takes %d bytes already", what,
			c.kept))
		return false
	}
	c.kept += n
	return true
}

// fits checks that what a packet says takes no more memory than the budget when it is read: five bytes of it can
// become a pair of two texts. If not it ends the connection.
func (c *Client) fits(t packet.Type, p packet.Properties) bool {
	limit := c.Settings.IncomingMemoryLimit
	if limit == 0 || len(p) <= limit/8 { // which it cannot exceed
		return true
	}
	if size := len(p) + userPropertiesSize(p); size > limit {
		c.failMemory(t, fmt.Sprintf("properties that take %d bytes of memory", size))
		return false
	}
	return true
}

// failMemory ends the connection because of the budget.
func (c *Client) failMemory(t packet.Type, problem string) {
	c.failAs(packet.QuotaExceeded, errors.New(errors.ErrNoBufferSpace,
		fmt.Sprintf("The server sent %v: %s; IncomingMemoryLimit is %d.", t, problem, c.Settings.IncomingMemoryLimit)))
}

// AcceptedBytes reports how many bytes of memory the accepted messages take that wait for a connection, for the quota,
// or for the server's acknowledgment.
func (c *Client) AcceptedBytes() int { return c.waiting.bytes + c.inFlight }

// userPropertiesSize is how many bytes of memory the list of packet.ReadUserProperties takes.
func userPropertiesSize(p packet.Properties) int {
	size := 0
	for name, value := range p.UserProperties() {
		size += int(unsafe.Sizeof(packet.UserProperty{})) + len(name) + len(value)
	}
	return size
}
