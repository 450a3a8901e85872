package mqtt

import "github.com/iotcomponents/iot/mqtt/internal/packet"

// AuthProperties are what Auth sends.
type AuthProperties struct {
	AuthMethod     string // "" = AuthenticationMethod of ConnectProperties; another one is refused
	AuthData       []byte // 65535 bytes at most; nil = not sent, which is not the same as empty. Never logged
	ReasonString   string
	UserProperties []UserProperty
}

// Auth takes a step of an enhanced authentication, which MQTT 5 has for methods with several steps, such as SCRAM or
// Kerberos. AuthenticationMethod of ConnectProperties asks for one.
//
// With false it answers the OnAuth with ReasonCode 24, each once, inside the handler or later from any goroutine,
// before the connection stands as well as after. With true it begins a new authentication on the standing connection;
// messages flow meanwhile, and OnAuth with ReasonCode 0 tells its end. A server that refuses ends the connection:
// Connect returns 500, Disconnected has 500 and the server's reason code, mostly 135.
//
// It returns when the packet is accepted for sending. ReasonString and UserProperties are left out where the server's
// Maximum Packet Size has no room for them.
//
// Errors; not sent:
//   - [errors.ErrNotConnected] (212): there is no connection
//   - [errors.ErrWrongState] (211): the connection is one of 3.1.1 or without an AuthenticationMethod, there is nothing
//     to answer, or a new authentication is asked for before the connection stands or before the last one is over
//   - [errors.ErrProtocol] (500): the method is not that of CONNECT
//   - [errors.ErrInvalidArgument] (10022): AuthData is too long, or a text is not valid
//   - [errors.ErrMessageTooLong] (10040): the packet is larger than the server takes
func (m *MQTT) Auth(reAuthenticate bool, p AuthProperties) error {
	properties, err := p.encode()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	err = m.client.Auth(reAuthenticate, p.AuthMethod, properties)
	m.wakeWriterLocked()
	return err
}

// encode checks the properties and encodes them, without the method.
func (p *AuthProperties) encode() (packet.Properties, error) {
	var list packet.Properties
	if err := checkText("AuthMethod", p.AuthMethod); err != nil {
		return nil, err
	}
	if err := checkBinary("AuthData", len(p.AuthData)); err != nil {
		return nil, err
	}
	if p.AuthData != nil {
		list = list.AppendBytes(packet.PropAuthenticationData, p.AuthData)
	}
	return appendExplanation(list, p.ReasonString, p.UserProperties)
}

func (m *MQTT) fireAuth(a *packet.Auth) {
	if m.OnAuth == nil {
		return
	}
	data, _ := a.Properties.Bytes(packet.PropAuthenticationData)
	m.OnAuth(&AuthEventArgs{
		ReasonCode: int(a.Reason), ReasonName: packet.ReasonName(packet.AUTH, a.Reason),
		AuthMethod: a.Properties.Text(packet.PropAuthenticationMethod), AuthData: data,
		ReasonString:   a.Properties.Text(packet.PropReasonString),
		UserProperties: packet.ReadUserProperties[UserProperty](a.Properties),
	})
}
