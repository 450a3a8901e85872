package transport

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
	"golang.org/x/net/idna"
)

// names is how a name with letters beyond ASCII becomes the one that DNS, TLS and proxies know. Underscores stay
// allowed, as they are in names of ASCII.
var names = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// asciiName returns the name in ASCII; one that is in ASCII already stays as it is. What is not UTF-8 is no name: idna
// would take it for U+FFFD.
func asciiName(name string) (string, bool) {
	if !utf8.ValidString(name) || strings.ContainsRune(name, utf8.RuneError) {
		return "", false
	}
	for i := range len(name) {
		if name[i] >= 0x80 {
			ascii, err := names.ToASCII(name)
			return ascii, err == nil
		}
	}
	return name, true
}

// SplitHost reads host, host:port, [IPv6], [IPv6]:port or a bare IPv6 address; port 0 = none. A name is returned in
// ASCII and consists of the characters of DNS, so that nothing else reaches a resolver, a proxy or a header.
func SplitHost(s string) (host string, port int, valid bool) {
	if isIPv6(s) {
		return s, 0, true
	}
	host, digits, named := strings.Cut(s, ":")
	if inside, rest, closed := strings.Cut(s, "]"); closed {
		var opened bool
		host, opened = strings.CutPrefix(inside, "[")
		digits, named = strings.CutPrefix(rest, ":")
		if !opened || !isIPv6(host) || !named && rest != "" {
			return "", 0, false
		}
	} else {
		var ok bool
		if host, ok = asciiName(host); !ok || !isName(host) {
			return "", 0, false
		}
	}
	if !named {
		return host, 0, true
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return "", 0, false
	}
	return host, int(n), true
}

// isIPv6 reports whether s is an IPv6 address, perhaps with a zone.
func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && !a.IsUnspecified() && (a.Zone() == "" || isName(a.Zone()))
}

// isName reports whether s can be the name of a host or an IPv4 address: at most 253 letters, digits, dots, hyphens and
// underscores.
func isName(s string) bool {
	const marks = ".-_"
	if a, err := netip.ParseAddr(s); err == nil && a.IsUnspecified() {
		return false
	}
	return s != "" && len(s) <= 253 && s[0] != '-' && strings.Trim(s, marks) != "" &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
				strings.ContainsRune(marks, r))
		})
}

// parseName reads a RemoteHost that is no URL.
func parseName(text string) (Target, error) {
	bare := strings.TrimPrefix(text, "*")
	if a, err := netip.ParseAddr(strings.Trim(bare, "[]")); err == nil && a.IsUnspecified() {
		return Target{Host: a.String()}, nil // which connecting refuses
	}
	host, port, valid := SplitHost(bare)
	if !valid {
		return Target{}, errors.New(errors.ErrInvalidArgument, "RemoteHost is "+shown(text)+
			"; a name, an address, host:port, [IPv6]:port and a URL such as tcp://host:1883 are possible.")
	}
	return Target{Host: text[:len(text)-len(bare)] + host, Port: port}, nil
}

// CheckServerName refuses what SSLServerName cannot be. Error: 10022.
func CheckServerName(name string) error {
	if _, port, valid := SplitHost(name); name != "" && (!valid || port != 0) {
		return errors.New(errors.ErrInvalidArgument, fmt.Sprintf("SSLServerName is %.64q; the name or the address of "+
			"a server is needed, without a port.", name))
	}
	return nil
}

// serverName is the name that TLS sends and checks.
func (o *Options) serverName() string {
	if o.TLS.ServerName == "" {
		return o.Target.Name()
	}
	name, _, _ := SplitHost(o.TLS.ServerName)
	return name
}
