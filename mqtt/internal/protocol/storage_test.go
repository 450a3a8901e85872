package protocol

import (
	"runtime"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// What a client keeps for its next messages holds nothing of the earlier ones, although the garbage collector empties
// the pool between them. Messages that were allocated together kept each other, and by their links others, for ever.
func TestStorageHoldsNothingBack(t *testing.T) {
	heap := func() int {
		for range 3 { // the pool is empty after the second
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	var clients []*trace
	for range 4 {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		clients = append(clients, c)
	}
	before := 0
	for round := range 100 {
		for _, c := range clients {
			var sent []*Message
			for range 300 {
				sent = append(sent, c.publish("a", "", 1))
			}
			c.out()
			for i := range sent {
				c.receivePuback(&packet.Ack{PacketID: sent[i*7%len(sent)].ID})
			}
			c.pump()
		}
		if round == 10 {
			before = heap()
		} else if round%3 == 0 {
			heap()
		}
	}
	if grown := heap() - before; grown > 64<<10 {
		t.Errorf("the heap has grown by %d KiB", grown>>10)
	}
	runtime.KeepAlive(clients)
}
