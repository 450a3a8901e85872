package journal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

func mustOpen(t *testing.T, d filesystem, dir string) (*Journal, *Recovered) {
	t.Helper()
	j, found, err := open(d, dir, "id")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, found
}

func message(id uint16) *protocol.SavedMessage {
	return &protocol.SavedMessage{Topic: "t", Payload: []byte("p"), ID: id, QoS: 1}
}

func journalOf(d *fakeDisk) *inode { return d.names[baseName("d", "id")+extJournal] }

func TestOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	j, found := mustOpen(t, disk{}, dir)
	if found.Session == nil || found.Session.ClientID != "id" || found.Damage != nil {
		t.Fatalf("a new journal holds %+v", found)
	}
	first := j.Add(message(1), false)
	j.Step(first, packet.PUBACK)
	second := j.Add(&protocol.SavedMessage{Topic: "t", Payload: bytes.Repeat([]byte{1}, 3*direct), ID: 2, QoS: 1, Properties: packet.Properties(nil).AppendUint(packet.PropTopicAlias, 3)}, false)
	j.Finish(j.Add(message(3), false))
	if err := j.Commit(j.Noted()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(dir, "id"); err == nil || !strings.Contains(err.Error(), "another component or process uses") {
		t.Errorf("opened twice: %v", err)
	}
	if err := Remove(dir, "id"); err == nil || !strings.Contains(err.Error(), "another component or process uses") {
		t.Errorf("removed while open: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]fs.FileMode{dir: 0o700, baseName(dir, "id") + extJournal: 0o600, baseName(dir, "id") + extLock: 0o600} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}
	again, found := mustOpen(t, disk{}, dir)
	s := found.Session
	if len(s.Outgoing) != 2 || s.Outgoing[0].Key != first || s.Outgoing[0].Awaits != packet.PUBACK || s.Outgoing[1].Key != second {
		t.Fatalf("found %+v", found)
	}
	if m := s.Outgoing[1]; len(m.Payload) != 3*direct || m.Properties != nil {
		t.Errorf("found %d bytes, properties %x", len(m.Payload), m.Properties)
	}
	if key := again.Add(message(4), false); key <= second {
		t.Errorf("key %d after %d", key, second)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Remove(dir, "id"); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What is in the place of the files and is none stays as it is.
func TestNotAFile(t *testing.T) {
	for _, extension := range []string{extJournal, extLock} {
		for _, kind := range []string{"folder", "link"} {
			t.Run(kind+extension, func(t *testing.T) {
				dir := t.TempDir()
				name, target := baseName(dir, "id")+extension, filepath.Join(dir, "target")
				if kind == "folder" {
					if err := os.Mkdir(name, 0o700); err != nil {
						t.Fatal(err)
					}
				} else if err := os.Symlink(target, name); err != nil {
					t.Skip("no links here:", err)
				}
				if _, _, err := Open(dir, "id"); err == nil || !strings.Contains(err.Error(), "file") {
					t.Errorf("Open: %v", err)
				}
				if err := Remove(dir, "id"); err == nil {
					t.Error("Remove removed it")
				}
				if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
					t.Error("the target of the link was made")
				}
				if _, err := os.Lstat(name); err != nil {
					t.Error(err)
				}
			})
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(file, "id"); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file as the folder: %v", err)
	}
}

func TestNames(t *testing.T) {
	for id, want := range map[string]string{
		"":                       "-e3b0c44298fc1c14",
		"a/../B-1_ü.":            "a____B-1____-",
		strings.Repeat("x", 100): strings.Repeat("x", 40) + "-",
	} {
		if got := filepath.Base(baseName("d", id)); !strings.HasPrefix(got, want) || len(got) > 57 {
			t.Errorf("%q: %s", id, got)
		}
	}
	if baseName("d", "a/b") == baseName("d", "a_b") {
		t.Error("two identifiers have one file")
	}
}

func TestMarks(t *testing.T) {
	j, _ := mustOpen(t, newFakeDisk(1), "d")
	out := j.Add(message(1), false)
	if j.Needed() != 0 || j.Noted() == 0 {
		t.Errorf("an outgoing Add: needed %d, noted %d", j.Needed(), j.Noted())
	}
	for _, test := range []struct {
		name   string
		note   func()
		needed bool
	}{
		{"Step", func() { j.Step(out, packet.PUBACK) }, true},
		{"outgoing Finish", func() { j.Finish(out) }, false},
		{"Finish again", func() { j.Finish(out) }, false},
		{"incoming Add", func() { out = j.Add(&protocol.SavedMessage{Topic: "t", ID: 1, QoS: 2, Awaits: packet.PUBREL}, true) }, true},
		{"incoming Finish", func() { j.Finish(out) }, true},
		{"Step after it", func() { j.Step(out, 0) }, false},
	} {
		before := j.Needed()
		if test.note(); (j.Needed() > before) != test.needed || test.needed && j.Needed() != j.Noted() {
			t.Errorf("%s: needed %d, then %d", test.name, before, j.Needed())
		}
	}
	if err := j.Commit(j.Noted() + 100); err != nil || j.Committed() != j.Noted() {
		t.Errorf("%v, committed %d", err, j.Committed())
	}
}

// Those who commit while another one does share the next sync.
func TestCommitsShareASync(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newFakeDisk(1)
		j, _ := mustOpen(t, d, "d")
		d.onSync = func() { time.Sleep(time.Second) } // until all others wait
		d.syncs, d.writes = 0, 0
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				key := j.Add(message(uint16(i+1)), false)
				if err := j.Commit(j.Noted()); err != nil {
					t.Error(err)
				}
				j.Finish(key)
			})
		}
		all.Wait()
		if d.syncs > 2 || d.writes > 2*2 { // the notes, and the Size behind each sync
			t.Errorf("100 commits took %d syncs and %d writes", d.syncs, d.writes)
		}
	})
}

// A full disk is told to all who wait, what failed is not in the file, and the next commit writes the rest.
func TestDiskFull(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		t.Run(op, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				d := newFakeDisk(1)
				j, _ := mustOpen(t, d, "d")
				kept := j.Add(message(1), false)
				if err := j.Commit(j.Noted()); err != nil {
					t.Fatal(err)
				}
				size := len(journalOf(d).data)
				full := true
				tries := 0
				d.fail = func(tried, _ string) error {
					if tried == op && full {
						tries++
						return syscall.ENOSPC
					}
					return nil
				}
				d.onSync = func() { time.Sleep(time.Second) }
				var all sync.WaitGroup
				for i := range 20 {
					all.Go(func() {
						key := j.Add(message(uint16(i+2)), false)
						if err := j.Commit(j.Noted()); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), ".journal") {
							t.Errorf("got %v", err)
						}
						j.Finish(key)
					})
				}
				all.Wait()
				if got := len(journalOf(d).data); got != size {
					t.Errorf("the file has %d bytes, before %d", got, size)
				}
				if op == "sync" && tries > 2 {
					t.Errorf("%d attempts for those who waited together", tries)
				}
				full = false
				j.Step(kept, packet.PUBACK)
				if err := j.Commit(j.Noted()); err != nil {
					t.Fatal(err)
				}
				if got := len(journalOf(d).data); got != size+headSize {
					t.Errorf("the file has %d bytes, want a step more than %d", got, size)
				}
			})
		})
	}
}

// Every operation that Open and Remove need may fail: the error wraps the cause, and nothing stays locked.
func TestOpenFails(t *testing.T) {
	whole, ends := records(scriptNotes(-1))
	damaged := append([]byte(nil), whole...)
	damaged[ends[1]] ^= 1
	for _, test := range []struct {
		name    string
		content []byte
		ops     string
	}{
		{"new", nil, "mkdir lock lstat create write sync close rename syncfolder"},
		{"sound", whole, "mkdir lock lstat open read sync syncfolder"},
		{"torn", whole[:len(whole)-1], "truncate sync"},
		{"damaged", damaged, "read create write sync close rename syncfolder"},
	} {
		for op := range strings.FieldsSeq(test.ops) {
			t.Run(test.name+" "+op, func(t *testing.T) {
				d := newFakeDisk(1)
				name := baseName("d", "id") + extJournal
				if test.content != nil {
					d.names[name] = &inode{data: test.content}
				}
				d.fail = func(tried, name string) error {
					if tried == op && !(op == "lstat" && strings.HasSuffix(name, extLock)) {
						return fs.ErrPermission
					}
					return nil
				}
				if _, _, err := open(d, "d", "id"); !errors.Is(err, fs.ErrPermission) {
					t.Errorf("got %v", err)
				}
				if got := d.names[name]; test.content != nil && op != "truncate" && test.name != "torn" && !bytes.Equal(got.data, test.content) {
					t.Error("the file was changed")
				}
				d.fail = nil
				mustOpen(t, d, "d")
			})
		}
	}
}

func TestRemoveFails(t *testing.T) {
	for _, op := range []string{"lstat", "lock", "remove", "syncfolder"} {
		d := newFakeDisk(1)
		j, _ := mustOpen(t, d, "d")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		d.fail = func(tried, _ string) error {
			if tried == op {
				return fs.ErrPermission
			}
			return nil
		}
		if err := remove(d, "d", "id"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

// The file does not grow with what is finished, and nothing is lost when it cannot be rewritten.
func TestGrowth(t *testing.T) {
	d := newFakeDisk(1)
	j, _ := mustOpen(t, d, "d")
	kept := j.Add(message(9), false)
	j.Step(kept, packet.PUBACK)
	d.fail = func(op, _ string) error {
		if op == "create" && d.writes < 500 {
			return syscall.ENOSPC
		}
		return nil
	}
	most := 0
	for i := range 20_000 {
		m := message(uint16(i%1000 + 10))
		m.Payload = make([]byte, 1000)
		key := j.Add(m, false)
		if i%10 == 0 {
			if err := j.Commit(j.Noted()); err != nil {
				t.Fatal(err)
			}
		}
		j.Finish(key)
		if i > 10_000 {
			most = max(most, len(journalOf(d).data))
		}
	}
	if most > 2*muchGarbage {
		t.Errorf("the file grew to %d bytes", most)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if size := len(journalOf(d).data); size > 2*someGarbage {
		t.Errorf("closed, it has %d bytes", size)
	}
	_, found := mustOpen(t, d, "d")
	if s := found.Session; len(s.Outgoing) != 1 || s.Outgoing[0].Key != kept || s.Outgoing[0].Awaits != packet.PUBACK || found.Damage != nil {
		t.Errorf("found %+v", found)
	}
	if found.Session.LastID == 9 {
		t.Error("the packet identifier of the newest message is forgotten")
	}
}

// What counts the messages outlives the messages: a rewritten file without any tells where the names and the packet
// identifiers go on [MQTT5-2.2.1-3].
func TestRewrittenEmpty(t *testing.T) {
	d := newFakeDisk(1)
	j, _ := mustOpen(t, d, "d")
	var last uint64
	for id := range uint16(200) {
		m := message(id + 1)
		m.Payload = make([]byte, 1000)
		last = j.Add(m, false)
		if err := j.Commit(j.Noted()); err != nil {
			t.Fatal(err)
		}
		j.Finish(last)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if size := len(journalOf(d).data); size > 1000 {
		t.Fatalf("the file has %d bytes, and was not rewritten", size)
	}
	j, found := mustOpen(t, d, "d")
	if s := found.Session; s.LastID != 200 || len(s.Outgoing) != 0 || found.Damage != nil {
		t.Errorf("found %+v", found)
	}
	if key := j.Add(message(201), false); key != last+1 {
		t.Errorf("the next name is %d, want %d", key, last+1)
	}
}

func TestClosed(t *testing.T) {
	d := newFakeDisk(1)
	j, _ := mustOpen(t, d, "d")
	key := j.Add(message(1), false)
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	committed := j.Committed()
	j.Step(key, packet.PUBACK)
	j.Finish(key)
	if err := j.Flush(); err != nil {
		t.Error(err)
	}
	if err := j.Commit(committed); err != nil {
		t.Errorf("what was committed: %v", err)
	}
	if j.Add(message(2), false) <= key {
		t.Error("keys do not count up")
	}
	if err := j.Commit(j.Noted()); err == nil {
		t.Error("committed to a closed journal")
	}
}

// What was flushed outlives the process. Flush does not wait for a commit that syncs.
func TestFlush(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newFakeDisk(1)
		j, _ := mustOpen(t, d, "d")
		j.Add(message(1), false)
		if err := j.Flush(); err != nil || j.Committed() != 0 {
			t.Fatal(err, j.Committed())
		}
		size := len(journalOf(d).data)
		d.onSync = func() {
			d.onSync = nil
			j.Add(message(2), false)
			if err := j.Flush(); err != nil || len(journalOf(d).data) <= size {
				t.Error("Flush waits for the sync of another one", err)
			}
		}
		if err := j.Commit(j.Noted()); err != nil {
			t.Fatal(err)
		}
		if got := len(journalOf(d).data); got <= size {
			t.Errorf("%d bytes, before %d", got, size)
		}
		_, found := mustOpen(t, d.kill(), "d")
		if len(found.Session.Outgoing) != 2 {
			t.Errorf("found %+v", found.Session)
		}
	})
}

// A note costs no allocation of its own.
func TestAllocations(t *testing.T) {
	j, _ := mustOpen(t, disk{}, t.TempDir())
	m := message(1)
	if n := testing.AllocsPerRun(200, func() {
		key := j.Add(m, false)
		j.Step(key, packet.PUBACK)
		j.Finish(key)
		_ = j.Commit(j.Noted())
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
