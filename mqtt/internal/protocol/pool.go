package protocol

import "sync"

// What a busy client needs much of comes from these pools and goes back when it is idle again, so that an idle client
// holds little and a busy one does not allocate. The garbage collector empties them.
var (
	slabPool   sync.Pool // of *slab, all of whose messages were released
	eventPool  sync.Pool // of *[]Event with the capacity manyEvents
	outputPool sync.Pool // of *[]byte with the capacity largeOutput
)

const (
	fewEvents  = 4
	manyEvents = 4 << 10

	smallOutput = 2 << 10
	largeOutput = maxOutput + DirectPayload + 64<<10
)

// growEvents makes room for one more event in a full queue.
func growEvents(q []Event) []Event {
	if cap(q) == 0 {
		return make([]Event, 0, fewEvents)
	}
	if cap(q) >= manyEvents {
		return append(q, Event{})[:len(q)]
	}
	grown, _ := eventPool.Get().(*[]Event)
	if grown == nil {
		grown = new([]Event)
		*grown = make([]Event, 0, manyEvents)
	}
	return append(*grown, q...)
}

// freeEvents takes back a queue that is not used any more. It returns what the client may keep of it.
func freeEvents(q []Event) []Event {
	q = q[:0]
	if cap(q) < manyEvents {
		return q
	}
	if cap(q) == manyEvents {
		pooled := q // a variable of its own, so that only this path allocates
		eventPool.Put(&pooled)
	}
	return nil
}

// growOutput makes room for n more bytes.
func growOutput(b []byte, n int) []byte {
	need := len(b) + n
	if need <= smallOutput && cap(b) == 0 {
		return make([]byte, 0, smallOutput)
	}
	if need > largeOutput {
		return append(b, make([]byte, n)...)[:len(b)]
	}
	grown, _ := outputPool.Get().(*[]byte)
	if grown == nil {
		grown = new([]byte)
		*grown = make([]byte, 0, largeOutput)
	}
	return append((*grown)[:0], b...)
}

// freeOutput takes back a buffer that was written. It returns what the client may keep of it.
func freeOutput(b []byte) []byte {
	b = b[:0]
	switch cap(b) {
	case largeOutput:
		pooled := b // as above
		outputPool.Put(&pooled)
		return nil
	case smallOutput:
		return b
	}
	return nil
}
