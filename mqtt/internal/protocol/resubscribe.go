package protocol

import (
	"bytes"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// subscribed are the subscriptions that the server has granted and that were not ended, so that a connection which
// finds no session can make them again. They belong to the session: a connection of the program's own that finds none
// starts with none (U5-25).
type subscribed struct {
	list  []granted // in the order in which they were made; "" where one was ended
	index map[string]int
}

type granted struct {
	Subscription
	identifier int
	user       packet.Properties
	lost       bool // it is to be made again: a server had no session, and none has answered since
}

// add notes a granted subscription. A filter that was subscribed before has the new options only [MQTT5-3.8.4-3].
func (s *subscribed) add(g granted) {
	if i, known := s.index[g.Filter]; known {
		s.list[i] = g
		return
	}
	if s.index == nil {
		s.index = make(map[string]int)
	}
	s.index[g.Filter] = len(s.list)
	s.list = append(s.list, g)
}

func (s *subscribed) remove(filter string) {
	i, known := s.index[filter]
	if !known {
		return
	}
	delete(s.index, filter)
	if s.list[i] = (granted{}); len(s.list) > 2*len(s.index)+16 {
		kept := s.list[:0]
		for _, g := range s.list {
			if g.Filter != "" {
				s.index[g.Filter] = len(kept)
				kept = append(kept, g)
			}
		}
		clear(s.list[len(kept):])
		s.list = kept
	}
}

// noteAnswered follows the answer to a request: what was granted is noted, what was ended is forgotten.
func (c *Client) noteAnswered(r *Request, reasons []packet.ReasonCode) {
	for i, filter := range r.Filters {
		switch {
		case r.Type == packet.UNSUBSCRIBE:
			if len(reasons) == 0 || !reasons[i].IsError() { // UNSUBACK of 3.1.1 has no codes
				c.subscribed.remove(filter)
			}
		case !reasons[i].IsError():
			c.subscribed.add(granted{Subscription: r.subscriptions[i], identifier: r.identifier, user: r.user})
		default:
			c.subscribed.remove(filter)
		}
	}
}

// startSubscriptions is called when a connection stands. When the server has no session, Options.Resubscribe makes the
// subscriptions of the last one again; else there are none. They stay noted as lost until they are answered: this
// connection may end before, and the next one may find the session that it began, without them. Then comes what the
// program has asked for and no server has answered, in the order of the calls, so that its last word on each filter
// holds.
func (c *Client) startSubscriptions(present bool) {
	switch {
	case !present && !c.options.Resubscribe:
		c.subscribed = subscribed{}
	case !present:
		for i := range c.subscribed.list {
			c.subscribed.list[i].lost = true
		}
		fallthrough
	case c.options.Resubscribe:
		c.resubscribe()
	}
	c.repeatRequests()
}

// resubscribe makes the lost subscriptions again, in their order: one SUBSCRIBE for those in a row that share a
// subscription identifier and user properties. It is called before anything else is sent on the connection, so that no
// message that a publish of ours causes is missed.
func (c *Client) resubscribe() {
	var group []Subscription
	var same granted
	made := 0
	flush := func() {
		if len(group) > 0 {
			made += c.subscribeAgain(group, &same)
		}
		group = nil
	}
	for _, g := range c.subscribed.list {
		if g.Filter == "" || !g.lost || c.spoken(g.Filter) {
			continue // the program's word on it follows
		}
		if g.identifier != same.identifier || !bytes.Equal(g.user, same.user) || len(group) == maxResubscribe {
			flush()
			same = g
		}
		group = append(group, g.Subscription)
	}
	flush()
	if made > 0 {
		c.note(1, "The server has lost the subscriptions: %d are made again.", made)
	}
}

// subscribeAgain makes the subscriptions of a group and returns how many were sent. One that this server does not take
// must not cost the others.
func (c *Client) subscribeAgain(group []Subscription, like *granted) (made int) {
	r := newSubscribe(group, like.identifier, like.user)
	r.automatic, r.repeated = true, true
	_, err := c.request(r)
	switch {
	case err == nil:
		return len(group)
	case len(group) == 1:
		c.PushError(errors.FromOS(err))
		return 0
	}
	for i := range group {
		made += c.subscribeAgain(group[i:i+1], like)
	}
	return made
}

// maxResubscribe bounds the filters of one SUBSCRIBE, since some servers do.
const maxResubscribe = 8
