package mqtttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is said on a connection is written down, and reads back.
func TestConversation(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(RecordTo, folder)
	t.Run("said", func(t *testing.T) {
		server := NewMemoryServer(t)
		client, err := server.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		c := server.Accept(t)
		for _, b := range [][]byte{{0xC0, 0}, {0xE0, 0}} {
			if _, err := client.Write(b); err != nil {
				t.Fatal(err)
			}
			c.Expect(fmt.Sprintf("%X", b))
		}
		c.Send("D0 00")
		c.Send("D0 00")
	})
	t.Run("nothing said", func(t *testing.T) {
		server := NewMemoryServer(t)
		if _, err := server.Dial(t.Context(), "", ""); err != nil {
			t.Fatal(err)
		}
		server.Accept(t)
	})
	names, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(names) != 1 {
		t.Fatalf("%d conversations were recorded", len(names))
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = "# TestConversation/said\nC C000E000\nS D000\nS D000\n"
	if string(b) != want {
		t.Errorf("recorded %q, want %q", b, want)
	}
	all, err := ReadConversations(strings.NewReader(want + want))
	if err != nil || len(all) != 2 || all[1].String() != want {
		t.Errorf("read %v, %v", all, err)
	}
	for _, bad := range []string{"C 00\n", "# x\nX 00\n", "# x\nC 0\n"} {
		if _, err := ReadConversations(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
