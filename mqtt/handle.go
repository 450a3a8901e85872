package mqtt

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Handle has the messages whose topic matches a filter delivered to handler instead of OnMessageIn; nil ends that. A
// message that several filters match goes to the handler of each, in the order in which the filters were first given; a
// filter that is given again gets the new handler. OnMessageIn gets what no handler took. Handlers are called as
// OnMessageIn is, and stay over connections and Reset.
//
// Handle does not subscribe. A filter is matched as the server matches it: # and + do not stand for a first level that
// begins with $, and the share name of a $share/ filter does not count. A filter that is none is told by OnError with
// 503, and changes nothing.
func (m *MQTT) Handle(topicFilter string, handler func(e *MessageInEventArgs)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := packet.CheckTopicFilter(packet.V5, topicFilter); err != nil {
		m.client.PushError(errors.New(errors.ErrInvalidTopicFilter,
			"Handle: the topic filter "+protocol.Quote(topicFilter)+" "+err.Error()+"."))
		m.eventsQueuedLocked()
		return
	}
	tree := m.handling.Load()
	if tree == nil {
		if handler == nil {
			return
		}
		tree = new(topicTree)
	}
	if tree.set(topicFilter, handler) {
		m.handling.Store(tree)
	} else {
		m.handling.Store(nil) // so that the messages cost nothing again
	}
}

// handle calls the handlers that take a message, and reports whether there were any. A handler that panics ends this
// message's delivery, as one of OnMessageIn does.
func (m *MQTT) handle(tree *topicTree, a *MessageInEventArgs) bool {
	p := &m.pump
	taking := tree.match(p.taking[:0], a.Topic)
	p.taking = taking
	for i := range taking {
		given := *a // a handler may change what the next one is to see
		p.arguments().handled = given
		taking[i].call(&p.arguments().handled)
	}
	clear(taking)
	return len(taking) > 0
}
