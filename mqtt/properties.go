package mqtt

import (
	"strings"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// MQTTVersions is the version of the protocol.
type MQTTVersions int

// The versions.
const (
	MvV3 MQTTVersions = 0 // MQTT 3.1.1
	MvV5 MQTTVersions = 1 // MQTT 5.0
)

// properties are the values behind the properties of the component.
type properties struct {
	cleanSession      bool
	clientID          string
	keepAliveInterval int
	password          string
	remoteHost        string
	remotePort        int
	remotePortSet     bool // a program's own port outranks the default of a URL's scheme
	timeout           int
	user              string
	version           MQTTVersions
	willMessage       string
	willTopic         string

	lastIncoming packet.Properties // of the message received last
	lastUser     []UserProperty    // the list of its user properties, once somebody has asked for it
}

func defaultProperties() properties {
	return properties{cleanSession: true, remotePort: 1883, timeout: 60}
}

// refuseUnlessIdleLocked is the check of the properties that are fixed while a connection or an attempt exists.
func (m *MQTT) refuseUnlessIdleLocked(code int, property string) error {
	if l := m.link; l != nil && l.fixedLocked() {
		if code != errors.ErrWrongState {
			return errors.New(code, "Disconnect first.") // the number says the rest
		}
		return errors.New(code, property+" cannot be changed while connected or connecting; Disconnect first.")
	}
	return nil
}

// setWhenIdle sets a property that is fixed while a connection or an attempt exists.
func setWhenIdle[T any](m *MQTT, code int, property string, field *T, value T) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refuseUnlessIdleLocked(code, property); err != nil {
		return err
	}
	*field = value
	return nil
}

func set[T any](m *MQTT, field *T, value T) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	*field = value
	return nil
}

func get[T any](m *MQTT, field *T) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *field
}

// CleanSession reports whether the next connection begins with an empty session. Default true.
func (m *MQTT) CleanSession() bool { return get(m, &m.properties.cleanSession) }

// SetCleanSession sets CleanSession: in 3.1.1 the clean-session flag, in v5 the clean-start flag, where
// SessionExpInterval says how long the server keeps the session afterwards. The value at Connect counts. With false a
// session that the server kept is continued: unacknowledged messages are sent again.
func (m *MQTT) SetCleanSession(clean bool) error { return set(m, &m.properties.cleanSession, clean) }

// ClientId returns the client identifier. Default "".
func (m *MQTT) ClientId() string { return get(m, &m.properties.clientID) }

// SetClientId sets the client identifier; the value at Connect counts. When it is empty and CleanSession is true,
// Connect makes a unique one and keeps it here; an identifier that a v5 server assigns is kept here too.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): not valid UTF-8, U+0000, or longer than 65535 bytes
func (m *MQTT) SetClientId(id string) error {
	if err := checkText("ClientId", id); err != nil {
		return err
	}
	return set(m, &m.properties.clientID, id)
}

// KeepAliveInterval returns the keep-alive interval in seconds: while connected the one in force, which a v5 server may
// have chosen. Default 0 = off.
func (m *MQTT) KeepAliveInterval() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keepAliveLocked()
}

func (m *MQTT) keepAliveLocked() int {
	if l := m.link; l != nil && l.stood {
		return int(m.client.Limits().KeepAlive)
	}
	return m.properties.keepAliveInterval
}

// SetKeepAliveInterval sets the keep-alive interval, 0 to 65535 seconds. A PINGREQ goes out when nothing was written,
// or nothing was received, for so long; if the server does not answer within the same time (setting PingTimeout) the
// connection ends with error 201. 0 switches both off.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
//   - [errors.ErrInvalidArgument] (10022): out of range
//
// A peer that falls silent is thus noticed KeepAliveInterval + PingTimeout after the last byte of it, whatever is
// written meanwhile: the system may take megabytes for a peer that is gone. A message that is leaving in front of the
// PINGREQ puts that off for as long as pieces of 256 KiB of it leave within PingTimeout. A peer that goes on sending
// and reads no more is noticed 2 * KeepAliveInterval + PingTimeout after the last byte that left. The time while the
// program does not pump and reading pauses for that reason does not count.
func (m *MQTT) SetKeepAliveInterval(seconds int) error {
	if err := checkRange("KeepAliveInterval", seconds, 0, 65535); err != nil {
		return err
	}
	return setWhenIdle(m, errors.ErrWrongState, "KeepAliveInterval", &m.properties.keepAliveInterval, seconds)
}

// Password returns the password. Default "".
func (m *MQTT) Password() string { return get(m, &m.properties.password) }

// SetPassword sets the password, any bytes; it is sent when it is not empty, and never logged. The value at Connect
// counts. MQTT 3.1.1 needs a User beside it: Connect refuses it with error 500 otherwise.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): longer than 65535 bytes
func (m *MQTT) SetPassword(password string) error {
	if err := checkBinary("Password", len(password)); err != nil {
		return err
	}
	return set(m, &m.properties.password, password)
}

// RemoteHost returns the server's name as it was set; while connected the address that it was resolved to, also that of
// another server to which the settings RemoteHosts or FollowServerReference have led.
func (m *MQTT) RemoteHost() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.remoteHostLocked()
}

func (m *MQTT) remoteHostLocked() string {
	if l := m.link; l != nil && l.stood && l.remote != "" {
		return l.remote
	}
	return m.properties.remoteHost
}

// SetRemoteHost sets the server: a name, an address, either of them with a port (host:1883, [::1]:1883), a URL such as
// tcp://host:1883 (tcp, mqtt, ssl, mqtts, ws, wss), or unix:///path for a socket in the file system. A port that it
// names outranks RemotePort. Spaces around it are cut, and a name with letters beyond ASCII is looked up as its IDN
// form.
//
// Errors:
//   - [errors.ErrRemoteHostFixed] (101): while connected or connecting
//   - [errors.ErrURLWithoutHost] (152): a URL without a host
//   - [errors.ErrURLScheme] (153): an unknown scheme
//   - [errors.ErrInvalidArgument] (10022): neither a name nor an address nor a valid URL, or a URL with a password
//
// An empty value is accepted; Connect refuses it with error 102.
func (m *MQTT) SetRemoteHost(host string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refuseUnlessIdleLocked(errors.ErrRemoteHostFixed, "RemoteHost"); err != nil {
		return err
	}
	return m.setRemoteHostLocked(host)
}

func (m *MQTT) setRemoteHostLocked(host string) error {
	if err := checkRemoteHost(host); err != nil {
		return err
	}
	m.properties.remoteHost = strings.TrimSpace(host)
	m.hosts.forget()
	return nil
}

func checkRemoteHost(host string) error {
	if err := checkText("RemoteHost", host); err != nil {
		return err
	}
	_, err := transport.Parse(host)
	return err
}

// RemotePort returns the server's port. Default 1883.
func (m *MQTT) RemotePort() int { return get(m, &m.properties.remotePort) }

// SetRemotePort sets the server's port, 0 to 65535; Connect refuses 0 with error 116.
//
// Errors:
//   - [errors.ErrRemotePortFixed] (100): while connected or connecting
//   - [errors.ErrInvalidArgument] (10022): out of range
func (m *MQTT) SetRemotePort(port int) error {
	if err := checkRange("RemotePort", port, 0, 65535); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refuseUnlessIdleLocked(errors.ErrRemotePortFixed, "RemotePort"); err != nil {
		return err
	}
	m.setRemotePortLocked(port)
	return nil
}

func (m *MQTT) setRemotePortLocked(port int) {
	m.properties.remotePort, m.properties.remotePortSet = port, true
	m.hosts.forget()
}

// setRemoteLocked sets both or neither.
func (m *MQTT) setRemoteLocked(host string, port int) error {
	if err := checkRemoteHost(host); err != nil {
		return err
	}
	if err := checkRange("RemotePort", port, 0, 65535); err != nil {
		return err
	}
	p := &m.properties
	p.remoteHost, p.remotePort, p.remotePortSet = strings.TrimSpace(host), port, true
	m.hosts.forget()
	return nil
}

// Timeout returns how many seconds a blocking method waits. Default 60.
func (m *MQTT) Timeout() int { return get(m, &m.properties.timeout) }

// SetTimeout sets how many seconds a blocking method waits before it returns error 201; for a publish that waits for
// room, bytes that leave start the time anew, while bytes received do not, since they make no room. 0: every method
// returns at once, possibly with error 10035.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): negative
func (m *MQTT) SetTimeout(seconds int) error {
	if err := checkRange("Timeout", seconds, 0, maxSeconds); err != nil {
		return err
	}
	return set(m, &m.properties.timeout, seconds)
}

// User returns the user name. Default "".
func (m *MQTT) User() string { return get(m, &m.properties.user) }

// SetUser sets the user name; it is sent when it is not empty. The value at Connect counts.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): not valid UTF-8, U+0000, or longer than 65535 bytes
func (m *MQTT) SetUser(user string) error {
	if err := checkText("User", user); err != nil {
		return err
	}
	return set(m, &m.properties.user, user)
}

// Version returns the version of the protocol. Default MvV3, which is MQTT 3.1.1.
func (m *MQTT) Version() MQTTVersions { return get(m, &m.properties.version) }

// SetVersion sets the version of the protocol.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
//   - [errors.ErrInvalidArgument] (10022): another value than MvV3 and MvV5
func (m *MQTT) SetVersion(version MQTTVersions) error {
	if err := checkRange("Version", int(version), int(MvV3), int(MvV5)); err != nil {
		return err
	}
	return setWhenIdle(m, errors.ErrWrongState, "Version", &m.properties.version, version)
}

// WillMessage returns the payload of the will. Default "".
func (m *MQTT) WillMessage() string { return get(m, &m.properties.willMessage) }

// SetWillMessage sets the payload of the will, which is sent only when WillTopic is set.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
//   - [errors.ErrCodePage] (434): a character that the setting CodePage lacks
//   - [errors.ErrMessageTooLong] (10040): longer than 65535 bytes when encoded with it
func (m *MQTT) SetWillMessage(message string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refuseUnlessIdleLocked(errors.ErrWrongState, "WillMessage"); err != nil {
		return err
	}
	return m.setWillMessageLocked(message)
}

func (m *MQTT) setWillMessageLocked(message string) error {
	if _, err := m.encodeWill(message); err != nil {
		return err
	}
	m.properties.willMessage = message
	return nil
}

// WillTopic returns the topic of the will. Default "" = no will.
func (m *MQTT) WillTopic() string { return get(m, &m.properties.willTopic) }

// SetWillTopic sets the topic of the will, the message that the server publishes when the connection ends in another
// way than by Disconnect. "" = no will.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
//   - [errors.ErrInvalidTopicName] (502): not a topic name
func (m *MQTT) SetWillTopic(topic string) error {
	if topic != "" {
		if err := packet.CheckTopicName(topic); err != nil {
			return errors.New(errors.ErrInvalidTopicName, "WillTopic "+err.Error()+".")
		}
	}
	return setWhenIdle(m, errors.ErrWrongState, "WillTopic", &m.properties.willTopic, topic)
}

// IncomingMessages lists the received QoS 1 and 2 messages whose acknowledgment is not complete.
func (m *MQTT) IncomingMessages() *MQTTMessageList { return &m.incomingList }

// OutgoingMessages lists the published QoS 1 and 2 messages that were sent and are not completely acknowledged.
func (m *MQTT) OutgoingMessages() *MQTTMessageList { return &m.outgoingList }

// receivedLast takes note of the properties of the message received last.
func (p *properties) receivedLast(last packet.Properties) { p.lastIncoming, p.lastUser = last, nil }

// incomingUser lists the user properties of the message received last. Programs ask for one after the other, and a
// server may send very many, so that the list is made once.
func (p *properties) incomingUser() []UserProperty {
	if p.lastUser == nil {
		p.lastUser = packet.ReadUserProperties[UserProperty](p.lastIncoming)
	}
	return p.lastUser
}
