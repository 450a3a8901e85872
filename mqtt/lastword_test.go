package mqtt_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// again accepts the next connection of a component that lost the last one.
func again(t *testing.T, r *mqtttest.Recorder, d *switchedDial, present bool) *mqtttest.Conn {
	t.Helper()
	r.WaitFor("BeforeConnect", 1)
	c := d.server.Accept(t)
	c.ExpectConnect()
	c.SendConnack(present, 0, nil)
	return c
}

// The program's last word on each topic filter is what a new connection brings the server to, with the session or without.
func TestLastWordOnSubscriptions(t *testing.T) {
	for _, present := range []bool{false, true} {
		t.Run(fmt.Sprint("session ", present), func(t *testing.T) {
			t.Run("SUBSCRIBE on its way", func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, d, c := reconnecting(t, v)
					id, err := r.M.SubscribeWith("a", 1, mqtt.SubscribeProperties{})
					must(t, err)
					asked := c.ExpectType(packet.SUBSCRIBE)
					c.Reset()
					c = again(t, r, d, present)
					if p := c.ExpectType(packet.SUBSCRIBE); string(p.Body) != string(asked.Body) {
						t.Errorf("SUBSCRIBE % X, the first one was % X", p.Body, asked.Body)
					}
					if got := config(t, r.M, "RequestPacketId"); got != fmt.Sprint(id) {
						t.Errorf("RequestPacketId is %s, want %d", got, id)
					}
					c.SendSuback(uint16(id), 1)
					trace := r.WaitFor("Subscribed", 1)
					if e := trace.Only("SubAck"); len(e) != 1 || e[0].Args.(*mqtt.SubAckEventArgs).PacketId != id {
						t.Errorf("%v, want one SubAck of packet %d", e, id)
					}
					if e := trace.Only("Error"); len(e) != 0 {
						t.Errorf("%v, although the answer has come", e)
					}
					c.ExpectNothing()
				})
			})
			t.Run("UNSUBSCRIBE on its way", func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, d, c := reconnecting(t, v)
					must(t, r.M.Subscribe("a", 1))
					c.ExpectType(packet.SUBSCRIBE)
					c.SendSuback(1, 1)
					r.WaitFor("Subscribed", 1)
					must(t, r.M.Unsubscribe("a"))
					c.ExpectType(packet.UNSUBSCRIBE)
					c.Reset()
					c = again(t, r, d, present)
					c.ExpectType(packet.UNSUBSCRIBE)
					c.SendUnsuback(2, 0)
					r.WaitFor("Unsubscribed", 1)
					r.Take()
					c.Reset()
					c = again(t, r, d, false)
					c.ExpectNothing()
				})
			})
			t.Run("while the connection is away", func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, d, c := reconnecting(t, v)
					must(t, r.M.Subscribe("a,b", 0))
					c.ExpectType(packet.SUBSCRIBE)
					c.SendSuback(1, 0, 0)
					r.WaitFor("Subscribed", 2)
					c.Reset()
					r.WaitFor("Disconnected", 1)
					must(t, r.M.Subscribe("a", 2))
					must(t, r.M.Subscribe("a", 2)) // once more the same
					must(t, r.M.Unsubscribe("b"))
					must(t, r.M.Subscribe("c", 1))
					wantCode(t, r.M.Subscribe("c/#/d", 1), errors.ErrInvalidTopicFilter)
					waited := r.Start(func() error { return r.M.SubscribeAndWait("e", 0) })
					c = again(t, r, d, present)
					c.Expect(map[mqtt.MQTTVersions]string{
						mqtt.MvV3: "82 06 00 02 00 01 61 02  A2 05 00 03 00 01 62  82 06 00 04 00 01 63 01  82 06 00 05 00 01 65 00",
						mqtt.MvV5: "82 07 00 02 00 00 01 61 02  A2 06 00 03 00 00 01 62  82 07 00 04 00 00 01 63 01  82 07 00 05 00 00 01 65 00",
					}[v])
					c.SendSuback(2, 2)
					c.SendUnsuback(3, 0)
					c.SendSuback(4, 1)
					c.SendSuback(5, 0)
					must(t, r.Join(waited))
					c.ExpectNothing()
				})
			})
		})
	}
}

// A program that subscribes in OnConnected, as it has to without AutoReconnect, causes no second SUBSCRIBE.
func TestSubscribingInConnectedAndResubscribe(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		_, err := r.M.SubscribeWith("a", 1, mqtt.SubscribeProperties{})
		must(t, err)
		must(t, r.M.Subscribe("b", 2))
		c.ExpectType(packet.SUBSCRIBE)
		c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(1, 1)
		c.SendSuback(2, 2)
		r.WaitFor("Subscribed", 2)
		r.On("Connected", func(any) {
			must(t, r.M.Subscribe("a", 1))
			must(t, r.M.Subscribe("b", 2))
			must(t, r.M.Subscribe("b", 1)) // another one
		})
		c.Reset()
		c = again(t, r, d, false)
		r.Take()
		c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(3, 1, 2)
		r.WaitFor("Connected", 1)
		c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(4, 1)
		want := []string{"3 [a b]", "4 [b]"}
		var got []string
		for _, e := range r.WaitFor("Subscribed", 3).Only("SubAck") {
			a := e.Args.(*mqtt.SubAckEventArgs)
			got = append(got, fmt.Sprint(a.PacketId, " ", a.TopicFilters))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		c.ExpectNothing()
		must(t, r.M.Subscribe("a", 1)) // later it is a request of its own again
		c.ExpectType(packet.SUBSCRIBE)
	})
}

// What was accepted while the connection was away, and that will not come back, is told.
func TestRequestsWithoutAReturn(t *testing.T) {
	for name, end := range map[string]func(r *mqtttest.Recorder) (told int){
		"AutoReconnect=False": func(r *mqtttest.Recorder) int {
			_, err := r.M.Config("AutoReconnect=False")
			must(t, err)
			return 1
		},
		"Interrupt":  func(r *mqtttest.Recorder) int { must(t, r.M.Interrupt()); return 1 },
		"Disconnect": func(r *mqtttest.Recorder) int { must(t, r.M.Disconnect()); return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, _, c := reconnecting(t, v)
				c.Reset()
				r.WaitFor("Disconnected", 1)
				r.Take()
				must(t, r.M.Subscribe("a", 1))
				told := end(r)
				r.Pump()
				if e := r.Take().Only("Error"); len(e) != told || told > 0 && e[0].Args.(*mqtt.ErrorEventArgs).ErrorCode != errors.ErrNotConnected {
					t.Errorf("%v, want %d errors 212", e, told)
				}
				wantCode(t, r.M.Subscribe("a", 1), errors.ErrNotConnected)
				wantCode(t, r.M.Unsubscribe("a"), errors.ErrNotConnected)
			})
		})
	}
}

// The program's own Connect in the place of an attempt of AutoReconnect takes over what it had to do.
func TestConnectTakesOverRequests(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		must(t, r.M.Subscribe("a", 1))
		c.ExpectType(packet.SUBSCRIBE)
		c.SendSuback(1, 1)
		r.WaitFor("Subscribed", 1)
		c.Reset()
		r.WaitFor("Disconnected", 1)
		must(t, r.M.Subscribe("b", 1))
		done := r.Start(r.M.Connect)
		c = again(t, r, d, false)
		must(t, r.Join(done))
		c.ExpectType(packet.SUBSCRIBE)
		c.ExpectType(packet.SUBSCRIBE)
		c.ExpectNothing()
	})
}
