package mqtt_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// After DISCONNECT the client closes the connection, although the server never closes its side and has sent messages that
// would have to be acknowledged. Only an end in order says reason 0, so that any other one leaves the will to the server.
func TestDisconnectIsTheLastPacket(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(m *mqtt.MQTT) error
		v5   string // what comes, in hexadecimal
		v3   string
	}{
		{"Disconnect", (*mqtt.MQTT).Disconnect, "E0 00", "E0 00"},
		{"with the will", func(m *mqtt.MQTT) error { return m.DisconnectWith(4, mqtt.DisconnectProperties{}) }, "E0 01 04", "E0 00"},
		{"Interrupt", (*mqtt.MQTT).Interrupt, "", ""},
	} {
		for _, v := range bothVersions {
			t.Run("MQTT5-3.14.4-2 MQTT311-3.14.4-1 MQTT5-3.14.4-3 MQTT311-3.14.4-3 MQTT5-3.1.2-8 MQTT311-3.1.2-8 "+row.name+"/"+versionName(v), func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					r, _, c := connected(t, v)
					must(t, r.M.PublishMessage("a", 1, "accepted"))
					c.ExpectPublish()
					c.SendPublish("b", 1, 5, "unread")
					c.SendPublish("b", 2, 6, "unread")
					synctest.Wait()
					c.ExpectAck(packet.PUBREC, 6)
					start := time.Now()
					done := r.Start(func() error { return row.end(r.M) })
					want := row.v5
					if v == mqtt.MvV3 {
						want = row.v3
					}
					c.Expect(want)
					c.ExpectEOF()
					if took := time.Since(start); took > 0 {
						t.Errorf("the end came after %v", took)
					}
					must(t, r.Join(done))
					wantCode(t, r.M.Ping(), 212)
					advance(time.Hour)
				})
			})
		}
	}
	// A DISCONNECT that cannot be written is no reason to keep the connection.
	t.Run("MQTT5-4.13.2-1 MQTT5-3.14.4-2 the server does not read", func(t *testing.T) {
		eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
			r, _, c := connected(t, v)
			must(t, r.M.PublishData("a", 0, make([]byte, 2*mqtttest.PipeBuffer)))
			synctest.Wait() // the writer is stuck
			c.Send("C0 00") // what no server sends
			start := time.Now()
			r.WaitFor("Disconnected", 1)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
}

// The server hears nothing for 1.5 keep-alive intervals and ends the connection, with or without a word: that is a loss
// like any other. The session stays and the client comes back.
func TestServerGivesUpOnASilentClient(t *testing.T) {
	for _, row := range []struct {
		name string
		v    mqtt.MQTTVersions
		end  func(c *mqtttest.Conn)
		code int
		says int // the reason code
	}{
		{"MQTT5-3.1.2-22 with DISCONNECT 0x8D", mqtt.MvV5, func(c *mqtttest.Conn) { c.SendDisconnect(packet.KeepAliveTimeout, nil); c.Close() }, 500, 0x8D},
		{"MQTT5-3.1.2-22 without a word", mqtt.MvV5, func(c *mqtttest.Conn) { c.Close() }, 1120, 0},
		{"MQTT311-3.1.2-24 without a word", mqtt.MvV3, func(c *mqtttest.Conn) { c.Close() }, 1120, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, row.v)
				lasting(t, r.M)
				config(t, r.M, "AutoReconnect=True")
				c := r.Connect(s, nil)
				must(t, r.M.PublishMessage("a", 1, "kept"))
				wantPackets(t, c, "1:kept QoS 1")
				r.Take()
				row.end(c)
				if a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1)); a.StatusCode != row.code || a.ReasonCode != row.says {
					t.Errorf("%+v", a)
				}
				if got := states(r.M.OutgoingMessages()); got != "1:0" {
					t.Errorf("OutgoingMessages %s", got)
				}
				r.WaitFor("BeforeConnect", 1)
				c = s.Accept(t)
				c.ExpectConnect()
				c.SendConnack(true, 0, nil)
				r.WaitFor("ReadyToSend", 1)
				wantPackets(t, c, "1:kept QoS 1 dup")
			})
		})
	}
}

// Another client takes the identifier, again and again.
func TestIdentifierIsTakenOver(t *testing.T) {
	t.Run("MQTT5-3.1.4-3 DISCONNECT 0x8E: told, closed, and no new attempt", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, d, c := reconnecting(t, mqtt.MvV5)
			c.Send("E0 02 8E 00")
			if a := last[mqtt.DisconnectedEventArgs](t, r.WaitFor("Disconnected", 1)); a.StatusCode != 500 || a.ReasonCode != 0x8E {
				t.Errorf("%+v", a)
			}
			c.ExpectEOF() // and nothing before it
			advance(time.Hour)
			r.Pump()
			if len(d.calls) > 0 {
				t.Errorf("%d attempts", len(d.calls))
			}
		})
	})
	t.Run("MQTT311-3.1.4-2 closed without a word: the attempts get rarer, so that two clients do not evict each other for ever", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, d, c := reconnecting(t, mqtt.MvV3)
			for _, wait := range []time.Duration{1, 2, 4, 8, 16} {
				r.Take()
				lost := time.Now()
				c.Close()
				r.WaitFor("BeforeConnect", 1)
				c = d.server.Accept(t)
				if got := time.Since(lost); !about(got, wait*time.Second) {
					t.Errorf("after %v, want about %d s", got, wait)
				}
				c.ExpectConnect()
				c.SendConnack(true, 0, nil)
				r.WaitFor("ReadyToSend", 1)
			}
		})
	})
}
