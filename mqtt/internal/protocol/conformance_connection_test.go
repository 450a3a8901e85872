package protocol

import (
	"fmt"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Keep-alive as the server sees it.
func TestKeepAliveOfTheConnection(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-3.2.2-22 MQTT5-3.12.4-1 MQTT311-3.12.4-1 CONNECT's interval, PINGREQ and PINGRESP", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			if got := c.Limits().KeepAlive; got != 80 {
				t.Fatal(got)
			}
			for range 3 {
				c.advance(69 * time.Second)
				c.wantNoOut("not due yet")
				c.advance(time.Second) // an eighth before the interval is over
				c.wantOut("C0 00", "PINGREQ")
				c.in("D0 00")
				c.wantEvents("of the answer", "ping 0s")
			}
			c.in("D0 00")
			c.wantIdle("a PINGRESP that nothing asked for")
			c.in("D0 01 00")
			c.wantFailed(packet.MalformedPacket, "PINGRESP with a body")
		})
		t.Run("MQTT311-3.12.4-1 MQTT311-3.1.2-8 no PINGRESP: closed without DISCONNECT, so that the will is published", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(80))
			c.advance(70 * time.Second)
			c.wantOut("C0 00", "PINGREQ")
			c.advance(100 * time.Second)
			c.out() // PINGREQs at most, see wantEnded
			c.wantEnded(errors.ErrTimeout, "silence")
		})
	})
}

// How long a session lasts is what CONNECT and CONNACK agreed on.
func TestSessionExpiryInForce(t *testing.T) {
	for name, row := range map[string]struct {
		asked   int64
		connect string // what CONNECT has
		connack string
		want    uint32
	}{
		"U5-26 absent":                 {Absent, "00", "20 _ 00 00 00", 0},
		"U5-26 never":                  {0xFFFFFFFF, "05 11 FFFFFFFF", "20 _ 00 00 00", 0xFFFFFFFF},
		"U5-26 a minute":               {60, "05 11 0000003C", "20 _ 00 00 00", 60},
		"U5-17 the server says less":   {0xFFFFFFFF, "05 11 FFFFFFFF", "20 _ 00 00 { 11 0000000A }", 10},
		"U5-17 the server says never":  {Absent, "00", "20 _ 00 00 { 11 FFFFFFFF }", 0xFFFFFFFF},
		"U5-17 the server says nought": {60, "05 11 0000003C", "20 _ 00 00 { 11 00000000 }", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			if err := c.Connect(c.now, options(packet.V5, func(o *Options) { o.SessionExpiry = row.asked })); err != nil {
				t.Fatal(err)
			}
			c.wantOut("10 _ 0004 'MQTT 05 02 0000 "+row.connect+" 0001 'c", "CONNECT")
			c.in(row.connack)
			if got := c.Limits().SessionExpiry; got != row.want {
				t.Fatalf("%d s are in force, want %d", got, row.want)
			}
		})
	}
	t.Run("MQTT5-4.1.0-2 the server has let it expire: nothing is resumed, what it had not taken is sent as new", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		expiring := func(o *Options) { o.CleanStart, o.SessionExpiry = false, 60 }
		c.connect(accepted, expiring)
		c.publish("a", "1", 1)
		c.publish("a", "2", 2)
		c.in("50 02 00 02; 34 _ L'b 00 05 00 'in")
		c.out()
		c.cut()
		c.now += time.Hour
		c.connectQuietly(accepted, expiring)
		c.wantOut("32 _ L'a 00 01 00 '1", "DUP 0, and no PUBREL")
		c.in("34 _ L'b 00 05 00 'other; 62 02 00 05")
		c.wantEvents("of all", "pubrec 2 00", "connack 00", "connected", "ready", "in 2 #5 b in -", "done 2", "session:", "in 2 #5 b other")
		c.wantOut("50 02 00 05; 70 02 00 05", "the identifier is another message's")
	})
}

// A server may give a client another identifier than the one that was sent.
func TestAssignedIdentifier(t *testing.T) {
	t.Run("MQTT5-3.2.2-16 an identifier although one was sent: it is the one in force (pinned)", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 12 L'other }", persistent)
		if got := c.ConnAck().ClientID; got != "other" {
			t.Fatal(got)
		}
		c.publish("a", "x", 1)
		c.out()
		c.cut()
		c.connectQuietly("20 _ 01 00 { 12 L'other }", persistent)
		c.wantOut("3A _ L'a 00 01 00 'x", "and the key of the session")
		c.cut()
		c.connectQuietly(resumed, persistent)
		c.wantOut("32 _ L'a 00 01 00 'x", "the session of the one that was sent is another")
	})
}

// A server that ends the connection says why, or does not.
func TestServerEnds(t *testing.T) {
	t.Run("MQTT5-4.13.1-1 MQTT5-4.13.2-1 its DISCONNECT for what it found wrong", func(t *testing.T) {
		for _, code := range []byte{0x81, 0x82, 0x93, 0x94, 0x95} {
			c := newTrace(t, packet.V5)
			c.connect(accepted, persistent)
			c.publish("a", "kept", 1)
			c.out()
			c.in(fmt.Sprintf("E0 _ %02X { 1F L'why }", code))
			c.wantNoOut("nothing answers a DISCONNECT")
			c.wantEvents("of it", "error 500")
			if e := c.End(); !e.ByServer || e.Disconnect.Reason != packet.ReasonCode(code) || e.Disconnect.ReasonString != "why" {
				t.Fatalf("%+v", e)
			}
			c.wantEnded(errors.ErrProtocol, "by the server")
			c.Closed()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 00 'kept", "the session goes on")
		}
	})
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT311-3.3.5-2 closing after a PUBLISH that it does not authorize: the message stays", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "forbidden", 1)
			c.out()
			c.cut()
			c.wantEvents("nothing tells that it was taken")
			c.wantStates(c.Outgoing(), "1:0", "pending")
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ L'a 00 01 5:00 'forbidden", "again")
			c.in("40 02 00 01")
			c.wantEvents("an acknowledgment is no authorization, but it is an end", "connack 00", "connected", "ready", "session:", "done 1 PUBACK 00")
		})
	})
}

// A server whose Maximum Packet Size leaves no room gets nothing that is larger.
func TestTinyMaximumPacketSize(t *testing.T) {
	expiry := packet.Properties(nil).AppendUint(packet.PropSessionExpiryInterval, 5)
	long := append(append(packet.Properties(nil), expiry...), packet.Properties(nil).AppendString(packet.PropReasonString, "why")...)
	for _, row := range []struct {
		name   string
		limit  string
		reason packet.ReasonCode
		p      packet.Properties
		want   string // "" = refused
	}{
		{"DISCONNECT with a session expiry that just fits, its reason string left out", "09", 0, long, "E0 07 00 05 11 00000005"},
		{"one byte less: refused, since the expiry cannot be left out", "08", 0, long, ""},
		{"a reason that just fits", "03", packet.DisconnectWithWillMessage, nil, "E0 01 04"},
		{"one byte less", "02", packet.DisconnectWithWillMessage, nil, ""},
		{"nothing to say", "02", 0, nil, "E0 00"},
	} {
		t.Run("MQTT5-3.2.2-15 "+row.name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			c.connect("20 _ 00 00 { 27 000000"+row.limit+" }", persistent)
			err := c.Disconnect(row.reason, row.p)
			if row.want == "" {
				c.wantError(err, errors.ErrMessageTooLong, row.name)
				c.wantNoOut("refused")
				if c.Phase() != Connected || c.Limits().SessionExpiry != 0xFFFFFFFF {
					t.Fatal("a refused Disconnect has an effect")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.wantOut(row.want, row.name)
		})
	}
	t.Run("MQTT5-3.2.2-15 no room to say why: closed without DISCONNECT", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 27 00000002 }")
		c.in("C0 00")
		c.wantNoOut("E0 01 82 has three bytes")
		c.wantEvents("it is told", "error 500")
		c.wantEnded(errors.ErrProtocol, "PINGREQ of a server")
	})
}
