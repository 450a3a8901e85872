package mqtt_test

import (
	"bytes"
	stderrors "errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// One text makes a whole client (issue 14, 25).
func TestLoadConfig(t *testing.T) {
	m := recorded(t)
	must(t, m.LoadConfig(strings.NewReader("\uFEFF# a client\r\n"+`
; another comment
RemoteHost = broker.example
  remoteport=8883
ClientId=sensor=1
User=u
Password="p \xff\r\n"
KeepAliveInterval=75000
MQTT.KeepAliveInterval=30
MQTT.LocalHost=127.0.0.1
MQTT.Timeout=5
CleanSession=no
Version=1
SSLEnabled=True
SSLProvider=2
FirewallPort=99
FirewallType=3
WillTopic=gone
WillMessage=  a b  
QueueMessages=True
OutgoingUserPropName[1]="  n"
OutgoingUserPropCount=2
WebSocketHeaders="X-A: 1\r\nX-B: 2"
ConnectProperties={"ReceiveMaximum":"5"}`)))
	type fields struct {
		host, id, user, password, localHost, willTopic, willMessage string
		port, keepAlive, timeout                                    int
		clean, tls                                                  bool
		version                                                     mqtt.MQTTVersions
		provider                                                    mqtt.MQTTSSLProviders
	}
	want := fields{"broker.example", "sensor=1", "u", "p \xff\r\n", "127.0.0.1", "gone", "a b", 8883, 30, 5, false, true, mqtt.MvV5, mqtt.SslpInternal}
	got := fields{m.RemoteHost(), m.ClientId(), m.User(), m.Password(), m.LocalHost(), m.WillTopic(), m.WillMessage(), m.RemotePort(), m.KeepAliveInterval(), m.Timeout(), m.CleanSession(), m.SSLEnabled(), m.Version(), m.SSLProvider()}
	if got != want {
		t.Errorf("the properties are\n%+v, want\n%+v", got, want)
	}
	for name, want := range map[string]string{
		"KeepAliveInterval": "75000", "TCPKeepAlive": "True", "FirewallType": "3", "FirewallPort": "99", "QueueMessages": "True",
		"OutgoingUserPropCount": "2", "OutgoingUserPropName[0]": "", "OutgoingUserPropName[1]": "  n", "WebSocketHeaders": "X-A: 1\r\nX-B: 2",
		"ConnectProperties": `{"ReceiveMaximum":"5"}`,
	} {
		if got := config(t, m, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A text with faults changes nothing, and one error tells all of them with their lines, without a value that may be secret.
func TestLoadConfigFaults(t *testing.T) {
	m := recorded(t)
	config(t, m, "OutgoingUserPropCount=1")
	config(t, m, "OutgoingUserPropName[0]=kept")
	before := snapshot(m)
	err := m.LoadConfig(strings.NewReader(strings.Join([]string{
		"User=u", "WillQOS=3", "# fine", "Pasword=geheim", "geheim", "OutgoingUserPropName[0]=changed", "Connected=True", "SendCustomPacket=C000",
		"user=again", "FirewallPassword=\"geheim", "BuildInfo=1", "OutgoingUserPropName[1]=a", "SSLCert={\"Store\":\"/no/such/file\",\"StorePassword\":\"geheim\"}",
	}, "\n")))
	wantCode(t, err, 505)
	wantUnchanged(t, m, before, "the faulty text")
	for _, want := range []string{
		"Line 2: ", "Line 4: ", "did you mean Password?", "Line 5: ", "write NAME=VALUE", "Line 7: ", "Line 8: ", "Line 9: ", "User is given in line 1", "Line 10: ",
		"Line 11: ", "Line 12: ", "Line 13: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
	for _, bad := range []string{"Line 1:", "Line 3:", "Line 6:", "geheim"} {
		if strings.Contains(err.Error(), bad) {
			t.Errorf("%v\nhas %q", err, bad)
		}
	}
	broken := stderrors.New("broken")
	err = m.LoadConfig(iotest.ErrReader(broken))
	wantCode(t, err, 302)
	if !stderrors.Is(err, broken) {
		t.Errorf("%v hides its cause", err)
	}
	wantCode(t, m.LoadConfig(strings.NewReader(strings.Repeat("#\n", 8<<20+1))), 10022)
}

// While connected a text with something that is fixed then is refused as a whole; one without is applied.
func TestLoadConfigWhileConnected(t *testing.T) {
	r, _, _ := connected(t, mqtt.MvV5)
	before := snapshot(r.M)
	wantCode(t, r.M.LoadConfig(strings.NewReader("User=u\nRemoteHost=b\nVersion=1")), 101)
	wantUnchanged(t, r.M, before, "the refused text")
	must(t, r.M.LoadConfig(strings.NewReader("User=u")))
	if r.M.User() != "u" {
		t.Errorf("User is %q", r.M.User())
	}
	if got := config(t, r.M, "Connected"); got != "True" {
		t.Errorf("Connected is %s", got)
	}
	var text bytes.Buffer
	must(t, r.M.SaveConfig(&text, false))
	host, port, keepAlive := "\nRemoteHost=127.0.0.1\n", "\nLocalPort=0\n", "\nMQTT.KeepAliveInterval=0\n"
	for _, want := range []string{host, port, keepAlive} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &text)
		}
	}
}

// What SaveConfig writes makes the same client of a new one, of any that was changed meanwhile, and the same text.
func TestSaveConfig(t *testing.T) {
	certFile := filepath.Join(t.TempDir(), "client.pem")
	must(t, os.WriteFile(certFile, []byte(clientPEM(t)), 0o600))
	m := recorded(t)
	for _, row := range allSettingRows() {
		if len(row.good) > 0 && row.name != "Connected" {
			set, _, _ := strings.Cut(row.good[0], " -> ")
			config(t, m, row.name+"="+set)
		}
	}
	config(t, m, "OutgoingUserPropName[0]=a:b")
	config(t, m, "OutgoingUserPropValue[0]=  c\r\n")
	must(t, m.SetPassword(` "geheim" `))
	must(t, m.SetWillMessage("\x00 é\n"))
	cert, err := certificate.FromStore(certificate.CstPEMKeyFile, certFile, "", "*")
	must(t, err)
	must(t, m.SetSSLCert(cert))
	accept, err := certificate.FromEncoded([]byte(cert.Encoded()))
	must(t, err)
	must(t, m.SetSSLAcceptServerCert(accept))

	var text bytes.Buffer
	must(t, m.SaveConfig(&text, true))
	other := recorded(t)
	config(t, other, "SendQueueSize=7")
	must(t, other.LoadConfig(bytes.NewReader(text.Bytes())))
	before := withoutCertificates(snapshot(m))
	after := withoutCertificates(snapshot(other))
	for name, value := range before {
		if after[name] != value {
			t.Errorf("%s is %q, was %q", name, after[name], value)
		}
	}
	if !other.SSLCert().PrivateKeyAvailable() || other.SSLCert().ThumbprintSHA256() != cert.ThumbprintSHA256() {
		t.Error("SSLCert is another one")
	}
	if other.SSLAcceptServerCert().ThumbprintSHA256() != cert.ThumbprintSHA256() {
		t.Error("SSLAcceptServerCert is another one")
	}
	var again bytes.Buffer
	must(t, other.SaveConfig(&again, true))
	if again.String() != text.String() {
		t.Errorf("written again it is\n%s\nwas\n%s", &again, &text)
	}

	text.Reset()
	must(t, m.SaveConfig(&text, false))
	for _, secret := range []string{"geheim", "PRIVATE", "X-A"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("without secrets the text has %q", secret)
		}
	}
	for _, want := range []string{"# Password is a secret and was left out\n", "\nUser=a\n", "\nRemoteHost=broker.example\n", "# WebSocketHeaders is a secret"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("without secrets the text lacks %q:\n%s", want, &text)
		}
	}
	must(t, m.LoadConfig(&text))
	if got := withoutCertificates(snapshot(m)); got["Password"] != before["Password"] {
		t.Errorf("the text without secrets has changed the password to %q", got["Password"])
	}
	broken := stderrors.New("broken")
	if err := m.SaveConfig(failingWriter{broken}, false); !stderrors.Is(err, broken) {
		t.Errorf("%v hides its cause", err)
	} else {
		wantCode(t, err, 302)
	}
}

// clientPEM is a certificate with its key.
func clientPEM(t *testing.T) string {
	client := testpki.NewAuthority(t, "authority").Issue(t, testpki.AsClient("client"))
	return client.PEM() + client.KeyPEM(t)
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// withoutCertificates removes the properties that are pointers.
func withoutCertificates(values map[string]string) map[string]string {
	delete(values, "SSLCert")
	delete(values, "SSLAcceptServerCert")
	delete(values, "Firewall")
	return values
}

// A certificate in memory is a secret; with secrets the text brings it over.
func TestSaveConfigCertificateInMemory(t *testing.T) {
	cert, err := certificate.FromStore(certificate.CstPEMKeyBlob, clientPEM(t), "", "*")
	must(t, err)
	m := recorded(t)
	must(t, m.SetSSLCert(cert))
	var text bytes.Buffer
	must(t, m.SaveConfig(&text, false))
	if !strings.Contains(text.String(), "# without the secret StoreB: SSLCert=") {
		t.Errorf("the text has no such comment:\n%s", &text)
	}
	text.Reset()
	must(t, m.SaveConfig(&text, true))
	other := recorded(t)
	must(t, other.LoadConfig(&text))
	if !other.SSLCert().PrivateKeyAvailable() || other.SSLCert().ThumbprintSHA256() != cert.ThumbprintSHA256() {
		t.Error("SSLCert is another one")
	}
}

// Config("Connected=True") is Connect.
func TestConfigConnected(t *testing.T) {
	m := recorded(t)
	_, err := m.Config("Connected=True")
	wantCode(t, err, 102)
	r, _, _ := connected(t, mqtt.MvV5)
	config(t, r.M, "Connected=False")
	if r.M.Connected() {
		t.Error("still connected")
	}
}

// RemotePort that was not assigned leaves the port to the URL's scheme, also in a client that was made of a text.
func TestSaveConfigPortOfScheme(t *testing.T) {
	m := recorded(t)
	must(t, m.SetRemoteHost("mqtts://b.example"))
	var text bytes.Buffer
	must(t, m.SaveConfig(&text, false))
	if !strings.Contains(text.String(), "\n# RemotePort=1883\n") {
		t.Errorf("the text has no such comment:\n%s", &text)
	}
}

// The Log of a connection says which KeepAliveInterval was set, when MQTT's is off.
func TestLogOfTCPKeepAlive(t *testing.T) {
	for _, row := range []struct {
		setting string
		warns   bool
	}{{"KeepAliveInterval=30", true}, {"MQTT.KeepAliveInterval=30", false}, {"KeepAliveInterval=0", false}} {
		t.Run(row.setting, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			warned := false
			r.M.OnLog = func(e *mqtt.LogEventArgs) {
				warned = warned || strings.HasPrefix(e.Message, "The setting KeepAliveInterval=30 is TCP's")
			}
			config(t, r.M, row.setting)
			r.Connect(s, nil)
			if warned != row.warns {
				t.Errorf("warned is %t, want %t", warned, row.warns)
			}
		})
	}
}
