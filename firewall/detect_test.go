package firewall

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// environment sets the variables that AutoDetect knows and no others.
func environment(t *testing.T, set map[string]string) {
	t.Helper()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "HTTP_PROXY"} {
		t.Setenv(name, "")
	}
	for name, value := range set { // not before, since on Windows two of the names are one variable
		t.Setenv(name, value)
	}
}

// summary tells what matters of a route.
func summary(r *route) string {
	if r == nil {
		return "direct"
	}
	text := r.String()
	if r.remote {
		text += " resolves"
	}
	if r.user != "" || r.password != "" {
		text += " for " + r.user + "/" + r.password
	}
	return text
}

func TestAutoDetectEnvironment(t *testing.T) {
	type env = map[string]string
	for _, row := range []struct {
		env    env
		server string
		want   string // summary, or part of the error 118
	}{
		{env{"HTTPS_PROXY": "http://proxy:3128"}, "broker.example:1883", "HTTP proxy proxy:3128"},
		{env{"https_proxy": "http://proxy"}, "broker.example:1883", "HTTP proxy proxy:80"},
		{env{"HTTPS_PROXY": "proxy:3128"}, "broker.example:1883", "HTTP proxy proxy:3128"},
		{env{"ALL_PROXY": "socks5://proxy"}, "broker.example:1883", "SOCKS5 proxy proxy:1080"},
		{env{"all_proxy": "SOCKS5H://proxy:99"}, "broker.example:1883", "SOCKS5 proxy proxy:99 resolves"},
		{env{"all_proxy": "socks5://proxy:99"}, "*broker.example:1883", "SOCKS5 proxy proxy:99 resolves"},
		{env{"ALL_PROXY": "socks4://[2001:db8::9]:1"}, "broker.example:1883", "SOCKS4 proxy [2001:db8::9]:1"},
		{env{"ALL_PROXY": "socks4a://proxy"}, "broker.example:1883", "SOCKS4A proxy proxy:1080 resolves"},
		{env{"HTTPS_PROXY": "http://first", "ALL_PROXY": "http://second"}, "broker.example:1883", "HTTP proxy first:80"},
		{env{"HTTPS_PROXY": "http://me:se%40cret@proxy"}, "broker.example:1883", "HTTP proxy proxy:80 for me/se@cret"},
		{env{"HTTPS_PROXY": "http://proxy", "NO_PROXY": ".example"}, "broker.example:1883", "direct"},
		{env{"HTTPS_PROXY": "http://proxy", "no_proxy": "192.0.2.0/24"}, "192.0.2.1:1883", "direct"},
		{env{"ALL_PROXY": "http://proxy", "NO_PROXY": "broker.example:1"}, "broker.example:1883", "HTTP proxy proxy:80"},
		{env{"ALL_PROXY": "http://proxy", "NO_PROXY": "*"}, "*broker.example:1883", "direct"},
		{env{"ALL_PROXY": "http://proxy"}, "localhost:1883", "direct"},
		{env{"ALL_PROXY": "http://proxy"}, "[::1]:1883", "direct"},
		{env{"HTTP_PROXY": "http://proxy"}, "broker.example:1883", "direct"},
		{env{}, "broker.example:1883", "direct"},

		{env{"HTTPS_PROXY": "https://me:secret@proxy"}, "broker.example:1883", "HTTPS_PROXY names a proxy of the kind https; http, socks4,"},
		{env{"ALL_PROXY": "ftp://me:secret@proxy"}, "broker.example:1883", "ALL_PROXY names a proxy of the kind ftp;"},
		{env{"all_proxy": "http://me:secret@proxy:65536"}, "broker.example:1883", "all_proxy names port 65536; 1 to 65535"},
		{env{"HTTPS_PROXY": "http://me:secret@:3128"}, "broker.example:1883", "HTTPS_PROXY is not a URL such as"},
		{env{"HTTPS_PROXY": "http://me:secret@pr oxy"}, "broker.example:1883", "HTTPS_PROXY is not a URL such as"},
	} {
		t.Run(fmt.Sprint(row.env, row.server), func(t *testing.T) {
			environment(t, row.env)
			if p, known, err := fromEnvironment(row.server); !known && runtime.GOOS == "windows" {
				if p != nil || err != nil {
					t.Errorf("%+v, %v", p, err)
				}
				return // the Internet settings of this user decide
			}
			f := Firewall{AutoDetect: true}
			r, err := f.route(row.server)
			if err == nil {
				if got := summary(r); got != row.want {
					t.Errorf("%s, want %s", got, row.want)
				}
				return
			}
			if errors.Code(err) != 118 || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, want 118 and %s", err, row.want)
			}
		})
	}
}

// The fields of the Firewall and AutoDetect together.
func TestAutoDetectAndFields(t *testing.T) {
	environment(t, map[string]string{"HTTPS_PROXY": "http://you:yours@proxy"})
	for _, row := range []struct {
		f    Firewall
		want string
	}{
		{Firewall{AutoDetect: true}, "HTTP proxy proxy:80 for you/yours"},
		{Firewall{AutoDetect: true, User: "me", Password: "mine"}, "HTTP proxy proxy:80 for you/yours"},
		{Firewall{AutoDetect: true, Host: "other", Port: 7}, "HTTP proxy proxy:80 for you/yours"},
		{Firewall{AutoDetect: true, FirewallType: FwSOCKS5, Host: "other", User: "me"}, "SOCKS5 proxy other:1080 for me/"},
		{Firewall{AutoDetect: true, Exceptions: "x;*.example"}, "direct"},
		{Firewall{FirewallType: FwSOCKS5, Host: "other", Exceptions: "Broker.Example"}, "direct"},
		{Firewall{Host: "other"}, "direct"},
		{Firewall{}, "direct"},
	} {
		r, err := row.f.route("broker.example:1883")
		if got := summary(r); err != nil || got != row.want {
			t.Errorf("%+v: %s (%v), want %s", row.f, got, err, row.want)
		}
	}
	t.Setenv("HTTPS_PROXY", "http://proxy")
	f := Firewall{AutoDetect: true, User: "me", Password: "mine", Data: "X: y"}
	r, err := f.route("broker.example:1883")
	if got := summary(r); err != nil || got != "HTTP proxy proxy:80 for me/mine" {
		t.Errorf("%s (%v)", got, err)
	}
	if want := "CONNECT broker.example:1883 HTTP/1.1\r\nHost: broker.example:1883\r\n" +
		"Proxy-Authorization: Basic bWU6bWluZQ==\r\nX: y\r\n\r\n"; r.request() != want {
		t.Errorf("%q, want %q", r.request(), want)
	}
}

// What Windows keeps in its registry.
func TestSystemSettings(t *testing.T) {
	const all = "proxy:8080"
	for _, row := range []struct {
		settings
		host string
		want *found
	}{
		{settings{enabled: false, server: all}, "broker.example", nil},
		{settings{enabled: true}, "broker.example", nil},
		{settings{enabled: true, server: all}, "broker.example", &found{kind: FwTunnel, host: "proxy", port: 8080}},
		{settings{enabled: true, server: "http://proxy"}, "broker.example", &found{kind: FwTunnel, host: "proxy"}},
		{settings{enabled: true, server: "http=a:1;HTTPS=b:2; socks=c:3"}, "broker.example", &found{kind: FwTunnel, host: "b", port: 2}},
		{settings{enabled: true, server: "http=a:1;socks=c:3"}, "broker.example", &found{kind: FwSOCKS4, host: "c", port: 3}},
		{settings{enabled: true, server: "socks=socks5://c"}, "broker.example", &found{kind: FwSOCKS5, host: "c"}},
		{settings{enabled: true, server: "http=a:1;ftp=d:4"}, "broker.example", nil},
		{settings{enabled: true, server: all}, "LocalHost", nil},
		{settings{enabled: true, server: all}, "127.0.0.2", nil},
		{settings{enabled: true, server: all, override: "*.example;<local>"}, "broker.example", nil},
		{settings{enabled: true, server: all, override: "*.example;<local>"}, "broker", nil},
		{settings{enabled: true, server: all, override: "192.168.*"}, "192.168.7.7", nil},
		{settings{enabled: true, server: all, override: "192.168.*"}, "192.169.7.7", &found{kind: FwTunnel, host: "proxy", port: 8080}},
	} {
		got, err := row.proxy(row.host)
		if err != nil || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%+v for %s: %+v (%v), want %+v", row.settings, row.host, got, err, row.want)
		}
	}
	_, err := settings{enabled: true, server: "https=https://me:secret@proxy"}.proxy("broker.example")
	if errors.Code(err) != 118 || !strings.Contains(err.Error(), "names a proxy of the kind https") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// Not in a table of conversations, since a look-up by the system's library cannot run in a bubble.
func TestPortByName(t *testing.T) {
	f := Firewall{FirewallType: FwTunnel, Host: "proxy"}
	r, err := f.route("broker.example:https")
	if err != nil || r.server() != "broker.example:443" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestBadFields(t *testing.T) {
	environment(t, nil)
	for _, row := range []struct {
		f      Firewall
		server string
		text   string
	}{
		{Firewall{FirewallType: 4, Host: "proxy"}, "broker.example:1", "FirewallType is 4; 0, 1, 2, 3 and 10 are possible."},
		{Firewall{FirewallType: -1, Host: "proxy"}, "broker.example:1", "FirewallType is -1"},
		{Firewall{FirewallType: FwTunnel}, "broker.example:1", "Firewall.Host is empty, which FirewallType 1 needs."},
		{Firewall{FirewallType: FwTunnel, Host: "proxy", User: "me:secret"}, "broker.example:1", "Firewall.User contains a colon"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy:1", Port: 2}, "broker.example:1", "names port 1 and Firewall.Port is 2"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy:x"}, "broker.example:1", "whose port is none"},
		{Firewall{FirewallType: FwTunnel, Host: "[]"}, "broker.example:1", "Firewall.Host is empty"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy", Port: -1}, "broker.example:1", "Firewall.Port is -1; 0 to 65535 are possible."},
		{Firewall{FirewallType: FwTunnel, Host: "proxy", Port: 65536}, "broker.example:1", "Firewall.Port is 65536"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "broker.example", "The server is not given as host:port."},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "broker.example:0", `"0" is not the port of a server.`},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "broker.example:70000", `"70000" is not the port of a server.`},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "broker.example:", `"" is not the port of a server.`},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, ":1", `"" is not the name or address of a server.`},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "*:1", `"" is not the name or address of a server.`},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "a\r\nB: c:1", "too many colons"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "a\r\nB:1", `"a\r\nB" is not the name or address of a server.`},
		{Firewall{FirewallType: FwSOCKS4A, Host: "proxy"}, "*a\x00b:1", `"a\x00b" is not the name or address of a server.`},
		{Firewall{FirewallType: FwTunnel, Host: "proxy"}, "a b:1", `"a b" is not the name or address of a server.`},
		{Firewall{FirewallType: FwSOCKS5, Host: "proxy"}, strings.Repeat("a", 256) + ":1", `aaa" is not the name or address of a server.`},
		{Firewall{AutoDetect: true}, "broker.example", "The server is not given as host:port."},
	} {
		conn, err := row.f.DialWith(t.Context(), nil, "tcp", row.server)
		if conn != nil || errors.Code(err) != 10022 || !strings.Contains(err.Error(), row.text) {
			t.Errorf("%+v to %q: %v, want 10022 and %s", row.f, row.server, err, row.text)
		}
	}
	f := Firewall{FirewallType: FwSOCKS5, Host: "proxy"}
	if _, err := f.DialWith(t.Context(), nil, "udp", "broker.example:1"); errors.Code(err) != 10022 || !strings.Contains(err.Error(), `The network is "udp"`) {
		t.Error(err)
	}
}

// What people write into Host, and which proxy it is.
func TestHostWithPort(t *testing.T) {
	environment(t, nil)
	for _, row := range []struct {
		f    Firewall
		want string
	}{
		{Firewall{FirewallType: FwTunnel, Host: " proxy "}, "proxy:80"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy:3128"}, "proxy:3128"},
		{Firewall{FirewallType: FwTunnel, Host: "proxy:3128", Port: 80}, "proxy:3128"},
		{Firewall{FirewallType: FwSOCKS5, Host: "proxy:3128", Port: 3128}, "proxy:3128"},
		{Firewall{FirewallType: FwSOCKS5, Host: "[::1]:1081"}, "[::1]:1081"},
		{Firewall{FirewallType: FwSOCKS5, Host: "[::1]"}, "[::1]:1080"},
		{Firewall{FirewallType: FwSOCKS5, Host: "::1"}, "[::1]:1080"},
	} {
		r, err := row.f.route("broker.example:1883")
		if err != nil || r.proxy() != row.want {
			t.Errorf("%+v: %v, want %s", row.f, err, row.want)
		}
	}
}
