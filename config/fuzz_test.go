package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/config"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// FuzzConfig: an error has a number and changes nothing; a successful assignment,
// read back and assigned again, reads the same.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		"TopicAlias=1", "topicalias = 0xff ", "TopicAlias=", "TopicAlias", "LogLevel=4", "Delay=-10", "Retain=Yes",
		"ResponseTopic=a=b", "FirewallPassword=p\x00", "TopicQOSArray=0, 1,2", "TopicNLArray=true,no",
		"TLSGroups=p256; x25519", "CodePage=437", "SendCustomPacket=c000", "OutgoingUserPropName[0]=n",
		"OutgoingUserPropValue[1", "BuildInfo=1", `ConnectProperties={"MaximumPacketSize":1,"UserProperty":"a:b"}`,
		"SSLSecurityFlags=0x80000000", "FirewallType=3", "=", "[", "TopicAlas", "\xff=\xfe",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := newDevice()
		d.props = make([]config.Pair, 2)
		before := d.snapshot()
		_, err := d.r.Config(s)
		if err != nil {
			if ioterrors.Code(err) <= 0 {
				t.Fatalf("error without number: %v", err)
			}
			if d.snapshot() != before {
				t.Fatalf("%q failed (%v) and changed something", s, err)
			}
			return
		}
		name, _, assign := strings.Cut(s, "=")
		if !assign {
			if d.snapshot() != before {
				t.Fatalf("reading %q changed something", s)
			}
			return
		}
		text := d.must(t, name)
		if text == "" && strings.EqualFold(strings.TrimSpace(name), "SendCustomPacket") {
			return // reads back "" by design
		}
		after := d.snapshot()
		d.must(t, name+"="+text)
		if got := d.must(t, name); got != text {
			t.Fatalf("%q reads %q, and assigned again %q", s, text, got)
		}
		d.changes = max(0, d.changes-1)
		if after2 := d.snapshot(); after2 != after {
			t.Fatalf("%q: assigning the value again changed\n%s to\n%s", s, after, after2)
		}
	})
}

// FuzzBag: the same for a bag, and the fields of a bag filled from the text of
// another are equal to the other's. encoding/json judges what is JSON.
func FuzzBag(f *testing.F) {
	for _, s := range []string{
		`{"MaximumPacketSize":"20","RequestProblemInformation":"false"}`, `{"UserProperty":"a:b","UserProperties":"c:d"}`,
		`{"ContentType":"\u00e9\"\\<","ResponseTopic":"a/b"}`, `{"AuthenticationData":"00ff"}`, ``, `{}`, `[`,
		`{"WildcardSubscriptionAvailable":true,"WildcardSubscriptionAvaiable":true}`, `{"ContentType":"\ud800"}`,
		`{"ContentType":{"a":[1]}}`, `{"MaximumPacketSize":-1,"ContentType":""}`, `{"UserProperty":""}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := newDevice()
		d.content, d.packetSize, d.problem = "kept", 9, config.TriTrue
		before := d.snapshot()
		if err := deviceBag.Set(d, s); err != nil {
			if ioterrors.Code(err) <= 0 {
				t.Fatalf("error without number: %v", err)
			}
			if d.snapshot() != before {
				t.Fatalf("%q failed (%v) and changed something", s, err)
			}
			return
		}
		if trimmed := strings.Trim(s, " \t\r\n"); trimmed != "" && !json.Valid([]byte(trimmed)) {
			t.Fatalf("%q is not JSON and was accepted", s)
		}
		text := deviceBag.Text(d)
		other := newDevice()
		if err := deviceBag.Set(other, text); err != nil {
			t.Fatalf("%q reads %q, which cannot be set: %v", s, text, err)
		}
		if got := deviceBag.Text(other); got != text {
			t.Fatalf("%q reads %q, and set again %q", s, text, got)
		}
		if len(d.props) == 0 {
			d.props, other.props = nil, nil
		}
		if d.snapshot() != other.snapshot() || !reflect.DeepEqual(d.props, other.props) {
			t.Fatalf("%q:\n%s became\n%s", s, d.snapshot(), other.snapshot())
		}
	})
}

// FuzzLoad: a text is applied as a whole or, with a numbered error, not at all; what Text writes of the result makes the
// same device of a new one.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"TopicAlias=1\nLogLevel=2", "# a\n; b\r\n\r\nRetain=Yes\r\n", "\uFEFFDelay=5\n Delay = 6", `ResponseTopic=" a\r\n"`, `ResponseTopic="`,
		"OutgoingUserPropName[1]=a\nOutgoingUserPropName[0]=\"\\xff\"", "SendCustomPacket=c000", "BuildInfo=1", "x", "=",
		`ConnectProperties={"MaximumPacketSize":1,"UserProperty":"a:b","AuthenticationData":"00"}`, "FirewallPassword=p",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, trial := newDevice(), newDevice()
		for _, x := range []*device{d, trial} {
			x.props = make([]config.Pair, 2)
		}
		before := d.snapshot()
		if err := d.r.Load(s, trial.r); err != nil {
			if ioterrors.Code(err) <= 0 {
				t.Fatalf("error without number: %v", err)
			}
			if d.snapshot() != before {
				t.Fatalf("%q failed (%v) and changed something", s, err)
			}
			return
		}
		again, trial := newDevice(), newDevice()
		for _, x := range []*device{again, trial} {
			x.props = make([]config.Pair, len(d.props)) // no row of the device makes elements
		}
		if err := again.r.Load(d.r.Text(true), trial.r); err != nil {
			t.Fatalf("%q was applied, and then\n%s\nwas refused: %v", s, d.r.Text(true), err)
		}
		again.changes, again.sent = d.changes, d.sent
		if got, want := again.snapshot(), d.snapshot(); got != want {
			t.Fatalf("%q made\n%s\nand its text\n%s", s, want, got)
		}
	})
}
