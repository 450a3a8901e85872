package mqtt_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The conversations of the whole suite are recorded by
//
//	mkdir /tmp/said && MQTT_RECORD=/tmp/said go test -skip Fuzz ./mqtt
//	go test -run TestRecordedConversations ./mqtt -args -conversations=/tmp/said
var conversationsFolder = flag.String("conversations", "", "folder of recorded conversations, of which testdata/conversations.txt is made")

const conversationsFile = "testdata/conversations.txt"

// perTest and largeOnes bound what is kept: many tests say the same with other numbers.
const (
	perTest   = 8
	largeOnes = 8
	large     = 4096 // bytes
)

// chooseConversations keeps of all recorded ones a few of each test, none twice.
func chooseConversations(t *testing.T, folder string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "conversation*"))
	must(t, err)
	said := map[string]*mqtttest.Conversation{} // by what was said
	for _, name := range names {
		all, err := mqtttest.ReadConversations(strings.NewReader(string(readFile(t, name))))
		must(t, err)
		for _, c := range all {
			c.Name, _, _ = strings.Cut(c.Name, "/")
			_, key, _ := strings.Cut(c.String(), "\n")
			if old := said[key]; old == nil || c.Name < old.Name {
				said[key] = c
			}
		}
	}
	of := map[string][]string{}
	bigs := 0
	for _, key := range slices.Sorted(maps.Keys(said)) {
		if p := said[key].Pieces; p[0].ByServer || len(packets(packet.V311, p[0].Bytes)) == 0 || !strings.Contains(key, "\nS ") {
			continue // the replay has to know the CONNECT, and what to send
		}
		if len(key) > 2*large {
			if bigs++; bigs > largeOnes {
				continue
			}
		}
		c := said[key]
		of[c.Name] = append(of[c.Name], c.String())
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list := of[name]
		for i := range min(perTest, len(list)) {
			b.WriteString(list[i*len(list)/min(perTest, len(list))]) // evenly
		}
	}
	must(t, os.WriteFile(conversationsFile, []byte(b.String()), 0o644))
}

// cut is a way to cut what the server sends.
type cut struct {
	name  string
	sizes []int // of the pieces, in turn; nil = as it was sent
	join  bool  // all that the server said before the client answered comes in one
}

var cuts = []cut{
	{name: "as it was sent"},
	{name: "1 byte", sizes: []int{1}},
	{name: "odd sizes", sizes: []int{3, 7, 1, 13, 5, 127}},
	{name: "all at once", join: true},
}

// TestRecordedConversations replays what servers have said in all tests, cut in several ways, over TCP, in TLS records and
// in the frames of a WebSocket: the events are the same, what the methods return, and every byte of the client. In a short
// campaign each of them is cut in four of the twelve ways.
func TestRecordedConversations(t *testing.T) {
	if *conversationsFolder != "" {
		chooseConversations(t, *conversationsFolder)
	}
	f, err := os.Open(conversationsFile)
	must(t, err)
	defer f.Close()
	all, err := mqtttest.ReadConversations(f)
	must(t, err)
	tests, like := map[string]bool{}, 0
	want := make([]*replayed, len(all))
	for i, c := range all {
		tests[c.Name] = true
		want[i] = play(t, c, "TCP", cuts[0])
		if want[i].wrote == clientSide(c) {
			like++
		}
	}
	t.Logf("%d conversations of %d tests, %d of them to the byte", len(all), len(tests), like)
	if len(tests) < 100 || like*10 < len(all)*4 {
		t.Errorf("%d of %d conversations, of %d tests, are replayed to the byte", like, len(all), len(tests))
	}
	for nth, over := range []string{"TCP", "TLS", "WebSocket"} {
		for _, how := range cuts {
			nth++
			t.Run(fmt.Sprintf("pain 31, MQTT5-4.2.0-1, MQTT5-6.0.0-2, MQTT311-6.0.0-2: %s, %s", over, how.name), func(t *testing.T) {
				for i, c := range all {
					if !campaign.Full() && (i+nth)%3 > 0 {
						continue
					}
					got := play(t, c, over, how)
					// What comes at once may be over before there was a need to answer the first of it.
					if got.told() != want[i].told() || !how.join && got.wrote != want[i].wrote {
						t.Errorf("%v\nbrings\n%s\nand %s, want\n%s\nand %s", c, got.told(), got.wrote, want[i].told(), want[i].wrote)
					}
				}
			})
		}
	}
}

// clientSide is what the client said in a conversation.
func clientSide(c *mqtttest.Conversation) string {
	var b []byte
	for _, p := range c.Pieces {
		if !p.ByServer {
			b = append(b, p.Bytes...)
		}
	}
	return fmt.Sprintf("%X", b)
}
