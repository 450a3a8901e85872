package realservers

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// Proxy is a real proxy that runs until the end of the test. It listens on loopback and leads to loopback.
type Proxy struct {
	*Process
	User, Password string // empty where it wants none
}

// The users of the proxies that want one, as their files have them: user1 with pass1.
const (
	tinyproxyConf = "Port @PORT@\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\nBasicAuth user1 pass1\n"
	danteConf     = `logoutput: stderr
internal: 127.0.0.1 port = @PORT@
external: lo
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {
 from: 127.0.0.0/8 to: 0.0.0.0/0
}
socks pass {
 from: 127.0.0.0/8 to: 127.0.0.0/8
 proxyprotocol: socks_v4 socks_v5
}
`
	squidConf = `http_port 127.0.0.1:@PORT@
pid_filename none
cache deny all
access_log none
cache_log /dev/null
coredump_dir @DIR@
pinger_enable off
max_filedescriptors 1024
netdb_filename none
visible_hostname rig
shutdown_lifetime 0 seconds
auth_param basic program %s @DIR@/password
acl authed proxy_auth REQUIRED
http_access allow authed
http_access deny all
`
	squidPassword = "user1:$apr1$firewall$P6XzJW0VIBRLCHZJzAVO./\n"
)

// StartMicrosocks starts a SOCKS5 proxy that wants a password.
func StartMicrosocks(t testing.TB) Proxy {
	t.Helper()
	return startProxy(t, &program{
		find: find("microsocks"), open: Server{Name: "microsocks"},
		args: []string{"-i", "127.0.0.1", "-p", "@PORT@", "-u", "user1", "-P", "pass1"},
	}, true)
}

// StartDante starts a proxy for SOCKS4 and SOCKS5 that wants no password.
func StartDante(t testing.TB) Proxy {
	t.Helper()
	return startProxy(t, &program{
		find: find("danted"), open: Server{Name: "dante"}, conf: danteConf, unprivileged: true,
		args: []string{"-f", "@DIR@/server.conf", "-p", "@DIR@/danted.pid"},
	}, false)
}

// StartTinyproxy starts an HTTP proxy that wants a password by Basic.
func StartTinyproxy(t testing.TB) Proxy {
	t.Helper()
	return startProxy(t, &program{
		find: find("tinyproxy"), open: Server{Name: "tinyproxy"}, conf: tinyproxyConf, unprivileged: true,
		args: []string{"-d", "-c", "@DIR@/server.conf"},
	}, true)
}

// StartSquid is StartTinyproxy with Squid.
func StartSquid(t testing.TB) Proxy {
	t.Helper()
	helper, err := squidHelper()
	if err != nil {
		missing(t, "squid", err)
	}
	return startProxy(t, &program{
		find: find("squid"), open: Server{Name: "squid"}, conf: fmt.Sprintf(squidConf, helper), unprivileged: true,
		files: map[string]string{"password": squidPassword}, args: []string{"-N", "-f", "@DIR@/server.conf"},
	}, true)
}

func startProxy(t testing.TB, prog *program, password bool) Proxy {
	t.Helper()
	p := Proxy{Process: startProgram(t, prog)}
	if password {
		p.User, p.Password = "user1", "pass1"
	}
	return p
}

// find looks for a program in PATH and in the sbin folder, which is not in everyone's PATH.
func find(name string) func() (string, error) {
	return func() (string, error) {
		for _, path := range []string{name, "/usr/sbin/" + name} {
			if path, err := exec.LookPath(path); err == nil {
				return path, nil
			}
		}
		return "", errors.New(name + " is not installed")
	}
}

// squidHelper finds the program that checks passwords for Squid.
func squidHelper() (string, error) {
	for _, dir := range []string{
		"/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid",
		"/usr/local/libexec/squid",
	} {
		if found, _ := filepath.Glob(filepath.Join(dir, "basic_ncsa_auth")); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", errors.New("basic_ncsa_auth is not installed")
}
