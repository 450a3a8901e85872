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
	"MQTT.Interrupt":       func() error { return mqtt.New().Interrupt() },
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
			called := slices.ContainsFunc(l.split(f.Doc), func(p piece) bool { return p.to != nil && p.to.kind == anError })
			if !errorItem.MatchString(f.Doc) && !called && !refers(f, functions) {
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

// errorItem is how a comment names an error: in a list, with its constant, its number and its meaning.
var errorItem = regexp.MustCompile(`(?m)^  - (\[errors\.Err\w+\] \(\d+\)(, | to |: ))+\S`)

// The number behind a constant is its number, and comments name errors in lists.
func TestErrorsAreNamed(t *testing.T) {
	b := readBook(t)
	links := 0
	for name, pkg := range b.source.packages {
		check := func(where, text string) {
			for _, link := range regexp.MustCompile(`\[errors\.(Err\w+)\] \((\d+)\)`).FindAllStringSubmatch(text, -1) {
				links++
				if number, ok := b.errorNumber(link[1]); !ok || number != link[2] {
					t.Errorf("%s.%s: %s", name, where, link[0])
				}
			}
			if begin := regexp.MustCompile(`\bErrors?(; [a-z ]+)?: ?\d+ .*`).FindString(text); begin != "" {
				t.Errorf("%s.%s names its errors in a sentence: %s", name, where, begin)
			}
		}
		for _, f := range pkg.Funcs {
			check(f.Name, f.Doc)
		}
		for _, typ := range pkg.Types {
			check(typ.Name, typ.Doc)
			for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
				check(typ.Name+"."+f.Name, f.Doc)
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links were found", links)
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
