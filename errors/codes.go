package errors

// The numbers of the MQTT group: the protocol and the arguments it defines.
const (
	// ErrProtocol: the server sent a packet that MQTT does not allow, refused
	// the connection or a message, or ended the connection with a reason code
	// of 128 or more; or the caller asked for something that the server
	// excluded. The description names packet and reason code: act on those.
	ErrProtocol = 500
	// ErrPacketIdsExhausted: all 65535 packet ids wait for acknowledgments.
	// Publish again after some MessageAck events.
	ErrPacketIdsExhausted = 501
	// ErrInvalidTopicName: a topic to publish to is empty, longer than 65535
	// bytes, not UTF-8, or contains "+", "#" or U+0000. Correct the topic.
	ErrInvalidTopicName = 502
	// ErrInvalidTopicFilter: a topic to subscribe to is empty, too long, not
	// UTF-8, has a wildcard or $share where none may stand, or uses a feature
	// that the server does not offer. Correct the filter.
	ErrInvalidTopicFilter = 503
	// ErrMalformedMessage: a payload declared as text is not UTF-8, or saved
	// session data cannot be read. Correct the payload or drop the data.
	ErrMalformedMessage = 504
	// ErrInvalidQoS: a quality of service is not 0, 1 or 2, or is above what
	// the server grants. Use a lower one.
	ErrInvalidQoS = 505
)

// The numbers of the WebSocket group: the frames that carry MQTT over ws and wss.
const (
	// ErrWebSocketSend: a frame could not be written, and the system gave no
	// number of its own. The connection is lost; connect again.
	ErrWebSocketSend = 4001
	// ErrWebSocketClose: the closing frame could not be written. The
	// connection is closed all the same; nothing is to be done.
	ErrWebSocketClose = 4002
	// ErrWebSocketProtocol: the server broke the WebSocket rules, or does not
	// speak MQTT at this address. Check the path of RemoteHost.
	ErrWebSocketProtocol = 4003
)

// The numbers of the HTTP group: URLs, proxies, methods in progress.
const (
	// ErrProxy: the proxy cannot be reached, wants other credentials, or
	// refuses the destination. The description tells its answer.
	ErrProxy = 118
	// ErrBusy: DoEvents or Run was called while one of them is running, for
	// example from an event handler. Return from the handler instead.
	ErrBusy = 143
	// ErrHTTPAnswer: the server did not switch to WebSocket. The description
	// holds its answer; check address, path and credentials.
	ErrHTTPAnswer = 151
	// ErrURLWithoutHost: RemoteHost is a URL that names no server. Complete it.
	ErrURLWithoutHost = 152
	// ErrURLScheme: RemoteHost is a URL with a scheme other than tcp, mqtt,
	// ssl, mqtts, ws, wss and unix. Use one of these.
	ErrURLScheme = 153
	// ErrNoRanges: a web server cannot send parts of a file. Listed only.
	ErrNoRanges = 155
	// ErrCookieIndex: no cookie has this index. Listed only.
	ErrCookieIndex = 156
	// ErrInterrupted: Interrupt was called, or the context of the method was
	// cancelled, while the method waited. Intended by the program itself.
	ErrInterrupted = 301
	// ErrFileNotOpened: a file named in a property or setting cannot be
	// opened. Check its path and permissions.
	ErrFileNotOpened = 302
)

// The numbers of the TCPClient group: the life of a connection.
const (
	// ErrRemotePortFixed: RemotePort was set on an open or opening connection.
	// Disconnect first.
	ErrRemotePortFixed = 100
	// ErrRemoteHostFixed: RemoteHost was set on an open or opening connection.
	// Disconnect first.
	ErrRemoteHostFixed = 101
	// ErrNoRemoteHost: RemoteHost is empty, or leads only to an unspecified
	// address such as 0.0.0.0. Set it before Connect.
	ErrNoRemoteHost = 102
	// ErrAlreadyConnected: Connect was called on an open connection. Use the
	// connection, or disconnect first.
	ErrAlreadyConnected = 104
	// ErrLocalPortFixed: LocalPort was set on an open or opening connection.
	// Disconnect first.
	ErrLocalPortFixed = 106
	// ErrLocalHostFixed: LocalHost was set on an open or opening connection.
	// Disconnect first.
	ErrLocalHostFixed = 107
	// ErrMaxLineLengthFixed: the setting MaxLineLength was changed on an open
	// connection. Disconnect first.
	ErrMaxLineLengthFixed = 112
	// ErrNoRemotePort: RemotePort is 0. Set it before Connect.
	ErrNoRemotePort = 116
	// ErrUseConnectionFixed: UseConnection was changed too late. Listed only.
	ErrUseConnectionFixed = 117
	// ErrWouldBlockAlias: second number of ErrWouldBlock. Listed only.
	ErrWouldBlockAlias = 135
	// ErrTimeout: a time limit of the component or the deadline of a context
	// passed. Try again, or raise the limit; the method's comment says
	// whether the message may have been sent.
	ErrTimeout = 201
	// ErrWrongState: the property, setting or method is not available in the
	// present state or protocol version. The description tells why.
	ErrWrongState = 211
	// ErrNotConnected: the method needs a connection and there is none.
	// Nothing was sent; connect first.
	ErrNotConnected = 212
	// ErrListening: not possible while listening. Listed only.
	ErrListening = 213
	// ErrCodePage: the text has characters that the code page lacks, or the
	// code page is not supported. Choose another page, or publish bytes.
	ErrCodePage = 434
	// ErrAlreadyConnecting: Connect was called during an attempt to connect.
	// Wait for the Connected event, or call Interrupt.
	ErrAlreadyConnecting = 1105
	// ErrConnectFirst: second number of ErrNotConnected. Listed only.
	ErrConnectFirst = 1117
	// ErrLocalHostFixedAlias: second number of ErrLocalHostFixed. Listed only.
	ErrLocalHostFixedAlias = 1119
	// ErrConnectionClosedByPeer: the server closed the connection in order but
	// without a word of MQTT. Connect again; if it happens at once, look at
	// the server's log, or check whether its port expects TLS.
	ErrConnectionClosedByPeer = 1120
)

// The numbers of the SSL group: TLS and certificates.
const (
	// ErrSSLLibrary: a PKCS#11 module cannot be loaded, or this build does not
	// support the type of the store. Check the path or the store type.
	ErrSSLLibrary = 270
	// ErrCertificateStore: a certificate store cannot be read. Check its path,
	// type and password.
	ErrCertificateStore = 271
	// ErrCertificateNotFound: the store has no certificate with this subject
	// or thumbprint. Check the spelling; "*" takes any certificate.
	ErrCertificateNotFound = 272
	// ErrCredentials: the client certificate lacks a usable private key. Check
	// that key and certificate belong together, and the key's password.
	ErrCredentials = 273
	// ErrCertificateChain: the certificates in SSLCACerts cannot be read or do
	// not continue the client certificate. Correct SSLCACerts.
	ErrCertificateChain = 274
	// ErrCertificateUntrusted: the server's certificate leads to no authority
	// that is trusted. Add its authority to SSLServerCACerts.
	ErrCertificateUntrusted = 275
	// ErrTLSHandshake: client and server did not agree on a TLS connection.
	// Check that the port speaks TLS, and the enabled versions and suites.
	ErrTLSHandshake = 276
	// ErrCertificateRejected: the server's certificate has expired, is made
	// for another name or purpose, is signed with a weak algorithm, or was
	// turned down in the SSLServerAuthentication event.
	ErrCertificateRejected = 280
	// ErrNoClientCertificate: the server demands a client certificate and
	// SSLCert is not set. Set it.
	ErrNoClientCertificate = 281
	// ErrNoServerCertificate: the server presented no certificate. Such a
	// server cannot be trusted.
	ErrNoServerCertificate = 282
	// ErrEncrypt: outgoing data could not be encrypted. Connect again.
	ErrEncrypt = 283
	// ErrDecrypt: incoming data could not be decrypted: it was damaged on its
	// way, or the server broke off TLS with an alert. Connect again.
	ErrDecrypt = 284
)

// The numbers of the TCP/IP group: the operating system and the name service.
const (
	// ErrSystemCallInterrupted: a signal ended a system call. Try again.
	ErrSystemCallInterrupted = 10004
	// ErrBadFile: the system does not know the socket or file.
	ErrBadFile = 10009
	// ErrAccessDenied: the system or a firewall forbids the operation.
	ErrAccessDenied = 10013
	// ErrBadAddress: a system call was given a bad pointer.
	ErrBadAddress = 10014
	// ErrInvalidArgument: a property, argument or setting has a bad value that
	// has no number of its own. The description names it: correct the value.
	ErrInvalidArgument = 10022
	// ErrTooManyOpenFiles: the process or the system has no file handles left.
	// Close connections, or raise the limit.
	ErrTooManyOpenFiles = 10024
	// ErrWouldBlock: the outgoing buffer is full and Timeout is 0. Wait for
	// the ReadyToSend event.
	ErrWouldBlock = 10035
	// ErrInProgress: a blocking operation is running on the socket.
	ErrInProgress = 10036
	// ErrAlreadyInProgress: the socket is busy with an earlier operation.
	ErrAlreadyInProgress = 10037
	// ErrNotSocket: the handle is not a socket.
	ErrNotSocket = 10038
	// ErrDestinationRequired: the operation needs an address to send to.
	ErrDestinationRequired = 10039
	// ErrMessageTooLong: the packet exceeds what MQTT or the server accepts.
	// Send less, or split the payload.
	ErrMessageTooLong = 10040
	// ErrSocketProtocolType: protocol and type of the socket do not match.
	ErrSocketProtocolType = 10041
	// ErrBadProtocolOption: the system does not know a socket option.
	ErrBadProtocolOption = 10042
	// ErrProtocolNotSupported: the system lacks the network protocol.
	ErrProtocolNotSupported = 10043
	// ErrSocketTypeNotSupported: the system lacks the type of socket.
	ErrSocketTypeNotSupported = 10044
	// ErrOperationNotSupported: the socket cannot do what was asked of it.
	ErrOperationNotSupported = 10045
	// ErrProtocolFamilyNotSupported: the system lacks the protocol family.
	ErrProtocolFamilyNotSupported = 10046
	// ErrAddressFamilyNotSupported: the system lacks the address family, for
	// example IPv6. Check UseIPv6.
	ErrAddressFamilyNotSupported = 10047
	// ErrAddressInUse: the local address is taken. Check LocalPort.
	ErrAddressInUse = 10048
	// ErrAddressNotAvailable: LocalHost is not an address of this computer.
	ErrAddressNotAvailable = 10049
	// ErrNetworkDown: the network interface is down. Try again later.
	ErrNetworkDown = 10050
	// ErrNetworkUnreachable: there is no route to the server's network.
	ErrNetworkUnreachable = 10051
	// ErrNetworkReset: the network dropped the connection. Connect again.
	ErrNetworkReset = 10052
	// ErrConnectionAborted: the connection broke on this side; also the number
	// of network errors that have no other. Connect again.
	ErrConnectionAborted = 10053
	// ErrConnectionReset: the server or a device on the way cut the
	// connection. Connect again.
	ErrConnectionReset = 10054
	// ErrNoBufferSpace: the system is out of memory for network buffers.
	ErrNoBufferSpace = 10055
	// ErrSocketConnected: the socket has a connection already.
	ErrSocketConnected = 10056
	// ErrSocketNotConnected: the socket has no connection.
	ErrSocketNotConnected = 10057
	// ErrSocketShutdown: this side has closed the socket. Connect again.
	ErrSocketShutdown = 10058
	// ErrTooManyReferences: a system object is referenced too often.
	ErrTooManyReferences = 10059
	// ErrConnectionTimedOut: the server did not answer within the system's own
	// limit. Check address, port and firewall.
	ErrConnectionTimedOut = 10060
	// ErrConnectionRefused: nothing listens at this address and port. Check
	// both, and that the server is running.
	ErrConnectionRefused = 10061
	// ErrSymbolicLinkLoop: a path runs in a circle of symbolic links.
	ErrSymbolicLinkLoop = 10062
	// ErrNameTooLong: a file name is longer than the system allows.
	ErrNameTooLong = 10063
	// ErrHostDown: the server does not answer on the local network.
	ErrHostDown = 10064
	// ErrHostUnreachable: there is no route to the server.
	ErrHostUnreachable = 10065
	// ErrDirectoryNotEmpty: a directory to remove has files in it.
	ErrDirectoryNotEmpty = 10066
	// ErrTooManyProcesses: the system's limit of processes is reached.
	ErrTooManyProcesses = 10067
	// ErrTooManyUsers: the system's limit of users is reached.
	ErrTooManyUsers = 10068
	// ErrQuotaExceeded: the user's share of the disc is used up.
	ErrQuotaExceeded = 10069
	// ErrStaleHandle: a file on a network drive is gone. Open it again.
	ErrStaleHandle = 10070
	// ErrTooManyRemoteLevels: a path crosses too many network drives.
	ErrTooManyRemoteLevels = 10071
	// ErrNetworkSubsystem: Windows cannot offer network services now.
	ErrNetworkSubsystem = 10091
	// ErrWinsockVersion: Windows lacks the required version of its sockets.
	ErrWinsockVersion = 10092
	// ErrWinsockNotReady: Windows sockets were not initialized.
	ErrWinsockNotReady = 10093
	// ErrHostNotFound: the name of the server does not exist, or has no
	// address. Check RemoteHost.
	ErrHostNotFound = 11001
	// ErrHostNotFoundTryAgain: the name service did not answer. Try again.
	ErrHostNotFoundTryAgain = 11002
	// ErrNameServerFailure: the name service failed for good.
	ErrNameServerFailure = 11003
	// ErrNoAddress: the server has addresses, but none of the family that
	// UseIPv6 allows. Change UseIPv6.
	ErrNoAddress = 11004
)
