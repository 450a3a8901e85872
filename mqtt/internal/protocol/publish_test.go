package protocol

import (
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestPublishQoS0(t *testing.T) {
	t.Run("MQTT5-2.2.1-2 MQTT5-2.2.2-1 MQTT5-4.3.1-1 no identifier, DUP 0", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		m, err := c.Publish(&Publish{Topic: "a/b", Payload: []byte("hi"), Dup: true})
		if m != nil || err != nil {
			t.Fatal(m, err)
		}
		c.wantEvents("before the write")
		c.wantOut("30 08 00 03 'a/b 00 'hi", "PUBLISH QoS 0 goes out, without DUP")
		c.wantEvents("after the write", "out a/b hi")
		c.wantIdle("at the end")
	})
	t.Run("MQTT311-2.3.1-5 MQTT311-3.3.1-2 MQTT311-3.3.1-5 retained", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		if _, err := c.Publish(&Publish{Topic: "a/b", Retain: true}); err != nil {
			t.Fatal(err)
		}
		c.wantOut("31 05 00 03 'a/b", "an empty retained message")
		c.wantEvents("after the write", "out a/b ")
	})
	t.Run("MQTT5-4.3.1-1 never sent again", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "lost", 0)
			c.TakeOutput(nil) // the write fails
			c.cut()
			c.connect(resumed, persistent)
			c.wantIdle("after the reconnect")
		})
	})
	t.Run("only what was written is told", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		first := c.await0("1")
		c.TakeOutput(nil)
		second := c.await0("2")
		if first.Done || c.Undelivered() != 2 {
			t.Fatal("done before the write:", first.Done, c.Undelivered())
		}
		c.OutputWritten(c.now)
		if !first.Done || first.Failure != nil || second.Done {
			t.Fatal("the wrong one is done")
		}
		c.wantEvents("after the first write", "out a 1")
		c.wantOut("30 04 00 01 'a '2", "the second write")
		c.wantEvents("after the second write", "out a 2")
	})
	t.Run("OutputFull from 256 KiB on, until the writer has taken them", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		for n := 1; n <= 64; n++ {
			if c.OutputFull() {
				t.Fatalf("full with %d bytes", c.OutputSize())
			}
			c.publish("a", string(make([]byte, 4096-6)), 0)
		}
		if !c.OutputFull() || c.OutputSize() != 256<<10 {
			t.Fatalf("not full with %d bytes", c.OutputSize())
		}
		c.TakeOutput(nil)
		if c.OutputFull() {
			t.Fatal("full when nothing waits")
		}
	})
	t.Run("who awaits a message hears of its end, whatever that is", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.Settings.QueueMessages = true
		retained, err := c.Publish(&Publish{Topic: "a", Retain: true, Awaited: true})
		if err != nil {
			t.Fatal(err)
		}
		first := c.await0("1")
		c.connectQuietly("20 _ 00 00 { 25 00 }")
		if errors.Code(retained.Failure) != errors.ErrProtocol || !retained.Done || first.Done || c.Lost(first) {
			t.Errorf("refused: %+v; to be written: %+v", retained, first)
		}
		c.TakeOutput(nil)
		second := c.await0("2")
		c.Fail(errors.New(errors.ErrTimeout, ""))
		if !c.Lost(first) || !c.Lost(second) {
			t.Error("their connection has ended")
		}
		queued := c.await0("3")
		c.Closed()
		for _, m := range []*Message{first, second} {
			if errors.Code(m.Failure) != errors.ErrNotConnected || !m.Done {
				t.Errorf("lost: %+v", m)
			}
		}
		c.connectQuietly(accepted)
		c.out()
		if !queued.Done || queued.Failure != nil {
			t.Errorf("written: %+v", queued)
		}
		for _, m := range []*Message{retained, first, second, queued} {
			c.Release(m)
		}
		if c.awaited0 != 0 {
			t.Errorf("%d are awaited", c.awaited0)
		}
	})
}

func TestPublishQoS1(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-4.3.2-1 MQTT5-4.3.2-2 MQTT5-4.3.2-3 MQTT311-4.3.2-1 the flow", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			m := c.publish("a/b", "hello", 1)
			if m.ID != 1 || c.LastPacketID() != 1 || m.State != PubackAwaited {
				t.Fatalf("message %+v", m)
			}
			c.wantOut("32 _ 00 03 'a/b 00 01 5:00 'hello", "PUBLISH QoS 1")
			c.wantStates(c.Outgoing(), "1:0", "PUBACK awaited")
			c.wantIdle("until PUBACK")
			c.in("40 02 00 01")
			c.wantStates(c.Outgoing(), "1:4", "acknowledged, not told")
			c.wantEvents("of PUBACK", "done 1 PUBACK 00")
			c.wantStates(c.Outgoing(), "", "told")
			c.wantIdle("at the end")
		})
		t.Run("MQTT5-2.2.1-3 the next identifier is not one just freed", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "1", 1)
			c.in("40 02 00 01")
			if m := c.publish("a", "2", 1); m.ID != 2 {
				t.Fatal("identifier", m.ID)
			}
		})
		t.Run("the caller's Dup sets DUP", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Dup: true, Retain: true}); err != nil {
				t.Fatal(err)
			}
			c.wantOut("3B _ 00 01 'a 00 01 5:00", "PUBLISH with DUP and RETAIN")
		})
		t.Run("nothing of the caller's memory is kept", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			payload := []byte(strings.Repeat("x", 20000))
			properties := packet.Properties(nil).AppendString(packet.PropContentType, "t")
			if _, err := c.Publish(&Publish{Topic: "a", QoS: 1, Payload: payload, Properties: properties}); err != nil {
				t.Fatal(err)
			}
			clear(payload)
			clear(properties)
			want := wire(v, "32 _ 00 01 'a 00 01 5:04 5:03 5:0001 5:'t '"+strings.Repeat("x", 20000))
			if got := c.out(); string(got) != string(want) {
				t.Fatalf("%d bytes, %d wanted, or other ones", len(got), len(want))
			}
			c.cut()
			c.connectQuietly(resumed, persistent)
			want[0] |= 8
			if got := c.out(); string(got) != string(want) {
				t.Fatal("sent again with other bytes")
			}
		})
	})
}

func TestPublishQoS2(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-4.3.3-1 MQTT5-4.3.3-2 MQTT5-4.3.3-3 MQTT5-4.3.3-4 MQTT5-4.3.3-5 MQTT311-4.3.3-1 the flow", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a/b", "hello", 2)
			c.wantOut("34 _ 00 03 'a/b 00 01 5:00 'hello", "PUBLISH QoS 2")
			c.wantStates(c.Outgoing(), "1:1", "PUBREC awaited")
			c.in("50 02 00 01")
			c.wantOut("62 02 00 01", "PUBREL [MQTT5-3.6.1-1] [MQTT311-3.6.1-1]")
			c.wantStates(c.Outgoing(), "1:3", "PUBCOMP awaited")
			c.wantEvents("of PUBREC", "pubrec 1 00")
			c.wantStates(c.Outgoing(), "1:3", "still there")
			if id := c.publish("a", "", 1).ID; id != 2 {
				t.Fatal("identifier", id)
			}
			c.out()
			c.in("70 02 00 01")
			c.wantStates(c.Outgoing(), "1:4 2:0", "complete, not told")
			c.wantEvents("of PUBCOMP", "done 1 PUBCOMP 00")
			c.wantStates(c.Outgoing(), "2:0", "told")
			c.wantIdle("at the end")
		})
		t.Run("MQTT5-4.3.3-4 a repeated PUBREC is answered with PUBREL again", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "", 2)
			c.out()
			c.in("50 02 00 01; 50 02 00 01")
			c.wantOut("62 02 00 01; 62 02 00 01", "PUBREL twice, no PUBLISH [MQTT5-4.3.3-6]")
			c.wantEvents("of one PUBREC", "pubrec 1 00")
			c.in("70 02 00 01; 70 02 00 01")
			c.wantEvents("of PUBCOMP twice", "done 1 PUBCOMP 00", "session: PUBCOMP for packet 1, which nothing waits for; ignored.")
		})
		t.Run("MQTT5-4.6.0-4 MQTT311-4.6.0-4 PUBREL in the order of PUBREC", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			for range 3 {
				c.publish("a", "", 2)
			}
			c.out()
			c.in("50 02 00 03; 50 02 00 01; 50 02 00 02")
			c.wantOut("62 02 00 03; 62 02 00 01; 62 02 00 02", "PUBRELs")
		})
	})
}

func TestPublishRefused(t *testing.T) {
	t.Run("MQTT5-3.4.2-1 MQTT5-4.4.0-2 PUBACK with 0x80 and above", func(t *testing.T) {
		for _, code := range []string{"80", "83", "87", "90", "91", "97", "99"} {
			c := newTrace(t, packet.V5)
			c.connect("20 06 00 00 03 21 00 01", persistent)
			c.publish("a", "1", 1)
			second := c.publish("a", "2", 1)
			c.out()
			c.in("40 03 00 01 " + code)
			c.wantEvents("of the refusal", "error 500", "done 1 PUBACK "+code+" refused")
			c.wantOut("32 _ 00 01 'a 00 02 00 '2", "the next message: the quota is free")
			if c.Phase() != Connected || second.State != PubackAwaited {
				t.Fatal("the refusal concerns more than its message")
			}
			c.cut()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ 00 01 'a 00 02 00 '2", "only the second is sent again")
		}
	})
	t.Run("MQTT5-3.5.2-1 MQTT5-4.4.0-2 PUBREC with 0x80 and above", func(t *testing.T) {
		for _, code := range []string{"80", "83", "87", "90", "91", "97", "99"} {
			c := newTrace(t, packet.V5)
			c.connect("20 06 00 00 03 21 00 01")
			c.publish("a", "1", 2)
			c.publish("a", "2", 2)
			c.out()
			c.in("50 03 00 01 " + code)
			c.wantEvents("of the refusal", "error 500", "done 1 PUBREC "+code+" refused")
			c.wantOut("34 _ 00 01 'a 00 02 00 '2", "no PUBREL; the next message: the quota is free")
		}
	})
	t.Run("reason string and user properties", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		m := c.publish("a", "1", 1)
		m.Awaited = true
		c.out()
		c.in("40 _ 00 01 87 13 1F L'no 26 L'k L'1 26 L'k L'2")
		events := c.TakeEvents()
		a, _ := events[1].Detail.(*Answer)
		if a == nil || a.ReasonString != "no" || len(a.UserProperties) != 2 || a.UserProperties[1] != (packet.UserProperty{Name: "k", Value: "2"}) {
			t.Fatalf("answer %+v", a)
		}
		if err := events[0].Detail.(*errors.Error); !strings.Contains(err.Description, "135 (0x87) Not authorized") || !strings.Contains(err.Description, `"no"`) {
			t.Fatal(err)
		}
		for i := range events {
			c.handle(&events[i])
		}
		c.ReturnEvents(events)
		if !m.Done || !m.Refused || m.Outcome != 0x87 {
			t.Fatalf("an awaited message is reused, or does not tell its end: %+v", m)
		}
		if !m.Told {
			t.Fatal("the owner does not know that the message is its own now")
		}
		c.Release(m)
	})
	t.Run("MQTT5-3.4.2-1 MQTT5-3.5.2-1 0x10 is a success", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.publish("a", "", 1)
		c.publish("a", "", 2)
		c.out()
		c.in("40 03 00 01 10; 50 04 00 02 10 00")
		c.wantOut("62 02 00 02", "PUBREL [MQTT5-3.6.2-1]")
		c.wantEvents("of both", "done 1 PUBACK 10", "pubrec 2 10")
	})
	t.Run("MQTT5-3.4.2-1 answers that come together keep their own codes", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		for range 3 {
			c.publish("a", "", 1)
		}
		c.out()
		c.in("40 02 00 01; 40 03 00 02 10; 40 02 00 03")
		c.wantEvents("of all", "done 1 PUBACK 00", "done 2 PUBACK 10", "done 3 PUBACK 00")
	})
	t.Run("MQTT5-3.7.2-1 PUBCOMP 0x92 ends the exchange, not as a refusal", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.publish("a", "", 2)
		c.out()
		c.in("50 02 00 01; 70 03 00 01 92")
		c.wantEvents("of both", "pubrec 1 00", "done 1 PUBCOMP 92")
	})
}

func TestWrongAcknowledgments(t *testing.T) {
	type row struct{ name, in string }
	both(t, func(t *testing.T, v packet.Version) {
		// Identifiers: 1 QoS 1, 2 QoS 2, 3 QoS 2 after PUBREC, 4 SUBSCRIBE, 5 UNSUBSCRIBE.
		rows := []row{
			{"PUBREC for QoS 1", "50 02 00 01"},
			{"PUBCOMP for QoS 1", "70 02 00 01"},
			{"SUBACK for QoS 1", "90 _ 00 01 5:00 00"},
			{"UNSUBACK for QoS 1", "B0 _ 00 01 5:00 5:00"},
			{"PUBCOMP before PUBREC", "70 02 00 02"},
			{"PUBACK after PUBREC", "40 02 00 03"},
			{"PUBACK for SUBSCRIBE", "40 02 00 04"},
			{"PUBREC for SUBSCRIBE", "50 02 00 04"},
			{"PUBCOMP for SUBSCRIBE", "70 02 00 04"},
			{"UNSUBACK for SUBSCRIBE", "B0 _ 00 04 5:00 5:00"},
			{"SUBACK for UNSUBSCRIBE", "90 _ 00 05 5:00 00"},
			{"too few codes in SUBACK", "90 _ 00 04 5:00 01"},
			{"too many codes in SUBACK", "90 _ 00 04 5:00 01 01 01"},
			{"no codes in SUBACK", "90 _ 00 04 5:00"},
			{"undefined code in SUBACK", "90 _ 00 04 5:00 00 03"},
		}
		if v == packet.V5 {
			rows = append(rows,
				row{"PUBACK for QoS 2", "40 02 00 02"},
				row{"too many codes in UNSUBACK", "B0 05 00 05 00 00 00"},
				row{"undefined code in UNSUBACK", "B0 04 00 05 00 01"},
				row{"undefined code in PUBACK", "40 03 00 01 01"},
				row{"undefined code in PUBREC", "50 03 00 02 92"},
				row{"undefined code in PUBCOMP", "70 03 00 03 80"},
			)
		}
		for _, r := range rows {
			t.Run("MQTT5-3.3.4-1 MQTT311-3.3.4-1 MQTT5-2.2.1-6 "+r.name, func(t *testing.T) {
				c := newTrace(t, v)
				c.connect(accepted)
				c.publish("a", "", 1)
				c.publish("a", "", 2)
				c.publish("a", "", 2)
				if _, err := c.Subscribe([]Subscription{{Filter: "x"}, {Filter: "y"}}, NoSubscriptionIdentifier, nil); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Unsubscribe([]string{"x"}, "x", nil); err != nil {
					t.Fatal(err)
				}
				c.in("50 02 00 03")
				c.out()
				c.wantEvents("of the preparation", "pubrec 3 00")
				c.in(r.in)
				reason := packet.ProtocolError
				if strings.HasPrefix(r.name, "no codes") && v == packet.V311 {
					reason = packet.MalformedPacket
				}
				c.wantFailed(reason, r.name)
				c.wantStates(c.Outgoing(), "1:0 2:1 3:3", "no state changed")
			})
		}
		t.Run("MQTT311-3.3.4-1 PUBACK for QoS 2 is taken in 3.1.1 as RabbitMQ sends it", func(t *testing.T) {
			if v == packet.V5 {
				t.Skip("v5 has MaximumQoS for that")
			}
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "", 2)
			c.out()
			c.in("40 02 00 01")
			c.wantEvents("of PUBACK", "done 1 PUBACK 00")
			c.wantIdle("no PUBREL")
		})
		t.Run("MQTT5-2.2.1-5 MQTT311-2.3.1-6 unknown identifiers complete nothing", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "", 1)
			c.out()
			c.in("40 02 00 09; 70 02 00 09; 90 _ 00 09 5:00 00; B0 _ 00 09 5:00 5:00")
			c.wantEvents("of four", "session:", "session:", "session:", "session:")
			c.wantNoOut("nothing is answered")
			c.in("50 02 00 09")
			c.wantOut("62 4:02 5:03 00 09 5:92", "PUBREL for an unknown PUBREC [MQTT5-3.6.2-1]")
			c.in("62 02 00 09")
			c.wantOut("70 4:02 5:03 00 09 5:92", "PUBCOMP for an unknown PUBREL [MQTT5-3.7.2-1]")
			c.wantStates(c.Outgoing(), "1:0", "nothing completed")
		})
	})
}

func TestPublishChecks(t *testing.T) {
	// limits is a CONNACK with everything restricted: Maximum QoS 1, no retained messages, 20 bytes, 2 aliases.
	const limits = "20 0F 00 00 0C 24 01 25 00 27 00 00 00 14 22 00 02"
	utf8 := packet.Properties(nil).AppendUint(packet.PropPayloadFormatIndicator, 1)
	rows := []struct {
		name    string
		publish Publish
		code    int
	}{
		{"MQTT5-3.3.1-4 QoS 3", Publish{Topic: "a", QoS: 3}, errors.ErrInvalidQoS},
		{"QoS -1", Publish{Topic: "a", QoS: -1}, errors.ErrInvalidQoS},
		{"MQTT5-4.7.3-1 empty topic", Publish{}, errors.ErrInvalidTopicName},
		{"MQTT5-3.3.2-2 wildcard", Publish{Topic: "a/+"}, errors.ErrInvalidTopicName},
		{"MQTT5-3.3.2-2 wildcard #", Publish{Topic: "#"}, errors.ErrInvalidTopicName},
		{"MQTT5-1.5.4-1 surrogate", Publish{Topic: "a\xED\xA0\x80"}, errors.ErrInvalidTopicName},
		{"MQTT5-4.7.3-2 U+0000", Publish{Topic: "a\x00b"}, errors.ErrInvalidTopicName},
		{"MQTT5-4.7.3-3 65536 bytes", Publish{Topic: strings.Repeat("t", 65536)}, errors.ErrInvalidTopicName},
		{"MQTT5-3.2.2-11 above Maximum QoS", Publish{Topic: "a", QoS: 2}, errors.ErrInvalidQoS},
		{"MQTT5-3.2.2-14 retained", Publish{Topic: "a", Retain: true}, errors.ErrProtocol},
		{"MQTT5-3.2.2-15 one byte too large, QoS 0", Publish{Topic: "a", Payload: make([]byte, 15)}, errors.ErrMessageTooLong},
		{"MQTT5-3.2.2-15 one byte too large, QoS 1", Publish{Topic: "a", Payload: make([]byte, 13), QoS: 1}, errors.ErrMessageTooLong},
		{"MQTT5-3.2.2-15 one byte too large, with an alias", Publish{Topic: "a", Payload: make([]byte, 10), QoS: 1, Alias: 1}, errors.ErrMessageTooLong},
		{"MQTT5-3.2.2-17 alias 3 of 2", Publish{Topic: "a", Alias: 3}, errors.ErrProtocol},
		{"empty topic with an alias that has none", Publish{Alias: 1}, errors.ErrInvalidTopicName},
		{"U5-23 payload is not UTF-8", Publish{Topic: "a", Payload: []byte{0xFF}, Properties: utf8}, errors.ErrMalformedMessage},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			c.connect(limits)
			_, err := c.Publish(&r.publish)
			c.wantError(err, r.code, r.name)
			c.wantIdle("not a byte is written")
			if id := c.publish("a", "", 1).ID; id != 1 {
				t.Fatal("an identifier was taken; the next is", id)
			}
		})
	}
	t.Run("MQTT5-3.2.2-15 exactly the maximum goes out", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(limits)
		for _, p := range []Publish{
			{Topic: "a", Payload: make([]byte, 14)},
			{Topic: "a", Payload: make([]byte, 12), QoS: 1},
			{Topic: "a", Payload: make([]byte, 9), QoS: 1, Alias: 1},
		} {
			if _, err := c.Publish(&p); err != nil {
				t.Fatal(err)
			}
			if n := len(c.out()); n != 20 {
				t.Fatal(n, "bytes")
			}
		}
	})
	t.Run("not connected", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			_, err := c.Publish(&Publish{Topic: "a"})
			c.wantError(err, errors.ErrNotConnected, "idle")
			c.begin()
			_, err = c.Publish(&Publish{Topic: "a", QoS: 1})
			c.wantError(err, errors.ErrNotConnected, "before CONNACK")
			_, err = c.Subscribe([]Subscription{{Filter: "a"}}, 0, nil)
			c.wantError(err, errors.ErrNotConnected, "before CONNACK")
			_, err = c.Unsubscribe([]string{"a"}, "", nil)
			c.wantError(err, errors.ErrNotConnected, "before CONNACK")
			c.wantError(c.Ping(c.now), errors.ErrNotConnected, "before CONNACK")
			c.wantError(c.SendCustom([]byte{0xC0, 0}), errors.ErrNotConnected, "before CONNACK")
			c.wantIdle("before CONNACK")
		})
	})
	t.Run("3.1.1 knows none of the limits and no properties", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		if _, err := c.Publish(&Publish{Topic: "a", Payload: []byte{0xFF}, QoS: 2, Retain: true, Alias: 9, Properties: utf8}); err != nil {
			t.Fatal(err)
		}
		c.wantOut("35 06 00 01 'a 00 01 FF", "PUBLISH without properties")
	})
	t.Run("larger than MQTT can express", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		_, err := c.Publish(&Publish{Topic: "a", Payload: make([]byte, packet.MaxRemainingLength-2)})
		c.wantError(err, errors.ErrMessageTooLong, "one byte too many")
		c.wantIdle("not a byte is written")
	})
}

func TestPublishLimitsAfterHold(t *testing.T) {
	c := newTrace(t, packet.V5)
	c.connect(accepted, persistent)
	c.Settings.InflightLimit = 1
	c.cut()
	c.connect(resumed, persistent)
	first := c.publish("a", "1", 1)
	c.publish("a", strings.Repeat("2", 50), 1)
	c.publish("a", "3", 1)
	c.out()
	if first.State != PubackAwaited || c.HeldBack() != 2 {
		t.Fatal("held back:", c.HeldBack())
	}
	c.cut()
	c.connectQuietly("20 _ 01 00 05 27 00 00 00 14", persistent)
	c.wantOut("3A _ 00 01 'a 00 01 00 '1", "the first again")
	c.in("40 02 00 01")
	c.wantEvents("MQTT5-3.2.2-15 the message that this server does not take is given up", "connack 00", "connected", "ready",
		"session: Session resumed: 1 packets sent again.", "done 1 PUBACK 00", "error 10040", "done 2 refused")
	c.wantOut("32 _ 00 01 'a 00 03 00 '3", "the rest flows")
}
