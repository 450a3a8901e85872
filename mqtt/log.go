package mqtt

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// The values of LogEventArgs.LogLevel and of the setting LogLevel.
const (
	logInformation = 1
	logVerbose     = 2
	logDebug       = 3
)

// The values of LogEventArgs.LogType.
const (
	logInfo      = "Info"
	logPacket    = "Packet"
	logReconnect = "Reconnect"
	logSession   = "Session"
)

// logsLocked reports whether the setting LogLevel asks for entries of a level, for those that take some work.
func (m *MQTT) logsLocked(level int) bool { return level <= m.settings.logLevel }

// logLocked queues a Log event if the setting LogLevel asks for it.
func (m *MQTT) logLocked(level int, logType, message string) {
	if m.logsLocked(level) {
		m.client.PushOwner(&LogEventArgs{LogLevel: level, Message: message, LogType: logType}, len(message))
	}
}

// fireLog calls the handler with what is one line whatever names and texts of others are in it.
func (m *MQTT) fireLog(e *LogEventArgs) {
	if m.OnLog != nil {
		e.Message = oneLine(e.Message)
		m.OnLog(e)
	}
}

// fireSession logs what the protocol tells of the session, and at level 3 each packet that it is about.
func (m *MQTT) fireSession(e *protocol.Event, n *protocol.SessionNote) {
	m.mu.Lock()
	level := m.settings.logLevel // the protocol does not know it
	m.mu.Unlock()
	m.pump.begin(e, nil)
	if n.Level <= level && m.pump.begins(0) {
		m.fireLog(&LogEventArgs{LogLevel: n.Level, Message: n.Text, LogType: logSession})
	}
	if level >= logDebug {
		for i, id := range n.IDs {
			if m.pump.begins(1 + i) {
				m.fireLog(&LogEventArgs{
					LogLevel: logDebug, Message: fmt.Sprintf("Packet %d: %s.", id, n.Each),
					LogType: logSession,
				})
			}
		}
	}
	m.pump.end()
}

// oneLine escapes what is not printable: line ends and the control sequences of terminals above all.
func oneLine(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch quoted := strconv.QuoteRune(r); {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case strconv.IsPrint(r):
			b.WriteString(s[:n])
		default:
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

func printable(s string) bool {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// logQueuesLocked logs at level 3 what waits for the writer, for the server's acknowledgments and for the pump.
func (m *MQTT) logQueuesLocked(why string) {
	if m.logsLocked(logDebug) {
		events, bytes := m.client.Pending()
		m.logLocked(logDebug, logInfo, fmt.Sprintf("%s: %d bytes to be written, %d messages held back, %d events of "+
			"%d bytes to be fired.",
			why, m.client.OutputSize(), m.client.HeldBack(), events, bytes))
		m.eventsQueuedLocked()
	}
}

// logPauseLocked logs that reading pauses or goes on.
func (m *MQTT) logPauseLocked(why protocol.Pause) {
	switch why {
	case protocol.PumpBehind:
		m.logQueuesLocked("Reading pauses")
	case protocol.OutputFull:
		m.logQueuesLocked("Reading pauses for the server, which does not take the answers to what it sends")
	case protocol.Reading:
		m.logQueuesLocked("Reading goes on")
	}
}

// logLimitsLocked logs at level 3 what CONNECT and CONNACK have agreed on.
func (m *MQTT) logLimitsLocked() {
	if m.logsLocked(logDebug) {
		l := m.client.Limits()
		m.logLocked(logDebug, logInfo, fmt.Sprintf("In force: Keep Alive %d s, Session Expiry Interval %d s, Receive "+
			"Maximum %d, Maximum Packet Size %d, Topic Alias Maximum %d, Maximum QoS %d.",
			l.KeepAlive, l.SessionExpiry, l.ReceiveMaximum, l.MaximumPacketSize, l.TopicAliasMaximum, l.MaximumQoS))
	}
}

// statusLocked queues a ConnectionStatus event.
func (m *MQTT) statusLocked(event string, err *errors.Error) {
	a := &ConnectionStatusEventArgs{ConnectionEvent: event, Description: ok}
	if err != nil {
		a.StatusCode, a.Description = err.Code, err.Description
	}
	m.client.PushOwner(a, len(a.ConnectionEvent)+len(a.Description))
}

func describe(err *errors.Error) string {
	if err == nil {
		return ok
	}
	return err.Error()
}
