package mqtttest

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// RecordTo names the environment variable for the folder to which the connections of all servers write what was said on
// them, for the tests that replay it.
const RecordTo = "MQTT_RECORD"

// recordAtMost bounds a conversation that is worth keeping, in bytes.
const recordAtMost = 64 << 10

// Said is a piece of a conversation: what one side said before the other did, or in one call.
type Said struct {
	ByServer bool
	Bytes    []byte
}

// Conversation is what was said on one connection.
type Conversation struct {
	Name   string // of the test
	Pieces []Said
}

// String is the form that ReadConversations reads.
func (c *Conversation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", c.Name)
	for _, p := range c.Pieces {
		who := 'C'
		if p.ByServer {
			who = 'S'
		}
		fmt.Fprintf(&b, "%c %X\n", who, p.Bytes)
	}
	return b.String()
}

// ReadConversations reads what String writes, any number of them.
func ReadConversations(r io.Reader) ([]*Conversation, error) {
	var all []*Conversation
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4*recordAtMost)
	for lines.Scan() {
		line := lines.Text()
		who, rest, _ := strings.Cut(line, " ")
		if who == "#" {
			all = append(all, &Conversation{Name: rest})
			continue
		}
		b, err := hex.DecodeString(rest)
		if err != nil || len(all) == 0 || who != "S" && who != "C" {
			return nil, fmt.Errorf("the line %.40q is no part of a conversation", line)
		}
		last := all[len(all)-1]
		last.Pieces = append(last.Pieces, Said{who == "S", b})
	}
	return all, lines.Err()
}

// witness writes a conversation down at the end of its test. A nil one does nothing.
type witness struct {
	mu    sync.Mutex
	said  Conversation
	bytes int
}

// newWitness is nil unless recording is asked for.
func newWitness(t testing.TB) *witness {
	folder := os.Getenv(RecordTo)
	if folder == "" {
		return nil
	}
	w := &witness{said: Conversation{Name: t.Name()}}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.bytes == 0 || w.bytes > recordAtMost || t.Failed() {
			return
		}
		f, err := os.CreateTemp(folder, "conversation")
		if err == nil {
			_, err = f.WriteString(w.said.String())
			_ = f.Close()
		}
		if err != nil {
			t.Errorf("recording in %s: %v", filepath.Clean(folder), err)
		}
	})
	return w
}

// heard takes note of b. What the client says in several segments is one piece.
func (w *witness) heard(byServer bool, b []byte) {
	if w == nil || len(b) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes += len(b); w.bytes > recordAtMost {
		return
	}
	if n := len(w.said.Pieces); n > 0 && !byServer && !w.said.Pieces[n-1].ByServer {
		w.said.Pieces[n-1].Bytes = append(w.said.Pieces[n-1].Bytes, b...)
		return
	}
	w.said.Pieces = append(w.said.Pieces, Said{byServer, append([]byte(nil), b...)})
}
