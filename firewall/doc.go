// Package firewall makes TCP connections through a proxy: SOCKS4, SOCKS4A, SOCKS5, and HTTP proxies that open tunnels
// with CONNECT.
//
// # Which proxy
//
// A [Firewall] names a proxy by FirewallType, Host and Port, or takes that of the system by AutoDetect. Hosts on its
// list Exceptions are reached directly, as everything is without a proxy. [Firewall.DialContext] stands in for the
// method of net.Dialer with this name and returns the very connection that the dialer made, so that TLS, or whatever
// else the program speaks, can begin on it. The MQTT component has a Firewall of its own: its property of this name
// and its settings Firewall..., FirewallData and ProxyExceptionsList.
//
// # Who resolves the name of the server
//
// Behind some firewalls only the proxy can. An HTTP proxy is always given the name. The SOCKS proxies are given an
// address that the client has looked up, unless there is an asterisk in front of the name: "*broker.example:1883" is
// resolved by a SOCKS5 or SOCKS4A proxy. SOCKS4 itself has no names, and of the addresses only IPv4.
//
// # Credentials
//
// SOCKS5 and HTTP proxies take User and Password, SOCKS4 proxies User. An HTTP proxy gets them by the Basic scheme with
// the first request, that is, readable by anyone on the way to the proxy, and hashed by the Digest scheme (MD5,
// SHA-256 or SHA-512-256) on a second connection if it asks for that. Other schemes can be had by a Proxy-Authorization
// line in Data. The connection to the proxy itself is never encrypted; what is sent through it may be.
//
// # Errors
//
// Every failure of the proxy is error 118 and says in words what the proxy answered:
//
//	[118] The proxy could not make the connection. The SOCKS5 proxy 192.0.2.1:1080 refused to connect to
//	broker.example:1883 with code 5: connection refused.
//
// If it cannot be reached, the error of the socket is wrapped in that one. The end of the context is 201 or 301. At no
// time are more than 16 KiB of an answer read, and none of what follows it.
package firewall
