package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// patience is how long one of the programs may take; all of it is waiting on a machine that is busy.
const patience = time.Minute

// argumentSet is one line that both are run with.
type argumentSet struct {
	args string // in front of which -h and -p stand
	// input is the standard input.
	input string
	// before are published before it begins, messages when it has subscribed: TOPIC=PAYLOAD, with a first letter r if retained.
	before, messages []string
	env              []string // the lines of the configuration file
}

var pubSets = []argumentSet{
	{args: "-t a -m hello"},
	{args: "-t a -m hello -q 1"},
	{args: "-t a -m hello -q 2"},
	{args: "-t a/b/c -m x -r"},
	{args: "-t a -n"},
	{args: "-t a -n -r -q 1"},
	{args: "-t a -m x -i someone"},
	{args: "-t a -m x -i someone -c"},
	{args: "-t a -m x -k 30"},
	{args: "-t a -m x -u user1 -P pass1"},
	{args: "-t a -m x -u user1"},
	{args: "-t a -l", input: "one\ntwo\n\nthree\n"},
	{args: "-t a -l -q 1", input: "one\ntwo\n"},
	{args: "-t a -l", input: "no end"},
	{args: "-t a -s", input: "all of\nthis\n"},
	{args: "-t a -s -q 1", input: "x"},
	{args: "-t a -f FILE"},
	{args: "-t a -f FILE -q 2 -r"},
	{args: "-t a -m x --will-topic w --will-payload gone"},
	{args: "-t a -m x --will-topic w --will-payload gone --will-qos 1 --will-retain"},
	{args: "-t a -m x --will-topic w"},
	{args: "-t a -m x --repeat 3"},
	{args: "-t a -m x --repeat 2 -q 1"},
	{args: "-t a -m x -V mqttv5"},
	{args: "-t a -m x -V 5 -q 1"},
	{args: "-t a -m x -V mqttv311"},
	{args: "-t a -m x -V mqttv5 -D publish content-type text/plain"},
	{args: "-t a -m x -V mqttv5 -D publish user-property name value"},
	{args: "-t a -m x -V mqttv5 -q 1 -D publish message-expiry-interval 60 -D publish response-topic back"},
	{args: "-t a -m x -V mqttv5 -D publish correlation-data abc -D publish payload-format-indicator 1"},
	{args: "-t a -m x -V mqttv5 -D connect user-property a b"},
	{args: "-t a -m x -V mqttv5 -x 100"},
	{args: "-t a -m x -V mqttv5 -x -1"},
	{args: "-t a -m x -V mqttv5 -x -1 -i someone"},
	{args: "-t a -m x -V mqttv5 -i someone -c"},
	{args: "-t a -m x -V mqttv5 -M 5"},
	{args: "-t a -m x -V mqttv5 --will-topic w --will-payload p -D will will-delay-interval 5"},
	{args: "-t a -m -5"},
	{args: "-t grüße -m ünïcode"},
	{args: "--topic a --message x --qos 1 --retain"},
	{args: "-t a -m x --nodelay"},
	{args: "-t a"},
	{args: "-m x"},
	{args: "-t a -m x -n"},
	{args: "-t a -m x -q 3"},
	{args: "-t a -m x -V 9"},
	{args: "-t a -m x -c"},
	{args: "-t a -f no-such-file"},
	{args: "-t a -m x --no-such-flag"},
	{args: "-t a -m x --quiet"},
	{args: "-t #  -m x"},
}

var subSets = []argumentSet{
	{args: "-t T -C 1", messages: []string{"T=one"}},
	{args: "-t T -C 3", messages: []string{"T=one", "T=", "T=three"}},
	{args: "-t T -C 2 -v", messages: []string{"T=one", "T="}},
	{args: "-t T/# -C 2 -v -q 1", messages: []string{"T/a=one", "T/b=two"}},
	{args: "-t T/# -C 2 -v -q 2", messages: []string{"T/a=one", "T/b=two"}},
	{args: "-t T/a -t T/b -C 2 -v", messages: []string{"T/b=one", "T/a=two"}},
	{args: "-t T/+ -T T/b -C 2 -v", messages: []string{"T/a=one", "T/b=out", "T/c=two"}},
	{args: "-t T -C 2 -N", messages: []string{"T=one", "T=two"}},
	{args: "-t T -C 1", before: []string{"rT=kept"}},
	{args: "-t T -C 1 -R -v", before: []string{"rT=kept"}, messages: []string{"T=new"}},
	{args: "-t T/# --retained-only -v", before: []string{"rT/a=kept"}, messages: []string{"T/b=new"}},
	{args: "-t T -C 1 -V mqttv5", messages: []string{"T=one"}},
	{args: "-t T -C 1 -V mqttv5 -x 60 -c -i CLIENT", messages: []string{"T=one"}},
	{args: "-t T -C 1 -V mqttv5 -D subscribe subscription-identifier 7 -F %S:%p", messages: []string{"T=one"}},
	{args: "-t T -C 1 -V mqttv5 -D subscribe user-property a b", messages: []string{"T=one"}},
	{args: "-t T -C 1 -V mqttv5 --retain-as-published -F %r:%p", before: []string{"rT=kept"}},
	{args: "-t T -C 1 -F %t|%p|%l|%q|%r", messages: []string{"T=one"}},
	{args: "-t T -C 1 -F %x.%X.%%", messages: []string{"T=o~ne"}},
	{args: `-t T -C 1 -F a\tb\n%p\\`, messages: []string{"T=one"}},
	{args: "-t T -C 1 -q 1 -F %m:%q:%p", messages: []string{"T=one"}},
	{args: "-t T -C 1 -V mqttv5 -F [%C][%R][%D][%E][%F][%P][%A]", messages: []string{"T=one"}},
	{args: "-t T -C 1 -i CLIENT -c", messages: []string{"T=one"}},
	{args: "-t T -E"},
	{args: "-t T -W 1"},
	{args: "-t T -W 1 -C 5", messages: []string{"T=one"}},
	{args: "-t T -U T/x -E"},
	{args: "-t T -C 1 -k 20 --will-topic T/w --will-payload gone", messages: []string{"T=one"}},
	{args: "-t T -C 1 -F %p -v", messages: []string{"T=one"}},
	{args: "-t T -W 1 -q 1 --remove-retained", before: []string{"rT=kept"}},
	{args: "-t T -C 1", messages: []string{"T=one"}, env: []string{"-v"}}, // the file mosquitto_sub has -v
	{args: "-t T -F %"},
	{args: "-t T -F %Q"},
	{args: "-t T -q 4"},
	{args: "-t T/#/b"},
	{args: "-t T/a+"},
	{args: ""},
}

// TestBesideMosquitto runs mosquitto_pub and mosquitto_sub and this program with the same arguments against the same server,
// and compares what they print, their exit codes, and the packets that they send.
func TestBesideMosquitto(t *testing.T) {
	tools := find(t, "mosquitto", "mosquitto_pub", "mosquitto_sub")
	ours := filepath.Join(t.TempDir(), "mqtt")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", ours, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	server := start(t, tools["mosquitto"])
	file := filepath.Join(t.TempDir(), "payload")
	if err := os.WriteFile(file, []byte("from a file\x00\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		name string
		sets []argumentSet
	}{{"pub", pubSets}, {"sub", subSets}} {
		for i, set := range kind.sets {
			t.Run(fmt.Sprintf("%s %s", kind.name, set.args), func(t *testing.T) {
				topic := fmt.Sprintf("%s/%d", kind.name, i)
				args := fill(set.args, topic, file)
				theirs := run(t, server, set, topic, kind.name, tools["mosquitto_"+kind.name], args)
				mine := run(t, server, set, topic, kind.name, ours, append([]string{kind.name}, args...))
				if strings.Contains(set.args, "-U") && len(theirs.packets) == len(mine.packets)-1 {
					// mosquitto_sub 2.0.11 closes the connection when UNSUBACK comes after -E or -C has queued its DISCONNECT
					// (handle__unsuback wants an active state), and sends it when UNSUBACK comes before.
					theirs.packets = append(theirs.packets, disconnect)
				}
				theirs.compare(t, mine)
			})
		}
	}
	fmt.Printf("compared with mosquitto's tools: %d argument sets\n", len(pubSets)+len(subSets))
}

// disconnect is DISCONNECT of 3.1.1, as packets tells it.
const disconnect = "e000"

// find finds programs that a Debian package installs.
func find(t *testing.T, names ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			path = "/usr/sbin/" + name
			if _, err = os.Stat(path); err != nil {
				if os.Getenv("MQTT_REAL_SERVERS") == "required" {
					t.Fatalf("%s is not installed", name)
				}
				t.Skipf("%s is not installed", name)
			}
		}
		found[name] = path
	}
	return found
}

// fill splits arguments at spaces and puts topic and file in their place.
func fill(line, topic, file string) (args []string) {
	for _, arg := range strings.Fields(line) {
		switch {
		case arg == "FILE":
			arg = file
		case arg == "CLIENT":
			arg = "client-" + strings.ReplaceAll(topic, "/", "-")
		case arg == "T" || strings.HasPrefix(arg, "T/"):
			arg = topic + arg[1:]
		}
		args = append(args, arg)
	}
	return args
}

// start starts mosquitto on a free port.
func start(t *testing.T, program string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = listener.Close()
	settings := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(settings, []byte("listener "+port+" 127.0.0.1\nallow_anonymous true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", settings)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return address
		}
	}
	t.Fatal("mosquitto does not listen")
	return ""
}

// result is what a program did.
type result struct {
	code     int
	out      string
	failed   bool // it has written to the standard error output
	packets  []string
	warnings string
}

func (r *result) compare(t *testing.T, mine *result) {
	t.Helper()
	if r.code != mine.code {
		t.Errorf("exit code %d, theirs %d (%s)", mine.code, r.code, mine.warnings)
	}
	if strings.Contains(r.out, "Usage:") { // each has its own
		r.out, mine.out = "Usage:", mine.out[:min(len("Usage:"), len(mine.out))]
	}
	if r.out != mine.out {
		t.Errorf("printed %q, theirs %q", mine.out, r.out)
	}
	if r.code != 0 && r.failed != mine.failed {
		t.Errorf("told an error: %v, theirs %v: %q", mine.failed, r.failed, r.warnings)
	}
	a, b := strings.Join(r.packets, "\n"), strings.Join(mine.packets, "\n")
	if a != b {
		t.Errorf("packets\n%s\ntheirs\n%s", b, a)
	}
}

// run runs a program with a proxy in front of the server that sees what it sends.
func run(t *testing.T, server string, set argumentSet, topic, kind, program string, args []string) *result {
	t.Helper()
	w := watch(t, server)
	publish(t, server, set.before, topic)
	home := t.TempDir()
	if set.env != nil {
		if err := os.WriteFile(filepath.Join(home, "mosquitto_"+kind), []byte(strings.Join(set.env, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host, port, _ := net.SplitHostPort(w.address)
	place := []string{"-h", host, "-p", port}
	if len(args) > 0 && args[0] == kind { // ours has the name of the command first
		args = append(args[:1:1], append(place, args[1:]...)...)
	} else {
		args = append(place, args...)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+home, "LANG=C.UTF-8", "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(set.input)
	var out, warnings bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &warnings
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	limit := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	if len(set.messages) > 0 {
		select {
		case <-w.subscribed:
			publish(t, server, set.messages, topic)
		case <-ended:
		}
	}
	<-ended
	limit.Stop()
	publish(t, server, unretained(set.before), topic)
	return &result{
		code: cmd.ProcessState.ExitCode(), out: out.String(), failed: warnings.Len() > 0, warnings: warnings.String(),
		packets: w.packets(),
	}
}

// unretained are the messages that take retained ones away.
func unretained(messages []string) (list []string) {
	for _, m := range messages {
		name, _, _ := strings.Cut(m, "=")
		list = append(list, name+"=")
	}
	return list
}

// publish publishes messages with QoS 1.
func publish(t *testing.T, server string, messages []string, topic string) {
	t.Helper()
	if len(messages) == 0 {
		return
	}
	host, port, _ := net.SplitHostPort(server)
	number, _ := strconv.Atoi(port)
	m := mqtt.New()
	if err := m.ConnectTo(host, number); err != nil {
		t.Fatal(err)
	}
	defer m.Disconnect()
	for _, message := range messages {
		name, payload, _ := strings.Cut(message, "=")
		name, retain := strings.CutPrefix(name, "r")
		p := mqtt.PublishProperties{Retain: retain}
		if err := m.PublishAndWaitWith(topic+strings.TrimPrefix(name, "T"), 1, []byte(payload), p); err != nil {
			t.Fatal(err)
		}
	}
}

// watcher is a proxy that keeps what a client sends.
type watcher struct {
	address    string
	subscribed chan struct{} // closed with the first SUBACK
	serving    sync.WaitGroup
	listener   net.Listener
	sent       bytes.Buffer
}

func watch(t *testing.T, server string) *watcher {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{address: listener.Addr().String(), subscribed: make(chan struct{}), listener: listener}
	w.serving.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		upstream, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer upstream.Close()
		w.serving.Go(func() { w.answer(client, upstream) })
		_, _ = io.Copy(upstream, io.TeeReader(client, &w.sent))
	})
	return w
}

// answer copies the server's packets, and tells the first SUBACK when the client has it.
func (w *watcher) answer(client, upstream net.Conn) {
	defer client.Close()
	var all []byte
	told := false
	for b := make([]byte, 4096); ; {
		n, err := upstream.Read(b)
		all = append(all, b[:n]...)
		if _, failure := client.Write(b[:n]); err != nil || failure != nil {
			return
		}
		for _, p := range split(all) {
			if p[0]>>4 == 9 && !told {
				told = true
				close(w.subscribed)
			}
		}
	}
}

// split takes whole packets apart.
func split(b []byte) (packets [][]byte) {
	for len(b) >= 2 {
		size, shift, i := 0, 0, 1
		for {
			if i >= len(b) {
				return packets
			}
			size |= int(b[i]&0x7F) << shift
			shift += 7
			if i++; b[i-1] < 0x80 {
				break
			}
		}
		if len(b) < i+size {
			return packets
		}
		packets = append(packets, b[:i+size])
		b = b[i+size:]
	}
	return packets
}

var generated = regexp.MustCompile(`^(mosq-|iotmqtt|$)`)

// packets are those that the client sent, but PINGREQ, with a client identifier that the tool made left out.
func (w *watcher) packets() (list []string) {
	_ = w.listener.Close()
	w.serving.Wait()
	for _, p := range split(w.sent.Bytes()) {
		switch p[0] >> 4 {
		case 12:
			continue
		case 1:
			list = append(list, connectText(p))
			continue
		}
		list = append(list, publishText(p))
	}
	return list
}

// The order of properties means nothing but among user properties, so that both are compared in one order. publishText
// looks for them in a PUBLISH of MQTT 5, which is one whose properties can be read there.
func publishText(p []byte) string {
	if p[0]>>4 == 3 && len(p) > 4 {
		head := 4 + int(p[3]) // topic; the packets are short here
		if p[0]&6 != 0 {
			head += 2
		}
		if head < len(p) && head+1+int(p[head]) <= len(p) {
			end := head + 1 + int(p[head])
			return fmt.Sprintf("%x %s %x", p[:head+1], propertiesText(p[head+1:end]), p[end:])
		}
	}
	return hex.EncodeToString(p)
}

// propertiesText is properties in the order of their identifiers.
func propertiesText(b []byte) string {
	whole := fmt.Sprintf("%x", b)
	var list []string
	for len(b) > 0 {
		size := 0
		switch b[0] {
		case 1, 23, 25: // a byte
			size = 2
		case 33, 34, 35: // two
			size = 3
		case 2, 17, 24, 39: // four
			size = 5
		case 3, 8, 9, 21, 22: // a text or bytes
			if len(b) < 3 {
				return whole
			}
			size = 3 + int(b[1])<<8 + int(b[2])
		case 38: // two texts
			if len(b) < 3 {
				return whole
			}
			size = 3 + int(b[1])<<8 + int(b[2])
			if size+2 > len(b) {
				return whole
			}
			size += 2 + int(b[size])<<8 + int(b[size+1])
		}
		if size == 0 || size > len(b) {
			return whole
		}
		list = append(list, fmt.Sprintf("%x", b[:size]))
		b = b[size:]
	}
	slices.SortStableFunc(list, func(a, b string) int { return strings.Compare(a[:2], b[:2]) })
	return strings.Join(list, " ")
}

// connectText is CONNECT without its size and without an identifier that the tool has made.
func connectText(p []byte) string {
	body := p[1:]
	for body[0] >= 0x80 {
		body = body[1:]
	}
	body = body[1:]
	head, said := 10, "" // protocol name, version, flags, keep-alive
	if body[6] == 5 {
		head += 1 + int(body[10]) // properties, which are short here
		said = propertiesText(body[11:head])
	}
	size := int(body[head])<<8 | int(body[head+1])
	id, rest := string(body[head+2:head+2+size]), body[head+2+size:]
	if generated.MatchString(id) {
		id = ""
	}
	return fmt.Sprintf("CONNECT %x %s id %q %x", body[:10], said, id, rest)
}
