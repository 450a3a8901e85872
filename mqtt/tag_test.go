package mqtt_test

import (
	"fmt"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The tag of a message comes back in each of its events and in no other (issue 14, 24).
func TestTag(t *testing.T) {
	type ticket struct{ number int }
	for qos := range 3 {
		t.Run(fmt.Sprintf("QoS %d", qos), func(t *testing.T) {
			r, _, c := connected(t, mqtt.MvV5)
			mine := &ticket{qos}
			seen := map[string]any{}
			r.On("MessageOut", func(e any) { a := e.(*mqtt.MessageOutEventArgs); seen["MessageOut "+a.Topic] = a.Tag })
			r.On("MessageAck", func(e any) {
				a := e.(*mqtt.MessageAckEventArgs)
				seen[fmt.Sprintf("MessageAck %d", a.PacketId)] = a.Tag
			})
			for _, name := range []string{"PubAck", "PubRec", "PubComp"} {
				r.On(name, func(e any) { a := e.(*mqtt.PubAckEventArgs); seen[fmt.Sprintf("%s %d", name, a.PacketId)] = a.Tag })
			}
			want := map[string]any{"MessageOut tagged": mine, "MessageOut plain": nil}
			for i, topic := range []string{"tagged", "plain"} {
				p := mqtt.PublishProperties{}
				if topic == "tagged" {
					p.Tag = mine
				}
				_, err := r.M.PublishWith(topic, qos, nil, p)
				must(t, err)
				c.ExpectPublish()
				id := uint16(i + 1)
				switch qos {
				case 1:
					c.SendAck(packet.PUBACK, id)
					want[fmt.Sprintf("PubAck %d", id)] = p.Tag
				case 2:
					c.SendAck(packet.PUBREC, id)
					c.ExpectAck(packet.PUBREL, id)
					c.SendAck(packet.PUBCOMP, id)
					want[fmt.Sprintf("PubRec %d", id)], want[fmt.Sprintf("PubComp %d", id)] = p.Tag, p.Tag
				}
				if qos > 0 {
					want[fmt.Sprintf("MessageAck %d", id)] = p.Tag
				}
			}
			r.WaitFor("MessageOut", 2)
			for event, tag := range want {
				if got, fired := seen[event]; !fired || got != tag {
					t.Errorf("%s: fired %t with %v, want %v", event, fired, got, tag)
				}
			}
		})
	}
}

// What tells that a message was refused has its tag, and the code as a number.
func TestTagOfRefusedMessage(t *testing.T) {
	r, _, c := connected(t, mqtt.MvV5)
	_, err := r.M.PublishWith("a", 1, nil, mqtt.PublishProperties{Tag: 7})
	must(t, err)
	c.ExpectPublish()
	c.SendReason(packet.PUBACK, 1, packet.NotAuthorized, nil)
	trace := r.WaitFor("MessageAck", 1)
	if e := last[mqtt.ErrorEventArgs](t, trace); e.Tag != 7 || e.ReasonCode != 0x87 {
		t.Errorf("Error is %+v", e)
	}
	if a := last[mqtt.MessageAckEventArgs](t, trace); a.Tag != 7 || a.ResponseCode != 0x87 {
		t.Errorf("MessageAck is %+v", a)
	}
}

// A message whose connection is lost keeps its tag for the next one; the memory of a message that has ended is given to
// others without it.
func TestTagOverConnections(t *testing.T) {
	r, s := memory(t, mqtt.MvV5)
	lasting(t, r.M)
	c := r.Connect(s, nil)
	_, err := r.M.PublishWith("a", 1, nil, mqtt.PublishProperties{Tag: "mine"})
	must(t, err)
	c.ExpectPublish()
	c.Close()
	r.WaitFor("Disconnected", 1)
	c = r.Connect(s, resume(true))
	c.ExpectPublish()
	c.SendAck(packet.PUBACK, 1)
	if a := last[mqtt.MessageOutEventArgs](t, r.WaitFor("MessageOut", 1)); a.Tag != "mine" {
		t.Errorf("MessageOut is %+v", a)
	}
	r.Take()
	for range 100 { // more than are allocated together
		must(t, r.M.PublishData("b", 0, nil))
		c.ExpectPublish()
		if a := last[mqtt.MessageOutEventArgs](t, r.WaitFor("MessageOut", 1)); a.Tag != nil {
			t.Fatalf("MessageOut is %+v", a)
		}
		r.Take()
	}
}

// PublishAndWaitWith sends what PublishWith sends and returns with the server's answer; a refusal has its code.
func TestPublishAndWaitWith(t *testing.T) {
	r, _, c := connected(t, mqtt.MvV5)
	config(t, r.M, "Retain=True") // does not count
	for _, reason := range []packet.ReasonCode{packet.Success, packet.NotAuthorized} {
		done := r.Start(func() error {
			return r.M.PublishAndWaitWith("a", 1, []byte("x"), mqtt.PublishProperties{ContentType: "text/plain"})
		})
		p := c.ExpectPublish()
		if kind, _ := p.Properties.Bytes(packet.PropContentType); string(kind) != "text/plain" || p.Retain || string(p.Payload) != "x" {
			t.Errorf("sent %+v", p)
		}
		c.SendReason(packet.PUBACK, p.PacketID, reason, nil)
		wantReason(t, r.Join(done), reason)
	}
	wantCode(t, r.M.PublishAndWaitWith("a", 1, nil, mqtt.PublishProperties{TopicAlias: -1}), 10022)
}

// wantReason checks the code with which the server has refused something; 0 = it has not.
func wantReason(t *testing.T, err error, reason packet.ReasonCode) {
	t.Helper()
	if reason == packet.Success {
		must(t, err)
		return
	}
	e, is := err.(*errors.Error)
	if !is || e.Code != 500 || e.ReasonCode != int(reason) {
		t.Errorf("the error is %#v, want 500 with reason code %d", err, reason)
	}
}

// What ends or refuses a connection has the server's code too, also where it is wrapped.
func TestReasonCodeOfConnection(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		code := packet.NotAuthorized
		if v == mqtt.MvV3 {
			code = 5
		}
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		c.ExpectConnect()
		c.SendConnack(false, code, nil)
		wantReason(t, r.Join(done), code)
	})
	r, _, c := connected(t, mqtt.MvV5)
	done := r.Start(func() error { return r.M.PublishAndWait("a", 1, nil) })
	c.ExpectPublish()
	c.SendDisconnect(packet.QuotaExceeded, nil)
	wantCode(t, r.Join(done), 212)
	if e := last[mqtt.ErrorEventArgs](t, r.WaitFor("Disconnected", 1)); e.ReasonCode != int(packet.QuotaExceeded) {
		t.Errorf("Error is %+v", e)
	}
	if e := errors.Wrap(errors.ErrTimeout, "outer", &errors.Error{Code: 500, ReasonCode: 7}); e.ReasonCode != 7 {
		t.Errorf("Wrap has made %+v", e)
	}
}

// SubscribeMany asks with one packet, each filter with its own options.
func TestSubscribeMany(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		config(t, r.M, "TopicQOSArray=0")
		config(t, r.M, "TopicDelimiter=a")
		p := mqtt.SubscribeProperties{}
		want := "82 10 00 01 00 03 61 2C 62 01 00 01 63 02 00 01 64 00"
		if v == mqtt.MvV5 {
			p.SubscriptionIdentifier = 5
			want = "82 13 00 01 02 0B 05 00 03 61 2C 62 05 00 01 63 1A 00 01 64 20"
		}
		id, err := r.M.SubscribeMany([]mqtt.Subscription{
			{TopicFilter: "a,b", QOS: 1, NoLocal: true},
			{TopicFilter: "c", QOS: 2, RetainAsPublished: true, RetainHandling: 1},
			{TopicFilter: "d", RetainHandling: 2},
		}, p)
		must(t, err)
		c.Expect(want)
		c.SendSuback(uint16(id), 1, 2, 0)
		var got []string
		for _, e := range r.WaitFor("Subscribed", 3) {
			if a, is := e.Args.(*mqtt.SubscribedEventArgs); is {
				got = append(got, fmt.Sprint(a.TopicFilter, a.QOS))
			}
		}
		if fmt.Sprint(got) != "[a,b 1 c 2 d 0]" && fmt.Sprint(got) != "[a,b1 c2 d0]" {
			t.Errorf("subscribed %v", got)
		}
		for _, row := range []struct {
			list []mqtt.Subscription
			p    mqtt.SubscribeProperties
			code int
		}{
			{nil, mqtt.SubscribeProperties{}, 503},
			{[]mqtt.Subscription{{}}, mqtt.SubscribeProperties{}, 503},
			{[]mqtt.Subscription{{TopicFilter: "a"}, {TopicFilter: "a", QOS: 3}}, mqtt.SubscribeProperties{}, 505},
			{[]mqtt.Subscription{{TopicFilter: "a", RetainHandling: 3}}, mqtt.SubscribeProperties{}, 10022},
			{[]mqtt.Subscription{{TopicFilter: "a"}}, mqtt.SubscribeProperties{NoLocal: true}, 10022},
			{[]mqtt.Subscription{{TopicFilter: "a"}}, mqtt.SubscribeProperties{SubscriptionIdentifier: -1}, 10022},
			{[]mqtt.Subscription{{TopicFilter: "a"}}, mqtt.SubscribeProperties{UserProperties: []mqtt.UserProperty{{Name: "\xff"}}}, 10022},
		} {
			_, err := r.M.SubscribeMany(row.list, row.p)
			wantCode(t, err, row.code)
		}
		c.ExpectNothing()
	})
}

// SubscribeAndWait returns with the server's answer, and its events have fired.
func TestSubscribeAndWait(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		c := r.Connect(s, nil)
		refused := byte(0x80)
		if v == mqtt.MvV5 {
			refused = 0x87
		}
		for _, answer := range [][]byte{{0, 1}, {1, refused}, {0x80, refused}} {
			r.Take()
			done := r.Start(func() error { return r.M.SubscribeAndWait("a,b", 1) })
			p := c.ExpectType(packet.SUBSCRIBE)
			c.SendSuback(uint16(p.Body[0])<<8|uint16(p.Body[1]), answer...)
			reason := packet.ReasonCode(0)
			for _, code := range answer {
				if reason == 0 && code >= 0x80 {
					reason = packet.ReasonCode(code)
				}
			}
			wantReason(t, r.Join(done), reason)
			if n := r.Trace().Count("Subscribed"); n != 2 {
				t.Errorf("Subscribed has fired %d times", n)
			}
		}
		done := r.Start(func() error { return r.M.SubscribeAndWait("a", 1) })
		c.ExpectType(packet.SUBSCRIBE)
		must(t, r.M.Interrupt())
		wantCode(t, r.Join(done), 301)
		r.WaitFor("Disconnected", 1)
		c = r.Connect(s, nil)
		done = r.Start(func() error { return r.M.SubscribeAndWait("a", 1) })
		c.ExpectType(packet.SUBSCRIBE)
		c.Close()
		wantCode(t, r.Join(done), 212)
		wantCode(t, r.M.SubscribeAndWait("a", 1), 212)
	})
}

// PublishAndWaitTimeout bounds SubscribeAndWait too; the answer may still come.
func TestSubscribeAndWaitInVain(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		c := r.Connect(s, nil)
		config(t, r.M, "PublishAndWaitTimeout=3")
		done := r.Start(func() error { return r.M.SubscribeAndWait("a", 1) })
		p := c.ExpectType(packet.SUBSCRIBE)
		wantCode(t, r.Join(done), 201)
		c.SendSuback(uint16(p.Body[0])<<8|uint16(p.Body[1]), 1)
		r.WaitFor("Subscribed", 1)
		r.Disconnect(c)
	})
}
