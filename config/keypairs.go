package config

import (
	"iter"
	"strings"

	"github.com/tidwall/gjson"
)

// Pair is a user property.
type Pair struct{ Name, Value string }

// maxPairs is the highest value of the settings that count user properties.
const maxPairs = 65535

// BagPairs is the key UserProperty: name:value, divided at the first colon. It
// may occur several times in one object; all occurrences together replace the
// list, in their order, and a single "" empties it. Assigning puts a new slice in
// place. A name with a colon in it, which only the component can have put into the
// field, is written as it is and therefore read back divided differently.
func BagPairs[B any](name string, at func(*B) *[]Pair, opts ...Option) Key {
	k := makeKey(name, "name:value", &pairsField{ofOwner(at)}, opts)
	if len(k.AlsoAs) > 0 {
		panic("config: option AlsoAs does not fit " + name)
	}
	k.Repeatable = true
	return k
}

type pairsField struct{ at func(fields any) *[]Pair }

func (f *pairsField) plan(values []gjson.Result) (func(fields any), *badField) {
	if len(values) == 1 && values[0].Type == gjson.String && values[0].Str == "" {
		return f.unset, nil
	}
	if len(values) > maxPairs {
		return nil, &badField{value: values[maxPairs], reason: errPairs}
	}
	list := make([]Pair, 0, len(values))
	for _, v := range values {
		if v.Type != gjson.String {
			return nil, &badField{value: v, reason: errNotText}
		}
		name, value, ok := strings.Cut(v.Str, ":")
		if !ok {
			return nil, &badField{value: v, allowed: `name:value, or a single "" for none`}
		}
		for _, part := range []string{name, value} {
			if err := CheckMQTTString(part); err != nil {
				return nil, &badField{value: v, reason: err}
			}
		}
		list = append(list, Pair{strings.Clone(name), strings.Clone(value)})
	}
	return func(fields any) { *f.at(fields) = list }, nil
}

func (f *pairsField) texts(fields any) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, pair := range *f.at(fields) {
			if !yield(pair.Name + ":" + pair.Value) {
				return
			}
		}
	}
}

func (f *pairsField) unset(fields any) { *f.at(fields) = nil }
