package mqtt_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// assignedBags are the rows of testdata/bags.tsv that a program assigns; without those of the properties, whose keys do not
// stand for themselves: TestSettings has them.
func assignedBags(t *testing.T) (keys []fact) {
	for _, row := range facts(t, "bags.tsv") {
		if row["bag"] != "ConnAckProperties" && row["origin"] != "ours" {
			keys = append(keys, row)
		}
	}
	return keys
}

// spellings are ways to write a value of a key in JSON; value is what is read back.
func spellings(key fact) (value string, written []string) {
	switch key["type"] {
	case "int", "int64":
		n := key["max"]
		v, _ := strconv.ParseInt(n, 10, 64)
		return n, []string{n, `"` + n + `"`, `" ` + n + ` "`, fmt.Sprintf(`"0x%X"`, v)}
	case "bool":
		return "true", []string{"true", `"true"`, `"True"`, `"yes"`, `"1"`, "1"}
	case "hex":
		return "ff01", []string{`"ff01"`, `"FF01"`, `"\u0066f01"`}
	case "name:value":
		return "a:b:c", []string{`"a:b:c"`, `"\u0061:b:c"`, `["a:b:c"]`, `{"a":"b:c"}`, `[{"a":"b:c"}]`}
	}
	return "a/ü", []string{`"a/ü"`, `"a\/\u00fc"`}
}

// Each key: every spelling of its value and of its name; "" takes it back, -1 an integer too.
func TestBagKeys(t *testing.T) {
	for _, key := range assignedBags(t) {
		t.Run(key["bag"]+"/"+key["key"], func(t *testing.T) {
			m := recorded(t)
			value, written := spellings(key)
			want := fmt.Sprintf(`{"%s":"%s"}`, key["key"], value)
			names := append(strings.Fields(key["also"]+" "+key["aliases"]), key["key"], strings.ToUpper(key["key"]), strings.ToLower(key["key"]))
			resets := []string{`""`}
			if strings.HasPrefix(key["type"], "int") {
				resets = append(resets, "-1", `"-1"`, `" -1 "`)
			}
			for _, name := range names {
				for _, spelling := range written {
					config(t, m, fmt.Sprintf(` %s = { "%s" : %s } `, key["bag"], name, spelling))
					if got := config(t, m, key["bag"]); got != want {
						t.Errorf("%s: %s reads back as %s, want %s", name, spelling, got, want)
					}
				}
				for _, reset := range resets {
					config(t, m, fmt.Sprintf(`%s={"%s":%s}`, key["bag"], key["key"], written[0]))
					config(t, m, fmt.Sprintf(`%s={"%s":%s}`, key["bag"], name, reset))
					if got := config(t, m, key["bag"]); got != "" {
						t.Errorf("after %s:%s it is %s", name, reset, got)
					}
				}
			}
		})
	}
}

// Each key with everything that it cannot be: refused with its number, the key and the bag are named, nothing changed.
func TestHostileBagValues(t *testing.T) {
	for _, key := range assignedBags(t) {
		t.Run(key["bag"]+"/"+key["key"], func(t *testing.T) {
			m := recorded(t)
			_, written := spellings(key)
			config(t, m, fmt.Sprintf(`%s={"%s":%s}`, key["bag"], key["key"], written[0]))
			code, _ := strconv.Atoi(key["bad"])
			before := snapshot(m)
			for _, value := range hostileJSON(key) {
				for _, object := range []string{`{"%s":%s}`, `{"UserProperty":"x:y","%s":%s}`} { // nothing means also not the others
					if key["key"] == "UserProperty" && strings.Contains(object, "x:y") {
						continue
					}
					_, err := m.Config(key["bag"] + "=" + fmt.Sprintf(object, key["key"], value))
					wantFault(t, err, code, key["key"], key["bag"])
					if key["key"] == "AuthenticationData" && err != nil && strings.Contains(err.Error(), "5ec7") {
						t.Errorf("%v tells the secret", err)
					}
					wantUnchanged(t, m, before, value)
					if t.Failed() {
						t.Fatalf("the value was %.100q", value)
					}
				}
			}
		})
	}
}

// hostileJSON are values that a key does not take.
func hostileJSON(key fact) []string {
	list := []string{"null", `["1"]`, "-2", "1.5", "1e400"}
	if key["type"] != "name:value" {
		list = append(list, "[]", "{}", `{"a":"1"}`)
	}
	long := strings.Repeat("x", 65536)
	switch key["type"] {
	case "int", "int64":
		least, _ := strconv.ParseInt(key["min"], 10, 64)
		most, _ := strconv.ParseInt(key["max"], 10, 64)
		for _, n := range []int64{least - 1, most + 1, -2} {
			if n != -1 {
				list = append(list, strconv.FormatInt(n, 10), `"`+strconv.FormatInt(n, 10)+`"`)
			}
		}
		list = append(list, "true", `"x"`, `"1.5"`, `"1x"`, `"0x"`, `"--1"`, "99999999999999999999", `"`+strings.Repeat("9", 1<<20)+`"`)
	case "bool":
		list = append(list, "2", `"2"`, `"1.5"`, `"x"`, `"tru"`, `"`+long+`"`)
	case "hex":
		list = append(list, "5", "true", `"f"`, `"xy"`, `"0x01"`, `"ff 01"`, `"`+strings.Repeat("ff", 65536)+`"`, `"5ec7zz"`, `"5ec7f"`)
	case "name:value":
		list = append(list, "5", "true", `"a"`, `"a\u0000:b"`, `"a:\u0000"`, `"`+long+`:"`, `":`+long+`"`, `["a:b",5]`, `["a:b",""]`, `[["a:b"]]`, `[{"a":1}]`, `{"a":null}`, `{"a":["b"]}`, `{"a\u0000":"b"}`, `{"`+long+`x":""}`)
	default:
		list = append(list, "5", "true", `"a\u0000"`, `"`+long+`"`, `"`+strings.Repeat("x", 1<<20)+`"`)
		if key["bad"] == "502" {
			list = append(list, `"+"`, `"a/#"`, `"a/+/b"`)
		}
	}
	return list
}

// The rules of all bags: what an assignment changes, and what is none.
func TestBagRules(t *testing.T) {
	const bag = "OutgoingMessageProperties"
	const start = `{"ContentType":"c","UserProperty":"a:1","UserProperty":"b:2","TopicAlias":"5"}`
	for _, row := range []struct{ set, want string }{ // want "" = refused
		{`{"TopicAlias":"6"}`, `{"ContentType":"c","UserProperty":"a:1","UserProperty":"b:2","TopicAlias":"6"}`},
		{`{"UserProperty":"n:v"}`, `{"ContentType":"c","UserProperty":"n:v","TopicAlias":"5"}`},
		{`{"UserProperty":"b:","UserProperty":":a","userproperties":"b:"}`, `{"ContentType":"c","UserProperty":"b:","UserProperty":":a","UserProperty":"b:","TopicAlias":"5"}`},
		{`{"UserProperty":"a:b:c=d, e"}`, `{"ContentType":"c","UserProperty":"a:b:c=d, e","TopicAlias":"5"}`},
		{`{"UserProperty":""}`, `{"ContentType":"c","TopicAlias":"5"}`},
		{`{"TopicAlias":-1,"ContentType":""}`, `{"UserProperty":"a:1","UserProperty":"b:2"}`},
		{`{}`, start},
		{`{"UserProperty":"","UserProperty":"a:b"}`, ""},
		{`{"TopicAlias":"6","TopicAlias":"6"}`, ""},
		{`{"TopicAlias":"6","topicalias":"7"}`, ""},
		{`{"MessageExpInterval":"6","MessageExpiryInterval":"6"}`, ""},
		{`{"TopicAlias":"6","NoSuchKey":"7"}`, ""},
		{`{"NoSuchKey":"7","TopicAlias":"6"}`, ""},
		{`{"ReponseTopic":"r"}`, ""}, // only WillProperties knows this spelling
		{`{"TopicAlias":"6"`, ""},
		{`{"TopicAlias":"6"},`, ""},
		{`{"TopicAlias":"6"}{"ContentType":"d"}`, ""},
		{`{TopicAlias:6}`, ""},
		{`"TopicAlias"`, ""},
		{`["TopicAlias"]`, ""},
	} {
		t.Run(row.set, func(t *testing.T) {
			m := recorded(t)
			config(t, m, bag+"="+start)
			before := snapshot(m)
			if row.want == "" {
				_, err := m.Config(bag + "=" + row.set)
				wantCode(t, err, 10022)
				if err != nil && !strings.Contains(err.Error(), bag) {
					t.Errorf("%v does not name the setting", err)
				}
				wantUnchanged(t, m, before, row.set)
				return
			}
			config(t, m, bag+"="+row.set)
			if got := config(t, m, bag); got != row.want {
				t.Errorf("it is %s, want %s", got, row.want)
			}
			again := config(t, m, bag)
			config(t, m, bag+"="+again) // what is read can be assigned
			if got := config(t, m, bag); got != again {
				t.Errorf("%s assigned becomes %s", again, got)
			}
			config(t, m, bag+"=")
			if got := config(t, m, bag); got != "" {
				t.Errorf("after an empty value it is %s", got)
			}
		})
	}
}

// Both spellings of the documentation's two misspelt keys.
func TestMisspeltKeys(t *testing.T) {
	m := recorded(t)
	for _, key := range []string{"ReponseTopic", "ResponseTopic", "reponsetopic"} {
		config(t, m, `WillProperties={"`+key+`":"r"}`)
		if got := config(t, m, "WillProperties"); got != `{"ResponseTopic":"r"}` {
			t.Errorf("%s: %s", key, got)
		}
		config(t, m, "WillProperties=")
	}
	_, err := m.Config(`WillProperties={"ReponseTopic":"r","ResponseTopic":"s"}`)
	wantFault(t, err, 10022, "ResponseTopic", "WillProperties")
}

// bagText is a bag with every key that the table has for it, and the keys.
func bagText(t *testing.T, bag string) (text string, keys []fact) {
	var members []string
	for _, key := range facts(t, "bags.tsv") {
		if key["bag"] == bag {
			value, _ := spellings(key)
			members = append(members, fmt.Sprintf("%q:%q", key["key"], value))
			keys = append(keys, key)
		}
	}
	return "{" + strings.Join(members, ",") + "}", keys
}

// wantProperties compares the properties of a packet with what a bag was given, key by key, and nothing else.
func wantProperties(t *testing.T, p packet.Properties, keys []fact, but ...string) {
	t.Helper()
	size := 0
	for _, key := range keys {
		spec, _ := strconv.ParseUint(key["spec"], 0, 8)
		id := packet.PropertyID(spec)
		want, _ := spellings(key)
		var got string
		switch key["type"] {
		case "int", "int64":
			v, _ := p.Uint(id)
			got = strconv.FormatUint(uint64(v), 10)
		case "bool":
			v, _ := p.Uint(id)
			got = strconv.FormatBool(v == 1)
		case "hex":
			v, _ := p.Bytes(id)
			got = hex.EncodeToString(v)
		case "name:value":
			for name, value := range p.UserProperties() {
				got += string(name) + ":" + string(value)
			}
		default:
			v, _ := p.Bytes(id)
			got = string(v)
		}
		if len(but) > 0 && key["key"] == but[0] {
			want = ""
		}
		if got != want {
			t.Errorf("%s arrived as %q, want %q", key["key"], got, want)
		}
		size += len(p) - len(p.Without(id))
	}
	if size != len(p) {
		t.Errorf("there are further properties: % X", p)
	}
}

// Every key of every bag arrives in its packet.
func TestBagsOnTheWire(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		m := r.M
		connect, connectKeys := bagText(t, "ConnectProperties")
		will, willKeys := bagText(t, "WillProperties")
		outgoing, outgoingKeys := bagText(t, "OutgoingMessageProperties")
		disconnect, disconnectKeys := bagText(t, "DisconnectProperties")
		config(t, m, "ConnectProperties="+connect)
		config(t, m, "WillProperties="+will)
		config(t, m, "OutgoingMessageProperties="+outgoing)
		must(t, m.SetWillTopic("w"))
		done := r.Start(m.Connect)
		c := s.Accept(t)
		sent := c.ExpectConnect()
		wantProperties(t, sent.Properties, connectKeys)
		wantProperties(t, sent.Will.Properties, willKeys)
		c.SendConnack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 65535).AppendString(packet.PropAuthenticationMethod, "a/ü"))
		must(t, r.Join(done))

		must(t, m.PublishMessage("t", 0, "x"))
		wantProperties(t, c.ExpectPublish().Properties, outgoingKeys)
		config(t, m, "OutgoingMessageProperties=")
		must(t, m.PublishMessage("t", 0, "x"))
		wantProperties(t, c.ExpectPublish().Properties, nil)

		config(t, m, "DisconnectProperties="+disconnect)
		done = r.Start(m.Disconnect)
		p, err := packet.DecodeDisconnect(packet.V5, packet.FromClient, c.ExpectType(packet.DISCONNECT).Body)
		must(t, err)
		wantProperties(t, p.Properties, disconnectKeys, "ServerReference") // the server's alone
		c.Close()
		must(t, r.Join(done))
	})
}

// ConnAckProperties: every property of CONNACK under its documented name and in the documented order; the three booleans
// also when they were absent, with their defaults.
func TestConnAckProperties(t *testing.T) {
	_, keys := bagText(t, "ConnAckProperties")
	for _, all := range []bool{true, false} {
		bubble.Test(t, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			config(t, r.M, `ConnectProperties={"AuthenticationMethod":"a/ü"}`)
			var p packet.Properties
			var want []string
			for _, key := range keys {
				spec, _ := strconv.ParseUint(key["spec"], 0, 8)
				id, value := packet.PropertyID(spec), "a/ü"
				switch key["type"] {
				case "int", "int64":
					value = "1"
					p = p.AppendUint(id, 1)
				case "bool":
					value = "false"
					p = p.AppendUint(id, 0)
				case "hex":
					value = "ff01"
					p = p.AppendBytes(id, []byte{0xFF, 1})
				case "name:value":
					value = "a:b:c"
					p = p.AppendUserProperty("a", "b:c").AppendUserProperty("a", "")
				default:
					p = p.AppendString(id, value)
				}
				if !all {
					if value = key["default"]; value == "" {
						continue
					}
				}
				quoted, _ := json.Marshal(value)
				for name := range strings.FieldsSeq(key["key"] + " " + key["also"]) {
					want = append(want, fmt.Sprintf("%q:%s", name, quoted))
				}
			}
			if all {
				want = append(want, `"UserProperty":"a:"`)
			} else {
				p = packet.Properties(nil).AppendString(packet.PropAuthenticationMethod, "a/ü")
				want = append(want, `"AuthenticationMethod":"a/ü"`)
			}
			c := r.Connect(s, func(c *mqtttest.Conn) []byte { return c.Connack(false, 0, p) })
			text := "{" + strings.Join(want, ",") + "}"
			if got := config(t, r.M, "ConnAckProperties"); got != text {
				t.Errorf("ConnAckProperties is\n%s, want\n%s", got, text)
			}
			if got := last[mqtt.ConnAckEventArgs](t, r.Trace()).Properties; got != text {
				t.Errorf("ConnAck has\n%s, want\n%s", got, text)
			}
			c.Close()
		})
	}
}
