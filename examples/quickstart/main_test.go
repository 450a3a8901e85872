package main

import (
	"bytes"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

// call runs the program with a command line.
func call(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, &out, &err)
	return code, out.String(), err.String()
}

func TestDefaultRun(t *testing.T) {
	code, out, err := call()
	if code != 0 || err != "" {
		t.Fatalf("exit code %d, stderr %q, stdout:\n%s", code, err, out)
	}
	for _, version := range []string{"3.1.1", "5.0"} {
		for _, line := range []string{
			`connecting    127\.0\.0\.1:\d+`,
			`connected     127\.0\.0\.1 +as client \w+`,
			`subscribed    iot/quickstart/\w{6}/temperature/\+ +granted QoS 0`,
			`subscribed    iot/quickstart/\w{6}/state/# +granted QoS 1`,
			`subscribed    iot/quickstart/\w{6}/command +granted QoS 2`,
			`sent          iot/quickstart/\w{6}/temperature/kitchen +QoS 0, which nobody confirms`,
			`sent          iot/quickstart/\w{6}/state/door/front +QoS 1, confirmed by the server`,
			`sent          iot/quickstart/\w{6}/command +QoS 2, confirmed by the server`,
			`received      iot/quickstart/\w{6}/temperature/kitchen +QoS 0, "21.5"`,
			`received      iot/quickstart/\w{6}/state/door/front +QoS 1, "closed"`,
			`received      iot/quickstart/\w{6}/command +QoS 2, "open the window"`,
			`disconnected`,
		} {
			pattern := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(version) + ` +` + line + `$`)
			if n := len(pattern.FindAllString(out, -1)); n != 1 {
				t.Errorf("%d lines match %s, want 1", n, pattern)
			}
		}
	}
	if t.Failed() {
		t.Log("stdout:\n" + out)
	}
}

func TestOneVersionAgainstAServer(t *testing.T) {
	server := mqtttest.NewServer(t)
	for flag, want := range map[string]struct{ has, hasNot string }{
		"3": {"3.1.1  received", "5.0    received"},
		"5": {"5.0    received", "3.1.1  received"},
	} {
		code, out, err := call("-host", server.Host(), "-port", strconv.Itoa(server.Port()), "-version", flag)
		if code != 0 || err != "" || !strings.Contains(out, want.has) || strings.Contains(out, want.hasNot) {
			t.Errorf("-version %s: exit code %d, stderr %q, stdout:\n%s", flag, code, err, out)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close() // a port that refuses
	code, _, stderr := call("-host", "127.0.0.1", "-port", port)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	wantLine(t, stderr, "quickstart: [10061] ")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-version", "4"},
		{"-version", "5.0"},
		{"-nosuchflag"},
		{"leftover"},
		{"-port", "1883"}, // of which host?
	} {
		code, out, err := call(args...)
		if code != 2 || out != "" || !strings.Contains(err, "Usage") {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", args, code, out, err)
		}
	}
	if code, _, err := call("-help"); code != 0 || !strings.Contains(err, "Usage") {
		t.Errorf("-help: exit code %d, stderr %q", code, err)
	}
}

func TestRefusedSubscription(t *testing.T) {
	server := mqtttest.NewServer(t)
	server.RefuseSubscriptions(func(filter string) bool { return strings.HasSuffix(filter, "command") })
	code, _, err := call("-host", server.Host(), "-port", strconv.Itoa(server.Port()), "-version", "5")
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	wantLine(t, err, "quickstart: the server refused the subscription of iot/quickstart/")
}

// A message that never arrives ends the program all the same, and it says which one.
func TestLostMessage(t *testing.T) {
	server := mqtttest.NewServer(t)
	server.LoseMessages(func(topic string) bool { return strings.HasSuffix(topic, "state/door/front") })
	var out bytes.Buffer
	d := newDemo(&options{host: server.Host(), port: server.Port(), seconds: 60}, mqtt.MvV5, &out)
	// The time is over when all the others have happened, however long that takes on this machine.
	timeOver := func() {
		if len(d.missing) == 1 {
			d.deadline = time.Time{}
		}
	}
	d.client.OnMessageIn = func(e *mqtt.MessageInEventArgs) { d.onMessageIn(e); timeOver() }
	d.client.OnMessageOut = func(e *mqtt.MessageOutEventArgs) { d.onMessageOut(e); timeOver() }
	err := d.run()
	if err == nil {
		t.Fatalf("no error; stdout:\n%s", &out)
	}
	pattern := regexp.MustCompile(`^not done after 60 s; missing: the message on iot/quickstart/\w{6}/state/door/front$`)
	if !pattern.MatchString(err.Error()) {
		t.Errorf("error %q does not match %s; stdout:\n%s", err, pattern, &out)
	}
}

func wantLine(t *testing.T, text, prefix string) {
	t.Helper()
	if !strings.HasPrefix(text, prefix) || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("%q is not one line that starts with %q", text, prefix)
	}
}
