package protocol

import (
	"fmt"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// What a server answers to requests, and when it does not.
func TestRequestsAndAnswers(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.8.4-1 MQTT311-3.8.4-1 pending until SUBACK, and reported when none comes", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.AckTimeout = 10 * time.Second
			c.connect(accepted)
			c.subscribe("a")
			c.out()
			c.in("30 _ L'a 5:00 'early")
			c.wantEvents("a message before SUBACK", "in 0 a early")
			c.advance(9 * time.Second)
			c.wantEvents("within the time limit")
			c.advance(time.Second)
			c.wantEvents("too late", "error 201")
			c.in("90 _ 00 01 5:00 01")
			c.wantEvents("later still", "subscribed 1 a 01")
		})
		t.Run("MQTT5-3.8.4-7 each code is a granted QoS, also a lower one, or a failure of its own filter", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			if _, err := c.Subscribe([]Subscription{{Filter: "a", QoS: 2}, {Filter: "b", QoS: 2}, {Filter: "c", QoS: 2}, {Filter: "d", QoS: 2}}, NoSubscriptionIdentifier, nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.in("90 _ 00 01 5:00 02 01 80 00")
			c.wantEvents("of it", "subscribed 1 a,b,c,d 02 01 80 00")
			if c.Phase() != Connected {
				t.Fatal("a refused filter has ended the connection")
			}
		})
		t.Run("MQTT5-3.8.4-6 MQTT311-3.8.4-5 MQTT5-3.11.3-1 one code for each filter", func(t *testing.T) {
			for _, answer := range []string{"90 _ 00 01 5:00 00", "90 _ 00 01 5:00 00 01 02", "90 _ 00 01 5:00", "B0 _ 00 02 5:00 5:00", "B0 _ 00 02 5:00 5:000000", "B0 _ 00 02 5:00"} {
				if v == packet.V311 && answer[0] == 'B' {
					continue // UNSUBACK of 3.1.1 has no codes
				}
				c := newTrace(t, v)
				c.connect(accepted)
				c.subscribe("a", "b")
				if _, err := c.Unsubscribe([]string{"a", "b"}, "", nil); err != nil {
					t.Fatal(err)
				}
				c.out()
				c.Receive(c.now, wire(v, answer), false)
				if c.Phase() != Ended || len(c.requests) != 2 {
					t.Fatalf("%s: phase %d, %d requests", answer, c.Phase(), len(c.requests))
				}
				c.wantFailed(c.end.Err.Unwrap().(*packet.Error).Reason, answer)
			}
		})
		t.Run("MQTT311-3.8.3-2 a wildcard that the server does not take fails alone", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a/#", "b")
			c.out()
			c.in("90 _ 00 01 5:00 80 01; 32 _ L'b 00 05 5:00 'x")
			c.wantEvents("of both", "subscribed 1 a/#,b 80 01", "in 1 #5 b x")
			c.wantOut("40 02 00 05", "PUBACK")
		})
		t.Run("MQTT311-3.8.4-3 MQTT5-3.8.4-3 subscribing again replaces: one delivery for each packet", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.subscribe("a")
			c.subscribe("a")
			c.wantOut("82 _ 00 01 5:00 L'a 01; 82 _ 00 02 5:00 L'a 01", "two requests")
			c.in("90 _ 00 01 5:00 01; 90 _ 00 02 5:00 00; 31 _ L'a 5:00 'kept; 30 _ L'a 5:00 'x")
			c.wantEvents("of all", "subscribed 1 a 01", "subscribed 2 a 00", "in 0 a kept retained", "in 0 a x")
		})
		t.Run("MQTT5-3.10.4-5 MQTT311-3.10.4-5 unsubscribing from what is not there succeeds", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			if _, err := c.Unsubscribe([]string{"never/subscribed"}, "", nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("A2 _ 00 01 5:00 L'never/subscribed", "UNSUBSCRIBE")
			c.in("B0 _ 00 01 5:00 5:11")
			want := "unsubscribed 1 never/subscribed"
			if v == packet.V5 {
				want += " 11"
			}
			c.wantEvents("of it", want)
		})
		t.Run("U5-25 what was subscribed is forgotten with the session, by UNSUBACK and by a replacement", func(t *testing.T) {
			made := func(c *trace) (filters []string) {
				for _, g := range c.subscribed.list {
					if g.Filter != "" {
						filters = append(filters, g.Filter)
					}
				}
				return filters
			}
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.subscribe("a", "b")
			c.subscribe("a")
			c.in("90 _ 00 01 5:00 01 01; 90 _ 00 02 5:00 00")
			if got := made(c); len(got) != 2 {
				t.Fatalf("%q", got)
			}
			if _, err := c.Unsubscribe([]string{"b"}, "", nil); err != nil {
				t.Fatal(err)
			}
			c.in("B0 _ 00 03 5:00 5:00")
			if got := made(c); len(got) != 1 || got[0] != "a" {
				t.Fatalf("%q", got)
			}
			c.out()
			c.pump()
			c.cut()
			c.connectQuietly(resumed, persistent)
			if got := made(c); len(got) != 1 {
				t.Fatalf("a session that is present has them still, %q", got)
			}
			c.cut()
			c.connectQuietly(accepted, persistent)
			if got := made(c); got != nil {
				t.Fatalf("Session Present is 0: %q", got)
			}
		})
	})
	t.Run("MQTT5-3.2.2-9 MQTT5-3.2.2-10 Maximum QoS does not lower what is asked for", func(t *testing.T) {
		for _, maximum := range []string{"00", "01"} {
			c := newTrace(t, packet.V5)
			c.connect("20 _ 00 00 { 24 " + maximum + " }")
			if got := fmt.Sprintf("%02d", c.Limits().MaximumQoS); got != maximum {
				t.Fatal(got)
			}
			if _, err := c.Subscribe([]Subscription{{Filter: "a", QoS: 2}, {Filter: "b", QoS: 1}}, NoSubscriptionIdentifier, nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("82 _ 00 01 00 L'a 02 L'b 01", "SUBSCRIBE")
			c.in("90 _ 00 01 00 " + maximum + maximum)
			c.wantEvents("of it", "subscribed 1 a,b "+maximum+" "+maximum)
		}
	})
	for name, row := range map[string]struct{ answer, request string }{
		"MQTT5-3.9.2-1 Reason String of SUBACK":      {"90 _ 00 01 { 1F L'why } 00", "82"},
		"MQTT5-3.9.2-2 User Properties of SUBACK":    {"90 _ 00 01 { 26 L'n L'1 26 L'n L'2 } 00", "82"},
		"MQTT5-3.11.2-1 Reason String of UNSUBACK":   {"B0 _ 00 01 { 1F L'why } 00", "A2"},
		"MQTT5-3.11.2-2 User Properties of UNSUBACK": {"B0 _ 00 01 { 26 L'n L'1 26 L'n L'2 } 00", "A2"},
	} {
		t.Run(name+": exposed in order within the limit, 0x95 above it", func(t *testing.T) {
			size := int64(len(wire(packet.V5, row.answer)))
			for _, limit := range []int64{size, size - 1} {
				c := newTrace(t, packet.V5)
				c.connect(accepted, func(o *Options) { o.MaximumPacketSize = limit })
				if row.request == "82" {
					c.subscribe("a")
				} else if _, err := c.Unsubscribe([]string{"a"}, "", nil); err != nil {
					t.Fatal(err)
				}
				c.out()
				c.in(row.answer)
				if limit < size {
					c.wantFailed(packet.PacketTooLarge, name)
					continue
				}
				a := c.TakeEvents()[0].Detail.(*SubAck)
				if got := fmt.Sprint(a.ReasonString, a.UserProperties); got != "why[]" && got != "[{n 1} {n 2}]" {
					t.Errorf("told %s", got)
				}
			}
		})
	}
}
