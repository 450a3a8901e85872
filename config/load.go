package config

import (
	"cmp"
	stderrors "errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// Load assigns the settings of a text with one NAME=VALUE or NAME[i]=VALUE in each line, in the order of the lines.
// Empty lines and lines that begin with # or ; are skipped. Spaces around name and value are dropped; a value with line
// ends, or with spaces at its ends, stands in double quotes with the escapes of Go: "one\r\ntwo".
//
// Rows with the option [First] are assigned before all others, so that the order of the lines does not matter to them.
//
// All lines are looked at before the first one is assigned: they are tried on trial, the registry of a copy of the
// component that has the same values and nothing else in common with it. After of a row is not called there.
//
// Errors: those of Config, and
//   - [errors.ErrInvalidArgument] (10022): a line that is none of these forms, or a name that is given twice
//
// One error tells all faults with their lines, and has the number of the first. Nothing has changed then.
func (r *Registry) Load(text string, trial *Registry) error {
	list, faults := r.lines(text)
	slices.SortStableFunc(list, func(a, b line) int { return b.rank() - a.rank() })
	for _, l := range list {
		if err := l.try(r.owner, trial.owner); err != nil {
			faults = append(faults, l.fault(err))
		}
	}
	if len(faults) > 0 {
		return join(faults)
	}
	for _, l := range list {
		if err := l.assign(r.owner); err != nil { // what depends on the world, such as a file, has changed since
			return join([]lineFault{l.fault(err)})
		}
	}
	return nil
}

// line is one assignment.
type line struct {
	number  int
	row     *Row
	request request
}

type lineFault struct {
	number int
	err    error
}

func (l line) fault(err error) lineFault { return lineFault{l.number, err} }

// rank is higher for what is assigned earlier.
func (l line) rank() int {
	if l.row.opt.first {
		return 1
	}
	return 0
}

// lines reads a text.
func (r *Registry) lines(text string) (list []line, faults []lineFault) {
	type place struct {
		row   *Row
		index string
	}
	given := make(map[place]int)
	number := 0
	for s := range strings.SplitSeq(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		number++
		if s = trim(s); s == "" || s[0] == '#' || s[0] == ';' {
			continue
		}
		row, q, err := r.line(s)
		if err != nil {
			faults = append(faults, lineFault{number, err})
			continue
		}
		p := place{row, q.index}
		if before := given[p]; before > 0 {
			twice := invalid(row.Name + " is given in line " + strconv.Itoa(before) + " already")
			faults = append(faults, lineFault{number, twice})
			continue
		}
		given[p] = number
		list = append(list, line{number, row, q})
	}
	return list, faults
}

// line reads one line. Errors show no value, which may be a secret.
func (r *Registry) line(s string) (*Row, request, error) {
	q := split(s)
	if !q.assign {
		return nil, q, invalid("It has no =; write NAME=VALUE, or # before a comment")
	}
	i, ok := r.byName.find(q.name)
	if !ok {
		return nil, q, r.unknown(q.name)
	}
	row := &r.rows[i]
	switch {
	case row.ReadOnly:
		return nil, q, readOnly(row.Name)
	case row.opt.action:
		return nil, q, invalid("Assigning " + row.Name + " does something at once, which a text of settings cannot " +
			"ask for; use Config")
	}
	if strings.HasPrefix(q.value, `"`) {
		value, err := strconv.Unquote(q.value)
		if err != nil {
			return nil, q, invalid("The value of " + row.Name +
				" begins with a double quote and is no text in quotes; " +
				`write \" for a quote inside, and quotes around it`)
		}
		q.value = value
	}
	return row, q, nil
}

// try asks whether the assignment is possible, in the state of owner and with the values of trial.
func (l line) try(owner, trial any) error {
	if before := l.row.opt.before; before != nil {
		if err := before(owner); err != nil {
			return err
		}
	}
	element, err := l.row.element(trial, l.request)
	if err != nil {
		return err
	}
	return l.row.set(trial, element, l.request.value)
}

func (l line) assign(owner any) error {
	element, err := l.row.element(owner, l.request)
	if err != nil {
		return err
	}
	return l.row.assign(owner, element, l.request.value)
}

// join makes one error of all, in the order of the lines.
func join(faults []lineFault) error {
	slices.SortStableFunc(faults, func(a, b lineFault) int { return cmp.Compare(a.number, b.number) })
	var text strings.Builder
	fmt.Fprintf(&text, "%d of the lines cannot be applied, so none was.", len(faults))
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = f.err
		description := f.err.Error()
		if e, ok := f.err.(*errors.Error); ok {
			description = e.Description
		}
		fmt.Fprintf(&text, "\nLine %d: %s", f.number, description)
	}
	return &errors.Error{
		Code:        errors.Code(faults[0].err),
		Description: text.String(),
		Err:         stderrors.Join(errs...),
	}
}
