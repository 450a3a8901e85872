package campaign

import "testing"

func TestParse(t *testing.T) {
	const now = 99
	for _, row := range []struct {
		value string
		full  bool
		seed  uint64
		fails bool
	}{
		{value: "", seed: 1},
		{value: "short", seed: 1},
		{value: "short:7", seed: 7},
		{value: "full", full: true, seed: now},
		{value: "full:7", full: true, seed: 7},
		{value: "Full", fails: true},
		{value: "full:", fails: true},
		{value: "full:-1", fails: true},
		{value: ":x", fails: true},
		{value: ":7", seed: 7},
	} {
		full, seed, err := parse(row.value, now)
		if full != row.full || seed != row.seed || (err != nil) != row.fails {
			t.Errorf("parse(%q) = %t, %d, %v", row.value, full, seed, err)
		}
	}
}
