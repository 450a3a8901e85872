package protocol

import (
	"iter"
	"math/bits"
)

// List holds messages in the order in which they were added. Adding and removing cost the same however long it is; a
// position costs one machine instruction for each 64 messages before it.
type List struct {
	slots []*Message // nil where a message was removed
	used  []uint64   // one bit for each slot that holds a message
	head  int        // no slot before it is used
	count int
}

// Len reports the number of messages.
func (l *List) Len() int { return l.count }

func (l *List) add(m *Message) {
	if len(l.slots) >= 64 && l.count < len(l.slots)/2 {
		l.compact()
	}
	m.position = len(l.slots)
	l.slots = append(l.slots, m)
	if m.position/64 == len(l.used) {
		l.used = append(l.used, 0)
	}
	l.used[m.position/64] |= 1 << (m.position % 64)
	l.count++
}

// contains reports whether m is in the list.
func (l *List) contains(m *Message) bool {
	return m.position < len(l.slots) && l.slots[m.position] == m
}

func (l *List) remove(m *Message) {
	if !l.contains(m) {
		return
	}
	l.slots[m.position] = nil
	l.used[m.position/64] &^= 1 << (m.position % 64)
	l.count--
	if l.count == 0 {
		l.slots, l.used, l.head = l.slots[:0], l.used[:0], 0
		return
	}
	for l.slots[l.head] == nil {
		l.head++
	}
}

// compact closes the gaps. It runs when at least half of the slots are empty, so each removal pays for one step of it.
func (l *List) compact() {
	live := l.slots[:0]
	for _, m := range l.slots[l.head:] {
		if m != nil {
			m.position = len(live)
			live = append(live, m)
		}
	}
	clear(l.slots[len(live):])
	l.slots, l.head = live, 0
	l.used = l.used[:(len(live)+63)/64]
	for i := range l.used {
		l.used[i] = ^uint64(0)
	}
	if rest := len(live) % 64; rest != 0 {
		l.used[len(l.used)-1] = 1<<rest - 1
	}
}

// Index reports the position of m among the messages of the list, -1 if it is not there.
func (l *List) Index(m *Message) int {
	if !l.contains(m) {
		return -1
	}
	if m.position == l.head {
		return 0
	}
	word, index := m.position/64, 0
	for w := l.head / 64; w < word; w++ {
		index += bits.OnesCount64(l.used[w])
	}
	return index + bits.OnesCount64(l.used[word]&(1<<(m.position%64)-1))
}

// At returns the message at position index, nil if there is none.
func (l *List) At(index int) *Message {
	if index < 0 || index >= l.count {
		return nil
	}
	for w := l.head / 64; w < len(l.used); w++ {
		n := bits.OnesCount64(l.used[w])
		if index >= n {
			index -= n
			continue
		}
		word := l.used[w]
		for ; index > 0; index-- {
			word &= word - 1
		}
		return l.slots[w*64+bits.TrailingZeros64(word)]
	}
	return nil
}

// All iterates over the messages in order. Messages may be removed on the way, not added.
func (l *List) All() iter.Seq[*Message] {
	return func(yield func(*Message) bool) {
		slots := l.slots
		for _, m := range slots {
			if m != nil && !yield(m) {
				return
			}
		}
	}
}
