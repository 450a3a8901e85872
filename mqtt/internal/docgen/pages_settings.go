package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
)

func (b *book) settingsPage() (*page, error) {
	p := b.newPage(settingsFile)
	for _, title := range []string{"Configuration strings", "Property bags"} {
		if err := p.section("config", title); err != nil {
			return nil, err
		}
	}
	p.printf("## All settings\n")
	for _, group := range b.groups() {
		var names []string
		for _, row := range group {
			names = append(names, row.Name)
		}
		p.contents(group[0].Group, names)
	}
	listed := map[string]bool{}
	for _, group := range b.groups() {
		p.printf("## %s\n", groupTitle(group[0].Group))
		for _, row := range group {
			if listed[row.Name] {
				p.printf("[%s](#%s) belongs to this group too.\n", row.Name, anchor(row.Name))
				continue
			}
			listed[row.Name] = true
			b.setting(p, row)
		}
	}
	return p, nil
}

// groupTitle is the heading of a group, which must not be that of a setting.
func groupTitle(group string) string {
	switch group {
	case config.GroupComponent:
		return "Settings that the documented component does not have"
	case config.GroupProperty:
		return "Properties that Config reaches"
	}
	return group + " settings"
}

// groups are the rows by group, in their order.
func (b *book) groups() [][]config.Row {
	var list [][]config.Row
	for _, row := range b.rows {
		if len(list) == 0 || list[len(list)-1][0].Group != row.Group {
			list = append(list, nil)
		}
		list[len(list)-1] = append(list[len(list)-1], row)
	}
	return list
}

// setting writes the entry of a setting.
func (b *book) setting(p *page, row config.Row) {
	own := append([]string{row.Name}, row.Aliases...)
	for _, key := range row.Keys {
		own = append(own, key.Name)
	}
	p.begin(3, row.Name, own...)
	p.doc("mqtt", row.Doc)
	typ, unit, hasUnit := strings.Cut(row.Type, ", ")
	p.printf("- Type: %s", typ)
	if hasUnit {
		p.printf("- Unit: %s", unit)
	}
	switch {
	case row.ReadOnly:
		p.printf("- Read-only; assigning it is error [211](%s#211).", errorsFile)
	case row.Indexed:
		p.printf("- Written with an index: `%s[0]`.", row.Name)
	case row.Default == "":
		p.printf("- Default: `\"\"`")
	default:
		p.printf("- Default: `%s`", row.Default)
	}
	if values, number := b.accepted(row); values != "" {
		which := "Accepted"
		if strings.HasPrefix(typ, "list") {
			which = "Accepted as elements"
		}
		p.printf("- %s: %s; anything else is error [%d](%s#%[3]d).", which, escape(values), number, errorsFile)
		if number != errors.ErrInvalidArgument { // which nearly all of them have
			p.book.mention(strconv.Itoa(number), p)
		}
	}
	if row.V5Only {
		p.printf("- MQTT 5 only; on 3.1.1 connections it is neither sent nor filled.")
	}
	if row.Secret {
		p.printf("- Secret: no error text shows the value.")
	}
	if len(row.Aliases) > 0 {
		p.printf("- Also written: `%s`.", strings.Join(row.Aliases, "`, `"))
	}
	if t, ok := b.index.find(row.Name, string(aProperty), ""); ok && t.kind == aProperty {
		p.printf("- There is a [property](%s) of this name too.", t.url(p.file))
	}
	p.printf("")
	if len(row.Keys) > 0 {
		b.keys(p, row.Keys)
	}
}

// accepted is what an integer or a list may be, in the words of the error that every other value gets, and its number.
func (b *book) accepted(row config.Row) (values string, number int) {
	typ, _, _ := strings.Cut(row.Type, ", ")
	numeric := []string{"int", "int64", "list", "list of int", "list of bool"}
	if row.ReadOnly || row.Indexed || !slices.Contains(numeric, typ) {
		return "", 0
	}
	_, err := b.component.Config(row.Name + "=?")
	if err == nil {
		return "", 0
	}
	_, values, _ = strings.Cut(err.Error(), "; allowed: ")
	if least, found := strings.CutPrefix(values, "an integer, at least "); found && strconv.IntSize == 32 {
		values = fmt.Sprintf("an integer from %s to %d", least, math.MaxInt32) // as a 64-bit system says it
	}
	return values, errors.Code(err)
}

// escape makes plain text Markdown.
func escape(text string) string {
	return strings.NewReplacer("_", `\_`, "*", `\*`, "<", `\<`, "|", `\|`).Replace(text)
}

// keys writes the keys of a property bag as a table.
func (b *book) keys(p *page, keys []config.Key) {
	p.printf("| Key | Type | Range | Default | Property of MQTT 5 | |\n|---|---|---|---|---|---|")
	for _, key := range keys {
		extent := ""
		switch {
		case key.Type == "hex":
			extent = fmt.Sprintf("at most %d bytes", key.Max)
		case key.Max > 0:
			extent = fmt.Sprintf("%d to %d", key.Min, key.Max)
		}
		text := p.cell("mqtt", key.Doc)
		if len(key.Aliases) > 0 {
			text += " Also written `" + strings.Join(key.Aliases, "`, `") + "`."
		}
		if len(key.AlsoAs) > 0 {
			text += " The object that is read has it as `" + strings.Join(key.AlsoAs, "`, `") + "` too."
		}
		if key.Secret {
			text += " Errors and logs do not show it."
		}
		spec := ""
		if key.SpecID != 0 {
			spec = fmt.Sprintf("0x%02X", key.SpecID)
		}
		p.printf("| `%s` | %s | %s | %s | %s | %s |", key.Name, key.Type, extent, key.Default, spec, text)
	}
	p.printf("")
}
