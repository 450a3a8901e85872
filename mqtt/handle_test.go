package mqtt_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Messages go to the handlers of their topics, those that none takes to OnMessageIn, whatever their QoS.
func TestHandle(t *testing.T) {
	for qos := range byte(3) {
		t.Run(fmt.Sprintf("QoS %d", qos), func(t *testing.T) {
			r, _, c := connected(t, mqtt.MvV5)
			r.Lenient() // it does not see the MessageIn of a handler
			var got []string
			note := func(who string) func(e *mqtt.MessageInEventArgs) {
				return func(e *mqtt.MessageInEventArgs) {
					got = append(got, fmt.Sprintf("%s %s=%s QoS %d", who, e.Topic, e.MessageB, e.QOS))
					e.Topic, e.MessageB = "changed", nil // is not what the others see
				}
			}
			r.M.OnMessageIn = note("rest")
			r.M.Handle("a/+", note("plus"))
			r.M.Handle("a/#", note("all"))
			r.M.Handle("a/b", note("first"))
			r.M.Handle("$share/group/s", note("shared"))
			r.M.Handle("a/b", note("again"))
			r.M.Handle("c", note("c"))
			r.M.Handle("c", nil)
			r.M.Handle("never", nil)
			for i, topic := range []string{"a/b", "a", "c", "s"} {
				c.SendPublish(topic, qos, min(uint16(qos), 1)*uint16(i+1), "x")
				if qos == 2 {
					c.ExpectAck(packet.PUBREC, uint16(i+1))
					c.SendAck(packet.PUBREL, uint16(i+1))
				}
			}
			r.Wait("messages", func(_ mqtttest.Trace) bool { return len(got) >= 6 })
			want := []string{"plus a/b=x", "all a/b=x", "again a/b=x", "all a=x", "rest c=x", "shared s=x"}
			for i := range want {
				want[i] += fmt.Sprintf(" QoS %d", qos)
			}
			if !slices.Equal(got, want) {
				t.Errorf("the handlers got\n%q, want\n%q", got, want)
			}
			if qos > 0 {
				last := packet.PUBACK
				if qos == 2 {
					last = packet.PUBCOMP
				}
				for i := range uint16(4) {
					c.ExpectAck(last, i+1)
				}
			}
		})
	}
}

// A handler may set and remove handlers; that holds from the next message on. Without OnMessageIn the rest goes nowhere.
func TestHandleInsideHandler(t *testing.T) {
	r, _, c := connected(t, mqtt.MvV5)
	var got []string
	r.M.OnMessageIn = nil
	r.M.Handle("a", func(e *mqtt.MessageInEventArgs) {
		got = append(got, "a"+e.Message)
		r.M.Handle("a", nil)
		r.M.Handle("b", func(e *mqtt.MessageInEventArgs) { got = append(got, "b"+e.Message) })
	})
	for _, topic := range []string{"a", "a", "b"} {
		c.SendPublish(topic, 0, 0, "1")
	}
	r.Wait("messages", func(mqtttest.Trace) bool { return len(got) >= 2 })
	if !slices.Equal(got, []string{"a1", "b1"}) {
		t.Errorf("the handlers got %q", got)
	}
}

// A filter that is none is told and not handled; handlers stay over Reset.
func TestHandleBadFilter(t *testing.T) {
	r, s := memory(t, mqtt.MvV5)
	for _, bad := range []string{"", "a+", "#/a", "\xff", "$share/g/"} {
		r.M.Handle(bad, func(*mqtt.MessageInEventArgs) { t.Errorf("the handler of %q was called", bad) })
		e := last[mqtt.ErrorEventArgs](t, r.WaitFor("Error", 1))
		if e.ErrorCode != 503 || !strings.HasPrefix(e.Description[strings.Index(e.Description, "Handle:"):], "Handle: the topic filter") {
			t.Errorf("%q: %+v", bad, e)
		}
		r.Take()
	}
	called := 0
	r.M.Handle("a", func(*mqtt.MessageInEventArgs) { called++ })
	must(t, r.M.Reset())
	r.WasReset()
	mqtt.SetDial(r.M, s.Dial)
	must(t, r.M.SetVersion(mqtt.MvV5))
	must(t, r.M.SetRemoteHost(s.Host))
	must(t, r.M.SetRemotePort(s.Port))
	c := r.Connect(s, nil)
	c.SendPublish("a", 0, 0, "")
	r.Wait("the message", func(mqtttest.Trace) bool { return called == 1 })
}

// The tree says the same as comparing each filter by the specification's words [MQTT5-4.7.1-2] [MQTT5-4.7.2-1].
func TestTopicTree(t *testing.T) {
	levels := []string{"a", "b", "", "$s"}
	random := rand.New(rand.NewPCG(1, 2))
	some := func(from []string, wild bool) string {
		n := 1 + random.IntN(4)
		var parts []string
		for range n {
			part := from[random.IntN(len(from))]
			if wild && random.IntN(3) == 0 {
				part = "+"
			}
			parts = append(parts, part)
		}
		if wild && random.IntN(3) == 0 {
			parts[n-1] = "#"
		}
		if s := strings.Join(parts, "/"); s != "" {
			return s
		}
		return "a"
	}
	for range 300 {
		tree := mqtt.NewTopicTree()
		var filters []string
		for range random.IntN(20) {
			f := some(levels, true)
			if random.IntN(4) == 0 {
				f = "$share/g/" + f
			}
			if random.IntN(3) == 0 {
				filters = slices.DeleteFunc(filters, func(s string) bool { return s == f })
				if used := tree.Set(f, false); used != (len(filters) > 0) {
					t.Fatalf("without %q the tree says %t, %q are left", f, used, filters)
				}
				continue
			}
			if !slices.Contains(filters, f) {
				filters = append(filters, f)
			}
			tree.Set(f, true)
		}
		for range 20 {
			topic := some(levels, false)
			var want []string
			for _, f := range filters {
				if matches(strings.TrimPrefix(f, "$share/g/"), topic) {
					want = append(want, f)
				}
			}
			if got := tree.Match(topic); !slices.Equal(got, want) {
				t.Fatalf("%q is matched by %q, want %q of %q", topic, got, want, filters)
			}
		}
	}
}

// matches is section 4.7 word by word.
func matches(filter, topic string) bool {
	f, p := strings.Split(filter, "/"), strings.Split(topic, "/")
	if strings.HasPrefix(topic, "$") && (f[0] == "+" || f[0] == "#") {
		return false
	}
	for i := range f {
		switch {
		case f[i] == "#":
			return true // the parent level too, since the levels before were the same
		case i >= len(p) || f[i] != "+" && f[i] != p[i]:
			return false
		}
	}
	return len(f) == len(p)
}

// Without a handler a message allocates what it did; with some no more.
func TestAllocationsOfMatching(t *testing.T) {
	tree := mqtt.NewTopicTree()
	for i := range 1000 {
		tree.Set(fmt.Sprintf("house/%d/+", i), true)
	}
	tree.Set("house/#", true)
	match := tree.Matcher()
	match("house/7/temperature")
	if n := testing.AllocsPerRun(100, func() { match("house/7/temperature") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
