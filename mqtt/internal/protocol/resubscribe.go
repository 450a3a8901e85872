package protocol

import (
	"bytes"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// subscribed are the subscriptions that the server has granted and that were not ended, so that a connection which finds
// no session can make them again. They belong to the session: a connection of the program's own that finds none starts
// with none.
type subscribed struct {
	list  []granted // in the order in which they were made; "" where one was ended
	index map[string]int
}

type granted struct {
	Subscription
	identifier int
	user       packet.Properties
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
			c.subscribed.add(granted{r.subscriptions[i], r.identifier, r.user})
		default:
			c.subscribed.remove(filter)
		}
	}
}

// startSubscriptions is called when the server has no session: with Options.Resubscribe the subscriptions of the last one
// are made again, else there are none. They stay noted meanwhile: this connection may be lost before the answers.
func (c *Client) startSubscriptions() {
	if !c.options.Resubscribe {
		c.subscribed = subscribed{}
		return
	}
	c.resubscribe(c.subscribed.list)
}

// resubscribe makes the subscriptions again that a lost session had, in their order: one SUBSCRIBE for those in a row
// that share a subscription identifier and user properties. It is called before anything else is sent on the connection, so that no message
// that a publish of ours causes is missed.
func (c *Client) resubscribe(list []granted) {
	var group []Subscription
	var same granted
	made := 0
	flush := func() {
		if len(group) > 0 {
			if _, err := c.Subscribe(group, same.identifier, same.user); err != nil {
				c.pushDetail(EventError, err)
			}
			made += len(group)
		}
		group = nil
	}
	for _, g := range list {
		if g.Filter == "" {
			continue
		}
		if g.identifier != same.identifier || !bytes.Equal(g.user, same.user) || len(group) == maxResubscribe {
			flush()
			same = g
		}
		group = append(group, g.Subscription)
	}
	flush()
	if made > 0 {
		c.note(1, "The server has no session: %d subscriptions are made again.", made)
	}
}

// maxResubscribe bounds the filters of one SUBSCRIBE, since some servers do.
const maxResubscribe = 8
