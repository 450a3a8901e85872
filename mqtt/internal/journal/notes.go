package journal

import (
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// note is a record to be written.
type note struct {
	kind     kind
	awaits   packet.Type // Step
	incoming bool        // Add
	key      uint64
	previous int64 // the place of the note about the same message before this one, below notes.base if it was written
	message  protocol.SavedMessage
}

// notes are the notes that are not written yet, in order. The place of a note is how many were made before it; it stays
// the same when notes are taken out to be written, and put back since they could not be.
type notes struct {
	list []note
	base int64            // the place of list[0]
	live map[uint64]place // by key, every message that was added and not finished
}

// place says where the newest note about a message is.
type place struct {
	newest   int64
	incoming bool
}

// recovered is the place of a message that is in the file from before.
const recovered = -1

func (n *notes) end() int64 { return n.base + int64(len(n.list)) }

func (n *notes) add(key uint64, m *protocol.SavedMessage, incoming bool) {
	n.live[key] = place{n.end(), incoming}
	n.list = append(n.list, note{kind: kindAdd, key: key, incoming: incoming, previous: recovered, message: *m})
	// The alias means nothing on another connection [MQTT5-3.3.2-7].
	if _, aliased := m.Properties.Uint(packet.PropTopicAlias); aliased {
		n.list[len(n.list)-1].message.Properties = m.Properties.Without(packet.PropTopicAlias)
	}
}

// step notes what a message waits for. It reports whether the message is known.
func (n *notes) step(key uint64, awaits packet.Type) bool {
	p, known := n.live[key]
	if known {
		n.live[key] = place{n.end(), p.incoming}
		n.list = append(n.list, note{kind: kindStep, key: key, awaits: awaits, previous: p.newest})
	}
	return known
}

// finish notes the end of a message. It reports whether the message is known, and whether it is an incoming one.
func (n *notes) finish(key uint64) (incoming, known bool) {
	p, known := n.live[key]
	if !known {
		return false, false
	}
	delete(n.live, key)
	if !n.drop(p.newest) {
		n.list = append(n.list, note{kind: kindFinish, key: key, previous: p.newest})
	}
	return p.incoming, true
}

// drop drops the notes about a message, of which newest is the last, if none is written. It reports whether that was
// so.
func (n *notes) drop(newest int64) bool {
	first := newest
	for first >= n.base && n.list[first-n.base].kind != kindAdd {
		first = n.list[first-n.base].previous
	}
	if first < n.base {
		return false
	}
	for at := newest; at >= n.base; {
		dead := &n.list[at-n.base]
		at = dead.previous
		*dead = note{}
	}
	return true
}

// take moves the notes behind those of to.
func (n *notes) take(to []note) []note {
	n.base = n.end()
	if len(to) == 0 { // no copy, and both lists keep their memory
		to, n.list = n.list, to
		return to
	}
	to = append(to, n.list...)
	clear(n.list)
	n.list = n.list[:0]
	return to
}

// putBack puts notes that were taken and could not be written before the others again. Those of messages that were
// finished meanwhile are left out.
func (n *notes) putBack(taken []note) {
	n.base -= int64(len(taken))
	n.list = append(taken, n.list...)
	for i := range n.list {
		if n.list[i].kind == kindFinish {
			n.drop(n.base + int64(i))
		}
	}
}
