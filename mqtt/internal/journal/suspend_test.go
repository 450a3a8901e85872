package journal

import (
	"errors"
	"testing"
)

// While a journal is suspended others may use it. It goes on where it was, unless somebody has.
func TestSuspend(t *testing.T) {
	dir := t.TempDir()
	j, _ := mustOpen(t, disk{}, dir)
	first := j.Add(message(1), false)
	if err := errors.Join(j.Suspend(), j.Suspend()); err != nil || j.Committed() != j.Noted() {
		t.Fatal(err, j.Committed())
	}
	j.Finish(first)
	second := j.Add(message(2), false)
	if err := j.Commit(j.Noted()); !errors.Is(err, errSuspended) {
		t.Errorf("Commit: %v", err)
	}
	if err := j.Flush(); err != nil || !j.Unwritten() {
		t.Errorf("Flush: %v", err)
	}
	if err := errors.Join(j.Resume(), j.Resume(), j.Commit(j.Noted())); err != nil || j.Unwritten() {
		t.Fatal(err)
	}
	if err := j.Suspend(); err != nil {
		t.Fatal(err)
	}
	other, found := mustOpen(t, disk{}, dir)
	if len(found.Session.Outgoing) != 1 || found.Session.Outgoing[0].Key != second {
		t.Fatalf("found %+v", found)
	}
	if err := j.Resume(); err == nil || errors.Is(err, ErrChanged) {
		t.Errorf("while another one has it: %v", err)
	}
	other.Finish(second)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Resume(); !errors.Is(err, ErrChanged) {
		t.Errorf("after another one had it: %v", err)
	}
	if err := errors.Join(j.Close(), j.Suspend(), Remove(dir, "id")); err != nil {
		t.Fatal(err)
	}
	if err := j.Resume(); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestResumeWithoutAFile(t *testing.T) {
	dir := t.TempDir()
	j, _ := mustOpen(t, disk{}, dir)
	if err := errors.Join(j.Suspend(), Remove(dir, "id")); err != nil {
		t.Fatal(err)
	}
	if err := j.Resume(); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
}
