package journal

import (
	"errors"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
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

// What others note and flush while Suspend or Close syncs is in the file that they leave, also when that is rewritten.
func TestNotesWhileSuspending(t *testing.T) {
	for name, leave := range map[string]func(*Journal) error{"Suspend": (*Journal).Suspend, "Close": (*Journal).Close} {
		t.Run(name, func(t *testing.T) {
			d := newFakeDisk(1)
			j, _ := mustOpen(t, d, "d")
			m := message(1)
			m.QoS, m.Awaits, m.Payload = 2, packet.PUBREL, make([]byte, someGarbage)
			small := message(2)
			small.QoS, small.Awaits = 2, packet.PUBREL
			finished, delivered := j.Add(m, true), j.Add(small, true)
			if err := j.Commit(j.Noted()); err != nil {
				t.Fatal(err)
			}
			j.Finish(finished)
			flushed := 0
			d.onSync = func() {
				d.onSync = nil
				j.Finish(delivered)
				if err := j.Flush(); err != nil {
					t.Error(err)
				}
				flushed++
			}
			if err := leave(j); err != nil || flushed != 1 {
				t.Fatal(err, flushed)
			}
			if j.Committed() != j.Noted() {
				t.Errorf("%d notes of %d are committed", j.Committed(), j.Noted())
			}
			if size := len(journalOf(d).data); size > someGarbage {
				t.Errorf("the file was not rewritten: %d bytes", size)
			}
			_, found := mustOpen(t, d.kill(), "d")
			if n := len(found.Session.Incoming); n != 0 || found.Damage != nil {
				t.Errorf("%d delivered messages would be delivered again; damage %q", n, found.Damage)
			}
		})
	}
}

// A panic on the way surfaces as itself: the lock is free behind it, and nobody waits for who has panicked.
func TestPanicSurfaces(t *testing.T) {
	for name, call := range map[string]func(*Journal) error{
		"Commit":  func(j *Journal) error { return j.Commit(j.Noted()) },
		"Suspend": (*Journal).Suspend,
		"Flush":   (*Journal).Flush,
	} {
		t.Run(name, func(t *testing.T) {
			d := newFakeDisk(1)
			j, _ := mustOpen(t, d, "d")
			j.Add(message(1), false)
			d.fail = func(op, _ string) error {
				if op == "write" || op == "sync" {
					panic("a fault of the disk")
				}
				return nil
			}
			func() {
				defer func() {
					if got := recover(); got != "a fault of the disk" {
						t.Errorf("recovered %v", got)
					}
				}()
				_ = call(j)
			}()
			if err := j.Commit(j.Noted()); !errors.Is(err, errClosed) {
				t.Errorf("a later Commit: %v", err)
			}
			if err := errors.Join(j.Flush(), j.Suspend(), j.Close()); err != nil {
				t.Errorf("later calls: %v", err)
			}
		})
	}
}
