package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// source is what the code of a module says about the statements.
type source struct {
	tests    map[string][]place // the tests that bear an id, in their order
	branches map[string][]place // the files with a comment that names an id; the function is ""
	loose    []place            // the ids in the strings of test files that no test reaches
	labels   []place            // the labels without a version
}

// place is where an id stands.
type place struct {
	id       string
	file     string // below the root
	function string
}

// readSource reads the Go files of the module at the root of files, without the modules nested in it, without this
// package, whose tests name ids as an example, and without the server that applications test with, since the duties are
// a client's.
func readSource(files fs.FS) (*source, error) {
	s := &source{tests: map[string][]place{}, branches: map[string][]place{}}
	packages := map[string]*testPackage{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(files, name)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s.note(name, string(text))
		if !strings.HasSuffix(name, "_test.go") {
			s.readBranches(name, file)
			return nil
		}
		key := path.Join(path.Dir(name), file.Name.Name)
		if packages[key] == nil {
			packages[key] = &testPackage{}
		}
		packages[key].add(name, file)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(packages)) {
		packages[key].collect(s)
	}
	return s, nil
}

// skip leaves out what is not code of this module.
func skip(files fs.FS, dir string) error {
	if dir == "." {
		return nil
	}
	_, err := fs.Stat(files, path.Join(dir, "go.mod"))
	base := path.Base(dir)
	if err == nil || base == "testdata" || strings.HasPrefix(base, ".") ||
		dir == "mqtt/internal/conformance" || dir == "mqtt/mqtttest" {
		return fs.SkipDir
	}
	return nil
}

// note looks for labels without a version, wherever they are.
func (s *source) note(file, text string) {
	for _, label := range unversioned.FindAllString(text, -1) {
		s.labels = append(s.labels, place{id: label, file: file})
	}
}

// readBranches finds the ids in comments.
func (s *source) readBranches(name string, file *ast.File) {
	for _, group := range file.Comments {
		for _, found := range id.FindAllString(group.Text(), -1) {
			if p := (place{id: found, file: name}); !slices.Contains(s.branches[found], p) {
				s.branches[found] = append(s.branches[found], p)
			}
		}
	}
}

// testPackage is the test files of one package.
type testPackage []*declaration

// declaration is a function, type, variable or constant at the top level of a test file.
type declaration struct {
	place
	receiver string // the type of a method
	isTest   bool
	ids      []string // in its strings
	uses     []string // every name in it
	found    bool     // a test reaches it
}

func (p *testPackage) add(name string, file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			*p = append(*p, declare(d.Name.Name, name, d))
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					*p = append(*p, declare(spec.Name.Name, name, spec))
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						*p = append(*p, declare(n.Name, name, spec))
					}
				}
			}
		}
	}
}

func declare(name, file string, node ast.Node) *declaration {
	d := &declaration{place: place{file: file, function: name}}
	if f, ok := node.(*ast.FuncDecl); ok {
		d.receiver = receiver(f)
		d.isTest = d.receiver == "" && isTestName(name)
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				d.ids = append(d.ids, named.FindAllString(n.Value, -1)...)
			}
		case *ast.Ident:
			d.uses = append(d.uses, n.Name)
		}
		return true
	})
	return d
}

// receiver is the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) (name string) {
	if f.Recv == nil {
		return ""
	}
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if found, ok := n.(*ast.Ident); ok && name == "" {
			name = found.Name
		}
		return name == ""
	})
	return name
}

func isTestName(name string) bool {
	return name != "TestMain" && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") ||
		strings.HasPrefix(name, "Example"))
}

// collect credits each test with the ids in its own strings and in those of the tables and helpers that it uses.
func (p testPackage) collect(s *source) {
	for _, test := range p {
		if test.isTest {
			p.credit(s, test)
		}
	}
	for _, d := range p {
		for _, found := range d.ids {
			if !d.found {
				s.loose = append(s.loose, place{found, d.file, d.function})
			}
		}
	}
}

// credit follows the names from a test on. Methods of different types may share theirs, so a method counts only when
// the name of its type was met too.
func (p testPackage) credit(s *source, test *declaration) {
	met := map[string]bool{}
	reached := map[*declaration]bool{}
	reach := func(d *declaration) {
		reached[d], d.found = true, true
		for _, name := range d.uses {
			met[name] = true
		}
		for _, found := range d.ids {
			if t := (place{found, test.file, test.function}); !slices.Contains(s.tests[found], t) {
				s.tests[found] = append(s.tests[found], t)
			}
		}
	}
	reach(test)
	for before := 0; before < len(reached); {
		before = len(reached)
		for _, d := range p {
			if !reached[d] && !d.isTest && met[d.function] && (d.receiver == "" || met[d.receiver]) {
				reach(d)
			}
		}
	}
}
