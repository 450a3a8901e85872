package protocol

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// End tells how the last connection ended.
type End struct {
	Err        *errors.Error // nil: in order, by Disconnect or by the server's DISCONNECT with code 0
	ByServer   bool          // the server sent a DISCONNECT
	Disconnect ServerGoodbye // with ByServer
	Local      bool          // Disconnect was called
}

// ServerGoodbye is what the server's DISCONNECT said.
type ServerGoodbye struct {
	Reason          packet.ReasonCode
	ReasonString    string
	ServerReference string
	UserProperties  []packet.UserProperty
}

// End reports how the last connection ended. It is meaningful in the phase Ended.
func (c *Client) End() *End { return &c.end }

// fail answers a malformed packet or a protocol error: version 5.0 says why in a DISCONNECT [MQTT5-4.13.1-1]
// (U5-01); 3.1.1 just closes, since its DISCONNECT would be a graceful end that discards the will [MQTT311-4.8.0-1].
// The packet at fault has no effect.
func (c *Client) fail(t packet.Type, reason packet.ReasonCode, problem string) {
	c.failWith(&packet.Error{Type: t, Reason: reason, Problem: problem})
}

func (c *Client) failWith(cause *packet.Error) {
	c.failAs(cause.Reason, errors.Wrap(errors.ErrProtocol, "The server sent "+cause.Error()+".", cause))
}

// failAs is fail with an error of another number.
func (c *Client) failAs(reason packet.ReasonCode, err *errors.Error) {
	if c.phase == Ended {
		return
	}
	// Before CONNACK the server may not know that we speak v5 at all, yet the standard asks for DISCONNECT here too.
	if c.version == packet.V5 {
		if encoded, err := c.encodeDisconnect(reason, nil); err == nil { // else there is no room to say why
			c.output.tail = append(c.output.tail, encoded...)
		}
	}
	if c.phase == Connected {
		c.PushError(err)
	}
	c.endWith(err)
}

// endWith ends the connection for a reason of ours. Nothing more is read, and nothing follows a DISCONNECT
// [MQTT5-3.14.4-1] [MQTT311-3.14.4-2]; the outgoing buffer may still be written.
func (c *Client) endWith(err *errors.Error) {
	if c.phase == Ended || c.phase == Idle {
		return
	}
	c.phase = Ended
	c.end.Err = err
}

// Fail ends the connection for a reason outside the protocol: the network, a time limit, an interruption. The first
// reason counts.
func (c *Client) Fail(err *errors.Error) { c.endWith(err) }

// Disconnect queues DISCONNECT and ends the connection in order. Reason and properties are for v5; the caller has
// checked that a client may send the reason. On an error nothing has changed.
func (c *Client) Disconnect(reason packet.ReasonCode, p packet.Properties) error {
	expiry, given := p.Uint(packet.PropSessionExpiryInterval)
	given = given && c.version == packet.V5
	if given && expiry > 0 && c.options.SessionExpiry <= 0 { // [MQTT5-3.1.2-23] (U5-16)
		return errors.New(errors.ErrProtocol, "DISCONNECT with SessionExpInterval above 0 is not possible, since "+
			"CONNECT had 0 or none.")
	}
	var encoded []byte
	if c.phase == Connected {
		var err error
		if encoded, err = c.encodeDisconnect(reason, p); err != nil {
			return err
		}
	}
	if given {
		c.limits.SessionExpiry = expiry
	}
	if c.phase == Connected {
		c.output.tail = append(c.output.tail, encoded...)
		if !c.lives() { // [MQTT311-3.1.2-6]
			c.endSession()
		}
	}
	c.end.Local = true
	c.endWith(nil)
	return nil
}

// encodeDisconnect leaves out what explains the end when the server does not take that much [MQTT5-3.14.2-3]
// [MQTT5-3.14.2-4].
func (c *Client) encodeDisconnect(reason packet.ReasonCode, p packet.Properties) ([]byte, error) {
	d := packet.Disconnect{Reason: reason, Properties: p}
	encoded := packet.AppendDisconnect(nil, c.version, &d)
	if c.checkSize(packet.DISCONNECT, len(encoded)) != nil {
		d.Properties = p.Without(packet.PropReasonString, packet.PropUserProperty)
		encoded = packet.AppendDisconnect(nil, c.version, &d)
	}
	return encoded, c.checkSize(packet.DISCONNECT, len(encoded))
}

// receiveDisconnect ends the connection, which its owner closes [MQTT5-4.13.2-1] (U5-04), and keeps what the server
// said, also where another one is (U5-22).
func (c *Client) receiveDisconnect(p *packet.Disconnect) {
	c.end.ByServer = true
	c.end.Disconnect = ServerGoodbye{
		Reason:          p.Reason,
		ReasonString:    p.Properties.Text(packet.PropReasonString),
		ServerReference: p.Properties.Text(packet.PropServerReference),
		UserProperties:  packet.ReadUserProperties[packet.UserProperty](p.Properties),
	}
	if p.Reason == packet.NormalDisconnection {
		c.endWith(nil)
		return
	}
	err := errors.Refused(int(p.Reason), "The server ended the connection: DISCONNECT with "+
		describeReason(packet.DISCONNECT, p.Reason, p.Properties)+".")
	if c.phase == Connected {
		c.PushError(err)
	}
	c.endWith(err)
}

// Closed tells that the transport is gone: the next connection may begin. Requests that were not answered are over,
// since they are no part of the session, unless Settings.QueueRequests keeps them; the messages stay.
func (c *Client) Closed() {
	if c.Settings.QueueRequests {
		c.keepRequests()
	} else {
		c.DropRequests(!c.end.Local)
	}
	c.resetAsked()
	c.forgetAliases()
	c.phase = Idle
	c.output.reset()
	if c.awaited0 > 0 {
		lost := errors.New(errors.ErrNotConnected, "The connection was lost before the message was sent.")
		c.settleQoS0(&c.qos0Taken, lost)
		c.settleQoS0(&c.qos0, lost)
	}
	c.qos0, c.qos0Taken = chain{}, chain{}
}
