package main

import (
	"cmp"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

const module = "github.com/iotcomponents/iot"

// documented are the packages whose comments are read, by their folders.
var documented = []string{"mqtt", "certificate", "firewall", "config", "errors"}

// source is what the Go files say.
type source struct {
	fset     *token.FileSet
	packages map[string]*doc.Package // by name
}

// readSource reads the files of every system, so that the pages are the same wherever they are made.
func readSource(root string) (*source, error) {
	s := &source{fset: token.NewFileSet(), packages: map[string]*doc.Package{}}
	for _, name := range documented {
		files, err := s.parse(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		if s.packages[name], err = doc.NewFromFiles(s.fset, files, module+"/"+name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// parse reads the Go files of a folder but its tests.
func (s *source) parse(dir string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(s.fset, filepath.Base(name), text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// code is a node as gofmt writes it.
func (s *source) code(node any) string {
	var b strings.Builder
	if err := format.Node(&b, s.fset, node); err != nil {
		panic(err) // it was parsed
	}
	return b.String()
}

// signature is the first line of a function.
func (s *source) signature(f *doc.Func) string {
	decl := *f.Decl
	decl.Doc, decl.Body = nil, nil
	return s.code(&decl)
}

// typeOf is a type by the name of its package and its own; nil if there is none.
func (s *source) typeOf(pkg, name string) *doc.Type {
	for _, t := range s.packages[pkg].Types {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// field is an exported field of a struct.
type field struct {
	name, typ string
	comment   string // above or behind it
}

// fields are the exported fields of a type, nil if it is no struct.
func (s *source) fields(t *doc.Type) []field {
	for _, spec := range t.Decl.Specs {
		structure, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok {
			continue
		}
		var list []field
		for _, f := range structure.Fields.List {
			comment := cmp.Or(f.Doc.Text(), f.Comment.Text())
			for _, name := range f.Names {
				if name.IsExported() {
					list = append(list, field{name.Name, s.code(f.Type), comment})
				}
			}
		}
		return list
	}
	return nil
}

// constant is an exported constant.
type constant struct {
	name, value string
	comment     string // above or behind it
}

// constants are those of one declaration.
func (s *source) constants(v *doc.Value) []constant {
	var list []constant
	for _, spec := range v.Decl.Specs {
		spec := spec.(*ast.ValueSpec)
		comment := cmp.Or(spec.Doc.Text(), spec.Comment.Text())
		for i, name := range spec.Names {
			if name.IsExported() && i < len(spec.Values) {
				list = append(list, constant{name.Name, s.code(spec.Values[i]), comment})
			}
		}
	}
	return list
}

// constantName is the name of the constant of a type with a value, "" if there is none.
func (s *source) constantName(t *doc.Type, value string) string {
	for _, v := range t.Consts {
		for _, c := range s.constants(v) {
			if c.value == value {
				return c.name
			}
		}
	}
	return ""
}
