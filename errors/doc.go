// Package errors holds the numbered errors of the component: the type that
// every method and event of the SDK reports, the table of the numbers, and
// the one place where an error of the Go libraries becomes a number.
//
// # Branching on the number
//
// The number is the contract, the wording is not. Programs compare numbers:
//
//	switch errors.Code(err) {
//	case 0: // err is nil
//	case errors.ErrNotConnected: // nothing was sent, connect first
//	case errors.ErrTimeout: // may succeed when tried again
//	case -1: // not an error of this component
//	default: // show err to a person
//	}
//
// Code looks through every layer of wrapping. The methods of the standard
// package work as well: errors.As finds the *Error, errors.Is compares by
// number with a target made by New, and both reach the library error that was
// the cause, so that errors.Is(err, context.Canceled) keeps its meaning.
// Import one of the two packages under another name, for example
//
//	import (
//		"errors"
//
//		ioterrors "github.com/iotcomponents/iot/errors"
//	)
//
// # Groups
//
// The numbers come in six groups. MQTT (500 to 505) concerns the protocol and
// its arguments, WebSocket (4001 to 4003) the frames under it, HTTP and
// TCPClient (100 to 434, 1105 to 1120) the life of a connection and the
// proxy, SSL (270 to 284) TLS and certificates, TCP/IP (10004 to 11004) what
// the operating system and the name service say. TCP/IP numbers are those of
// Windows sockets on every system, so a refused connection is 10061 on Linux
// and macOS too. Some numbers are listed only because other components share
// the groups; Entry.Raised tells them apart.
//
// # One meaning per number
//
// The documented groups overlap. Where one number stands for two conditions,
// or one condition has two numbers, this package decides as follows:
//
//   - Error 301 is an interrupted method, never the end of a time limit; that is error 201.
//   - Error 302 is any file that cannot be opened, not only an attached one.
//   - Error 104 means connected, error 1105 means that an attempt to connect is running.
//   - Error 107 is raised for LocalHost; error 1119 has the same text and is not raised.
//   - Error 212 is raised without a connection; error 1117 is not raised.
//   - Error 10035 is raised when a call would block; error 135 is not raised.
//   - Error 118 covers every kind of proxy, also without HTTP.
//   - Error 10060 is the time limit of the operating system; limits set in the
//     component end with error 201.
package errors
