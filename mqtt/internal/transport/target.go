// Package transport makes the connection that MQTT runs on: from a host name or URL and options to a net.Conn.
package transport

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/iotcomponents/iot/errors"
)

// Target is where to connect, and over what.
type Target struct {
	Scheme string // "" when the host was given without one
	Host   string // for unix the path of the socket; a leading "*" leaves the name to the firewall
	Port   int    // 0 = none was named
	Path   string
}

// scheme is one row of the URL schemes that RemoteHost knows.
type scheme struct {
	port      int
	tls       bool
	webSocket bool
}

var schemes = map[string]scheme{
	"":      {port: 1883},
	"tcp":   {port: 1883},
	"mqtt":  {port: 1883},
	"ssl":   {port: 8883, tls: true},
	"mqtts": {port: 8883, tls: true},
	"ws":    {port: 80, webSocket: true},
	"wss":   {port: 443, tls: true, webSocket: true},
	"unix":  {port: 1883}, // which no socket of the file system has, but a port is asked for everywhere
}

// Parse reads RemoteHost: a name or an address, perhaps with a port, or a URL. Spaces around it are cut. Errors: 152 no
// host, 153 unknown scheme, 10022 otherwise.
func Parse(remoteHost string) (Target, error) {
	remoteHost = strings.TrimSpace(remoteHost)
	if !utf8.ValidString(remoteHost) || strings.ContainsFunc(remoteHost, unicode.IsControl) {
		return Target{}, errors.New(errors.ErrInvalidArgument, "RemoteHost is not printable text.")
	}
	name, rest, isURL := strings.Cut(remoteHost, "://")
	if !isURL {
		if remoteHost == "" {
			return Target{}, nil
		}
		return parseName(remoteHost)
	}
	name = strings.ToLower(name)
	if _, known := schemes[name]; !known || name == "" {
		return Target{}, errors.New(errors.ErrURLScheme, fmt.Sprintf("RemoteHost begins with %.32q; tcp, mqtt, ssl, "+
			"mqtts, ws, wss and unix are possible.", name))
	}
	u, err := url.Parse(name + "://" + rest)
	if err != nil || !utf8.ValidString(u.Host) || strings.ContainsFunc(u.Host, unicode.IsControl) ||
		strings.ContainsAny(u.Hostname(), "[]") {
		// The text of err repeats the URL, which may hold a password.
		return Target{}, errors.New(errors.ErrInvalidArgument, "RemoteHost is not a valid URL; one such as "+
			"tcp://host:1883 is possible.")
	}
	if u.User != nil {
		return Target{}, errors.New(errors.ErrInvalidArgument, "RemoteHost has a user or password; set User and "+
			"Password instead, so that they do not end in a log.")
	}
	if name == "unix" {
		if u.Host != "" || u.Path == "" {
			return Target{}, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("RemoteHost is %s; a socket in the "+
				"file system is unix:///path.", shown(remoteHost)))
		}
		return Target{Scheme: name, Host: u.Path}, nil
	}
	if strings.TrimPrefix(u.Hostname(), "*") == "" {
		return Target{}, errors.New(errors.ErrURLWithoutHost, fmt.Sprintf("RemoteHost is %s; a URL needs a host, as "+
			"in tcp://host:1883.", shown(remoteHost)))
	}
	star := u.Hostname()[:len(u.Hostname())-len(strings.TrimPrefix(u.Hostname(), "*"))]
	host, ok := asciiName(u.Hostname()[len(star):])
	if !ok {
		return Target{}, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("RemoteHost names the host %.64q; a name "+
			"that DNS can have is possible.", u.Hostname()))
	}
	t := Target{Scheme: name, Host: star + host, Path: escaped(u.RequestURI())}
	if p := u.Port(); p != "" {
		t.Port, err = strconv.Atoi(p)
		if err != nil || t.Port < 1 || t.Port > 65535 {
			return Target{}, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("RemoteHost names port %.32s; 1 to "+
				"65535 are possible.", p))
		}
	}
	return t, nil
}

// escaped escapes what may not stand in a request: net/url has done so in the path, and not in the query. A space there
// would part the line.
func escaped(uri string) string {
	var b strings.Builder
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c >= 0x7F {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// shown is a URL for an error. One with an @ may hold a password, even where net/url sees none.
func shown(remoteHost string) string {
	if strings.Contains(remoteHost, "@") {
		return "a URL with a user or password"
	}
	return fmt.Sprintf("%.64q", remoteHost)
}

// Name is the host as the server knows it, for the checks of TLS and the header of WebSocket.
func (t *Target) Name() string {
	if t.Unix() {
		return "localhost"
	}
	return strings.TrimPrefix(t.Host, "*")
}

// Unix reports whether the target is a socket in the file system.
func (t *Target) Unix() bool { return t.Scheme == "unix" }

// DefaultPort is the port of the target's scheme.
func (t *Target) DefaultPort() int { return schemes[t.Scheme].port }

// TLS reports whether the scheme demands TLS.
func (t *Target) TLS() bool { return schemes[t.Scheme].tls }

// WebSocket reports whether the scheme demands a WebSocket.
func (t *Target) WebSocket() bool { return schemes[t.Scheme].webSocket }
