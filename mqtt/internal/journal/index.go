package journal

import (
	"maps"
	"slices"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// index knows where in the file the messages are that are not finished.
type index struct {
	messages map[uint64]extent // by key
	live     int64             // bytes of their Add records
	garbage  int64             // bytes of all other records
}

type extent struct {
	offset   int64
	size     int64
	recorded packet.Type // what the Add says that the exchange awaits
	awaits   packet.Type // what it awaits now
}

func newIndex() index { return index{messages: make(map[uint64]extent)} }

func (i *index) add(key uint64, e extent) {
	i.messages[key] = e
	i.live += e.size
}

func (i *index) step(key uint64, awaits packet.Type) {
	e := i.messages[key]
	e.awaits = awaits
	i.messages[key] = e
	i.garbage += headSize
}

func (i *index) drop(key uint64) {
	e := i.messages[key]
	delete(i.messages, key)
	i.live -= e.size
	i.garbage += e.size
}

// keys are those of the messages in the order in which they were added.
func (i *index) keys() []uint64 { return slices.Sorted(maps.Keys(i.messages)) }
