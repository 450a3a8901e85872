package mqtt_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// No DoEvents for ten minutes: PINGREQ in time, what was published is acknowledged, the connection stands, and only the
// delivery waits, as the comment of DoEvents says.
func TestPain3NoPumpForTenMinutes(t *testing.T) {
	provesInBubble(t, "pain 3", func(t *testing.T, v mqtt.MQTTVersions) {
		const interval = 20 * time.Second
		r, s := memory(t, v)
		must(t, r.M.SetKeepAliveInterval(20))
		lastSent, longest := time.Now(), time.Duration(0)
		var released []uint16
		latest := s.ServeAll(t, func(_ *mqtttest.Conn, p *mqtttest.Packet) bool {
			longest = max(longest, time.Since(lastSent))
			lastSent = time.Now()
			if p.Type() == packet.PUBREL {
				released = append(released, uint16(p.Body[0])<<8|uint16(p.Body[1]))
			}
			return true
		})
		must(t, r.M.Connect())
		r.Pump()
		r.Take()
		for minute := range 10 {
			must(t, r.M.PublishMessage("a", 1, fmt.Sprint(minute)))
			must(t, r.M.PublishMessage("a", 2, fmt.Sprint(minute)))
			for _, b := range [][]byte{latest().Publish("b", 1, uint16(1+minute), "in"), latest().Publish("b", 0, 0, "in")} {
				must(t, latest().TrySend(b))
			}
			advance(time.Minute)
		}
		if longest > interval {
			t.Errorf("nothing was sent for %v", longest)
		}
		if !r.M.Connected() || r.Trace().Count("MessageIn", "MessageOut", "PubRec") > 0 {
			t.Errorf("Connected %t, and without a pump there fired %q", r.M.Connected(), r.Trace().Strings())
		}
		if len(released) != 10 {
			t.Errorf("PUBREL of %v, want ten", released)
		}
		for _, msg := range r.M.OutgoingMessages().All() {
			if msg.State() != 4 {
				t.Errorf("packet %d has state %d, want 4, acknowledged", msg.PacketId(), msg.State())
			}
		}
		r.WaitFor("MessageIn", 20)
		r.WaitFor("MessageOut", 20)
	})
	if page := read(t, "../docs/reference/methods.md"); !strings.Contains(page, "goes on whether DoEvents is called or") {
		t.Error("pain 3: the comment of DoEvents does not say what goes on without it")
	}
}

// waits are the methods that wait on a connection, for the server or for room. Subscribe, Unsubscribe, Ping and Auth do not
// wait; connecting and Disconnect have tests of their own.
var waits = []struct {
	name    string
	limit   time.Duration
	prepare func(t *testing.T, r *mqtttest.Recorder)
	call    func(m *mqtt.MQTT) error
}{
	{"PublishAndWait QoS 1", 10 * time.Second, nil, func(m *mqtt.MQTT) error { return m.PublishAndWait("a", 1, []byte("x")) }},
	{"PublishAndWait QoS 2", 10 * time.Second, nil, func(m *mqtt.MQTT) error { return m.PublishAndWait("a", 2, []byte("x")) }},
	{"PublishMessage", 7 * time.Second, full, func(m *mqtt.MQTT) error { return m.PublishMessage("a", 0, strings.Repeat("x", 1000)) }},
	{"PublishData QoS 1", 7 * time.Second, full, func(m *mqtt.MQTT) error { return m.PublishData("a", 1, make([]byte, 1000)) }},
	{"PublishWith", 7 * time.Second, full, func(m *mqtt.MQTT) error {
		_, err := m.PublishWith("a", 2, make([]byte, 1000), mqtt.PublishProperties{})
		return err
	}},
}

// full publishes until there is no room: until one message has waited for it in vain. With Timeout 0 the first refusal would
// not do: the writer takes what waits when its turn comes, and makes room.
func full(t *testing.T, r *mqtttest.Recorder) {
	t.Helper()
	must(t, r.M.SetTimeout(7))
	var err error
	for err == nil {
		err = r.M.PublishData("a", 0, make([]byte, 1000))
	}
	wantCode(t, err, 201)
}

// Each blocking method ends: with 201 exactly at its limit, with 301 or 212 when somebody else ends the connection.
func TestPain6EachWaitEnds(t *testing.T) {
	for _, exit := range []struct {
		name  string
		codes []int // of who waited
		end   func(t *testing.T, r *mqtttest.Recorder, c *mqtttest.Conn)
		v     []mqtt.MQTTVersions
	}{
		{"limit", []int{201}, nil, nil},
		{"cut", []int{212}, func(_ *testing.T, _ *mqtttest.Recorder, c *mqtttest.Conn) { c.Reset() }, nil},
		{"end", []int{212}, func(_ *testing.T, _ *mqtttest.Recorder, c *mqtttest.Conn) { c.Close() }, nil},
		{"Interrupt", []int{301}, func(t *testing.T, r *mqtttest.Recorder, _ *mqtttest.Conn) { must(t, r.M.Interrupt()) }, nil},
		{"Reset", []int{301}, func(t *testing.T, r *mqtttest.Recorder, _ *mqtttest.Conn) {
			r.Lenient()
			must(t, r.M.Reset())
		}, nil},
		{"Disconnect elsewhere", []int{212}, func(_ *testing.T, r *mqtttest.Recorder, c *mqtttest.Conn) {
			ended := r.Start(r.M.Disconnect)
			synctest.Wait() // a server that reads before makes room, and who waits for it may take it
			c.Drain()
			c.Close()
			_ = r.Join(ended)
		}, nil},
		{"DISCONNECT", []int{212, 500}, func(_ *testing.T, _ *mqtttest.Recorder, c *mqtttest.Conn) { c.Send("E0 01 8B") }, only5},
	} {
		for _, wait := range waits {
			for _, v := range bothVersions {
				if exit.v != nil && exit.v[0] != v {
					continue
				}
				t.Run(fmt.Sprintf("pain 6: %s, %s/%s", wait.name, exit.name, versionName(v)), inBubble(func(t *testing.T) {
					r, _, c := connected(t, v)
					if wait.prepare != nil {
						wait.prepare(t, r)
					}
					start := time.Now()
					done := r.Start(func() error { return wait.call(r.M) })
					took := wait.limit
					if exit.end != nil {
						took = 3 * time.Second
						advance(took)
						exit.end(t, r, c)
					}
					err := r.Join(done)
					if code := errors.Code(err); code != exit.codes[0] && code != exit.codes[len(exit.codes)-1] {
						t.Errorf("it returned %v, want %d", err, exit.codes)
					}
					if got := time.Since(start); got != took {
						t.Errorf("it took %v, want %v", got, took)
					}
				}))
			}
		}
	}
}

// Run ends with its context, and waits for nothing when the connection ends meanwhile.
func TestPain6RunEnds(t *testing.T) {
	provesInBubble(t, "pain 6", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		done := r.Start(func() error { return r.M.Run(ctx) })
		c.Reset()
		must(t, r.Join(done))
		if got := time.Since(start); got != time.Minute {
			t.Errorf("it took %v", got)
		}
		if r.Trace().Count("Disconnected") != 1 {
			t.Error("it did not pump")
		}
	})
}

// Disconnect after Interrupt, while the writer still notices: there is nothing left that could have been written, so it
// is no failure. It was 201 once.
func TestPain6DisconnectAfterInterrupt(t *testing.T) {
	provesInBubble(t, "pain 6", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, _ := connected(t, v)
		full(t, r)
		must(t, r.M.Interrupt())
		must(t, r.M.Disconnect())
		r.WaitFor("Disconnected", 1)
	})
}

// Offline a publish is refused with a number or kept, never accepted and gone.
func TestPain7OfflinePublish(t *testing.T) {
	for _, queue := range []string{"False", "True"} {
		for _, session := range []bool{false, true} {
			for qos := range 3 {
				for _, state := range []string{"never connected", "lost", "disconnected"} {
					name := fmt.Sprintf("pain 7: %s, QueueMessages=%s, session %t, QoS %d", state, queue, session, qos)
					provesInBubble(t, name, func(t *testing.T, v mqtt.MQTTVersions) {
						r, s := memory(t, v)
						config(t, r.M, "QueueMessages="+queue)
						if session {
							lasting(t, r.M)
						}
						if state != "never connected" {
							c := r.Connect(s, nil)
							if state == "disconnected" {
								r.Disconnect(c)
							}
							c.Reset()
							r.WaitFor("Disconnected", 1)
						}
						err := r.M.PublishMessage("a", qos, "x")
						if queue == "False" {
							wantCode(t, err, 212)
							return
						}
						must(t, err)
						if got := config(t, r.M, "QueuedMessages"); got != "1" {
							t.Errorf("%s messages are queued", got)
						}
						c := r.Connect(s, nil)
						if p := c.ExpectPublish(); string(p.Payload) != "x" || p.Dup {
							t.Errorf("%+v came", p)
						}
					})
				}
			}
		}
	}
}

// Between a loss and its discovery: QoS 1 and 2 stay in OutgoingMessages for the next connection, with and without a
// session to resume. QoS 0 promises what its comment says: MessageOut once it was written.
func TestPain7PublishInTheGap(t *testing.T) {
	for _, session := range []bool{false, true} {
		for qos := range 3 {
			for _, written := range []bool{false, true} {
				name := fmt.Sprintf("pain 7: session %t, QoS %d, written %t", session, qos, written)
				provesInBubble(t, name, func(t *testing.T, v mqtt.MQTTVersions) {
					r, s := memory(t, v)
					if session {
						lasting(t, r.M)
					}
					c := r.Connect(s, nil)
					if !written { // the writer is busy with something else for ever
						must(t, r.M.PublishData("a", 0, make([]byte, 100_000)))
						synctest.Wait()
					}
					must(t, r.M.PublishMessage("a", qos, "x"))
					synctest.Wait()
					c.Reset()
					trace := r.WaitFor("Disconnected", 1)
					out := 0
					if written && qos == 0 {
						out = 1
					}
					if got := trace.Count("MessageOut"); got != out {
						t.Errorf("%d MessageOut, want %d", got, out)
					}
					if got := r.M.OutgoingMessages().Count(); got != min(qos, 1) {
						t.Errorf("%d in OutgoingMessages", got)
					}
					c = r.Connect(s, resume(session))
					if qos > 0 {
						if p := c.ExpectPublish(); string(p.Payload) != "x" || p.Dup != session {
							t.Errorf("%+v came", p)
						}
					}
					wantPackets(t, c)
				})
			}
		}
	}
}
