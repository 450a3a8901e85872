package mqtt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func saved(t testing.TB, m *mqtt.MQTT) string {
	t.Helper()
	text, err := m.SaveSession()
	must(t, err)
	return text
}

// stateFile gives m a SessionStateFile in a folder of the test's own.
func stateFile(t testing.TB, m *mqtt.MQTT) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "state")
	config(t, m, "SessionStateFile="+name)
	return name
}

// nextProcess makes a component of a later process: it shares nothing with the others but what a program hands over.
func nextProcess(t *testing.T, v mqtt.MQTTVersions, s *mqtttest.Server) *mqtttest.Recorder {
	t.Helper()
	r := newRecorded(t, v, s)
	config(t, r.M, "RepublishInterval=0")
	return r
}

// bothWays runs a test with the text handed over and with SessionStateFile. restore calls RestoreSession in the next
// process.
func bothWays(t *testing.T, f func(t *testing.T, v mqtt.MQTTVersions, save func(*mqtt.MQTT) (restore func(*mqtt.MQTT) error))) {
	t.Helper()
	t.Run("text", func(t *testing.T) {
		eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
			f(t, v, func(m *mqtt.MQTT) func(*mqtt.MQTT) error {
				text := saved(t, m)
				return func(m *mqtt.MQTT) error { return m.RestoreSession(text) }
			})
		})
	})
	t.Run("SessionStateFile", func(t *testing.T) {
		eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
			f(t, v, func(m *mqtt.MQTT) func(*mqtt.MQTT) error {
				name := stateFile(t, m)
				saved(t, m)
				return func(m *mqtt.MQTT) error {
					config(t, m, "SessionStateFile="+name)
					return m.RestoreSession("this is ignored")
				}
			})
		})
	})
}

// MQTT5-4.1.0-1, MQTT5-4.4.0-1: outgoing messages at all stages go on in a new process.
func TestRestoreBeforeConnect(t *testing.T) {
	bothWays(t, func(t *testing.T, v mqtt.MQTTVersions, save func(*mqtt.MQTT) func(*mqtt.MQTT) error) {
		old, s := interrupted(t, v)
		restore := save(old.M)
		r := nextProcess(t, v, s)
		must(t, r.M.SetClientId(""))
		must(t, restore(r.M))
		if r.M.CleanSession() || r.M.ClientId() != "c" {
			t.Errorf("CleanSession %v, ClientId %q", r.M.CleanSession(), r.M.ClientId())
		}
		if got, want := states(r.M.OutgoingMessages()), "1:0 3:3 4:1 5:0"; got != want {
			t.Errorf("OutgoingMessages %s, want %s", got, want)
		}
		r.On("Connected", func(any) { must(t, r.M.PublishMessage("t", 1, "new")) })
		c := r.Connect(s, resume(true))
		wantPackets(t, c, "1:a QoS 1 dup", "3:PUBREL", "4:d QoS 2 dup", "5:e QoS 1 dup", "6:new QoS 1")
		finishAll(t, r, c)
	})
}

// The server has lost the session: what it had not taken over is sent as new.
func TestRestoreWithoutTheServersSession(t *testing.T) {
	bothWays(t, func(t *testing.T, v mqtt.MQTTVersions, save func(*mqtt.MQTT) func(*mqtt.MQTT) error) {
		old, s := interrupted(t, v)
		restore := save(old.M)
		r := nextProcess(t, v, s)
		must(t, restore(r.M))
		c := r.Connect(s, resume(false))
		wantPackets(t, c, "1:a QoS 1", "4:d QoS 2", "5:e QoS 1")
		for _, id := range []uint16{1, 5} {
			c.SendAck(packet.PUBACK, id)
		}
		c.SendAck(packet.PUBREC, 4)
		wantPackets(t, c, "4:PUBREL")
		c.SendAck(packet.PUBCOMP, 4)
		wantOut(t, r, "a", "c", "d", "e")
	})
}

// finishAll answers what interrupted and one new message with identifier 6 still wait for.
func finishAll(t *testing.T, r *mqtttest.Recorder, c *mqtttest.Conn) {
	t.Helper()
	for _, id := range []uint16{1, 5, 6} {
		c.SendAck(packet.PUBACK, id)
	}
	c.SendAck(packet.PUBREC, 4)
	c.SendAck(packet.PUBCOMP, 3)
	wantPackets(t, c, "4:PUBREL")
	c.SendAck(packet.PUBCOMP, 4)
	wantOut(t, r, "a", "c", "d", "e", "new")
}

// wantOut waits for MessageOut of these, each once and in any order.
func wantOut(t *testing.T, r *mqtttest.Recorder, want ...string) {
	t.Helper()
	trace := r.WaitFor("MessageOut", len(want))
	var got []string
	for _, e := range trace.Only("MessageOut") {
		got = append(got, e.Args.(*mqtt.MessageOutEventArgs).Message)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("MessageOut of %q, want %q", got, want)
	}
	if n := r.M.OutgoingMessages().Count(); n != 0 {
		t.Errorf("%d left in OutgoingMessages", n)
	}
}

// A program written after the documentation: it looks at SessionPresent inside OnConnected and restores then.
func TestRestoreInsideOnConnected(t *testing.T) {
	for _, present := range []bool{true, false} {
		t.Run(fmt.Sprintf("SessionPresent %v", present), func(t *testing.T) {
			bothWays(t, func(t *testing.T, v mqtt.MQTTVersions, save func(*mqtt.MQTT) func(*mqtt.MQTT) error) {
				old, s := interrupted(t, v)
				restore := save(old.M)

				r := nextProcess(t, v, s)
				must(t, r.M.SetCleanSession(false))
				config(t, r.M, "SessionExpInterval=3600")
				r.On("Connected", func(args any) {
					if args.(*mqtt.ConnectedEventArgs).StatusCode != 0 {
						t.Error("not connected")
					}
					if config(t, r.M, "SessionPresent") == "True" {
						must(t, restore(r.M))
					}
					must(t, r.M.PublishMessage("t", 1, "new"))
				})
				c := r.Connect(s, resume(present))
				if !present {
					wantPackets(t, c, "1:new QoS 1")
					return
				}
				wantPackets(t, c, "1:a QoS 1 dup", "3:PUBREL", "4:d QoS 2 dup", "5:e QoS 1 dup", "6:new QoS 1")
				if r.M.CleanSession() {
					t.Error("CleanSession is true")
				}
				finishAll(t, r, c)
			})
		})
	}
}

// An inbound QoS 2 message that the old process had answered with PUBREC is delivered exactly once, wherever the new
// process restores and whatever the server sends behind CONNACK.
func TestRestoreIncoming(t *testing.T) {
	publish := func(c *mqtttest.Conn) []byte {
		return packet.AppendPublish(nil, c.Version, &packet.Publish{Dup: true, QoS: 2, Topic: []byte("t"), PacketID: 9, Payload: []byte("x")})
	}
	pubrel := packet.AppendShortAck(nil, packet.PUBREL, 9)
	for _, row := range []struct {
		name            string
		handler         bool // restored inside OnConnected
		released        bool // the old process had PUBREL too
		publish, pubrel bool // come in one segment with CONNACK
	}{
		{"before Connect", false, false, false, false},
		{"before Connect, PUBREL had come", false, true, false, false},
		{"before Connect, PUBREL with CONNACK", false, false, false, true},
		{"before Connect, PUBLISH and PUBREL with CONNACK", false, false, true, true},
		{"OnConnected", true, false, false, false},
		{"OnConnected, PUBREL had come", true, true, false, false},
		{"OnConnected, PUBLISH with CONNACK", true, false, true, false},
		{"OnConnected, PUBREL with CONNACK", true, false, false, true},
		{"OnConnected, PUBLISH and PUBREL with CONNACK", true, false, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, v mqtt.MQTTVersions, save func(*mqtt.MQTT) func(*mqtt.MQTT) error) {
				old, s := memory(t, v)
				lasting(t, old.M)
				c := old.Connect(s, nil)
				old.Take()
				c.SendPublish("t", 2, 9, "x")
				c.ExpectAck(packet.PUBREC, 9)
				if row.released {
					c.SendBytes(pubrel)
					synctest.Wait()
				}
				restore := save(old.M)

				r := nextProcess(t, v, s)
				must(t, r.M.SetCleanSession(false))
				if row.handler {
					r.On("Connected", func(any) { must(t, restore(r.M)) })
				} else {
					must(t, restore(r.M))
				}
				c = r.Connect(s, func(c *mqtttest.Conn) []byte {
					b := c.Connack(true, 0, nil)
					if row.publish {
						b = append(b, publish(c)...)
					}
					if row.pubrel {
						b = append(b, pubrel...)
					}
					return b
				})
				if row.publish {
					c.ExpectAck(packet.PUBREC, 9)
				}
				if !row.pubrel {
					synctest.Wait()
					c.SendBytes(pubrel)
				}
				r.WaitFor("MessageIn", 1)
				c.ExpectAck(packet.PUBCOMP, 9)
				c.SendBytes(pubrel) // once more
				c.ExpectAck(packet.PUBCOMP, 9)
				c.SendPublish("t", 2, 9, "next") // another message
				c.ExpectAck(packet.PUBREC, 9)
				c.SendBytes(pubrel)
				var got []string
				for _, e := range r.WaitFor("MessageIn", 2).Only("MessageIn") {
					got = append(got, e.Args.(*mqtt.MessageInEventArgs).Message)
				}
				if !slices.Equal(got, []string{"x", "next"}) {
					t.Errorf("MessageIn of %q", got)
				}
				if n := r.M.IncomingMessages().Count(); n != 0 {
					t.Errorf("%d left in IncomingMessages", n)
				}
			})
		})
	}
}

// The properties of a message survive, those that a server may send included.
func TestRestoreKeepsProperties(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		old, s := memory(t, mqtt.MvV5)
		lasting(t, old.M)
		c := old.Connect(s, nil)
		sent := mqtt.PublishProperties{
			Retain: true, PayloadFormatIndicator: 1, MessageExpInterval: 2147483647, ResponseTopic: "answers/ü", CorrelationData: []byte{0, 255},
			ContentType: "text/plain", UserProperties: []mqtt.UserProperty{{Name: "k", Value: "1"}, {Name: "", Value: ""}, {Name: "k", Value: "2 \u2028<&>\\\""}},
		}
		_, err := old.M.PublishWith("t", 2, []byte("ü"), sent)
		must(t, err)
		first := c.ExpectPublish()
		inbound := packet.Properties(nil).AppendString(packet.PropResponseTopic, "").AppendString(packet.PropContentType, "").
			AppendBytes(packet.PropCorrelationData, nil).AppendUint(packet.PropSubscriptionIdentifier, 268435455).AppendUint(packet.PropSubscriptionIdentifier, 1)
		c.SendPublishPacket(&packet.Publish{QoS: 2, Topic: []byte("t"), PacketID: 3, Properties: inbound, Payload: []byte{0xFF}})
		c.ExpectAck(packet.PUBREC, 3)
		text := saved(t, old.M)

		r := nextProcess(t, mqtt.MvV5, s)
		must(t, r.M.RestoreSession(text))
		if got := saved(t, r.M); got != text {
			t.Errorf("saved again:\n%s\nwant\n%s", got, text)
		}
		r.On("MessageIn", func(args any) {
			a := args.(*mqtt.MessageInEventArgs)
			if p := a.Properties; p == nil || !slices.Equal(p.SubscriptionIdentifiers, []int{268435455, 1}) || string(a.MessageB) != "\xFF" {
				t.Errorf("%+v", a)
			}
		})
		c = r.Connect(s, resume(true))
		again := c.ExpectPublish()
		if !again.Dup || !again.Retain || string(again.Properties) != string(first.Properties) || string(again.Payload) != "ü" {
			t.Errorf("sent again as %+v\nwant %+v with DUP", again, first)
		}
		c.SendAck(packet.PUBREL, 3)
		r.WaitFor("MessageIn", 1)
	})
}

// RestoreSession that fails changes nothing, whatever the reason.
func TestRestoreRefused(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		old, s := interrupted(t, v)
		text := saved(t, old.M)
		unchanged := func(r *mqtttest.Recorder, clean bool, id string) {
			t.Helper()
			if r.M.CleanSession() != clean || r.M.ClientId() != id || r.M.IncomingMessages().Count() != 0 {
				t.Errorf("CleanSession %v, ClientId %q, %d incoming", r.M.CleanSession(), r.M.ClientId(), r.M.IncomingMessages().Count())
			}
		}
		r := nextProcess(t, v, s)
		must(t, r.M.SetClientId("other"))
		wantCode(t, r.M.RestoreSession(text), 10022)
		unchanged(r, true, "other")
		must(t, r.M.SetClientId(""))
		wantCode(t, r.M.RestoreSession(text[:len(text)-10]), 504)
		unchanged(r, true, "")
		config(t, r.M, "SessionStateFile="+filepath.Join(t.TempDir(), "none"))
		wantCode(t, r.M.RestoreSession(text), 302)
		unchanged(r, true, "")
		config(t, r.M, "SessionStateFile=")

		// While connected it is the connection's client identifier that counts, not the property for the next one.
		must(t, r.M.SetClientId("other"))
		c := r.Connect(s, nil)
		must(t, r.M.SetClientId("c"))
		wantCode(t, r.M.RestoreSession(text), 10022)
		unchanged(r, true, "c")
		must(t, r.M.SetClientId("other"))

		must(t, r.M.PublishMessage("t", 1, "own"))
		wantPackets(t, c, "1:own QoS 1")
		own := saved(t, r.M)
		wantCode(t, r.M.RestoreSession(own), 211)
		unchanged(r, true, "other")
		if got := states(r.M.OutgoingMessages()); got != "1:0" {
			t.Errorf("OutgoingMessages %s", got)
		}
		wantPackets(t, c)
		if got := saved(t, r.M); got != own {
			t.Errorf("the session has become\n%s\nwant\n%s", got, own)
		}
	})
}

// A session saved with CleanSession true, where Disconnect would drop the messages, is restored with false.
func TestRestoreOfACleanSession(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		old, s, c := connected(t, v)
		must(t, old.M.PublishMessage("t", 2, "a"))
		wantPackets(t, c, "1:a QoS 2")
		text := saved(t, old.M)
		r := nextProcess(t, v, s)
		must(t, r.M.RestoreSession(text))
		done := r.Start(r.M.Connect)
		c = s.Accept(t)
		if p := c.ExpectConnect(); p.CleanStart {
			t.Error("CONNECT asks for a clean session")
		}
		c.SendConnack(false, 0, nil)
		must(t, r.Join(done))
		wantPackets(t, c, "1:a QoS 2")
	})
}

// Reset forgets a restored session.
func TestResetForgetsARestoredSession(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		old, s := interrupted(t, v)
		r := nextProcess(t, v, s)
		empty := saved(t, nextProcess(t, v, s).M)
		must(t, r.M.RestoreSession(saved(t, old.M)))
		must(t, r.M.Reset())
		must(t, r.M.SetClientId("c"))
		if got := saved(t, r.M); got != empty || !r.M.CleanSession() {
			t.Errorf("after Reset:\n%s", got)
		}
	})
}

// SaveSession inside every handler, with exchanges at every stage: each text is a session.
func TestSaveInsideHandlers(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		lasting(t, r.M)
		name := stateFile(t, r.M)
		texts := map[string]bool{}
		for _, event := range mqtttest.Events() {
			if event == "Log" {
				continue // SaveSession logs
			}
			r.On(event, func(any) { texts[saved(t, r.M)] = true })
		}
		c := r.Connect(s, nil)
		for i := range 6 {
			must(t, r.M.PublishMessage("t", 1+i%2, fmt.Sprint(i)))
			c.SendPublish("t", byte(1+i%2), uint16(i+1), fmt.Sprint(i))
		}
		for id := range uint16(6) {
			c.SendAck(packet.PUBREL, id+1)
			if id%2 == 0 {
				c.SendAck(packet.PUBACK, id+1)
			} else {
				c.SendAck(packet.PUBREC, id+1)
				c.SendAck(packet.PUBCOMP, id+1)
			}
		}
		trace := r.WaitFor("MessageOut", 6)
		if n := trace.Count("MessageIn"); n != 6 {
			t.Errorf("%d MessageIn", n)
		}
		if len(texts) < 5 {
			t.Errorf("%d different texts", len(texts))
		}
		for text := range texts {
			next := nextProcess(t, v, s)
			must(t, next.M.RestoreSession(text))
			if again := saved(t, next.M); again != text {
				t.Errorf("restored and saved again:\n%s\nwant\n%s", again, text)
			}
		}
		inFile, err := os.ReadFile(name)
		must(t, err)
		if !texts[string(inFile)] {
			t.Errorf("the file has none of them:\n%s", inFile)
		}
	})
}

// SaveSession from other goroutines while messages come and go, and the file is always one of the texts as a whole: at
// the end the last one.
func TestSaveConcurrently(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		s := mqtttest.NewServer(t)
		s.ServeAll(t, nil)
		r := newRecorded(t, v, s)
		lasting(t, r.M)
		name := stateFile(t, r.M)
		must(t, r.M.Connect())
		var savers sync.WaitGroup
		over := make(chan struct{})
		for range 3 {
			savers.Go(func() {
				for {
					select {
					case <-over:
						return
					default:
					}
					text, err := r.M.SaveSession()
					if err != nil {
						t.Error(err)
						return
					}
					for _, file := range []string{"", name} { // the text, and what the file has meanwhile
						next := recorded(t)
						if _, err := next.Config("SessionStateFile=" + file); err != nil {
							t.Error(err)
						}
						if err := next.RestoreSession(text); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		const count = 500
		for i := range count {
			must(t, r.M.PublishMessage("t", 1+i%2, fmt.Sprint(i)))
			must(t, r.M.DoEvents())
		}
		r.WaitFor("MessageOut", count)
		close(over)
		savers.Wait()
		last := saved(t, r.M)
		inFile, err := os.ReadFile(name)
		must(t, err)
		if string(inFile) != last || strings.Contains(last, `"topic"`) {
			t.Errorf("the file has\n%s\nwant the last text\n%s", inFile, last)
		}
		wantOnly(t, name)
	})
}

// The text says nothing of what a login needs.
func TestSavedSessionHasNoSecrets(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		must(t, r.M.SetUser("user-of-mine"))
		must(t, r.M.SetPassword("secret-of-mine"))
		must(t, r.M.SetWillTopic("will"))
		must(t, r.M.SetWillMessage("will-of-mine"))
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage("t", 1, "x"))
		wantPackets(t, c, "1:x QoS 1")
		if text := saved(t, r.M); strings.Contains(text, "of-mine") {
			t.Errorf("the text shows it:\n%s", text)
		}
	})
}

// What the Log event tells.
func TestSessionLog(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		old, s := interrupted(t, v)
		text := saved(t, old.M)
		r := nextProcess(t, v, s)
		must(t, r.M.RestoreSession(text))
		old.Pump()
		r.Pump()
		for _, row := range []struct {
			r    *mqtttest.Recorder
			want string
		}{
			{old, `Session saved: 4 outgoing and 0 incoming messages of "c".`},
			{r, `Session restored: 4 outgoing and 0 incoming messages of "c".`},
		} {
			if got := last[mqtt.LogEventArgs](t, row.r.Trace()); got.Message != row.want || got.LogType != "Session" || got.LogLevel != 1 {
				t.Errorf("%+v, want %s", got, row.want)
			}
		}
	})
}
