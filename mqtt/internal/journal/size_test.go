package journal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A file that ends behind a complete record, and went on behind it, is not taken for a whole one, whether its process
// left it or was killed.
func TestCutBehindARecord(t *testing.T) {
	for _, end := range []string{"closed", "suspended", "killed", "killed, and opened since"} {
		t.Run(end, func(t *testing.T) {
			d := newFakeDisk(1)
			j, _ := mustOpen(t, d, "d")
			ends := []int{len(journalOf(d).data)}
			for id := range uint16(5) {
				j.Add(message(id+1), false)
				if err := j.Commit(j.Noted()); err != nil {
					t.Fatal(err)
				}
				ends = append(ends, len(journalOf(d).data))
			}
			switch end {
			case "closed":
				_ = j.Close()
			case "suspended":
				_ = j.Suspend()
			case "killed, and opened since":
				mustOpen(t, d.kill(), "d")
			}
			b := journalOf(d.kill()).data
			for size := ends[0]; size <= len(b); size++ {
				after, found, err := readBytes(t, b[:size])
				if err != nil {
					t.Fatal(err)
				}
				complete, whole := slices.BinarySearch(ends, size)
				if !whole {
					complete--
				}
				if n := len(found.Session.Outgoing); n != complete {
					t.Errorf("cut at %d of %d: %d messages, want %d", size, len(b), n, complete)
				}
				want := fmt.Sprintf("what the last %d bytes held is lost", len(b)-ends[complete])
				switch {
				case size == len(b) && found.Damage != nil:
					t.Errorf("not cut: damage %q", found.Damage)
				case size < len(b) && (len(found.Damage) != 2 || !strings.Contains(found.Damage[0], want)):
					t.Errorf("cut at %d of %d: damage %q, want %q", size, len(b), found.Damage, want)
				}
				lasts(t, after, found)
			}
		})
	}
}

// An empty file is none that a journal has left.
func TestEmptyFile(t *testing.T) {
	d, found, err := readBytes(t, nil)
	if err != nil || len(found.Damage) != 1 || !strings.Contains(found.Damage[0], "empty") {
		t.Fatalf("%v, damage %q", err, found.Damage)
	}
	lasts(t, d, found)
}

// A Size whose body was torn, as a loss of power may do while it is overwritten, says nothing and costs nothing; the next
// sync mends it.
func TestTornSize(t *testing.T) {
	d := newFakeDisk(1)
	j, _ := mustOpen(t, d, "d")
	j.Add(message(1), false)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	sizeAt := 2*headerSize("id") + headSize
	for at := sizeAt; at < sizeAt+sizeBody+bodyCRCSize; at++ {
		b := slices.Clone(journalOf(d).data)
		b[at] ^= 0xff
		after, found, err := readBytes(t, b)
		if err != nil || found.Damage != nil || len(found.Session.Outgoing) != 1 {
			t.Fatalf("byte %d: %v, %+v", at, err, found)
		}
		if got := journalOf(after).data; !slices.Equal(got, journalOf(d).data) {
			t.Errorf("byte %d: the Size was not mended", at)
		}
	}
}
