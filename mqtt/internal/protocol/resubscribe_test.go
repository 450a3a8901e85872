package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func again(o *Options) {
	persistent(o)
	o.Resubscribe = true
}

func TestResubscribe(t *testing.T) {
	subscribe := func(t *testing.T, c *trace, identifier int, user packet.Properties, list ...Subscription) {
		t.Helper()
		if _, err := c.Subscribe(list, identifier, user); err != nil {
			t.Fatal(err)
		}
		c.out()
	}
	t.Run("pain 20: all options, in order, before what is sent again; MQTT5-3.8.4-3 replaced, refused and ended ones not", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			user := packet.Properties(nil).AppendUserProperty("n", "v")
			subscribe(t, c, 0, nil, Subscription{Filter: "a", QoS: 1}, Subscription{Filter: "no"}, Subscription{Filter: "gone"})
			c.in("90 _ 0001 5:00 00 80 00")
			subscribe(t, c, 7, user, Subscription{Filter: "b", QoS: 2, NoLocal: true, RetainAsPublished: true, RetainHandling: 1})
			c.in("90 _ 0002 5:00 02")
			subscribe(t, c, 0, nil, Subscription{Filter: "a", QoS: 2})
			c.in("90 _ 0003 5:00 02")
			if _, err := c.Unsubscribe([]string{"gone"}, "gone", nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.in("B0 _ 0004 5:00 5:00")
			c.publish("t", "x", 1)
			c.out()
			c.pump()
			c.cut()
			c.connectQuietly(accepted, again)
			c.wantOut("82 _ 0006 5:00 L'a 02; 82 _ 0007 { 0B 07 26 L'n L'v } L'b 5:1E 4:02; 32 _ L't 0005 5:00 'x", "subscriptions first")
			c.wantEvents("of connecting", "connack 00", "connected", "ready", "session:", "session:")

			c.cut() // before the answers
			c.pump()
			c.connectQuietly(accepted, again)
			c.wantOut("82 _ 0008 5:00 L'a 02; 82 _ 0009 { 0B 07 26 L'n L'v } L'b 5:1E 4:02; 32 _ L't 0005 5:00 'x", "once more")
			c.in("90 _ 0008 5:00 02; 90 _ 0009 5:00 80")
			c.pump()
			c.cut()
			c.connectQuietly(resumed, again)
			c.wantOut("3A _ L't 0005 5:00 'x", "the server has the session")
			c.cut()
			c.connectQuietly(accepted, again)
			c.wantOut("82 _ 000A 5:00 L'a 02; 32 _ L't 0005 5:00 'x", "without what was refused")
		})
	})
	t.Run("U5-13 each with its own subscription identifier", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		subscribe(t, c, 1, nil, Subscription{Filter: "a"}, Subscription{Filter: "b"})
		subscribe(t, c, 2, nil, Subscription{Filter: "c"})
		subscribe(t, c, 0, nil, Subscription{Filter: "d"})
		c.in("90 _ 0001 00 00 00; 90 _ 0002 00 00; 90 _ 0003 00 00")
		c.pump()
		c.cut()
		c.connectQuietly(accepted, again)
		c.wantOut("82 _ 0004 { 0B 01 } L'a 00 L'b 00; 82 _ 0005 { 0B 02 } L'c 00; 82 _ 0006 00 L'd 00", "in their order")
	})
	t.Run("MQTT5-3.11.3-2 a refused UNSUBSCRIBE ends nothing", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		subscribe(t, c, 0, nil, Subscription{Filter: "a"}, Subscription{Filter: "b"}, Subscription{Filter: "c"})
		c.in("90 _ 0001 00 00 00 00")
		if _, err := c.Unsubscribe([]string{"a", "b", "c"}, "", nil); err != nil {
			t.Fatal(err)
		}
		c.out()
		c.in("B0 _ 0002 00 87 00 11")
		c.pump()
		c.cut()
		c.connectQuietly(accepted, again)
		c.wantOut("82 _ 0003 00 L'a 00", "what is still subscribed")
	})
	t.Run("a connection of the program's own starts with none", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		subscribe(t, c, 0, nil, Subscription{Filter: "a"})
		c.in("90 _ 0001 00 00")
		c.pump()
		c.cut()
		c.connect(accepted, persistent)
		c.cut()
		c.connect(accepted, again)
		c.wantIdle("nothing is made again")
	})
	t.Run("what the new server does not take is told", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		subscribe(t, c, 0, nil, Subscription{Filter: "a/#"})
		c.in("90 _ 0001 00 00")
		c.pump()
		c.cut()
		c.connectQuietly("20 _ 00 00 { 28 00 }", again)
		c.wantNoOut("a wildcard, which the server says it does not take")
		c.wantEvents("of it", "connack 00", "connected", "ready", "error 503")
	})
	t.Run("one that the new server does not take does not cost the others", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, persistent)
		subscribe(t, c, 0, nil, Subscription{Filter: "a"}, Subscription{Filter: "b/#"}, Subscription{Filter: "c"})
		c.in("90 _ 0001 00 00 00 00")
		c.pump()
		c.cut()
		c.connectQuietly("20 _ 00 00 { 28 00 }", again)
		c.wantOut("82 _ 0002 00 L'a 00; 82 _ 0003 00 L'c 00", "the others")
		c.wantEvents("of it", "connack 00", "connected", "ready", "error 503", "session:")
	})
	t.Run("the connection was lost before the answer, and the server has the session by then", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			subscribe(t, c, 0, nil, Subscription{Filter: "a", QoS: 1}, Subscription{Filter: "b"})
			c.in("90 _ 0001 5:00 01 00")
			if _, err := c.Unsubscribe([]string{"b"}, "", nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.in("B0 _ 0002 5:00 5:00")
			c.pump()
			c.cut()
			c.connectQuietly(accepted, again)
			c.wantOut("82 _ 0003 5:00 L'a 01", "without a session")
			c.cut()
			c.pump()
			c.connectQuietly(resumed, again)
			c.wantOut("82 _ 0004 5:00 L'a 01", "nobody knows whether the session has it")
			c.in("90 _ 0004 5:00 01")
			c.pump()
			c.cut()
			c.connectQuietly(resumed, again)
			c.wantNoOut("nothing is lacking")
		})
	})
	t.Run("many, in several packets, and little memory for those that come and go", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted, persistent)
		for i := range 2000 {
			subscribe(t, c, 0, nil, Subscription{Filter: fmt.Sprint(i)})
			c.in(fmt.Sprintf("90 03 %04X 00", c.nextID))
			if i >= 20 {
				if _, err := c.Unsubscribe([]string{fmt.Sprint(i)}, "", nil); err != nil {
					t.Fatal(err)
				}
				c.out()
				c.in(fmt.Sprintf("B0 02 %04X", c.nextID))
			}
			c.pump()
		}
		if n := len(c.subscribed.list); n > 100 {
			t.Errorf("%d entries for 20 subscriptions", n)
		}
		c.cut()
		c.connectQuietly(accepted, again)
		packets := strings.Count(string(c.out()), "\x82")
		if packets != 3 {
			t.Errorf("%d SUBSCRIBE packets for 20 topic filters", packets)
		}
	})
}
