package packet

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// text gives the message of an error, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// badTexts are the texts that no text field may hold.
var badTexts = []struct{ name, text, want string }{
	{"MQTT5-1.5.4-1 MQTT311-1.5.3-1 over-long form", "\xC0\x80", "is not valid UTF-8"},
	{"MQTT5-1.5.4-1 MQTT311-1.5.3-1 surrogate", "\xED\xA0\x80", "is not valid UTF-8"},
	{"MQTT5-1.5.4-1 MQTT311-1.5.3-1 above U+10FFFF", "\xF5\x80\x80\x80", "is not valid UTF-8"},
	{"MQTT5-1.5.4-1 MQTT311-1.5.3-1 lone continuation", "\x80", "is not valid UTF-8"},
	{"MQTT5-1.5.4-1 MQTT311-1.5.3-1 cut off", "abcdefghij\xE2\x82", "is not valid UTF-8"},
	{"MQTT5-1.5.4-2 MQTT5-4.7.3-2 MQTT311-1.5.3-2 MQTT311-4.7.3-2 U+0000", "a\x00b", "contains U+0000"},
	{"MQTT5-1.5.4-2 MQTT5-4.7.3-2 MQTT311-1.5.3-2 MQTT311-4.7.3-2 U+0000 among others", "über\x00", "contains U+0000"},
	{"MQTT5-4.7.3-3 MQTT311-4.7.3-3 65,536 bytes", strings.Repeat("x", 65536), "is longer than 65535 bytes"},
}

func TestCheckText(t *testing.T) {
	for _, row := range badTexts {
		t.Run(row.name, func(t *testing.T) {
			if got := text(CheckText(row.text)); got != row.want {
				t.Errorf("text: got %q, want %q", got, row.want)
			}
			if got := text(CheckTopicName(row.text)); got != row.want {
				t.Errorf("topic name: got %q, want %q", got, row.want)
			}
			if got := text(CheckTopicFilter(V5, row.text)); got != row.want {
				t.Errorf("topic filter: got %q, want %q", got, row.want)
			}
		})
	}
	for _, good := range []string{"", "a", "+/#", "\x01\x1F\x7F\u0080\u009F", "\uFDD0\uFFFE\U0010FFFF", "\uFEFFx", "wärme", "12345678é", strings.Repeat("x", 65535)} {
		if err := CheckText(good); err != nil {
			t.Errorf("%.20q %v", good, err)
		}
	}
}

func TestCheckTopicName(t *testing.T) {
	for _, row := range []struct{ name, topic, want string }{
		{"MQTT5-4.7.3-1 MQTT311-4.7.3-1 empty", "", "is empty"},
		{"MQTT5-3.3.2-2 MQTT5-4.7.0-1 MQTT311-3.3.2-2 MQTT311-4.7.1-1 plus", "a/+", "contains the wildcard '+'"},
		{"MQTT5-3.3.2-2 MQTT5-4.7.0-1 MQTT311-3.3.2-2 MQTT311-4.7.1-1 hash", "#", "contains the wildcard '#'"},
		{"MQTT5-4.7.0-1 hash in a word", "plant/#/line", "contains the wildcard '#'"},
		{"MQTT5-4.7.0-1 plus in the last word", "plant/1/lin+", "contains the wildcard '+'"},
		{"MQTT5-4.7.0-1 plus among others", "straße/+", "contains the wildcard '+'"},
		{"MQTT5-4.7.3-1 MQTT311-4.7.3-1 a separator", "/", ""},
		{"MQTT5-4.7.3-1 a space", " ", ""},
		{"doubled separators", "//a//", ""},
		{"reserved for the server", "$SYS/x", ""},
		{"like a shared subscription", "$share/g/a", ""},
		{"MQTT5-1.5.4-3 U+FEFF", "\uFEFF", ""},
		{"MQTT5-4.7.3-3 MQTT311-4.7.3-3 65,535 bytes", strings.Repeat("x", 65535), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := text(CheckTopicName(row.topic)); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// Every byte at every place of texts of many lengths: eight bytes at a time must see what one at a time sees.
func TestPlainTexts(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for c := range 256 {
				b := []byte(strings.Repeat("x", length))
				b[at] = byte(c)
				plain := c > 0 && c < utf8.RuneSelf
				if got := isPlain(b); got != plain {
					t.Errorf("text %q: got %v", b, got)
				}
				if got, want := isPlainTopic(b), plain && c != '+' && c != '#'; got != want {
					t.Errorf("topic %q: got %v", b, got)
				}
			}
		}
	}
}

func TestCheckTopicFilter(t *testing.T) {
	const (
		plus  = "has a '+' that is not a whole level"
		hash  = "has a '#' that is not the whole last level"
		group = "has no share name after $share/"
		wild  = "has a wildcard in the share name"
		rest  = "has no topic filter after the share name"
	)
	// want5 and want311 differ for shared subscriptions.
	for _, row := range []struct{ ids, filter, want5, want311 string }{
		{"MQTT5-4.7.3-1 MQTT311-4.7.3-1", "", "is empty", "is empty"},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "#", "", ""},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "a/#", "", ""},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "/#", "", ""},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "+/#", "", ""},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "a#", hash, hash},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "a/#/b", hash, hash},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "a/#/", hash, hash},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "#/a", hash, hash},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "a/b#", hash, hash},
		{"MQTT5-4.7.1-1 MQTT311-4.7.1-2", "##", hash, hash},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "+", "", ""},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "+/a", "", ""},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "a/+", "", ""},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "a/+/b", "", ""},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "/+", "", ""},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "+/+", "", ""},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "a+", plus, plus},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "+a", plus, plus},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "a/b+/c", plus, plus},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "++", plus, plus},
		{"MQTT5-4.7.1-2 MQTT311-4.7.1-3", "+#", plus, plus},
		{"MQTT5-4.7.3-1 MQTT311-4.7.3-1", "/", "", ""},
		{"MQTT5-4.7.3-1 MQTT311-4.7.3-1", "a//b", "", ""},
		{"MQTT5-4.7.3-3 MQTT311-4.7.3-3", strings.Repeat("x", 65535), "", ""},
		{"MQTT5-4.8.2-1", "$share/g/a", "", ""},
		{"MQTT5-4.8.2-1", "$shared/a", "", ""},
		{"MQTT5-4.8.2-1", "$share", "", ""},
		{"MQTT5-4.8.2-1", "$share/", group, ""},
		{"MQTT5-4.8.2-1", "$share//a", group, ""},
		{"MQTT5-4.8.2-2", "$share/g", rest, ""},
		{"MQTT5-4.8.2-2", "$share/g/", rest, ""},
		{"MQTT5-4.8.2-2", "$share/+/a", wild, ""},
		{"MQTT5-4.8.2-2", "$share/g#/a", wild, hash},
		{"MQTT5-4.8.2-2", "$share/g/a#", hash, hash},
		{"MQTT5-4.8.2-2", "$share/g//finance", "", ""},
		{"MQTT5-4.8.2-2", "$share/g/#", "", ""},
		{"MQTT5-4.8.2-2", "$share/g/+/b", "", ""},
	} {
		t.Run(row.ids+" "+row.filter[:min(20, len(row.filter))], func(t *testing.T) {
			if got := text(CheckTopicFilter(V5, row.filter)); got != row.want5 {
				t.Errorf("5.0: got %q, want %q", got, row.want5)
			}
			if got := text(CheckTopicFilter(V311, row.filter)); got != row.want311 {
				t.Errorf("3.1.1: got %q, want %q", got, row.want311)
			}
		})
	}
}

func TestFilterKinds(t *testing.T) {
	for _, row := range []struct {
		filter         string
		shared, isWild bool
	}{
		{"a/b", false, false},
		{"a/+", false, true},
		{"#", false, true},
		{"$share/g/a", true, false},
		{"$share/g/#", true, true},
		{"$shared/a", false, false},
		{"$SHARE/g/a", false, false},
	} {
		if got := IsShared(row.filter); got != row.shared {
			t.Errorf("IsShared(%q) is %v", row.filter, got)
		}
		if got := HasWildcard(row.filter); got != row.isWild {
			t.Errorf("HasWildcard(%q) is %v", row.filter, got)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, row := range []struct {
		filter, topic string
		want          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a", "a/b", false},
		{"a/b", "a", false},
		{"a/b", "a/b", true},
		{"A", "a", false},
		{"#", "a/b/c", true},
		{"#", "/", true},
		{"a/#", "a", true},
		{"a/#", "a/", true},
		{"a/#", "a/b/c", true},
		{"a/#", "ab", false},
		{"a/b/#", "a", false},
		{"+", "a", true},
		{"+", "", true},
		{"+", "a/b", false},
		{"+", "/a", false},
		{"+/+", "/a", true},
		{"/+", "/a", true},
		{"a/+", "a", false},
		{"a/+", "a/", true},
		{"a/+/c", "a/b/c", true},
		{"a/+/c", "a/b/d", false},
		{"+/b/#", "a/b", true},
		{"+/#", "a", true},
		{"a/", "a", false},
		{"a", "a/", false},
		{"#", "$SYS/load", false},
		{"+/load", "$SYS/load", false},
		{"$SYS/#", "$SYS/load", true},
		{"$SYS/+", "$SYS/load", true},
		{"a/+", "a/$b", true},
	} {
		if got := Matches(row.filter, row.topic); got != row.want {
			t.Errorf("Matches(%q, %q) is %t", row.filter, row.topic, got)
		}
	}
}
