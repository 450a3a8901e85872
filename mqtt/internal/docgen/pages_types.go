package main

import (
	"go/doc"
)

// typePackages are the packages whose types have a page.
var typePackages = []string{"mqtt", "certificate", "firewall"}

func (b *book) typesPage() (*page, error) {
	p := b.newPage(typesFile)
	for _, pkg := range typePackages {
		var names []string
		for _, t := range b.typesOf(pkg) {
			names = append(names, t.Name)
		}
		p.contents("Package "+pkg, names)
	}
	for _, pkg := range typePackages {
		p.entry, p.link.own = "", nil
		p.printf("## Package %s\n", pkg)
		if pkg != "mqtt" { // whose comment is about the component
			p.out.WriteString(p.markdown(pkg, b.source.packages[pkg].Doc, 3))
			p.printf("")
		}
		for _, t := range b.typesOf(pkg) {
			b.typeEntry(p, pkg, t)
		}
	}
	return p, nil
}

func (b *book) typeEntry(p *page, pkg string, t *doc.Type) {
	own := []string{t.Name}
	fields, list := b.source.fields(t), members(t)
	for _, f := range fields {
		own = append(own, f.name)
	}
	for _, m := range list {
		for _, f := range m.funcs {
			own = append(own, f.Name, t.Name+"."+f.Name)
		}
	}
	for _, v := range t.Consts {
		own = append(own, v.Names...)
	}
	p.begin(3, t.Name, own...)
	p.doc(pkg, t.Doc)
	for _, v := range t.Consts {
		p.doc(pkg, v.Doc)
		p.printf("| Constant | Value | |\n|---|---|---|")
		for _, c := range b.source.constants(v) {
			p.printf("| `%s` | %s | %s |", c.name, c.value, p.cell(pkg, c.comment))
		}
		p.printf("")
	}
	p.fields(pkg, fields)
	for _, f := range t.Funcs {
		p.begin(4, pkg+"."+f.Name, append(own, f.Name)...)
		p.code(b.source.signature(f))
		p.doc(pkg, f.Doc)
	}
	for _, m := range list {
		p.begin(4, t.Name+"."+m.name, own...)
		p.code(b.signatures(m.funcs)...)
		for _, f := range m.funcs {
			p.doc(pkg, f.Doc)
		}
	}
}
