package journal

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// replay takes the records of a file in order, and knows at the end which messages are unfinished.
type replay struct {
	index   index
	live    map[uint64]*replayed
	holder  map[exchange]*replayed // who has a packet identifier now
	lastKey uint64
	lastID  uint16
	damage  []string
	broken  bool  // there is damage beside a torn tail
	sizeAt  int64 // where the Size is; 0 = there is none
	synced  int64 // what it says
}

type replayed struct {
	message  protocol.SavedMessage
	incoming bool
}

// exchange is a packet identifier in one direction.
type exchange struct {
	id       uint16
	incoming bool
}

func newReplay() *replay {
	return &replay{index: newIndex(), live: make(map[uint64]*replayed), holder: make(map[exchange]*replayed)}
}

// record takes a record whose checksums fit. It may keep the body.
func (r *replay) record(offset int64, h head, body []byte) {
	var err error
	switch {
	case h.kind == kindAdd:
		err = r.add(offset, h, body)
	case h.kind == kindStep && body == nil:
		err = r.step(h)
	case h.kind == kindFinish && body == nil && h.awaits == 0:
		err = r.finish(h)
	case h.kind == kindSize && h.length == sizeBody && h.awaits == 0:
		r.size(offset, h, body)
	case h.kind == kindLast && len(body) == lastSize && h.awaits == 0:
		r.index.garbage += h.size()
		r.lastID = binary.LittleEndian.Uint16(body)
	default:
		err = fmt.Errorf("its kind %d is not known, or it has another layout", h.kind)
	}
	r.lastKey = max(r.lastKey, h.key)
	if err != nil {
		r.index.garbage += h.size()
		r.broken = true
		r.damage = append(r.damage, fmt.Sprintf("The record at offset %d is ignored: %v.", offset, err))
	}
}

func (r *replay) add(offset int64, h head, body []byte) error {
	m, incoming, err := parseAdd(h, body)
	if err != nil {
		return fmt.Errorf("its message cannot be: %w", err)
	}
	if h.key <= r.lastKey {
		return fmt.Errorf("the message %d comes after the message %d", h.key, r.lastKey)
	}
	at := &replayed{message: m, incoming: incoming}
	r.live[h.key] = at
	r.index.add(h.key, extent{offset: offset, size: h.size(), recorded: h.awaits, awaits: h.awaits})
	if !incoming {
		r.lastID = m.ID
	} else if m.Awaits != packet.PUBREL {
		return nil // the message only waits to be delivered; the server may use the identifier again
	}
	// Two messages cannot have an identifier at once, so the end of the older one was noted and is lost.
	used := exchange{m.ID, incoming}
	if older := r.holder[used]; older != nil && r.live[older.message.Key] == older &&
		(!incoming || older.message.Awaits == packet.PUBREL) {
		r.end(older)
	}
	r.holder[used] = at
	return nil
}

func (r *replay) step(h head) error {
	at := r.live[h.key]
	switch {
	case at == nil:
		return r.unknown(h)
	case !fits(at.message.QoS, at.incoming, h.awaits):
		return fmt.Errorf("a message of QoS %d does not await %v", at.message.QoS, h.awaits)
	}
	at.message.Awaits = h.awaits
	r.index.step(h.key, h.awaits)
	return nil
}

func (r *replay) finish(h head) error {
	at := r.live[h.key]
	if at == nil {
		return r.unknown(h)
	}
	r.end(at)
	r.index.garbage += headSize
	return nil
}

func (r *replay) end(at *replayed) {
	delete(r.live, at.message.Key)
	r.index.drop(at.message.Key)
}

// unknown is the error for a message that no Add came for, unless that Add may be what is damaged.
func (r *replay) unknown(h head) error {
	if r.broken {
		r.index.garbage += headSize
		return nil
	}
	return fmt.Errorf("the file does not hold the message %d", h.key)
}

// session is what was not finished, in the order in which it was added, which is that of the keys.
func (r *replay) session(clientID string) *protocol.Session {
	s := &protocol.Session{ClientID: clientID, LastID: r.lastID}
	for _, key := range slices.Sorted(maps.Keys(r.live)) {
		if at := r.live[key]; at.incoming {
			s.Incoming = append(s.Incoming, at.message)
		} else {
			s.Outgoing = append(s.Outgoing, at.message)
		}
	}
	return s
}
