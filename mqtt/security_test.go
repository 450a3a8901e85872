package mqtt_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// Every line of the tables of docs/threats.md names a test, and every test that it names exists; the table of measurements
// has none.
func TestThreatsPage(t *testing.T) {
	exists := testNames(t)
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	rows, heading := 0, ""
	for line := range strings.Lines(string(readFile(t, "../docs/threats.md"))) {
		if strings.HasPrefix(line, "#") {
			heading = strings.TrimSpace(line)
		}
		named := name.FindAllStringSubmatch(line, -1)
		for _, n := range named {
			if !exists[n[1]] {
				t.Errorf("there is no %s", n[1])
			}
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if heading == "### Peak memory" || !strings.HasPrefix(line, "|") || strings.Contains(line, "|---|") || strings.TrimSpace(cells[len(cells)-1]) == "test" {
			continue
		}
		if rows++; len(cells) != 3 || len(name.FindAllString(cells[2], -1)) == 0 {
			t.Errorf("no test stands in the third column of %s", line)
		}
	}
	if rows < 40 {
		t.Errorf("%d rows", rows)
	}
}

// testNames are the tests and fuzz targets of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	must(t, filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
		return nil
	}))
	return names
}

// What protects is on unless a program switches it off.
func TestSecureDefaults(t *testing.T) {
	m := recorded(t)
	for name, want := range map[string]string{
		"SSLEnabledProtocols": "15360", "SSLSecurityFlags": "0", "SSLAcceptAnyServerCert": "False", "MaskSensitiveData": "True",
		"FollowServerReference": "False", "SSLKeyLogFile": "", "WebSocketHeaders": "",
	} {
		if got := config(t, m, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A server that cannot prove who it is learns nothing but the name that it was asked for: no CONNECT, no user, no password.
func TestUntrustedServerLearnsNothing(t *testing.T) {
	for _, row := range []struct{ name, url, code string }{
		{"unknown authority", "ssl://broker.example", "275"},
		{"another name", "ssl://other.example", "280"},
		{"unknown authority, WebSocket", "wss://broker.example/mqtt", "275"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				r, s := layered(t, mqtt.MvV5, row.url, mqtttest.OverTLS(serverConfig(server)))
				if row.code == "280" {
					trust(t, r.M, ca)
				}
				must(t, r.M.SetUser("ann"))
				must(t, r.M.SetPassword("5ec7e7"))
				config(t, r.M, "WebSocketHeaders=Authorization: Bearer 5ec7e7")
				done := r.Start(r.M.Connect)
				c := s.Accept(t)
				if said := c.Drain(); len(said) > 0 {
					t.Errorf("the server was told %q", said)
				}
				if err := r.Join(done); err == nil || !strings.HasPrefix(err.Error(), "["+row.code+"]") {
					t.Errorf("%v, want %s", err, row.code)
				}
			})
		})
	}
}

// The star in front of a host leaves its name to the proxy. Alone it is no host: without a proxy, the empty name that it
// leaves would be the own computer. FuzzComponentHost found it.
func TestStarIsNoHost(t *testing.T) {
	for host, code := range map[string]int{"*": 10022, "[]": 10022, "tcp://*": 152, "wss://*:443/mqtt": 152} {
		m := recorded(t)
		wantCode(t, m.SetRemoteHost(host), code)
		wantCode(t, m.ConnectTo(host, 1883), code)
	}
}

// What a URL hides behind percent signs in its host is looked at too. FuzzComponentHost found it.
func TestEscapesInHost(t *testing.T) {
	for _, host := range []string{"ws://%80]", "tcp://%FF.example", "tcp://a%C2%85b", "ssl://a]b"} {
		m := recorded(t)
		err := m.SetRemoteHost(host)
		wantCode(t, err, 10022)
		wantRefusal(t, err, "")
	}
}

// A space in the query of a URL does not part the line of the upgrade's request. FuzzComponentHost found it.
func TestSpaceInURL(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var request *http.Request
		r, s := layered(t, mqtt.MvV5, "ws://broker.example/a b?c d=e f", mqtttest.OverWebSocket(func(seen *http.Request) { request = seen }))
		r.Connect(s, nil)
		if request.RequestURI != "/a%20b?c%20d=e%20f" {
			t.Errorf("the server was asked for %q", request.RequestURI)
		}
	})
}
