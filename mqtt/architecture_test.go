package mqtt_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	architecturePage = "docs/architecture.md"
	modulePath       = "github.com/iotcomponents/iot/"
)

// docs/architecture.md says what the code is: the packages and their imports, where a message passes, every goroutine, every
// file of mqtt. What differs is told with the line that the page should have.
func TestArchitecture(t *testing.T) {
	page := read(t, "../"+architecturePage)
	for _, blank := range []string{"WHAT IT IS", "ITS ONE CONCEPT", "ENDED BY"} {
		if strings.Contains(page, blank) {
			t.Errorf("%s: say it where %q stands", architecturePage, blank)
		}
	}
	packages := sourcePackages(t)

	t.Run("packages", func(t *testing.T) {
		above := map[string]bool{}
		for _, row := range pageRows(between(t, page, "\n## The packages\n", "\n## ")) {
			if len(row) != 3 {
				t.Errorf("%s: a row of %d cells, want 3: %q", architecturePage, len(row), row)
				continue
			}
			name := strings.Trim(row[0], "`")
			pkg := packages[name]
			if pkg == nil {
				t.Errorf("%s: delete the row of %s, which is no package, or is named twice", architecturePage, name)
				continue
			}
			for _, imported := range pkg.imports {
				if !above[imported] {
					t.Errorf("%s imports %s, which is no row above its own in %s: imports go one way", name, imported, architecturePage)
				}
			}
			if want := quoted(pkg.imports); row[2] != want {
				t.Errorf("%s: the row of %s should be\n| `%s` | %s | %s |", architecturePage, name, name, row[1], want)
			}
			above[name] = true
			delete(packages, name)
		}
		for _, name := range slices.Sorted(maps.Keys(packages)) {
			t.Errorf("%s, \"The packages\": below the packages that it imports, add the line\n| `%s` | WHAT IT IS FOR | %s |",
				architecturePage, name, quoted(packages[name].imports))
		}
	})

	packages = sourcePackages(t)
	t.Run("ways", func(t *testing.T) {
		for _, way := range []string{"out", "in"} {
			for _, row := range pageRows(between(t, page, "\n## The way of a message "+way+"\n", "\n## ")) {
				file, function := place(row[1])
				if source := packages[filepath.ToSlash(filepath.Dir(file))]; source == nil || !source.functions[file+" "+function] {
					t.Errorf("%s: there is no function %s in %s, where %q passes", architecturePage, function, file, row[0])
				}
			}
		}
	})

	t.Run("goroutines", func(t *testing.T) {
		named := map[string]bool{}
		for _, row := range pageRows(between(t, page, "\n## The goroutines and timers\n", "\n## ")) {
			file, function := place(row[0])
			named[file+" "+function] = true
		}
		for name, pkg := range packages {
			if pkg.tests || pkg.command {
				continue
			}
			for at := range pkg.starts {
				if !named[at] {
					file, function, _ := strings.Cut(at, " ")
					t.Errorf("%s, \"The goroutines and timers\": %s starts something; add the line\n"+
						"| `%s` `%s` | WHAT IT IS | ENDED BY | WAITED FOR BY |", architecturePage, name, file, function)
				}
				delete(named, at)
			}
		}
		for at := range named {
			t.Errorf("%s: delete the row of %s, which starts no goroutine and no timer", architecturePage, at)
		}
	})

	t.Run("protocol is a value", func(t *testing.T) {
		for _, name := range []string{"mqtt/internal/packet", "mqtt/internal/protocol"} {
			pkg := packages[name]
			for _, imported := range []string{"net", "os", "io", "context", "crypto/tls"} {
				if pkg.foreign[imported] {
					t.Errorf("%s imports %s: it does no I/O and waits for nothing", name, imported)
				}
			}
			for at := range pkg.clocks {
				t.Errorf("%s asks the clock; its owner passes the time in", at)
			}
		}
	})

	t.Run("files of mqtt", func(t *testing.T) {
		_, section, found := strings.Cut(page, "\n## The files of mqtt\n")
		if !found {
			t.Fatal("the section \"The files of mqtt\" is missing")
		}
		section, _, _ = strings.Cut(section, "\n## ")
		named := map[string]int{}
		for _, row := range pageRows(section) {
			named[strings.Trim(row[0], "`")]++
		}
		files, err := filepath.Glob("*.go")
		must(t, err)
		for _, file := range files {
			tested := strings.TrimSuffix(file, "_test.go") + ".go"
			switch n := named[file]; {
			case tested != file && slices.Contains(files, tested):
				if n > 0 {
					t.Errorf("%s: delete the line of %s; it tests %s, which has one", architecturePage, file, tested)
				}
			case n == 0:
				t.Errorf("%s, \"The files of mqtt\": under the heading that fits, add the line\n| `%s` | ITS ONE CONCEPT |", architecturePage, file)
			case n > 1:
				t.Errorf("%s: %s has %d lines, one is right", architecturePage, file, n)
			}
			delete(named, file)
		}
		for file := range named {
			t.Errorf("%s: delete the line of mqtt/%s, which is not there", architecturePage, file)
		}
	})
}

// pageRows are the rows of the tables in a text, without their headings.
func pageRows(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "|---"):
			rows = rows[:len(rows)-1] // the heading
		case strings.HasPrefix(line, "|"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// place reads a cell such as "`mqtt/link.go` `start`".
func place(cell string) (file, function string) {
	file, function, _ = strings.Cut(cell, "` `")
	return strings.Trim(file, "`"), strings.Trim(function, "`")
}

func quoted(names []string) string {
	var list []string
	for _, name := range names {
		list = append(list, "`"+name+"`")
	}
	return strings.Join(list, " ")
}

// sourcePackage is what the page says of a package, read from its files that are no tests.
type sourcePackage struct {
	imports   []string        // packages of this repository, sorted
	foreign   map[string]bool // other imports
	functions map[string]bool // "mqtt/link.go start"
	starts    map[string]bool // those that start a goroutine or a timer with a function
	clocks    map[string]bool // those that ask the clock
	tests     bool            // a helper of tests
	command   bool
}

// sourcePackages are all packages of the repository, those of nested modules too, by their folders.
func sourcePackages(t *testing.T) map[string]*sourcePackage {
	t.Helper()
	packages := map[string]*sourcePackage{}
	must(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == "testdata" || name == "examples" || strings.HasPrefix(name, ".") && name != "..") {
			return fs.SkipDir // the programs of examples have an index of their own, which their test checks
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		folder := file[:max(0, strings.LastIndex(file, "/"))]
		if packages[folder] == nil {
			packages[folder] = &sourcePackage{
				foreign: map[string]bool{}, functions: map[string]bool{}, starts: map[string]bool{}, clocks: map[string]bool{},
			}
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return packages[folder].add(path, file)
	}))
	for _, pkg := range packages {
		slices.Sort(pkg.imports)
		pkg.imports = slices.Compact(pkg.imports)
	}
	return packages
}

func (p *sourcePackage) add(path, name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.command = file.Name.Name == "main"
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if own, ours := strings.CutPrefix(imported, modulePath); ours {
			p.imports = append(p.imports, own)
			continue
		}
		p.foreign[imported] = true
		p.tests = p.tests || imported == "testing"
	}
	for _, d := range file.Decls {
		function, is := d.(*ast.FuncDecl)
		if !is {
			continue
		}
		at := name + " " + function.Name.Name
		p.functions[at] = true
		ast.Inspect(function, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				p.starts[at] = true
			case *ast.SelectorExpr:
				x, plain := n.X.(*ast.Ident)
				switch {
				case n.Sel.Name == "AfterFunc", n.Sel.Name == "Go":
					p.starts[at] = true
				case plain && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Sleep"}, n.Sel.Name):
					p.clocks[at] = true
				}
			}
			return true
		})
	}
	return nil
}
