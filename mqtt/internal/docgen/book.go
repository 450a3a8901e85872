package main

import (
	"fmt"
	"go/doc"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// component is the type that has the properties, methods and events.
const component = "MQTT"

// book is what all pages are made from.
type book struct {
	source     *source
	component  *mqtt.MQTT // as New makes it
	properties []member
	methods    [][]member // by group
	events     []event
	rows       []config.Row
	index      index

	mentions map[string][]mention // of each error number, in the order of the pages
}

// mention is an entry that names an error.
type mention struct{ heading, url string }

func newBook(root string) (*book, error) {
	s, err := readSource(root)
	if err != nil {
		return nil, err
	}
	b := &book{source: s, component: mqtt.New(), index: index{}, mentions: map[string][]mention{}}
	b.rows = slices.Collect(b.component.Settings().Rows())
	if err := b.sort(); err != nil {
		return nil, err
	}
	b.fillIndex()
	return b, nil
}

// sort tells properties, methods and events apart.
func (b *book) sort() error {
	t := b.source.typeOf("mqtt", component)
	rest := map[string]member{}
	for _, m := range members(t) {
		if m.isProperty() {
			b.properties = append(b.properties, m)
			continue
		}
		rest[m.name] = m
	}
	for _, group := range methodGroups {
		var list []member
		for _, name := range group.names {
			if m, ok := rest[name]; ok {
				list = append(list, m)
				delete(rest, name)
			}
		}
		b.methods = append(b.methods, list)
	}
	for name := range rest {
		return fmt.Errorf("the method %s is in no group; add it to methodGroups, or to readOnlyProperties", name)
	}
	for _, f := range b.source.fields(t) {
		e, err := b.newEvent(f)
		if err != nil {
			return err
		}
		b.events = append(b.events, e)
	}
	return nil
}

// fillIndex makes the names of all entries known. MQTT itself, and Error as a word, mean other things in a text.
func (b *book) fillIndex() {
	x := b.index
	for _, m := range b.properties {
		x.add(aProperty, propertiesFile, m.name, m.name, "Set"+m.name)
	}
	for _, m := range slices.Concat(b.methods...) {
		x.add(aMethod, methodsFile, m.name, m.name)
	}
	for _, f := range b.source.packages["mqtt"].Funcs {
		x.add(aMethod, methodsFile, f.Name, f.Name)
	}
	for _, e := range b.events {
		names := []string{e.name, e.args}
		if bare := strings.TrimPrefix(e.name, "On"); bare != "Error" {
			names = append(names, bare)
		}
		x.add(anEvent, eventsFile, e.name, names...)
	}
	for _, row := range b.rows {
		if row.Group == config.GroupProperty && len(x[row.Name]) > 0 {
			continue // a text means the property
		}
		if len(x[row.Name]) == 0 || x[row.Name][len(x[row.Name])-1].kind != aSetting { // unless listed twice
			x.add(aSetting, settingsFile, row.Name, row.Name)
		}
	}
	for e := range errors.All() {
		number := strconv.Itoa(e.Code)
		x.add(anError, errorsFile, number, number, e.Name)
	}
	for _, t := range b.types() {
		x.add(aType, typesFile, t.Name, t.Name)
		for _, m := range members(t) {
			for _, f := range m.funcs {
				x.add(aMethod, typesFile, t.Name+"."+m.name, t.Name+"."+f.Name)
			}
		}
		for _, v := range t.Consts {
			x.add(aType, typesFile, t.Name, v.Names...)
		}
	}
	for _, pkg := range typePackages {
		for _, t := range b.typesOf(pkg) {
			for _, f := range t.Funcs {
				x.add(aMethod, typesFile, pkg+"."+f.Name, pkg+"."+f.Name)
			}
		}
	}
}

// types are the types of the page of this name.
func (b *book) types() []*doc.Type {
	var list []*doc.Type
	for _, pkg := range typePackages {
		list = append(list, b.typesOf(pkg)...)
	}
	return list
}

func (b *book) typesOf(pkg string) []*doc.Type {
	return slices.DeleteFunc(slices.Clone(b.source.packages[pkg].Types), func(t *doc.Type) bool {
		return t.Name == component || strings.HasSuffix(t.Name, "EventArgs")
	})
}

// mention notes that an entry names an error.
func (b *book) mention(number string, p *page) {
	m := mention{p.entry, p.file + "#" + anchor(p.entry)}
	if p.file != errorsFile && p.entry != "" && !slices.Contains(b.mentions[number], m) {
		b.mentions[number] = append(b.mentions[number], m)
	}
}

// pages are all pages. The errors come last, since they tell who names them.
func (b *book) pages() ([]*page, error) {
	var list []*page
	for _, write := range []func() (*page, error){
		b.propertiesPage, b.methodsPage, b.eventsPage, b.settingsPage,
		b.typesPage, b.codePagesPage, b.errorsPage,
	} {
		p, err := write()
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}
