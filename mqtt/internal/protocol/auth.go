package protocol

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// authentication is where the enhanced authentication of a connection stands. The method itself is the program's; here
// is decided who may send AUTH when.
type authentication struct {
	challenges int  // AUTH 0x18 of the server that were not answered
	again      bool // our AUTH 0x19 was sent and the server's AUTH 0x00 has not come
}

// Auth queues an AUTH: the answer to one of the server, or with again the beginning of a re-authentication. An empty
// method stands for CONNECT's; p has the other properties. EventAuth tells the server's answer.
func (c *Client) Auth(again bool, method string, p packet.Properties) error {
	if c.phase != Connecting && c.phase != Connected {
		return errors.New(errors.ErrNotConnected, "Auth needs a connection.")
	}
	used := c.options.AuthenticationMethod
	if problem := c.mayAuthenticate(again, used); problem != "" {
		return errors.New(errors.ErrWrongState, problem)
	}
	if method != "" && method != used { // [MQTT5-4.12.0-5] [MQTT5-4.12.1-1]
		return errors.New(errors.ErrProtocol, fmt.Sprintf("Auth was given the method %s, but CONNECT had %s, which "+
			"holds for the whole connection.", Quote(method), Quote(used)))
	}
	a := packet.Auth{
		Reason:     packet.ContinueAuthentication, // [MQTT5-4.12.0-3]
		Properties: append(packet.Properties(nil).AppendString(packet.PropAuthenticationMethod, used), p...),
	}
	if again {
		a.Reason = packet.ReAuthenticate
	}
	encoded := packet.AppendAuth(nil, &a)
	if c.checkSize(packet.AUTH, len(encoded)) != nil { // [MQTT5-3.15.2-2] [MQTT5-3.15.2-3]
		a.Properties = a.Properties.Without(packet.PropReasonString, packet.PropUserProperty)
		encoded = packet.AppendAuth(nil, &a)
		if err := c.checkSize(packet.AUTH, len(encoded)); err != nil {
			return err
		}
	}
	c.output.tail = append(c.output.tail, encoded...)
	if again {
		c.auth.again = true
	} else {
		c.auth.challenges--
	}
	return nil
}

// mayAuthenticate says why an AUTH cannot be sent now, "" if it can. Before CONNACK it is all that can be sent
// [MQTT5-3.1.2-30]; see requireConnection.
func (c *Client) mayAuthenticate(again bool, method string) string {
	switch {
	case c.version != packet.V5:
		return "Auth needs MQTT 5.0; this connection speaks 3.1.1."
	case method == "": // [MQTT5-4.12.0-7]
		return "Auth needs an AuthenticationMethod in ConnectProperties; the CONNECT of this connection had none."
	case again && c.phase != Connected:
		return "Only a standing connection can be authenticated again; the server has not accepted this one yet."
	case again && c.auth.again:
		return "The server has not finished the last re-authentication."
	case !again && c.auth.challenges == 0:
		return "No AUTH of the server waits for an answer; each is answered once."
	}
	return ""
}

// receiveAuth takes a step of the server. It has no effect but the event: the answer is the program's. A step that is
// wrong ends the connection, also one of a re-authentication [MQTT5-4.12.1-2].
func (c *Client) receiveAuth(p *packet.Auth) {
	explanation := p.Properties.Without(packet.PropAuthenticationMethod, packet.PropAuthenticationData)
	if !c.mayExplain(packet.AUTH, explanation) {
		return
	}
	method, _ := p.Properties.Bytes(packet.PropAuthenticationMethod)
	switch used := c.options.AuthenticationMethod; {
	case used == "" || c.phase == Connected && !c.auth.again: // [MQTT5-4.12.0-6]
		c.fail(packet.AUTH, packet.ProtocolError, "nothing asked for it")
		return
	case string(method) != used: // [MQTT5-4.12.0-5]
		c.fail(packet.AUTH, packet.ProtocolError, "another authentication method than the one that was sent")
		return
	case c.phase == Connecting && p.Reason != packet.ContinueAuthentication: // [MQTT5-4.12.0-2]
		c.fail(packet.AUTH, packet.ProtocolError, "success, which CONNACK tells")
		return
	}
	if p.Reason == packet.ContinueAuthentication {
		c.auth.challenges++
	} else {
		c.auth = authentication{}
	}
	c.pushDetail(EventAuth, &packet.Auth{Reason: p.Reason, Properties: append(packet.Properties(nil), p.Properties...)},
		len(p.Properties))
}

// checkAuthentication compares the Authentication Method of CONNACK with CONNECT's [MQTT5-4.12.0-5].
func (c *Client) checkAuthentication(p packet.Properties) string {
	method, given := p.Bytes(packet.PropAuthenticationMethod)
	switch {
	case given && c.options.AuthenticationMethod == "":
		return "an authentication method, although none was sent"
	case given && string(method) != c.options.AuthenticationMethod:
		return "another authentication method than the one that was sent"
	case !given && c.version == packet.V5 && c.options.AuthenticationMethod != "":
		return "the authentication method that was sent is missing"
	}
	return ""
}
