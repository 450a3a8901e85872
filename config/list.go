package config

import "strings"

// IntList is a comma-separated list of integers, each from least to most. Spaces
// around the elements are dropped; "" is the empty list. Assigning puts a new
// slice in place, so a copy of the old one stays as it was.
func IntList[O any](s Setting, at func(*O) *[]int, least, most int, opts ...Option) Row {
	rule := integerRule{least: int64(least), most: int64(most)}
	return makeRow(s, kindList, "list of int", opts).withCell(newList(at, ",",
		func(element string) (int, bool) {
			v, ok := rule.parse(element)
			return int(v), ok
		},
		func(v int) string { return formatInt(int64(v)) },
		rule.allowed()))
}

// BoolList is a comma-separated list of booleans, in the same way.
func BoolList[O any](s Setting, at func(*O) *[]bool, opts ...Option) Row {
	return makeRow(s, kindList, "list of bool", opts).withCell(newList(at, ",",
		parseBool, formatBool, allowedBool))
}

// WordList is a list of words with a separator of its own. known says whether a
// word is accepted; nil accepts every word. allowed describes the words in error
// texts.
func WordList[O any](
	s Setting, at func(*O) *[]string, separator string, known func(word string) bool, allowed string, opts ...Option,
) Row {
	if trim(separator) == "" {
		panic("config: the separator of " + s.Name + " would be dropped as a space")
	}
	return makeRow(s, kindList, "list", opts).withCell(newList(at, separator,
		func(element string) (string, bool) {
			ok := element != "" && checkText(element) == nil
			return element, ok && (known == nil || known(element))
		},
		func(v string) string { return v },
		allowed))
}

type listCell[T any] struct {
	at        func(owner any) *[]T
	separator string
	parse     func(string) (T, bool)
	format    func(T) string
	allowed   string
}

func newList[O, T any](
	at func(*O) *[]T, separator string, parse func(string) (T, bool), format func(T) string, allowed string,
) *listCell[T] {
	return &listCell[T]{ofOwner(at), separator, parse, format, allowed}
}

func (c *listCell[T]) text(owner any) string { return c.join(*c.at(owner)) }

func (c *listCell[T]) join(list []T) string {
	var b strings.Builder
	for i, v := range list {
		if i > 0 {
			b.WriteString(c.separator)
		}
		b.WriteString(c.format(v))
	}
	return b.String()
}

func (c *listCell[T]) set(owner any, r *Row, value string) error {
	var list []T
	if value != "" {
		list = make([]T, 0, strings.Count(value, c.separator)+1)
		for element := range strings.SplitSeq(value, c.separator) {
			element = trim(element)
			v, ok := c.parse(element)
			if !ok {
				return r.bad(r.Name+": element "+formatInt(int64(len(list))), element, c.allowed)
			}
			list = append(list, v)
		}
	}
	if r.opt.check != nil {
		if err := r.run(r.Name, c.join(list)); err != nil {
			return err
		}
	}
	*c.at(owner) = list
	return nil
}
