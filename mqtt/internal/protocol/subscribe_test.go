package protocol

import (
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func (c *trace) subscribe(filters ...string) int {
	c.t.Helper()
	var list []Subscription
	for _, f := range filters {
		list = append(list, Subscription{Filter: f, QoS: 1})
	}
	id, err := c.Subscribe(list, NoSubscriptionIdentifier, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

func TestSubscribe(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.8.4-5 MQTT311-3.8.4-4 three filters, three results", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			id, err := c.Subscribe([]Subscription{
				{Filter: "a/#"}, {Filter: "+", QoS: 1, NoLocal: true, RetainHandling: 2}, {Filter: "$SYS/x", QoS: 2, RetainAsPublished: true, RetainHandling: 1},
			}, NoSubscriptionIdentifier, nil)
			if err != nil || id != 1 {
				t.Fatal(id, err)
			}
			c.wantOut("82 _ 00 01 5:00 L'a/# 00 L'+ 5:25 4:01 L'$SYS/x 5:1A 4:02", "MQTT5-3.8.3-3 MQTT5-3.8.3-5 MQTT311-3.8.3-4: the options")
			c.in("90 _ 00 01 5:00 00 80 02")
			c.wantEvents("MQTT5-3.9.3-1 MQTT311-3.9.3-1 in order", "subscribed 1 a/#,+,$SYS/x 00 80 02")
			c.in("90 _ 00 01 5:00 00 80 02")
			c.wantEvents("of a second SUBACK", "session:")
		})
		t.Run("MQTT5-3.8.4-2 MQTT311-3.8.4-2 two in reverse order; PUBLISH before SUBACK", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a")
			c.subscribe("b")
			c.out()
			c.in("30 _ L'b 5:00 'early; 90 _ 00 02 5:00 01; 90 _ 00 01 5:00 02")
			c.wantEvents("of all", "in 0 b early", "subscribed 2 b 01", "subscribed 1 a 02")
		})
		t.Run("MQTT5-3.9.3-2 every defined code", func(t *testing.T) {
			codes := []string{"00", "01", "02", "80"}
			if v == packet.V5 {
				codes = append(codes, "83", "87", "8F", "91", "97", "9E", "A1", "A2")
			}
			for _, code := range codes {
				c := newTrace(t, v)
				c.connect(accepted)
				c.subscribe("a")
				c.in("90 _ 00 01 5:00 " + code)
				c.wantEvents(code, "subscribed 1 a "+code)
			}
		})
		t.Run("MQTT5-3.10.4-4 MQTT5-3.10.4-6 MQTT311-3.10.4-6 unsubscribe", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			id, err := c.Unsubscribe([]string{"a/#", "$share/g/b"}, "tag", nil)
			if err != nil || id != 1 {
				t.Fatal(id, err)
			}
			c.wantOut("A2 _ 00 01 5:00 L'a/# L'$share/g/b", "MQTT5-3.10.4-1 MQTT311-3.10.4-1: as given")
			c.in("B0 _ 00 01 5:00 5:11 5:00")
			want := "unsubscribed 1 a/#,$share/g/b"
			if v == packet.V5 {
				want += " 11 00"
			}
			events := c.TakeEvents()
			if got := describeEvent(&events[0], nil); got != want || events[0].Detail.(*SubAck).Request.Tag != "tag" {
				t.Fatal(got)
			}
		})
		t.Run("MQTT5-2.2.1-3 MQTT311-2.3.1-2 one space of identifiers", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "", 1)
			if id := c.subscribe("a"); id != 2 {
				t.Fatal(id)
			}
			if id, _ := c.Unsubscribe([]string{"a"}, "", nil); id != 3 {
				t.Fatal(id)
			}
			if m := c.publish("a", "", 2); m.ID != 4 {
				t.Fatal(m.ID)
			}
			c.nextID = 65534
			for _, want := range []uint16{65535, 5, 6} {
				if m := c.publish("a", "", 1); m.ID != want {
					t.Fatalf("identifier %d, want %d: those in use are skipped", m.ID, want)
				}
			}
		})
		t.Run("unanswered when the connection ends", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			for _, f := range []string{"a", "b", "c", "d", "e"} {
				c.subscribe(f)
			}
			c.out()
			c.cut()
			events := c.TakeEvents()
			for i, f := range []string{"a", "b", "c", "d", "e"} {
				if d := events[i].Detail.(*errors.Error); d.Code != errors.ErrNotConnected || !strings.Contains(d.Description, `"`+f+`"`) {
					t.Fatal("in the order of the calls:", d)
				}
			}
			c.connect(resumed, persistent)
			c.wantIdle("requests are no part of the session")
			c.nextID = 0
			if id := c.subscribe("f"); id != 1 {
				t.Fatal("identifiers are free again:", id)
			}
			c.out()
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.Closed()
			c.wantIdle("no error after Disconnect")
		})
		t.Run("refusals take no identifier and write nothing", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect("20 _ 00 00 { 27 00000010 28 00 29 00 2A 00 }")
			type row struct {
				name       string
				list       []Subscription
				identifier int
				code       int
			}
			rows := []row{
				{"MQTT5-3.8.3-2 MQTT311-3.8.3-3 no filter", nil, 0, errors.ErrInvalidTopicFilter},
				{"empty filter", []Subscription{{}}, 0, errors.ErrInvalidTopicFilter},
				{"MQTT5-4.7.1-1 MQTT311-4.7.1-2 a#", []Subscription{{Filter: "a#"}}, 0, errors.ErrInvalidTopicFilter},
				{"MQTT5-4.7.1-2 MQTT311-4.7.1-3 a+", []Subscription{{Filter: "good"}, {Filter: "a+"}}, 0, errors.ErrInvalidTopicFilter},
				{"MQTT5-3.8.3-1 MQTT311-3.8.3-1 not UTF-8", []Subscription{{Filter: "\xC0\x80"}}, 0, errors.ErrInvalidTopicFilter},
				{"U5-14 QoS 3", []Subscription{{Filter: "a", QoS: 3}}, 0, errors.ErrInvalidQoS},
				{"QoS -1", []Subscription{{Filter: "a", QoS: -1}}, 0, errors.ErrInvalidQoS},
				{"U5-14 retain handling 3", []Subscription{{Filter: "a", RetainHandling: 3}}, 0, errors.ErrInvalidArgument},
				{"U5-13 identifier -1", []Subscription{{Filter: "a"}}, -1, errors.ErrInvalidArgument},
				{"U5-13 identifier 268435456", []Subscription{{Filter: "a"}}, 268435456, errors.ErrInvalidArgument},
			}
			if v == packet.V5 {
				for filter, name := range map[string]string{
					"$share//a": "MQTT5-4.8.2-1", "$share/g": "MQTT5-4.8.2-2", "$share/+/a": "MQTT5-4.8.2-2",
					"$share/g/a": "U5-15 shared", "+": "U5-15 wildcard", "$share/g/#": "U5-15 both",
				} {
					rows = append(rows, row{name, []Subscription{{Filter: filter}}, 0, errors.ErrInvalidTopicFilter})
				}
				rows = append(rows,
					row{"U5-15 identifier", []Subscription{{Filter: "a"}}, 1, errors.ErrProtocol},
					row{"MQTT5-3.2.2-15 too large", []Subscription{{Filter: "123456789"}}, 0, errors.ErrMessageTooLong},
				)
			}
			for _, r := range rows {
				_, err := c.Subscribe(r.list, r.identifier, nil)
				c.wantError(err, r.code, r.name)
			}
			for name, filters := range map[string][]string{"MQTT5-3.10.3-2 MQTT311-3.10.3-2 none": nil, "MQTT5-3.10.3-1 MQTT311-3.10.3-1 bad": {"a", "a#"}} {
				_, err := c.Unsubscribe(filters, "", nil)
				c.wantError(err, errors.ErrInvalidTopicFilter, name)
			}
			c.wantIdle("not a byte")
			if id := c.subscribe("a"); id != 1 {
				t.Fatal("an identifier was taken")
			}
			if v == packet.V5 {
				_, err := c.Unsubscribe([]string{"1234567890"}, "", nil)
				c.wantError(err, errors.ErrMessageTooLong, "MQTT5-3.2.2-15 UNSUBSCRIBE too large")
				c.out()
				c.subscribe("12345678")
				if n := len(c.out()); n != 16 {
					t.Fatal("exactly the maximum goes out:", n)
				}
			}
		})
	})
	t.Run("U5-13 identifier and user properties", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		user := packet.Properties(nil).AppendUserProperty("k", "v")
		for identifier, want := range map[int]string{0: "", 1: "0B 01", 268435455: "0B FFFFFF7F"} {
			c.nextID = 0
			clear(c.requests)
			if _, err := c.Subscribe([]Subscription{{Filter: "a"}}, identifier, user); err != nil {
				t.Fatal(err)
			}
			c.wantOut("82 _ 00 01 { "+want+" 26 L'k L'v } L'a 00", "SUBSCRIBE")
		}
		if _, err := c.Unsubscribe([]string{"a"}, "", user); err != nil {
			t.Fatal(err)
		}
		c.wantOut("A2 _ 00 02 { 26 L'k L'v } L'a", "UNSUBSCRIBE")
		c.in("90 _ 00 01 { 1F L'why 26 L'x L'y } 00")
		if a := c.TakeEvents()[0].Detail.(*SubAck); a.ReasonString != "why" || len(a.UserProperties) != 1 {
			t.Fatalf("%+v", a)
		}
	})
	t.Run("3.1.1 sends neither identifier nor properties", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		user := packet.Properties(nil).AppendUserProperty("k", "v")
		if _, err := c.Subscribe([]Subscription{{Filter: "$share/g", NoLocal: true}}, 9, user); err != nil {
			t.Fatal(err)
		}
		c.wantOut("82 _ 00 01 L'$share/g 00", "$share is an ordinary filter")
	})
	t.Run("MQTT5-3.8.3-4 No Local on a shared subscription", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		_, err := c.Subscribe([]Subscription{{Filter: "$share/g/a", NoLocal: true}}, 0, nil)
		c.wantError(err, errors.ErrInvalidTopicFilter, "No Local")
		c.subscribe("$share/g//finance", "$share/g/#", "$shared/a")
		c.wantOut("82 _ 00 01 00 L'$share/g//finance 01 L'$share/g/# 01 L'$shared/a 01", "MQTT5-4.8.2-2: accepted ones")
	})
	t.Run("a wildcard in a shared name where only wildcards are not available", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 28 00 }")
		c.subscribe("$share/g/a")
		_, err := c.Subscribe([]Subscription{{Filter: "$share/g/+"}}, 0, nil)
		c.wantError(err, errors.ErrInvalidTopicFilter, "wildcard")
	})
}

func TestPacketIdsExhausted(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-2.2.1-3 MQTT311-2.3.1-2 pain 16: all 65535 in use", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			sub := c.subscribe("a")
			for id := 2; id <= 65535; id++ {
				if m := c.publish("a", "", 1+id%2); int(m.ID) != id {
					t.Fatal("identifier", m.ID, "instead of", id)
				}
			}
			c.out()
			_, err := c.Publish(&Publish{Topic: "a", QoS: 1})
			c.wantError(err, errors.ErrPacketIdsExhausted, "publish")
			_, err = c.Subscribe([]Subscription{{Filter: "a"}}, 0, nil)
			c.wantError(err, errors.ErrPacketIdsExhausted, "subscribe")
			_, err = c.Unsubscribe([]string{"a"}, "", nil)
			c.wantError(err, errors.ErrPacketIdsExhausted, "unsubscribe")
			c.wantNoOut("not a byte")
			c.publish("a", "QoS 0 needs none", 0)
			c.out()
			c.in("90 _ 00 01 5:00 00")
			if m := c.publish("a", "", 1); int(m.ID) != sub {
				t.Fatal("identifier", m.ID)
			}
			c.in("50 02 00 05") // PUBREC frees nothing
			_, err = c.Publish(&Publish{Topic: "a", QoS: 1})
			c.wantError(err, errors.ErrPacketIdsExhausted, "after PUBREC")
			c.in("70 02 00 05; 40 02 00 02; 40 02 FF FE")
			for _, want := range []uint16{2, 5, 65534} {
				if m := c.publish("a", "", 1); m.ID != want {
					t.Fatal("identifier", m.ID, "instead of", want)
				}
			}
			if n := c.Outgoing().Len(); n != 65538 {
				t.Fatal(n, "messages: three are acknowledged and not told")
			}
		})
	})
}
