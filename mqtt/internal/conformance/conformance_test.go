package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../../.."

// The page is that of this code, and nothing is missing.
func TestConformance(t *testing.T) {
	s, err := readSource(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := readParts(tables)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range check(parts, s) {
		t.Error(problem)
	}
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(pageFile)))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(raw), "\r\n", "\n") != page(parts, s) {
		t.Errorf("%s is stale; run go generate ./mqtt", pageFile)
	}
}

// The two standards have as many statements as wire-v5.md counted: none was forgotten, none invented.
func TestCounts(t *testing.T) {
	parts, err := readParts(tables)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		prefix string
		n      int
	}{{"MQTT5-", 251}, {"MQTT311-", 141}, {"U", 34}} {
		if n := len(parts[i].statements); n != want.n {
			t.Errorf("%s has %d statements, want %d", parts[i].title, n, want.n)
		}
		for _, st := range parts[i].statements {
			if !strings.HasPrefix(st.id, want.prefix) {
				t.Errorf("%s is in %s", st.id, parts[i].title)
			}
		}
	}
}

const table = columns + "\n"

// module is a small module whose tests and comments name all that its tables have.
func module() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"statements-v5.tsv": file(table +
			"MQTT5-1.0.0-1\tclient\tfirst\t\t\n" +
			"MQTT5-1.0.0-2\tboth\tsecond\tnothing to obey\ta | choice\n" +
			"MQTT5-1.0.0-3\tserver\tthird\t\t\n" +
			"MQTT5-1.0.0-4\tunseen\tfourth\t\t\n"),
		"statements-v311.tsv":       file(table + "MQTT311-1.0.0-1\tclient\tfifth\t\t\n"),
		"statements-unlabelled.tsv": file(table + "U5-01\tclient\tsixth\t\t\n"),
		"p/p.go":                    file("package p\n\n// F obeys MQTT5-1.0.0-1 (U5-01).\nfunc F() {} // MQTT311-1.0.0-1\n"),
		"p/p_test.go": file(`package p

import "testing"

var rows = []string{"MQTT5-1.0.0-2 MQTT311-1.0.0-1 in a table"}

type rig struct{}

func (rig) check() { _ = "says U5-01 in a helper" }

type stranger struct{}

func (*stranger) check() { _ = "MQTT311-1.0.0-1 in a method that has its name from elsewhere" }

func TestOne(t *testing.T) {
	t.Run("MQTT5-1.0.0-1 in a name", nil)
	_ = rows
	new(stranger).check()
}

func TestTwo(t *testing.T) {
	t.Run("MQTT5-1.0.0-3"+"", nil)
	rig{}.check()
	TestOne(t)
}
`),
		"nested/go.mod":       file("module nested\n"),
		"nested/n_test.go":    file("package nested\n\nconst x = \"MQTT5-9.9.9-9\"\n"),
		"p/testdata/wrong.go": file("package {"),
	}
}

func read(t *testing.T, m fstest.MapFS) ([]part, *source) {
	t.Helper()
	parts, err := readParts(m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSource(m)
	if err != nil {
		t.Fatal(err)
	}
	return parts, s
}

func TestSource(t *testing.T) {
	parts, s := read(t, module())
	if problems := check(parts, s); problems != nil {
		t.Error(problems)
	}
	for found, want := range map[string]string{
		"MQTT5-1.0.0-1":   "TestOne",
		"MQTT5-1.0.0-2":   "TestOne",
		"MQTT5-1.0.0-3":   "TestTwo",
		"MQTT311-1.0.0-1": "TestOne",
		"U5-01":           "TestTwo",
	} {
		if tests := s.tests[found]; len(tests) != 1 || tests[0] != (place{found, "p/p_test.go", want}) {
			t.Errorf("%s: %v, want %s", found, tests, want)
		}
	}
	text := page(parts, s)
	for _, line := range []string{
		"| MQTT 5.0 | 4 | 2 | 1 | 1 |\n",
		"| MQTT5-1.0.0-1 | client | first | [p/p.go](../p/p.go) | [p/p_test.go TestOne](../p/p_test.go) |\n",
		"| MQTT5-1.0.0-2 | both | second | no branch: nothing to obey | [p/p_test.go TestOne](../p/p_test.go) |\n",
		"| MQTT5-1.0.0-4 | server | fourth |  | a client sees nothing of it |\n",
		`| MQTT5-1.0.0-2 | a \| choice |` + "\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the page lacks %q:\n%s", line, text)
		}
	}
}

// Every way to drift is told, one problem each.
func TestCheck(t *testing.T) {
	for name, row := range map[string]struct{ file, from, to, want string }{
		"no test":                     {"p/p_test.go", "MQTT5-1.0.0-1 in", "in", "MQTT5-1.0.0-1: no test"},
		"no test of the server's":     {"p/p_test.go", "MQTT5-1.0.0-3", "", "MQTT5-1.0.0-3: no test"},
		"no branch":                   {"p/p.go", "U5-01", "", "U5-01: no comment"},
		"a branch beside the reason":  {"p/p.go", "(U5-01)", "(U5-01) MQTT5-1.0.0-2", "MQTT5-1.0.0-2: the reason"},
		"a reason for the server's":   {"statements-v5.tsv", "third\t", "third\twhy", "MQTT5-1.0.0-3: the reason"},
		"a test of what is not seen":  {"p/p_test.go", "MQTT5-1.0.0-3", "MQTT5-1.0.0-3 MQTT5-1.0.0-4", "MQTT5-1.0.0-4: TestTwo"},
		"a test of no row":            {"p/p_test.go", "MQTT5-1.0.0-3", "MQTT5-1.0.0-3 U311-77", "U311-77: p/p_test.go"},
		"a comment of no row":         {"p/p.go", "U5-01", "U5-01 U311-77", "U311-77: p/p.go"},
		"a table that no test uses":   {"p/p_test.go", "_ = rows", "", "no test"},
		"a label without its version": {"p/p.go", "(U5-01)", "(U5-01) " + "MQTT" + "-1.0.0-1", "without the version"},
	} {
		t.Run(name, func(t *testing.T) {
			m := module()
			was := string(m[row.file].Data)
			m[row.file] = &fstest.MapFile{Data: []byte(strings.Replace(was, row.from, row.to, 1))}
			problems := check(read(t, m))
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, row.want) }) {
				t.Errorf("%q, want %q", problems, row.want)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	root := t.TempDir()
	if err := write(root); err == nil {
		t.Error("a module without docs was written to")
	}
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "mqtt", "testdata"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(painsTable)), []byte("1\tc\ta\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "x_test.go"), []byte("package x\n\nfunc TestX() { _ = \"MQTT5-3.1.0-1\" }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := write(root); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(root, pageFile))
		if err != nil || !strings.Contains(string(text), "[x_test.go TestX](../x_test.go) |\n| MQTT5-3.1.0-2 |") {
			t.Errorf("%v, %d bytes", err, len(text))
		}
	}
	if err := os.WriteFile(filepath.Join(root, "y.go"), []byte("package {"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := write(root); err == nil {
		t.Error("a syntax error was passed over")
	}
}

func TestRefusals(t *testing.T) {
	for name, row := range map[string]struct{ file, text, want string }{
		"no table":       {"statements-v311.tsv", "", "columns"},
		"columns":        {"statements-v5.tsv", "id\n", "columns"},
		"cells":          {"statements-v5.tsv", table + "MQTT5-1.0.0-1\tclient\n", "2: 2 cells"},
		"id":             {"statements-v5.tsv", table + "x\tclient\tt\t\t\n", "no id"},
		"twice":          {"statements-v5.tsv", table + strings.Repeat("U5-01\tclient\tt\t\t\n", 2), "twice"},
		"side":           {"statements-v5.tsv", table + "U5-01\tnobody\tt\t\t\n", "no side"},
		"no text":        {"statements-v5.tsv", table + "U5-01\tclient\t\t\t\n", "no text"},
		"a syntax error": {"p/p.go", "package {", "p.go"},
	} {
		t.Run(name, func(t *testing.T) {
			m := module()
			m[row.file] = &fstest.MapFile{Data: []byte(row.text)}
			_, err := readParts(m)
			if err == nil {
				_, err = readSource(m)
			}
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
	m := module()
	delete(m, "statements-v5.tsv")
	if _, err := readParts(m); err == nil {
		t.Error("a table is missing and nothing was said")
	}
}
