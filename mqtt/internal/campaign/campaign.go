// Package campaign tells tests how much to do. A campaign is a test that tries the same thing many times: kills, faults
// at each step, storms, soaks, mutations, long cases of real servers. It has two lengths: the short one, with fixed
// seeds, is what go test ./... does after each change; the full one, with a new seed each time, is what .ci/run does.
// Each case runs in both.
package campaign

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Variable is the environment variable that chooses: empty or "short", or "full"; "short:7" and "full:7" set the seed.
const Variable = "MQTT_CAMPAIGN"

var full, seed = chosen()

func chosen() (full bool, seed uint64) {
	full, seed, err := parse(os.Getenv(Variable), uint64(time.Now().UnixNano()))
	if err != nil {
		panic(err) // else the short campaigns would pass for the full ones
	}
	return full, seed
}

func parse(value string, now uint64) (full bool, seed uint64, err error) {
	length, number, seeded := strings.Cut(value, ":")
	switch length {
	case "", "short":
		seed = 1
	case "full":
		full, seed = true, now
	default:
		return false, 0, fmt.Errorf("%s=%s: want short or full, with :SEED or without", Variable, value)
	}
	if seeded {
		if seed, err = strconv.ParseUint(number, 10, 64); err != nil {
			return false, 0, fmt.Errorf("%s=%s: the seed is no number: %w", Variable, value, err)
		}
	}
	return full, seed, nil
}

// Full reports whether campaigns have their full length.
func Full() bool { return full }

// Pick returns what the length of campaigns asks for: counts of rounds or durations, say.
func Pick[T any](short, long T) T {
	if full {
		return long
	}
	return short
}

// Seed is the seed of all that is random in a campaign. It logs how to have the same one again.
func Seed(t testing.TB) uint64 {
	t.Helper()
	t.Logf("again with the same seed: %s=%s:%d", Variable, Pick("short", "full"), seed)
	return seed
}
