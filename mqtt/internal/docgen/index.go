package main

import "strings"

// kind is what an entry describes; the word may stand before or behind a name in a text.
type kind string

const (
	aProperty kind = "property"
	aMethod   kind = "method"
	anEvent   kind = "event"
	aSetting  kind = "setting"
	anError   kind = "error"
	aType     kind = "type"
)

// target is an entry that a text can be linked to.
type target struct {
	kind   kind
	file   string
	anchor string
}

// url leads to the entry from a page.
func (t target) url(from string) string {
	if t.file == from {
		return "#" + t.anchor
	}
	return t.file + "#" + t.anchor
}

// index holds the entries of all pages by their names.
type index map[string][]target

func (x index) add(k kind, file, heading string, names ...string) {
	for _, name := range names {
		x[name] = append(x[name], target{k, file, anchor(heading)})
	}
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}

// find returns the only entry with a name, or the only one of the kind that the words beside it tell; both may be "".
func (x index) find(name, before, behind string) (target, bool) {
	all := x[name]
	if len(all) == 1 {
		return all[0], true
	}
	for _, word := range []string{behind, before} {
		var found []target
		for _, t := range all {
			if t.isNamedBy(word) {
				found = append(found, t)
			}
		}
		if len(found) == 1 {
			return found[0], true
		}
	}
	return target{}, false
}

// isNamedBy reports whether a word is that for the kind of the entry.
func (t target) isNamedBy(word string) bool {
	if t.kind == aProperty && word == "properties" {
		return true
	}
	return word == string(t.kind) || word == string(t.kind)+"s"
}
