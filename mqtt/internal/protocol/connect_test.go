package protocol

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func TestConnectBytes(t *testing.T) {
	will := func(o *Options) { o.Will = &Will{Topic: "w", Payload: []byte("bye")} }
	willProperties := func(p packet.Properties) option {
		return func(o *Options) { o.Will = &Will{Topic: "w", QoS: 2, Retain: true, Properties: p} }
	}
	user := func(o *Options) { o.User, o.HasUser = "u", true }
	password := func(o *Options) { o.Password, o.HasPassword = "\x00\xFF", true }
	rows := []struct {
		name   string
		change []option
		want   string // after "10 _ 00 04 'MQTT 4:04 5:05"
	}{
		{"nothing asked for", nil, "02 00 00 5:00 L'c"},
		{"MQTT311-3.1.3-3 MQTT5-3.1.3-6 empty client identifier", []option{func(o *Options) { o.ClientID = "" }}, "02 00 00 5:00 0000"},
		{"Clean Start 0", []option{func(o *Options) { o.CleanStart = false }}, "00 00 00 5:00 L'c"},
		{"keep-alive", []option{keepAliveOf(65535)}, "02 FF FF 5:00 L'c"},
		{"MQTT5-3.1.2-9 MQTT311-3.1.2-9 will", []option{will}, "06 00 00 5:00 L'c 5:00 L'w L'bye"},
		{"empty will of QoS 1", []option{func(o *Options) { o.Will = &Will{Topic: "w", QoS: 1} }}, "0E 00 00 5:00 L'c 5:00 L'w 0000"},
		{"MQTT5-3.1.2-12 MQTT5-3.1.2-15 MQTT311-3.1.2-17 will of QoS 2, retained", []option{willProperties(nil)}, "36 00 00 5:00 L'c 5:00 L'w 0000"},
		{
			"MQTT5-3.1.3-9 MQTT5-3.1.3-10 will properties",
			[]option{willProperties(packet.Properties(nil).AppendUint(packet.PropWillDelayInterval, 5).AppendUserProperty("k", "1").AppendUserProperty("k", "0"))},
			"36 00 00 5:00 L'c 5:13 5:18 5:00000005 5:26 5:L'k 5:L'1 5:26 5:L'k 5:L'0 L'w 0000",
		},
		{"MQTT5-3.1.2-17 MQTT311-3.1.2-19 user", []option{user}, "82 00 00 5:00 L'c L'u"},
		{"empty user", []option{func(o *Options) { o.HasUser = true }}, "82 00 00 5:00 L'c 0000"},
		{"MQTT5-3.1.2-19 MQTT311-3.1.2-21 user and password", []option{user, password}, "C2 00 00 5:00 L'c L'u 0002 00FF"},
		{"MQTT5-3.1.3-1 MQTT311-3.1.3-1 everything in order", []option{will, user, password, keepAliveOf(60)}, "C6 00 3C 5:00 L'c 5:00 L'w L'bye L'u 0002 00FF"},
		{"session expiry 0", []option{func(o *Options) { o.SessionExpiry = 0 }}, "02 00 00 5:05 5:11 5:00000000 L'c"},
		{"session expiry never", []option{func(o *Options) { o.SessionExpiry = 0xFFFFFFFF }}, "02 00 00 5:05 5:11 5:FFFFFFFF L'c"},
		{"receive maximum", []option{receiveMaximum(10)}, "02 00 00 5:03 5:21 5:000A L'c"},
		{"maximum packet size", []option{func(o *Options) { o.MaximumPacketSize = 100 }}, "02 00 00 5:05 5:27 5:00000064 L'c"},
		{"topic alias maximum 0", []option{func(o *Options) { o.TopicAliasMaximum = 0 }}, "02 00 00 5:03 5:22 5:0000 L'c"},
		{"request information", []option{func(o *Options) { o.RequestProblemInformation, o.RequestResponseInformation = 0, 1 }}, "02 00 00 5:04 5:19 5:01 5:17 5:00 L'c"},
		{
			"U5-09 authentication",
			[]option{func(o *Options) { o.AuthenticationMethod, o.AuthenticationData = "m", []byte{1} }},
			"02 00 00 5:08 5:15 5:L'm 5:16 5:0001 5:01 L'c",
		},
		{"U5-09 no authentication data without a method", []option{func(o *Options) { o.AuthenticationData = []byte{1} }}, "02 00 00 5:00 L'c"},
		{
			"user properties in order",
			[]option{func(o *Options) {
				o.UserProperties = []packet.UserProperty{{Name: "b", Value: "1"}, {Name: "a"}, {Name: "b", Value: "1"}}
			}},
			"02 00 00 5:14 5:26 5:L'b 5:L'1 5:26 5:L'a 5:0000 5:26 5:L'b 5:L'1 L'c",
		},
	}
	both(t, func(t *testing.T, v packet.Version) {
		for _, r := range rows {
			t.Run("MQTT5-3.1.0-1 MQTT5-3.1.2-1 "+r.name, func(t *testing.T) {
				c := newTrace(t, v)
				if err := c.Connect(c.now, options(v, r.change...)); err != nil {
					t.Fatal(err)
				}
				c.wantOut("10 _ 00 04 'MQTT 4:04 5:05 "+r.want, "CONNECT")
				if c.Phase() != Connecting || c.Version() != v {
					t.Fatal("phase", c.Phase(), "version", c.Version())
				}
				c.wantNoDeadline("before CONNACK")
				c.Tick(c.now + time.Hour)
				c.wantIdle("before CONNACK")
			})
		}
		t.Run("MQTT5-3.1.2-3 MQTT5-3.1.2-11 MQTT5-3.1.2-13 MQTT311-3.1.2-3 MQTT311-3.1.2-11 MQTT311-3.1.2-13 MQTT311-3.1.2-15 flags of all subsets", func(t *testing.T) {
			for bits := range 16 {
				c := newTrace(t, v)
				o := options(v)
				want := byte(0x02)
				if bits&1 != 0 {
					o.CleanStart, want = false, 0
				}
				if bits&2 != 0 {
					will(o)
					want |= 0x04
				}
				if bits&4 != 0 {
					user(o)
					want |= 0x80
				}
				if bits&8 != 0 && (v == packet.V5 || bits&4 != 0) {
					password(o)
					want |= 0x40
				}
				if err := c.Connect(c.now, o); err != nil {
					t.Fatal(err)
				}
				b := c.out()
				if b[9] != want {
					t.Fatalf("flags %02X, want %02X", b[9], want)
				}
				if _, p, err := packet.DecodeConnect(b[2:]); err != nil || p.HasWill != (want&4 != 0) {
					t.Fatal(err)
				}
			}
		})
	})
	t.Run("larger than MQTT can express", func(t *testing.T) {
		c := newTrace(t, packet.V311)
		o := options(packet.V311)
		o.Will = &Will{Topic: "w", Payload: make([]byte, packet.MaxRemainingLength)}
		c.wantError(c.Connect(c.now, o), errors.ErrMessageTooLong, "CONNECT")
		if c.Phase() != Idle || c.OutputSize() != 0 {
			t.Fatal("something was begun")
		}
	})
}

func TestConnackRefused(t *testing.T) {
	v5Codes := []byte{0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}
	refused := func(v packet.Version, code byte, line string) func(*testing.T) {
		return func(t *testing.T) {
			c := newTrace(t, v)
			c.connect(accepted, persistent)
			c.publish("a", "kept", 1)
			c.out()
			c.cut()
			c.begin(persistent)
			c.in(line)
			c.wantEvents("of the refusal", fmt.Sprintf("connack %02X", code))
			c.wantEnded(errors.ErrProtocol, "refused")
			c.wantNoOut("nothing is sent after a refusal [MQTT5-3.2.2-7]")
			name := packet.ReasonName(packet.CONNACK, packet.ReasonCode(code))
			if v == packet.V311 {
				name = packet.ReturnCodeName(code)
			}
			if d := c.End().Err.Description; name == "" || !strings.Contains(d, name) || !strings.Contains(d, fmt.Sprint(code)) {
				t.Fatalf("%q does not tell %d, %q", d, code, name)
			}
			c.Closed()
			c.connectQuietly(resumed, persistent)
			c.wantOut("3A _ 00 01 'a 00 01 5:00 'kept", "MQTT5-3.2.2-6 MQTT311-3.2.2-4: the session is as it was")
		}
	}
	for _, code := range v5Codes {
		t.Run(fmt.Sprintf("MQTT5-3.2.2-7 MQTT5-3.2.2-8 V5 %02X", code), refused(packet.V5, code, fmt.Sprintf("20 03 00 %02X 00", code)))
		t.Run(fmt.Sprintf("MQTT5-3.2.2-6 V5 %02X with session present", code), refused(packet.V5, code, fmt.Sprintf("20 03 01 %02X 00", code)))
	}
	t.Run("MQTT5-3.1.2-2 a server of 3.1.1 refuses v5", refused(packet.V5, 0x84, "20 02 00 01"))
	for code := byte(1); code <= 5; code++ {
		t.Run(fmt.Sprintf("MQTT311-3.2.2-5 V311 %d", code), refused(packet.V311, code, fmt.Sprintf("20 02 00 %02X", code)))
		t.Run(fmt.Sprintf("MQTT311-3.2.2-4 V311 %d with session present", code), refused(packet.V311, code, fmt.Sprintf("20 02 01 %02X", code)))
	}
	t.Run("reason string and server reference", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.begin()
		c.in("20 _ 00 9C 0B 1F L'busy 1C L'x")
		if d := c.End().Err.Description; !strings.Contains(d, `"busy"`) {
			t.Fatal(d)
		}
		if reference, ok := c.ConnAck().Properties.Bytes(packet.PropServerReference); !ok || string(reference) != "x" {
			t.Fatal("U5-22: no server reference")
		}
	})
}

func TestConnackMalformed(t *testing.T) {
	type row struct {
		name   string
		in     string
		reason packet.ReasonCode
	}
	rows := []row{
		{"MQTT5-3.2.2-1 U311-01 reserved flag", "20 _ 02 00 5:00", packet.MalformedPacket},
		{"reserved flags", "20 _ FF 00 5:00", packet.MalformedPacket},
		{"empty", "20 00", packet.MalformedPacket},
		{"one byte", "20 01 00", packet.MalformedPacket},
		{"a byte left over", "20 _ 00 00 5:00 00", packet.MalformedPacket},
		{"wrong fixed header flags", "21 _ 00 00 5:00", packet.MalformedPacket},
		{"MQTT5-3.2.0-1 MQTT311-3.2.0-1 PUBLISH first", "30 _ L'a 5:00", packet.ProtocolError},
		{"PUBLISH QoS 1 first", "32 _ L'a 00 01 5:00", packet.ProtocolError},
		{"SUBACK first", "90 _ 00 01 5:00 00", packet.ProtocolError},
		{"PINGRESP first", "D0 00", packet.ProtocolError},
		{"PUBREL first", "62 02 00 01", packet.ProtocolError},
		{"the header of a PUBLISH is enough", "30 7F", packet.ProtocolError},
		{"CONNECT", "10 _ 00 04 'MQTT 04 02 00 00 L'c", packet.ProtocolError},
		{"HTTP: PUBACK with wrong flags", "'HTTP/1.1", packet.MalformedPacket},
		{"SSH: PUBREC with wrong flags", "'SSH-2.0", packet.MalformedPacket},
		{"TLS alert", "15 03 01 00 02 02 46", packet.ProtocolError},
		{"type 0", "00 00", packet.MalformedPacket},
	}
	both(t, func(t *testing.T, v packet.Version) {
		all := rows
		if v == packet.V5 {
			for _, id := range []string{"21 00 00", "27 00 00 00 00", "24 02", "25 02", "28 02", "29 02", "2A 02"} {
				all = append(all, row{"U5-08 out of range " + id, fmt.Sprintf("20 _ 00 00 %02X %s", len(strings.ReplaceAll(id, " ", ""))/2, id), packet.ProtocolError})
			}
			for _, id := range []string{
				"11 00000001", "12 L'x", "13 0001", "15 L'x", "1A L'x", "1C L'x", "1F L'x", "21 0001", "22 0001", "24 00", "25 00", "27 00000064", "28 00", "29 00", "2A 00",
			} {
				twice := wire(v, "20 "+id+" "+id)[1:]
				all = append(all, row{"U5-07 MQTT5-3.2.2-21 twice " + id, fmt.Sprintf("20 _ 00 00 %02X %s %s", len(twice), id, id), packet.ProtocolError})
			}
			for _, id := range []string{"01 00", "03 L'x", "0B 01", "17 00", "23 0001", "7F 00", "00"} {
				all = append(all, row{"U5-06 not allowed " + id, fmt.Sprintf("20 _ 00 00 %02X %s", len(wire(v, "20 "+id))-1, id), packet.MalformedPacket})
			}
			all = append(all,
				row{"MQTT5-3.2.2-8 undefined code 01", "20 03 00 01 00", packet.ProtocolError},
				row{"undefined code 18", "20 03 00 18 00", packet.ProtocolError},
				row{"undefined code 92", "20 03 00 92 00", packet.ProtocolError},
				row{"undefined code FF", "20 03 00 FF 00", packet.ProtocolError},
				row{"MQTT5-2.2.2-1 no property length", "20 02 00 00", packet.MalformedPacket},
				row{"property length past the end", "20 03 00 00 05", packet.MalformedPacket},
				row{"MQTT5-1.5.5-1 property length in two bytes", "20 04 00 00 80 00", packet.MalformedPacket},
				row{"MQTT5-4.12.0-6 AUTH that nothing asked for", "F0 _ 18 04 15 L'm", packet.ProtocolError},
				row{"MQTT5-4.12.0-6 method that nothing asked for", "20 _ 00 00 04 15 L'm", packet.ProtocolError},
			)
		} else {
			all = append(all,
				row{"MQTT311-3.2.2-6 reserved code 6", "20 02 00 06", packet.ProtocolError},
				row{"reserved code FF", "20 02 00 FF", packet.ProtocolError},
				row{"DISCONNECT", "E0 00", packet.ProtocolError},
			)
		}
		for _, r := range all {
			t.Run(r.name, func(t *testing.T) {
				c := newTrace(t, v)
				c.begin()
				c.in(r.in)
				if events := c.pump(); len(events) > 0 {
					t.Fatal("an attempt that fails tells nothing by itself:", events)
				}
				c.wantFailed(r.reason, r.name)
				c.Closed()
				c.connect(accepted)
			})
		}
		t.Run("MQTT5-3.2.2-2 MQTT311-3.2.2-1 session present after a clean start", func(t *testing.T) {
			c := newTrace(t, v)
			c.begin()
			c.in(resumed)
			c.wantFailed(packet.ProtocolError, "session present")
		})
		t.Run("MQTT5-3.2.0-2 second CONNACK", func(t *testing.T) {
			c := newTrace(t, v)
			c.connect("20 _ 00 00 5:03 5:21 5:0007")
			c.in("20 _ 00 00 5:03 5:21 5:0009")
			c.wantFailed(packet.ProtocolError, "second CONNACK")
			if v == packet.V5 && c.Limits().ReceiveMaximum != 7 {
				t.Fatal("negotiated values are overwritten")
			}
		})
	})
	t.Run("MQTT5-3.1.3-7 no identifier sent, none assigned", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.begin(func(o *Options) { o.ClientID = "" })
		c.in(accepted)
		c.wantFailed(packet.ProtocolError, "no client identifier")
	})
	t.Run("MQTT5-4.12.0-5 authentication method", func(t *testing.T) {
		method := func(o *Options) { o.AuthenticationMethod = "m" }
		for in, good := range map[string]bool{"20 _ 00 00 04 15 L'm": true, "20 _ 00 00 04 15 L'x": false, accepted: false} {
			c := newTrace(t, packet.V5)
			c.begin(method)
			c.in(in)
			if !good {
				c.wantFailed(packet.ProtocolError, in)
			} else if c.Phase() != Connected {
				t.Fatal(c.End().Err)
			}
		}
	})
	t.Run("MQTT5-3.14.0-1 DISCONNECT instead of CONNACK: its code is told", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.begin()
		c.in("E0 _ 89 07 1F L'busy")
		end := c.End()
		c.wantEnded(errors.ErrProtocol, "DISCONNECT")
		if !end.ByServer || end.Disconnect.Reason != packet.ServerBusy || end.Disconnect.ReasonString != "busy" {
			t.Fatalf("end %+v", end)
		}
	})
}

func TestConnackAccepted(t *testing.T) {
	t.Run("nothing said: the defaults", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.connect(accepted, keepAliveOf(60))
			want := Limits{
				ReceiveMaximum: 65535, MaximumQoS: 2, MaximumPacketSize: 268435460, KeepAlive: 60,
				RetainAvailable: true, WildcardAvailable: true, SharedAvailable: true, SubscriptionIdentifiersAvailable: true,
			}
			if *c.Limits() != want {
				t.Fatalf("limits %+v", c.Limits())
			}
			if a := c.ConnAck(); a.ClientID != "c" || a.SessionPresent || a.Version != v {
				t.Fatalf("connack %+v", a)
			}
		})
	})
	t.Run("MQTT5-3.2.2-21 U5-17 everything said, and forgotten by the next connection", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 11 0000000A 12 L'id 13 0005 21 0003 22 0004 24 00 25 00 27 00000064 28 00 29 00 2A 00 }",
			keepAliveOf(60), func(o *Options) { o.SessionExpiry = 99 })
		want := Limits{ReceiveMaximum: 3, MaximumQoS: 0, MaximumPacketSize: 100, TopicAliasMaximum: 4, KeepAlive: 5, SessionExpiry: 10}
		if *c.Limits() != want {
			t.Fatalf("limits %+v", c.Limits())
		}
		if a := c.ConnAck(); a.ClientID != "id" {
			t.Fatalf("connack %+v", a)
		}
		c.cut()
		c.connect(accepted, keepAliveOf(60), func(o *Options) { o.SessionExpiry = 99 })
		if l := c.Limits(); l.ReceiveMaximum != 65535 || l.MaximumQoS != 2 || l.KeepAlive != 60 || l.SessionExpiry != 99 || !l.RetainAvailable || l.TopicAliasMaximum != 0 {
			t.Fatalf("limits %+v", l)
		}
	})
	t.Run("maximum packet size above what MQTT can express", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 05 27 FFFFFFFF")
		if n := c.Limits().MaximumPacketSize; n != 268435460 {
			t.Fatal(n)
		}
	})
	t.Run("MQTT5-3.1.3-7 MQTT5-3.1.3-2 the assigned identifier is the key of the session", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 06 12 L'srv", func(o *Options) { o.ClientID, o.SessionExpiry = "", 100 })
		if id := c.ConnAck().ClientID; id != "srv" {
			t.Fatal(id)
		}
		c.publish("a", "1", 1)
		c.out()
		c.cut()
		c.connectQuietly(resumed, persistent, func(o *Options) { o.ClientID = "srv" })
		c.wantOut("3A _ 00 01 'a 00 01 00 '1", "resumed under the assigned identifier")
	})
	t.Run("MQTT5-3.1.2-28 response information that was not asked for is harmless (pinned)", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 04 1A L'r")
	})
	t.Run("MQTT5-3.2.2-20 user properties are exposed in order", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 0E 26 L'k L'2 26 L'k L'1")
		got := packet.ReadUserProperties[packet.UserProperty](c.ConnAck().Properties)
		if len(got) != 2 || got[0] != (packet.UserProperty{Name: "k", Value: "2"}) {
			t.Fatal(got)
		}
	})
	t.Run("MQTT5-3.1.2-24 MQTT5-3.2.2-19 CONNACK above the announced size", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.begin(func(o *Options) { o.MaximumPacketSize = 10 })
		c.in("20 _ 00 00 06 1F L'abc")
		c.wantFailed(packet.PacketTooLarge, "11 bytes")
	})
	t.Run("packets in the same read as CONNACK", func(t *testing.T) {
		both(t, func(t *testing.T, v packet.Version) {
			c := newTrace(t, v)
			c.begin()
			c.in(accepted + "; 30 _ L'a 5:00 'first; 32 _ L'a 00 07 5:00 'second")
			c.wantEvents("MQTT311-3.1.2-5 pain 15", "connack 00", "connected", "ready", "in 0 a first", "in 1 #7 a second")
			c.wantOut("40 02 00 07", "PUBACK")
		})
	})
}

func TestLastWrite(t *testing.T) {
	c := newTrace(t, packet.V5)
	c.connect(accepted, persistent)
	c.now += time.Minute
	c.in("D0 00")
	if c.LastWrite() == c.now {
		t.Fatal("a read counts as a write")
	}
	c.now += time.Minute
	c.Progress(c.now)
	if c.LastWrite() != c.now {
		t.Fatal("a write's progress does not count")
	}
	c.wantEvents("MQTT5-3.12.4-1: an unsolicited PINGRESP is harmless")
}

func TestEventsOfTheOwner(t *testing.T) {
	c := newTrace(t, packet.V5)
	c.PushOwner("mine", 4)
	c.PushReadyToSend()
	c.PushError(errors.New(errors.ErrFileNotOpened, "x"))
	if n, _ := c.Pending(); n != 3 {
		t.Fatal(n)
	}
	c.wantEvents("of the owner", "owner mine", "ready", "error 302")
}

// Events of any number stay in order, and the memory that very many have taken is not kept.
func TestManyEvents(t *testing.T) {
	c := newTrace(t, packet.V311)
	for range 2 {
		for i := range 3 * manyEvents {
			c.PushOwner(i, 0)
		}
		events := c.TakeEvents()
		for i := range events {
			if events[i].Detail != i {
				t.Fatalf("event %d is %v", i, events[i].Detail)
			}
		}
		if len(events) != 3*manyEvents {
			t.Fatalf("%d events", len(events))
		}
		c.ReturnEvents(events)
		if n := cap(c.events.queue) + cap(c.events.spare); n > manyEvents {
			t.Errorf("room for %d events is kept", n)
		}
	}
}
