package config

import "slices"

// Table is the settings that every component of type O has. It is made once and
// then only read, so any number of components share it, on any goroutines.
type Table[O any] struct{ table }

type table struct {
	rows   []Row
	byName names
}

// NewTable makes a table of rows, in the order of the documentation. The values
// that standard has are the defaults of the rows that name none.
//
// It panics if a name or alias occurs twice or a row is unusable or made for
// components of another type: a programming error.
func NewTable[O any](standard *O, rows ...Row) *Table[O] {
	t := &Table[O]{table{slices.Clone(rows), make(names, len(rows))}}
	for i := range t.rows {
		row := &t.rows[i]
		if row.another {
			continue
		}
		if row.cell == nil && row.array == nil {
			panic("config: the row " + row.Name + " has no value")
		}
		if row.cell != nil && row.Default == "" && !row.ReadOnly && !row.Secret {
			row.Default = row.cell.text(standard)
		}
		t.byName.add(row.Name, i, validPath)
		for _, alias := range row.Aliases {
			t.byName.add(alias, i, validPath)
		}
	}
	for i := range t.rows {
		if row := &t.rows[i]; row.another {
			t.repeat(row)
		}
	}
	return t
}

// repeat completes a row made by Again.
func (t *table) repeat(row *Row) {
	i, ok := t.byName.find(row.Name)
	if !ok {
		panic("config: Again names " + row.Name + ", which has no row of its own")
	}
	first := &t.rows[i]
	if row.Type == "" {
		row.Type = first.Type
	}
	if row.Default == "" {
		row.Default = first.Default
	}
	if row.Doc == "" {
		row.Doc = first.Doc
	}
	row.ReadOnly, row.Indexed, row.V5Only = first.ReadOnly, first.Indexed, first.V5Only
	row.Aliases, row.Secret, row.Keys = first.Aliases, first.Secret, first.Keys
}

// Of is the registry of one component: a few words that refer to the table and to
// the component.
func (t *Table[O]) Of(owner *O) *Registry { return &Registry{t.table, owner} }

// unknown never shows a value: with a misspelt name it may be a secret.
func (t *table) unknown(name string) error {
	if name == "" {
		return invalid("The name of the setting is missing; write NAME or NAME=VALUE")
	}
	text := "There is no setting " + quote(name)
	candidates := make([]string, 0, len(t.rows))
	for i := range t.rows {
		candidates = append(candidates, t.rows[i].Name)
		candidates = append(candidates, t.rows[i].Aliases...)
	}
	if near := nearest(name, candidates); near != "" {
		text += "; did you mean " + near + "?"
	}
	return invalid(text)
}
