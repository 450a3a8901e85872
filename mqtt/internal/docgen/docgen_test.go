package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

const root = "../../.."

// shared is the book of this code, for the tests that do not change it.
var shared = sync.OnceValues(func() (*book, error) { return newBook(root) })

func readBook(t *testing.T) *book {
	t.Helper()
	b, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// texts are the pages by their files.
func texts(t *testing.T, b *book) map[string]string {
	t.Helper()
	pages, err := b.pages()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, p := range pages {
		files[p.file] = p.text()
	}
	return files
}

// The pages in docs/reference are those of this code, and there are no others.
func TestPagesAreCurrent(t *testing.T) {
	want := texts(t, readBook(t))
	there, err := filepath.Glob(filepath.Join(root, pagesDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		if want[filepath.Base(file)] == "" {
			t.Errorf("%s is not made by docgen", file)
		}
	}
	for file, text := range want {
		raw, err := os.ReadFile(filepath.Join(root, pagesDir, file))
		if err != nil {
			t.Error(err)
			continue
		}
		is := strings.ReplaceAll(string(raw), "\r\n", "\n") // as a checkout on Windows may have it
		if n, have, should := firstDifference(is, text); n > 0 {
			t.Errorf("%s/%s is stale; run go generate ./mqtt. Line %d is\n\t%s\nand should be\n\t%s", pagesDir, file, n, have, should)
		}
	}
}

// firstDifference returns the first line in which two texts differ, 0 if none does.
func firstDifference(a, b string) (line int, inA, inB string) {
	if a == b {
		return 0, "", ""
	}
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	at := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return "(the end of the page)"
	}
	for i := 0; ; i++ {
		if at(as, i) != at(bs, i) {
			return i + 1, at(as, i), at(bs, i)
		}
	}
}

func TestFirstDifference(t *testing.T) {
	for _, row := range []struct {
		a, b string
		line int
		inA  string
	}{
		{"x\ny\n", "x\ny\n", 0, ""},
		{"x\ny\n", "x\nz\n", 2, "y"},
		{"x\n", "x\ny\n", 2, ""},
		{"x", "x\ny", 2, "(the end of the page)"},
	} {
		if line, inA, _ := firstDifference(row.a, row.b); line != row.line || inA != row.inA {
			t.Errorf("%q and %q: line %d, %q", row.a, row.b, line, inA)
		}
	}
}

// A copy of the source at another place gives the same pages, each time: no paths, no order of maps, no clock in them.
func TestWrite(t *testing.T) {
	want := texts(t, readBook(t))
	elsewhere := copySource(t)
	for range 2 {
		if err := write(elsewhere); err != nil {
			t.Fatal(err)
		}
		for file, text := range want {
			got, err := os.ReadFile(filepath.Join(elsewhere, pagesDir, file))
			if err != nil {
				t.Fatal(err)
			}
			if line, is, should := firstDifference(string(got), text); line > 0 {
				t.Errorf("%s, line %d: %q and %q", file, line, is, should)
			}
		}
	}
}

// What cannot be sorted into the pages is refused with its name.
func TestRefusals(t *testing.T) {
	for _, row := range []struct{ name, pkg, code, want string }{
		{"a method of no group", "mqtt", "package mqtt\n\n// Shout shouts.\nfunc (m *MQTT) Shout() error { return nil }\n", "Shout"},
		{"a syntax error", "config", "package config\n\nfunc {\n", "extra.go:3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := copySource(t)
			if err := os.WriteFile(filepath.Join(dir, row.pkg, "extra.go"), []byte(row.code), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := write(dir); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one about %s", err, row.want)
			}
		})
	}
	t.Run("a section that is gone", func(t *testing.T) {
		b, err := newBook(root)
		if err != nil {
			t.Fatal(err)
		}
		b.source.packages["errors"].Doc = "Package errors."
		if _, err := b.pages(); err == nil || !strings.Contains(err.Error(), "Branching on the number") {
			t.Errorf("error %v", err)
		}
	})
}

// copySource copies the documented packages to a new root.
func copySource(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, pkg := range documented {
		files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, pkg), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, pkg, filepath.Base(file)), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// Every link inside the reference leads to a heading, and to the only one of its text.
func TestLinks(t *testing.T) {
	pages := texts(t, readBook(t))
	headings := map[string]int{}
	for file, text := range pages {
		for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
			headings[file+"#"+anchor(h[1])]++
		}
	}
	links := 0
	for file, text := range pages {
		for _, link := range regexp.MustCompile(`\]\(([a-z]*\.md)?(#[^)]*)\)`).FindAllStringSubmatch(text, -1) {
			target := link[1]
			if target == "" {
				target = file
			}
			links++
			if n := headings[target+link[2]]; n != 1 {
				t.Errorf("%s: the link to %s%s leads to %d headings", file, target, link[2], n)
			}
		}
	}
	if links < 500 {
		t.Errorf("only %d links", links)
	}
}

// Entries as a reader is to see them.
func TestEntries(t *testing.T) {
	pages := texts(t, readBook(t))
	for _, row := range []struct{ file, heading, want string }{
		{propertiesFile, "## KeepAliveInterval", "func (m *MQTT) SetKeepAliveInterval(seconds int) error"},
		{propertiesFile, "## KeepAliveInterval", "There is a [setting](settings.md#keepaliveinterval) of this name too."},
		{propertiesFile, "## RemotePort", "Default: `1883`."},
		{propertiesFile, "## Version", "Default: `MvV3`."},
		{propertiesFile, "## SSLServerCert", "Read-only."},
		{propertiesFile, "## SetVersion", ""},
		{methodsFile, "## New", "func New() *MQTT"},
		{methodsFile, "## PublishAndWait", "[PublishAndWaitTimeout](settings.md#publishandwaittimeout)"},
		{methodsFile, "## Connect", "[errors.ErrAlreadyConnecting](errors.md#1105) (1105): connecting already"},
		{methodsFile, "## DisconnectWith", "147 to 153 are possible"},
		{eventsFile, "## OnMessageIn", "| `PacketId` | `int` | \\-1 for QoS 0 |"},
		{eventsFile, "## OnBeforeConnect", "The handler may change ClientId and CleanSession."},
		{eventsFile, "## OnPubComp", "OnPubComp func(e *PubAckEventArgs)"},
		{settingsFile, "### WillQOS", "Accepted: an integer from 0 to 2; anything else is error [505](errors.md#505)."},
		{settingsFile, "### TopicQOSArray", "Accepted as elements: an integer from 0 to 2; anything else is error [505](errors.md#505)."},
		{settingsFile, "### SubscriptionIdentifier", "or -1 for none"},
		{settingsFile, "### ConnectionTimeout", "- Unit: s"},
		{settingsFile, "### OutgoingUserPropName", "`OutgoingUserPropName[0]`"},
		{settingsFile, "### SSLAcceptAnyServerCert", "`AcceptAnyServerCert`"},
		{settingsFile, "### SessionPresent", "Read-only; assigning it is error [211](errors.md#211)."},
		{settingsFile, "### ServerTopicAliasMax", "MQTT 5 only"},
		{settingsFile, "### FirewallPassword", "Secret"},
		{settingsFile, "### WillProperties", "| `WillDelayInterval` | int64 | 0 to 4294967295 | 0 | 0x18 |"},
		{settingsFile, "### WillProperties", "Also written `ReponseTopic`."},
		{settingsFile, "### TcpNoDelay", "The documented component has False"},
		{settingsFile, "### SSLEnabledProtocols", "The documented component has 4032"},
		{settingsFile, "## TCPClient settings", "[ConnectionTimeout](#connectiontimeout) belongs to this group too."},
		{errorsFile, "### 116", "`errors.ErrNoRemotePort`: RemotePort is zero."},
		{errorsFile, "### 116", "[Connect](methods.md#connect)"},
		{errorsFile, "### 505", "[WillQOS](settings.md#willqos)"},
		{errorsFile, "### 272", "[SSLCert](properties.md#sslcert)"}, // which says 271 to 273
		{errorsFile, "### 155", "This component does not raise it."},
		{errorsFile, "## TCPClient", "the life of a connection"},
		{typesFile, "### MQTTVersions", "| `MvV5` | 1 | MQTT 5.0 |"},
		{typesFile, "### DisconnectProperties", "| `SessionExpInterval` | `*int` |"},
		{typesFile, "#### MQTTMessage.State", "func (m *MQTTMessage) State() int"},
		{typesFile, "#### Certificate.Subject", "func (c *Certificate) SetSubject(subject string) error"},
		{typesFile, "#### certificate.FromFile", "[errors.ErrFileNotOpened](errors.md#302) (302)"},
		{typesFile, "### FirewallTypes", "| `FwSOCKS4A` | 10 |"},
	} {
		_, entry, there := strings.Cut(pages[row.file], "\n"+row.heading+"\n")
		if !there || row.want == "" {
			if there != (row.want != "") {
				t.Errorf("%s: is there a heading %q? %t", row.file, row.heading, there)
			}
			continue
		}
		entry, _, _ = strings.Cut(entry, "\n#")
		if !strings.Contains(entry, row.want) {
			t.Errorf("%s, %s: want %q in\n%s", row.file, row.heading, row.want, entry)
		}
	}
}
