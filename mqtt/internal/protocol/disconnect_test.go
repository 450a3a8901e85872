package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestDisconnect(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.14.4-1 MQTT311-3.14.1-1 MQTT311-3.14.4-2 after what was accepted, and nothing behind it", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "1", 0)
			c.publish("a", "2", 1)
			c.in("32 _ L'a 00 05 5:00 'in")
			c.take()
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("30 _ L'a 5:00 '1; 32 _ L'a 00 01 5:00 '2; E0 00", "pain 17")
			c.wantEvents("the message is delivered, not acknowledged", "in 1 #5 a in -", "out a 1")
			c.wantEnded(0, "Disconnect")
			if !c.End().Local || c.End().ByServer {
				t.Fatalf("end %+v", c.End())
			}
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.wantNoOut("one DISCONNECT only")
			c.Closed()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 '2", "the session goes on")
		})
		t.Run("a clean session ends with its connection", func(t *testing.T) {
			c := newTrace(t, v)
			c.Settings.InflightLimit = 3
			c.connect(accepted)
			messages := []*Message{c.publish("a", "1", 1), c.publish("a", "2", 2), c.publish("a", "3", 2), c.publish("a", "held", 1)}
			c.in("50 02 00 03; 34 _ L'a 00 05 5:00 'dropped; 34 _ L'a 00 06 5:00 'released; 62 02 00 06")
			c.out()
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.wantOut("E0 00", "DISCONNECT")
			c.wantEvents("of the end", "pubrec 3 00", "in 2 #6 a released -", "error 212", "error 212", "error 212", "error 212", "session: Session ended: 5 messages whose exchange was not complete are dropped.")
			for _, m := range messages {
				if !m.Done || !m.Refused || m.State != OutDone {
					t.Fatalf("whoever waits for %d is not told", m.ID)
				}
			}
			if c.Outgoing().Len()+c.Incoming().Len()+c.HeldBack()+c.ids.count+c.inbound.count != 0 {
				t.Fatal("something is left")
			}
			c.Closed()
			c.connect(resumed, persistent)
			c.wantIdle("nothing is resumed")
		})
		t.Run("what was acknowledged and not told yet is told", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.publish("a", "1", 1)
			c.out()
			c.in("40 02 00 01")
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.out()
			c.wantEvents("of PUBACK", "done 1 PUBACK 00")
		})
		t.Run("while connecting", func(t *testing.T) {
			c := newTrace(t, v)
			c.begin()
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.wantEnded(0, "Disconnect")
		})
		t.Run("without a connection", func(t *testing.T) {
			c := newTrace(t, v)
			if err := c.Disconnect(0, nil); err != nil {
				t.Fatal(err)
			}
			c.Fail(errors.New(errors.ErrTimeout, "x"))
			if c.Phase() != Idle {
				t.Fatal(c.Phase())
			}
			c.wantIdle("nothing")
		})
		t.Run("pain 33 the first reason counts", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted)
			c.Fail(errors.New(errors.ErrInterrupted, "first"))
			c.Fail(errors.New(errors.ErrConnectionReset, "second"))
			c.wantEnded(errors.ErrInterrupted, "Fail")
		})
	})
	t.Run("MQTT5-3.14.2-1 reasons and properties", func(t *testing.T) {
		expiry := packet.Properties(nil).AppendUint(packet.PropSessionExpiryInterval, 5)
		rows := []struct {
			reason packet.ReasonCode
			p      packet.Properties
			want   string
		}{
			{0, nil, "E0 00"},
			{4, nil, "E0 01 04"},
			{0x80, nil, "E0 01 80"},
			{0, expiry, "E0 _ 00 { 11 00000005 }"},
			{4, packet.Properties(nil).AppendString(packet.PropReasonString, "r"), "E0 _ 04 { 1F L'r }"},
		}
		for _, r := range rows {
			c := newTrace(t, packet.V5)
			c.connect(accepted, persistent)
			if err := c.Disconnect(r.reason, r.p); err != nil {
				t.Fatal(err)
			}
			c.wantOut(r.want, "DISCONNECT")
		}
	})
	t.Run("3.1.1 has neither", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		if err := c.Disconnect(4, packet.Properties(nil).AppendUint(packet.PropSessionExpiryInterval, 5)); err != nil {
			t.Fatal(err)
		}
		c.wantOut("E0 00", "DISCONNECT")
	})
	t.Run("MQTT5-3.14.2-3 MQTT5-3.14.2-4 MQTT5-3.2.2-15 dropped when too large", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 27 00000010 }", persistent)
		c.publish("a", "", 0)
		p := packet.Properties(nil).AppendUint(packet.PropSessionExpiryInterval, 5).AppendString(packet.PropReasonString, "too long").AppendUserProperty("k", "v")
		if err := c.Disconnect(4, p); err != nil {
			t.Fatal(err)
		}
		c.wantOut("30 04 L'a 00; E0 _ 04 { 11 00000005 }", "the rest goes out")
	})
	t.Run("U5-16 MQTT5-3.1.2-23 no session expiry when CONNECT had 0 or none", func(t *testing.T) {
		p := packet.Properties(nil).AppendUint(packet.PropSessionExpiryInterval, 1)
		for _, had := range []int64{0, Absent} {
			c := newTrace(t, packet.V5)
			c.connect(accepted, func(o *Options) { o.SessionExpiry = had })
			c.wantError(c.Disconnect(0, p), errors.ErrProtocol, "expiry")
			c.wantIdle("the connection stands")
			c.publish("a", "", 0)
		}
	})
	t.Run("session expiry 0 in DISCONNECT ends the session", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted, func(o *Options) { o.SessionExpiry = 100 })
		c.publish("a", "", 1)
		c.out()
		if err := c.Disconnect(0, packet.Properties(nil).AppendUint(packet.PropSessionExpiryInterval, 0)); err != nil {
			t.Fatal(err)
		}
		if c.Outgoing().Len() != 0 || c.Limits().SessionExpiry != 0 {
			t.Fatal("the session lives")
		}
	})
}

func TestServerDisconnect(t *testing.T) {
	t.Run("U5-04 U5-21 MQTT5-3.14.2-1 every code of a server", func(t *testing.T) {
		for _, code := range []byte{
			0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
		} {
			if !packet.ReasonAllowed(packet.DISCONNECT, packet.FromServer, packet.ReasonCode(code)) {
				t.Logf("%02X is not accepted", code)
				continue
			}
			for _, in := range []string{"E0 01 %02X", "E0 02 %02X 00"} {
				c := newTrace(t, packet.V5)
				c.connect(accepted)
				c.in(fmt.Sprintf(in, code) + "; 30 _ L'late 00")
				c.wantEvents("of it", "error 500")
				c.wantEnded(errors.ErrProtocol, "DISCONNECT of the server")
				end := c.End()
				if !end.ByServer || end.Disconnect.Reason != packet.ReasonCode(code) || end.Local {
					t.Fatalf("end %+v", end)
				}
				if name := packet.ReasonName(packet.DISCONNECT, packet.ReasonCode(code)); !strings.Contains(end.Err.Description, name) {
					t.Fatal(end.Err)
				}
			}
		}
	})
	t.Run("code 0 is an orderly end", func(t *testing.T) {
		for _, in := range []string{"E0 00", "E0 01 00", "E0 02 00 00"} {
			c := newTrace(t, packet.V5)
			c.connect(accepted)
			c.in(in)
			c.wantEnded(0, in)
			if !c.End().ByServer {
				t.Fatal("not by the server")
			}
		}
	})
	t.Run("U5-22 reason string, server reference, user properties", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect(accepted)
		c.in("E0 _ 9D { 1F L'why 1C L'there 26 L'k L'2 26 L'k L'1 }")
		d := c.End().Disconnect
		if d.ReasonString != "why" || d.ServerReference != "there" || len(d.UserProperties) != 2 || d.UserProperties[0].Value != "2" {
			t.Fatalf("%+v", d)
		}
	})
	t.Run("MQTT5-3.14.2-1 MQTT5-3.14.2-2 what a server may not send", func(t *testing.T) {
		for _, in := range []string{"E0 01 04", "E0 01 01", "E0 _ 00 { 11 00000005 }"} {
			c := newTrace(t, packet.V5)
			c.connect(accepted, persistent)
			c.in(in)
			c.wantFailed(packet.ProtocolError, in)
			if c.Limits().SessionExpiry != 0xFFFFFFFF || c.End().ByServer {
				t.Fatal("the packet has an effect")
			}
		}
	})
	t.Run("MQTT311-4.8.0-1 3.1.1 does not know it", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		c.connect(accepted)
		c.in("E0 00")
		c.wantFailed(packet.ProtocolError, "DISCONNECT")
	})
}

func TestSendCustom(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		c := newTrace(t, v)
		c.connect("20 _ 00 00 { 27 00000003 }")
		if err := c.SendCustom([]byte{0xC0, 0}); err != nil {
			t.Fatal(err)
		}
		c.wantOut("C0 00", "as it is")
		if v == packet.V5 {
			c.wantError(c.SendCustom([]byte{0xC0, 2, 0, 0}), errors.ErrMessageTooLong, "too large")
			c.wantIdle("not a byte")
		}
		for _, part := range [][]byte{nil, {0xC0}, {0xC0, 1}, {0xC0, 0, 0}, {0xC0, 0x80, 0x80, 0x80, 0x80, 0}} {
			c.wantError(c.SendCustom(part), errors.ErrInvalidArgument, "not one whole packet")
			c.wantIdle("not a byte")
		}
	})
}
