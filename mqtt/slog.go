package mqtt

import (
	"context"
	"log/slog"
)

// LogTo returns a handler for OnLog that writes to logger: LogLevel 1 as slog.LevelInfo, 2 as slog.LevelDebug and 3 as
// slog.LevelDebug-4, with LogType as the attribute "type". The setting LogLevel decides what is made at all, the logger
// what becomes of it. logger must not be nil; give it attributes of its own with logger.With, such as a client
// identifier.
func LogTo(logger *slog.Logger) func(e *LogEventArgs) {
	return func(e *LogEventArgs) {
		logger.LogAttrs(context.Background(), slogLevel(e.LogLevel), e.Message, slog.String("type", e.LogType))
	}
}

func slogLevel(logLevel int) slog.Level {
	switch logLevel {
	case logInformation:
		return slog.LevelInfo
	case logVerbose:
		return slog.LevelDebug
	}
	return slog.LevelDebug - 4
}
