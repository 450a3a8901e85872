package main

import (
	"strings"
	"testing"
)

// Which words of a text become links: those are in brackets here.
func TestSplit(t *testing.T) {
	b := readBook(t)
	for _, row := range []struct {
		name, text string
		own        []string
		foreign    bool
	}{
		{"names", "See [SetRemoteHost], [RemotePort] and [Connect].", nil, false},
		{"a name that is two things", "While Connected, see Connected.", nil, false},
		{"its kind before it", "the setting [KeepAliveInterval], the property [KeepAliveInterval]", nil, false},
		{"its kind behind it", "the [ReadyToSend] event", nil, false},
		{"an event by its field", "when [OnReadyToSend] fires", nil, false},
		{"its own entry", "Subscribe is not [Unsubscribe]", []string{"Subscribe"}, false},
		{"a word at the start of a sentence", "Connect first. Reset it. With [Timeout] 0 see [ConnectTo].", nil, false},
		{"a term of the specification", "the v5 User Property, a Retain Handling", nil, false},
		{"the word error", "Error [201], which is not error 5 nor Errors: 212 not connected.", nil, false},
		{"a member of a type", "[Firewall.AutoDetect], [Certificate.SetSubject]", nil, false},
		{"a method of a package", "ctx.Err() and errors.Is", nil, false},
		{"constants", "[MvV5], [FwSOCKS5], [ErrTimeout]", nil, false},
		{"a range of errors", "errors [271] to [273] and [11001], [434] or [502]; 505 too", nil, false},
		{"a range of reason codes", "0, 4, 128 to 131, 144 and 147 to 153", nil, false},
		{"a reason code", "It ends with error [500]. The reason code is mostly 135, not 500.", nil, false},
		{"a quantity", "after 500 bytes, 201 seconds or 143 messages", nil, false},
		{"a part of a number", "1.500, 10.0.0.201/8, 0x201, sha-201, 100xx, v201, -201", nil, false},
		{"the end of a sentence", "It is error [201].", nil, false},
		{"a colon", "error [10022]: not valid", nil, false},
		{"a URL", "Config://host and Config..", nil, false},
		{"no such number", "65535 of 1883", nil, false},
		{"another package", "SOCKS takes User and Password, see [CstAuto], the setting [FirewallData] and error [118].", nil, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := linker{index: b.index, own: row.own, foreign: row.foreign}
			var got strings.Builder
			for _, piece := range l.split(strings.NewReplacer("[", "", "]", "").Replace(row.text)) {
				if piece.to != nil {
					got.WriteString("[" + piece.text + "]")
					continue
				}
				got.WriteString(piece.text)
			}
			if got.String() != row.text {
				t.Errorf("got  %s\nwant %s", got.String(), row.text)
			}
		})
	}
}

func TestTargets(t *testing.T) {
	b := readBook(t)
	for _, row := range []struct{ name, before, from, want string }{
		{"ClientId", "", methodsFile, "properties.md#clientid"},
		{"SetClientId", "", propertiesFile, "#clientid"},
		{"MessageIn", "", methodsFile, "events.md#onmessagein"},
		{"ErrTimeout", "", typesFile, "errors.md#201"},
		{"LocalHost", "settings", methodsFile, "settings.md#localhost"},
		{"LocalHost", "properties", methodsFile, "properties.md#localhost"},
		{"SetSubject", "", methodsFile, ""},
		{"Certificate.SetSubject", "", methodsFile, "types.md#certificatesubject"},
		{"MvV5", "", methodsFile, "types.md#mqttversions"},
		{"PubAckEventArgs", "", methodsFile, ""}, // of three events
	} {
		t.Run(row.name, func(t *testing.T) {
			found, ok := b.index.find(row.name, row.before, "")
			if ok != (row.want != "") || ok && found.url(row.from) != row.want {
				t.Errorf("%v %t, want %q", found, ok, row.want)
			}
		})
	}
}

func TestAnchor(t *testing.T) {
	for heading, want := range map[string]string{
		"ClientId": "clientid", "TCP/IP": "tcpip", "One meaning per number": "one-meaning-per-number",
		"Certificate.Subject": "certificatesubject", "a_b-c": "a_b-c",
	} {
		if got := anchor(heading); got != want {
			t.Errorf("%s: %s, want %s", heading, got, want)
		}
	}
}
