// Ran reads what go test -json says, shows it as go test does, and compares what ran with a list, so that no case
// disappears without anyone noticing:
//
//	go test -json ./... | ran FILE          fails if a test fails, or if something else ran than the list says
//	go test -json ./... | ran -write FILE   writes the list
//
// A line of the list is a package, a test, example or fuzz target, how many of its cases ran, itself included, and how
// many were skipped.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of go test -json: go doc test2json.
type event struct {
	Action, Package, Test, Output string
}

// cases are those of one test.
type cases struct{ ran, skipped int }

type report struct {
	out    io.Writer
	ran    map[string]*cases      // by "package test"
	lines  map[[2]string][]string // lines, by package and test, of those that are not over
	failed bool
}

func main() {
	write := flag.Bool("write", false, "write the list")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: go test -json ./... | ran [-write] FILE")
		os.Exit(2)
	}
	r := report{out: os.Stdout, ran: map[string]*cases{}, lines: map[[2]string][]string{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "ran:", err)
		os.Exit(1)
	}
	same := true
	if !r.failed || *write { // after a panic most would be missing
		same = r.settle(flag.Arg(0), *write)
	}
	if r.failed || !same {
		os.Exit(1)
	}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		if json.Unmarshal([]byte(line), &e) == nil {
			r.take(e)
		} else {
			fmt.Fprint(r.out, line) // what is not JSON is of the go command
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.lines[key] = append(r.lines[key], e.Output)
	case "pass", "skip":
		if e.Test == "" {
			r.show(key, func(line string) bool {
				return strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") ||
					strings.HasPrefix(line, "-test.shuffle")
			})
			return
		}
		delete(r.lines, key)
		r.count(e)
	case "fail":
		r.failed = true
		if e.Test != "" {
			r.count(e)
		} else { // first those that a panic or the end of the time has stopped
			for other := range r.lines {
				if other[0] == e.Package && other[1] != "" {
					r.show(other, notMarks)
				}
			}
		}
		r.show(key, notMarks)
	}
}

// count takes note of a case that is over.
func (r *report) count(e event) {
	top, _, _ := strings.Cut(e.Test, "/")
	name := e.Package + " " + top
	if r.ran[name] == nil {
		r.ran[name] = &cases{}
	}
	if e.Action == "skip" {
		r.ran[name].skipped++
	} else {
		r.ran[name].ran++
	}
}

func notMarks(line string) bool { return !strings.HasPrefix(line, "=== ") }

// show prints what a test, or a package, has said.
func (r *report) show(key [2]string, wanted func(line string) bool) {
	for _, line := range r.lines[key] {
		if wanted(line) {
			fmt.Fprint(r.out, line)
		}
	}
	delete(r.lines, key)
}

// settle writes the list, or compares it and reports whether it is the same.
func (r *report) settle(file string, write bool) bool {
	var list []string
	for name, c := range r.ran {
		list = append(list, fmt.Sprintf("%s %d %d", name, c.ran, c.skipped))
	}
	slices.Sort(list)
	text := strings.Join(list, "\n") + "\n"
	if write {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			fmt.Fprintln(r.out, err)
			return false
		}
		return true
	}
	b, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(r.out, err)
		return false
	}
	if string(b) == text {
		fmt.Fprintf(r.out, "%d tests ran, with all their cases, as %s says\n", len(list), file)
		return true
	}
	fmt.Fprintf(r.out, "What ran is not what %s says (test, cases that ran, cases that were skipped):\n", file)
	wanted := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, line := range wanted {
		if !slices.Contains(list, line) {
			fmt.Fprintf(r.out, "- %s\n", line)
		}
	}
	for _, line := range list {
		if !slices.Contains(wanted, line) {
			fmt.Fprintf(r.out, "+ %s\n", line)
		}
	}
	fmt.Fprintln(r.out, "If that is as it should be, change these lines of the list, or write it anew: .ci/run list")
	return false
}
