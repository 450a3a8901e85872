package mqtt_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// wantOnly checks that nothing else is in the folder of a file.
func wantOnly(t *testing.T, name string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(name))
	must(t, err)
	for _, e := range entries {
		if e.Name() != filepath.Base(name) {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

// someSession is the text of a session with a client identifier and nothing else.
func someSession(t *testing.T) string {
	t.Helper()
	m := recorded(t)
	must(t, m.SetClientId("c"))
	return saved(t, m)
}

func TestSessionStateFile(t *testing.T) {
	text := someSession(t)
	for _, mode := range []os.FileMode{0, 0o600, 0o644, 0o777} {
		t.Run(mode.String(), func(t *testing.T) {
			m := recorded(t)
			must(t, m.SetClientId("c"))
			name := stateFile(t, m)
			if mode != 0 {
				must(t, os.WriteFile(name, []byte("what was there before, and is longer than what comes"+text), mode))
				must(t, os.Chmod(name, mode))
			}
			if got := saved(t, m); got != text {
				t.Errorf("SaveSession returned\n%s\nwant\n%s", got, text)
			}
			got, err := os.ReadFile(name)
			must(t, err)
			if string(got) != text {
				t.Errorf("the file has\n%s\nwant\n%s", got, text)
			}
			info, err := os.Stat(name)
			must(t, err)
			if runtime.GOOS != "windows" && info.Mode() != 0o600 { // Windows has no such modes
				t.Errorf("mode %v, want 0600", info.Mode())
			}
			wantOnly(t, name)
			next := recorded(t)
			config(t, next, "SessionStateFile="+name)
			must(t, next.RestoreSession(""))
			if next.ClientId() != "c" {
				t.Errorf("ClientId %q", next.ClientId())
			}
		})
	}
	t.Run("a name without a folder", func(t *testing.T) {
		t.Chdir(t.TempDir())
		m := recorded(t)
		config(t, m, "SessionStateFile=state*")
		saved(t, m)
		must(t, m.RestoreSession(""))
	})
}

// A file that a reader has open keeps its content: it is replaced, not overwritten.
func TestSessionStateFileIsReplacedAsAWhole(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not replace a file that is open")
	}
	m := recorded(t)
	name := stateFile(t, m)
	before := saved(t, m)
	reader, err := os.Open(name)
	must(t, err)
	defer reader.Close()
	must(t, m.SetClientId("another"))
	saved(t, m)
	b := make([]byte, len(before)+1)
	n, _ := reader.Read(b)
	if string(b[:n]) != before {
		t.Errorf("the open file has become\n%s\nwant\n%s", b[:n], before)
	}
}

func TestSessionStateFileRefused(t *testing.T) {
	text := someSession(t)
	write := func(t *testing.T, name string, mode os.FileMode) string {
		t.Helper()
		must(t, os.WriteFile(name, []byte(text), 0o600))
		must(t, os.Chmod(name, mode))
		return name
	}
	for _, row := range []struct {
		name     string
		make     func(t *testing.T, folder string) string
		readable bool // RestoreSession can read it
	}{
		{"a folder", func(t *testing.T, folder string) string { return folder }, false},
		{"no such folder", func(t *testing.T, folder string) string { return filepath.Join(folder, "none", "state") }, false},
		{"a folder that is a file", func(t *testing.T, folder string) string {
			return filepath.Join(write(t, filepath.Join(folder, "file"), 0o600), "state")
		}, false},
		{"a symbolic link to a file", func(t *testing.T, folder string) string {
			link := filepath.Join(folder, "link")
			must(t, os.Symlink(write(t, filepath.Join(folder, "file"), 0o600), link))
			return link
		}, false},
		{"a symbolic link to nothing", func(t *testing.T, folder string) string {
			link := filepath.Join(folder, "link")
			must(t, os.Symlink(filepath.Join(folder, "none"), link))
			return link
		}, false},
		{"a device", func(*testing.T, string) string { return os.DevNull }, false},
		{"a read-only file", func(t *testing.T, folder string) string { return write(t, filepath.Join(folder, "file"), 0o400) }, true},
		{"a folder that cannot be written", func(t *testing.T, folder string) string {
			if os.Geteuid() == 0 {
				return "/proc/self/status-of-mine" // root writes to any other folder
			}
			name := write(t, filepath.Join(folder, "file"), 0o600)
			must(t, os.Chmod(folder, 0o500))
			t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
			return name
		}, os.Geteuid() != 0},
	} {
		t.Run("pain 32: "+row.name, func(t *testing.T) {
			folder := t.TempDir()
			m := recorded(t)
			must(t, m.SetClientId("changed"))
			name := row.make(t, folder)
			config(t, m, "SessionStateFile="+name)
			before := contents(t, folder)
			got, err := m.SaveSession()
			wantCode(t, err, 302)
			if got != "" {
				t.Errorf("SaveSession returned %q", got)
			}
			must(t, m.SetClientId(""))
			if err := m.RestoreSession(text); !row.readable {
				wantCode(t, err, 302)
				if m.ClientId() != "" || !m.CleanSession() {
					t.Errorf("ClientId %q, CleanSession %v", m.ClientId(), m.CleanSession())
				}
			} else {
				must(t, err)
			}
			if after := contents(t, folder); after != before {
				t.Errorf("the folder has become\n%s\nwant\n%s", after, before)
			}
		})
	}
	t.Run("a file that is too large", func(t *testing.T) {
		m := recorded(t)
		name := stateFile(t, m)
		must(t, os.WriteFile(name, nil, 0o600))
		must(t, os.Truncate(name, 1<<30+1)) // takes no room
		wantCode(t, m.RestoreSession(""), 302)
	})
	t.Run("an empty file", func(t *testing.T) {
		m := recorded(t)
		must(t, os.WriteFile(stateFile(t, m), nil, 0o600))
		wantCode(t, m.RestoreSession(text), 504)
	})
}

// contents describes what is in a folder.
func contents(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var s string
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		b, _ := os.ReadFile(filepath.Join(folder, e.Name()))
		s += e.Name() + " " + info.Mode().String() + " " + string(b) + "\n"
	}
	return s
}
