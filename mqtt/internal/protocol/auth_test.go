package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

func methodM(o *Options) { o.AuthenticationMethod = "m" }

const (
	acceptedM  = "20 _ 00 00 { 15 L'm }"
	challengeM = "F0 _ 18 { 15 L'm 16 L'why }"
	doneM      = "F0 _ 00 { 15 L'm }"
)

// authData are the properties of an AUTH with data.
func authData(data string) packet.Properties {
	return packet.Properties(nil).AppendBytes(packet.PropAuthenticationData, []byte(data))
}

func (c *trace) auth(again bool, data string) {
	c.t.Helper()
	if err := c.Auth(again, "", authData(data)); err != nil {
		c.t.Fatal(err)
	}
}

// wantAuthRefused checks that Auth fails and that nothing has changed.
func (c *trace) wantAuthRefused(again bool, method string, code int, why string) {
	c.t.Helper()
	before := c.Client.auth
	err := c.Auth(again, method, authData("secret"))
	c.wantError(err, code, why)
	if strings.Contains(err.Error(), "secret") {
		c.t.Fatalf("%s: the error tells the data: %v", why, err)
	}
	if c.Client.auth != before {
		c.t.Fatalf("%s: the state was %+v and is %+v", why, before, c.Client.auth)
	}
	c.wantNoOut(why)
}

// authenticated is a connection that stands, with the method m.
func authenticated(t *testing.T, change ...option) *trace {
	c := newTrace(t, packet.V5)
	c.connect(acceptedM, append([]option{methodM}, change...)...)
	return c
}

func TestAuthWhileConnecting(t *testing.T) {
	begin := func(t *testing.T) *trace {
		c := newTrace(t, packet.V5)
		c.begin(methodM)
		return c
	}
	t.Run("MQTT5-4.12.0-2 MQTT5-4.12.0-3 MQTT5-3.15.1-1 MQTT5-3.15.2-1 U5-18 one answer per challenge, then CONNACK", func(t *testing.T) {
		c := begin(t)
		c.in(challengeM)
		c.wantEvents("of the challenge", "auth 18 why")
		c.auth(false, "so")
		c.wantOut("F0 _ 18 { 15 L'm 16 L'so }", "the answer")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "a second answer")
		c.in("F0 _ 18 { 15 L'm }")
		c.wantEvents("of a challenge without data", "auth 18")
		if err := c.Auth(false, "m", nil); err != nil {
			t.Fatal(err)
		}
		c.wantOut("F0 _ 18 { 15 L'm }", "an answer without data")
		c.in("20 _ 00 00 { 15 L'm 16 L'end }")
		c.wantEvents("of CONNACK", "connack 00", "connected", "ready")
		if data, _ := c.ConnAck().Properties.Bytes(packet.PropAuthenticationData); string(data) != "end" {
			t.Fatalf("the final data is %q", data)
		}
	})
	t.Run("MQTT5-4.12.0-3 two challenges in one read have two answers", func(t *testing.T) {
		c := begin(t)
		c.in(challengeM + ";" + challengeM)
		c.wantEvents("both", "auth 18 why", "auth 18 why")
		c.auth(false, "1")
		c.auth(false, "2")
		c.wantOut("F0 _ 18 { 15 L'm 16 L'1 }; F0 _ 18 { 15 L'm 16 L'2 }", "both answers")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "a third answer")
	})
	t.Run("MQTT5-4.12.0-3 empty data is not the same as none", func(t *testing.T) {
		c := begin(t)
		c.in("F0 _ 18 { 15 L'm 16 0000 }")
		c.wantEvents("of the challenge", "auth 18")
		c.auth(false, "")
		c.wantOut("F0 _ 18 { 15 L'm 16 0000 }", "the answer")
	})
	t.Run("MQTT5-4.12.0-3 an answer that comes too late is refused", func(t *testing.T) {
		c := begin(t)
		c.in(challengeM + ";" + acceptedM)
		c.wantEvents("both", "auth 18 why", "connack 00", "connected", "ready")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "after CONNACK")
	})
	t.Run("MQTT5-4.12.1-1 no re-authentication before CONNACK", func(t *testing.T) {
		c := begin(t)
		c.wantAuthRefused(true, "", errors.ErrWrongState, "before a challenge")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "an answer to nothing")
		c.in(challengeM)
		c.wantAuthRefused(true, "", errors.ErrWrongState, "after a challenge")
	})
	t.Run("MQTT5-4.12.0-1 MQTT5-4.12.0-4 MQTT5-3.1.4-6 refused at each step, and nothing is written after it", func(t *testing.T) {
		for _, reason := range []packet.ReasonCode{packet.NotAuthorized, packet.BadAuthenticationMethod} {
			for rounds := range 3 {
				c := begin(t)
				for range rounds {
					c.in(challengeM)
					c.wantEvents("of the challenge", "auth 18 why")
					c.auth(false, "so")
					c.out()
				}
				c.in(fmt.Sprintf("20 _ 00 %02X 00", byte(reason)))
				c.wantEvents("of the refusal", fmt.Sprintf("connack %02X", byte(reason)))
				c.wantEnded(errors.ErrProtocol, "refused")
				c.wantAuthRefused(false, "", errors.ErrNotConnected, "after the refusal")
			}
		}
	})
	t.Run("MQTT5-3.1.2-30 only AUTH before CONNACK", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.begin(methodM, keepAliveOf(10))
		c.in(challengeM)
		c.wantEvents("of the challenge", "auth 18 why")
		_, err := c.Publish(&Publish{Topic: "a", QoS: 1})
		c.wantError(err, errors.ErrNotConnected, "PUBLISH")
		_, err = c.Subscribe([]Subscription{{Filter: "a"}}, NoSubscriptionIdentifier, nil)
		c.wantError(err, errors.ErrNotConnected, "SUBSCRIBE")
		c.wantError(c.Ping(c.now), errors.ErrNotConnected, "PINGREQ")
		c.advance(minute)
		c.wantIdle("after a minute")
		c.auth(false, "so")
		c.wantOut("F0 _ 18 { 15 L'm 16 L'so }", "AUTH")
	})
	for _, row := range []struct {
		name, in string
		reason   packet.ReasonCode
	}{
		{"MQTT5-4.12.0-2 success", doneM, packet.ProtocolError},
		{"MQTT5-4.12.0-2 MQTT5-3.15.2-1 re-authenticate", "F0 _ 19 { 15 L'm }", packet.ProtocolError},
		{"MQTT5-3.15.2-1 undefined reason", "F0 _ 01 { 15 L'm }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 another method", "F0 _ 18 { 15 L'x }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 the method in other letters", "F0 _ 18 { 15 L'M }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 U5-18 no method", "F0 _ 18 { }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 U5-18 empty AUTH", "F0 00", packet.ProtocolError},
		{"MQTT5-4.12.0-5 CONNACK with another method", "20 _ 00 00 { 15 L'x }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 CONNACK without a method", accepted, packet.ProtocolError},
		{"MQTT5-3.15.1-1 flags", "F1 _ 18 { 15 L'm }", packet.MalformedPacket},
		{"MQTT5-3.15.2-2 Reason String twice", "F0 _ 18 { 15 L'm 1F L'a 1F L'a }", packet.ProtocolError},
		{"U5-07 method twice", "F0 _ 18 { 15 L'm 15 L'm }", packet.ProtocolError},
		{"U5-07 data twice", "F0 _ 18 { 15 L'm 16 L'a 16 L'a }", packet.ProtocolError},
		{"U5-06 property of another packet", "F0 _ 18 { 15 L'm 01 00 }", packet.MalformedPacket},
		{"no Property Length", "F0 01 18", packet.MalformedPacket},
		{"MQTT5-3.2.0-1 PUBLISH", "30 _ L'a { }", packet.ProtocolError},
		{"MQTT5-3.2.0-1 PINGRESP", "D0 00", packet.ProtocolError},
	} {
		for _, after := range []string{"", challengeM} {
			t.Run(row.name+", after "+after, func(t *testing.T) {
				c := begin(t)
				c.in(after)
				c.pump()
				c.in(row.in)
				if events := c.pump(); len(events) > 0 {
					t.Fatal("an attempt that fails tells nothing by itself:", events)
				}
				c.wantFailed(row.reason, row.name)
				c.wantAuthRefused(false, "", errors.ErrNotConnected, "after the end")
				c.Closed()
				c.wantAuthRefused(false, "", errors.ErrNotConnected, "without a connection")
				c.connect(acceptedM, methodM)
			})
		}
	}
	t.Run("MQTT5-3.1.2-24 AUTH above the announced size", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.begin(methodM, func(o *Options) { o.MaximumPacketSize = 13 })
		c.in(challengeM)
		c.wantFailed(packet.PacketTooLarge, "14 bytes")
	})
}

func TestReAuthentication(t *testing.T) {
	t.Run("MQTT5-4.12.1-1 MQTT5-4.12.0-5 the whole exchange, and other packets meanwhile", func(t *testing.T) {
		c := authenticated(t, receiveMaximum(1))
		c.publish("a", "1", 1)
		c.out()
		c.auth(true, "again")
		c.wantOut("F0 _ 19 { 15 L'm 16 L'again }", "the beginning")
		c.publish("a", "2", 0)
		c.in("40 02 00 01; 30 _ L'b 00 'x")
		c.wantEvents("of other packets", "done 1 PUBACK 00", "in 0 b x")
		c.wantOut("30 _ L'a 00 '2", "a message meanwhile")
		c.wantEvents("of the message", "out a 2")
		c.wantAuthRefused(true, "", errors.ErrWrongState, "a second one")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "an answer to nothing")
		c.in(challengeM)
		c.wantEvents("of the challenge", "auth 18 why")
		c.subscribe("f")
		c.auth(false, "so")
		c.wantOut("82 _ 00 02 00 L'f 01; F0 _ 18 { 15 L'm 16 L'so }", "in the order of the calls")
		c.in("F0 _ 00 { 15 L'm 16 L'end }; 90 _ 00 02 00 01")
		c.wantEvents("of the end", "auth 00 end", "subscribed 2 f 01")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "an answer after the end")
		c.auth(true, "more")
		c.wantOut("F0 _ 19 { 15 L'm 16 L'more }", "the next one")
		c.in(doneM)
		c.wantEvents("of an end without a challenge", "auth 00")
	})
	t.Run("an answer that comes after the end is refused", func(t *testing.T) {
		c := authenticated(t)
		c.auth(true, "")
		c.out()
		c.in(challengeM + ";" + doneM)
		c.wantEvents("both", "auth 18 why", "auth 00")
		c.wantAuthRefused(false, "", errors.ErrWrongState, "after the end")
	})
	t.Run("MQTT5-3.3.4-8 a used-up quota does not hold AUTH back", func(t *testing.T) {
		c := newTrace(t, packet.V5)
		c.connect("20 _ 00 00 { 15 L'm 21 0001 }", methodM)
		c.publish("a", "1", 1)
		c.publish("a", "2", 1)
		c.out()
		c.auth(true, "x")
		c.wantOut("F0 _ 19 { 15 L'm 16 L'x }", "AUTH")
	})
	t.Run("MQTT5-4.12.1-2 the server refuses: DISCONNECT with its code", func(t *testing.T) {
		for _, answered := range []bool{false, true} {
			c := authenticated(t)
			c.auth(true, "x")
			if answered {
				c.in(challengeM)
				c.wantEvents("of the challenge", "auth 18 why")
				c.auth(false, "so")
			}
			c.out()
			c.in("E0 01 87")
			c.wantEvents("of the refusal", "error 500")
			if d := c.End().Disconnect; !c.End().ByServer || d.Reason != packet.NotAuthorized {
				t.Fatalf("end %+v", c.End())
			}
			c.wantEnded(errors.ErrProtocol, "refused")
			c.wantAuthRefused(false, "", errors.ErrNotConnected, "after the refusal")
		}
	})
	t.Run("MQTT5-4.12.1-2 the program refuses: DISCONNECT with a code of ours", func(t *testing.T) {
		c := authenticated(t)
		c.auth(true, "x")
		c.in("F0 _ 00 { 15 L'm 16 L'forged }")
		c.wantEvents("of the end", "auth 00 forged")
		c.out()
		if err := c.Disconnect(packet.UnspecifiedError, nil); err != nil {
			t.Fatal(err)
		}
		c.wantOut("E0 01 80", "DISCONNECT")
	})
	for _, row := range []struct {
		name, before, in string
		reason           packet.ReasonCode
	}{
		{"4.12.1 a challenge that nothing asked for", "", challengeM, packet.ProtocolError},
		{"4.12.1 success that nothing asked for", "", doneM, packet.ProtocolError},
		{"4.12.1 success twice", "again", doneM + ";" + doneM, packet.ProtocolError},
		{"4.12.1 a challenge after success", "again", doneM + ";" + challengeM, packet.ProtocolError},
		{"MQTT5-4.12.0-5 another method", "again", "F0 _ 18 { 15 L'x }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 success with another method", "again", "F0 _ 00 { 15 L'x }", packet.ProtocolError},
		{"MQTT5-4.12.0-5 success without a method", "again", "F0 _ 00 { }", packet.ProtocolError},
		{"MQTT5-3.15.2-1 re-authenticate", "again", "F0 _ 19 { 15 L'm }", packet.ProtocolError},
		{"MQTT5-3.15.2-1 refusal, which is DISCONNECT's", "again", "F0 _ 87 { 15 L'm }", packet.ProtocolError},
		{"MQTT5-3.15.1-1 flags", "again", "F8 _ 00 { 15 L'm }", packet.MalformedPacket},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := authenticated(t)
			if row.before != "" {
				c.auth(true, row.before)
				c.out()
			}
			c.in(row.in)
			for _, told := range c.pump() {
				if told != "auth 00" && told != "error 500" {
					t.Fatalf("event %q", told)
				}
			}
			c.wantFailed(row.reason, row.name)
		})
	}
}

// Nothing of an authentication is left for the next connection.
func TestAuthBelongsToItsConnection(t *testing.T) {
	c := newTrace(t, packet.V5)
	c.begin(methodM)
	c.in(challengeM)
	c.cut()
	c.begin(methodM)
	c.wantAuthRefused(false, "", errors.ErrWrongState, "the challenge of the last connection")
	c.in(acceptedM)
	c.auth(true, "x")
	c.cut()
	c.pump()
	c.connect(acceptedM, methodM)
	c.auth(true, "y")
	c.wantOut("F0 _ 19 { 15 L'm 16 L'y }", "the re-authentication of the last connection is over")
	c.cut()
	c.connect(accepted)
	c.wantAuthRefused(true, "m", errors.ErrWrongState, "without a method")
}

func TestAuthImpossible(t *testing.T) {
	c := newTrace(t, packet.V5)
	for _, again := range []bool{false, true} {
		c.wantAuthRefused(again, "m", errors.ErrNotConnected, "on an idle client")
	}
	both(t, func(t *testing.T, v packet.Version) {
		t.Run("MQTT5-4.12.0-7 no method in CONNECT", func(t *testing.T) {
			for _, again := range []bool{false, true} {
				for _, method := range []string{"", "m"} {
					c := newTrace(t, v)
					c.begin()
					c.wantAuthRefused(again, method, errors.ErrWrongState, "before CONNACK")
					c.in(accepted)
					c.wantAuthRefused(again, method, errors.ErrWrongState, "on a standing connection")
				}
			}
		})
	})
	t.Run("MQTT5-4.12.1-1 another method", func(t *testing.T) {
		c := authenticated(t)
		c.wantAuthRefused(true, "x", errors.ErrProtocol, "re-authentication")
		c.auth(true, "")
		c.out()
		c.in(challengeM)
		c.wantAuthRefused(false, "x", errors.ErrProtocol, "answer")
		if err := c.Auth(false, "m", nil); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAuthMaximumPacketSize(t *testing.T) {
	explained := authData("x").AppendString(packet.PropReasonString, "because").AppendUserProperty("k", "v")
	for _, row := range []struct {
		name  string
		limit uint32
		want  string // "" = 10040
	}{
		{"MQTT5-3.2.2-15 exactly the limit", 29, "F0 _ 19 { 15 L'm 16 L'x 1F L'because 26 L'k L'v }"},
		{"MQTT5-3.15.2-2 MQTT5-3.15.2-3 one less", 28, "F0 _ 19 { 15 L'm 16 L'x }"},
		{"MQTT5-3.2.2-15 exactly the rest", 12, "F0 _ 19 { 15 L'm 16 L'x }"},
		{"MQTT5-3.2.2-15 less than the rest", 11, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newTrace(t, packet.V5)
			c.connect(fmt.Sprintf("20 _ 00 00 { 15 L'm 27 %08X }", row.limit), methodM)
			err := c.Auth(true, "", explained)
			if row.want == "" {
				c.wantError(err, errors.ErrMessageTooLong, row.name)
				c.wantNoOut(row.name)
				c.wantAuthRefused(false, "", errors.ErrWrongState, "nothing is under way")
				c.wantAuthRefused(true, "", errors.ErrMessageTooLong, "so it may be tried again")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.wantOut(row.want, row.name)
		})
	}
}

func TestAuthRequestProblemInformation(t *testing.T) {
	for _, p := range []string{"1F L'x", "26 L'k L'v"} {
		for _, phase := range []Phase{Connecting, Connected} {
			t.Run(fmt.Sprintf("MQTT5-3.1.2-29 %s in phase %d", p, phase), func(t *testing.T) {
				for _, off := range []bool{false, true} {
					c := newTrace(t, packet.V5)
					c.begin(methodM, func(o *Options) {
						if off {
							o.RequestProblemInformation = 0
						}
					})
					if phase == Connected {
						c.in(acceptedM)
						c.pump()
						c.auth(true, "x")
						c.out()
					}
					c.in("F0 _ 18 { 15 L'm 16 L'y " + p + " }")
					if off {
						c.wantFailed(packet.ProtocolError, p)
						continue
					}
					c.wantEvents(p, "auth 18 y")
				}
			})
		}
	}
}

// The event owns its properties: the bytes they came in are the reader's.
func TestAuthEventIsACopy(t *testing.T) {
	c := newTrace(t, packet.V5)
	c.begin(methodM)
	b := wire(packet.V5, "F0 _ 18 { 15 L'm 16 L'why 1F L'text 26 L'k L'v }")
	c.feed(b)
	clear(b)
	a := c.TakeEvents()[0].Detail.(*packet.Auth)
	if got, want := string(a.Properties), string(wire(packet.V5, "15 L'm 16 L'why 1F L'text 26 L'k L'v")); got != want {
		t.Fatalf("the properties are % X, want % X", got, want)
	}
}

// FuzzAuth mixes commands and AUTH packets in any order, and compares with the rules of section 4.12 told once more.
func FuzzAuth(f *testing.F) {
	f.Add([]byte{0, 2, 0, 2, 4, 1, 2, 0, 3})
	f.Add([]byte{4, 1, 3, 1, 2, 2, 0, 0, 0, 6})
	f.Add([]byte{2, 4, 0, 7, 2, 0, 5})
	f.Add([]byte{1, 4, 8, 1, 8, 3, 2})
	f.Fuzz(func(t *testing.T, program []byte) {
		c := newTrace(t, packet.V5)
		c.begin(methodM)
		challenges, again := 0, false
		for _, op := range program[:min(len(program), 200)] {
			phase := c.Phase()
			want := ""
			switch op % 9 {
			case 0, 1:
				asked := op%9 == 1
				possible := challenges > 0
				if asked {
					possible = phase == Connected && !again
				}
				err := c.Auth(asked, "", nil)
				if possible != (err == nil) {
					t.Fatalf("Auth(%v) in phase %d with %d challenges, again %v: %v", asked, phase, challenges, again, err)
				}
				switch {
				case err != nil:
				case asked:
					again, want = true, "F0 _ 19 { 15 L'm }"
				default:
					challenges, want = challenges-1, "F0 _ 18 { 15 L'm }"
				}
			case 2:
				c.in(challengeM)
				if challenges++; phase == Connected && !again {
					want = "E0 01 82"
				}
			case 3:
				c.in(doneM)
				if phase != Connected || !again {
					want = "E0 01 82"
				}
				challenges, again = 0, false
			case 4:
				c.in(acceptedM)
				if phase == Connected {
					want = "E0 01 82"
				}
				challenges = 0
			case 5:
				c.in("E0 01 87")
			case 6:
				c.cut()
				c.begin(methodM)
				challenges, again = 0, false
			case 7:
				c.in("F0 _ 18 { 15 L'x }")
				want = "E0 01 82"
			case 8:
				if _, err := c.Publish(&Publish{Topic: "a"}); (err == nil) != (phase == Connected) {
					t.Fatalf("Publish in phase %d: %v", phase, err)
				}
				c.wantLegal(c.out())
			}
			if phase == Ended {
				want = ""
			}
			c.wantOut(want, fmt.Sprintf("operation %d in phase %d", op%9, phase))
			if c.Phase() == Ended {
				challenges, again = 0, false
			}
			c.pump()
		}
	})
}
