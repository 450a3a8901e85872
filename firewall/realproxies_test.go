package firewall

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// realProxy is a program of this machine that the tests run against.
type realProxy struct {
	name    string // "microsocks", ...
	program string // to look for
	// prepare writes what the program needs into dir and returns its arguments.
	prepare func(t *testing.T, dir string, port int) []string
}

// Users of the proxies that want one: user1 with pass1.
const (
	squidPassword = "user1:$apr1$firewall$P6XzJW0VIBRLCHZJzAVO./\n"
	squidDigest   = "user1:rig:36ab58e6f77a02475f7f570a2ab37fe0\n" // MD5 of user1:rig:pass1
)

var (
	microsocks = realProxy{"microsocks", "microsocks", func(_ *testing.T, _ string, port int) []string {
		return []string{"-i", "127.0.0.1", "-p", strconv.Itoa(port)}
	}}
	microsocksAuth = realProxy{"microsocks with a password", "microsocks", func(t *testing.T, dir string, port int) []string {
		return append(microsocks.prepare(t, dir, port), "-u", "user1", "-P", "pass1")
	}}
	dante = realProxy{"dante", "danted", func(t *testing.T, dir string, port int) []string {
		conf := fmt.Sprintf("logoutput: stderr\ninternal: 127.0.0.1 port = %d\nexternal: lo\nclientmethod: none\nsocksmethod: none\n", port)
		if os.Geteuid() == 0 {
			conf += "user.privileged: root\nuser.unprivileged: nobody\n"
		}
		conf += "client pass {\n from: 127.0.0.0/8 to: 0.0.0.0/0\n}\n" +
			"socks pass {\n from: 127.0.0.0/8 to: 127.0.0.0/8\n proxyprotocol: socks_v4 socks_v5\n}\n"
		return []string{"-f", write(t, dir, "danted.conf", conf), "-p", filepath.Join(dir, "danted.pid")}
	}}
	tinyproxy = realProxy{"tinyproxy", "tinyproxy", func(t *testing.T, dir string, port int) []string {
		conf := fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\nBasicAuth user1 pass1\n", port)
		return []string{"-d", "-c", write(t, dir, "tinyproxy.conf", conf)}
	}}
	squid = realProxy{"squid with Basic", "squid", func(t *testing.T, dir string, port int) []string {
		helper := squidHelper(t, "basic_ncsa_auth")
		return squidArguments(t, dir, port, "auth_param basic program "+helper+" "+write(t, dir, "password", squidPassword))
	}}
	squidWithDigest = realProxy{"squid with Digest", "squid", func(t *testing.T, dir string, port int) []string {
		helper := squidHelper(t, "digest_file_auth")
		return squidArguments(t, dir, port, "auth_param digest program "+helper+" -c "+write(t, dir, "digest", squidDigest)+
			"\nauth_param digest realm rig")
	}}
	openSSH = realProxy{"OpenSSH", "ssh", func(t *testing.T, _ string, port int) []string {
		server := sshServer(t)
		return []string{
			"-F", "none", "-N", "-D", "127.0.0.1:" + strconv.Itoa(port), "-p", strconv.Itoa(server),
			"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "user1@127.0.0.1",
		}
	}}
)

func squidArguments(t *testing.T, dir string, port int, auth string) []string {
	conf := fmt.Sprintf(`http_port 127.0.0.1:%d
pid_filename none
cache deny all
access_log none
cache_log /dev/null
coredump_dir %s
pinger_enable off
max_filedescriptors 1024
netdb_filename none
visible_hostname rig
shutdown_lifetime 0 seconds
%s
acl authed proxy_auth REQUIRED
http_access allow authed
http_access deny all
`, port, dir, auth)
	return []string{"-N", "-f", write(t, dir, "squid.conf", conf)}
}

func squidHelper(t *testing.T, name string) string {
	for _, dir := range []string{"/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid", "/usr/local/libexec/squid"} {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	missing(t, name)
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// write makes a file. Servers that give up the rights of root must still be able to read it.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	for _, d := range []string{filepath.Dir(dir), dir} { // the first is the test's alone, too
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// missing ends a test that cannot run for want of a program: with a failure where CI says that all are there.
func missing(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("MQTT_REAL_SERVERS") == "required" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
}

// start runs the proxy until the end of the test and returns its port.
func (p realProxy) start(t *testing.T) int {
	t.Helper()
	path, err := exec.LookPath(p.program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + p.program) // not in everyone's PATH
	}
	if err != nil {
		missing(t, p.program)
	}
	// A free port may be gone when the program takes it, so there is a second and a third try.
	for range 3 {
		port := freePort(t)
		if err = p.run(t, path, port); err == nil {
			return port
		}
		t.Log(err)
	}
	t.Fatal(err)
	return 0
}

func (p realProxy) run(t *testing.T, path string, port int) error {
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, p.prepare(t, t.TempDir(), port)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = endWithParent()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second // then it is killed
	if err := cmd.Start(); err != nil {
		stop()
		return err
	}
	ended := make(chan struct{})
	go func() { // ends with the process
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ended:
			return fmt.Errorf("%s ended (%v):\n%s", path, cmd.ProcessState, strings.TrimSpace(log.String()))
		case <-timeout.C:
			return fmt.Errorf("%s does not listen", path)
		case <-retry.C:
		}
	}
}

// freePort returns a port of 127.0.0.1 below the range of outgoing connections, where a client that waits for a proxy
// could be connected to itself. Until the test ends no other test is given it: whoever has the UDP port has the number,
// here and in package realservers, whose servers start at the same time.
func freePort(t *testing.T) int {
	t.Helper()
	for {
		port := 20000 + rand.IntN(12000)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		ours, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		t.Cleanup(func() { ours.Close() })
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return port
		}
	}
}
