package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Whatever the sizes of the packets and of the reads: the bytes come out as they went in, whole packets together, and the
// memory is bounded by what has arrived.
func TestReadBuffer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		var sent []byte
		var sizes []int
		for range 60 {
			size := 2 + random.IntN(300)
			switch random.IntN(20) {
			case 0:
				size = random.IntN(4 * fullBuffer)
			case 1:
				size = random.IntN(8 << 10)
			}
			size = max(size, 2)
			sizes = append(sizes, size)
			for range size {
				sent = append(sent, byte(random.Uint32()))
			}
		}
		r := newReadBuffer()
		var got []byte
		for rest := sent; len(rest) > 0; {
			space := r.space()
			if len(space) == 0 {
				t.Fatalf("round %d: no space", round)
			}
			n := copy(space[:min(len(space), 1+random.IntN(70<<10))], rest)
			if !bytes.Equal(r.added(n), rest[:n]) {
				t.Fatalf("round %d: added is not what was read", round)
			}
			rest = rest[n:]
			whole, owned := r.add(n)
			consumed, next := 0, 0
			for len(sizes) > 0 && len(whole)-consumed >= sizes[0] {
				got = append(got, whole[consumed:consumed+sizes[0]]...)
				consumed += sizes[0]
				sizes = sizes[1:]
			}
			if len(whole)-consumed >= 2 && len(sizes) > 0 { // its header has arrived
				next = sizes[0]
			}
			if owned && consumed != len(whole) {
				t.Fatalf("round %d: %d bytes are given away, of which %d are whole packets", round, len(whole), consumed)
			}
			if len(whole) > 0 {
				r.consume(consumed, next)
			}
			if arrived := len(r.unconsumed()); len(r.buf) > 2*max(fullBuffer, largeGrowth*arrived) {
				t.Fatalf("round %d: %d bytes of memory for %d", round, len(r.buf), arrived)
			}
		}
		if !bytes.Equal(got, sent) {
			t.Fatalf("round %d: %d bytes came out, %d went in, or others", round, len(got), len(sent))
		}
	}
}
