package protocol

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Requests over connections: with Settings.QueueRequests a SUBSCRIBE or UNSUBSCRIBE lives from the call to its answer,
// however many connections that takes, under one packet identifier. MQTT knows no repetition of these packets, and
// needs none: the server does the same once more [MQTT5-3.8.4-3] [MQTT311-3.8.4-3].

// noteWord notes a request that was accepted as the last word on its filters.
func (c *Client) noteWord(r *Request) {
	c.asking++
	r.sequence = c.asking
	if c.words == nil {
		c.words = make(map[string]*Request)
	}
	for _, f := range r.Filters {
		c.words[f] = r
	}
}

// spoken reports whether a request about a filter has no answer yet.
func (c *Client) spoken(filter string) bool {
	r := c.words[filter]
	return r != nil && r.Answer == nil
}

// AnswerTold tells that the pump is about to tell the answer of r. The same call is a request of its own from then on.
func (c *Client) AnswerTold(r *Request) {
	for _, f := range r.Filters {
		if c.words[f] == r {
			delete(c.words, f)
		}
	}
	if len(c.words) == 0 {
		c.words = nil // nearly always, and an empty map keeps its memory
	}
}

// repeats returns the request that asks for the same as r already, nil if there is none: one that waits for a
// connection, or that was sent when this one began. So a program that subscribes whenever it is connected gets the
// answer to that. If several requests do it together, the last one is returned.
func (c *Client) repeats(r *Request) (same *Request) {
	for i, f := range r.Filters {
		word := c.words[f]
		if word == nil || !word.repeated || word.Type != r.Type || word.identifier != r.identifier ||
			!bytes.Equal(word.user, r.user) {
			return nil
		}
		if r.Type == packet.SUBSCRIBE && !slices.Contains(word.subscriptions, r.subscriptions[i]) {
			return nil
		}
		if same == nil || word.sequence > same.sequence {
			same = word
		}
	}
	return same
}

// Asked returns the requests that are the last word on filters and whose answers were not told, each once.
func (c *Client) Asked(filters []string) (requests []*Request) {
	for _, f := range filters {
		if r := c.words[f]; r != nil && !slices.Contains(requests, r) {
			requests = append(requests, r)
		}
	}
	return requests
}

// unansweredRequests lists the requests in the order of the calls.
func (c *Client) unansweredRequests() []*Request {
	list := make([]*Request, 0, len(c.requests))
	for _, r := range c.requests {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Request) int { return int(int64(a.sequence - b.sequence)) })
	return list
}

// keepRequests keeps what the program has asked for until there is a connection. What the client has made by itself it
// makes anew then, as far as it is needed.
func (c *Client) keepRequests() {
	for _, r := range c.requests {
		if r.automatic {
			c.dropRequest(r)
		} else {
			r.repeated = true
		}
	}
}

// DropRequests ends the requests that were not answered, since no connection will follow by itself. With tell an error
// tells each.
func (c *Client) DropRequests(tell bool) {
	for _, r := range c.unansweredRequests() {
		if tell {
			c.PushError(errors.New(errors.ErrNotConnected, fmt.Sprintf("%v %d of %s was not answered before the "+
				"connection ended.", r.Type, r.ID, Quote(r.Filters[0]))))
		}
		c.dropRequest(r)
		if r.Type == packet.UNSUBSCRIBE { // the program's last word
			for _, f := range r.Filters {
				c.subscribed.remove(f)
			}
		}
	}
}

// forgetRequest takes out a request that has been answered or dropped.
func (c *Client) forgetRequest(id uint16) {
	if delete(c.requests, id); len(c.requests) == 0 {
		c.requests = nil
	}
}

func (c *Client) dropRequest(r *Request) {
	c.forgetRequest(r.ID)
	c.kept -= r.size()
	c.AnswerTold(r)
}

// repeatRequests sends what the program has asked for and no server has answered. What this server does not take is
// told.
func (c *Client) repeatRequests() {
	sent := 0
	for _, r := range c.unansweredRequests() {
		if r.automatic {
			continue // of this connection
		}
		if err := c.checkRequest(r); err != nil {
			r.Failure = err
			c.dropRequest(r)
			c.PushError(errors.FromOS(err))
			continue
		}
		c.sendRequest(r)
		sent++
	}
	if sent > 0 {
		c.note(1, "%d requests that were not answered before are sent.", sent)
	}
}
