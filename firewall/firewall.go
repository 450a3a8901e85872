package firewall

// FirewallTypes is the kind of a proxy.
type FirewallTypes int

// The kinds of proxies. The number in brackets is the port that a Firewall with Port 0 uses.
const (
	// FwNone: no proxy; the server is dialed directly.
	FwNone FirewallTypes = 0
	// FwTunnel: an HTTP proxy that opens tunnels with CONNECT (80). It resolves the name of the server.
	FwTunnel FirewallTypes = 1
	// FwSOCKS4: a SOCKS4 proxy (1080), for servers with an IPv4 address. The client resolves the name of the server.
	FwSOCKS4 FirewallTypes = 2
	// FwSOCKS5: a SOCKS5 proxy (1080). The client resolves the name of the server, with "*" in front of it the proxy.
	FwSOCKS5 FirewallTypes = 3
	// FwSOCKS4A: a SOCKS4 proxy that can resolve names (1080): it does for a name with "*" in front, all else is as
	// with FwSOCKS4.
	FwSOCKS4A FirewallTypes = 10
)

// DefaultPort is the port of a Firewall of this type whose Port is 0: 80 for FwTunnel, 1080 for SOCKS, 0 for any other.
func (t FirewallTypes) DefaultPort() int { return kinds[t].port }

// Firewall says which proxy leads to the server. The zero value is the direct way.
//
// The fields are read when a connection is made. They must not change meanwhile; apart from that a Firewall may be used
// by several goroutines. A field with a bad value is reported by the dialing methods.
type Firewall struct {
	// AutoDetect takes the proxy of the system while FirewallType is FwNone: on every system the environment variables
	// HTTPS_PROXY, or else ALL_PROXY, and NO_PROXY, in capital or small letters; on Windows then the user's Internet
	// settings, without automatic configuration scripts. If there is none the way is direct, as it is to localhost
	// and loopback addresses. The variables hold http://, socks4://, socks4a://, socks5:// or socks5h:// URLs;
	// socks4a and socks5h leave names to the proxy. User and Password are used if the URL has none. Default false.
	AutoDetect bool
	// FirewallType is the kind of the proxy at Host. Default FwNone: Host is not used.
	FirewallType FirewallTypes
	// Host is the name or address of the proxy; with a port behind a colon that counts if Port is 0 or the type's own,
	// and is 10022 if Port is another one. Spaces around it do not count. Default "", which is 10022 unless
	// FirewallType is FwNone.
	Host string
	// Password belongs to User. SOCKS4 has none. At most 255 bytes with SOCKS5, else error 10022. It is kept out of
	// errors.
	Password string
	// Port is the port of the proxy, 0 to 65535, else error 10022. Default 0: 80 for FwTunnel, 1080 for the others.
	Port int
	// User is the name to authenticate with: in HTTP by Basic, or by Digest if the proxy insists; in SOCKS5 with
	// Password; in SOCKS4 as the user id. At most 255 bytes with SOCKS5, and without a zero byte with SOCKS4, else
	// 10022. Default "": the proxy is asked without credentials, unless there is a Password.
	User string

	// Data is further header lines for the CONNECT request of FwTunnel, each "Name: value", separated by CR or LF.
	// A line replaces the one that the request has by itself, so that "Proxy-Authorization: Bearer ..." takes the
	// place of User and Password. The values are kept out of errors. A line that is no header is error 118. Default "".
	// It is the setting FirewallData.
	Data string
	// Exceptions are hosts that are reached directly, separated by semicolons, compared without regard to case: names
	// and addresses; names with "*" for any characters, so that "*.example.com" is every host below example.com, just
	// as ".example.com" is; "<local>" for names without a dot; networks such as 10.0.0.0/8 or fd00::/8, for servers
	// that are given by address. Nothing is resolved to compare it. Default "". It is the setting ProxyExceptionsList.
	Exceptions string
}

// New returns a Firewall for the direct way.
func New() *Firewall { return &Firewall{} }

// kind is one row of the kinds of proxies.
type kind struct {
	name string // for errors
	port int    // the default
}

var kinds = map[FirewallTypes]kind{
	FwTunnel:  {"HTTP", 80},
	FwSOCKS4:  {"SOCKS4", 1080},
	FwSOCKS5:  {"SOCKS5", 1080},
	FwSOCKS4A: {"SOCKS4A", 1080},
}
