package mqtt_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// entries lists the Log events of a trace as docs/log.md shows them: level, type, message.
func entries(trace mqtttest.Trace) []string {
	var list []string
	for _, e := range trace.Only("Log") {
		a := e.Args.(*mqtt.LogEventArgs)
		list = append(list, fmt.Sprintf("%d %s %s", a.LogLevel, a.LogType, a.Message))
	}
	return list
}

// ofType returns the entries of one type.
func ofType(logType string, list []string) []string {
	return slices.DeleteFunc(list, func(line string) bool { return strings.Fields(line)[1] != logType })
}

func wantEntries(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: the log is\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// docs/log.md shows what a conversation logs at each level. At level 0 that is nothing.
func TestLogPage(t *testing.T) {
	page := read(t, "../docs/log.md")
	for _, bound := range []string{fmt.Sprintf("the first %d bytes of a packet in hexadecimal, %d bytes of each text", mqtt.MaxDumped, mqtt.MaxShown), fmt.Sprintf("first %d bytes and", mqtt.MaxTraced)} {
		if !strings.Contains(page, bound) {
			t.Errorf("docs/log.md does not say %q", bound)
		}
	}
	blocks := map[string][]string{"LogLevel=0": nil}
	for _, block := range regexp.MustCompile("(?s)```text\n(LogLevel=[123])\n(.*?)\n```").FindAllStringSubmatch(page, -1) {
		blocks[block[1]] = strings.Split(block[2], "\n")
	}
	if len(blocks) != 4 {
		t.Fatalf("docs/log.md shows %d of 3 levels", len(blocks)-1)
	}
	for setting, want := range blocks {
		t.Run("pain 34: "+setting, inBubble(func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			config(t, r.M, setting)
			must(t, r.M.SetUser("ann"))
			must(t, r.M.SetPassword("secret"))
			must(t, r.M.SetKeepAliveInterval(60))
			c := r.Connect(s, nil)
			must(t, r.M.Subscribe("house/+/temperature", 1))
			c.ExpectType(packet.SUBSCRIBE)
			c.SendSuback(1, 1)
			r.WaitFor("Subscribed", 1)
			must(t, r.M.PublishMessage("house/kitchen/temperature", 1, "21.5"))
			c.ExpectPublish()
			c.SendReason(packet.PUBACK, 2, packet.NoMatchingSubscribers, nil)
			r.WaitFor("MessageOut", 1)
			c.SendPublish("house/cellar/temperature", 0, 0, "12.0")
			r.WaitFor("MessageIn", 1)
			advance(55 * time.Second)
			c.ExpectType(packet.PINGREQ)
			c.Send("D0 00")
			r.WaitFor("Ping", 1)
			r.Disconnect(c)
			wantEntries(t, setting, entries(r.Trace()), want)
		}))
	}
}

// inBubble is f with virtual time.
func inBubble(f func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) { bubble.Test(t, f) }
}

// LogLevel counts at once, also in the middle of a packet.
func TestLogLevelWhileConnected(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		half := func(b []byte) (rest []byte) {
			c.SendBytes(b[:len(b)/2])
			synctest.Wait()
			return b[len(b)/2:]
		}
		long := strings.Repeat("x", 100_000)
		for i, step := range []struct {
			level   string
			payload string
			want    []string
		}{
			{"1", "12", nil},
			{"2", "12", []string{`2 Packet received PUBLISH QoS 0, topic "t", `}},
			{"2", long, []string{`2 Packet received PUBLISH QoS 0, topic "t", 1000`}},
			{"3", "12", []string{`3 Packet received PUBLISH QoS 0, topic "t", `}},
			{"0", "12", nil},
			{"3", long, []string{`3 Packet received PUBLISH QoS 0, topic "t", 1000`}},
			{"1", "12", nil},
		} {
			rest := half(c.Publish("t", 0, 0, step.payload))
			config(t, r.M, "LogLevel="+step.level)
			c.SendBytes(rest)
			r.WaitFor("MessageIn", 1)
			got := entries(r.Take())
			if len(got) != len(step.want) || len(got) > 0 && !strings.HasPrefix(got[0], step.want[0]) {
				t.Errorf("step %d: %q, want %q", i, got, step.want)
			}
		}
		config(t, r.M, "LogLevel=2")
		must(t, r.M.PublishMessage("t", 0, ""))
		c.ExpectPublish()
		r.WaitFor("MessageOut", 1)
		if got := entries(r.Take()); len(got) != 1 || !strings.HasPrefix(got[0], `2 Packet sent PUBLISH QoS 0, topic "t", `) {
			t.Errorf("%q", got)
		}
	})
}

// What happens to the session, at each level.
func TestLogSession(t *testing.T) {
	for level := range 4 {
		eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
			r, s := interrupted(t, v)
			config(t, r.M, fmt.Sprintf("LogLevel=%d", level))
			want := func(what string, lines ...string) {
				t.Helper()
				lines = slices.DeleteFunc(lines, func(line string) bool { return int(line[0]-'0') > level })
				wantEntries(t, fmt.Sprintf("level %d, %s", level, what), ofType("Session", entries(r.Take())), lines)
			}
			connect := func(present bool) *mqtttest.Conn {
				c := r.Connect(s, resume(present))
				synctest.Wait()
				r.Pump()
				return c
			}

			c := connect(true)
			want("resumed", "2 Session Session resumed: 4 packets sent again.", "3 Session Packet 1: sent again.", "3 Session Packet 3: sent again.",
				"3 Session Packet 4: sent again.", "3 Session Packet 5: sent again.", `1 Session Connected as "c"; session present: true.`)
			c.SendAck(packet.PUBACK, 9)
			c.SendAck(packet.PUBCOMP, 3)
			r.WaitFor("MessageOut", 1)
			want("unknown", "2 Session PUBACK for packet 9, which nothing waits for; ignored.")
			for _, dup := range []bool{false, true, false} {
				c.SendPublishPacket(&packet.Publish{QoS: 2, Dup: dup, PacketID: 7, Topic: []byte("t")})
			}
			synctest.Wait()
			r.Pump()
			want("busy", "2 Session PUBLISH of QoS 2 without DUP for packet 7, whose exchange is open: taken as a repetition.")
			c.Reset()
			r.WaitFor("Disconnected", 1)
			r.Take()

			c = connect(false)
			lost := []string{
				"2 Session The server has no session: 3 unacknowledged messages are sent as new ones.", "3 Session Packet 1: sent as a new message.",
				"3 Session Packet 4: sent as a new message.", "3 Session Packet 5: sent as a new message.", `1 Session Connected as "c"; session present: false.`,
			}
			want("lost", slices.Clone(lost)...)
			c.Reset()
			r.WaitFor("Disconnected", 1)
			r.Take()
			must(t, r.M.SetCleanSession(true))
			config(t, r.M, "SessionExpInterval=0")
			c = connect(false)
			r.Disconnect(c)
			want("dropped", append(lost, "1 Session Session ended: 3 messages whose exchange was not complete are dropped.",
				"3 Session Packet 1: dropped.", "3 Session Packet 4: dropped.", "3 Session Packet 5: dropped.")...)
		})
	}
}

// No secret is in the log at level 3, neither as text nor in hexadecimal (pain 34).
func TestLogSecrets(t *testing.T) { t.Run("pain 34", logSecrets) }

func logSecrets(t *testing.T) {
	const secret = "hunter2+"
	secretHex := hex.EncodeToString([]byte(secret))
	shows := func(list []string) bool {
		all := strings.Join(list, "\n")
		digits := strings.ToLower(strings.ReplaceAll(all, " ", ""))
		return strings.Contains(all, secret) || strings.Contains(digits, secretHex)
	}
	secretData := packet.Properties(nil).AppendString(packet.PropCorrelationData, secret)
	for _, masked := range []string{"True", "False"} {
		bubble.Test(t, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			config(t, r.M, "LogLevel=3")
			config(t, r.M, "MaskSensitiveData="+masked)
			must(t, r.M.SetUser("ann"))
			must(t, r.M.SetPassword(secret))
			must(t, r.M.SetWillTopic("gone"))
			must(t, r.M.SetWillMessage(secret))
			config(t, r.M, `ConnectProperties={"AuthenticationMethod":"m","AuthenticationData":"`+secretHex+`"}`)
			config(t, r.M, `WillProperties={"CorrelationData":"`+secretHex+`"}`)
			config(t, r.M, `OutgoingMessageProperties={"CorrelationData":"`+secretHex+`"}`)
			seen := 0
			look := func(what string) {
				t.Helper()
				list := entries(r.Take())
				if shows(list) != (masked == "False") {
					t.Errorf("MaskSensitiveData=%s, %s:\n%s", masked, what, strings.Join(list, "\n"))
				}
				seen += len(list)
			}
			c := r.Connect(s, func(c *mqtttest.Conn) []byte {
				return c.Connack(false, 0, packet.Properties(nil).AppendString(packet.PropAuthenticationMethod, "m").AppendString(packet.PropAuthenticationData, secret))
			})
			look("connecting")
			for qos := range 3 {
				must(t, r.M.PublishMessage("t", qos, secret))
				c.ExpectPublish()
				r.Pump()
				look("publishing")
				c.SendPublishPacket(&packet.Publish{Topic: []byte("t"), QoS: byte(qos), PacketID: 9, Properties: secretData, Payload: []byte(secret)})
				synctest.Wait()
				r.Pump()
				look("receiving")
				switch qos {
				case 1:
					c.ExpectAck(packet.PUBACK, 9)
				case 2:
					c.ExpectAck(packet.PUBREC, 9)
				}
			}
			must(t, r.M.PublishMessage("t", 0, strings.Repeat(secret, 10_000)))
			c.ExpectPublish()
			r.Pump()
			look("a large payload")
			config(t, r.M, "SendCustomPacket=30 0B 00 01 74 "+secretHex)
			synctest.Wait()
			r.Pump()
			look("a packet of the program's own")
			c.SendBytes(packet.AppendAuth(nil, &packet.Auth{Reason: packet.ContinueAuthentication, Properties: packet.Properties(nil).AppendString(packet.PropAuthenticationMethod, "m").AppendString(packet.PropAuthenticationData, secret)}))
			synctest.Wait()
			r.Pump()
			look("AUTH that nobody asked for")
			if seen < 15 {
				t.Errorf("%d entries", seen)
			}
		})
	}
}

// Names and texts of others cannot end a line, nor do anything to a terminal.
func TestLogInjection(t *testing.T) {
	const evil = "a\nERROR forged\r\x1b[2J\u202e\u2028\x7f"
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		config(t, r.M, "LogLevel=3")
		config(t, r.M, "MaskSensitiveData=False")
		config(t, r.M, "AllowControlCharacters=True")
		must(t, r.M.SetClientId(evil))
		must(t, r.M.SetUser(evil))
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage(evil, 1, evil+"\xff"))
		c.ExpectPublish()
		must(t, r.M.Subscribe(evil, 1))
		c.ExpectType(packet.SUBSCRIBE)
		c.SendPublish(evil, 1, 1, evil)
		r.WaitFor("MessageIn", 1)
		if v == mqtt.MvV5 {
			c.SendReason(packet.PUBACK, 1, packet.QuotaExceeded, packet.Properties(nil).AppendString(packet.PropReasonString, evil).AppendUserProperty(evil, evil))
			c.SendDisconnect(packet.ServerShuttingDown, packet.Properties(nil).AppendString(packet.PropReasonString, evil))
		} else {
			c.SendBytes([]byte(evil))
		}
		r.WaitFor("Disconnected", 1)
		must(t, r.M.SetRemoteHost(s.Host))
		mqtt.SetDial(r.M, failingDial(evil+"\xff"))
		wantCode(t, r.M.Connect(), 10061)
		list := entries(r.Take())
		for _, line := range list {
			if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !strconv.IsPrint(r) }) {
				t.Errorf("%q", line)
			}
		}
		if all := strings.Join(list, "\n"); strings.Count(all, `a\nERROR forged\r\x1b[2J\u202e\u2028\x7f`) < 5 {
			t.Errorf("the log does not tell the name:\n%s", all)
		}
	})
}

// failingDial fails with a text.
func failingDial(text string) mqtttest.DialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		return nil, fmt.Errorf("%s: %w", text, syscall.ECONNREFUSED)
	}
}

// What waits, and for what, is told at level 3 when something has to wait.
func TestLogQueues(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		config(t, r.M, "SendQueueSize=2")
		config(t, r.M, "InflightLimit=1") // counts from the next connection on
		config(t, r.M, "RepublishInterval=0")
		must(t, r.M.SetTimeout(0))
		info := func() []string { return ofType("Info", entries(r.Take())) }
		for _, level := range []string{"2", "3"} {
			config(t, r.M, "LogLevel="+level)
			accepted := 1 // the one that finds no room
			for r.M.PublishData("t", 0, make([]byte, 1000)) == nil {
				accepted++
			}
			wantCode(t, r.M.PublishData("t", 0, nil), 10035) // the same wait, which was told
			for range accepted {
				c.ExpectPublish()
			}
			r.WaitFor("ReadyToSend", 1)
			got := info()
			if level == "2" && len(got) > 0 || level == "3" && (len(got) != 1 || !strings.HasPrefix(got[0], "3 Info Publishing has to wait for room: 26")) {
				t.Errorf("level %s: %q", level, got)
			}
		}
	})
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		config(t, r.M, "LogLevel=3")
		flood := strings.Repeat(string(c.Publish("t", 0, 0, "")), mqtt.MaxEvents)
		go func() { _ = c.TrySend([]byte(flood)) }()
		synctest.Wait()
		r.WaitFor("MessageIn", mqtt.MaxEvents)
		got := ofType("Info", entries(r.Take()))
		if len(got) < 2 || !strings.HasPrefix(got[0], "3 Info Reading pauses: 0 bytes to be written, 0 messages held back, ") || !strings.HasPrefix(got[1], "3 Info Reading goes on: ") {
			t.Errorf("%q", got)
		}
	})
}

// RepublishInterval tells what is sent again.
func TestLogRepublish(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV3)
		config(t, r.M, "RepublishInterval=30")
		config(t, r.M, "LogLevel=3")
		must(t, r.M.PublishMessage("t", 1, "a"))
		must(t, r.M.PublishMessage("t", 2, "b"))
		advance(31 * time.Second)
		wantPackets(t, c, "1:a QoS 1", "2:b QoS 2", "1:a QoS 1 dup", "2:b QoS 2 dup")
		r.Pump()
		wantEntries(t, "RepublishInterval", ofType("Session", entries(r.Take())), []string{
			"2 Session RepublishInterval is over: 2 messages without an answer are sent again.", "3 Session Packet 1: sent again.", "3 Session Packet 2: sent again.",
		})
	})
}
