package mqtt_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
)

// arguments are what the matrices call the methods with that have parameters. A new method fails TestMatrixArguments
// until it has a row here.
func arguments(ctx context.Context) map[string][]any {
	return map[string][]any{
		"Auth":                   {true, mqtt.AuthProperties{}},
		"Config":                 {"LogLevel=3"},
		"ConnectContext":         {ctx},
		"ConnectTo":              {"a", 1},
		"DisconnectWith":         {4, mqtt.DisconnectProperties{}},
		"Handle":                 {"not/a", func(*mqtt.MessageInEventArgs) {}},
		"LoadConfig":             {io.Reader(strings.NewReader("LogLevel=3"))},
		"PublishAndWait":         {"a", 1, []byte("z")},
		"PublishAndWaitWith":     {"a", 1, []byte("z"), mqtt.PublishProperties{}},
		"PublishData":            {"a", 1, []byte("z")},
		"PublishMessage":         {"a", 1, "z"},
		"PublishWith":            {"a", 1, []byte("z"), mqtt.PublishProperties{}},
		"RestoreSession":         {"a"},
		"Run":                    {ctx},
		"SaveConfig":             {io.Discard, false},
		"SetCleanSession":        {true},
		"SetClientId":            {"a"},
		"SetConnected":           {false},
		"SetFirewall":            {(*firewall.Firewall)(nil)},
		"SetKeepAliveInterval":   {1},
		"SetLocalHost":           {"a"},
		"SetLocalPort":           {1},
		"SetPassword":            {"a"},
		"SetRemoteHost":          {"a"},
		"SetRemotePort":          {1},
		"SetSSLAcceptServerCert": {(*certificate.Certificate)(nil)},
		"SetSSLCert":             {(*certificate.Certificate)(nil)},
		"SetSSLEnabled":          {true},
		"SetSSLProvider":         {mqtt.SslpInternal},
		"SetTLSConfig":           {(*tls.Config)(nil)},
		"SetTimeout":             {1},
		"SetUser":                {"a"},
		"SetVersion":             {mqtt.MvV5},
		"SetWillMessage":         {"a"},
		"SetWillTopic":           {"a"},
		"Subscribe":              {"a", 1},
		"SubscribeAndWait":       {"a", 1},
		"SubscribeMany":          {[]mqtt.Subscription{{TopicFilter: "a", QOS: 1}}, mqtt.SubscribeProperties{}},
		"SubscribeWith":          {"a", 1, mqtt.SubscribeProperties{}},
		"Unsubscribe":            {"a"},
		"UnsubscribeWith":        {"a", mqtt.UnsubscribeProperties{}},
	}
}

// method is one exported method with arguments that make sense.
type method struct {
	name string
	call func(ctx context.Context, m *mqtt.MQTT) error
}

// allMethods is made from the exported API, so that a new method cannot be forgotten.
func allMethods() []method {
	typ := reflect.TypeFor[*mqtt.MQTT]()
	var list []method
	for i := range typ.NumMethod() {
		decl := typ.Method(i)
		list = append(list, method{decl.Name, func(ctx context.Context, m *mqtt.MQTT) error {
			in := []reflect.Value{reflect.ValueOf(m)}
			for _, argument := range arguments(ctx)[decl.Name] {
				in = append(in, reflect.ValueOf(argument))
			}
			out := decl.Func.Call(in)
			if n := len(out); n > 0 {
				if err, is := out[n-1].Interface().(error); is {
					return err
				}
			}
			return nil
		}})
	}
	return list
}

// The table of arguments fits the exported API: no method lacks arguments, no row lacks a method.
func TestMatrixArguments(t *testing.T) {
	table := arguments(t.Context())
	typ := reflect.TypeFor[*mqtt.MQTT]()
	for i := range typ.NumMethod() {
		decl := typ.Method(i)
		row, there := table[decl.Name]
		delete(table, decl.Name)
		var want, got []string
		for p := 1; p < decl.Type.NumIn(); p++ {
			want = append(want, decl.Type.In(p).String())
		}
		for p, argument := range row {
			given := reflect.TypeOf(argument)
			if p+1 < decl.Type.NumIn() && given.AssignableTo(decl.Type.In(p+1)) {
				given = decl.Type.In(p + 1)
			}
			got = append(got, given.String())
		}
		if there != (len(want) > 0) || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s takes %v, the table has %v: give it a row in arguments", decl.Name, want, got)
		}
	}
	for name := range table {
		t.Errorf("arguments has %s, which is not a method", name)
	}
}
