package transport

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/firewall"
)

// Options say how to connect. They are fixed when an attempt begins.
type Options struct {
	Target           Target
	Port             int
	Socket           Socket
	Firewall         firewall.Firewall
	TLS              TLS
	WebSocketHeaders string // lines "Name: value" for the upgrade request
	AnySubprotocol   bool   // WebSocketAnyProtocol

	// Resolver looks names up, except where the firewall's helper does; nil = net.DefaultResolver.
	Resolver *net.Resolver
	// DialContext replaces the system's dialer, for tests; nil = net.Dialer. It is given names as they are.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Authenticate decides about the certificate of a TLS server, every time that one was checked, also when all is
	// well. It runs on the goroutine of Dial in the middle of the handshake and should give up when ctx ends. nil =
	// Accept decides.
	Authenticate func(ctx context.Context, c *ServerCertificate) bool
	// Sessions are those that TLS.ReuseSession resumes; nil = none are.
	Sessions *Sessions
	// Trace is told how connecting proceeds.
	Trace Trace
}

// Socket are the settings of the TCP connection. Zero means the system's choice where nothing else is said.
type Socket struct {
	LocalHost         string
	LocalPort         int
	IPv6              int // UseIPv6: 0 IPv4 only, 1 IPv6 only, 2 IPv6 first
	NoDelay           bool
	KeepAlive         bool
	KeepAliveTime     int // milliseconds
	KeepAliveInterval int // milliseconds
	Linger            bool
	LingerTime        int // seconds
	InBufferSize      int // bytes
	OutBufferSize     int // bytes
	MaxTransferRate   int // bytes per second, 0 = no limit
}

// DefaultSocket returns the documented defaults.
func DefaultSocket() Socket { return Socket{NoDelay: true, Linger: true} }

// TLS are the settings of the TLS connection.
type TLS struct {
	Enabled bool
	// of SetTLSConfig, which takes the place of the settings; nil = the settings
	Config            *tls.Config
	ServerName        string                   // SSLServerName; "" = the host of Target
	Certificate       *certificate.Certificate // of the client
	AcceptCertificate *certificate.Certificate // accepted from the server whatever verification says
	AcceptAny         bool

	CADir, CAFile string // OpenSSLCADir, OpenSSLCAFile
	ServerCACerts string
	ClientChain   string // SSLCACerts
	IncludeChain  bool
	SecurityFlags int64

	Protocols      int
	CipherSuites   []string
	CipherList     string // OpenSSLCipherList
	CipherStrength int
	Renegotiation  bool
	ReuseSession   bool
	ALPN           string
	KeyLogFile     string
	LogPackets     bool

	SignatureAlgorithms12, Groups12              []string
	KeyShares13, SignatureAlgorithms13, Groups13 []string
}

// Negotiated is what a TLS handshake agreed; zero without TLS.
type Negotiated struct {
	Version             string // "TLS1.3"
	CipherSuite         string
	Cipher              string // "AES-256-GCM"
	CipherStrength      int    // bits
	KeyExchange         string
	KeyExchangeStrength int // bits
}
