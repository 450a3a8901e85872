package mqtt

import (
	"strings"
	"sync"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// topicTree finds the handlers of Handle for a topic. Its cost is that of the topic's levels, however many filters
// there are.
type topicTree struct {
	mu   sync.RWMutex // its own: a message is delivered without that of the component
	root topicNode
	next int // number of the next handler
}

// topicNode is one level of a filter.
type topicNode struct {
	below    map[string]*topicNode // by the next level, + and # among them
	handlers []topicHandler        // of the filters that end here: more than one only with share names
}

type topicHandler struct {
	filter string // as it was given
	order  int    // of Handle, in which the handlers of one message are called
	call   func(e *MessageInEventArgs)
}

// levels are what a filter is compared by: without the share name, which is no part of the topic [MQTT5-4.8.2-2].
func levels(filter string) []string {
	if packet.IsShared(filter) {
		if _, behind, whole := strings.Cut(filter[len("$share/"):], "/"); whole {
			filter = behind
		}
	}
	return strings.Split(filter, "/")
}

// set puts a handler in the place of the one that the filter has; nil removes it. It reports whether any handler is
// left.
func (t *topicTree) set(filter string, call func(e *MessageInEventArgs)) (used bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if call == nil {
		t.root.remove(levels(filter), filter)
		return len(t.root.below) > 0
	}
	n := &t.root
	for _, level := range levels(filter) {
		if n.below == nil {
			n.below = make(map[string]*topicNode)
		}
		if n.below[level] == nil {
			n.below[level] = new(topicNode)
		}
		n = n.below[level]
	}
	for i := range n.handlers {
		if n.handlers[i].filter == filter {
			n.handlers[i].call = call
			return true
		}
	}
	n.handlers = append(n.handlers, topicHandler{filter, t.next, call})
	t.next++
	return true
}

// remove forgets a filter, and reports whether the node has nothing left.
func (n *topicNode) remove(rest []string, filter string) (empty bool) {
	if len(rest) == 0 {
		for i, h := range n.handlers {
			if h.filter == filter {
				n.handlers = append(n.handlers[:i], n.handlers[i+1:]...)
				break
			}
		}
	} else if below := n.below[rest[0]]; below != nil && below.remove(rest[1:], filter) {
		delete(n.below, rest[0])
	}
	return len(n.below) == 0 && len(n.handlers) == 0
}

// match appends the handlers for a topic, in the order in which they were set. It allocates only to enlarge dst.
func (t *topicTree) match(dst []topicHandler, topic string) []topicHandler {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.root.match(dst, topic, strings.HasPrefix(topic, "$"))
}

// match looks for what is left of a topic. dollar: the first level begins with $, where no wildcard stands for it
// [MQTT5-4.7.2-1] [MQTT311-4.7.2-1].
func (n *topicNode) match(dst []topicHandler, rest string, dollar bool) []topicHandler {
	level, behind, more := strings.Cut(rest, "/")
	for _, name := range [...]string{level, "+"} {
		below := n.below[name]
		if below == nil || dollar && name != level {
			continue
		}
		if more {
			dst = below.match(dst, behind, false)
			continue
		}
		dst = insert(dst, below.handlers)
		if parent := below.below["#"]; parent != nil { // "a/#" is for "a" too
			dst = insert(dst, parent.handlers)
		}
	}
	if all := n.below["#"]; all != nil && !dollar {
		dst = insert(dst, all.handlers)
	}
	return dst
}

// insert keeps the handlers in their order; there are few for one message.
func insert(dst, more []topicHandler) []topicHandler {
	for _, h := range more {
		dst = append(dst, h)
		for i := len(dst) - 1; i > 0 && dst[i-1].order > h.order; i-- {
			dst[i-1], dst[i] = dst[i], dst[i-1]
		}
	}
	return dst
}
