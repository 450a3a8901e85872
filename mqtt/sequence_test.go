package mqtt_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// byVersion picks a text.
func byVersion(v mqtt.MQTTVersions, three, five string) string {
	if v == mqtt.MvV5 {
		return five
	}
	return three
}

// The documented order of the events of a connection, and the bytes of CONNECT and DISCONNECT.
func TestConnectAndDisconnect(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s := memory(t, v)
		inside := func(connected, ready bool) func(any) {
			return func(any) {
				if r.M.Connected() != connected || r.M.ReadyToSend() != ready {
					t.Errorf("Connected %t, ReadyToSend %t; want %t and %t", r.M.Connected(), r.M.ReadyToSend(), connected, ready)
				}
			}
		}
		r.On("BeforeConnect", inside(false, false))
		r.On("ConnAck", inside(true, true))
		r.On("Connected", inside(true, true))
		r.On("ReadyToSend", inside(true, true))
		r.On("Disconnected", inside(false, false))
		done := r.Start(r.M.Connect)
		c := s.Accept(t)
		if v == mqtt.MvV3 {
			c.Expect("10 0D 00 04 4D 51 54 54 04 02 00 00 00 01 63")
		} else {
			c.Version = packet.V5
			c.Expect("10 13 00 04 4D 51 54 54 05 02 00 00 05 27 02 00 00 00 00 01 63")
		}
		c.SendConnack(false, 0, nil)
		must(t, r.Join(done))
		r.Want([]string{
			"BeforeConnect ClientId:c CleanSession:true",
			"ConnectionStatus ConnectionEvent:Remote host connection complete. Description:OK",
			"ConnAck ReasonName:" + byVersion(v, "Connection accepted", "Success"),
			"Connected Description:OK",
			"ReadyToSend",
		})
		if got := r.M.RemoteHost(); got != "127.0.0.1" {
			t.Errorf("RemoteHost is %s", got)
		}
		done = r.Start(r.M.Disconnect)
		c.Expect("E0 00")
		c.ExpectEOF()
		c.Close()
		must(t, r.Join(done))
		r.Want([]string{
			"ConnectionStatus ConnectionEvent:Remote host disconnected. Description:OK",
			"Disconnected Description:OK",
		})
	})
}

// The ways in which a connection ends, as Disconnected tells them.
func TestDisconnectedByServer(t *testing.T) {
	for _, row := range []struct {
		name string
		v    []mqtt.MQTTVersions
		end  func(c *mqtttest.Conn)
		code int
		want string // further fields of DisconnectedEventArgs
	}{
		{"end", nil, func(c *mqtttest.Conn) { c.Close() }, 1120, ""},
		{"reset", nil, func(c *mqtttest.Conn) { c.Reset() }, 10054, ""},
		{"half-close", nil, func(c *mqtttest.Conn) { c.CloseWrite() }, 1120, ""},
		{"DISCONNECT 0", only5, func(c *mqtttest.Conn) { c.Send("E0 00") }, 0, "ReasonName:Normal disconnection"},
		{"DISCONNECT 142 (pain 33)", only5, func(c *mqtttest.Conn) {
			c.SendDisconnect(packet.SessionTakenOver, packet.Properties(nil).AppendString(packet.PropReasonString, "because").AppendUserProperty("a", "b").AppendUserProperty("a", "c"))
		}, 500, "ReasonCode:142 ReasonName:Session taken over ReasonString:because UserProperties:[{a b} {a c}]"},
		{"DISCONNECT 157", only5, func(c *mqtttest.Conn) {
			c.SendDisconnect(packet.ServerMoved, packet.Properties(nil).AppendString(packet.PropServerReference, "b:1883"))
		}, 500, "ReasonCode:157 ReasonName:Server moved ServerReference:b:1883"},
	} {
		for _, v := range bothVersions {
			if row.v != nil && row.v[0] != v {
				continue
			}
			t.Run(row.name+"/"+versionName(v), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, s, c := connected(t, v)
					row.end(c)
					trace := r.WaitFor("Disconnected", 1)
					a := last[mqtt.DisconnectedEventArgs](t, trace)
					if a.StatusCode != row.code || !strings.HasSuffix(trace.Last("Disconnected").String(), row.want) {
						t.Errorf("%v, want %d %s", trace.Last("Disconnected"), row.code, row.want)
					}
					if strings.HasPrefix(row.name, "DISCONNECT 1") {
						if got := config(t, r.M, "DisconnectReasonCode"); got != fmt.Sprint(a.ReasonCode) {
							t.Errorf("DisconnectReasonCode is %s", got)
						}
						if got := config(t, r.M, "DisconnectProperties"); a.ReasonString != "" && !strings.Contains(got, a.ReasonString) || a.ServerReference != "" && !strings.Contains(got, a.ServerReference) {
							t.Errorf("DisconnectProperties is %s", got)
						}
					}
					if r.M.Connected() {
						t.Error("connected")
					}
					r.Take()
					c = r.Connect(s, nil)
					if got := config(t, r.M, "DisconnectReasonCode"); got != "0" {
						t.Errorf("DisconnectReasonCode is %s after connecting", got)
					}
					r.Disconnect(c)
				})
			})
		}
	}
}

// Publishing: packets, events, and the states in OutgoingMessages at each step.
func TestPublishStepByStep(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		out := r.M.OutgoingMessages()
		wantStates := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := states(out); got != want {
				t.Errorf("OutgoingMessages %q, want %q", got, want)
			}
		}
		must(t, r.M.PublishMessage("t/0", 0, "zero"))
		c.Expect(byVersion(v, "30 09 00 03 74 2F 30 7A 65 72 6F", "30 0A 00 03 74 2F 30 00 7A 65 72 6F"))
		wantStates("")
		r.Pump()
		r.Want([]string{"MessageOut PacketId:-1 Topic:t/0 Message:zero"})

		must(t, r.M.PublishMessage("t/1", 1, "one"))
		c.Expect(byVersion(v, "32 0A 00 03 74 2F 31 00 01 6F 6E 65", "32 0B 00 03 74 2F 31 00 01 00 6F 6E 65"))
		wantStates("1:0")
		if got := config(t, r.M, "OutgoingPacketId"); got != "1" {
			t.Errorf("OutgoingPacketId is %s", got)
		}
		r.On("PubAck", func(any) { wantStates("1:4") })
		r.On("MessageAck", func(a any) {
			if i := a.(*mqtt.MessageAckEventArgs).Index; out.Item(i).PacketId() != 1 || out.Item(i).State() != 4 || out.Item(i).Topic() != "t/1" || out.Item(i).Message() != "one" {
				t.Errorf("item %d is %+v", i, out.Item(i))
			}
		})
		r.On("MessageOut", func(any) { wantStates("") })
		c.Send("40 02 00 01")
		r.WaitFor("MessageOut", 1)
		r.Want([]string{"PubAck PacketId:1 ReasonName:Success", "MessageAck PacketId:1", "MessageOut PacketId:1 Topic:t/1 QOS:1 Message:one"})

		// Two at a time, so that Index is not always 0.
		must(t, r.M.PublishMessage("t/1", 1, "wait"))
		must(t, r.M.PublishData("t/2", 2, []byte("two")))
		c.ExpectPublish()
		c.Expect(byVersion(v, "34 0A 00 03 74 2F 32 00 03 74 77 6F", "34 0B 00 03 74 2F 32 00 03 00 74 77 6F"))
		wantStates("2:0 3:1")
		r.On("PubComp", func(any) { wantStates("2:0 3:4") })
		r.On("MessageAck", func(a any) {
			if i := a.(*mqtt.MessageAckEventArgs).Index; i != 1 || out.Item(i).PacketId() != 3 || out.Item(i).State() != 4 {
				t.Errorf("item %d is %+v", i, out.Item(i))
			}
		})
		r.On("MessageOut", func(any) { wantStates("2:0") })
		c.Send("50 02 00 03")
		c.Expect("62 02 00 03")
		wantStates("2:0 3:3")
		r.WaitFor("PubRec", 1)
		c.Send("70 02 00 03")
		r.WaitFor("MessageOut", 1)
		r.Want([]string{
			"PubRec PacketId:3 ReasonName:Success", "PubComp PacketId:3 ReasonName:Success", "MessageAck PacketId:3 Index:1",
			"MessageOut PacketId:3 Topic:t/2 QOS:2 Message:two",
		})
		if out.Item(-1) != nil || out.Item(1) != nil {
			t.Error("Item out of range is not nil")
		}
	})
}

// Receiving: packets, events, and the states in IncomingMessages at each step.
func TestReceiveStepByStep(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		in := r.M.IncomingMessages()
		wantStates := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := states(in); got != want {
				t.Errorf("IncomingMessages %q, want %q", got, want)
			}
		}
		c.SendPublishPacket(&packet.Publish{Retain: true, Topic: []byte("t"), Payload: []byte("zero")})
		wantStates("")
		r.WaitFor("MessageIn", 1)
		r.Want([]string{"MessageIn PacketId:-1 Topic:t Message:zero Retained:true"})

		c.SendPublish("t", 2, 8, "wait")
		c.ExpectAck(packet.PUBREC, 8)
		c.SendPublishPacket(&packet.Publish{Dup: true, QoS: 1, PacketID: 9, Topic: []byte("t"), Payload: []byte("one")})
		wantStates("8:7 9:5")
		c.ExpectNothing()
		r.On("MessageAck", func(a any) {
			wantStates("8:7 9:9")
			c.Expect("40 02 00 09") // queued before the handlers run
			if i := a.(*mqtt.MessageAckEventArgs).Index; i != 1 || in.Item(i).PacketId() != 9 {
				t.Errorf("item %d is %+v", i, in.Item(i))
			}
		})
		r.On("MessageIn", func(any) { wantStates("8:7") })
		r.WaitFor("MessageIn", 1)
		r.Want([]string{"MessageAck PacketId:9 Direction:1 Index:1", "MessageIn PacketId:9 Topic:t QOS:1 Message:one Duplicate:true"})

		c.Send("62 02 00 08")
		wantStates("8:8")
		c.ExpectNothing()
		r.On("MessageAck", func(any) {
			wantStates("8:9")
			c.Expect("70 02 00 08")
		})
		r.On("MessageIn", func(any) { wantStates("") })
		r.WaitFor("MessageIn", 1)
		r.Want([]string{"MessageAck PacketId:8 Direction:1", "MessageIn PacketId:8 Topic:t QOS:2 Message:wait"})
	})
}

// Subscribing and unsubscribing, with results of all kinds (pain 8).
func TestSubscribeStepByStep(t *testing.T) {
	provesInBubble(t, "pain 8", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		must(t, r.M.Subscribe("a/#, b/+,c", 1))
		c.Expect(byVersion(v,
			"82 12 00 01 00 03 61 2F 23 01 00 03 62 2F 2B 01 00 01 63 01",
			"82 13 00 01 00 00 03 61 2F 23 01 00 03 62 2F 2B 01 00 01 63 01"))
		c.SendPublish("a/x", 0, 0, "early")
		refusal := byte(0x80)
		if v == mqtt.MvV5 {
			refusal = 0x87
		}
		c.SendSuback(1, 1, refusal, 0)
		r.WaitFor("Subscribed", 3)
		r.Want([]string{
			"MessageIn PacketId:-1 Topic:a/x Message:early",
			fmt.Sprintf("SubAck PacketId:1 TopicFilters:[a/# b/+ c] ReasonCodes:[1 %d 0]", refusal),
			"Subscribed TopicFilter:a/# QOS:1 ResponseCode:1",
			fmt.Sprintf("Subscribed TopicFilter:b/+ ResponseCode:%d", refusal),
			"Subscribed TopicFilter:c",
		})
		must(t, r.M.Unsubscribe("a/#, c"))
		c.Expect(byVersion(v, "A2 0A 00 02 00 03 61 2F 23 00 01 63", "A2 0B 00 02 00 00 03 61 2F 23 00 01 63"))
		c.SendUnsuback(2, 0, 17)
		r.WaitFor("Unsubscribed", 1)
		if v == mqtt.MvV3 {
			r.Want([]string{"UnsubAck PacketId:2 TopicFilters:[a/# c] ReasonCodes:[]", "Unsubscribed TopicFilters:a/#, c"})
		} else {
			r.Want([]string{"UnsubAck PacketId:2 TopicFilters:[a/# c] ReasonCodes:[0 17]", "Unsubscribed TopicFilters:a/#, c ResponseCode:17"})
		}
	})
}

// What v5 answers say beyond their code reaches the events.
func TestReasonsReachTheEvents(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, _, c := connected(t, mqtt.MvV5)
		why := packet.Properties(nil).AppendString(packet.PropReasonString, "why").AppendUserProperty("n", "1").AppendUserProperty("n", "2")
		const rest = "ReasonString:why UserProperties:[{n 1} {n 2}]"
		must(t, r.M.PublishMessage("t", 1, "x"))
		c.SendReason(packet.PUBACK, 1, packet.NoMatchingSubscribers, why)
		r.WaitFor("MessageOut", 1)
		r.Want([]string{"PubAck PacketId:1 ReasonCode:16 ReasonName:No matching subscribers " + rest, "MessageAck PacketId:1 ResponseCode:16", "MessageOut PacketId:1 Topic:t QOS:1 Message:x"})
		must(t, r.M.PublishMessage("t", 2, "x"))
		c.SendReason(packet.PUBREC, 2, packet.NotAuthorized, why)
		r.WaitFor("MessageAck", 1)
		r.Want([]string{"PubRec PacketId:2 ReasonCode:135 ReasonName:Not authorized " + rest, "MessageAck PacketId:2 ResponseCode:135"}, "Error")
		must(t, r.M.PublishMessage("t", 2, "x"))
		c.SendReason(packet.PUBREC, 3, packet.Success, why)
		c.SendReason(packet.PUBCOMP, 3, packet.PacketIdentifierNotFound, why)
		r.WaitFor("MessageOut", 1)
		r.Want([]string{
			"PubRec PacketId:3 ReasonName:Success " + rest, "PubComp PacketId:3 ReasonCode:146 ReasonName:Packet Identifier not found " + rest,
			"MessageAck PacketId:3 ResponseCode:146", "MessageOut PacketId:3 Topic:t QOS:2 Message:x",
		})
		must(t, r.M.Subscribe("a", 0))
		c.SendBytes(packet.AppendSuback(nil, packet.V5, &packet.Suback{PacketID: 4, Properties: why, Reasons: []byte{0}}))
		r.WaitFor("Subscribed", 1)
		r.Want([]string{"SubAck PacketId:4 TopicFilters:[a] ReasonCodes:[0] " + rest, "Subscribed TopicFilter:a"})
		must(t, r.M.Unsubscribe("a"))
		c.SendBytes(packet.AppendUnsuback(nil, packet.V5, &packet.Unsuback{PacketID: 5, Properties: why, Reasons: []byte{0x80}}))
		r.WaitFor("Unsubscribed", 1)
		r.Want([]string{"UnsubAck PacketId:5 TopicFilters:[a] ReasonCodes:[128] " + rest, "Unsubscribed TopicFilters:a ResponseCode:128"})
	})
}

// The connection in pieces: the same events whatever a read or write brings (pain 31 for TCP).
func TestPieces(t *testing.T) {
	for _, f := range []mqtttest.Faults{{ReadChunk: 1, WriteChunk: 1}, {ReadChunk: 3, WriteChunk: 5}, {ReadChunk: 1000}} {
		t.Run(fmt.Sprint(f), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				g := newStage(t, v)
				mqtt.SetDial(g.r.M, mqtttest.FaultyDial(g.s.Dial, f))
				g.play()
				for _, name := range stageEvents(v) {
					if g.r.Trace().Count(name) == 0 {
						t.Errorf("%s did not fire", name)
					}
				}
				g.works()
			})
		})
	}
}

// The connection is cut after each byte that the client reads or writes: everything returns, the events keep their
// grammar, and the component connects again.
func TestCutAtEachByte(t *testing.T) {
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		for n := int64(1); n < 100; n++ {
			for _, f := range []mqtttest.Faults{{CutRead: n}, {CutWrite: n}} {
				bubble.Test(t, func(t *testing.T) {
					g := newStage(t, v)
					mqtt.SetDial(g.r.M, mqtttest.FaultyDial(g.s.Dial, f))
					g.play()
					if t.Failed() {
						t.Logf("with %+v", f)
					}
					_ = g.r.M.Disconnect()
					mqtt.SetDial(g.r.M, g.s.Dial)
					g.works()
				})
			}
		}
	})
}
