package mqtt_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Interrupt in the handler of the n-th of ten messages: exactly those that were delivered are acknowledged, in order; the
// server sends exactly the others again, and none of the old acknowledgments comes on the new connection.
func TestPain5InterruptAtEachMessage(t *testing.T) {
	const count = 10
	for n := range count + 1 {
		provesInBubble(t, fmt.Sprintf("pain 5: cut after message %d", n), func(t *testing.T, v mqtt.MQTTVersions) {
			r, s := memory(t, v)
			lasting(t, r.M)
			c := r.Connect(s, nil)
			r.Pump()
			delivered := 0
			r.On("MessageIn", func(any) {
				if delivered++; delivered == n {
					synctest.Wait() // the acknowledgment is queued already, as the comment of MessageInEventArgs says
					must(t, r.M.Interrupt())
				}
			})
			for id := range count {
				c.SendPublish("t", 1, uint16(1+id), fmt.Sprint(id))
			}
			synctest.Wait()
			if n == 0 {
				must(t, r.M.Interrupt())
			}
			r.WaitFor("Disconnected", 1)
			for id := range n {
				c.ExpectAck(packet.PUBACK, uint16(1+id))
			}
			c.ExpectEOF()
			c = r.Connect(s, resume(true))
			synctest.Wait()
			c.ExpectNothing()
			for id := n; id < count; id++ {
				c.SendPublishPacket(&packet.Publish{Dup: true, QoS: 1, Topic: []byte("t"), PacketID: uint16(1 + id), Payload: []byte(fmt.Sprint(id))})
			}
			synctest.Wait()
			r.Pump()
			for id := n; id < count; id++ {
				c.ExpectAck(packet.PUBACK, uint16(1+id))
			}
			c.ExpectNothing()
		})
	}
}

// The sender's side of QoS 2, cut after each of the four packets: never a PUBLISH after a PUBREL, and one MessageOut.
func TestPain12SenderCutAfterEachPacket(t *testing.T) {
	for _, row := range []struct {
		faults     mqtttest.Faults
		name       string
		unanswered packet.Type // by the server, whose answer could come ahead of the cut
		again      []string    // what the next connection begins with
	}{
		{mqtttest.Faults{CutWritePackets: 2}, "PUBLISH", packet.PUBLISH, []string{"1:x QoS 2 dup"}},
		{mqtttest.Faults{CutReadPackets: 2}, "PUBREC", 0, []string{"1:PUBREL"}},
		{mqtttest.Faults{CutWritePackets: 3}, "PUBREL", packet.PUBREL, []string{"1:PUBREL"}},
		{mqtttest.Faults{CutReadPackets: 3}, "PUBCOMP", 0, nil},
	} {
		provesInBubble(t, "pain 12: cut after "+row.name, func(t *testing.T, v mqtt.MQTTVersions) {
			r, s := memory(t, v)
			lasting(t, r.M)
			mqtt.SetDial(r.M, mqtttest.FaultyDial(s.Dial, row.faults))
			c := r.Connect(s, nil)
			served := make(chan struct{})
			go func() {
				c.Serve(func(p *mqtttest.Packet) bool { return p.Type() != row.unanswered })
				c.Close()
				close(served)
			}()
			must(t, r.M.PublishMessage("t", 2, "x"))
			r.WaitFor("Disconnected", 1)
			<-served
			mqtt.SetDial(r.M, s.Dial)
			c = r.Connect(s, resume(true))
			wantPackets(t, c, row.again...)
			if len(row.again) > 0 {
				if row.again[0] != "1:PUBREL" {
					c.SendAck(packet.PUBREC, 1)
					wantPackets(t, c, "1:PUBREL")
				}
				c.SendAck(packet.PUBCOMP, 1)
			}
			trace := r.WaitFor("MessageOut", 1)
			if n := trace.Count("MessageOut"); n != 1 || r.M.OutgoingMessages().Count() != 0 {
				t.Errorf("%d MessageOut, %s left", n, states(r.M.OutgoingMessages()))
			}
		})
	}
}

// 100,000 numbered messages of mixed QoS and topics: each topic's messages of one QoS come in order, and they are
// acknowledged in the order in which they came.
func TestPain14InboundOrder(t *testing.T) {
	const count = 100_000
	// The exchanges of each QoS end in the order in which they began, so with no more than this many open an identifier
	// is free again when 60,000 messages later its turn comes.
	const window = 20_000
	identifier := func(n int) uint16 { return uint16(1 + n%60_000) }
	provesInBubble(t, "pain 14, MQTT5-4.6.0-2, MQTT311-4.6.0-2", func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		r.Silent()
		var sending sync.Mutex
		send := func(b []byte) {
			sending.Lock()
			defer sending.Unlock()
			_ = c.TrySend(b)
		}
		open, ended := make(chan struct{}, window), make(chan struct{})
		go func() {
			for n := range count {
				qos := byte(n % 3)
				if qos > 0 {
					select {
					case open <- struct{}{}:
					case <-ended:
						return
					}
				}
				send(c.Publish(fmt.Sprint(n%4), qos, identifier(n), fmt.Sprint(n)))
			}
		}()
		var total [3]int // exchanges that ended, by QoS
		go func() {      // PUBACK in order, and PUBREC; PUBCOMP in the order of PUBREL
			defer close(ended)
			begun := [3]int{1: 1, 2: 2} // the message of each QoS whose first answer comes next
			completed := 2              // the message whose PUBCOMP comes next
			answered := func(p *mqtttest.Packet, n *int) {
				if id := uint16(p.Body[0])<<8 | uint16(p.Body[1]); id != identifier(*n) {
					t.Errorf("%v for packet %d, want %d", p.Type(), id, identifier(*n))
				}
				*n += 3
			}
			for total[1]+total[2] < 2*(count/3) {
				p, err := c.Next()
				if err != nil {
					t.Error(err)
					return
				}
				switch p.Type() {
				case packet.PUBACK:
					answered(p, &begun[1])
					total[1]++
					<-open
				case packet.PUBREC:
					send(packet.AppendShortAck(nil, packet.PUBREL, identifier(begun[2])))
					answered(p, &begun[2])
				case packet.PUBCOMP:
					answered(p, &completed)
					total[2]++
					<-open
				default:
					t.Errorf("%v came", p.Type())
				}
			}
		}()
		last := map[string]int{}
		delivered := 0
		r.On("MessageIn", func(a any) {
			m := a.(*mqtt.MessageInEventArgs)
			n, err := strconv.Atoi(m.Message)
			must(t, err)
			slot := fmt.Sprint(m.Topic, " ", m.QOS)
			if before, there := last[slot]; there && n <= before {
				t.Errorf("%d came after %d", n, before)
			}
			last[slot] = n
			delivered++
		})
		r.Wait("all messages", func(mqtttest.Trace) bool { return delivered == count })
		<-ended
		if want := [3]int{1: count / 3, 2: count / 3}; total != want {
			t.Errorf("%v exchanges ended, by QoS, want %v", total, want)
		}
	})
}

// Without any handler every message is acknowledged when the pump runs, and IncomingMessages holds no more than what
// waits for it.
func TestPain15ListStaysBounded(t *testing.T) {
	provesInBubble(t, "pain 15", func(t *testing.T, v mqtt.MQTTVersions) {
		s := mqtttest.NewMemoryServer(t)
		m := mqtttest.Record(t, mqtt.New()).Lenient().Silent().M
		m.OnMessageIn = nil
		mqtt.SetDial(m, s.Dial)
		must(t, m.SetVersion(v))
		var acknowledged int
		latest := s.ServeAll(t, func(_ *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() == packet.PUBACK {
				acknowledged++
			}
			return true
		})
		must(t, m.ConnectTo(s.Host, s.Port))
		for round := range 100 {
			for i := range 100 {
				must(t, latest().TrySend(latest().Publish("t", 1, uint16(1+round*100+i), "x")))
			}
			synctest.Wait()
			must(t, m.DoEvents())
			if n := m.IncomingMessages().Count(); n != 0 {
				t.Fatalf("%d in IncomingMessages after the pump", n)
			}
		}
		synctest.Wait()
		if acknowledged != 10_000 {
			t.Errorf("%d were acknowledged", acknowledged)
		}
	})
}

// Receive Maximum 1 and 1,000 messages over connections that are cut again and again: never two in flight, each delivered,
// in order.
func TestPain16ReceiveMaximumOne(t *testing.T) {
	t.Run("pain 16", inBubble(func(t *testing.T) {
		const count = 1000
		r, s := memory(t, mqtt.MvV5)
		lasting(t, r.M)
		config(t, r.M, "SendQueueSize=0")
		r.Silent()
		one := packet.Properties(nil).AppendUint(packet.PropReceiveMaximum, 1)
		present := false
		connect := func() *mqtttest.Conn {
			c := r.Connect(s, func(c *mqtttest.Conn) []byte { return c.Connack(present, 0, one) })
			present = true
			return c
		}
		c := connect()
		for n := range count {
			must(t, r.M.PublishData("t", 1+n%2, numbered(n, 8)))
		}
		seen := ordered{t: t}
		open := map[uint16]bool{}
		disconnected := 0
		r.On("Disconnected", func(any) { disconnected++ })
		for step := 0; seen.next < count || len(open) > 0; step++ {
			synctest.Wait()
			for c.Pending() > 0 {
				p, err := c.Next()
				must(t, err)
				id := uint16(p.Body[0])<<8 | uint16(p.Body[1])
				switch p.Type() {
				case packet.PUBLISH:
					m, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
					must(t, err)
					if m.PacketID == 0 {
						t.Fatal("packet identifier 0")
					}
					if !open[m.PacketID] {
						seen.take(m.Payload)
					} else if !m.Dup {
						t.Errorf("packet %d again without DUP", m.PacketID)
					}
					open[m.PacketID] = true
					if len(open) > 1 {
						t.Fatalf("%d in flight", len(open))
					}
					if step%7 == 3 {
						break // lost with the connection
					}
					if m.QoS == 1 {
						delete(open, m.PacketID)
						c.SendAck(packet.PUBACK, m.PacketID)
					} else {
						c.SendAck(packet.PUBREC, m.PacketID)
					}
				case packet.PUBREL:
					delete(open, id)
					c.SendAck(packet.PUBCOMP, id)
				}
			}
			r.Pump()
			if step%7 == 3 {
				c.Reset()
				before := disconnected
				r.Wait("the end", func(mqtttest.Trace) bool { return disconnected > before })
				c = connect()
			}
		}
		r.Wait("the end of all", func(mqtttest.Trace) bool { return r.M.OutgoingMessages().Count() == 0 })
	}))
}

// A PUBREC or PUBACK that refuses gives its place under Receive Maximum back.
func TestPain16RefusalReleases(t *testing.T) {
	for _, ack := range []packet.Type{packet.PUBACK, packet.PUBREC} {
		t.Run(fmt.Sprint("pain 16: ", ack), inBubble(func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			c := r.Connect(s, func(c *mqtttest.Conn) []byte {
				return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropReceiveMaximum, 1))
			})
			qos := 1
			if ack == packet.PUBREC {
				qos = 2
			}
			for n := range 100 {
				must(t, r.M.PublishMessage("t", qos, fmt.Sprint(n)))
			}
			for n := range 100 {
				p := c.ExpectPublish()
				synctest.Wait()
				c.ExpectNothing()
				if string(p.Payload) != fmt.Sprint(n) {
					t.Fatalf("%s came, want %d", p.Payload, n)
				}
				c.SendReason(ack, p.PacketID, packet.QuotaExceeded, nil)
				r.Pump()
			}
			r.WaitFor("MessageAck", 100)
			if n := r.M.OutgoingMessages().Count(); n != 0 {
				t.Errorf("%d left", n)
			}
		}))
	}
}
