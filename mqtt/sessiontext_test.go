package mqtt_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

var updateGolden = flag.Bool("update.session", false, "write testdata/session.json anew")

// sealed puts a session into the envelope, with the checksum that it has.
func sealed(session string) string {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(session)); err != nil {
		b.Reset()
	}
	sum := sha256.Sum256(b.Bytes())
	return fmt.Sprintf(`{"format": "iotcomponents MQTT session", "version": 1, "sha256": %q, "session": %s}`, hex.EncodeToString(sum[:]), session)
}

// wantTextRefused checks that a component does not take text, says why in words, and is as it was.
func wantTextRefused(t testing.TB, text, why string) {
	t.Helper()
	m := recorded(t)
	empty := saved(t, m)
	err := m.RestoreSession(text)
	if errors.Code(err) != 504 || !strings.Contains(err.Error(), why) {
		t.Errorf("error %v, want 504 with %q, of\n%s", err, why, text)
	}
	if got := saved(t, m); got != empty || !m.CleanSession() {
		t.Errorf("refused, and the session has become\n%s", got)
	}
}

// The text of a session with a message at every stage stays as it is in testdata: who has saved one can read it later.
func TestSessionTextGolden(t *testing.T) {
	const file = "testdata/session.json"
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		lasting(t, r.M)
		must(t, r.M.SetClientId("boiler-7"))
		config(t, r.M, "InflightLimit=4")
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage("house/boiler/temperature", 1, `{"celsius":61.5,"<&>":"ü"}`))
		_, err := r.M.PublishWith("house/boiler/image", 2, []byte{0xFF, 0xD8, 0}, mqtt.PublishProperties{
			Retain: true, MessageExpInterval: 3600, ResponseTopic: "house/answers", CorrelationData: []byte{1, 2},
			ContentType: "image/jpeg", UserProperties: []mqtt.UserProperty{{Name: "room", Value: "cellar"}, {Name: "room", Value: "1\n2"}},
		})
		must(t, err)
		config(t, r.M, "Duplicate=True")
		must(t, r.M.PublishMessage("house/boiler/on", 2, "1"))
		config(t, r.M, "Duplicate=False")
		_, err = r.M.PublishWith("house/boiler/text", 1, []byte("ü"), mqtt.PublishProperties{PayloadFormatIndicator: 1})
		must(t, err)
		must(t, r.M.PublishMessage("house/boiler/held back", 1, ""))
		c.SendAck(packet.PUBREC, 3)
		c.SendPublish("house/boiler/set", 2, 17, "62")
		properties := packet.Properties(nil).AppendUint(packet.PropSubscriptionIdentifier, 4)
		c.SendPublishPacket(&packet.Publish{QoS: 2, Topic: []byte("house/boiler/off"), PacketID: 18, Properties: properties})
		synctest.Wait()
		got := saved(t, r.M)
		if *updateGolden {
			must(t, os.WriteFile(file, []byte(got), 0o600))
		}
		want, err := os.ReadFile(file)
		must(t, err)
		if got != string(want) {
			t.Errorf("the text is\n%s\nwant\n%s", got, want)
		}
	})
	want, err := os.ReadFile(file)
	must(t, err)
	m := recorded(t)
	must(t, m.RestoreSession(string(want)))
	if got := saved(t, m); got != string(want) {
		t.Errorf("restored and saved again:\n%s\nwant\n%s", got, want)
	}
	if got := states(m.OutgoingMessages()); got != "1:0 2:1 3:3 4:0" {
		t.Errorf("OutgoingMessages %s", got)
	}
	if got := states(m.IncomingMessages()); got != "17:7 18:7" {
		t.Errorf("IncomingMessages %s", got)
	}
}

// golden is the text of testdata.
func golden(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/session.json")
	must(t, err)
	return string(b)
}

// What is cut off at any byte, lacks any byte, or has another one anywhere is refused, unless JSON means the same.
func TestSessionTextDamaged(t *testing.T) { t.Run("pain 32", sessionTextDamaged) }

func sessionTextDamaged(t *testing.T) {
	text := golden(t)
	var same bytes.Buffer
	must(t, json.Compact(&same, []byte(text)))
	meansTheSame := func(damaged string) bool {
		var b bytes.Buffer
		return json.Compact(&b, []byte(damaged)) == nil && bytes.EqualFold(b.Bytes(), same.Bytes())
	}
	for i := range text {
		if cut := text[:i]; !meansTheSame(cut) {
			wantTextRefused(t, cut, "The session data is ")
		}
		if gap := text[:i] + text[i+1:]; !meansTheSame(gap) {
			wantTextRefused(t, gap, "The session data ")
		}
		for _, c := range []byte{0, ' ', text[i] ^ 1, text[i] ^ 0x20, text[i] ^ 0x80, '"', '9'} {
			if changed := text[:i] + string([]byte{c}) + text[i+1:]; c != text[i] && !meansTheSame(changed) {
				wantTextRefused(t, changed, "The session data ")
			}
		}
	}
}

func TestSessionTextForeign(t *testing.T) {
	text := golden(t)
	replace := func(old, new string) string {
		t.Helper()
		if strings.Count(text, old) != 1 {
			t.Fatalf("%q is not in the text once", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for _, row := range []struct{ text, why string }{
		{"", "is empty"},
		{" \n", "is damaged, cut short, or not what SaveSession returned"},
		{"null", "is not what SaveSession returned"},
		{"{}", "is not what SaveSession returned"},
		{"[]", "not what SaveSession returned"},
		{"1", "not what SaveSession returned"},
		{`"text"`, "not what SaveSession returned"},
		{"\x00\x01\x02", "not what SaveSession returned"},
		{strings.Repeat("[", 100000), "not what SaveSession returned"},
		{`{"name": "package.json", "version": "1.0.0"}`, "not what SaveSession returned"},
		{`{"format": "another program", "version": 1}`, "is not what SaveSession returned"},
		{text + "x", "not what SaveSession returned"},
		{text + text, "not what SaveSession returned"},
		{replace(`"version": 1`, `"version": 2`), "has version 2; this component reads version 1"},
		{replace(`"version": 1`, `"version": 0`), "has version 0"},
		{replace(`"version": 1`, `"version": 1e99`), "not what SaveSession returned"},
		{replace(`"version": 1`, `"version": 99999999999999999999`), "not what SaveSession returned"},
		{replace(`"version": 1,`, ``), "has version 0"},
		{replace(`"sha256": "`, `"sha256": "0`), "checksum"},
		{replace(`"clientId":"boiler-7"`, `"clientId":"boiler-8"`), "checksum"},
		{`{"format": "iotcomponents MQTT session", "version": 1}`, "checksum"},
		{`{"format": "iotcomponents MQTT session", "version": 1, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`, "layout"},
	} {
		wantTextRefused(t, row.text, row.why)
	}
}

// A session that was made up, with the right checksum.
func TestSessionTextMadeUp(t *testing.T) {
	message := func(list, fields string) string {
		lists := map[string]string{"outgoing": "", "incoming": ""}
		lists[list] = fields
		return fmt.Sprintf(`{"clientId":"c","lastPacketId":1,"outgoing":[%s],"incoming":[%s]}`, lists["outgoing"], lists["incoming"])
	}
	for _, row := range []struct{ session, why string }{
		{"null", "layout"},
		{"[]", "layout"},
		{`{"clientId":1}`, "layout"},
		{`{"unknown":1}`, "layout"},
		{`{"lastPacketId":65536}`, "layout"},
		{`{"lastPacketId":-1}`, "layout"},
		{`{"lastPacketId":1e400}`, "layout"},
		{`{"clientId":"a\u0000"}`, "client identifier that contains U+0000"},
		{`{"clientId":"` + strings.Repeat("a", 65536) + `"}`, "client identifier that is longer than 65535 bytes"},
		{`{"outgoing":{}}`, "layout"},
		{message("outgoing", `1`), "layout"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","unknown":1}`), "layout"},
		{message("outgoing", `{"id":70000,"qos":1,"topic":"a"}`), "layout"},
		{message("outgoing", `{"id":1,"qos":256,"topic":"a"}`), "layout"},
		{message("outgoing", `{"id":1.5,"qos":1,"topic":"a"}`), "layout"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","base64":"=="}`), "layout"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","base64":"AA"}`), "layout"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","messageExpInterval":4294967296}`), "layout"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","awaits":"PUBLISH"}`), `awaits "PUBLISH"`},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","awaits":"puback"}`), `awaits "puback"`},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","payloadFormatIndicator":2}`), "payloadFormatIndicator is 2"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","contentType":"\u0000"}`), "contentType contains U+0000"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","responseTopic":"a/+"}`), "responseTopic contains the wildcard"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","correlationData":"`+strings.Repeat("AAAA", 21846)+`"}`), "correlationData has 65538 bytes"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","userProperties":[["a","\u0000"]]}`), "user property contains U+0000"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","userProperties":[["a"],["`+strings.Repeat("a", 65536)+`","b"]]}`), "user property is longer"},
		{message("incoming", `{"id":1,"qos":1,"topic":"a","subscriptionIdentifiers":[0]}`), "subscription identifier is 0"},
		{message("incoming", `{"id":1,"qos":1,"topic":"a","subscriptionIdentifiers":[268435456]}`), "subscription identifier is 268435456"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","subscriptionIdentifiers":[1]}`), "subscription identifier"},
		{message("outgoing", `{"id":0,"qos":1,"topic":"a"}`), "no packet identifier"},
		{message("outgoing", `{"id":1,"qos":0,"topic":"a"}`), "QoS 0"},
		{message("outgoing", `{"id":1,"qos":3,"topic":"a"}`), "QoS 3"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a","awaits":"PUBREC"}`), "awaits PUBREC"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a/#"}`), "wildcard"},
		{message("outgoing", `{"id":1,"qos":1}`), "topic"},
		{message("outgoing", `{"id":1,"qos":1,"topic":"a"},{"id":1,"qos":2,"topic":"a"}`), "packet identifier of another one"},
		{message("incoming", `{"id":1,"qos":2,"topic":"a","awaits":"PUBREL"},{"id":1,"qos":2,"topic":"a","awaits":"PUBREL"}`), "packet identifier of another one"},
	} {
		wantTextRefused(t, sealed(row.session), row.why)
	}
}

// An editor or a tool may lay the text out anew, and add to the envelope what later versions may have there.
func TestSessionTextLaidOutAnew(t *testing.T) {
	text := golden(t)
	var indented, compact bytes.Buffer
	must(t, json.Indent(&indented, []byte(text), "", "    "))
	must(t, json.Compact(&compact, []byte(text)))
	for _, again := range []string{
		indented.String(), compact.String(), "\r\n\t " + text + " \n\n", strings.ReplaceAll(text, "\n", "\r\n"),
		strings.Replace(text, "{", `{"comment": "of the machine in the cellar", `, 1),
	} {
		m := recorded(t)
		must(t, m.RestoreSession(again))
		if got := saved(t, m); got != text {
			t.Errorf("restored from\n%s\nand saved as\n%s", again, got)
		}
	}
}

// Payloads that are text, are not, or look like something else come back as they were.
func TestSessionTextPayloads(t *testing.T) {
	payloads := []string{
		"", " ", "\x00", "\xFF", "a\xC3", "ü", "\uFFFD", "\u2028\u2029", "<a href=\"x\">&amp;</a>", `\u0041`, `"`, "\\", "\r\n\t\b\f\x7F",
		"\xED\xA0\x80", "😀", "=", "AA==", "null", strings.Repeat("x", 100000), strings.Repeat("\xFE", 100000),
	}
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV3)
		lasting(t, r.M)
		c := r.Connect(s, nil)
		for _, p := range payloads {
			must(t, r.M.PublishData("t", 1, []byte(p)))
			c.ExpectPublish()
		}
		text := saved(t, r.M)
		next := nextProcess(t, mqtt.MvV3, s)
		must(t, next.M.RestoreSession(text))
		c = next.Connect(s, resume(true))
		for i, want := range payloads {
			if p := c.ExpectPublish(); string(p.Payload) != want || int(p.PacketID) != i+1 || !p.Dup {
				t.Errorf("payload %d is %q, want %q", i, p.Payload, want)
			}
		}
	})
}

// Any text is refused with 504, or is a session that is saved, restored and saved again as the same text; and any
// session that the protocol can have is one.
func FuzzRestoreSession(f *testing.F) {
	f.Add(golden(f))
	f.Add(sealed(`{"clientId":"c","lastPacketId":7,"outgoing":[{"id":6,"qos":1,"awaits":"PUBACK","topic":"a"}],"incoming":[]}`))
	f.Add(`{"clientId":"c","lastPacketId":7,"outgoing":[{"id":7,"qos":2,"awaits":"PUBREC","topic":"a/b","base64":"/w=="}],"incoming":[]}`)
	f.Add(`{"clientId":"","outgoing":[{"id":1,"qos":2,"awaits":"PUBCOMP","topic":"a","text":"x","base64":"AA==","dup":true,"retain":true}],
		"incoming":[{"id":1,"qos":2,"awaits":"PUBREL","topic":"a"},{"id":1,"qos":1,"topic":"a","userProperties":[["a"],["b","c","d"],[]],"correlationData":""}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, text := range []string{text, sealed(text)} {
			m := mqtt.New()
			if err := m.RestoreSession(text); err != nil {
				wantCode(t, err, 504)
				if !m.CleanSession() || m.ClientId() != "" || m.OutgoingMessages().Count()+m.IncomingMessages().Count() > 0 {
					t.Error("refused, and not as it was")
				}
				continue
			}
			once := saved(t, m)
			next := mqtt.New()
			must(t, next.RestoreSession(once))
			if again := saved(t, next); again != once {
				t.Errorf("%s\nis saved as\n%s\nand then as\n%s", text, once, again)
			}
			resumeFuzzed(t, next)
		}
	})
}

// resumeFuzzed connects with a restored session and lets the server answer all that it is asked.
func resumeFuzzed(t *testing.T, m *mqtt.MQTT) {
	t.Helper()
	if m.ClientId() == "" {
		return // Connect would refuse it
	}
	s := mqtttest.NewMemoryServer(t)
	mqtt.SetDial(m, s.Dial)
	waiting := m.OutgoingMessages().Count()
	done := make(chan error, 1)
	go func() { done <- m.ConnectTo(s.Host, s.Port) }()
	c := s.Accept(t)
	c.ExpectConnect()
	c.SendConnack(true, 0, nil)
	must(t, <-done)
	served := make(chan struct{})
	go func() {
		defer close(served)
		c.Serve(nil)
	}()
	for limit := time.Now().Add(mqtttest.Patience); m.OutgoingMessages().Count() > 0; {
		must(t, m.DoEvents())
		if !m.Connected() || time.Now().After(limit) {
			t.Errorf("%d of %d messages are left; connected: %v", m.OutgoingMessages().Count(), waiting, m.Connected())
			break
		}
	}
	must(t, m.Reset())
	<-served
}
