package mqtt

import "github.com/iotcomponents/iot/errors"

// The values of LogEventArgs.LogLevel and of the setting LogLevel.
const (
	logInformation = 1
	logVerbose     = 2
	logDebug       = 3
)

// The values of LogEventArgs.LogType.
const (
	logInfo    = "Info"
	logPacket  = "Packet"
	logSession = "Session"
)

// log queues a Log event if the setting LogLevel asks for it. The lock is held.
func (m *MQTT) log(level int, logType, message string) {
	if level <= m.settings.logLevel {
		m.client.PushOwner(&LogEventArgs{LogLevel: level, Message: message, LogType: logType})
	}
}

// status queues a ConnectionStatus event. The lock is held.
func (m *MQTT) status(event string, err *errors.Error) {
	a := &ConnectionStatusEventArgs{ConnectionEvent: event, Description: ok}
	if err != nil {
		a.StatusCode, a.Description = err.Code, err.Description
	}
	m.client.PushOwner(a)
}

func describe(err *errors.Error) string {
	if err == nil {
		return ok
	}
	return err.Error()
}
