package protocol

import (
	"slices"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// notes is a Journal in memory, of which a crash loses what was not kept.
type notes struct {
	list []note
	kept int // of list
	keys uint64
}

type note struct {
	key      uint64
	added    *SavedMessage // nil: a Step or a Finish
	incoming bool
	awaits   packet.Type
	finished bool
}

func (n *notes) Add(m *SavedMessage, incoming bool) uint64 {
	n.keys++
	saved := *m
	saved.Key = n.keys
	n.list = append(n.list, note{key: n.keys, added: &saved, incoming: incoming})
	return n.keys
}

func (n *notes) Step(key uint64, awaits packet.Type) {
	n.list = append(n.list, note{key: key, awaits: awaits})
}

func (n *notes) Finish(key uint64) { n.list = append(n.list, note{key: key, finished: true}) }

func (n *notes) keep() { n.kept = len(n.list) }

// crash loses the notes behind the first keep, and returns the session that the others tell of.
func (n *notes) crash(keep int) *Session {
	n.list = n.list[:keep]
	n.keep()
	s := &Session{ClientID: "c"}
	for _, e := range n.list {
		switch {
		case e.added != nil && e.incoming:
			s.Incoming = append(s.Incoming, *e.added)
		case e.added != nil:
			s.Outgoing, s.LastID = append(s.Outgoing, *e.added), e.added.ID
		case e.finished:
			is := func(m SavedMessage) bool { return m.Key == e.key }
			s.Outgoing, s.Incoming = slices.DeleteFunc(s.Outgoing, is), slices.DeleteFunc(s.Incoming, is)
		default:
			for _, list := range [][]SavedMessage{s.Outgoing, s.Incoming} {
				for i := range list {
					if list[i].Key == e.key {
						list[i].Awaits = e.awaits
					}
				}
			}
		}
	}
	return s
}

// told renders the notes that came since the last call.
func (n *notes) told() (list []string) {
	for _, e := range n.list[n.kept:] {
		switch {
		case e.added != nil && e.incoming:
			list = append(list, "in "+string(e.added.Payload)+" "+awaitsName(e.added.Awaits))
		case e.added != nil:
			list = append(list, "out "+string(e.added.Payload)+" "+awaitsName(e.added.Awaits))
		case e.finished:
			list = append(list, "finish "+string(n.message(e.key).Payload))
		default:
			list = append(list, "step "+string(n.message(e.key).Payload)+" "+awaitsName(e.awaits))
		}
	}
	n.keep()
	return list
}

func awaitsName(t packet.Type) string {
	if t == 0 {
		return "0"
	}
	return t.String()
}

func (n *notes) message(key uint64) *SavedMessage {
	for _, e := range n.list {
		if e.added != nil && e.key == key {
			return e.added
		}
	}
	return &SavedMessage{Payload: []byte("?")}
}

// journaled is a trace with a Journal.
func journaled(t *testing.T, v packet.Version) (*trace, *notes) {
	c, n := newTrace(t, v), &notes{}
	c.SetJournal(n)
	return c, n
}

func (n *notes) want(t *testing.T, why string, want ...string) {
	t.Helper()
	if got := n.told(); !slices.Equal(got, want) {
		t.Fatalf("notes %s:\n got %q\nwant %q", why, got, want)
	}
}

// accept publishes with the note of the journal kept in between.
func (c *trace) accept(payload string, qos int) *Message {
	c.t.Helper()
	m, err := c.Accept(&Publish{Topic: "t", QoS: qos, Payload: []byte(payload)})
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func TestJournal(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("outgoing", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted, persistent)
			m := c.accept("a", 1)
			n.want(t, "before it is sent", "out a PUBACK")
			c.wantNoOut("before Send")
			c.Send(m)
			c.wantOut("32 _ L't 00 01 5:00 'a", "after Send")
			c.in("40 02 00 01")
			n.want(t, "after PUBACK", "finish a")
			c.Send(c.accept("b", 2))
			c.wantOut("34 _ L't 00 02 5:00 'b", "QoS 2")
			c.in("50 02 00 02")
			n.want(t, "MQTT5-4.3.3-6 before PUBREL leaves", "out b PUBREC", "step b PUBCOMP")
			c.wantOut("62 02 00 02", "PUBREL")
			c.in("70 02 00 02")
			n.want(t, "after PUBCOMP", "finish b")
			c.wantEvents("all", "connack 00", "connected", "ready", "done 1 PUBACK 00", "pubrec 2 00", "done 2 PUBCOMP 00")
		})
		t.Run("a message that was withdrawn leaves nothing", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted, persistent)
			c.Withdraw(c.accept("a", 1))
			n.want(t, "after Withdraw", "out a PUBACK", "finish a")
			c.wantNoOut("after Withdraw")
			if c.ids.count != 0 {
				t.Error("its identifier is still in use")
			}
			c.Send(c.accept("b", 1))
			c.wantOut("32 _ L't 00 02 5:00 'b", "the next one")
		})
		t.Run("the connection ends before the note is kept", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted, persistent)
			a, b := c.accept("a", 1), c.accept("b", 2)
			c.cut()
			c.Send(a)
			c.connectQuietly(resumed, persistent)
			c.Send(b)
			c.wantOut("32 _ L't 00 01 5:00 'a; 34 _ L't 00 02 5:00 'b", "both, in order, as new ones")
			n.want(t, "all", "out a PUBACK", "out b PUBREC")
		})
		t.Run("refused", func(t *testing.T) {
			c, n := journaled(t, v)
			_, err := c.Accept(&Publish{Topic: "t", QoS: 1})
			c.wantError(err, errors.ErrNotConnected, "without a connection")
			n.want(t, "nothing was accepted")
		})
		t.Run("queued", func(t *testing.T) {
			c, n := journaled(t, v)
			c.Settings.QueueMessages = true
			m := c.accept("a", 2)
			n.want(t, "without a connection", "out a 0")
			c.Send(m)
			c.connectQuietly(accepted, persistent)
			n.want(t, "MQTT5-3.3.1-1 before it is sent, so that it is a repetition after a crash", "step a PUBREC")
			c.wantOut("34 _ L't 00 01 5:00 'a", "as a new one")
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3C _ L't 00 01 5:00 'a", "again")
			n.want(t, "sending again is no step")
		})
		t.Run("incoming", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted, persistent)
			c.in("34 _ L't 00 07 5:00 'x; 32 _ L't 00 08 5:00 'y; 30 _ L't 5:00 'z")
			n.want(t, "MQTT5-4.3.3-8 before PUBREC leaves", "in x PUBREL")
			c.wantOut("50 02 00 07", "PUBREC")
			c.in("62 02 00 07")
			n.want(t, "PUBREL changes nothing: the server repeats it")
			c.wantNoOut("before the delivery")
			c.pump()
			n.want(t, "after the delivery, before PUBCOMP leaves", "finish x")
			c.wantOut("40 02 00 08; 70 02 00 07", "both are acknowledged")
		})
		t.Run("the acknowledgment leaves when the handler has returned", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted, persistent)
			c.in("34 _ L't 00 07 5:00 'x; 62 02 00 07; 32 _ L't 00 08 5:00 'y")
			c.out()
			n.keep()
			var messages []*Message
			for _, e := range c.TakeEvents() {
				for m := e.Message; m != nil; m = e.Next(m) {
					messages = append(messages, m)
				}
			}
			for _, m := range messages {
				if m.Settling() || !c.Acknowledge(m) || !m.Settling() {
					t.Fatalf("message %d will not be acknowledged by Settle", m.ID)
				}
				c.Delivered(m)
			}
			c.wantNoOut("while the handler runs")
			c.in("62 02 00 07")
			c.wantNoOut("MQTT5-4.3.3-10 a repeated PUBREL finds that the pump has it")
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.in("62 02 00 07; 3A _ L't 00 08 5:00 'y")
			c.wantNoOut("on the next connection neither")
			for _, m := range messages {
				c.Settle(m)
			}
			c.wantOut("70 02 00 07; 40 02 00 08", "on the connection that asks for it")
			n.want(t, "in the end", "finish x")
			c.wantEvents("nothing is delivered twice", "connack 00", "connected", "ready")
			if c.unsettled != 0 || c.inbound.count != 0 {
				t.Errorf("%d unsettled, %d identifiers", c.unsettled, c.inbound.count)
			}
		})
		t.Run("a session that the server has lost", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted, persistent)
			c.Send(c.accept("a", 1))
			c.Send(c.accept("b", 2))
			c.in("50 02 00 02; 34 _ L't 00 07 5:00 'x; 34 _ L't 00 08 5:00 'y; 62 02 00 08")
			c.out()
			n.keep()
			c.cut()
			c.connectQuietly(accepted, persistent)
			n.want(t, "only the delivery of x and y is left; b was taken over", "step x 0", "step y 0", "finish b")
			c.wantOut("32 _ L't 00 01 5:00 'a", "a is sent as a new one")
		})
		t.Run("a session that Disconnect ends", func(t *testing.T) {
			c, n := journaled(t, v)
			c.connectQuietly(accepted)
			c.Send(c.accept("a", 1))
			c.out()
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.Closed()
			n.want(t, "nothing is dropped", "out a PUBACK")
			c.connectQuietly(accepted)
			c.wantOut("32 _ L't 00 01 5:00 'a", "as a new one")
		})
		t.Run("what was unfinished before", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.QueueMessages = true
			c.connectQuietly(accepted, persistent)
			c.publish("t", "a", 1)
			c.publish("t", "b", 2)
			c.in("50 02 00 02; 34 _ L't 00 07 5:00 'x; 32 _ L't 00 08 5:00 'y")
			c.out()
			c.cut()
			c.publish("t", "c", 1)
			c.publish("t", "d", 0)
			n := &notes{}
			c.SetJournal(n)
			n.want(t, "when the journal begins", "out a PUBACK", "out b PUBCOMP", "out c 0", "in x PUBREL")
			c.SetJournal(n)
			n.want(t, "when it begins once more")
		})
		t.Run("a crash", func(t *testing.T) {
			c, n := journaled(t, v)
			c.Settings.QueueMessages = true
			c.connectQuietly(accepted, persistent)
			c.Send(c.accept("a", 1))
			c.Send(c.accept("b", 2))
			c.in("50 02 00 02; 34 _ L't 00 07 5:00 'x; 34 _ L't 00 08 5:00 'y")
			c.cut()
			c.Send(c.accept("c", 1))
			n.keep()
			s := n.crash(n.kept)
			c = newTrace(t, v)
			if err := c.RestoreSession(s); err != nil {
				t.Fatal(err)
			}
			c.SetJournal(n)
			n.want(t, "it knows them all")
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L't 00 01 5:00 'a; 62 02 00 02; 32 _ L't 00 03 5:00 'c", "the session is resumed")
			n.want(t, "c was never sent", "step c PUBACK")
			c.in("40 02 00 01; 70 02 00 02; 40 02 00 03; 3C _ L't 00 07 5:00 'x; 62 02 00 07; 62 02 00 08")
			c.wantOut("50 02 00 07", "x again, not stored twice")
			c.pump()
			n.want(t, "all is over", "finish a", "finish b", "finish c", "finish x", "finish y")
			c.wantOut("70 02 00 07; 70 02 00 08", "delivered")
		})
	})
}

// The alias that a message was accepted with means nothing on the connection that sends it.
func TestJournalAlias(t *testing.T) {
	c, n := journaled(t, packet.V5)
	c.connectQuietly("20 _ 00 00 { 22 0001 }", persistent)
	m, err := c.Accept(&Publish{Topic: "t", QoS: 1, Alias: 1})
	if err != nil {
		t.Fatal(err)
	}
	n.want(t, "before it is sent", "out  PUBACK")
	c.cut()
	c.connectQuietly(resumed, persistent)
	c.Send(m)
	c.wantOut("32 _ L't 00 01 00", "MQTT5-3.3.2-7 the full topic, no alias")
}

// What another process has gone on with is dropped, and what it cannot know is kept.
func TestForget(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c, n := journaled(t, v)
		c.Settings.QueueMessages = true
		c.connectQuietly(accepted, persistent)
		sent, released, sentAgain := c.accept("sent", 1), c.accept("released", 2), c.accept("sent again", 1)
		c.Send(sent)
		c.Send(released)
		c.Send(sentAgain)
		c.in("50 02 00 02; 34 _ L't 00 07 5:00 'x; 34 _ L't 00 08 5:00 'y; 62 02 00 08")
		c.out()
		c.take()
		c.cut()
		queued := c.accept("queued", 1)
		c.Send(queued)
		c.Settings.InflightLimit = 1 // what is sent again waits for the quota
		c.connectQuietly(resumed, persistent)
		c.out()
		c.cut()
		c.publish("t", "unknown", 0)
		c.Forget()
		for _, m := range []*Message{sent, released, sentAgain, queued} {
			if !m.Done || !m.Refused {
				t.Errorf("%s: done %v, refused %v", m.Payload, m.Done, m.Refused)
			}
			c.wantError(m.Failure, errors.ErrNotConnected, string(m.Payload))
		}
		if s := c.Session(); len(s.Outgoing) != 0 || c.Outgoing().Len() != 0 || c.ids.count != 0 {
			t.Errorf("%d messages, %d in the list, %d identifiers", len(s.Outgoing), c.Outgoing().Len(), c.ids.count)
		}
		c.wantStates(c.Incoming(), "8:8", "the pump has it, and delivers it")
		n.keep()
		another := &notes{}
		c.SetJournal(another)
		another.want(t, "in the journal that it uses next", "in y 0")
		c.wantEvents("of the connections", "connack 00", "connected", "ready", "pubrec 2 00", "in 2 #8 t y -",
			"connack 00", "connected", "ready", "session: Session resumed: 3 packets sent again.")
		another.want(t, "after the delivery", "finish y")
		n.want(t, "nothing in the one that it has lost")
		c.connectQuietly(resumed, persistent)
		c.wantOut("30 _ L't 5:00 'unknown", "what the journal has never known")
	})
}

// A name of one journal is never told to another one, also not by a message that uses the memory of an older one.
func TestJournalKeys(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c, n := journaled(t, v)
		c.connectQuietly(accepted, persistent)
		c.Send(c.accept("old", 1))
		n.keep()
		c.SetJournal(nil)
		c.in("40 02 00 01")
		c.pump()
		c.SetJournal(n)
		c.in("32 _ L't 00 07 5:00 'in")
		c.pump()
		n.want(t, "QoS 1 has none")
	})
}
