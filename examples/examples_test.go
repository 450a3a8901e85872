// Package examples_test runs the programs of this folder as their READMEs say, and compares what they print.
package examples_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// untilInterrupted are the programs that end with Ctrl-C, each with the line that it prints before.
var untilInterrupted = map[string]string{"interrupt": "running, press Ctrl-C", "production": "published reading 2"}

func TestExamples(t *testing.T) {
	programs := programs(t)
	binary := build(t, programs)
	for _, name := range programs {
		if name == "quickstart" {
			continue // it has tests of its own
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := untilInterrupted[name]
			if line != "" && runtime.GOOS == "windows" {
				t.Skip("a test cannot press Ctrl-C on Windows")
			}
			want := printed(t, name)
			got := run(t, binary, name, line)
			if !want.MatchString(got) {
				t.Errorf("%s/README.md says that it prints something else than\n%s", name, got)
			}
		})
	}
}

// build makes one program of all, since linking twenty takes longer than running them: it is the one that the variable EXAMPLE
// names. For that the go command sees each main package as a package example with a function Main.
func build(t *testing.T, programs []string) (binary string) {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to build them with")
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	replace := map[string]string{}
	overlay := func(name, text string) {
		file := filepath.Join(folder, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(here, filepath.FromSlash(name))] = file
	}
	imports, cases := "", ""
	for i, name := range programs {
		if name == "quickstart" {
			continue
		}
		files, err := filepath.Glob(name + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				replace[filepath.Join(here, file)] = "" // as if it were not there, since it is of package main
			} else {
				text := strings.Replace("\n"+read(t, file), "\npackage main\n", "\npackage example\n", 1)
				overlay(filepath.ToSlash(file), strings.Replace(text, "\nfunc main() {", "\nfunc Main() {", 1))
			}
		}
		imports += fmt.Sprintf("import p%d \"github.com/iotcomponents/iot/examples/%s\"\n", i, filepath.ToSlash(name))
		cases += fmt.Sprintf("\tcase %q:\n\t\tp%d.Main()\n", name, i)
	}
	overlay("all/main.go", "package main\n\nimport \"os\"\n"+imports+
		"\nfunc main() {\n\tswitch os.Getenv(\"EXAMPLE\") {\n"+cases+"\tdefault:\n\t\tpanic(\"EXAMPLE?\")\n\t}\n}\n")
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(folder, "all.exe")
	command := exec.Command(tool, "build", "-ldflags=-s -w", "-overlay", filepath.Join(folder, "overlay.json"), "-o", binary, "./all")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return binary
}

// Every program has a row in the index, and a README.
func TestIndex(t *testing.T) {
	index := read(t, "README.md")
	for _, name := range programs(t) {
		if strings.Count(index, "]("+name+"/README.md)") != 1 {
			t.Errorf("README.md: there should be one row with [%s](%s/README.md)", name, name)
		}
		if text := read(t, name+"/README.md"); !strings.Contains(text, "go run ./examples/"+name+"\n") {
			t.Errorf("%s/README.md does not say how to run it", name)
		}
	}
}

// A program that is copied compiles elsewhere: it imports nothing that only this module may.
func TestNoInternalPackages(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("*/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, more...) {
		if strings.Contains(read(t, file), "/internal/") {
			t.Errorf("%s imports an internal package", file)
		}
	}
}

// programs are the folders with a main package of this module. What is a module of its own has its own tests.
func programs(t *testing.T) (names []string) {
	t.Helper()
	for _, pattern := range []string{"*/main.go", "*/*/main.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			folder := filepath.Dir(file)
			if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
				continue
			}
			names = append(names, filepath.ToSlash(folder))
		}
	}
	if len(names) < 15 {
		t.Fatalf("only %d programs: %q", len(names), names)
	}
	return names
}

// printed is what a program prints by its README: the first block that is text. There … stands for something that is another
// each time, and on a line of its own for lines.
func printed(t *testing.T, name string) *regexp.Regexp {
	t.Helper()
	_, block, found := strings.Cut(read(t, name+"/README.md"), "```text\n")
	if !found {
		t.Fatalf("%s/README.md does not say what it prints", name)
	}
	block, _, _ = strings.Cut(block, "```\n")
	pattern := strings.ReplaceAll(regexp.QuoteMeta(block), "\n…\n", "\n(.*\n)*")
	return regexp.MustCompile("^" + strings.ReplaceAll(pattern, "…", ".*") + "$")
}

// run runs a program and returns its standard output. After line, unless that is empty, it sends the signal of Ctrl-C.
func run(t *testing.T, binary, name, line string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	command.Env = append(os.Environ(), "EXAMPLE="+name, "MQTT_PASSWORD=")
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for r := bufio.NewReader(output); ; {
		next, err := r.ReadString('\n')
		text.WriteString(next)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if line != "" && strings.TrimSpace(next) == line {
			line = ""
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err != nil {
		t.Errorf("%v\n%s%s", err, &text, &stderr)
	}
	return text.String()
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
