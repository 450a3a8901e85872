package mqtt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// settingRow is a row of the documentation: the default, values that are accepted (with what is read back, when that
// differs, behind "->"), and values that are refused with a number.
type settingRow struct {
	name, def string
	good      []string
	bad       []string
	code      int // of the bad ones; 0 = 10022
}

var (
	bools    = []string{"True", "true -> True", "1 -> True", "YES -> True", "False", "no -> False", "0 -> False"}
	badBools = []string{"2", "x", "-1"}
)

var settingRows = []settingRow{
	{"TopicDelimiter", ",", []string{";", "--"}, []string{""}, 0},
	{"TopicQOSArray", "", []string{"0,1,2", "1, 2 -> 1,2", "2", ""}, []string{"3", "-1", "0,3", "x"}, 505},
	{"TopicNLArray", "", []string{"True,False", ""}, []string{"x", "True,2"}, 0},
	{"TopicRAPArray", "", []string{"False,True", ""}, []string{"x"}, 0},
	{"TopicRHArray", "", []string{"0,1,2", ""}, []string{"3", "x", "-1"}, 0},
	{"SubscriptionIdentifier", "-1", []string{"1", "268435455", "0x10 -> 16", "-1"}, []string{"0", "268435456", "-2", "x"}, 0},
	{"Retain", "False", bools, badBools, 0},
	{"Duplicate", "False", bools, badBools, 0},
	{"RepublishInterval", "60", []string{"0", "1", "100000"}, []string{"-1", "x", "1.5"}, 0},
	{"WillQOS", "0", []string{"1", "2", "0"}, []string{"3", "-1"}, 505},
	{"WillRetain", "False", bools, badBools, 0},
	{"ResponseTopic", "", []string{"a/b", ""}, []string{"a/#", "+", "a\x00", "\xff"}, 502},
	{"TopicAlias", "-1", []string{"1", "65535", "-1"}, []string{"0", "65536", "x"}, 0},
	{"ClientTopicAliasMax", "0", []string{"1", "65535", "0"}, []string{"-2", "65536"}, 0},
	{"SessionExpInterval", "0", []string{"1", "4294967295", "-1 -> 0", "0"}, []string{"4294967296", "-2", "x"}, 0},
	{"DisconnectReasonCode", "0", []string{"4", "0x80 -> 128", "153", "0"}, []string{"1", "132", "142", "154", "-1", "256"}, 0},
	{"LogLevel", "1", []string{"0", "1", "2", "3"}, []string{"-1", "4", "x"}, 0},
	{"ConnectionTimeout", "0", []string{"5", "0"}, []string{"-1", "x"}, 0},
	{"TcpNoDelay", "True", bools, badBools, 0},
	{"MaskSensitiveData", "True", bools, badBools, 0},
	{"PublishAndWaitTimeout", "10", []string{"1", "100"}, []string{"0", "-1", "x"}, 0},
	{"PingTimeout", "0", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"InflightLimit", "0", []string{"1", "65535", "0"}, []string{"-1", "65536"}, 0},
	{"SendQueueSize", "1000", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"SelectWaitMillis", "20", []string{"0", "1000"}, []string{"-1", "x"}, 0},
	{"BackgroundEvents", "False", bools, badBools, 0},
	{"OutgoingUserPropCount", "0", []string{"3", "65535", "0"}, []string{"-1", "65536", "x"}, 0},
	{"ConnectProperties", "", []string{`{"ReceiveMaximum":"5"}`, ""}, []string{"x", `{"No":"1"}`, `{"ReceiveMaximum":"0"}`, `{"ReceiveMaximum":"65536"}`, `{"MaximumPacketSize":"0"}`}, 0},
	{"WillProperties", "", []string{`{"WillDelayInterval":"5"}`, ""}, []string{"[]", `{"PayloadFormatIndicator":"2"}`}, 0},
	{"OutgoingMessageProperties", "", []string{`{"ContentType":"a"}`, ""}, []string{"x", `{"TopicAlias":"0"}`, `{"CorrelationData":"xyz"}`}, 0},
	{"OutgoingMessageProperties", "", nil, []string{`{"ResponseTopic":"#"}`}, 502},
	{"DisconnectProperties", "", []string{`{"ReasonString":"a"}`, ""}, []string{"x", `{"SessionExpInterval":"4294967296"}`}, 0},
	{"ConnAckProperties", "", nil, []string{"x", ""}, 211},
	{"OutgoingPacketId", "0", nil, []string{"1"}, 211},
	{"IncomingUserPropCount", "0", nil, []string{"1"}, 211},
	{"IncomingUserPropName[0]", "?", nil, []string{"a"}, 211},
	{"IncomingUserPropValue[0]", "?", nil, []string{"a"}, 211},
	{"ServerTopicAliasMax", "0", nil, []string{"1"}, 211},
	{"SessionPresent", "False", nil, []string{"True"}, 211},
	{"BuildInfo", "?", nil, []string{"x"}, 211},
	{"SendCustomPacket", "", nil, []string{"x", "C", "C0", "C001", "C0 00 00"}, 0},
	{"OutgoingUserPropName[0]", "?", nil, []string{"a"}, 0},
	{"OutgoingUserPropValue[0]", "?", nil, []string{"a"}, 0},
}

// Each setting: its default, what it accepts and reads back, what it refuses without changing anything, and its default
// again after Reset.
func TestSettings(t *testing.T) {
	for _, row := range settingRows {
		t.Run(row.name, func(t *testing.T) {
			m := mqtt.New()
			get := func() string {
				if row.def == "?" {
					return "?"
				}
				return config(t, m, row.name)
			}
			if got := get(); got != row.def {
				t.Errorf("the default is %q, want %q", got, row.def)
			}
			for _, bad := range row.bad {
				_, err := m.Config(row.name + "=" + bad)
				wantCode(t, err, cmpOr(row.code, 10022))
				if got := get(); got != row.def {
					t.Errorf("after %q it is %q", bad, got)
				}
			}
			for _, good := range row.good {
				set, want, differs := strings.Cut(good, " -> ")
				if !differs {
					want = set
				}
				if got := config(t, m, " "+strings.ToUpper(row.name)+" = "+set); got != "" {
					t.Errorf("setting returned %q", got)
				}
				if got := config(t, m, strings.ToLower(row.name)); got != want {
					t.Errorf("after %q it is %q, want %q", set, got, want)
				}
			}
			must(t, m.Reset())
			if got := get(); got != row.def {
				t.Errorf("after Reset it is %q, want %q", got, row.def)
			}
		})
	}
	m := mqtt.New()
	for _, bad := range []string{"", "NoSuchSetting", "NoSuchSetting=1", "=1", "Retain[0]", "OutgoingUserPropName[x]", "OutgoingUserPropName[-1]", "OutgoingUserPropName"} {
		_, err := m.Config(bad)
		wantCode(t, err, 10022)
	}
	for s := range m.Settings().Settings() {
		if !slices.ContainsFunc(settingRows, func(row settingRow) bool {
			name, _, _ := strings.Cut(row.name, "[")
			return name == s.Name
		}) {
			t.Errorf("the setting %s has no row", s.Name)
		}
	}
	if got := config(t, m, "BuildInfo"); !strings.Contains(got, "github.com/iotcomponents/iot") {
		t.Errorf("BuildInfo is %q", got)
	}
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

// The bytes that settings put on the wire.
func TestSettingsOnTheWire(t *testing.T) {
	for _, row := range []struct {
		name     string
		v        []mqtt.MQTTVersions
		settings []string
		do       func(m *mqtt.MQTT) error
		want     string // 3.1.1, or what v says
		want5    string
	}{
		{"Retain", nil, []string{"Retain=True"}, publish(0), "31 04 00 01 74 78", "31 05 00 01 74 00 78"},
		{"Duplicate", nil, []string{"Duplicate=True"}, publish(1), "3A 06 00 01 74 00 01 78", "3A 07 00 01 74 00 01 00 78"},
		{"Duplicate with QoS 0", nil, []string{"Duplicate=True"}, publish(0), "30 04 00 01 74 78", "30 05 00 01 74 00 78"},
		{"ResponseTopic", nil, []string{"ResponseTopic=r"}, publish(0), "30 04 00 01 74 78", "30 09 00 01 74 04 08 00 01 72 78"},
		{"TopicAlias", nil, []string{"TopicAlias=2"}, publish(0), "30 04 00 01 74 78", "30 08 00 01 74 03 23 00 02 78"},
		{"OutgoingUserProp", nil, []string{"OutgoingUserPropCount=2", "OutgoingUserPropName[0]=a", "OutgoingUserPropValue[0]=b", "OutgoingUserPropName[1]=a", "OutgoingUserPropValue[1]=c"}, publish(0), "30 04 00 01 74 78", "30 13 00 01 74 0E 26 00 01 61 00 01 62 26 00 01 61 00 01 63 78"},
		{"OutgoingMessageProperties", nil, []string{`OutgoingMessageProperties={"PayloadFormatIndicator":"1","MessageExpInterval":"9","ContentType":"c","CorrelationData":"ff01","ResponseTopic":"r","UserProperty":"n:v","TopicAlias":"1"}`}, publish(0), "30 04 00 01 74 78", "30 23 00 01 74 1E 01 01 02 00 00 00 09 03 00 01 63 08 00 01 72 09 00 02 FF 01 26 00 01 6E 00 01 76 23 00 01 78"},
		{"TopicDelimiter", nil, []string{"TopicDelimiter=;;"}, subscribe("a;; b,c"), "82 0C 00 01 00 01 61 01 00 03 62 2C 63 01", "82 0D 00 01 00 00 01 61 01 00 03 62 2C 63 01"},
		{"TopicQOSArray", nil, []string{"TopicQOSArray=2,0"}, subscribe("a,b,c"), "82 0E 00 01 00 01 61 02 00 01 62 00 00 01 63 00", "82 0F 00 01 00 00 01 61 02 00 01 62 00 00 01 63 00"},
		{"TopicNLArray, TopicRAPArray, TopicRHArray", nil, []string{"TopicNLArray=True,False", "TopicRAPArray=True", "TopicRHArray=1,2,0"}, subscribe("a,b,c"), "82 0E 00 01 00 01 61 01 00 01 62 01 00 01 63 01", "82 0F 00 01 00 00 01 61 1D 00 01 62 29 00 01 63 09"},
		{"SubscriptionIdentifier", nil, []string{"SubscriptionIdentifier=200"}, subscribe("a"), "82 06 00 01 00 01 61 01", "82 0A 00 01 03 0B C8 01 00 01 61 01"},
		{"SendCustomPacket", nil, nil, func(m *mqtt.MQTT) error { _, err := m.Config("SendCustomPacket=30 03 00 01 7a"); return err }, "30 03 00 01 7A", "30 03 00 01 7A"},
		{"DisconnectReasonCode", nil, []string{"DisconnectReasonCode=4"}, (*mqtt.MQTT).Disconnect, "E0 00", "E0 01 04"},
		{"DisconnectProperties", nil, []string{`DisconnectProperties={"ReasonString":"r","UserProperty":"n:v"}`}, (*mqtt.MQTT).Disconnect, "E0 00", "E0 0D 00 0B 1F 00 01 72 26 00 01 6E 00 01 76"},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				c := r.Connect(s, func(c *mqtttest.Conn) []byte {
					return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 10))
				})
				for _, s := range row.settings {
					config(t, r.M, s)
				}
				done := r.Start(func() error { return row.do(r.M) })
				c.Expect(byVersion(v, row.want, row.want5))
				c.Close()
				if err := r.Join(done); err != nil && !strings.HasPrefix(row.name, "Disconnect") {
					t.Error(err)
				}
			})
		})
	}
}

func publish(qos int) func(*mqtt.MQTT) error {
	return func(m *mqtt.MQTT) error { return m.PublishMessage("t", qos, "x") }
}

func subscribe(filters string) func(*mqtt.MQTT) error {
	return func(m *mqtt.MQTT) error { return m.Subscribe(filters, 1) }
}

// CONNECT with everything that properties and settings put into it.
func TestSettingsOfConnect(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		m := r.M
		for _, err := range []error{
			m.SetUser("u"), m.SetPassword("p"), m.SetKeepAliveInterval(300), m.SetWillTopic("w"), m.SetWillMessage("bye"), m.SetCleanSession(false),
		} {
			must(t, err)
		}
		for _, c := range []string{
			"WillQOS=2", "WillRetain=True", `WillProperties={"WillDelayInterval":"7","ResponseTopic":"r"}`, "SessionExpInterval=16", "ClientTopicAliasMax=5",
			`ConnectProperties={"ReceiveMaximum":"20","MaximumPacketSize":"1000","RequestProblemInformation":"true","RequestResponseInformation":"true","UserProperty":"n:v"}`,
		} {
			config(t, m, c)
		}
		done := r.Start(m.Connect)
		c := s.Accept(t)
		if v == mqtt.MvV3 {
			c.Expect("10 1B 00 04 4D 51 54 54 04 F4 01 2C 00 01 63 00 01 77 00 03 62 79 65 00 01 75 00 01 70")
		} else {
			c.Version = packet.V5
			c.Expect("10 41 00 04 4D 51 54 54 05 F4 01 2C" +
				"1B 11 00 00 00 10 21 00 14 27 00 00 03 E8 22 00 05 19 01 17 01 26 00 01 6E 00 01 76" +
				"00 01 63 09 18 00 00 00 07 08 00 01 72 00 01 77 00 03 62 79 65 00 01 75 00 01 70")
		}
		c.SendConnack(false, 0, packet.Properties(nil).AppendUint(packet.PropTopicAliasMaximum, 9).AppendString(packet.PropAssignedClientIdentifier, "given").AppendUserProperty("a", "1").AppendUserProperty("a", "2"))
		must(t, r.Join(done))
		if v == mqtt.MvV5 {
			if got := config(t, m, "ServerTopicAliasMax"); got != "9" {
				t.Errorf("ServerTopicAliasMax is %s", got)
			}
			if got := config(t, m, "ConnAckProperties"); !strings.Contains(got, `"AssignedClientIdentifier":"given"`) || !strings.Contains(got, `"UserProperty":"a:1","UserProperty":"a:2"`) {
				t.Errorf("ConnAckProperties is %s", got)
			}
			if m.ClientId() != "given" {
				t.Errorf("ClientId is %s", m.ClientId())
			}
		}
		c.Close()
	})
}

// The user properties of the message received last, in order and with repetitions (pain 21).
func TestIncomingUserProperties(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		p := packet.Properties(nil).AppendUserProperty("b", "1").AppendUserProperty("a", "2").AppendUserProperty("b", "3").AppendUint(packet.PropSubscriptionIdentifier, 7)
		read := func(any) {
			got := config(t, r.M, "IncomingUserPropCount")
			for i := range 3 {
				got += fmt.Sprintf(" %s=%s", config(t, r.M, fmt.Sprintf("IncomingUserPropName[%d]", i)), config(t, r.M, fmt.Sprintf("IncomingUserPropValue[%d]", i)))
			}
			if got != "3 b=1 a=2 b=3" {
				t.Error(got)
			}
			_, err := r.M.Config("IncomingUserPropName[3]")
			wantCode(t, err, 10022)
		}
		r.On("MessageAck", read)
		r.On("MessageIn", read)
		c.SendPublishPacket(&packet.Publish{QoS: 1, PacketID: 1, Topic: []byte("t"), Properties: p})
		trace := r.WaitFor("MessageIn", 1)
		if a := last[mqtt.MessageInEventArgs](t, trace); len(a.Properties.UserProperties) != 3 || !slices.Equal(a.Properties.SubscriptionIdentifiers, []int{7}) {
			t.Errorf("%+v", a.Properties)
		}
		r.On("MessageIn", nil)
		c.SendPublish("t", 0, 0, "")
		r.WaitFor("MessageIn", 2)
		if got := config(t, r.M, "IncomingUserPropCount"); got != "0" {
			t.Errorf("IncomingUserPropCount is %s after a message without", got)
		}
	})
}

// The log of a conversation at each level, and no secret in it while MaskSensitiveData is on (pain 34).
func TestLog(t *testing.T) {
	golden := map[int][]string{
		0: nil,
		1: {
			"1 Info Connecting to 127.0.0.1, port 1883.", "1 Info Connected to 127.0.0.1:1883.",
			`1 Session Connected as "c"; session present: false.`, "1 Info Disconnected: OK",
		},
		2: {
			"1 Info Connecting to 127.0.0.1, port 1883.", "1 Info Connected to 127.0.0.1:1883.", "2 Packet sent CONNECT, 29 bytes",
			"2 Packet received CONNACK, 4 bytes", `1 Session Connected as "c"; session present: false.`,
			`2 Packet sent PUBLISH QoS 1, packet 1, topic "t", 13 bytes`, "2 Packet received PUBACK, packet 1, 4 bytes",
			`2 Packet received PUBLISH QoS 0, topic "t", 11 bytes`, "2 Packet sent DISCONNECT, 2 bytes", "1 Info Disconnected: OK",
		},
		3: {
			"1 Info Connecting to 127.0.0.1, port 1883.", "1 Info Connected to 127.0.0.1:1883.", "3 Packet sent CONNECT, 29 bytes: 101B and 27 bytes that are not shown",
			"3 Packet received CONNACK, 4 bytes: 20020000", `1 Session Connected as "c"; session present: false.`,
			`3 Packet sent PUBLISH QoS 1, packet 1, topic "t", 13 bytes: 320B0001740001 and 6 bytes that are not shown`, "3 Packet received PUBACK, packet 1, 4 bytes: 40020001",
			`3 Packet received PUBLISH QoS 0, topic "t", 11 bytes: 3009000174 and 6 bytes that are not shown`, "3 Packet sent DISCONNECT, 2 bytes: E000", "1 Info Disconnected: OK",
		},
	}
	for level := range 4 {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV3)
				config(t, r.M, fmt.Sprintf("LogLevel=%d", level))
				must(t, r.M.SetUser("user"))
				must(t, r.M.SetPassword("secret"))
				c := r.Connect(s, nil)
				must(t, r.M.PublishMessage("t", 1, "secret"))
				c.ExpectPublish()
				c.SendAck(packet.PUBACK, 1)
				r.WaitFor("MessageOut", 1)
				c.SendPublish("t", 0, 0, "secret")
				r.WaitFor("MessageIn", 1)
				r.Disconnect(c)
				var got []string
				for _, e := range r.Trace().Only("Log") {
					a := e.Args.(*mqtt.LogEventArgs)
					got = append(got, fmt.Sprintf("%d %s %s", a.LogLevel, a.LogType, a.Message))
				}
				if !slices.Equal(got, golden[level]) {
					t.Errorf("the log is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(golden[level], "\n\t"))
				}
				if all := strings.Join(got, "\n"); strings.Contains(all, "secret") || strings.Contains(all, "736563726574") {
					t.Error("the log shows a secret")
				}
			})
		})
	}
	t.Run("MaskSensitiveData False", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV3)
			config(t, r.M, "LogLevel=3")
			config(t, r.M, "MaskSensitiveData=False")
			c := r.Connect(s, nil)
			must(t, r.M.PublishMessage("t", 0, "secret"))
			c.ExpectPublish()
			r.WaitFor("MessageOut", 1)
			if all := strings.Join(r.Trace().Only("Log").Strings(), "\n"); !strings.Contains(all, "736563726574") {
				t.Error("the log shows no payload")
			}
		})
	})
}

// BackgroundEvents: the handlers run without any DoEvents, on a goroutine that ends with the connection.
func TestBackgroundEvents(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		config(t, r.M, "BackgroundEvents=True")
		for range 2 {
			c := r.Connect(s, nil)
			c.SendPublish("t", 1, 1, "x")
			c.ExpectAck(packet.PUBACK, 1)
			c.Close()
			synctest.Wait()
			if tr := r.Take(); tr.Count("MessageIn") != 1 || tr.Count("Disconnected") != 1 {
				t.Errorf("events: %v", tr.Strings())
			}
		}
	})
}

// Each property: default, what it accepts, what it refuses, and when it is fixed. A refused value changes nothing.
func TestProperties(t *testing.T) {
	long := strings.Repeat("x", 65536)
	type row struct {
		name  string
		get   func(m *mqtt.MQTT) any
		set   func(m *mqtt.MQTT, v any) error
		def   any
		good  []any
		bad   []any
		code  int // of the bad ones
		fixed int // while connected or connecting; 0 = may be set
	}
	rows := []row{
		{"CleanSession", func(m *mqtt.MQTT) any { return m.CleanSession() }, func(m *mqtt.MQTT, v any) error { return m.SetCleanSession(v.(bool)) }, true, []any{false, true}, nil, 0, 0},
		{"ClientId", func(m *mqtt.MQTT) any { return m.ClientId() }, func(m *mqtt.MQTT, v any) error { return m.SetClientId(v.(string)) }, "", []any{"a", "ü", ""}, []any{"\xff", "a\x00", long}, 10022, 0},
		{"KeepAliveInterval", func(m *mqtt.MQTT) any { return m.KeepAliveInterval() }, func(m *mqtt.MQTT, v any) error { return m.SetKeepAliveInterval(v.(int)) }, 0, []any{1, 65535, 0}, []any{-1, 65536}, 10022, 211},
		{"Password", func(m *mqtt.MQTT) any { return m.Password() }, func(m *mqtt.MQTT, v any) error { return m.SetPassword(v.(string)) }, "", []any{"\xff\x00", ""}, []any{long}, 10022, 0},
		{"RemoteHost", func(m *mqtt.MQTT) any { return m.RemoteHost() }, func(m *mqtt.MQTT, v any) error { return m.SetRemoteHost(v.(string)) }, "", []any{"a", "tcp://a:1", "127.0.0.1"}, []any{"tcp://u:p@a"}, 10022, 101},
		{"RemoteHost", func(m *mqtt.MQTT) any { return m.RemoteHost() }, func(m *mqtt.MQTT, v any) error { return m.SetRemoteHost(v.(string)) }, "", []any{"127.0.0.1"}, []any{"http://a"}, 153, 101},
		{"RemotePort", func(m *mqtt.MQTT) any { return m.RemotePort() }, func(m *mqtt.MQTT, v any) error { return m.SetRemotePort(v.(int)) }, 1883, []any{0, 65535, 1883}, []any{-1, 65536}, 10022, 100},
		{"Timeout", func(m *mqtt.MQTT) any { return m.Timeout() }, func(m *mqtt.MQTT, v any) error { return m.SetTimeout(v.(int)) }, 60, []any{0, 1, 60}, []any{-1}, 10022, 0},
		{"User", func(m *mqtt.MQTT) any { return m.User() }, func(m *mqtt.MQTT, v any) error { return m.SetUser(v.(string)) }, "", []any{"a", ""}, []any{"\xff", "a\x00", long}, 10022, 0},
		{"Version", func(m *mqtt.MQTT) any { return m.Version() }, func(m *mqtt.MQTT, v any) error { return m.SetVersion(v.(mqtt.MQTTVersions)) }, mqtt.MvV3, []any{mqtt.MvV5, mqtt.MvV3}, []any{mqtt.MQTTVersions(-1), mqtt.MQTTVersions(2)}, 10022, 211},
		{"WillMessage", func(m *mqtt.MQTT) any { return m.WillMessage() }, func(m *mqtt.MQTT, v any) error { return m.SetWillMessage(v.(string)) }, "", []any{"a", ""}, []any{long}, 10040, 211},
		{"WillTopic", func(m *mqtt.MQTT) any { return m.WillTopic() }, func(m *mqtt.MQTT, v any) error { return m.SetWillTopic(v.(string)) }, "", []any{"a/b", ""}, []any{"#", "a+", "\xff", "a\x00", long}, 502, 211},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mqtt.New()
				if got := row.get(m); got != row.def {
					t.Errorf("the default is %v, want %v", got, row.def)
				}
				for _, v := range row.bad {
					wantCode(t, row.set(m, v), row.code)
					if got := row.get(m); got != row.def {
						t.Errorf("after a bad value it is %v", got)
					}
				}
				for _, v := range row.good {
					must(t, row.set(m, v))
					if got := row.get(m); got != v {
						t.Errorf("it is %v, want %v", got, v)
					}
				}
				r, s := memory(t, mqtt.MvV3)
				fixed := func(when string) {
					before := row.get(r.M)
					wantCode(t, row.set(r.M, row.good[0]), row.fixed)
					if row.fixed != 0 && row.get(r.M) != before {
						t.Errorf("it changed while %s", when)
					}
				}
				done := r.Start(r.M.Connect)
				c := s.Accept(t)
				c.ExpectConnect()
				fixed("connecting")
				wantCode(t, r.M.Connect(), 1105)
				wantCode(t, r.M.SetConnected(true), 1105)
				wantCode(t, r.M.ConnectTo("b", 2), 101)
				c.SendConnack(false, 0, nil)
				must(t, r.Join(done))
				fixed("connected")
				wantCode(t, r.M.SetConnected(true), 104)
				c.Close()
				r.WaitFor("Disconnected", 1)
				synctest.Wait()
				must(t, row.set(r.M, row.good[0]))
			})
		})
	}
}
