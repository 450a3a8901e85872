package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/config"
)

func TestBagForms(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{``, ``},
		{`{}`, ``},
		{" { }\r\n", ``},
		// all three types of value
		{`{"MaximumPacketSize":"20"}`, `{"MaximumPacketSize":"20"}`},
		{`{"MaximumPacketSize":20}`, `{"MaximumPacketSize":"20"}`},
		{`{"MaximumPacketSize":" 0x14 "}`, `{"MaximumPacketSize":"20"}`},
		{`{"MaximumPacketSize":4294967295}`, `{"MaximumPacketSize":"4294967295"}`},
		{`{"RequestProblemInformation":false}`, `{"RequestProblemInformation":"false"}`},
		{`{"RequestProblemInformation":"False"}`, `{"RequestProblemInformation":"false"}`},
		{`{"RequestProblemInformation":1}`, `{"RequestProblemInformation":"true"}`},
		{`{"RequestProblemInformation":"yes"}`, `{"RequestProblemInformation":"true"}`},
		// unset
		{`{"MaximumPacketSize":""}`, ``},
		{`{"MaximumPacketSize":-1}`, ``},
		{`{"MaximumPacketSize":"-1"}`, ``},
		{`{"ClientTopicAliasMax":0}`, ``},
		{`{"ClientTopicAliasMax":-1}`, ``},
		{`{"RequestProblemInformation":""}`, ``},
		{`{"ContentType":""}`, ``},
		{`{"AuthenticationData":""}`, ``},
		{`{"UserProperty":""}`, ``},
		// names
		{`{"maximumpacketsize":1,"TOPICALIASMAXIMUM":2}`, `{"ClientTopicAliasMax":"2","MaximumPacketSize":"1"}`},
		{`{"\u0043ontentType":"x"}`, `{"ContentType":"x"}`},
		{`{"ReponseTopic":"a/b"}`, `{"ResponseTopic":"a/b"}`},
		// the order is that of the bag; values may contain anything
		{
			`{"ContentType":"a\"\\\n=é<>&\u20ac","MaximumPacketSize":1}`,
			`{"MaximumPacketSize":"1","ContentType":"a\"\\\n=é\u003c\u003e\u0026€"}`,
		},
		{`{"AuthenticationData":"00fF10"}`, `{"AuthenticationData":"00ff10"}`},
		// user properties
		{`{"UserProperty":"a:b"}`, `{"UserProperty":"a:b"}`},
		{`{"UserProperty":"a:b:c","UserProperties":":","userproperty":"a:b:c"}`, `{"UserProperty":"a:b:c","UserProperty":":","UserProperty":"a:b:c"}`},
		{
			`{"ContentType":"x","UserProperty":"\":<","MaximumPacketSize":1,"UserProperty":"c:d"}`,
			`{"MaximumPacketSize":"1","UserProperty":"\":\u003c","UserProperty":"c:d","ContentType":"x"}`,
		},
		// one value under two names
		{
			`{"WildcardSubscriptionAvailable":false}`,
			`{"WildcardSubscriptionAvailable":"false","WildcardSubscriptionAvaiable":"false"}`,
		},
		{
			`{"WildcardSubscriptionAvaiable":"true","WildcardSubscriptionAvailable":"true"}`,
			`{"WildcardSubscriptionAvailable":"true","WildcardSubscriptionAvaiable":"true"}`,
		},
	} {
		d := newDevice()
		if err := deviceBag.Set(d, test.in); err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		got := deviceBag.Text(d)
		if got != test.want {
			t.Errorf("%s reads\n%s, want\n%s", test.in, got, test.want)
		}
		if got != "" && !json.Valid([]byte(got)) {
			t.Errorf("%s reads %s: not JSON", test.in, got)
		}
		checkRoundTrip(t, d)
	}
}

// checkRoundTrip: what Text says, set on another bag, makes the same fields.
func checkRoundTrip(t *testing.T, d *device) {
	t.Helper()
	other := newDevice()
	text := deviceBag.Text(d)
	if err := deviceBag.Set(other, text); err != nil {
		t.Errorf("%s cannot be set: %v", text, err)
		return
	}
	if got := deviceBag.Text(other); got != text {
		t.Errorf("%s, set again, reads %s", text, got)
	}
	if got, want := other.content, d.content; got != want {
		t.Errorf("text %q became %q", want, got)
	}
	if len(d.props)+len(other.props) > 0 && !reflect.DeepEqual(d.props, other.props) {
		t.Errorf("user properties %q became %q", d.props, other.props)
	}
}

func TestBagChangesOnlyWhatItContains(t *testing.T) {
	d := newDevice()
	set := func(s string) {
		t.Helper()
		if err := deviceBag.Set(d, s); err != nil {
			t.Fatal(err)
		}
	}
	set(`{"ContentType":"a","MaximumPacketSize":1,"UserProperty":"a:b","UserProperty":"c:d"}`)
	set(`{"MaximumPacketSize":-1,"ResponseTopic":"r"}`)
	if got, want := deviceBag.Text(d), `{"UserProperty":"a:b","UserProperty":"c:d","ContentType":"a","ResponseTopic":"r"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	set(`{"UserProperty":"e:f"}`)
	if len(d.props) != 1 {
		t.Errorf("%q", d.props)
	}
	set(` `)
	if deviceBag.Text(d) != "" || d.content != "" || d.packetSize != -1 {
		t.Error(d.snapshot())
	}
}

// "" unsets all keys, and as the value of a key only that one.
func TestBagUnset(t *testing.T) {
	for _, unset := range []string{
		``,
		`{"ClientTopicAliasMax":"","MaximumPacketSize":"","SessionExpInterval":"","RequestProblemInformation":"","UserProperty":"",` +
			`"WildcardSubscriptionAvailable":"","ContentType":"","ResponseTopic":"","AuthenticationData":""}`,
	} {
		d := newDevice()
		d.must(t, `ConnectProperties={"ClientTopicAliasMax":1,"MaximumPacketSize":2,"SessionExpInterval":3,"RequestProblemInformation":true,`+
			`"UserProperty":"a:b","WildcardSubscriptionAvailable":true,"ContentType":"c","ResponseTopic":"r","AuthenticationData":"00"}`)
		d.must(t, "ConnectProperties="+unset)
		if got, want := d.snapshot(), newDevice().snapshot(); got != want {
			t.Errorf("after %q\n%s, want\n%s", unset, got, want)
		}
	}
}

func TestBagFaults(t *testing.T) {
	long := strings.Repeat("x", 65536)
	for _, test := range []struct {
		in    string
		code  int
		parts []string
	}{
		// not one object
		{`x`, 10022, []string{"The property bag", `{"ClientTopicAliasMax":"..."}`}},
		{`[]`, 10022, []string{"a JSON object"}},
		{`"a"`, 10022, nil},
		{`{`, 10022, nil},
		{`{}}`, 10022, nil},
		{`{} {}`, 10022, nil},
		{`{},`, 10022, nil},
		{`{"ContentType":"a",}`, 10022, nil},
		{`{ContentType:"a"}`, 10022, nil},
		{`{'ContentType':"a"}`, 10022, nil},
		{`{"ContentType" "a"}`, 10022, nil},
		{"{\"ContentType\":\"a\nb\"}", 10022, nil},
		{`{"ContentType":"\x"}`, 10022, nil},
		{`{"MaximumPacketSize":01}`, 10022, nil},
		{`{"MaximumPacketSize":0x1}`, 10022, nil},
		{strings.Repeat(`{"ContentType":`, 1<<20), 10022, nil},
		{`{"ContentType":` + strings.Repeat(`[`, 1<<22), 10022, nil},
		// keys
		{`{"ContentTipe":"a"}`, 10022, []string{`"ContentTipe"`, "did you mean ContentType?"}},
		{`{"":"a"}`, 10022, []string{`no key ""`}},
		{`{"` + long + `":"a"}`, 10022, []string{`"...`}},
		{`{"ContentType":"a","contenttype":"a"}`, 10022, []string{"The key ContentType is given twice"}},
		{`{"ClientTopicAliasMax":1,"TopicAliasMaximum":1}`, 10022, []string{"given twice"}},
		{`{"WildcardSubscriptionAvailable":true,"WildcardSubscriptionAvaiable":false}`, 10022, []string{"given twice"}},
		{`{"WildcardSubscriptionAvailable":true,"WildcardSubscriptionAvailable":true}`, 10022, []string{"given twice"}},
		// integers; out of range they would be cut when the packet is made
		{`{"MaximumPacketSize":0}`, 10022, []string{"The key MaximumPacketSize ", `"0"`, "an integer from 1 to 4294967295", "-1"}},
		{`{"MaximumPacketSize":4294967296}`, 10022, []string{`"4294967296"`}},
		{`{"ClientTopicAliasMax":65536}`, 10022, []string{"0 to 65535"}},
		{`{"MaximumPacketSize":-2}`, 10022, []string{`"-2"`}},
		{`{"MaximumPacketSize":1.5}`, 10022, []string{`"1.5"`}},
		{`{"MaximumPacketSize":1e2}`, 10022, []string{`"1e2"`}},
		{`{"MaximumPacketSize":true}`, 10022, []string{`"true"`}},
		{`{"MaximumPacketSize":null}`, 10022, []string{`"null"`}},
		{`{"MaximumPacketSize":[1]}`, 10022, []string{"MaximumPacketSize", `"[1]"`}},
		{`{"MaximumPacketSize":{"a":1}}`, 10022, []string{"MaximumPacketSize"}},
		// booleans
		{`{"RequestProblemInformation":2}`, 10022, []string{"RequestProblemInformation", `"2"`, "True, False"}},
		{`{"RequestProblemInformation":-1}`, 10022, nil},
		{`{"RequestProblemInformation":null}`, 10022, nil},
		{`{"RequestProblemInformation":[]}`, 10022, nil},
		// text
		{`{"ContentType":5}`, 10022, []string{"ContentType", `"5"`, "a JSON string is needed"}},
		{`{"ContentType":null}`, 10022, nil},
		{`{"ContentType":["a"]}`, 10022, nil},
		{`{"ContentType":"\u0000"}`, 10022, []string{`"\x00"`, "U+0000"}},
		{"{\"ContentType\":\"\xff\"}", 10022, []string{"UTF-8"}},
		{`{"ContentType":"` + long + `"}`, 10022, []string{"65535 bytes"}}, // the length would wrap to 0
		{`{"ResponseTopic":"a/+"}`, 502, []string{"ResponseTopic", `"a/+"`, "wildcards are not allowed"}},
		{`{"ResponseTopic":"\u0000"}`, 502, nil},
		{`{"ReponseTopic":1}`, 502, []string{"ResponseTopic"}},
		// binary
		{`{"AuthenticationData":"0"}`, 10022, []string{"AuthenticationData", "hexadecimal", "at most 8 bytes"}},
		{`{"AuthenticationData":"0g"}`, 10022, nil},
		{`{"AuthenticationData":"000000000000000000"}`, 10022, nil},
		{`{"AuthenticationData":12}`, 10022, nil},
		// user properties
		{`{"UserProperty":"a"}`, 10022, []string{"UserProperty", `"a"`, "name:value"}},
		{`{"UserProperty":"a:b","UserProperty":""}`, 10022, []string{"single"}},
		{`{"UserProperty":["a:b",5]}`, 10022, []string{"a JSON string"}},
		{`{"UserProperty":"a:\u0000"}`, 10022, nil},
		{`{"UserProperty":"` + long + `:a"}`, 10022, []string{"65535 bytes"}},
		{`{"UserProperty":"a:` + long + `"}`, 10022, nil},
		{`{` + strings.Repeat(`"UserProperty":"a:b",`, 65536) + `"ContentType":"a"}`, 10022, []string{"at most 65535 of them"}},
	} {
		d := newDevice()
		if err := deviceBag.Set(d, `{"ContentType":"kept","MaximumPacketSize":7,"UserProperty":"k:v","RequestProblemInformation":true}`); err != nil {
			t.Fatal(err)
		}
		before := d.snapshot()
		// Nothing of an object is applied, wherever the bad member stands.
		inputs := []string{test.in}
		if strings.HasPrefix(test.in, `{"`) && !strings.Contains(test.in[1:], `"UserProperty":"`) {
			inputs = append(inputs, `{"UserProperty":"new:one",`+test.in[1:])
		}
		for _, in := range inputs {
			err := deviceBag.Set(d, in)
			t.Run("", func(t *testing.T) {
				if err == nil {
					t.Fatalf("%.80s accepted", in)
				}
				wantFault(t, err, test.code, test.parts...)
			})
			if after := d.snapshot(); after != before {
				t.Errorf("%.80s failed and changed\n%s to\n%s", in, before, after)
			}
		}
	}
}

func TestBagKeys(t *testing.T) {
	row, _ := newDevice().r.Find("ConnectProperties")
	all := row.Keys
	if len(all) != 9 {
		t.Fatal(len(all))
	}
	for i, want := range []string{"int", "int64", "int64", "bool", "name:value", "bool", "string", "string", "hex"} {
		if all[i].Type != want {
			t.Errorf("%s has type %s, want %s", all[i].Name, all[i].Type, want)
		}
	}
	k := all[1]
	if k.Min != 1 || k.Max != 4294967295 || k.Default != "no limit" || k.Doc != "Largest packet." || k.SpecID != 0x27 {
		t.Errorf("%+v", k)
	}
	if !all[4].Repeatable || !all[8].Secret || all[8].Max != 8 || len(all[0].Aliases) != 1 || len(all[5].AlsoAs) != 1 {
		t.Errorf("%+v", all)
	}
}

// A bag without secrets shows what was given instead of an object.
func TestNotObjectIsQuoted(t *testing.T) {
	b := config.NewBag[config.Tri](config.BagBool("A", identity[config.Tri]))
	wantFault(t, b.Set(new(config.Tri), `["x"]`), 10022, `"[\"x\"]"`, `{"A":"..."}`)
}

func TestEmptyBag(t *testing.T) {
	b, none := config.NewBag[struct{}](), new(struct{})
	if err := b.Set(none, "{}"); err != nil || b.Text(none) != "" {
		t.Error(err, b.Text(none))
	}
	wantFault(t, b.Set(none, "x"), 10022)
	wantFault(t, b.Set(none, `{"a":1}`), 10022, `"a"`)
}

// Fields that the component fills from a packet may hold what Set would refuse.
func TestBagTextOfForeignValues(t *testing.T) {
	d := newDevice()
	d.content = "\xff\x00"
	d.props = []config.Pair{{Name: "a:b", Value: "\xff"}, {}}
	text := deviceBag.Text(d)
	if want := `{"UserProperty":"a:b:\ufffd","UserProperty":":","ContentType":"\ufffd\u0000"}`; text != want {
		t.Errorf("%s, want %s", text, want)
	}
	if !json.Valid([]byte(text)) {
		t.Error("not JSON")
	}
}

func TestTri(t *testing.T) {
	for _, test := range []struct {
		t, want config.Tri
		text    string
	}{
		{*new(config.Tri), config.TriUnset, ""},
		{config.TriOf(false), config.TriFalse, "false"},
		{config.TriOf(true), config.TriTrue, "true"},
	} {
		if test.t != test.want || test.t.String() != test.text {
			t.Errorf("%d %s, want %d %s", test.t, test.t, test.want, test.text)
		}
	}
}

func TestReadOnlyBag(t *testing.T) {
	reason := "busy"
	bag := config.NewBag[string](config.BagString("ReasonString", identity[string], nil))
	r := config.NewTable(new(string), config.JSON(config.Setting{Name: "ConnAckProperties", ReadOnly: true}, identity[string], bag)).Of(&reason)
	_, err := r.Config(`ConnAckProperties={"ReasonString":"x"}`)
	wantFault(t, err, 211, "ConnAckProperties")
	if got, err := r.Config("connackproperties"); err != nil || got != `{"ReasonString":"busy"}` {
		t.Error(got, err)
	}
}
