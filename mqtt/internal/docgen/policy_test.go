package main

import (
	"go/ast"
	"go/doc"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
)

// Every exported type, function, method, constant and variable has a comment, its own or that of its declaration, and
// every package has one.
func TestEverythingIsDocumented(t *testing.T) {
	s := readBook(t).source
	for name, pkg := range s.packages {
		if pkg.Doc == "" {
			t.Errorf("package %s has no comment", name)
		}
		check := func(what, comment string) {
			if strings.TrimSpace(comment) == "" {
				t.Errorf("%s.%s has no doc comment", name, what)
			}
		}
		values := func(list []*doc.Value) {
			for _, v := range list {
				for _, spec := range v.Decl.Specs {
					spec := spec.(*ast.ValueSpec)
					check(spec.Names[0].Name, v.Doc+spec.Doc.Text()+spec.Comment.Text())
				}
			}
		}
		functions := func(prefix string, list []*doc.Func) {
			for _, f := range list {
				check(prefix+f.Name, f.Doc)
			}
		}
		values(pkg.Consts)
		values(pkg.Vars)
		functions("", pkg.Funcs)
		for _, typ := range pkg.Types {
			check(typ.Name, typ.Doc)
			values(typ.Consts)
			values(typ.Vars)
			functions("", typ.Funcs)
			functions(typ.Name+".", typ.Methods)
		}
	}
}

// cannotFail are the functions whose error is always nil, and whose comments therefore name none.
var cannotFail = map[string]func() error{
	"MQTT.SetCleanSession": func() error { return mqtt.New().SetCleanSession(false) },
	"MQTT.Reset":           func() error { return mqtt.New().Reset() },
}

// A comment on what returns an error names a number of the table, or something else that is documented and says which, or
// says that there is none.
func TestErrorsAreNumbered(t *testing.T) {
	b := readBook(t)
	used := map[string]bool{}
	for _, pkg := range []string{"mqtt", "certificate", "firewall"} {
		p := b.source.packages[pkg]
		functions := map[string]*doc.Func{}
		for _, f := range p.Funcs {
			functions[f.Name] = f
		}
		for _, typ := range p.Types {
			for _, f := range typ.Funcs {
				functions[f.Name] = f
			}
			for _, f := range typ.Methods {
				functions[typ.Name+"."+f.Name] = f
			}
		}
		for _, name := range slices.Sorted(maps.Keys(functions)) {
			f := functions[name]
			if !returnsError(f) || strings.Contains(f.Doc, "error is always nil") {
				continue
			}
			if call, ok := cannotFail[name]; ok {
				used[name] = true
				if err := call(); err != nil {
					t.Errorf("%s returned %v", name, err)
				}
				continue
			}
			l := linker{index: b.index}
			numbered := slices.ContainsFunc(l.split(f.Doc), func(p piece) bool { return p.to != nil && p.to.kind == anError })
			if !numbered && !refers(f, functions) {
				t.Errorf("%s.%s returns an error and its comment has no number:\n%s", pkg, name, f.Doc)
			}
		}
	}
	for name := range cannotFail {
		if !used[name] {
			t.Errorf("cannotFail names %s, which is not there", name)
		}
	}
}

func returnsError(f *doc.Func) bool {
	if f.Decl.Type.Results == nil {
		return false
	}
	list := f.Decl.Type.Results.List
	return types.ExprString(list[len(list)-1].Type) == "error"
}

// reference is a comment's way to say that another function has the same errors.
var reference = regexp.MustCompile(`\b(?:is|as|as in|those of|see) (?:Certificate\.)?(\w+)`)

// refers reports whether the comment of f refers to another function of its package that returns an error.
func refers(f *doc.Func, functions map[string]*doc.Func) bool {
	for _, match := range reference.FindAllStringSubmatch(f.Doc, -1) {
		for _, other := range functions {
			if other != f && other.Name == match[1] && returnsError(other) {
				return true
			}
		}
	}
	return false
}

// A getter without a setter is in readOnlyProperties, unless it is meant to be a method; nothing else is there.
func TestReadOnlyProperties(t *testing.T) {
	methods := []string{"EventsReady", "Settings", "Stats"}
	var found []string
	for _, m := range members(readBook(t).source.typeOf("mqtt", component)) {
		f := m.funcs[0].Decl.Type
		getter := len(f.Params.List) == 0 && f.Results != nil && len(f.Results.List) == 1 && !returnsError(m.funcs[0])
		if getter && len(m.funcs) == 1 && !slices.Contains(methods, m.name) {
			found = append(found, m.name)
		}
	}
	if !slices.Equal(found, readOnlyProperties) {
		t.Errorf("there are\n%q\nreadOnlyProperties has\n%q", found, readOnlyProperties)
	}
}

// Every method is in one group (newBook refuses others), and the groups name no method that is not there.
func TestMethodGroups(t *testing.T) {
	typ := readBook(t).source.typeOf("mqtt", component)
	seen := map[string]bool{}
	for _, group := range methodGroups {
		for _, name := range group.names {
			if seen[name] || !hasMethod(typ, name) {
				t.Errorf("%s: %s is not a method, or is in two groups", group.title, name)
			}
			seen[name] = true
		}
	}
}
