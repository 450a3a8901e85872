package protocol

import (
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// AckTimeout: SUBACK and UNSUBACK that do not come. Neither packet has a DUP flag, so that a repetition could not be
// told from a new request: the lack is reported, once, and the request goes on waiting.

// resetAsked begins the watch of a new connection.
func (c *Client) resetAsked() {
	c.asked = timeline{clock: func(c *Client, id uint16) *Time {
		if r := c.requests[id]; r != nil {
			return &r.sentAt
		}
		return nil
	}}
}

// noteRequest remembers that r is in the outgoing buffer.
func (c *Client) noteRequest(r *Request) {
	if c.Settings.AckTimeout > 0 {
		r.sentAt = notWritten
		c.asked.push(c, r.ID)
	}
}

func (c *Client) tickRequests(now Time) {
	for limit := c.Settings.AckTimeout; limit > 0; {
		id := c.asked.due(c, now, limit)
		if id == 0 {
			return
		}
		r := c.requests[id]
		c.PushError(errors.New(errors.ErrTimeout, fmt.Sprintf("%v %d of %s was not answered within %v.", r.Type, id,
			Quote(r.Filters[0]), limit.Round(time.Second))))
	}
}
