package mqtt_test

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// bad are values that a setter refuses, and with which number.
type bad struct {
	code   int
	values []any
}

// setterRow is what a setter takes and refuses. Defaults, and the number at the wrong time, stand in
// testdata/properties.tsv.
type setterRow struct {
	name string
	good []any
	bad  []bad
}

func setterRows() []setterRow {
	long, limit, megabyte := strings.Repeat("x", 65536), strings.Repeat("x", 65535), strings.Repeat("x", 1<<20)
	noText := []any{"\xff", "\xed\xa0\x80", "a\x00b", "\x00", long, megabyte, strings.Repeat("\xff", 1<<20)}
	noPort := []any{-1, 65536, math.MinInt, math.MaxInt}
	return []setterRow{
		{"CleanSession", []any{false, true}, nil},
		{"ClientId", []any{"a", "ü", limit, ""}, []bad{{10022, noText}}},
		{"Firewall", []any{firewall.New(), &firewall.Firewall{Host: "h"}}, nil},
		{"KeepAliveInterval", []any{1, 65535, 0}, []bad{{10022, noPort}}},
		{"LocalHost", []any{"127.0.0.1", "a", ""}, []bad{{10022, noText}}},
		{"LocalPort", []any{1, 65535, 0}, []bad{{10022, noPort}}},
		{"Password", []any{"\xff\x00", limit, ""}, []bad{{10022, []any{long, megabyte}}}},
		{"RemoteHost", []any{"a", "::1", "[::1]", "*a", "tcp://a:1", "mqtts://[::1]:1", "wss://a/mqtt?x=y", "unix:///run/mqtt", "127.0.0.1", ""}, []bad{
			{10022, noText},
			{10022, []any{"tcp://u:p@a", "tcp://u@a", "tcp://a:0", "tcp://a:65536", "tcp://a:-1", "tcp://a:x", "tcp://a:" + strings.Repeat("9", 60000), "tcp://[::1", "tcp://a%zz", "tcp://\xff", "tcp://a\x00", "unix://", "unix://h/" + limit[9:]}},
			{152, []any{"mqtt://", "ws:///path", "tcp://:1", "ws:///" + limit[6:]}},
			{153, []any{"http://a", "://a", limit[4:] + "://a", "tcp ://a"}},
		}},
		{"RemotePort", []any{0, 65535, 1883}, []bad{{10022, noPort}}},
		{"SSLAcceptServerCert", []any{certificate.New()}, nil},
		{"SSLCert", []any{certificate.New()}, nil},
		{"SSLEnabled", []any{true, false}, nil},
		{"SSLProvider", []any{mqtt.SslpPlatform, mqtt.SslpInternal, mqtt.SslpAutomatic}, []bad{{10022, []any{mqtt.MQTTSSLProviders(-1), mqtt.MQTTSSLProviders(3), mqtt.MQTTSSLProviders(math.MaxInt)}}}},
		{"Timeout", []any{0, 1, math.MaxInt32, 60}, []bad{{10022, []any{-1, math.MinInt}}}},
		{"User", []any{"a", limit, ""}, []bad{{10022, noText}}},
		{"Version", []any{mqtt.MvV5, mqtt.MvV3}, []bad{{10022, []any{mqtt.MQTTVersions(-1), mqtt.MQTTVersions(2), mqtt.MQTTVersions(math.MinInt)}}}},
		{"WillMessage", []any{"a", "\xff\x00", limit, ""}, []bad{{10040, []any{long, megabyte}}}},
		{"WillTopic", []any{"a/b", limit, ""}, []bad{{502, append([]any{"#", "a/#", "a+", "+"}, noText...)}}},
	}
}

// setter calls Set<name>, getter <name>.
func setter(m *mqtt.MQTT, name string, value any) error {
	err, _ := reflect.ValueOf(m).MethodByName("Set" + name).Call([]reflect.Value{reflect.ValueOf(value)})[0].Interface().(error)
	return err
}

func getter(m *mqtt.MQTT, name string) any {
	return reflect.ValueOf(m).MethodByName(name).Call(nil)[0].Interface()
}

// Each property: what it accepts, what it refuses with which number, and when it is fixed. A refused value changes
// nothing.
func TestSetters(t *testing.T) {
	documented := make(map[string]fact)
	for _, row := range facts(t, "properties.tsv") {
		documented[row["name"]] = row
	}
	rows := setterRows()
	for _, row := range rows {
		numbers := strings.Fields(documented[row.name]["bad"])
		fixed, _ := strconv.Atoi(documented[row.name]["fixed"])
		t.Run(row.name, func(t *testing.T) {
			m := recorded(t)
			for _, bad := range row.bad {
				if !slices.Contains(numbers, strconv.Itoa(bad.code)) {
					t.Errorf("%d is not documented", bad.code)
				}
				for _, v := range bad.values {
					before := snapshot(m)
					wantFault(t, setter(m, row.name, v), bad.code, row.name)
					wantUnchanged(t, m, before, row.name)
					if t.Failed() {
						t.Fatalf("the value was %.100q", v)
					}
				}
			}
			for _, v := range row.good {
				must(t, setter(m, row.name, v))
				if got := getter(m, row.name); got != v {
					t.Errorf("it is %v, want %v", got, v)
				}
			}
			wrongTime(t, row, fixed)
		})
	}
	v := reflect.TypeFor[*mqtt.MQTT]()
	for i := range v.NumMethod() {
		name, is := strings.CutPrefix(v.Method(i).Name, "Set")
		if _, property := v.MethodByName(name); is && property && name != "Connected" && !slices.ContainsFunc(rows, func(r setterRow) bool { return r.name == name }) {
			t.Errorf("Set%s has no row", name)
		}
	}
}

// wrongTime tries a setter while connecting and connected.
func wrongTime(t *testing.T, row setterRow, fixed int) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		try := func(when string) {
			t.Helper()
			before := snapshot(r.M)
			for _, bad := range row.bad {
				err := setter(r.M, row.name, bad.values[0])
				if bad.code != fixed && fixed != 0 && err != nil { // which of two faults is told first is not documented
					continue
				}
				wantFault(t, err, bad.code, row.name)
			}
			if err := setter(r.M, row.name, row.good[0]); fixed != 0 {
				wantFault(t, err, fixed, row.name)
				wantUnchanged(t, r.M, before, when)
			} else {
				must(t, err)
			}
		}
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		c.ExpectConnect()
		try("connecting")
		c.SendConnack(false, 0, nil)
		must(t, r.Join(done))
		try("connected")
		c.ExpectNothing()
		c.Close()
		r.WaitFor("Disconnected", 1)
		synctest.Wait()
		must(t, setter(r.M, row.name, row.good[0])) // idle again
	})
}

// SetConnected is Connect and Disconnect.
func TestSetConnected(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		must(t, r.M.SetConnected(false))
		done := r.Start(func() error { return r.M.SetConnected(true) })
		c := s.Accept(t)
		c.ExpectConnect()
		again := func(code int) {
			t.Helper()
			before := snapshot(r.M)
			wantFault(t, r.M.SetConnected(true), code)
			wantFault(t, r.M.Connect(), code)
			wantFault(t, r.M.ConnectTo("b", 2), 101)
			wantUnchanged(t, r.M, before, "Connect")
		}
		again(1105)
		c.SendConnack(false, 0, nil)
		must(t, r.Join(done))
		again(104)
		done = r.Start(func() error { return r.M.SetConnected(false) })
		c.Expect("E0 00")
		c.Close()
		must(t, r.Join(done))
		if r.M.Connected() {
			t.Error("it is connected")
		}
	})
}

// ConnectTo refuses what SetRemoteHost and SetRemotePort refuse, and then sets neither.
func TestConnectToSetsBothOrNeither(t *testing.T) {
	m := recorded(t)
	must(t, m.SetRemoteHost("before"))
	before := snapshot(m)
	for _, row := range setterRows() {
		for _, bad := range row.bad {
			for _, v := range bad.values {
				switch row.name {
				case "RemoteHost":
					wantFault(t, m.ConnectTo(v.(string), 1), bad.code, row.name)
				case "RemotePort":
					wantFault(t, m.ConnectTo("h", v.(int)), bad.code, row.name)
				}
				wantUnchanged(t, m, before, "ConnectTo")
			}
		}
	}
	wantCode(t, m.ConnectTo("", 1), 102)
	wantCode(t, m.ConnectTo("h", 0), 116)
}

// nil is none.
func TestSetNil(t *testing.T) {
	m := recorded(t)
	must(t, m.SetFirewall(&firewall.Firewall{Host: "h"}))
	must(t, m.SetFirewall(nil))
	must(t, m.SetSSLCert(nil))
	must(t, m.SetSSLAcceptServerCert(nil))
	if m.Firewall() == nil || m.Firewall().Host != "" || m.SSLCert() == nil || m.SSLAcceptServerCert() == nil {
		t.Error("nil stays, or the old value")
	}
}

// A will that the code page lacks is refused when it is set; a page is chosen first.
func TestWillMessageOutsideCodePage(t *testing.T) {
	m := recorded(t)
	config(t, m, "CodePage=1252")
	must(t, m.SetWillMessage("ü"))
	before := snapshot(m)
	for _, text := range []string{"日本", "\xff", strings.Repeat("日", 1<<19)} {
		wantFault(t, m.SetWillMessage(text), 434)
		wantUnchanged(t, m, before, text)
	}
	must(t, m.SetWillMessage(strings.Repeat("ü", 65535))) // one byte each
	wantFault(t, m.SetWillMessage(strings.Repeat("ü", 65536)), 10040, "WillMessage")
}
