package firewall

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// route is the way to one server: through which proxy, and what to ask of it.
type route struct {
	kind      FirewallTypes
	proxyHost string
	proxyPort int

	user, password string
	headers        headers // Firewall.Data
	credentials    string  // value of Proxy-Authorization, "" = none or in headers
	digest         bool    // credentials answer a challenge of the proxy

	host   string // of the server
	port   uint16
	remote bool       // the proxy resolves host
	addr   netip.Addr // what host is, or was resolved to; not valid if the proxy is to resolve it
}

// proxy is what to dial.
func (r *route) proxy() string { return net.JoinHostPort(r.proxyHost, strconv.Itoa(r.proxyPort)) }

// server is the destination as "host:port", resolved or not.
func (r *route) server() string {
	host := r.host
	if r.addr.IsValid() {
		host = r.addr.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(r.port)))
}

// String names the proxy in errors.
func (r *route) String() string { return kinds[r.kind].name + " proxy " + r.proxy() }

// withoutStar takes away the sign that leaves the name to the proxy.
func withoutStar(address string) string { return strings.TrimPrefix(address, "*") }

// route finds the way to address; nil is the direct one.
func (f *Firewall) route(address string) (*route, error) {
	if f.FirewallType == FwNone && !f.AutoDetect {
		return nil, nil
	}
	server := withoutStar(address)
	host, service, err := net.SplitHostPort(server)
	if err != nil {
		return nil, errors.Wrap(errors.ErrInvalidArgument, "The server is not given as host:port.", err)
	}
	if exempt(f.Exceptions, host) {
		return nil, nil
	}
	r := &route{
		kind: f.FirewallType, proxyHost: f.Host, proxyPort: f.Port,
		user: f.User, password: f.Password, remote: server != address,
	}
	if r.kind == FwNone {
		found, err := detect(host, service)
		if err != nil || found == nil {
			return nil, err
		}
		r.take(found)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := r.aim(host, service); err != nil {
		return nil, err
	}
	if r.kind == FwTunnel {
		r.headers, err = parseHeaders(f.Data)
		if err != nil {
			return nil, errors.New(errors.ErrProxy, "Firewall.Data: "+err.Error()+".")
		}
		r.useBasic()
	}
	return r, nil
}

// takePort understands a Host with a port, spaces around it or brackets, which people write since other programs
// take it.
func (r *route) takePort() error {
	host := strings.TrimSpace(r.proxyHost)
	named, digits, err := net.SplitHostPort(host)
	if err != nil || digits == "" { // none, or a bare IPv6 address
		r.proxyHost = strings.Trim(host, "[]")
		return nil
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("Firewall.Host is %q, whose port is none; 1 to 65535 are possible.", host))
	}
	if p := r.proxyPort; p != 0 && p != kinds[r.kind].port && p != int(port) {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("Firewall.Host names port %d and Firewall.Port is %d; leave out one of them.", port, p))
	}
	r.proxyHost, r.proxyPort = named, int(port)
	return nil
}

// check completes what the fields of the Firewall leave open and refuses what no proxy can be.
func (r *route) check() error {
	k, known := kinds[r.kind]
	if known {
		if err := r.takePort(); err != nil {
			return err
		}
	}
	switch {
	case !known:
		return errors.New(errors.ErrInvalidArgument, fmt.Sprintf("FirewallType is %d; 0, 1, 2, 3 and 10 are "+
			"possible.", r.kind))
	case r.proxyHost == "":
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("Firewall.Host is empty, which FirewallType %d needs.", r.kind))
	case r.proxyPort < 0 || r.proxyPort > 65535:
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("Firewall.Port is %d; 0 to 65535 are possible.", r.proxyPort))
	}
	if r.proxyPort == 0 {
		r.proxyPort = k.port
	}
	return r.checkCredentials()
}

func (r *route) checkCredentials() error {
	const most = 255 // RFC 1929, 2: one byte holds the length
	switch {
	case r.kind == FwSOCKS5 && (len(r.user) > most || len(r.password) > most):
		return errors.New(errors.ErrInvalidArgument, "Firewall.User or Firewall.Password is longer than the 255 "+
			"bytes that SOCKS5 can carry.")
	case r.kind == FwTunnel && strings.Contains(r.user, ":"): // RFC 7617, 2: it would end the user
		return errors.New(errors.ErrInvalidArgument, "Firewall.User contains a colon, which HTTP takes for the end of "+
			"the user; the password belongs to Firewall.Password.")
	case (r.kind == FwSOCKS4 || r.kind == FwSOCKS4A) && strings.Contains(r.user, "\x00"):
		return errors.New(errors.ErrInvalidArgument,
			"Firewall.User contains a zero byte, which ends the user id in SOCKS4.")
	}
	return nil
}

// aim sets the server.
func (r *route) aim(host, service string) error {
	port, err := net.LookupPort("tcp", service)
	if err != nil || port == 0 {
		return errors.New(errors.ErrInvalidArgument, fmt.Sprintf("%q is not the port of a server.", service))
	}
	// Such a character would end the request line of CONNECT or the name in SOCKS4A. A name of SOCKS5 has its length
	// in one byte.
	forbidden := func(c rune) bool { return c <= ' ' || c == 0x7F }
	if host == "" || len(host) > 255 || strings.ContainsFunc(host, forbidden) {
		return errors.New(errors.ErrInvalidArgument, fmt.Sprintf("%.64q is not the name or address of a server.", host))
	}
	r.host, r.port = host, uint16(port)
	if addr, err := netip.ParseAddr(host); err == nil {
		r.addr = addr.Unmap().WithZone("") // a zone means nothing to another computer
	}
	return nil
}

// resolve looks the server's name up where that is the client's part.
func (r *route) resolve(ctx context.Context, resolver *net.Resolver, network string) error {
	socks4 := r.kind == FwSOCKS4 || r.kind == FwSOCKS4A
	left := r.kind == FwTunnel || r.remote && r.kind != FwSOCKS4 // to the proxy
	if !r.addr.IsValid() && !left {
		family, known := map[string]string{"tcp": "ip", "tcp4": "ip4", "tcp6": "ip6"}[network]
		if !known {
			return errors.New(errors.ErrInvalidArgument, fmt.Sprintf("The network is %q; tcp, tcp4 and tcp6 are "+
				"possible.", network))
		}
		if socks4 {
			family = "ip4"
		}
		addrs, err := resolver.LookupNetIP(ctx, family, r.host)
		if err != nil {
			return errors.FromOS(withEnd(ctx, err))
		}
		r.addr = prefer4(addrs)
	}
	if socks4 && r.addr.Is6() {
		return errors.New(errors.ErrNoAddress,
			fmt.Sprintf("SOCKS4 leads to IPv4 addresses only, not to %s; use SOCKS5.", r.addr))
	}
	return nil
}

// prefer4 returns the first IPv4 address, or else the first address: what a proxy reaches most likely.
func prefer4(addrs []netip.Addr) netip.Addr {
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			return a
		}
	}
	return addrs[0].WithZone("")
}
