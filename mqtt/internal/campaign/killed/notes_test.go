package killed

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notes is the file that a child writes line by line, and that outlives it: "start" and "end" of a child, "try" and "ok" of
// a publish, "in" when the handler of a message begins and "out" when it has done its work.
const notes = "notes"

// readNotes returns the lines that begin with prefix, without it.
func readNotes(t testing.TB, folder, prefix string) (list []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, notes))
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if rest, is := strings.CutPrefix(line, prefix); is {
			list = append(list, strings.TrimSuffix(rest, "\n"))
		}
	}
	return list
}

// noteCounter counts the messages that the notes say were begun, while more are written. It may be wrong by a line for each
// one that a kill has torn and the next child has cut back.
type noteCounter struct {
	file  *os.File
	lines *bufio.Reader
	rest  string // of a line whose end is not written yet
	begun map[string]bool
}

func countNotes(t *testing.T, folder string) *noteCounter {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(folder, notes), os.O_RDONLY|os.O_CREATE, 0o600)
	must(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return &noteCounter{file: file, lines: bufio.NewReader(file), begun: make(map[string]bool)}
}

func (c *noteCounter) count() int {
	for {
		part, err := c.lines.ReadString('\n')
		c.rest += part
		if err != nil {
			return len(c.begun)
		}
		if m, is := strings.CutPrefix(c.rest, "in "); is {
			c.begun[m] = true
		}
		c.rest = ""
	}
}

// verdict is what the notes of receivers say about their messages.
type verdict struct {
	got       map[string]int
	faults    []string // QoS 2 delivered twice, QoS out of order
	met       int      // kills that met a handler, whose message came again
	justAfter int      // kills behind the work of a handler, before that was on disk: the message came again too
}

// judge reads the notes of receivers. A QoS 2 message may be delivered twice for one reason: the receiver was killed while
// the handler of that message ran. So each kill has at most one, the one whose handler began last. That is not excused by
// the end of a connection, nor by the kill of a receiver that had begun another one since.
func judge(lines []string) *verdict {
	v := &verdict{got: make(map[string]int)}
	var order [3]int
	excused := map[string]bool{}        // that kills have met: true if the handler had done its work
	last, done, over := "", false, true // the handler that this child began last
	for _, line := range lines {
		what, m, _ := strings.Cut(line, " ")
		switch what {
		case "start":
			if !over && last != "" {
				excused[last] = done
			}
			last, done, over = "", false, false
		case "end":
			over = true
		case "out":
			done = m == last
		case "in":
			v.begins(m, &order, excused)
			last, done = m, false
		}
	}
	return v
}

func (v *verdict) begins(m string, order *[3]int, excused map[string]bool) {
	var qos, n int
	if _, err := fmt.Sscan(m, &qos, &n); err != nil {
		v.faults = append(v.faults, fmt.Sprintf("received %q", m))
		return
	}
	v.got[m]++
	done, met := excused[m]
	delete(excused, m)
	switch {
	case v.got[m] == 1:
		if n < order[qos] {
			v.faults = append(v.faults, fmt.Sprintf("%q comes after %d", m, order[qos]))
		}
		order[qos] = n
	case qos < 2:
	case !met:
		v.faults = append(v.faults, fmt.Sprintf("%q was delivered again", m))
	case done:
		v.justAfter++
	default:
		v.met++
	}
}

// What TestKilled takes for a message that was delivered twice.
func TestJudge(t *testing.T) {
	for _, row := range []struct {
		name, notes    string
		faults         []string
		met, justAfter int
	}{
		{name: "once", notes: "start|in 2 1|out 2 1|in 1 2|out 1 2|end"},
		{name: "the handler ran", notes: "start|in 2 1|start|in 2 1|out 2 1|end", met: 1},
		{name: "the handler ran twice", notes: "start|in 2 1|start|in 2 1|start|start|in 2 1|out 2 1|end", met: 2},
		{name: "the handler had just returned", notes: "start|in 2 1|out 2 1|start|in 2 1|out 2 1|end", justAfter: 1},
		{name: "QoS 1 in front of the one that was met", notes: "start|in 2 1|start|in 1 2|out 1 2|in 2 1|out 2 1|end", met: 1},
		{name: "QoS 1 may", notes: "start|in 1 1|out 1 1|in 1 1|out 1 1|end"},
		{name: "without a kill", notes: "start|in 2 1|out 2 1|in 2 1|out 2 1|end", faults: []string{`"2 1" was delivered again`}},
		{name: "another handler had begun", notes: "start|in 2 1|out 2 1|in 1 2|start|in 2 1|end", faults: []string{`"2 1" was delivered again`}},
		{name: "twice for one kill", notes: "start|in 2 1|start|in 2 1|out 2 1|in 2 1|end", faults: []string{`"2 1" was delivered again`}, met: 1},
		{name: "after an orderly end", notes: "start|in 2 1|out 2 1|end|start|in 2 1|end", faults: []string{`"2 1" was delivered again`}},
		{name: "order", notes: "start|in 2 3|in 1 2|in 2 1|end", faults: []string{`"2 1" comes after 3`}},
	} {
		v := judge(strings.Split(row.notes, "|"))
		if !slices.Equal(v.faults, row.faults) || v.met != row.met || v.justAfter != row.justAfter {
			t.Errorf("%s: %q, %d, %d", row.name, v.faults, v.met, v.justAfter)
		}
	}
}
