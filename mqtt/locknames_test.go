package mqtt_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A name tells whether its function needs the lock: …Locked is called with the lock and holds it throughout, …Releasing is
// called with it and gives it up on the way, all others are called without it. The comments of the fields tell which need the
// lock: "MQTT.mu guards it" or "The owner's lock guards it" above a type, "guards the rest" or a field mu above fields,
// until "without".
func TestLockNames(t *testing.T) {
	for _, p := range []struct {
		dir     string
		guarded []string // the types that have guarded fields
	}{
		{".", []string{"MQTT", "background", "hosts", "journaling", "link", "pump", "reconnect", "route", "topicTree", "trouble"}},
		{"internal/wire", []string{"Wire", "lending"}},
		{"internal/journal", []string{"Journal"}},
	} {
		s := readLockSource(t, p.dir)
		if got := s.guardedTypes(); !slices.Equal(got, p.guarded) {
			t.Errorf("%s: the comments say that fields of %q are guarded, and this test expects %q", p.dir, got, p.guarded)
		}
		for _, f := range s.functions {
			s.check(t, f)
		}
	}
}

// The test itself: each sin is found where it stands, and nothing else is.
func TestLockNamesFindsSins(t *testing.T) {
	const source = `package p
import "sync"
// T is guarded: MQTT.mu guards it.
type T struct{ value int }
type MQTT struct {
	free int
	mu   sync.Mutex
	t    *T
	n    int
}
func (m *MQTT) released(f func())  { m.mu.Unlock(); defer m.mu.Lock(); f() }
func (m *MQTT) takes() int         { m.mu.Lock(); defer m.mu.Unlock(); return m.nLocked() }
func (m *MQTT) nLocked() int       { return m.n + m.t.value }
func (m *MQTT) waitReleasing()     { m.released(func() { m.takes() }) }
func (m *MQTT) fine() int          { go func() { m.takes() }(); return m.free }
func (m *MQTT) starts()            { m.mu.Lock(); defer m.mu.Unlock(); go m.takes() }
func (m *MQTT) bad1Locked()        { m.mu.Unlock(); m.mu.Lock() }
func (m *MQTT) bad2Locked()        { m.waitReleasing() }
func (m *MQTT) bad3Locked()        { m.released(func() {}) }
func (m *MQTT) bad4()              { m.nLocked() }
func (m *MQTT) bad5() int          { return m.n }
func bad6(t *T) int                { return t.value }
func (m *MQTT) bad7()              { m.waitReleasing() }
func (m *MQTT) bad8Locked()        { m.takes() }
func (m *MQTT) bad9Releasing()     { m.released(func() { m.nLocked() }) }
func (m *MQTT) bad10Releasing()    { m.nLocked() }
func (m *MQTT) bad11() func() int  { return func() int { return m.n } }
func (m *MQTT) bad12()             { m.mu.Lock(); defer m.mu.Unlock(); go func() { m.n++ }() }
func (m *MQTT) bad14()             { elsewhere.WakeLocked() }
func (m *MQTT) bad13Locked()       { f := m.waitReleasing; f() }
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := newLockSource(fset, []*ast.File{file})
	sinners := map[string]bool{}
	for _, f := range s.functions {
		if len(s.sins(f)) > 0 {
			sinners[f.name] = true
		}
	}
	for _, f := range s.functions {
		name := strings.TrimSuffix(strings.TrimSuffix(f.name, "Locked"), "Releasing")
		if want := strings.HasPrefix(name, "bad"); sinners[f.name] != want {
			t.Errorf("%s: a sin found: %t, want %t", f.name, sinners[f.name], want)
		}
	}
}

// lockSource is the code of a package, as far as the lock is concerned.
type lockSource struct {
	fset      *token.FileSet
	info      types.Info
	guarded   map[types.Object]string // field: Type.name
	functions []*lockFunction
	taking    map[types.Object]bool // functions that lock by themselves
}

// lockFunction is a function, or a function literal that runs with another state of the lock than what it stands in.
type lockFunction struct {
	name string
	body ast.Node
	kind string // Locked, Releasing, or none
}

func readLockSource(t *testing.T, dir string) *lockSource {
	t.Helper()
	fset := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return newLockSource(fset, files)
}

// noImports leaves the types of other packages unknown, which saves reading them.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not read") }

func newLockSource(fset *token.FileSet, files []*ast.File) *lockSource {
	s := &lockSource{fset: fset, guarded: map[types.Object]string{}, taking: map[types.Object]bool{}}
	s.info = types.Info{
		Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	_, _ = config.Check("p", fset, files, &s.info) // what it knows without the other packages is enough
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				s.addGuarded(d)
			case *ast.FuncDecl:
				if !slices.Contains(lockless, d.Name.Name) && d.Body != nil {
					s.functions = append(s.functions, &lockFunction{name: d.Name.Name, body: d.Body, kind: lockKind(d.Name.Name)})
				}
				s.taking[s.info.Defs[d.Name]] = firstLockCall(d) == "Lock"
			}
		}
	}
	return s
}

// lockless are the functions that this test leaves alone: one that gives the lock up for others, and those that make what
// nobody else has yet.
var lockless = []string{"released", "New", "open"}

func lockKind(name string) string {
	for _, kind := range []string{"Locked", "Releasing"} {
		if strings.HasSuffix(name, kind) {
			return kind
		}
	}
	return ""
}

var guardsIt = regexp.MustCompile(`(MQTT\.mu|The owner's lock) guards it\.`)

// addGuarded finds the guarded fields of a declaration of types.
func (s *lockSource) addGuarded(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		declared, is := spec.(*ast.TypeSpec)
		if !is {
			continue
		}
		structure, is := declared.Type.(*ast.StructType)
		if !is {
			continue
		}
		guarded := guardsIt.MatchString(spaced(d.Doc.Text()))
		for _, field := range structure.Fields.List {
			text := spaced(field.Doc.Text())
			switch {
			case strings.Contains(text, "guards the rest."):
				guarded = true
			case strings.Contains(text, " without"):
				guarded = false
			}
			comment := spaced(field.Comment.Text())
			alone := strings.Contains(comment, "guarded by MQTT.mu")
			free := strings.Contains(strings.ToLower(comment), " without the lock")
			for _, name := range field.Names {
				if (guarded || alone) && !free {
					s.guarded[s.info.Defs[name]] = declared.Name.Name + "." + name.Name
				}
				guarded = guarded || name.Name == "mu"
			}
		}
	}
}

func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

func (s *lockSource) guardedTypes() []string {
	var list []string
	for _, name := range s.guarded {
		list = append(list, name[:strings.Index(name, ".")])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *lockSource) check(t *testing.T, f *lockFunction) {
	for _, sin := range s.sins(f) {
		t.Error(sin)
	}
}

// sins lists what a function does that its name forbids.
func (s *lockSource) sins(f *lockFunction) (sins []string) {
	operation := firstLockCall(f.body)
	if f.kind == "" && operation == "Lock" { // whatever it does with the lock is within its own eyes
		return s.literalSins(f)
	}
	releases := operation != ""
	sin := func(n ast.Node, text string) {
		sins = append(sins, s.fset.Position(n.Pos()).String()+": "+f.name+" "+text)
	}
	s.walk(f.body, func(n ast.Node, within bool) {
		if !within {
			return
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			waits := isCondWait(n)
			releases = releases || waits
			if (waits || lockCall(n) != "") && f.kind == "Locked" {
				sin(n, "holds the lock throughout, as its name says, and gives it up")
			}
			if s.taking[s.called(n)] && f.kind != "" && operation == "" {
				sin(n, "has the lock, and "+calledName(n)+" locks it again")
			}
		case *ast.SelectorExpr:
			if selected := s.info.Selections[n]; selected != nil && s.guarded[selected.Obj()] != "" && f.kind == "" {
				sin(n, "touches "+s.guarded[selected.Obj()]+", which the lock guards; its name ends in neither Locked nor Releasing, and it does not lock")
			}
		case *ast.Ident:
			kind := lockKind(n.Name)
			if n.Name == "released" {
				kind = "Releasing"
			}
			if _, is := s.info.Uses[n].(*types.Func); !is && s.info.Uses[n] != nil { // nil = of another package
				return
			}
			releases = releases || kind == "Releasing"
			switch {
			case kind == "Releasing" && f.kind == "Locked":
				sin(n, "holds the lock throughout, as its name says, and "+n.Name+" gives it up")
			case kind != "" && f.kind == "":
				sin(n, "calls "+n.Name+" without the lock: its name ends in neither Locked nor Releasing, and it does not lock")
			}
		}
	})
	if f.kind == "Releasing" && !releases {
		sins = append(sins, f.name+" never gives the lock up: its name should end in Locked")
	}
	return append(sins, s.literalSins(f)...)
}

// literalSins are those of the function literals in f that run with another state of the lock.
func (s *lockSource) literalSins(f *lockFunction) (sins []string) {
	s.walk(f.body, func(n ast.Node, within bool) {
		if literal, is := n.(*ast.FuncLit); is && !within {
			kind := ""
			if isRow(literal) {
				kind = "Locked"
			}
			sins = append(sins, s.sins(&lockFunction{name: "a function in " + f.name, body: literal.Body, kind: kind})...)
		}
	})
	return sins
}

// walk visits the nodes that run as f does, and, with within false, the literals that run otherwise: in a goroutine, without
// the lock that others released, with a lock of their own, or with that of Config, which calls the rows of the settings.
func (s *lockSource) walk(root ast.Node, visit func(n ast.Node, within bool)) {
	outside := map[ast.Node]bool{}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if literal, is := n.Call.Fun.(*ast.FuncLit); is {
				outside[literal] = true
			} else {
				outside[n.Call] = true
			}
		case *ast.CallExpr:
			switch name := calledName(n); name {
			case "released":
				outside[n.Args[0]] = true
			case "get", "set", "setWhenIdle", "certificate": // which lock, and then look at the field that a pointer names
				for _, a := range n.Args {
					if _, is := a.(*ast.UnaryExpr); is {
						outside[a] = true
					}
				}
			}
		case *ast.FuncLit:
			if isRow(n) || firstLockCall(n.Body) == "Lock" {
				outside[n] = true
			}
		case *ast.ParenExpr: // a method expression: a row of the settings
			if _, is := n.X.(*ast.StarExpr); is {
				return false
			}
		case *ast.SelectorExpr:
			if paren, is := n.X.(*ast.ParenExpr); is {
				if _, is := paren.X.(*ast.StarExpr); is {
					return false
				}
			}
		}
		if n == nil {
			return true
		}
		visit(n, !outside[n])
		return !outside[n]
	})
}

// isRow reports whether a literal takes a component as its first argument, as the rows of the settings do.
func isRow(literal *ast.FuncLit) bool {
	params := literal.Type.Params.List
	return len(params) > 0 && types.ExprString(params[0].Type) == "*MQTT"
}

func calledIdent(call *ast.CallExpr) *ast.Ident {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel
	case *ast.Ident:
		return f
	}
	return nil
}

func calledName(call *ast.CallExpr) string {
	if name := calledIdent(call); name != nil {
		return name.Name
	}
	return ""
}

// isCondWait reports whether a call waits for a sync.Cond, of which there are these, without the lock.
func isCondWait(call *ast.CallExpr) bool {
	if method, is := call.Fun.(*ast.SelectorExpr); is && method.Sel.Name == "Wait" {
		field, is := method.X.(*ast.SelectorExpr)
		return is && (field.Sel.Name == "changed" || field.Sel.Name == "room")
	}
	return false
}

func (s *lockSource) called(call *ast.CallExpr) types.Object {
	if name := calledIdent(call); name != nil {
		return s.info.Uses[name]
	}
	return nil
}

// lockCall is Lock or Unlock if the call is one of a field mu, else nothing.
func lockCall(call *ast.CallExpr) string {
	if method, is := call.Fun.(*ast.SelectorExpr); is {
		if field, is := method.X.(*ast.SelectorExpr); is && field.Sel.Name == "mu" {
			return strings.TrimPrefix(method.Sel.Name, "R")
		}
	}
	return ""
}

// firstLockCall is what a function does first with the lock, function literals in it apart.
func firstLockCall(root ast.Node) (name string) {
	ast.Inspect(root, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && name == "" {
			name = lockCall(call)
		}
		_, literal := n.(*ast.FuncLit)
		return !literal
	})
	return name
}
