package protocol

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// TestChunks replays a conversation in pieces of every kind [MQTT5-4.2.0-1] [MQTT5-6.0.0-2] [MQTT311-6.0.0-2].
func TestChunks(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		server := wire(v, accepted+"; 40 02 00 01; 50 02 00 02; 30 _ L'b 5:00 'zero; 32 _ L'b 00 15 { 03 L't 26 L'k L'v } 'one; 34 _ L'b 00 16 5:00 'two;"+
			"70 02 00 02; 62 02 00 16; 90 _ 00 03 5:00 01; D0 00; 32 _ L'b 00 17 5:00 '"+strings.Repeat("x", 20000)+"; B0 _ 00 04 5:00 5:00; 62 02 00 63; 50 02 00 63")
		if v == packet.V5 {
			server = append(server, wire(v, "E0 _ 8B { 1F L'bye }")...)
		}
		// play returns everything that came out, whatever the pieces were.
		play := func(next func(rest int) int) string {
			c := newTrace(t, v)
			c.begin(persistent)
			var told, out []string
			flush := func() {
				told = append(told, c.pump()...)
				out = append(out, fmt.Sprintf("%X", c.out()))
			}
			var unread []byte
			size := 0 // of the packet that is not complete
			begun := false
			for rest := server; len(rest) > 0; {
				n := min(next(len(rest)), len(rest))
				unread = append(unread, rest[:n]...)
				rest = rest[n:]
				if len(unread) < size {
					continue // as the read buffer does with a large packet
				}
				var consumed int
				consumed, size = c.Receive(c.now, unread, false)
				unread = unread[consumed:]
				if !begun && c.Phase() == Connected {
					begun = true
					c.publish("a", "1", 1)
					c.publish("a", "2", 2)
					c.subscribe("b")
					if _, err := c.Unsubscribe([]string{"b"}, "", nil); err != nil {
						t.Fatal(err)
					}
					if err := c.Ping(c.now); err != nil {
						t.Fatal(err)
					}
				}
			}
			flush()
			return strings.Join(told, "|") + "\n" + strings.Join(out, "") + fmt.Sprint(c.Phase(), c.End().Err, len(unread))
		}
		// The commands come right after CONNACK, so CONNACK is a piece of its own in all of them.
		connack := len(wire(v, accepted))
		pieces := func(size func() int) func(int) int {
			return func(rest int) int {
				if rest == len(server) {
					return connack
				}
				return size()
			}
		}
		want := play(pieces(func() int { return len(server) }))
		if !strings.Contains(want, "in 2 #22 b two") || !strings.Contains(want, "subscribed 3 b 01") {
			t.Fatal(want)
		}
		for _, n := range []int{1, 2, 3, 5, 7, 64, 1000} {
			if got := play(pieces(func() int { return n })); got != want {
				t.Fatalf("MQTT5-4.2.0-1 MQTT5-6.0.0-2 MQTT311-6.0.0-2: pieces of %d bytes:\n got %s\nwant %s", n, got, want)
			}
		}
		for seed := range int64(50) {
			r := rand.New(rand.NewSource(seed))
			if got := play(pieces(func() int { return 1 + r.Intn(40) })); got != want {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, want)
			}
		}
	})
}
