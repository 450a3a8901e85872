package config

import (
	"iter"
	"strconv"
)

// Registry is the settings of one component; Table.Of makes it.
//
// A Registry has no lock: its owner serialises the calls, because the values are
// the owner's fields. A component calls it with its lock held, so the functions
// given to rows run under that lock too and must not take it.
type Registry struct {
	table
	owner any
}

// Config reads or assigns one setting; the package comment describes the forms of
// configurationString. It returns the value when reading and "" after assigning.
//
// Errors, after which nothing has changed:
//   - [errors.ErrInvalidArgument] (10022): an unknown name, a bad value or a wrong index (or the number of the row, see
//     [Code])
//   - [errors.ErrWrongState] (211): assigning a read-only setting
//
// What the functions of the row return is returned as it is.
func (r *Registry) Config(configurationString string) (string, error) {
	q := split(configurationString)
	i, ok := r.byName.find(q.name)
	if !ok {
		return "", r.unknown(q.name)
	}
	row := &r.rows[i]
	if q.assign && row.ReadOnly {
		return "", readOnly(row.Name)
	}
	element, err := row.element(r.owner, q)
	if err != nil {
		return "", err
	}
	if !q.assign {
		if row.array != nil {
			return row.array.text(r.owner, element), nil
		}
		return row.cell.text(r.owner), nil
	}
	return "", row.assign(r.owner, element, q.value)
}

func (r *Row) assign(owner any, element int, value string) error {
	if r.opt.before != nil {
		if err := r.opt.before(owner); err != nil {
			return err
		}
	}
	err := r.set(owner, element, value)
	if err == nil && r.opt.after != nil {
		r.opt.after(owner)
	}
	return err
}

// set changes the value only if it returns nil.
func (r *Row) set(owner any, element int, value string) error {
	if r.array != nil {
		return r.array.set(owner, r, element, value)
	}
	return r.cell.set(owner, r, value)
}

// element is the index that a request names, 0 where the row wants none.
func (r *Row) element(owner any, q request) (int, error) {
	if r.array == nil && !q.indexed {
		return 0, nil
	}
	return r.position(owner, q)
}

// position reads the index of a request and checks that the row wants one.
func (r *Row) position(owner any, q request) (int, error) {
	switch {
	case r.array == nil:
		return 0, invalid("The setting " + r.Name + " takes no index; write " + r.Name)
	case !q.indexed:
		return 0, invalid("The setting " + r.Name + " needs an index; write " + r.Name + "[0]")
	case !q.closed:
		return 0, invalid("The index of " + r.Name + " cannot be " + quote("["+q.index) +
			"; allowed: a number between brackets, as in " + r.Name + "[0]")
	}
	n, ok := parseInt(q.index)
	count := int64(r.array.count(owner))
	if ok && 0 <= n && n < count {
		return int(n), nil
	}
	allowed := "0 to " + strconv.FormatInt(count-1, 10)
	if count <= 0 {
		allowed = "none, because there are no elements"
	}
	return 0, invalid("The index of " + r.Name + " cannot be " + quote(q.index) + "; allowed: " + allowed)
}

// Settings lists the documentation of all settings in the order of the
// documentation.
func (r *Registry) Settings() iter.Seq[Setting] {
	return func(yield func(Setting) bool) {
		for i := range r.rows {
			if !yield(r.rows[i].Setting) {
				return
			}
		}
	}
}

// Rows lists all rows, that is Settings with the accepted spellings and the keys
// of property bags. Do not change what the slices in a row contain.
func (r *Registry) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i := range r.rows {
			if !yield(r.rows[i]) {
				return
			}
		}
	}
}

// Find returns the row of a setting by its name or one of its aliases, without
// regard to case.
func (r *Registry) Find(name string) (Row, bool) {
	i, ok := r.byName.find(trim(name))
	if !ok {
		return Row{}, false
	}
	return r.rows[i], true
}
