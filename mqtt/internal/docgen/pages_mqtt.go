package main

import (
	"fmt"
	"go/doc"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func (b *book) propertiesPage() (*page, error) {
	p := b.newPage(propertiesFile)
	p.doc("mqtt", b.source.typeOf("mqtt", component).Doc)
	p.printf("A property X is read with X() and assigned with SetX(value). The defaults are those of New and Reset.\n")
	p.printf("| Property | Type | Default | |\n|---|---|---|---|")
	for _, m := range b.properties {
		note := ""
		if len(m.funcs) == 1 {
			note = "read-only"
		}
		p.printf("| [%s](#%s) | %s | %s | %s |", m.name, anchor(m.name), codeCell(b.resultType(m)),
			b.defaultOf(p, m), note)
	}
	p.printf("")
	for _, m := range b.properties {
		p.begin(2, m.name, m.name, "Set"+m.name)
		p.code(b.signatures(m.funcs)...)
		access := "Read-only."
		if len(m.funcs) == 2 {
			access = "Default: " + b.defaultOf(p, m) + "."
		}
		if t, ok := b.index.find(m.name, string(aSetting), ""); ok && t.kind == aSetting {
			access += fmt.Sprintf(" There is a [setting](%s) of this name too.", t.url(p.file))
		}
		p.printf("%s\n", access)
		for _, f := range m.funcs {
			p.doc("mqtt", f.Doc)
		}
	}
	return p, nil
}

func (b *book) signatures(funcs []*doc.Func) []string {
	lines := make([]string, len(funcs))
	for i, f := range funcs {
		lines[i] = b.source.signature(f)
	}
	return lines
}

// resultType is the type of a property.
func (b *book) resultType(m member) string {
	return b.source.code(m.funcs[0].Decl.Type.Results.List[0].Type)
}

// defaultOf is the value of a property of a new component, for a cell of a table or a text.
func (b *book) defaultOf(p *page, m member) string {
	v := reflect.ValueOf(b.component).MethodByName(m.name).Call(nil)[0]
	switch v.Kind() {
	case reflect.Pointer:
		name := v.Type().Elem().Name()
		return fmt.Sprintf("an empty [%s](%s#%s)", name, typesFile, anchor(name))
	case reflect.String:
		return "`" + strconv.Quote(v.String()) + "`"
	}
	text := fmt.Sprint(v.Interface())
	if t := b.source.typeOf("mqtt", v.Type().Name()); t != nil {
		text = b.source.constantName(t, text)
	}
	return "`" + text + "`"
}

func (b *book) methodsPage() (*page, error) {
	p := b.newPage(methodsFile)
	if err := p.section("mqtt", "Goroutines"); err != nil {
		return nil, err
	}
	functions := slices.Concat(b.source.typeOf("mqtt", component).Funcs, b.source.packages["mqtt"].Funcs)
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	p.contents("Functions", names)
	for i, group := range methodGroups {
		names = nil
		for _, m := range b.methods[i] {
			names = append(names, m.name)
		}
		p.contents(group.title, names)
	}
	for _, f := range functions {
		p.begin(2, f.Name, f.Name)
		p.code(b.source.signature(f))
		p.doc("mqtt", f.Doc)
	}
	for _, group := range b.methods {
		for _, m := range group {
			p.begin(2, m.name, m.name)
			p.code(b.signatures(m.funcs)...)
			p.doc("mqtt", m.funcs[0].Doc)
		}
	}
	return p, nil
}

// event is a callback field of the component.
type event struct {
	field
	args string // the name of the struct of its arguments
}

func (b *book) newEvent(f field) (event, error) {
	args := strings.TrimSuffix(strings.TrimPrefix(f.typ, "func(e *"), ")")
	if !strings.HasPrefix(f.name, "On") || b.source.typeOf("mqtt", args) == nil {
		return event{}, fmt.Errorf("the field %s of %s is not an event with arguments of its own", f.name, component)
	}
	return event{f, args}, nil
}

func (b *book) eventsPage() (*page, error) {
	p := b.newPage(eventsFile)
	if err := p.section("mqtt", "Events"); err != nil {
		return nil, err
	}
	var names []string
	for _, e := range b.events {
		names = append(names, e.name)
	}
	p.contents("All", names)
	for _, e := range b.events {
		t := b.source.typeOf("mqtt", e.args)
		fields := b.source.fields(t)
		own := []string{e.name, strings.TrimPrefix(e.name, "On"), e.args}
		for _, f := range fields {
			own = append(own, f.name)
		}
		p.begin(2, e.name, own...)
		p.code(e.name + " " + e.typ)
		if e.comment != "" {
			p.doc("mqtt", "The handler "+strings.TrimSuffix(e.comment, "\n")+".")
		}
		p.doc("mqtt", t.Doc)
		p.fields("mqtt", fields)
	}
	return p, nil
}

// fields writes the fields of a struct as a table.
func (p *page) fields(pkg string, fields []field) {
	if len(fields) == 0 {
		return
	}
	p.printf("| Field | Type | |\n|---|---|---|")
	for _, f := range fields {
		p.printf("| `%s` | %s | %s |", f.name, codeCell(f.typ), p.cell(pkg, f.comment))
	}
	p.printf("")
}
