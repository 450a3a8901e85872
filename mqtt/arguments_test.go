package mqtt_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// harmless are arguments that each method with arguments takes, while connected unless it says so itself.
var harmless = map[string][]any{
	"Config":             {"Retain"},
	"ConnectTo":          {"h", 1},
	"PublishData":        {"t", 1, []byte("x")},
	"PublishMessage":     {"t", 1, "x"},
	"RestoreSession":     {""},
	"Subscribe":          {"t", 1},
	"Unsubscribe":        {"t"},
	"PublishAndWait":     {"t", 1, []byte("x")},
	"PublishAndWaitWith": {"t", 1, []byte("x"), mqtt.PublishProperties{}},
	"SubscribeAndWait":   {"t", 1},
	"SubscribeMany":      {[]mqtt.Subscription{{TopicFilter: "t", QOS: 1}}, mqtt.SubscribeProperties{}},
	"PublishWith":        {"t", 1, []byte("x"), mqtt.PublishProperties{}},
	"SubscribeWith":      {"t", 1, mqtt.SubscribeProperties{}},
	"UnsubscribeWith":    {"t", mqtt.UnsubscribeProperties{}},
	"DisconnectWith":     {4, mqtt.DisconnectProperties{}},
	"Auth":               {true, mqtt.AuthProperties{}},
}

// badArgument are values for one argument of a method that are refused, and with which number.
type badArgument struct {
	method   string
	position int
	code     int
	values   []any
}

func hostileArguments() []badArgument {
	long, megabyte := strings.Repeat("x", 65536), strings.Repeat("x", 1<<20)
	noText := []string{"\xff", "\xed\xa0\x80", "a\x00b", long, megabyte, strings.Repeat("\xff", 1<<20)}
	texts := func(more ...string) (list []any) {
		for _, s := range append(more, noText...) {
			list = append(list, s)
		}
		return list
	}
	topics := texts("", "+", "a/#", "#", "a/+/b")
	filters := texts("", "a+", "a/b#", "#/a", "a/#/b", "+a", "a,,b", "a,", ",", strings.Repeat(",", 1<<20), "$share/", "$share/a", "$share//a", "$share/a+/b", "$share/g/")
	noQoS := []any{-1, 3, 128, 256, math.MinInt, math.MaxInt}
	pairs := func(text string) [][]mqtt.UserProperty {
		return [][]mqtt.UserProperty{{{Name: text}}, {{Value: text}}, {{Name: "a", Value: "b"}, {Name: "a", Value: text}}}
	}
	list := []badArgument{
		{"Config", 0, 10022, texts("", "=", "Retain=2", "NoSuchSetting=1")},
		{"ConnectTo", 0, 101, texts("")},
		{"ConnectTo", 1, 101, []any{0, -1, 65536}},
		{"RestoreSession", 0, 504, texts("", "x", "{}", "[]", "null", strings.Repeat("{", 1<<20))},
	}
	for _, method := range []string{"PublishData", "PublishMessage", "PublishAndWait", "PublishWith", "PublishAndWaitWith"} {
		list = append(list, badArgument{method, 0, 502, topics}, badArgument{method, 1, 505, noQoS})
	}
	for _, method := range []string{"Subscribe", "SubscribeWith", "SubscribeAndWait", "Unsubscribe", "UnsubscribeWith"} {
		list = append(list, badArgument{method, 0, 503, filters})
	}
	list = append(list, badArgument{"Subscribe", 1, 505, noQoS}, badArgument{"SubscribeWith", 1, 505, noQoS}, badArgument{"SubscribeAndWait", 1, 505, noQoS})

	publish, subscribe, disconnect, auth := badArgument{"PublishWith", 3, 10022, nil}, badArgument{"SubscribeWith", 2, 10022, nil},
		badArgument{"DisconnectWith", 1, 10022, nil}, badArgument{"Auth", 1, 10022, nil}
	unsubscribe := badArgument{"UnsubscribeWith", 1, 10022, nil}
	add := func(a *badArgument, v any) { a.values = append(a.values, v) }
	for _, n := range []int{-1, 2, math.MaxInt} {
		add(&publish, mqtt.PublishProperties{PayloadFormatIndicator: n})
	}
	for _, n := range []int{-1, 65536, math.MinInt, math.MaxInt} {
		add(&publish, mqtt.PublishProperties{TopicAlias: n})
	}
	for _, n := range []int{-1, math.MinInt} {
		add(&publish, mqtt.PublishProperties{MessageExpInterval: n})
		add(&disconnect, mqtt.DisconnectProperties{SessionExpInterval: &n})
	}
	for _, n := range []int{-1, 268435456, math.MinInt, math.MaxInt} {
		add(&subscribe, mqtt.SubscribeProperties{SubscriptionIdentifier: n})
	}
	for _, n := range []int{-1, 3, 4, math.MinInt, math.MaxInt} {
		add(&subscribe, mqtt.SubscribeProperties{RetainHandling: n})
	}
	add(&publish, mqtt.PublishProperties{CorrelationData: make([]byte, 65536)})
	add(&auth, mqtt.AuthProperties{AuthData: make([]byte, 1<<20)})
	for _, text := range noText {
		add(&publish, mqtt.PublishProperties{ContentType: text})
		add(&disconnect, mqtt.DisconnectProperties{ReasonString: text})
		add(&auth, mqtt.AuthProperties{ReasonString: text})
		add(&auth, mqtt.AuthProperties{AuthMethod: text})
		for _, user := range pairs(text) {
			add(&publish, mqtt.PublishProperties{UserProperties: user})
			add(&subscribe, mqtt.SubscribeProperties{UserProperties: user})
			add(&unsubscribe, mqtt.UnsubscribeProperties{UserProperties: user})
			add(&disconnect, mqtt.DisconnectProperties{UserProperties: user})
			add(&auth, mqtt.AuthProperties{UserProperties: user})
		}
	}
	responseTopic := badArgument{"PublishWith", 3, 502, nil}
	for _, topic := range topics[1:] {
		add(&responseTopic, mqtt.PublishProperties{ResponseTopic: topic.(string)})
	}
	publishAndWait, subscribeMany := publish, subscribe
	publishAndWait.method = "PublishAndWaitWith"
	subscribeMany.method, subscribeMany.position = "SubscribeMany", 1
	return append(list, publishAndWait, subscribeMany, publish, subscribe, unsubscribe, disconnect, auth, responseTopic,
		badArgument{"PublishWith", 3, 500, []any{mqtt.PublishProperties{TopicAlias: 3}}}, // the server takes two
		badArgument{"DisconnectWith", 0, 10022, []any{-1, 1, 2, 132, 142, 146, 154, 255, 256, 260, math.MinInt, math.MaxInt}},
		badArgument{"Auth", 1, 500, []any{mqtt.AuthProperties{AuthMethod: "other"}}},
	)
}

// Every argument of every method with everything that it cannot be, while connected: nothing is sent, nothing fires,
// nothing changes, and the connection stands.
func TestHostileArguments(t *testing.T) {
	rows := hostileArguments()
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		config(t, r.M, `ConnectProperties={"AuthenticationMethod":"m"}`)
		c := r.Connect(s, func(c *mqtttest.Conn) []byte {
			return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 2).AppendString(packet.PropAuthenticationMethod, "m"))
		})
		r.Take()
		documented := make(map[string][]string)
		for _, row := range facts(t, "methods.tsv") {
			documented[row["name"]] = strings.Fields(row["errors"])
		}
		for _, row := range rows {
			if !slices.Contains(documented[row.method], strconv.Itoa(row.code)) {
				t.Errorf("%s: %d is not documented", row.method, row.code)
			}
			for _, v := range row.values {
				before := snapshot(r.M)
				wantFault(t, call(r.M, row.method, row.position, v), row.code)
				wantUnchanged(t, r.M, before, row.method)
				synctest.Wait()
				c.ExpectNothing()
				if !r.M.Connected() || r.M.OutgoingMessages().Count() != 0 {
					t.Error("the connection has ended, or a message was kept")
				}
				if t.Failed() {
					t.Fatalf("%s with argument %d = %.100q", row.method, row.position, v)
				}
			}
		}
		r.Pump()
		r.Want(nil)
		c.Close()
	})
}

// call calls a method with harmless arguments but for one.
func call(m *mqtt.MQTT, method string, position int, value any) error {
	args := slices.Clone(harmless[method])
	args[position] = value
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
	}
	out := reflect.ValueOf(m).MethodByName(method).Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// The tables above have every argument that can be bad.
func TestHostileArgumentsAreComplete(t *testing.T) {
	rows := hostileArguments()
	v := reflect.ValueOf(mqtt.New())
	for i := range v.NumMethod() {
		name, typ := v.Type().Method(i).Name, v.Method(i).Type()
		if strings.HasPrefix(name, "Set") {
			continue // TestSetters
		}
		for position := range typ.NumIn() {
			kind := typ.In(position).Kind()
			if name == "Handle" {
				continue // it returns no error; TestHandleBadFilter
			}
			isText := name == "PublishMessage" && position == 2 // every text is a payload
			if kind != reflect.String && kind != reflect.Int && kind != reflect.Struct || isText {
				continue
			}
			if !slices.ContainsFunc(rows, func(a badArgument) bool { return a.method == name && a.position == position }) {
				t.Errorf("%s: argument %d is not tried", name, position)
			}
		}
	}
}

// Every text is a payload, however large, and every payload of a QoS arrives as it is.
func TestHostilePayloads(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		var got []string
		latest := s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() == packet.PUBLISH {
				publish, _ := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
				got = append(got, string(publish.Payload))
			}
			return true
		})
		must(t, r.M.Connect())
		for _, payload := range append(hostileTexts, strings.Repeat("\xff", 5<<20)) {
			for qos := range 3 {
				got = nil
				must(t, r.M.PublishMessage("t", qos, payload))
				must(t, r.M.PublishAndWait("t", qos, []byte(payload)))
				synctest.Wait()
				if !slices.Equal(got, []string{payload, payload}) {
					t.Errorf("QoS %d: %.50q arrived as %.50q", qos, payload, got)
				}
			}
		}
		latest().Close()
	})
}

// Control characters and non-characters are refused before anything is accepted, since mosquitto ends the connection
// because of them, each time that the message is sent again. AllowControlCharacters sends them.
func TestControlCharactersInTopics(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		must(t, r.M.SetWillTopic("will\x7f"))
		wantCode(t, r.M.Connect(), 502)
		must(t, r.M.SetWillTopic(""))
		c := r.Connect(s, nil)
		const junk = "junk/\t"
		calls := []struct {
			code int
			call func() error
		}{
			{502, func() error { return r.M.PublishMessage(junk, 1, "x") }},
			{502, func() error { return r.M.PublishMessage("\uFFFE", 0, "x") }},
			{503, func() error { return r.M.Subscribe(junk, 1) }},
			{503, func() error { return r.M.Unsubscribe(junk) }},
		}
		for _, row := range calls {
			err := row.call()
			wantCode(t, err, row.code)
			if !strings.Contains(fmt.Sprint(err), "AllowControlCharacters") {
				t.Errorf("the error is %v", err)
			}
		}
		c.ExpectNothing()
		if n := r.M.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d messages were accepted", n)
		}
		config(t, r.M, "AllowControlCharacters=True")
		for _, row := range calls {
			must(t, row.call())
		}
		if p := c.ExpectPublish(); string(p.Topic) != junk {
			t.Errorf("topic %q", p.Topic)
		}
		must(t, r.M.Interrupt())
	})
}
