package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const said = `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"skip","Package":"p","Test":"TestA/y"}
{"Action":"output","Package":"p","Test":"TestA","Output":"what a good test says\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"-test.shuffle 7\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`

const failed = `{"Action":"output","Package":"q","Test":"TestB","Output":"a.go:1: wrong\n"}
{"Action":"fail","Package":"q","Test":"TestB"}
{"Action":"output","Package":"q","Test":"TestHangs","Output":"panic: test timed out\n"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q"}
go: a line of the go command
`

func reported(t *testing.T, in string) (*report, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	r := &report{out: &out, ran: map[string]*cases{}, lines: map[[2]string][]string{}}
	if err := r.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	return r, &out
}

func TestShown(t *testing.T) {
	r, out := reported(t, said)
	if want := "-test.shuffle 7\nok  \tp\t0.1s\n"; out.String() != want || r.failed {
		t.Errorf("good tests: failed %t, shown %q, want %q", r.failed, out, want)
	}
	r, out = reported(t, failed)
	if want := "a.go:1: wrong\npanic: test timed out\nFAIL\tq\t0.1s\ngo: a line of the go command\n"; out.String() != want || !r.failed {
		t.Errorf("failed tests: failed %t, shown %q, want %q", r.failed, out, want)
	}
}

func TestList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	r, _ := reported(t, said)
	if r.settle(file, false) {
		t.Error("the same as a list that is not there")
	}
	if !r.settle(file, true) || !r.settle(file, false) {
		t.Error("not the same as what was written")
	}
	if b, _ := os.ReadFile(file); string(b) != "p TestA 2 1\n" {
		t.Errorf("the list is %q", b)
	}
	less := strings.ReplaceAll(said, `{"Action":"pass","Package":"p","Test":"TestA/x"}`, "")
	r, out := reported(t, less)
	if r.settle(file, false) || !strings.Contains(out.String(), "- p TestA 2 1\n+ p TestA 1 1\n") {
		t.Errorf("a case that did not run: %s", out)
	}
	r, out = reported(t, "")
	if r.settle(file, false) || !strings.Contains(out.String(), "- p TestA 2 1\n") {
		t.Errorf("a test that did not run: %s", out)
	}
}
