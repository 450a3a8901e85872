package mqtt_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/mqtt"
)

// settingRow is a setting that is neither a boolean nor read-only: values that are accepted (with what is read back, when
// that differs, behind "->"), and values that are refused with a number. The defaults stand in testdata/settings.tsv.
type settingRow struct {
	name string
	good []string
	bad  []string
	code int // of the bad ones; 0 = 10022
}

var settingRows = []settingRow{
	// MQTT
	{"ClientTopicAliasMax", []string{"1", "65535", "-1 -> 0", "7", " -> 0"}, []string{"-2", "65536", "x"}, 0},
	{"ConnectionTimeout", []string{"5", "2147483647", "0"}, []string{"-1", "x", ""}, 0},
	{"ConnectProperties", []string{`{"ReceiveMaximum":"5"}`, ""}, []string{"x", `{"No":"1"}`, `{"ReceiveMaximum":"0"}`, `{"ReceiveMaximum":"65536"}`, `{"MaximumPacketSize":"0"}`}, 0},
	{"DisconnectProperties", []string{`{"ReasonString":"a"}`, ""}, []string{"x", `{"SessionExpInterval":"4294967296"}`}, 0},
	{"DisconnectReasonCode", []string{"4", "0x80 -> 128", "153", "0"}, []string{"1", "132", "142", "154", "-1", "256"}, 0},
	{"LogLevel", []string{"0", "1", "2", "3"}, []string{"-1", "4", "x"}, 0},
	{"OutgoingMessageProperties", []string{`{"ContentType":"a"}`, ""}, []string{"x", `{"TopicAlias":"0"}`, `{"CorrelationData":"xyz"}`}, 0},
	{"OutgoingMessageProperties", nil, []string{`{"ResponseTopic":"#"}`}, 502},
	{"OutgoingUserPropCount", []string{"3", "65535", "0x2 -> 2", "0"}, []string{"-1", "65536", "x", "", "1_0", "0b1", "017x"}, 0},
	{"OutgoingUserPropName[0]", nil, []string{"a", ""}, 0},
	{"OutgoingUserPropValue[0]", nil, []string{"a", ""}, 0},
	{"RepublishInterval", []string{"0", "1", "100000"}, []string{"-1", "x", "1.5"}, 0},
	{"ResponseTopic", []string{"a/b", ""}, []string{"a/#", "+", "a\x00", "\xff"}, 502},
	{"SendCustomPacket", nil, []string{"x", "C", "C0", "C001", "C0 00 00", ""}, 0},
	{"SendCustomPacket", nil, []string{"C000", "C0 00"}, 212},
	{"SessionExpInterval", []string{"1", "4294967295", "-1 -> 0", "0", "7", " -> 0"}, []string{"4294967296", "-2", "x"}, 0},
	{"SessionStateFile", []string{"/tmp/state = 1", ""}, []string{"a\x00"}, 0},
	{"SubscriptionIdentifier", []string{"1", "268435455", "0x10 -> 16", "-1", "7", " -> -1"}, []string{"0", "268435456", "-2", "x"}, 0},
	{"TopicAlias", []string{"1", "65535", "-1", "7", " -> -1"}, []string{"0", "65536", "x"}, 0},
	{"TopicDelimiter", []string{";", "--"}, []string{""}, 0},
	{"TopicNLArray", []string{"True,False", "true, false, true -> True,False,True", ""}, []string{"x", "True,2", "True,,True"}, 0},
	{"TopicQOSArray", []string{"0,1,2", "1, 2 -> 1,2", "2", ""}, []string{"3", "-1", "0,3", "x", "1,,2"}, 505},
	{"TopicRAPArray", []string{"False,True", ""}, []string{"x"}, 0},
	{"TopicRHArray", []string{"0,1,2", ""}, []string{"3", "x", "-1"}, 0},
	{"WillProperties", []string{`{"WillDelayInterval":"5"}`, ""}, []string{"[]", `{"PayloadFormatIndicator":"2"}`}, 0},
	{"WillQOS", []string{"1", "2", "0"}, []string{"3", "-1", "x"}, 505},

	// TCPClient
	{"FirewallHost", []string{"proxy.example", "::1", ""}, []string{"a\x00", "\xff"}, 0},
	{"FirewallPassword", []string{"a=b", "\xff\x00", ""}, nil, 0},
	{"FirewallPort", []string{"1", "65535", "0"}, []string{"-1", "65536", "x", ""}, 0},
	{"FirewallType", []string{"1", "2", "3", "10", "0"}, []string{"4", "9", "11", "-1", "x", ""}, 0},
	{"FirewallUser", []string{"a=b", "\xff\x00", ""}, nil, 0},
	{"KeepAliveInterval", []string{"1", "75000", "0"}, []string{"-1", "x", "1s"}, 0},
	{"KeepAliveTime", []string{"1", "7200000", "0"}, []string{"-1", "x", "2h"}, 0},
	{"LingerTime", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"LocalHost", []string{"127.0.0.1", "eth0.example", ""}, []string{"a\x00", "\xff"}, 0},
	{"LocalPort", []string{"1", "65535", "0"}, []string{"-1", "65536", "x"}, 0},
	{"MaxLineLength", []string{"256", "100000"}, []string{"255", "0", "-1", "x"}, 0},
	{"MaxTransferRate", []string{"1", "2147483647", "0"}, []string{"-1", "x", "1k"}, 0},
	{"ProxyExceptionsList", []string{"localhost;*.example;10.0.0.0/8", ""}, []string{"\xff"}, 0},
	{"UseIPv6", []string{"1", "2", "0"}, []string{"3", "-1", "True"}, 0},

	// SSL
	{"OpenSSLCADir", []string{".", "../docs", ""}, []string{"a\x00"}, 0},
	{"OpenSSLCADir", nil, []string{"no/such/directory", "settings.go"}, 302},
	{"OpenSSLCAFile", []string{"settings.go", "../README.md", ""}, []string{"a\x00"}, 0},
	{"OpenSSLCAFile", nil, []string{"no/such.pem", "."}, 302},
	{"OpenSSLCipherList", []string{"HIGH:!aNULL:@STRENGTH", "", "DEFAULT"}, []string{"\xff"}, 0},
	{"OpenSSLPrngSeedData", []string{"seed", ""}, []string{"\xff"}, 0},
	{"SSLCACerts", []string{"-----BEGIN CERTIFICATE-----\r\nAA==\r\n-----END CERTIFICATE-----", ""}, []string{"\xff"}, 0},
	{"SSLCipherStrength", []string{"128", "256", "0"}, []string{"-1", "x"}, 0},
	{"SSLClientCACerts", []string{"AA==", ""}, []string{"\xff"}, 0},
	{"SSLEnabledCipherSuites", []string{"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256; CALG_AES_256 -> TLS_AES_128_GCM_SHA256;CALG_AES_256", "*"}, []string{"TLS_NO_SUCH", "TLS_DHE_RSA_WITH_DES_CBC_SHA", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384", ";", "*;"}, 0},
	{"SSLEnabledProtocols", []string{"4032", "12288", "0x3FFC -> 16380", "48"}, []string{"1", "3", "16384", "-1", "x", "TLS1.2"}, 0},
	{"SSLKeyLogFile", []string{"/tmp/keys", ""}, []string{"a\x00"}, 0},
	{"SSLSecurityFlags", []string{"0x80000000 -> 2147483648", "49", "0x8000CF37 -> 2147536695", "0"}, []string{"8", "0x40", "-1", "0x100000000", "x"}, 0},
	{"SSLServerCACerts", []string{"AA==", ""}, []string{"\xff"}, 0},
	{"TLS12SignatureAlgorithms", []string{"sha256-rsa", "sha512-ecdsa, sha1-dsa -> sha512-ecdsa,sha1-dsa", ""}, []string{"md5-rsa", "sha256-rsa,", "sha256-rsa;sha1-rsa"}, 0},
	{"TLS12SupportedGroups", []string{"ecdhe_secp521r1", "ecdhe_secp256k1,ecdhe_secp256r1"}, []string{"secp256r1", "ffdhe_2048"}, 0},
	{"TLS13KeyShareGroups", []string{"ecdhe_x25519", "ffdhe_8192"}, []string{"x25519"}, 0},
	{"TLS13SignatureAlgorithms", []string{"ed25519", "rsa_pss_sha256,rsa_pss_sha512", ""}, []string{"sha256-rsa", "ed25519,,"}, 0},
	{"TLS13SupportedGroups", []string{"ecdhe_x25519", "ffdhe_2048,ecdhe_secp256r1"}, []string{"x25519", "ecdhe_secp256k1"}, 0},

	// Socket
	{"FirewallData", []string{"X-A: 1\r\nX-B: 2", ""}, []string{"\xff", "a\x00", "X-A 1", "X-A: 1\r\nX B: 2"}, 0},
	{"InBufferSize", []string{"65536", "0"}, []string{"-1", "x", "64k"}, 0},
	{"OutBufferSize", []string{"65536", "0"}, []string{"-1", "x", "64k"}, 0},

	// Base
	{"CodePage", []string{"1252", "0x3A4 -> 932", "28591", "65001"}, []string{"0", "16", "38", "99999", "4294967295"}, 434},
	{"CodePage", nil, []string{"-1", "4294967296", "x", "", "UTF-8"}, 0},

	// Component
	{"AckTimeout", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"IncomingMemoryLimit", []string{"65536", "2147483647"}, []string{"0", "-1", "65535", "2147483648", "x"}, 0},
	{"InflightLimit", []string{"1", "65535", "0"}, []string{"-1", "65536"}, 0},
	{"JournalDir", []string{"/nowhere/journal = 1", ""}, []string{"a\x00"}, 0},
	{"MaxIncomingPacketSize", []string{"1", "268435460", "0"}, []string{"-1", "268435461", "x"}, 0},
	{"PingTimeout", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"PublishAndWaitTimeout", []string{"1", "100"}, []string{"0", "-1", "x"}, 0},
	{"ReconnectAttempts", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"ReconnectDelayMax", []string{"100", "60"}, []string{"-1", "x"}, 0},
	{"ReconnectDelayMin", []string{"5", "1"}, []string{"-1", "x"}, 0},
	{"ReconnectOn", []string{"152,-136", "5", ""}, []string{"256", "-256", "x", "1,,2"}, 0},
	{"RemoteHosts", []string{"b", "b:1884, [::1]:1885,::1,*c", "mqtts://d,wss://e:444/path,unix:///run/f", ""}, []string{",", "b,,c", "b:", "b:0", "b:65536", "a b", "b/c", "[b]:1", "[::1", "user:secret@b", "mqtt://u:p@b", "b" + strings.Repeat(",b", 16)}, 0},
	{"RemoteHosts", nil, []string{"http://b", "b,c://d"}, 153},
	{"RemoteHosts", nil, []string{"mqtt://:1883"}, 152},
	{"RepublishAttempts", []string{"3", "0"}, []string{"-1", "x"}, 0},
	{"RepublishTimeout", []string{"300", "0"}, []string{"-1", "x"}, 0},
	{"SSLALPN", []string{"mqtt", "mqtt,x-amzn-mqtt-ca", ""}, []string{"\xff"}, 0},
	{"SelectWaitMillis", []string{"0", "1000"}, []string{"-1", "x"}, 0},
	{"SendQueueSize", []string{"1", "0"}, []string{"-1", "x"}, 0},
	{"DisconnectWait", []string{"0", "1", "2147483"}, []string{"-1", "x", ""}, 0},
	{"HostOrder", []string{"Random", "roundrobin -> RoundRobin", "LISTED -> Listed"}, []string{"", "x", "InOrder", "1", "Random,Listed"}, 0},
	{"QueueFullPolicy", []string{"DropOldest", "refuse -> Refuse", "DROPOLDEST -> DropOldest"}, []string{"", "x", "Drop", "1", "Refuse,DropOldest"}, 0},
	{"SSLServerName", []string{"broker.example", "b\u00fccher.example", "192.0.2.1", "::1", ""}, []string{"a b", "a:1883", "ssl://a", "*a", "\xff"}, 0},
	{"WebSocketHeaders", []string{"X-A: 1\r\nX-B: 2", ""}, []string{"\xff", "X-A 1", "X-A: 1\r\nX B: 2", "Upgrade: h2c", "X-A: 1\x01"}, 0},

	// Properties
	{"ClientId", []string{"a=b", "é", ""}, []string{"\xff", "a\x00", strings.Repeat("x", 65536)}, 0},
	{"Firewall", []string{`{"FirewallType":"3","Host":"h"}`, `{"Port":"99"} -> {"FirewallType":"3","Host":"h","Port":"99"}`, `{"FirewallType":"10","AutoDetect":"yes","Port":"-1","User":"u","Password":"p"} -> {"AutoDetect":"true","FirewallType":"10","Host":"h","User":"u","Password":"p"}`, ""}, []string{"x", `{"FirewallType":"4"}`, `{"Port":"65536"}`}, 0},
	{"MQTT.KeepAliveInterval", []string{"30", "65535", "0"}, []string{"-1", "65536", ""}, 0},
	{"Password", []string{"a=b", "\xff\x00", ""}, []string{strings.Repeat("x", 65536)}, 0},
	{"RemoteHost", []string{"broker.example", "wss://broker.example/mqtt", ""}, []string{"\xff"}, 0},
	{"RemoteHost", nil, []string{"http://b"}, 153},
	{"RemotePort", []string{"8883", "0", "1883"}, []string{"-1", "65536", ""}, 0},
	{"SSLAcceptServerCert", []string{""}, []string{"x", `{"Encoded":"x"}`, `{"StoreType":"20"}`}, 0},
	{"SSLAcceptServerCert", nil, []string{`{"Store":"/no/such/file","StoreType":"6"}`}, 302},
	{"SSLCert", []string{""}, []string{"x", `{"Encoded":"x"}`, `{"Store":"a","StoreB":"b"}`, `{"Store":"a","Encoded":"b","Subject":"*"}`}, 0},
	{"SSLCert", nil, []string{`{"Store":"/no/such/file","StoreType":"2","StorePassword":"x"}`}, 302},
	{"SSLCert", nil, []string{`{"StoreB":"no store"}`, `{"Store":"/no/such/file"}`}, 271},
	{"SSLProvider", []string{"1", "2", "0"}, []string{"3", "-1"}, 0},
	{"Timeout", []string{"0", "1", "60"}, []string{"-1", "x", ""}, 0},
	{"User", []string{"a", ""}, []string{"\xff", "a\x00"}, 0},
	{"Version", []string{"1", "0"}, []string{"2", "-1", "5.0"}, 0},
	{"WillMessage", []string{"a=b", "\xff", ""}, nil, 0},
	{"WillMessage", nil, []string{strings.Repeat("x", 65536)}, 10040},
	{"WillTopic", []string{"a/b", ""}, []string{"a/#", "+", "\xff"}, 502},
}

// allSettingRows are settingRows, and those of the booleans and the read-only settings that the component has.
func allSettingRows() []settingRow {
	rows := slices.Clone(settingRows)
	for setting := range mqtt.New().Settings().Settings() {
		name := setting.Name
		if setting.Indexed {
			name += "[0]"
		}
		switch {
		case setting.ReadOnly:
			rows = append(rows, settingRow{name, nil, []string{"", "0", "x"}, 211})
		case setting.Name == "Connected": // assigning it is Connect and Disconnect, see TestConfigConnected
			rows = append(rows, settingRow{name, []string{"False"}, []string{"", "x", "2"}, 0})
		case setting.Type == "bool":
			rows = append(rows, settingRow{
				name,
				[]string{"True", "false -> False", "1 -> True", "NO -> False", "yes -> True", "0 -> False", "true -> True", "False"},
				[]string{"2", "x", "-1", "", "on", "True,False"},
				0,
			})
		}
	}
	return rows
}

// Each setting: what it accepts and reads back, what it refuses without changing anything, and its default again after
// Reset.
func TestSettings(t *testing.T) {
	rows := allSettingRows()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m := recorded(t)
			get := func() string {
				if strings.HasSuffix(row.name, "]") {
					return "" // there are no elements
				}
				return config(t, m, row.name)
			}
			standard := get()
			for _, bad := range row.bad {
				_, err := m.Config(row.name + "=" + bad)
				wantCode(t, err, cmpOr(row.code, 10022))
				if got := get(); got != standard {
					t.Errorf("after %q it is %q", bad, got)
				}
			}
			for _, good := range row.good {
				set, want, differs := strings.Cut(good, " -> ")
				if !differs {
					want = set
				}
				if got := config(t, m, " "+strings.ToUpper(row.name)+" = "+set+"\t"); got != "" {
					t.Errorf("setting returned %q", got)
				}
				if got := config(t, m, strings.ToLower(row.name)); got != want {
					t.Errorf("after %q it is %q, want %q", set, got, want)
				}
			}
			must(t, m.Reset())
			if got := get(); got != standard {
				t.Errorf("after Reset it is %q, want %q", got, standard)
			}
		})
	}
	for s := range mqtt.New().Settings().Settings() {
		if !slices.ContainsFunc(rows, func(row settingRow) bool {
			name, _, _ := strings.Cut(row.name, "[")
			return name == s.Name
		}) {
			t.Errorf("the setting %s has no row", s.Name)
		}
	}
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

// What is no configuration string at all.
func TestConfigurationStrings(t *testing.T) {
	m := recorded(t)
	for _, bad := range []string{
		"", " ", "=", "=1", "NoSuchSetting", "NoSuchSetting=1", "Retain[0]", "Retain[0]=1", "[0]", "[0]=a", "OutgoingUserPropName",
		"OutgoingUserPropName=a", "OutgoingUserPropName[", "OutgoingUserPropName[=a", "OutgoingUserPropName[]", "OutgoingUserPropName[x]",
		"OutgoingUserPropName[-1]", "OutgoingUserPropName[0]", "OutgoingUserPropName[0]]", "OutgoingUserPropName[0]x=a", "OutgoingUserPropName[4294967296]=a",
		"Retain\x00", "R\u0435tain=1", strings.Repeat("x", 1<<20), strings.Repeat("x", 1<<20) + "=1", "\xff=1", "OutgoingUserPropName[" + strings.Repeat("9", 1<<20) + "]",
	} {
		before := snapshot(m)
		_, err := m.Config(bad)
		wantFault(t, err, 10022)
		wantUnchanged(t, m, before, bad)
	}
}

// snapshot is all that Config and the properties show of a component.
func snapshot(m *mqtt.MQTT) map[string]string {
	values := make(map[string]string)
	for s := range m.Settings().Settings() {
		if !s.Indexed {
			values["setting "+s.Name], _ = m.Config(s.Name)
			continue
		}
		for i := 0; ; i++ {
			name := fmt.Sprintf("%s[%d]", s.Name, i)
			value, err := m.Config(name)
			if err != nil {
				break
			}
			values["setting "+name] = value
		}
	}
	v := reflect.ValueOf(m)
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		if setter := v.MethodByName("Set" + name); setter.IsValid() {
			values[name] = fmt.Sprint(v.Method(i).Call(nil)[0])
		}
	}
	return values
}

// wantUnchanged checks that m is as it was before what.
func wantUnchanged(t testing.TB, m *mqtt.MQTT, before map[string]string, what string) {
	t.Helper()
	after := snapshot(m)
	for name, now := range after {
		if now != before[name] {
			t.Errorf("%.100q changed %s from %.100q to %.100q", what, name, before[name], now)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%.100q made %d values of %d", what, len(after), len(before))
	}
}

// A setting that stands in two groups is one setting.
func TestSettingInTwoGroups(t *testing.T) {
	count := 0
	for row := range mqtt.New().Settings().Rows() {
		if row.Name == "ConnectionTimeout" {
			count++
			if row.Type != "int, s" || row.Default != "0" || row.Doc == "" {
				t.Errorf("%+v", row.Setting)
			}
		}
	}
	if count != 2 {
		t.Errorf("ConnectionTimeout is listed %d times", count)
	}
}

// The settings that describe the component itself.
func TestDescriptions(t *testing.T) {
	m := recorded(t)
	if got := config(t, m, "BuildInfo"); !strings.Contains(got, "github.com/iotcomponents/iot") || !strings.Contains(got, "go1.") {
		t.Errorf("BuildInfo is %q", got)
	}
	if got := config(t, m, "LicenseInfo"); !strings.Contains(got, "Product: ") || !strings.Contains(got, "Key: ") {
		t.Errorf("LicenseInfo is %q", got)
	}
}

// Settings that are shown under a second name, or that set others too.
func TestSettingsThatSetOthers(t *testing.T) {
	for _, row := range []struct{ set, want string }{
		{"AcceptAnyServerCert=True", "SSLAcceptAnyServerCert=True acceptanyservercert=True"},
		{"SSLAcceptAnyServerCert=1", "AcceptAnyServerCert=True"},
		{"FirewallType=1", "FirewallPort=80"},
		{"FirewallType=2", "FirewallPort=1080"},
		{"FirewallType=3", "FirewallPort=1080"},
		{"FirewallType=10", "FirewallPort=1080"},
		{"FirewallType=1 FirewallType=0", "FirewallPort=0"},
		{"FirewallPort=3128", "FirewallType=0"},
		{"FirewallType=1 FirewallPort=3128", "FirewallPort=3128 FirewallType=1"},
		{"KeepAliveTime=1000", "TCPKeepAlive=True KeepAliveInterval=0"},
		{"KeepAliveInterval=1000", "TCPKeepAlive=True KeepAliveTime=0"},
		{"KeepAliveTime=0", "TCPKeepAlive=False"},
		{"KeepAliveTime=1000 TCPKeepAlive=False", "TCPKeepAlive=False KeepAliveTime=1000"},
		{"TCPKeepAlive=True KeepAliveTime=0", "TCPKeepAlive=True"},
		{"OutgoingUserPropCount=2 OutgoingUserPropName[1]=n OutgoingUserPropValue[1]=v", `OutgoingMessageProperties={"UserProperty":":","UserProperty":"n:v"}`},
		{`OutgoingMessageProperties={"UserProperty":"a:b","UserProperty":"a:c:d"}`, "OutgoingUserPropCount=2 OutgoingUserPropName[1]=a OutgoingUserPropValue[1]=c:d"},
		{"OutgoingUserPropCount=2 OutgoingUserPropName[0]=n OutgoingUserPropCount=1 OutgoingUserPropCount=2", "OutgoingUserPropName[0]=n OutgoingUserPropName[1]="},
		{"TopicAlias=5 ResponseTopic=r", `OutgoingMessageProperties={"ResponseTopic":"r","TopicAlias":"5"}`},
		{`OutgoingMessageProperties={"TopicAlias":"5","ResponseTopic":"r"}`, "TopicAlias=5 ResponseTopic=r"},
		{"OutgoingMessageProperties=", "TopicAlias=-1 ResponseTopic= OutgoingUserPropCount=0"},
		{"SessionExpInterval=5 ClientTopicAliasMax=6", `ConnectProperties={"ClientTopicAliasMax":"6","SessionExpInterval":"5"}`},
		{`ConnectProperties={"SessionExpInterval":"5","ClientTopicAliasMax":"6"}`, "SessionExpInterval=5 ClientTopicAliasMax=6"},
	} {
		t.Run(row.set, func(t *testing.T) {
			m := recorded(t)
			for s := range strings.FieldsSeq(row.set) {
				config(t, m, s)
			}
			for s := range strings.FieldsSeq(row.want) {
				name, want, _ := strings.Cut(s, "=")
				if got := config(t, m, name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// LocalHost, LocalPort and the firewall are properties too.
func TestSettingsThatAreProperties(t *testing.T) {
	m := recorded(t)
	for _, s := range []string{
		"LocalHost=127.0.0.1", "LocalPort=80", "FirewallType=3", "FirewallHost=h", "FirewallPort=81", "FirewallUser=u",
		"FirewallPassword=p", "FirewallAutoDetect=True",
	} {
		config(t, m, s)
	}
	if m.LocalHost() != "127.0.0.1" || m.LocalPort() != 80 {
		t.Errorf("LocalHost %s, LocalPort %d", m.LocalHost(), m.LocalPort())
	}
	f := m.Firewall()
	if f.FirewallType != 3 || f.Host != "h" || f.Port != 81 || f.User != "u" || f.Password != "p" || !f.AutoDetect {
		t.Errorf("%+v", f)
	}
	f.Host = "other"
	if got := config(t, m, "FirewallHost"); got != "other" {
		t.Errorf("FirewallHost is %s", got)
	}
	must(t, m.SetFirewall(nil))
	if got := config(t, m, "FirewallHost") + config(t, m, "FirewallPort"); got != "0" {
		t.Errorf("after SetFirewall(nil): %s", got)
	}
}

// Reset returns every setting and property to what a new component has.
func TestResetOfAllSettings(t *testing.T) {
	m := recorded(t)
	fresh := snapshot(m)
	for _, row := range allSettingRows() {
		for _, good := range row.good {
			set, want, _ := strings.Cut(good, " -> ")
			if want == "" {
				want = set
			}
			if want != fresh["setting "+row.name] { // the first value that is not the default
				config(t, m, row.name+"="+set)
				break
			}
		}
	}
	config(t, m, "OutgoingUserPropCount=1")
	config(t, m, "OutgoingUserPropName[0]=a")
	config(t, m, "OutgoingUserPropValue[0]=b")
	must(t, m.SetClientId("c"))
	must(t, m.SetCleanSession(false))
	must(t, m.SetRemoteHost("h"))
	must(t, m.SetRemotePort(1))
	must(t, m.SetUser("u"))
	must(t, m.SetPassword("p"))
	must(t, m.SetVersion(mqtt.MvV5))
	must(t, m.SetTimeout(1))
	must(t, m.SetKeepAliveInterval(1))
	must(t, m.SetWillTopic("w"))
	must(t, m.SetWillMessage("w"))
	must(t, m.SetSSLEnabled(true))
	must(t, m.SetSSLProvider(mqtt.SslpInternal))
	cert := certificate.New()
	must(t, m.SetSSLCert(cert))
	must(t, m.SetSSLAcceptServerCert(cert))
	for name, now := range snapshot(m) {
		row, _ := m.Settings().Find(strings.TrimPrefix(name, "setting "))
		if now == fresh[name] && !row.ReadOnly && !slices.Contains([]string{"Connected", "SSLCert", "SSLAcceptServerCert", "setting Connected", "setting SSLCert", "setting SSLAcceptServerCert", "setting SendCustomPacket"}, name) {
			t.Errorf("%s was not set", name)
		}
	}
	must(t, m.Reset())
	wantUnchanged(t, m, fresh, "Reset")
	if m.SSLCert() == cert || m.SSLAcceptServerCert() == cert {
		t.Error("Reset leaves the certificates")
	}
}
