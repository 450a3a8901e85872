package firewall

import (
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"golang.org/x/net/http/httpproxy"
)

// found is a proxy of the system.
type found struct {
	kind           FirewallTypes
	host           string
	port           int // 0 = the default
	user, password string
	remote         bool // it resolves the name of the server
}

// take uses the proxy that was found. Its credentials, if it has any, replace those of the Firewall.
func (r *route) take(p *found) {
	r.kind, r.proxyHost, r.proxyPort = p.kind, p.host, p.port
	r.remote = r.remote || p.remote
	if p.user != "" || p.password != "" {
		r.user, r.password = p.user, p.password
	}
}

// detect asks the environment, then the system for the proxy that leads to a server; nil if there is none.
func detect(host, port string) (*found, error) {
	p, known, err := fromEnvironment(net.JoinHostPort(host, port))
	if known || err != nil {
		return p, err
	}
	s, err := systemSettings()
	if err != nil {
		return nil, errors.Wrap(errors.ErrProxy, "The proxy settings of the system cannot be read; set FirewallType "+
			"and Host.", err)
	}
	return s.proxy(host)
}

// fromEnvironment returns the proxy that the environment variables name for server. known says that they name one at
// all: then nil means that NO_PROXY excludes the server.
func fromEnvironment(server string) (p *found, known bool, err error) {
	env := httpproxy.FromEnvironment()
	name, value := "HTTPS_PROXY", env.HTTPSProxy
	for _, all := range []string{"ALL_PROXY", "all_proxy"} {
		if value == "" {
			name, value = all, os.Getenv(all)
		}
	}
	if value == "" {
		return nil, false, nil
	}
	// Only what NO_PROXY means is left to the library: it does not know ALL_PROXY and SOCKS4, and passes over a proxy
	// that it cannot read.
	env.HTTPSProxy = "http://proxy"
	if through, err := env.ProxyFunc()(&url.URL{Scheme: "https", Host: server}); through == nil {
		return nil, true, err
	}
	p, err = parseProxy(value)
	if err != nil {
		return nil, true, errors.New(errors.ErrProxy, "The environment variable "+name+" "+err.Error()+".")
	}
	return p, true, nil
}

var proxySchemes = map[string]found{
	"http":    {kind: FwTunnel},
	"socks4":  {kind: FwSOCKS4},
	"socks4a": {kind: FwSOCKS4A, remote: true},
	"socks5":  {kind: FwSOCKS5},
	"socks5h": {kind: FwSOCKS5, remote: true},
}

// parseProxy reads the URL of a proxy, or "host:port" for an HTTP proxy. Its error is the predicate of a sentence, and
// does not repeat the URL, which may hold a password.
func parseProxy(value string) (*found, error) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		return nil, refusal("is not a URL such as http://host:port or socks5://host:port")
	}
	p, known := proxySchemes[strings.ToLower(u.Scheme)]
	if !known {
		return nil, refusal("names a proxy of the kind " + u.Scheme + "; http, socks4, socks4a, socks5 and socks5h " +
			"are supported")
	}
	p.host = u.Hostname()
	if port := u.Port(); port != "" {
		// url.Parse has seen to it that these are digits.
		if p.port, err = strconv.Atoi(port); err != nil || p.port > 65535 {
			return nil, refusal("names port " + port + "; 1 to 65535 are possible")
		}
	}
	p.user = u.User.Username()
	p.password, _ = u.User.Password()
	return &p, nil
}

// settings are the proxy settings of a system that keeps them as Windows does.
type settings struct {
	enabled  bool
	server   string // "host:port" for everything, or by protocol "https=host:port;socks=host:port"
	override string // hosts without proxy, in the form of Firewall.Exceptions
}

// proxy returns the proxy that leads to host, or nil. A proxy for TLS connections is used as HTTP proxy, since it must
// be able to open tunnels, which one for unencrypted HTTP need not.
func (s settings) proxy(host string) (*found, error) {
	if !s.enabled || local(host) || exempt(s.override, host) {
		return nil, nil
	}
	byProtocol := map[string]string{}
	for entry := range strings.SplitSeq(s.server, ";") {
		protocol, value, named := strings.Cut(strings.TrimSpace(entry), "=")
		if !named {
			protocol, value = "", protocol
		}
		byProtocol[strings.ToLower(protocol)] = value
	}
	for _, way := range []struct{ protocol, scheme string }{{"https", "http"}, {"", "http"}, {"socks", "socks4"}} {
		value := byProtocol[way.protocol]
		if value == "" {
			continue
		}
		if !strings.Contains(value, "://") {
			value = way.scheme + "://" + value
		}
		p, err := parseProxy(value)
		if err != nil {
			return nil, errors.New(errors.ErrProxy,
				"The Internet settings of Windows have a proxy server that "+err.Error()+".")
		}
		return p, nil
	}
	return nil, nil
}

// local reports whether host is this computer itself, to which no proxy of the system leads.
func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
