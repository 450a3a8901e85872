package mqtt

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// SaveSession returns the client's side of the session as text, for RestoreSession of a later process: the QoS 1 and 2
// messages that were published and are not completely acknowledged, the QoS 2 messages that were received and not
// completely acknowledged, the packet identifiers in use, and ClientId. With the setting SessionStateFile it writes the
// text there too, readable by the owner only; the file is replaced as a whole or not at all. It may be called at any
// time; the session goes on.
//
// The text is JSON with a version and a checksum. It holds the payloads of the messages, and no password.
//
// Errors, after which the file is what it was:
//   - [errors.ErrFileNotOpened] (302): the file cannot be written, or the name is that of something other than a plain
//     file that may be written
func (m *MQTT) SaveSession() (string, error) {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	s := m.client.Session()
	if s.ClientID == "" {
		s.ClientID = m.properties.clientID
	}
	file := m.settings.sessionStateFile
	m.mu.Unlock()
	text := appendSession(nil, s)
	if file != "" {
		if err := replaceFile(file, text); err != nil {
			return "", errors.Wrap(errors.ErrFileNotOpened,
				fmt.Sprintf("SessionStateFile %s cannot be written.", protocol.Quote(file)), err)
		}
	}
	m.mu.Lock()
	m.logLocked(logInformation, logSession, fmt.Sprintf("Session saved: %s.", describeSession(s)))
	m.eventsQueuedLocked()
	m.mu.Unlock()
	return textOf(text), nil
}

// RestoreSession takes over a session that SaveSession returned, from stateData or, with the setting SessionStateFile,
// from that file instead. CleanSession becomes false. It is called before Connect, or inside OnConnected when
// SessionPresent says that the server has the session: then what is not acknowledged goes out again at once, in the
// original order. When the server turns out to have no session, the messages that it had not taken over are sent as new
// ones.
//
// ClientId has to be the one of the session; it is set when it is empty.
//
// Errors, after which nothing has changed:
//   - [errors.ErrFileNotOpened] (302): the file cannot be read
//   - [errors.ErrMalformedMessage] (504): the data is damaged, not of SaveSession, or of another version
//   - [errors.ErrInvalidArgument] (10022): ClientId is another
//   - [errors.ErrWrongState] (211): the session comes too late: a QoS 1 or 2 message was published or a QoS 2 message
//     was delivered on the connection, or the component has unfinished outgoing messages of its own
func (m *MQTT) RestoreSession(stateData string) error {
	m.mu.Lock()
	file := m.settings.sessionStateFile
	m.mu.Unlock()
	text := bytesOf(stateData)
	if file != "" {
		var err error
		if text, err = readFile(file); err != nil {
			return errors.Wrap(errors.ErrFileNotOpened,
				fmt.Sprintf("SessionStateFile %s cannot be read.", protocol.Quote(file)), err)
		}
	}
	s, err := parseSession(text)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.properties
	ours := p.clientID
	if m.client.Phase() == protocol.Connected { // the property may have been changed since
		ours = m.client.ConnAck().ClientID
	}
	if ours != "" && s.ClientID != "" && s.ClientID != ours {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("The session belongs to ClientId %s, and ClientId is %s.", protocol.Quote(s.ClientID),
				protocol.Quote(ours)))
	}
	m.client.SetNow(m.now())
	if err := m.client.RestoreSession(s); err != nil {
		return err
	}
	p.cleanSession = false
	if p.clientID == "" {
		p.clientID = s.ClientID
	}
	m.client.NoteRestored()
	m.logLocked(logInformation, logSession, fmt.Sprintf("Session restored: %s.", describeSession(s)))
	if w := m.wireLocked(); w != nil {
		w.SettleLocked()
	}
	m.eventsQueuedLocked()
	return nil
}

func describeSession(s *protocol.Session) string {
	return fmt.Sprintf("%d outgoing and %d incoming messages of %s", len(s.Outgoing), len(s.Incoming),
		protocol.Quote(s.ClientID))
}
