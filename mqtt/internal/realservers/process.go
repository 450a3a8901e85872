package realservers

import (
	"bytes"
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

const (
	readyTimeout = time.Minute // from start to the first accepted connection; usually 0.1 s
	stopTimeout  = time.Minute // from the signal to the end; usually 0.1 s
)

// Process is a server that the test started, with its own settings and data. It can be stopped and started again on
// the same port: messages and sessions that it has saved come back. It ends with the test.
//
// Its methods end the test when they fail, so they may be called only from the goroutine of the test, and not from
// inside a synctest bubble.
type Process struct {
	Server        // the listener for anyone
	Auth   Server // mosquitto's listener for User and Password; zero for NATS

	t     testing.TB
	path  string
	conf  string
	args  []string
	log   string
	ports []int

	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended and been waited for; nil while stopped
}

// StartMosquitto starts a mosquitto for this test alone. It writes its sessions and messages to disk every second and
// when it stops. The settings are lines of its configuration file that replace those of this package.
func StartMosquitto(t testing.TB, settings ...string) *Process {
	t.Helper()
	prog := mosquittoProgram
	for _, line := range settings {
		prog.conf += line + "\n" // the last one counts
	}
	return startProgram(t, &prog)
}

// StartNATS starts a nats-server for this test alone.
func StartNATS(t testing.TB) *Process {
	t.Helper()
	return startProgram(t, &natsProgram)
}

func startProgram(t testing.TB, prog *program) *Process {
	t.Helper()
	p, err := launch(t, prog)
	if err != nil {
		missing(t, prog.open.Name, err)
	}
	return p
}

// launch starts the program on free ports. Its error says that the program is not installed; every other failure ends
// the test.
func launch(t testing.TB, prog *program) (*Process, error) {
	t.Helper()
	path, err := prog.find()
	if err != nil {
		return nil, err
	}
	p := &Process{t: t, path: path}
	t.TempDir() // is removed by a function that is registered at the first call, and has to run after cleanup
	t.Cleanup(p.cleanup)

	// A free port may be gone when the server takes it, so there is a second and a third try.
	const tries = 3
	for try := 1; ; try++ {
		p.prepare(prog)
		err := p.run()
		if err == nil {
			return p, nil
		}
		p.kill()
		if try == tries {
			t.Fatalf("start %s: %v%s", path, err, p.logTail())
		}
		t.Logf("start %s: %v; once more on other ports", path, err)
	}
}

// prepare chooses the ports and writes the files that the program is started with.
func (p *Process) prepare(prog *program) {
	p.t.Helper()
	dir := p.t.TempDir()
	p.conf = filepath.Join(dir, "server.conf")
	p.log = filepath.Join(dir, "server.log")
	p.ports = nil
	replace := []string{"@DIR@", filepath.ToSlash(dir)}
	for name := "@PORT@"; strings.Contains(prog.conf+strings.Join(prog.args, " "), name); name = fmt.Sprintf("@PORT%d@",
		len(p.ports)+1) {
		p.ports = append(p.ports, freePort(p.t))
		replace = append(replace, name, strconv.Itoa(p.ports[len(p.ports)-1]))
	}

	p.Server = prog.open
	p.Server.Host, p.Server.Port = "127.0.0.1", p.ports[0]
	if prog.auth.Name != "" {
		p.Auth = prog.auth
		p.Auth.Host, p.Auth.Port = "127.0.0.1", p.ports[1]
	}

	fill := strings.NewReplacer(replace...)
	p.args = []string{"-c", p.conf}
	if prog.args != nil {
		p.args = nil
		for _, a := range prog.args {
			p.args = append(p.args, fill.Replace(a))
		}
	}
	p.write(p.conf, fill.Replace(prog.conf))
	for name, text := range prog.files {
		p.write(filepath.Join(dir, name), text)
	}
	if prog.unprivileged {
		for _, d := range []string{filepath.Dir(dir), dir} { // the first is the test's alone, too
			if err := os.Chmod(d, 0o755); err != nil {
				p.t.Fatal(err)
			}
		}
	}
}

func (p *Process) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// Start starts the server again, on the same ports and with its data, and waits until it accepts connections.
func (p *Process) Start() {
	p.t.Helper()
	if p.ended != nil {
		p.t.Fatalf("start %s: it is running", p.Name)
	}
	if err := p.run(); err != nil {
		p.t.Fatalf("start %s: %v%s", p.Name, err, p.logTail())
	}
}

// Stop ends the server in good order: it closes its connections and saves what it has.
func (p *Process) Stop() {
	p.t.Helper()
	p.mustRun("stop")
	if !p.terminate() {
		p.t.Fatalf("stop %s: still running after %v, killed%s", p.Name, stopTimeout, p.logTail())
	}
}

// Kill ends the server as a crash would: connections are reset, and what it has not saved is lost.
func (p *Process) Kill() {
	p.t.Helper()
	p.mustRun("kill")
	p.kill()
}

// Restart is Stop and Start.
func (p *Process) Restart() {
	p.t.Helper()
	p.Stop()
	p.Start()
}

// run starts the process and waits until it listens.
func (p *Process) run() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	cmd := exec.Command(p.path, p.args...)
	cmd.Stdout, cmd.Stderr = log, log // a file, so that Wait waits for the process alone
	cmd.SysProcAttr = endWithParent()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { // ends with the process, which terminate or kill ends and waits for
		_ = cmd.Wait()
		close(ended)
	}()
	p.cmd, p.ended = cmd, ended
	return p.waitReady()
}

func (p *Process) waitReady() error {
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for _, port := range p.ports {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		for {
			conn, err := net.DialTimeout("tcp", addr, time.Second)
			if err == nil {
				conn.Close()
				break
			}
			select {
			case <-p.ended:
				return fmt.Errorf("it ended (%v) instead of listening on %s", p.cmd.ProcessState, addr)
			case <-timeout.C:
				return fmt.Errorf("it does not listen on %s after %v", addr, readyTimeout)
			case <-retry.C:
			}
		}
	}
	return nil
}

// mustRun ends the test if the server is stopped, or ended without being told to.
func (p *Process) mustRun(verb string) {
	p.t.Helper()
	if p.ended == nil {
		p.t.Fatalf("%s %s: it is not running", verb, p.Name)
	}
	select {
	case <-p.ended:
		p.ended = nil
		p.t.Fatalf("%s %s: it has ended already: %v%s", verb, p.Name, p.cmd.ProcessState, p.logTail())
	default:
	}
}

// terminate asks the process to end and kills it if it does not. It reports whether the process did as it was asked.
func (p *Process) terminate() bool {
	// Windows has no such signal; there the error leads to kill, which is how a server is stopped there.
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.kill()
		return true
	}
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-p.ended:
		p.ended = nil
		return true
	case <-timeout.C:
		p.kill()
		return false
	}
}

func (p *Process) kill() {
	if p.ended == nil {
		return
	}
	_ = p.cmd.Process.Kill() // fails only when it has ended
	<-p.ended
	p.ended = nil
}

func (p *Process) cleanup() {
	if p.ended != nil && !p.terminate() {
		p.t.Errorf("%s was still running %v after its signal to end, killed", p.Name, stopTimeout)
	}
	if p.t.Failed() {
		p.t.Logf("%s on %s%s", p.Name, p.Addr(), p.logTail())
	}
}

// logTail returns the end of what the server printed, to be appended to a message.
func (p *Process) logTail() string {
	const most = 4 << 10
	text, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	text = bytes.TrimSpace(text)
	if len(text) > most {
		text = text[len(text)-most:]
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	return fmt.Sprintf("; the end of its log:\n%s", text)
}

// freePort returns a port of 127.0.0.1 that nobody listens on. It is below the range that outgoing connections are
// given (32768 and up on Linux): a client that keeps dialing a stopped server there can end up connected to itself,
// and then the server cannot have its port back.
//
// Until the test ends no other test is given the port, in whatever process: else a server of another package would be
// taken for one that has just been started, or hold the port of one that is stopped for a while. Whoever has the UDP
// port has the number; none of the servers uses it.
func freePort(t testing.TB) int {
	t.Helper()
	const low, high = 20000, 32000
	var err error
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(low+rand.IntN(high-low)))
		var ours net.PacketConn
		if ours, err = net.ListenPacket("udp", addr); err != nil {
			continue
		}
		t.Cleanup(func() { _ = ours.Close() })
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	t.Fatalf("no free port: %v", err)
	return 0
}
