package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

const testLimit = 1 << 20

// limited is a connection with a budget.
func limited(t *testing.T, v packet.Version, change ...option) *trace {
	c := newTrace(t, v)
	c.Settings.IncomingMemoryLimit = testLimit
	c.connect(accepted, change...)
	return c
}

// longTopic is a topic of so many bytes that begins with a number.
func longTopic(n, size int) string {
	topic := fmt.Sprintf("%06d/", n)
	return topic + strings.Repeat("t", size-len(topic))
}

// pairs are count User Properties of five bytes each.
func pairs(count int) (p packet.Properties) {
	for range count {
		p = p.AppendUserProperty("", "")
	}
	return p
}

func (c *trace) receive(p packet.Publish) { c.feed(packet.AppendPublish(nil, c.v, &p)) }

// Every byte that waits for the pump counts, whatever it belongs to, and counts until the pump has returned it.
func TestMemoryOfEvents(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		long := longTopic(0, 60_000)
		many := pairs(10_000)
		rows := []struct {
			name string
			push func(c *trace)
			want int
		}{
			{"topic", func(c *trace) { c.receive(packet.Publish{Topic: []byte(long)}) }, messageOverhead + len(long)},
			{"payload", func(c *trace) { c.receive(packet.Publish{Topic: []byte("a"), Payload: make([]byte, 5000)}) }, messageOverhead + 5001},
			{"QoS 1", func(c *trace) { c.receive(packet.Publish{Topic: []byte(long), QoS: 1, PacketID: 1}) }, messageOverhead + len(long)},
			{"QoS 2", func(c *trace) {
				c.receive(packet.Publish{Topic: []byte(long), QoS: 2, PacketID: 1})
				c.in("62 02 0001")
			}, messageOverhead + len(long)},
			{"an event of the owner", func(c *trace) { c.PushOwner("x", 1000) }, 1000},
			{"an error", func(c *trace) { c.PushError(errors.New(errors.ErrFileNotOpened, long)) }, len(errors.New(errors.ErrFileNotOpened, long).Description)},
			{"the end of a message of ours", func(c *trace) {
				id := c.publish(long, "", 1).ID
				c.in(fmt.Sprintf("40 02 %04X", id))
			}, messageOverhead + len(long)},
			{"the end of one of QoS 0", func(c *trace) {
				c.publish(long, "", 0)
				c.out()
			}, messageOverhead + len(long)},
			{"a note about the session", func(c *trace) { c.in("40 02 0009") }, len("PUBACK for packet 9, which nothing waits for; ignored.")},
		}
		if v == packet.V5 {
			rows = append(rows, []struct {
				name string
				push func(c *trace)
				want int
			}{
				{"properties", func(c *trace) { c.receive(packet.Publish{Topic: []byte("a"), Properties: many}) }, messageOverhead + 1 + len(many)},
				{"what PUBACK says", func(c *trace) {
					id := c.publish("a", "", 1).ID
					c.feed(packet.AppendAck(nil, v, packet.PUBACK, &packet.Ack{PacketID: id, Properties: many}))
				}, messageOverhead + 1 + userPropertiesSize(many)},
				{"what PUBREC says", func(c *trace) {
					id := c.publish("a", "", 2).ID
					c.feed(packet.AppendAck(nil, v, packet.PUBREC, &packet.Ack{PacketID: id, Properties: many}))
				}, userPropertiesSize(many)},
			}...)
		}
		for _, row := range rows {
			c := limited(t, v)
			row.push(c)
			if _, got := c.Pending(); got != eventOverhead+row.want {
				t.Errorf("%s: %d bytes, want %d", row.name, got, eventOverhead+row.want)
			}
			_, queued := c.Pending()
			c.take()
			if c.events.taken != queued || c.events.bytes != 0 {
				t.Errorf("%s: %d bytes taken, %d queued", row.name, c.events.taken, c.events.bytes)
			}
			c.pump()
			if c.events.taken != 0 || c.events.bytes != 0 {
				t.Errorf("%s: %d bytes left", row.name, c.events.taken)
			}
			c.wantCounted()
		}
	})
}

// Reading has to pause when half of the budget is queued, whatever the pump has taken; when the pump has as much, or
// something else is kept, the sum counts. While a handler waits, twice as much is possible.
func TestMemoryFull(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		const topic = 4000
		fill := func(c *trace, full func() bool) (n int) {
			for ; !full() && n < 10_000; n++ {
				c.receive(packet.Publish{Topic: []byte(longTopic(n, topic))})
			}
			return n
		}
		half := testLimit/2/(topic+messageOverhead) + 1
		c := limited(t, v)
		reading := func() bool { return c.MemoryFull(false) }
		waiting := func() bool { return c.MemoryFull(true) }
		if n := fill(c, reading); n != half {
			t.Errorf("full with %d messages, want %d", n, half)
		}
		if n := fill(c, waiting); n < half-1 || n > half {
			t.Errorf("a handler that waits gets %d more, want %d", n, half)
		}
		c.pump()
		if reading() {
			t.Error("full after everything was delivered")
		}
		fill(c, reading)
		c.take()
		if n := fill(c, reading); n < half-2 || n > half {
			t.Errorf("full with %d messages behind those that the pump has, want about %d", n, half)
		}
		c.pump()

		c = limited(t, v)
		kept := 0
		for ; c.kept < 3*testLimit/4; kept++ {
			c.receive(packet.Publish{Topic: []byte(longTopic(kept, topic)), QoS: 2, PacketID: uint16(kept + 1)})
		}
		if reading() {
			t.Error("full although nothing waits for the pump, which could not help")
		}
		if n := fill(c, reading); n < half/2-2 || n > half/2+2 {
			t.Errorf("full with %d messages beside what is kept, want about %d", n, half/2)
		}
		if c.Phase() != Connected {
			t.Error(c.End().Err)
		}
		c.wantCounted()
		c.Settings.IncomingMemoryLimit = 0
		if reading() || waiting() {
			t.Error("full without a limit")
		}
	})
}

// wantOverBudget checks that the connection has ended for the budget.
func (c *trace) wantOverBudget() {
	c.t.Helper()
	want := ""
	if c.v == packet.V5 {
		want = "E0 01 97"
	}
	c.wantOut(want, "DISCONNECT 0x97")
	c.wantEnded(errors.ErrNoBufferSpace, "over the budget")
	if text := c.End().Err.Error(); !strings.Contains(text, "IncomingMemoryLimit is 1048576") {
		c.t.Errorf("the error does not name the setting: %s", text)
	}
}

// What waits for packets of the server ends the connection when it takes up the budget, not before; one packet that is
// larger than the budget is taken.
func TestMemoryThatIsKept(t *testing.T) {
	const size = 10_000
	keepUntilEnd := func(c *trace, what string, each func(n int)) {
		c.t.Helper()
		n := 0
		for ; c.Phase() == Connected && n < 1000; n++ {
			if c.kept >= testLimit+size+messageOverhead {
				c.t.Fatalf("%s: %d bytes are kept", what, c.kept)
			}
			each(n)
			if c.Phase() == Connected {
				c.out()
			}
		}
		if low := testLimit / (size + 2*messageOverhead); n < low || n > testLimit/size+2 {
			c.t.Fatalf("%s: ended after %d", what, n)
		}
		c.pump()
		c.wantOverBudget()
		c.wantCounted()
	}
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("QoS 2 without PUBREL", func(t *testing.T) {
			c := limited(t, v)
			keepUntilEnd(c, "QoS 2", func(n int) {
				c.receive(packet.Publish{Topic: []byte(longTopic(n, size)), QoS: 2, PacketID: uint16(n + 1)})
			})
			c.Closed()
			if c.kept == 0 {
				t.Error("the messages of the session are gone")
			}
		})
		t.Run("QoS 2 with PUBREL", func(t *testing.T) {
			c := limited(t, v)
			for n := range 1000 {
				c.receive(packet.Publish{Topic: []byte(longTopic(n, size)), QoS: 2, PacketID: 1})
				c.in("62 02 0001")
				c.pump()
				c.out()
			}
			if c.Phase() != Connected || c.kept != 0 {
				t.Error(c.kept, c.End().Err)
			}
		})
		t.Run("one message that is larger than the budget", func(t *testing.T) {
			c := limited(t, v)
			c.receive(packet.Publish{Topic: []byte("a"), QoS: 2, PacketID: 1, Payload: make([]byte, 2*testLimit)})
			c.in("62 02 0001")
			c.pump()
			if c.Phase() != Connected || c.kept != 0 {
				t.Error(c.kept, c.End().Err)
			}
		})
		t.Run("SUBSCRIBE without SUBACK", func(t *testing.T) {
			c := limited(t, v)
			made := 0
			var err error
			for ; err == nil && made < 1000; made++ {
				_, err = c.Subscribe([]Subscription{{Filter: longTopic(made, size)}}, 0, nil)
			}
			if code := errors.Code(err); code != errors.ErrNoBufferSpace || c.kept > testLimit+3*size {
				t.Fatalf("%d subscriptions, %d bytes, then %v", made, c.kept, err)
			}
			if _, err := c.Unsubscribe([]string{"a"}, "", nil); errors.Code(err) != errors.ErrNoBufferSpace {
				t.Error(err)
			}
			c.in("90 _ 0001 5:00 00")
			if _, err := c.Unsubscribe([]string{"a"}, "", nil); err != nil {
				t.Error("after a SUBACK:", err)
			}
			c.wantCounted()
			c.cut()
			if c.kept != 0 {
				t.Error(c.kept, "bytes after the connection")
			}
		})
	})
	t.Run("topic aliases", func(t *testing.T) {
		aliases := func(o *Options) { o.TopicAliasMaximum = 65535 }
		alias := func(c *trace, n, alias int) {
			c.receive(packet.Publish{Topic: []byte(longTopic(n, size)), Properties: packet.Properties(nil).AppendUint(packet.PropTopicAlias, uint32(alias))})
			c.pump()
		}
		c := limited(t, packet.V5, aliases)
		keepUntilEnd(c, "aliases", func(n int) { alias(c, n, n+1) })
		c.Closed()
		if c.kept != 0 {
			t.Error(c.kept, "bytes after the connection")
		}
		c = limited(t, packet.V5, aliases)
		for n := range 1000 {
			alias(c, n, 1) // given another topic again and again
		}
		if c.Phase() != Connected || c.kept != aliasOverhead+size {
			t.Error(c.kept, c.End().Err)
		}
		c.wantCounted()
	})
}

// What a packet says must not take more than the budget when it is read: a pair of two empty texts has five bytes in
// the packet and 32 in a list.
func TestMemoryOfUserProperties(t *testing.T) {
	within, beyond := pairs(testLimit/37), pairs(testLimit/37+1)
	for name, send := range map[string]func(c *trace, p packet.Properties){
		"PUBLISH": func(c *trace, p packet.Properties) { c.receive(packet.Publish{Topic: []byte("a"), Properties: p}) },
		"PUBACK": func(c *trace, p packet.Properties) {
			id := c.publish("a", "", 1).ID
			c.out()
			c.feed(packet.AppendAck(nil, c.v, packet.PUBACK, &packet.Ack{PacketID: id, Properties: p}))
		},
		"SUBACK": func(c *trace, p packet.Properties) {
			id, err := c.Subscribe([]Subscription{{Filter: "a"}}, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.out()
			c.feed(packet.AppendSuback(nil, c.v, &packet.Suback{PacketID: uint16(id), Reasons: []byte{0}, Properties: p}))
		},
		"DISCONNECT": func(c *trace, p packet.Properties) {
			c.feed(packet.AppendDisconnect(nil, c.v, &packet.Disconnect{Properties: p}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := limited(t, packet.V5)
			send(c, within)
			if c.End().Err != nil {
				t.Error(c.End().Err)
			}
			c = limited(t, packet.V5)
			send(c, beyond)
			c.pump()
			c.wantOverBudget()
		})
	}
}

// MaxIncomingPacketSize holds in both versions, from the fixed header on; 5.0 announces it, unless the program has a
// Maximum Packet Size of its own.
func TestMaxIncomingPacketSize(t *testing.T) {
	limit := func(o *Options) { o.MaxIncomingPacketSize = 30 }
	both(t, func(t *testing.T, v packet.Version) {
		c := newTrace(t, v)
		c.connect(accepted, limit)
		c.in("30 1C 0001 'a 5:00 4:'x 'yyyyyyyyyyyyyyyyyyyyyyyy")
		c.pump()
		c.Receive(c.now, wire(v, "30 1D"), false)
		if v == packet.V5 {
			c.wantOut("E0 01 95", "DISCONNECT 0x95")
			c.wantEvents("of the error", "error 500")
			c.wantEnded(errors.ErrProtocol, "too large")
		} else {
			c.wantEvents("of the error", "error 10040")
			c.wantEnded(errors.ErrMessageTooLong, "too large")
		}
		if text := c.End().Err.Error(); !strings.Contains(text, "31 bytes") || !strings.Contains(text, "MaxIncomingPacketSize is 30") {
			t.Error(text)
		}
	})
	for name, row := range map[string]struct {
		change  option
		connect string
	}{
		"announced": {limit, "10 _ 0004 'MQTT 05 02 0000 05 27 0000001E 0001 'c"},
		"our own":   {func(o *Options) { o.MaxIncomingPacketSize, o.MaximumPacketSize = 30, 100 }, "10 _ 0004 'MQTT 05 02 0000 05 27 00000064 0001 'c"},
		"no limit":  {func(*Options) {}, "10 _ 0004 'MQTT 05 02 0000 00 0001 'c"},
	} {
		c := newTrace(t, packet.V5)
		if err := c.Connect(c.now, options(packet.V5, row.change)); err != nil {
			t.Fatal(err)
		}
		c.wantOut(row.connect, name)
	}
	c := newTrace(t, packet.V311)
	if err := c.Connect(c.now, options(packet.V311, limit)); err != nil {
		t.Fatal(err)
	}
	c.wantOut("10 _ 0004 'MQTT 04 02 0000 0001 'c", "3.1.1 has no place for it")
}

// What is accepted counts until its exchange is over, in whichever queue it is.
func TestAcceptedBytes(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c := newTrace(t, v)
		c.Settings.InflightLimit = 1
		c.Settings.QueueMessages = true
		c.connect(accepted, persistent)
		topic := longTopic(0, 1000)
		each := messageOverhead + len(topic) + len("12")
		want := func(n int, why string) {
			t.Helper()
			if c.AcceptedBytes() != n*each {
				t.Fatalf("%s: %d bytes, want %d", why, c.AcceptedBytes(), n*each)
			}
			c.wantCounted()
		}
		first, second := c.publish(topic, "12", 1), c.publish(topic, "12", 2)
		want(2, "in flight and held back")
		c.publish(topic, "12", 0)
		want(2, "QoS 0 is bounded by the outgoing buffer")
		c.cut()
		c.publish(topic, "12", 0)
		want(3, "QoS 0 without a connection waits")
		c.connectQuietly(resumed, persistent)
		c.out()
		want(2, "sent again: no message counts twice")
		c.in(fmt.Sprintf("40 02 %04X", first.ID))
		want(1, "acknowledged, and not told yet")
		c.in(fmt.Sprintf("50 02 %04X; 70 02 %04X", second.ID, second.ID))
		want(0, "all acknowledged")
		c.pump()
		want(0, "all told")
	})
}
