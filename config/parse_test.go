package config

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestParseInt(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"0x7fffffffffffffff": math.MaxInt64, "0xAbC": 0xabc, "00": 0,
	} {
		if got, ok := parseInt(text); !ok || got != want {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "-", "--1", "+1", "0x", "-0x1", "0xg", "1 ", "1a", "9223372036854775808", "-9223372036854775809",
		"0x8000000000000000", "١", "1e1", "0b1",
	} {
		if got, ok := parseInt(text); ok {
			t.Errorf("%q accepted as %d", text, got)
		}
	}
}

// FuzzParseInt compares with strconv.
func FuzzParseInt(f *testing.F) {
	for _, s := range []string{"1", "-1", "0x1F", "9223372036854775808", "-", "0x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseInt(s)
		digits, base := s, 10
		if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
			digits, base = s[2:], 16
		}
		want, err := strconv.ParseInt(digits, base, 64)
		if strings.HasPrefix(digits, "+") || base == 16 && strings.HasPrefix(digits, "-") {
			if ok {
				t.Fatalf("%q accepted", s)
			}
			return
		}
		if ok != (err == nil) || ok && got != want {
			t.Fatalf("%q: %d %v, strconv %d %v", s, got, ok, want, err)
		}
	})
}

func TestNearest(t *testing.T) {
	names := []string{"TopicAlias", "TopicDelimiter", "Retain", "QoS", "WillQOS"}
	for name, want := range map[string]string{
		"TopicAlas": "TopicAlias", "topicailas": "TopicAlias", "TopicAliass": "TopicAlias", "retian": "Retain",
		"qs": "QoS", "q": "", "TopicThing": "", "": "", "Username": "", strings.Repeat("TopicAlias", 100): "",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
}
