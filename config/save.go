package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text writes all settings down as Load reads them, each group under its name, in the order of the documentation: those
// that can be assigned, whether they have their default or not. A row with the option [Assigned] is written as it was
// assigned.
//
// Without secrets, a secret that is set becomes a comment that does not show it; of a property bag with secret keys the
// comment shows the other keys.
func (r *Registry) Text(secrets bool) string {
	var b strings.Builder
	group := ""
	for i := range r.rows {
		row := &r.rows[i]
		if row.ReadOnly || row.opt.action || row.another {
			continue
		}
		if row.Group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = row.Group
			b.WriteString("# " + group + "\n")
		}
		r.write(&b, row, secrets)
	}
	return b.String()
}

func (r *Registry) write(b *strings.Builder, row *Row, secrets bool) {
	if row.array != nil {
		for i := range row.array.count(r.owner) {
			fmt.Fprintf(b, "%s[%d]=%s\n", row.Name, i, quoted(row.array.text(r.owner, i)))
		}
		return
	}
	if bag, is := row.cell.(secretive); is && !secrets {
		if text, left := bag.public(r.owner); len(left) > 0 {
			fmt.Fprintf(b, "# without the secret %s: %s=%s\n", strings.Join(left, " and "), row.Name, quoted(text))
			return
		}
	}
	value, assigned := row.cell.text(r.owner), true
	if row.opt.assigned != nil {
		value, assigned = row.opt.assigned(r.owner)
	}
	switch {
	case row.Secret && !secrets && value != "":
		fmt.Fprintf(b, "# %s is a secret and was left out\n", row.Name)
	case assigned:
		fmt.Fprintf(b, "%s=%s\n", row.Name, quoted(value))
	case value != "":
		fmt.Fprintf(b, "# %s=%s\n", row.Name, quoted(value))
	}
}

// secretive is a cell that is secret in part.
type secretive interface {
	// public is the text without the secret keys that are set, which it names.
	public(owner any) (text string, left []string)
}

// quoted writes a value so that Load reads the same.
func quoted(value string) string {
	if trim(value) != value || strings.HasPrefix(value, `"`) || strings.ContainsAny(value, "\r\n") ||
		!utf8.ValidString(value) {
		return strconv.Quote(value)
	}
	return value
}
