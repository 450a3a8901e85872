package protocol

// Traffic counts what went over all connections of a client.
type Traffic struct {
	MessagesIn  uint64 // that arrived, without repetitions of messages that are here already
	MessagesOut uint64 // whose PUBLISH was put into the outgoing buffer, without repetitions
	BytesIn     uint64 // of MQTT packets
	BytesOut    uint64 // likewise
}

// Traffic reports what went over all connections.
func (c *Client) Traffic() Traffic { return c.traffic }

// BytesArrived counts n bytes that were read.
func (c *Client) BytesArrived(n int) { c.traffic.BytesIn += uint64(n) }

// NoteError makes err the last error, for one that no EventError tells.
func (c *Client) NoteError(err error) { c.lastError = err }

// LastError reports what EventError or NoteError told last; nil = nothing.
func (c *Client) LastError() error { return c.lastError }

// LastActivity reports when a connection was last begun or bytes last came in or went out; false if there was no
// connection yet.
func (c *Client) LastActivity() (at Time, any bool) {
	return max(c.keepAlive.lastRead, c.keepAlive.lastWrite), c.connection > 0
}

// InFlight counts the messages of QoS 1 and 2 that were sent and whose exchange is not over.
func (c *Client) InFlight() int {
	n := 0
	for m := range c.outgoing.All() {
		if !m.Done {
			n++
		}
	}
	return n
}
