package mqtt_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// accused is a test that a Recorder complains to. It never ends by itself.
type accused struct {
	testing.TB
	complaints []string
	cleanup    []func()
}

func (a *accused) Errorf(format string, args ...any) {
	a.complaints = append(a.complaints, fmt.Sprintf(format, args...))
}
func (a *accused) Error(args ...any) { a.complaints = append(a.complaints, fmt.Sprint(args...)) }
func (a *accused) Cleanup(f func())  { a.cleanup = append(a.cleanup, f) }
func (a *accused) Failed() bool      { return len(a.complaints) > 0 }

// The rows call the handlers of a component that does nothing, so that Connected() is false all the time.
const begin = "BeforeConnect ConnAck Connected ReadyToSend"

// The grammar that is checked over every test: what a wrong component would fire is found, what a sound one fires is not.
func TestEventGrammar(t *testing.T) {
	for _, row := range []struct{ name, events, problem string }{
		{"pain 10: a connection", begin + " Disconnected", ""},
		{"pain 10: two connections", begin + " Disconnected " + begin + " Disconnected", ""},
		{"pain 10: refused", "BeforeConnect ConnAck Connected:500", ""},
		{"pain 10: refused, then accepted", "BeforeConnect Connected:201 " + begin + " Disconnected", ""},
		{"pain 10: Disconnected never comes", begin, "no Disconnected came"},
		{"pain 10: Disconnected twice", begin + " Disconnected Disconnected", "there was no Connected before it"},
		{"pain 10: Disconnected without Connected", "BeforeConnect Disconnected", "there was no Connected before it"},
		{"pain 10: Disconnected after a refusal", "BeforeConnect ConnAck Connected:500 Disconnected", "there was no Connected before it"},
		{"pain 10: Connected twice", begin + " Connected", "connected already"},
		{"pain 10: refused while connected", begin + " Connected:500", "connected already"},
		{"a new attempt before the end", begin + " BeforeConnect", "has not been told to be over"},
		{"Connected without ConnAck", "BeforeConnect Connected", "ConnAck comes first"},
		{"ConnAck twice", "BeforeConnect ConnAck ConnAck", "it is the second one"},
		{"a message before Connected", "BeforeConnect ConnAck MessageIn", "there is no connection"},
		{"a message after the end", begin + " Disconnected MessageIn", "there is no connection"},
		{"a message before ReadyToSend", "BeforeConnect ConnAck Connected MessageIn", "ReadyToSend comes first"},
		{"MessageAck, MessageIn", begin + " AckIn:1 MessageIn:1 Disconnected", ""},
		{"MessageAck, MessageOut", begin + " AckOut:1 MessageOut:1 Disconnected", ""},
		{"MessageAck without its message", begin + " AckIn:1 Disconnected", "should have come"},
		{"MessageAck of another message", begin + " AckIn:1 MessageIn:2", "should have come"},
		{"MessageAck of the other direction", begin + " AckIn:1 MessageOut:1", "should have come"},
		{"MessageAck twice", begin + " AckOut:1 AckOut:2", "should have come"},
		{"the TLS handshake late", begin + " SSLServerAuthentication", "comes before everything"},
		{"AUTH between ConnAck and Connected", "BeforeConnect ConnAck Auth", "none comes between"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := &accused{TB: t}
			r := mqtttest.Record(a, mqtt.New())
			r.Patience = 0
			for _, event := range strings.Fields(row.events) {
				fire(r.M, event)
			}
			a.end()
			a.want(row.problem)
		})
	}
	t.Run("nested", func(t *testing.T) {
		a := &accused{TB: t}
		r := mqtttest.Record(a, mqtt.New()).Lenient()
		r.On("Log", func(any) { r.M.OnError(&mqtt.ErrorEventArgs{}) })
		r.M.OnLog(&mqtt.LogEventArgs{})
		a.want("Error fired inside the handler of Log")
	})
	t.Run("after the end", func(t *testing.T) {
		a := &accused{TB: t}
		r := mqtttest.Record(a, mqtt.New())
		a.end()
		r.M.OnLog(&mqtt.LogEventArgs{})
		a.want("Log fired after the end")
	})
}

// Connected() has to say what the events do.
func TestEventGrammarOfConnected(t *testing.T) {
	for _, row := range []struct{ name, event string }{
		{"pain 10: Disconnected while Connected() is true", "Disconnected"},
		{"pain 10: refused while Connected() is true", "Connected:500"},
	} {
		t.Run(row.name, inBubble(func(t *testing.T) {
			s := mqtttest.NewMemoryServer(t)
			s.ServeAll(t, nil)
			a := &accused{TB: t}
			r := mqtttest.Record(a, mqtt.New())
			mqtt.SetDial(r.M, s.Dial)
			must(t, r.M.ConnectTo(s.Host, s.Port))
			r.Pump()
			if row.event != "Disconnected" {
				r.WasReset() // as far as the events tell there is no connection
			}
			fire(r.M, row.event)
			a.end()
			a.want("Connected() is true")
		}))
	}
}

func (a *accused) end() {
	for _, f := range a.cleanup {
		f()
	}
}

func (a *accused) want(problem string) {
	a.TB.Helper()
	if problem == "" && len(a.complaints) > 0 || problem != "" && (len(a.complaints) == 0 || !strings.Contains(a.complaints[0], problem)) {
		a.TB.Errorf("the complaints are %q, want %q", a.complaints, problem)
	}
}

// fire calls a handler: Name, or Name:number.
func fire(m *mqtt.MQTT, event string) {
	name, digits, _ := strings.Cut(event, ":")
	n := 0
	_, _ = fmt.Sscan(digits, &n)
	switch name {
	case "BeforeConnect":
		m.OnBeforeConnect(&mqtt.BeforeConnectEventArgs{})
	case "ConnAck":
		m.OnConnAck(&mqtt.ConnAckEventArgs{})
	case "Connected":
		m.OnConnected(&mqtt.ConnectedEventArgs{StatusCode: n})
	case "ReadyToSend":
		m.OnReadyToSend(&mqtt.ReadyToSendEventArgs{})
	case "Disconnected":
		m.OnDisconnected(&mqtt.DisconnectedEventArgs{})
	case "AckIn":
		m.OnMessageAck(&mqtt.MessageAckEventArgs{PacketId: n, Direction: 1})
	case "AckOut":
		m.OnMessageAck(&mqtt.MessageAckEventArgs{PacketId: n})
	case "MessageIn":
		m.OnMessageIn(&mqtt.MessageInEventArgs{PacketId: n})
	case "MessageOut":
		m.OnMessageOut(&mqtt.MessageOutEventArgs{PacketId: n})
	case "SSLServerAuthentication":
		m.OnSSLServerAuthentication(&mqtt.SSLServerAuthenticationEventArgs{})
	case "Auth":
		m.OnAuth(&mqtt.AuthEventArgs{})
	default:
		panic("no event " + event)
	}
}

// unrecorded are the functions whose components are not recorded, and why.
var unrecorded = map[string]string{
	"FuzzRemoteHosts":                 "its component is never connected",
	"TestConnectTextsAreRefused":      "its component is never connected",
	"TestJournalUnusable":             "its component is never connected",
	"TestServers":                     "its component is never connected",
	"TestPortingPagesNameWhatThereIs": "its component is never connected",
	"client":                          "runs for long, as a program would",
	"newFaultClient":                  "runs for long, as a program would",
	"obey":                            "is a process of its own",
	"passers":                         "runs for long, as a program would",
	"reconnectJitter":                 "is about many components without a pump",
	"runChild":                        "is a process of its own",
	"FuzzRestoreSession":              "its component is never connected",
	"TestAllocationsOfPublish":        "counts allocations",
	"TestAllocationsOfPublishUntold":  "counts allocations",
	"TestInterruptWhileLargeMessageIsWritten": "is about MessageOut without a handler",
	"TestLargeMessageToServerThatReadsLate":   "is about MessageOut without a handler",
	"TestMessageOutHandlerSetLate":            "is about when MessageOut has a handler",
	"TestAllocationsOfReceive":                "counts allocations",
	"TestMessageWithoutHandlerIsAcknowledged": "is about handlers that are nil",
	"TestReconnectWithoutPump":                "is about a BeforeConnect that is nil",
	"inTheBackground":                         "is about handlers that are nil",
	"newRecorder":                             "has a recorder of its own, as programs would",
	"TestHostileArgumentsAreComplete":         "looks at the type only",
	"TestReferenceBags":                       "looks at the settings only",
	"TestReferenceDefaults":                   "looks at the defaults only",
	"TestSettingInTwoGroups":                  "looks at the settings only",
	"allSettingRows":                          "looks at the settings only",
	"TestSettings":                            "looks at the settings only",
	"TestHostileSettings":                     "looks at the settings only",
	"oracle":                                  "looks at the settings only",
}

// Every component of a test is recorded, so that the grammar is checked over all tests; programs, which is what examples
// and benchmarks are, have handlers of their own.
func TestEveryComponentIsRecorded(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	campaigns, err := filepath.Glob("internal/campaign/*/*_test.go")
	must(t, err)
	files = append(files, campaigns...)
	seen := map[string]bool{}
	for _, name := range files {
		if strings.Contains(name, "bench") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || strings.HasPrefix(f.Name.Name, "Example") || strings.HasPrefix(f.Name.Name, "Benchmark") || !calls(f, "mqtt", "New") {
				continue
			}
			seen[f.Name.Name] = true
			if unrecorded[f.Name.Name] == "" && !calls(f, "mqtttest", "Record") {
				t.Errorf("%s: %s makes a component with mqtt.New; take recorded(t), or say in unrecorded why not", name, f.Name.Name)
			}
		}
	}
	for name := range unrecorded {
		if !seen[name] {
			t.Errorf("unrecorded has %s, which makes no component", name)
		}
	}
}

// calls reports whether f names a function of a package.
func calls(f *ast.FuncDecl, pkg, name string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is && s.Sel.Name == name {
			if x, is := s.X.(*ast.Ident); is && x.Name == pkg {
				found = true
			}
		}
		return !found
	})
	return found
}
