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
// list, in their order, and a single "" empties it. An occurrence may also be an
// object of names with their values, or an array of such texts and objects. Assigning puts a new slice in
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
		elements := []gjson.Result{v}
		if v.IsArray() {
			elements = v.Array()
		}
		for _, element := range elements {
			var bad *badField
			if list, bad = appendPairs(list, element); bad != nil {
				return nil, bad
			}
		}
	}
	if len(list) > maxPairs {
		return nil, &badField{value: values[0], reason: errPairs}
	}
	return func(fields any) { *f.at(fields) = list }, nil
}

// appendPairs reads "name:value" or an object.
func appendPairs(list []Pair, v gjson.Result) (_ []Pair, bad *badField) {
	add := func(name, value string) {
		for _, part := range []string{name, value} {
			if err := CheckMQTTString(part); err != nil {
				bad = &badField{value: v, reason: err}
				return
			}
		}
		list = append(list, Pair{strings.Clone(name), strings.Clone(value)})
	}
	switch {
	case v.IsObject():
		v.ForEach(func(name, value gjson.Result) bool {
			if value.Type != gjson.String {
				bad = &badField{value: v, reason: errNotText}
			} else {
				add(name.Str, value.Str)
			}
			return bad == nil
		})
	case v.Type != gjson.String:
		bad = &badField{value: v, reason: errNotText}
	default:
		name, value, ok := strings.Cut(v.Str, ":")
		if !ok {
			return nil, &badField{value: v, allowed: `name:value, or a single "" for none`}
		}
		add(name, value)
	}
	return list, bad
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
