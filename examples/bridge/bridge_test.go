package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
)

// TestMain is the bridge itself when a test starts it as a process.
func TestMain(m *testing.M) {
	if file := os.Getenv("BRIDGE_FILE"); file != "" {
		os.Args = []string{"bridge", file}
		main()
		return
	}
	os.Exit(m.Run())
}

// Every fault of a file is told with its line.
func TestFaultsHaveLines(t *testing.T) {
	_, err := parse(`nothing
[server north]
RemoteHost=mqtt://localhost
ClientId=bridge
WillQOS=3
[server south]
RemoteHost=mqtt://localhost
[forward]
From=north
QOS=4
Retain=sometimes
nonsense
[server]
[else]
`)
	if err == nil {
		t.Fatal("no fault")
	}
	for _, want := range []string{
		"line 1: it stands before", "Line 5: ", "line 6: [server south] needs", "line 10: QOS", "line 11: Retain",
		`line 12: "nonsense"`, "line 13: a server needs a name", "line 14: [else]",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}

	_, err = parse("[server a]\nRemoteHost=h\nClientId=c\n[forward]\nFrom=a\nTo=b\nFilter=x\n[forward]\nFrom=a\nTo=a\nFilter=x\n")
	for _, want := range []string{"line 4: there is no [server b]", "line 8: x of a is forwarded already", "line 8: the messages would go round"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

// The file that the README shows is without faults.
func TestReadmeFile(t *testing.T) {
	text, err := os.ReadFile("bridge.conf")
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.servers) != 2 || len(c.forwards) != 2 {
		t.Errorf("%d servers, %d forwards", len(c.servers), len(c.forwards))
	}
}

func TestTopic(t *testing.T) {
	for _, test := range []struct{ remove, add, topic, want string }{
		{"", "", "a/b", "a/b"},
		{"a/", "", "a/b", "b"},
		{"", "x/", "a/b", "x/a/b"},
		{"a/", "x/", "a/b", "x/b"},
		{"z/", "x/", "a/b", "x/a/b"},
	} {
		f := forward{remove: test.remove, add: test.add}
		if got := f.topic(test.topic); got != test.want {
			t.Errorf("-%q +%q: %s becomes %s, want %s", test.remove, test.add, test.topic, got, test.want)
		}
	}
}

// A bridge that is killed again and again loses nothing: what it has acknowledged is in its journal, and the server keeps the rest. First
// it is killed while one side is not there at all, so that everything is in its hands.
func TestKilled(t *testing.T) {
	north, south := freePort(t), freePort(t)
	startMosquitto(t, north)
	folder := t.TempDir()
	file := filepath.Join(folder, "bridge.conf")
	text := fmt.Sprintf(`
[server north]
RemoteHost=127.0.0.1
RemotePort=%d
ClientId=bridge
JournalDir=%[3]s
[server south]
RemoteHost=127.0.0.1
RemotePort=%[2]d
ClientId=bridge-south
JournalDir=%[3]s
[forward]
From=north
To=south
Filter=plant/#
QOS=1
Remove=plant/
Add=north/
`, north, south, filepath.ToSlash(folder))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	const messages, kills = 300, 3
	command := startBridge(t, file)
	sender := mqtt.New()
	must(sender.ConnectTo("127.0.0.1", north))
	defer sender.Disconnect()
	for !journalHas(t, folder, "north/first") { // until the bridge has subscribed
		must(sender.PublishAndWait("plant/first", 1, nil))
		must(sender.DoEvents())
	}
	for i := range messages {
		must(sender.PublishMessage(fmt.Sprintf("plant/%d", i), 1, "reading"))
	}
	for !journalHas(t, folder, fmt.Sprintf("north/%d", messages-1)) {
		must(sender.DoEvents())
	}
	must(command.Process.Kill())
	_ = command.Wait() // it was killed

	startMosquitto(t, south)
	receiver := mqtt.New()
	received := map[string]bool{}
	receiver.OnMessageIn = func(e *mqtt.MessageInEventArgs) { received[e.Topic] = true }
	must(receiver.ConnectTo("127.0.0.1", south))
	defer receiver.Disconnect()
	must(receiver.SubscribeAndWait("north/#", 1))
	await := func(n int) {
		for len(received) < n && receiver.Connected() {
			must(receiver.DoEvents())
		}
	}
	command = startBridge(t, file)
	for kill := range kills {
		await(1 + messages*(kill+1)/(kills+2))
		must(command.Process.Kill())
		_ = command.Wait()
		command = startBridge(t, file)
	}
	await(1 + messages)
	for i := range messages {
		if name := fmt.Sprintf("north/%d", i); !received[name] {
			t.Errorf("%q is lost", name)
		}
	}
	must(command.Process.Kill())
	_ = command.Wait()
}

// startMosquitto starts a server for the test and waits until it runs. The broker of package broker is no match for a client that is killed:
// docs/servers.md says what it loses then.
func startMosquitto(t *testing.T, port int) {
	t.Helper()
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/mosquitto")
	}
	if err != nil {
		if os.Getenv("MQTT_REAL_SERVERS") == "required" {
			t.Fatal(err)
		}
		t.Skip("mosquitto is not installed")
	}
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\n", port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-v", "-c", file)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.HasSuffix(lines.Text(), " running") {
			go func() { _, _ = io.Copy(io.Discard, output) }() // until it ends
			return
		}
	}
	t.Fatalf("mosquitto does not run on port %d", port)
}

// freePort is a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// journalHas looks for a topic in the journals of a folder, which have it as it is.
func journalHas(t *testing.T, folder, topic string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), topic)
	})
}

func startBridge(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program)
	command.Env = append(os.Environ(), "BRIDGE_FILE="+file)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command
}
