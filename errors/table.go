package errors

import (
	"iter"
	"slices"
)

// Entry is one row of the table of numbers.
type Entry struct {
	// Code is the number.
	Code int
	// Name is the name of its constant in this package, such as
	// "ErrNotConnected".
	Name string
	// Text is the beginning of every description with this number: one or
	// more sentences for a person.
	Text string
	// Group is "MQTT", "WebSocket", "HTTP", "TCPClient", "SSL" or "TCP/IP".
	Group string
	// Raised tells whether the component has a condition that gives this
	// number. The others are listed because their group is shared with other
	// components.
	Raised bool
}

// The groups of the documentation.
const (
	groupMQTT      = "MQTT"
	groupWebSocket = "WebSocket"
	groupHTTP      = "HTTP"
	groupTCPClient = "TCPClient"
	groupSSL       = "SSL"
	groupTCPIP     = "TCP/IP"
)

// table has a row per number in the order of the documentation. 301 and 302,
// which the documentation lists in two groups, stand in the first.
var table = []Entry{
	{ErrProtocol, "ErrProtocol", "The MQTT protocol was violated.", groupMQTT, true},
	{ErrPacketIdsExhausted, "ErrPacketIdsExhausted", "No packet id is free.", groupMQTT, true},
	{ErrInvalidTopicName, "ErrInvalidTopicName", "The topic name is not valid.", groupMQTT, true},
	{ErrInvalidTopicFilter, "ErrInvalidTopicFilter", "The topic filter is not valid.", groupMQTT, true},
	{
		ErrMalformedMessage, "ErrMalformedMessage",
		"The message data is damaged or not of the declared kind.", groupMQTT, true,
	},
	{ErrInvalidQoS, "ErrInvalidQoS", "The quality of service is not valid.", groupMQTT, true},

	{ErrWebSocketSend, "ErrWebSocketSend", "The WebSocket frame could not be sent.", groupWebSocket, true},
	{ErrWebSocketClose, "ErrWebSocketClose", "The WebSocket close frame could not be sent.", groupWebSocket, true},
	{ErrWebSocketProtocol, "ErrWebSocketProtocol", "The WebSocket protocol was violated.", groupWebSocket, true},

	{ErrProxy, "ErrProxy", "The proxy could not make the connection.", groupHTTP, true},
	{ErrBusy, "ErrBusy", "Another method is running.", groupHTTP, true},
	{ErrHTTPAnswer, "ErrHTTPAnswer", "The server gave an unexpected HTTP answer.", groupHTTP, true},
	{ErrURLWithoutHost, "ErrURLWithoutHost", "The URL names no server.", groupHTTP, true},
	{ErrURLScheme, "ErrURLScheme", "The scheme of the URL is unknown.", groupHTTP, true},
	{ErrNoRanges, "ErrNoRanges", "The server cannot send parts of a file.", groupHTTP, false},
	{ErrCookieIndex, "ErrCookieIndex", "The cookie index is out of range.", groupHTTP, false},
	{ErrInterrupted, "ErrInterrupted", "The method was interrupted.", groupHTTP, true},
	{ErrFileNotOpened, "ErrFileNotOpened", "The file could not be opened.", groupHTTP, true},

	{
		ErrRemotePortFixed, "ErrRemotePortFixed",
		"RemotePort cannot be changed while connected or connecting.", groupTCPClient, true,
	},
	{
		ErrRemoteHostFixed, "ErrRemoteHostFixed",
		"RemoteHost cannot be changed while connected or connecting.", groupTCPClient, true,
	},
	{ErrNoRemoteHost, "ErrNoRemoteHost", "RemoteHost is not an address to connect to.", groupTCPClient, true},
	{ErrAlreadyConnected, "ErrAlreadyConnected", "Already connected.", groupTCPClient, true},
	{
		ErrLocalPortFixed, "ErrLocalPortFixed",
		"LocalPort cannot be changed while connected or connecting.", groupTCPClient, true,
	},
	{
		ErrLocalHostFixed, "ErrLocalHostFixed",
		"LocalHost cannot be changed while connected or connecting.", groupTCPClient, true,
	},
	{
		ErrMaxLineLengthFixed, "ErrMaxLineLengthFixed",
		"MaxLineLength cannot be changed while connected.", groupTCPClient, true,
	},
	{ErrNoRemotePort, "ErrNoRemotePort", "RemotePort is zero.", groupTCPClient, true},
	{
		ErrUseConnectionFixed, "ErrUseConnectionFixed",
		"UseConnection cannot be changed any more.", groupTCPClient, false,
	},
	{ErrWouldBlockAlias, "ErrWouldBlockAlias", "The operation would have to wait.", groupTCPClient, false},
	{ErrTimeout, "ErrTimeout", "The time limit has passed.", groupTCPClient, true},
	{ErrWrongState, "ErrWrongState", "Action impossible in the present state.", groupTCPClient, true},
	{ErrNotConnected, "ErrNotConnected", "Action impossible while not connected.", groupTCPClient, true},
	{ErrListening, "ErrListening", "Action impossible while listening.", groupTCPClient, false},
	{ErrCodePage, "ErrCodePage", "The text does not fit the code page.", groupTCPClient, true},
	{ErrAlreadyConnecting, "ErrAlreadyConnecting", "Already connecting.", groupTCPClient, true},
	{ErrConnectFirst, "ErrConnectFirst", "A connection is needed first.", groupTCPClient, false},
	{
		ErrLocalHostFixedAlias, "ErrLocalHostFixedAlias",
		"LocalHost cannot be changed while connected or connecting.", groupTCPClient, false,
	},
	{ErrConnectionClosedByPeer, "ErrConnectionClosedByPeer", "The server closed the connection.", groupTCPClient, true},

	{ErrSSLLibrary, "ErrSSLLibrary", "The security library could not be loaded.", groupSSL, true},
	{ErrCertificateStore, "ErrCertificateStore", "The certificate store could not be read.", groupSSL, true},
	{ErrCertificateNotFound, "ErrCertificateNotFound", "The certificate is not in the store.", groupSSL, true},
	{ErrCredentials, "ErrCredentials", "The certificate and its private key cannot be used.", groupSSL, true},
	{ErrCertificateChain, "ErrCertificateChain", "The certificate chain could not be built.", groupSSL, true},
	{ErrCertificateUntrusted, "ErrCertificateUntrusted", "The certificate chain is not trusted.", groupSSL, true},
	{ErrTLSHandshake, "ErrTLSHandshake", "The TLS handshake failed.", groupSSL, true},
	{ErrCertificateRejected, "ErrCertificateRejected", "The server certificate was not accepted.", groupSSL, true},
	{ErrNoClientCertificate, "ErrNoClientCertificate", "The server demands a client certificate.", groupSSL, true},
	{ErrNoServerCertificate, "ErrNoServerCertificate", "The server presented no certificate.", groupSSL, true},
	{ErrEncrypt, "ErrEncrypt", "The data could not be encrypted.", groupSSL, true},
	{ErrDecrypt, "ErrDecrypt", "The data could not be decrypted.", groupSSL, true},

	{ErrSystemCallInterrupted, "ErrSystemCallInterrupted", "Interrupted system call.", groupTCPIP, true},
	{ErrBadFile, "ErrBadFile", "Bad file number.", groupTCPIP, true},
	{ErrAccessDenied, "ErrAccessDenied", "Access denied.", groupTCPIP, true},
	{ErrBadAddress, "ErrBadAddress", "Bad address.", groupTCPIP, true},
	{ErrInvalidArgument, "ErrInvalidArgument", "Invalid argument.", groupTCPIP, true},
	{ErrTooManyOpenFiles, "ErrTooManyOpenFiles", "Too many open files.", groupTCPIP, true},
	{ErrWouldBlock, "ErrWouldBlock", "Operation would block.", groupTCPIP, true},
	{ErrInProgress, "ErrInProgress", "Operation now in progress.", groupTCPIP, true},
	{ErrAlreadyInProgress, "ErrAlreadyInProgress", "Operation already in progress.", groupTCPIP, true},
	{ErrNotSocket, "ErrNotSocket", "Socket operation on something that is no socket.", groupTCPIP, true},
	{ErrDestinationRequired, "ErrDestinationRequired", "Destination address required.", groupTCPIP, true},
	{ErrMessageTooLong, "ErrMessageTooLong", "Message is too long.", groupTCPIP, true},
	{ErrSocketProtocolType, "ErrSocketProtocolType", "Wrong protocol type for the socket.", groupTCPIP, true},
	{ErrBadProtocolOption, "ErrBadProtocolOption", "Bad protocol option.", groupTCPIP, true},
	{ErrProtocolNotSupported, "ErrProtocolNotSupported", "Protocol is not supported.", groupTCPIP, true},
	{ErrSocketTypeNotSupported, "ErrSocketTypeNotSupported", "Socket type is not supported.", groupTCPIP, true},
	{
		ErrOperationNotSupported, "ErrOperationNotSupported",
		"Operation is not supported on the socket.", groupTCPIP, true,
	},
	{
		ErrProtocolFamilyNotSupported, "ErrProtocolFamilyNotSupported",
		"Protocol family is not supported.", groupTCPIP, true,
	},
	{
		ErrAddressFamilyNotSupported, "ErrAddressFamilyNotSupported",
		"Address family is not supported.", groupTCPIP, true,
	},
	{ErrAddressInUse, "ErrAddressInUse", "Address is already in use.", groupTCPIP, true},
	{ErrAddressNotAvailable, "ErrAddressNotAvailable", "Requested address cannot be assigned.", groupTCPIP, true},
	{ErrNetworkDown, "ErrNetworkDown", "Network is down.", groupTCPIP, true},
	{ErrNetworkUnreachable, "ErrNetworkUnreachable", "Network is unreachable.", groupTCPIP, true},
	{ErrNetworkReset, "ErrNetworkReset", "Network dropped or reset the connection.", groupTCPIP, true},
	{ErrConnectionAborted, "ErrConnectionAborted", "Connection aborted by software.", groupTCPIP, true},
	{ErrConnectionReset, "ErrConnectionReset", "Connection reset by peer.", groupTCPIP, true},
	{ErrNoBufferSpace, "ErrNoBufferSpace", "No buffer space available.", groupTCPIP, true},
	{ErrSocketConnected, "ErrSocketConnected", "Socket is already connected.", groupTCPIP, true},
	{ErrSocketNotConnected, "ErrSocketNotConnected", "Socket is not connected.", groupTCPIP, true},
	{ErrSocketShutdown, "ErrSocketShutdown", "Socket has been shut down.", groupTCPIP, true},
	{ErrTooManyReferences, "ErrTooManyReferences", "Too many references.", groupTCPIP, true},
	{ErrConnectionTimedOut, "ErrConnectionTimedOut", "Connection timed out.", groupTCPIP, true},
	{ErrConnectionRefused, "ErrConnectionRefused", "Connection refused.", groupTCPIP, true},
	{ErrSymbolicLinkLoop, "ErrSymbolicLinkLoop", "Too many levels of symbolic links.", groupTCPIP, true},
	{ErrNameTooLong, "ErrNameTooLong", "File name is too long.", groupTCPIP, true},
	{ErrHostDown, "ErrHostDown", "Host is down.", groupTCPIP, true},
	{ErrHostUnreachable, "ErrHostUnreachable", "No route to host.", groupTCPIP, true},
	{ErrDirectoryNotEmpty, "ErrDirectoryNotEmpty", "Directory is not empty.", groupTCPIP, true},
	{ErrTooManyProcesses, "ErrTooManyProcesses", "Too many processes.", groupTCPIP, true},
	{ErrTooManyUsers, "ErrTooManyUsers", "Too many users.", groupTCPIP, true},
	{ErrQuotaExceeded, "ErrQuotaExceeded", "Disc quota exceeded.", groupTCPIP, true},
	{ErrStaleHandle, "ErrStaleHandle", "Stale network file handle.", groupTCPIP, true},
	{ErrTooManyRemoteLevels, "ErrTooManyRemoteLevels", "Too many remote levels in the path.", groupTCPIP, true},
	{ErrNetworkSubsystem, "ErrNetworkSubsystem", "Network subsystem is unavailable.", groupTCPIP, true},
	{ErrWinsockVersion, "ErrWinsockVersion", "Version of Windows sockets is out of range.", groupTCPIP, true},
	{ErrWinsockNotReady, "ErrWinsockNotReady", "Windows sockets are not ready.", groupTCPIP, true},
	{ErrHostNotFound, "ErrHostNotFound", "Host not found.", groupTCPIP, true},
	{ErrHostNotFoundTryAgain, "ErrHostNotFoundTryAgain", "Host not found for the moment, try again.", groupTCPIP, true},
	{ErrNameServerFailure, "ErrNameServerFailure", "Name service failed.", groupTCPIP, true},
	{ErrNoAddress, "ErrNoAddress", "Host has no suitable address.", groupTCPIP, true},
}

// texts leads from a number to its text.
var texts = func() map[int]string {
	m := make(map[int]string, len(table))
	for _, row := range table {
		m[row.Code] = row.Text
	}
	return m
}()

// Description returns the text of the table for a number, "" for a number that
// the table does not have.
func Description(code int) string {
	return texts[code]
}

// All yields the rows of the table in the order of the documentation, each
// number once.
func All() iter.Seq[Entry] {
	return slices.Values(table)
}
