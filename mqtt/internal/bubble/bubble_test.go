package bubble

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// child names the environment variable for a run of this program whose tests hang.
const child = "BUBBLE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		testing.Main(func(string, string) (bool, error) { return true, nil }, hangs, nil, nil)
	}
	os.Exit(m.Run())
}

var hangs = []testing.InternalTest{
	{Name: "Blocked", F: func(t *testing.T) {
		Test(t, func(*testing.T) { <-make(chan int) })
	}},
	{Name: "BlockedWithTimers", F: func(t *testing.T) {
		Test(t, func(*testing.T) {
			go func() {
				for {
					time.Sleep(time.Hour)
				}
			}()
			<-make(chan int)
		})
	}},
	{Name: "Polling", F: func(t *testing.T) {
		defer func(before time.Duration) { realLimit = before }(realLimit)
		realLimit = 100 * time.Millisecond // it is reached whatever the machine does
		Test(t, func(*testing.T) {
			for {
				time.Sleep(20 * time.Millisecond)
			}
		})
	}},
	{Name: "LeftBehind", F: func(t *testing.T) {
		Test(t, func(*testing.T) { go func() { <-make(chan int) }() })
	}},
	{Name: "HungCleanup", F: func(t *testing.T) {
		Test(t, func(t *testing.T) { t.Cleanup(func() { <-make(chan int) }) })
	}},
	{Name: "Fatal", F: func(t *testing.T) {
		Test(t, func(t *testing.T) { t.Fatal("fails by itself") })
		t.Error("Test has returned")
	}},
	{Name: "Passes", F: func(t *testing.T) {
		Test(t, func(*testing.T) { time.Sleep(virtualLimit - 1) })
	}},
}

// Each test that hangs fails by its name and tells where, and the one after them passes.
func TestHangs(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); !failed {
		t.Fatalf("it ended with %v:\n%s", err, out)
	}
	results := map[string]string{}
	for _, said := range strings.Split(string(out), "=== RUN ")[1:] {
		name, rest, _ := strings.Cut(strings.TrimSpace(said), "\n")
		results[name] = rest
	}
	for name, want := range map[string][]string{
		"Blocked":           {"--- FAIL", "it hangs", "of virtual time", "chan receive (durable)", "bubble_test.go:"},
		"BlockedWithTimers": {"--- FAIL", "it hangs", "of virtual time", "chan receive (durable)", "bubble_test.go:"},
		"Polling":           {"--- FAIL", "it hangs", "of real time", "bubble_test.go:"},
		"LeftBehind":        {"--- FAIL", "deadlock", "chan receive (durable)", "bubble_test.go:"},
		"HungCleanup":       {"--- FAIL", "it hangs", "of virtual time", "bubble_test.go:"},
		"Fatal":             {"--- FAIL", "fails by itself"},
		"Passes":            {"--- PASS"},
	} {
		for _, part := range want {
			if !strings.Contains(results[name], part) {
				t.Errorf("%s does not say %q:\n%s", name, part, results[name])
			}
		}
	}
	if strings.Contains(string(out), "Test has returned") {
		t.Error("Test has returned although its test had ended with Fatal")
	}
}

// In mqtt/ every bubble has the watchdog.
func TestEveryBubbleIsWatched(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, entry os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") || filepath.Base(filepath.Dir(path)) == "bubble" {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), "synctest."+"Test(") {
			t.Errorf("%s: bubble.Test instead of synctest.Test", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
